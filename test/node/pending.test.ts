import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AnsweredList, type PendingRequest, PendingTable } from '../../src/node/pending.ts'
import type { MessageId, NodeId } from '../../src/primitives/ids.ts'
import { overlay } from '../support/memory-overlay.ts'

test('two sources with equal ids over one link each get their own answer', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const one = net.peer('LC01', 'NN01')
  const two = net.peer('LC02', 'NN01')

  one.send('[2,"CSMS",["CS01","LC01"],"1","Heartbeat",{}]')
  two.send('[2,"CSMS",["CS02","LC02"],"1","Heartbeat",{}]')
  one.send('[2,"CSMS",["CS03","LC01"],"1","Heartbeat",{}]')
  await net.settle()
  above.send('[3,"CS03",["CSMS01"],"1",{"for":3}]')
  above.send('[3,"CS01",["CSMS01"],"1",{"for":1}]')
  above.send('[3,"CS02",["CSMS01"],"1",{"for":2}]')
  await net.settle()

  assert.deepEqual(one.received, [
    '[3,"CS03",["CSMS01","NN01"],"1",{"for":3}]',
    '[3,"CS01",["CSMS01","NN01"],"1",{"for":1}]',
  ])
  assert.deepEqual(two.received, ['[3,"CS02",["CSMS01","NN01"],"1",{"for":2}]'])
  assert.equal(net.open('NN01'), 0)
})

test('the same id may be open in both directions of one link', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send('[2,"CSMS",["LC01"],"7","Heartbeat",{}]')
  above.send('[2,"LC01",["CSMS01"],"7","Reset",{"type":"Soft"}]')
  await net.settle()
  below.send('[3,"CSMS01",["LC01"],"7",{"status":"Accepted"}]')
  above.send('[3,"LC01",["CSMS01"],"7",{"currentTime":"x"}]')
  await net.settle()

  assert.equal(above.received[1], '[3,"CSMS01",["LC01","NN01"],"7",{"status":"Accepted"}]')
  assert.equal(below.received[1], '[3,"LC01",["CSMS01","NN01"],"7",{"currentTime":"x"}]')
})

test('two stations that both count their ids from 1 never mix', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const stations = [net.station('CS01', 'NN01'), net.station('CS02', 'NN01', 'ocpp2.0.1')]
  await net.settle()
  above.take()

  for (let id = 1; id <= 3; id++) {
    for (const station of stations) station.send(`[2,"${id}","Heartbeat",{}]`)
    await net.settle()
    const requests = above.take()
    assert.equal(requests.length, 2)
    assert.notEqual(requests[0]?.[3], requests[1]?.[3], 'the node gives each its own id')
    for (const [, , path, messageId] of requests.reverse()) {
      const source = (path as string[])[0]
      above.send(`[3,"${source}",["CSMS01"],"${messageId}",{"for":"${source} ${id}"}]`)
    }
    await net.settle()
  }

  assert.deepEqual(stations[0]?.received, [
    '[3,"1",{"for":"CS01 1"}]',
    '[3,"2",{"for":"CS01 2"}]',
    '[3,"3",{"for":"CS01 3"}]',
  ])
  assert.deepEqual(stations[1]?.received, [
    '[3,"1",{"for":"CS02 1"}]',
    '[3,"2",{"for":"CS02 2"}]',
    '[3,"3",{"for":"CS02 3"}]',
  ])
})

test('ids from a standard link become 36 characters of the node, ids between nodes stay', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const station = net.station('CS01', 'NN01')
  const below = net.peer('LC01', 'NN01')
  await net.settle()
  above.take()

  station.send('[2,"1","Heartbeat",{}]')
  below.send('[2,"CSMS",["CS09","LC01"],"my own id ~","Heartbeat",{}]')
  await net.settle()

  const [own, kept] = above.take()
  assert.match(String(own?.[3]), /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/) // biome-ignore format: one line
  assert.deepEqual(own?.slice(0, 3), [2, 'CentralSystem', ['CS01', 'NN01']])
  assert.equal(kept?.[3], 'my own id ~')
})

test('a hop keeps a request for 120 s and no longer', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send('[2,"CSMS",["LC01"],"early","Heartbeat",{}]')
  await net.wait(2)
  below.send('[2,"CSMS",["LC01"],"late","Heartbeat",{}]')
  await net.wait(117.5)
  above.send('[3,"LC01",["CSMS01"],"early",{}]')
  await net.settle()
  assert.equal(below.received.length, 1, 'after 119.5 s')

  await net.wait(3.5)
  above.send('[3,"LC01",["CSMS01"],"late",{}]')
  await net.settle()
  assert.equal(below.received.length, 1, 'after 121 s')
  assert.equal(net.open('NN01'), 0)
  assert.deepEqual(net.refusals('NN01'), { ERR_LINK_TIMEOUT: 1, ERR_ROUTE_NO_REQUEST: 1 })
})

