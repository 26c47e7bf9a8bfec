import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createValidator } from '../../src/messages/validation.ts'
import { setChargingProfile } from '../../src/roles/csms/requests.ts'
import { limitOf, limitOutline, limitWords, profileBody } from '../../web/stations/limits.ts'

const FROM = '2026-01-05T11:00:00.000Z'
const TO = '2026-01-05T12:00:00.000Z'
const WISH = { evseId: 1, limit: 10, unit: 'A', from: FROM, to: TO } as const

test('what the form makes of a limit is valid in each version and reads back the same', () => {
  const validator = createValidator()
  for (const protocol of ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'] as const) {
    for (const wish of [WISH, { ...WISH, evseId: 0, to: undefined }]) {
      const request = JSON.parse(
        JSON.stringify(setChargingProfile(protocol, { id: 5, ...profileBody(wish, []), kind: 'Absolute', purpose: wish.evseId === 0 ? 'ChargingStationMaxProfile' : 'TxDefaultProfile' })), // biome-ignore format: one line
      )
      assert.deepEqual(validator.validate(protocol, 'SetChargingProfile', 'request', request), [])
      const limit = limitOf(request.chargingProfile ?? request.csChargingProfiles)
      assert.deepEqual(limit?.steps, [{ startS: 0, limit: 10 }])
      assert.deepEqual([limit?.unit, limit?.from, limit?.to], ['A', FROM, wish.to])
    }
  }
})

test('a limit takes the place of the one before at the same place, and no other one', () => {
  const known = [
    { profileId: 3, evseId: 1, purpose: 'TxDefaultProfile', stackLevel: 1 },
    { profileId: 4, evseId: 2, purpose: 'TxDefaultProfile', stackLevel: 0 },
    { profileId: 5, evseId: 1, purpose: 'TxProfile', stackLevel: 0 },
  ]

  assert.equal(profileBody(WISH, known).id, 3)
  assert.equal(profileBody({ ...WISH, to: undefined }, known).id, undefined)
  assert.equal(profileBody({ ...WISH, evseId: 0 }, known).id, undefined)
})

test('a limit says in words how much, its steps, and when', () => {
  const steps = [
    { startS: 0, limit: 16 },
    { startS: 3600, limit: 10 },
  ]
  const limit = { unit: 'A', steps, from: FROM, to: undefined, recurrency: 'Daily' }
  const said = limitWords(limit).replaceAll('\u202f', ' ')

  assert.match(said, /^16 A, then 10 A after 1 h 0 min, every day, from 5 Jan.*, until it is removed$/) // biome-ignore format: one line
  assert.equal(limitOutline(limit), 'M0 1H50V11.5H100')
  const many = Array.from({ length: 9 }, (_, n) => ({ startS: n * 60, limit: n }))
  assert.match(limitWords({ ...limit, steps: many }), /and 6 more steps/)
})

test('what is no profile is said to be none, whatever it is', () => {
  const junk = [undefined, null, 7, 'x', {}, { chargingSchedule: [] }, { chargingSchedule: { chargingSchedulePeriod: [{ startPeriod: 'a' }] } }] // biome-ignore format: one line
  for (const one of junk) assert.equal(limitOf(one), undefined)
})
