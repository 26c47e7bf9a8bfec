import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TX_POINTS } from '../../../src/roles/charging-station/variables-table.ts'
import { PROPERTY } from '../../seed.ts'
import { Bench, type Payload } from './bench.ts'

const NOTHING = { id: 9, stackLevel: 0, chargingProfilePurpose: 'TxDefaultProfile', chargingProfileKind: 'Relative', chargingSchedule: [{ id: 1, chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 0 }] }] } // biome-ignore format: one line

/** Every list of points that can be set; their order means nothing. */
const LISTS = Array.from({ length: 2 ** TX_POINTS.length - 1 }, (_, at) =>
  TX_POINTS.filter((_point, bit) => ((at + 1) >> bit) & 1).join(),
)
/** Sequences for each combination of such lists. */
const RUNS_OF_EACH = Math.ceil(PROPERTY.numRuns / 100)

const tag = (idToken: string) => ({ idToken, type: 'ISO14443' })
const ask = async (bench: Bench, action: string, payload: object) => {
  if (!bench.isLinked) await bench.connect()
  await bench.ask(action, payload)
}
const set = async (bench: Bench, name: string, value: string) => {
  if (!bench.isLinked) await bench.connect()
  await bench.set(name, value)
}
const isPlugged = (bench: Bench, evseId = 1) => bench.station.evse(evseId).vehicle !== undefined
const available = (bench: Bench, operationalStatus: string, of: object) =>
  ask(bench, 'ChangeAvailability', { operationalStatus, ...of })
const PENDING = { status: 'Pending', currentTime: '2026-01-01T00:00:00.000Z', interval: 5 }

/** What can happen at EVSE 1, or to the whole station. */
const STEPS: Readonly<Record<string, (bench: Bench) => unknown>> = {
  plug: (bench) => isPlugged(bench) || bench.plugIn(1, { stateOfCharge: 0.95 }),
  unplug: (bench) => isPlugged(bench) && bench.unplug(1),
  card: async (bench) => {
    if (!bench.isLinked) await bench.connect()
    await bench.present(1, 'TAG-1')
  },
  'another card': (bench) => bench.present(1, 'TAG-2'),
  'somebody at EVSE 2': (bench) => isPlugged(bench, 2) || bench.plugIn(2),
  'a card at EVSE 2': (bench) => bench.present(2, 'TAG-3'),
  'remote start': (bench) =>
    ask(bench, 'RequestStartTransaction', { evseId: 1, idToken: tag('TAG-4'), remoteStartId: 1 }),
  'remote stop': (bench) => {
    const { transactionId = 'none' } = bench.station.evse(1)
    return ask(bench, 'RequestStopTransaction', { transactionId })
  },
  unlock: (bench) => ask(bench, 'UnlockConnector', { evseId: 1, connectorId: 1 }),
  'ground fault': (bench) => bench.station.inject({ kind: 'ground-fault', evseId: 1 }),
  'no ground fault': (bench) => bench.station.clear('ground-fault'),
  'too hot': (bench) => bench.station.inject({ kind: 'over-temperature', evseId: 1 }),
  'not too hot': (bench) => bench.station.clear('over-temperature'),
  'EVSE out of operation': (bench) => available(bench, 'Inoperative', { evse: { id: 1 } }),
  'EVSE in operation': (bench) => available(bench, 'Operative', { evse: { id: 1 } }),
  'station out of operation': (bench) => available(bench, 'Inoperative', {}),
  'station in operation': (bench) => available(bench, 'Operative', {}),
  forbid: (bench) => ask(bench, 'SetChargingProfile', { evseId: 0, chargingProfile: NOTHING }),
  permit: (bench) => ask(bench, 'ClearChargingProfile', { chargingProfileId: 9 }),
  reset: (bench) => ask(bench, 'Reset', { type: 'Immediate' }),
  'reset on idle': (bench) => ask(bench, 'Reset', { type: 'OnIdle' }),
  'reset of the EVSE': (bench) => ask(bench, 'Reset', { type: 'Immediate', evseId: 1 }),
  'reset of the EVSE on idle': (bench) => ask(bench, 'Reset', { type: 'OnIdle', evseId: 1 }),
  'a card before a reset is over': async (bench) => {
    void bench.station.present(1, 'TAG-5')
    await ask(bench, 'Reset', { type: 'Immediate' })
    void bench.station.present(1, 'TAG-6')
  },
  'EVConnected from now on': (bench) => set(bench, 'TxCtrlr.TxStartPoint', 'EVConnected'),
  'EnergyTransfer from now on': (bench) => set(bench, 'TxCtrlr.TxStartPoint', 'EnergyTransfer'),
  'going on without the vehicle': (bench) => set(bench, 'TxCtrlr.StopTxOnEVSideDisconnect', 'false'), // biome-ignore format: one line
  'energy for invalid tokens': async (bench) => {
    await set(bench, 'TxCtrlr.StopTxOnInvalidId', 'false')
    await set(bench, 'TxCtrlr.MaxEnergyOnInvalidId', '100')
  },
  connect: (bench) => bench.connect(),
  cut: (bench) => bench.cut(),
  'the CSMS accepts all': (bench) => {
    bench.rule = () => undefined
  },
  'the CSMS lets stations wait': (bench) => {
    bench.rule = ({ action }) => (action === 'BootNotification' ? PENDING : undefined)
  },
  'the CSMS revokes tokens': (bench) => {
    bench.rule = ({ payload: { eventType, idToken } }) =>
      eventType && idToken ? { idTokenInfo: { status: 'Blocked' } } : undefined
  },
  'a second': (bench) => bench.pass(1),
  minutes: (bench) => bench.pass(180, 30),
}

