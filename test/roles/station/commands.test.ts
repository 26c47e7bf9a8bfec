import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../end-to-end/processes.ts'
import { Bench, type Payload } from './bench.ts'

const idToken = (text: string) => ({ idToken: text, type: 'Central' })
const start2 = (more = {}) => ({ idToken: idToken('TAG-1'), remoteStartId: 7, evseId: 1, ...more })
const info = (payload: Payload) => payload.transactionInfo as Payload

test('a remote start is answered, authorized, and begins with its own id', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  await bench.plugIn(1)
  assert.deepEqual(await bench.ask('RequestStartTransaction', start2()), { status: 'Accepted' })
  const started = bench.last('TransactionEvent')
  assert.equal(bench.of('Authorize').length, 1)
  assert.deepEqual([started.triggerReason, info(started).remoteStartId, started.idToken], ['RemoteStart', 7, idToken('TAG-1')]) // biome-ignore format: one line

  const { transactionId } = info(started)
  assert.equal(await bench.status('RequestStopTransaction', { transactionId: 'other' }), 'Rejected')
  assert.equal(await bench.status('RequestStopTransaction', { transactionId }), 'Accepted')
  assert.deepEqual(bench.events().at(-1), ['Ended', 'RemoteStop', 'EVConnected', 'Remote'])
  assert.equal(await bench.status('RequestStopTransaction', { transactionId }), 'Rejected')
})

test('a remote start without a plug begins when it comes, and with the id then', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.1')
  await bench.ask('RequestStartTransaction', start2())
  assert.deepEqual(bench.events(), [])
  await bench.plugIn(1)
  assert.deepEqual(bench.events(), [['Started', 'RemoteStart', 'Charging']])
  assert.equal(info(bench.last('TransactionEvent')).remoteStartId, 7)
})

test('a transaction that waits for authorization is named in the answer to a remote start', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  const variable = { name: 'TxStartPoint' }
  await bench.ask('SetVariables', { setVariableData: [{ component: { name: 'TxCtrlr' }, variable, attributeValue: 'EVConnected' }] }) // biome-ignore format: one line
  await bench.plugIn(1)
  const { transactionId } = info(bench.last('TransactionEvent'))
  assert.deepEqual(await bench.ask('RequestStartTransaction', start2()), { status: 'Accepted', transactionId }) // biome-ignore format: one line
  const { triggerReason, transactionInfo } = bench.last('TransactionEvent')
  assert.deepEqual([triggerReason, (transactionInfo as Payload).remoteStartId], ['RemoteStart', 7])
})

test('a remote start is refused where nobody can be charged', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  const reason = async (more = {}) => {
    const { status, statusInfo } = await bench.ask('RequestStartTransaction', start2(more))
    return status === 'Accepted' ? status : (statusInfo as Payload).reasonCode
  }
  const chargingSchedule = [{ id: 1, chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 8 }] }] // biome-ignore format: one line
  const profile = { id: 1, stackLevel: 0, chargingProfilePurpose: 'TxProfile', chargingProfileKind: 'Relative', chargingSchedule } // biome-ignore format: one line
  assert.equal(await reason({ evseId: 9 }), 'UnknownEvse')
  assert.equal(await reason({ chargingProfile: { ...profile, chargingProfilePurpose: 'TxDefaultProfile' } }), 'InvalidProfile') // biome-ignore format: one line
  assert.equal(await reason({ chargingProfile: { ...profile, transactionId: 'T' } }), 'InvalidProfile') // biome-ignore format: one line
  await bench.ask('ChangeAvailability', { operationalStatus: 'Inoperative', evse: { id: 2 } })
  assert.equal(await reason({ evseId: 2 }), 'NotEnabled')
  await bench.plugIn(1)
  assert.equal(await reason({ chargingProfile: profile }), 'Accepted')
  assert.equal(bench.powerW(), 8 * 690)
  assert.equal(await reason(), 'TxInProgress')
  assert.equal(bench.of('TransactionEvent').filter(({ eventType }) => eventType === 'Started').length, 1) // biome-ignore format: one line
})

