import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { PROTOCOLS, type Protocol } from '../../src/messages/protocols.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { createChargingStation } from '../../src/roles/charging-station/charging-station.ts'
import { dial } from '../../src/transport/websocket-client.ts'
import { until } from '../end-to-end/processes.ts'
import { startApi } from './api.ts'

/** What stations hold by their own word, asked for by the API and done by a station at its socket. */

async function startPair(t: TestContext, protocol: Protocol) {
  const api = await startApi(t)
  const station = createChargingStation({
    nodeId: 'CS01',
    protocol,
    evses: 2,
    links: [
      dial({
        url: api.stationUrl,
        nodeId: 'CS01' as NodeId,
        mode: 'standard',
        protocols: [protocol],
      }),
    ],
  })
  await station.start()
  t.after(() => station.stop())
  await until('the station to boot', () => api.store.stationRow('CS01')?.bootedAt)
  await until('its EVSEs to be free', () => station.evse(2).status === 'Available')
  const read = async (path: string) => (await api.ask('viewer', 'GET', path)).body
  const token = async (idToken: string, more: object = {}) =>
    (await api.ask('operator', 'POST', '/api/tokens', { idToken, ...more })).body.id as number
  /** Asks, and resolves with the operation when it has got to a state. */
  const reaches = async (state: string, method: string, path: string, body?: object) => {
    const asked = await api.ask('technician', method, `/api/stations/CS01/${path}`, body)
    assert.equal(asked.status, 202, JSON.stringify(asked.body))
    const address = asked.headers.get('location') ?? ''
    await until(`${method} ${path} to be ${state}`, async () => {
      const { state: is, problem } = await read(address)
      assert.ok(is === state || is === 'sent' || is === 'accepted', `${is}: ${problem}`)
      return is === state
    })
    return asked.body
  }
  const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString()
  return { ...api, station, read, token, reaches, inAnHour }
}

const WORD = { tag: '04A1B2C3' }