test('an answer to nobody is counted and goes nowhere', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')
  const station = net.station('CS01', 'NN01')
  await net.settle()
  above.take()

  above.send('[3,"LC01",["CSMS01"],"never asked",{}]')
  above.send('[4,"LC01",["CSMS01"],"never asked","GenericError","",{}]')
  station.send('[3,"never asked",{}]')
  station.send('[4,"never asked","GenericError","",{}]')
  await net.settle()

  assert.deepEqual([...above.take(), ...below.take(), ...station.take()], [])
  assert.deepEqual(net.refusals('NN01'), { ERR_ROUTE_NO_REQUEST: 4 })
})

test('an answer for another source than the one that asked is an answer to nobody', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send('[2,"CSMS",["CS01","LC01"],"1","Heartbeat",{}]')
  await net.settle()
  above.send('[3,"CS02",["CSMS01"],"1",{}]')
  await net.settle()
  assert.deepEqual(below.received, [])

  above.send('[3,"cs01",["CSMS01"],"1",{}]')
  await net.settle()
  assert.equal(below.received.length, 1, 'A-Z are folded in the destination')
})

test('only the first of two answers counts', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send('[2,"CSMS",["LC01"],"1","Heartbeat",{}]')
  await net.settle()
  above.send('[3,"LC01",["CSMS01"],"1",{"n":1}]')
  above.send('[3,"LC01",["CSMS01"],"1",{"n":2}]')
  above.send('[4,"LC01",["CSMS01"],"1","GenericError","",{}]')
  await net.settle()

  assert.deepEqual(below.received, ['[3,"LC01",["CSMS01","NN01"],"1",{"n":1}]'])
  assert.deepEqual(net.refusals('NN01'), { ERR_ROUTE_NO_REQUEST: 2 })
})

test('an answer from another link than the request went to is refused, the right one still passes', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')
  const liar = net.peer('LC02', 'NN01')

  below.send('[2,"CSMS",["LC01"],"1","Heartbeat",{}]')
  await net.settle()
  liar.send('[3,"LC01",["CSMS01","LC02"],"1",{"liar":true}]')
  liar.send('[3,"LC01",["LC02"],"1",{"liar":true}]')
  below.send('[3,"LC01",["LC01"],"1",{"liar":true}]')
  await net.settle()
  assert.deepEqual(below.received, [])
  assert.equal(net.refusals('NN01').ERR_ROUTE_NO_REQUEST, 3)

  above.send('[3,"LC01",["CSMS01"],"1",{}]')
  await net.settle()
  assert.equal(below.received.length, 1)
})

test('a request repeated with the same source and id while it is open is dropped', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send('[2,"CSMS",["LC01"],"1","Heartbeat",{}]')
  below.send('[2,"CSMS",["lc01"],"1","Heartbeat",{}]')
  await net.settle()

  assert.equal(above.received.length, 1)
  assert.deepEqual(below.received, [])
  assert.deepEqual(net.refusals('NN01'), { ERR_ROUTE_DUPLICATE: 1 })
})

test('overlay links pipeline: answers may come in any order', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')
  const ids = Array.from({ length: 50 }, (_, i) => `id ${i}`)

  for (const id of ids) below.send(`[2,"CSMS",["LC01"],"${id}","Heartbeat",{}]`)
  await net.settle()
  assert.deepEqual(above.take().map((frame) => frame[3]), ids) // biome-ignore format: one line

  for (const id of ids.toReversed()) above.send(`[3,"LC01",["CSMS01"],"${id}",{}]`)
  await net.settle()
  assert.deepEqual(below.take().map((frame) => frame[3]), ids.toReversed()) // biome-ignore format: one line
})

test('a standard-form answer on an overlay link counts when one request alone can be meant', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send('[2,"CSMS",["CS01","LC01"],"1","Heartbeat",{}]')
  below.send('[2,"CSMS",["CS01","LC01"],"2","Heartbeat",{}]')
  await net.settle()
  above.send('[3,"1",{"v":1.0}]')
  above.send('[4,"2","InternalError","oh",{}]')
  await net.settle()

  assert.deepEqual(below.received, [
    '[3,"CS01",["CSMS01","NN01"],"1",{"v":1.0}]',
    '[4,"CS01",["CSMS01","NN01"],"2","InternalError","oh",{}]',
  ])
})

