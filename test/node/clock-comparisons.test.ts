import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClockComparisons } from '../../src/node/clock-comparisons.ts'
import type { HandlersByProtocol } from '../../src/node/handlers.ts'
import { DEFAULT_POLICY } from '../../src/security/policies/default-policy.ts'
import type { SignaturePolicyDocument } from '../../src/security/policies/policy-document.ts'
import { overlay } from '../support/memory-overlay.ts'
import { reasonsAt, securityOf } from '../support/secured.ts'

const MINUTE = 60_000

test('a clock is as far off as the quickest message of the last minutes says', () => {
  const clocks = new ClockComparisons()
  const heard = (seconds: number, atMs: number) => clocks.note('NN01', Math.round(atMs / 1_000) + seconds, atMs) // biome-ignore format: one line
  const offset = (nowMs: number) => clocks.of('nn01', nowMs)?.offsetS
  heard(-40, 0)
  assert.equal(offset(0), -40)
  heard(2, 1_000)
  heard(-25, 2_000)
  assert.equal(offset(2_000), 2)
  heard(-3, 6 * MINUTE)
  assert.equal(offset(6 * MINUTE), 2, 'of the span before, too')
  heard(-3, 12 * MINUTE)
  assert.equal(offset(12 * MINUTE), -3)
  assert.equal(offset(28 * MINUTE), undefined, 'nothing was heard lately')
})

test('of many the furthest off stands first, and those heard of longest ago make room', () => {
  const clocks = new ClockComparisons()
  for (let i = 0; i < 3_000; i++) clocks.note(`N${i}`, 1_000 + (i % 2 === 0 ? i : -i), 1_000_000)
  const list = clocks.list(1_000_000)
  assert.equal(list.length, 2_000)
  assert.deepEqual(list[0], { peer: 'N2999', offsetS: -2_999, at: 1_000_000 })
})

test('a node knows how the clocks of those stand who sign, and a rule may demand that they are right', async (t) => {
  const net = overlay(t)
  const beats: object[] = []
  const beat = () => {
    beats.push({})
    return { currentTime: new Date(net.clock.now()).toISOString() }
  }
  const handlers = { 'ocpp2.1': { Heartbeat: beat } } as unknown as HandlersByProtocol
  const rule = { name: 'right clocks', match: { actions: 'Heartbeat' }, require: { context: { maxClockOffS: 10 } } } // biome-ignore format: one line
  const policy = { ...DEFAULT_POLICY, in: [rule, ...DEFAULT_POLICY.in] } as SignaturePolicyDocument
  const csms = await net.node('CSMS01', { services: ['CSMS'], hasDefaultRoute: false, handlers, security: securityOf('CSMS01', policy) }) // biome-ignore format: one line
  let aheadMs = 0
  const clock = { now: () => net.clock.now() + aheadMs, monotonic: () => net.clock.monotonic(), setTimer: (run: () => void, inMs: number) => net.clock.setTimer(run, inMs) } // biome-ignore format: one line
  const node = await net.node('NN01', { clock, security: securityOf('NN01') })
  net.connect('NN01', 'CSMS01')
  await net.wait(61)
  const ask = async () => {
    void node.call('CSMS', 'ocpp2.1', 'Heartbeat', {}).catch(() => {})
    await net.settle()
  }
  await ask()
  assert.deepEqual([csms.clocks.map(({ peer, offsetS }) => [peer, offsetS]), beats.length], [[['NN01', 0]], 1]) // biome-ignore format: one line
  aheadMs = 20_000
  await ask()
  assert.deepEqual([csms.clocks[0]?.offsetS, beats.length], [20, 1])
  assert.deepEqual(reasonsAt(net, 'CSMS01'), ['clock-off'])
})
