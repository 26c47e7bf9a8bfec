import { OverlayError } from '../errors.ts'
import { actionRow } from '../messages/actions.ts'
import type { Protocol } from '../messages/protocols.ts'
import { copyOf } from '../primitives/bytes.ts'
import { NOTIFY_NETWORK_TOPOLOGY } from '../routing/topology.ts'
import { encodeBase64url } from '../security/base64url.ts'
import { parseStrict } from '../security/canonical.ts'
import { plainAction } from '../security/signed-message.ts'
import type { Frame } from '../wire/frame.ts'
import { type JsonObject, parsePayload } from '../wire/payload.ts'
import { isBinaryMessage } from './binary-messages.ts'
import { formOfAnswer, formOfLink } from './carrying.ts'
import { COMMISSION_NODE, commission } from './commissioning.ts'
import { ANSWERED_MS, type Core, type RoutedFrame } from './core.ts'
import type { AnyHandler, Context } from './handlers.ts'
import { type Released, unlessHeld } from './held-back.ts'
import { answerFrame, type KeptAnswer, keptAnswer } from './kept-answer.ts' // biome-ignore format: one line
import type { Neighbour } from './neighbour.ts'
import { tellRefusedItems, wholeAnswer } from './partly-obeyed.ts'
import { peerOf, sideOf } from './peer-facts.ts'
import { receiveAnnouncement } from './presence.ts'
import { protocolOf } from './protocol-of.ts'
import { addressed, errorFrame } from './reply-error.ts'
import type { Admitted } from './security-gate.ts'
import { writeOwn } from './writing.ts'

/**
 * Handles a request that is for this node: parse, validate, call the one handler of the action,
 * answer. A SEND is never answered, whatever happens.
 *
 * @param released It was held back by a policy when it came.
 * @throws {OverlayError} ERR_SCHEMA_* when the request is refused before a handler saw it.
 */
export function handle(node: Core, from: Neighbour, frame: RoutedFrame, released?: Released): void {
  const protocol = protocolOf(node, from, frame)
  const source = frame.route.networkPath[0]
  if (frame.action === NOTIFY_NETWORK_TOPOLOGY) return handleAnnouncement(node, from, frame)
  if (frame.action === COMMISSION_NODE) return handleCommissioning(node, from, frame, protocol)
  // Who verifies nothing does not take apart what is signed.
  const action = (node.gate && plainAction(frame.action)) ?? frame.action
  if (frame.encoding === 'binary') return handleBinary(node, from, frame, { protocol, action, released }) // biome-ignore format: one line
  const handler = orSigned(node, from, frame, protocol, () => handlerOf(node, protocol, { ...frame, action })) // biome-ignore format: one line
  const admitted = admit(node, from, frame, { protocol, action, released })
  if (admitted === 'held') return
  if (admitted?.repeated) return repeat(node, from, frame, admitted)
  const request = admitted?.payload ?? parsePayload(frame.payload)
  const part = admitted?.part
  const validate = () => node.validatorOf(source).assertValid(protocol, action, 'request', part?.request ?? request) // biome-ignore format: one line
  // Whoever has signed its request gets a signed answer, also when that is what is wrong with it.
  const isSigned = admitted !== undefined && from.isOverlay
  if (!isSigned) validate()
  const context: Context = {
    source,
    networkPath: frame.route.networkPath,
    protocol,
    action,
    messageId: frame.messageId,
    payloadBytes: admitted?.received.carrier === 'signed' ? admitted.received.bytes : frame.payload,
    receivedAt: node.clock.now(),
    seen: admitted?.seen?.expires === undefined ? undefined : admitted.seen,
  }
  void answerWith(node, { from, frame, protocol, admitted }, async () => {
    try {
      if (isSigned) validate()
    } catch (error) {
      telling(node, { from, frame }, error)
    }
    tellRefusedItems(node, from, frame, part)
    return wholeAnswer(node, part, (await handler(request, context)) as JsonObject)
  })
}

/**
 * The same for a message whose payload is bytes. No schema says anything about these.
 *
 */
function handleBinary(
  node: Core,
  from: Neighbour,
  frame: RoutedFrame,
  { protocol, action, released }: Admitting,
): void {
  const { messageId, route } = frame
  const handler = orSigned(node, from, frame, protocol, () =>
    binaryHandlerOf(node, protocol, action),
  )
  const admitted = admit(node, from, frame, { protocol, action, released })
  if (admitted === 'held') return
  if (admitted?.repeated) return repeat(node, from, frame, admitted)
  // A copy: the link takes its bytes back, and handlers may take their time.
  const body = copyOf(admitted?.received.bytes ?? frame.payload)
  const [source] = route.networkPath
  const context: Context = { source, networkPath: route.networkPath, protocol, action, messageId, payloadBytes: body, receivedAt: node.clock.now() } // biome-ignore format: one line
  void answerWith(node, { from, frame, protocol, admitted }, () => handler(body, context))
}

