import assert from 'node:assert/strict'
import { test } from 'node:test'
import { overlay } from '../support/memory-overlay.ts'

test('each node of a source route takes its own name off the front', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  await net.node('NN02')
  const above = net.upstream('CSMS01', 'NN02')
  net.connect('NN01', 'NN02')
  const below = net.peer('LC01', 'NN01')

  below.send('[2,["NN01","nn02","CSMS01"],["LC01"],"1","Heartbeat",{ "v":1.0 }]')
  await net.settle()
  assert.deepEqual(above.received, [
    '[2,"CSMS01",["LC01","NN01","NN02"],"1","Heartbeat",{ "v":1.0 }]',
  ])

  above.send('[3,"LC01",["CSMS01"],"1",{}]')
  await net.settle()
  assert.deepEqual(below.received, ['[3,"LC01",["CSMS01","NN02","NN01"],"1",{}]'])
})

test('between two nodes a source route with several hops left stays an array', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('NN02', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send('[2,["NN01","NN02","NN03","CSMS"],["LC01"],"1","Heartbeat",{}]')
  below.send('[6,["NN01","NN02","CSMS"],["LC01"],"2","NotifyPeriodicEventStream",{}]')
  await net.settle()

  assert.deepEqual(above.received, [
    '[2,["NN02","NN03","CSMS"],["LC01","NN01"],"1","Heartbeat",{}]',
    '[6,["NN02","CSMS"],["LC01","NN01"],"2","NotifyPeriodicEventStream",{}]',
  ])
})

test('a source route that starts at another node is refused', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('NN02', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send('[2,["NN02","CSMS"],["LC01"],"1","Heartbeat",{}]')
  await net.settle()

  assert.deepEqual(above.received, [])
  assert.deepEqual(
    below.take().map((frame) => frame.slice(0, 5)),
    [[4, 'LC01', ['NN01'], '1', 'NetworkError']],
  )
  assert.deepEqual(net.refusals('NN01'), { ERR_ROUTE_SOURCE_ROUTE: 1 })
})

test('a source route that ends at this node is handled here', async (t) => {
  const net = overlay(t)
  await net.node('NN01', { services: ['CSMS'] })
  const below = net.peer('LC01', 'NN01')

  below.send('[2,["NN01"],["LC01"],"1","Heartbeat",{}]')
  below.send('[2,["CSMS"],["LC01"],"2","Heartbeat",{}]')
  await net.settle()

  assert.deepEqual(
    below.take().map((frame) => frame[4]),
    ['NotSupported', 'NotSupported'],
  )
})

test('a source route does not lead through a station, which could not send it on', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const station = net.station('CS01', 'NN01', 'ocpp2.1')
  const below = net.peer('LC01', 'NN01')

  below.send('[2,["NN01","CS01","CS02"],["LC01"],"1","ClearCache",{}]')
  below.send('[6,["NN01","CS01","CS02"],["LC01"],"2","NotifyPeriodicEventStream",{}]')
  await net.settle()

  assert.deepEqual(station.received, [], 'it is meant for CS02')
  assert.deepEqual(
    below.take().map((frame) => [frame[0], frame[3]]),
    [[4, '1']],
  )
})

test('a destination array of one entry is written on as a string', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send('[2,["CSMS"],["LC01"],"1","Heartbeat",{}]')
  await net.settle()
  above.send('[3,["LC01"],["CSMS01"],"1",{}]')
  await net.settle()

  assert.deepEqual(above.received, ['[2,"CSMS",["LC01","NN01"],"1","Heartbeat",{}]'])
  assert.deepEqual(below.received, ['[3,"LC01",["CSMS01","NN01"],"1",{}]'])
})

test('a path that is a string is written on as an array', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send('[2,"CSMS","LC01","1","Heartbeat",{ "v":1.0 }]')
  await net.settle()
  above.send('[3,"LC01","CSMS01","1",{ }]')
  await net.settle()

  assert.deepEqual(above.received, ['[2,"CSMS",["LC01","NN01"],"1","Heartbeat",{ "v":1.0 }]'])
  assert.deepEqual(below.received, ['[3,"LC01",["CSMS01","NN01"],"1",{ }]'])
})

test('a source route cannot be sent in binary', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01')
  net.upstream('NN02', 'NN01')

  const call = node.callRaw(['NN02', 'CSMS'], 'X', Buffer.from('x'), { encoding: 'binary' })
  await assert.rejects(call, { code: 'ERR_WIRE_ENCODE' })
  assert.equal(net.open('NN01'), 0)
})
