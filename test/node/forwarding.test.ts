import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryOverlay } from '../support/memory-overlay.ts'

test('a frame that has already passed this node is dropped without an answer', async () => {
  const net = new MemoryOverlay()
  await net.node('NN01')
  const below = net.peer('LC01', 'NN01')

  below.send('[2,"CSMS",["CS01","NN01","LC01"],"42","Heartbeat",{}]')
  await net.settle()

  assert.deepEqual(below.received, [])
  assert.deepEqual(net.refusals('NN01'), { ERR_ROUTE_LOOP: 1 })
  await net.stop()
})

test('a request is forwarded with this node appended, and its answer comes back', async () => {
  const net = new MemoryOverlay()
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send('[2,"CSMS",["CS01","LC01"],"42","Heartbeat",{"v":1.0}]')
  await net.settle()
  assert.deepEqual(above.received, ['[2,"CSMS",["CS01","LC01","NN01"],"42","Heartbeat",{"v":1.0}]'])

  above.send('[3,"CS01",["CSMS01"],"42",{"currentTime":"x"}]')
  await net.settle()
  assert.deepEqual(below.received, ['[3,"CS01",["CSMS01","NN01"],"42",{"currentTime":"x"}]'])
  await net.stop()
})
