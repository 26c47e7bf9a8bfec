import { Counter, Gauge, Registry } from 'prom-client'
import type { Node } from '../node/node.ts'
import { KINDS, type MessageType } from '../wire/frame.ts'

/**
 * Prometheus metrics with stable names. The node counts in plain numbers on the way of a frame;
 * they become metrics only when somebody asks.
 */
export function createMetrics(node: Node) {
  const registry = new Registry()
  registry.registerMetric(
    new Counter({
      name: 'wattweave_frames_total',
      help: 'Frames by neighbour, direction and kind.',
      labelNames: ['link', 'direction', 'kind'],
      registers: [],
      collect() {
        this.reset()
        for (const [link, { received, sent }] of node.linkCounters) {
          for (const [direction, counts] of [['received', received], ['sent', sent]] as const) {
            counts.forEach((count, type) => {
              if (count > 0) this.inc({ link, direction, kind: kindOf(type) }, count)
            })
          }
          // biome-ignore format: two directions
        }
      },
    }),
  )
  registry.registerMetric(
    new Counter({
      name: 'wattweave_refused_total',
      help: 'Frames refused or dropped, by error code.',
      labelNames: ['code'],
      registers: [],
      collect() {
        this.reset()
        for (const [code, count] of node.refusals) this.inc({ code }, count)
      },
    }),
  )
  registry.registerMetric(
    new Gauge({
      name: 'wattweave_links',
      help: 'Open links by form.',
      labelNames: ['form'],
      registers: [],
      collect() {
        this.reset()
        for (const form of ['overlay', 'standard']) this.set({ form }, 0)
        for (const { link } of node.neighbours) this.inc({ form: link.form })
      },
    }),
  )
  registry.registerMetric(
    new Gauge({
      name: 'wattweave_link_queued_bytes',
      help: 'Bytes handed to a link and not yet taken by the network.',
      labelNames: ['link'],
      registers: [],
      collect() {
        this.reset()
        for (const { label, link } of node.neighbours) this.set({ link: label }, link.queuedBytes)
      },
    }),
  )
  registry.registerMetric(
    new Gauge({
      name: 'process_resident_memory_bytes',
      help: 'Resident memory.',
      registers: [],
      collect() {
        this.set(process.memoryUsage.rss())
      },
    }),
  )
  return { contentType: registry.contentType, text: () => registry.metrics() }
}

function kindOf(type: number): string {
  return KINDS[type as MessageType] ?? 'undecodable'
}
