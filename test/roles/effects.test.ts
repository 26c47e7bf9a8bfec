import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PROTOCOLS } from '../../src/messages/protocols.ts'
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
    await submit('SetMonitoringBase', { monitoringBase: 'All' }),
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
  const operation = await submit('SetMonitoringBase', { monitoringBase: 'All' })
  await reaches(operation, 'accepted')

  await csms.operations.start()

  const { problem } = await reaches(operation, 'no-effect')
  assert.equal(problem, 'accepted, no effect seen before the CSMS was restarted')
})

for (const protocol of PROTOCOLS) {
  test(`${protocol}: a cache is cleared when the station says so, and not when it refuses`, async (t) => {
    const { submit, reaches, answers } = await startPair(t, protocol)

    const done = await reaches(await submit('ClearCache', {}), 'effect-seen')

    assert.equal(done.effect, 'the answer says so')
    answers.set('ClearCache', { status: 'Rejected' })
    const refused = await reaches(await submit('ClearCache', {}), 'refused')
    assert.equal(refused.problem, 'Rejected')
  })
}

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
  assert.equal(state(), 'cancelled')
  await runsOut(ignored)
  const done = await submit('CancelReservation', { reservationId: 1 })
  await reaches(done, 'accepted')
  await status('Available')
  await reaches(done, 'effect-seen')
  assert.equal(state(), 'cancelled')
  const silent = await submit('CancelReservation', { reservationId: 5 })

  assert.equal((await reaches(done, 'effect-seen')).effect, 'EVSE 1 is Available')
  assert.equal((await reaches(silent, 'effect-seen')).effect, 'the answer says so')
})

for (const protocol of ['ocpp1.6', 'ocpp2.0.1'] as const) {
  test(`${protocol}: a reservation that the station does not know when it is to be cancelled is open no more`, async (t) => {
    const { submit, reaches, answers, store } = await startPair(t, protocol)
    const expires = '2027-01-01T00:00:00Z'
    const wish = protocol === 'ocpp1.6' ? { connectorId: 1, idTag: 'TAG-1', expiryDate: expires, reservationId: 1 } : { id: 1, evseId: 1, idToken: { idToken: 'TAG-1', type: 'Central' }, expiryDateTime: expires } // biome-ignore format: one line
    await reaches(await submit('ReserveNow', wish), 'accepted')
    answers.set('CancelReservation', { status: 'Rejected' })

    await reaches(await submit('CancelReservation', { reservationId: 1 }), 'refused')

    assert.equal(store.reservations.page({ limit: 1 })[0]?.state, 'removed')
  })
}

test('a connector of 1.6 that shows its reservation no more has none, unless a fault hides it; its transaction says that it was used', async (t) => {
  const { submit, reaches, say, store } = await startPair(t, 'ocpp1.6')
  const state = () => store.reservations.page({ limit: 1 })[0]?.state
  const status = (word: string, connectorId = 1) => say('StatusNotification', { connectorId, errorCode: 'NoError', status: word }) // biome-ignore format: one line
  const wish = { connectorId: 1, idTag: 'TAG-1', expiryDate: '2027-01-01T00:00:00Z', reservationId: 1 } // biome-ignore format: one line
  await status('Available')
  const reserved = await submit('ReserveNow', wish)
  await reaches(reserved, 'accepted')

  const harmless = [['Available', 1], ['Reserved', 1], ['Reserved', 2], ['Available', 2], ['Faulted', 1], ['Reserved', 1]] as const // biome-ignore format: one line
  for (const [word, connectorId] of harmless) {
    await status(word, connectorId)
    assert.equal(state(), 'reserved', `${connectorId} ${word}`)
  }
  await say('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available', timestamp: '1969-01-01T00:00:00Z' }) // biome-ignore format: one line
  assert.equal(state(), 'reserved', 'told late')
  await status('Preparing')
  assert.equal(state(), 'removed')

  await say('StartTransaction', { connectorId: 1, idTag: 'TAG-1', meterStart: 0, timestamp: '2026-01-05T11:00:00.000Z', reservationId: 1 }) // biome-ignore format: one line
  assert.equal(state(), 'used')

  await reaches(await submit('ReserveNow', { ...wish, reservationId: 2, expiryDate: '2026-01-05T12:00:00Z' }), 'accepted') // biome-ignore format: one line
  await status('Reserved')
  await say('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available', timestamp: '2026-01-05T12:00:01Z' }) // biome-ignore format: one line
  const states = store.reservations.page({ limit: 9 }).map((one) => [one.reservationId, one.state])
  assert.deepEqual(Object.fromEntries(states), { 1: 'used', 2: 'expired' })
})