test('whether a remote start is authorized first is a setting', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  bench.rule = ({ action }) => action === 'Authorize' ? { idTagInfo: { status: 'Invalid' } } : undefined // biome-ignore format: one line
  await bench.plugIn(1)
  const start = { connectorId: 1, idTag: 'TAG-1' }
  assert.equal(await bench.status('RemoteStartTransaction', start), 'Accepted')
  assert.equal(bench.of('StartTransaction').length, 0)
  await bench.ask('ChangeConfiguration', { key: 'AuthorizeRemoteTxRequests', value: 'false' })
  await bench.ask('RemoteStartTransaction', start)
  assert.equal(bench.last('StartTransaction').idTag, 'TAG-1')
  assert.equal(await bench.status('RemoteStopTransaction', { transactionId: 5 }), 'Rejected')
  assert.equal(await bench.status('RemoteStopTransaction', { transactionId: 101 }), 'Accepted')
  assert.equal(bench.last('StopTransaction').reason, 'Remote')
  assert.equal(await bench.status('RemoteStartTransaction', { connectorId: 0, idTag: 'X' }), 'Rejected') // biome-ignore format: one line
})

for (const status of ['Pending', 'Rejected'] as const) {
  test(`a station that is ${status} says nothing by itself and starts nothing`, async (t) => {
    const bench = new Bench(t, 'ocpp2.0.1')
    bench.rule = ({ action }) => action === 'BootNotification' ? { status, currentTime: '2026-01-01T00:00:00Z', interval: 60 } : undefined // biome-ignore format: one line
    await bench.start()
    await bench.plugIn(1)
    assert.equal(await bench.present(1, 'TAG-1'), 'refused')
    await bench.pass(59)
    assert.deepEqual(
      bench.calls.map(({ action }) => action),
      ['BootNotification'],
    )

    const answer = await bench.ask('RequestStartTransaction', start2())
    if (status === 'Rejected') return assert.equal(answer.error, 'SecurityError')
    assert.deepEqual([answer.status, (answer.statusInfo as Payload).reasonCode], ['Rejected', 'CSNotAccepted']) // biome-ignore format: one line
    assert.equal(await bench.status('RequestStopTransaction', { transactionId: 'T' }), 'Rejected')
    assert.equal(await bench.status('GetBaseReport', { requestId: 1, reportBase: 'SummaryInventory' }), 'Accepted') // biome-ignore format: one line
    assert.ok(bench.last('NotifyReport'))
    const trigger = { requestedMessage: 'StatusNotification', evse: { id: 1, connectorId: 1 } }
    assert.equal(await bench.status('TriggerMessage', trigger), 'Accepted')
    assert.deepEqual(bench.statuses(), ['Occupied'])
    bench.rule = () => undefined
    await bench.ask('TriggerMessage', { requestedMessage: 'BootNotification' })
    assert.equal(bench.of('BootNotification').length, 2)
    assert.deepEqual(bench.statuses(2), ['Available'])
  })
}

test('a connector that charges becomes unavailable afterwards, and stays it after a restart', async (t) => {
  const file = join(temporaryFolder(t), 'station.sqlite')
  const bench = await Bench.booted(t, 'ocpp1.6', file)
  await bench.charge()
  const off = { connectorId: 1, type: 'Inoperative' }
  assert.equal(await bench.status('ChangeAvailability', off), 'Scheduled')
  assert.equal(bench.statuses().at(-1), 'Charging')
  await bench.present(1, 'TAG-1')
  assert.equal(bench.statuses().at(-1), 'Unavailable')
  assert.equal(await bench.status('ChangeAvailability', off), 'Accepted')
  assert.equal(await bench.status('ChangeAvailability', { connectorId: 3, type: 'Inoperative' }), 'Rejected') // biome-ignore format: one line
  await bench.stop()

  const after = await Bench.booted(t, 'ocpp1.6', file)
  assert.deepEqual([after.statuses(0), after.statuses(1), after.statuses(2)], [['Available'], ['Unavailable'], ['Available']]) // biome-ignore format: one line
  await after.plugIn(1)
  assert.equal(await after.present(1, 'TAG-1'), 'refused')
  await after.ask('ChangeAvailability', { connectorId: 0, type: 'Inoperative' })
  assert.deepEqual([after.statuses(0).at(-1), after.statuses(2).at(-1)], ['Unavailable', 'Unavailable']) // biome-ignore format: one line
  await after.ask('ChangeAvailability', { connectorId: 0, type: 'Operative' })
  assert.deepEqual([after.statuses(0).at(-1), after.statuses(1).at(-1)], ['Available', 'Preparing'])
})

