import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ContextHistory } from '../../../src/security/context/context-history.ts'
import type { JsonObject } from '../../../src/wire/payload.ts'
import { SEED } from '../../seed.ts'

/** What stations say, one message after the other. */

const T0 = Date.parse('2026-01-01T00:00:00Z')
/** A day later: what stations say in these tests is of the past, if nothing else is said. */
const NOW = T0 + 24 * 3_600_000
const at = (minutes: number) => new Date(T0 + minutes * 60_000).toISOString()

function station() {
  const history = new ContextHistory()
  let nowMs = NOW
  const look = (action: string, payload: object, more: { from?: string; to?: string } = {}) =>
    history.look({ action, from: 'CS01', to: 'CSMS', payload: payload as JsonObject, nowMs, ...more }, true) // biome-ignore format: one line
  /** What is found, and then it is obeyed. */
  const says = (action: string, payload: object) => {
    const { context, commit } = look(action, payload)
    commit()
    return context?.findings
  }
  return { look, says, wait: (seconds: number) => (nowMs += seconds * 1_000) }
}

// ---- OCPP 1.6

const start = (minutes: number, meterStart: number, connectorId = 1) => ['StartTransaction', { connectorId, idTag: 'A', meterStart, timestamp: at(minutes) }] as const // biome-ignore format: one line
const stop = (minutes: number, meterStop: number, transactionId = 7) => ['StopTransaction', { transactionId, meterStop, timestamp: at(minutes) }] as const // biome-ignore format: one line
const values = (minutes: number, sampledValue: object[], more: object = { connectorId: 1, transactionId: 7 }) => ['MeterValues', { ...more, meterValue: [{ timestamp: at(minutes), sampledValue }] }] as const // biome-ignore format: one line

test('a transaction of OCPP 1.6 that goes as it should has nothing to be found', () => {
  const { says } = station()
  const told = [start(0, 100), values(1, [{ value: '150' }]), stop(2, 200), start(3, 200), values(4, [{ value: '210' }], { connectorId: 1, transactionId: 8 }), stop(5, 220, 8)] // biome-ignore format: one line
  assert.deepEqual(told.map(([action, payload]) => says(action, payload)), told.map(() => [])) // biome-ignore format: one line
})

test('what is told again is no second beginning and no word after the end', () => {
  const { says } = station()
  for (const message of [
    start(0, 100),
    start(0, 100),
    stop(2, 200),
    stop(2, 200),
    values(1, [{ value: '150' }]),
  ]) {
    const [action, payload] = message
    assert.deepEqual(says(action, payload), [])
  }
})

test('a second beginning at a connector whose transaction has not ended is found', () => {
  const { says } = station()
  says(...start(0, 100))
  assert.deepEqual(says(...start(5, 120)), ['double-start'])
  assert.deepEqual(says(...start(5, 120, 2)), [], 'another connector')
})

test('meter values of a transaction that nobody began, and of one that is over, are found', () => {
  const { says } = station()
  assert.deepEqual(
    says(...values(0, [{ value: '1' }], { connectorId: 1, transactionId: 3 })),
    [],
    'what was before is not known',
  )
  says(...start(1, 100, 2))
  says(...stop(2, 200))
  assert.deepEqual(says(...values(3, [{ value: '210' }], { connectorId: 2, transactionId: 9 })), ['no-transaction']) // biome-ignore format: one line
  assert.deepEqual(says(...values(3, [{ value: '210' }], { connectorId: 2, transactionId: 7 })), ['after-its-end']) // biome-ignore format: one line
  assert.deepEqual(says(...values(3, [{ value: '210', context: 'Transaction.End' }], { connectorId: 2 })), ['no-transaction']) // biome-ignore format: one line
  assert.deepEqual(says(...values(3, [{ value: '210', context: 'Sample.Clock' }], { connectorId: 2 })), []) // biome-ignore format: one line
})

// ---- OCPP 2.x

