import { isSameId, type NodeId } from '../primitives/ids.ts'
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

/** Who signed a message that came this way, by keys that counted for messages when they did. */
export function signersOf(
  verdict: Verdict,
  action: string,
  path: readonly NodeId[],
  directory: KeyDirectory,
  nowS: number,
): SignerFacts[] {
  if (verdict.status !== 'verified') return []
  const isOverdue = action !== RENEWAL && directory.revocations(nowS) === 'overdue'
  return verdict.signers.flatMap(({ kid, header }) => {
    // Who has no clock says 0, and is asked to sign a challenge of now.
    const found = directory.find(kid, 'sign-message', header.iat || nowS)
    if (found.status !== 'usable') return []
    const { owner, organisation, roles, key } = found.record
    const counting = isOverdue ? roles.filter((one) => !PRIVILEGED.includes(one)) : roles
    const claimed =
      header.role === undefined ? counting : counting.filter((one) => one === header.role)
    return {
      kid,
      owner,
      roles: claimed,
      algorithm: key.alg,
      ...(organisation !== undefined && { organisation }),
      ...(header.att && {
        att: header.att,
        isEntitled: isEdge(header.att, roles, path, { directory, atS: header.iat || nowS }),
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
  const { owner, organisation, roles, key } = found.record
  return [{ kid, owner, roles, algorithm: key.alg, ...(organisation !== undefined && { organisation }) }] // biome-ignore format: one line
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