for (const protocol of PROTOCOLS) {
  test(`${protocol}: a reservation is listed once the station has it, and used up by its driver`, async (t) => {
    const { station, read, token, reaches, inAnHour } = await startPair(t, protocol)
    const tokenId = await token(WORD.tag, { groupId: 'FLEET' })
    const expiresAt = inAnHour()

    await reaches('effect-seen', 'POST', 'reservations', { evseId: 2, tokenId, expiresAt })

    const [row, ...others] = (await read('/api/reservations?station=CS01')).reservations
    assert.deepEqual([row.state, row.evseId, row.expiresAt, others], ['reserved', 2, expiresAt, []])
    assert.ok(!JSON.stringify(row).includes(WORD.tag))
    assert.equal(station.evse(2).status, 'Reserved')
    await station.present(2, WORD.tag)
    station.plugIn(2)
    await until('it to be used', async () => (await read('/api/reservations?state=used')).reservations[0]) // biome-ignore format: one line
    assert.deepEqual((await read('/api/reservations?state=reserved')).reservations, [])
  })

  test(`${protocol}: a cancelled reservation is free again, one the station refuses was never there`, async (t) => {
    const { station, read, token, reaches, inAnHour } = await startPair(t, protocol)
    const wish = { tokenId: await token(WORD.tag), expiresAt: inAnHour() }
    await reaches('effect-seen', 'POST', 'reservations', { evseId: 1, ...wish })
    const [{ reservationId }] = (await read('/api/reservations')).reservations

    await reaches('refused', 'POST', 'reservations', { evseId: 9, ...wish })
    await reaches('effect-seen', 'DELETE', `reservations/${reservationId}`)

    const rows = (await read('/api/reservations')).reservations as { state: string }[]
    assert.deepEqual(
      rows.map(({ state }) => state),
      ['cancelled'],
    )
    await until('the EVSE to be free', () => station.evse(1).status === 'Available')
  })

  test(`${protocol}: a limit is listed once the station obeys it, and gone when it is removed`, async (t) => {
    const { station, read, reaches } = await startPair(t, protocol)
    const limit = { evseId: 0, purpose: 'ChargingStationMaxProfile', stackLevel: 0, kind: 'Absolute', unit: 'A', startsAt: '2026-01-01T00:00:00.000Z', periods: [{ startS: 0, limit: 9 }] } // biome-ignore format: one line
    const limited = async () => {
      const schedule = await reaches('effect-seen', 'POST', 'operations/GetCompositeSchedule', protocol === 'ocpp1.6' ? { connectorId: 0, duration: 60, chargingRateUnit: 'A' } : { evseId: 0, duration: 60, chargingRateUnit: 'A' }) // biome-ignore format: one line
      const { answer } = await read(`/api/operations/${schedule.id}`)
      return (answer.schedule ?? answer.chargingSchedule).chargingSchedulePeriod[0].limit
    }

    const { profileId } = await reaches('effect-seen', 'POST', 'profiles', limit)

    const [row, ...others] = (await read('/api/profiles?station=CS01')).profiles
    assert.deepEqual([row.profileId, row.evseId, row.purpose, row.source, others], [profileId, 0, 'ChargingStationMaxProfile', 'CSO', []]) // biome-ignore format: one line
    assert.equal(await limited(), 9)
    assert.equal(station.evse(1).status, 'Available')
    await reaches('effect-seen', 'DELETE', `profiles/${profileId}`)
    assert.deepEqual((await read('/api/profiles')).profiles, [])
    assert.ok((await limited()) > 9)
  })

  test(`${protocol}: the profile of a transaction is gone with it, and one that is refused is not listed`, async (t) => {
    const { station, read, reaches, token } = await startPair(t, protocol)
    await token(WORD.tag)
    const limit = { evseId: 1, purpose: 'TxProfile', stackLevel: 0, kind: 'Relative', unit: 'A', periods: [{ startS: 0, limit: 8 }] } // biome-ignore format: one line
    await reaches('refused', 'POST', 'profiles', { ...limit, transactionId: '77' })
    station.plugIn(1)
    await station.present(1, WORD.tag)
    const { transactionId } = await until('a transaction', async () => (await read('/api/transactions?state=running')).transactions[0]) // biome-ignore format: one line

    await reaches('effect-seen', 'POST', 'profiles', { ...limit, transactionId })

    assert.equal((await read('/api/profiles')).profiles[0].transactionId, transactionId)
    station.unplug(1)
    await until('its end', async () => (await read('/api/transactions?state=ended')).transactions[0]) // biome-ignore format: one line
    assert.deepEqual((await read('/api/profiles')).profiles, [])
  })

  test(`${protocol}: a local list of more tokens than a message takes arrives as a whole`, async (t) => {
    const { store, read, token, reaches } = await startPair(t, protocol)
    await token('BLOCKED-1', { status: 'Blocked' })
    await token('X'.repeat(200))
    const at = new Date().toISOString()
    const plain = { type: 'Central', status: 'Accepted', note: '', concurrent: false, changedAt: at } as const // biome-ignore format: one line
    await store.write(() => {
      for (let n = 0; n < 249; n++) store.tokens.put({ idToken: `TAG-${n}`, ...plain })
    })
    assert.equal((await read('/api/stations/CS01/local-list')).version, 0)

    const { messages, leftOut } = await reaches('effect-seen', 'PUT', 'local-list', {})

    const isLong = protocol !== 'ocpp2.1'
    assert.deepEqual([messages, leftOut], [3, isLong ? 1 : 0])
    const list = await until('the whole list', async () => {
      const now = await read('/api/stations/CS01/local-list')
      return now.version === 3 && now
    })
    assert.equal(list.entries.length, isLong ? 250 : 251)
    const statuses = list.entries.map(({ status }: { status: string }) => status)
    assert.equal(statuses.filter((status: string) => status === 'Blocked').length, 1)
    assert.ok(!JSON.stringify(list).includes('TAG-1'))
    const version = await reaches('effect-seen', 'POST', 'operations/GetLocalListVersion', {})
    const { answer } = await read(`/api/operations/${version.id}`)
    assert.equal(answer.versionNumber ?? answer.listVersion, 3)
  })
}

test('profiles and reservations that are asked for at once get ids of their own, and both are there', async (t) => {
  const { ask, read, token, inAnHour } = await startPair(t, 'ocpp2.0.1')
  const [one, two] = [await token('ONE'), await token('TWO')]
  const at = { purpose: 'TxDefaultProfile', stackLevel: 0, kind: 'Relative', unit: 'A', periods: [{ startS: 0, limit: 8 }] } // biome-ignore format: one line
  const together = (path: string, bodies: object[]) =>
    Promise.all(bodies.map((body) => ask('technician', 'POST', `/api/stations/CS01/${path}`, body)))

  await together('profiles', [{ ...at, evseId: 1 }, { ...at, evseId: 2 }]) // biome-ignore format: one line
  const wish = { expiresAt: inAnHour() }
  await together('reservations', [{ ...wish, evseId: 1, tokenId: one }, { ...wish, evseId: 2, tokenId: two }]) // biome-ignore format: one line

  await until('both profiles', async () => (await read('/api/profiles')).profiles.length === 2)
  await until('both reservations', async () => (await read('/api/reservations?state=reserved')).reservations.length === 2) // biome-ignore format: one line
})

