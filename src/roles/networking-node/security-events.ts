import { type ErrorCode, RemoteError } from '../../errors.ts'
import { type Logger, type NodeEvent, silentLogger } from '../../node/core.ts'
import type { Node } from '../../node/node.ts'
import { type Clock, systemClock, type Timer } from '../../primitives/clock.ts'
import type { NodeId } from '../../primitives/ids.ts'
import { type Counted, Tally } from './tally.ts'

/**
 * Names of the standard's list of security events, as far as they happen at a node.
 *
 * @spec OCPP 2.1 Part 2, appendix 1 (security events); OCPP 2.0.1 likewise
 */
type SecurityEventType =
  | 'AttemptedReplayAttacks'
  | 'FailedToAuthenticateAtCsms'
  | 'InvalidMessages'
  | 'ReconfigurationOfSecurityParameters'
  | 'StartupOfTheDevice'

interface SecurityEvent {
  readonly type: SecurityEventType
  /** RFC 3339. */
  readonly timestamp: string
  readonly techInfo: string
}

/** One that somebody can cause as often as they like. */
interface Noticed {
  readonly type: SecurityEventType
  readonly techInfo: string
  readonly kind: string
  readonly group: string
}

export interface SecurityEventOptions {
  readonly clock?: Clock
  readonly log?: Logger
  /** Where the audit log of the node ends, told at the start: its CSMS knows it from then on. */
  readonly auditHead?: { readonly seq: number; readonly hash: string }
}

const CSMS = 'CSMS' as NodeId
const PROTOCOL = 'ocpp2.1'
/** Of techInfo in the schema. */
const MAX_TECH_INFO = 255
/** While the CSMS cannot be reached; the audit log has them all. */
const MAX_KEPT = 100
const FIRST_RETRY_MS = 1_000
const MAX_RETRY_MS = 600_000

const REPLAYS: ReadonlySet<string> = new Set(['replayed', 'expired', 'not-challenged'])
/** Of what somebody sent who is not who it says, or may not do that. */
export const FORGED: ReadonlySet<ErrorCode> = new Set([
  'ERR_POLICY_REFUSED',
  'ERR_ROUTE_SOURCE',
  'ERR_ROUTE_NEIGHBOUR',
  'ERR_ROUTE_ANNOUNCEMENT',
])
/** What a CSMS that signs them will say again. */
const FINAL: ReadonlySet<string> = new Set([
  'FormatViolation',
  'NotImplemented',
  'NotSupported',
  'OccurrenceConstraintViolation',
  'PropertyConstraintViolation',
  'TypeConstraintViolation',
])
/** HTTP status for who has shown no credential, or a wrong one. */
export const NOT_LET_IN: ReadonlySet<number> = new Set([401, 403, 404, 429])

/**
 * Tells the CSMS of a node what happens at the node that concerns its security, as a station would:
 * in signed messages, in bounded number, and in order.
 *
 * @spec OCPP 2.1 Part 2, A04 (security event notification)
 */
export class SecurityEventReports {
  readonly #node: Node
  readonly #clock: Clock
  readonly #log: Logger
  readonly #tally: Tally<Noticed>
  readonly #kept: SecurityEvent[] = []
  readonly #unsubscribe: () => void
  #dropped = 0
  #isSending = false
  #hasBegun = false
  #isStopped = false
  #retryMs = FIRST_RETRY_MS
  #timer: Timer | undefined

