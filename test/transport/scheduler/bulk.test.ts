import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../../src/primitives/clock.ts'
import { SendScheduler } from '../../../src/transport/scheduler/send-scheduler.ts'
import { SEED } from '../../seed.ts'
import { CHUNK, chunk, MIB, SlowLine, shipment, textOf } from './carriers.ts'

const COMMAND_BYTES = 300
const RECEIVER = { expired() {}, dropped() {} }

/** Random numbers that a seed repeats, 0 to 1. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

interface Case {
  readonly mbitPerS: number
  readonly roundTripMs: number
  readonly totalBytes: number
  readonly chunkBytes?: number
  /** Chunks handed over and not yet sent. */
  readonly ahead?: number
  /** Not `bulk`: what a transfer does that nobody holds back. */
  readonly priority?: 'bulk' | 'telemetry'
}

/** Sends a file of chunks, always a few of them waiting, and commands at any moment. */
async function transfer(options: Case, during: (line: SlowLine, atMs: number) => void = () => {}) {
  const {
    mbitPerS,
    roundTripMs,
    totalBytes,
    chunkBytes = CHUNK,
    priority = 'bulk',
    ahead = 24,
  } = options
  const clock = new VirtualClock(0)
  const bytesPerSecond = (mbitPerS * 1_000_000) / 8
  const line = new SlowLine({ clock, bytesPerSecond, roundTripMs, kernelBytes: MIB })
  const scheduler = new SendScheduler<string>(line, RECEIVER, { clock })
  line.scheduler = scheduler
  const random = createRandom(SEED)
  const delays: { readonly atMs: number; readonly ms: number }[] = []
  let toSend = totalBytes
  let waiting = 0
  let received = 0
  let doneMs = 0
  const feed = () => {
    for (; waiting < ahead && toSend > 0; waiting++) {
      const size = Math.min(toSend, chunkBytes)
      scheduler.enqueue({ ...chunk('chunk', 'file', size), priority })
      toSend -= size
    }
  }
  line.left = (bytes) => {
    if (textOf(bytes) === 'chunk') waiting--
    feed()
  }
  line.arrived = (bytes) => {
    const text = textOf(bytes)
    if (text !== 'chunk') delays.push({ atMs: Number(text), ms: clock.now() - Number(text) })
    else received += bytes.length
    if (received === totalBytes) doneMs ||= clock.now()
  }
  const command = () => {
    if (received === totalBytes) return
    during(line, clock.now())
    const facts = { priority: 'command', source: 'CSMS', size: COMMAND_BYTES } as const
    scheduler.enqueue(shipment(String(clock.now()), facts))
    clock.setTimer(command, 1 + random() * 400)
  }
  feed()
  command()
  while (doneMs === 0 && clock.now() < 600_000) await clock.advance(1000)
  assert.equal(received, totalBytes, 'the transfer ends')
  await clock.advance(10_000)
  assert.equal(clock.pendingTimers, 0)
  const chunkMs = (chunkBytes / bytesPerSecond) * 1000
  const commandMs = (COMMAND_BYTES / bytesPerSecond) * 1000
  return {
    delays,
    chunkMs,
    commandMs,
    goodput: totalBytes / (doneMs / 1000) / bytesPerSecond,
    scheduler,
  }
}

/** It waits behind two chunks at most; some of its own kind may be on the way before it. */
function assertPrompt(result: Awaited<ReturnType<typeof transfer>>, roundTripMs: number): void {
  const limitMs = 2 * result.chunkMs + roundTripMs + 4 * result.commandMs
  for (const { atMs, ms } of result.delays) {
    assert.ok(ms <= limitMs, `command at ${atMs} ms took ${ms} ms, more than ${limitMs} ms`)
  }
}

test('a command overtakes 100 MB at any moment, and the link stays busy', async () => {
  const result = await transfer({ mbitPerS: 10, roundTripMs: 40, totalBytes: 100_000_000 })
  assert.ok(result.delays.length > 200)
  assertPrompt(result, 40)
  assert.ok(result.goodput >= 0.97, `goodput ${result.goodput}`)
})

test('a transfer that nobody holds back fills the hidden buffer: the line shows what it would cost', async () => {
  const result = await transfer({
    mbitPerS: 10,
    roundTripMs: 40,
    totalBytes: 10_000_000,
    priority: 'telemetry',
  })
  assert.ok(Math.max(...result.delays.map(({ ms }) => ms)) > 800)
})

for (const [mbitPerS, roundTripMs, chunkBytes, least] of [
  [1, 80, 16 * 1024, 0.9],
  [1, 600, 16 * 1024, 0.9],
  [4, 300, CHUNK, 0.9],
  [50, 10, CHUNK, 0.95],
  [100, 40, CHUNK, 0.9],
] as const) {
  test(`commands stay prompt and the link busy on ${mbitPerS} Mbit/s, ${roundTripMs} ms`, async () => {
    const totalBytes = mbitPerS * 4_000_000
    const result = await transfer({ mbitPerS, roundTripMs, totalBytes, chunkBytes })
    // On the slow ones the first two chunks are sent before anybody knows.
    const delays = result.delays.filter(({ atMs }) => atMs > 1500)
    assertPrompt({ ...result, delays }, roundTripMs)
    assert.ok(result.goodput >= least, `goodput ${result.goodput}`)
  })
}

