import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Role } from '../../src/storage/account-store.ts'
import { until } from '../end-to-end/processes.ts'
import { client, type RawClient } from '../support/sockets.ts'
import { type Api, startApi } from './api.ts'

/** What careless stations say ends up in no answer: passwords for nobody, id tokens for no viewer. */

const AT = '2026-01-05T11:00:00.000Z'
/** Entered as a token; each kind of station says it in words of its own. */
const TAG = 'PLANTED-TAG-77'
/** Nobody has entered it. */
const CARD = '04A2B3C4D5E6F7'
const EMAID = 'DE-8AA-C1A2B3C4D-5'
const TOKENS = [TAG, CARD, EMAID]
/** Each password that is planted begins so. */
const PASSWORD = 'pl4nted'

let count = 0
async function call(station: RawClient, action: string, payload: object, answered = 3) {
  const id = `p${++count}`
  station.send(JSON.stringify([2, id, action, payload]))
  const [type] = await station.take((frame) => frame[1] === id, `an answer to ${action}`)
  assert.equal(type, answered, action)
}

async function answer(station: RawClient, action: string, answered: unknown[]): Promise<void> {
  const [, id] = await station.take((frame) => frame[2] === action, action)
  const [type, ...rest] = answered
  station.send(JSON.stringify([type, id, ...rest]))
}

const techInfos = [
  `card ${TAG} refused`,
  `reader: uid=${CARD}, twice`,
  `(contract ${EMAID})`,
  `password is ${PASSWORD}-tech!`,
  `Authorization: Basic ${Buffer.from(`CS01:${PASSWORD}`).toString('base64')}`,
]

/** A station of 1.6 that tells its password, and tokens wherever there is room for a word. */
async function plant16(t: TestContext, api: Api): Promise<void> {
  const station = await client(t, api.stationUrl, { id: 'CS16', headers: { authorization: '' } })
  await call(station, 'BootNotification', { chargePointVendor: 'V', chargePointModel: 'M' })
  await call(station, 'Authorize', { idTag: TAG })
  await call(station, 'StartTransaction', { connectorId: 1, idTag: TAG, meterStart: 1, timestamp: AT }) // biome-ignore format: one line
  for (const techInfo of techInfos) await call(station, 'SecurityEventNotification', { type: 'TamperDetectionActivated', timestamp: AT, techInfo }) // biome-ignore format: one line
  await call(station, 'StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available', info: `waits for ${TAG}` }) // biome-ignore format: one line
  await call(station, 'DataTransfer', { vendorId: 'V', data: JSON.stringify({ idTag: TAG, pin: `${PASSWORD}-data` }) }) // biome-ignore format: one line
  const configurationKey = [
    { key: 'AuthorizationKey', readonly: false, value: `${PASSWORD}-key` },
    { key: 'AuthorizationKey#2', readonly: false, value: `${PASSWORD}-key2` },
    { key: 'WifiPassword', readonly: false, value: `${PASSWORD}-wifi` },
    { key: 'CentralSystemUrl', readonly: false, value: `wss://CS16:${PASSWORD}-url@csms.example/ocpp` },
    { key: 'LastCard', readonly: true, value: TAG },
    { key: 'HeartbeatInterval', readonly: false, value: '300' },
  ] // biome-ignore format: a table
  await api.ask('technician', 'POST', '/api/stations/CS16/operations/GetConfiguration', {})
  await answer(station, 'GetConfiguration', [3, { configurationKey }])
  await api.ask('technician', 'POST', '/api/stations/CS16/operations/ClearCache', {})
  await answer(station, 'ClearCache', [4, 'GenericError', `idTag ${TAG}, password=${PASSWORD}-error`, {}]) // biome-ignore format: one line
}

const variable = (component: object, name: object, value: string, mutability = 'ReadWrite') => ({
  component,
  variable: name,
  variableAttribute: [{ value, mutability }],
  variableCharacteristics: { dataType: 'string', supportsMonitoring: false, valuesList: value },
})
const network = { name: 'NetworkConfiguration', instance: '1' }

