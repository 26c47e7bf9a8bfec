import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../end-to-end/processes.ts'
import { client } from '../support/sockets.ts'
import { type Api, startApi } from './api.ts'

/** A station is removed: what goes, and what stays because it is about money. */

const AT = '2026-01-05T11:00:00.000Z'

/** A station that was there once, with something of each kind. */
async function fill({ store }: Api, station: string): Promise<void> {
  const started = { station, transactionId: 'T1', evseId: 1, connectorId: 1, idToken: 'TAG-1', startedAt: AT, meterStartWh: 0 } // biome-ignore format: one line
  const reading = { station, transactionId: 'T1', evseId: 1, timestamp: AT, measurand: 'Power.Active.Import', phase: undefined, context: undefined, value: 7, unit: 'W' } // biome-ignore format: one line
  await store.write(() => {
    store.addMessage({ station, protocol: 'ocpp2.1', action: 'Heartbeat', receivedAt: AT, payload: Buffer.from('{}') }) // biome-ignore format: one line
    store.putStation(station, true)
    store.setBoot(station, { vendor: 'Wattweave', model: 'Simulated' }, AT)
    store.setConnector(station, 1, 1, 'Available', AT)
    store.charging.start(started)
    store.charging.addMeterValue(reading)
    store.variables.put(station, { component: { name: 'EVSE' }, variable: { name: 'Power' }, variableAttribute: [{ value: '1' }] }, AT) // biome-ignore format: one line
    store.securityEvents.add(station, { type: 'FirmwareUpdated', timestamp: AT }, AT)
    store.reservations.put({ station, reservationId: 1, evseId: 1, idToken: 'TAG-1', expiresAt: '2999-01-01T00:00:00.000Z', state: 'reserved', changedAt: AT }) // biome-ignore format: one line
    store.profiles.put({ station, profileId: 1, evseId: 0, purpose: 'TxDefaultProfile', stackLevel: 0, transactionId: undefined, source: 'CSO', profile: {}, changedAt: AT }) // biome-ignore format: one line
    store.localLists.change(station, { version: 3, isFull: true, entries: [{ idToken: 'TAG-1', status: 'Accepted' }] }, AT) // biome-ignore format: one line
  })
}

test('a station that is removed is nowhere with what it held, and its transactions and messages stay', async (t) => {
  const api = await startApi(t)
  for (const id of ['CS01', 'CS02']) await fill(api, id)
  const read = async (path: string) => (await api.ask('viewer', 'GET', `/api/${path}`)).body
  const before = await read('transactions?station=CS01')

  const { status } = await api.ask('admin', 'DELETE', '/api/stations/CS01')

  assert.equal(status, 204)
  assert.equal((await api.ask('viewer', 'GET', '/api/stations/CS01')).status, 404)
  const stations = (await read('stations')).stations as { station: string }[]
  assert.deepEqual(stations.map(({ station }) => station), ['CS02']) // biome-ignore format: one line
  assert.deepEqual((await read('reservations?station=CS01')).reservations, [])
  assert.deepEqual((await read('profiles?station=CS01')).profiles, [])
  assert.equal((await api.ask('viewer', 'GET', '/api/stations/CS01/local-list')).status, 404)
  assert.equal(api.store.localLists.of('CS01'), undefined)
  assert.deepEqual(api.store.variables.of('CS01'), [])
  assert.equal(api.store.stationPage({ search: 'CS01', limit: 1 })[0], undefined)
  const [was] = before.transactions
  const [is] = (await read('transactions?station=CS01')).transactions
  assert.deepEqual(is, { ...was, state: 'unfinished', problems: ['no-end'] })
  assert.equal((await read(`transactions/${is.number}`)).readingCount, 1)
  assert.equal((await read('stations/CS01/messages')).messages.length, 1)
  assert.equal((await read('security-events?station=CS01')).events.length, 1)
  for (const list of ['reservations', 'profiles', 'stations']) assert.equal((await read(list))[list].length, 1, list) // biome-ignore format: one line
})

test('a token that charged at a removed station may charge elsewhere', async (t) => {
  const api = await startApi(t)
  await fill(api, 'CS01')
  assert.equal(api.store.tokens.runningOf('TAG-1').length, 1)

  await api.ask('admin', 'DELETE', '/api/stations/CS01')

  assert.deepEqual(api.store.tokens.runningOf('TAG-1'), [])
})

test('a connected station is not removed; gone it is, and comes back as one that nobody has entered', async (t) => {
  const api = await startApi(t)
  const boot = async () => {
    const station = await client(t, api.stationUrl, { id: 'CS01', headers: { authorization: '' } })
    station.send('[2,"b","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]')
    await station.take((frame) => frame[1] === 'b', 'the answer')
    return station
  }
  const { socket } = await boot()
  await api.ask('technician', 'PUT', '/api/stations/CS01', { known: true })

  const refused = await api.ask('admin', 'DELETE', '/api/stations/CS01')
  assert.deepEqual([refused.status, refused.body.title], [409, 'Conflict'])
  assert.match(refused.body.detail, /CS01 is connected/)
  socket.terminate()
  await until('it to be gone', async () => (await api.ask('admin', 'DELETE', '/api/stations/CS01')).status === 204) // biome-ignore format: one line
  assert.equal((await api.ask('admin', 'DELETE', '/api/stations/CS01')).status, 404)
  const operation = await api.ask('technician', 'POST', '/api/stations/CS01/operations/ClearCache', {}) // biome-ignore format: one line
  assert.equal(operation.status, 404)

  await boot()
  assert.equal((await api.ask('viewer', 'GET', '/api/stations/CS01')).body.known, false)
})

test('who removed a station stands in the audit log, also who was not let', async (t) => {
  const api = await startApi(t)
  await fill(api, 'CS01')

  assert.equal((await api.ask('technician', 'DELETE', '/api/stations/CS01')).status, 403)
  await api.ask('admin', 'DELETE', '/api/stations/CS01')

  const { entries } = (await api.ask('admin', 'GET', '/api/audit')).body
  assert.deepEqual(
    entries.map(({ who, what, object, outcome }: Record<string, unknown>) => [who, what, object, outcome]), // biome-ignore format: one line
    [
      ['token admin', 'DELETE /api/stations/:station', '{"station":"CS01"}', 204],
      ['token technician', 'DELETE /api/stations/:station', '{"station":"CS01"}', 403],
    ],
  )
})
