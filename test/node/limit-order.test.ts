import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KnownLimits, limitChangeOf } from '../../src/node/limit-order.ts'
import type { MessageId } from '../../src/primitives/ids.ts'
import { encodePayload } from '../../src/wire/payload.ts'
import { overlay } from '../support/memory-overlay.ts'

/** Which changes of a limit must not wait: judged against what the station may have in force. */

type Periods = readonly (readonly [start: number, limit: number, more?: object])[]
interface Setting {
  readonly periods: Periods
  readonly unit?: string
  readonly evseId?: number
  readonly profile?: object
  readonly schedule?: object
}

function setting({ periods, unit = 'A', evseId = 1, profile = {}, schedule = {} }: Setting) {
  const chargingSchedulePeriod = periods.map(([startPeriod, limit, more]) => ({ startPeriod, limit, ...more })) // biome-ignore format: one line
  return { evseId, chargingProfile: { id: 1, stackLevel: 0, chargingProfilePurpose: 'TxDefaultProfile', chargingProfileKind: 'Absolute', ...profile, chargingSchedule: [{ id: 1, chargingRateUnit: unit, ...schedule, chargingSchedulePeriod }] } } // biome-ignore format: one line
}
const flat = (limit: number, unit = 'A'): Setting => ({ periods: [[0, limit]], unit })
const dynamic = (scheduleUpdate: object, chargingProfileId = 1) => ({ chargingProfileId, scheduleUpdate }) // biome-ignore format: one line

/** Changes on their way to one station. */
function station() {
  const known = new KnownLimits()
  let count = 0
  const send = (action: string, payload: object, status?: string) => {
    const id = `m${count++}` as MessageId
    const change = limitChangeOf(action, encodePayload(payload), id, () => known)
    const answer = (told: object) => known.answered(id, encodePayload(told))
    if (status !== undefined) answer({ status })
    return { ...change, answer }
  }
  const set = (one: Setting, status?: string) => send('SetChargingProfile', setting(one), status)
  return { send, set }
}

const accepted: readonly (readonly [string, Setting, Setting, boolean])[] = [
  ['less', flat(16), flat(10), true],
  ['more', flat(16), flat(32), false],
  ['the same', flat(16), flat(16), false],
  ['less in another unit', flat(16), flat(1400, 'W'), true],
  ['another unit, so nobody knows', flat(7000, 'W'), flat(32), true],
  ['less at first, the least limit is as before', { periods: [[0, 32], [60, 6]] }, { periods: [[0, 10], [60, 6]] }, true],
  ['less at last', { periods: [[0, 6], [60, 32]] }, { periods: [[0, 6], [60, 10]] }, true],
  ['more everywhere', { periods: [[0, 10], [60, 6]] }, { periods: [[0, 32], [60, 7]] }, false],
  ['the low period comes sooner', { periods: [[0, 32], [60, 6]] }, { periods: [[0, 32], [30, 6]] }, true],
  ['the low period comes later', { periods: [[0, 32], [60, 6]] }, { periods: [[0, 32], [90, 6]] }, false],
  ['more everywhere in fewer periods', { periods: [[0, 10], [30, 9], [60, 2]] }, { periods: [[0, 16], [60, 5]] }, false],
  ['a limit where none was', { periods: [[60, 6]] }, { periods: [[0, 32], [60, 6]] }, true],
  ['fewer phases', { periods: [[0, 16, { numberPhases: 3 }]] }, { periods: [[0, 16, { numberPhases: 1 }]] }, true],
  ['another start', flat(16), { ...flat(32), schedule: { startSchedule: '2026-11-22T12:00:00Z' } }, true],
  ['for another transaction', { ...flat(10), profile: { transactionId: 'T1' } }, { ...flat(16), profile: { transactionId: 'T2' } }, true],
  ['at another EVSE', flat(10), { ...flat(16), evseId: 2 }, true],
  ['periods in no order', flat(10), { periods: [[60, 32], [0, 32]] }, true],
  ['no periods', flat(10), { periods: [] }, true],
] // biome-ignore format: a table

