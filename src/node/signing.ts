import { OverlayError } from '../errors.ts'
import type { Protocol } from '../messages/protocols.ts'
import type { NodeId } from '../primitives/ids.ts'
import { encodeBinaryPayload } from '../security/binary-payload.ts'
import { canonicalize } from '../security/canonical.ts'
import { stripSignatures } from '../security/carriers.ts'
import type { RequestReference } from '../security/header.ts'
import { sha256 } from '../security/jwk.ts'
import { type LegacySide, signLegacy } from '../security/legacy-message.ts'
import type { Peer } from '../security/policies/facts.ts'
import { type OutDecision, planOutgoing } from '../security/policies/outgoing.ts'
import { signStatement } from '../security/statement.ts'
import { isErrorType, KINDS, type MessageType } from '../wire/frame.ts'
import { encodePayload, type JsonObject } from '../wire/payload.ts'
import { freshFields } from './attesting.ts'
import { type Form, inForm, wrappedAction } from './carrying.ts'
import type { GateSite, SecurityOptions } from './security-gate.ts'

/** A message of this node, before it is signed. */
export interface Outgoing {
  readonly type: MessageType
  readonly action: string
  readonly protocol: Protocol
  /** Of types 4 and 5 `{code, description, details}`. */
  readonly payload: JsonObject
  readonly to: NodeId
  readonly link: Peer
  /** Of an answer. */
  readonly request?: RequestReference
  /** The challenge that is answered by signing anew. */
  readonly challenge?: string
  /** As its link says: `wwcp`, or towards a standard peer how it may bear signatures. Default: not at all. */
  readonly form?: Form
  /** Of the link: which side of it this node is on. */
  readonly side: LegacySide
}

export interface Signed {
  /** As it is sent: with `-Signed` where that is how it leaves. */
  readonly action: string
  /** As it is sent; of types 4 and 5 the details. */
  readonly payload: JsonObject
  /** What the answer to it must say it answers. */
  readonly reference: RequestReference
}

/** As `Signed`, of a binary message. */
export interface SignedBytes {
  readonly action: string
  readonly bytes: Uint8Array
  readonly reference: RequestReference
}

/**
 * Signs a message of this node as its policies want it.
 *
 * @throws {OverlayError} ERR_POLICY_REFUSED, ERR_SIGNATURE_FAILED: it does not leave unsigned.
 */
export async function signMessage(
  security: SecurityOptions,
  site: GateSite,
  message: Outgoing,
): Promise<Signed> {
  const { trust, signer } = security
  const { type, action, payload } = message
  const plan = planOf(trust, message)
  const isError = isErrorType(type)
  const bare = isError ? (payload.details as JsonObject) : stripSignatures(payload)
  const bytes = canonicalize(isError ? payload : bare)
  const digest = sha256(bytes)
  const form = formOf(plan, message)
  if (form === 'plain') return { action, payload: bare, reference: { digest } }
  if (form === 'wwcp') return { action, payload: await inLegacyForm(security, message, bare), reference: { digest } } // biome-ignore format: one line
  const fields = {
    ...freshFields(site, message, plan.lifetimeS ?? 0),
    ...claimOf(security, site, plan),
  }
  const entry = await signStatement(bytes, fields, signer)
  const reference = { id: fields.id, nonce: fields.nonce, digest }
  // Of an error the whole is signed, and its details have the room.
  if (form === 'top') return { action, payload: { ...bare, signatures: [entry] }, reference }
  const done = inForm({ action, type, payload: bare, entries: [entry] }, form, signer.kid)
  if (plan.carrier === 'signed' && done.form !== 'signed') throw new OverlayError('ERR_SIGNATURE_FAILED', { keyId: signer.kid, problem: 'only ES256 makes a signed message' }) // biome-ignore format: one line
  return done.form === 'plain' ? { ...done, reference: { digest } } : { ...done, reference }
}

/**
 * The same for one whose payload is bytes.
 *
 * @throws {OverlayError} as `signMessage`
 */
