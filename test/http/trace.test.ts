import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Ajv } from 'ajv'
import { Observations } from '../../src/http/observations.ts'
import type { TraceRecord } from '../../src/http/trace-records.ts'
import type { Node } from '../../src/node/node.ts'
import { overlay } from '../support/memory-overlay.ts'
import { startSite } from '../support/site.ts'
import { client } from '../support/sockets.ts'
import { scrape, serve } from './node-console.ts'

const HAS_ERROR = { required: ['error'] }
/** Open OCPP Trace v1.1: what every record must look like. */
const RECORD = {
  type: 'object',
  required: ['schemaVersion', 'timestamp', 'transport', 'direction', 'messageType'],
  properties: {
    schemaVersion: { const: '1.1' },
    timestamp: { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d)$' }, // biome-ignore format: one line
    transport: { const: 'json' },
    direction: { enum: ['cp-to-csms', 'csms-to-cp'] },
    messageType: { enum: ['CALL', 'CALLRESULT', 'CALLERROR'] },
    ocppVersion: { enum: ['1.6', '2.0.1', '2.1'] },
    chargePointId: { type: 'string' },
    connectorId: { type: 'integer', minimum: 0 },
    messageId: { type: 'string' },
    action: { type: 'string' },
    raw: { type: 'string' },
    meta: { type: 'object' },
    error: {
      type: 'object',
      required: ['code', 'description', 'details'],
      properties: { code: { type: 'string' }, description: { type: 'string' } },
    },
  },
  oneOf: [
    { properties: { messageType: { const: 'CALL' } }, required: ['action'], not: HAS_ERROR },
    { properties: { messageType: { const: 'CALLRESULT' } }, not: HAS_ERROR },
    { properties: { messageType: { const: 'CALLERROR' } }, ...HAS_ERROR },
  ],
}
const isRecord = new Ajv({ strict: false }).compile(RECORD)

type Line = TraceRecord & {
  meta: { node: string; link: string; trace: string; form: string; sequence: number }
}

async function traceOf(url: string, query = '') {
  const response = await fetch(new URL(`api/trace${query}`, url))
  const lines = (await response.text()).split('\n').filter((line) => line !== '')
  for (const line of lines) {
    assert.ok(isRecord(JSON.parse(line)), `${line} ${JSON.stringify(isRecord.errors)}`)
  }
  return { response, records: lines.map((line) => JSON.parse(line) as Line) }
}

/** CALLs that a node has received, and those it has sent of its own, by its metrics. */
async function calls(url: string, direction: string): Promise<number> {
  const samples = [...(await scrape(url))]
  const wanted = samples.filter(
    ([name]) =>
      /^wattweave_frames_total.*kind="CALL"/.test(name) &&
      name.includes(`direction="${direction}"`),
  )
  return wanted.reduce((sum, [, count]) => sum + count, 0)
}

const AT = '2026-01-05T11:00:00.000Z'
// biome-ignore format: a table
const CALLS = [
  ['CS16', 'ocpp1.6', '1.6', ['BootNotification', { chargePointVendor: 'V', chargePointModel: 'M' }],
    ['Authorize', { idTag: 'SECRET-CARD' }], ['StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available' }],
    ['Authorize', { idTag: 7 }]],
  ['CS20', 'ocpp2.0.1', '2.0.1', ['Heartbeat', {}],
    ['Authorize', { idToken: { idToken: 'SECRET-CARD', type: 'Central' } }],
    ['StatusNotification', { timestamp: AT, connectorStatus: 'Available', evseId: 1, connectorId: 2 }]],
  ['CS21', 'ocpp2.1', '2.1', ['Heartbeat', {}],
    ['Authorize', { idToken: { idToken: 'SECRET-CARD', type: 'Central' } }], ['NoSuchAction', { password: 'SECRET-WORD' }],
    ['DataTransfer', { vendorId: 'V', data: { at: 'ftp://user:SECRET-WORD@files.example/', said: '{"idTag":"SECRET-CARD"}', kept: 'ftp://files.example/' } }]],
] as const