test('of two lists at once one is refused, and so is a message of another one, until the first has arrived', async (t) => {
  const { ask, read, token } = await startPair(t, 'ocpp2.0.1')
  for (let n = 0; n < 150; n++) await token(`TAG-${n}`)
  const path = '/api/stations/CS01/local-list'
  const other = { versionNumber: 9, updateType: 'Differential' }

  const lists = await Promise.all([1, 2].map(() => ask('technician', 'PUT', path, {})))
  const raw = await ask('technician', 'POST', '/api/stations/CS01/operations/SendLocalList', other)

  assert.deepEqual(lists.map(({ status }) => status).toSorted(), [202, 409])
  assert.equal(raw.status, 409)
  assert.match(raw.body.detail, /a local list is on its way to CS01.*; try again when/)
  const list = await until('the whole list', async () => {
    const now = await read(path)
    return now.job === undefined && now.version === 2 && now
  })
  assert.equal(list.entries.length, 150)
})

test('a list that the station does not take leaves the old one as it was', async (t) => {
  const { read, token, reaches } = await startPair(t, 'ocpp2.0.1')
  const tokenId = await token(WORD.tag)
  await reaches('effect-seen', 'PUT', 'local-list', { tokenIds: [tokenId] })
  const stale = { versionNumber: 1, updateType: 'Differential', localAuthorizationList: [{ idToken: { idToken: 'OTHER', type: 'Central' }, idTokenInfo: { status: 'Accepted' } }] } // biome-ignore format: one line

  await reaches('refused', 'POST', 'operations/SendLocalList', stale)

  const { version, entries } = await read('/api/stations/CS01/local-list')
  assert.deepEqual([version, entries.length], [1, 1])
})

test('profiles that the station reports are listed with who set them', async (t) => {
  const { station, read, reaches } = await startPair(t, 'ocpp2.0.1')
  station.limitExternally(7_000)

  await reaches('effect-seen', 'POST', 'operations/GetChargingProfiles', { requestId: 5, chargingProfile: {} }) // biome-ignore format: one line

  const [{ purpose, source }] = (await read('/api/profiles')).profiles
  assert.equal(purpose, 'ChargingStationExternalConstraints')
  assert.notEqual(source, 'CSO')
})

test('the configuration of a 1.6 station is listed as it said it', async (t) => {
  const { read, reaches } = await startPair(t, 'ocpp1.6')

  await reaches('effect-seen', 'POST', 'operations/GetConfiguration', { key: ['SendLocalListMaxLength'] }) // biome-ignore format: one line

  const { variables } = await read('/api/stations/CS01')
  const [{ component, variable, value, mutability }] = variables
  assert.deepEqual([component, variable, value, mutability], ['Configuration', 'SendLocalListMaxLength', '100', 'ReadOnly']) // biome-ignore format: one line
})

