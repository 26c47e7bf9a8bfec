import type { ReplayClass } from '../../messages/actions.ts'
import { foldId, type NodeId } from '../../primitives/ids.ts'
import type { MessageFields } from '../header.ts'
import type { Challenges } from './challenges.ts'
import type { ObeyedMessages } from './obeyed-messages.ts'
import { type MessageIdentity, type SeenMessage, SeenMessages } from './seen-messages.ts'

/** How far clocks may be apart. */
export const SKEW_S = 30
/** How long a live message may hold, and one that may be stored on its way. */
export const LIVE_S = 60
export const QUEUED_S = 7 * 24 * 3_600

/** A request whose signatures have been verified. */
export interface SignedRequest {
  readonly header: MessageFields
  /** base64url of SHA-256 of the payload bytes as signed. */
  readonly digest: string
  readonly replay: ReplayClass
}

export interface Moment {
  /** Seconds since 1970. */
  readonly nowS: number
  /** When this process began to remember, with fractions; nothing is known of the time before. */
  readonly startedS: number
  /** Whether `nowS` can be believed. */
  readonly isClockTrusted: boolean
}

export type Freshness =
  /** It is new, and taken: the same will not be taken again. */
  | { readonly kind: 'fresh'; readonly message: SeenMessage | undefined }
  /** It was obeyed before: answer what was answered, and do nothing. */
  | { readonly kind: 'repeated'; readonly message: SeenMessage }
  /** Nobody can tell: ask for it to be signed anew with this. */
  | { readonly kind: 'challenge'; readonly challenge: string }
  | { readonly kind: 'refused'; readonly reason: StaleReason }

/** Stable: branch on it. */
export type StaleReason =
  | 'expired'
  | 'from-the-future'
  | 'holds-too-long'
  | 'replayed'
  | 'not-challenged'
  | 'too-many'
  | 'not-provable'

/**
 * Whether a verified CALL or SEND is of now and has not been obeyed yet. The time test comes first:
 * what it refuses need not be remembered. Whether a queued message has come before is known to the
 * database that keeps its effect, where there is one; of what came lately it need not be asked.
 *
 * @spec docs/security.md, "Freshness"
 */
export class FreshnessGate {
  readonly #seen: SeenMessages
  /** Of queued messages. */
  readonly #stored = new SeenMessages()
  readonly #obeyed: ObeyedMessages | undefined
  readonly #challenges: Challenges
  /** By originator and key: the time in the newest challenge it has answered since the start. */
  readonly #proven = new Map<string, number>()

  /** @param obeyed Without it queued messages are remembered by this process alone. */
  constructor(seen: SeenMessages, challenges: Challenges, obeyed?: ObeyedMessages) {
    this.#seen = seen
    this.#obeyed = obeyed
    this.#challenges = challenges
  }

