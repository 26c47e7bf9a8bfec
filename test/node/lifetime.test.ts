import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNode } from '../../src/node/node.ts'
import { VirtualClock } from '../../src/primitives/clock.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { seededRandomness } from '../../src/primitives/randomness.ts'
import type { Link } from '../../src/transport/link.ts'
import { createMemoryLinks } from '../../src/transport/memory-link.ts'
import { SEED } from '../seed.ts'
import { overlay } from '../support/memory-overlay.ts'

test('open requests towards a lost link are answered link-lost, executed unknown', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')
  const station = net.station('CS01', 'NN01')
  await net.settle()

  below.send('[2,"CSMS",["CS05","LC01"],"1","Heartbeat",{}]')
  station.send('[2,"1","Heartbeat",{}]')
  const own = node.callRaw('CSMS', 'Heartbeat', Buffer.from('{}'))
  await net.settle()
  above.close()

  await assert.rejects(own, { code: 'ERR_LINK_CLOSED' })
  await net.settle()
  const details = { reason: 'link-lost', executed: 'unknown' }
  const [error] = below.take()
  assert.deepEqual(error?.slice(0, 5), [4, 'CS05', ['NN01'], '1', 'NetworkError'])
  assert.deepEqual(error?.[6], details)
  const [told] = station.take()
  assert.deepEqual(told?.slice(0, 3), [4, '1', 'GenericError'])
  assert.deepEqual(told?.[4], details)
  assert.equal(net.open('NN01'), 0)
})

test('with a lost station its open and its waiting CALLs fail', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const station = net.station('CS01', 'NN01')
  await net.settle()
  above.take()

  for (const n of [1, 2]) above.send(`[2,"CS01",["CSMS01"],"${n}","ClearCache",{}]`)
  await net.settle()
  station.close()
  await net.settle()

  const errors = above.take().filter((frame) => frame[0] === 4)
  assert.deepEqual(
    errors.map((frame) => [frame[3], frame[4], (frame[6] as { reason: string }).reason]),
    [
      ['1', 'NetworkError', 'link-lost'],
      ['2', 'NetworkError', 'link-lost'],
    ],
  )
  assert.equal(station.received.length, 1)
  // Only what was sent may have been executed; the CSMS can ask again for the other at once.
  const executed = errors.map((frame) => (frame[6] as { executed: string }).executed)
  assert.deepEqual(executed, ['unknown', 'no'])
})

test('a lost link does not touch requests on other links', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')
  const other = net.peer('LC02', 'NN01')

  below.send('[2,"CSMS",["LC01"],"1","Heartbeat",{}]')
  await net.settle()
  other.close()
  await net.settle()
  above.send('[3,"LC01",["CSMS01"],"1",{}]')
  await net.settle()

  assert.deepEqual(below.take().map((frame) => frame[0]), [3]) // biome-ignore format: one line
})

test('a newer connection of a peer replaces the older one', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const old = net.station('CS01', 'NN01')
  await net.settle()

  const fresh = net.station('cs01', 'NN01')
  await net.settle()
  above.send('[2,"CS01",["CSMS01"],"1","ClearCache",{}]')
  await net.settle()

  assert.equal(old.closed?.code, 1000)
  assert.equal(fresh.closed, undefined)
  assert.deepEqual([old.received.length, fresh.received.length], [0, 1])
  assert.deepEqual([...node.neighbours].map((n) => n.id), ['CSMS01', 'cs01']) // biome-ignore format: one line
  const states = above
    .take()
    .flatMap((frame) => JSON.stringify(frame).match(/"state":"\w+"/g) ?? [])
  assert.deepEqual(states, ['"state":"up"', '"state":"up"'], 'nobody is told it went')
})

test('the newest connection is used at once, also while the old one takes long to close', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const dead = net.peer('CS01', 'NN01', { form: 'standard', protocol: 'ocpp1.6', lingers: true })
  await net.settle()

  const fresh = net.station('CS01', 'NN01')
  await net.settle()
  above.send('[2,"CS01",["CSMS01"],"1","ClearCache",{}]')
  await net.settle()

  assert.deepEqual([dead.received.length, fresh.received.length], [0, 1])
})