/** Stations of three versions speak through NN01, and the CSMS asks one of them. */
async function spoken(t: TestContext) {
  const site = await startSite(...CALLS.map(([id]) => id))
  t.after(() => site.stop())
  for (const [id, protocol, , ...calls] of CALLS) {
    const raw = await client(t, site.url, { id, protocols: [protocol] })
    for (const [n, [action, payload]] of calls.entries()) {
      raw.send(JSON.stringify([2, `${n}`, action, payload]))
      await raw.take((frame) => frame[1] === `${n}`, `the answer to ${action}`)
    }
    if (id !== 'CS16') continue
    const setting = { key: 'AuthorizationKey', value: 'SECRET-WORD' }
    const answered = site.csms.call('CS16', 'ocpp1.6', 'ChangeConfiguration', setting)
    const [, messageId] = await raw.take((frame) => frame[0] === 2, 'the command')
    raw.send(JSON.stringify([3, messageId, { status: 'Rejected' }]))
    await answered
  }
  const at = async (node: Node) => (await serve(t, { node, role: node.id === 'NN01' ? 'networking-node' : 'csms' })).url // biome-ignore format: one line
  return { node: await at(site.node), csms: await at(site.csms) }
}

test('every record of a run with three versions is Open OCPP Trace v1.1, and none is missing', async (t) => {
  const { node, csms } = await spoken(t)
  const atNode = await traceOf(node)
  const atCsms = await traceOf(csms)
  const callsOf = (records: readonly Line[]) => records.filter(({ messageType }) => messageType === 'CALL') // biome-ignore format: one line

  // Each at the node is passed on and logged as it came in; the CSMS has also asked itself.
  assert.equal(callsOf(atNode.records).length, await calls(node, 'received'))
  const own = callsOf(atCsms.records).filter(({ direction }) => direction === 'csms-to-cp')
  assert.equal(own.length, await calls(csms, 'sent'))
  assert.equal(callsOf(atCsms.records).length, own.length + (await calls(csms, 'received')))
  assert.equal(callsOf(atNode.records).length, 12)
  assert.match(atNode.response.headers.get('content-type') ?? '', /^application\/x-ndjson/)
  assert.match(atNode.response.headers.get('trace-left-out') ?? '', /^SEND=\d+$/)
})

test('a record says which station, which version, which way, and what it answers', async (t) => {
  const { node, csms } = await spoken(t)
  for (const url of [node, csms]) {
    const { records } = await traceOf(url)
    for (const [id, , version] of CALLS) {
      const own = records.filter(({ chargePointId }) => chargePointId === id)
      assert.ok(own.length >= 6)
      assert.deepEqual(new Set(own.map(({ ocppVersion }) => ocppVersion)), new Set([version]))
    }
    const rows = records
      .filter(({ chargePointId }) => chargePointId === 'CS16')
      .map(({ messageType, direction, action, connectorId }) => `${messageType} ${direction} ${action} ${connectorId ?? ''}`.trim()) // biome-ignore format: one line
    assert.deepEqual(rows, [
      'CALL cp-to-csms BootNotification',
      'CALLRESULT csms-to-cp BootNotification',
      'CALL cp-to-csms Authorize',
      'CALLRESULT csms-to-cp Authorize',
      'CALL cp-to-csms StatusNotification 1',
      'CALLRESULT csms-to-cp StatusNotification',
      'CALL cp-to-csms Authorize',
      'CALLERROR csms-to-cp Authorize',
      'CALL csms-to-cp ChangeConfiguration',
      'CALLRESULT cp-to-csms ChangeConfiguration',
    ])
  }
})