for (const protocol of ['ocpp1.6', 'ocpp2.0.1'] as const) {
  const is16 = protocol === 'ocpp1.6'
  const expires = (hour: number) => `2027-01-01T0${hour}:00:00Z`
  const reserve = (id: number, evseId: number, until = expires(1)) =>
    is16
      ? { reservationId: id, connectorId: evseId, idTag: 'TAG-1', expiryDate: until }
      : { id, ...(evseId > 0 && { evseId }), idToken: { idToken: 'TAG-1', type: 'Central' }, expiryDateTime: until } // biome-ignore format: one line
  const status = (evseId: number, word: string) =>
    is16
      ? { connectorId: evseId, errorCode: 'NoError', status: word }
      : { evseId, connectorId: 1, connectorStatus: word, timestamp: expires(0) }

  test(`${protocol}: a reservation of any EVSE of several is accepted, and what another one shows is not its effect`, async (t) => {
    const { submit, reaches, say } = await startPair(t, protocol)
    for (const evseId of [1, 2]) await say('StatusNotification', status(evseId, 'Available'))

    const any = await submit('ReserveNow', reserve(1, 0))
    await reaches(any, 'accepted')
    const other = await submit('ReserveNow', reserve(2, 1))
    await say('StatusNotification', status(1, 'Reserved'))

    assert.equal((await reaches(other, 'effect-seen')).effect, 'EVSE 1 is Reserved')
    const { problem } = await reaches(any, 'accepted')
    assert.equal(problem, 'accepted, and no EVSE need show it as long as there are several')
  })

  test(`${protocol}: a reservation of any EVSE of the only one is seen there`, async (t) => {
    const { submit, reaches, say } = await startPair(t, protocol)
    await say('StatusNotification', status(1, 'Available'))
    const any = await submit('ReserveNow', reserve(1, 0))

    await say('StatusNotification', status(1, 'Reserved'))

    await reaches(any, 'effect-seen')
  })

  test(`${protocol}: a reservation that is made longer is there already, one under another id has to show`, async (t) => {
    const { submit, reaches, say, runsOut, store } = await startPair(t, protocol)
    const first = await submit('ReserveNow', reserve(1, 1))
    await say('StatusNotification', status(1, 'Reserved'))
    await reaches(first, 'effect-seen')

    const longer = await submit('ReserveNow', reserve(1, 1, expires(3)))
    const other = await submit('ReserveNow', reserve(2, 1))

    assert.equal((await reaches(longer, 'effect-seen')).effect, 'EVSE 1 is Reserved')
    assert.equal(
      store.reservations.page({ limit: 9 }).at(-1)?.expiresAt,
      '2027-01-01T03:00:00.000Z',
    )
    await reaches(other, 'accepted')
    await runsOut(other)
  })
}

test('cancelling a reservation of any EVSE does not wait for one that another reservation holds', async (t) => {
  const { submit, reaches, say, store } = await startPair(t, 'ocpp1.6')
  const reserve = { idTag: 'TAG-1', expiryDate: '2027-01-01T00:00:00Z' }
  const own = await submit('ReserveNow', { ...reserve, connectorId: 1, reservationId: 1 })
  await say('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Reserved' })
  await reaches(own, 'effect-seen')
  const any = await submit('ReserveNow', { ...reserve, connectorId: 0, reservationId: 2 })
  await reaches(any, 'accepted')

  const { effect } = await reaches(await submit('CancelReservation', { reservationId: 2 }), 'effect-seen') // biome-ignore format: one line

  assert.equal(effect, 'the answer says so')
  const states = store.reservations.page({ limit: 9 }).map((one) => [one.reservationId, one.state])
  assert.deepEqual(states, [[1, 'reserved'], [2, 'cancelled']]) // biome-ignore format: one line
})