test('the late close of a replaced connection does not unregister the new one', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const dead = net.peer('CS01', 'NN01', { form: 'standard', protocol: 'ocpp1.6', lingers: true })
  const fresh = net.station('CS01', 'NN01')
  await net.settle()

  dead.finishClosing()
  await net.settle()
  const heard = above.take().flatMap((frame) => JSON.stringify(frame).match(/"state":"\w+"/g) ?? [])
  above.send('[2,"CS01",["CSMS01"],"1","ClearCache",{}]')
  await net.settle()

  assert.equal(fresh.received.length, 1)
  assert.equal(heard.at(-1), '"state":"up"')
})

const PROOFS = [
  { transport: 'plain', credential: 'none' },
  { transport: 'plain', credential: 'basic' },
  { transport: 'tls', credential: 'basic' },
  { transport: 'tls', credential: 'certificate' },
] as const

for (const [was, before] of PROOFS.entries()) {
  for (const [is, after] of PROOFS.entries()) {
    const wins = is >= was
    test(`security profile ${is} beside a live link of profile ${was}: the ${wins ? 'newer' : 'older'} stays, and it is told`, async (t) => {
      const net = overlay(t)
      await net.node('NN01')
      const above = net.upstream('CSMS01', 'NN01')
      const standard = { form: 'standard', protocol: 'ocpp1.6' } as const
      const older = net.peer('CS01', 'NN01', { ...standard, proof: before })
      await net.settle()
      const newer = net.peer('CS01', 'NN01', { ...standard, proof: after })
      await net.settle()

      above.send('[2,"CS01",["CSMS01"],"1","ClearCache",{}]')
      await net.settle()

      const [stays, goes] = wins ? [newer, older] : [older, newer]
      assert.deepEqual([stays.received.length, goes.received.length], [1, 0])
      assert.equal(stays.closed, undefined)
      assert.equal(goes.closed?.code, wins ? 1000 : 1008)
      const name = wins ? 'link.down' : 'link.refused'
      assert.ok(net.events.get('NN01')?.some((event) => event.name === name))
    })
  }
}

for (const [what, id] of [
  ["an uplink's id", 'CSMS01'],
  ["the node's own id", 'nn01'],
] as const) {
  test(`who dials in under ${what} is sent away, and everything goes on`, async (t) => {
    const net = overlay(t)
    await net.node('NN01')
    const above = net.upstream('CSMS01', 'NN01')
    const station = net.station('CS01', 'NN01')
    await net.settle()
    const proof = { transport: 'tls', credential: 'certificate' } as const
    const liars = [
      net.peer(id, 'NN01', { proof }),
      net.peer(id, 'NN01', { form: 'standard', proof }),
    ]
    await net.settle()

    assert.deepEqual(liars.map(({ closed }) => closed?.code), [1008, 1008]) // biome-ignore format: one line
    assert.equal(above.closed, undefined)
    above.take()
    station.send('[2,"1","Heartbeat",{}]')
    await net.settle()
    assert.equal(above.take().length, 1)
  })
}

test('who took the id of an uplink before it was ever open gives way to it, whatever it has proved', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const proof = { transport: 'tls', credential: 'certificate' } as const
  const squatters = [net.peer('CSMS01', 'NN01', { form: 'standard', proof })]
  await net.settle()
  const above = net.upstream('CSMS01', 'NN01')
  const station = net.station('CS01', 'NN01')
  await net.settle()
  squatters.push(net.peer('csms01', 'NN01', { form: 'standard', proof }))
  await net.settle()
  assert.equal(above.closed, undefined)
  assert.ok(squatters.every(({ closed }) => closed !== undefined))
  above.take()
  station.send('[2,"1","Heartbeat",{}]')
  await net.settle()
  assert.equal(above.take().length, 1)
})

test('the id of an uplink is kept for it while it is away', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  net.upstream('CSMS01', 'NN01').close()
  await net.settle()
  const squatter = net.peer('CSMS01', 'NN01', { form: 'standard' })
  await net.settle()
  assert.equal(squatter.closed?.code, 1008)
  const above = net.upstream('CSMS01', 'NN01')
  await net.settle()
  assert.equal(above.closed, undefined)
})

