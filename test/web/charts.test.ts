import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chartsOf, csvOf, phasesOf } from '../../web/charts/charts.ts'

const reading = (second: number, measurand: string, value: number, more: object = {}) => ({
  timestamp: new Date(Date.UTC(2026, 0, 5, 11, 0, second)).toISOString(),
  measurand,
  value,
  unit: measurand.startsWith('Energy') ? 'Wh' : measurand.startsWith('Power') ? 'W' : 'A',
  ...more,
})
const ENERGY = 'Energy.Active.Import.Register'

test('energy counts from the start of the transaction, in kWh, oldest first', () => {
  const readings = [reading(60, ENERGY, 3000), reading(0, ENERGY, 1500)]
  const [energy] = chartsOf({ readings, meterStartWh: 1000 })

  assert.deepEqual([energy?.name, energy?.lines[0]?.values], ['energy', [0.5, 2]])
})

test('what is missing is a gap, never a line across it', () => {
  const seconds = [0, 10, 20, 30, 200, 210]
  const readings = seconds.map((second) => reading(second, 'Power.Active.Import', 11_000))
  const [power] = chartsOf({ readings })

  assert.deepEqual(power?.lines[0]?.values, [11, 11, 11, 11, null, 11, 11])
})

test('a limit is told with the power, as a step that holds until another is told', () => {
  const readings = [
    ...[0, 10, 20].map((second) => reading(second, 'Power.Active.Import', 5_000)),
    reading(10, 'Power.Offered', 11_000),
  ]
  const [power] = chartsOf({ readings })

  assert.deepEqual(power?.lines.map(({ kind, values }) => [kind, values]), [['measured', [5, 5, 5]], ['limit', [null, 11, 11]]]) // biome-ignore format: one line
})

test('phases stand beside each other as they were last, each with its limit', () => {
  const readings = [
    reading(0, 'Current.Import', 9, { phase: 'L1' }),
    reading(10, 'Current.Import', 16, { phase: 'L1' }),
    reading(10, 'Current.Import', 15.5, { phase: 'L2' }),
    reading(10, 'Current.Offered', 32),
  ]

  assert.deepEqual(phasesOf(readings), [
    { name: 'L1', amperes: 16, limit: 32 },
    { name: 'L2', amperes: 15.5, limit: 32 },
  ])
})

test('nothing that a station wrote becomes a formula or a second cell in a spreadsheet', () => {
  const readings = [reading(0, '=HYPERLINK("x")', -1, { context: 'a,b' })]

  assert.equal(
    csvOf(readings).split('\r\n')[1],
    `2026-01-05T11:00:00.000Z,"'=HYPERLINK(""x"")",,"a,b",-1,A`,
  )
})
