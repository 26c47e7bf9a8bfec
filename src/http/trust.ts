import { OverlayError } from '../errors.ts'
import type { Node } from '../node/node.ts'
import { systemClock } from '../primitives/clock.ts'
import type { KeyRecord, RevocationList } from '../security/keys/key-record.ts'
import { revocationsIn } from '../security/keys/revocation-lists.ts'
import type { Signer } from '../security/signer.ts'
import type { InvitationFiles } from '../storage/invitations.ts'
import type { TrustStore } from '../storage/trust-store.ts'
import type { ViewSources } from './overview.ts'
import { RequestProblem } from './problems.ts'
import type { TrustState } from './trust-views.ts'

/** What a node signs with, believes and obeys. */
export interface TrustSources {
  /** Of the node's own key. */
  readonly signer: Signer
  readonly trust: TrustStore
  /** Undefined where the own key may let nobody in. */
  readonly invitations?: InvitationFiles | undefined
  /** The user roles that the key of a node of each kind is given. */
  readonly rolesOf: Readonly<Record<string, readonly string[]>>
}

/** @throws {RequestProblem} 404 where this node signs nothing. */
export function trustOf({ keys }: Pick<ViewSources, 'keys'>): TrustSources {
  if (keys) return keys
  throw new RequestProblem(404, 'this node signs nothing and obeys whatever comes: take `insecure` out of `security` in its YAML file and start it again') // biome-ignore format: one line
}

/** Whether keys and rules want somebody's attention. */
export function trustState(
  { signer, trust }: TrustSources,
  { clocks, quarantine }: Pick<Node, 'clocks' | 'quarantine'>,
  nowMs: number,
): TrustState | undefined {
  const own = trust.directory.records().find(({ key }) => key.kid === signer.kid)
  if (!own) return undefined
  const { trial } = trust.rules
  const nowS = Math.floor(nowMs / 1_000)
  return {
    ownKeyEndsAt: momentOf(own.notAfter),
    revocations: trust.directory.revocations(nowS),
    ...(lacksRevocations({ signer, trust }, nowS) && { lacksRevocations: true }),
    ...(trial && { trialEndsAt: momentOf(trial.untilS) }),
    held: quarantine.size,
    clocks: clocks.slice(0, MAX_CLOCKS).map(({ peer, offsetS, at }) => ({ id: peer, offsetS, at: new Date(at).toISOString() })), // biome-ignore format: one line
  }
}

const MAX_CLOCKS = 50
const DAY_S = 24 * 3_600

/**
 * Whether this node should have heard a revocation list by now and has not: its key has counted for a
 * day, and it knows one that may sign lists.
 */
export function lacksRevocations(
  { signer, trust: { directory } }: Pick<TrustSources, 'signer' | 'trust'>,
  nowS: number,
): boolean {
  if (directory.revocations(nowS) !== 'none') return false
  const records = directory.records()
  const own = records.find(({ key }) => key.kid === signer.kid)
  return own !== undefined && nowS > own.notBefore + DAY_S && records.some(mayRevoke)
}

function mayRevoke({ usages, roles }: KeyRecord): boolean {
  return usages.includes('sign-policy') && (roles.includes('owner') || roles.includes('admin'))
}

/** The newest revocation list; undefined where nothing was ever revoked. */
export function revocationListOf(trust: TrustStore): RevocationList | undefined {
  const payload = trust.signedRevocations()
  const list = payload && revocationsIn(payload)
  return typeof list === 'object' ? list : undefined
}

/** Whose keys may say which keys count: user roles, as those who take such statements judge it. */
export function isAdministrator({ signer, trust }: TrustSources, atS: number): boolean {
  const found = trust.directory.find(signer.kid, 'sign-policy', atS)
  const roles = found.status === 'usable' ? found.record.roles : []
  return roles.includes('owner') || roles.includes('admin')
}

/** What became of a wish; 409 with the sentence where it was not done. */
export function accepted<A extends { readonly status: string }>(
  answer: A,
): Exclude<A, { readonly status: 'Rejected' }> {
  if (answer.status !== 'Rejected') return answer as Exclude<A, { readonly status: 'Rejected' }>
  const { sentence } = answer as unknown as { readonly sentence: string }
  throw new RequestProblem(409, sentence)
}

/** @throws {RequestProblem} 409 where the holder of the key does not sign. */
export async function signed<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof OverlayError && error.code === 'ERR_SIGNATURE_FAILED') throw new RequestProblem(409, error.message) // biome-ignore format: one line
    throw error
  }
}

export function secondsNow({ clock = systemClock }: Pick<ViewSources, 'clock'>): number {
  return Math.floor(clock.now() / 1_000)
}

/** Seconds since 1970 as RFC 3339; whoever says more than a date can hold means never. */
export function momentOf(seconds: number): string {
  return new Date(Math.min(seconds * 1_000, LAST_MS)).toISOString()
}

const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59)
