import { type Clock, settle } from '../primitives/clock.ts'
import { type Randomness, randomFraction } from '../primitives/randomness.ts'
import {
  type Closer,
  type Link,
  type LinkFacts,
  type LinkReceiver,
  MAX_MESSAGE_BYTES,
} from './link.ts'

/** What goes wrong on the way; each message is treated on its own. */
export interface Faults {
  readonly latencyMs?: number
  /** Up to this much more, by chance; messages may then overtake each other. */
  readonly jitterMs?: number
  /** Share of messages that vanish, 0 to 1. */
  readonly loss?: number
}

export interface MemoryLinkOptions {
  readonly clock: Clock
  readonly random: Randomness
  readonly faults?: Faults
}

/**
 * Creates the two ends of a link inside one process. The facts of an end describe its neighbour,
 * as on a real link.
 */
export function createMemoryLinks(
  a: LinkFacts,
  b: LinkFacts,
  options: MemoryLinkOptions,
): [Link, Link] {
  const left = new MemoryLink(a, options)
  const right = new MemoryLink(b, options)
  left.join(right)
  right.join(left)
  return [left, right]
}

const PING = Symbol('ping')

class MemoryLink implements Link {
  readonly peerIds
  readonly peer
  readonly form
  readonly protocol
  readonly capabilities
  readonly way
  readonly transport
  readonly credential
  readonly isSelfNamed
  readonly queuedBytes = 0
  readonly roundTripMs = undefined
  readonly #options: MemoryLinkOptions
  readonly #early: [Uint8Array, boolean][] = []
  #far: MemoryLink | undefined
  #receiver: LinkReceiver | undefined
  #isOpen = true
  /** How it ended before anybody was attached. */
  #ending: Parameters<LinkReceiver['closed']> | undefined

  constructor(facts: LinkFacts, options: MemoryLinkOptions) {
    this.peerIds = facts.peerIds
    this.peer = facts.peer
    this.form = facts.form
    this.protocol = facts.protocol
    this.capabilities = facts.capabilities
    this.way = facts.way
    this.transport = facts.transport
    this.credential = facts.credential
    this.isSelfNamed = facts.isSelfNamed
    this.#options = options
  }

  join(far: MemoryLink): void {
    this.#far = far
  }

  attach(receiver: LinkReceiver): void {
    this.#receiver = receiver
    for (const [bytes, isBinary] of this.#early.splice(0)) receiver.message(bytes, isBinary)
    const ending = this.#ending
    if (ending) queueMicrotask(() => receiver.closed(...ending))
  }

  send(message: Uint8Array, isBinary: boolean): void {
    const far = this.#far
    if (!this.#isOpen || !far) return
    const { clock, random, faults = {} } = this.#options
    if (faults.loss && randomFraction(random) < faults.loss) return
    const bytes = Uint8Array.from(message)
    const waitMs =
      (faults.latencyMs ?? 0) + (faults.jitterMs ? randomFraction(random) * faults.jitterMs : 0)
    // Never in the caller's own tick: a real link does not answer before `send` returns.
    if (waitMs === 0) queueMicrotask(() => far.#take(bytes, isBinary))
    else clock.setTimer(() => far.#take(bytes, isBinary), waitMs)
  }

  ping(payload: Uint8Array): void {
    const copy = Uint8Array.from(payload)
    this.#far?.[PING](() => this.#receiver?.pong?.(copy))
  }

  /** The far end answers at once; both ways take their time. */
  [PING](pong: () => void): void {
    const { clock, faults = {} } = this.#options
    const { latencyMs = 0 } = faults
    if (latencyMs === 0) queueMicrotask(pong)
    else clock.setTimer(pong, 2 * latencyMs)
  }

  notifyDrained(): void {
    queueMicrotask(() => this.#receiver?.drained?.())
  }

  close(code: number, reason: string): void {
    this.#close(code, reason, 'here')
  }

  #close(code: number, reason: string, by: Closer): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    if (this.#receiver) this.#receiver.closed(code, reason, by)
    else this.#ending = [code, reason, by]
    const far = this.#far
    if (far) queueMicrotask(() => far.#close(code, reason, 'peer'))
  }

  #take(bytes: Uint8Array, isBinary: boolean): void {
    if (!this.#isOpen) return
    if (bytes.length > MAX_MESSAGE_BYTES) return this.close(1009, 'message too big')
    if (!isBinary && !isUtf8(bytes)) return this.close(1007, 'not UTF-8')
    if (this.#receiver) this.#receiver.message(bytes, isBinary)
    else this.#early.push([bytes, isBinary])
  }
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}

/** Lets messages without latency arrive at every hop they still have to go. */
export async function settleLinks(): Promise<void> {
  for (let i = 0; i < 40; i++) await settle()
}
