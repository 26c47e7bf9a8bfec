import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { PROTOCOLS } from '../../../src/messages/protocols.ts'
import type { Clock } from '../../../src/primitives/clock.ts'
import { randomFraction, seededRandomness } from '../../../src/primitives/randomness.ts'
import { temporaryFolder } from '../../end-to-end/processes.ts'
import { SEED } from '../../seed.ts'
import { Bench, type Payload } from './bench.ts'

const idToken = (text: string) => ({ idToken: text, type: 'ISO14443' })
const setVariable = (component: string, variable: string, attributeValue: string) => ({
  setVariableData: [
    { component: { name: component }, variable: { name: variable }, attributeValue },
  ],
})

test('a 1.6 connector goes through the states of a session, and each is told', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  await bench.charge()
  await bench.present(1, 'TAG-1')
  await bench.unplug(1)

  assert.deepEqual(bench.statuses(), ['Available', 'Preparing', 'Charging', 'Finishing', 'Available']) // biome-ignore format: one line
  assert.deepEqual(bench.statuses(2), ['Available'])
  assert.equal(bench.last('StopTransaction').reason, 'Local')
})

test('a 2.x connector is occupied as long as something is plugged in', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  await bench.charge()
  await bench.present(1, 'TAG-1')
  await bench.unplug(1)

  assert.deepEqual(bench.statuses(), ['Available', 'Occupied', 'Available'])
  assert.deepEqual(bench.events(), [
    ['Started', 'Authorized', 'Charging'],
    ['Ended', 'StopAuthorized', 'EVConnected', 'Local'],
  ])
})

for (const protocol of PROTOCOLS) {
  test(`${protocol}: a token that is refused, and one of another group, change nothing`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    await bench.charge()
    const info = { status: 'Accepted' }
    bench.rule = ({ action, payload }) => {
      if (action !== 'Authorize') return undefined
      const isBad = JSON.stringify(payload).includes('BAD')
      const told = isBad ? { status: 'Invalid' } : info
      return protocol === 'ocpp1.6' ? { idTagInfo: told } : { idTokenInfo: told }
    }

    assert.equal(await bench.present(1, 'TAG-2'), 'refused')
    await bench.plugIn(2)
    assert.equal(await bench.present(2, 'BAD'), 'refused')
    assert.equal(bench.of('StopTransaction').length, 0)
    assert.ok(bench.powerW(1) > 0)
    assert.equal(bench.powerW(2), 0)
  })

  test(`${protocol}: a token of the same group may stop`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    bench.rule = ({ action }) => {
      const isAccepted = { status: 'Accepted' }
      if (action === 'Authorize' && protocol === 'ocpp1.6') return { idTagInfo: { ...isAccepted, parentIdTag: 'FAMILY' } } // biome-ignore format: one line
      if (action === 'Authorize') return { idTokenInfo: { ...isAccepted, groupIdToken: idToken('FAMILY') } } // biome-ignore format: one line
      return undefined
    }
    await bench.charge(1, 'TAG-1')

    assert.equal(await bench.present(1, 'TAG-2'), 'stopped')
    const { idTag, idToken: shown } = bench.calls.findLast(({ action }) => action.includes('Transaction'))?.payload ?? {} // biome-ignore format: one line
    assert.deepEqual(shown ?? idTag, protocol === 'ocpp1.6' ? 'TAG-2' : idToken('TAG-2'))
  })

  test(`${protocol}: a group is the same in any letter case, by what the CSMS says and by what is known here`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    bench.rule = ({ action, payload }) => {
      if (action !== 'Authorize') return undefined
      const group = JSON.stringify(payload).includes('TAG-1') ? 'Family' : 'FAMILY'
      return protocol === 'ocpp1.6'
        ? { idTagInfo: { status: 'Accepted', parentIdTag: group } }
        : { idTokenInfo: { status: 'Accepted', groupIdToken: idToken(group) } }
    }
    for (const from of ['the CSMS', 'the cache']) {
      await bench.charge(1, 'TAG-1')
      if (from === 'the cache') bench.rule = () => undefined
      assert.equal(await bench.present(1, 'TAG-2'), 'stopped', from)
      await bench.unplug(1)
    }
  })
}

test('who pulls the plug ends the transaction, unless the setting says otherwise', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  await bench.charge()
  await bench.unplug(1)
  assert.equal(bench.last('StopTransaction').reason, 'EVDisconnected')

  const set = { key: 'StopTransactionOnEVSideDisconnect', value: 'false' }
  assert.equal(await bench.status('ChangeConfiguration', set), 'Accepted')
  bench.forget()
  await bench.charge()
  await bench.unplug(1)
  assert.deepEqual(bench.of('StopTransaction'), [])
  assert.equal(bench.statuses().at(-1), 'SuspendedEV')
  await bench.plugIn(1)
  assert.equal(bench.statuses().at(-1), 'Charging')
})

