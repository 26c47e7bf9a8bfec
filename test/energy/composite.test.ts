import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type ChargingProfile,
  type Limit,
  limitAt,
  lower,
  type Place,
  type ProfilePurpose,
  type SchedulePeriod,
} from '../../src/energy/charging-profile.ts'
import { compositeSchedule, stationSchedule } from '../../src/energy/composite.ts'
import { drawOf } from '../../src/energy/vehicle.ts'
import { PROPERTY } from '../seed.ts'

const FROM = Date.UTC(2026, 0, 5, 23, 58)
const WINDOW_S = 300
const VOLTAGE_V = 230
const HARDWARE: Limit = { currentA: 32, powerW: 3 * 32 * VOLTAGE_V, phases: 3 }
const PLACE: Place = { evseId: 1, relativeFrom: FROM - 60_000, voltageV: VOLTAGE_V, transactionId: 'T1' } // biome-ignore format: one line

const PURPOSES: readonly ProfilePurpose[] = [
  'ChargingStationExternalConstraints',
  'ChargingStationMaxProfile',
  'PriorityCharging',
  'TxDefaultProfile',
  'TxProfile',
]
const iso = (ms: number) => new Date(ms).toISOString()
/** Moments around the window, some of them not on a whole second. */
const moment = fc.integer({ min: -400_000, max: 500_000 }).map((ms) => iso(FROM + ms))
const maybe = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: undefined })

const periods = fc
  .array(
    fc.record({
      gap: fc.integer({ min: 1, max: 90 }),
      limit: fc.integer({ min: 0, max: 40 }),
      numberPhases: maybe(fc.constantFrom(1, 2, 3)),
      others: maybe(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 40 }))),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((drawn) => {
    let startPeriod = 0
    return drawn.map(({ gap, limit, numberPhases, others }, at) => {
      startPeriod = at === 0 ? 0 : startPeriod + gap
      const isEach = others && (numberPhases ?? 3) === 3
      const each = isEach && { limit_L2: others[0], limit_L3: others[1] }
      return { startPeriod, limit, ...each, ...(numberPhases !== undefined && { numberPhases }) }
    })
  })

const profile: fc.Arbitrary<ChargingProfile> = fc
  .record({
    id: fc.integer({ min: 1, max: 99 }),
    evseId: fc.constantFrom(0, 1, 2),
    stackLevel: fc.integer({ min: 0, max: 3 }),
    chargingProfilePurpose: fc.constantFrom(...PURPOSES),
    chargingProfileKind: fc.constantFrom('Absolute', 'Dynamic', 'Recurring', 'Relative'),
    recurrencyKind: fc.constantFrom('Daily', 'Weekly'),
    validFrom: maybe(moment),
    validTo: maybe(moment),
    transactionId: maybe(fc.constantFrom('T1', 'T2')),
    daysAgo: fc.integer({ min: 0, max: 9 }),
    start: fc.integer({ min: -400_000, max: 500_000 }),
    duration: maybe(fc.integer({ min: 1, max: 400 })),
    unit: fc.constantFrom('A', 'W'),
    periods,
  })
  .map(({ daysAgo, start, duration, unit, periods: drawn, ...rest }) => {
    const startSchedule = iso(FROM + start - daysAgo * 86_400_000)
    const { chargingProfileKind: kind } = rest
    const isDynamic = kind === 'Dynamic'
    return {
      ...defined(rest),
      ...(isDynamic && { dynUpdateTime: startSchedule }),
      chargingSchedule: {
        ...(kind !== 'Relative' && !isDynamic && { startSchedule }),
        ...(duration !== undefined && { duration }),
        chargingRateUnit: unit,
        chargingSchedulePeriod: drawn
          .slice(0, isDynamic ? 1 : drawn.length)
          .map((one) => inUnit(one, unit)),
      },
    } as ChargingProfile
  })

/** Amperes of each phase, or watts: of each, or of all three. */
function inUnit(one: SchedulePeriod, unit: string): SchedulePeriod {
  if (unit === 'A') return one
  const { limit_L2, limit_L3 } = one
  if (limit_L2 === undefined || limit_L3 === undefined) return { ...one, limit: one.limit * 3 * VOLTAGE_V } // biome-ignore format: one line
  const [L1, L2, L3] = [one.limit * VOLTAGE_V, limit_L2 * VOLTAGE_V, limit_L3 * VOLTAGE_V]
  return { ...one, limit: L1, limit_L2: L2, limit_L3: L3 }
}

function defined<T extends object>(record: T): T {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T
}

