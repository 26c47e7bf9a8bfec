/** What policies are told of a received message: nothing of it is taken from the message alone. */
import { actionRow } from '../messages/actions.ts'
import { isReservedId, isSameId, type NodeId } from '../primitives/ids.ts'
import type { ContextFacts } from '../security/context/context-facts.ts'
import type { KeyDirectory } from '../security/keys/key-directory.ts'
import type { PeerKind, PolicyFacts, SignerFacts } from '../security/policies/facts.ts'
import type { DataAsked } from '../security/policies/rule-book.ts'
import type { JudgedMessage, ReceivedMessage } from '../security/received-message.ts'
import { KINDS } from '../wire/frame.ts'
import { isBound } from './attesting.ts'
import type { Incoming } from './incoming.ts'
import { earliestS, knowsTime } from './learned-clock.ts'
import { dataIn } from './signed-data.ts'
import { EDGE, foreignSignersOf, signersOf, vouchedOrigin } from './signer-facts.ts'

/** A message and what its signatures came to. */
export interface Judged {
  readonly message: Incoming
  readonly received: ReceivedMessage
  readonly judged: JudgedMessage
}

/** What else was found of it. */
export type Found = Pick<PolicyFacts, 'problem' | 'replay' | 'context'>

interface Around {
  readonly directory: KeyDirectory
  readonly dataAsked?: readonly DataAsked[]
  readonly clock: { now(): number }
  originOf(id: NodeId): PeerKind
}

export function factsOf(
  { message, received, judged }: Judged,
  found: Found,
  around: Around,
): PolicyFacts {
  const { type, action, neighbour, path, to, request, isPrimaryUpstream = false } = message
  const { payload, method } = received
  const { verdict, header, foreignKid, legacyKids = [] } = judged
  const { directory, dataAsked = [] } = around
  const isTimeKnown = knowsTime(around.clock)
  // Who does not know the time can only go by what is said; a challenge shows that it was said now.
  const nowS = isTimeKnown
    ? around.clock.now() / 1_000
    : Math.max(header?.iat ?? 0, earliestS(around.clock))
  const known = [
    ...signersOf(verdict, { action, path, isStored: isStored(message, header), nowS }, directory),
    ...[foreignKid, ...legacyKids].flatMap((kid) => foreignSignersOf(kid, directory, nowS)),
  ]
  const isServing = (one: SignerFacts) => isServingEdge(one, message, directory, nowS)
  const signers = known.map((one) => (isServing(one) ? { ...one, isEntitled: true } : one))
  const isOfCsms = around.originOf(path[0]) === 'node' && known.some(isServing)
  const all = verdict.status === 'verified' ? verdict.signers.length : 0
  return {
    kind: KINDS[type],
    action,
    from: path[0],
    to: header?.to ?? to,
    origin: isOfCsms
      ? 'csms'
      : vouchedOrigin(around.originOf(path[0]), path[0], signers, directory),
    neighbour,
    path,
    payload: method === 'binary' ? undefined : payload,
    form: formOf({ received, judged }),
    signers,
    unknownKeys: Math.max(0, verdict.ignored.length + all - signers.length),
    ...found,
    // A standard peer binds nothing: that it answers what it was asked, its own link says.
    isReplyBound: request !== undefined && (header ? isBound(header.req, request) : neighbour.kind !== 'node'), // biome-ignore format: one line
    // Which of its CSMSs commands a station, the node has judged that is entitled to speak for them.
    isPrimaryUpstream: isPrimaryUpstream || isOfCsms,
    iat: header?.iat,
    nowS: isTimeKnown ? nowS : undefined,
    data: method === 'binary' || dataAsked.length === 0 ? [] : dataIn(payload, dataAsked, { directory, nowS }), // biome-ignore format: one line
  }
}

/** Whoever answers a challenge has signed just now, whatever it says. */
function isStored(
  { type, action, protocol }: Pick<Incoming, 'type' | 'action' | 'protocol'>,
  header: JudgedMessage['header'],
): boolean {
  const isRequest = type === 2 || type === 6
  return isRequest && header?.chal === undefined && actionRow(protocol, action)?.replay === 'queued'
}

function formOf({ received: { opaque }, judged }: Omit<Judged, 'message'>): PolicyFacts['form'] {
  if (opaque?.foreign) return 'oca'
  if (judged.legacyKids) return 'legacy'
  return judged.verdict.status === 'unsigned' ? 'none' : 'statement'
}

/**
 * Whether it is the word of an edge for a standard CSMS at it, `NAME@NODE`, whose service an
 * administrator has entitled that edge to by name. By default no edge speaks for a CSMS.
 */
function isServingEdge(
  { att, owner, roles }: SignerFacts,
  { action, protocol, path: [from, first] }: Incoming,
  { entitlements }: KeyDirectory,
  nowS: number,
): boolean {
  if (!att || first === undefined || !roles.includes(EDGE)) return false
  const node = owner as NodeId
  const isSeen = isSameId(att.by as NodeId, node) && isSameId(first, node) && isSameId(att.prev as NodeId, from) // biome-ignore format: one line
  const at = from.lastIndexOf('@')
  if (!isSeen || at < 0 || !isSameId(from.slice(at + 1) as NodeId, node)) return false
  const service = protocol === 'ocpp1.6' ? 'CentralSystem' : 'CSMS'
  return entitlements.mayServe(node, service, action, nowS) === true
}

/** User roles of keys that may answer for a service, as long as no entitlement says who does. */
const SERVING = ['owner', 'admin', 'operations']

/** Whoever signs may answer in its own name; for a service only who runs one. */
export function mayServe(
  { form, action, signers, from, nowS }: PolicyFacts,
  asked: NodeId | undefined,
  { entitlements }: KeyDirectory,
): boolean {
  if (asked === undefined || !isReservedId(asked) || form !== 'statement') return true
  const isOwn = ({ owner, att }: SignerFacts) => !att && isSameId(owner as NodeId, from as NodeId)
  return signers.some((one) => {
    // Of a standard CSMS: the edge that saw it, where it is entitled to the service by name.
    if (one.att && one.isEntitled && isSameId(one.att.by as NodeId, one.owner as NodeId)) return entitlements.mayServe(one.owner as NodeId, asked, action, nowS ?? 0) === true // biome-ignore format: one line
    if (!isOwn(one)) return false
    const isEntitled = entitlements.mayServe(one.owner as NodeId, asked, action, nowS ?? 0)
    return isEntitled ?? one.roles.some((role) => SERVING.includes(role))
  })
}

/** The same with how far the clock of its signer is off, where that is known. */
export function withClock(
  context: ContextFacts | undefined,
  clockOffS: number | undefined,
): ContextFacts | undefined {
  const isRight = clockOffS === undefined || clockOffS === 0
  return isRight ? context : { findings: [], ...context, clockOffS }
}