test('a driver who does not plug in in time has to begin again', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  await bench.ask('ChangeConfiguration', { key: 'ConnectionTimeOut', value: '30' })
  await bench.present(1, 'TAG-1')
  await bench.pass(29)
  assert.equal(bench.statuses().at(-1), 'Preparing')
  await bench.pass(2)
  assert.equal(bench.statuses().at(-1), 'Available')
  await bench.plugIn(1)
  assert.deepEqual(bench.of('StartTransaction'), [])
})

const points = [
  ['EVConnected', 'EVConnected', [['Started', 'CablePluggedIn', 'EVConnected'], ['Updated', 'Authorized', 'Charging'], ['Updated', 'StopAuthorized', 'EVConnected'], ['Ended', 'EVCommunicationLost', 'Idle', 'Local']]], // biome-ignore format: a table
  ['Authorized', 'Authorized', [['Started', 'Authorized', 'Charging'], ['Ended', 'StopAuthorized', 'EVConnected', 'Local']]], // biome-ignore format: a table
  ['PowerPathClosed', 'PowerPathClosed', [['Started', 'Authorized', 'Charging'], ['Ended', 'StopAuthorized', 'EVConnected', 'Local']]], // biome-ignore format: a table
  ['EnergyTransfer', 'EnergyTransfer', [['Started', 'Authorized', 'Charging'], ['Ended', 'StopAuthorized', 'EVConnected', 'Local']]], // biome-ignore format: a table
] as const
for (const [start, stop, expected] of points) {
  test(`a transaction begins at ${start} and ends at ${stop}`, async (t) => {
    const bench = await Bench.booted(t, 'ocpp2.1')
    for (const [variable, value] of [
      ['TxStartPoint', start],
      ['TxStopPoint', stop],
    ] as const) {
      // biome-ignore format: short
      await bench.ask('SetVariables', setVariable('TxCtrlr', variable, value))
    }
    await bench.charge()
    await bench.present(1, 'TAG-1')
    await bench.unplug(1)

    assert.deepEqual(bench.events(), expected)
    assert.deepEqual(bench.of('TransactionEvent').map(({ seqNo }) => seqNo), expected.map((_, at) => at)) // biome-ignore format: one line
  })
}

test('a full battery suspends the transaction, and ends it where energy is what it is about', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  const vehicle = { capacityWh: 1000, stateOfCharge: 0.9 }
  await bench.charge(1, 'TAG-1', vehicle)
  await bench.pass(600, 10)
  assert.deepEqual(bench.events().filter(([, trigger]) => trigger !== 'MeterValuePeriodic').at(-1), ['Updated', 'ChargingStateChanged', 'SuspendedEV']) // biome-ignore format: one line

  await bench.ask('SetVariables', setVariable('TxCtrlr', 'TxStopPoint', 'EnergyTransfer'))
  await bench.charge(2, 'TAG-1', vehicle)
  await bench.pass(600, 10)
  assert.deepEqual(bench.events().filter(([type]) => type === 'Ended').at(-1), ['Ended', 'ChargingStateChanged', 'SuspendedEV', 'StoppedByEV']) // biome-ignore format: one line
})

test('what the CSMS says of the token counts: the transaction ends, or gets only so much more', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  bench.rule = ({ action }) => action === 'StartTransaction' ? { transactionId: 1, idTagInfo: { status: 'Blocked' } } : undefined // biome-ignore format: one line
  await bench.charge()
  assert.equal(bench.last('StopTransaction').reason, 'DeAuthorized')

  await bench.unplug(1)
  await bench.ask('ChangeConfiguration', { key: 'StopTransactionOnInvalidId', value: 'false' })
  await bench.ask('ChangeConfiguration', { key: 'MaxEnergyOnInvalidId', value: '100' })
  bench.forget()
  await bench.charge()
  const before = bench.station.evse(1).registerWh
  assert.equal(bench.statuses().at(-1), 'Charging')
  await bench.pass(120)
  assert.equal(bench.statuses().at(-1), 'SuspendedEVSE')
  assert.deepEqual(bench.of('StopTransaction'), [])
  assert.ok(Math.abs(bench.station.evse(1).registerWh - before - 100) < 1)
})

test('the register goes up with the power, and on after a restart', async (t) => {
  const file = join(temporaryFolder(t), 'station.sqlite')
  const before = await Bench.booted(t, 'ocpp1.6', file)
  await before.charge()
  await before.pass(3600, 60)
  await before.present(1, 'TAG-1')
  const { meterStop } = before.last('StopTransaction') as { meterStop: number }
  const { meterStart } = before.last('StartTransaction') as { meterStart: number }
  assert.ok(meterStop - meterStart > 15_000 && meterStop - meterStart <= 22_000)
  await before.stop()

  const after = await Bench.booted(t, 'ocpp1.6', file)
  await after.charge()
  assert.equal(after.last('StartTransaction').meterStart, meterStop)
})

