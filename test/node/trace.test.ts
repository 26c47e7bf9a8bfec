import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Node, NodeOptions } from '../../src/node/node.ts'
import type { UplinkRule } from '../../src/node/uplink-rules.ts'
import { KINDS } from '../../src/wire/frame.ts'
import { decodeText } from '../../src/wire/text.ts'
import { overlay } from '../support/memory-overlay.ts'

/** One trace per message: what frame logs of all nodes on its way call it. */

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/

const csms: Partial<NodeOptions> = {
  services: ['CSMS', 'CentralSystem'],
  hasDefaultRoute: false,
  handlers: { 'ocpp1.6': { Heartbeat: async () => ({ currentTime: '2026-01-01T00:00:00.000Z' }) } },
}

/** CSMS01 ← NN02 ← NN01 ← CS01, a station of OCPP 1.6. */
async function chain(t: TestContext) {
  const net = overlay(t)
  const top = await net.node('CSMS01', csms)
  const middle = await net.node('NN02')
  const edge = await net.node('NN01')
  net.connect('NN02', 'CSMS01')
  net.connect('NN01', 'NN02')
  const station = net.station('CS01', 'NN01')
  await net.settle()
  station.take()
  return { net, top, middle, edge, station, nodes: [edge, middle, top] }
}

/** Kind and trace of what a node has logged, announcements left out. */
function logged(node: Node): string[][] {
  return node.frameLog.after(0, 100).flatMap((record) => {
    const frame = decodeText(record.bytes)
    return frame.type === 6 ? [] : [[KINDS[frame.type], record.trace ?? frame.messageId]]
  })
}

/** The one trace in the log of a node. */
function traceIn(node: Node): string {
  const [trace = '', ...others] = new Set(logged(node).map(([, one]) => one))
  assert.deepEqual(others, [])
  return trace
}

test("a station's CALL and its answer have one trace at every node", async (t) => {
  const { net, station, nodes, edge } = await chain(t)
  station.send('[2,"17","Heartbeat",{}]')
  await net.settle()

  assert.deepEqual(station.take()[0]?.slice(0, 2), [3, '17'])
  const trace = traceIn(edge)
  assert.match(trace, UUID)
  const both = [['CALL', trace], ['CALLRESULT', trace]] // biome-ignore format: one line
  for (const node of nodes) assert.deepEqual(logged(node), both, node.id)
})

test('a command down to a station and its answer have one trace at every node', async (t) => {
  const { net, station, top, nodes } = await chain(t)
  const answered = top.call('CS01', 'ocpp1.6', 'ClearCache', {})
  await net.settle()
  const [, id] = station.take()[0] ?? []
  station.send(`[3,"${id}",{"status":"Accepted"}]`)
  await answered

  const trace = traceIn(top)
  assert.notEqual(id, trace)
  const both = [['CALL', trace], ['CALLRESULT', trace]] // biome-ignore format: one line
  for (const node of nodes) assert.deepEqual(logged(node), both, node.id)
})

test('an error from a station, and one that a node gives in its place, have the trace of the CALL', async (t) => {
  for (const [isSilent, code] of [[false, 'InternalError'], [true, 'Timeout']] as const) {
    const { net, station, top, nodes } = await chain(t)
    const answered = top.call('CS01', 'ocpp1.6', 'ClearCache', {}, { timeoutMs: 90_000 })
    const failed = assert.rejects(answered, { errorCode: code })
    await net.settle()
    const [, id] = station.take()[0] ?? []
    if (isSilent) await net.wait(40)
    else station.send(`[4,"${id}","InternalError","",{}]`)
    await failed

    const trace = traceIn(top)
    const both = [['CALL', trace], ['CALLERROR', trace]] // biome-ignore format: one line
    for (const node of nodes) assert.deepEqual(logged(node), both, `${node.id} ${code}`)
  }
  // biome-ignore format: two cases
})

test('an error to a station has the trace of its CALL, whoever gave it', async (t) => {
  const { net, station, top, edge } = await chain(t)
  station.send('[2,"17","Authorize",{"idTag":"A"}]')
  await net.settle()
  assert.deepEqual(station.take()[0]?.slice(0, 2), [4, '17'])
  assert.equal(traceIn(edge), traceIn(top))

  const alone = await net.node('NN09')
  const other = net.station('CS09', 'NN09')
  other.send('[2,"18","Heartbeat",{}]')
  await net.settle()
  assert.equal(other.take()[0]?.[0], 4)
  assert.deepEqual(logged(alone), [['CALL', '18'], ['CALLERROR', '18']]) // biome-ignore format: one line
})

test('a CALL whose uplink is lost and the error that says so have one trace', async (t) => {
  const net = overlay(t)
  const edge = await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const station = net.station('CS01', 'NN01')
  await net.settle()
  station.send('[2,"17","Heartbeat",{}]')
  await net.settle()
  const sent = above.take().find((frame) => frame[0] === 2)
  above.close()
  await net.settle()

  assert.deepEqual(logged(edge), [['CALL', sent?.[3]], ['CALLERROR', sent?.[3]]]) // biome-ignore format: one line
})

