import type { ErrorCode } from '../errors.ts'
import type { FrameVerdict } from './frame-verdict.ts'

/**
 * The last frames of this node, for the console and for people looking for a fault. Its memory is
 * taken once and never grows: bytes lie in one ring, what is known about them in columns.
 *
 * Recording is on the path of every frame, so it copies bytes and stores numbers, nothing else;
 * decoding for display happens when somebody looks.
 */

export const REACTIONS = ['handled', 'forwarded', 'originated', 'refused', 'dropped'] as const
export type Reaction = (typeof REACTIONS)[number]

export interface FrameRecord {
  readonly sequence: number
  /** Milliseconds since 1970. */
  readonly time: number
  readonly direction: 'received' | 'sent'
  readonly isBinary: boolean
  /** Neighbour it came from or went to. */
  readonly link: string
  readonly forwardedTo: string | undefined
  readonly reaction: Reaction
  readonly errorCode: ErrorCode | undefined
  /** Trace of the message where that is not the id in the frame; see docs/observability.md. */
  readonly trace: string | undefined
  /** Of a received frame that was judged here. */
  readonly verdict: FrameVerdict | undefined
  /** Length of the frame; `bytes` may hold less of it. */
  readonly length: number
  readonly bytes: Uint8Array
}

const RING_BYTES = 4 * 1024 * 1024
const MAX_RECORDS = 8192
/** Of a longer frame only the beginning is kept. */
const MAX_KEPT_BYTES = 64 * 1024

/** Of a frame that is kept whole the log can read the id; of a longer one it must be told. */
export function traceToKeep(
  trace: string | undefined,
  messageId: string | undefined,
  { length }: Uint8Array,
): string | undefined {
  return trace ?? (length > MAX_KEPT_BYTES ? messageId : undefined)
}

export class FrameLog {
  readonly #ring: Uint8Array
  readonly #slots: {
    sequence: number
    start: number
    kept: number
    length: number
    time: number
    isReceived: boolean
    isBinary: boolean
    link: string
    forwardedTo: string | undefined
    reaction: Reaction
    errorCode: ErrorCode | undefined
    trace: string | undefined
    verdict: FrameVerdict | undefined
  }[] = []
  /**
   * Trace of the frame that is being received, where that is not its own id. Whoever maps ids from
   * link to link sets it; receiving is one synchronous step, so it never belongs to another frame.
   */
  arrivalTrace: string | undefined
  /** What was found of the frame that is being received; the same holds. */
  arrivalVerdict: FrameVerdict | undefined
  /** Told of each record once it is there. */
  listener: ((sequence: number) => void) | undefined
  readonly #maxRecords: number
  #written = 0
  #sequence = 0

  constructor(ringBytes = RING_BYTES, maxRecords = MAX_RECORDS) {
    this.#ring = new Uint8Array(ringBytes)
    this.#maxRecords = maxRecords
  }

  /** Sequence of the newest record; 0 when there is none. */
  get newest(): number {
    return this.#sequence
  }

  /** What is kept now. */
  get kept(): { readonly records: number; readonly bytes: number } {
    const oldest = this.#written - this.#ring.length
    const slots = this.#slots.filter(({ start }) => start >= oldest)
    return { records: slots.length, bytes: slots.reduce((sum, { kept }) => sum + kept, 0) }
  }

  record(
    time: number,
    isReceived: boolean,
    isBinary: boolean,
    link: string,
    forwardedTo: string | undefined,
    reaction: Reaction,
    errorCode: ErrorCode | undefined,
    bytes: Uint8Array,
    trace?: string,
  ): void {
    const kept = Math.min(bytes.length, MAX_KEPT_BYTES, this.#ring.length)
    const start = this.#reserve(kept)
    this.#ring.set(
      kept === bytes.length ? bytes : bytes.subarray(0, kept),
      start % this.#ring.length,
    )
    const sequence = ++this.#sequence
    const index = sequence % this.#maxRecords
    const slot = this.#slots[index]
    const length = bytes.length
    const verdict = isReceived ? this.arrivalVerdict : undefined
    if (verdict) this.arrivalVerdict = undefined
    if (slot) {
      slot.sequence = sequence
      slot.start = start
      slot.kept = kept
      slot.length = length
      slot.time = time
      slot.isReceived = isReceived
      slot.isBinary = isBinary
      slot.link = link
      slot.forwardedTo = forwardedTo
      slot.reaction = reaction
      slot.errorCode = errorCode
      slot.trace = trace
      slot.verdict = verdict
    } else {
      // biome-ignore format: one record
      this.#slots[index] = { sequence, start, kept, length, time, isReceived, isBinary, link, forwardedTo, reaction, errorCode, trace, verdict }
    }
    this.listener?.(sequence)
  }

  /** Adds what was found of a frame after it had been received. */
  judged(sequence: number, verdict: FrameVerdict): void {
    const slot = this.#slots[sequence % this.#maxRecords]
    if (slot?.sequence === sequence) slot.verdict = verdict
  }

  /** The record with this sequence, while the log still has it. */
  get(sequence: number): FrameRecord | undefined {
    const slot = this.#slots[sequence % this.#maxRecords]
    if (!slot || slot.sequence !== sequence) return undefined
    if (slot.start + this.#ring.length < this.#written) return undefined // overwritten since
    const start = slot.start % this.#ring.length
    return {
      sequence,
      time: slot.time,
      direction: slot.isReceived ? 'received' : 'sent',
      isBinary: slot.isBinary,
      link: slot.link,
      forwardedTo: slot.forwardedTo,
      reaction: slot.reaction,
      errorCode: slot.errorCode,
      trace: slot.trace,
      verdict: slot.verdict,
      length: slot.length,
      bytes: this.#ring.slice(start, start + slot.kept),
    }
  }

  /** Records after `sequence`, oldest first, at most the newest `limit` of them. */
  after(sequence: number, limit: number): FrameRecord[] {
    const records: FrameRecord[] = []
    for (let s = Math.max(sequence, this.#sequence - limit) + 1; s <= this.#sequence; s++) {
      const record = this.get(s)
      if (record) records.push(record)
    }
    return records
  }

  /** A contiguous place for `length` bytes, as a count of all bytes ever reserved. */
  #reserve(length: number): number {
    const size = this.#ring.length
    const left = size - (this.#written % size)
    if (length > left) this.#written += left
    const start = this.#written
    this.#written += length
    return start
  }
}
