import assert from 'node:assert/strict'
import { test } from 'node:test'
import { overlay } from '../support/memory-overlay.ts'

const failing = () => {
  throw new Error('the handler is broken')
}
const nothing = () => undefined
const STREAM = 'NotifyPeriodicEventStream'

test('a SEND crosses two nodes with unchanged id and payload', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  await net.node('LC01')
  const above = net.upstream('CSMS01', 'NN01')
  net.connect('LC01', 'NN01')
  const below = net.peer('LC02', 'LC01')

  below.send(`[6,"CSMS",["LC02"],"s1","${STREAM}",{ "v" : 1.0 }]`)
  await net.settle()

  assert.deepEqual(above.received, [
    `[6,"CSMS",["LC02","LC01","NN01"],"s1","${STREAM}",{ "v" : 1.0 }]`,
  ])
  assert.equal(net.open('NN01') + net.open('LC01'), 0)
})

test('a SEND to nowhere is silence and a count', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const below = net.peer('LC01', 'NN01')

  below.send(`[6,"CSMS",["LC01"],"1","${STREAM}",{}]`)
  await net.settle()

  assert.deepEqual(below.received, [])
  assert.deepEqual(net.refusals('NN01'), { ERR_ROUTE_UNKNOWN: 1 })
})

for (const protocol of ['ocpp1.6', 'ocpp2.0.1'] as const) {
  test(`a SEND is not sent to a station of ${protocol}`, async (t) => {
    const net = overlay(t)
    await net.node('NN01')
    const above = net.upstream('CSMS01', 'NN01')
    const station = net.station('CS01', 'NN01', protocol)
    await net.settle()
    above.take()

    above.send(`[6,"CS01",["CSMS01"],"1","${STREAM}",{}]`)
    await net.settle()

    assert.deepEqual([...station.received, ...above.take()], [])
    assert.deepEqual(net.refusals('NN01'), { ERR_ROUTE_CANNOT_CARRY: 1 })
  })
}

test('no failure of a SEND is ever answered', async (t) => {
  const net = overlay(t)
  await net.node('CSMS01', {
    services: ['CSMS'],
    hasDefaultRoute: false,
    handlers: {
      'ocpp2.1': {
        NotifyPeriodicEventStream: failing,
      },
    },
  })
  const below = net.peer('LC01', 'CSMS01')
  const path32 = JSON.stringify([...Array.from({ length: 31 }, (_, i) => `N${i}`), 'LC01'])
  const good = '{"id":1,"pending":0,"basetime":"2026-01-01T00:00:00Z","data":[{"t":0,"v":"1"}]}'

  const frames = [
    [`[6,"CSMS",["LC01"],"1","${STREAM}",${good}]`, 'ERR_HANDLER'],
    [`[6,"CSMS",["LC01"],"1","${STREAM}",{}]`, 'ERR_SCHEMA_OCCURRENCE'],
    [`[6,"CSMS",["LC01"],"1","${STREAM}",{"a":1,"a":2}]`, 'ERR_SCHEMA_JSON'],
    ['[6,"CSMS",["LC01"],"1","Nonsense",{}]', 'ERR_SCHEMA_UNKNOWN_ACTION'],
    ['[6,"CSMS",["LC01"],"1","Heartbeat",{}]', 'ERR_SCHEMA_UNSUPPORTED'],
    [`[6,"CSMS",["LC01"],"1","${STREAM}",[]]`, 'ERR_WIRE_FIELD_TYPE'],
    [`[6,"CSMS",["LC01"],"1","${STREAM}"]`, 'ERR_WIRE_FIELD_COUNT'],
    [`[6,"CSMS",["LC01"],"${'x'.repeat(37)}","${STREAM}",{}]`, 'ERR_WIRE_MESSAGE_ID'],
    [`[6,"CSMS",["CSMS01","LC01"],"1","${STREAM}",{}]`, 'ERR_ROUTE_LOOP'],
    [`[6,"CSMS",["LC02"],"1","${STREAM}",{}]`, 'ERR_ROUTE_NEIGHBOUR'],
    [`[6,["CS09","CSMS"],["LC01"],"1","${STREAM}",{}]`, 'ERR_ROUTE_SOURCE_ROUTE'],
    [`[6,"CS09",${path32},"1","${STREAM}",{}]`, 'ERR_ROUTE_UNKNOWN'],
    [`[6,"CS09",["LC01"],"1","${STREAM}",{}]`, 'ERR_ROUTE_UNKNOWN'],
  ] as const
  const seen: string[] = []
  for (const [frame] of frames) {
    const before = net.refusals('CSMS01')
    below.send(frame)
    await net.settle()
    const after = net.refusals('CSMS01')
    seen.push(Object.keys(after).filter((code) => after[code] !== before[code]).join()) // biome-ignore format: one line
  }

  assert.deepEqual(seen, frames.map(([, code]) => code)) // biome-ignore format: one line
  assert.deepEqual(below.received, [])
})

test('a CALL of an action that is defined as SEND is answered NotSupported', async (t) => {
  const net = overlay(t)
  await net.node('CSMS01', {
    services: ['CSMS'],
    handlers: { 'ocpp2.1': { NotifyPeriodicEventStream: nothing } },
  })
  const below = net.peer('LC01', 'CSMS01')

  below.send(`[2,"CSMS",["LC01"],"1","${STREAM}",{}]`)
  below.send('[2,"CSMS",["LC01"],"2","NotifyNetworkTopology",{}]')
  await net.settle()

  assert.deepEqual(
    below.take().map((frame) => frame.slice(0, 5)),
    [
      [4, 'LC01', ['CSMS01'], '1', 'NotSupported'],
      [4, 'LC01', ['CSMS01'], '2', 'NotSupported'],
    ],
  )
})

test('a SEND that has no way is the sender to know at once', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01')

  assert.throws(() => node.send('CSMS', STREAM, Buffer.from('{}')), { code: 'ERR_ROUTE_UNKNOWN' })
  net.station('CS01', 'NN01')
  assert.throws(() => node.send('CS01', STREAM, Buffer.from('{}')), {
    code: 'ERR_ROUTE_CANNOT_CARRY',
  })
})
