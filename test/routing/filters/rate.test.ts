import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../../src/primitives/clock.ts'
import { MAX_RATE_KEYS, RateLimit } from '../../../src/routing/filters/rate-limit.ts'
import type { Rate } from '../../../src/routing/filters/rule.ts'
import { compiled, effectOf, rejecting, subject } from './subjects.ts'

const limiting = (rate: Rate) => rejecting({ action: 'Reset', rate })

test('as many frames as the rate allows pass at once, the next ones when time has passed', async () => {
  const clock = new VirtualClock()
  const filters = limiting({ count: 3, perSeconds: 60, by: 'source' })
  const pass = () => effectOf(filters, subject(), clock.now()) === 'forward'

  assert.deepEqual([pass(), pass(), pass(), pass(), pass()], [true, true, true, false, false])
  await clock.advance(19_999)
  assert.equal(pass(), false)
  await clock.advance(1)
  assert.deepEqual([pass(), pass()], [true, false])
  await clock.advance(3_600_000)
  assert.deepEqual([pass(), pass(), pass(), pass()], [true, true, true, false])
})

test('a frame that is one too many does not make the next one wait longer', async () => {
  const clock = new VirtualClock()
  const filters = limiting({ count: 1, perSeconds: 1, by: 'rule' })
  assert.equal(effectOf(filters, subject(), clock.now()), 'forward')
  for (let i = 0; i < 9; i++) {
    await clock.advance(100)
    assert.equal(effectOf(filters, subject(), clock.now()), 'reject')
  }
  await clock.advance(100)
  assert.equal(effectOf(filters, subject(), clock.now()), 'forward')
})

// biome-ignore format: a table
const KEYS: [Rate['by'], apart: object, together: object][] = [
  ['source', { source: 'B' }, { from: 'B', destination: 'B' }],
  ['from', { from: 'B' }, { source: 'B', destination: 'B' }],
  ['destination', { destination: 'B' }, { source: 'B', from: 'B' }],
]

for (const [by, apart, together] of KEYS) {
  test(`each ${by} has a rate of its own`, () => {
    const filters = limiting({ count: 1, perSeconds: 60, by })
    assert.equal(effectOf(filters, subject()), 'forward')
    assert.equal(effectOf(filters, subject(apart)), 'forward')
    assert.equal(effectOf(filters, subject(together)), 'reject')
  })
}

test('a rate by rule counts all together', () => {
  const filters = limiting({ count: 1, perSeconds: 60, by: 'rule' })
  assert.equal(effectOf(filters, subject()), 'forward')
  assert.equal(effectOf(filters, subject({ source: 'B', from: 'B', destination: 'B' })), 'reject')
})

test('another spelling of a name gets no rate of its own', () => {
  const filters = limiting({ count: 1, perSeconds: 60, by: 'source' })
  assert.equal(effectOf(filters, subject({ source: 'CSMS01' })), 'forward')
  assert.equal(effectOf(filters, subject({ source: 'csms01' })), 'reject')
})

test('only frames that meet the other conditions are counted', () => {
  const rate: Rate = { count: 1, perSeconds: 60, by: 'rule' }
  const filters = rejecting({ payload: [{ pointer: '/type', equals: 'Immediate' }], rate })
  for (let i = 0; i < 5; i++) filters.judge(subject({ payload: { type: 'OnIdle' } }), 0)
  assert.equal(effectOf(filters, subject()), 'forward')
  assert.equal(effectOf(filters, subject()), 'reject')
})

test('a frame that another rule denies is counted all the same, in either order of the rules', () => {
  const rate: Rate = { count: 1, perSeconds: 60, by: 'rule' }
  const limit = { name: 'limit', effect: 'drop', match: { action: 'Reset', rate } } as const
  const other = { name: 'other', effect: 'reject', match: { source: 'CS01' } } as const
  for (const filters of [compiled(limit, other), compiled(other, limit)]) {
    assert.equal(effectOf(filters, subject({ source: 'CS01' })), 'reject')
    assert.equal(effectOf(filters, subject()), 'drop')
  }
})

test('a clock that falls back gives nothing away and holds nobody up for long', () => {
  const limit = new RateLimit({ count: 1, perSeconds: 1, by: 'rule' })
  assert.equal(limit.exceeds('', 3_600_000), false)
  assert.equal(limit.exceeds('', 0), true)
  assert.equal(limit.exceeds('', 999), true)
  assert.equal(limit.exceeds('', 1_000), false)
})

test('fractions of seconds are exact over a million refills', () => {
  const limit = new RateLimit({ count: 3, perSeconds: 0.1, by: 'rule' })
  for (let i = 0; i < 3; i++) limit.exceeds('', 0)
  let passed = 0
  for (let now = 1; now <= 1_000_000; now++) if (!limit.exceeds('', now)) passed++
  assert.equal(passed, 30_000)
})

test('20 000 sources leave the memory of 10 000, and those seen last are remembered', () => {
  const limit = new RateLimit({ count: 1, perSeconds: 60, by: 'source' })
  const keep = 'the one that never rests'
  assert.equal(limit.exceeds(keep, 0), false)
  for (let i = 0; i < 2 * MAX_RATE_KEYS; i++) {
    limit.exceeds(`CS${i}`, 0)
    assert.ok(limit.size <= MAX_RATE_KEYS)
    if (i % 1000 === 0) assert.equal(limit.exceeds(keep, 0), true)
  }
  assert.equal(limit.exceeds(keep, 0), true)
  assert.equal(limit.exceeds(`CS${2 * MAX_RATE_KEYS - 1}`, 0), true)
  assert.equal(limit.exceeds('CS0', 0), false)
})