/** As the specification says it, second by second, with nothing remembered. */
function bruteForce(profiles: readonly ChargingProfile[], at: number, isPriority: boolean): Limit {
  let { currentA, phases } = HARDWARE
  const best = new Map<string, Limit>()
  for (const purpose of PURPOSES) {
    for (let level = 0; level <= 3; level++) {
      for (const evseId of [0, 1]) {
        for (const one of profiles) {
          if (one.chargingProfilePurpose !== purpose || one.stackLevel !== level) continue
          if (one.evseId !== evseId) continue
          if (purpose === 'TxProfile' && one.evseId !== 1) continue
          if (purpose === 'TxProfile' && (one.transactionId ?? 'T1') !== 'T1') continue
          const limit = saidBy(one, at)
          if (limit && !best.has(`${purpose} ${level} ${evseId}`)) best.set(`${purpose} ${level} ${evseId}`, limit) // biome-ignore format: one line
        }
      }
    }
  }
  const top = (purpose: string) => [...best].findLast(([key]) => key.startsWith(`${purpose} `))?.[1]
  const priority = isPriority ? top('PriorityCharging') : undefined
  const own = priority ?? top('TxProfile') ?? top('TxDefaultProfile')
  for (const limit of [
    top('ChargingStationExternalConstraints'),
    top('ChargingStationMaxProfile'),
    own,
  ]) {
    if (!limit) continue
    currentA = Math.min(currentA, limit.currentA)
    phases = Math.min(phases, limit.phases)
  }
  return { currentA, powerW: currentA * phases * VOLTAGE_V, phases }
}

function saidBy(one: ChargingProfile, at: number): Limit | undefined {
  if (one.validFrom && at < Date.parse(one.validFrom)) return undefined
  if (one.validTo && at >= Date.parse(one.validTo)) return undefined
  const { startSchedule, duration, chargingRateUnit, chargingSchedulePeriod } = one.chargingSchedule
  const from = one.chargingProfileKind === 'Dynamic' ? one.dynUpdateTime : startSchedule
  let start = from ? Date.parse(from) : PLACE.relativeFrom
  const stepMs = one.recurrencyKind === 'Weekly' ? 7 * 86_400_000 : 86_400_000
  if (one.chargingProfileKind === 'Recurring') while (start + stepMs <= at) start += stepMs
  const elapsedS = (at - start) / 1000
  if (elapsedS < 0 || (duration !== undefined && elapsedS >= duration)) return undefined
  let said: Limit | undefined
  for (const period of chargingSchedulePeriod) {
    const { startPeriod, limit_L2, limit_L3, numberPhases: phases = 3 } = period
    if (startPeriod > elapsedS) break
    const perA = VOLTAGE_V * phases
    const isEach = limit_L2 !== undefined && limit_L3 !== undefined
    const lowest = isEach ? Math.min(period.limit, limit_L2, limit_L3) : period.limit
    const limit = isEach && chargingRateUnit === 'W' ? lowest * 3 : lowest
    said =
      chargingRateUnit === 'A'
        ? { currentA: limit, powerW: limit * perA, phases }
        : { currentA: limit / perA, powerW: limit, phases }
  }
  return said
}

test('a composite schedule says of every second what all profiles together allow then', () => {
  const property = fc.property(
    fc.uniqueArray(profile, {
      maxLength: 6,
      selector: (one) => `${one.chargingProfilePurpose} ${one.stackLevel} ${one.evseId}`,
    }),
    fc.constantFrom('A', 'W'),
    fc.boolean(),
    (profiles, unit, isPriority) => {
      const place = { ...PLACE, isPriority }
      const { duration, periods: said } = compositeSchedule({ profiles, place, hardware: HARDWARE, from: FROM, durationS: WINDOW_S, unit }) // biome-ignore format: one line
      assert.equal(duration, WINDOW_S)
      assert.equal(said[0]?.startPeriod, 0)
      for (let second = 0; second < WINDOW_S; second++) {
        const expected = bruteForce(profiles, FROM + second * 1000, isPriority)
        const actual = said.findLast(({ startPeriod }) => startPeriod <= second)
        const limit = unit === 'A' ? expected.currentA : expected.powerW
        assert.ok(Math.abs((actual?.limit ?? -1) - limit) < 1e-6, `${second}: ${actual?.limit}, not ${limit}`) // biome-ignore format: one line
        assert.equal(actual?.numberPhases, expected.phases, `${second}`)
      }
    },
  )
  fc.assert(property, PROPERTY)
})

