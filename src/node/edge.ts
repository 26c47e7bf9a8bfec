/**
 * What a node does for standard peers, which know no signatures: what they say is attested on its way
 * into the overlay, what is for them is verified, judged and stripped before it leaves. A link may be
 * set to bear signatures all the same; then they go through, and what this node saw with them.
 *
 * @spec docs/security.md
 */
import { OverlayError } from '../errors.ts'
import type { Protocol } from '../messages/protocols.ts'
import type { NodeId } from '../primitives/ids.ts'
import { encodeBase64url } from '../security/base64url.ts'
import { encodeBinaryPayload } from '../security/binary-payload.ts'
import { parseStrict } from '../security/canonical.ts'
import type { SeenMessage } from '../security/freshness/seen-messages.ts'
import type { RequestReference } from '../security/header.ts'
import type { ReceivedMessage } from '../security/received-message.ts'
import type { PartlyPermitted } from '../security/roles/item-answers.ts'
import { plainAction } from '../security/signed-message.ts'
import { type Frame, isErrorType, KINDS } from '../wire/frame.ts'
import { cutMember, putMember } from '../wire/member.ts'
import { encodePayload } from '../wire/payload.ts'
import type { Examined, Seen } from './attesting.ts'
import { isBinaryMessage } from './binary-messages.ts'
import {
  bareBytes,
  entriesOf,
  type Form,
  formOfAnswer,
  formOfLink,
  inForm,
  wrappedAction,
} from './carrying.ts'
import type { Core, RoutedFrame } from './core.ts'
import { asReplaced } from './filtering.ts'
import type { Released } from './held-back.ts'
import { answerFrame, keptAnswer } from './kept-answer.ts'
import { legacyKidsOf, tellLost, withoutStatements } from './legacy-links.ts'
import type { Neighbour } from './neighbour.ts'
import { tellRefusedItems, wholeAnswer } from './partly-obeyed.ts'
import { peerOf } from './peer-facts.ts'
import type { PendingRequest } from './pending.ts'
import type { Admitted, SecurityGate } from './security-gate.ts'
import { readFrom } from './standard-words.ts'

/** What is known of a request at an edge, for its answer. */
export interface Secured {
  readonly protocol: Protocol
  /** What the answer must say, or is said to, answer. */
  readonly reference: RequestReference
  /** Of a question of a standard peer: whom it was addressed to. */
  readonly asked?: NodeId
  /** Where the answer is kept for who asks the same again. */
  readonly seen: SeenMessage | undefined
  /** How whoever asked bears signatures: the answer goes back so. */
  readonly form: Form
  /** Whether this node can sign it anew with a challenge. */
  readonly isOwnWord: boolean
  /** Where the standard peer is asked for some of its items only. */
  readonly part?: PartlyPermitted | undefined
}

const SIGNATURES = 'signatures'

/** What was found of one message, however many standard peers of one version it goes to. */
export interface Judged {
  found?: { readonly admitted: Admitted; readonly protocol: Protocol; readonly payload: Uint8Array }
}

/** Between which links. */
export interface Way {
  readonly from: Neighbour
  readonly to: Neighbour
  /** Of the same message, where it goes to several. */
  readonly judged: Judged
  /** It was held back by a policy when it came. */
  readonly released?: Released | undefined
  /** For an upstream that only hears it. */
  readonly isCopy?: boolean
}

/**
 * A CALL or SEND between the overlay and a standard peer of this node, or between two standard peers
 * where a link bears signatures, as it goes on.
 *
 * @param challenge What whoever is asked wants to see signed.
 * @returns undefined where nothing is to be done: between nodes it passes as it is, and between two
 *   standard peers that know no signatures the rules of the uplink decide.
 * @throws {OverlayError} ERR_POLICY_REFUSED, ERR_POLICY_CHALLENGE, ERR_SCHEMA_JSON,
 *   ERR_SCHEMA_UNSUPPORTED, ERR_SIGNATURE_FAILED, ERR_LINK_BUSY when it was obeyed before
 */