const resets = [
  ['ocpp1.6', { type: 'Soft' }, 'SoftReset', undefined],
  ['ocpp1.6', { type: 'Hard' }, 'HardReset', undefined],
  ['ocpp2.1', { type: 'Immediate' }, 'ImmediateReset', 'RemoteReset'],
] as const
for (const [protocol, request, reason, bootReason] of resets) {
  test(`${protocol}: a reset (${request.type}) ends what runs, boots again, and knows what was set`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    const is16 = protocol === 'ocpp1.6'
    await bench.ask('ChangeAvailability', is16 ? { connectorId: 2, type: 'Inoperative' } : { evse: { id: 2 }, operationalStatus: 'Inoperative' }) // biome-ignore format: one line
    await bench.charge()
    const { registerWh } = bench.station.evse(1)
    assert.equal(await bench.status('Reset', request), 'Accepted')
    const ended = is16 ? bench.last('StopTransaction') : info(bench.last('TransactionEvent'))
    assert.equal(ended.reason ?? ended.stoppedReason, reason)
    await bench.pass(1)
    bench.forget()
    await bench.connect()

    assert.equal(bench.last('BootNotification').reason, bootReason)
    assert.deepEqual(bench.statuses(2), ['Unavailable'])
    assert.deepEqual(bench.statuses(1), [is16 ? 'Preparing' : 'Occupied'])
    assert.equal(bench.station.evse(1).registerWh, registerWh)
    assert.equal(bench.of('StopTransaction', 'TransactionEvent').length, 0)
  })
}

test('a reset on idle waits for the transaction, of the station or of one EVSE', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  await bench.charge()
  assert.equal(await bench.status('Reset', { type: 'OnIdle', evseId: 1 }), 'Scheduled')
  assert.equal(await bench.status('Reset', { type: 'OnIdle', evseId: 5 }), 'Rejected')
  bench.forget()
  await bench.present(1, 'TAG-1')
  assert.deepEqual(bench.events(), [['Ended', 'StopAuthorized', 'EVConnected', 'Local']])
  assert.deepEqual(bench.statuses(), ['Unavailable', 'Occupied'])
  await bench.unplug(1)
  await bench.charge()
  assert.equal(await bench.status('Reset', { type: 'OnIdle' }), 'Scheduled')
  await bench.pass(30)
  assert.equal(bench.of('BootNotification').length, 0)
  await bench.present(1, 'TAG-1')
  await bench.pass(1)
  await bench.connect()
  assert.equal(bench.last('BootNotification').reason, 'ScheduledReset')
})

test('2.1 knows a reset that resumes, which this station cannot', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.1')
  assert.equal(await bench.status('Reset', { type: 'ImmediateAndResume' }), 'Rejected')
})

test('unlocking ends a 1.6 transaction; in 2.x one that is authorized forbids it', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  await bench.charge()
  assert.equal(await bench.status('UnlockConnector', { connectorId: 1 }), 'Unlocked')
  assert.equal(bench.last('StopTransaction').reason, 'UnlockCommand')
  assert.equal(await bench.status('UnlockConnector', { connectorId: 4 }), 'NotSupported')

  const newer = await Bench.booted(t, 'ocpp2.0.1')
  await newer.charge()
  const unlock = (evseId: number, connectorId = 1) => newer.status('UnlockConnector', { evseId, connectorId }) // biome-ignore format: one line
  assert.equal(await unlock(1), 'OngoingAuthorizedTransaction')
  assert.equal(await unlock(1, 2), 'UnknownConnector')
  assert.equal(await unlock(2), 'Unlocked')
  newer.station.inject({ kind: 'connector-lock', evseId: 2 })
  assert.equal(await unlock(2), 'UnlockFailed')
})

