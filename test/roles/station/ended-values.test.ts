import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../end-to-end/processes.ts'
import { Bench, type Payload } from './bench.ts'

const REGISTER = 'Energy.Active.Import.Register'

interface Value {
  readonly timestamp: string
  readonly sampledValue: readonly Payload[]
}

/** When and why each value in a message was taken; 1.6 does not say that it was periodic. */
const told = (values: unknown) =>
  ((values ?? []) as Value[]).map(({ timestamp, sampledValue }) => [
    timestamp.slice(14, 19),
    sampledValue[0]?.context ?? 'Sample.Periodic',
  ])
const measurands = (values: unknown) =>
  ((values ?? []) as Value[]).map(({ sampledValue }) => sampledValue.map((one) => one.measurand))

test('StopTxnAlignedData puts what was measured at full minutes into the stop, and after a restart too', async (t) => {
  const file = join(temporaryFolder(t), 'station.sqlite')
  const before = await Bench.booted(t, 'ocpp1.6', file)
  for (const [key, value] of [
    ['ClockAlignedDataInterval', '60'],
    ['MeterValuesAlignedData', ''],
    ['MeterValueSampleInterval', '0'],
    ['StopTxnAlignedData', 'SoC,Current.Import.L1'],
  ] as const) {
    assert.equal(await before.set(key, value), 'Accepted')
  }
  await before.stop()

  const bench = await Bench.booted(t, 'ocpp1.6', file)
  await bench.pass(7)
  await bench.charge()
  await bench.pass(120)
  assert.deepEqual(bench.of('MeterValues'), [])
  await bench.present(1, 'TAG-1')

  const { transactionData } = bench.last('StopTransaction')
  assert.deepEqual(told(transactionData), [['01:00', 'Sample.Clock'], ['02:00', 'Sample.Clock']]) // biome-ignore format: one line
  assert.deepEqual(measurands(transactionData), [['SoC', 'Current.Import'], ['SoC', 'Current.Import']]) // biome-ignore format: one line
})

test('a stop has no values where StopTxnAlignedData and StopTxnSampledData are empty', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  await bench.set('ClockAlignedDataInterval', '60')
  await bench.charge()
  await bench.pass(120)
  assert.ok(bench.of('MeterValues').length > 2)
  await bench.present(1, 'TAG-1')
  assert.equal(bench.last('StopTransaction').transactionData, undefined)
})

test('a 1.6 stop has sampled and clock-aligned values in the order of time', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  await bench.set('ClockAlignedDataInterval', '60')
  await bench.set('StopTxnAlignedData', 'SoC')
  await bench.set('StopTxnSampledData', REGISTER)
  await bench.set('MeterValueSampleInterval', '40')
  await bench.pass(10)
  await bench.charge()
  await bench.pass(85)
  await bench.present(1, 'TAG-1')

  assert.deepEqual(told(bench.last('StopTransaction').transactionData), [
    ['00:10', 'Transaction.Begin'],
    ['00:50', 'Sample.Periodic'],
    ['01:00', 'Sample.Clock'],
    ['01:30', 'Sample.Periodic'],
    ['01:35', 'Transaction.End'],
  ])
})

for (const protocol of ['ocpp2.0.1', 'ocpp2.1'] as const) {
  test(`${protocol}: clock-aligned values for the end are measured at their own interval and told at the end only`, async (t) => {
    const file = join(temporaryFolder(t), 'station.sqlite')
    const before = await Bench.booted(t, protocol, file)
    for (const [name, value] of [
      ['AlignedDataCtrlr.TxEndedInterval', '30'],
      ['AlignedDataCtrlr.TxEndedMeasurands', 'SoC'],
      ['SampledDataCtrlr.TxUpdatedInterval', '0'],
      ['SampledDataCtrlr.TxEndedMeasurands', ''],
    ] as const) {
      assert.equal(await before.set(name, value), 'Accepted')
    }
    await before.stop()

    const bench = await Bench.booted(t, protocol, file)
    await bench.pass(10)
    await bench.charge()
    await bench.pass(60)
    assert.deepEqual(bench.events(), [['Started', 'Authorized', 'Charging']])
    await bench.present(1, 'TAG-1')

    const { meterValue, eventType } = bench.last('TransactionEvent')
    assert.equal(eventType, 'Ended')
    assert.deepEqual(told(meterValue), [['00:30', 'Sample.Clock'], ['01:00', 'Sample.Clock']]) // biome-ignore format: one line
    assert.deepEqual(measurands(meterValue), [['SoC'], ['SoC']])
  })

  test(`${protocol}: sampled values for the end are those of TxEndedInterval, between those of begin and end`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    await bench.set('SampledDataCtrlr.TxEndedInterval', '20')
    await bench.set('SampledDataCtrlr.TxEndedMeasurands', REGISTER)
    await bench.set('SampledDataCtrlr.TxUpdatedInterval', '0')
    await bench.charge()
    await bench.pass(45)
    await bench.present(1, 'TAG-1')

    assert.equal(bench.of('TransactionEvent').length, 2)
    const { meterValue } = bench.last('TransactionEvent')
    assert.deepEqual(told(meterValue), [['00:00', 'Transaction.Begin'], ['00:20', 'Sample.Periodic'], ['00:40', 'Sample.Periodic'], ['00:45', 'Transaction.End']]) // biome-ignore format: one line
    const readings = (meterValue as Value[]).map(({ sampledValue }) => sampledValue[0]?.value)
    assert.deepEqual(
      readings,
      [...readings].sort((a, b) => Number(a) - Number(b)),
    )
    assert.equal(new Set(readings).size, 4)
  })

  test(`${protocol}: without TxEndedInterval the end tells nothing of the time before it`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    await bench.charge()
    await bench.pass(45)
    await bench.present(1, 'TAG-1')
    assert.deepEqual(told(bench.last('TransactionEvent').meterValue), [
      ['00:45', 'Transaction.End'],
    ])
  })
}

test('what nobody can measure is no measurand of the end', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.1')
  for (const component of ['AlignedDataCtrlr', 'SampledDataCtrlr']) {
    const name = `${component}.TxEndedMeasurands`
    assert.equal(await bench.set(name, 'Temperature'), 'Rejected')
    assert.equal(await bench.set(name, 'SoC,SoC'), 'Rejected')
    assert.equal(await bench.set(`${component}.TxEndedInterval`, '-1'), 'Rejected')
  }
})
