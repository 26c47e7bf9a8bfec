import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../support/until.ts'
import { startPair } from './pair.ts'

/** What counts as done, and what does not: stations that accept everything and do nothing. */

const profile = (limits: readonly [startPeriod: number, limit: number][], more: object = {}) => ({
  id: 7,
  stackLevel: 1,
  chargingProfilePurpose: 'TxDefaultProfile',
  chargingProfileKind: 'Absolute',
  chargingSchedule: [
    {
      id: 1,
      startSchedule: '2026-01-01T00:00:00Z',
      chargingRateUnit: 'A',
      chargingSchedulePeriod: limits.map(([startPeriod, limit]) => ({ startPeriod, limit })),
    },
  ],
  ...more,
})

/** What a station says that it is limited to. */
const composite = (limit: number, chargingRateUnit = 'A') => ({
  status: 'Accepted',
  schedule: { evseId: 1, duration: 60, scheduleStart: '2026-01-01T00:00:00Z', chargingRateUnit, chargingSchedulePeriod: [{ startPeriod: 0, limit }] }, // biome-ignore format: one line
})
const composite16 = (limit: number) => ({
  status: 'Accepted',
  chargingSchedule: { chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit }] },
})

// biome-ignore format: a table
const LIMITS = [
  // what it says   state          why
  [composite(6),    'effect-seen', 'it is limited to 6 A, as the profile asks for now'],
  [composite(32),   'no-effect',   'GetCompositeSchedule says 32 A, the profile asks for 6 A now'],
  [composite(4),    'no-effect',   'something else limits it to 4 A, the profile asks for 6 A now'],
  [composite(6, 'W'), 'no-effect', 'GetCompositeSchedule does not say what it is limited to in A'],
  [{ status: 'Rejected' }, 'no-effect', 'GetCompositeSchedule does not say what it is limited to in A'],
] as const
for (const [said, state, why] of LIMITS) {
  test(`of a profile with several periods the one in force counts: ${why}`, async (t) => {
    const { submit, reaches, answers, clock, asked } = await startPair(t, 'ocpp2.0.1')
    answers.set('GetCompositeSchedule', said)
    await clock.advance(60_000)

    const chargingProfile = profile([[0, 32], [30, 6], [90, 16]]) // biome-ignore format: one line
    const row = await reaches(await submit('SetChargingProfile', { evseId: 0, chargingProfile }), state) // biome-ignore format: one line

    assert.equal(row.effect ?? row.problem, why)
    assert.deepEqual(asked[1], ['GetCompositeSchedule', { evseId: 1, duration: 60, chargingRateUnit: 'A' }]) // biome-ignore format: one line
  })
}

test('what nothing shows is said to be without effect after a time, as all others', async (t) => {
  const { submit, reaches, runsOut } = await startPair(t, 'ocpp2.0.1')
  const later = profile([[0, 6]], { validFrom: '2027-01-01T00:00:00Z' })
  const operations = [
    await submit('ClearCache', {}),
    await submit('SetChargingProfile', { evseId: 0, chargingProfile: later }),
  ]
  for (const operation of operations) await reaches(operation, 'accepted')

  for (const operation of operations) {
    const { problem } = await runsOut(operation)
    assert.equal(problem, 'accepted, no effect seen: nothing that a station says shows it')
  }
})

test('what was accepted when the CSMS ended has had no effect that anybody saw', async (t) => {
  const { csms, submit, reaches } = await startPair(t, 'ocpp2.0.1')
  const operation = await submit('ClearCache', {})
  await reaches(operation, 'accepted')

  await csms.operations.start()

  const { problem } = await reaches(operation, 'no-effect')
  assert.equal(problem, 'accepted, no effect seen before the CSMS was restarted')
})