test('what a 1.6 station can send can be triggered, all else is not implemented', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  await bench.charge(1)
  bench.forget()
  const trigger = (requestedMessage: string, more = {}) => bench.status('TriggerMessage', { requestedMessage, ...more }) // biome-ignore format: one line
  for (const message of ['BootNotification', 'Heartbeat', 'MeterValues', 'StatusNotification']) {
    assert.equal(await trigger(message), 'Accepted')
  }
  assert.deepEqual(bench.calls.map(({ action }) => action), ['BootNotification', 'Heartbeat', 'MeterValues', 'MeterValues', 'StatusNotification', 'StatusNotification', 'StatusNotification']) // biome-ignore format: one line
  assert.deepEqual(bench.of('MeterValues').map(({ transactionId }) => transactionId).sort(), [101, undefined]) // biome-ignore format: one line
  assert.equal(await trigger('DiagnosticsStatusNotification'), 'NotImplemented')
  assert.equal(await trigger('FirmwareStatusNotification'), 'NotImplemented')
  assert.equal(await trigger('MeterValues', { connectorId: 3 }), 'Rejected')
})

test('ExtendedTriggerMessage asks a 1.6 station for the same, and for nothing that is not built', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  await bench.charge(1)
  bench.forget()
  const trigger = (requestedMessage: string, connectorId?: number) => bench.status('ExtendedTriggerMessage', { requestedMessage, ...(connectorId !== undefined && { connectorId }) }) // biome-ignore format: one line
  const rows = [
    ['BootNotification', undefined, 'Accepted', ['BootNotification']],
    ['Heartbeat', undefined, 'Accepted', ['Heartbeat']],
    ['MeterValues', 2, 'Accepted', ['MeterValues']],
    ['StatusNotification', 1, 'Accepted', ['StatusNotification']],
    ['StatusNotification', 3, 'Rejected', []],
    ['MeterValues', 3, 'Rejected', []],
    ['LogStatusNotification', undefined, 'NotImplemented', []],
    ['FirmwareStatusNotification', undefined, 'NotImplemented', []],
    ['SignChargePointCertificate', undefined, 'NotImplemented', []],
  ] as const // biome-ignore format: a table
  for (const [message, connectorId, status, said] of rows) {
    bench.forget()
    assert.equal(await trigger(message, connectorId), status, message)
    assert.deepEqual(bench.calls.map(({ action }) => action), said, message) // biome-ignore format: one line
  }
  await trigger('MeterValues', 1)
  const { transactionId, meterValue } = bench.last('MeterValues')
  const [{ sampledValue }] = meterValue as [{ sampledValue: Payload[] }]
  assert.deepEqual([transactionId, sampledValue[0]?.context], [101, 'Trigger'])
})

test('what a 2.x station can send can be triggered, where the rules allow', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  const trigger = (requestedMessage: string, evse?: object) => bench.status('TriggerMessage', { requestedMessage, ...(evse && { evse }) }) // biome-ignore format: one line
  assert.equal(await trigger('BootNotification'), 'Rejected')
  assert.equal(await trigger('TransactionEvent'), 'Rejected')
  assert.equal(await trigger('StatusNotification', { id: 1 }), 'Rejected')
  assert.equal(await trigger('StatusNotification', { id: 1, connectorId: 2 }), 'Rejected')
  assert.equal(await trigger('LogStatusNotification'), 'NotImplemented')
  await bench.charge(1)
  bench.forget()
  assert.equal(await trigger('TransactionEvent'), 'Accepted')
  assert.equal(await trigger('MeterValues', { id: 2 }), 'Accepted')
  assert.deepEqual(bench.events(), [['Updated', 'Trigger', 'Charging']])
  assert.equal(bench.last('MeterValues').evseId, 2)
})

