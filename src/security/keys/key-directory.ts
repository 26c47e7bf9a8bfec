import { OverlayError } from '../../errors.ts'
import { foldId, isSameId } from '../../primitives/ids.ts'
import type { JsonObject } from '../../wire/payload.ts'
import { verifyPayload } from '../carriers.ts'
import { SKEW_S } from '../freshness/freshness.ts'
import { isRsaKey } from '../rsa-key.ts'
import type { KeyLookup } from '../statement.ts'
import type { Verified, VerifiedSigner } from '../verdict.ts'
import { ENTITLEMENT, type Entitlement, Entitlements, readEntitlement } from './entitlement.ts'
import {
  KEY_RECORD,
  type KeyRecord,
  type KeyUsage,
  REVOCATION_LIST,
  type Revocation,
  type RevocationList,
  readKeyRecord,
  readRevocationList,
} from './key-record.ts'

/** Who says which keys count: user roles whose holders may add and revoke others. */
const ADMINISTRATORS: ReadonlySet<string> = new Set(['owner', 'admin'])
/** Who says which keys are those of owners: nobody rises above himself. */
const OWNERS: ReadonlySet<string> = new Set(['owner'])
/** How far ahead a revocation list may name its successor. */
const MAX_UPDATE_S = 24 * 3_600
/** How long privileged roles count on without a new list. */
const GRACE_S = 7 * 24 * 3_600
/** How much a list may be ahead of the one before: otherwise somebody takes all versions there are. */
const MAX_VERSION_STEP = 1_000_000

/** Why a key, a record or a list does not count. Stable: branch on it. */
export type KeyProblem =
  | 'unknown-key'
  | 'usage-not-allowed'
  | 'not-valid-yet'
  | 'no-longer-valid'
  | 'revoked'
  | 'malformed'
  | 'not-signed'
  | 'not-proved'
  | 'not-endorsed'
  | 'known-otherwise'
  | 'old-version'

export type FoundKey =
  | { readonly status: 'usable'; readonly record: KeyRecord }
  | { readonly status: 'unusable'; readonly problem: KeyProblem }

export type Added = { readonly status: 'added'; readonly record: KeyRecord } | Rejected

export type Entitled = { readonly status: 'entitled'; readonly entitlement: Entitlement } | Rejected

export type Revoked = { readonly status: 'revoked'; readonly list: RevocationList } | Rejected

interface Rejected {
  readonly status: 'refused'
  readonly problem: KeyProblem
  /** For people. */
  readonly sentence: string
}

interface Known {
  readonly record: KeyRecord
  /** Seconds since 1970, by whoever signed it; 0 of the configuration. */
  readonly issuedS: number
  /** kid of the key that it replaces, or that handed its roles on, where nobody else has endorsed it. */
  readonly standsOn?: string
}

/**
 * The public keys that are known here, whose they are and what for. A kid selects one, nothing in a
 * message ever supplies one. What is archived is judged as of its time, so nothing is removed.
 *
 * @spec docs/security.md, "Keys"
 */
export class KeyDirectory {
  readonly #records = new Map<string, Known>()
  /** kid by thumbprint of the certificate. */
  readonly #certificates = new Map<string, string>()
  readonly #revoked = new Map<string, Revocation>()
  /** What nodes may do in the name of others. */
  readonly entitlements = new Entitlements((kid, atS) => !this.#isRevoked(kid, atS))
  #list: RevocationList | undefined

  /**
   * @param anchors From the configuration: believed as they stand.
   * @throws {OverlayError} ERR_SIGNATURE_KEY as `addAnchor`.
   */
  constructor(anchors: readonly KeyRecord[] = []) {
    for (const record of anchors) this.addAnchor(record)
  }

  /**
   * Believes a record as it stands: something better than a signature has proved it.
   *
   * @throws {OverlayError} ERR_SIGNATURE_KEY where the key is known for another algorithm, or its
   *   certificate as that of another key: then one of both is wrong, and nobody can say which.
   */
  addAnchor(record: KeyRecord): void {
    const { kid, alg } = record.key
    const known = this.#records.get(kid)?.record.key.alg ?? alg
    if (known !== alg) throw unusableKey(`${kid} is known for ${known}, and a key has one algorithm; remove one of both records`) // biome-ignore format: one line
    const other = this.#otherWithCertificateOf(record)
    if (other) throw unusableKey(`the certificate of ${kid} is known as that of ${other}; remove one of both records`) // biome-ignore format: one line
    this.#put({ record, issuedS: 0 })
  }

  #put(known: Known): void {
    const { key, 'x5t#S256': certificate } = known.record
    const before = this.#records.get(key.kid)?.record['x5t#S256']
    if (before !== undefined) this.#certificates.delete(before)
    this.#records.set(key.kid, known)
    if (certificate !== undefined) this.#certificates.set(certificate, key.kid)
  }

