import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { PROTOCOLS } from '../../../src/messages/protocols.ts'
import { temporaryFolder } from '../../end-to-end/processes.ts'
import { Bench, type Payload } from './bench.ts'

/** The link stays; behind it nobody is there, as a node says that has lost its own. */
const nobody = () => 'NetworkError'
const everybody = () => undefined
const STATUS = 'StatusNotification'

/** A boot whose station says that it is alive every so many seconds. */
async function beating(bench: Bench, interval = 5): Promise<void> {
  const boot = { status: 'Accepted', currentTime: '2026-01-01T00:00:00Z', interval }
  bench.rule = ({ action }) => (action === 'BootNotification' ? boot : undefined)
  await bench.start()
  await bench.pass(1)
}

for (const protocol of PROTOCOLS) {
  const is16 = protocol === 'ocpp1.6'
  const taken = is16 ? 'Preparing' : 'Occupied'

  test(`${protocol}: what a connector has come to while nobody was behind the link is told once, when anything is answered again`, async (t) => {
    const bench = new Bench(t, protocol)
    await beating(bench)
    bench.rule = nobody
    await bench.plugIn(1)
    await bench.unplug(1)
    await bench.plugIn(1)
    await bench.plugIn(2)
    await bench.unplug(2)
    for (let time = 0; time < 60; time++) {
      await bench.unplug(1)
      await bench.plugIn(1)
      await bench.pass(1)
    }
    const attempts = bench.of(STATUS).length

    bench.forget()
    bench.rule = everybody
    await bench.pass(20)

    assert.deepEqual(bench.statuses(1), [taken])
    assert.ok(bench.statuses(2).length <= 1)
    // One tells for all that nobody is there, and asks again every ten seconds.
    assert.ok(attempts <= 15, `${attempts} attempts in a minute`)
  })

  test(`${protocol}: where nothing else is said, the station asks by itself whether somebody is there again`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    bench.rule = nobody
    await bench.plugIn(1)
    await bench.plugIn(2)
    await bench.pass(30)
    bench.forget()
    bench.rule = everybody
    await bench.pass(10)
    assert.deepEqual([bench.statuses(1), bench.statuses(2)], [[taken], [taken]])
    await bench.pass(60)
    assert.equal(bench.of(STATUS).length, 2)
  })

  test(`${protocol}: a status that the CSMS could not process is told when it answers something else`, async (t) => {
    const bench = new Bench(t, protocol)
    await beating(bench)
    bench.rule = ({ action }) => (action === STATUS ? 'InternalError' : undefined)
    await bench.plugIn(1)
    assert.deepEqual(bench.statuses(1).at(-1), taken)
    bench.forget()
    bench.rule = everybody
    await bench.pass(5)
    assert.deepEqual(bench.statuses(1), [taken])
  })

  test(`${protocol}: a CSMS that wants to hear no status is not told the same one again over the same link`, async (t) => {
    const bench = new Bench(t, protocol)
    await beating(bench)
    bench.forget()
    bench.rule = ({ action }) => (action === STATUS ? 'NotSupported' : undefined)
    await bench.plugIn(1)
    await bench.pass(60)
    assert.deepEqual(bench.statuses(1), [taken])
    bench.forget()
    bench.rule = everybody
    await bench.cut()
    await bench.connect()
    assert.deepEqual(bench.statuses(1), [taken])
  })
}

const offline = (bench: Bench) => bench.of('TransactionEvent').map((one) => one.offline === true)

for (const protocol of ['ocpp2.0.1', 'ocpp2.1'] as const) {
  test(`${protocol}: events are offline from the first request that nobody answers until one is answered`, async (t) => {
    const bench = new Bench(t, protocol)
    await beating(bench, 7)
    await bench.charge()
    bench.rule = nobody
    await bench.pass(8)
    bench.forget()
    bench.rule = everybody
    // An event of the outage is told after it, as it was when it happened.
    await bench.present(1, 'TAG-1')
    await bench.pass(15)
    const told = bench.of('TransactionEvent')
    const during = told.find(({ triggerReason }) => triggerReason === 'StopAuthorized')
    assert.equal(during?.offline, true)

    bench.forget()
    await bench.unplug(1)
    await bench.charge()
    assert.ok(offline(bench).length > 0)
    assert.ok(!offline(bench).includes(true))
  })

  test(`${protocol}: a CSMS that answers with an error is there, and so is one behind somebody who throttles`, async (t) => {
    const bench = new Bench(t, protocol)
    await beating(bench)
    bench.rule = ({ action }) => (action === 'Heartbeat' ? 'InternalError' : undefined)
    await bench.pass(6)
    bench.forget()
    await bench.charge()
    assert.deepEqual(offline(bench), [false])
  })

  test(`${protocol}: limits and ended reservations of an outage are told after it, in order, after a power cut too`, async (t) => {
    const file = join(temporaryFolder(t), 'station.sqlite')
    const before = await Bench.booted(t, protocol, file)
    const idToken = { idToken: 'ANNE', type: 'ISO14443' }
    await before.ask('ReserveNow', { id: 7, evseId: 1, idToken, expiryDateTime: '2026-01-02T00:00:00.000Z' }) // biome-ignore format: one line
    await before.cut()
    before.station.limitExternally(5_000)
    before.station.inject({ kind: 'ground-fault', evseId: 1 })
    before.station.limitExternally(undefined)
    await before.pass(5)
    await before.stop()

    const after = await Bench.booted(t, protocol, file)
    await after.pass(5)
    const names = ['NotifyChargingLimit', 'ReservationStatusUpdate', 'ClearedChargingLimit']
    const told = after.calls.filter(({ action }) => names.includes(action))
    assert.deepEqual(
      told.map(({ action }) => action),
      names,
    )
    const [, ended] = told.map(({ payload }): Payload => payload)
    assert.deepEqual(ended, { reservationId: 7, reservationUpdateStatus: 'Removed' })
    await after.pass(60, 10)
    assert.equal(after.of(...names).length, 3)
  })
}

test('2.1: that priority was switched while nobody was there is told afterwards', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.1')
  const chargingSchedule = [{ id: 1, chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 20 }] }] // biome-ignore format: one line
  const chargingProfile = { id: 2, stackLevel: 0, chargingProfilePurpose: 'PriorityCharging', chargingProfileKind: 'Relative', chargingSchedule } // biome-ignore format: one line
  await bench.ask('SetChargingProfile', { evseId: 0, chargingProfile })
  await bench.charge()
  const transactionId = bench.transactionId()
  bench.rule = nobody
  assert.equal(bench.station.prioritize(1, true), true)
  await bench.pass(20)
  bench.forget()
  bench.rule = everybody
  await bench.pass(60)
  assert.deepEqual(bench.of('NotifyPriorityCharging'), [{ transactionId, activated: true }])
  bench.forget()
  bench.station.prioritize(1, false)
  await bench.pass(1)
  assert.deepEqual(bench.of('NotifyPriorityCharging'), [{ transactionId, activated: false }])
})
