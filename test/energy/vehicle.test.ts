import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { allot } from '../../src/energy/allotment.ts'
import { charge, drawOf, type Offer, secondsUntilFull, type Vehicle } from '../../src/energy/vehicle.ts' // biome-ignore format: one line
import { PROPERTY } from '../seed.ts'

const vehicles: fc.Arbitrary<Vehicle> = fc.record({
  capacityWh: fc.integer({ min: 1_000, max: 120_000 }),
  stateOfCharge: fc.double({ min: 0, max: 1, noNaN: true }),
  phases: fc.constantFrom(1, 2, 3),
  maxCurrentA: fc.constantFrom(10, 16, 32, 63),
  minCurrentA: fc.constant(6),
  efficiency: fc.double({ min: 0.7, max: 1, noNaN: true }),
})
const offers: fc.Arbitrary<Offer> = fc.record({
  currentA: fc.double({ min: 0, max: 63, noNaN: true }),
  phases: fc.constantFrom(1, 2, 3),
  voltageV: fc.constantFrom(120, 230),
})
const near = (a: number, b: number, tolerance: number) =>
  assert.ok(Math.abs(a - b) <= tolerance, `${a} is not near ${b}`)

test('what flows does not depend on how often somebody looks', () => {
  const property = fc.property(vehicles, offers, fc.integer({ min: 1, max: 20_000 }), (vehicle, offer, seconds) => {
    const once = charge(vehicle, offer, seconds)
    let often = { energyWh: 0, vehicle }
    for (let part = 0; part < 7; part++) {
      const next = charge(often.vehicle, offer, seconds / 7)
      often = { energyWh: often.energyWh + next.energyWh, vehicle: next.vehicle }
    }
    near(often.energyWh, once.energyWh, 1e-3 + once.energyWh * 1e-6)
    near(often.vehicle.stateOfCharge, once.vehicle.stateOfCharge, 1e-6)
  }) // biome-ignore format: short enough
  fc.assert(property, PROPERTY)
})

test('the integral of power, summed up in small steps, is what went through the meter', () => {
  const property = fc.property(vehicles, offers, (vehicle, offer) => {
    const seconds = 3_600
    let sumWh = 0
    let now = vehicle
    for (let step = 0; step < seconds; step += 5) {
      sumWh += (drawOf(now, offer).powerW * 5) / 3_600
      now = charge(now, offer, 5).vehicle
    }
    const { energyWh } = charge(vehicle, offer, seconds)
    // Power only falls, so the steps take too much, and together at most what one step of the first power is.
    const oneStepWh = (drawOf(vehicle, offer).powerW * 5) / 3_600
    assert.ok(sumWh >= energyWh - 1e-3 - energyWh * 1e-6, `${sumWh} is less than ${energyWh}`)
    near(sumWh, energyWh, 1e-3 + energyWh * 1e-6 + oneStepWh)
  })
  fc.assert(property, PROPERTY)
})

test('a battery never holds more than it can, and is full when that was foretold', () => {
  const property = fc.property(vehicles, offers, (vehicle, offer) => {
    const seconds = secondsUntilFull(vehicle, offer)
    fc.pre(Number.isFinite(seconds))
    const just = charge(vehicle, offer, seconds + 1)
    assert.equal(just.vehicle.stateOfCharge, 1)
    assert.equal(drawOf(just.vehicle, offer).powerW, 0)
    const missingWh = (1 - vehicle.stateOfCharge) * vehicle.capacityWh
    near(just.energyWh * vehicle.efficiency, missingWh, missingWh * 1e-6 + 1e-3)
  })
  fc.assert(property, PROPERTY)
})

test('less than six amperes do not charge', () => {
  const vehicle: Vehicle = { capacityWh: 50_000, stateOfCharge: 0.5, phases: 3, maxCurrentA: 16, minCurrentA: 6, efficiency: 0.9 } // biome-ignore format: one line

  assert.equal(drawOf(vehicle, { currentA: 5.9, phases: 3, voltageV: 230 }).powerW, 0)
  assert.equal(drawOf(vehicle, { currentA: 6, phases: 3, voltageV: 230 }).powerW, 4_140)
  assert.equal(drawOf(vehicle, { currentA: 32, phases: 1, voltageV: 230 }).powerW, 3_680)
})

test('a shared current is never exceeded, and nobody gets more than wanted or less than usable', () => {
  const wants = fc.array(fc.constantFrom(0, 6, 10, 16, 32), { maxLength: 6 })
  const property = fc.property(fc.double({ min: 0, max: 120, noNaN: true }), wants, (totalA, wantsA) => {
    const shares = allot(totalA, wantsA, 6)
    assert.ok(shares.reduce((sum, share) => sum + share, 0) <= totalA + 1e-9)
    for (const [at, share] of shares.entries()) {
      assert.ok(share <= (wantsA[at] ?? 0))
      assert.ok(share === 0 || share >= 6)
    }
  }) // biome-ignore format: short enough
  fc.assert(property, PROPERTY)
})
