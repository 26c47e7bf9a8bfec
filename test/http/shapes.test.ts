import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { NodeId } from '../../src/primitives/ids.ts'
import { createChargingStation } from '../../src/roles/charging-station/charging-station.ts'
import type { Role } from '../../src/storage/account-store.ts'
import { dial } from '../../src/transport/websocket-client.ts'
import { until } from '../end-to-end/processes.ts'
import { client } from '../support/sockets.ts'
import { startApi } from './api.ts'
import { type Description, ShapeJudge } from './shapes.ts'

/** A depot is run by the API, and each answer on the way is what the description says it is. */

const TAG = '04A1B2C3'
const SECURITY_EVENT = { type: 'FirmwareUpdated', timestamp: '2026-01-05T11:00:00Z', techInfo: 'x' }

/** Members that a depot of one machine that is in order and not busy need not have. */
const ABSENT = new Set([
  'OverviewView.keys',
  'LinkView.nextTry',
  'LinkView.roundTripMs',
  'LinkView.held',
  'LinkView.queuedBytes',
  'FrameView.forwardedTo',
  'FrameDetail.forwardedTo',
  'Readiness.missing',
  // In the demo: test/browser/attacks.test.ts.
  'OverviewView.attacks',
  ...['number', 'time', 'attack', 'what', 'action', 'outcome'].map((member) => `AttemptView.${member}`), // biome-ignore format: one line
  ...['box', 'problem', 'attacks', 'attempts'].map((member) => `AttacksView.${member}`),
  // Of a node that signs, and has a policy that is not the default: test/http/alerts.test.ts.
  'OverviewView.alerts',
  'OverviewView.insecureRules',
  // Of a node that signs: test/end-to-end/signed.test.ts.
  'FrameView.verdict',
  'FrameDetail.verdict',
  ...['level', 'reason', 'sentence', 'signers', 'unknownKeys', 'findings', 'rule'].map((member) => `VerdictView.${member}`), // biome-ignore format: one line
])

async function startJudged(t: TestContext) {
  const api = await startApi(t)
  const { body } = await api.ask('viewer', 'GET', '/api/openapi.json')
  const judge = new ShapeJudge(body as Description)
  const ask = async (role: Role | undefined, method: string, path: string, asked?: unknown) => {
    const answer = await api.ask(role, method, path, asked)
    judge.answer(method, path, answer.status, answer.headers.get('content-type') ?? '', answer.body)
    return answer
  }
  const read = async (path: string, role: Role = 'admin') => (await ask(role, 'GET', path)).body
  /** Lets a station do something, and waits until the effect is seen. */
  const done = async (method: string, path: string, asked?: object) => {
    const { status, headers, body } = await ask('admin', method, `/api/stations/${path}`, asked)
    assert.equal(status, 202, JSON.stringify(body))
    const address = headers.get('location') ?? ''
    await until(`${method} ${path}`, async () => (await read(address)).state === 'effect-seen')
    return body
  }
  return { ...api, judge, ask, read, done }
}

type Judged = Awaited<ReturnType<typeof startJudged>>

/** A station of OCPP 2.1 that charges, holds things and has something to say of itself. */
async function charge(t: TestContext, { stationUrl, store, ask, read, done }: Judged) {
  const link = dial({ url: stationUrl, nodeId: 'CS01' as NodeId, mode: 'standard', protocols: ['ocpp2.1'] }) // biome-ignore format: one line
  const station = createChargingStation({ nodeId: 'CS01', protocol: 'ocpp2.1', evses: 2, links: [link] }) // biome-ignore format: one line
  await station.start()
  t.after(() => station.stop())
  await until('it to be free', () => store.connectors().length === 2 && station.evse(2).status === 'Available') // biome-ignore format: one line
  await done('POST', 'CS01/operations/GetBaseReport', { requestId: 1, reportBase: 'FullInventory' })
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString()
  const { id: tokenId } = (await ask('operator', 'POST', '/api/tokens', { idToken: TAG, groupId: 'FLEET', note: 'van', expiresAt })).body // biome-ignore format: one line
  await done('PUT', 'CS01/local-list', {})
  await done('POST', 'CS01/reservations', { evseId: 2, tokenId, expiresAt })
  await done('POST', 'CS01/reservations', { evseId: 1, tokenId, expiresAt })
  const [{ reservationId }] = (await read('/api/reservations?limit=1')).reservations
  await done('DELETE', `CS01/reservations/${reservationId}`)
  station.plugIn(1)
  await station.present(1, TAG)
  const { transactionId, number } = await until('a transaction with power', async () => {
    const [row] = (await read('/api/transactions')).transactions
    return row?.powerW !== undefined && row
  })
  const limit = { evseId: 1, stackLevel: 0, unit: 'A', periods: [{ startS: 0, limit: 9 }] }
  await done('POST', 'CS01/profiles', { ...limit, purpose: 'TxProfile', kind: 'Relative', transactionId }) // biome-ignore format: one line
  const { profileId } = await done('POST', 'CS01/profiles', { ...limit, purpose: 'TxDefaultProfile', kind: 'Relative' }) // biome-ignore format: one line
  await read('/api/overview')
  for (const query of ['', '?limit=1']) await read(`/api/profiles${query}`)
  await done('DELETE', `CS01/profiles/${profileId}`)
  return { station, tokenId, number }
}

