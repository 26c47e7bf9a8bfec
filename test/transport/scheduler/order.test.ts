import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { WaitingFrame } from '../../../src/transport/scheduler/shipment.ts'
import { PRIORITIES } from '../../../src/transport/scheduler/shipment.ts'
import { PROPERTY } from '../../seed.ts'
import { createBench, padded, shipment } from './carriers.ts'

const anyShipment = fc.record({
  priority: fc.constantFrom(...PRIORITIES),
  source: fc.constantFrom('CS01', 'cs01', 'CS02', 'CSMS'),
  order: fc.constantFrom(undefined, 'a', 'b'),
  kind: fc.constantFrom('request', 'answer', 'send'),
  isDroppable: fc.boolean(),
  size: fc.constantFrom(20, 500, 3000, 30_000, 70_000),
  ttlMs: fc.constantFrom(undefined, undefined, 5, 100, 1000),
})

const anyStep = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('enqueue'), one: anyShipment }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('try'), one: anyShipment }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('drain'), bytes: fc.nat(100_000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pong'), at: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('advance'), ms: fc.nat(300) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('retract'), at: fc.nat() }) },
)

test('whatever happens, frames of one class and order key keep their order and none is lost or doubled', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 1, maxLength: 120 }), async (steps) => {
      const bench = createBench({ queueBytes: 400_000, memoryLimitBytes: 600_000 })
      const { scheduler, carrier, clock } = bench
      const keyOf = new Map<string, string>()
      const fates = new Map<string, string>()
      const waiting: WaitingFrame<string>[] = []
      for (const step of steps) {
        if (step.do === 'drain') {
          carrier.queuedBytes = Math.max(0, carrier.queuedBytes - step.bytes)
          scheduler.drained()
        } else if (step.do === 'pong') {
          const ping = carrier.pings[step.at % Math.max(1, carrier.pings.length)]
          if (ping) scheduler.pong(ping)
        } else if (step.do === 'advance') {
          await clock.advance(step.ms)
        } else if (step.do === 'retract') {
          const frame = waiting[step.at % Math.max(1, waiting.length)]
          if (frame && scheduler.retract(frame)) setFate(fates, frame.token, 'retracted')
        } else {
          const { source, order, priority, size, ttlMs, ...rest } = step.one
          const text = `frame ${keyOf.size}`
          // Unclassified frames are promised not to be known bulk.
          const isTried = step.do === 'try' && priority !== 'bulk'
          const key = priority === 'bulk' ? `${source} ${order}` : source
          keyOf.set(text, `${priority} ${key}`.toLowerCase())
          if (isTried && scheduler.trySend(padded(text, size), false)) continue
          const expiresAt = ttlMs === undefined ? undefined : clock.now() + ttlMs
          const admission = scheduler.enqueue(
            shipment(text, { ...rest, source, order, priority, size, expiresAt }),
          )
          if (admission.outcome === 'queued') waiting.push(admission.frame)
          else if (admission.outcome !== 'sent') setFate(fates, text, admission.outcome)
        }
      }
      for (const { token } of scheduler.close()) setFate(fates, token, 'closed')
      for (const { token } of bench.expired) setFate(fates, token, 'expired')
      for (const { token } of bench.dropped) setFate(fates, token, 'dropped')
      for (const text of carrier.texts) setFate(fates, text, 'sent')

      assert.deepEqual([...fates.keys()].sort(), [...keyOf.keys()].sort())
      const last = new Map<string, number>()
      for (const text of carrier.texts) {
        const key = keyOf.get(text) ?? ''
        const number = Number(text.slice(6))
        assert.ok(number > (last.get(key) ?? -1), `${text} of ${key} was overtaken`)
        last.set(key, number)
      }
      assert.equal(clock.pendingTimers, 0)
      assert.equal(scheduler.statistics().stateEntries, 0)
    }),
    PROPERTY,
  )
})

/** A frame has one fate. */
function setFate(fates: Map<string, string>, text: string, fate: string): void {
  assert.equal(fates.get(text), undefined, `${text}: ${fates.get(text)} and ${fate}`)
  fates.set(text, fate)
}

test('a command stream that loses its urgency and gets it back keeps its order', async () => {
  const bench = createBench({ assumedBytesPerSecond: 100_000 })
  bench.block()
  const texts = Array.from({ length: 200 }, (_, i) => `command ${i}`)
  for (const text of texts) {
    bench.scheduler.enqueue(shipment(text, { priority: 'command', size: 900, order: 'EVSE 1' }))
    bench.scheduler.enqueue(shipment('transaction', { priority: 'transaction', size: 900 }))
  }
  while (bench.scheduler.held) {
    bench.drain()
    await bench.clock.advance(97)
  }
  assert.deepEqual(
    bench.carrier.texts.filter((text) => text !== 'transaction'),
    texts,
  )
})

test('an order key belongs to its source: the same key of two sources is two keys', () => {
  const bench = createBench()
  bench.block()
  const facts = { priority: 'bulk', order: 'stream 1', size: 5000 } as const
  bench.outcomes([
    shipment('a1', { ...facts, source: 'CS01' }),
    shipment('a2', { ...facts, source: 'CS01' }),
    shipment('b1', { ...facts, source: 'CS02' }),
  ])
  bench.drain()
  assert.deepEqual(bench.carrier.texts, ['a1', 'b1', 'a2'])
})

test('frames of a source that spells its name differently keep their order', () => {
  const bench = createBench()
  bench.block()
  const texts = Array.from({ length: 20 }, (_, i) => `frame ${i}`)
  texts.forEach((text, i) => {
    bench.scheduler.enqueue(shipment(text, { source: i % 3 ? 'CS01' : 'cs01', size: 900 }))
  })
  bench.drainAll()
  assert.deepEqual(bench.carrier.texts, texts)
})