test('both units say the same, and no vehicle draws more than either', () => {
  const vehicles = fc.record({
    phases: fc.constantFrom(1, 2, 3),
    maxCurrentA: fc.integer({ min: 6, max: 64 }),
  })
  const property = fc.property(
    fc.array(profile, { maxLength: 6 }),
    moment,
    vehicles,
    (profiles, text, wish) => {
      // biome-ignore format: one line
      const from = Date.parse(text)
      const common = { profiles, place: PLACE, hardware: HARDWARE, from, durationS: 1 }
      const [inA] = compositeSchedule({ ...common, unit: 'A' }).periods
      const [inW] = compositeSchedule({ ...common, unit: 'W' }).periods
      assert.ok(inA && inW)
      assert.equal(inA.numberPhases, inW.numberPhases)
      assert.ok(Math.abs(inW.limit - inA.limit * inA.numberPhases * VOLTAGE_V) < 1e-6)
      const limit = lower(HARDWARE, limitAt(profiles, PLACE, from)) as Limit
      const vehicle = { ...wish, capacityWh: 60_000, stateOfCharge: 0.5, minCurrentA: 6, efficiency: 0.9 } // biome-ignore format: one line
      const draw = drawOf(vehicle, { ...limit, voltageV: VOLTAGE_V })
      assert.ok(draw.powerW <= inW.limit + 1e-6, `${draw.powerW} W of ${inW.limit}`)
      assert.ok(draw.currentA <= inA.limit + 1e-6)
    },
  )
  fc.assert(property, PROPERTY)
})

// biome-ignore format: a table
const MIXED = [
  // default or transaction       maximum of the station    together
  ['A', 10,     1,                'A', 7,                   7,  1_610],
  ['W', 7_360,  1,                'A', 16,                  16, 3_680],
  ['W', 11_040, 3,                'A', 10,                  10, 6_900],
] as const
for (const [unit, limit, numberPhases, maxUnit, maxLimit, currentA, powerW] of MIXED) {
  test(`${limit} ${unit} on ${numberPhases} phases and a maximum of ${maxLimit} ${maxUnit} are ${powerW} W`, () => {
    const of = (chargingRateUnit: 'A' | 'W', period: object) => ({ chargingRateUnit, chargingSchedulePeriod: [{ startPeriod: 0, limit: 0, ...period }] }) // biome-ignore format: one line
    const common = { evseId: 0, stackLevel: 0, chargingProfileKind: 'Relative' } as const
    const profiles: ChargingProfile[] = [
      { ...common, id: 1, chargingProfilePurpose: 'TxDefaultProfile', chargingSchedule: of(unit, { limit, numberPhases }) }, // biome-ignore format: one line
      { ...common, id: 2, chargingProfilePurpose: 'ChargingStationMaxProfile', chargingSchedule: of(maxUnit, { limit: maxLimit }) }, // biome-ignore format: one line
    ]
    const said = limitAt(profiles, PLACE, FROM)
    assert.deepEqual(said, { currentA, powerW, phases: numberPhases })
  })
}

test('a limit that is valid to a leap second ends with that minute', () => {
  const chargingSchedule = { chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 8 }] } as const // biome-ignore format: one line
  const own: ChargingProfile = { id: 1, evseId: 0, stackLevel: 0, chargingProfilePurpose: 'TxDefaultProfile', chargingProfileKind: 'Relative', validTo: '2026-01-05T23:59:60Z', chargingSchedule } // biome-ignore format: one line

  assert.equal(limitAt([own], PLACE, Date.parse('2026-01-05T23:59:59Z'))?.currentA, 8)
  assert.equal(limitAt([own], PLACE, Date.parse('2026-01-06T00:00:00Z')), undefined)
})

test('priority lifts nothing that limits the station', () => {
  // What limits the station belongs to EVSE 0, or it is refused.
  const isPossible = (one: ChargingProfile) =>
    one.evseId === 0 || !one.chargingProfilePurpose.startsWith('ChargingStation')
  const possible = fc.array(profile.filter(isPossible), { maxLength: 6 })
  const property = fc.property(possible, moment, (profiles, text) => {
    const at = Date.parse(text)
    const station = limitAt(profiles, { ...PLACE, evseId: 0 }, at)
    const own = limitAt(profiles, { ...PLACE, isPriority: true }, at)
    if (!station) return
    assert.ok(own)
    assert.ok(own.currentA <= station.currentA)
    assert.ok(own.powerW <= station.powerW)
    assert.ok(own.phases <= station.phases)
  })
  fc.assert(property, PROPERTY)
})