export function secureRequest(
  node: Core,
  frame: RoutedFrame,
  { from, to, judged, released, isCopy = false }: Way,
  challenge?: string,
): Passed | undefined {
  const { gate } = node
  if (!gate || !isAnEdge(from, to)) return undefined
  const { networkPath: path, destination } = frame.route
  const last = destination[destination.length - 1] ?? destination[0]
  const { type } = frame
  if (!from.isOverlay) {
    const { protocol } = from.link
    const received = readFrom(from, frame)
    const about = { type, action: plainAction(frame.action) ?? frame.action, protocol, from: path[0], to: last, ...(challenge !== undefined && { challenge }) } // biome-ignore format: one line
    const { told, examined } = attested(node, gate, { from, to, received, about }, frame)
    const form = formOfAnswer(from.carrier, received)
    const { reference, isSigned } = examined
    return {
      frame: told,
      secured: { protocol, reference, asked: last, seen: undefined, form, isOwnWord: !isSigned },
    }
  }
  const { protocol } = to.link
  // A second time it would be a repetition. What a filter replaced for one of them is another one.
  const { found } = judged
  const isSame = found?.protocol === protocol && found.payload === frame.payload
  const admitted = isSame ? found.admitted : inNameOf(gate, to, () => gate.admit({ type, action: frame.action, protocol, payload: frame.payload, isBinary: isBinaryMessage(frame), neighbour: peerOf(from), path, to: last, onBehalfOf: last, released, isCopy, carrier: from.carrier })) // biome-ignore format: one line
  judged.found = { admitted, protocol, payload: frame.payload }
  if (admitted.repeated) return { answer: repeatedAnswer(node, from, frame, admitted) }
  const { reference, seen, received, part } = admitted
  const form = formOfLink(to.carrier)
  // What its originator has signed cannot be told in part.
  if (part && form !== 'plain') throw new OverlayError('ERR_POLICY_REFUSED', { reason: 'role' })
  if (!isSame) tellRefusedItems(node, from, frame, part)
  // What a rule has made of all of it would tell the rest as well.
  if (part && frame.replacement) throw new OverlayError('ERR_POLICY_REFUSED', { reason: 'role' })
  const told = asReplaced(toStandard(node, gate, { from, to, received, form }, frame))
  return {
    frame: part ? { ...told, payload: encodePayload(admitted.payload) } : told,
    secured: { protocol, reference, seen, form: 'top', isOwnWord: false, part },
  }
}

/** What is refused here for a standard peer is said as its word. */
function inNameOf(gate: SecurityGate, to: Neighbour, admit: () => Admitted): Admitted {
  try {
    return admit()
  } catch (error) {
    const refused = error instanceof OverlayError ? gate.refused.get(error) : undefined
    if (refused) gate.refused.set(error as OverlayError, { ...refused, inNameOf: to })
    throw error
  }
}

/** What goes on, or what it was answered when it went on before. */
export type Passed =
  | { readonly frame: RoutedFrame; readonly secured: Secured }
  | { readonly answer: Frame }

function isAnEdge(from: Neighbour, to: Neighbour): boolean {
  if (from.isOverlay !== to.isOverlay) return true
  return !from.isOverlay && (from.carrier !== 'strip' || to.carrier !== 'strip')
}

/** It went to the peer before: the effect must not come twice. */
function repeatedAnswer(
  node: Core,
  from: Neighbour,
  { action, messageId, route }: RoutedFrame,
  { seen }: Admitted,
): Frame {
  node.emit({ name: 'request.repeated', link: from.label, source: route.networkPath[0], action })
  return answerFrame(keptAnswer(seen), messageId)
}

/**
 * An answer to a request that was secured here, as it goes back. One for a standard peer is in its own
 * words, which nobody has signed.
 *
 * @param answered With its error in the words of whoever asked.
 * @throws {UnprovedAnswer} @throws {OverlayError} ERR_SIGNATURE_FAILED
 */