test('what cannot be asked for is refused with what is wrong, and asks the station nothing', async (t) => {
  const { ask, token, inAnHour } = await startPair(t, 'ocpp1.6')
  const tokenId = await token('A-TOKEN-OF-36-CHARACTERS-THAT-1.6-HA')
  const expiresAt = inAnHour()
  const refused = async (
    method: string,
    path: string,
    body: object | undefined,
    status: number,
    said: RegExp,
  ) => {
    const answer = await ask('technician', method, `/api/stations/${path}`, body)
    assert.deepEqual([answer.status, said.test(answer.body.detail)], [status, true], JSON.stringify(answer.body)) // biome-ignore format: one line
  }

  await refused('POST', 'CS01/reservations', { tokenId, expiresAt }, 422, /20/)
  await refused('POST', 'CS01/reservations', { tokenId: 999, expiresAt }, 422, /no token 999/)
  await refused('POST', 'CS01/reservations', { tokenId, expiresAt: '2020-01-01T00:00:00Z' }, 422, /future/) // biome-ignore format: one line
  await refused('POST', 'CS01/reservations', { tokenId, expiresAt: 'soon' }, 400, /date-time/)
  await refused('POST', 'CS99/reservations', { tokenId, expiresAt }, 404, /CS99/)
  await refused('DELETE', 'CS99/reservations/1', undefined, 404, /CS99/)
  await refused('PUT', 'CS99/local-list', {}, 404, /CS99/)
  await ask('technician', 'PUT', '/api/stations/CS77', { known: true })
  await refused('PUT', 'CS77/local-list', {}, 409, /CS77 is entered and has not booted since.*; let it connect/) // biome-ignore format: one line
  await refused('POST', 'CS77/reservations', { tokenId, expiresAt }, 409, /has not booted since/)
  await refused('PUT', 'CS01/local-list', { tokenIds: [999] }, 422, /no token 999/)
  await refused('POST', 'CS01/profiles', { evseId: 0, purpose: 'TxProfile', stackLevel: 0, kind: 'Absolute', unit: 'A', periods: [] }, 400, /periods/) // biome-ignore format: one line
  assert.deepEqual((await ask('viewer', 'GET', '/api/operations')).body.operations, [])
})

test('security events of all stations are read page by page, of one station or type', async (t) => {
  const { store, read } = await startPair(t, 'ocpp2.1')
  const of = (station: string, type: string) =>
    store.securityEvents.add(station, { type, timestamp: '2026-01-05T11:00:00Z' }, '2026-01-05T11:00:01Z') // biome-ignore format: one line
  await store.write(() => {
    for (const station of ['CS07', 'CS08']) for (const type of ['FirmwareUpdated', 'TamperDetectionActivated']) of(station, type) // biome-ignore format: one line
  })
  const names = (page: { events: { station: string; type: string }[] }) =>
    page.events.map(({ station, type }) => `${station} ${type}`)

  const first = await read('/api/security-events?station=CS08&limit=1')
  assert.deepEqual(names(first), ['CS08 TamperDetectionActivated'])
  const second = await read(`/api/security-events?station=CS08&limit=1&before=${first.older}`)
  assert.deepEqual(names(second), ['CS08 FirmwareUpdated'])
  const typed = await read('/api/security-events?type=FirmwareUpdated')
  assert.deepEqual(names(typed), ['CS08 FirmwareUpdated', 'CS07 FirmwareUpdated'])
})

/** All pages of a list, and what is done between two of them. */
async function pagesOf(
  read: (path: string) => Promise<Record<string, never[]>>,
  name: string,
  between: (page: number) => Promise<unknown> = async () => {},
) {
  const pages: object[][] = []
  for (let after = ''; pages.length < 20; ) {
    const { [name]: rows = [], next } = await read(`/api/${name}?limit=2${after}`)
    pages.push(rows)
    if (next === undefined) break
    await between(pages.length)
    after = `&after=${next}`
  }
  return pages
}

test('reservations come page by page, none twice and none left out, also when one ends meanwhile', async (t) => {
  const { store, ask } = await startApi(t)
  const read = async (path: string) => (await ask('viewer', 'GET', path)).body
  const row = { station: 'CS01', evseId: 1, idToken: 'TAG-1' }
  const at = (hour: number) => `2999-01-01T0${hour}:00:00.000Z`
  await store.write(() => {
    for (const [i, hour] of [3, 1, 2, 1].entries()) store.reservations.put({ ...row, reservationId: i, expiresAt: at(hour), state: 'reserved', changedAt: at(0) }) // biome-ignore format: one line
    for (const [i, hour] of [5, 7, 7].entries()) store.reservations.put({ ...row, reservationId: 10 + i, expiresAt: at(1), state: 'used', changedAt: at(hour) }) // biome-ignore format: one line
  })
  const ids = (pages: object[][]) => pages.map((page) => page.map((one) => (one as { reservationId: number }).reservationId)) // biome-ignore format: one line

  const pages = await pagesOf(read, 'reservations')
  assert.deepEqual(ids(pages), [[1, 3], [2, 0], [11, 12], [10]])
  const meanwhile = await pagesOf(read, 'reservations', (page) =>
    store.write(() => page === 1 && store.reservations.end('CS01', 3, 'cancelled', at(9))),
  )

  assert.deepEqual(
    ids(meanwhile),
    [
      [1, 3],
      [2, 0],
      [3, 11],
      [12, 10],
    ],
    'it stands where it is now',
  )
  assert.equal((await read('/api/reservations?limit=7')).next, undefined)
})

