import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HandlersByProtocol } from '../../src/node/handlers.ts'
import { LearnedClock } from '../../src/node/learned-clock.ts'
import { VirtualClock } from '../../src/primitives/clock.ts'
import { overlay } from '../support/memory-overlay.ts'
import { securityOf } from '../support/secured.ts'

/** Nodes whose machine has never been told the time. */

const FIFTY_YEARS_MS = 50 * 365 * 86_400_000

test('a clock that was never set goes by what was signed just now, until it is set', async () => {
  const raw = new VirtualClock(1_000)
  const clock = new LearnedClock(raw)
  assert.equal(clock.isTrusted, false)
  assert.equal(clock.learn(1_000), false, 'that cannot be either')
  assert.equal(clock.learn(1_795_000_000), true)
  await raw.advance(5_000)
  assert.deepEqual([clock.now(), clock.isTrusted], [1_795_000_005_000, true])
  assert.equal(clock.learn(1_796_000_000), false, 'it is known already')
  raw.set(1_800_000_000_000)
  assert.equal(clock.now(), raw.now())
})

test('a clock that was behind when the time was learned does not count because it gets there by itself', async () => {
  const raw = new VirtualClock(1_795_000_000_000)
  const clock = new LearnedClock(raw, 1_795_000_600)
  assert.equal(clock.isTrusted, false)
  assert.equal(clock.learn(1_795_000_500), false, 'it has been')
  assert.equal(clock.learn(1_795_000_605), true)
  await raw.advance(900_000)
  assert.equal(clock.now(), 1_795_001_505_000)
  raw.set(1_795_000_000_000)
  assert.equal(clock.now(), 1_795_001_505_000, 'nobody sets it to what has been')
  raw.set(1_795_001_502_000)
  assert.equal(clock.now(), raw.now())
})

test('a node without the time asks and is asked by challenges, and has the time from its first answer', async (t) => {
  const net = overlay(t)
  const effects: string[] = []
  const effectOf = (name: string, answer: () => object) => () => {
    effects.push(name)
    return answer()
  }
  const handlersOf = (action: string, answer: () => object) => ({ 'ocpp2.1': { [action]: effectOf(action, answer) } }) as unknown as HandlersByProtocol // biome-ignore format: one line
  const csms = await net.node('CSMS01', { services: ['CSMS'], hasDefaultRoute: false, handlers: handlersOf('Heartbeat', () => ({ currentTime: new Date(net.clock.now()).toISOString() })), security: securityOf('CSMS01') }) // biome-ignore format: one line
  const clock = { now: () => net.clock.now() - FIFTY_YEARS_MS, monotonic: () => net.clock.monotonic(), setTimer: (run: () => void, inMs: number) => net.clock.setTimer(run, inMs) } // biome-ignore format: one line
  const station = await net.node('CS01', { clock, handlers: handlersOf('Reset', () => ({ status: 'Accepted' })), security: securityOf('CS01') }) // biome-ignore format: one line
  net.connect('CS01', 'CSMS01')
  await net.wait(61)
  const challenges = (id: string) => (net.events.get(id) ?? []).filter((event) => event.name === 'frame.refused' && event.code === 'ERR_POLICY_CHALLENGE').length // biome-ignore format: one line

  const reset = csms.call('CS01', 'ocpp2.1', 'Reset', { type: 'OnIdle' } as never)
  await net.settle()
  assert.deepEqual(await reset, { status: 'Accepted' })
  assert.equal(challenges('CS01'), 1, 'it does not know whether the command is of now')
  const learned = net.events.get('CS01')?.filter(({ name }) => name === 'clock.learned')
  assert.deepEqual(learned?.map((event) => event.name === 'clock.learned' && event.from), ['CSMS01']) // biome-ignore format: one line

  const beat = station.call('CSMS', 'ocpp2.1', 'Heartbeat', {})
  await net.settle()
  await beat
  assert.equal(challenges('CSMS01'), 0, 'it signs the time that it has learned')
  const again = csms.call('CS01', 'ocpp2.1', 'Reset', { type: 'OnIdle' } as never)
  await net.settle()
  await again
  assert.deepEqual(effects, ['Reset', 'Heartbeat', 'Reset'])
})

test('who has no time yet signs 0, and is asked to sign a challenge of now', async (t) => {
  const net = overlay(t)
  const answer = () => ({ currentTime: new Date(net.clock.now()).toISOString() })
  const handlers = { 'ocpp2.1': { Heartbeat: answer } } as unknown as HandlersByProtocol
  await net.node('CSMS01', { services: ['CSMS'], hasDefaultRoute: false, handlers, security: securityOf('CSMS01') }) // biome-ignore format: one line
  const clock = { now: () => net.clock.now() - FIFTY_YEARS_MS, monotonic: () => net.clock.monotonic(), setTimer: (run: () => void, inMs: number) => net.clock.setTimer(run, inMs) } // biome-ignore format: one line
  const station = await net.node('CS01', { clock, security: securityOf('CS01') })
  net.connect('CS01', 'CSMS01')
  await net.wait(61)
  const beat = station.call('CSMS', 'ocpp2.1', 'Heartbeat', {})
  await net.settle()
  assert.ok('currentTime' in (await beat))
  const asked = net.events.get('CSMS01')?.filter((event) => event.name === 'frame.refused' && event.code === 'ERR_POLICY_CHALLENGE') // biome-ignore format: one line
  assert.equal(asked?.length, 1)
  assert.ok(net.events.get('CS01')?.some(({ name }) => name === 'clock.learned'))
})