for (const ahead of [24, 4])
  test(`a link that becomes slow is noticed by a sender ${ahead} chunks ahead: commands are prompt again`, async () => {
    const result = await transfer(
      { mbitPerS: 20, roundTripMs: 40, totalBytes: 40_000_000, ahead },
      (line, atMs) => {
        if (atMs > 5000) line.bytesPerSecond = (4 * 1_000_000) / 8
      },
    )
    const slowChunkMs = (CHUNK / ((4 * 1_000_000) / 8)) * 1000
    const late = result.delays.filter(({ atMs }) => atMs > 12_000)
    assert.ok(late.length > 50)
    for (const { ms } of late) assert.ok(ms <= 2 * slowChunkMs + 40, `${ms} ms`)
  })

test('a way that becomes longer is noticed: the link gets busy again', async () => {
  const result = await transfer(
    { mbitPerS: 50, roundTripMs: 20, totalBytes: 300_000_000 },
    (line, atMs) => {
      if (atMs > 5000) line.roundTripMs = 160
    },
  )
  assert.ok(result.goodput > 0.65, `goodput ${result.goodput}`)
  assert.equal(Math.round(result.scheduler.statistics().leastRoundTripMs ?? 0), 160)
})

test('what the way holds is not sent in one burst when it has become empty', async () => {
  const clock = new VirtualClock(0)
  const line = new SlowLine({ clock, bytesPerSecond: 500_000, roundTripMs: 400, kernelBytes: MIB })
  const scheduler = new SendScheduler<string>(line, RECEIVER, { clock })
  line.scheduler = scheduler
  const send = (count: number) => {
    for (let i = 0; i < count; i++) scheduler.enqueue(chunk('chunk', 'file'))
  }
  const chunksOnTheWay = () => scheduler.statistics().unacknowledgedBytes / CHUNK
  send(30)
  await clock.advance(7000)
  assert.equal(chunksOnTheWay(), 0)
  send(20)
  assert.equal(chunksOnTheWay(), 2)
  await clock.advance(130)
  assert.equal(chunksOnTheWay(), 2)
  await clock.advance(3)
  assert.equal(chunksOnTheWay(), 3)
  await clock.advance(20_000)
  assert.equal(scheduler.held, undefined)
})

test('a transfer that comes in bursts neither floods the link nor spoils what is known of it', async () => {
  const clock = new VirtualClock(0)
  const bytesPerSecond = 500_000
  const line = new SlowLine({ clock, bytesPerSecond, roundTripMs: 400, kernelBytes: MIB })
  const scheduler = new SendScheduler<string>(line, RECEIVER, { clock })
  line.scheduler = scheduler
  const random = createRandom(SEED + 2)
  const delays: number[] = []
  line.arrived = (bytes) => {
    const text = textOf(bytes)
    if (text !== 'chunk') delays.push(clock.now() - Number(text))
  }
  const rates: number[] = []
  for (let burst = 0; burst < 60; burst++) {
    const chunks = burst < 5 ? 20 : 1 + Math.floor(random() * 12)
    for (let i = 0; i < chunks; i++) {
      scheduler.enqueue(chunk('chunk', 'file'))
      if (random() < 0.3) await clock.advance(random() * 120)
    }
    for (let i = 0; i < 12; i++) {
      const facts = { priority: 'command', source: 'CSMS', size: 100 } as const
      scheduler.enqueue(shipment(String(clock.now()), facts))
      await clock.advance(random() * 200)
    }
    await clock.advance(random() * 4000)
    rates.push(scheduler.statistics().measuredBytesPerSecond ?? 0)
  }
  assert.ok(Math.max(...rates) <= bytesPerSecond * 1.01, `${Math.max(...rates)}`)
  assert.ok(Math.min(...rates.slice(5)) >= bytesPerSecond * 0.4, `${Math.min(...rates.slice(5))}`)
  // Into a way that is half empty the window lets more at once than it does in a steady flow.
  const limitMs = ((2 * CHUNK) / bytesPerSecond) * 1000 + 1.5 * 400
  assert.ok(Math.max(...delays) <= limitMs, `${Math.max(...delays)} of ${limitMs} ms`)
})

test('a peer that answers only some of the pings gets everything all the same', async () => {
  const random = createRandom(SEED + 1)
  const result = await transfer(
    { mbitPerS: 10, roundTripMs: 40, totalBytes: 20_000_000 },
    (line) => {
      line.answers = () => random() < 0.7
    },
  )
  assertPrompt(result, 40)
  assert.ok(result.goodput > 0.2, `goodput ${result.goodput}`)
})
