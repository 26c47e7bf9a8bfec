import type { monitorEventLoopDelay } from 'node:perf_hooks'
import type { LinkCounters } from '../node/neighbour.ts'
import type { Node } from '../node/node.ts'
import type { Csms } from '../roles/csms/csms.ts'
import type { RuleStatistics } from '../routing/filters/rule.ts'
import { securityProfileOf } from '../transport/link.ts'
import { PRIORITIES } from '../transport/scheduler/shipment.ts'
import { KINDS, type MessageType } from '../wire/frame.ts'
import { addTotals, NO_TOTALS, type Observations, type PriorityClass, type QueueTotals } from './observations.ts' // biome-ignore format: one line

/** What rows read; made anew each time somebody asks. */
export interface Snapshot {
  readonly node: Node
  readonly observed: Observations
  /** Undefined at a node that is none. */
  readonly csms: Csms | undefined
  /** Of entries of the audit log; undefined where nobody writes one. */
  readonly audit: AuditCounts | undefined
  /** Connections of the HTTP server, by why. */
  readonly refusedConnections: ReadonlyMap<string, number>
  readonly queues: ReadonlyMap<PriorityClass, QueueSums>
  readonly held: { readonly count: number; readonly bytes: number; readonly oldestMs: number }
  readonly memory: NodeJS.MemoryUsage
  readonly eventLoop: ReturnType<typeof monitorEventLoopDelay>
}

/** Since the start. */
export interface AuditCounts {
  readonly written: number
  /** What the disk did not take. */
  readonly lost: number
}

/** Of one class, over all links: what waits now, and what was counted since the start. */
export interface QueueSums extends QueueTotals {
  readonly frames: number
  readonly bytes: number
  readonly oldestMs: number
}

type Add = (value: number, labels?: Record<string, string>) => void

/** One metric. Names and labels are stable: docs/observability.md lists them. */
export interface MetricRow {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly labels: readonly string[]
  readonly help: string
  read(snapshot: Snapshot, add: Add): void
}

