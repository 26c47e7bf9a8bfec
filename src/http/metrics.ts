import { Counter, Gauge, Registry } from 'prom-client'
import type { Node } from '../node/node.ts'
import { type Clock, systemClock } from '../primitives/clock.ts'
import type { Csms } from '../roles/csms/csms.ts'
import {
  type AuditCounts,
  CSMS_METRICS,
  heldCalls,
  type MetricRow,
  NODE_METRICS,
  queueSums,
} from './metric-rows.ts'
import type { Observations } from './observations.ts'
import { PROCESS_METRICS, watchEventLoop } from './process-metrics.ts'

/** Every metric there is. */
export const METRICS: readonly MetricRow[] = [...NODE_METRICS, ...CSMS_METRICS, ...PROCESS_METRICS]

export interface Metrics {
  readonly contentType: string
  /** All metrics as they are now, in the text format of Prometheus. */
  text(): Promise<string>
  stop(): void
}

interface MetricSources {
  readonly clock?: Clock | undefined
  readonly csms?: Csms | undefined
  readonly audit?: AuditCounts | undefined
  /** Connections of the HTTP server, by why. */
  readonly refusedConnections?: ReadonlyMap<string, number>
}

const NONE: ReadonlyMap<string, number> = new Map()

/**
 * Prometheus metrics with stable names. The node counts in plain numbers on the way of a frame;
 * they become metrics only when somebody asks.
 */
export function createMetrics(
  node: Node,
  observed: Observations,
  { clock = systemClock, csms, audit, refusedConnections = NONE }: MetricSources = {},
): Metrics {
  const registry = new Registry()
  const eventLoop = watchEventLoop()
  const metrics = METRICS.map((row) => ({ row, metric: createMetric(row, registry) }))
  return {
    contentType: registry.contentType,
    text() {
      const snapshot = {
        node,
        observed,
        csms,
        audit,
        refusedConnections,
        eventLoop,
        queues: queueSums(node, observed),
        held: heldCalls(node, clock.now()),
        memory: process.memoryUsage(),
      }
      for (const { row, metric } of metrics) {
        metric.reset()
        row.read(snapshot, (value, labels = {}) => metric.inc(labels, value))
      }
      eventLoop.reset()
      return registry.metrics()
    },
    stop: () => eventLoop.disable(),
  }
}

function createMetric({ type, name, help, labels }: MetricRow, registry: Registry) {
  const options = { name, help, labelNames: labels, registers: [registry] }
  return type === 'counter' ? new Counter(options) : new Gauge(options)
}