for (const [what, before, after, isLower] of accepted) {
  test(`after an accepted profile this ${isLower ? 'must not wait' : 'waits its turn'}: ${what}`, () => {
    const { set } = station()
    assert.equal(set(before, 'Accepted').isLower, true, 'nothing was known')
    assert.equal(set(after).isLower, isLower)
  })
}

test('a profile of OCPP 1.6 is compared alike', () => {
  const { send } = station()
  const of16 = (limit: number) => ({ connectorId: 1, csChargingProfiles: { chargingProfileId: 1, stackLevel: 0, chargingProfilePurpose: 'TxDefaultProfile', chargingProfileKind: 'Absolute', chargingSchedule: { chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit }] } } }) // biome-ignore format: one line
  send('SetChargingProfile', of16(16), 'Accepted')
  assert.equal(send('SetChargingProfile', of16(32)).isLower, false)
  assert.equal(send('SetChargingProfile', of16(15)).isLower, true)
})

test('of a transaction that is not named nobody knows whether it is over: its limit is not compared', () => {
  const { set } = station()
  const nameless = (limit: number) => ({ ...flat(limit), profile: { chargingProfilePurpose: 'TxProfile' } }) // biome-ignore format: one line
  set(nameless(6), 'Accepted')
  assert.equal(set(nameless(16)).isLower, true)
})

test('a remote start that brings a profile makes the one of its id unknown, and waits its turn itself', () => {
  for (const [action, idMember] of [
    ['RemoteStartTransaction', 'chargingProfileId'],
    ['RequestStartTransaction', 'id'],
  ] as const) {
    const { set, send } = station()
    set(flat(6), 'Accepted')
    assert.equal(send(action, { chargingProfile: { [idMember]: 2 } }).isLower, undefined)
    assert.equal(set(flat(16), 'Accepted').isLower, false)
    send(action, { chargingProfile: { [idMember]: 1 } })
    assert.equal(set(flat(32)).isLower, true)
  }
})

test('what a station refuses is not in force', () => {
  for (const status of ['Rejected', 'NotSupported']) {
    const { set } = station()
    set(flat(32), 'Accepted')
    set(flat(6), status)
    assert.equal(set(flat(10)).isLower, true)
  }
})

test('what is on its way counts as well as what is in force', () => {
  const { set } = station()
  set(flat(16), 'Accepted')
  const raise = set(flat(32))
  assert.equal(raise.isLower, false)
  assert.equal(set(flat(20)).isLower, true, 'the raise may come first')
  raise.answer({ status: 'Rejected' })
  assert.equal(set(flat(24)).isLower, false, 'more than 16 and than 20')
})

test('an answer without a status leaves both possible', () => {
  const { set } = station()
  set(flat(16), 'Accepted')
  set(flat(32)).answer({})
  assert.equal(set(flat(20)).isLower, true)
})

test('after a profile was cleared nothing is known, not even by an answer that comes late', () => {
  const { set, send } = station()
  const late = set(flat(6))
  send('ClearChargingProfile', {})
  late.answer({ status: 'Accepted' })
  assert.equal(set(flat(16)).isLower, true)
})

test('an update of a dynamic schedule is judged by the update before', () => {
  const { send } = station()
  const update = (scheduleUpdate: object, profileId?: number) =>
    send('UpdateDynamicSchedule', dynamic(scheduleUpdate, profileId), 'Accepted').isLower
  assert.equal(update({ limit: 0 }), true)
  assert.equal(update({ limit: 11_000 }), false)
  assert.equal(update({ limit: 7_000 }), true)
  assert.equal(update({ limit: 8_000, limit_L2: 0 }), true)
  assert.equal(update({ setpoint: -3_000 }), true)
  assert.equal(update({ limit: 9_000 }, 2), true, 'another profile')
})