const PROTOCOLS = fc.constantFrom('ocpp2.0.1', 'ocpp2.1')
/** What people do most often, most often. */
const SEQUENCES = fc.array(
  fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom('plug', 'card') },
    { weight: 1, arbitrary: fc.constantFrom(...Object.keys(STEPS)) },
  ),
  { minLength: 5, maxLength: 25, size: 'max' },
)

const EVSES = [1, 2]

function assertSeen(bench: Bench, after: string): void {
  for (const evseId of EVSES) {
    const { powerW, transactionId } = bench.station.evse(evseId)
    const what = `${powerW} W without a transaction at EVSE ${evseId} after ${after}`
    assert.ok(powerW === 0 || transactionId !== undefined, what)
  }
}

/** Everybody goes, all that runs is ended, and all that was to be told is told. */
async function finish(bench: Bench): Promise<void> {
  bench.rule = () => undefined
  for (const evseId of EVSES) if (isPlugged(bench, evseId)) await bench.unplug(evseId)
  for (const action of [undefined, 'Reset', undefined]) {
    if (!bench.isLinked) await bench.connect()
    await bench.pass(10, 5)
    if (action) await ask(bench, action, { type: 'Immediate' })
  }
}

const metered = (bench: Bench) =>
  EVSES.reduce((sum, evseId) => sum + bench.station.evse(evseId).registerWh, 0)

/** What the CSMS knows of each transaction. */
function toldOf(bench: Bench) {
  const told = new Map<
    unknown,
    { types: Set<unknown>; seqNos: Set<unknown>; registers: number[] }
  >()
  for (const { eventType, seqNo, transactionInfo, meterValue = [] } of bench.of(
    'TransactionEvent',
  )) {
    const { transactionId } = transactionInfo as Payload
    const one = told.get(transactionId) ?? { types: new Set(), seqNos: new Set(), registers: [] }
    told.set(transactionId, one)
    one.types.add(eventType)
    one.seqNos.add(seqNo)
    const values = (meterValue as Payload[]).flatMap(
      ({ sampledValue }) => sampledValue as Payload[],
    )
    const registers = values.filter(
      ({ measurand }) => measurand === 'Energy.Active.Import.Register',
    )
    one.registers.push(...registers.map(({ value }) => Number(value)))
  }
  return [...told.values()]
}

/** Each transaction is told from its begin to its end, and together they have all that has flown. */
function assertTold(bench: Bench, flownWh: number): void {
  const told = toldOf(bench)
  for (const { types, seqNos } of told) {
    assert.ok(types.has('Started') && types.has('Ended'), [...types].join())
    assert.deepEqual([...seqNos].sort(), [...seqNos.keys()].map((_, at) => at).sort())
  }
  const toldWh = told.map(({ registers }) => Math.max(...registers) - Math.min(...registers))
  const sumWh = toldWh.reduce((sum, one) => sum + one, 0)
  // Each value is rounded to a tenth.
  assert.ok(
    Math.abs(sumWh - flownWh) <= 0.01 + 0.1 * told.length,
    `${sumWh} of ${flownWh} Wh are told`,
  )
}

for (const starts of LISTS) {
  test(`whatever happens, nothing flows outside of transactions that begin at ${starts}`, async (t) => {
    for (const [at, stops] of LISTS.entries()) {
      const property = fc.asyncProperty(PROTOCOLS, SEQUENCES, async (protocol, steps) => {
        const bench = await Bench.booted(t, protocol)
        await bench.set('TxCtrlr.TxStartPoint', starts)
        await bench.set('TxCtrlr.TxStopPoint', stops)
        const beforeWh = metered(bench)
        for (const step of steps) {
          await STEPS[step]?.(bench)
          assertSeen(bench, step)
        }
        await finish(bench)
        assertTold(bench, metered(bench) - beforeWh)
        await bench.stop()
      })
      await fc.assert(property, { seed: PROPERTY.seed + at, numRuns: RUNS_OF_EACH })
    }
  })
}