/** What is refused is to be seen, whoever answers it. */
function telling(
  node: Core,
  { from, frame }: Pick<Asked, 'from' | 'frame'>,
  error: unknown,
): never {
  if (error instanceof OverlayError) {
    const { code, details } = error
    const trace = node.frameLog.arrivalTrace ?? frame.messageId
    node.emit({ name: 'frame.refused', link: from.label, code, details, source: frame.route.networkPath[0], trace }) // biome-ignore format: one line
  }
  throw error
}

/** Who has signed what nobody here handles is told so signed, as of what is not obeyed. */
function orSigned<T>(
  node: Core,
  from: Neighbour,
  frame: RoutedFrame,
  protocol: Protocol,
  handler: () => T,
): T {
  try {
    return handler()
  } catch (error) {
    const { gate } = node
    if (!gate || !(error instanceof OverlayError) || frame.type !== 2) throw error
    const reference = gate.referenceOf(incomingOf(from, frame, protocol))
    if (reference) gate.refused.set(error, { reference, protocol })
    throw error
  }
}

function binaryHandlerOf({ binaryHandlers }: Core, protocol: Protocol, action: string) {
  const handler = binaryHandlers.get(action)
  if (!handler) throw new OverlayError('ERR_SCHEMA_UNSUPPORTED', { action, protocol })
  return handler
}

function handlerOf(node: Core, protocol: Protocol, frame: RoutedFrame): AnyHandler {
  const { action } = frame
  const handler = node.handlers.get(protocol)?.get(action)
  const row = actionRow(protocol, action)
  if (!row) throw new OverlayError('ERR_SCHEMA_UNKNOWN_ACTION', { action, protocol })
  // A CALL of what is defined as SEND, and the reverse, is no action of that kind.
  if (Boolean(row.send) !== (frame.type === 6) || !handler) {
    throw new OverlayError('ERR_SCHEMA_UNSUPPORTED', { action, protocol })
  }
  return handler
}

// Routing is every node's own business, whatever its role and version.
function handleAnnouncement(node: Core, from: Neighbour, frame: RoutedFrame): void {
  const { action } = frame
  if (!from.isOverlay || frame.type !== 6 || frame.encoding === 'binary') {
    throw new OverlayError('ERR_SCHEMA_UNSUPPORTED', { action })
  }
  // Only the neighbour's own word counts: what it passes on may come from any station behind it.
  if (frame.route.networkPath.length > 1) {
    const problem = 'it was passed on, and only neighbours announce'
    throw new OverlayError('ERR_ROUTE_ANNOUNCEMENT', { problem })
  }
  const payload = parsePayload(frame.payload)
  node.validatorOf(from.id).assertValid(from.link.protocol, action, 'request', payload)
  receiveAnnouncement(node, from, payload)
}

/** Before the gate: nobody here knows the key of a node that is new, so its code has to do. */
function handleCommissioning(node: Core, from: Neighbour, frame: RoutedFrame, protocol: Protocol) {
  const { action, payload } = frame
  const { commissioner } = node
  if (!commissioner || !from.isOverlay || frame.type !== 2 || frame.encoding === 'binary') {
    throw new OverlayError('ERR_SCHEMA_UNSUPPORTED', { action, protocol })
  }
  const request = parseStrict(payload)
  node.validatorOf(from.id).assertValid(protocol, action, 'request', request)
  const asked = { from, frame, protocol, admitted: undefined }
  void answerWith(node, asked, () =>
    commission(node, commissioner, request).catch((error) => telling(node, asked, error)),
  )
}

/** A request that is being answered. */
interface Asked {
  readonly from: Neighbour
  readonly frame: RoutedFrame
  readonly protocol: Protocol
  /** Undefined where nothing is verified. */
  readonly admitted: Admitted | undefined
}

interface Admitting {
  readonly protocol: Protocol
  /** Plain name. */
  readonly action: string
  readonly released: Released | undefined
}

/**
 * The one gate before a handler.
 *
 * @returns undefined where nothing is verified; `held` where a policy keeps it back.
 */
function admit(
  node: Core,
  from: Neighbour,
  frame: RoutedFrame,
  { protocol, action: plain, released }: Admitting,
): Admitted | 'held' | undefined {
  const { gate } = node
  if (!gate) return undefined
  const incoming = incomingOf(from, frame, protocol)
  const attempt = () => gate.admit({ ...incoming, released })
  const holding = { from, action: plain, destination: incoming.to }
  return unlessHeld(node, frame, holding, attempt, (kept, now) => handle(node, from, kept, now)) ?? 'held' // biome-ignore format: one line
}

function incomingOf(from: Neighbour, frame: RoutedFrame, protocol: Protocol) {
  const { type, action, payload, route } = frame
  const { networkPath: path, destination } = route
  const to = destination[destination.length - 1] ?? destination[0]
  // Whom this node itself dials, or lets dial it, as its CSMS is the one whose commands it obeys.
  const isPrimaryUpstream = from.link.peer === 'csms'
  return { type, action, protocol, payload, isBinary: isBinaryMessage(frame), neighbour: peerOf(from), path, to, isPrimaryUpstream, carrier: from.carrier } as const // biome-ignore format: one line
}