test('a profile and its dynamic updates make each other unknown, and the updates are for its EVSE', () => {
  const { set, send } = station()
  set({ ...flat(10), evseId: 3 }, 'Accepted')
  assert.equal(send('UpdateDynamicSchedule', dynamic({ limit: 32 }), 'Accepted').order, '3')
  assert.equal(set({ ...flat(16), evseId: 3 }, 'Accepted').isLower, true)
  assert.equal(send('UpdateDynamicSchedule', dynamic({ limit: 40 })).isLower, true)
  assert.equal(send('UpdateDynamicSchedule', dynamic({ limit: 0 }, 9)).order, '*')
})

test('payloads that are no such thing must not wait either, and harm nothing', () => {
  const { send } = station()
  for (const payload of [
    {},
    { chargingProfile: null },
    { evseId: 1, chargingProfile: { chargingSchedule: [null] } },
    { evseId: 1, chargingProfile: { chargingSchedule: { chargingSchedulePeriod: [null, 7] } } },
  ]) {
    assert.equal(send('SetChargingProfile', payload, 'Accepted').isLower, true)
    assert.equal(send('SetChargingProfile', payload, 'Accepted').isLower, true)
  }
  assert.equal(send('UpdateDynamicSchedule', {}, 'Accepted').isLower, true)
})

test('many changes without an answer, many places and many periods stay bounded, and count as lower', () => {
  const { set } = station()
  const at = (evseId: number, limit: number) => ({
    ...flat(limit),
    evseId,
    profile: { id: evseId },
  })
  for (let i = 0; i < 300; i++) set(at(i, 10), 'Accepted')
  assert.equal(set(at(299, 16)).isLower, false)
  assert.equal(set(at(0, 16)).isLower, true, 'the oldest is forgotten')
  for (let i = 0; i < 20; i++) set(at(299, 20 + i))
  assert.equal(set(at(299, 60)).isLower, true)
  const long = { periods: Array.from({ length: 1_100 }, (_, i) => [i, 10] as const), evseId: 5 }
  set(long, 'Accepted')
  assert.equal(set(long).isLower, true)
})

test('through a node: what a station refused is not taken for its limit, an update of a dynamic schedule to 0 goes first', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const cs = net.station('CS01', 'NN01', 'ocpp2.1')
  await net.settle()
  let count = 0
  const call = (action: string, payload: object) =>
    above.send(`[2,"CS01",["CSMS01"],"${count++}","${action}",${JSON.stringify(payload)}]`)
  const answer = async (status: string) => {
    await net.settle()
    const [frame] = cs.take()
    cs.send(`[3,"${frame?.[1]}",{"status":"${status}"}]`)
    await net.settle()
    return String(frame?.[2])
  }
  for (const [limit, status] of [[32, 'Accepted'], [6, 'Rejected']] as const) {
    call('SetChargingProfile', setting(flat(limit)))
    await answer(status)
  } // biome-ignore format: a table
  for (const action of ['GetBaseReport', 'ClearCache']) call(action, {})
  call('SetChargingProfile', setting({ ...flat(40), evseId: 1 })) // more than 32
  call('SetChargingProfile', setting({ ...flat(10), evseId: 2, profile: { id: 2 } }))
  call('UpdateDynamicSchedule', dynamic({ limit: 0 }, 2))
  const order: string[] = []
  for (let i = 0; i < 5; i++) order.push(await answer('Accepted'))
  assert.deepEqual(order, ['GetBaseReport', 'SetChargingProfile', 'UpdateDynamicSchedule', 'ClearCache', 'SetChargingProfile']) // biome-ignore format: one line
  for (const action of ['GetBaseReport', 'ClearCache']) call(action, {})
  call('SetChargingProfile', setting(flat(30)))
  const last: string[] = []
  for (let i = 0; i < 3; i++) last.push(await answer('Accepted'))
  assert.deepEqual(last, ['GetBaseReport', 'SetChargingProfile', 'ClearCache'])
})

test('what is left when a profile is gone, and what a grid asks for, nobody here knows: it does not wait', () => {
  const { send } = station()
  for (const action of ['ClearChargingProfile', 'SetDERControl', 'ClearDERControl']) {
    assert.equal(send(action, {}).isLower, true, action)
  }
  assert.equal(send('TriggerMessage', {}).order, undefined)
})
