import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { HandlersByProtocol } from '../../src/node/handlers.ts'
import type { ContextDocument } from '../../src/security/policies/context-rule.ts'
import { DEFAULT_POLICY } from '../../src/security/policies/default-policy.ts'
import type { SignaturePolicyDocument } from '../../src/security/policies/policy-document.ts'
import { overlay } from '../support/memory-overlay.ts'
import { reasonsAt, securityOf } from '../support/secured.ts'

/** A station whose signatures are right, and that lies. */

/** On the day before the clocks of these nodes begin. */
const at = (minutes: number) => new Date(Date.parse('2025-12-31T00:00:00Z') + minutes * 60_000).toISOString() // biome-ignore format: one line
const event = (seqNo: number, minutes: number, wh: number) => ({
  eventType: seqNo === 0 ? 'Started' : 'Updated',
  triggerReason: 'MeterValuePeriodic',
  timestamp: at(minutes),
  seqNo,
  transactionInfo: { transactionId: 'T1' },
  evse: { id: 1 },
  meterValue: [{ timestamp: at(minutes), sampledValue: [{ value: wh }] }],
})

/** The default policy, with something more to ask of transactions. */
function strict(
  context: ContextDocument,
  onFailure: 'reject' | 'quarantine',
): SignaturePolicyDocument {
  // biome-ignore format: one line
  const rule = { name: 'plausible', match: { kinds: 'CALL', actions: 'TransactionEvent' }, require: { assurance: 'e2e', context }, onFailure } as const // biome-ignore format: one line
  return { ...DEFAULT_POLICY, in: [rule, ...DEFAULT_POLICY.in] }
}

async function site(t: TestContext, policy: SignaturePolicyDocument) {
  const net = overlay(t)
  const registers: number[] = []
  const transactionEvent = ({ meterValue: [value] }: ReturnType<typeof event>) => {
    registers.push(value?.sampledValue[0]?.value ?? 0)
    return {}
  }
  const handlers = { 'ocpp2.1': { TransactionEvent: transactionEvent } } as unknown as HandlersByProtocol // biome-ignore format: one line
  const csms = await net.node('CSMS01', { services: ['CSMS'], hasDefaultRoute: false, handlers, security: securityOf('CSMS01', policy) }) // biome-ignore format: one line
  const station = await net.node('CS01', { security: securityOf('CS01') })
  net.connect('CS01', 'CSMS01')
  await net.wait(61)
  const say = async (payload: object) => {
    let outcome: unknown
    station.call('CSMS', 'ocpp2.1', 'TransactionEvent', payload as never, { timeoutMs: 5_000 }).then((answer) => (outcome = answer), (error: unknown) => (outcome = error)) // biome-ignore format: one line
    await net.settle()
    return () => outcome
  }
  return { net, csms, say, registers }
}

test('a register that goes back is obeyed where no policy asks, and shown all the same', async (t) => {
  const { csms, say, registers } = await site(t, DEFAULT_POLICY)
  await say(event(0, 0, 1_000))
  await say(event(1, 1, 900))
  assert.deepEqual(registers, [1_000, 900])
  const verdicts = csms.frameLog.after(0, 100).map(({ verdict }) => verdict?.findings)
  assert.deepEqual(verdicts.filter((one) => one && one.length > 0), [['counter-backwards']]) // biome-ignore format: one line
})

test('a register that goes back is refused where a policy says so, and does not become the measure of the next', async (t) => {
  const { net, say, registers } = await site(t, strict({ not: 'counter-backwards' }, 'reject'))
  await say(event(0, 0, 1_000))
  await say(event(1, 1, 900))
  await say(event(2, 2, 950))
  await say(event(3, 3, 1_100))
  assert.deepEqual(registers, [1_000, 1_100])
  assert.deepEqual(reasonsAt(net, 'CSMS01'), ['counter-backwards', 'counter-backwards'])
})

test('a reading dated in the future is refused where a policy says so, and the next is compared with the one before', async (t) => {
  const { net, say, registers } = await site(t, strict({ not: '*' }, 'reject'))
  await say(event(0, 0, 1_000))
  await say(event(1, 60 * 24 * 365 * 70, 1_100))
  await say(event(2, 2, 900))
  await say(event(3, 3, 1_100))
  assert.deepEqual(registers, [1_000, 1_100])
  assert.deepEqual(reasonsAt(net, 'CSMS01'), ['time-ahead', 'counter-backwards'])
})

test('what is held in quarantine has no effect, once, before somebody lets it through; its sender is answered then', async (t) => {
  const { net, csms, say, registers } = await site(t, strict({ maxPowerW: 22_000 }, 'quarantine'))
  await say(event(0, 0, 0))
  const answered = await say(event(1, 60, 50_000))
  assert.deepEqual(registers, [0])
  const [held, ...more] = csms.quarantine.list()
  assert.deepEqual([held?.source, held?.action, held?.reason, more.length], ['CS01', 'TransactionEvent', 'above-rating', 0]) // biome-ignore format: one line
  assert.equal(answered(), undefined)
  assert.equal(csms.quarantine.release(held?.id ?? 0), true)
  await net.settle()
  assert.deepEqual(registers, [0, 50_000])
  assert.deepEqual(answered(), {})
  assert.deepEqual(csms.quarantine.list(), [])
})

test('what is discarded has no effect, and the next is compared with what was obeyed', async (t) => {
  const { csms, say, registers } = await site(t, strict({ maxPowerW: 22_000 }, 'quarantine'))
  await say(event(0, 0, 0))
  await say(event(1, 60, 50_000))
  assert.equal(csms.quarantine.discard(csms.quarantine.list()[0]?.id ?? 0), true)
  await say(event(2, 120, 40_000))
  assert.deepEqual(registers, [0, 40_000])
})

test('who commands too often is refused by the station, and may again later', async (t) => {
  const net = overlay(t)
  const policy = { ...DEFAULT_POLICY, in: [{ match: { actions: 'Reset' }, require: { permitted: true, context: { rate: { atMost: 2, perS: 600 } } } }, ...DEFAULT_POLICY.in] } as SignaturePolicyDocument // biome-ignore format: one line
  const csms = await net.node('CSMS01', { services: ['CSMS'], hasDefaultRoute: false, security: securityOf('CSMS01') }) // biome-ignore format: one line
  const resets: object[] = []
  const onReset = (request: object) => {
    resets.push(request)
    return { status: 'Accepted' }
  }
  const handlers = { 'ocpp2.1': { Reset: onReset } } as unknown as HandlersByProtocol
  await net.node('CS01', { handlers, security: securityOf('CS01', policy) })
  net.connect('CS01', 'CSMS01')
  await net.wait(61)
  const reset = async () => {
    void csms.call('CS01', 'ocpp2.1', 'Reset', { type: 'OnIdle' } as never).catch(() => {})
    await net.settle()
  }
  for (let i = 0; i < 4; i++) await reset()
  assert.equal(resets.length, 2)
  assert.deepEqual(reasonsAt(net, 'CS01'), ['too-often', 'too-often'])
  await net.wait(600)
  await reset()
  assert.equal(resets.length, 3)
})