  judge(request: SignedRequest, moment: Moment): Freshness {
    const { header, digest, replay } = request
    const { from, id, nonce } = header
    const identity: MessageIdentity = { from, id, nonce, digest }
    const untimely = untimelyBy(request, moment)
    if (untimely) return refused(untimely)
    if (header.chal !== undefined) return this.#answered(identity, header, header.chal, moment)
    if (header.iat === 0 || !moment.isClockTrusted) return this.#ask(header, moment)
    if (replay === 'queued') return this.#judgeStored(identity, header, moment)
    const known = this.#recognise(this.#seen, identity, header, moment)
    if (known) return known
    if (this.#mayBeForgotten(this.#seen, header, moment)) return this.#ask(header, moment)
    return { kind: 'fresh', message: this.#seen.take(identity, header.exp) }
  }

  /** A challenge that was signed replaces the times; what it was signed for counts once, too. */
  #answered(
    identity: MessageIdentity,
    header: MessageFields,
    challenge: string,
    moment: Moment,
  ): Freshness {
    const known = this.#recognise(this.#seen, identity, header, moment)
    if (known) return known
    if (!this.#challenges.redeem(header.from, challenge, moment.nowS)) {
      return refused('not-challenged')
    }
    // Whoever has lost its clock proves nothing of what it signed by it before.
    if (header.iat > 0) {
      const proof = proofOf(header)
      this.#proven.set(proof, Math.max(header.iat, this.#proven.get(proof) ?? 0))
    }
    if (this.#proven.size > MAX_PROVEN) this.#proven.delete(this.#proven.keys().next().value ?? '')
    return { kind: 'fresh', message: this.#seen.take(identity, moment.nowS + LIVE_S + SKEW_S) }
  }

  /** Signed before this process could remember what it had obeyed, or forgotten since. */
  #mayBeForgotten(seen: SeenMessages, header: MessageFields, { startedS }: Moment): boolean {
    const isOfBefore = header.iat < Math.ceil(startedS) + SKEW_S && !this.#isAfterProof(header)
    return isOfBefore || header.exp <= seen.forgottenS
  }

  /**
   * Signed later, by the same clock, than an answer to a challenge of this process: so this process
   * was there already, and would know it.
   */
  #isAfterProof(header: MessageFields): boolean {
    return header.iat > (this.#proven.get(proofOf(header)) ?? Number.POSITIVE_INFINITY)
  }

  #judgeStored(identity: MessageIdentity, header: MessageFields, moment: Moment): Freshness {
    const known = this.#recognise(this.#stored, identity, header, moment)
    if (known) return known
    // Where no database says what was obeyed, the same transaction would be told again days later.
    if (!this.#obeyed && this.#mayBeForgotten(this.#stored, header, moment)) return this.#ask(header, moment) // biome-ignore format: one line
    const { from, id, nonce, digest } = identity
    const obeyed = this.#obeyed?.find(from, id)
    if (obeyed && !(obeyed.nonce === nonce && obeyed.digest === digest)) return refused('replayed')
    // What it was answered is not known where the process ended just then: its handler knows it again.
    if (obeyed?.reply !== undefined) return header.OCPPMessageTypedId === 2 ? { kind: 'repeated', message: obeyed } : refused('replayed') // biome-ignore format: one line
    const remembered = this.#obeyed ? Math.min(header.exp, moment.nowS + LIVE_S + SKEW_S) : header.exp // biome-ignore format: one line
    return { kind: 'fresh', message: this.#stored.take(identity, remembered, header.exp) }
  }

  #recognise(
    seen: SeenMessages,
    identity: MessageIdentity,
    { OCPPMessageTypedId }: MessageFields,
    { nowS }: Moment,
  ): Freshness | undefined {
    const found = seen.recognise(identity, nowS)
    if (found.kind === 'unseen') return undefined
    if (found.kind === 'full') return refused('too-many')
    // Nobody waits for an answer to a SEND, so nobody honest repeats it.
    const isAsked = found.kind === 'repeated' && OCPPMessageTypedId === 2
    return isAsked ? found : refused('replayed')
  }

  #ask({ from, OCPPMessageTypedId }: MessageFields, { nowS }: Moment): Freshness {
    if (OCPPMessageTypedId !== 2) return refused('not-provable')
    return { kind: 'challenge', challenge: this.#challenges.issue(from, nowS) }
  }
}

const MAX_PROVEN = 20_000

function proofOf(header: MessageFields & { readonly kid?: string }): string {
  return `${foldId(header.from as NodeId)}\n${header.kid}`
}

/** What its times alone say against a request, whoever has signed it: nothing is remembered of it. */
export function untimelyBy(
  { header: { iat, exp, chal }, replay }: Pick<SignedRequest, 'header' | 'replay'>,
  { nowS, isClockTrusted }: Moment,
): StaleReason | undefined {
  const isLive = replay === 'live'
  if (exp > iat + (isLive ? LIVE_S : QUEUED_S)) return 'holds-too-long'
  if (chal !== undefined || iat === 0 || !isClockTrusted) return undefined
  if (iat > nowS + SKEW_S) return 'from-the-future'
  return (isLive && iat < nowS - SKEW_S) || exp < nowS ? 'expired' : undefined
}

function refused(reason: StaleReason): Freshness {
  return { kind: 'refused', reason }
}