const event = (
  eventType: string,
  seqNo: number,
  minutes: number,
  more: { id?: string; evse?: number; wh?: number; kW?: number } = {},
) => {
  // biome-ignore format: one line
  const { id = 'T1', evse = 1, wh, kW } = more
  const sampledValue = [
    ...(wh === undefined ? [] : [{ value: wh }]),
    ...(kW === undefined ? [] : [{ value: kW, measurand: 'Power.Active.Import', unitOfMeasure: { unit: 'kW' } }]), // biome-ignore format: one line
  ]
  return ['TransactionEvent', { eventType, seqNo, timestamp: at(minutes), transactionInfo: { transactionId: id }, evse: { id: evse }, meterValue: [{ timestamp: at(minutes), sampledValue }] }] as const // biome-ignore format: one line
}

test('a transaction of OCPP 2.x that goes as it should, and what it tells again, has nothing to be found', () => {
  const { says } = station()
  const told = [event('Started', 0, 0, { wh: 10 }), event('Updated', 1, 1, { wh: 20 }), event('Updated', 1, 1, { wh: 20 }), event('Ended', 2, 2, { wh: 30 }), event('Ended', 2, 2, { wh: 30 }), event('Updated', 1, 1, { wh: 20 })] // biome-ignore format: one line
  assert.deepEqual(told.map(([action, payload]) => says(action, payload)), told.map(() => [])) // biome-ignore format: one line
})

test('two transactions at one EVSE, events after the end and of one that never began are found', () => {
  const { says } = station()
  says(...event('Started', 0, 0))
  assert.deepEqual(says(...event('Started', 0, 1, { id: 'T2' })), ['double-start'])
  says(...event('Ended', 1, 2, { id: 'T2' }))
  assert.deepEqual(says(...event('Updated', 2, 3, { id: 'T2' })), ['after-its-end'])
  assert.deepEqual(says(...event('Updated', 1, 3, { id: 'T3' })), ['no-transaction'])
})

// ---- Meters

test('a register that is lower than before is found, in whatever unit it is told', () => {
  const { says } = station()
  says(...start(0, 10_000))
  assert.deepEqual(says(...values(1, [{ value: '10.5', unit: 'kWh' }])), [])
  assert.deepEqual(says(...values(2, [{ value: '10.4', unit: 'kWh' }])), ['counter-backwards'])
  assert.deepEqual(says(...values(1.5, [{ value: '10.3', unit: 'kWh' }])), [], 'it comes late')
  assert.deepEqual(says(...values(3, [{ value: '9', measurand: 'Voltage', unit: 'V' }])), [])
})

test('however energy rises it is no step back, and however it falls it is one', () => {
  const steps = fc.array(fc.integer({ min: 0, max: 50_000 }), { minLength: 2, maxLength: 20 })
  fc.assert(
    fc.property(steps, fc.boolean(), (all, isRising) => {
      const { says } = station()
      let register = 1_000_000_000
      for (const [minute, step] of all.entries()) {
        const before = register
        register += isRising ? step : -step
        const found = says(...values(minute, [{ value: `${register}` }], { connectorId: 1 }))
        assert.deepEqual(found, !isRising && minute > 0 && before - register > 1 ? ['counter-backwards'] : []) // biome-ignore format: one line
      }
    }),
    { seed: SEED },
  )
})

test('power is what is told, the sum of its phases, or what the energy since the reading before comes to', () => {
  const { look, says } = station()
  const power = (message: readonly [string, object]) => look(...message).context?.powerW
  assert.equal(power(event('Updated', 1, 0, { kW: 7.4 })), 7_400)
  const phases = ['L1', 'L2', 'L3'].map((phase) => ({ value: '3000', measurand: 'Power.Active.Import', phase })) // biome-ignore format: one line
  assert.equal(power(values(0, phases)), 9_000)
  says(...event('Started', 0, 0, { wh: 1_000 }))
  assert.equal(power(event('Updated', 1, 60, { wh: 23_000, kW: 3 })), 22_000)
  assert.equal(power(event('Updated', 1, 0.5, { wh: 23_000 })), undefined, 'half a minute says little') // biome-ignore format: one line
})