export function secureAnswer(
  node: Core,
  request: Asked,
  { from, to }: { readonly from: Neighbour; readonly to: Neighbour },
  answered: Frame & { readonly route: RoutedFrame['route'] },
): RoutedFrame {
  const { gate } = node
  const { secured } = request
  if (!gate || !secured) return answered
  if (from.isOverlay) return admittedAnswer(node, gate, { request, secured, from, to }, answered)
  const { protocol, reference, form, part } = secured
  const { type, errorCode: code, errorDescription: description } = answered
  const frame = part && type === 3 ? changed(answered, answered.action, encodePayload(wholeAnswer(node, part, parseStrict(answered.payload)))) : answered // biome-ignore format: one line
  const action = plainAction(request.action) ?? request.action
  const isError = isErrorType(type)
  const error = isError ? { code, description } : undefined
  const received = readFrom(from, frame, error)
  const about = { type, action, protocol, from: from.id, to: request.source, request: reference }
  // Towards a standard peer nobody could read what is signed of an error.
  const isBare = isError && !to.isOverlay
  const { told } = attested(node, gate, { from, to, received, about, form: isBare ? 'plain' : (form ?? 'plain') }, frame) // biome-ignore format: one line
  if (to.isOverlay && (type === 3 || type === 4)) {
    const kept = isBinaryMessage(told) ? { payload: {}, binary: encodeBase64url(told.payload) } : { payload: parseStrict(told.payload) } // biome-ignore format: one line
    node.keptAnswers.keep(secured.seen, {
      type,
      errorCode: code,
      errorDescription: description,
      ...kept,
    })
  }
  return told
}

/** What is known of a request that is answered. */
export interface Asked extends Pick<PendingRequest, 'action' | 'source'> {
  readonly secured?: Terms | undefined
}

/** As `Secured`; of an answer that was given only what it answers is kept. */
type Terms = Pick<Secured, 'protocol' | 'reference'> & Partial<Secured>

interface Answering {
  readonly request: Asked
  readonly secured: Terms
  readonly from: Neighbour
  readonly to: Neighbour
}

function admittedAnswer(
  node: Core,
  gate: SecurityGate,
  { request, secured, from, to }: Answering,
  frame: RoutedFrame,
): RoutedFrame {
  const { type, payload } = frame
  try {
    const { received } = admitAnswer(gate, { request, secured, from }, frame)
    const form = isErrorType(type) ? 'plain' : (secured.form ?? 'plain')
    return asReplaced(toStandard(node, gate, { from, to, received, form }, frame))
  } catch (cause) {
    if (!(cause instanceof OverlayError)) throw cause
    if (isErrorType(type)) tellUnsigned(node, from, frame, request.action)
    if (type !== 5) throw new UnprovedAnswer(cause)
    return asReplaced(changed(frame, frame.action, cutMember(payload, SIGNATURES)))
  }
}

/** An answer that is not shown to be by whoever was asked, to what was asked. */
export class UnprovedAnswer extends Error {
  readonly refusal: OverlayError

  constructor(refusal: OverlayError) {
    super(refusal.message, { cause: refusal })
    this.name = 'UnprovedAnswer'
    this.refusal = refusal
  }
}

/** @throws {OverlayError} ERR_POLICY_REFUSED, ERR_SCHEMA_JSON */
function admitAnswer(
  gate: SecurityGate,
  { request, secured, from }: Omit<Answering, 'to'>,
  frame: RoutedFrame,
): Admitted {
  const { protocol, reference, asked } = secured
  const { type, errorCode: code, errorDescription: description, payload } = frame
  const action = plainAction(request.action) ?? request.action
  const error = isErrorType(type) ? { error: { code, description } } : {}
  const { networkPath: path } = frame.route
  return gate.admit({ type, action, protocol, payload, isBinary: isBinaryMessage(frame), neighbour: peerOf(from), path, to: request.source, request: reference, onBehalfOf: request.source, carrier: from.carrier, ...(asked !== undefined && { asked }), ...error }) // biome-ignore format: one line
}

/**
 * Whether an error is the word of whom was asked, and about this very request: anybody on the way can
 * write one.
 */
export function isSignedError(
  node: Core,
  request: Asked,
  from: Neighbour,
  frame: RoutedFrame,
): boolean {
  const { gate } = node
  const { secured } = request
  if (!gate || !secured || !from.isOverlay) return false
  try {
    admitAnswer(gate, { request, secured, from }, frame)
    return true
  } catch (error) {
    if (!(error instanceof OverlayError)) throw error
    return false
  }
}

/** It is passed on as the word of a hop, and is to be seen as that. */
export function tellUnsigned(
  node: Core,
  from: Neighbour,
  { type, route, errorCode }: Frame,
  action: string,
): void {
  node.emit({ name: 'error.unsigned', link: from.label, source: route?.networkPath[0] ?? from.id, action: plainAction(action) ?? action, kind: KINDS[type], errorCode }) // biome-ignore format: one line
}

