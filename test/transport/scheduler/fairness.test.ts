import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PriorityClass } from '../../../src/messages/actions.ts'
import { createBench, shipment, textOf } from './carriers.ts'

/** Sends until so many bytes have left; each of the names always has something waiting. */
function share(
  names: readonly string[],
  totalBytes: number,
  facts: (name: string, at: number) => Parameters<typeof shipment>[1],
): Map<string, number> {
  const bench = createBench()
  const bytes = new Map(names.map((name) => [name, 0]))
  let sum = 0
  bench.block()
  names.forEach((name, at) => {
    for (let i = 0; i < 4; i++) bench.scheduler.enqueue(shipment(name, facts(name, at)))
  })
  bench.carrier.onSend = (frame) => {
    const name = textOf(frame)
    sum += frame.length
    bytes.set(name, (bytes.get(name) ?? 0) + frame.length)
    bench.scheduler.enqueue(shipment(name, facts(name, names.indexOf(name))))
  }
  while (sum < totalBytes) {
    bench.drain()
    const ping = bench.carrier.pings.at(-1)
    if (ping) bench.scheduler.pong(ping)
  }
  return bytes
}

function assertEven(bytes: ReadonlyMap<string, number>): void {
  const mean = [...bytes.values()].reduce((a, b) => a + b, 0) / bytes.size
  for (const [name, count] of bytes) {
    assert.ok(Math.abs(count / mean - 1) < 0.1, `${name}: ${count} of ${mean} bytes`)
  }
}

for (const priority of ['transaction', 'telemetry', 'bulk'] as const satisfies PriorityClass[]) {
  for (const count of [2, 7, 50]) {
    test(`${count} sources get the same of ${priority} in bytes, whatever the sizes of their frames`, () => {
      const names = Array.from({ length: count }, (_, i) => `CS${i}`)
      const bytes = share(names, count * 400_000, (name, at) => ({
        priority,
        source: name,
        size: 60 + ((at * 977) % 9000),
      }))
      assertEven(bytes)
    })
  }
}

test('fifty files of one source get the same, and another source as much as all of them', () => {
  const names = [...Array.from({ length: 50 }, (_, i) => `file ${i}`), 'other']
  const bytes = share(names, 30_000_000, (name, at) => ({
    priority: 'bulk',
    kind: 'send',
    source: name === 'other' ? 'CS02' : 'CSMS',
    order: name,
    size: 1000 + at * 300,
  }))
  const other = bytes.get('other') ?? 0
  bytes.delete('other')
  assertEven(bytes)
  const files = [...bytes.values()].reduce((a, b) => a + b, 0)
  assert.ok(Math.abs(other / files - 1) < 0.1, `${other} against ${files}`)
})

test('a source that spells its name differently is still one source', () => {
  const bytes = share(['cs01', 'CS01', 'CS02'], 1_000_000, (name) => ({ source: name, size: 700 }))
  const one = (bytes.get('cs01') ?? 0) + (bytes.get('CS01') ?? 0)
  assert.ok(Math.abs(one / (bytes.get('CS02') ?? 0) - 1) < 0.1)
})

test('a source with one large frame among many small ones of others is not kept waiting for ever', () => {
  const bench = createBench()
  bench.block()
  for (let i = 0; i < 3000; i++) {
    bench.scheduler.enqueue(shipment('small', { source: `CS${i % 10}`, size: 1000 }))
  }
  bench.scheduler.enqueue(shipment('large', { source: 'LARGE', size: 200_000 }))
  bench.drainAll()
  const at = bench.carrier.texts.indexOf('large')
  // Ten others send as much as it does before it: 200 frames each.
  assert.ok(at > 1500 && at < 2200, `${at}`)
})
