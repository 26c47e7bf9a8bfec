import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../end-to-end/processes.ts'
import { Bench, type Payload } from './bench.ts'

const accepted = { status: 'Accepted' }
const entry = (idTag: string, idTagInfo?: object) => ({ idTag, ...(idTagInfo && { idTagInfo }) })
const set = (bench: Bench, key: string, value: string) => bench.status('ChangeConfiguration', { key, value }) // biome-ignore format: one line
const send = (bench: Bench, listVersion: number, updateType: string, localAuthorizationList: object[]) =>
  bench.status('SendLocalList', { listVersion, updateType, localAuthorizationList }) // biome-ignore format: short
const version = async (bench: Bench) => (await bench.ask('GetLocalListVersion', {})).listVersion

/** Whether a token may start without a link; leaves things as they were. */
async function startsOffline(bench: Bench, token: string): Promise<boolean> {
  await bench.cut()
  await bench.plugIn(2)
  const result = await bench.present(2, token)
  await bench.unplug(2)
  await bench.connect()
  await bench.pass(1)
  return result === 'authorized'
}

test('a list is replaced and changed, whole or not at all, and is there after a restart', async (t) => {
  const file = join(temporaryFolder(t), 'station.sqlite')
  const bench = await Bench.booted(t, 'ocpp1.6', file)
  assert.equal(await version(bench), 0)
  assert.equal(
    await send(bench, 5, 'Full', [entry('A', accepted), entry('B', accepted)]),
    'Accepted',
  )
  assert.equal(await send(bench, 5, 'Differential', [entry('A')]), 'VersionMismatch')
  assert.equal(await send(bench, 6, 'Full', [entry('C')]), 'Failed')
  assert.equal(await send(bench, 6, 'Differential', [entry('C', accepted), entry('c', accepted)]), 'Failed') // biome-ignore format: one line
  assert.equal(await send(bench, 0, 'Full', []), 'Failed')
  assert.equal(await version(bench), 5)
  assert.equal(await startsOffline(bench, 'C'), false)
  assert.equal(await send(bench, 6, 'Differential', [entry('A'), entry('C', { status: 'Blocked' })]), 'Accepted') // biome-ignore format: one line
  await bench.stop()

  const after = await Bench.booted(t, 'ocpp1.6', file)
  assert.equal(await version(after), 6)
  const offline = []
  for (const token of ['A', 'B', 'b', 'C']) offline.push(await startsOffline(after, token))
  assert.deepEqual(offline, [false, true, true, false])
})

test('a list that is switched off says so and lets nobody in', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  await send(bench, 1, 'Full', [entry('A', accepted)])
  await set(bench, 'LocalAuthListEnabled', 'false')
  assert.equal(await version(bench), -1)
  assert.equal(await send(bench, 2, 'Full', []), 'NotSupported')
  assert.equal(await startsOffline(bench, 'A'), false)
})

test('who was accepted once may charge offline, unless a setting forbids it or the cache was cleared', async (t) => {
  const file = join(temporaryFolder(t), 'station.sqlite')
  const before = await Bench.booted(t, 'ocpp1.6', file)
  await before.charge(1, 'TAG-1')
  await before.unplug(1)
  await before.stop()

  const bench = await Bench.booted(t, 'ocpp1.6', file)
  assert.equal(await startsOffline(bench, 'TAG-1'), true)
  await set(bench, 'LocalAuthorizeOffline', 'false')
  assert.equal(await startsOffline(bench, 'TAG-1'), false)
  await set(bench, 'LocalAuthorizeOffline', 'true')
  assert.equal(await bench.status('ClearCache', {}), 'Accepted')
  assert.equal(await startsOffline(bench, 'TAG-1'), false)
  await set(bench, 'AuthorizationCacheEnabled', 'false')
  assert.equal(await bench.status('ClearCache', {}), 'Rejected')
})

test('an unknown token charges offline only where that is allowed, a known bad one never', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  await send(bench, 1, 'Full', [entry('BAD', { status: 'Invalid' }), entry('OLD', { ...accepted, expiryDate: '2025-01-01T00:00:00Z' })]) // biome-ignore format: one line
  assert.equal(await startsOffline(bench, 'NEW'), false)
  await set(bench, 'AllowOfflineTxForUnknownId', 'true')
  assert.equal(await startsOffline(bench, 'NEW'), true)
  assert.equal(await startsOffline(bench, 'BAD'), false)
  assert.equal(await startsOffline(bench, 'OLD'), false)
})

