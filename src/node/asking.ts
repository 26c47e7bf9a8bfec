import { OverlayError, RemoteError } from '../errors.ts'
import { PROTOCOLS, type Protocol } from '../messages/protocols.ts'
import type { NodeId } from '../primitives/ids.ts'
import { stripSignatures } from '../security/carriers.ts'
import type { RequestReference } from '../security/header.ts'
import type { Frame, Route } from '../wire/frame.ts'
import { encodePayload, type JsonObject, parsePayload } from '../wire/payload.ts'
import { ownWay } from './among-nodes.ts'
import { isBinaryMessage } from './binary-messages.ts'
import { formOfLink } from './carrying.ts'
import type { Core } from './core.ts'
import { tellUnsigned } from './edge.ts'
import type { Neighbour } from './neighbour.ts'
import { peerOf, sideOf } from './peer-facts.ts'
import { challengeIn, detailsOf } from './reply-error.ts'
import { originate } from './requests.ts'
import { type OwnQuestion, refuseResult } from './result-errors.ts'
import type { Admitted, SecurityGate } from './security-gate.ts'

type Destination = Route['destination']

/** What this node asks for in its own name. */
export interface Question {
  readonly action: string
  readonly payload: Uint8Array
  readonly encoding: 'text' | 'binary'
  /** Default: the version of the destination, as far as it is known. */
  readonly protocol?: Protocol
}

export interface Answered {
  readonly frame: Frame
  readonly from: Neighbour
  /** Of the frame in the log. */
  readonly sequence: number
  /** Verified, and without its signatures; undefined where nothing is verified. */
  readonly response?: JsonObject
  /** As it was signed; undefined where nothing is. */
  readonly question?: OwnQuestion
}

/** A CALL or SEND of this node. */
export function requestFrame(node: Core, type: 2 | 6, question: Question): Frame {
  const { action, payload, encoding } = question
  const messageId = node.newMessageId()
  // biome-ignore format: one frame
  return { type, encoding, route: undefined, messageId, action, payload, errorCode: '', errorDescription: '' }
}

/**
 * Sends a CALL and waits for what answers it, a result or an error.
 *
 * @param takes Whether it is one; what is none leaves the question open. Default: whatever comes.
 */
export function ask(
  node: Core,
  destination: Destination,
  question: Question,
  timeoutMs: number,
  takes?: (answered: Answered) => boolean,
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    // It is told as it is received, and logged right after that.
    const answered = (frame: Frame, from: Neighbour) => ({ frame, from, sequence: node.frameLog.newest + 1 }) // biome-ignore format: one line
    const asker = {
      ...(takes && { takes: (frame: Frame, from: Neighbour) => takes(answered(frame, from)) }),
      resolve: (frame: Frame, from: Neighbour) => resolve(answered(frame, from)),
      reject,
    }
    originate(node, requestFrame(node, 2, question), destination, asker, timeoutMs)
  })
}

/**
 * The same, signed as the policies of this node want it, and answered only by what they accept. What
 * they do not accept leaves the question open for a while, and is told then. Who cannot tell whether
 * the question is of now is asked again with the challenge it gave, and whose version was not known
 * here, in the one it names: each once.
 *
 * @throws {RemoteError} the peer answered with CALLERROR, or only a hop did.
 * @throws {OverlayError} ERR_POLICY_REFUSED: no answer is believed; ERR_SIGNATURE_FAILED,
 *   ERR_LINK_TIMEOUT, ERR_LINK_CLOSED.
 */
export async function askSigned(
  node: Core,
  gate: SecurityGate,
  destination: Destination,
  question: Question,
  timeoutMs: number,
  challenge?: string,
): Promise<Answered> {
  const { action } = question
  const { asked, reference, protocol } = await signQuestion(node, gate, destination, { ...question, type: 2 }, challenge) // biome-ignore format: one line
  const about = {
    action,
    protocol,
    request: reference,
    asked: destination[destination.length - 1] ?? destination[0],
  }
  const isOpenVersion = question.protocol === undefined
  let believed: Admitted | undefined
  let spoken: Protocol | undefined
  let refused: OverlayError | undefined
  let hopError: RemoteError | undefined
  let failure: unknown
  const takes = (one: Answered) => {
    // It is being received, so what is found is of that frame.
    const reply = { ...one, ...about, sequence: undefined }
    const { type } = one.frame
    const named = type === 4 && isOpenVersion ? otherProtocolIn(one.frame, protocol) : undefined
    try {
      believed = admitAnswer(node, gate, { ...reply, protocol: named ?? protocol })
      spoken = named
      return true
    } catch (error) {
      if (!(error instanceof OverlayError)) {
        failure = error
        return true
      }
      if (type === 4) {
        hopError ??= remoteError(one.frame, false)
        tellUnsigned(node, one.from, one.frame, action)
      } else {
        // It was changed or forged: that is told once, whoever makes however many of them.
        if (!refused) refuseResult(node, one.from, one.frame, error, about)
        refused ??= error
      }
      return false
    }
  }
  const answered = await ask(node, destination, asked, timeoutMs, takes).catch((error: unknown) => {
    throw refused ?? hopError ?? error
  })
  if (failure !== undefined) throw failure
  // Nothing else is taken.
  const { payload, received } = believed as Admitted
  if (answered.frame.type === 4) {
    const asksFor = challengeIn(answered.frame)
    if (asksFor !== undefined && challenge === undefined) {
      return askSigned(node, gate, destination, { ...question, protocol }, timeoutMs, asksFor)
    }
    if (spoken !== undefined) {
      return askSigned(node, gate, destination, { ...question, protocol: spoken }, timeoutMs, challenge) // biome-ignore format: one line
    }
    throw remoteError(answered.frame, true)
  }
  if (answered.frame.encoding === 'text') return { ...answered, response: payload, question: about }
  return { ...answered, frame: { ...answered.frame, payload: received.bytes } }
}