for (const protocol of ['ocpp1.6', 'ocpp2.1'] as const) {
  test(`${protocol}: a profile that came with a remote start is listed with its transaction, until that ends`, async (t) => {
    const { submit, reaches, say, store } = await startPair(t, protocol)
    const is16 = protocol === 'ocpp1.6'
    const schedule = { chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 7 }] } // biome-ignore format: one line
    const of = { stackLevel: 0, chargingProfilePurpose: 'TxProfile', chargingProfileKind: 'Relative' } // biome-ignore format: one line
    const at = '2026-01-05T11:00:00.000Z'
    const listed = () => store.profiles.page('CS01', 9).map((row) => [row.profileId, row.evseId, row.transactionId, row.source]) // biome-ignore format: one line
    const start = is16
      ? await submit('RemoteStartTransaction', { connectorId: 1, idTag: 'TAG-1', chargingProfile: { ...of, chargingProfileId: 31, chargingSchedule: schedule } }) // biome-ignore format: one line
      : await submit('RequestStartTransaction', { evseId: 1, remoteStartId: 3, idToken: { idToken: 'TAG-1', type: 'Central' }, chargingProfile: { ...of, id: 31, chargingSchedule: [{ ...schedule, id: 1 }] } }) // biome-ignore format: one line
    await reaches(start, 'accepted')
    assert.deepEqual(listed(), [])

    const event = (eventType: string, triggerReason: string, seqNo: number) => say('TransactionEvent', { eventType, triggerReason, timestamp: at, seqNo, transactionInfo: { transactionId: 'T1', ...(seqNo === 0 && { remoteStartId: 3 }) }, evse: { id: 1, connectorId: 1 } }) // biome-ignore format: one line
    if (is16)
      await say('StartTransaction', { connectorId: 1, idTag: 'TAG-1', meterStart: 0, timestamp: at }) // biome-ignore format: one line
    else await event('Started', 'RemoteStart', 0)
    await reaches(start, 'effect-seen')

    assert.deepEqual(listed(), [[31, 1, is16 ? '1' : 'T1', 'CSO']])
    if (is16) await say('StopTransaction', { transactionId: 1, meterStop: 9, timestamp: at })
    else await event('Ended', 'EVDeparted', 1)
    assert.deepEqual(listed(), [])
  })
}

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

/** A station of OCPP 1.6 with profiles that its CSMS has set, and a composite schedule that never changes. */
async function with16Profiles(
  t: Parameters<typeof startPair>[0],
  profiles: readonly (readonly [connectorId: number, limit: number, more: object])[],
) {
  // biome-ignore format: one line
  const pair = await startPair(t, 'ocpp1.6')
  const { submit, reaches, answers, store } = pair
  for (const [at, [connectorId, limit, more]] of profiles.entries()) {
    const { id: _, chargingSchedule, ...rest } = profile([[0, limit]], more)
    const { id: __, ...schedule } = chargingSchedule[0] ?? { id: 0 }
    const csChargingProfiles = { chargingProfileId: at + 1, ...rest, chargingSchedule: schedule }
    answers.set('GetCompositeSchedule', composite16(limit))
    await reaches(await submit('SetChargingProfile', { connectorId, csChargingProfiles }), 'effect-seen') // biome-ignore format: one line
  }
  const listed = () => store.profiles.page('CS01', 10).map(({ profileId }) => profileId)
  return { ...pair, listed }
}

const MAX = { chargingProfilePurpose: 'ChargePointMaxProfile' }
// biome-ignore format: a table
const CLEARED = [
  // what is not seen        set before                                                    cleared                                    left   why
  ['below another one',      [[0, 16, { ...MAX, stackLevel: 0 }], [0, 8, MAX]],            { id: 1 },                                 [2],   'the answer says so'],
  ['of another connector',   [[1, 16, { stackLevel: 0 }], [1, 8, {}], [2, 9, {}]],         { connectorId: 1, stackLevel: 0 },         [2, 3], 'the answer says so'],
  ['that is over',           [[0, 6, { ...MAX, validTo: '2026-01-01T00:00:30Z' }]],        { chargingProfilePurpose: 'ChargePointMaxProfile' }, [], 'the answer says so'],
  ['unknown here',           [[0, 6, MAX]],                                                { id: 99 },                                [1],   'the answer says so'],
  ['above what else limits', [[0, 60, MAX]],                                               { id: 1 },                                 [],    'the answer says so; something else limits it to 32 A'],
] as const
for (const [what, set, request, left, why] of CLEARED) {
  test(`1.6: a cleared profile ${what} shows in no limit, and the answer counts`, async (t) => {
    const { submit, reaches, answers, clock, listed } = await with16Profiles(t, set)
    await clock.advance(60_000)
    answers.set('GetCompositeSchedule', composite16(set.length > 1 ? 8 : 32))

    const { effect } = await reaches(await submit('ClearChargingProfile', request), 'effect-seen')

    assert.equal(effect, why)
    assert.deepEqual(listed(), left)
  })
}

