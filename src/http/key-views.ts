import { foldId, type NodeId } from '../primitives/ids.ts'
import { verifyPayload } from '../security/carriers.ts'
import type { KeyDirectory } from '../security/keys/key-directory.ts'
import { KEY_RECORD, type KeyRecord, type Revocation } from '../security/keys/key-record.ts'
import type { JsonObject } from '../wire/payload.ts'
import { noPlace } from './cursors.ts'
import { isAdministrator, momentOf, revocationListOf, type TrustSources } from './trust.ts'
import type { Endorser, KeyPage, KeyView, RevocationsView } from './trust-views.ts'

/** The words of the API for what the directory says. */
const STATUS = new Map<string, KeyView['status']>([
  ['not-valid-yet', 'not-yet'],
  ['no-longer-valid', 'expired'],
  ['revoked', 'revoked'],
])

/**
 * One page of the keys that are known here.
 *
 * @throws {BadRequest} when the one to begin behind is not known.
 */
export function keyPage(
  keys: TrustSources,
  asked: { readonly after?: string; readonly limit: number },
  nowS: number,
): KeyPage {
  const { after, limit } = asked
  const { trust, signer, invitations } = keys
  const records = trust.directory.records().toSorted(inOrder(signer.kid))
  const before = records.findIndex(({ key }) => key.kid === after)
  if (after !== undefined && before < 0) throw noPlace()
  const from = before + 1
  const shown = records.slice(from, from + limit)
  const view = viewer(keys, nowS)
  const [own] = records
  const next = from + limit < records.length ? shown.at(-1)?.key.kid : undefined
  return {
    own: view(own as KeyRecord),
    count: records.length,
    keys: shown.map(view),
    ...(next !== undefined && { next }),
    revocations: revocationsView(keys, nowS),
    mayInvite: invitations !== undefined && isAdministrator(keys, nowS),
    mayRevoke: isAdministrator(keys, nowS),
    grantable: grantable(keys),
  }
}

/** One key; undefined where it is not known here. */
export function keyView(keys: TrustSources, kid: string, nowS: number): KeyView | undefined {
  const record = keys.trust.directory.records().find(({ key }) => key.kid === kid)
  return record && viewer(keys, nowS)(record)
}

export function revocationsView({ trust }: TrustSources, nowS: number): RevocationsView {
  const list = revocationListOf(trust)
  const state = trust.directory.revocations(nowS)
  if (!list) return { state, count: 0 }
  const { version, nextUpdate, revoked } = list
  return { state, version, nextUpdate: momentOf(nextUpdate), count: revoked.length }
}

/** User roles that a key can hold here: those that say what it may ask for, and those of nodes. */
export function grantable({ trust, rolesOf }: TrustSources): readonly string[] {
  const names = trust.rules.active.roles.map(({ name }) => name)
  return [...new Set([...names, ...Object.values(rolesOf).flat()])]
}

function inOrder(ownKid: string) {
  const rank = ({ key, owner }: KeyRecord) => `${key.kid === ownKid ? 0 : 1} ${foldId(owner)} ${key.kid}` // biome-ignore format: one line
  return (a: KeyRecord, b: KeyRecord) => (rank(a) < rank(b) ? -1 : 1)
}

function viewer({ trust, signer }: TrustSources, nowS: number): (record: KeyRecord) => KeyView {
  const { directory } = trust
  // Later ones of the same key take the place of older ones.
  const signed = new Map(trust.signedRecords().map((payload) => [payload.kid, payload]))
  const revoked = new Map(revocationListOf(trust)?.revoked.map((one) => [one.kid, one]))
  return (record) => {
    const {
      key,
      owner,
      organisation,
      usages,
      roles,
      notBefore,
      notAfter,
      replaces,
      delegable,
      delegatedBy,
    } = record
    const found = directory.find(key.kid, usages[0] ?? 'sign-message', nowS)
    const payload = signed.get(key.kid)
    const revocation = revoked.get(key.kid)
    return {
      kid: key.kid,
      owner,
      ...(organisation !== undefined && { organisation }),
      algorithm: key.alg,
      usages,
      roles,
      notBefore: momentOf(notBefore),
      notAfter: momentOf(notAfter),
      ...(replaces !== undefined && { replaces }),
      ...(delegable !== undefined && { delegable }),
      ...(delegatedBy !== undefined && { delegatedBy }),
      status: found.status === 'usable' ? 'usable' : (STATUS.get(found.problem) ?? 'revoked'),
      own: key.kid === signer.kid,
      anchor: payload === undefined,
      endorsers: payload ? endorsersOf(payload, key.kid, directory) : [],
      ...entitlementOf(directory, owner),
      ...(revocation && { revocation: revocationView(revocation) }),
    }
  }
}

function entitlementOf(directory: KeyDirectory, owner: NodeId): Pick<KeyView, 'entitlement'> {
  const known = directory.entitlements.of(owner)
  if (!known) return {}
  const { ids, services, groups, actions, notBefore, notAfter } = known
  return { entitlement: { ids, services, groups, actions, notBefore: momentOf(notBefore), notAfter: momentOf(notAfter) } } // biome-ignore format: one line
}

function revocationView({ since, reason }: Revocation) {
  return { since: momentOf(since), reason }
}

/** What was taken does not change, and to verify it is work. */
const known = new WeakMap<JsonObject, readonly Endorser[]>()

function endorsersOf(
  payload: JsonObject,
  kid: string,
  directory: KeyDirectory,
): readonly Endorser[] {
  const found = known.get(payload)
  if (found) return found
  const verdict = verifyPayload(payload, { expected: { kind: 'data', ctx: KEY_RECORD }, keyOf: directory.keyOf }) // biome-ignore format: one line
  const signers = verdict.status === 'verified' ? verdict.signers : []
  const owners = new Map(directory.records().map(({ key, owner }) => [key.kid as string, owner]))
  const endorsers = signers
    .filter((signer) => signer.kid !== kid)
    .map((signer) => ({ kid: signer.kid, owner: owners.get(signer.kid) ?? '' }))
  known.set(payload, endorsers)
  return endorsers
}