/** A message between two links of this node. */
interface Crossing {
  readonly from: Neighbour
  readonly to: Neighbour
  readonly received: ReceivedMessage
}

/**
 * A message of a standard peer with what this node saw of it. The bytes that nobody changes stay.
 *
 * @param crossing `form`: of an answer, that of its request; default as the link says.
 */
function attested(
  node: Core,
  gate: SecurityGate,
  { from, to, received, about, form = formOfLink(to.carrier) }: Crossing & { readonly about: Omit<Seen, 'received' | 'att'>; readonly form?: Form }, // biome-ignore format: one line
  frame: RoutedFrame,
): { readonly told: RoutedFrame; readonly examined: Examined } {
  const seen = { ...about, received, att: attBy(node, from) }
  const examined = gate.examine(seen)
  if (!to.isOverlay && (form === 'plain' || form === 'wwcp')) {
    return { told: toStandard(node, gate, { from, to, received, form }, frame), examined }
  }
  const entries = [...entriesOf(received), gate.witness(seen, examined)]
  if (!to.isOverlay) {
    return { told: toStandard(node, gate, { from, to, received, form, entries }, frame), examined }
  }
  if (received.method === 'binary') {
    // The result of a request that nobody has signed has no room for signatures.
    const isRoomless = about.request !== undefined && about.request.id === undefined
    const told = isRoomless ? changed(frame, frame.action, received.bytes) : wrappedBinary(frame, received, entries) // biome-ignore format: one line
    return { told, examined }
  }
  const { opaque } = received
  const bare = opaque ? encodePayload(opaque.message) : bareBytes(frame.payload, received)
  const isRequest = about.type === 2 || about.type === 6
  const action = opaque || !isRequest ? frame.action : about.action
  return { told: changed(frame, action, putMember(bare, SIGNATURES, entries)), examined }
}

/** As it goes over a standard link, in the form that the link bears or that was asked in. */
function toStandard(
  node: Core,
  gate: SecurityGate,
  { from, to, received, form, entries = entriesOf(received) }: Crossing & { readonly form: Form; readonly entries?: ReturnType<typeof entriesOf> }, // biome-ignore format: one line
  frame: RoutedFrame,
): RoutedFrame {
  const { payload, opaque } = received
  const { type } = frame
  const action = plainAction(frame.action) ?? frame.action
  const bare = bareBytes(frame.payload, received)
  if (form === 'wwcp') return withoutStatements(node, to, frame, received)
  const legacyKids = legacyKidsOf(received)
  tellLost(node, to, { source: frame.route.networkPath[0], action, kids: legacyKids })
  if (form === 'plain') return changed(frame, action, bare)
  if (received.method === 'binary') return wrappedBinary(frame, received, entries)
  const originator = gate.originatorOf(entries)
  const borne = inForm({ type, action, payload, entries, opaque }, form, originator)
  // Around the others this node says anew what it saw.
  const lost = borne.dropped.filter((kid) => borne.form === 'plain' || kid !== gate.kid)
  tellLost(node, to, { source: frame.route.networkPath[0], action, kids: lost })
  if (borne.form === 'plain') return changed(frame, action, bare)
  if (borne.form === 'customData' && payload.customData === undefined) {
    return changed(frame, action, putMember(bare, 'customData', borne.payload.customData))
  }
  // What stood beside the others has no room around them, so this node says it of what is left.
  const isShort = borne.form === 'signed' && borne.dropped.length > 0
  const told = isShort ? gate.recordLoss(borne.payload, attBy(node, from), lost) : borne.payload
  return changed(frame, borne.action, encodePayload(told))
}

/** Signatures of a binary payload stand before its body, whatever a link bears. */
function wrappedBinary(
  frame: RoutedFrame,
  { bytes: body }: ReceivedMessage,
  entries: ReturnType<typeof entriesOf>,
): RoutedFrame {
  const action = plainAction(frame.action) ?? frame.action
  return changed(frame, wrappedAction(frame.type, action), encodeBinaryPayload({ entries, body }))
}

function attBy(node: Core, from: Neighbour): Seen['att'] {
  return { by: node.id, prev: from.id, link: peerOf(from).proof }
}

/** Its bytes are others now: the old ones must not be spliced. */
function changed(
  { origin: _, ...frame }: RoutedFrame,
  action: string,
  payload: Uint8Array,
): RoutedFrame {
  return { ...frame, action, payload }
}
