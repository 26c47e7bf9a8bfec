import assert from 'node:assert/strict'
import { test } from 'node:test'
import { overlay } from '../support/memory-overlay.ts'

const heartbeat = () => ({ currentTime: new Date(0).toISOString() })
const many = (count: number, last: string) =>
  JSON.stringify([...Array.from({ length: count - 1 }, (_, i) => `N${i}`), last])

test('the own id on the path is a loop in any letter case and for every kind of frame', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send('[2,"CSMS",["nn01","LC01"],"1","Heartbeat",{}]')
  below.send('[6,"CSMS",["Nn01","LC01"],"1","NotifyPeriodicEventStream",{}]')
  below.send('[3,"CSMS01",["NN01","LC01"],"1",{}]')
  below.send('[4,"CSMS01",["NN01","LC01"],"1","GenericError","",{}]')
  below.send('[5,"CSMS01",["NN01","LC01"],"1","GenericError","",{}]')
  await net.settle()

  assert.deepEqual([...above.received, ...below.received], [])
  assert.deepEqual(net.refusals('NN01'), { ERR_ROUTE_LOOP: 5 })
})

test('a path of 32 entries is full: the node that would write the 33rd says so', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send(`[2,"CSMS",${many(31, 'LC01')},"31","Heartbeat",{}]`)
  below.send(`[2,"CSMS",${many(32, 'LC01')},"32","Heartbeat",{}]`)
  below.send(`[6,"CSMS",${many(32, 'LC01')},"33","NotifyPeriodicEventStream",{}]`)
  await net.settle()

  const [passed, ...none] = above.take()
  assert.equal((passed?.[2] as string[] | undefined)?.length, 32)
  assert.deepEqual(none, [])
  assert.deepEqual(below.take(), [
    [4, 'N0', ['NN01'], '32', 'NetworkError', 'the network path is full', { reason: 'hop-limit' }],
  ])
  assert.deepEqual(net.refusals('NN01'), { ERR_ROUTE_HOP_LIMIT: 2 })
  assert.equal(net.open('NN01'), 1)
})

test('a request with 32 entries is still handled by the node it is for', async (t) => {
  const net = overlay(t)
  await net.node('NN01', {
    services: ['CSMS'],
    handlers: { 'ocpp2.1': { Heartbeat: heartbeat } },
  })
  const below = net.peer('LC01', 'NN01')

  below.send(`[2,"CSMS",${many(32, 'LC01')},"1","Heartbeat",{}]`)
  await net.settle()

  assert.deepEqual(below.take().map((frame) => frame.slice(0, 3)), [[3, 'N0', ['NN01']]]) // biome-ignore format: one line
})

test('a path of 33 entries is undecodable', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send(`[2,"CSMS",${many(33, 'LC01')},"1","Heartbeat",{}]`)
  below.send(`[2,"CSMS",${many(10_000, 'LC01')},"2","Heartbeat",{}]`)
  below.send(`[6,"CSMS",${many(33, 'LC01')},"3","NotifyPeriodicEventStream",{}]`)
  await net.settle()

  assert.deepEqual(above.received, [])
  assert.deepEqual(
    below.take().map((frame) => [frame[0], frame[3], frame[4]]),
    [
      [4, '1', 'RpcFrameworkError'],
      [4, '2', 'RpcFrameworkError'],
    ],
  )
  assert.deepEqual(net.refusals('NN01'), { ERR_WIRE_PATH_LENGTH: 3 })
})

test('a destination nobody knows is a NetworkError at once', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const below = net.peer('LC01', 'NN01')
  const station = net.station('CS01', 'NN01')

  below.send('[2,"CS99",["CS05","LC01"],"1","Heartbeat",{}]')
  station.send('[2,"1","Heartbeat",{}]')
  await net.settle()

  const [error] = below.take()
  assert.deepEqual(error?.slice(0, 5), [4, 'CS05', ['NN01'], '1', 'NetworkError'])
  const [told] = station.take()
  assert.deepEqual(told?.slice(0, 3), [4, '1', 'GenericError'])
  assert.equal((told?.[4] as { reason: string } | undefined)?.reason, 'network')
  assert.equal(net.open('NN01'), 0)
})