test('a cancelled reservation is seen at the connector, or in the answer where none showed it', async (t) => {
  const { submit, reaches, say, runsOut, store } = await startPair(t, 'ocpp1.6')
  const state = () => store.reservations.page({ limit: 1 })[0]?.state
  const status = (word: string) => say('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: word }) // biome-ignore format: one line
  const reserve = { connectorId: 1, idTag: 'TAG-1', expiryDate: '2027-01-01T00:00:00Z' }
  const reserved = await submit('ReserveNow', { ...reserve, reservationId: 1 })
  await status('Reserved')
  await reaches(reserved, 'effect-seen')

  const ignored = await submit('CancelReservation', { reservationId: 1 })
  await reaches(ignored, 'accepted')
  await status('Reserved')
  await runsOut(ignored)
  assert.equal(state(), 'reserved')
  const done = await submit('CancelReservation', { reservationId: 1 })
  await reaches(done, 'accepted')
  await status('Available')
  await reaches(done, 'effect-seen')
  assert.equal(state(), 'cancelled')
  const silent = await submit('CancelReservation', { reservationId: 5 })

  assert.equal((await reaches(done, 'effect-seen')).effect, 'EVSE 1 is Available')
  assert.equal((await reaches(silent, 'effect-seen')).effect, 'the answer says so')
})

/** A station with one profile that its CSMS has set. */
async function withProfile(t: Parameters<typeof startPair>[0]) {
  const pair = await startPair(t, 'ocpp2.1')
  const { submit, reaches, answers, store } = pair
  answers.set('GetCompositeSchedule', composite(6))
  await reaches(await submit('SetChargingProfile', { evseId: 0, chargingProfile: profile([[0, 6]]) }), 'effect-seen') // biome-ignore format: one line
  const rows = () => store.profiles.page('CS01', 10).map(({ profileId }) => profileId)
  const report = async (profiles: object[], tbc = false) => {
    await until(() => pair.asked.some(([action]) => action === 'GetChargingProfiles'), 'the question') // biome-ignore format: one line
    const [, question] = pair.asked.findLast(([action]) => action === 'GetChargingProfiles') ?? []
    const { requestId } = question as { requestId: number }
    return pair.say('ReportChargingProfiles', { requestId, chargingLimitSource: 'CSO', evseId: 0, chargingProfile: profiles, tbc }) // biome-ignore format: one line
  }
  return { ...pair, rows, report }
}

test('2.x: a cleared profile is gone when the station finds none, and only then here', async (t) => {
  const { submit, reaches, answers, rows, asked } = await withProfile(t)
  answers.set('GetChargingProfiles', { status: 'NoProfiles' })

  const row = await reaches(await submit('ClearChargingProfile', { chargingProfileId: 7 }), 'effect-seen') // biome-ignore format: one line

  assert.equal(row.effect, 'GetChargingProfiles finds none of them')
  const [, question] = asked.at(-1) ?? []
  assert.deepEqual((question as { chargingProfile: object }).chargingProfile, { chargingProfileId: [7] }) // biome-ignore format: one line
  assert.deepEqual(rows(), [])
})

test('2.x: a station that clears nothing is found out, and its profile stays listed', async (t) => {
  const { submit, reaches, rows, report } = await withProfile(t)

  const operation = await submit('ClearChargingProfile', { chargingProfileId: 7 })
  await reaches(operation, 'accepted')
  assert.deepEqual(rows(), [7])
  await report([profile([[0, 6]])])

  const { problem } = await reaches(operation, 'no-effect')
  assert.equal(problem, 'the station still reports profile 7')
  assert.deepEqual(rows(), [7])
})

test('2.x: a report without the profile, in several parts, shows that it is gone', async (t) => {
  const { submit, reaches, rows, report } = await withProfile(t)
  const chargingProfileCriteria = { chargingProfilePurpose: 'TxDefaultProfile', stackLevel: 1 }

  const operation = await submit('ClearChargingProfile', { chargingProfileCriteria })
  await reaches(operation, 'accepted')
  const other = profile([[0, 10]], { id: 8, stackLevel: 2 })
  await report([other], true)
  await reaches(operation, 'accepted')
  await report([other])

  const { effect } = await reaches(operation, 'effect-seen')
  assert.equal(effect, 'the station reports none of them any more')
  assert.deepEqual(rows(), [8])
})

test('2.x: a report that never comes is no effect, and an error neither', async (t) => {
  const { submit, reaches, rows, answers, asked, runsOut } = await withProfile(t)
  const silent = await submit('ClearChargingProfile', { chargingProfileId: 7 })
  await reaches(silent, 'accepted')
  await until(() => asked.at(-1)?.[0] === 'GetChargingProfiles', 'the question')
  assert.equal((await runsOut(silent)).problem, 'accepted, no effect after 30 s')

  answers.set('GetChargingProfiles', ['NotSupported', 'no'])
  const failed = await submit('ClearChargingProfile', { chargingProfileId: 7 })
  const { problem } = await reaches(failed, 'no-effect')

  assert.equal(problem, 'GetChargingProfiles: NotSupported: no')
  assert.deepEqual(rows(), [7])
})

test('1.6: a cleared profile shows in a limit that is higher than before', async (t) => {
  const { submit, reaches, answers, store } = await startPair(t, 'ocpp1.6')
  const { id: chargingProfileId, chargingSchedule, ...rest } = profile([[0, 6]])
  const { id: _, ...schedule } = chargingSchedule[0] ?? { id: 0 }
  answers.set('GetCompositeSchedule', composite16(6))
  const csChargingProfiles = { chargingProfileId, ...rest, chargingSchedule: schedule }
  await reaches(await submit('SetChargingProfile', { connectorId: 1, csChargingProfiles }), 'effect-seen') // biome-ignore format: one line

  const lied = await reaches(await submit('ClearChargingProfile', { id: 7 }), 'no-effect')
  assert.equal(lied.problem, 'GetCompositeSchedule says 6 A, as before')
  assert.equal(store.profiles.page('CS01', 10).length, 1)
  answers.set('ClearChargingProfile', () => {
    answers.set('GetCompositeSchedule', composite16(32))
    return { status: 'Accepted' }
  })
  const done = await reaches(await submit('ClearChargingProfile', { id: 7 }), 'effect-seen')

  assert.equal(done.effect, 'it is limited to 32 A, before to 6 A')
  assert.deepEqual(store.profiles.page('CS01', 10), [])
})

test('what a station says that it does not have is not listed any more', async (t) => {
  const { submit, reaches, answers, rows } = await withProfile(t)
  answers.set('ClearChargingProfile', { status: 'Unknown' })

  await reaches(await submit('ClearChargingProfile', { chargingProfileId: 7 }), 'refused')

  assert.deepEqual(rows(), [])
})

const UNLOCKED = { generatedAt: '2026-01-01T00:00:00Z', seqNo: 0, eventData: [{ eventId: 1, timestamp: '2026-01-01T00:00:00Z', trigger: 'Delta', actualValue: 'false', eventNotificationType: 'HardWiredNotification', component: { name: 'ConnectorPlugRetentionLock', evse: { id: 1, connectorId: 1 } }, variable: { name: 'Active' } }] } // biome-ignore format: one line
// biome-ignore format: a table
const UNLOCKS = [
  ['ocpp1.6',   { connectorId: 1 },            'StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Preparing', info: 'unlocked' }, { connectorId: 1, errorCode: 'NoError', status: 'Preparing' }],
  ['ocpp1.6',   { connectorId: 1 },            'StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available' },                   { connectorId: 2, errorCode: 'NoError', status: 'Available' }],
  ['ocpp2.0.1', { evseId: 1, connectorId: 1 }, 'NotifyEvent',        UNLOCKED,                                                                       { ...UNLOCKED, eventData: UNLOCKED.eventData.map((one) => ({ ...one, actualValue: 'true' })) }],
] as const
for (const [protocol, request, action, shows, doesNot] of UNLOCKS) {
  test(`${protocol}: an answer does not show that a connector is unlocked, ${action} does`, async (t) => {
    const { submit, reaches, say, answers, runsOut } = await startPair(t, protocol)
    answers.set('UnlockConnector', { status: 'Unlocked' })

    const lied = await submit('UnlockConnector', request)
    await reaches(lied, 'accepted')
    await say(action, doesNot)
    await runsOut(lied)
    const done = await submit('UnlockConnector', request)
    await reaches(done, 'accepted')
    await say(action, shows)

    await reaches(done, 'effect-seen')
  })
}