test('a standard-form answer on an overlay link that two requests could mean is refused', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send('[2,"CSMS",["CS01","LC01"],"1","Heartbeat",{}]')
  below.send('[2,"CSMS",["CS02","LC01"],"1","Heartbeat",{}]')
  await net.settle()
  above.send('[3,"1",{}]')
  await net.settle()

  assert.deepEqual(below.received, [])
  assert.deepEqual(net.refusals('NN01'), { ERR_ROUTE_NO_REQUEST: 1 })
})

test('an answer whose asker has left is counted and dropped', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send('[2,"CSMS",["LC01"],"1","Heartbeat",{}]')
  await net.settle()
  below.close()
  await net.settle()
  above.send('[3,"LC01",["CSMS01"],"1",{}]')
  await net.settle()

  assert.equal(above.received.length, 1)
  assert.equal(
    Object.values(net.refusals('NN01')).reduce((a, b) => a + b),
    1,
  )
  assert.equal(net.open('NN01'), 0)
})

test('a request that could not be written leaves nothing open', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const station = net.station('CS01', 'NN01')
  await net.settle()
  above.take()

  await assert.rejects(node.callRaw('CSMS', 'Heartbeat', Buffer.from('no object')))
  await assert.rejects(node.callRaw('CS01', 'Reset', Buffer.from('no object')))
  assert.equal(net.open('NN01'), 0)
  void node.callRaw('CS01', 'Reset', Buffer.from('{}')).catch(() => {})
  await net.settle()

  assert.equal(station.received.length, 1, 'the slot towards the station is free')
})

test('at most 64 sources share one id on a link, the next is dropped', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  for (let i = 0; i < 65; i++) below.send(`[2,"CSMS",["CS${i}","LC01"],"1","Heartbeat",{}]`)
  await net.settle()
  assert.equal(above.received.length, 64)

  for (let i = 0; i < 64; i++) above.send(`[3,"CS${i}",["CSMS01"],"1",{}]`)
  await net.settle()
  assert.equal(below.received.length, 64)
  assert.equal(net.open('NN01'), 0)
})

test('of answers given over a link the newest 1 024 are kept for a CALLRESULTERROR, the oldest are forgotten', () => {
  const list = new AnsweredList()
  const add = (n: number) =>
    list.add({ askerMessageId: `${n}`, source: 'CS01' } as unknown as PendingRequest, undefined, 'X' as NodeId, 1e15) // biome-ignore format: one line
  for (let n = 0; n < 10_000; n++) add(n)
  const kept = Array.from({ length: 10_000 }, (_, n) => n).filter((n) =>
    list.take(`${n}` as MessageId, 'CS01' as NodeId),
  )
  assert.ok(kept.length <= 1_024 && kept.length > 700, `${kept.length}`)
  assert.equal(kept.at(-1), 9_999)
})

test('of an answered request nothing is kept that holds on to what was asked', () => {
  const list = new AnsweredList()
  const request = { askerMessageId: '1', source: 'CS01', secured: {}, retry: { bytes: 1e6 }, onResult() {} } as unknown as PendingRequest // biome-ignore format: one line
  list.add(request, undefined, 'X' as NodeId, 1e15)
  const kept = list.take('1' as MessageId, 'CS01' as NodeId)
  assert.deepEqual([kept?.secured, kept?.retry, kept?.onResult], [undefined, undefined, undefined])
})

test('beyond 50 000 open requests on a link the next is answered Congested, and answers still pass', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const [first, ...others] = ['LC01', 'LC02', 'LC03'].map((id) => ({ id, ...net.peer(id, 'NN01') }))
  assert.ok(first)
  await net.settle()
  const ask = ({ id, send }: typeof first, count: number) => {
    for (let n = 0; n < count; n++) send(`[2,"CSMS",["${id}"],"${id}-${n}","X",{}]`)
  }
  ask(first, 16_000)
  for (const other of others) ask(other, 17_000)
  await net.settle()
  assert.deepEqual(first.take(), [])
  first.send('[2,"CSMS",["LC01"],"more","X",{}]')
  await net.settle()
  const [refused, ...more] = first.take()
  assert.deepEqual([refused?.[3], refused?.[4], more.length], ['more', 'Congested', 0])
  above.send('[3,"LC01",["CSMS01"],"LC01-0",{}]')
  await net.settle()
  assert.equal(first.take()[0]?.[0], 3)
  first.send('[2,"CSMS",["LC01"],"again","X",{}]')
  await net.settle()
  assert.deepEqual(first.take(), [])
})

