import { OverlayError, type RemoteError } from '../errors.ts'
import { delay } from '../primitives/clock.ts'
import type { NodeId } from '../primitives/ids.ts'
import { type Randomness, systemRandomness } from '../primitives/randomness.ts'
import { encodeBase64url } from '../security/base64url.ts'
import { coSign, signData } from '../security/data-statement.ts'
import {
  answerDigest,
  type CommissioningCode,
  commissioningMac,
  type InvitedFor,
  isMac,
  operatorPart,
  readCandidate,
  usagesOf,
} from '../security/keys/commissioning.ts'
import { ENTITLEMENT, entitlementPayload } from '../security/keys/entitlement.ts'
import type { Added, Entitled, Revoked } from '../security/keys/key-directory.ts'
import { KEY_RECORD, type KeyRecord, keyRecordPayload, readKeyRecord } from '../security/keys/key-record.ts' // biome-ignore format: one line
import type { Signer } from '../security/signer.ts'
import { encodePayload, type JsonObject, jsonText, parsePayload } from '../wire/payload.ts'
import { ask, remoteError } from './asking.ts'
import type { Core } from './core.ts'

export const COMMISSION_NODE = 'CommissionNode'

/** Somebody who may become part of the overlay, once and for a while. */
export interface Invitation extends InvitedFor {
  /** Stations that it may vouch for, with *; undefined: nobody has said. */
  readonly ids?: readonly string[]
  readonly secret: Uint8Array
}

export interface Invitations {
  /** Those that are still good for a name. */
  of(owner: NodeId): readonly Invitation[]
  /** Uses one up; the same key may come back for an answer that was lost. */
  use(invitation: Invitation, kid: string): 'used' | 'used-by-another'
}

/** What both sides of a commissioning keep. */
export interface KnownKeys {
  addRecord(payload: JsonObject): Added
  entitle(payload: JsonObject): Entitled
  addAnchor(record: KeyRecord): void
  revoke(payload: JsonObject): Revoked
  signedRecords(): readonly JsonObject[]
  signedRevocations(): JsonObject | undefined
}

/** Lets new nodes in, in the name of an operator. */
export interface Commissioner {
  /** A key that may endorse others (user role owner or admin, usage sign-policy). */
  readonly signer: Signer
  readonly record: KeyRecord
  readonly keys: KnownKeys
  readonly invitations: Invitations
  /** Tells other nodes whom to believe from now on; resolves when all were tried. */
  announce?(newcomer: NodeId): Promise<unknown>
}

const MAX_OTHERS = 256
const ANNOUNCE_MS = 2_000
const NONCE_BYTES = 16
const TIMEOUT_MS = 30_000

/**
 * Answers a node that shows a code: nothing of it is signed by a key that is known here, so the code
 * is all that counts.
 *
 * @throws {OverlayError} ERR_COMMISSIONING with what is wrong.
 */
export async function commission(
  node: Core,
  commissioner: Commissioner,
  request: JsonObject,
): Promise<JsonObject> {
  const { signer, record: operator, keys, invitations } = commissioner
  const { keyRecord, nonce, mac } = request as { keyRecord: JsonObject; nonce: string; mac: string }
  const { owner, kid } = keyRecord
  // One sentence for all of these: whoever guesses learns neither names nor codes.
  const invitation = typeof owner === 'string' && typeof kid === 'string' ? invitations.of(owner as NodeId).find(({ secret }) => isMac(mac, secret, { by: 'node', owner: owner as NodeId, kid, operator: operatorPart(signer.kid), nonce })) : undefined // biome-ignore format: one line
  if (!invitation) throw refusal('this code is not good for this node here: it is wrong, of another name, used or older than a day') // biome-ignore format: one line
  const candidate = readCandidate(keyRecord, invitation)
  // Whoever knows the code may know what it is for, and signs that.
  if (typeof candidate === 'string') throw refusal(candidate, givenTo(invitation))
  const { key } = candidate
  if (invitations.use(invitation, key.kid) !== 'used') throw refusal('this code was used by another key') // biome-ignore format: one line
  const endorsed = await coSign(keyRecord, signer)
  const added = endorsed && keys.addRecord(endorsed)
  if (!endorsed || added?.status !== 'added') throw refusal(added?.status === 'refused' ? added.sentence : 'its record is not signed') // biome-ignore format: one line
  node.emit({ name: 'node.commissioned', id: invitation.owner, kid: key.kid })
  if (invitation.ids) await entitle(node, commissioner, candidate, invitation.ids)
  await announced(node, commissioner, invitation.owner)
  const others = keys
    .signedRecords()
    .filter((one) => one.kid !== key.kid)
    .slice(-MAX_OTHERS)
  const revocationList = keys.signedRevocations()
  const answer: JsonObject = { operator: keyRecordPayload(operator), keyRecord: endorsed, others, ...(revocationList && { revocationList }) } as unknown as JsonObject // biome-ignore format: one line
  const said = { by: 'operator', owner: invitation.owner, kid: key.kid, operatorKid: signer.kid, nonce, digest: answerDigest(answer) } as const // biome-ignore format: one line
  return { ...answer, mac: commissioningMac(invitation.secret, said) }
}

/** What the record of a newcomer has to say. */
function givenTo({ roles, delegable, organisation, notAfter }: Invitation): object {
  return {
    roles,
    ...(delegable && { delegable }),
    ...(organisation !== undefined && { organisation }),
    ...(notAfter !== undefined && { notAfter }),
  }
}