/** Minutes since T0 of what is dated so many minutes after the clock of the node. */
const ahead = (minutes: number) => 24 * 60 + minutes
const FAR = (Date.parse('2099-01-01T00:00:00Z') - T0) / 60_000

test('what is dated in the future is found, in whatever message; a clock may be 5 minutes ahead', () => {
  for (const minutes of [ahead(5.1), FAR]) {
    assert.deepEqual(station().says(...start(minutes, 100)), ['time-ahead'])
    assert.deepEqual(station().says(...stop(minutes, 100)), ['time-ahead'])
    assert.deepEqual(station().says(...values(minutes, [{ value: '1' }])), ['time-ahead'])
    assert.deepEqual(station().says(...event('Started', 0, minutes, { wh: 10 })), ['time-ahead'])
    const [action, told] = event('Started', 0, 0, { wh: 10 })
    const meterValue = [{ timestamp: at(minutes), sampledValue: [{ value: 10 }] }]
    assert.deepEqual(station().says(action, { ...told, meterValue }), ['time-ahead'], 'a reading only') // biome-ignore format: one line
  }
  assert.deepEqual(station().says(...start(ahead(5), 100)), [])
})

test('after a reading dated in the future registers and energy are compared with the one before it', () => {
  const { look, says, wait } = station()
  says(...event('Started', 0, ahead(0), { wh: 10_000 }))
  assert.deepEqual(says(...event('Updated', 1, FAR, { wh: 10_100 })), ['time-ahead'])
  wait(3_600)
  assert.deepEqual(look(...event('Updated', 2, ahead(60), { wh: 9_000 })).context?.findings, ['counter-backwards']) // biome-ignore format: one line
  assert.equal(look(...event('Updated', 2, ahead(60), { wh: 110_000 })).context?.powerW, 100_000)
})

test('a reading dated in the future is itself compared, as if it were of now', () => {
  const { look, says, wait } = station()
  says(...event('Started', 0, ahead(0), { wh: 10_000 }))
  wait(3_600)
  assert.deepEqual(look(...event('Updated', 1, FAR, { wh: 9_000 })).context?.findings, ['counter-backwards', 'time-ahead']) // biome-ignore format: one line
  assert.equal(look(...event('Updated', 1, FAR, { wh: 110_000 })).context?.powerW, 100_000)
})

test('a first reading dated in the future is nothing to compare with', () => {
  const { says } = station()
  says(...values(FAR, [{ value: '10' }], { connectorId: 1 }))
  says(...values(1, [{ value: '1000' }], { connectorId: 1 }))
  assert.deepEqual(says(...values(2, [{ value: '900' }], { connectorId: 1 })), [
    'counter-backwards',
  ])
})

test('a transaction whose end is dated in the future is over all the same', () => {
  const { says, wait } = station()
  says(...start(0, 100))
  says(...values(1, [{ value: '150' }]))
  assert.deepEqual(says(...stop(FAR, 200)), ['time-ahead'])
  wait(120)
  assert.deepEqual(says(...values(ahead(1), [{ value: '210' }])), ['after-its-end'])
})

test('what is no number, no moment and no object breaks nothing', () => {
  const anything = fc.anything()
  const action = fc.constantFrom('StartTransaction', 'StopTransaction', 'MeterValues', 'TransactionEvent', 'SetChargingProfile', 'RequestStartTransaction', 'UpdateDynamicSchedule') // biome-ignore format: one line
  const payload = fc.dictionary(fc.constantFrom('connectorId', 'evse', 'eventType', 'transactionInfo', 'transactionId', 'timestamp', 'meterStart', 'meterValue', 'transactionData', 'chargingProfile', 'csChargingProfiles', 'scheduleUpdate', 'seqNo'), anything) // biome-ignore format: one line
  fc.assert(
    fc.property(action, payload, (name, said) => {
      const { says } = station()
      const json = JSON.parse(JSON.stringify(said, (_, value) => (typeof value === 'bigint' ? 0 : value)) ?? '{}') // biome-ignore format: one line
      for (const one of [json, json]) says(name, one)
    }),
    { seed: SEED },
  )
})

