import assert from 'node:assert/strict'
import { test } from 'node:test'
import { metric, until } from '../../end-to-end/processes.ts'
import { obeyedThenRefused, PAYLOAD, payloadOf, without } from './both-sides.ts'
import { refusalAt } from './refusals.ts'
import { api, captured, command, deliver, type FrameArray, type Side, sidesOf } from './site.ts' // biome-ignore format: one line

/** What stations say on its way up, and the ways that frames say they took. */

const theSides = sidesOf()

interface Transactions {
  readonly transactions: readonly {
    readonly number: number
    readonly meterStartWh: number
    readonly station: string
  }[]
}

const hasStarted = (meterStart: number) => async (side: Side) => JSON.stringify(await api<Transactions>(side.csms, 'transactions')).includes(`${meterStart}`) // biome-ignore format: one line

let meter = 40_000

/** A start of CS01 on its way up, which the middle has kept. */
async function keptStart() {
  const sides = await theSides()
  meter += 1_000
  const meterStart = meter
  const request = {
    connectorId: 1,
    idTag: 'TAG-1',
    meterStart,
    timestamp: new Date().toISOString(),
  }
  const frame = await captured(sides.strict, 'CALL', 'StartTransaction', () => sides.strict.stations[0].say('StartTransaction', request)) // biome-ignore format: one line
  return { sides, frame, meterStart }
}

test('A11: the middle makes ten times as much of what a meter says', async () => {
  const { sides, frame, meterStart } = await keptStart()
  const changed = frame.with(PAYLOAD, { ...payloadOf(frame), meterStart: meterStart * 10 })
  await obeyedThenRefused(sides, { frame: changed, reason: 'signature-invalid', at: 'csms', isDone: hasStarted(meterStart * 10) }) // biome-ignore format: one line
  deliver(sides.strict, frame)
  await until('the true one', () => hasStarted(meterStart)(sides.strict))
})

test('A11: the middle, switched on, multiplies meter values on their way, and shows that it has tried', async () => {
  const { strict, open } = await theSides()
  for (const side of [open, strict]) {
    const off = side.middle.switchOn({ attack: 'alter', on: { actions: ['MeterValues'], kinds: ['CALL'] }, pointer: '/meterValue/*/sampledValue/*/value', factor: 10 }) // biome-ignore format: one line
    const [station] = side.stations
    const before = await metric(side.csms.console, 'wattweave_refused_total', 'code="ERR_POLICY_REFUSED"') // biome-ignore format: one line
    const said = { connectorId: 1, meterValue: [{ timestamp: new Date().toISOString(), sampledValue: [{ value: '6480' }] }] } // biome-ignore format: one line
    const [type] = await station.ask('MeterValues', said)
    assert.equal(type, side === open ? 3 : 4)
    const refused = await metric(side.csms.console, 'wattweave_refused_total', 'code="ERR_POLICY_REFUSED"') // biome-ignore format: one line
    assert.equal(refused - before, side === open ? 0 : 1)
    const [attempt] = side.attempts.filter(({ attack }) => attack === 'alter')
    assert.match(new TextDecoder().decode(attempt?.sent[0]), /"value":"64800"/)
    off()
  }
})

test('T5: the middle takes away what the edge has attested', async () => {
  const { sides, frame, meterStart } = await keptStart()
  await obeyedThenRefused(sides, { frame: frame.with(PAYLOAD, without(payloadOf(frame))), reason: 'unsigned', at: 'csms', isDone: hasStarted(meterStart) }) // biome-ignore format: one line
})

test('A11: the middle speaks in the name of a station, with a good signature of its own', async () => {
  const { sides, frame, meterStart } = await keptStart()
  const payload = { ...without(payloadOf(frame)), connectorId: 2 }
  const fields = { OCPPAction: 'StartTransaction', from: 'CS01', to: 'CentralSystem' }
  const signatures = await sides.keys.sign(['LC01'], payload, fields)
  await obeyedThenRefused(sides, { frame: frame.with(PAYLOAD, { ...payload, signatures }), reason: 'not-attested', at: 'csms', isDone: hasStarted(meterStart) }) // biome-ignore format: one line
})

test('T5: a node that has to sign tells the CSMS something unsigned', async () => {
  const sides = await theSides()
  const event = { type: 'FirmwareUpdated', timestamp: '2026-01-01T00:00:00Z' }
  const frame = [2, 'CSMS', ['NN01'], crypto.randomUUID(), 'SecurityEventNotification', event]
  const isDone = async (side: Side) => JSON.stringify(await api(side.csms, 'security-events')).includes(event.type) // biome-ignore format: one line
  await obeyedThenRefused(sides, { frame, reason: 'unsigned', at: 'csms', isDone })
})

test('A11: the middle drops a command: nobody obeys it, and the CSMS does not believe that somebody has', async () => {
  const { strict } = await theSides()
  await captured(strict, 'CALL', 'ClearCache', () => command(strict, 'CS01', 'ClearCache', {}))
  const [operation] = (await api<{ operations: { action: string; state: string }[] }>(strict.csms, 'operations?station=CS01')).operations // biome-ignore format: one line
  assert.deepEqual([operation?.action, operation?.state], ['ClearCache', 'sent'])
  assert.equal(strict.attempts.at(-1)?.attack, 'drop')
})

