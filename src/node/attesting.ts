import { OverlayError } from '../errors.ts'
import { actionRow } from '../messages/actions.ts'
import type { Protocol } from '../messages/protocols.ts'
import { isSameId, type NodeId } from '../primitives/ids.ts'
import { encodeBase64url } from '../security/base64url.ts'
import { canonicalize } from '../security/canonical.ts'
import { putSignatures } from '../security/carriers.ts'
import type { SignatureEntry, SigningMethod } from '../security/entry.ts'
import { LIVE_S, QUEUED_S } from '../security/freshness/freshness.ts'
import { type Attestation, decodeHeader, type MessageFields, type RequestReference } from '../security/header.ts' // biome-ignore format: one line
import { type ReceivedMessage, verifyMessage } from '../security/received-message.ts'
import { signStatementNow } from '../security/statement.ts'
import type { MessageType } from '../wire/frame.ts'
import { type JsonObject, jsonText } from '../wire/payload.ts'
import { knowsTime } from './learned-clock.ts'
import { legacyKidsOf } from './legacy-links.ts'
import type { GateSite, SecurityOptions } from './security-gate.ts'

/** A message of a standard peer that this node passes on. */
export interface Seen {
  readonly type: MessageType
  /** Plain name. */
  readonly action: string
  readonly protocol: Protocol
  readonly received: ReceivedMessage
  readonly from: NodeId
  readonly to: NodeId
  readonly att: Omit<Attestation, 'verified'>
  readonly request?: RequestReference
  readonly challenge?: string
}

/** What a message is known by, whoever signs it. */
export interface Examined {
  readonly fields: MessageFields
  /** kids of the keys whose signatures it brings along, as far as they are known here. */
  readonly verified: readonly string[]
  /** kids of those that it loses here: of the legacy form, which stands beside no other. */
  readonly dropped: readonly string[]
  /** What an answer to it says it answers. */
  readonly reference: RequestReference
  /** It brings its own signatures, so only whoever made these can sign it anew. */
  readonly isSigned: boolean
}

/** What a header of ours needs besides the message. */
export interface Naming {
  readonly type: MessageType
  readonly action: string
  readonly protocol: Protocol
  readonly to: NodeId
  readonly request?: RequestReference
  readonly challenge?: string
}

const NONCE_BYTES = 16
/** What a signed message is called, by its type; no other structure has such a name. */
export const NAMES: Readonly<Record<MessageType, string>> = {
  2: 'request',
  3: 'response',
  4: 'error',
  5: 'result-error',
  6: 'send',
}

/** Header members of a message that is signed now, in the name of this node. */
export function freshFields(
  { nodeId, clock, random, newId }: GateSite,
  { type, action, protocol, to, request, challenge }: Naming,
  lifetimeS: number,
): MessageFields {
  // Who does not know the time says so, and is asked to sign a challenge.
  const iat = knowsTime(clock) ? Math.floor(clock.now() / 1_000) : 0
  return {
    ocpp: protocol,
    ctx: `urn:wattweave:${protocol}:${action}:${NAMES[type]}`,
    OCPPAction: action,
    OCPPMessageTypedId: type as 2,
    id: newId(),
    from: nodeId,
    to,
    iat,
    exp: iat + (iat === 0 ? Math.min(lifetimeS, LIVE_S) : lifetimeS),
    nonce: encodeBase64url(random(NONCE_BYTES)),
    ...(request && { req: request }),
    ...(challenge !== undefined && { chal: challenge }),
  }
}

/**
 * Looks at what a message of a standard peer brings along: its signatures have to be right, as far
 * as their keys are known here, and about this very message. Whether it is of now its receiver says.
 *
 * @throws {OverlayError} ERR_POLICY_REFUSED
 */