/** The same was asked and obeyed before, and whoever asked has not got the answer. */
function repeat(node: Core, from: Neighbour, frame: RoutedFrame, { seen }: Admitted): void {
  const { action, messageId, route } = frame
  node.emit({ name: 'request.repeated', link: from.label, source: route.networkPath[0], action })
  reply(node, { from, frame }, answerFrame(keptAnswer(seen), messageId))
}

async function answerWith(node: Core, asked: Asked, call: () => unknown): Promise<void> {
  const { from, frame } = asked
  const { action, messageId } = frame
  const source = frame.route.networkPath[0]
  try {
    const response = await call()
    if (frame.type === 6) return
    const isBinary = frame.encoding === 'binary'
    const answer = isBinary ? await binaryResult(node, asked, response) : await signed(node, asked, { ...RESULT, payload: response as JsonObject }) // biome-ignore format: one line
    const result = answerFrame(answer, messageId)
    const expiresAt = node.clock.now() + ANSWERED_MS
    // biome-ignore format: one record
    const answered = { messageId, source, asker: from, askerMessageId: messageId, action, isBinary, expiresAt, answerer: undefined,
      answererId: node.id, onResult: undefined, next: undefined, terms: asked.admitted && { protocol: asked.protocol, reference: asked.admitted.reference } }
    from.answered.add(answered, undefined, node.id, expiresAt)
    reply(node, asked, result)
  } catch (cause) {
    const isOwn = cause instanceof OverlayError
    if (!isOwn) node.log.error('handler.failed', { action, error: String(cause) })
    const error = isOwn ? cause : new OverlayError('ERR_HANDLER', { action }, { cause })
    node.refusals.set(error.code, (node.refusals.get(error.code) ?? 0) + 1)
    const frame4 = frame.type === 6 ? undefined : errorFrame(error, from, messageId)
    if (frame4) reply(node, asked, await signedError(node, asked, frame4))
  }
}

const RESULT = { type: 3, errorCode: '', errorDescription: '' } as const

/** Signed where its request was: in a result nobody sees which form it has. */
async function binaryResult(node: Core, asked: Asked, body: unknown): Promise<KeptAnswer> {
  const { from, frame, protocol, admitted } = asked
  if (!(body instanceof Uint8Array)) throw new TypeError('a binary handler returns bytes')
  const isSigned = admitted?.reference.id !== undefined
  const about = { type: 3, action: plainAction(frame.action) ?? frame.action, protocol, to: frame.route.networkPath[0], link: peerOf(from), side: sideOf(from), form: formOfLink(from.carrier) } as const // biome-ignore format: one line
  const done = isSigned ? await node.gate?.signBinary({ ...about, request: admitted.reference }, body) : undefined // biome-ignore format: one line
  const answer = { ...RESULT, payload: {}, binary: encodeBase64url(done?.bytes ?? body) }
  node.keptAnswers.keep(admitted?.seen, answer)
  return answer
}

/** Signs an answer where this node signs, and keeps it for who asks the same again. */
async function signed<A extends KeptAnswer>(node: Core, asked: Asked, answer: A): Promise<A> {
  const { from, frame, protocol, admitted } = asked
  if (!node.gate || !admitted) return answer
  const { type, errorCode: code, errorDescription: description, payload } = answer
  const bare = type === 4 ? { code, description, details: payload } : payload
  const action = plainAction(frame.action) ?? frame.action
  const form = formOfAnswer(from.carrier, admitted.received)
  const said = { type, action, protocol, payload: bare, to: frame.route.networkPath[0], link: peerOf(from), side: sideOf(from), request: admitted.reference, form } // biome-ignore format: one line
  const done = { ...answer, payload: (await node.gate.sign(said)).payload }
  node.keptAnswers.keep(admitted.seen, done)
  return done
}

/** An error is told unsigned, as one of a hop, rather than not at all. */
async function signedError(node: Core, asked: Asked, error: Frame): Promise<Frame> {
  if (!node.gate || !asked.admitted) return error
  const { errorCode, errorDescription } = error
  const answer = { type: 4, errorCode, errorDescription, payload: parsePayload(error.payload) } as const // biome-ignore format: one line
  try {
    return answerFrame(await signed(node, asked, answer), error.messageId)
  } catch (cause) {
    node.log.error('signing.failed', { action: asked.frame.action, error: String(cause) })
    return error
  }
}

function reply(node: Core, { from, frame }: Pick<Asked, 'from' | 'frame'>, answer: Frame): void {
  if (!from.isOpen) return
  const [source] = frame.route.networkPath
  writeOwn(node, from, addressed(answer, from, source, [node.id]), frame.action)
}