test('no token and no password is in a trace, in whatever member', async (t) => {
  const { node, csms } = await spoken(t)
  for (const url of [node, csms]) {
    const text = await (await fetch(new URL('api/trace', url))).text()
    assert.doesNotMatch(text, /SECRET/)
    assert.match(text, /"payload":\{"idTag":"#[0-9a-f]{8}"\}/)
    assert.match(text, /"data":\{"at":"ftp:\/\/\[secret\]@files\.example\/","said":"\{\\"idTag\\":\\"#[0-9a-f]{8}\\"\}","kept":"ftp:\/\/files\.example\/"\}/) // biome-ignore format: one line
    assert.match(text, /\{\\"idTag\\":\\"#[0-9a-f]{8}\\"\}/)
  }
})

test('a message has the same trace at the node and at the CSMS, its answer too', async (t) => {
  const { node, csms } = await spoken(t)
  const keys = ({ records }: { records: Line[] }) => records.map(({ messageType, meta }) => `${meta.trace} ${messageType}`) // biome-ignore format: one line
  const atNode = keys(await traceOf(node))
  assert.deepEqual(atNode.sort(), keys(await traceOf(csms)).sort())
  assert.equal(new Set(atNode).size, atNode.length)
})

test('a trace is asked for by station, after a sequence, and for its newest records', async (t) => {
  const { node } = await spoken(t)
  const all = (await traceOf(node)).records
  const sequences = async (query: string) => (await traceOf(node, query)).records.map(({ meta }) => meta.sequence) // biome-ignore format: one line
  const of = (records: readonly Line[]) => records.map(({ meta }) => meta.sequence)

  assert.deepEqual(await sequences('?station=cs20'), of(all.filter(({ chargePointId }) => chargePointId === 'CS20'))) // biome-ignore format: one line
  assert.deepEqual(await sequences(`?after=${all.at(-4)?.meta.sequence}`), of(all.slice(-3)))
  assert.deepEqual(await sequences('?limit=2'), of(all.slice(-2)))
  assert.deepEqual(await sequences('?station=CS99'), [])
  for (const query of ['?limit=0', '?after=x', '?stations=CS16']) {
    assert.equal((await fetch(new URL(`api/trace${query}`, node))).status, 400)
  }
})

test('who left is known by version and direction, between nodes the way decides', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01')
  const observed = new Observations(node)
  const { url } = await serve(t, { node, observed })
  const above = net.upstream('CSMS01', 'NN01')
  const station = net.station('CS01', 'NN01')
  const below = net.peer('LC01', 'NN01')
  await net.settle()
  station.send('[2,"1","Heartbeat",{}]')
  below.send('[2,"CSMS01",["LC01"],"2","X",{}]')
  above.send('[2,"LC01",["CSMS01"],"3","Y",{}]')
  await net.settle()
  below.send('[4,"CSMS01",["LC01"],"3","InternalError","no, Bearer SECRET-WORD",{"a":1}]')
  below.send('[1')
  below.send(`[2,"CSMS01",["LC01"],"4","Long",{"x":"${'x'.repeat(70_000)}"}]`)
  await net.settle()
  station.close()
  below.close()
  await net.settle()

  const { records, response } = await traceOf(url)
  const rows = records
    .filter(({ messageType, action }) => messageType === 'CALL' || action === 'Y')
    .map(({ direction, action, chargePointId, ocppVersion, error }) => [direction, action, chargePointId, ocppVersion, error?.code, error?.description]) // biome-ignore format: one line
  assert.deepEqual(rows, [
    ['cp-to-csms', 'Heartbeat', 'CS01', '1.6', undefined, undefined],
    ['cp-to-csms', 'X', undefined, undefined, undefined, undefined],
    ['csms-to-cp', 'Y', undefined, undefined, undefined, undefined],
    ['cp-to-csms', 'Y', undefined, undefined, 'InternalError', 'no, Bearer [secret]'],
  ])
  assert.match(response.headers.get('trace-left-out') ?? '', /SEND=\d+, undecodable=1, cut=1$/)
})

test('copies for a mirror are counted and left out, or stand there under ids of their own, where they are asked for', async (t) => {
  const net = overlay(t)
  const [primary, mirror] = (['primary', 'mirror'] as const).map((role) => net.foreignCsms({ name: role, role })) // biome-ignore format: one line
  assert.ok(primary && mirror)
  const node = await net.node('NN01', { perStation: [primary.uplink, mirror.uplink] })
  const observed = new Observations(node)
  const { url } = await serve(t, { node, observed })
  const station = net.station('CS01', 'NN01')
  await net.settle()
  station.send('[2,"1","Heartbeat",{}]')
  await net.settle()
  for (const { connections } of [mirror, primary]) {
    const peer = connections[0]?.peer
    peer?.send(`[3,"${peer.take()[0]?.[1]}",{}]`)
  }
  await net.settle()

  const { records, response } = await traceOf(url)
  const rowsOf = (lines: readonly Line[]) => lines.map(({ messageType, action, meta }) => `${messageType} ${action} ${meta.link}`) // biome-ignore format: one line
  assert.deepEqual(rowsOf(records), ['CALL Heartbeat CS01', 'CALLRESULT Heartbeat CS01@primary'])
  assert.equal(response.headers.get('trace-left-out'), 'copy=2')

  const { records: all } = await traceOf(url, '?copies=true')
  const copies = all.filter(({ meta }) => meta.link === 'CS01@mirror')
  assert.deepEqual(rowsOf(copies), ['CALL Heartbeat CS01@mirror', 'CALLRESULT Heartbeat CS01@mirror']) // biome-ignore format: one line
  assert.deepEqual(copies.map(({ chargePointId, direction }) => `${chargePointId} ${direction}`), ['CS01 cp-to-csms', 'CS01 csms-to-cp']) // biome-ignore format: one line
  assert.equal(new Set(copies.map(({ messageId }) => messageId)).size, 1)
  assert.notEqual(copies[0]?.messageId, records[0]?.messageId)
  assert.deepEqual(new Set(all.map(({ meta }) => meta.trace)), new Set([records[0]?.meta.trace]))
})
