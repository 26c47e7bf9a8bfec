import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { WebSocket } from 'ws'
import type { StationView } from '../../src/http/live-api.ts'
import { cellsOf } from '../../web/stations/connector-status.ts'
import { until } from '../end-to-end/processes.ts'
import { client, type RawClient } from '../support/sockets.ts'
import { type Api, startApi } from './api.ts'

/** Tokens, stations and operations by the API; what they do is seen at a station's socket. */

const AT = '2026-01-05T11:00:00.000Z'

/** A station of OCPP 1.6 that has booted. */
async function boot(t: TestContext, api: Api, id = 'CS01'): Promise<RawClient> {
  const station = await client(t, api.stationUrl, { id, headers: { authorization: '' } })
  await call(station, 'BootNotification', { chargePointVendor: 'V', chargePointModel: 'M' })
  return station
}

let count = 0
async function call(
  station: RawClient,
  action: string,
  payload: object,
): Promise<Record<string, unknown>> {
  // biome-ignore format: one line
  const id = `m${++count}`
  station.send(JSON.stringify([2, id, action, payload]))
  const [, , answer] = await station.take((frame) => frame[1] === id, `an answer to ${action}`)
  return answer as Record<string, unknown>
}

const statusOf = async (station: RawClient, idTag: string) =>
  ((await call(station, 'Authorize', { idTag })).idTagInfo as { status: string }).status

test('a token that is entered charges, blocked it does not, removed it is unknown', async (t) => {
  const api = await startApi(t)
  const station = await boot(t, api)
  assert.equal(await statusOf(station, 'TAG-9'), 'Invalid')

  const { body: token } = await api.ask('operator', 'POST', '/api/tokens', { idToken: 'tag-9', groupId: 'FLEET', note: 'van 9' }) // biome-ignore format: one line
  assert.deepEqual(await call(station, 'Authorize', { idTag: 'TAG-9' }), { idTagInfo: { status: 'Accepted', parentIdTag: 'FLEET' } }) // biome-ignore format: one line

  await api.ask('operator', 'PATCH', `/api/tokens/${token.id}`, { status: 'Blocked' })
  assert.equal(await statusOf(station, 'TAG-9'), 'Blocked')
  await api.ask('operator', 'PATCH', `/api/tokens/${token.id}`, {
    status: 'Accepted',
    expiresAt: AT,
  })
  assert.equal(await statusOf(station, 'TAG-9'), 'Expired')
  assert.equal((await api.ask('operator', 'DELETE', `/api/tokens/${token.id}`)).status, 204)
  assert.equal(await statusOf(station, 'TAG-9'), 'Invalid')
})

test('a group that fits no version is refused, and of one that fits some it is said which it does not', async (t) => {
  const api = await startApi(t)
  const enter = (idToken: string, length: number) =>
    api.ask('operator', 'POST', '/api/tokens', { idToken, groupId: 'G'.repeat(length) })

  const refused = await enter('A', 256)
  assert.deepEqual([refused.status, refused.body.pointer], [400, '/groupId'])
  for (const [length, hidden] of [
    [20, undefined],
    [21, ['ocpp1.6']],
    [36, ['ocpp1.6']],
    [37, ['ocpp1.6', 'ocpp2.0.1']],
    [255, ['ocpp1.6', 'ocpp2.0.1']],
  ] as const) {
    const { status, body } = await enter(`TAG-${length}`, length)
    assert.deepEqual([status, body.groupTooLongFor], [201, hidden], `${length}`)
  }
})