test('everything that a depot is asked for answers as it is described, with nothing undescribed', async (t) => {
  const judged = await startJudged(t)
  const { ask, read, judge, store, stationUrl } = judged
  const { station, tokenId, number } = await charge(t, judged)
  for (const idToken of ['OTHER', 7]) await ask('operator', 'POST', '/api/tokens', { idToken, groupId: 'G'.repeat(21) }) // biome-ignore format: one line
  await ask('operator', 'PATCH', `/api/tokens/${tokenId}`, { note: 'van 9' })
  await ask('technician', 'PUT', '/api/stations/CS09', { known: true })
  const refused = await ask('technician', 'POST', '/api/stations/CS01/operations/Reset', { type: 'OnIdle', evseId: 9 }) // biome-ignore format: one line
  await until('it to be refused', async () => (await read(refused.headers.get('location') ?? '')).problem) // biome-ignore format: one line
  station.unplug(1)
  await until('its end', async () => (await read('/api/transactions?state=ended')).transactions[0])
  const old = await client(t, stationUrl, { id: 'CS02', headers: { authorization: '' } })
  old.send('[2,"b","BootNotification",{"chargePointVendor":"V","chargePointModel":"M","firmwareVersion":"1","chargePointSerialNumber":"7"}]') // biome-ignore format: one line
  await old.take((frame) => frame[1] === 'b', 'its boot to be answered')
  old.send('[2,"s","StopTransaction",{"transactionId":77,"meterStop":5,"timestamp":"2026-01-05T11:00:00Z"}]') // biome-ignore format: one line
  await old.take((frame) => frame[1] === 's', 'the answer')
  old.send('[2,"u","NoSuchAction",{}]')
  await old.take((frame) => frame[1] === 'u', 'the refusal')
  await store.write(() => {
    for (const n of [1, 2]) store.securityEvents.add('CS01', SECURITY_EVENT, `2026-01-0${n}T11:00:00.000Z`) // biome-ignore format: one line
    for (let n = 0; n < 500; n++) store.charging.addMeterValue({ station: 'CS02', transactionId: '77', evseId: 0, timestamp: new Date(n * 1_000).toISOString(), measurand: 'SoC', phase: 'L1', context: 'Sample.Periodic', value: n, unit: 'Percent' }) // biome-ignore format: one line
  })

  old.send('[2,"v","StartTransaction",{"connectorId":1,"idTag":"OTHER","meterStart":5,"timestamp":"2026-01-05T11:00:00Z"}]') // biome-ignore format: one line
  const [, , { transactionId: running }] = await old.take((frame) => frame[1] === 'v', 'its number') as unknown as [number, string, { transactionId: number }] // biome-ignore format: one line
  await ask('operator', 'POST', `/api/transactions/${running}/close`, {})

  const thin = await read('/api/transactions/2?thin=10')
  assert.ok(thin.course.length > 0 && thin.problems.includes('no-start'))
  for (const path of ['', '/meter-values?limit=2', '/events?limit=1']) await read(`/api/transactions/${number}${path}`) // biome-ignore format: one line
  for (const list of ['transactions', 'tokens', 'stations', 'stations/CS01/messages', 'operations', 'reservations', 'security-events']) await read(`/api/${list}?limit=1`) // biome-ignore format: one line
  for (const role of ['viewer', 'operator'] as const) await read(`/api/tokens/${tokenId}`, role)
  for (const path of ['stations', 'stations/CS01', 'stations/CS01/local-list', 'stations/CS02', 'stations/CS09', 'profiles']) await read(`/api/${path}`, 'viewer') // biome-ignore format: one line
  await store.write(() => {
    store.localLists.doubt('CS01', '2026-01-05T11:00:00.000Z')
    store.listJobs.begin('CS01', 2)
    store.listJobs.fail('CS01', 'the answer is lost')
  })
  await read('/api/stations/CS01/local-list')
  const { frames } = await read('/api/frames')
  for (const { sequence } of frames) await read(`/api/frames/${sequence}`)
  for (const path of ['/api/trace', '/api/openapi.json', '/health', '/ready', '/metrics']) await read(path) // biome-ignore format: one line
  await ask('technician', 'POST', '/api/simulated-stations', {})
  await ask('operator', 'DELETE', `/api/tokens/${tokenId}`)
  await ask('admin', 'DELETE', '/api/stations/CS09')
  await useAccounts(judged)

  const described = JSON.parse(JSON.stringify((await read('/api/openapi.json')).paths)) as Description['paths'] // biome-ignore format: one line
  const successes = Object.entries(described).flatMap(
    ([path, methods]) =>
    Object.entries(methods).flatMap(([method, { responses }]) => Object.keys(responses).filter((status) => status < '300').map((status) => `${method.toUpperCase()} ${path} ${status}`)), // biome-ignore format: one chain
  )
  // Where nothing is signed there are no keys and rules: those have tests of their own.
  const isOfTrust = (name: string) => /\/api\/(keys|policies|roles|rules|quarantine)\b|^(Quarantine|Key|Revocation|Invitation|NewInvitation|Rule|ChangedRule)/.test(name) // biome-ignore format: one line
  const unasked = successes.filter((which) => !judge.judged.has(which) && !isOfTrust(which))
  assert.deepEqual(unasked, ['GET /api/live 200', 'GET / 200'])
  assert.deepEqual(judge.unseen().filter((member) => !ABSENT.has(member) && !isOfTrust(member)), []) // biome-ignore format: one line
})