// ---- Commands

/** A command with one schedule, whose last period is the one that matters. */
const setLimit = (period: object, { evseId = 1, unit = 'W', ...more }: { evseId?: number; unit?: string; limitAtSoC?: object } = {}) => ({ evseId, chargingProfile: { chargingSchedule: [{ chargingRateUnit: unit, ...more, chargingSchedulePeriod: [{ startPeriod: 0, limit: 99_999 }, { startPeriod: 60, ...period }] }] } }) // biome-ignore format: one line

test('a limit is compared with the one before for the same place, whoever set it', () => {
  const { look, wait } = station()
  const limit = (limitValue: number, unit = 'W', from = 'CSMS01', evseId = 1) =>
    look('SetChargingProfile', setLimit({ limit: limitValue }, { unit, evseId }), { from, to: 'CS01' }) // biome-ignore format: one line
  const first = limit(11_000)
  assert.deepEqual(first.context?.limit, { leastW: 11_000, steps: [] })
  first.commit()
  wait(30)
  assert.deepEqual(limit(6, 'A', 'GRID').context?.limit, {
    leastW: 4_140,
    steps: [{ stepW: 6_860, sinceS: 30 }],
  })
  assert.deepEqual(limit(6, 'A', 'GRID', 2).context?.limit, { leastW: 4_140, steps: [] })
})

test('a limit of the whole station is compared with those of all its places, and they with it', () => {
  const { look, wait } = station()
  const limit = (watts: number, evseId: number) => look('SetChargingProfile', setLimit({ limit: watts }, { evseId }), { to: 'CS01' }) // biome-ignore format: one line
  const stepsOf = (watts: number, evseId: number) => limit(watts, evseId).context?.limit?.steps
  limit(11_000, 1).commit()
  wait(10)
  assert.deepEqual(stepsOf(0, 0), [{ stepW: 11_000, sinceS: 10 }])
  limit(7_000, 2).commit()
  assert.deepEqual(stepsOf(0, 0), [{ stepW: 11_000, sinceS: 10 }, { stepW: 7_000, sinceS: 0 }]) // biome-ignore format: one line
  limit(22_000, 0).commit()
  assert.deepEqual(stepsOf(0, 1), [{ stepW: 11_000, sinceS: 10 }, { stepW: 22_000, sinceS: 0 }]) // biome-ignore format: one line
  assert.deepEqual(stepsOf(0, 3), [{ stepW: 22_000, sinceS: 0 }])
  const update = look('UpdateDynamicSchedule', { scheduleUpdate: { limit: 0 } }, { to: 'CS01' })
  assert.equal(update.context?.limit?.steps.length, 3, 'it does not say of which place it is')
})

