import { join } from 'node:path'
import type { Logger } from '../node/core.ts'
import type { Node } from '../node/node.ts'
import type { SecurityOptions } from '../node/security-gate.ts'
import { type Clock, every, systemClock, type Timer } from '../primitives/clock.ts'
import { type Randomness, systemRandomness } from '../primitives/randomness.ts'
import { type Counted, Tally } from '../roles/networking-node/tally.ts'
import { AUDIT_HEAD, type AuditEntry, type AuditHead } from '../security/audit-chain.ts'
import { signData } from '../security/data-statement.ts'
import { AuditLog } from '../storage/audit-log.ts'
import { DataLock } from '../storage/data-lock.ts'
import type { TrustStore } from '../storage/trust-store.ts'
import type { JsonObject } from '../wire/payload.ts'
import { type Said, strangersEntry, TrustedEntries } from './audit-entries.ts'
import type { Config } from './config.ts'
import type { OpenedSecurity } from './config-security.ts'

export interface AuditTrailOptions {
  readonly nodeId: string
  readonly file: Pick<AuditLog, 'append' | 'before' | 'head' | 'close'>
  /** Released at the end. */
  readonly lock?: Pick<DataLock, 'release'>
  /** The key that vouches for the log; it is read each time. */
  readonly security: SecurityOptions & { readonly trust: TrustStore }
  readonly log: Logger
  readonly clock: Clock
  readonly random: Randomness
}

const DAY_MS = 24 * 3_600_000
const COMPLAINT_MS = 60_000

/** Where a node keeps its audit log: beside its keys. */
export function auditFile({ ownKey }: Pick<Config, 'ownKey'>): string {
  return join(ownKey.folder, 'audit.jsonl')
}

/**
 * Opens the audit log of a node that runs; of two processes of one node each would chain its entries
 * to its own.
 *
 * @throws {OverlayError} ERR_STORE_DAMAGED, ERR_STORE_IN_USE
 */
export function openAuditTrail(
  config: Pick<Config, 'nodeId' | 'ownKey'>,
  { security }: OpenedSecurity,
  log: Logger,
): AuditTrail {
  const name = auditFile(config)
  const lock = new DataLock(name)
  const file = new AuditLog(name, systemClock)
  return new AuditTrail({ nodeId: config.nodeId, file, lock, security, log, clock: systemClock, random: systemRandomness }) // biome-ignore format: one line
}

/**
 * Keeps in the audit log of a node what happens at it, and signs where the log ends. A disk that
 * takes nothing stops no node: what could not be written is counted, and the next entry says so.
 *
 * @spec docs/security.md, "Audit log"
 */
export class AuditTrail {
  readonly #options: AuditTrailOptions
  readonly #tally: Tally<Said>
  readonly #trusted: TrustedEntries
  #daily: Timer | undefined
  #isOpen = true
  /** Since the last entry that was written. */
  #missing = 0
  #complainedAt = Number.NEGATIVE_INFINITY
  #unsubscribe = () => {}
  /** Since the start. */
  readonly counts = { written: 0, lost: 0 }

  constructor(options: AuditTrailOptions) {
    this.#options = options
    this.#trusted = new TrustedEntries(options.security.trust)
    this.#tally = new Tally({
      clock: options.clock,
      first: ({ event, details }) => this.append(event, details),
      again: (counted, others) => this.append('refusals.counted', countsOf(counted, others)),
    })
  }

  /** Where the chain ends. */
  get head(): AuditHead {
    return this.#options.file.head
  }

  /** As `AuditLog.before`. */
  before(seq: number, limit: number, events?: ReadonlySet<string>): readonly AuditEntry[] {
    return this.#options.file.before(seq, limit, events)
  }

  /** @param details Of the start: what runs here. */
  begin(node: Node, details: JsonObject): Promise<void> {
    const { kid } = this.#options.security.signer
    this.append('node.started', { ...details, kid, ...this.#trusted.atStart() })
    this.#unsubscribe = node.onEvent((event) => {
      const strange = strangersEntry(event)
      if (strange) return this.#tally.note(strange.kind, strange.group, strange)
      const entry = this.#trusted.of(event)
      if (entry) this.append(entry.event, entry.details)
    })
    this.#daily = every(this.#options.clock, DAY_MS, () => void this.#signHead())
    return this.#signHead()
  }

  async end(details: JsonObject): Promise<void> {
    this.#unsubscribe()
    this.#daily?.cancel()
    this.#tally.stop()
    this.append('node.stopped', { ...details, kid: this.#options.security.signer.kid })
    await this.#signHead()
    this.#isOpen = false
    this.#options.file.close()
    this.#options.lock?.release()
  }

  /** Writes an entry; never throws. */
  append(event: string, details: JsonObject): void {
    if (!this.#isOpen) return
    const { file, clock, log } = this.#options
    try {
      if (this.#missing > 0) file.append('audit.lost', { count: this.#missing })
      this.counts.written += this.#missing > 0 ? 1 : 0
      this.#missing = 0
      file.append(event, details)
      this.counts.written++
    } catch (error) {
      this.#missing++
      this.counts.lost++
      const now = clock.now()
      if (now - this.#complainedAt < COMPLAINT_MS) return
      this.#complainedAt = now
      log.error('audit.failed', { event_: event, lost: this.#missing, error: String(error) })
    }
  }

  /** Whoever has the key vouches for all that stands before. */
  async #signHead(): Promise<void> {
    const { nodeId: node, security, clock, random, file, log } = this.#options
    const { seq, hash } = file.head
    const nowS = Math.floor(clock.now() / 1_000)
    try {
      this.append('audit.head', await signData({ node, seq, hash }, AUDIT_HEAD, [security.signer], { nowS, random })) // biome-ignore format: one line
    } catch (error) {
      log.error('audit.unsigned', { error: String(error) })
    }
  }
}

function countsOf(counted: readonly Counted<Said>[], others: number): JsonObject {
  const of = counted.map(({ what: { event, details }, count }) => ({ event, ...details, trace: undefined, count })) // biome-ignore format: one line
  return { of: of.map(({ trace: _, ...one }) => one), ...(others > 0 && { others }) }
}