/** Users, API tokens, sessions and what is kept of them. */
async function useAccounts({ ask, accounts }: Judged): Promise<void> {
  await ask('admin', 'PUT', '/api/users/anna', { role: 'admin' })
  await ask('admin', 'GET', '/api/users')
  await ask(undefined, 'POST', '/api/session', { name: 'anna', password: 'wrong' })
  await ask(undefined, 'GET', '/api/session')
  await ask('admin', 'GET', '/api/session')
  await ask(undefined, 'POST', '/api/session', { link: accounts.newLoginLink('anna') })
  await ask('admin', 'DELETE', '/api/session')
  const { id } = (await ask('admin', 'POST', '/api/api-tokens', { name: 'n', role: 'viewer', expiresAt: '2999-01-01T00:00:00Z' })).body // biome-ignore format: one line
  await ask('admin', 'GET', '/api/api-tokens')
  await ask('admin', 'DELETE', `/api/api-tokens/${id}`)
  await ask('admin', 'PUT', '/api/users/ben', { role: 'viewer' })
  await ask('admin', 'DELETE', '/api/users/ben')
  await ask('admin', 'GET', '/api/audit?limit=1')
}

test('what is told live is what is described, event by event', async (t) => {
  const { server, ask, judge } = await startJudged(t)
  const { body } = await ask('admin', 'POST', '/api/api-tokens', { name: 'n', role: 'viewer' })
  const stop = new AbortController()
  t.after(() => stop.abort())
  const live = await fetch(new URL('/api/live', server.url), { headers: { authorization: `Bearer ${body.token}` }, signal: stop.signal }) // biome-ignore format: one line
  let heard = ''
  const reading = (async () => {
    for await (const chunk of live.body ?? []) heard += Buffer.from(chunk).toString()
  })().catch(() => {})
  await ask('technician', 'POST', '/api/simulated-stations', {})
  await until('it to boot', () => /"simulated":true/.test(heard))

  await ask('technician', 'POST', '/api/stations/SIM01/operations/ClearCache', {})

  const events = () => heard.split('\n\n').slice(0, -1)
  const types = () => new Set(events().map((event) => /^event: (\w+)\n/.exec(event)?.[1]))
  await until('one of each', () => types().size === 4)
  stop.abort()
  await reading
  for (const event of events()) {
    const [, type, data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(event) ?? []
    judge.value({ $ref: '#/components/schemas/LiveEvent' }, { type, data: JSON.parse(data) }, `${type}`) // biome-ignore format: one line
  }
})