test('A11: the middle exchanges two commands: each is obeyed once and as it was signed, and each answer is that of its own command', async () => {
  const { strict } = await theSides()
  const [station] = strict.stations
  const before = station.obeyed.length
  strict.middle.switchOn({ attack: 'reorder', on: { kinds: ['CALL'], actions: ['UnlockConnector', 'RemoteStopTransaction'], times: 2 } }) // biome-ignore format: one line
  const ids = [await command(strict, 'CS01', 'UnlockConnector', { connectorId: 1 }), await command(strict, 'CS01', 'RemoteStopTransaction', { transactionId: 4_711 })] // biome-ignore format: one line
  await until('both', () => station.obeyed.length === before + 2)
  assert.deepEqual(station.obeyed.slice(before).map(([action]) => action), ['RemoteStopTransaction', 'UnlockConnector']) // biome-ignore format: one line
  for (const [id, status] of [
    [ids[0], 'Unlocked'],
    [ids[1], 'Accepted'],
  ] as const) {
    const answer = await until('its answer', async () => (await api<{ answer?: { status: string } }>(strict.csms, `operations/${id}`)).answer) // biome-ignore format: one line
    assert.equal(answer.status, status)
  }
})

const encode = (frame: FrameArray) => new TextEncoder().encode(JSON.stringify(frame))
const ask = (path: readonly string[]) =>
  encode([2, 'CSMS', path, crypto.randomUUID(), 'Heartbeat', {}])

// biome-ignore format: a table
const PATHS: readonly (readonly [string, readonly string[], string])[] = [
  ['A12: a path does not end in the neighbour that sent it', ['CS01', 'NN01'], 'ERR_ROUTE_NEIGHBOUR'],
  ['A12: a path has been at the receiver before', ['CS01', 'CSMS01', 'LC01'], 'ERR_ROUTE_LOOP'],
  ['A12: a path has 10,000 hops', [...Array.from({ length: 9_999 }, (_, i) => `N${i}`), 'LC01'], 'ERR_WIRE_PATH_LENGTH'],
  ['A12: a path is said to begin at the CSMS service', ['CSMS', 'LC01'], 'ERR_ROUTE_RESERVED_ID'],
]

for (const [what, path, code] of PATHS) {
  test(`${what}: it is refused whatever the policy`, async () => {
    const { strict, open } = await theSides()
    for (const side of [open, strict]) {
      assert.equal((await refusalAt(side.csms, () => side.middle.inject('CSMS01', ask(path)), code)).code, code) // biome-ignore format: one line
    }
  })
}

test('A12: a frame is said to come from another station than the one whose words were attested', async () => {
  const { sides, frame, meterStart } = await keptStart()
  await obeyedThenRefused(sides, { frame: frame.with(2, ['CS02', 'NN01']), reason: 'not-this-message', at: 'csms', isDone: hasStarted(meterStart) }) // biome-ignore format: one line
})

/** Spelled as no encoder would: spaces, escapes, exponents, a time zone, an odd order. */
const ODD = '{ "vendorId":"org.\\u0065xample" ,\t"data":"1.50 \\/ 2026-01-01T00:00:00+05:30","messageId" : "m" }' // biome-ignore format: one text

test('T24: what a station says arrives at the CSMS over three nodes with the bytes that it has written, and is believed', async () => {
  const { strict } = await theSides()
  const [station] = strict.stations
  const id = station.say('DataTransfer', ODD)
  await until('its answer', () => station.answers.has(id))
  assert.deepEqual(station.answers.get(id), [3, { status: 'UnknownVendorId' }])
  const [frame] = strict.middle.recorded.filter(({ action, frame: { type } }) => action === 'DataTransfer' && type === 2) // biome-ignore format: one line
  const carried = new TextDecoder().decode(frame?.frame.payload)
  assert.ok(carried.startsWith(ODD.slice(0, ODD.lastIndexOf('}')).trimEnd()), carried)
  const { frames } = await api<{ frames: { sequence: number; action: string; kind: string }[] }>(strict.csms, 'frames') // biome-ignore format: one line
  const arrived = frames.find(({ action, kind }) => action === 'DataTransfer' && kind === 'CALL')
  const { raw } = await api<{ raw: string }>(strict.csms, `frames/${arrived?.sequence}`)
  assert.ok(raw.includes(carried), 'the middle has changed no byte of it')
})

test('T24: what the CSMS signs arrives at the station as it was signed, without the signatures', async () => {
  const { strict } = await theSides()
  const [station] = strict.stations
  const list = { listVersion: 7, updateType: 'Full', localAuthorizationList: [{ idTag: 'ÄÖ', idTagInfo: { status: 'Accepted', expiryDate: '2027-01-01T00:00:00.000Z' } }] } // biome-ignore format: one line
  await command(strict, 'CS01', 'SendLocalList', list)
  await until('the list', () => station.obeyed.some(([action]) => action === 'SendLocalList'))
  const text = station.socket.received.find((one) => one.includes('SendLocalList')) ?? ''
  const [frame] = strict.middle.recorded.filter(({ action }) => action === 'SendLocalList')
  const signed = new TextDecoder().decode(frame?.frame.payload)
  const payload = text.slice(text.indexOf('{'), -1)
  assert.ok(signed.startsWith(payload.slice(0, -1)), `${signed} ${payload}`)
  assert.doesNotMatch(text, /signatures/)
})