test('no phase is allowed more than its own limit', () => {
  const limits = fc.tuple(...[1, 2, 3].map(() => fc.integer({ min: 0, max: 40_000 })))
  const property = fc.property(limits, fc.constantFrom('A', 'W'), (each, chargingRateUnit) => {
    const [limit = 0, limit_L2 = 0, limit_L3 = 0] = each
    const chargingSchedulePeriod = [{ startPeriod: 0, limit, limit_L2, limit_L3 }]
    const chargingSchedule = { chargingRateUnit, chargingSchedulePeriod } as const
    const one: ChargingProfile = { id: 1, evseId: 0, stackLevel: 0, chargingProfilePurpose: 'TxDefaultProfile', chargingProfileKind: 'Relative', chargingSchedule } // biome-ignore format: one line
    const { currentA, powerW } = limitAt([one], PLACE, FROM) as Limit
    const perA = chargingRateUnit === 'A' ? 1 : VOLTAGE_V
    const lowest = Math.min(limit, limit_L2, limit_L3)
    assert.ok(currentA * perA <= lowest + 1e-6)
    assert.ok(currentA * perA >= lowest - 1e-6)
    assert.ok(Math.abs(powerW - currentA * 3 * VOLTAGE_V) < 1e-6)
  })
  fc.assert(property, PROPERTY)
})

test('neighbouring periods of a composite schedule differ', () => {
  const property = fc.property(fc.array(profile, { maxLength: 6 }), (profiles) => {
    const { periods: said } = compositeSchedule({ profiles, place: PLACE, hardware: HARDWARE, from: FROM, durationS: WINDOW_S, unit: 'W' }) // biome-ignore format: one line
    for (const [at, one] of said.entries()) {
      const before = said[at - 1]
      if (before) assert.notDeepEqual([before.limit, before.numberPhases], [one.limit, one.numberPhases]) // biome-ignore format: one line
    }
  })
  fc.assert(property, PROPERTY)
})

test('what is said of the station itself is not what single transactions may draw', () => {
  const chargingSchedule = { chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 8 }] } as const // biome-ignore format: one line
  const own: ChargingProfile = { id: 1, evseId: 0, stackLevel: 0, chargingProfilePurpose: 'TxDefaultProfile', chargingProfileKind: 'Relative', chargingSchedule } // biome-ignore format: one line

  assert.equal(limitAt([own], { ...PLACE, evseId: 0 }, FROM), undefined)
  assert.equal(limitAt([own], PLACE, FROM)?.currentA, 8)
})

test('a station says of every second what its EVSEs may draw together, and no more than it may itself', () => {
  const evses = [PLACE, { ...PLACE, evseId: 2, transactionId: 'T2', relativeFrom: FROM - 45_000 }]
  const station: Place = { evseId: 0, relativeFrom: FROM, voltageV: VOLTAGE_V }
  const common = { hardware: HARDWARE, from: FROM, durationS: WINDOW_S }
  const property = fc.property(
    fc.array(profile, { maxLength: 6 }),
    fc.constantFrom('A', 'W'),
    (profiles, unit) => {
      const { duration, periods: said } = stationSchedule({ ...common, profiles, unit, station, evses }) // biome-ignore format: one line
      const each = evses.map((place) => compositeSchedule({ ...common, profiles, unit, place }))
      assert.equal(duration, WINDOW_S)
      for (let second = 0; second < WINDOW_S; second++) {
        const at = (periodsOf: typeof said) => periodsOf.findLast(({ startPeriod }) => startPeriod <= second)?.limit ?? -1 // biome-ignore format: one line
        const sum = each.reduce((total, one) => total + at(one.periods), 0)
        const own = limitAt(profiles, station, FROM + second * 1000)
        const most = Math.min(sum, (unit === 'A' ? own?.currentA : own?.powerW) ?? sum)
        // A current that another limit lowers is less power on as many phases.
        const isExact = unit === 'A' || !own
        assert.ok(at(said) <= most + 1e-5, `${second}: ${at(said)} of ${most} ${unit}`)
        if (isExact) assert.ok(at(said) >= most - 1e-5, `${second}: ${at(said)}, not ${most} ${unit}`) // biome-ignore format: one line
      }
    },
  )
  fc.assert(property, PROPERTY)
})

test('three limits of 10.1 A are 30.3 A', () => {
  const chargingSchedule = { chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 10.1 }] } as const // biome-ignore format: one line
  const own: ChargingProfile = { id: 1, evseId: 0, stackLevel: 0, chargingProfilePurpose: 'TxDefaultProfile', chargingProfileKind: 'Relative', chargingSchedule } // biome-ignore format: one line
  const evses = [1, 2, 3].map((evseId) => ({ ...PLACE, evseId }))

  const { periods: said } = stationSchedule({ profiles: [own], station: { ...PLACE, evseId: 0 }, evses, hardware: HARDWARE, from: FROM, durationS: 60, unit: 'A' }) // biome-ignore format: one line

  assert.deepEqual(said, [{ startPeriod: 0, limit: 30.3, numberPhases: 3 }])
})