test('a token charges at one EVSE at a time, unless it may at several', async (t) => {
  const api = await startApi(t)
  const [one, two] = [await boot(t, api, 'CS01'), await boot(t, api, 'CS02')]
  const { body: token } = await api.ask('operator', 'POST', '/api/tokens', { idToken: 'TAG-9' })
  const start = async (station: RawClient, connectorId: number, meterStart: number) => {
    const answer = await call(station, 'StartTransaction', { connectorId, idTag: 'TAG-9', meterStart, timestamp: AT }) // biome-ignore format: one line
    return (answer.idTagInfo as { status: string }).status
  }

  assert.equal(await start(one, 1, 0), 'Accepted')
  assert.equal(await start(one, 1, 0), 'Accepted', 'the same start again')
  assert.equal(await start(one, 2, 0), 'ConcurrentTx')
  assert.equal(await start(two, 1, 0), 'ConcurrentTx')
  await api.ask('operator', 'PATCH', `/api/tokens/${token.id}`, { concurrent: true })
  assert.equal(await start(two, 1, 5), 'Accepted')
})

test('who charged is told to operators, to viewers a fingerprint; a transaction of a clock that is ahead is marked', async (t) => {
  const api = await startApi(t)
  const station = await boot(t, api)
  const inHours = (hours: number) => new Date(Date.now() + 3_600_000 * hours).toISOString()
  for (const hours of [-1, 3]) await call(station, 'StartTransaction', { connectorId: hours + 2, idTag: 'TAG-1', meterStart: 0, timestamp: inHours(hours) }) // biome-ignore format: one line

  const seen = (await api.ask('viewer', 'GET', '/api/transactions')).body.transactions
  const told = (await api.ask('operator', 'GET', '/api/transactions')).body.transactions

  assert.ok(!JSON.stringify(seen).includes('TAG-1'))
  assert.deepEqual(told.map(({ idToken }: { idToken: string }) => idToken), ['TAG-1', 'TAG-1']) // biome-ignore format: one line
  assert.deepEqual(told.map(({ problems }: { problems?: string[] }) => problems), [['in-the-future'], undefined]) // biome-ignore format: one line
  const detail = await api.ask('viewer', 'GET', `/api/transactions/${told[0].number}`)
  assert.ok(!JSON.stringify(detail.body).includes('TAG-1'))
})

test('a transaction that ends twice, or goes on after its end, is marked in whatever order that is told', async (t) => {
  const api = await startApi(t)
  const station = await client(t, api.stationUrl, { id: 'CS01', protocols: ['ocpp2.0.1'], headers: { authorization: '' } }) // biome-ignore format: one line
  const tell = async (transactionId: string, ...events: [number, string][]) => {
    const timestamp = (seqNo: number) => new Date(Date.now() - 60_000 + 1000 * seqNo).toISOString()
    for (const [seqNo, eventType] of events) await call(station, 'TransactionEvent', { eventType, triggerReason: 'Trigger', timestamp: timestamp(seqNo), seqNo, transactionInfo: { transactionId } }) // biome-ignore format: one line
  }
  await tell('LATE-UPDATE', [0, 'Started'], [2, 'Ended'], [1, 'Updated'])
  await tell('TWO-ENDS', [0, 'Started'], [1, 'Ended'], [2, 'Ended'])
  await tell('GOES-ON', [0, 'Started'], [1, 'Ended'], [2, 'Updated'])
  await tell('UPSIDE-DOWN', [2, 'Updated'], [1, 'Ended'], [0, 'Started'])

  const { transactions } = (await api.ask('viewer', 'GET', '/api/transactions')).body
  const told = transactions.map(({ transactionId, problems }: { transactionId: string; problems?: string[] }) => [transactionId, problems]) // biome-ignore format: one line
  assert.deepEqual(Object.fromEntries(told), {
    'LATE-UPDATE': undefined,
    'TWO-ENDS': ['after-its-end'],
    'GOES-ON': ['after-its-end'],
    'UPSIDE-DOWN': ['after-its-end'],
  })
})