test('what is sampled is what is configured, at the interval that is configured, at once', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  await bench.charge()
  await bench.ask('ChangeConfiguration', { key: 'MeterValueSampleInterval', value: '60' })
  const measurands = 'Energy.Active.Import.Register,Current.Import,Voltage.L1,SoC,Power.Offered'
  await bench.ask('ChangeConfiguration', { key: 'MeterValuesSampledData', value: measurands })
  bench.forget()
  await bench.pass(119)

  assert.equal(bench.of('MeterValues').length, 1)
  const [{ sampledValue }] = bench.last('MeterValues').meterValue as [{ sampledValue: Payload[] }]
  assert.deepEqual(sampledValue.map(({ measurand, phase, unit }) => [measurand, phase, unit].filter(Boolean).join(' ')), ['Energy.Active.Import.Register Wh', 'Current.Import L1 A', 'Current.Import L2 A', 'Current.Import L3 A', 'Voltage L1-N V', 'SoC Percent', 'Power.Offered W']) // biome-ignore format: one line
  for (const value of ['Temperature', 'SoC,SoC']) {
    assert.equal(await bench.status('ChangeConfiguration', { key: 'MeterValuesSampledData', value }), 'Rejected') // biome-ignore format: one line
  }
})

test('clock-aligned values come at full minutes, inside a transaction and outside', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  await bench.pass(7)
  await bench.ask('SetVariables', setVariable('AlignedDataCtrlr', 'Interval', '60'))
  await bench.ask('SetVariables', setVariable('SampledDataCtrlr', 'TxUpdatedInterval', '0'))
  await bench.charge(1)
  bench.forget()
  await bench.pass(60)

  assert.deepEqual(bench.events(), [['Updated', 'MeterValueClock', 'Charging']])
  assert.equal(bench.last('TransactionEvent').timestamp, '2026-01-01T00:01:00.000Z')
  assert.deepEqual(
    bench.of('MeterValues').map(({ evseId }) => evseId),
    [2],
  )
})

test('clock-aligned values are told once at each boundary and bear it, also where timers are a little early or late', async (t) => {
  const random = seededRandomness(SEED)
  const bench = new Bench(t, 'ocpp1.6')
  const offMs = () => Math.floor(randomFraction(random) * 5) - 2
  const clock: Clock = {
    now: () => bench.clock.now(),
    monotonic: () => bench.clock.monotonic(),
    setTimer: (callback, delayMs) =>
      bench.clock.setTimer(callback, Math.max(delayMs > 0 ? 1 : 0, delayMs + offMs())),
  }
  const early: number[] = []
  bench.rule = ({ action, payload }) => {
    const [value] = (payload.meterValue ?? []) as { timestamp: string }[]
    const aheadMs = Date.parse(value?.timestamp ?? '') - clock.now()
    if (action === 'MeterValues' && aheadMs > 0) early.push(aheadMs)
    return undefined
  }
  await bench.start({ clock })
  await bench.set('MeterValueSampleInterval', '0')
  await bench.set('ClockAlignedDataInterval', '3')
  await bench.pass(7)
  await bench.charge(1)
  bench.forget()
  await bench.pass(120)

  const times = [1, 2].map((evseId) =>
    bench
      .of('MeterValues')
      .filter(({ connectorId }) => connectorId === evseId)
      .map(({ meterValue }) =>
        Date.parse((meterValue as { timestamp: string }[])[0]?.timestamp ?? ''),
      ),
  )
  const first = Date.UTC(2026, 0, 1, 0, 0, 9)
  const boundaries = Array.from({ length: 39 }, (_, at) => first + 3_000 * at)
  for (const told of times) assert.deepEqual(told.slice(0, 39), boundaries)
  assert.deepEqual(early, [], 'what was measured before its boundary')
})

test('StopTxnSampledData puts what was sampled on the way into the stop', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  await bench.ask('ChangeConfiguration', { key: 'StopTxnSampledData', value: 'Energy.Active.Import.Register' }) // biome-ignore format: one line
  await bench.charge()
  await bench.pass(25)
  await bench.present(1, 'TAG-1')

  const { transactionData } = bench.last('StopTransaction') as { transactionData: { sampledValue: Payload[] }[] } // biome-ignore format: one line
  assert.deepEqual(transactionData.map(({ sampledValue }) => sampledValue[0]?.context), ['Transaction.Begin', undefined, undefined, 'Transaction.End']) // biome-ignore format: one line
})