test('what is not built is not accepted', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  assert.equal((await bench.ask('UpdateFirmware', { location: 'ftp://x', retrieveDate: '2026-01-01T00:00:00Z' })).error, 'NotSupported') // biome-ignore format: one line
  assert.equal((await bench.ask('GetDiagnostics', { location: 'ftp://x' })).error, 'NotSupported')
  assert.equal(await bench.status('DataTransfer', { vendorId: 'X' }), 'UnknownVendorId')
})

test('the state of a transaction can be asked for, and whether something of it waits', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  await bench.charge()
  const transactionId = bench.transactionId()
  const ask = (more = {}) => bench.ask('GetTransactionStatus', more)
  assert.deepEqual(await ask({ transactionId }), { ongoingIndicator: true, messagesInQueue: false })
  assert.deepEqual(await ask({ transactionId: 'T' }), { ongoingIndicator: false, messagesInQueue: false }) // biome-ignore format: one line
  bench.rule = ({ action }) => (action === 'TransactionEvent' ? 'InternalError' : undefined)
  await bench.present(1, 'TAG-1')
  assert.deepEqual(await ask({ transactionId }), { ongoingIndicator: false, messagesInQueue: true })
  assert.deepEqual(await ask(), { messagesInQueue: true })
})

test('a fault ends the transaction and is told with its code, until it is cleared', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  await bench.charge()
  bench.station.inject({ kind: 'ground-fault', evseId: 1 })
  await bench.pass(1)
  assert.equal(bench.last('StopTransaction').reason, 'Other')
  const { status, errorCode } = bench.last('StatusNotification')
  assert.deepEqual([status, errorCode], ['Faulted', 'GroundFailure'])
  assert.equal(await bench.present(1, 'TAG-1'), 'refused')
  assert.equal(await bench.status('RemoteStartTransaction', { connectorId: 1, idTag: 'T' }), 'Rejected') // biome-ignore format: one line
  bench.station.clear('ground-fault')
  await bench.pass(1)
  assert.equal(bench.statuses().at(-1), 'Finishing')
  assert.throws(() => bench.station.inject({ kind: 'ground-fault', evseId: 9 }), TypeError)
})

test('a fault in 2.x is a reason and a status', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  await bench.charge()
  bench.station.inject({ kind: 'ground-fault', evseId: 1 })
  await bench.pass(1)
  assert.deepEqual(bench.events().at(-1), [
    'Ended',
    'AbnormalCondition',
    'EVConnected',
    'GroundFault',
  ])
  assert.equal(bench.statuses().at(-1), 'Faulted')
})

test('a stuck meter, a wrong clock, a torn plug and a cut line are seen by others', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  await bench.charge()
  bench.station.inject({ kind: 'meter-stuck', evseId: 1 })
  const { registerWh } = bench.station.evse(1)
  await bench.pass(60)
  assert.equal(bench.station.evse(1).registerWh, registerWh)
  bench.station.clear('meter-stuck')
  await bench.pass(60)
  assert.ok(bench.station.evse(1).registerWh > registerWh)

  bench.station.inject({ kind: 'clock-jump', seconds: 86_400 })
  bench.station.inject({ kind: 'plug-out', evseId: 1 })
  await bench.pass(1)
  assert.match(String(bench.last('StopTransaction').timestamp), /^2026-01-02/)
  assert.equal(bench.last('StopTransaction').reason, 'EVDisconnected')

  bench.station.inject({ kind: 'link-cut' })
  await bench.connect()
  assert.equal(bench.station.node.neighbours.size, 0)
  bench.station.clear('link-cut')
  await bench.connect()
  assert.equal(bench.station.node.neighbours.size, 1)
})

test('after a time without a link only what changed is told, after a long one everything', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  await bench.cut()
  await bench.plugIn(1)
  await bench.unplug(1)
  await bench.plugIn(1)
  bench.forget()
  await bench.pass(10)
  await bench.connect()
  assert.deepEqual([bench.statuses(1), bench.statuses(2)], [['Occupied'], []])

  await bench.cut()
  bench.forget()
  await bench.pass(61)
  await bench.connect()
  assert.deepEqual([bench.statuses(1), bench.statuses(2)], [['Occupied'], ['Available']])
})