// biome-ignore format: a table
export const NODE_METRICS: readonly MetricRow[] = [
  { name: 'wattweave_frames_total', type: 'counter', labels: ['link', 'direction', 'kind'], help: 'Frames by neighbour, direction and kind.',
    read: ({ node }, add) => addFrames(node.linkCounters, add) },
  { name: 'wattweave_refused_total', type: 'counter', labels: ['code'], help: 'Frames refused or dropped, by error code.',
    read: ({ node }, add) => addAll(node.refusals, 'code', add) },
  { name: 'wattweave_audit_entries_total', type: 'counter', labels: ['outcome'], help: 'Entries of the audit log that were written, and that the disk did not take.',
    read: ({ audit }, add) => addAudit(audit, add) },
  { name: 'wattweave_links', type: 'gauge', labels: ['form', 'security_profile'], help: 'Open links by form and by how the peer proved who it is.',
    read: addLinks },
  { name: 'wattweave_link_queued_bytes', type: 'gauge', labels: ['link'], help: 'Bytes handed to a link and not yet taken by the network.',
    read: ({ node }, add) => { for (const { label, link } of node.neighbours) add(link.queuedBytes, { link: label }) } },
  { name: 'wattweave_link_round_trip_seconds', type: 'gauge', labels: ['link'], help: 'Smoothed round trip of pings on an open link.',
    read: addRoundTrips },
  { name: 'wattweave_upgrades_refused_total', type: 'counter', labels: ['status'], help: 'Connections refused, by HTTP status or close code.',
    read: ({ observed }, add) => addAll(observed.refusedUpgrades, 'status', add) },
  { name: 'wattweave_http_connections_refused_total', type: 'counter', labels: ['reason'], help: 'Connections to the HTTP port that were closed because they were slow, or too many.',
    read: ({ refusedConnections }, add) => addAll(refusedConnections, 'reason', add) },
  { name: 'wattweave_links_closed_total', type: 'counter', labels: ['by', 'code'], help: 'Links that ended, by who ended them and WebSocket close code.',
    read: addClosedLinks },
  { name: 'wattweave_dial_retries_total', type: 'counter', labels: ['url'], help: 'Attempts to dial that failed and are repeated.',
    read: ({ observed }, add) => addAll(observed.dialRetries, 'url', add) },
  { name: 'wattweave_upstreams_lost_total', type: 'counter', labels: ['upstream'], help: 'Connections in the name of a station that were lost or could not be opened.',
    read: ({ observed }, add) => addAll(observed.lostUpstreams, 'upstream', add) },
  { name: 'wattweave_copies_dropped_total', type: 'counter', labels: ['code'], help: 'Copies that a mirror could not be sent, or answered with an error, by error code.',
    read: ({ observed }, add) => addAll(observed.droppedCopies, 'code', add) },
  { name: 'wattweave_clock_offset_seconds', type: 'gauge', labels: ['peer'], help: 'How far the clock of a node is ahead of the one here, by what it has signed lately; behind where negative.',
    read: ({ node }, add) => { for (const { peer, offsetS } of node.clocks) add(offsetS, { peer }) } },
  { name: 'wattweave_quarantined_total', type: 'counter', labels: ['reason'], help: 'Frames that a policy has kept back, by its reason.',
    read: ({ observed }, add) => addAll(observed.quarantined, 'reason', add) },
  { name: 'wattweave_quarantined_frames', type: 'gauge', labels: [], help: 'Frames that a policy keeps back until somebody has looked at them.',
    read: ({ node }, add) => add(node.quarantine.size) },
  { name: 'wattweave_alerted_total', type: 'counter', labels: ['reason'], help: 'Messages that a rule let through though they fail it, by its reason.',
    read: ({ observed }, add) => addAll(observed.alerted, 'reason', add) },
  { name: 'wattweave_unsigned_errors_total', type: 'counter', labels: ['kind'], help: 'Errors that nobody has signed, passed on as the word of a hop.',
    read: ({ observed }, add) => addAll(observed.unsignedErrors, 'kind', add) },
  { name: 'wattweave_open_requests', type: 'gauge', labels: [], help: 'Requests that wait for an answer, sent or not.',
    read: ({ node }, add) => { let sum = 0; for (const { pending } of node.neighbours) sum += pending.size; add(sum) } },
  { name: 'wattweave_calls_held', type: 'gauge', labels: [], help: 'CALLs kept back until a standard peer has answered the one before.',
    read: ({ held }, add) => add(held.count) },
  { name: 'wattweave_calls_held_bytes', type: 'gauge', labels: [], help: 'Bytes of these CALLs.',
    read: ({ held }, add) => add(held.bytes) },
  { name: 'wattweave_calls_held_oldest_seconds', type: 'gauge', labels: [], help: 'How long the oldest of them has waited.',
    read: ({ held }, add) => add(held.oldestMs / 1000) },
  { name: 'wattweave_send_queue_frames', type: 'gauge', labels: ['class'], help: 'Frames that wait for links that are behind.',
    read: ({ queues }, add) => addQueues(queues, ({ frames }) => frames, add) },
  { name: 'wattweave_send_queue_bytes', type: 'gauge', labels: ['class'], help: 'Bytes of these frames.',
    read: ({ queues }, add) => addQueues(queues, ({ bytes }) => bytes, add) },
  { name: 'wattweave_send_queue_oldest_seconds', type: 'gauge', labels: ['class'], help: 'How long the oldest of them has waited.',
    read: ({ queues }, add) => addQueues(queues, ({ oldestMs }) => oldestMs / 1000, add) },
  { name: 'wattweave_send_waited_frames_total', type: 'counter', labels: ['class'], help: 'Frames sent after they had waited.',
    read: ({ queues }, add) => addQueues(queues, ({ waitedFrames }) => waitedFrames, add) },
  { name: 'wattweave_send_waited_seconds_total', type: 'counter', labels: ['class'], help: 'How long all of them together have waited.',
    read: ({ queues }, add) => addQueues(queues, ({ waitedMs }) => waitedMs / 1000, add) },
  { name: 'wattweave_send_dropped_total', type: 'counter', labels: ['class'], help: 'Frames dropped to make room.',
    read: ({ queues }, add) => addQueues(queues, ({ dropped }) => dropped, add) },
  { name: 'wattweave_send_expired_total', type: 'counter', labels: ['class'], help: 'CALLs that waited too long and were not sent.',
    read: ({ queues }, add) => addQueues(queues, ({ expired }) => expired, add) },
  { name: 'wattweave_send_congested_total', type: 'counter', labels: ['class'], help: 'CALLs for which there was no room.',
    read: ({ queues }, add) => addQueues(queues, ({ congested }) => congested, add) },
  { name: 'wattweave_filter_matched_total', type: 'counter', labels: ['rule', 'effect'], help: 'Frames that met every condition of a rule.',
    read: ({ node }, add) => addRules(node, ({ matched }) => matched, add) },
  { name: 'wattweave_filter_rejected_total', type: 'counter', labels: ['rule', 'effect'], help: 'Frames a rule rejected.',
    read: ({ node }, add) => addRules(node, ({ rejected }) => rejected, add) },
  { name: 'wattweave_filter_dropped_total', type: 'counter', labels: ['rule', 'effect'], help: 'Frames a rule dropped.',
    read: ({ node }, add) => addRules(node, ({ dropped }) => dropped, add) },
  { name: 'wattweave_filter_replaced_total', type: 'counter', labels: ['rule', 'effect'], help: 'Frames whose payload a rule changed.',
    read: ({ node }, add) => addRules(node, ({ replaced }) => replaced, add) },
  { name: 'wattweave_frame_log_frames', type: 'gauge', labels: [], help: 'Frames in the frame log.',
    read: ({ node }, add) => add(node.frameLog.kept.records) },
  { name: 'wattweave_frame_log_bytes', type: 'gauge', labels: [], help: 'Bytes of these frames.',
    read: ({ node }, add) => add(node.frameLog.kept.bytes) },
]