test('a transaction is found by a part of its station, and one whose events did not all come is marked', async (t) => {
  const api = await startApi(t)
  const station = await client(t, api.stationUrl, { id: 'CS01', protocols: ['ocpp2.0.1'], headers: { authorization: '' } }) // biome-ignore format: one line
  const tell = (transactionId: string, ...numbers: number[]) =>
    Promise.all(
      numbers.map((seqNo, index) =>
        call(station, 'TransactionEvent', {
          eventType: index === 0 ? 'Started' : index === numbers.length - 1 ? 'Ended' : 'Updated',
          triggerReason: 'Trigger',
          timestamp: new Date(Date.now() - 60_000 + 1000 * seqNo).toISOString(),
          seqNo,
          transactionInfo: { transactionId },
          evse: { id: 1 },
        }),
      ),
    )
  await tell('WHOLE', 0, 1, 2)
  await tell('HOLES', 3, 4, 7)

  const list = async (find: string) =>
    (await api.ask('viewer', 'GET', `/api/transactions?find=${find}`)).body.transactions.map(
      ({ transactionId, problems }: { transactionId: string; problems?: string[] }) => [transactionId, problems], // biome-ignore format: one line
    )
  assert.deepEqual(await list('s0'), [['HOLES', ['missing-events']], ['WHOLE', undefined]]) // biome-ignore format: one line
  assert.deepEqual(await list('%25'), [])
})

test('tokens go on behind the one that the page before ended with; where that is gone nothing begins anew', async (t) => {
  const api = await startApi(t)
  for (const idToken of ['PAGE-A', 'PAGE-B', 'PAGE-C']) await api.ask('operator', 'POST', '/api/tokens', { idToken }) // biome-ignore format: one line
  const page = (after = '') => api.ask('operator', 'GET', `/api/tokens?search=PAGE-&limit=2${after}`) // biome-ignore format: one line
  const { next } = (await page()).body

  const { tokens } = (await page(`&after=${next}`)).body
  assert.deepEqual(tokens.map(({ idToken }: { idToken: string }) => idToken), ['PAGE-C']) // biome-ignore format: one line

  await api.ask('operator', 'DELETE', `/api/tokens/${next}`)
  const { status, body } = await page(`&after=${next}`)
  assert.deepEqual([status, body.detail], [400, '"after" must be what the page before gave as "next"']) // biome-ignore format: one line
})