test('a CALLRESULTERROR has the trace of the exchange it ends', async (t) => {
  const net = overlay(t)
  const edge = await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const station = net.station('CS21', 'NN01', 'ocpp2.1')
  await net.settle()
  above.take()
  station.send('[2,"17","Heartbeat",{}]')
  await net.settle()
  const id = above.take()[0]?.[3]
  above.send(`[3,"CS21",["CSMS01"],"${id}",{}]`)
  await net.settle()
  station.send('[5,"17","FormatViolation","",{}]')
  await net.settle()

  assert.equal(above.take()[0]?.[3], id)
  assert.deepEqual(logged(edge).map(([kind]) => kind), ['CALL', 'CALLRESULT', 'CALLRESULTERROR']) // biome-ignore format: one line
  assert.equal(traceIn(edge), id)
})

test('where both sides are standard the trace is the id that the CALL went on with', async (t) => {
  const net = overlay(t)
  const rule: UplinkRule = { name: 'foreign', role: 'primary' }
  const foreign = net.foreignCsms(rule)
  const edge = await net.node('NN01', { perStation: [foreign.uplink] })
  const station = net.station('CS01', 'NN01')
  await net.settle()
  station.send('[2,"17","Heartbeat",{}]')
  await net.settle()
  const peer = foreign.connections[0]?.peer
  const [, id] = peer?.take()[0] ?? []
  peer?.send(`[3,"${id}",{}]`)
  await net.settle()

  assert.match(String(id), UUID)
  assert.equal(traceIn(edge), id)
  assert.equal(logged(edge).length, 2)
})

test('copies for other upstreams and their answers have the trace of what they are copies of', async (t) => {
  const net = overlay(t)
  const mirror = net.foreignCsms({ name: 'mirror', role: 'mirror' })
  const shared: UplinkRule = { name: 'CSMS02', role: 'restricted', up: new Set(['Heartbeat']) }
  const edge = await net.node('NN01', { perStation: [mirror.uplink] }, [
    { name: 'CSMS01', role: 'primary' },
    shared,
  ])
  const [primary, other] = [net.upstream('CSMS01', 'NN01'), net.upstream('CSMS02', 'NN01')]
  const station = net.station('CS01', 'NN01')
  await net.settle()
  for (const peer of [primary, other]) peer.take()
  station.send('[2,"17","Heartbeat",{}]')
  await net.settle()
  const [[, , , trace] = []] = primary.take()
  for (const peer of [other, primary]) {
    const id = peer === primary ? trace : peer.take()[0]?.[3]
    peer.send(`[3,"CS01",["${peer === primary ? 'CSMS01' : 'CSMS02'}"],"${id}",{}]`)
  }
  const seen = mirror.connections[0]?.peer
  seen?.send(`[4,"${seen.take()[0]?.[1]}","InternalError","",{}]`)
  await net.settle()

  assert.equal(traceIn(edge), trace)
  const rows = edge.frameLog.after(0, 100).flatMap((record) => {
    const { type, messageId } = decodeText(record.bytes)
    return type === 6 ? [] : [[KINDS[type], record.direction, record.link, messageId === trace]]
  })
  // The copies stand behind what they are copies of.
  assert.deepEqual(rows.slice(0, 3), [
    ['CALL', 'received', 'CS01', false],
    ['CALL', 'sent', 'CSMS02', false],
    ['CALL', 'sent', 'CS01@mirror', false],
  ])
  assert.deepEqual(rows.slice(3).map(([kind, , link]) => `${kind} ${link}`).sort(), ['CALLERROR CS01@mirror', 'CALLRESULT CSMS01', 'CALLRESULT CSMS02']) // biome-ignore format: one line
})

test('a frame that the log keeps only the beginning of has its trace all the same', async (t) => {
  const { net, top, station, nodes } = await chain(t)
  const payload = { listVersion: 1, updateType: 'Full', x: 'x'.repeat(70_000) }
  const answered = top.callRaw('CS01', 'SendLocalList', Buffer.from(JSON.stringify(payload)))
  await net.settle()
  const [, id] = station.take()[0] ?? []
  station.send(`[3,"${id}",{"x":"${payload.x}"}]`)
  const { messageId } = await answered

  for (const { id, frameLog } of nodes) {
    const long = frameLog.after(0, 100).filter(({ length }) => length > 70_000)
    assert.deepEqual(long.map(({ trace }) => trace), [messageId, messageId], id) // biome-ignore format: one line
  }
})

test('what is refused is told with its trace, as far as it can be read', async (t) => {
  const { net, station, edge } = await chain(t)
  const events = net.events.get('NN01') ?? []
  const refused = () => events.flatMap((event) => (event.name === 'frame.refused' ? [event] : []))

  station.send('[2,"21","Heartbeat"]')
  station.send('[3,"22",{}]')
  await net.settle()

  assert.deepEqual(refused().map(({ trace }) => trace), ['21', '22']) // biome-ignore format: one line
  const traces = edge.frameLog.after(0, 100).map(({ trace }) => trace)
  assert.deepEqual(traces.slice(-3), ['21', '21', '22'])
})
