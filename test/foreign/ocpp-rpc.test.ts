import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { passwordOf, startChain } from '../end-to-end/processes.ts'

/** What this test uses of npm `ocpp-rpc`, somebody else's OCPP, which brings no usable types. */
interface RpcClient {
  connect(): Promise<unknown>
  call(action: string, payload: object): Promise<Record<string, unknown>>
  close(): Promise<unknown>
}
const { RPCClient } = createRequire(import.meta.url)('ocpp-rpc') as {
  RPCClient: new (options: object) => RpcClient
}

const now = () => new Date().toISOString()

test('a foreign 1.6 station boots and runs a transaction behind our node, strictly validated', async (t) => {
  const { edge, folder } = await startChain(t, 1, { stations: ['RPC16', 'RPC201'] })
  // biome-ignore format: one line
  const station = new RPCClient({ endpoint: edge.url.replace(/\/$/, ''), identity: 'RPC16', password: passwordOf(folder, 'RPC16').password, protocols: ['ocpp1.6'], strictMode: true, reconnect: false })
  await station.connect()
  t.after(() => station.close())

  // biome-ignore format: one line
  const boot = await station.call('BootNotification', { chargePointVendor: 'foreign', chargePointModel: 'ocpp-rpc' })
  assert.equal(boot.status, 'Accepted')
  await station.call('StatusNotification', {
    connectorId: 1,
    errorCode: 'NoError',
    status: 'Preparing',
  })
  // biome-ignore format: one line
  assert.deepEqual(await station.call('Authorize', { idTag: 'TAG-1' }), { idTagInfo: { status: 'Accepted' } })
  // biome-ignore format: one line
  assert.deepEqual(await station.call('Authorize', { idTag: 'STOLEN' }), { idTagInfo: { status: 'Invalid' } })
  // biome-ignore format: one line
  const started = await station.call('StartTransaction', { connectorId: 1, idTag: 'TAG-1', meterStart: 100, timestamp: now() })
  const { transactionId } = started
  // biome-ignore format: one line
  await station.call('MeterValues', { connectorId: 1, transactionId, meterValue: [{ timestamp: now(), sampledValue: [{ value: '1.5', unit: 'kWh' }] }] })
  await station.call('StopTransaction', { transactionId, meterStop: 1600, timestamp: now() })
  // biome-ignore format: one line
  await assert.rejects(station.call('FirmwareStatusNotification', { status: 'Idle' }), /NotSupported|not supported/i)

  const [row] = read(folder, 'SELECT station, meter_start_wh, meter_stop_wh FROM transactions')
  assert.deepEqual({ ...row }, { station: 'RPC16', meter_start_wh: 100, meter_stop_wh: 1600 })
  const [value] = read(folder, 'SELECT value, unit FROM meter_values')
  assert.deepEqual({ ...value }, { value: 1500, unit: 'Wh' })
})

test('a foreign 2.0.1 station boots and runs a transaction behind our node, strictly validated', async (t) => {
  const { edge, folder } = await startChain(t, 1, { stations: ['RPC16', 'RPC201'] })
  // biome-ignore format: one line
  const station = new RPCClient({ endpoint: edge.url.replace(/\/$/, ''), identity: 'RPC201', password: passwordOf(folder, 'RPC201').password, protocols: ['ocpp2.0.1'], strictMode: true, reconnect: false })
  await station.connect()
  t.after(() => station.close())

  // biome-ignore format: one line
  const boot = await station.call('BootNotification', { reason: 'PowerUp', chargingStation: { vendorName: 'foreign', model: 'ocpp-rpc' } })
  assert.equal(boot.status, 'Accepted')
  assert.ok((await station.call('Heartbeat', {})).currentTime)
  // biome-ignore format: one line
  await station.call('StatusNotification', { timestamp: now(), connectorStatus: 'Occupied', evseId: 1, connectorId: 1 })
  const event = (eventType: string, seqNo: number, wh: number) =>
    station.call('TransactionEvent', {
      eventType,
      triggerReason: 'Authorized',
      seqNo,
      timestamp: now(),
      transactionInfo: { transactionId: 'T1' },
      evse: { id: 1, connectorId: 1 },
      idToken: { idToken: 'TAG-1', type: 'ISO14443' },
      meterValue: [{ timestamp: now(), sampledValue: [{ value: wh }] }],
    })
  assert.deepEqual(await event('Started', 0, 10), { idTokenInfo: { status: 'Accepted' } })
  await event('Updated', 1, 20)
  await event('Ended', 2, 30)

  // biome-ignore format: one line
  const [row] = read(folder, 'SELECT station, transaction_id, meter_start_wh, meter_stop_wh FROM transactions')
  // biome-ignore format: one line
  assert.deepEqual({ ...row }, { station: 'RPC201', transaction_id: 'T1', meter_start_wh: 10, meter_stop_wh: 30 })
})

function read(folder: string, sql: string) {
  const database = new DatabaseSync(join(folder, 'csms.sqlite'), { readOnly: true })
  try {
    return database.prepare(sql).all()
  } finally {
    database.close()
  }
}
