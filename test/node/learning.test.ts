import assert from 'node:assert/strict'
import { test } from 'node:test'
import { overlay } from '../support/memory-overlay.ts'

/** A frame that teaches its receiver the path and is then dropped. */
const teach = (...path: string[]) => `[3,"X",${JSON.stringify(path)},"nobody asked",{}]`
const call = (to: string, id: string) => `[2,"${to}",["CSMS01"],"${id}","ClearCache",{}]`

test('a frame teaches that its source and all nodes passed lie behind its link', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send(teach('CS01', 'LC02', 'LC01'))
  for (const id of ['CS01', 'LC02', 'LC01', 'cs01']) above.send(call(id, id))
  await net.settle()

  assert.deepEqual(below.take().map((frame) => frame[1]), ['CS01', 'LC02', 'LC01', 'cs01']) // biome-ignore format: one line
})

test('what is learned does not override a neighbour', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const victim = net.station('CS01', 'NN01')
  const liar = net.peer('LC01', 'NN01')
  await net.settle()

  liar.send(teach('CS01', 'LC01'))
  liar.send(teach('cs01', 'LC01'))
  above.send(call('CS01', '1'))
  await net.settle()

  assert.equal(victim.received.length, 1)
  assert.deepEqual(liar.received, [])
})

test('what is learned does not override what was learned on another live link', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const first = net.peer('LC01', 'NN01')
  const liar = net.peer('LC02', 'NN01')

  first.send(teach('CS01', 'LC01'))
  await net.settle()
  liar.send(teach('CS01', 'LC02'))
  above.send(call('CS01', '1'))
  await net.settle()

  assert.equal(first.received.length, 1)
  assert.deepEqual(liar.received, [])
})

test('an uplink cannot draw what is below, nor a downlink what is above', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send(teach('CSMS01', 'LC01'))
  await net.settle()
  above.send(teach('LC01', 'CSMS01'))
  below.send('[2,"CSMS01",["LC01"],"up","Heartbeat",{}]')
  above.send(call('LC01', 'down'))
  await net.settle()

  assert.deepEqual(above.take().map((frame) => frame[3]), ['up']) // biome-ignore format: one line
  assert.deepEqual(below.take().map((frame) => frame[3]), ['down']) // biome-ignore format: one line
})

test('what was learned goes with its link, and can then be learned elsewhere', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const first = net.peer('LC01', 'NN01')
  const second = net.peer('LC02', 'NN01')

  first.send(teach('CS01', 'LC01'))
  await net.settle()
  first.close()
  await net.settle()
  above.send(call('CS01', '1'))
  await net.settle()
  assert.deepEqual(above.take().map((frame) => frame[4]), ['NetworkError']) // biome-ignore format: one line

  second.send(teach('CS01', 'LC02'))
  above.send(call('CS01', '2'))
  await net.settle()
  assert.equal(second.received.length, 1)
})

test('a route that is not confirmed for 24 h is forgotten', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01')
  const below = net.peer('LC01', 'NN01')

  below.send(teach('CS01', 'LC01'))
  below.send(teach('CS02', 'LC01'))
  await net.wait(12 * 3_600)
  below.send(teach('CS02', 'LC01'))
  await net.wait(12 * 3_600 + 2)

  assert.deepEqual([...node.table.entries()].map(([id]) => id).sort(), ['CS02', 'LC01']) // biome-ignore format: one line
})

test('a refused frame teaches nothing', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01')
  const below = net.peer('LC01', 'NN01')

  below.send(teach('CS01', 'LC02'))
  below.send(teach('CS02', 'NN01', 'LC01'))
  below.send('[3,"X",["CS03","LC01"],"1",[]]')
  await net.settle()

  assert.deepEqual([...node.table.entries()].map(([id]) => id), ['LC01']) // biome-ignore format: one line
})

test('what one link can teach is bounded, and its neighbours still learn', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01')
  const flood = net.peer('LC01', 'NN01')
  const other = net.peer('LC02', 'NN01')

  for (let i = 0; i < 700; i++) {
    flood.send(teach(...Array.from({ length: 31 }, (_, n) => `F${i}-${n}`), 'LC01'))
  }
  await net.settle()
  other.send(teach('CS01', 'LC02'))
  await net.settle()

  assert.ok(node.table.size <= 20_010, `${node.table.size} routes`)
  assert.equal(node.table.get('CS01' as never)?.origin, 'learned')
})

test('without a known route a request goes to the uplink, an uplink gets none back', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  await net.node('NN02', { hasDefaultRoute: false })
  const above = net.upstream('CSMS01', 'NN01')
  const unused = net.upstream('CSMS02', 'NN02')
  const below = net.peer('LC01', 'NN01')
  const other = net.peer('LC01', 'NN02')

  below.send('[2,"CS77",["LC01"],"1","ClearCache",{}]')
  other.send('[2,"CS77",["LC01"],"1","ClearCache",{}]')
  await net.settle()

  assert.equal(above.received.length, 1)
  assert.deepEqual(unused.received, [])
  assert.deepEqual(other.take().map((frame) => frame[4]), ['NetworkError']) // biome-ignore format: one line
})

test('a node whose uplink is gone says NetworkError at once', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')
  above.close()
  await net.settle()

  below.send('[2,"CSMS",["LC01"],"1","Heartbeat",{}]')
  await net.settle()

  assert.deepEqual(below.take().map((frame) => frame[4]), ['NetworkError']) // biome-ignore format: one line
})

test('with two uplinks the second serves while the first is gone', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const first = net.upstream('CSMS01', 'NN01')
  const second = net.upstream('CSMS02', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send('[2,"CSMS",["LC01"],"1","Heartbeat",{}]')
  await net.settle()
  first.close()
  await net.settle()
  below.send('[2,"CSMS",["LC01"],"2","Heartbeat",{}]')
  await net.settle()

  assert.deepEqual(first.take().map((frame) => frame[3]), ['1']) // biome-ignore format: one line
  assert.deepEqual(second.take().map((frame) => frame[3]), ['2']) // biome-ignore format: one line
})