/** Sums over all links, those that are gone included where a sum must never fall. */
export function queueSums(node: Node, observed: Observations): Map<PriorityClass, QueueSums> {
  const open = [...node.neighbours].flatMap(({ sendStatistics }) => sendStatistics ?? [])
  return new Map(
    PRIORITIES.map((name) => {
      let totals = observed.endedQueues.get(name) ?? NO_TOTALS
      let frames = 0
      let bytes = 0
      let oldestMs = 0
      for (const { classes } of open) {
        totals = addTotals(totals, classes[name])
        frames += classes[name].frames
        bytes += classes[name].bytes
        oldestMs = Math.max(oldestMs, classes[name].oldestWaitMs)
      }
      return [name, { ...totals, frames, bytes, oldestMs }]
    }),
  )
}

// biome-ignore format: a table
export const CSMS_METRICS: readonly MetricRow[] = [
  { name: 'wattweave_messages_repeated_total', type: 'counter', labels: [], help: 'Messages of stations that came before.',
    read: ({ csms }, add) => { if (csms) add(csms.counts.repeated) } },
  { name: 'wattweave_messages_conflict_total', type: 'counter', labels: [], help: 'Messages that say something else than the one before that has their number.',
    read: ({ csms }, add) => { if (csms) add(csms.counts.conflicts) } },
]

/** Calls that wait behind one that a standard peer has not answered. */
export function heldCalls(node: Node, now: number): Snapshot['held'] {
  let count = 0
  let oldest = now
  let bytes = 0
  for (const { waiting } of node.neighbours) {
    count += waiting.length
    bytes += waiting.bytes
    oldest = Math.min(oldest, waiting.since ?? now)
  }
  return { count, bytes, oldestMs: now - oldest }
}

function addFrames(counters: ReadonlyMap<string, LinkCounters>, add: Add): void {
  for (const [link, { received, sent }] of counters) {
    for (const [direction, counts] of [['received', received], ['sent', sent]] as const) {
      counts.forEach((count, type) => {
        if (count > 0) add(count, { link, direction, kind: kindOf(type) })
      })
    }
    // biome-ignore format: two directions
  }
}

function kindOf(type: number): string {
  return KINDS[type as MessageType] ?? 'undecodable'
}

function addLinks({ node }: Snapshot, add: Add): void {
  for (const form of ['overlay', 'standard']) {
    for (const profile of [0, 1, 2, 3]) add(0, { form, security_profile: `${profile}` })
  }
  for (const { link } of node.neighbours) {
    add(1, { form: link.form, security_profile: `${securityProfileOf(link)}` })
  }
}

function addRoundTrips({ node }: Snapshot, add: Add): void {
  for (const { label, link } of node.neighbours) {
    if (link.roundTripMs !== undefined) add(link.roundTripMs / 1000, { link: label })
  }
}

function addAll(counts: ReadonlyMap<string, number>, label: string, add: Add): void {
  for (const [value, count] of counts) add(count, { [label]: value })
}

function addClosedLinks({ observed }: Snapshot, add: Add): void {
  for (const [by, codes] of observed.closedLinks) {
    for (const [code, count] of codes) add(count, { by, code })
  }
}

function addQueues(queues: Snapshot['queues'], value: (sums: QueueSums) => number, add: Add): void {
  for (const [name, sums] of queues) add(value(sums), { class: name })
}

function addRules(node: Node, value: (statistics: RuleStatistics) => number, add: Add): void {
  for (const statistics of node.filters?.statistics() ?? []) {
    const { rule, effect } = statistics
    add(value(statistics), { rule, effect })
  }
}

function addAudit(audit: AuditCounts | undefined, add: Add): void {
  if (!audit) return
  add(audit.written, { outcome: 'written' })
  add(audit.lost, { outcome: 'lost' })
}
