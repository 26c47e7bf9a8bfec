import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Protocol } from '../../src/messages/protocols.ts'
import type { CsmsOptions } from '../../src/roles/csms/csms.ts'
import { OperationError } from '../../src/roles/csms/operations.ts'
import { startPair } from './pair.ts'
import { startCsms } from './raw-station.ts'

/** Which stations a CSMS lets in that nobody has entered, and what of the others it hears. */

const PROTOCOLS = ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'] as const
const AT = '2026-01-05T11:00:00.000Z'
const idToken = { idToken: 'TAG-1', type: 'Central' }
const started = { eventType: 'Started', timestamp: AT, triggerReason: 'Authorized', seqNo: 0, transactionInfo: { transactionId: 'T1' }, evse: { id: 1 }, idToken } // biome-ignore format: one line

const bootOf = (protocol: Protocol) =>
  protocol === 'ocpp1.6'
    ? { chargePointVendor: 'V', chargePointModel: 'M' }
    : { reason: 'PowerUp', chargingStation: { vendorName: 'V', model: 'M' } }

/** What a station says that has not been let in. */
function wordsOf(protocol: Protocol): [action: string, payload: object][] {
  if (protocol !== 'ocpp1.6') {
    return [
      ['Heartbeat', {}],
      ['Authorize', { idToken }],
      ['TransactionEvent', started],
      ['StatusNotification', { timestamp: AT, connectorStatus: 'Occupied', evseId: 1, connectorId: 1 }], // biome-ignore format: one line
      ['MeterValues', { evseId: 1, meterValue: [{ timestamp: AT, sampledValue: [{ value: 1 }] }] }],
      ['SecurityEventNotification', { type: 'TamperDetectionActivated', timestamp: AT }],
    ]
  }
  return [
    ['Heartbeat', {}],
    ['Authorize', { idTag: 'TAG-1' }],
    ['StartTransaction', { connectorId: 1, idTag: 'TAG-1', meterStart: 0, timestamp: AT }],
    ['StopTransaction', { transactionId: 1, meterStop: 1, timestamp: AT }],
    ['StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Charging' }],
  ]
}

const rejecting = (t: TestContext, more: Partial<CsmsOptions> = {}) =>
  startCsms(t, ':memory:', { unknownStations: 'reject', ...more })

for (const protocol of PROTOCOLS) {
  test(`${protocol}: of a rejected station nothing is heard, stored or listed but its boot`, async (t) => {
    const { station, store, warnings } = await rejecting(t)
    const say = station('CS01', protocol)
    const words = wordsOf(protocol)
    await assert.rejects(say(...(words[0] ?? ['', {}])), /"SecurityError"/, 'before it has booted')

    assert.equal((await say('BootNotification', bootOf(protocol))).status, 'Rejected')
    for (const [action, payload] of words) {
      await assert.rejects(say(action, payload), /"SecurityError"/, action)
    }

    assert.deepEqual(store.stations(), [])
    assert.deepEqual(store.charging.page({ limit: 10 }), [])
    assert.deepEqual(store.connectors(), [])
    assert.deepEqual(store.messages.of('CS01').map(({ action }) => action), ['BootNotification']) // biome-ignore format: one line
    assert.deepEqual(warnings, [['station.rejected', { station: 'CS01' }]])
  })

  test(`${protocol}: nothing is asked of a rejected station, and the reason is told`, async (t) => {
    const { submit, asked, store } = await startPair(t, protocol, { unknownStations: 'reject' }) // biome-ignore format: one line
    const isWhy = (error: unknown) =>
      error instanceof OperationError && /CS01 is rejected.*nobody has entered it/.test(error.message) // biome-ignore format: one line

    await assert.rejects(submit('ClearCache', {}), isWhy)
    // One that was let in before, and has been taken out, is no better.
    await store.write(() => store.putStation('CS01', false))
    await assert.rejects(submit('ClearCache', {}), isWhy)

    assert.deepEqual(asked, [])
    assert.deepEqual(store.operations.page({ limit: 10 }), [])
  })

  test(`${protocol}: whoever enters a station lets it in with its next boot`, async (t) => {
    const { station, store, csms } = await rejecting(t)
    const say = station('CS01', protocol)
    assert.equal((await say('BootNotification', bootOf(protocol))).status, 'Rejected')

    await store.write(() => store.putStation('CS01', true))

    assert.throws(() => csms.operations.protocolOf('CS01'), {
      reason: 'not-booted',
      message: /CS01 is entered and has not booted since.*; let it connect, or wait up to 300 s/,
    })
    assert.equal((await say('BootNotification', bootOf(protocol))).status, 'Accepted')
    for (const [action, payload] of wordsOf(protocol)) await say(action, payload)
    assert.equal(store.charging.page({ limit: 10 }).length, 1)
    assert.equal(store.stationRow('CS01')?.known, true)
    assert.equal(csms.operations.protocolOf('CS01'), protocol)
  })
}