/**
 * Sends a SEND of this node, signed as its policies want it.
 *
 * @throws {OverlayError} as `askSigned`
 */
export async function sendSigned(
  node: Core,
  gate: SecurityGate,
  destination: Destination,
  question: Question,
): Promise<void> {
  const { asked } = await signQuestion(node, gate, destination, { ...question, type: 6 })
  originate(node, requestFrame(node, 6, asked), destination, undefined, 0)
}

async function signQuestion(
  node: Core,
  gate: SecurityGate,
  destination: Destination,
  question: Question & { readonly type: 2 | 6 },
  challenge?: string,
): Promise<{ asked: Question; reference: RequestReference; protocol: Protocol }> {
  const { type, action, encoding } = question
  const to = destination[destination.length - 1] ?? destination[0]
  const way = ownWay(node, destination[0], action)
  if (!way) throw new OverlayError('ERR_ROUTE_UNKNOWN', { destination: destination[0] })
  const protocol = question.protocol ?? protocolOf(node, to, way)
  const about = { type, action, protocol, to, link: peerOf(way), side: sideOf(way), form: formOfLink(way.carrier), ...(challenge !== undefined && { challenge }) } as const // biome-ignore format: one line
  if (encoding === 'binary') {
    const { action: told, bytes, reference } = await gate.signBinary(about, question.payload)
    return { asked: { action: told, encoding, payload: bytes }, reference, protocol }
  }
  const payload = parsePayload(question.payload) as JsonObject
  const signed = await gate.sign({ ...about, payload })
  const asked = { action: signed.action, encoding, payload: encodePayload(signed.payload) }
  return { asked, reference: signed.reference, protocol }
}

interface Reply extends Omit<Answered, 'sequence'> {
  readonly sequence: number | undefined
  readonly action: string
  readonly protocol: Protocol
  readonly request: RequestReference
  readonly asked: NodeId
}

/** @throws {OverlayError} ERR_POLICY_REFUSED, ERR_SCHEMA_JSON */
function admitAnswer(node: Core, gate: SecurityGate, reply: Reply): Admitted {
  const { frame, from, action, protocol, request, asked, sequence } = reply
  const { type, payload, errorCode: code, errorDescription: description, route } = frame
  const isBinary = isBinaryMessage(frame)
  const path = route?.networkPath ?? ([from.id] as const)
  const error = type === 4 ? { error: { code, description } } : {}
  return gate.admit({ type, action, protocol, payload, neighbour: peerOf(from), path, to: node.id, request, asked, sequence, isBinary, carrier: from.carrier, ...error }) // biome-ignore format: one line
}

/** What stands on a standard link is told in its version, everything else as its edge has said. */
function protocolOf(node: Core, to: NodeId, way: Neighbour): Protocol {
  if (!way.isOverlay) return way.link.protocol
  return (node.table.get(to)?.announced?.protocol as Protocol | undefined) ?? way.link.protocol
}

/** The version in which whoever was asked wants to be. */
function otherProtocolIn({ payload }: Frame, protocol: Protocol): Protocol | undefined {
  const { reason, protocol: named } = (detailsOf(payload) ?? {}) as Record<string, unknown>
  if (reason !== 'not-this-message' || named === protocol) return undefined
  return PROTOCOLS.find((one) => one === named)
}

/** @param isBelieved Whether whoever was asked has signed it; undefined where nothing is verified. */
export function remoteError(frame: Frame, isBelieved?: boolean): RemoteError {
  const { errorCode, errorDescription, payload } = frame
  const details = detailsOf(payload)
  const isSigned = typeof details === 'object' && details !== null && 'signatures' in details
  return new RemoteError(errorCode, errorDescription, isSigned ? stripSignatures(details as JsonObject) : details, isBelieved) // biome-ignore format: one line
}