/** Of 2.x: every WriteOnly variable of the standard, and one of a vendor. */
const VARIABLES = [
  variable({ name: 'SecurityCtrlr' }, { name: 'BasicAuthPassword' }, `${PASSWORD}-basic`),
  variable({ name: 'SecurityCtrlr' }, { name: 'BasicAuthPassword', instance: '2' }, `${PASSWORD}-second`),
  variable(network, { name: 'BasicAuthPassword' }, `${PASSWORD}-network`),
  variable(network, { name: 'VpnPassword' }, `${PASSWORD}-vpn`),
  variable(network, { name: 'VpnKey' }, `${PASSWORD}-vpnkey`),
  variable(network, { name: 'ApnPassword' }, `${PASSWORD}-apn`),
  variable(network, { name: 'SimPin' }, `${PASSWORD}-sim`),
  variable(network, { name: 'OcppCsmsUrl' }, `wss://CS21:${PASSWORD}-url@csms.example/ocpp`),
  variable({ name: 'WebPaymentsCtrlr' }, { name: 'SharedSecret' }, `${PASSWORD}-shared`),
  variable({ name: 'VendorDoor' }, { name: 'Code' }, `${PASSWORD}-door`, 'WriteOnly'),
  variable({ name: 'TokenReader' }, { name: 'Token' }, TAG, 'ReadOnly'),
  variable({ name: 'AuthCtrlr' }, { name: 'MasterPassGroupId' }, TAG),
  variable({ name: 'ConnectedEV' }, { name: 'VehicleId' }, EMAID, 'ReadOnly'),
  variable({ name: 'VendorDisplay' }, { name: 'Line' }, `welcome, ${CARD}!`, 'ReadOnly'),
  variable({ name: 'OCPPCommCtrlr' }, { name: 'HeartbeatInterval' }, '300'),
] // biome-ignore format: a table

async function plant21(t: TestContext, api: Api): Promise<void> {
  const options = { id: 'CS21', protocols: ['ocpp2.1'], headers: { authorization: '' } }
  const station = await client(t, api.stationUrl, options)
  await call(station, 'BootNotification', { reason: 'PowerUp', chargingStation: { vendorName: 'V', model: 'M' } }) // biome-ignore format: one line
  await call(station, 'NotifyReport', { requestId: 1, seqNo: 0, generatedAt: AT, reportData: VARIABLES }) // biome-ignore format: one line
  const idToken = { idToken: TAG, type: 'ISO14443', additionalInfo: [{ additionalIdToken: CARD, type: 'uid' }] } // biome-ignore format: one line
  await call(station, 'Authorize', { idToken })
  await call(station, 'TransactionEvent', { eventType: 'Started', timestamp: AT, triggerReason: 'Authorized', seqNo: 0, idToken, evse: { id: 1 }, transactionInfo: { transactionId: 'T1' } }) // biome-ignore format: one line
  for (const techInfo of techInfos) await call(station, 'SecurityEventNotification', { type: 'TamperDetectionActivated', timestamp: AT, techInfo }) // biome-ignore format: one line
  const event = { eventId: 1, timestamp: AT, trigger: 'Alerting', eventNotificationType: 'HardWiredNotification' } // biome-ignore format: one line
  await call(station, 'NotifyEvent', { generatedAt: AT, seqNo: 0, eventData: [{ ...event, actualValue: `${PASSWORD}-event`, component: { name: 'SecurityCtrlr' }, variable: { name: 'BasicAuthPassword' } }] }) // biome-ignore format: one line
  await call(station, 'NotifyCustomerInformation', { requestId: 1, seqNo: 0, generatedAt: AT, data: `idToken: ${TAG}; password: ${PASSWORD}-customer` }, 4) // biome-ignore format: one line
  await call(station, 'DataTransfer', { vendorId: 'V', data: { password: `${PASSWORD}-data`, idToken: CARD } }) // biome-ignore format: one line
  await call(station, 'ReportChargingProfiles', { requestId: 1, chargingLimitSource: 'EMS', evseId: 1, chargingProfile: [{ id: 1, stackLevel: 0, chargingProfilePurpose: 'TxDefaultProfile', chargingProfileKind: 'Absolute', chargingSchedule: [{ id: 1, chargingRateUnit: 'W', startSchedule: AT, chargingSchedulePeriod: [{ startPeriod: 0, limit: 1 }] }], customData: { vendorId: 'V', password: `${PASSWORD}-profile`, idToken: TAG } }] }) // biome-ignore format: one line
  await api.ask('technician', 'POST', '/api/stations/CS21/operations/ClearCache', {})
  await answer(station, 'ClearCache', [3, { status: 'Rejected', statusInfo: { reasonCode: 'X', additionalInfo: `idToken=${TAG} password=${PASSWORD}-status` } }]) // biome-ignore format: one line
}

async function planted(t: TestContext): Promise<Api> {
  const api = await startApi(t)
  await api.ask('operator', 'POST', '/api/tokens', { idToken: TAG, groupId: 'PLANTED-GROUP' })
  await plant16(t, api)
  await plant21(t, api)
  await until('the operations are over', async () => {
    const { body } = await api.ask('viewer', 'GET', '/api/operations')
    return body.operations.length === 3 && body.operations.every(({ state }: { state: string }) => state !== 'sent') // biome-ignore format: one line
  })
  return api
}