test('with LocalPreAuthorize nobody is asked about who is known to be good', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  await send(bench, 1, 'Full', [entry('A', accepted), entry('B', { status: 'Blocked' })])
  await set(bench, 'LocalPreAuthorize', 'true')
  await bench.charge(1, 'A')
  assert.equal(bench.of('Authorize').length, 0)
  // What is known to be bad may have changed (C13.FR.02; 1.6, 3.5.1).
  await bench.charge(2, 'B')
  assert.deepEqual(bench.of('Authorize'), [{ idTag: 'B' }])
})

test('a cached token expires by what was said of it, and by its life time', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  const setting = (component: string, variable: string, attributeValue: string) => bench.ask('SetVariables', { setVariableData: [{ component: { name: component }, variable: { name: variable }, attributeValue }] }) // biome-ignore format: one line
  bench.rule = ({ action }) => action === 'Authorize' ? { idTokenInfo: { ...accepted, cacheExpiryDateTime: '2026-01-01T00:10:00Z' } } : undefined // biome-ignore format: one line
  await bench.charge(1, 'TAG-1')
  assert.equal(await startsOffline(bench, 'TAG-1'), true)
  await bench.pass(600, 60)
  assert.equal(await startsOffline(bench, 'TAG-1'), false)

  bench.rule = () => undefined
  await setting('AuthCacheCtrlr', 'LifeTime', '100')
  await bench.charge(2, 'TAG-2')
  await bench.unplug(2)
  assert.equal(await startsOffline(bench, 'TAG-2'), true)
  await bench.pass(120, 60)
  assert.equal(await startsOffline(bench, 'TAG-2'), false)
})

test('the life time in the cache is not for a token whose end was said', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  await bench.set('AuthCacheCtrlr.LifeTime', '100')
  bench.rule = ({ action }) => action === 'Authorize' ? { idTokenInfo: { ...accepted, cacheExpiryDateTime: '2026-01-01T00:10:00Z' } } : undefined // biome-ignore format: one line
  await bench.charge(1, 'TAG-1')
  await bench.unplug(1)

  await bench.pass(300, 60)
  assert.equal(await startsOffline(bench, 'TAG-1'), true)
  await bench.pass(300, 60)
  assert.equal(await startsOffline(bench, 'TAG-1'), false)
})

test('the life time in the cache counts from when the token was used last, with the CSMS or without', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  await bench.set('AuthCacheCtrlr.LifeTime', '100')
  await bench.charge(1, 'TAG-1')
  await bench.unplug(1)

  await bench.pass(60, 60)
  assert.equal(await startsOffline(bench, 'TAG-1'), true)
  await bench.pass(60, 60)
  assert.equal(await startsOffline(bench, 'TAG-1'), true)
  await bench.set('AuthCtrlr.LocalPreAuthorize', 'true')
  await bench.pass(60, 60)
  await bench.charge(1, 'TAG-1')
  await bench.unplug(1)
  await bench.pass(60, 60)
  assert.equal(await startsOffline(bench, 'TAG-1'), true)
  await bench.pass(101, 101)
  assert.equal(await startsOffline(bench, 'TAG-1'), false)
})

const expiry = '2026-01-01T01:00:00.000Z'
const reserve16 = (more = {}) => ({ connectorId: 1, expiryDate: expiry, idTag: 'MINE', reservationId: 4, ...more }) // biome-ignore format: one line

test('a reserved connector is for whoever reserved it, and the transaction says so', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  assert.equal(await bench.status('ReserveNow', reserve16()), 'Accepted')
  assert.deepEqual(bench.statuses(), ['Available', 'Reserved'])
  assert.equal(await bench.present(1, 'OTHER'), 'refused')
  assert.equal(await bench.status('RemoteStartTransaction', { connectorId: 1, idTag: 'OTHER' }), 'Rejected') // biome-ignore format: one line
  await bench.charge(1, 'MINE')
  assert.equal(bench.last('StartTransaction').reservationId, 4)
  assert.equal(await bench.status('CancelReservation', { reservationId: 4 }), 'Rejected')
})

test('a reservation is for a group where it names one, in any letter case', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  bench.rule = ({ action, payload }) => action === 'Authorize' ? { idTagInfo: { ...accepted, ...(payload.idTag === 'SISTER' && { parentIdTag: 'FAMILY' }) } } : undefined // biome-ignore format: one line
  await bench.ask('ReserveNow', reserve16({ parentIdTag: 'Family' }))
  assert.equal(await bench.present(1, 'STRANGER'), 'refused')
  assert.equal(await bench.present(1, 'SISTER'), 'authorized')
})