test('1.6: what is for each connector is looked for at a connector, by whichever criterion it is cleared', async (t) => {
  const { submit, reaches, answers, asked, listed } = await with16Profiles(t, [[0, 6, {}]])
  answers.set('ClearChargingProfile', () => {
    answers.set('GetCompositeSchedule', composite16(32))
    return { status: 'Accepted' }
  })

  const request = { chargingProfilePurpose: 'TxDefaultProfile' }
  const { effect } = await reaches(await submit('ClearChargingProfile', request), 'effect-seen')

  assert.equal(effect, 'it is limited to 32 A, before to 6 A')
  assert.equal((asked.at(-1)?.[1] as { connectorId?: number } | undefined)?.connectorId, 1)
  assert.deepEqual(listed(), [])
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

/** A station of 1.6 whose key reads as it says. */
async function change(
  t: Parameters<typeof startPair>[0],
  key: string,
  value: string,
  reads: object,
) {
  // biome-ignore format: one line
  const pair = await startPair(t, 'ocpp1.6')
  pair.answers.set('GetConfiguration', reads)
  return { ...pair, operation: await pair.submit('ChangeConfiguration', { key, value }) }
}

// biome-ignore format: a table
const VALUES = [
  // asked               reads                    the same
  ['true',               'false',                 false],
  ['60',                 '61',                    false],
  ['60',                 '60 s',                  false],
  ['12345678901234567890', '12345678901234567891', false],
  ['0x10',               '16',                    false],
  ['EVConnected,Authorized', 'EVConnected',       false],
  ['EVConnected,Authorized', 'Authorized,EVConnected', false],
  ['Abc',                'ABC',                   false],
  ['true',               'True',                  true],
  ['FALSE',              'false',                 true],
  ['060',                '60',                    true],
  ['+1.50',              '1.5',                   true],
  ['-0',                 '0',                     true],
  ['EVConnected, Authorized', 'EVConnected,Authorized', true],
] as const
for (const [value, reads, isSame] of VALUES) {
  test(`${reads} is ${isSame ? 'the same as' : 'another value than'} ${value}, in a key and in a variable`, async (t) => {
    const state = isSame ? 'effect-seen' : 'no-effect'
    const { operation, reaches } = await change(t, 'Key', value, { configurationKey: [{ key: 'Key', readonly: false, value: reads }] }) // biome-ignore format: one line
    const changed = await reaches(operation, state)
    const { submit, reaches: reaches2, answers } = await startPair(t, 'ocpp2.0.1')
    const item = { component: { name: 'C' }, variable: { name: 'V' } }
    answers.set('SetVariables', { setVariableResult: [{ ...item, attributeStatus: 'Accepted' }] })
    answers.set('GetVariables', { getVariableResult: [{ ...item, attributeStatus: 'Accepted', attributeValue: reads }] }) // biome-ignore format: one line

    const set = await reaches2(await submit('SetVariables', { setVariableData: [{ ...item, attributeValue: value }] }), state) // biome-ignore format: one line

    assert.equal(set.effect ?? set.problem, isSame ? `C.V reads ${reads}` : 'GetVariables says otherwise') // biome-ignore format: one line
    assert.equal(changed.effect ?? changed.problem, isSame ? `Key reads ${reads}` : 'GetConfiguration says otherwise') // biome-ignore format: one line
  })
}

test('1.6: a key that is not read back stays accepted, and says so, also after a restart', async (t) => {
  const password = await change(t, 'AuthorizationKey', '0123456789abcdef', {})
  const hidden = await change(t, 'Vendor', '7', { configurationKey: [{ key: 'vendor', readonly: false }] }) // biome-ignore format: one line
  for (const [{ csms, operation, reaches, store }, key] of [
    [password, 'AuthorizationKey'],
    [hidden, 'Vendor'],
  ] as const) {
    // biome-ignore format: one line
    await csms.operations.ended(operation.id)
    await csms.operations.start()

    const { problem } = await reaches(operation, 'accepted')
    assert.equal(problem, `accepted, ${key} cannot be read back`)
    assert.deepEqual(
      store.variables.of('CS01').filter(({ value }) => value !== undefined),
      [],
    )
  }
  assert.deepEqual(password.asked.map(([action]) => action), ['ChangeConfiguration']) // biome-ignore format: one line
})

const variable = (component: string, name: string) => ({ component: { name: component }, variable: { name } }) // biome-ignore format: one line
const PASSWORD = variable('SecurityCtrlr', 'BasicAuthPassword')
const INTERVAL = variable('OCPPCommCtrlr', 'HeartbeatInterval')
const WRITTEN = variable('Vendor', 'WriteOnly')

test('2.x: a password is never asked for, what is not told is said, and the others are read', async (t) => {
  const { submit, reaches, answers, asked, store } = await startPair(t, 'ocpp2.1')
  const all = [PASSWORD, INTERVAL, WRITTEN]
  answers.set('SetVariables', ({ setVariableData }) => ({ setVariableResult: (setVariableData as object[]).map((item) => ({ ...item, attributeValue: undefined, attributeStatus: 'Accepted' })) })) // biome-ignore format: one line
  answers.set('GetVariables', { getVariableResult: [{ ...WRITTEN, attributeStatus: 'Rejected' }, { ...INTERVAL, attributeStatus: 'Accepted', attributeValue: '60' }] }) // biome-ignore format: one line
  const set = (items: object[]) => submit('SetVariables', { setVariableData: items.map((item) => ({ ...item, attributeValue: '60' })) }) // biome-ignore format: one line

  const alone = await set([PASSWORD])
  await pairEnds(alone)
  const mixed = await set(all)
  await pairEnds(mixed)

  async function pairEnds(operation: Parameters<typeof reaches>[0]) {
    await until(() => store.operations.find(operation.id)?.problem !== undefined, 'its end')
  }
  assert.equal((await reaches(alone, 'accepted')).problem, 'accepted, SecurityCtrlr.BasicAuthPassword cannot be read back') // biome-ignore format: one line
  assert.equal((await reaches(mixed, 'accepted')).problem, 'accepted, SecurityCtrlr.BasicAuthPassword cannot be read back, OCPPCommCtrlr.HeartbeatInterval reads 60, Vendor.WriteOnly cannot be read back') // biome-ignore format: one line
  const questions = asked.filter(([action]) => action === 'GetVariables')
  assert.deepEqual(questions, [['GetVariables', { getVariableData: [INTERVAL, WRITTEN] }]])
})

test('of variables that are set or read in part what was accepted is kept, and what was not is named', async (t) => {
  const { submit, reaches, answers, store } = await startPair(t, 'ocpp2.0.1')
  const other = variable('C', 'V')
  const values = () => store.variables.of('CS01').map(({ variable: name, value }) => [name, value])
  const refusing = (member: string, value?: string) => ({
    [member]: [
      { ...other, attributeStatus: 'Rejected' },
      { ...INTERVAL, attributeStatus: 'Accepted', ...(value && { attributeValue: value }) },
    ],
  })
  answers.set('GetVariables', refusing('getVariableResult', '300'))
  answers.set('SetVariables', refusing('setVariableResult'))

  const got = await reaches(await submit('GetVariables', { getVariableData: [INTERVAL, other] }), 'refused') // biome-ignore format: one line
  assert.deepEqual([got.problem, values()], ['C.V: Rejected', [['HeartbeatInterval', '300']]])
  answers.set('GetVariables', refusing('getVariableResult', '60'))
  const data = [INTERVAL, other].map((item) => ({ ...item, attributeValue: '60' }))
  const set = await reaches(await submit('SetVariables', { setVariableData: data }), 'refused')

  assert.equal(set.problem, 'C.V: Rejected; accepted, OCPPCommCtrlr.HeartbeatInterval reads 60')
  assert.deepEqual(values(), [['HeartbeatInterval', '60']])
  answers.set('GetVariables', ['InternalError', 'no'])
  const unread = await reaches(await submit('SetVariables', { setVariableData: data }), 'refused')
  assert.equal(unread.problem, 'C.V: Rejected; accepted, GetVariables: InternalError: no')
})

test('2.1: priority is seen by what the station says of that transaction, and of no other', async (t) => {
  const { submit, reaches, say } = await startPair(t, 'ocpp2.1')
  const operation = await submit('UsePriorityCharging', { transactionId: 'T1', activate: true })
  await reaches(operation, 'accepted')

  await say('NotifyPriorityCharging', { transactionId: 'T2', activated: true })
  await say('NotifyPriorityCharging', { transactionId: 'T1', activated: false })
  await reaches(operation, 'accepted')
  await say('NotifyPriorityCharging', { transactionId: 'T1', activated: true })

  const { effect } = await reaches(operation, 'effect-seen')
  assert.equal(effect, 'transaction T1 charges with priority')
})

// biome-ignore format: a table
const REPORTED = [
  // limit reported    state          why
  [20,                 'no-effect',   'the station reports limit 20, asked was 11'],
  [undefined,          'no-effect',   'the station does not report profile 7'],
  [11,                 'effect-seen', 'the station reports limit 11'],
] as const
for (const [limit, state, why] of REPORTED) {
  test(`2.1: an updated dynamic schedule is what the station reports: ${why}`, async (t) => {
    const { submit, reaches, report } = await withProfile(t)
    const operation = await submit('UpdateDynamicSchedule', { chargingProfileId: 7, scheduleUpdate: { limit: 11 } }) // biome-ignore format: one line

    await report([profile([[0, limit ?? 0]], limit === undefined ? { id: 8 } : {})])

    const row = await reaches(operation, state)
    assert.equal(row.effect ?? row.problem, why)
  })
}

const told = (eventType: string, triggerReason: string, transactionId = 'T1') => ({ eventType, triggerReason, timestamp: '2026-01-01T00:00:00Z', seqNo: 1, transactionInfo: { transactionId } }) // biome-ignore format: one line
for (const [eventType, effect] of [
  ['Updated', 'gets no energy any more'],
  ['Ended', 'has ended'],
] as const) {
  // biome-ignore format: one line
  test(`2.x: a remote stop is seen by ${eventType}, by no other transaction and no other reason`, async (t) => {
    const { submit, reaches, say } = await startPair(t, 'ocpp2.0.1')
    const operation = await submit('RequestStopTransaction', { transactionId: 'T1' })
    await reaches(operation, 'accepted')

    await say('TransactionEvent', told('Updated', 'MeterValuePeriodic'))
    await say('TransactionEvent', told(eventType, 'RemoteStop', 'T2'))
    await reaches(operation, 'accepted')
    await say('TransactionEvent', told(eventType, 'RemoteStop'))

    assert.equal((await reaches(operation, 'effect-seen')).effect, `transaction T1 ${effect}`)
  })
}

const status16 = (connectorId: number, status: string) => ({ connectorId, errorCode: 'NoError', status }) // biome-ignore format: one line
const status2 = (evseId: number, connectorId: number, connectorStatus: string) => ({ evseId, connectorId, connectorStatus, timestamp: '2026-01-01T00:00:00Z' }) // biome-ignore format: one line
// biome-ignore format: a table
const TRIGGERS = [
  ['ocpp1.6',   { connectorId: 2 },                'StatusNotification', status16(1, 'Available'),                       status16(2, 'Available')],
  ['ocpp2.0.1', { evse: { id: 2 } },               'StatusNotification', status2(1, 2, 'Available'),                     status2(2, 1, 'Available')],
  ['ocpp2.1',   { evse: { id: 1, connectorId: 2 } }, 'StatusNotification', status2(1, 1, 'Available'),                   status2(1, 2, 'Available')],
  ['ocpp2.1',   { evse: { id: 1 } },               'TransactionEvent',   { ...told('Updated', 'Trigger'), evse: { id: 2 } }, told('Updated', 'Trigger')],
  ['ocpp2.1',   { evse: { id: 1 } },               'TransactionEvent',   told('Updated', 'MeterValuePeriodic'),          { ...told('Updated', 'Trigger'), evse: { id: 1 } }],
  ['ocpp1.6',   { connectorId: 2 },                'Heartbeat',          undefined,                                      {}],
] as const
for (const [protocol, place, requestedMessage, other, shows] of TRIGGERS) {
  test(`${protocol}: a triggered ${requestedMessage} is that of the place that was asked for: ${JSON.stringify(place)}`, async (t) => {
    const { submit, reaches, say } = await startPair(t, protocol)
    const operation = await submit('TriggerMessage', { requestedMessage, ...place })
    await reaches(operation, 'accepted')

    if (other) await say(requestedMessage, other)
    await reaches(operation, 'accepted')
    await say(requestedMessage, shows)

    await reaches(operation, 'effect-seen')
  })
}

for (const protocol of ['ocpp1.6', 'ocpp2.0.1'] as const) {
  const is16 = protocol === 'ocpp1.6'
  const ask = (evseId: number, type: string) => (is16 ? { connectorId: evseId, type } : { evse: { id: evseId }, operationalStatus: type }) // biome-ignore format: one line
  const status = (evseId: number, word: string) => (is16 ? status16(evseId, word) : status2(evseId, 1, word)) // biome-ignore format: one line

  test(`${protocol}: what is faulted or unavailable is not in operation`, async (t) => {
    const { submit, reaches, say } = await startPair(t, protocol)
    const operation = await submit('ChangeAvailability', ask(1, 'Operative'))
    await reaches(operation, 'accepted')

    for (const word of ['Faulted', 'Unavailable']) await say('StatusNotification', status(1, word))
    await reaches(operation, 'accepted')
    await say('StatusNotification', status(1, is16 ? 'Preparing' : 'Occupied'))

    const { effect } = await reaches(operation, 'effect-seen')
    assert.equal(effect, `EVSE 1 is ${is16 ? 'Preparing' : 'Occupied'}`)
  })

  test(`${protocol}: what is already as asked is seen at once, unless it is scheduled for later`, async (t) => {
    const { submit, reaches, say, answers } = await startPair(t, protocol)
    const [whole, one] = [is16 ? { connectorId: 0, type: 'Inoperative' } : { operationalStatus: 'Inoperative' }, ask(1, 'Inoperative')] // biome-ignore format: one line
    await say('StatusNotification', status(1, 'Unavailable'))
    await say('StatusNotification', status(2, 'Available'))

    const waits = await submit('ChangeAvailability', whole)
    await reaches(waits, 'accepted')
    const seen = await reaches(await submit('ChangeAvailability', one), 'effect-seen')
    assert.equal(seen.effect, 'EVSE 1 is Unavailable already')
    await say('StatusNotification', status(2, 'Unavailable'))
    assert.equal((await reaches(waits, 'effect-seen')).effect, 'EVSE 2 is Unavailable')
    const all = await reaches(await submit('ChangeAvailability', whole), 'effect-seen')
    assert.equal(all.effect, 'EVSE 1 is Unavailable, EVSE 2 is Unavailable already')
    answers.set('ChangeAvailability', { status: 'Scheduled' })
    await reaches(await submit('ChangeAvailability', one), 'accepted')
  })

  test(`${protocol}: a station is as asked when all its connectors are, however long one still charges`, async (t) => {
    const { submit, reaches, say, answers, clock, store } = await startPair(t, protocol)
    const busy = is16 ? 'Charging' : 'Occupied'
    await say('StatusNotification', status(1, busy))
    await say('StatusNotification', status(2, 'Available'))
    await say('StatusNotification', status(3, 'Faulted'))
    answers.set('ChangeAvailability', { status: 'Scheduled' })
    const operation = await submit('ChangeAvailability', is16 ? { connectorId: 0, type: 'Inoperative' } : { operationalStatus: 'Inoperative' }) // biome-ignore format: one line
    await reaches(operation, 'accepted')

    await say('StatusNotification', status(2, 'Unavailable'))
    if (is16) await say('StatusNotification', status(0, 'Unavailable'))
    await clock.advance(3_600_000)
    assert.equal(store.operations.find(operation.id)?.state, 'accepted')
    await say('StatusNotification', status(1, 'Unavailable'))

    assert.equal((await reaches(operation, 'effect-seen')).effect, 'EVSE 1 is Unavailable')
  })

  test(`${protocol}: a status is the effect of the last change that was asked for there`, async (t) => {
    const { submit, reaches, say, answers } = await startPair(t, protocol)
    await say('StatusNotification', status(1, 'Available'))
    answers.set('ChangeAvailability', { status: 'Scheduled' })
    const first = await submit('ChangeAvailability', ask(1, 'Inoperative'))
    const elsewhere = await submit('ChangeAvailability', ask(2, 'Inoperative'))
    await reaches(first, 'accepted')
    const last = await submit('ChangeAvailability', ask(1, 'Inoperative'))
    await reaches(last, 'accepted')

    await say('StatusNotification', status(1, 'Unavailable'))

    assert.equal((await reaches(last, 'effect-seen')).effect, 'EVSE 1 is Unavailable')
    assert.equal((await reaches(first, 'no-effect')).problem, 'accepted, no effect before another one was asked for') // biome-ignore format: one line
    await reaches(elsewhere, 'accepted')
  })
}

for (const protocol of ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'] as const) {
  const is16 = protocol === 'ocpp1.6'
  const item = { component: { name: 'OCPPCommCtrlr' }, variable: { name: 'HeartbeatInterval' } }
  const action = is16 ? 'ChangeConfiguration' : 'SetVariables'
  const request = is16
    ? { key: 'HeartbeatInterval', value: '2' }
    : { setVariableData: [{ ...item, attributeValue: '2' }] }
  const boot = is16
    ? { chargePointVendor: 'V', chargePointModel: 'M' }
    : { reason: 'RemoteReset', chargingStation: { vendorName: 'V', model: 'M' } }
  /** A station that takes values, and says that they count after a reboot. */
  const rebooting = async (t: Parameters<typeof startPair>[0]) => {
    const pair = await startPair(t, protocol)
    const reads = (value: string) => {
      pair.answers.set('GetConfiguration', { configurationKey: [{ key: 'HeartbeatInterval', readonly: false, value }] }) // biome-ignore format: one line
      pair.answers.set('GetVariables', { getVariableResult: [{ ...item, attributeStatus: 'Accepted', attributeValue: value }] }) // biome-ignore format: one line
    }
    pair.answers.set('ChangeConfiguration', { status: 'RebootRequired' })
    pair.answers.set('SetVariables', { setVariableResult: [{ ...item, attributeStatus: 'RebootRequired' }] }) // biome-ignore format: one line
    reads('1')
    return { ...pair, reads }
  }

  test(`${protocol}: a value that counts after a reboot is seen when it is read after the station has booted`, async (t) => {
    const { submit, reaches, say, reads, clock, asked, store } = await rebooting(t)
    const operation = await submit(action, request)
    const { effect, problem } = await reaches(operation, 'accepted')
    assert.deepEqual([effect, problem], ['in force after a reboot', undefined])

    // However long that takes, the old value is no sign of anything.
    for (let minute = 0; minute < 30; minute++) await clock.advance(60_000)
    assert.equal(store.operations.find(operation.id)?.state, 'accepted')
    assert.deepEqual(asked.map(([name]) => name), [action]) // biome-ignore format: one line

    reads('2')
    await say('BootNotification', boot)
    const seen = await reaches(operation, 'effect-seen')
    assert.match(String(seen.effect), /HeartbeatInterval reads 2/)
  })

  test(`${protocol}: a value that is still the old one after the reboot has had no effect`, async (t) => {
    const { submit, reaches, say } = await rebooting(t)
    const operation = await submit(action, request)
    await reaches(operation, 'accepted')
    await say('BootNotification', boot)
    const { problem } = await reaches(operation, 'no-effect')
    assert.match(String(problem), /says otherwise/)
  })

  test(`${protocol}: what was to count after a reboot is not said to be without effect when the CSMS restarts`, async (t) => {
    const { csms, store, submit, reaches } = await rebooting(t)
    const operation = await submit(action, request)
    await reaches(operation, 'accepted')
    await csms.operations.start()
    const { state, problem } = store.operations.find(operation.id) ?? {}
    assert.equal(state, 'accepted')
    assert.match(String(problem), /^accepted, in force after a reboot; the CSMS was restarted/)
  })
}
