import { closeSync, existsSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs' // biome-ignore format: one line
import { dirname } from 'node:path'
import { OverlayError } from '../errors.ts'
import type { Clock } from '../primitives/clock.ts'
import {
  type AuditEntry,
  type AuditHead,
  auditProblem,
  chainedEntry,
  EMPTY_AUDIT,
  readAuditEntry,
} from '../security/audit-chain.ts'
import type { JsonObject } from '../wire/payload.ts'

const NEWLINE = 10
/** Older ones stand in the file only. */
const MAX_SHOWN = 10_000

/**
 * The audit log of a node: one file of JSON lines to which entries are added and from which none is
 * taken, each with the hash of the one before. An entry is on disk when `append` returns.
 *
 * @throws {OverlayError} ERR_STORE_DAMAGED where an entry was changed, put in or left out.
 */
export class AuditLog {
  readonly #file: string
  readonly #clock: Clock
  readonly #handle: number
  #head: AuditHead = EMPTY_AUDIT
  #newest: AuditEntry[] = []
  #length = 0
  /** Bytes that were being written when the power went; nothing has said so yet. */
  #cutBytes = 0

  constructor(file: string, clock: Clock) {
    this.#file = file
    this.#clock = clock
    mkdirSync(dirname(file), { recursive: true })
    const bytes = existsSync(file) ? readFileSync(file) : Buffer.alloc(0)
    const whole = bytes.subarray(0, bytes.lastIndexOf(NEWLINE) + 1)
    for (const line of whole.toString().split('\n').slice(0, -1)) this.#take(line)
    this.#handle = openSync(file, 'a', 0o600)
    this.#length = whole.length
    if (whole.length === bytes.length) return
    // The power went while it was written: nobody was told that it stands here.
    ftruncateSync(this.#handle, whole.length)
    this.#cutBytes = bytes.length - whole.length
    try {
      this.#sayWhatWasCut()
    } catch {
      // A full disk keeps no node from starting: the first entry there is room for comes after this one.
    }
  }

  get head(): AuditHead {
    return this.#head
  }

  /** Adds an entry. @throws what the disk says. */
  append(event: string, details: JsonObject): AuditEntry {
    this.#sayWhatWasCut()
    return this.#write(event, details)
  }

  #sayWhatWasCut(): void {
    const bytes = this.#cutBytes
    if (bytes > 0) this.#write('audit.cut', { bytes })
    this.#cutBytes = 0
  }

  #write(event: string, details: JsonObject): AuditEntry {
    const time = new Date(this.#clock.now()).toISOString()
    const entry = chainedEntry(this.#head, { time, event, details })
    const line = Buffer.from(`${JSON.stringify(entry)}\n`)
    try {
      writeFileSync(this.#handle, line)
      fsyncSync(this.#handle)
    } catch (error) {
      // A disk that is full may have taken a part, after which nothing could be read.
      ftruncateSync(this.#handle, this.#length)
      throw error
    }
    this.#length += line.length
    this.#keep(entry)
    return entry
  }

  /**
   * Entries before a number, the newest first.
   *
   * @param events Of these kinds only.
   */
  before(seq: number, limit: number, events?: ReadonlySet<string>): readonly AuditEntry[] {
    const older = this.#newest.filter((one) => one.seq < seq && (events?.has(one.event) ?? true))
    return older.slice(-limit).reverse()
  }

  close(): void {
    closeSync(this.#handle)
  }

  #take(line: string): void {
    const entry = readAuditEntry(line)
    const problem = typeof entry === 'string' ? entry : auditProblem(this.#head, entry)
    if (typeof entry === 'string' || problem !== undefined) {
      throw new OverlayError('ERR_STORE_DAMAGED', {
        file: this.#file,
        problem: `entry ${this.#head.seq + 1}: ${problem}`,
      })
    }
    this.#keep(entry)
  }

  #keep(entry: AuditEntry): void {
    this.#newest.push(entry)
    if (this.#newest.length > 2 * MAX_SHOWN) this.#newest = this.#newest.slice(-MAX_SHOWN)
    this.#head = { seq: entry.seq, hash: entry.hash }
  }
}