test('charging profiles come page by page in their order, none twice and none left out', async (t) => {
  const { store, ask } = await startApi(t)
  const read = async (path: string) => (await ask('viewer', 'GET', path)).body
  const row = { purpose: 'TxDefaultProfile', transactionId: undefined, source: 'CSO', profile: {}, changedAt: '2026-01-05T11:00:00.000Z' } // biome-ignore format: one line
  await store.write(() => {
    for (const [
      i,
      [station, evseId, stackLevel],
    ] of ([['CS02', 0, 0], ['CS01', 1, 1], ['CS01', 1, 0], ['CS01', 0, 5], ['CS01', 1, 1]] as const).entries()) // biome-ignore format: one line
      store.profiles.put({ ...row, station, evseId, stackLevel, profileId: i })
  })

  const pages = await pagesOf(read, 'profiles')

  const ids = pages.map((page) => page.map((one) => (one as { profileId: number }).profileId))
  assert.deepEqual(ids, [[3, 2], [1, 4], [0]])
  assert.equal((await read('/api/profiles?station=CS01&limit=4')).next, undefined)
})

test('a cursor of nothing, or of another list, is refused with what it should be', async (t) => {
  const { ask } = await startApi(t)
  const other = Buffer.from('["CS01",0,"TxProfile",0,1]').toString('base64url')
  for (const path of [
    'reservations?after=guess',
    `reservations?after=${other}`,
    'profiles?after=W10',
  ]) {
    const { status, body } = await ask('viewer', 'GET', `/api/${path}`)
    assert.deepEqual([status, body.detail], [400, '"after" must be what the page before gave as "next"']) // biome-ignore format: one line
  }
})

test('a dynamic limit that is updated is what the station gets when it asks for it', async (t) => {
  const { read, reaches, store } = await startPair(t, 'ocpp2.1')
  const profile = { id: 9, stackLevel: 0, chargingProfilePurpose: 'ChargingStationMaxProfile', chargingProfileKind: 'Dynamic', dynUpdateInterval: 1, chargingSchedule: [{ id: 1, chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 20 }] }] } // biome-ignore format: one profile
  await reaches('effect-seen', 'POST', 'operations/SetChargingProfile', { evseId: 0, chargingProfile: profile }) // biome-ignore format: one line

  const { id } = await reaches('effect-seen', 'POST', 'operations/UpdateDynamicSchedule', { chargingProfileId: 9, scheduleUpdate: { limit: 11 } }) // biome-ignore format: one line
  assert.equal((await read(`/api/operations/${id}`)).effect, 'the station reports limit 11')

  const limitOf = ({ profile: { chargingSchedule } }: { profile: typeof profile }) =>
    chargingSchedule[0]?.chargingSchedulePeriod[0]?.limit
  assert.deepEqual((await read('/api/profiles')).profiles.map(limitOf), [11])
  await until('the station to ask for it', () =>
    store.messages.of('CS01').some(({ action }) => action === 'PullDynamicScheduleUpdate'),
  )
  const place = { evseId: 0, duration: 60, chargingRateUnit: 'A' }
  const asked = await reaches('effect-seen', 'POST', 'operations/GetCompositeSchedule', place)
  const { answer } = await read(`/api/operations/${asked.id}`)
  assert.equal(answer.schedule.chargingSchedulePeriod[0].limit, 11)
})

test('a variable that is set or read is stored as the station holds it, with what was known of it', async (t) => {
  const { read, reaches } = await startPair(t, 'ocpp2.0.1')
  const heartbeat = {
    component: { name: 'OCPPCommCtrlr' },
    variable: { name: 'HeartbeatInterval' },
  }
  const stored = async () => {
    const { variables } = await read('/api/stations/CS01')
    return variables.find(({ variable }: { variable: string }) => variable === 'HeartbeatInterval')
  }
  await reaches('effect-seen', 'POST', 'operations/GetBaseReport', { requestId: 3, reportBase: 'FullInventory' }) // biome-ignore format: one line
  const { value, mutability } = await stored()
  assert.notEqual(value, '123')

  await reaches('effect-seen', 'POST', 'operations/SetVariables', { setVariableData: [{ ...heartbeat, attributeValue: '123' }] }) // biome-ignore format: one line

  const after = await stored()
  assert.deepEqual([after.value, after.mutability], ['123', mutability])
})
