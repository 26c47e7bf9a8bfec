import type { Logger } from '../node/core.ts'
import type { Node } from '../node/node.ts'
import { signedBy } from '../security/carriers.ts'
import type { RevocationList } from '../security/keys/key-record.ts'
import { nextRevocationList, revocationsIn, signRevocationList } from '../security/keys/revocation-lists.ts' // biome-ignore format: one line
import type { Config } from './config.ts'
import { mayEndorse, type OpenedSecurity } from './config-security.ts'
import { keptCode } from './joining-code.ts'

/** Nobody waits for it: a list holds for a day. */
const LOOK_MS = 600_000
const RENEW_BEFORE_S = 12 * 3_600

/**
 * Signs the revocation list anew, as long as the own key has signed it, before others would ask why
 * nobody has said for a day what was revoked; and the first one, which revokes nothing, where no
 * other key that is known may.
 *
 * @returns What ends that.
 */
export function renewRevocations(
  node: Node,
  opened: OpenedSecurity,
  { config, log }: { readonly config: Config; readonly log: Logger },
): () => void {
  const look = async () => {
    // Whoever is about to be let in by somebody hears of a list there.
    if (keptCode(config)) return
    await renew(node, opened).catch((error: unknown) =>
      log.warn('revocations.not-renewed', { problem: String(error) }),
    )
  }
  void look()
  const timer = setInterval(look, LOOK_MS).unref()
  return () => clearInterval(timer)
}

/** @returns Whether it was time, and was done. */
export async function renew(
  node: Node,
  opened: Pick<OpenedSecurity, 'security'>,
  nowMs = Date.now(),
): Promise<boolean> {
  const { signer, trust } = opened.security
  const nowS = Math.floor(nowMs / 1_000)
  const payload = trust.signedRevocations()
  const list = payload && revocationsIn(payload)
  if (typeof list === 'string') return false
  const isTime = list ? isDue(list, nowS) && signedBy(payload, signer.kid) : isOnlyAdministrator(opened.security) // biome-ignore format: one line
  if (!isTime) return false
  const revocationList = await signRevocationList(nextRevocationList(list, undefined, nowS), signer, nowS) // biome-ignore format: one line
  const answer = node.manage('UpdateRevocationList', { revocationList })
  if (answer.status === 'Rejected') throw new Error(answer.sentence)
  await node.pushTrust()
  return true
}

function isDue({ nextUpdate }: RevocationList, nowS: number): boolean {
  return nextUpdate - nowS <= RENEW_BEFORE_S
}

/** Who alone may sign lists signs the first one. Two would each sign one of their own. */
function isOnlyAdministrator({ signer, trust }: OpenedSecurity['security']): boolean {
  const [only, ...others] = trust.directory.records().filter(mayEndorse)
  return others.length === 0 && only?.key.kid === signer.kid
}