// biome-ignore format: a table
const LEAST: readonly [string, object, number][] = [
  ['a limit in W', setLimit({ limit: 11_000 }), 11_000],
  ['one in A, of three phases', setLimit({ limit: 10 }, { unit: 'A' }), 6_900],
  ['one in A, of one phase', setLimit({ limit: 10, numberPhases: 1 }, { unit: 'A' }), 2_300],
  ['one phase only', setLimit({ limit: 22_000, limit_L2: 0, limit_L3: 0 }), 0],
  ['phases of different limits', setLimit({ limit: 7_000, limit_L2: 5_000, limit_L3: 6_000 }), 15_000],
  ['phases of different limits in A', setLimit({ limit: 32, limit_L2: 10, limit_L3: 16 }, { unit: 'A' }), 6_900],
  ['a setpoint', setLimit({ setpoint: 5_000, operationMode: 'CentralSetpoint' }), 5_000],
  ['a setpoint below the limit', setLimit({ limit: 11_000, setpoint: 0 }), 0],
  ['a setpoint of one phase', setLimit({ limit: 11_000, setpoint: 5_000, setpoint_L2: 0, setpoint_L3: 0 }), 0],
  ['a setpoint that takes power back', setLimit({ setpoint: -5_000 }), -5_000],
  ['nothing to do', setLimit({ limit: 11_000, operationMode: 'Idle' }), 0],
  ['sleep', setLimit({ limit: 11_000, evseSleep: true }), 0],
  ['neither limit nor setpoint', setLimit({ operationMode: 'ExternalLimits' }), 0],
  ['a limit that is a text', setLimit({ limit: '11000' }), 0],
  ['no phases', setLimit({ limit: 16, numberPhases: 0 }, { unit: 'A' }), 0],
  ['phases that are no number', setLimit({ limit: 16, numberPhases: 'x' }, { unit: 'A' }), 0],
  ['another unit', setLimit({ limit: 16 }, { unit: 'kW' }), 0],
  ['a limit at a state of charge', setLimit({ limit: 11_000 }, { limitAtSoC: { soc: 10, limit: 0 } }), 0],
  ['a profile without a schedule', { evseId: 1, chargingProfile: {} }, 0],
  ['a schedule without periods', { evseId: 1, chargingProfile: { chargingSchedule: [{ chargingRateUnit: 'W', chargingSchedulePeriod: [] }] } }, 0],
]
for (const [what, payload, leastW] of LEAST) {
  test(`of a profile with ${what} the least is ${leastW} W, also where a transaction starts with it`, () => {
    const { look } = station()
    const actions = ['SetChargingProfile', 'RequestStartTransaction', 'RemoteStartTransaction']
    for (const action of actions)
      assert.equal(look(action, payload).context?.limit?.leastW, leastW, action)
  })
}

test('a limit of OCPP 1.6, and one that is changed later, are limits; a start without a profile sets none', () => {
  const { look } = station()
  const leastOf = (action: string, payload: object) => look(action, payload).context?.limit?.leastW
  const chargingSchedule = { chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 0 }] } // biome-ignore format: one line
  assert.equal(leastOf('SetChargingProfile', { connectorId: 1, csChargingProfiles: { chargingSchedule } }), 0) // biome-ignore format: one line
  assert.equal(leastOf('RemoteStartTransaction', { idTag: 'A', chargingProfile: { chargingSchedule } }), 0) // biome-ignore format: one line
  assert.equal(leastOf('UpdateDynamicSchedule', { chargingProfileId: 1, scheduleUpdate: { limit: 0, limit_L2: 9 } }), 0) // biome-ignore format: one line
  assert.equal(leastOf('UpdateDynamicSchedule', { chargingProfileId: 1, scheduleUpdate: { limit: 5_000 } }), 5_000) // biome-ignore format: one line
  assert.equal(leastOf('UpdateDynamicSchedule', { chargingProfileId: 1, scheduleUpdate: {} }), 0)
  assert.equal(leastOf('RemoteStartTransaction', { idTag: 'A' }), undefined)
  assert.equal(leastOf('RequestStartTransaction', { remoteStartId: 1 }), undefined)
})

test('what was refused is compared with nothing', () => {
  const { look, says } = station()
  look(...start(0, 100))
  assert.deepEqual(says(...start(5, 90)), [])
})

test('how often something comes is told for each originator and action', () => {
  const { look, wait } = station()
  const heartbeat = (from?: string) => look('Heartbeat', {}, from === undefined ? {} : { from })
  for (let i = 0; i < 3; i++) {
    heartbeat().commit()
    wait(10)
  }
  assert.deepEqual(heartbeat().context?.earlierS, [30, 20, 10])
  assert.deepEqual(heartbeat('CS02').context?.earlierS, [])
})
