import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { MetricRow } from './metric-rows.ts'

/** How often the event loop is asked whether it is late. */
const RESOLUTION_MS = 20
const NANOSECONDS = 1e9

/** How late the event loop was since somebody last asked. */
export function watchEventLoop() {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  histogram.enable()
  return histogram
}

/** The timer of the measurement itself is not lag. */
function lagOf(nanoseconds: number): number {
  const seconds = nanoseconds / NANOSECONDS - RESOLUTION_MS / 1000
  return Number.isFinite(seconds) ? Math.max(0, seconds) : 0
}

// biome-ignore format: a table
/** What the process itself needs; the names are those of the Prometheus client libraries. */
export const PROCESS_METRICS: readonly MetricRow[] = [
  { name: 'process_cpu_seconds_total', type: 'counter', labels: [], help: 'CPU time of the process, user and system.',
    read: (_, add) => { const { user, system } = process.cpuUsage(); add((user + system) / 1e6) } },
  { name: 'process_start_time_seconds', type: 'gauge', labels: [], help: 'When the process started, in seconds since 1970.',
    read: (_, add) => add(Math.round(Date.now() / 1000 - process.uptime())) },
  { name: 'process_resident_memory_bytes', type: 'gauge', labels: [], help: 'Resident memory.',
    read: (_, add) => add(process.memoryUsage.rss()) },
  { name: 'nodejs_heap_size_used_bytes', type: 'gauge', labels: [], help: 'JavaScript heap in use.',
    read: ({ memory }, add) => add(memory.heapUsed) },
  { name: 'nodejs_external_memory_bytes', type: 'gauge', labels: [], help: 'Memory of buffers outside the heap.',
    read: ({ memory }, add) => add(memory.external) },
  { name: 'nodejs_eventloop_lag_mean_seconds', type: 'gauge', labels: [], help: 'How late the event loop was on average since the scrape before.',
    read: ({ eventLoop }, add) => add(lagOf(eventLoop.mean)) },
  { name: 'nodejs_eventloop_lag_p99_seconds', type: 'gauge', labels: [], help: 'The same, in 99 of 100 cases at most.',
    read: ({ eventLoop }, add) => add(lagOf(eventLoop.percentile(99))) },
  { name: 'nodejs_eventloop_lag_max_seconds', type: 'gauge', labels: [], help: 'The same, at most.',
    read: ({ eventLoop }, add) => add(lagOf(eventLoop.max)) },
]
