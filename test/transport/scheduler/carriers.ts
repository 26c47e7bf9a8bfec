import { type Clock, VirtualClock } from '../../../src/primitives/clock.ts'
import type { SchedulerOptions } from '../../../src/transport/scheduler/options.ts'
import { SendScheduler } from '../../../src/transport/scheduler/send-scheduler.ts'
import type {
  Admission,
  Carrier,
  Shipment,
  WaitingFrame,
} from '../../../src/transport/scheduler/shipment.ts'

export const MIB = 1024 * 1024
export const CHUNK = 64 * 1024

/** A carrier that takes what it gets, and says that so much is queued as a test wants. */
export class PlainCarrier implements Carrier {
  queuedBytes = 0
  roundTripMs: number | undefined
  readonly sent: Uint8Array[] = []
  readonly pings: Uint8Array[] = []
  onSend: (bytes: Uint8Array) => void = () => {}

  send(message: Uint8Array): void {
    this.sent.push(Uint8Array.from(message))
    this.queuedBytes += message.length
    this.onSend(message)
  }

  ping(payload: Uint8Array): void {
    this.pings.push(Uint8Array.from(payload))
  }

  /** What was sent, as text. */
  get texts(): string[] {
    return this.sent.map(textOf)
  }
}

/** What bytes say before they are filled up with zeros. */
export function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return new TextDecoder().decode(bytes.subarray(0, end < 0 ? bytes.length : end))
}

/** Bytes that begin with a text. */
export function padded(text: string, size = text.length): Uint8Array {
  const bytes = new Uint8Array(Math.max(size, text.length))
  new TextEncoder().encodeInto(text, bytes)
  return bytes
}

/** A shipment of which only what matters is named; its token is its text. */
export function shipment(
  text: string,
  facts: Partial<Shipment<string>> & { readonly size?: number } = {},
): Shipment<string> {
  const { size, ...rest } = facts
  return {
    bytes: padded(text, size),
    isBinary: false,
    priority: 'telemetry',
    source: 'CS01',
    kind: 'request',
    token: text,
    ...rest,
  }
}

/** A bulk chunk that may be dropped. */
export function chunk(text: string, order: string, size = CHUNK): Shipment<string> {
  return shipment(text, { priority: 'bulk', kind: 'send', isDroppable: true, order, size })
}

/** A scheduler on a plain carrier, with what it has reported. */
export function createBench(options: Partial<SchedulerOptions> = {}) {
  const clock = new VirtualClock()
  const carrier = new PlainCarrier()
  const expired: WaitingFrame<string>[] = []
  const dropped: WaitingFrame<string>[] = []
  const receiver = {
    expired: (frame: WaitingFrame<string>) => expired.push(frame),
    dropped: (frame: WaitingFrame<string>) => dropped.push(frame),
  }
  const scheduler = new SendScheduler<string>(carrier, receiver, { clock, ...options })
  return {
    clock,
    carrier,
    scheduler,
    expired,
    dropped,
    /** From now on the carrier takes nothing. */
    block() {
      carrier.queuedBytes = 10 * MIB
    },
    /** The carrier takes what fits once more. */
    drain() {
      carrier.queuedBytes = 0
      scheduler.drained()
    },
    /** The carrier takes everything. */
    drainAll() {
      for (let count = -1; count !== carrier.sent.length; ) {
        count = carrier.sent.length
        this.drain()
      }
    },
    outcomes(shipments: readonly Shipment<string>[]): Admission<string>['outcome'][] {
      return shipments.map((one) => scheduler.enqueue(one).outcome)
    },
  }
}

export interface LineOptions {
  readonly clock: Clock
  readonly bytesPerSecond: number
  readonly roundTripMs: number
  /** Bytes that vanish from `queuedBytes` although they are not sent yet. */
  readonly kernelBytes: number
}

interface Item {
  readonly bytes: Uint8Array
  readonly isPing: boolean
}

/** A link of some rate and delay, behind a kernel buffer whose content cannot be seen. */
export class SlowLine implements Carrier {
  bytesPerSecond: number
  roundTripMs: number
  scheduler: SendScheduler<string> | undefined
  /** Which pings are answered. */
  answers: (payload: Uint8Array) => boolean = () => true
  arrived: (bytes: Uint8Array) => void = () => {}
  left: (bytes: Uint8Array) => void = () => {}
  readonly #options: LineOptions
  #items: Item[] = []
  #backlog = 0
  #isBusy = false

  constructor(options: LineOptions) {
    this.#options = options
    this.bytesPerSecond = options.bytesPerSecond
    this.roundTripMs = options.roundTripMs
  }

  get queuedBytes(): number {
    return Math.max(0, this.#backlog - this.#options.kernelBytes)
  }

  send(message: Uint8Array): void {
    this.#push({ bytes: Uint8Array.from(message), isPing: false })
  }

  ping(payload: Uint8Array): void {
    this.#push({ bytes: Uint8Array.from(payload), isPing: true })
  }

  #push(item: Item): void {
    this.#items.push(item)
    this.#backlog += item.bytes.length
    if (!this.#isBusy) this.#transmit()
  }

  #transmit(): void {
    const item = this.#items.shift()
    this.#isBusy = item !== undefined
    if (!item) return
    const { clock } = this.#options
    clock.setTimer(
      () => {
        const wasFull = this.queuedBytes > 0
        this.#backlog -= item.bytes.length
        clock.setTimer(() => this.#arrive(item), this.roundTripMs / 2)
        this.#transmit()
        if (!item.isPing) this.left(item.bytes)
        if (wasFull) this.scheduler?.drained()
      },
      (item.bytes.length / this.bytesPerSecond) * 1000,
    )
  }

  #arrive(item: Item): void {
    const { clock } = this.#options
    if (!item.isPing) this.arrived(item.bytes)
    else if (this.answers(item.bytes)) {
      clock.setTimer(() => this.scheduler?.pong(item.bytes), this.roundTripMs / 2)
    }
  }
}