export async function signBody(
  security: SecurityOptions,
  site: GateSite,
  message: Omit<Outgoing, 'payload'>,
  body: Uint8Array,
): Promise<SignedBytes> {
  const { trust, signer } = security
  const { type, action } = message
  const plan = planOf(trust, message)
  const digest = sha256(body)
  if (formOf(plan, message) === 'wwcp') throw new OverlayError('ERR_SIGNATURE_FAILED', { keyId: signer.kid, problem: 'the legacy form is of JSON only' }) // biome-ignore format: one line
  if (plan.carrier === 'strip') return { action, bytes: body, reference: { digest } }
  const fields = {
    ...freshFields(site, message, plan.lifetimeS ?? 0),
    ...claimOf(security, site, plan),
  }
  const entry = await signStatement(body, fields, signer, 'binary')
  const bytes = encodeBinaryPayload({ entries: [entry], body })
  return { action: wrappedAction(type, action), bytes, reference: { id: fields.id, nonce: fields.nonce, digest } } // biome-ignore format: one line
}

/**
 * What the header claims. A node has one key, so it has to be all that the rules ask for.
 *
 * @throws {OverlayError} ERR_SIGNATURE_FAILED
 */
function claimOf(
  { trust, signer }: SecurityOptions,
  { clock }: GateSite,
  { signatures, representation }: Plan,
): { readonly role?: string } {
  const fail = (problem: string) => new OverlayError('ERR_SIGNATURE_FAILED', { keyId: signer.kid, problem }) // biome-ignore format: one line
  if (representation !== 'json') throw fail(`a rule asks for the representation ${representation}, which is not built`) // biome-ignore format: one line
  const claims = new Set(signatures.flatMap(({ claim }) => claim ?? []))
  const roles = new Set([...claims, ...signatures.flatMap(({ key }) => key.role ?? [])])
  for (const usage of new Set(signatures.map(({ key }) => key.usage))) {
    if (usage === 'sign-message' && roles.size === 0) continue
    const found = trust.directory.find(signer.kid, usage, Math.floor(clock.now() / 1_000))
    if (found.status !== 'usable') throw fail(`a rule asks for a key for ${usage}, and the own one is not (${found.problem})`) // biome-ignore format: one line
    const missing = [...roles].find((role) => !found.record.roles.includes(role))
    if (missing !== undefined) throw fail(`a rule asks for a key with the user role ${missing}, and the own one has not`) // biome-ignore format: one line
  }
  const [role, ...others] = claims
  if (others.length > 0) throw fail('policies want several user roles claimed, and one can be')
  return role === undefined ? {} : { role }
}

/** What it says nothing of, nobody can find out: time, addressee and request. */
async function inLegacyForm(
  { trust, signer }: SecurityOptions,
  { type: messageType, action, protocol, side }: Outgoing,
  bare: JsonObject,
): Promise<JsonObject> {
  const saying = { action, messageType, protocol, side, payload: encodePayload(bare) }
  return { ...bare, signatures: [await signLegacy(saying, signer, trust.directory.keyOf)] }
}

type Plan = Extract<OutDecision, { readonly outcome: 'send' }>

/** @throws {OverlayError} ERR_POLICY_REFUSED */
function planOf(
  { book }: SecurityOptions['trust'],
  { type, action, to, link }: Omit<Outgoing, 'payload'>,
): Plan {
  const plan = planOutgoing(book.policies, { kind: KINDS[type], action, to, link })
  if (plan.outcome === 'reject') throw new OverlayError('ERR_POLICY_REFUSED', { reason: plan.reason }) // biome-ignore format: one line
  return plan
}

/** A rule for standard peers signs nothing by itself; how their link bears signatures is its setting. */
function formOf(
  { carrier, signatures }: Plan,
  { type, form = 'plain' }: Pick<Outgoing, 'type' | 'form'>,
): Form {
  // A link that knows only the legacy form bears no members of ours, whatever a rule for all links says.
  const isOld = carrier === 'wwcp' || (carrier !== 'signed' && form === 'wwcp' && signatures.length > 0) // biome-ignore format: one line
  if (isOld) return isErrorType(type) ? 'plain' : 'wwcp'
  if (carrier === 'members') return 'top'
  // Towards a standard peer errors are in its own words, which nobody here has signed.
  if (isErrorType(type)) return 'plain'
  if (carrier === 'signed') return 'signed'
  return signatures.length > 0 ? form : 'plain'
}