test('a viewer sees no id token, neither listed nor by searching; an operator does', async (t) => {
  const api = await startApi(t)
  await api.ask('operator', 'POST', '/api/tokens', {
    idToken: 'TAG-SECRET',
    note: 'Anna',
    groupId: 'FAMILY',
  })

  const seen = await api.ask('viewer', 'GET', '/api/tokens')
  assert.equal(seen.body.count, 1)
  // Groups and notes say whose it is.
  assert.doesNotMatch(JSON.stringify(seen.body), /TAG-SECRET|Anna|FAMILY/)
  assert.match(seen.body.tokens[0].fingerprint, /^#[0-9a-f]{8}$/)
  assert.equal((await api.ask('viewer', 'GET', '/api/tokens?search=TAG')).status, 403)
  const found = await api.ask('operator', 'GET', '/api/tokens?search=anna')
  const { idToken, note, groupId } = found.body.tokens[0]
  assert.deepEqual([idToken, note, groupId], ['TAG-SECRET', 'Anna', 'FAMILY'])
})

test('an operation is sent to the station, and is done when the station shows it', async (t) => {
  const api = await startApi(t)
  const station = await boot(t, api)
  const asked = await api.ask('operator', 'POST', '/api/stations/CS01/operations/RemoteStartTransaction', { idTag: 'TAG-1', connectorId: 1 }) // biome-ignore format: one line
  assert.deepEqual([asked.status, asked.body.state, asked.body.askedBy], [202, 'sent', 'token operator']) // biome-ignore format: one line
  assert.ok(!JSON.stringify(asked.body).includes('TAG-1'))
  const state = async () =>
    (await api.ask('viewer', 'GET', asked.headers.get('location') ?? '')).body.state
  const [, id, action, payload] = await station.take((frame) => frame[0] === 2, 'the command')
  assert.deepEqual(
    [action, payload],
    ['RemoteStartTransaction', { idTag: 'TAG-1', connectorId: 1 }],
  )

  station.send(JSON.stringify([3, id, { status: 'Accepted' }]))
  await until('it to be accepted', async () => (await state()) === 'accepted')
  await call(station, 'StartTransaction', { connectorId: 1, idTag: 'TAG-1', meterStart: 0, timestamp: AT }) // biome-ignore format: one line
  await until('its effect', async () => (await state()) === 'effect-seen')

  const { body: page } = await api.ask('viewer', 'GET', '/api/operations?station=CS01&limit=1')
  assert.deepEqual([page.operations.length, page.operations[0].effect], [1, 'transaction 1 has started']) // biome-ignore format: one line
})

test('whoever listens is told of each step of an operation', async (t) => {
  const api = await startApi(t)
  const station = await boot(t, api)
  const { body } = await api.ask('admin', 'POST', '/api/api-tokens', { name: 'n', role: 'viewer' })
  const stop = new AbortController()
  t.after(() => stop.abort())
  const live = await fetch(new URL('/api/live', api.server.url), { headers: { authorization: `Bearer ${body.token}` }, signal: stop.signal }) // biome-ignore format: one line
  let heard = ''
  const reading = (async () => {
    for await (const chunk of live.body ?? []) heard += Buffer.from(chunk).toString()
  })().catch(() => {})

  await api.ask('technician', 'POST', '/api/stations/CS01/operations/ClearCache', {})
  const [, id] = await station.take((frame) => frame[0] === 2, 'the command')
  station.send(JSON.stringify([3, id, { status: 'Rejected' }]))

  await until('the refusal', () => /event: operation\ndata: .*"state":"refused"/.test(heard))
  assert.match(heard, /event: operation\ndata: .*"state":"sent"/)
  stop.abort()
  await reading
})

test('the same is told over WebSocket, to those who may know it', async (t) => {
  const api = await startApi(t)
  const station = await boot(t, api)
  const { body } = await api.ask('admin', 'POST', '/api/api-tokens', { name: 'n', role: 'viewer' })
  const address = new URL('/api/live', api.server.url.replace(/^http/, 'ws'))
  const listen = async (headers: Record<string, string>, path = address) => {
    const socket = new WebSocket(path, { headers })
    t.after(() => socket.terminate())
    const heard: string[] = []
    socket.on('message', (data) => heard.push(String(data)))
    const status = await new Promise<number>((resolve) => {
      socket.on('open', () => resolve(101))
      socket.on('unexpected-response', (_, { statusCode = 0 }) => resolve(statusCode))
      socket.on('error', () => {})
    })
    return { status, heard }
  }
  const authorization = `Bearer ${body.token}`

  assert.equal((await listen({})).status, 401)
  assert.equal((await listen({ authorization: 'Bearer guess' })).status, 401)
  assert.equal((await listen({ authorization, origin: 'http://evil.example' })).status, 403)
  assert.equal((await listen({ authorization, host: 'evil.example' })).status, 421)
  assert.equal((await listen({ authorization }, new URL('/api/other', address))).status, 404)
  const { status, heard } = await listen({ authorization })
  assert.equal(status, 101)
  await api.ask('technician', 'POST', '/api/stations/CS01/operations/ClearCache', {})
  const [, id] = await station.take((frame) => frame[0] === 2, 'the command')
  station.send(JSON.stringify([3, id, { status: 'Rejected' }]))
  await until('the refusal', () => heard.some((text) => /"type":"operation".*"refused"/.test(text)))
  assert.ok(heard.some((text) => JSON.parse(text).type === 'overview'))
})

test('what is no valid request is refused with what is wrong, before the station hears of it', async (t) => {
  const api = await startApi(t)
  const station = await boot(t, api)
  const operate = (path: string, body: unknown, role: 'operator' | 'technician' = 'technician') =>
    api.ask(role, 'POST', `/api/stations/${path}`, body)

  const invalid = await operate('CS01/operations/Reset', { type: 'Brutal' })
  assert.deepEqual([invalid.status, invalid.body.pointer], [422, '/type'])
  assert.match(invalid.body.detail, /Hard/)
  for (const [path, status] of [
    ['CS99/operations/Reset', 404],
    ['CS01/operations/GetVariables', 404],
    ['CS01/operations/BootNotification', 404],
    ['CS01/operations/NoSuchAction', 404],
    ['CS01/operations/Re%20set', 400],
    [`${'x'.repeat(256)}/operations/Reset`, 400],
  ] as const) {
    assert.equal((await operate(path, { type: 'Soft' })).status, status, path)
  }
  assert.equal((await operate('CS01/operations/Reset', { type: 'Soft' }, 'operator')).status, 403)
  assert.equal((await operate('CS01/operations/Reset', [])).status, 400)
  assert.equal((await operate('CS01/operations/Reset', '{"type":')).status, 400)
  assert.deepEqual(station.received, [])
})

test('a body of 100 MB is refused before it is read, and everybody else is served', async (t) => {
  const api = await startApi(t)
  const huge = `{"idToken":"${'x'.repeat(100_000_000)}"}`

  const refused = await api.ask('operator', 'POST', '/api/tokens', huge).catch((error) => error)

  // Whoever is cut off in the middle of sending may or may not see the answer.
  assert.ok(refused instanceof Error || refused.status === 413)
  assert.equal((await api.ask('viewer', 'GET', '/api/tokens')).body.count, 0)
})

const NASTY = ["'; DROP TABLE id_tokens; --", '<script>alert(1)</script>', '%', '_', '\\', '\u0000', '🔌', '{{7*7}}'] // biome-ignore format: one line

test('SQL and HTML in any text are text', async (t) => {
  const api = await startApi(t)
  for (const [i, note] of NASTY.entries()) {
    const { status, body } = await api.ask('operator', 'POST', '/api/tokens', { idToken: `T${i}`, note }) // biome-ignore format: one line
    assert.deepEqual([status, body.note], [201, note])
  }
  for (const text of NASTY) {
    const encoded = encodeURIComponent(text)
    const { body } = await api.ask('operator', 'GET', `/api/tokens?search=${encoded}`)
    const notes = (body.tokens as { note: string }[]).map(({ note }) => note)
    assert.ok(text === '\u0000' || notes.every((note) => note.includes(text)), text)
    assert.equal((await api.ask('viewer', 'GET', `/api/stations?search=${encoded}`)).status, 200)
    assert.equal((await api.ask('viewer', 'GET', `/api/stations/${encoded}`)).status, 404)
    assert.ok([400, 404].includes((await api.ask('operator', 'GET', `/api/tokens/${encoded}`)).status)) // biome-ignore format: one line
  }
  assert.equal((await api.ask('viewer', 'GET', '/api/tokens')).body.count, NASTY.length)
  for (const idToken of [
    ...NASTY.filter((text) => text !== '_'),
    '',
    ' ',
    'x'.repeat(256),
    7,
    null,
  ]) {
    assert.equal((await api.ask('operator', 'POST', '/api/tokens', { idToken })).status, 400, `${idToken}`) // biome-ignore format: one line
  }
})

test('stations come page by page in their order, found by what they say of themselves', async (t) => {
  const api = await startApi(t)
  for (const id of ['CS02', 'CS01', 'CS03']) {
    const station = await boot(t, api, id)
    await call(station, 'StatusNotification', { connectorId: 1, errorCode: 'NoError', status: id === 'CS02' ? 'Faulted' : 'Available' }) // biome-ignore format: one line
    if (id === 'CS03') station.socket.terminate()
  }
  const ids = async (query: string) =>
    ((await api.ask('viewer', 'GET', `/api/stations?${query}`)).body.stations as { station: string }[]).map(({ station }) => station) // biome-ignore format: one chain

  assert.deepEqual(await ids('limit=2'), ['CS01', 'CS02'])
  assert.deepEqual(await ids('limit=2&after=CS02'), ['CS03'])
  assert.deepEqual(await ids('status=Faulted'), ['CS02'])
  assert.deepEqual(await ids('search=s03'), ['CS03'])
  assert.deepEqual(await ids('protocol=ocpp2.1'), [])
  await until('CS03 to be gone', async () => !(await api.ask('viewer', 'GET', '/api/stations/CS03')).body.connected) // biome-ignore format: one line
  const { body } = await api.ask('viewer', 'GET', '/api/stations/CS01')
  assert.deepEqual([body.connected, body.known, body.vendor, body.connectors[0].status], [true, false, 'V', 'Available']) // biome-ignore format: one line
})

test('a transaction that never ends is closed, which frees its token; an end that is told after all counts', async (t) => {
  const api = await startApi(t)
  const [lost, other] = [await boot(t, api, 'CS01'), await boot(t, api, 'CS02')]
  await api.ask('operator', 'POST', '/api/tokens', { idToken: 'VAN-9' })
  const start = (station: RawClient) => call(station, 'StartTransaction', { connectorId: 1, idTag: 'VAN-9', meterStart: 0, timestamp: AT }) // biome-ignore format: one line
  const { transactionId: number } = await start(lost)
  const one = async () => {
    const { state, problems } = (await api.ask('viewer', 'GET', `/api/transactions/${number}`)).body
    return [state, problems]
  }
  const close = (which: unknown) => api.ask('operator', 'POST', `/api/transactions/${which}/close`, {}) // biome-ignore format: one line
  assert.deepEqual((await start(other)).idTagInfo, { status: 'ConcurrentTx' })
  await call(other, 'StopTransaction', { transactionId: 2, meterStop: 0, timestamp: AT })

  const { status, body } = await close(number)

  assert.deepEqual([status, body.number, body.state], [200, number, 'unfinished'])
  assert.deepEqual(await one(), ['unfinished', ['no-end']])
  assert.deepEqual((await start(other)).idTagInfo, { status: 'Accepted' })
  assert.deepEqual([(await close(number)).status, (await close(99)).status, (await close('x')).status], [409, 404, 400]) // biome-ignore format: one line
  await call(lost, 'StopTransaction', { transactionId: number, meterStop: 7, timestamp: AT })
  assert.deepEqual(await one(), ['ended', undefined])
  const { entries } = (await api.ask('admin', 'GET', '/api/audit?limit=9')).body
  const closed = entries.filter(({ what }: { what: string }) => what.includes('close'))
  assert.deepEqual(JSON.parse(closed.at(-1).object), { number, station: 'CS01', transactionId: `${number}` }) // biome-ignore format: one line
})

test('only what can be the id of a station is entered, and the same id in other letters is the same', async (t) => {
  const api = await startApi(t)
  const put = (id: string, known: boolean) => api.ask('technician', 'PUT', `/api/stations/${encodeURIComponent(id)}`, { known }) // biome-ignore format: one line
  for (const id of ['a b', 'a:b', 'x'.repeat(49), '<b>']) {
    const { status, body } = await put(id, true)
    assert.deepEqual([status, body.detail], [400, 'the id of a station is 1 to 48 letters, digits or *-_=+|@.'], id) // biome-ignore format: one line
  }
  await boot(t, api, 'Depot-1')

  const { status, body } = await put('DEPOT-1', true)

  assert.deepEqual([status, body.station, body.known, body.vendor], [200, 'Depot-1', true, 'V'])
  const { stations } = (await api.ask('viewer', 'GET', '/api/stations')).body
  assert.equal(stations.length, 1)
})

test('charging is found and drawn alike in both generations, and connector 0 is no connector', async (t) => {
  const api = await startApi(t)
  const { store } = api
  const at = '2026-01-05T11:00:00.000Z'
  await store.write(() => {
    for (const station of ['OLD', 'NEW', 'FREE']) store.putStation(station, true)
    store.setConnector('OLD', 0, 0, 'Available', at)
    store.setConnector('OLD', 1, 1, 'Charging', at)
    store.setConnector('NEW', 1, 1, 'Occupied', at)
    store.setConnector('NEW', 2, 1, 'Occupied', at)
    store.setConnector('FREE', 1, 1, 'Available', at)
    store.charging.start({ station: 'NEW', transactionId: 'T1', evseId: 1, connectorId: 1, idToken: undefined, startedAt: at, meterStartWh: 0 }) // biome-ignore format: one record
  })
  const found = async (status: string) =>
    ((await api.ask('viewer', 'GET', `/api/stations?status=${status}`)).body.stations as { station: string }[]).map(({ station }) => station) // biome-ignore format: one chain

  assert.deepEqual(await found('Charging'), ['NEW', 'OLD'])
  assert.deepEqual(await found('Available'), ['FREE'])
  assert.deepEqual(await found('Occupied'), ['NEW'], 'its other EVSE')
  await store.write(() => {
    store.setConnector('OLD', 1, 1, 'Preparing', at)
    store.setConnector('FREE', 1, 1, 'Nonsense', at)
  })
  assert.deepEqual(await found('Occupied'), ['NEW', 'OLD'], 'whatever 1.6 calls it')
  assert.deepEqual(await found('Preparing'), ['OLD'])
  assert.deepEqual(await found('Unavailable'), ['FREE'])
  await store.write(() => store.setConnector('OLD', 1, 1, 'Charging', at))
  const { body } = await api.ask('viewer', 'GET', '/api/stations/NEW')
  assert.deepEqual(
    body.connectors.map(({ status, state }: StationView['connectors'][number]) => [status, state]),
    [
      ['Occupied', 'Charging'],
      ['Occupied', 'Occupied'],
    ],
  )
  assert.deepEqual(
    cellsOf(body).map(({ status }) => status),
    ['Charging', 'Occupied'],
  )
  const old = (await api.ask('viewer', 'GET', '/api/stations/OLD')).body
  assert.deepEqual(cellsOf(old), [{ evseId: 1, status: 'Charging' }])
  assert.equal('seenAt' in body, false, 'it was entered and never seen')
})

test('a station that nobody has entered is flagged until somebody does', async (t) => {
  const api = await startApi(t)
  await boot(t, api)
  const flagged = async () =>
    (await api.ask('viewer', 'GET', '/api/stations?known=false')).body.stations.length

  assert.equal(await flagged(), 1)
  const { status, body } = await api.ask('technician', 'PUT', '/api/stations/CS01', { known: true })
  assert.deepEqual([status, body.known], [200, true])
  assert.equal(await flagged(), 0)
  await boot(t, api)
  assert.equal(await flagged(), 0, 'also after it booted again')
})

test('what a station said can be read as it said it, with tokens as fingerprints', async (t) => {
  const api = await startApi(t)
  const station = await boot(t, api)
  station.send('[2,"x","Authorize",{ "idTag" : "TAG-SECRET" }]')
  await station.take((frame) => frame[1] === 'x', 'the answer')

  const { body } = await api.ask('viewer', 'GET', '/api/stations/CS01/messages?limit=1')

  assert.equal(body.messages[0].action, 'Authorize')
  assert.match(body.messages[0].payload, /^\{ "idTag" : "#[0-9a-f]{8}" \}$/)
  assert.equal(body.older, body.messages[0].id)
})