test('one node with all that is behind it has 20 000 of them, and does not shut out the others', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  net.upstream('CSMS01', 'NN01')
  const greedy = net.peer('LC01', 'NN01')
  const other = net.peer('LC02', 'NN01')
  await net.settle()
  for (let n = 0; n <= 20_000; n++) greedy.send(`[2,"CSMS",["LC01"],"${n}","X",{}]`)
  other.send('[2,"CSMS",["LC02"],"a","X",{}]')
  await net.settle()
  assert.deepEqual(greedy.take().map((frame) => [frame[3], frame[4]]), [['20000', 'Congested']]) // biome-ignore format: one line
  assert.deepEqual(other.take(), [])
})

test('a station has 64 requests open at most; each answer makes room for one, and others notice nothing', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const greedy = net.station('CS01', 'NN01')
  const other = net.station('CS02', 'NN01')
  await net.settle()
  above.take()
  for (let n = 0; n < 1_000; n++) greedy.send(`[2,"${n}","Heartbeat",{}]`)
  other.send('[2,"a","Heartbeat",{}]')
  await net.settle()
  const asked = above.take()
  assert.equal(asked.length, 65)
  assert.ok(greedy.take().every((frame) => frame[0] === 4))
  assert.deepEqual(other.take(), [])

  above.send(`[3,"CS01",["CSMS01"],"${asked[0]?.[3]}",{}]`)
  await net.settle()
  assert.equal(greedy.take()[0]?.[0], 3)
  greedy.send('[2,"x","Heartbeat",{}]')
  greedy.send('[2,"y","Heartbeat",{}]')
  await net.settle()
  assert.deepEqual(greedy.take().map((frame) => frame[1]), ['y']) // biome-ignore format: one line
})

test('requests of links that are gone make room for others where there is none', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  net.upstream('CSMS01', 'NN01')
  const others = ['LC01', 'LC02', 'LC03'].map((id) => ({ id, ...net.peer(id, 'NN01') }))
  const last = net.peer('LC04', 'NN01')
  await net.settle()
  for (const { id, send, close } of others) {
    for (let n = 0; n < 17_000; n++) send(`[2,"CSMS",["${id}"],"${id}-${n}","X",{}]`)
    await net.settle()
    close(1001, 'gone')
  }
  await net.settle()
  last.send('[2,"CSMS",["LC04"],"a","X",{}]')
  await net.settle()
  assert.deepEqual(last.take(), [])
})

test('a station whose request an overlay uplink never answers is told by this node, which nobody else could', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  net.upstream('CSMS01', 'NN01')
  const station = net.station('CS01', 'NN01')
  const node = net.peer('LC01', 'NN01')
  await net.settle()
  station.send('[2,"1","Heartbeat",{}]')
  node.send('[2,"CSMS",["LC01"],"2","X",{}]')
  await net.settle()

  await net.wait(180)

  const [told] = station.take()
  assert.deepEqual([told?.[0], told?.[1], told?.[4]], [4, '1', { reason: 'timeout' }])
  assert.deepEqual(node.take(), [], 'a node that asked has its own deadline')
})

test('what an unsigned error came to does not count as open, is found by its answer, and is of one peer a few', () => {
  const table = new PendingTable()
  const asker = { asked: 0, isOpen: true, retries: { take: () => true, give: () => {} } }
  const request = (id: number) => ({ messageId: `${id}` as MessageId, source: 'CS01' as NodeId, asker, expiresAt: 10 }) as unknown as PendingRequest // biome-ignore format: one line
  const kept = Array.from({ length: 20 }, (_, id) => table.keepUnproved(request(id)))
  assert.equal(kept.filter(Boolean).length, 8)
  assert.deepEqual([table.size, table.isAwaited, asker.asked], [0, false, 0])
  assert.equal(table.take('3' as MessageId, 'CS02' as NodeId), undefined)
  assert.equal(table.take('3' as MessageId, undefined), undefined)
  assert.equal(table.take('3' as MessageId, 'cs01' as NodeId)?.messageId, '3')
  assert.equal(table.take('3' as MessageId, 'CS01' as NodeId), undefined)
  assert.equal(table.keepUnproved(request(21)), true)
  assert.equal(table.keepUnproved(request(22)), false)
  assert.equal(table.expire(10).length, 8)
  assert.equal(table.keepUnproved(request(23)), true)
  assert.equal(table.drain().length, 1)
})
