import { isSameId, type NodeId } from '../primitives/ids.ts'
import { SKEW_S } from '../security/freshness/freshness.ts'
import type { Attestation } from '../security/header.ts'
import type { KeyDirectory } from '../security/keys/key-directory.ts'
import type { PeerKind, SignerFacts } from '../security/policies/facts.ts'
import type { Verdict } from '../security/verdict.ts'

/** Those who say whose keys and which rules count; not while nobody has said for a week what was revoked. */
const PRIVILEGED: readonly string[] = ['owner', 'admin']
/** What ends that. */
const RENEWAL = 'UpdateRevocationList'
/** The user role of keys that vouch for the standard peers at their node. */
export const EDGE = 'edge'

/** How a message came. */
export interface CameHow {
  readonly action: string
  readonly path: readonly NodeId[]
  /** It may have been held on its way, so its keys count as of when it was signed, if nobody has taken them back since. */
  readonly isStored: boolean
  readonly nowS: number
}

/**
 * Who signed a message that came this way, by keys that count for messages: now, give or take what
 * clocks may be apart. When it was signed its signer says himself, and so does whoever has stolen a
 * key that has come to its end.
 */
export function signersOf(
  verdict: Verdict,
  { action, path, isStored, nowS }: CameHow,
  directory: KeyDirectory,
): SignerFacts[] {
  if (verdict.status !== 'verified') return []
  const isOverdue = action !== RENEWAL && directory.revocations(nowS) === 'overdue'
  return verdict.signers.flatMap(({ kid, header }) => {
    // Who has no clock says 0, and is asked to sign a challenge of now.
    const signedS = header.iat || nowS
    const aboutNowS = Math.min(Math.max(signedS, nowS - SKEW_S), nowS + SKEW_S)
    const found = directory.find(kid, 'sign-message', isStored ? signedS : aboutNowS, aboutNowS)
    if (found.status !== 'usable') return []
    const { owner, organisation, chain, roles, key } = found.record
    const counting = isOverdue ? roles.filter((one) => !PRIVILEGED.includes(one)) : roles
    const claimed =
      header.role === undefined ? counting : counting.filter((one) => one === header.role)
    return {
      kid,
      owner,
      roles: claimed,
      algorithm: key.alg,
      ...(organisation !== undefined && { organisation }),
      ...(chain !== undefined && { chain }),
      ...(header.att && {
        att: header.att,
        isEntitled: isEdge(header.att, roles, path, { directory, atS: aboutNowS }),
      }),
    }
  })
}

/** Who signed a message of another make; when, nobody knows, so its key has to count now. */
export function foreignSignersOf(
  kid: string | undefined,
  directory: KeyDirectory,
  nowS: number,
): SignerFacts[] {
  if (kid === undefined) return []
  const found = directory.find(kid, 'sign-message', nowS)
  if (found.status !== 'usable') return []
  const { owner, organisation, chain, roles, key } = found.record
  return [{ kid, owner, roles, algorithm: key.alg, ...(organisation !== undefined && { organisation }), ...(chain !== undefined && { chain }) }] // biome-ignore format: one line
}

/** Whether an attestation is by the first node on the path, and that one is entitled to vouch. */
function isEdge(
  { by }: Attestation,
  roles: readonly string[],
  [from, first]: readonly NodeId[],
  { directory, atS }: { readonly directory: KeyDirectory; readonly atS: number },
): boolean {
  if (!roles.includes(EDGE) || from === undefined || first === undefined) return false
  return (
    isSameId(by as NodeId, first) && directory.entitlements.mayVouch(first, from, atS) !== false
  )
}

/**
 * What somebody is, also below the node that knows it: announcements go upwards only, so a node that
 * has heard of no station goes by the edge that vouches for it. An id that has a key is a node's, and signs.
 *
 * @param known By the records of this node.
 */
export function vouchedOrigin(
  known: PeerKind,
  from: NodeId,
  signers: readonly SignerFacts[],
  directory: KeyDirectory,
): PeerKind {
  const isVouched = signers.some(({ att, isEntitled }) => att !== undefined && isEntitled)
  if (known !== 'node' || !isVouched) return known
  return directory.records().some(({ owner }) => isSameId(owner, from)) ? known : 'station'
}