export function examine({ trust }: SecurityOptions, site: GateSite, message: Seen): Examined {
  const { received, action, type, from } = message
  const expected = { kind: 'message', action, messageType: type as 2 } as const
  const { verdict, claimed, digest, foreignKid, legacyKids = [] } = verifyMessage(received, { expected, keyOf: trust.directory.keyOf }) // biome-ignore format: one line
  if (verdict.status === 'refused') throw refused(verdict.reason)
  if (claimed && !isAbout(claimed, message)) throw refused('not-this-message')
  const own = verdict.status === 'verified' ? verdict.signers.map(({ kid }) => kid) : legacyKids
  const lifetimeS = actionRow(message.protocol, action)?.replay === 'queued' ? QUEUED_S : LIVE_S
  const fields = claimed ? sharedOf(claimed) : { ...freshFields(site, message, lifetimeS), from }
  return {
    fields,
    verified: foreignKid === undefined ? own : [...own, foreignKid],
    dropped: legacyKidsOf(received),
    reference: { id: fields.id, nonce: fields.nonce, digest },
    isSigned: claimed !== undefined,
  }
}

/**
 * Signs what this node saw of a message: at once, because frames of a station must not overtake each
 * other.
 *
 * @param message `bytes`: the JWS payload, or what is wrapped where its signatures are around it.
 * @param dropped kids of signatures that the message lost here.
 * @throws {OverlayError} ERR_SIGNATURE_FAILED
 */
export function witness(
  { signer }: SecurityOptions,
  { bytes, att, method }: Pick<Seen, 'att'> & { readonly bytes: Uint8Array; readonly method?: SigningMethod }, // biome-ignore format: one line
  { fields, verified }: Pick<Examined, 'fields' | 'verified'>,
  dropped: readonly string[] = [],
): SignatureEntry {
  const seen = { ...att, verified, ...(dropped.length > 0 && { dropped }) }
  return signStatementNow(bytes, { ...fields, att: seen }, signer, method)
}

/**
 * A signed message with what this node says of the signatures that it lost here: beside it, where a
 * flattened JWS has room.
 */
export function recordLoss(
  { trust, signer }: SecurityOptions,
  message: JsonObject,
  { att, dropped }: { readonly att: Seen['att']; readonly dropped: readonly string[] },
): JsonObject {
  const header = decodeHeader(jsonText(message.protected))
  if (typeof header === 'string' || header.OCPPAction === undefined) return message
  const verified = [header.kid, ...dropped].filter((kid) => trust.directory.keyOf(kid))
  const said = { fields: sharedOf(header), verified }
  const entry = witness({ trust, signer }, { bytes: canonicalize(message), att }, said, dropped)
  return putSignatures(message, [entry], 'customData') ?? message
}

/** What parallel entries agree about. */
export function sharedOf(header: MessageFields): MessageFields {
  const { ocpp, ctx, OCPPAction, OCPPMessageTypedId, id, from, to, iat, exp, nonce, req, chal } = header // biome-ignore format: one line
  return {
    ...{ ocpp, ctx, OCPPAction, OCPPMessageTypedId, id, from, to, iat, exp, nonce },
    ...(req && { req }),
    ...(chal !== undefined && { chal }),
  }
}

/** A statement about another message, or for somebody else, is none about this one. */
function isAbout(
  { ocpp, OCPPAction, OCPPMessageTypedId, from, to, req }: MessageFields,
  message: Seen,
): boolean {
  const { action, type, protocol, request } = message
  const isSame = isSameId(from as NodeId, message.from) && isSameId(to as NodeId, message.to)
  const isNamed = OCPPAction === action && OCPPMessageTypedId === type && ocpp === protocol
  return isSame && isNamed && (!request || isBound(req, request))
}

/** Whether an answer belongs to a request. */
export function isBound(said: RequestReference | undefined, request: RequestReference): boolean {
  return (
    said !== undefined &&
    said.digest === request.digest &&
    said.id === request.id &&
    said.nonce === request.nonce
  )
}

function refused(reason: string): OverlayError {
  return new OverlayError('ERR_POLICY_REFUSED', { reason })
}