test('the id of a peer that is dialled is kept for it from the start', async (t) => {
  const net = overlay(t)
  const uplink = { peerId: 'CSMS01' as NodeId, start: async () => {}, stop: async () => {} }
  let plug: (link: Link) => void = () => {}
  const below = {
    async start(onLink: (link: Link) => void) {
      plug = onLink
    },
    stop: async () => {},
  }
  const node = createNode({ nodeId: 'NN01', links: [uplink, below], clock: net.clock })
  await node.start()
  t.after(() => node.stop())
  const facts = { peerIds: ['csms01' as NodeId], peer: 'node', form: 'overlay', protocol: 'ocpp2.1', capabilities: new Set<string>(), way: 'down', transport: 'plain', credential: 'basic' } as const // biome-ignore format: one link
  const [link, far] = createMemoryLinks(facts, facts, { clock: net.clock, random: seededRandomness(SEED) }) // biome-ignore format: one link
  let code = 0
  far.attach({ message() {}, closed: (why) => { code = why } }) // biome-ignore format: one receiver
  plug(link)
  await net.settle()
  assert.equal(code, 1008)
})

test('what lies behind a node that reconnects is learned anew while its old link still closes', async (t) => {
  const net = overlay(t)
  const csms = await net.node('CSMS01', { services: ['CSMS'], hasDefaultRoute: false })
  const says = (state: string) =>
    JSON.stringify([6, 'CSMS01', ['NN01'], state, 'NotifyNetworkTopology', {
      networkTopologyInformation: {
        routingNode: 'NN01',
        routes: [{ destinationId: 'CS01', uplink: { distance: 1 }, customData: { vendorId: 'wattweave', protocol: 'ocpp1.6', form: 'standard', state } }],
        notBefore: '2026-01-01T00:00:00Z',
      },
    }]) // biome-ignore format: one announcement
  const dead = net.peer('NN01', 'CSMS01', { lingers: true })
  dead.send(says('up'))
  await net.settle()

  const fresh = net.peer('NN01', 'CSMS01')
  fresh.send(says('up'))
  await net.settle()
  dead.finishClosing()
  await net.settle()
  void csms.callRaw('CS01', 'ClearCache', Buffer.from('{}')).catch(() => {})
  await net.settle()

  assert.equal(fresh.received.length, 1)
  assert.deepEqual(net.refusals('CSMS01'), {})
})

test('a station that reconnects to another node is found there', async (t) => {
  const net = overlay(t)
  const csms = await net.node('CSMS01', { services: ['CSMS'], hasDefaultRoute: false })
  await net.node('NN01')
  await net.node('NN02')
  net.connect('NN01', 'CSMS01')
  net.connect('NN02', 'CSMS01')
  const before = net.station('CS01', 'NN01')
  await net.settle()
  before.close()
  await net.settle()

  const after = net.station('CS01', 'NN02')
  await net.settle()
  void csms.callRaw('CS01', 'ClearCache', Buffer.from('{}')).catch(() => {})
  await net.settle()

  assert.equal(after.received.length, 1)
})

test('a station that reconnects to another node before the old one noticed is found there later', async (t) => {
  const net = overlay(t)
  const csms = await net.node('CSMS01', { services: ['CSMS'], hasDefaultRoute: false })
  await net.node('NN01')
  await net.node('NN02')
  net.connect('NN01', 'CSMS01')
  net.connect('NN02', 'CSMS01')
  const dead = net.station('CS01', 'NN01', 'ocpp2.0.1')
  await net.settle()

  const alive = net.station('CS01', 'NN02', 'ocpp2.0.1')
  await net.settle()
  dead.close()
  await net.settle()
  void csms.callRaw('CS01', 'ClearCache', Buffer.from('{}')).catch(() => {})
  await net.settle()

  assert.equal(alive.received.length, 1)
  const known = [...csms.table.entries()].find(([id]) => id === 'CS01')?.[1]
  assert.equal(known?.announced?.protocol, 'ocpp2.0.1')
})

test('a stopped node leaves no timer, closes its links and fails its calls', async (t) => {
  const net = overlay(t)
  const clock = new VirtualClock()
  const node = await net.node('NN01', { clock })
  const above = net.upstream('CSMS01', 'NN01')
  const station = net.station('CS01', 'NN01')
  const waiting = [
    node.callRaw('CSMS', 'Heartbeat', Buffer.from('{}')),
    node.callRaw('CS01', 'ClearCache', Buffer.from('{}')),
    node.callRaw('CS01', 'ClearCache', Buffer.from('{}')),
    node.call('CSMS', 'ocpp2.1', 'Heartbeat', {}),
  ]
  const failed = Promise.all(
    waiting.map((call) => assert.rejects(call as Promise<unknown>, { code: 'ERR_STOPPED' })),
  )
  await net.settle()

  await node.stop()
  await failed
  await net.settle()

  assert.equal(clock.pendingTimers, 0)
  assert.equal(node.neighbours.size, 0)
  assert.deepEqual([above.closed?.code, station.closed?.code], [1001, 1001])
})