test('nothing is sent back over the link it came from', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  above.send('[2,"CS99",["CSMS01"],"1","ClearCache",{}]')
  below.send('[2,"LC01",["CS05","LC01"],"2","ClearCache",{}]')
  await net.settle()

  assert.deepEqual(above.take().map((frame) => frame.slice(3, 5)), [['1', 'NetworkError']]) // biome-ignore format: one line
  assert.deepEqual(below.take().map((frame) => frame.slice(3, 5)), [['2', 'NetworkError']]) // biome-ignore format: one line
})

test('a frame whose path does not end in the neighbour is refused, whoever it names', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send('[2,"CSMS",["LC02"],"1","Heartbeat",{}]')
  below.send('[2,"CSMS",["LC01","LC02"],"2","Heartbeat",{}]')
  below.send('[2,"CSMS",["CSMS01"],"3","Heartbeat",{}]')
  below.send('[6,"CSMS",["LC02"],"4","NotifyPeriodicEventStream",{}]')
  await net.settle()

  assert.deepEqual(above.received, [])
  assert.deepEqual(
    below.take().map((frame) => frame.slice(3, 5)),
    [
      ['1', 'SecurityError'],
      ['2', 'SecurityError'],
      ['3', 'SecurityError'],
    ],
  )
  assert.deepEqual(net.refusals('NN01'), { ERR_ROUTE_NEIGHBOUR: 4 })
})

test('the last hop may be written in another letter case, but not look alike', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LKS01', 'NN01')

  below.send('[2,"CSMS",["lks01"],"1","Heartbeat",{}]')
  below.send('[2,"CSMS",["L\\u212aS01"],"2","Heartbeat",{}]')
  below.send('[2,"CSMS",["LK\\u017f01"],"3","Heartbeat",{}]')
  await net.settle()

  assert.deepEqual(above.take().map((frame) => frame[3]), ['1']) // biome-ignore format: one line
  // U+212A is not NFC and so no id at all; U+017F makes another id.
  assert.deepEqual(net.refusals('NN01'), { ERR_WIRE_NODE_ID: 1, ERR_ROUTE_NEIGHBOUR: 1 })
})

for (const id of ['0', '*', '*meter-values', 'CSMS', 'csms', 'CentralSystem', 'acme/CSMS']) {
  test(`a path that names ${id} is refused`, async (t) => {
    const net = overlay(t)
    await net.node('NN01')
    const above = net.upstream('CSMS01', 'NN01')
    const below = net.peer('LC01', 'NN01')

    below.send(`[2,"CS99",["${id}","LC01"],"1","Heartbeat",{}]`)
    await net.settle()

    assert.deepEqual(above.received, [])
    assert.deepEqual(below.take().map((frame) => frame.slice(3, 5)), [['1', 'SecurityError']]) // biome-ignore format: one line
    assert.deepEqual(net.refusals('NN01'), { ERR_ROUTE_RESERVED_ID: 1 })
  })
}

test('a reserved id on the path is refused also where a neighbour goes by it', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  // An uplink of the reference dialect says no name and is known as CSMS.
  const above = net.upstream('CSMS', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send('[2,"CS99",["CSMS","LC01"],"1","Heartbeat",{}]')
  await net.settle()

  assert.deepEqual(above.received, [])
  assert.deepEqual(net.refusals('NN01'), { ERR_ROUTE_RESERVED_ID: 1 })
})

test('an id that only looks like a service is not that service', async (t) => {
  const net = overlay(t)
  await net.node('CSMS01', { services: ['CSMS'], hasDefaultRoute: false })
  const below = net.peer('LC01', 'CSMS01')

  below.send('[2,"C\\u017fMS",["LC01"],"1","Heartbeat",{}]')
  below.send('[2,"csms",["LC01"],"2","Heartbeat",{}]')
  await net.settle()

  assert.deepEqual(
    below.take().map((frame) => frame.slice(3, 5)),
    [
      ['1', 'NetworkError'],
      ['2', 'NotSupported'],
    ],
  )
})

test('an id written with escapes is the same id', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const station = net.station('CS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send('[2,"\\u0043\\u005301",["\\u004cC01"],"1","ClearCache",{}]')
  await net.settle()

  assert.equal(station.received.length, 1)
})