test('a station that the configuration names is let in without being entered, in any letter case', async (t) => {
  const { station, store } = await rejecting(t, { knownStations: ['cs01'] })

  assert.equal((await station('CS01', 'ocpp2.1')('BootNotification', bootOf('ocpp2.1'))).status, 'Accepted') // biome-ignore format: one line
  assert.equal((await station('CS02', 'ocpp2.1')('BootNotification', bootOf('ocpp2.1'))).status, 'Rejected') // biome-ignore format: one line

  assert.deepEqual(store.stations().map((one) => one.station), ['CS01']) // biome-ignore format: one line
  assert.equal(store.stationRow('CS01')?.known, true)
})

test('a station that was let in with a flag is rejected once unknown ones are', async (t) => {
  const { station, store } = await startCsms(t)
  await station('CS01', 'ocpp2.1')('BootNotification', bootOf('ocpp2.1'))
  assert.equal(store.stationRow('CS01')?.known, false)

  const { station: again, store: other } = await rejecting(t)
  await other.write(() => other.putStation('CS01', false))

  const say = again('CS01', 'ocpp2.1')
  assert.equal((await say('BootNotification', bootOf('ocpp2.1'))).status, 'Rejected')
  await assert.rejects(say('TransactionEvent', started), /"SecurityError"/)
})

test('accept-and-flag lets every station in, hears it, and flags those that nobody entered', async (t) => {
  const { station, store, csms } = await startCsms(t, ':memory:', { unknownStations: 'accept-and-flag', knownStations: ['CS02'] }) // biome-ignore format: one line
  for (const id of ['CS01', 'CS02']) {
    const say = station(id, 'ocpp2.0.1')
    assert.equal((await say('BootNotification', bootOf('ocpp2.0.1'))).status, 'Accepted')
    for (const [action, payload] of wordsOf('ocpp2.0.1')) await say(action, payload)
  }

  const flags = store.stationPage({ limit: 10 }).map(({ station: id, known }) => [id, known])
  assert.deepEqual(flags, [['CS01', false], ['CS02', true]]) // biome-ignore format: one line
  assert.equal(store.charging.page({ limit: 10 }).length, 2)
  const { state } = await csms.operations.submit({ station: 'CS01', action: 'ClearCache', request: {}, askedBy: 'anna' }) // biome-ignore format: one line
  assert.equal(state, 'sent')
  await store.write(() => store.putStation('CS01', true))
  assert.equal(store.stationRow('CS01')?.known, true)
})

test('a station that is removed is rejected as one that nobody has entered, until somebody does', async (t) => {
  const { station, store } = await rejecting(t)
  const say = station('CS01', 'ocpp2.1')
  const boot = async () => (await say('BootNotification', bootOf('ocpp2.1'))).status
  await store.write(() => store.putStation('CS01', true))
  assert.equal(await boot(), 'Accepted')
  await say('TransactionEvent', started)

  await store.write(() => assert.ok(store.removeStation('CS01', AT)))

  await assert.rejects(say('Heartbeat', {}), /"SecurityError"/)
  assert.equal(await boot(), 'Rejected')
  assert.deepEqual(store.stations(), [])
  await store.write(() => store.putStation('CS01', true))
  assert.equal(await boot(), 'Accepted')
  await say('TransactionEvent', { ...started, seqNo: 1, eventType: 'Ended' })
  const [{ startedAt, endedAt } = {}] = store.charging.page({ limit: 2 })
  assert.deepEqual([startedAt, endedAt], [AT, AT], 'the end of what it had begun before')
})
