import type { OverlayError, RemoteError } from '../errors.ts'
import { isSameId, type MessageId, type NodeId } from '../primitives/ids.ts'
import type { Frame } from '../wire/frame.ts'
import type { Secured } from './edge.ts'
import type { Neighbour } from './neighbour.ts'

/** Someone in this process who asked. */
export interface LocalAsker {
  /** Nobody waits for the answer. */
  readonly isOfCopy?: true
  /** Whether this answers it; what does not leaves it open until its time is over. Default: yes. */
  takes?(frame: Frame, from: Neighbour): boolean
  resolve(frame: Frame, from: Neighbour): void
  reject(error: OverlayError | RemoteError): void
}

/** Asks again with a challenge, once: whoever was asked cannot tell whether the request is of now. */
export interface Retry {
  /** What is kept for it. */
  readonly bytes: number
  again(challenge: string, now: number): void
}

/** A request that was sent over a link and is not answered yet. */
export interface PendingRequest {
  /** Id on the link it was sent over. */
  readonly messageId: MessageId
  /** path[0] of the request: whom the answer is for. */
  readonly source: NodeId
  readonly asker: Neighbour | LocalAsker
  /** Id on the asker's link. */
  readonly askerMessageId: MessageId
  readonly action: string
  readonly isBinary: boolean
  /** Milliseconds since 1970; once answered, until when a CALLRESULTERROR may come. */
  expiresAt: number
  /** Once answered: the link the answer came from; undefined when it was given here. */
  answerer: Neighbour | undefined
  /** Once answered: path[0] of the answer. */
  answererId: NodeId
  /** What was signed or verified of it, where it crossed the edge of the overlay here. */
  secured?: Secured | undefined
  /** Once answered: what a CALLRESULTERROR about it is signed and judged by. */
  terms?: Pick<Secured, 'protocol' | 'reference'> | undefined
  retry?: Retry | undefined
  /** Why what has come so far does not answer it. */
  unproved?: OverlayError
  /**
   * Called with the payload of a CALLRESULT as it came, and as whoever asked is told it; undefined
   * where that one is told no result, or of one that was kept back and is only told now.
   */
  onResult: ((came: Uint8Array | undefined, told: Uint8Array | undefined) => void) | undefined
  /** Of a copy: that of the message it is a copy of. */
  readonly trace?: MessageId | undefined
  /** Another source's request with the same id over the same link. */
  next: PendingRequest | undefined
}

// Ids are random; who makes many sources share one wants this list searched for long.
const MAX_SOURCES_PER_ID = 64
/** Over one link, and of those what one standard peer asked: whoever is refused all the time takes no more. */
const MAX_UNPROVED = 1_024
const MAX_UNPROVED_OF_PEER = 8

/**
 * Requests for one neighbour, sent or still waiting to be sent, by message id and source.
 */
export class PendingTable {
  readonly #byId = new Map<MessageId, PendingRequest>()
  /** They do not count as open. */
  readonly #unproved = new Map<MessageId, PendingRequest>()
  readonly #unprovedOf = new Map<Neighbour | LocalAsker, number>()

  get size(): number {
    return this.#byId.size
  }

  /** Whether anybody waits for an answer. */
  get isAwaited(): boolean {
    for (const first of this.#byId.values()) {
      for (let at: PendingRequest | undefined = first; at; at = at.next) {
        if (!('isOfCopy' in at.asker)) return true
      }
    }
    return false
  }

  /** Of the request that was added first. */
  get oldestExpiresAt(): number | undefined {
    return this.#byId.values().next().value?.expiresAt
  }

  /** False when this source already has an open request with this id, or too many others have. */
  add(request: PendingRequest): boolean {
    const first = this.#byId.get(request.messageId)
    let length = 0
    for (let at = first; at; at = at.next) {
      if (isSameId(at.source, request.source) || ++length === MAX_SOURCES_PER_ID) return false
    }
    request.next = first
    this.#byId.set(request.messageId, request)
    const { asker, retry } = request
    if (!('asked' in asker)) return true
    asker.asked++
    // Without it the challenge goes to whoever asked.
    if (retry && !asker.retries.take(retry.bytes)) request.retry = undefined
    return true
  }

  /**
   * Takes out the request that an answer belongs to.
   *
   * @param source Destination of the answer; undefined on standard links, which do not say it, and
   *   where ids are this node's own and therefore unique.
   */
  take(messageId: MessageId, source: NodeId | undefined): PendingRequest | undefined {
    return this.#takeOpen(messageId, source) ?? this.#takeUnproved(messageId, source)
  }

