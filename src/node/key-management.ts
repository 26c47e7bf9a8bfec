import { isSameId } from '../primitives/ids.ts'
import { stripSignatures } from '../security/carriers.ts'
import { type KeyRecord, keyRecordPayload, readKeyRecord, readRevocationList } from '../security/keys/key-record.ts' // biome-ignore format: one line
import type { SignerFacts } from '../security/policies/facts.ts'
import { lockedOutOf, OWNER } from '../security/policies/rule-book.ts'
import type { JsonObject } from '../wire/payload.ts'
import type { ManagementSite } from './management.ts'
import type { KnownKey, ManagementMessages, Refusal } from './management-messages.ts'
import { MAX_TOLD_CHARACTERS, nowS, ownersOf, refusal, signerOf } from './rule-management.ts'

type Messages = ManagementMessages
const MAX_TOLD = 100

/** Makes a key known, if those have signed its record who have to; then it holds on disk as well. */
export function addKeyRecord(
  site: ManagementSite,
  { keyRecord }: Messages['AddKeyRecord']['request'],
  by: string | undefined,
): Messages['AddKeyRecord']['response'] {
  const record = readKeyRecord(stripSignatures(keyRecord))
  if (typeof record !== 'string' && locksOut(site, (owners) => withRecord(site, owners, record))) {
    return refused(site, by, 'key record', lockOut('record'))
  }
  const added = site.trust.addRecord(keyRecord, by)
  if (added.status === 'refused') return refused(site, by, 'key record', added)
  const { key, owner, roles } = added.record
  site.emit({ name: 'key.added', by: by ?? site.nodeId, kid: key.kid, owner, roles })
  return { status: 'Accepted', kid: key.kid }
}

/** Takes keys back; what they sign from the time on that the list says counts no more. */
export function updateRevocationList(
  site: ManagementSite,
  { revocationList: payload }: Messages['UpdateRevocationList']['request'],
  by: string | undefined,
): Messages['UpdateRevocationList']['response'] {
  const list = readRevocationList(stripSignatures(payload))
  if (typeof list !== 'string') {
    const kids = new Set(list.revoked.map(({ kid }) => kid))
    // Whenever that is to begin: at the end nobody would be left.
    const isLeft = ({ kid }: SignerFacts) => !site.trust.directory.chainOf(kid).some((one) => kids.has(one)) // biome-ignore format: one line
    if (locksOut(site, (owners) => owners.filter(isLeft))) {
      return refused(site, by, 'revocation list', lockOut('list'))
    }
  }
  const revoked = site.trust.revoke(payload, by)
  if (revoked.status === 'refused') return refused(site, by, 'revocation list', revoked)
  const { version, revoked: all } = revoked.list
  site.emit({ name: 'keys.revoked', by: by ?? site.nodeId, version, count: all.length })
  return { status: 'Accepted', version }
}

/** The keys that are known, in the order of their kids, as many as fit into an answer. */
export function keyRecords(
  site: ManagementSite,
  { kid, owner, after }: Messages['GetKeyRecords']['request'],
): Messages['GetKeyRecords']['response'] {
  const { directory } = site.trust
  // Later ones of the same key take the place of older ones.
  const signed = new Map(site.trust.signedRecords().map((payload) => [payload.kid, payload]))
  const wanted = directory
    .records()
    .filter((one) => kid === undefined || one.key.kid === kid)
    .filter((one) => owner === undefined || isSameId(one.owner, owner))
    .filter((one) => after === undefined || one.key.kid > after)
    .sort((a, b) => (a.key.kid < b.key.kid ? -1 : 1))
  const { told, isAll } = pageOf(wanted, (record) => knownKey(site, record, signed.get(record.key.kid))) // biome-ignore format: one line
  const next = isAll ? undefined : told.at(-1)?.kid
  return { keyRecords: told, ...(next !== undefined && { next }) }
}

/** As many of a list, as they are told, as fit into an answer; one at least. */
export function pageOf<T, V>(
  wanted: readonly T[],
  view: (one: T) => V,
): { readonly told: readonly V[]; readonly isAll: boolean } {
  const told: V[] = []
  let room = MAX_TOLD_CHARACTERS
  for (const one of wanted) {
    const known = view(one)
    room -= JSON.stringify(known).length
    if (told.length > 0 && (room < 0 || told.length === MAX_TOLD)) break
    told.push(known)
  }
  return { told, isAll: told.length === wanted.length }
}

/** The newest revocation list, and what it is worth by now. */
export function revocationList(site: ManagementSite): Messages['GetRevocationList']['response'] {
  const { trust } = site
  const list = trust.signedRevocations()
  const state = trust.directory.revocations(nowS(site))
  return { state, ...(list && { revocationList: list }) }
}

function knownKey(
  site: ManagementSite,
  record: KeyRecord,
  signed: JsonObject | undefined,
): KnownKey {
  const { key, usages } = record
  const found = site.trust.directory.find(key.kid, usages[0] ?? 'sign-message', nowS(site))
  const status = (found.status === 'usable' ? 'usable' : found.problem) as KnownKey['status']
  if (signed) return { kid: key.kid, status, keyRecord: signed }
  return { kid: key.kid, status, isAnchor: true, keyRecord: keyRecordPayload(record) }
}

/**
 * Whether nobody could change the rules any more: keys can take that away just as policies can. Where
 * nobody could before either, there is nothing to protect.
 */
function locksOut(
  site: ManagementSite,
  change: (owners: readonly SignerFacts[]) => readonly SignerFacts[],
): boolean {
  const { nodeId, trust } = site
  const context = { nodeId, nowS: nowS(site) }
  const owners = ownersOf(trust.directory, context.nowS)
  const left = change(owners)
  if (left === owners || lockedOutOf(trust.book, owners, context)) return false
  return lockedOutOf(trust.book, left, context) !== undefined
}

/** Owners as they were if a record took the place of the one of its key. */
function withRecord(
  site: ManagementSite,
  owners: readonly SignerFacts[],
  record: KeyRecord,
): readonly SignerFacts[] {
  const { key, roles, usages, notBefore, notAfter } = record
  if (!owners.some(({ kid }) => kid === key.kid)) return owners
  const now = nowS(site)
  const counts = roles.includes(OWNER) && usages.includes('sign-message') && notBefore <= now && now <= notAfter // biome-ignore format: one line
  const others = owners.filter(({ kid }) => kid !== key.kid)
  return counts ? [...others, signerOf(record)] : others
}

function lockOut(what: string) {
  const sentence = `with this ${what} no owner could change the rules any more`
  return { problem: 'locks-out-owners', sentence }
}

/** Tells that something is not believed, and says why. */
export function refused(
  site: ManagementSite,
  by: string | undefined,
  what: string,
  { problem, sentence }: { readonly problem: string; readonly sentence: string },
): Refusal {
  site.emit({ name: 'trust.refused', by: by ?? site.nodeId, what, problem })
  return refusal(problem, sentence)
}
