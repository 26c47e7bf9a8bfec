/**
 * Whether a message is of now and was not obeyed before, by the time and the memory of this node.
 *
 * @spec docs/security.md, "Freshness"
 */
import { OverlayError } from '../errors.ts'
import { actionRow } from '../messages/actions.ts'
import { Challenges } from '../security/freshness/challenges.ts'
import { FreshnessGate, type StaleReason, untimelyBy } from '../security/freshness/freshness.ts' // biome-ignore format: one line
import { SeenMessages } from '../security/freshness/seen-messages.ts'
import type { MessageFields } from '../security/header.ts'
import type { Fresh } from './held-back.ts'
import type { Incoming } from './incoming.ts'
import type { JudgedTime } from './judged-time.ts'
import type { GateSite } from './security-gate.ts'

export class MessageFreshness {
  readonly #time: JudgedTime
  readonly #freshness: FreshnessGate

  constructor(time: JudgedTime, { random, obeyed }: Pick<GateSite, 'random' | 'obeyed'>) {
    this.#time = time
    this.#freshness = new FreshnessGate(new SeenMessages(), new Challenges(random), obeyed)
  }

  /** What comes too late says so, also where the key of who signed it has come to its end since. */
  timeProblem(
    { type, action, protocol, released }: Incoming,
    header: MessageFields | undefined,
  ): StaleReason | undefined {
    if (!header || released || (type !== 2 && type !== 6)) return undefined
    return untimelyBy({ header, replay: actionRow(protocol, action)?.replay ?? 'live' }, this.#time.moment) // biome-ignore format: one line
  }

  /** @throws {OverlayError} ERR_POLICY_CHALLENGE */
  judge(
    { type, action, protocol, isCopy }: Incoming,
    header: MessageFields | undefined,
    digest: string,
  ): Fresh | undefined {
    if (!header || (type !== 2 && type !== 6)) return undefined
    const replay = actionRow(protocol, action)?.replay ?? 'live'
    const verdict = this.#freshness.judge({ header, digest, replay }, this.#time.moment)
    // Whoever only hears it can live with what may be of before.
    const isUnsure = verdict.kind === 'challenge' || (verdict.kind === 'refused' && verdict.reason === 'not-provable') // biome-ignore format: one line
    if (isCopy && isUnsure) return { replay, seen: undefined, repeated: false }
    switch (verdict.kind) {
      case 'fresh':
        this.#time.noteTaken(header)
        return { replay, seen: verdict.message, repeated: false }
      case 'repeated':
        return { replay, seen: verdict.message, repeated: true }
      case 'challenge':
        throw new OverlayError('ERR_POLICY_CHALLENGE', { challenge: verdict.challenge })
      case 'refused':
        return { replay, seen: undefined, repeated: false, problem: verdict.reason }
    }
  }
}
