import assert from 'node:assert/strict'
import { test } from 'node:test'
import { delay, every, systemClock, VirtualClock } from '../../src/primitives/clock.ts'

test('virtual timers fire in order of their time, of equals in the order they were set', async () => {
  const clock = new VirtualClock(0)
  const fired: string[] = []
  for (const [name, ms] of [['b', 2], ['a', 1], ['c', 2], ['z', 9]] as const) {
    clock.setTimer(() => fired.push(`${name}${clock.now()}`), ms)
  } // biome-ignore format: a list

  await clock.advance(5)

  assert.deepEqual(fired, ['a1', 'b2', 'c2'])
  assert.equal(clock.now(), 5)
  assert.equal(clock.pendingTimers, 1)
})

test('what a timer sets fires in the same advance when its time has come', async () => {
  const clock = new VirtualClock(0)
  const fired: number[] = []
  clock.setTimer(() => clock.setTimer(() => fired.push(clock.now()), 3), 2)
  await clock.advance(5)
  assert.deepEqual(fired, [5])
})

test('code that waits sees the effect of one timer before the next fires', async () => {
  const clock = new VirtualClock(0)
  const log: string[] = []
  const wait = async (name: string, ms: number) => {
    await delay(clock, ms)
    await Promise.resolve()
    log.push(name)
  }
  const first = wait('first', 1)
  clock.setTimer(() => log.push('timer'), 1)
  const both = Promise.all([first, wait('second', 1)])
  await clock.advance(2)
  await both
  assert.deepEqual(log, ['first', 'timer', 'second'])
})

test('every calls back until it is cancelled, also from inside its callback', async () => {
  const clock = new VirtualClock(0)
  let count = 0
  const timer = every(clock, 10, () => {
    if (++count === 3) timer.cancel()
  })
  await clock.advance(100)
  assert.equal(count, 3)
  assert.equal(clock.pendingTimers, 0)
})

test('a delay that is aborted rejects and leaves no timer', async () => {
  const clock = new VirtualClock(0)
  const controller = new AbortController()
  const waiting = delay(clock, 10, controller.signal)
  const reason = new Error('enough')
  controller.abort(reason)
  await assert.rejects(waiting, reason)
  await assert.rejects(delay(clock, 10, controller.signal), reason)
  assert.equal(clock.pendingTimers, 0)
})

test('a timer of months does not fire at once, nor in the middle, and can be cancelled', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let fired = 0
  const DAY_MS = 86_400_000
  systemClock.setTimer(() => fired++, 60 * DAY_MS)
  const cancelled = systemClock.setTimer(() => assert.fail('it was cancelled'), 60 * DAY_MS)

  for (let day = 0; day < 59; day++) t.mock.timers.tick(DAY_MS)
  cancelled.cancel()
  assert.equal(fired, 0)
  // What one of these timers sets counts from the end of a tick.
  for (let day = 0; day < 3; day++) t.mock.timers.tick(DAY_MS)
  assert.equal(fired, 1)
})

test('who sets a virtual clock lets no time pass: no timer comes due, and none is put off', async () => {
  const clock = new VirtualClock(0)
  const fired: number[] = []
  clock.setTimer(() => fired.push(clock.now()), 5)
  clock.set(1_000)
  assert.deepEqual([fired, clock.monotonic(), clock.now()], [[], 0, 1_000])
  await clock.advance(5)
  clock.set(0)
  assert.deepEqual([fired, clock.monotonic(), clock.now()], [[1_005], 5, 0])
})
