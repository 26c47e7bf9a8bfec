import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OperationError } from '../../src/roles/csms/operations.ts'
import { startPair } from './pair.ts'

const AT = '2026-01-05T11:00:00.000Z'

test('a remote start is sent, accepted, and done only when the transaction is there', async (t) => {
  const { submit, reaches, say, asked } = await startPair(t, 'ocpp1.6')

  const operation = await submit('RemoteStartTransaction', { idTag: 'tag-1', connectorId: 1 })

  assert.equal(operation.state, 'sent')
  await reaches(operation, 'accepted')
  assert.deepEqual(asked, [['RemoteStartTransaction', { idTag: 'tag-1', connectorId: 1 }]])
  await say('StartTransaction', { connectorId: 2, idTag: 'TAG-1', meterStart: 0, timestamp: AT })
  await reaches(operation, 'accepted')
  await say('StartTransaction', { connectorId: 1, idTag: 'TAG-1', meterStart: 0, timestamp: AT })
  const { effect, askedBy } = await reaches(operation, 'effect-seen')
  assert.deepEqual([effect, askedBy], ['transaction 2 has started', 'anna'])
})

test('what a station accepts and does not do is told as such', async (t) => {
  const { submit, reaches, clock } = await startPair(t, 'ocpp2.0.1')
  const operation = await submit('RequestStartTransaction', { remoteStartId: 7, idToken: { idToken: 'TAG-1', type: 'Central' } }) // biome-ignore format: one line
  await reaches(operation, 'accepted')

  await clock.advance(30_000)

  const { problem } = await reaches(operation, 'no-effect')
  assert.equal(problem, 'accepted, no effect after 30 s')
})

test('a refusal is told in the words of the station', async (t) => {
  const { submit, reaches, answers } = await startPair(t, 'ocpp2.1')
  answers.set('Reset', { status: 'Rejected', statusInfo: { reasonCode: 'InternalError', additionalInfo: 'stuck' } }) // biome-ignore format: one line
  answers.set('SetVariables', { setVariableResult: [{ attributeStatus: 'Rejected', component: { name: 'OCPPCommCtrlr' }, variable: { name: 'HeartbeatInterval' } }] }) // biome-ignore format: one line

  const reset = await reaches(await submit('Reset', { type: 'Immediate' }), 'refused')
  const set = await reaches(await submit('SetVariables', { setVariableData: [{ component: { name: 'OCPPCommCtrlr' }, variable: { name: 'HeartbeatInterval' }, attributeValue: '0' }] }), 'refused') // biome-ignore format: one line

  assert.equal(reset.problem, 'Rejected, InternalError, stuck')
  assert.equal(set.problem, 'OCPPCommCtrlr.HeartbeatInterval: Rejected')
})

test('a changed configuration is read back, and only what reads so is done', async (t) => {
  const { submit, reaches, answers, asked } = await startPair(t, 'ocpp1.6')
  const reading = (value: string) => ({ configurationKey: [{ key: 'HeartbeatInterval', readonly: false, value }] }) // biome-ignore format: one line
  answers.set('GetConfiguration', reading('60'))

  const done = await reaches(await submit('ChangeConfiguration', { key: 'HeartbeatInterval', value: '60' }), 'effect-seen') // biome-ignore format: one line
  const lied = await reaches(await submit('ChangeConfiguration', { key: 'HeartbeatInterval', value: '90' }), 'no-effect') // biome-ignore format: one line

  assert.equal(done.effect, 'HeartbeatInterval reads 60')
  assert.equal(lied.problem, 'GetConfiguration says otherwise')
  assert.deepEqual(asked[1], ['GetConfiguration', { key: ['HeartbeatInterval'] }])
})

test('an error, an invalid answer and a station that is not there fail the operation with the reason', async (t) => {
  const { submit, reaches, answers } = await startPair(t, 'ocpp1.6')
  answers.set('ClearCache', ['NotSupported', 'there is no cache'])
  answers.set('Reset', { status: 'Perhaps' })

  const error = await reaches(await submit('ClearCache', {}), 'failed')
  const invalid = await reaches(await submit('Reset', { type: 'Soft' }), 'failed')

  assert.equal(error.problem, 'NotSupported: there is no cache')
  assert.match(invalid.problem ?? '', /status/)
})

test('what is no operation, not valid, or for a station nobody knows is refused before it is sent', async (t) => {
  const { csms, submit, asked, store } = await startPair(t, 'ocpp1.6')
  const is = (reason: string, pointer?: string) => (error: unknown) =>
    error instanceof OperationError && error.reason === reason && error.pointer === pointer

  await assert.rejects(submit('BootNotification', {}), is('not-an-operation'))
  await assert.rejects(submit('GetVariables', {}), is('not-an-operation'))
  await assert.rejects(submit('__proto__', {}), is('not-an-operation'))
  await assert.rejects(submit('Reset', { type: 'Brutal' }), is('not-valid', '/type'))
  await assert.rejects(
    csms.operations.submit({ station: 'CS99', action: 'Reset', request: { type: 'Soft' }, askedBy: 'anna' }), // biome-ignore format: one line
    is('unknown-station'),
  )

  assert.deepEqual(asked, [])
  assert.deepEqual(store.operations.page({ limit: 10 }), [])
})

test('a limit finer than its version has room for is refused with its place, and asks the station nothing', async (t) => {
  const profile = (limit: number) => ({ id: 1, stackLevel: 0, chargingProfilePurpose: 'TxDefaultProfile', chargingProfileKind: 'Relative', chargingSchedule: [{ id: 1, chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 8.1 }, { startPeriod: 60, limit }] }] }) // biome-ignore format: one line
  const place = '/chargingProfile/chargingSchedule/0/chargingSchedulePeriod/1/limit'
  for (const protocol of ['ocpp2.0.1', 'ocpp2.1'] as const) {
    const { submit, asked } = await startPair(t, protocol)
    const set = (limit: number) => submit('SetChargingProfile', { evseId: 1, chargingProfile: profile(limit) }) // biome-ignore format: one line
    await set(31.8)
    await submit('GetChargingProfiles', { requestId: 1, chargingProfile: {} })
    if (protocol === 'ocpp2.1') {
      await set(31.88)
      continue
    }
    await assert.rejects(set(31.88), { reason: 'not-valid', pointer: place, message: /at most one digit behind the point.*; round it down/ }) // biome-ignore format: one line
    const started = { remoteStartId: 1, idToken: { idToken: 'TAG-1', type: 'Central' }, chargingProfile: profile(0.05) } // biome-ignore format: one line
    await assert.rejects(submit('RequestStartTransaction', started), { pointer: place })
    assert.ok(asked.every(([action]) => action !== 'RequestStartTransaction'))
  }
})

test('an operation that was open when the CSMS ended is told as failed after the restart', async (t) => {
  const { csms, submit, answers, store } = await startPair(t, 'ocpp1.6')
  answers.set('Reset', 'silence')
  const { id } = await submit('Reset', { type: 'Soft' })

  await csms.operations.start()

  assert.deepEqual(store.operations.find(id)?.state, 'failed')
})