/** For whom the newcomer vouches, said as an administrator says it later. */
async function entitle(
  node: Core,
  { signer, keys }: Commissioner,
  { owner, notAfter }: KeyRecord,
  ids: readonly string[],
): Promise<void> {
  const nowS = Math.floor(node.clock.now() / 1_000)
  const whole = {
    node: owner,
    ids,
    services: [],
    groups: [],
    actions: [],
    notBefore: nowS,
    notAfter,
  }
  const payload = await signData(entitlementPayload(whole), ENTITLEMENT, [signer], { nowS, random: systemRandomness }) // biome-ignore format: one line
  const done = keys.entitle(payload)
  if (done.status !== 'entitled') throw refusal(done.sentence)
  node.emit({ name: 'node.entitled', by: node.id, id: owner })
}

/** What a newcomer says first may be for a node on the way; for one that is away it does not wait. */
async function announced(node: Core, commissioner: Commissioner, newcomer: NodeId): Promise<void> {
  const patience = new AbortController()
  const all = commissioner.announce?.(newcomer).finally(() => patience.abort())
  if (all) await delay(node.clock, ANNOUNCE_MS, patience.signal).catch(() => {})
}

/** What a new node brings. */
export interface Joining {
  readonly code: CommissioningCode
  readonly signer: Signer
  readonly record: KeyRecord
  readonly keys: KnownKeys
  /** Who commissions, e.g. `CSMS`. */
  readonly at: NodeId
  readonly random: Randomness
}

/** Whose key is believed from then on, and the own record as the operator has signed it. */
export interface Joined {
  readonly operator: KeyRecord
  readonly own: KeyRecord
}

/**
 * Shows the code to the operator, and from then on believes the key that answered with it. What the
 * own key is for says the operator: a record that says something else is signed anew, once.
 *
 * @throws {RemoteError} it was refused, with the reason.
 * @throws {OverlayError} ERR_COMMISSIONING when whoever answered does not know the code.
 */
export async function join(node: Core, joining: Joining): Promise<Joined> {
  const { record, keys } = joining
  const first = await show(node, joining, record)
  const given = givenBy(first.error)
  const { delegable: _, organisation: __, ...plain } = record
  const own = given ? { ...plain, ...given, usages: usagesOf(given.roles) } : record
  const { answer, error, said } = given ? await show(node, joining, own) : first
  if (error) throw error
  const operator = operatorIn(joining, answer, said)
  keys.addAnchor(operator)
  const { others = [], revocationList } = answer as { others?: JsonObject[]; revocationList?: JsonObject } // biome-ignore format: one line
  for (const one of [answer.keyRecord as JsonObject, ...others]) keys.addRecord(one)
  if (revocationList) keys.revoke(revocationList)
  node.emit({ name: 'node.joined', operator: operator.owner, kid: operator.key.kid })
  return { operator, own }
}

/** What was shown, and what came back. */
interface Shown {
  readonly answer: JsonObject
  readonly error?: RemoteError
  readonly said: { readonly owner: NodeId; readonly kid: string; readonly nonce: string }
}

async function show(
  node: Core,
  { code, signer, at, random }: Joining,
  record: KeyRecord,
): Promise<Shown> {
  const nonce = encodeBase64url(random(NONCE_BYTES))
  const said = { owner: record.owner, kid: record.key.kid, nonce }
  const nowS = Math.floor(node.clock.now() / 1_000)
  const keyRecord = await signData(keyRecordPayload(record), KEY_RECORD, [signer], { nowS, random })
  const mac = commissioningMac(code.secret, { by: 'node', ...said, operator: code.operator })
  const payload = encodePayload({ keyRecord, nonce, mac } as unknown as JsonObject)
  const { frame } = await ask(node, [at], { action: COMMISSION_NODE, payload, encoding: 'text' }, TIMEOUT_MS) // biome-ignore format: one line
  if (frame.type === 4) return { answer: {}, error: remoteError(frame), said }
  return { answer: parsePayload(frame.payload) as JsonObject, said }
}

/** What the invitation is for. Anybody on the way can write this, and the operator decides. */
function givenBy(error: RemoteError | undefined): Omit<InvitedFor, 'owner'> | undefined {
  const told = (error?.errorDetails ?? {}) as Record<string, unknown>
  const { roles, delegable, organisation, notAfter } = told
  const isNames = (list: unknown): list is string[] => Array.isArray(list) && list.every((one) => typeof one === 'string') // biome-ignore format: one line
  if (!isNames(roles)) return undefined
  return {
    roles,
    ...(isNames(delegable) && { delegable }),
    ...(typeof organisation === 'string' && { organisation }),
    ...(typeof notAfter === 'number' && { notAfter }),
  }
}

/** @throws {OverlayError} ERR_COMMISSIONING */
function operatorIn({ code }: Joining, answer: JsonObject, said: Shown['said']): KeyRecord {
  const operator = readKeyRecord((answer.operator ?? {}) as JsonObject)
  if (typeof operator === 'string') throw refusal(`the answer names no operator: ${operator}`)
  const { kid: operatorKid } = operator.key
  const claimed = { by: 'operator', ...said, operatorKid, digest: answerDigest(answer) } as const
  const isOperator = operatorPart(operatorKid) === code.operator
  if (!isOperator || !isMac(jsonText(answer.mac), code.secret, claimed)) throw refusal('whoever answered does not know the code: somebody between here and the operator may lie') // biome-ignore format: one line
  return operator
}

function refusal(problem: string, more: object = {}): OverlayError {
  return new OverlayError('ERR_COMMISSIONING', { problem, ...more })
}
