import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { PROTOCOLS } from '../../../src/messages/protocols.ts'
import { temporaryFolder } from '../../end-to-end/processes.ts'
import { Bench } from './bench.ts'

const SECURITY = 'SecurityEventNotification'
const told = (bench: Bench) => bench.of(SECURITY).map(({ type, techInfo }) => [type, techInfo])

for (const protocol of PROTOCOLS) {
  test(`${protocol}: a start, a reset and a new time are told as security events`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    assert.deepEqual(told(bench), [['StartupOfTheDevice', 'PowerUp']])
    assert.equal(bench.calls[0]?.action, 'BootNotification')
    bench.forget()
    const type = protocol === 'ocpp1.6' ? 'Hard' : 'Immediate'
    assert.equal(await bench.status('Reset', { type }), 'Accepted')
    await bench.pass(1)
    await bench.connect()
    assert.deepEqual(told(bench), [
      ['ResetOrReboot', 'RemoteReset'],
      ['StartupOfTheDevice', 'RemoteReset'],
    ])

    bench.forget()
    bench.station.inject({ kind: 'clock-jump', seconds: 3600 })
    bench.station.clear('clock-jump')
    await bench.pass(1)
    assert.deepEqual(told(bench), [
      ['SettingSystemTime', 'by 3600 s'],
      ['SettingSystemTime', 'by -3600 s'],
    ])
    const [jump, back] = bench.of(SECURITY).map(({ timestamp }) => Date.parse(String(timestamp)))
    assert.equal(Number(jump) - Number(back), 3_600_000)
  })

  test(`${protocol}: what happened without a link, and before a power cut, is told once, in order, afterwards`, async (t) => {
    const file = join(temporaryFolder(t), 'station.sqlite')
    const before = await Bench.booted(t, protocol, file)
    await before.cut()
    before.forget()
    before.station.inject({ kind: 'clock-jump', seconds: 60 })
    await before.pass(2)
    before.station.inject({ kind: 'clock-jump', seconds: 90 })
    await before.pass(10)
    assert.deepEqual(told(before), [])
    await before.stop()

    const after = new Bench(t, protocol, file)
    after.rule = ({ action }) => (action === SECURITY ? 'InternalError' : undefined)
    await after.start()
    await after.pass(5)
    assert.deepEqual(told(after), [['SettingSystemTime', 'by 60 s']])
    // A CSMS that cannot is told again, however often: delivery is guaranteed.
    await after.pass(600, 10)
    assert.ok(told(after).length > 5)
    after.rule = () => undefined
    after.forget()
    await after.pass(600, 10)
    assert.deepEqual(told(after), [
      ['SettingSystemTime', 'by 60 s'],
      ['SettingSystemTime', 'by 30 s'],
      ['StartupOfTheDevice', 'PowerUp'],
    ])
    const times = after.of(SECURITY).map(({ timestamp }) => Date.parse(String(timestamp)))
    assert.equal(Number(times[1]) - Number(times[0]), 2_000 + 30_000)
  })

  test(`${protocol}: a security event that cannot be told holds up no transaction`, async (t) => {
    const bench = new Bench(t, protocol)
    bench.rule = ({ action }) => (action === SECURITY ? 'InternalError' : undefined)
    await bench.start()
    await bench.charge()
    await bench.present(1, 'TAG-1')
    assert.equal(bench.of('StopTransaction', 'TransactionEvent').length, protocol === 'ocpp1.6' ? 1 : 2) // biome-ignore format: one line
    assert.equal(bench.of(SECURITY).length, 1)
  })

  test(`${protocol}: a CSMS that does not know security events is not told the same one again`, async (t) => {
    const bench = new Bench(t, protocol)
    bench.rule = ({ action }) => (action === SECURITY ? 'NotImplemented' : undefined)
    await bench.start()
    bench.station.inject({ kind: 'clock-jump', seconds: 60 })
    await bench.pass(120, 10)
    assert.deepEqual(told(bench), [
      ['StartupOfTheDevice', 'PowerUp'],
      ['SettingSystemTime', 'by 60 s'],
    ])
  })

  test(`${protocol}: a station that is not accepted says nothing of security either, and does afterwards`, async (t) => {
    const bench = new Bench(t, protocol)
    const pending = { status: 'Pending', currentTime: '2026-01-01T00:00:00Z', interval: 60 }
    bench.rule = ({ action }) => (action === 'BootNotification' ? pending : undefined)
    await bench.start()
    await bench.pass(30)
    assert.deepEqual(told(bench), [])
    bench.rule = () => undefined
    await bench.pass(60)
    assert.deepEqual(told(bench), [['StartupOfTheDevice', 'PowerUp']])
    assert.equal(Date.parse(String(bench.last(SECURITY).timestamp)), 1_767_225_600_000)
  })
}

test('a clock that is set by no more than the CSMS cares about is no security event', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.1')
  const name = 'ClockCtrlr.TimeAdjustmentReportingThreshold'
  assert.equal(await bench.set(name, '20'), 'Accepted')
  assert.equal(await bench.set(name, '-1'), 'Rejected')
  bench.forget()
  for (const seconds of [20, 0, -20, 1]) bench.station.inject({ kind: 'clock-jump', seconds })
  await bench.pass(1)
  assert.deepEqual(told(bench), [['SettingSystemTime', 'by 21 s']])

  const older = await Bench.booted(t, 'ocpp2.0.1')
  assert.equal(await older.set(name, '20'), 'UnknownVariable')
})

test('a fault that is cleared but was not there changes no clock', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.1')
  bench.forget()
  bench.station.clear('clock-jump')
  bench.station.inject({ kind: 'meter-stuck', evseId: 1 })
  await bench.pass(1)
  assert.deepEqual(told(bench), [])
})
