import type { Logger } from '../node/core.ts'
import type { Node } from '../node/node.ts'
import { signedBy } from '../security/carriers.ts'
import { nextRevocationList, revocationsIn, signRevocationList } from '../security/keys/revocation-lists.ts' // biome-ignore format: one line
import type { OpenedSecurity } from './config-security.ts'

/** Nobody waits for it: a list holds for a day. */
const LOOK_MS = 600_000
const RENEW_BEFORE_S = 12 * 3_600

/**
 * Signs the revocation list anew, as long as the own key has signed it, before others would ask why
 * nobody has said for a day what was revoked.
 *
 * @returns What ends that.
 */
export function renewRevocations(node: Node, opened: OpenedSecurity, log: Logger): () => void {
  const look = () =>
    renew(node, opened).catch((error: unknown) =>
      log.warn('revocations.not-renewed', { problem: String(error) }),
    )
  void look()
  const timer = setInterval(look, LOOK_MS).unref()
  return () => clearInterval(timer)
}

/** @returns Whether it was time, and was done. */
export async function renew(
  node: Node,
  { security }: OpenedSecurity,
  nowMs = Date.now(),
): Promise<boolean> {
  const { signer, trust } = security
  const payload = trust.signedRevocations()
  const list = payload && revocationsIn(payload)
  if (!list || typeof list === 'string' || !signedBy(payload, signer.kid)) return false
  const nowS = Math.floor(nowMs / 1_000)
  if (list.nextUpdate - nowS > RENEW_BEFORE_S) return false
  const revocationList = await signRevocationList(nextRevocationList(list, undefined, nowS), signer, nowS) // biome-ignore format: one line
  const answer = node.manage('UpdateRevocationList', { revocationList })
  if (answer.status === 'Rejected') throw new Error(answer.sentence)
  await node.pushTrust()
  return true
}