  /** kid of another key that is known by the same certificate. */
  #otherWithCertificateOf({ key, 'x5t#S256': certificate }: KeyRecord): string | undefined {
    const kid = certificate === undefined ? undefined : this.#certificates.get(certificate)
    return kid === key.kid ? undefined : kid
  }

  /** For verifying: any key that is known, whatever it may do. */
  readonly keyOf: KeyLookup = Object.assign((kid: string) => this.#records.get(kid)?.record.key, {
    certificates: {
      keyOf: (thumbprint: string) => this.#records.get(this.#certificates.get(thumbprint) ?? '')?.record.key, // biome-ignore format: one line
      of: (kid: string) => this.#records.get(kid)?.record['x5t#S256'],
    },
  })

  records(): readonly KeyRecord[] {
    return [...this.#records.values()].map(({ record }) => record)
  }

  /**
   * Whether a key could be used so at a time.
   *
   * @param atS Seconds since 1970: of what was signed, not of now.
   * @param revokedS As of when revocations count. Whoever signs says himself when that was, and a
   *   thief says whatever helps.
   */
  find(kid: string, usage: KeyUsage, atS: number, revokedS = atS): FoundKey {
    const { record } = this.#records.get(kid) ?? {}
    if (!record) return unusable('unknown-key')
    if (!record.usages.includes(usage)) return unusable('usage-not-allowed')
    if (atS < record.notBefore) return unusable('not-valid-yet')
    if (atS > record.notAfter) return unusable('no-longer-valid')
    if (this.#isRevoked(kid, revokedS)) return unusable('revoked')
    if (!this.#isStillDelegated(record, atS)) return unusable('not-endorsed')
    return { status: 'usable', record }
  }

  /**
   * Takes a signed key record: signed by its own key, which proves that its owner has it, and
   * endorsed by an administrator, or by the key that it replaces.
   *
   * @param nowS Seconds since 1970.
   */
  add(payload: JsonObject, nowS: number): Added {
    const candidate = recordIn(payload)
    if (typeof candidate === 'string') return refused('malformed', candidate)
    // It signs nothing of our form, so it cannot show that its owner has it.
    if (isRsaKey(candidate.key)) return refused('not-proved', 'a key of RSA cannot sign its own record; enter it at each node that is to believe it: wattweave keys trust FILE RECORD') // biome-ignore format: one line
    const { kid } = candidate.key
    const keyOf: KeyLookup = (wanted) => (wanted === kid ? candidate.key : this.keyOf(wanted))
    const verdict = verifyPayload(payload, { expected: { kind: 'data', ctx: KEY_RECORD }, keyOf })
    if (verdict.status !== 'verified') return refused('not-signed', verdict.sentence)
    const others = verdict.signers.filter((signer) => signer.kid !== kid)
    if (others.length === verdict.signers.length) {
      return refused('not-proved', 'its own key has not signed it')
    }
    const issuedS = verdict.signers[0].header.iat
    if (issuedS > nowS + SKEW_S) return refused('not-valid-yet', 'it is dated in the future')
    const known = this.#records.get(kid)
    if (known && !isSameId(candidate.owner, known.record.owner)) {
      return refused('known-otherwise', `this key is known as one of ${known.record.owner}`)
    }
    // What was taken back is not given again by repeating what was said before.
    if (known && issuedS < known.issuedS) return refused('old-version', 'a newer record of this key is known') // biome-ignore format: one line
    if (this.#revoked.has(kid)) return refused('revoked', 'this key was revoked')
    const isOwners = [candidate, known?.record].some((one) => one?.roles.includes('owner'))
    const isByOthers = this.isByAdministrator(others, nowS, isOwners ? OWNERS : ADMINISTRATORS)
    const isEndorsed = isByOthers || this.#isByPredecessor(candidate, others, nowS) || this.#isByDelegator(candidate, others, nowS) // biome-ignore format: one line
    if (!isEndorsed) {
      return refused('not-endorsed', 'neither an administrator nor the key it replaces or has its roles from has signed it, or they may not give these rights') // biome-ignore format: one line
    }
    if (candidate['x5t#S256'] !== undefined && !isByOthers) return refused('not-endorsed', 'whose a certificate is says an administrator, and none has signed it') // biome-ignore format: one line
    const other = this.#otherWithCertificateOf(candidate)
    if (other) return refused('known-otherwise', `its certificate is known as that of the key ${other}`) // biome-ignore format: one line
    const standsOn = isByOthers ? undefined : (candidate.delegatedBy ?? candidate.replaces)
    // Signatures stand beside each other: whoever leaves one out must not make the record weaker.
    if (standsOn !== undefined && known?.issuedS === issuedS && known.standsOn === undefined) return refused('old-version', 'it is known with more signatures') // biome-ignore format: one line
    this.#put({ record: candidate, issuedS, ...(standsOn !== undefined && { standsOn }) })
    return { status: 'added', record: candidate }
  }

  /**
   * Takes a signed revocation list that is newer than the one known, and holds all that was revoked.
   *
   * @param isKept It was taken before, and by whom it was judged then.
   */
  revoke(payload: JsonObject, nowS: number, isKept = false): Revoked {
    const verdict = verifyPayload(payload, {
      expected: { kind: 'data', ctx: REVOCATION_LIST },
      keyOf: this.keyOf,
    })
    if (verdict.status !== 'verified') return refused('not-signed', verdict.sentence)
    if (!isKept && !this.isByAdministrator(verdict.signers, nowS)) return refused('not-endorsed', 'no administrator has signed it') // biome-ignore format: one line
    const list = readRevocationList(verdict.payload ?? {})
    if (typeof list === 'string') return refused('malformed', list)
    const problem = this.#problemOf(list, verdict) ?? (isKept ? undefined : this.#untimely(list, verdict, nowS)) // biome-ignore format: one line
    if (problem) return problem
    this.#list = list
    this.#revoked.clear()
    for (const revocation of list.revoked) this.#revoked.set(revocation.kid, revocation)
    return { status: 'revoked', list }
  }

  /**
   * Takes a signed entitlement of an administrator.
   *
   * @param isKept It was taken before, and by whom it was judged then.
   */
  entitle(payload: JsonObject, nowS: number, isKept = false): Entitled {
    const verdict = verifyPayload(payload, { expected: { kind: 'data', ctx: ENTITLEMENT }, keyOf: this.keyOf }) // biome-ignore format: one line
    if (verdict.status !== 'verified') return refused('not-signed', verdict.sentence)
    if (!isKept && !this.isByAdministrator(verdict.signers, nowS)) return refused('not-endorsed', 'no administrator has signed it') // biome-ignore format: one line
    const entitlement = readEntitlement(verdict.payload ?? {})
    if (typeof entitlement === 'string') return refused('malformed', entitlement)
    const { iat, id } = verdict.signers[0].header
    if (!isKept && iat > nowS + SKEW_S) return refused('not-valid-yet', 'it is dated in the future')
    const isNewest = this.entitlements.set(entitlement, { issuedS: iat, id, kids: verdict.signers.map(({ kid }) => kid) }) // biome-ignore format: one line
    return isNewest ? { status: 'entitled', entitlement } : refused('old-version', `another entitlement of ${entitlement.node} is known, which is as late or later`) // biome-ignore format: one line
  }

  /**
   * The key itself and those that it stands on: it counts as long as all of them do. A thief could
   * otherwise hand the rights of a stolen key on before that is revoked.
   */
  chainOf(kid: string): readonly string[] {
    const chain: string[] = []
    for (let at: string | undefined = kid; at !== undefined && !chain.includes(at); at = this.#records.get(at)?.standsOn) chain.push(at) // biome-ignore format: one line
    return chain
  }

  /** What the newest revocation list is worth; `overdue`: privileged roles do not count any more. */
  revocations(nowS: number): 'none' | 'current' | 'stale' | 'overdue' {
    if (!this.#list) return 'none'
    const { nextUpdate } = this.#list
    if (nowS <= nextUpdate) return 'current'
    return nowS <= nextUpdate + GRACE_S ? 'stale' : 'overdue'
  }

  #isRevoked(kid: string, atS: number): boolean {
    if (this.#revoked.size === 0) return false
    return this.chainOf(kid).some((one) => {
      const revocation = this.#revoked.get(one)
      return revocation !== undefined && atS >= revocation.since
    })
  }

  /** What is dated ahead, or for a time that is over, would be overdue at once, or forever the newest. */
  #untimely(list: RevocationList, { signers }: Verified, nowS: number): Rejected | undefined {
    const [{ header }] = signers
    if (header.iat > nowS + SKEW_S) return refused('not-valid-yet', 'it is dated in the future')
    if (list.nextUpdate <= nowS) return refused('no-longer-valid', 'its nextUpdate has passed; sign a new one') // biome-ignore format: one line
    const known = this.#list?.version ?? 0
    if (list.version > known + MAX_VERSION_STEP) return refused('malformed', `version ${list.version} is more than ${MAX_VERSION_STEP} after ${known}`) // biome-ignore format: one line
    return undefined
  }

  #problemOf(list: RevocationList, { signers }: Verified): Rejected | undefined {
    const [{ header }] = signers
    if (list.nextUpdate > header.iat + MAX_UPDATE_S) {
      return refused('malformed', 'nextUpdate is more than a day ahead')
    }
    if (!this.#list) return undefined
    if (list.version <= this.#list.version) {
      return refused('old-version', `version ${list.version} is not newer than ${this.#list.version}`) // biome-ignore format: one line
    }
    const kept = new Map(list.revoked.map(({ kid, since }) => [kid, since]))
    const lost = this.#list.revoked.find(({ kid, since }) => (kept.get(kid) ?? Number.POSITIVE_INFINITY) > since) // biome-ignore format: one line
    return lost && refused('malformed', `${lost.kid} was revoked, and would count again`)
  }

  /** Whether one of those who may say which keys count has signed something. */
  isByAdministrator(
    signers: readonly VerifiedSigner[],
    nowS: number,
    roles = ADMINISTRATORS,
  ): boolean {
    return signers.some(({ kid }) => {
      const found = this.find(kid, 'sign-policy', nowS)
      return found.status === 'usable' && found.record.roles.some((role) => roles.has(role)) // biome-ignore format: one line
    })
  }

  /** A key hands on what it may do itself to its successor, and nothing more. */
  #isByPredecessor(
    candidate: KeyRecord,
    signers: readonly VerifiedSigner[],
    nowS: number,
  ): boolean {
    const { replaces } = candidate
    if (replaces === undefined || !signers.some(({ kid }) => kid === replaces)) return false
    const found = this.#records.get(replaces)?.record
    const isUsable = found?.usages.some((usage) => this.find(replaces, usage, nowS).status === 'usable') // biome-ignore format: one line
    return found !== undefined && isUsable === true && isWithin(candidate, found)
  }

  /** A key hands roles on that it may, to keys under its own name and for no longer than it counts. */
  #isByDelegator(candidate: KeyRecord, signers: readonly VerifiedSigner[], nowS: number): boolean {
    const { delegatedBy, notBefore } = candidate
    if (delegatedBy === undefined || !signers.some(({ kid }) => kid === delegatedBy)) return false
    const found = this.find(delegatedBy, 'sign-data', nowS)
    return found.status === 'usable' && notBefore >= found.record.notBefore && mayDelegate(found.record, candidate) // biome-ignore format: one line
  }

  /** Whoever may hand nothing on any more has not done so either. */
  #isStillDelegated({ key, delegatedBy }: KeyRecord, atS: number): boolean {
    const known = this.#records.get(key.kid)
    if (delegatedBy === undefined || known?.standsOn === undefined) return true
    const delegator = this.#records.get(delegatedBy)?.record
    return delegator !== undefined && atS <= delegator.notAfter && mayDelegate(delegator, known.record) // biome-ignore format: one line
  }
}

function recordIn(payload: JsonObject): KeyRecord | string {
  const { signatures: _, ...rest } = payload
  return readKeyRecord(rest)
}

/** The same owner, and no right that the other one has not. */
function isWithin(record: KeyRecord, other: KeyRecord): boolean {
  return (
    isSameId(record.owner, other.owner) &&
    record.organisation === other.organisation &&
    // What was handed on for a while does not go on by itself.
    other.delegatedBy === undefined &&
    (record.delegable ?? []).every((role) => other.delegable?.includes(role)) &&
    record.usages.every((usage) => other.usages.includes(usage)) &&
    record.roles.every((role) => other.roles.includes(role))
  )
}

/** Names under its own: nobody else is spoken for. Of usages only what messages need. */
function mayDelegate(delegator: KeyRecord, { owner, usages, roles, notAfter }: KeyRecord): boolean {
  const { delegable = [] } = delegator
  return (
    foldId(owner).startsWith(`${foldId(delegator.owner)}.`) &&
    notAfter <= delegator.notAfter &&
    usages.every((usage) => usage === 'sign-message' || usage === 'sign-data') &&
    roles.every((role) => delegable.includes(role))
  )
}

function unusableKey(problem: string): OverlayError {
  return new OverlayError('ERR_SIGNATURE_KEY', { problem })
}

function unusable(problem: KeyProblem): FoundKey {
  return { status: 'unusable', problem }
}

function refused(problem: KeyProblem, sentence: string): Rejected {
  return { status: 'refused', problem, sentence }
}
