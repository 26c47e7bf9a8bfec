/** What makes a message the same as another one. */
export interface MessageIdentity {
  /** Whoever signed it as its originator. */
  readonly from: string
  readonly id: string
  readonly nonce: string
  /** base64url of SHA-256 of the payload bytes as signed. */
  readonly digest: string
}

/** A message that was taken once, kept as long as it could come again. */
export interface SeenMessage extends MessageIdentity {
  /** Seconds since 1970: from then on its own times refuse it. */
  readonly until: number
  /**
   * What was answered, signed, to be told again; undefined while the answer is not there yet, and
   * forgotten where there is no room for it any more.
   */
  reply: Uint8Array | 'forgotten' | undefined
  /** When it refuses itself, where that is later than it is remembered here. */
  readonly expires?: number
  /** Told of the answer, where the message outlives this process. */
  onReply?: (reply: Uint8Array) => void
}

export type Recognition =
  | { readonly kind: 'unseen' }
  /** The same once more, to the bit: whoever sent it has not got the answer. */
  | { readonly kind: 'repeated'; readonly message: SeenMessage }
  /** A nonce of somebody else's making, or of another message. */
  | { readonly kind: 'replayed' }
  /** There is no room to remember it, so it cannot be taken. */
  | { readonly kind: 'full' }

/** Remembered messages of one originator: what is honest stays far below. */
const MAX_PER_SOURCE = 4_096
const MAX_SOURCES = 50_000
const SWEEP_EVERY_S = 5

/**
 * The live messages that were taken, by originator and nonce, never by key: who signs the same
 * again with another key has not made it new. Nothing is forgotten before it is too old by itself.
 *
 * @spec docs/security.md, "Freshness"
 */
export class SeenMessages {
  readonly #bySource = new Map<string, Map<string, SeenMessage>>()
  readonly #maxPerSource: number
  readonly #maxSources: number
  /** What was signed to hold no longer than this may have been here and be forgotten. */
  forgottenS = Number.NEGATIVE_INFINITY
  #sweptAt = Number.NEGATIVE_INFINITY

  constructor(maxPerSource = MAX_PER_SOURCE, maxSources = MAX_SOURCES) {
    this.#maxPerSource = maxPerSource
    this.#maxSources = maxSources
  }

  get size(): number {
    let size = 0
    for (const messages of this.#bySource.values()) size += messages.size
    return size
  }

  /** Whether a message was taken before; takes nothing. */
  recognise(message: MessageIdentity, nowS: number): Recognition {
    this.#sweep(nowS)
    const messages = this.#bySource.get(message.from)
    const known = messages?.get(message.nonce)
    if (known) return isSame(known, message) ? { kind: 'repeated', message: known } : { kind: 'replayed' } // biome-ignore format: one line
    const isFull = messages
      ? messages.size >= this.#maxPerSource
      : this.#bySource.size >= this.#maxSources
    return { kind: isFull ? 'full' : 'unseen' }
  }

  /** Takes a message that was not recognised. */
  take({ from, id, nonce, digest }: MessageIdentity, until: number, expires?: number): SeenMessage {
    const message: SeenMessage = { from, id, nonce, digest, until, reply: undefined, ...(expires !== undefined && { expires }) } // biome-ignore format: one line
    const messages = this.#bySource.get(from) ?? new Map<string, SeenMessage>()
    this.#bySource.set(from, messages)
    messages.set(nonce, message)
    return message
  }

  #sweep(nowS: number): void {
    if (nowS - this.#sweptAt < SWEEP_EVERY_S) return
    this.#sweptAt = nowS
    for (const [from, messages] of this.#bySource) {
      for (const [nonce, { until }] of messages) {
        if (until >= nowS) continue
        messages.delete(nonce)
        this.forgottenS = Math.max(this.forgottenS, until)
      }
      if (messages.size === 0) this.#bySource.delete(from)
    }
  }
}

function isSame(a: MessageIdentity, b: MessageIdentity): boolean {
  return a.id === b.id && a.digest === b.digest
}