test('a call made while or after a node stops fails', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01')
  net.upstream('CSMS01', 'NN01')
  await node.stop()

  await assert.rejects(node.callRaw('CSMS', 'Heartbeat', Buffer.from('{}')))
})

test('a call fails with ERR_LINK_TIMEOUT at its deadline and its late answer is dropped', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')

  const call = assert.rejects(node.callRaw('CSMS', 'X', Buffer.from('{}'), { timeoutMs: 5_000 }), { code: 'ERR_LINK_TIMEOUT' }) // biome-ignore format: one line
  await net.wait(7)
  await call
  above.send(`[3,"NN01",["CSMS01"],"${above.take()[0]?.[3]}",{}]`)
  await net.settle()

  assert.deepEqual(net.refusals('NN01'), { ERR_LINK_TIMEOUT: 1, ERR_ROUTE_NO_REQUEST: 1 })
})

test('counters of a link go on after a reconnect', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01')
  for (let n = 0; n < 3; n++) {
    const station = net.station('CS01', 'NN01')
    station.send('[2,"1","Heartbeat",{}]')
    station.send('rubbish')
    await net.settle()
    station.close()
    await net.settle()
  }
  const counters = node.linkCounters.get('CS01')

  assert.equal(counters?.received[2], 3)
  assert.equal(counters?.received[0], 3)
  assert.equal(counters?.sent[4], 3)
  assert.equal(counters?.refused, 6)
})

test('the frame log tells what became of each frame', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01')
  net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send('[2,"CSMS",["LC01"],"1","Heartbeat",{}]')
  below.send('[2,"CSMS",["LC02"],"2","Heartbeat",{}]')
  below.send('[3,"X",["LC01"],"3",{}]')
  below.send('[2,"NN01",["LC01"],"4","Heartbeat",{}]')
  await net.settle()

  const records = node.frameLog.after(0, 100).filter((r) => r.direction === 'received')
  assert.deepEqual(
    records.map(({ reaction, errorCode, forwardedTo }) => [reaction, errorCode ?? forwardedTo]),
    [
      ['forwarded', 'CSMS01'],
      ['refused', 'ERR_ROUTE_NEIGHBOUR'],
      ['dropped', 'ERR_ROUTE_NO_REQUEST'],
      ['refused', 'ERR_SCHEMA_UNSUPPORTED'],
    ],
  )
})

test('a node that drains waits for answers that are under way, and not longer than it is told', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const station = net.station('CS01', 'NN01')
  await net.settle()
  above.take()
  station.send('[2,"1","Heartbeat",{}]')
  await net.settle()
  let isDrained = false
  const drained = node.drain(5_000).then(() => {
    isDrained = true
  })
  await net.wait(1)
  assert.equal(isDrained, false)
  const [call] = above.take()
  above.send(`[3,"CS01",["CSMS01"],"${call?.[3]}",{"currentTime":"x"}]`)
  await net.wait(1)
  await drained
  assert.equal(station.received.length, 1)

  station.send('[2,"2","Heartbeat",{}]')
  await net.settle()
  const late = node.drain(5_000)
  await net.wait(6)
  await late
  assert.equal(station.received.length, 1)
})

test('what still comes over a link that was replaced leads nobody back over it', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01')
  const old = net.peer('LC01', 'NN01', { lingers: true })
  await net.settle()
  const now = net.peer('LC01', 'NN01')
  await net.settle()
  old.send('[2,"NN01",["CS77","LC01"],"x","Heartbeat",{}]')
  await net.settle()
  assert.equal(node.table.get('CS77' as NodeId), undefined)
  now.send('[2,"NN01",["CS77","LC01"],"y","Heartbeat",{}]')
  await net.settle()
  assert.equal(node.table.get('CS77' as NodeId)?.link, net.neighbour('NN01', 'LC01'))
})
