import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ReplayClass } from '../../src/messages/actions.ts'
import type { NodeEvent } from '../../src/node/core.ts'
import { JudgedTime } from '../../src/node/judged-time.ts'
import { type Clock, VirtualClock } from '../../src/primitives/clock.ts'
import { Challenges } from '../../src/security/freshness/challenges.ts'
import { FreshnessGate, LIVE_S, QUEUED_S } from '../../src/security/freshness/freshness.ts'
import { SeenMessages } from '../../src/security/freshness/seen-messages.ts'
import type { MessageFields } from '../../src/security/header.ts'
import { CALL } from '../security/keys.ts'
import { PROPERTY } from '../seed.ts'

/** By which time messages are judged, whatever somebody does to clocks and processes. */

const NOW = 1_800_000_000
const noEvents = (event: NodeEvent) => assert.fail(event.name)

/** A process, as far as it matters for what is obeyed. */
function process(clock: Clock, file: { newest?: number }) {
  const write = (seconds: number) => {
    file.newest = seconds
  }
  const kept = { read: () => file.newest, write }
  const gate = new FreshnessGate(new SeenMessages(), new Challenges(() => new Uint8Array(16)))
  const time = new JudgedTime(clock, kept, noEvents)
  const obeys = (header: MessageFields, replay: ReplayClass) => {
    const isFresh = gate.judge({ header, digest: 'digest', replay }, time.moment).kind === 'fresh'
    if (isFresh) time.noteTaken(header)
    return isFresh
  }
  return { obeys, stop: () => time.stop() }
}

const second = fc.integer({ min: -100, max: 100 })
const EVENT = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('deliver' as const), by: fc.nat(5), isKilled: fc.constant(false) }) }, // biome-ignore format: one line
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('sign' as const), by: fc.integer({ min: -40, max: 40 }), isKilled: fc.constant(false) }) }, // biome-ignore format: one line
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('set' as const), by: second, isKilled: fc.constant(false) }) }, // biome-ignore format: one line
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('restart' as const), by: fc.constant(0), isKilled: fc.boolean() }) }, // biome-ignore format: one line
)

for (const replay of ['live', 'queued'] as const) {
  test(`a ${replay} message is obeyed once, however often it comes, whoever sets the clock, and however often its receiver ends`, () => {
    const events = fc.array(fc.tuple(EVENT, fc.double({ min: 0, max: 20, noNaN: true })), { maxLength: 60 }) // biome-ignore format: one line
    const property = fc.property(events, (list) => {
      let wallMs = NOW * 1_000
      let passedMs = 0
      const clock: Clock = { now: () => wallMs, monotonic: () => passedMs, setTimer: () => assert.fail() } // biome-ignore format: one line
      const file = {}
      let running = process(clock, file)
      const signed: MessageFields[] = []
      const obeyed: string[] = []
      for (const [{ kind, by, isKilled }, waitS] of list) {
        wallMs += waitS * 1_000
        passedMs += waitS * 1_000
        if (kind === 'set') wallMs += by * 1_000
        if (kind === 'restart') {
          if (!isKilled) running.stop()
          passedMs = 0
          running = process(clock, file)
        }
        if (kind === 'sign') {
          const iat = Math.floor(wallMs / 1_000) + by
          const exp = iat + (replay === 'live' ? LIVE_S : QUEUED_S)
          signed.push({ ...CALL, iat, exp, nonce: `n${signed.length}` } as MessageFields)
        }
        const message = kind === 'deliver' ? signed[signed.length - 1 - by] : undefined
        if (message && running.obeys(message, replay)) obeyed.push(message.nonce)
      }
      assert.deepEqual(obeyed, [...new Set(obeyed)])
    })
    fc.assert(property, { ...PROPERTY, numRuns: PROPERTY.numRuns * 10 })
  })
}

test('the newest signed time is kept at once, then every ten seconds of it, and when the process stops', async () => {
  const clock = new VirtualClock(NOW * 1_000)
  const written: number[] = []
  const time = new JudgedTime(clock, { read: () => undefined, write: (seconds) => written.push(seconds) }, noEvents) // biome-ignore format: one line
  for (const iat of [NOW, NOW + 10, NOW + 11, NOW + 3, NOW + 15]) time.noteTaken({ iat })
  assert.deepEqual(written, [NOW, NOW + 11])
  time.stop()
  time.stop()
  assert.deepEqual(written, [NOW, NOW + 11, NOW + 15])
})

test('where it cannot be kept that is told once for ten seconds, and messages are obeyed all the same', () => {
  const events: string[] = []
  const write = () => {
    throw new Error('full')
  }
  const time = new JudgedTime(new VirtualClock(NOW * 1_000), { read: () => undefined, write }, (event) => events.push(event.name)) // biome-ignore format: one line
  for (const iat of [NOW, NOW + 1, NOW + 10]) time.noteTaken({ iat })
  assert.deepEqual(events, ['clock.unkept'])
  time.noteTaken({ iat: NOW + 11 })
  assert.deepEqual(events, ['clock.unkept', 'clock.unkept'])
})

test('a clock that is behind by no more than clocks may be apart is believed', () => {
  const at = (behindS: number) => new JudgedTime(new VirtualClock((NOW - behindS) * 1_000), { read: () => NOW, write: () => assert.fail() }, () => {}).moment.isClockTrusted // biome-ignore format: one line
  assert.deepEqual([at(30), at(31)], [true, false])
})

test('a clock that is behind is believed again when it has passed what was signed, where nothing was learned', async () => {
  const clock = new VirtualClock((NOW - 31) * 1_000)
  const time = new JudgedTime(clock, { read: () => NOW, write: () => assert.fail() }, () => {})
  assert.equal(time.moment.isClockTrusted, false)
  await clock.advance(1_000)
  assert.equal(time.moment.isClockTrusted, true)
})

for (const [end, aheadS, backS] of [
  ['stops', 30, 20],
  ['is killed before it has kept it', 10, 25],
] as const) {
  // biome-ignore format: a table
  test(`what was obeyed is not obeyed again where the process ${end} and the clock is set back a little`, async () => {
    const clock = new VirtualClock(NOW * 1_000)
    const file = {}
    const first = process(clock, file)
    await clock.advance(60_000)
    const signed = (iat: number) => ({ ...CALL, iat, exp: iat + LIVE_S, nonce: `n${iat}` }) as MessageFields // biome-ignore format: one line
    const message = signed(NOW + 60 + aheadS)
    assert.deepEqual([signed(NOW + 60), message].map((one) => first.obeys(one, 'live')), [true, true]) // biome-ignore format: one line
    if (end === 'stops') first.stop()
    clock.set(clock.now() - backS * 1_000)
    const second = process(clock, file)
    await clock.advance(21_000)
    assert.equal(second.obeys(message, 'live'), false)
    await clock.advance(aheadS * 1_000)
    assert.equal(second.obeys(signed(message.iat + 11), 'live'), true)
  })
}