test('a reservation is refused where something else is so', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  const reserve = (more = {}) => bench.status('ReserveNow', reserve16(more))
  assert.equal(await reserve({ connectorId: 3 }), 'Rejected')
  assert.equal(await reserve({ expiryDate: '2025-01-01T00:00:00Z' }), 'Rejected')
  await bench.charge(1)
  assert.equal(await reserve(), 'Occupied')
  await bench.ask('ChangeAvailability', { connectorId: 2, type: 'Inoperative' })
  assert.equal(await reserve({ connectorId: 2 }), 'Unavailable')
  bench.station.inject({ kind: 'ground-fault', evseId: 1 })
  assert.equal(await reserve(), 'Faulted')
})

test('a reservation without a connector keeps the last free one', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  await bench.ask('ReserveNow', reserve16({ connectorId: 0 }))
  assert.deepEqual([bench.statuses(1).at(-1), bench.statuses(2).at(-1)], ['Available', 'Available'])
  await bench.charge(1, 'OTHER')
  assert.equal(bench.statuses(2).at(-1), 'Reserved')
  assert.equal(await bench.present(2, 'OTHER-2'), 'refused')
  assert.equal(await bench.status('ReserveNow', reserve16({ connectorId: 0, reservationId: 5 })), 'Occupied') // biome-ignore format: one line
  await bench.charge(2, 'MINE')
  assert.equal(bench.last('StartTransaction').reservationId, 4)
})

test('a reservation ends by cancelling, by its time, and by what makes it impossible', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  const idToken = { idToken: 'MINE', type: 'Central' }
  const reserve = (id: number, evseId: number) => bench.status('ReserveNow', { id, evseId, idToken, expiryDateTime: '2026-01-01T00:01:00Z' }) // biome-ignore format: one line
  await reserve(1, 1)
  assert.equal(await bench.status('CancelReservation', { reservationId: 1 }), 'Accepted')
  assert.deepEqual(bench.statuses(), ['Available', 'Reserved', 'Available'])
  assert.equal(bench.of('ReservationStatusUpdate').length, 0)

  await reserve(2, 1)
  await reserve(3, 2)
  await bench.ask('ChangeAvailability', { evse: { id: 2 }, operationalStatus: 'Inoperative' })
  assert.deepEqual(bench.last('ReservationStatusUpdate'), { reservationId: 3, reservationUpdateStatus: 'Removed' }) // biome-ignore format: one line
  await bench.pass(61)
  assert.deepEqual(bench.last('ReservationStatusUpdate'), { reservationId: 2, reservationUpdateStatus: 'Expired' }) // biome-ignore format: one line
  assert.equal(bench.statuses().at(-1), 'Available')
})

test('a reservation is there after a restart, and can be switched off', async (t) => {
  const file = join(temporaryFolder(t), 'station.sqlite')
  const before = await Bench.booted(t, 'ocpp2.0.1', file)
  const idToken = { idToken: 'MINE', type: 'Central' }
  const request = { id: 1, evseId: 1, idToken, expiryDateTime: expiry }
  await before.ask('ReserveNow', request)
  await before.stop()

  const after = await Bench.booted(t, 'ocpp2.0.1', file)
  assert.deepEqual(after.statuses(), ['Reserved'])
  const setVariableData = [{ component: { name: 'ReservationCtrlr' }, variable: { name: 'Enabled' }, attributeValue: 'false' }] // biome-ignore format: one line
  await after.ask('SetVariables', { setVariableData })
  assert.equal(await after.status('ReserveNow', { ...request, id: 2, evseId: 2 }), 'Rejected')
  const { status, statusInfo } = await after.ask('ReserveNow', {
    ...request,
    connectorType: 'cCCS2',
  })
  assert.deepEqual(
    [status, (statusInfo as Payload).reasonCode],
    ['Rejected', 'UnknownConnectorType'],
  )
})

test('what the CSMS says of the token that stopped is not said of the one that charged', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  const family = { ...accepted, parentIdTag: 'FAMILY' }
  bench.rule = ({ action }) => {
    if (action === 'Authorize') return { idTagInfo: family }
    return action === 'StopTransaction' ? { idTagInfo: { status: 'Blocked' } } : undefined
  }
  await bench.charge(1, 'TAG-1')
  assert.equal(await bench.present(1, 'TAG-2'), 'stopped')
  await bench.unplug(1)

  assert.equal(await startsOffline(bench, 'TAG-2'), false)
  assert.equal(await startsOffline(bench, 'TAG-1'), true)
})
