import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../../end-to-end/processes.ts'
import { callTo, obeyedThenRefused } from './both-sides.ts'
import { KEYS } from './keys.ts'
import { command, deliver, outcomeOf, type Side, sidesOf } from './site.ts'

/** Good signatures by keys that may not do this, or not now, or not here. */

const theSides = sidesOf({ trustOfNode: Object.keys(KEYS).filter((name) => name !== 'SECOND') })

const profile = (chargingProfileId: number) => ({
  connectorId: 1,
  csChargingProfiles: {
    chargingProfileId,
    stackLevel: 0,
    chargingProfilePurpose: 'TxDefaultProfile',
    chargingProfileKind: 'Relative',
    chargingSchedule: { chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 6 }] }, // biome-ignore format: one line
  },
})

/** Whether a station has done just this. */
const hasDone = (action: string, payload: object) => (side: Side) => side.stations[0].obeyed.some(([name, done]) => name === action && JSON.stringify(done) === JSON.stringify(payload)) // biome-ignore format: one line

/** A command to CS01, signed by a key in the name of its owner. */
async function signedBy(name: string, action: string, payload: object, fields: object = {}) {
  const sides = await theSides()
  const from = KEYS[name]?.owner ?? name
  const signatures = await sides.keys.sign([name], payload, { OCPPAction: action, to: 'CS01', from, ...fields }) // biome-ignore format: one line
  const frame = callTo('CS01', action, { ...payload, signatures }, from)
  return { sides, frame, isDone: hasDone(action, payload) }
}

const firmware = { location: 'https://firmware.example/1', retrieveDate: '2027-01-01T00:00:00Z' }

// biome-ignore format: a table
const BEYOND: readonly (readonly [string, string, string, object, object?])[] = [
  ['A09: the key of a driver sets a charging profile', 'DRIVER', 'SetChargingProfile', profile(1)],
  ['A09: the key of a technician starts a firmware update', 'GUEST', 'UpdateFirmware', firmware],
  ['A09: the key of a local controller resets a station', 'LC01', 'Reset', { type: 'Hard' }],
  ['A09: a key claims a role that it does not hold', 'GUEST', 'SendLocalList', { listVersion: 1, updateType: 'Full' }, { role: 'owner' }],
]

for (const [what, name, action, payload, fields] of BEYOND) {
  test(`${what}: role`, async () => {
    const { sides, frame, isDone } = await signedBy(name, action, payload, fields)
    await obeyedThenRefused(sides, { frame, reason: 'role', isDone })
  })
}

test('A09: the key of operations sets the password of a station: role', async () => {
  const { sides, frame, isDone } = await signedBy('CSMS01', 'ChangeConfiguration', { key: 'AuthorizationKey', value: '00112233445566778899' }) // biome-ignore format: one line
  await obeyedThenRefused(sides, { frame, reason: 'role', isDone })
})

test('A09: the same keys are obeyed where their roles permit it', async () => {
  const { strict } = await theSides()
  for (const [name, action, payload] of [
    ['LC01', 'SetChargingProfile', profile(2)],
    ['GUEST', 'Reset', { type: 'Soft' }],
  ] as const) {
    const { frame, isDone } = await signedBy(name, action, payload)
    deliver(strict, frame)
    await until(`${action} to be obeyed`, () => isDone(strict))
  }
})

// biome-ignore format: a table
const UNTIMELY: readonly (readonly [string, string])[] = [
  ['A10: a key of the CSMS that has run out', 'OVER'],
  ['A10: a key of the CSMS that is not valid yet', 'NOT_YET'],
  ['A10: a key that another node knows, and this one was not told of', 'SECOND'],
]

for (const [what, name] of UNTIMELY) {
  test(`${what}: unknown-keys`, async () => {
    const { sides, frame, isDone } = await signedBy(name, 'Reset', { type: 'Soft', customData: { vendorId: name } }) // biome-ignore format: one line
    await obeyedThenRefused(sides, { frame, reason: 'unknown-keys', isDone })
  })
}

test('T15: after a rotation the old key of the CSMS counts no more, and its present one does', async () => {
  const { sides, frame, isDone } = await signedBy('OVER', 'ClearCache', {})
  await obeyedThenRefused(sides, { frame, reason: 'unknown-keys', isDone })
  const present = await signedBy('CSMS01', 'ClearCache', {})
  deliver(sides.strict, present.frame)
  await until('the present key to be obeyed', () => present.isDone(sides.strict))
})

test('T19: a station that answers Accepted and does nothing is found out by what it says afterwards', async () => {
  const { strict } = await theSides()
  const [station] = strict.stations
  station.answerWith = (action) => action === 'ChangeConfiguration' ? { status: 'Accepted' } : undefined // biome-ignore format: one line
  const id = await command(strict, 'CS01', 'ChangeConfiguration', { key: 'HeartbeatInterval', value: '77' }) // biome-ignore format: one line
  await until('it to be found out', async () => (await outcomeOf(strict, id)).state === 'no-effect')
  assert.equal(station.settings.get('HeartbeatInterval'), '300')
  station.answerWith = undefined
})