  /** Observes the node from now on; nothing is sent before `begin`, and an overlay uplink. */
  constructor(node: Node, options: SecurityEventOptions = {}) {
    const { clock = systemClock, log = silentLogger, auditHead } = options
    this.#node = node
    this.#clock = clock
    this.#log = log
    this.#tally = new Tally({
      clock,
      first: ({ type, techInfo }) => this.#add(type, techInfo),
      again: (counted, others) => this.#again(counted, others),
    })
    const end = auditHead && auditHead.seq > 0 ? `, audit log at entry ${auditHead.seq}, ${auditHead.hash}` : '' // biome-ignore format: one line
    this.#add('StartupOfTheDevice', `node ${node.id} has started${end}`)
    this.#unsubscribe = node.onEvent((event) => this.#onEvent(event))
  }

  /** The node is let in: who is not known yet would only be refused. */
  begin(): void {
    this.#hasBegun = true
    void this.#send()
  }

  stop(): void {
    this.#isStopped = true
    this.#unsubscribe()
    this.#tally.stop()
    this.#timer?.cancel()
  }

  #onEvent(event: NodeEvent): void {
    if (event.name === 'link.up') {
      this.#retryMs = FIRST_RETRY_MS
      return void this.#send()
    }
    const noticed = noticedIn(event)
    if (noticed) this.#tally.note(noticed.kind, noticed.group, noticed)
  }

  #again(counted: readonly Counted<Noticed>[], others: number): void {
    for (const { what, count } of counted) this.#add(what.type, `${count} times more: ${what.techInfo}`) // biome-ignore format: one line
    if (others > 0) this.#add('InvalidMessages', `${others} others, of kinds there was no room to tell apart`) // biome-ignore format: one line
  }

  #add(type: SecurityEventType, techInfo: string): void {
    if (this.#isStopped) return
    if (this.#kept.length >= MAX_KEPT) {
      this.#dropped++
      return
    }
    const timestamp = new Date(this.#clock.now()).toISOString()
    this.#kept.push({ type, timestamp, techInfo: clipped(techInfo) })
    void this.#send()
  }

  /** One after the other, and again what did not arrive. */
  async #send(): Promise<void> {
    if (this.#isSending || this.#isStopped || !this.#hasBegun) return
    this.#isSending = true
    this.#timer?.cancel()
    try {
      for (let next = this.#kept[0]; next && this.#hasWay(); next = this.#kept[0]) {
        await this.#tell(next)
        this.#kept.shift()
        this.#retryMs = FIRST_RETRY_MS
        this.#sayWhatWasDropped()
      }
    } catch (error) {
      this.#log.debug('security-event.untold', { error: String(error), inMs: this.#retryMs })
    } finally {
      this.#isSending = false
      if (this.#kept.length > 0) this.#retryLater()
    }
  }

  async #tell(event: SecurityEvent): Promise<void> {
    try {
      await this.#node.call(CSMS, PROTOCOL, 'SecurityEventNotification', event)
    } catch (error) {
      const isFinal = error instanceof RemoteError && error.isSigned && FINAL.has(error.errorCode)
      if (!isFinal) throw error
      // Whoever never takes it must not keep all that come after it.
      this.#log.warn('security-event.refused', { type: event.type, errorCode: error.errorCode })
    }
  }

  #retryLater(): void {
    if (this.#isStopped) return
    this.#timer?.cancel()
    this.#timer = this.#clock.setTimer(() => void this.#send(), this.#retryMs)
    this.#retryMs = Math.min(2 * this.#retryMs, MAX_RETRY_MS)
  }

  #sayWhatWasDropped(): void {
    const count = this.#dropped
    this.#dropped = 0
    if (count > 0) this.#add('InvalidMessages', `${count} events happened while the CSMS could not be reached, and were not kept`) // biome-ignore format: one line
  }

  /** A standard CSMS knows stations only, and would take the node for one of them. */
  #hasWay(): boolean {
    const way = this.#node.table.lookup(CSMS)
    return way?.isOverlay === true && way.link.way === 'up'
  }
}

/** What of the events of a node is told. */
function noticedIn(event: NodeEvent): Noticed | undefined {
  switch (event.name) {
    case 'frame.refused': {
      const { code, link, source = link, details } = event
      if (!FORGED.has(code)) return undefined
      const reason = typeof details.reason === 'string' ? details.reason : code
      const type = REPLAYS.has(reason) ? 'AttemptedReplayAttacks' : 'InvalidMessages'
      return noticed(type, link, [source, reason], `${reason}: from ${source} over ${link}`)
    }
    case 'link.refused': {
      const {
        id,
        status,
        why,
        address = '',
      } = event as typeof event & { readonly address?: string }
      if (!NOT_LET_IN.has(status)) return undefined
      return noticed('FailedToAuthenticateAtCsms', address, [id, why], `${why}: ${id} at ${address}`) // biome-ignore format: one line
    }
    case 'trust.refused':
      return reconfigured(event.by, `${event.by} was refused ${event.what}: ${event.problem}`)
    case 'rules.changed':
      return reconfigured(event.by, `${event.by} has changed ${namesOf(event)}, on trial until ${event.trialEndsAt}`) // biome-ignore format: one line
    case 'rules.confirmed':
      return reconfigured('', `an owner has confirmed ${namesOf(event)}`)
    case 'rules.rolled-back':
      return reconfigured('', `nobody has confirmed ${namesOf(event)}: the former rules hold again`) // biome-ignore format: one line
    case 'keys.revoked':
      return reconfigured(event.by, `revocation list ${event.version} by ${event.by}`)
    default:
      return undefined
  }
}

function namesOf({
  documents,
}: {
  readonly documents: readonly { readonly kind: string; readonly name: string }[]
}): string {
  // biome-ignore format: one line
  return documents.map(({ kind, name }) => `${kind} ${name}`).join(', ')
}

function reconfigured(group: string, techInfo: string): Noticed {
  return noticed('ReconfigurationOfSecurityParameters', group, [techInfo], techInfo)
}

function noticed(
  type: SecurityEventType,
  group: string,
  kind: readonly string[],
  techInfo: string,
): Noticed {
  return { type, techInfo, group, kind: JSON.stringify([type, group, ...kind]) }
}

/** Characters count as the schema counts them, and none is cut in two. */
function clipped(text: string): string {
  return [...text.toWellFormed()].slice(0, MAX_TECH_INFO).join('')
}