  /**
   * Keeps for a while what an error came to that nobody has signed, taken out before.
   *
   * @returns False where there are too many.
   */
  keepUnproved(request: PendingRequest): boolean {
    const { asker, messageId, retry } = request
    const ofAsker = this.#unprovedOf.get(asker) ?? 0
    const isPeer = 'asked' in asker
    const isFull = this.#unproved.size >= MAX_UNPROVED || this.#unproved.has(messageId)
    if (isFull || (isPeer && ofAsker >= MAX_UNPROVED_OF_PEER)) return false
    if (isPeer && retry && !asker.retries.take(retry.bytes)) request.retry = undefined
    this.#unproved.set(messageId, request)
    this.#unprovedOf.set(asker, ofAsker + 1)
    return true
  }

  #takeOpen(messageId: MessageId, source: NodeId | undefined): PendingRequest | undefined {
    const first = this.#byId.get(messageId)
    if (!first) return undefined
    if (!first.next) {
      if (source !== undefined && !isSameId(first.source, source)) return undefined
      this.#byId.delete(messageId)
      return over(first)
    }
    const request = source === undefined ? undefined : this.#unchain(first, source)
    return request && over(request)
  }

  #takeUnproved(messageId: MessageId, source: NodeId | undefined): PendingRequest | undefined {
    const request = this.#unproved.get(messageId)
    if (!request || source === undefined || !isSameId(request.source, source)) return undefined
    this.#unproved.delete(messageId)
    const { asker, retry } = request
    const left = (this.#unprovedOf.get(asker) ?? 1) - 1
    if (left > 0) this.#unprovedOf.set(asker, left)
    else this.#unprovedOf.delete(asker)
    if (retry && 'asked' in asker) asker.retries.give(retry.bytes)
    return request
  }

  /** Source of the one request open under this id; undefined when there is none, or several. */
  sourceOf(messageId: MessageId): NodeId | undefined {
    const first = this.#byId.get(messageId)
    return first && !first.next ? first.source : undefined
  }

  /** Takes out everything that has expired. */
  expire(now: number): PendingRequest[] {
    return this.#takeAll(({ expiresAt }) => expiresAt <= now)
  }

  /** Takes out what nobody waits for any more. */
  dropAbandoned(): void {
    this.#takeAll(({ asker }) => 'isOpen' in asker && !asker.isOpen)
  }

  /** Takes out everything. */
  drain(): PendingRequest[] {
    return this.#takeAll(() => true)
  }

  #takeAll(isMeant: (request: PendingRequest) => boolean): PendingRequest[] {
    const found: PendingRequest[] = []
    for (const first of this.#byId.values()) {
      for (let at: PendingRequest | undefined = first; at; at = at.next) {
        if (isMeant(at)) found.push(at)
      }
    }
    for (const request of this.#unproved.values()) if (isMeant(request)) found.push(request)
    for (const { messageId, source } of found) this.take(messageId, source)
    return found
  }

  #unchain(first: PendingRequest, source: NodeId): PendingRequest | undefined {
    let before: PendingRequest | undefined
    for (let at: PendingRequest | undefined = first; at; before = at, at = at.next) {
      if (!isSameId(at.source, source)) continue
      if (before) before.next = at.next
      else if (at.next) this.#byId.set(at.messageId, at.next)
      at.next = undefined
      return at
    }
    return undefined
  }
}

function over(request: PendingRequest): PendingRequest {
  const { asker, retry } = request
  if (!('asked' in asker)) return request
  asker.asked--
  if (retry) asker.retries.give(retry.bytes)
  return request
}

const MAX_ANSWERED = 1024

/**
 * The newest requests answered over one link, oldest first: a CALLRESULTERROR may still come back
 * for them. Bounded in number and in time.
 */
export class AnsweredList {
  readonly #list: PendingRequest[] = []

  add(
    request: PendingRequest,
    answerer: Neighbour | undefined,
    answererId: NodeId,
    expiresAt: number,
  ): void {
    request.answerer = answerer
    request.answererId = answererId
    request.expiresAt = expiresAt
    const { secured } = request
    if (secured) request.terms = { protocol: secured.protocol, reference: secured.reference }
    // These hold on to what was asked, which nobody asks again.
    request.secured = request.retry = request.onResult = undefined
    if (this.#list.length >= MAX_ANSWERED) this.#list.splice(0, MAX_ANSWERED / 4)
    this.#list.push(request)
  }

  /** @param messageId Id on the asker's link. */
  take(messageId: MessageId, source: NodeId): PendingRequest | undefined {
    const at = this.#list.findLastIndex(
      (request) => request.askerMessageId === messageId && isSameId(request.source, source),
    )
    return at < 0 ? undefined : this.#list.splice(at, 1)[0]
  }

  expire(now: number): void {
    let count = 0
    while ((this.#list[count]?.expiresAt ?? Number.POSITIVE_INFINITY) <= now) count++
    if (count > 0) this.#list.splice(0, count)
  }
}