/** What stands for the parameters of a path: whatever there is. */
async function addresses(api: Api): Promise<string[]> {
  const read = async (path: string) => (await api.ask('admin', 'GET', path)).body
  const { paths } = await read('/api/openapi.json')
  const { transactions } = await read('/api/transactions')
  const { operations } = await read('/api/operations')
  const { frames } = await read('/api/frames?limit=500')
  const values: Record<string, (string | number)[]> = {
    station: ['CS16', 'CS21'],
    number: transactions.map(({ number }: { number: number }) => number),
    sequence: frames.map(({ sequence }: { sequence: number }) => sequence),
    id: [1, ...operations.map(({ id }: { id: string }) => id)],
    kid: ['k'],
    name: ['n'],
  }
  return Object.entries(paths as Record<string, object>)
    .filter(([path, methods]) => 'get' in methods && path !== '/api/live' && path !== '/*')
    .flatMap(([path]) => {
      const [, name] = /\{(\w+)\}/.exec(path) ?? []
      return name === undefined ? [path] : (values[name] ?? []).map((value) => path.replace(`{${name}}`, `${value}`)) // biome-ignore format: one line
    })
}

/** The first events of the live stream. */
async function liveOf(api: Api, role: Role): Promise<string> {
  const stop = new AbortController()
  const token = api.accounts.newApiToken('live', role).secret
  const response = await fetch(new URL('/api/live', api.server.url), { headers: { authorization: `Bearer ${token}` }, signal: stop.signal }) // biome-ignore format: one line
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString()
    if (text.includes('event: frames') && text.endsWith('\n\n')) break
  }
  stop.abort()
  return text
}

async function everythingTo(api: Api, role: Role): Promise<(readonly [string, string])[]> {
  const told: (readonly [string, string])[] = [['/api/live', await liveOf(api, role)]]
  for (const path of await addresses(api)) {
    const { body, status } = await api.ask(role, 'GET', path)
    assert.ok(status < 500, path)
    told.push([path, typeof body === 'string' ? body : JSON.stringify(body)])
  }
  return told
}

/** What is told of a secret must not be found out by reading the answers either. */
const decoded = (text: string) => text.replaceAll(/[\w+/]{16,}={0,2}/g, (word) => `${word} ${Buffer.from(word, 'base64').toString('latin1')}`) // biome-ignore format: one line

for (const role of ['viewer', 'operator', 'admin'] as const) {
  test(`no answer to a ${role} holds a password that a station has told`, async (t) => {
    const told = await everythingTo(await planted(t), role)
    assert.ok(told.length > 60, 'there is something to look through')
    for (const [path, text] of told) assert.ok(!decoded(text).includes(PASSWORD), `${path}: ${text.slice(Math.max(0, text.indexOf(PASSWORD) - 200), text.indexOf(PASSWORD) + 60)}`) // biome-ignore format: one line
  })
}

/** Frames are shown alike on nodes that know no token, so a bare word in a sentence is none to them. */
const OF_FRAMES = /^\/api\/(?:frames|trace|live)/

test('no answer to a viewer holds an id token that a station has told', async (t) => {
  const told = await everythingTo(await planted(t), 'viewer')
  for (const [path, text] of told) {
    if (OF_FRAMES.test(path)) continue
    const tokens = /messages$/.test(path) ? [TAG] : [...TOKENS, 'PLANTED-GROUP']
    for (const token of tokens) assert.ok(!text.includes(token), `${path}: ${text.slice(Math.max(0, text.indexOf(token) - 200), text.indexOf(token) + 60)}`) // biome-ignore format: one line
  }
})

test('who may read tokens reads them in the words of a station; what is no secret everybody reads', async (t) => {
  const api = await planted(t)
  const infos = async (role: Role) =>
    ((await api.ask(role, 'GET', '/api/security-events?station=CS16')).body.events as { techInfo: string }[]).map(({ techInfo }) => techInfo).toReversed() // biome-ignore format: one line

  assert.deepEqual((await infos('operator')).slice(0, 3), techInfos.slice(0, 3))
  const [first = '', second = '', third = ''] = await infos('viewer')
  assert.match(first, /^card #[\da-f]{8} refused$/)
  assert.match(second, /^reader: uid=#[\da-f]{8}, twice$/)
  assert.match(third, /^\(contract #[\da-f]{8}\)$/)
  const { body } = await api.ask('viewer', 'GET', '/api/stations/CS21')
  const shown = body.variables.find(({ variable: name }: { variable: string }) => name === 'HeartbeatInterval') // biome-ignore format: one line
  assert.deepEqual([shown.value, shown.characteristics], ['300', { dataType: 'string', supportsMonitoring: false, valuesList: '300' }]) // biome-ignore format: one line
  const entered = (await api.ask('viewer', 'GET', '/api/tokens')).body.tokens as { fingerprint: string }[] // biome-ignore format: one line
  assert.ok(entered.some(({ fingerprint }) => first.includes(fingerprint)))
})
