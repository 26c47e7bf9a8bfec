import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { OverlayError } from '../../src/errors.ts'
import type { HandlersByProtocol } from '../../src/node/handlers.ts'
import { VirtualClock } from '../../src/primitives/clock.ts'
import { DEFAULT_POLICY } from '../../src/security/policies/default-policy.ts'
import type {
  FailureDocument,
  ForwardRuleDocument,
  SignaturePolicyDocument,
} from '../../src/security/policies/policy-document.ts'
import { overlay } from '../support/memory-overlay.ts'
import { securityOf } from '../support/secured.ts'

/** What passes by allow-and-alert is told, message by message. */

/** An hour after the clock of an overlay begins. */
const LATER = new Date(new VirtualClock().now() + 3_600_000).toISOString()
const ALERT = { onFailure: 'allow-and-alert', until: LATER } as const

const obeying = (failure: FailureDocument): SignaturePolicyDocument => ({
  ...DEFAULT_POLICY,
  name: 'site',
  in: [{ match: { actions: 'Heartbeat' }, refuse: true, ...failure }, ...DEFAULT_POLICY.in],
})
const passing = (rule: Omit<ForwardRuleDocument, 'match'>): SignaturePolicyDocument => ({
  ...DEFAULT_POLICY,
  name: 'middle',
  forward: [
    { match: { kinds: 'CALL' }, ...rule },
    { match: {}, treat: 'pass' },
  ],
})

/** CSMS01, which obeys, NN01 in the middle, and CS01, a node that says something. */
async function site(
  t: TestContext,
  policies: { csms?: SignaturePolicyDocument; middle?: SignaturePolicyDocument },
) {
  const net = overlay(t)
  let beats = 0
  const heartbeat = () => {
    beats++
    return { currentTime: '2026-01-01T00:00:00Z' }
  }
  const handlers = { 'ocpp2.1': { Heartbeat: heartbeat } } as unknown as HandlersByProtocol
  const csms = await net.node('CSMS01', { services: ['CSMS'], hasDefaultRoute: false, handlers, security: securityOf('CSMS01', policies.csms) }) // biome-ignore format: one line
  const middle = await net.node('NN01', { security: securityOf('NN01', policies.middle) })
  const station = await net.node('CS01', { security: securityOf('CS01') })
  net.connect('NN01', 'CSMS01')
  net.connect('CS01', 'NN01')
  await net.wait(61)
  const beat = async () => {
    const asked = station.call('CSMS01', 'ocpp2.1', 'Heartbeat', {}, { timeoutMs: 5_000 })
    const outcome = asked.then(() => 'answered', (error: unknown) => (error instanceof OverlayError ? error.code : String(error))) // biome-ignore format: one line
    await net.wait(0.001)
    return outcome
  }
  const alertsAt = (id: string) => (net.events.get(id) ?? []).filter(({ name }) => name === 'message.alerted') // biome-ignore format: one line
  return { net, csms, middle, beat, alertsAt, beats: () => beats }
}

test('each message that an in rule lets through though it fails it is told, with the rule and the reason', async (t) => {
  const { beat, alertsAt, beats } = await site(t, { csms: obeying(ALERT) })
  const alert = { name: 'message.alerted', link: 'NN01', source: 'CS01', destination: 'CSMS01', action: 'Heartbeat', rule: 'site in/0', reason: 'refused-by-rule' } // biome-ignore format: one line
  assert.equal(await beat(), 'answered')
  assert.deepEqual(alertsAt('CSMS01'), [alert])
  assert.equal(await beat(), 'answered')
  assert.deepEqual([alertsAt('CSMS01'), beats()], [[alert, alert], 2])
  assert.deepEqual([alertsAt('NN01'), alertsAt('CS01')], [[], []])
})

test('what meets its rule is no alert, though the rule would let through what does not', async (t) => {
  const rule = { match: { actions: 'Heartbeat' }, require: {}, ...ALERT }
  const { beat, alertsAt } = await site(t, { csms: { ...DEFAULT_POLICY, in: [rule, ...DEFAULT_POLICY.in] } }) // biome-ignore format: one line
  assert.equal(await beat(), 'answered')
  assert.deepEqual(alertsAt('CSMS01'), [])
})

test('an in rule whose time to let through is over refuses, and tells no alert', async (t) => {
  const { net, beat, alertsAt, beats } = await site(t, { csms: obeying(ALERT) })
  await net.wait(3_600)
  assert.match(await beat(), /SecurityError: not obeyed/)
  assert.deepEqual([alertsAt('CSMS01'), beats()], [[], 0])
})

test('what passes a node in the middle by allow-and-alert is told there', async (t) => {
  const { beat, alertsAt } = await site(t, { middle: passing({ treat: 'refuse', ...ALERT }) })
  assert.equal(await beat(), 'answered')
  assert.deepEqual(alertsAt('NN01'), [{ name: 'message.alerted', link: 'CS01', source: 'CS01', destination: 'CSMS01', action: 'Heartbeat', rule: 'middle forward/0', reason: 'refused-by-rule' }]) // biome-ignore format: one line
  assert.deepEqual(alertsAt('CSMS01'), [])
})

test('what somebody has released from quarantine is no alert, neither where it is obeyed nor in the middle', async (t) => {
  const { net, csms, beat, alertsAt, beats } = await site(t, { csms: obeying({ onFailure: 'quarantine' }) }) // biome-ignore format: one line
  void beat()
  await net.settle()
  const [held] = csms.quarantine.list()
  assert.equal(csms.quarantine.release(held?.id ?? -1), true)
  await net.wait(0.001)
  assert.deepEqual([beats(), alertsAt('CSMS01')], [1, []])

  const other = await site(t, { middle: passing({ treat: 'quarantine' }) })
  void other.beat()
  await other.net.settle()
  const { quarantine } = other.middle
  assert.equal(quarantine.release(quarantine.list()[0]?.id ?? -1), true)
  await other.net.wait(0.001)
  assert.deepEqual([other.beats(), other.alertsAt('NN01')], [1, []])
})
