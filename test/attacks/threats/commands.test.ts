import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../../end-to-end/processes.ts'
import { callTo, obeyedThenRefused, PAYLOAD, payloadOf, settingOf, timesDone, without } from './both-sides.ts' // biome-ignore format: one line
import { linesOf, refusalAt } from './refusals.ts'
import { captured, command, deliver, outcomeOf, sidesOf } from './site.ts'

/** Commands of a CSMS that the middle changes, leads elsewhere, keeps back, tells again or invents. */

const theSides = sidesOf()
let value = 600

/** A command on its way to CS01, which the middle has kept. */
async function keptCommand(interval = `${++value}`) {
  const sides = await theSides()
  const request = { key: 'HeartbeatInterval', value: interval }
  const frame = await captured(sides.strict, 'CALL', 'ChangeConfiguration', () => command(sides.strict, 'CS01', 'ChangeConfiguration', request)) // biome-ignore format: one line
  return { sides, frame, interval }
}

test('A11: a command whose value the middle changes is obeyed without a policy and refused with one; unchanged it is obeyed', async () => {
  const { sides, frame, interval } = await keptCommand()
  const changed = frame.with(PAYLOAD, { ...payloadOf(frame), value: '86400' })
  await obeyedThenRefused(sides, { frame: changed, reason: 'signature-invalid', isDone: (side) => settingOf(side) === '86400' }) // biome-ignore format: one line
  deliver(sides.strict, frame)
  await until('the command itself', () => settingOf(sides.strict) === interval)
})

test('T2: a command for one station that the middle leads to another one', async () => {
  const { sides, frame, interval } = await keptCommand()
  await obeyedThenRefused(sides, { frame: frame.with(1, 'CS02'), reason: 'not-this-message', isDone: (side) => settingOf(side, 'HeartbeatInterval', 1) === interval }) // biome-ignore format: one line
})

test('T5: a command whose signatures the middle takes away', async () => {
  const { sides, frame, interval } = await keptCommand()
  await obeyedThenRefused(sides, { frame: frame.with(PAYLOAD, without(payloadOf(frame))), reason: 'unsigned', isDone: (side) => settingOf(side) === interval }) // biome-ignore format: one line
})

test('T5: what changes whom a station obeys comes without any signature', async () => {
  const sides = await theSides()
  const frame = callTo('CS01', 'AddUserRole', { userRole: { name: 'guest', version: 1 } })
  await obeyedThenRefused(sides, { frame, reason: 'unsigned', isDone: (side) => timesDone(side, 'AddUserRole') > 0 }) // biome-ignore format: one line
})

test('T3: what was signed as one action is told as another one of the same form', async () => {
  const sides = await theSides()
  const frame = await captured(sides.strict, 'CALL', 'GetLocalListVersion', () => command(sides.strict, 'CS01', 'GetLocalListVersion', {})) // biome-ignore format: one line
  await obeyedThenRefused(sides, { frame: frame.with(4, 'ClearCache'), reason: 'not-this-message', isDone: (side) => timesDone(side, 'ClearCache') > 0 }) // biome-ignore format: one line
})

test('A11: a command that the middle invents', async () => {
  const sides = await theSides()
  const frame = callTo('CS01', 'UnlockConnector', { connectorId: 1 })
  await obeyedThenRefused(sides, { frame, reason: 'unsigned', isDone: (side) => timesDone(side, 'UnlockConnector') > 0 }) // biome-ignore format: one line
})

test('T1: a command that is told again to the byte has its effect once, gets the answer of before, and is counted as repeated', async () => {
  const { strict } = await theSides()
  await outcomeOf(strict, await command(strict, 'CS01', 'Reset', { type: 'Soft' }))
  const told = strict.middle.recorded.findLast(({ frame }) => frame.action === 'Reset')
  const answerTo = (id: string | undefined, after: number) => strict.middle.recorded.find(({ sequence, frame }) => sequence > after && frame.type === 3 && frame.messageId === id) // biome-ignore format: one line
  const first = answerTo(told?.frame.messageId, 0)
  assert.ok(told && first)
  const { sequence } = strict.middle.recorded.at(-1) ?? told
  strict.middle.replay(told.sequence)
  const again = await until('the answer again', () => answerTo(told.frame.messageId, sequence))
  assert.deepEqual(again.frame.payload, first.frame.payload)
  strict.middle.replay(told.sequence, { isRenamed: true })
  await until('both to be logged', () => linesOf(strict.node, 'request.repeated').length === 2)
  assert.equal(timesDone(strict, 'Reset'), 1)
})

test('T1: another message under a number that was used before is refused as a replay, whoever signs it', async () => {
  const sides = await theSides()
  const { keys, strict, open } = sides
  const fields = {
    OCPPAction: 'RemoteStopTransaction',
    to: 'CS01',
    nonce: 'AAECAwQFBgcICQoLDA0ODw',
  }
  const signed = async (transactionId: number) => {
    const payload = { transactionId }
    return callTo('CS01', 'RemoteStopTransaction', { ...payload, signatures: await keys.sign(['CSMS01'], payload, fields) }) // biome-ignore format: one line
  }
  const first = await signed(1)
  for (const side of [strict, open]) deliver(side, first)
  await until('the first', () => [strict, open].every((side) => timesDone(side, 'RemoteStopTransaction') === 1)) // biome-ignore format: one line
  await obeyedThenRefused(sides, { frame: await signed(2), reason: 'replayed', isDone: (side) => timesDone(side, 'RemoteStopTransaction') === 2 }) // biome-ignore format: one line
})

test('T1: a command that the middle keeps for a minute, and one that it tells again then, are too old', async () => {
  const { sides, frame, interval } = await keptCommand()
  const { strict, open, moveClocks } = sides
  for (const side of [strict, open]) deliver(side, frame)
  await until('the command', () => [strict, open].every((side) => settingOf(side) === interval))
  for (const side of [strict, open]) side.stations[0].settings.set('HeartbeatInterval', '300')
  await moveClocks(61)
  await obeyedThenRefused(sides, { frame, reason: 'expired', isDone: (side) => settingOf(side) === interval }) // biome-ignore format: one line
  await moveClocks(0)
})

test('A11: the middle delays a command: within half a minute it is obeyed, later it is refused', async () => {
  const { strict, moveClocks } = await theSides()
  const { frame, interval } = await keptCommand()
  await moveClocks(31)
  assert.deepEqual(await refusalAt(strict.node, () => deliver(strict, frame)), { code: 'ERR_POLICY_REFUSED', reason: 'expired' }) // biome-ignore format: one line
  await moveClocks(20)
  deliver(strict, frame)
  await until('the late command', () => settingOf(strict) === interval)
  await moveClocks(0)
})
