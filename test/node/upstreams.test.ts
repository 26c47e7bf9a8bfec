import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Node } from '../../src/node/node.ts'
import type { PerStationUplink, UplinkRule } from '../../src/node/uplink-rules.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { announcementsOf } from '../../src/routing/topology.ts'
import { type MemoryOverlay, overlay, type RawPeer } from '../support/memory-overlay.ts'

/** Several upstreams, and upstreams that want one connection per station. */

const BOOT = '{ "chargePointVendor":"V",  "chargePointModel":"M" }'
const primary = (name: string, more: Partial<UplinkRule> = {}): UplinkRule => ({ name, role: 'primary', ...more }) // biome-ignore format: one line
const mirror = (name: string, more: Partial<UplinkRule> = {}): UplinkRule => ({ name, role: 'mirror', ...more }) // biome-ignore format: one line
const restricted = (name: string, more: Partial<UplinkRule>): UplinkRule => ({ name, role: 'restricted', ...more }) // biome-ignore format: one line

const ids = (peer: RawPeer) => peer.take().map((frame) => String(frame[1]))
const last = (peer: RawPeer | undefined): string => peer?.received.at(-1) ?? ''

async function withForeign(t: TestContext, rule = primary('foreign')) {
  const net = overlay(t)
  const foreign = net.foreignCsms(rule)
  await net.node('NN01', { perStation: [foreign.uplink] })
  const station = net.station('CS01', 'NN01')
  await net.settle()
  return { net, foreign, station }
}

test('a foreign CSMS sees a station as if it were connected directly: own connection, version, bytes', async (t) => {
  const { net, foreign, station } = await withForeign(t)
  station.send(`[2,"1","BootNotification",${BOOT}]`)
  await net.settle()

  const [connection] = foreign.connections
  assert.deepEqual([connection?.station, connection?.protocol], ['CS01', 'ocpp1.6'])
  const seen = last(connection?.peer)
  assert.match(seen, /^\[2,"[0-9a-f-]{36}","BootNotification",/)
  assert.ok(seen.endsWith(`${BOOT}]`))

  const [id] = ids(connection?.peer as RawPeer)
  connection?.peer.send(`[3,"${id}",{"status":"Accepted","n":1.0}]`)
  await net.settle()
  assert.deepEqual(station.received, ['[3,"1",{"status":"Accepted","n":1.0}]'])
})

test('its commands reach the station and come back, one at a time', async (t) => {
  const { net, foreign, station } = await withForeign(t)
  const peer = foreign.connections[0]?.peer as RawPeer
  peer.send('[2,"a","ClearCache",{}]')
  await net.settle()
  const [id] = ids(station)
  station.send(`[3,"${id}",{"status":"Accepted"}]`)
  await net.settle()
  assert.deepEqual(peer.received, ['[3,"a",{"status":"Accepted"}]'])
})

test('two stations with the same message ids never mix at a foreign CSMS', async (t) => {
  const { net, foreign, station } = await withForeign(t)
  const other = net.station('CS02', 'NN01', 'ocpp2.0.1')
  await net.settle()
  station.send('[2,"1","Heartbeat",{}]')
  other.send('[2,"1","Heartbeat",{}]')
  await net.settle()
  for (const { peer, station: name } of foreign.connections) {
    peer.send(`[3,"${ids(peer)[0]}",{"currentTime":"${name}"}]`)
  }
  await net.settle()
  assert.match(last(station), /CS01/)
  assert.match(last(other), /CS02/)
})

test('what a station says before its upstream is open waits, and is not answered by anybody else', async (t) => {
  const net = overlay(t)
  const foreign = net.foreignCsms(primary('foreign'))
  await net.node('NN01', { perStation: [foreign.uplink] })
  const station = net.peer('CS01', 'NN01', { form: 'standard', protocol: 'ocpp1.6', early: ['[2,"1","Heartbeat",{}]'] }) // biome-ignore format: one line
  await net.settle()
  assert.match(last(foreign.connections[0]?.peer), /Heartbeat/)
  assert.deepEqual(station.received, [])
})

test('a station whose upstream cannot be opened is sent away', async (t) => {
  const net = overlay(t)
  const foreign = net.foreignCsms(primary('foreign'))
  foreign.isDown = true
  await net.node('NN01', { perStation: [foreign.uplink] })
  const station = net.station('CS01', 'NN01')
  await net.settle()
  assert.equal(station.closed?.code, 1013)
  assert.match(station.closed?.reason ?? '', /^upstream: refused/)
  assert.ok(net.events.get('NN01')?.some((event) => event.name === 'upstream.lost'))
  foreign.isDown = false
  const again = net.station('CS01', 'NN01')
  await net.settle()
  assert.equal(again.closed, undefined)
})

test('upstream lost: the station is sent away (R5); station lost: its upstream closes at once', async (t) => {
  const { net, foreign, station } = await withForeign(t)
  foreign.connections[0]?.peer.close(1001, 'restart')
  await net.settle()
  assert.equal(station.closed?.code, 1013)

  const again = net.station('CS01', 'NN01')
  await net.settle()
  again.close()
  await net.settle()
  assert.equal(foreign.connections[1]?.peer.closed?.code, 1001)
})

test('a station that reconnects at once keeps its upstream; in another version it gets a new one', async (t) => {
  const { net, foreign } = await withForeign(t)
  const again = net.station('CS01', 'NN01')
  await net.settle()
  assert.equal(foreign.connections.length, 1)
  again.send('[2,"1","Heartbeat",{}]')
  await net.settle()
  assert.match(last(foreign.connections[0]?.peer), /Heartbeat/)

  net.station('CS01', 'NN01', 'ocpp2.1')
  await net.settle()
  assert.deepEqual(foreign.connections.map(({ protocol }) => protocol), ['ocpp1.6', 'ocpp2.1']) // biome-ignore format: one line
  assert.ok(foreign.connections[0]?.peer.closed)
})

test('a station behind another node is shown to the foreign CSMS too, and leaves with its node', async (t) => {
  const net = overlay(t)
  const foreign = net.foreignCsms(primary('foreign'))
  await net.node('NN01', { perStation: [foreign.uplink] })
  await net.node('LC01')
  const cut = net.connect('LC01', 'NN01')
  const station = net.station('CS01', 'LC01')
  await net.settle()
  station.send(`[2,"1","BootNotification",${BOOT}]`)
  await net.settle()
  const peer = foreign.connections[0]?.peer as RawPeer
  assert.ok(last(peer).endsWith(`${BOOT}]`))
  peer.send(`[3,"${ids(peer)[0]}",{"status":"Accepted"}]`)
  peer.send('[2,"a","ClearCache",{}]')
  await net.settle()
  assert.equal(station.received[0], '[3,"1",{"status":"Accepted"}]')
  assert.match(last(station), /ClearCache/)

  cut()
  await net.settle()
  assert.equal(peer.closed?.code, 1001)
})

test('a station behind another node stays when its upstream refuses or is lost: its calls are answered, and the reason stands in the log', async (t) => {
  const net = overlay(t)
  const foreign = net.foreignCsms(primary('foreign'))
  foreign.isDown = true
  await net.node('NN01', { perStation: [foreign.uplink] })
  await net.node('LC01')
  net.connect('LC01', 'NN01')
  const refused = net.station('CS01', 'LC01')
  await net.settle()
  foreign.isDown = false
  const lost = net.station('CS02', 'LC01')
  await net.settle()
  foreign.connections[0]?.peer.close(1001, 'restart')
  await net.settle()
  for (const [station, why] of [
    [refused, 'refused'],
    [lost, 'its connection was lost'],
  ] as const) {
    station.send('[2,"1","Heartbeat",{}]')
    await net.settle()
    assert.equal(last(station), '[4,"1","GenericError","no route to the destination",{"reason":"network"}]') // biome-ignore format: one line
    assert.equal(station.closed, undefined)
    const event = net.events.get('NN01')?.findLast(({ name }) => name === 'frame.refused')
    assert.ok(event?.name === 'frame.refused')
    assert.deepEqual(event.details, { destination: 'CentralSystem', upstream: 'foreign', why })
  }
})

// ---- Several upstreams

async function withTwo(t: TestContext, second: UplinkRule) {
  const net = overlay(t)
  const foreign = net.foreignCsms(second)
  const node = await net.node('NN01', { perStation: [foreign.uplink] }, [primary('CSMS01')])
  const ours = net.upstream('CSMS01', 'NN01')
  const station = net.station('CS01', 'NN01')
  await net.settle()
  ours.take()
  const peer = foreign.connections[0]?.peer as RawPeer
  return { net, node, ours, peer, station, foreign }
}

test('two upstreams that disagree: the primary answers the station, the mirror gets the same bytes and its answer ends here', async (t) => {
  const { net, ours, peer, station } = await withTwo(t, mirror('foreign'))
  station.send(`[2,"1","BootNotification",${BOOT}]`)
  await net.settle()

  const [call] = ours.take()
  assert.deepEqual(call?.slice(1, 3), ['CentralSystem', ['CS01', 'NN01']])
  assert.ok(last(peer).endsWith(`${BOOT}]`))
  peer.send(`[3,"${ids(peer)[0]}",{"status":"Rejected"}]`)
  ours.send(`[3,"CS01",["CSMS01"],"${call?.[3]}",{"status":"Accepted"}]`)
  await net.settle()
  assert.deepEqual(station.received, ['[3,"1",{"status":"Accepted"}]'])
  assert.equal(net.open('NN01'), 0)
})

test('a mirror commands nothing: its CALL is refused and the station hears nothing', async (t) => {
  const { net, peer, station } = await withTwo(t, mirror('foreign'))
  peer.send('[2,"a","RemoteStopTransaction",{"transactionId":1}]')
  await net.settle()
  assert.match(last(peer), /^\[4,"a","SecurityError"|^\[4,"a","GenericError"/)
  assert.deepEqual(station.received, [])
  assert.deepEqual(net.refusals('NN01'), { ERR_ACCESS_DENIED: 1 })
})

test('a restricted upstream sees and asks for what its lists name, nothing else', async (t) => {
  const rule = restricted('foreign', { up: new Set(['StatusNotification']), down: new Set(['GetConfiguration']) }) // biome-ignore format: one line
  const { net, peer, station } = await withTwo(t, rule)
  station.send('[2,"1","Heartbeat",{}]')
  station.send('[2,"2","StatusNotification",{"connectorId":1}]')
  peer.send('[2,"a","GetConfiguration",{}]')
  peer.send('[2,"b","Reset",{"type":"Hard"}]')
  await net.settle()
  const seen = peer.take()
  assert.deepEqual(seen.filter((frame) => frame[0] === 2).map((frame) => frame[2]), ['StatusNotification']) // biome-ignore format: one line
  assert.deepEqual(
    seen.filter((frame) => frame[0] === 4).map((frame) => frame[1]),
    ['b'],
  )
  assert.deepEqual(station.take().map((frame) => frame[2]), ['GetConfiguration']) // biome-ignore format: one line
})

test('an access list is no list of wishes: what a primary may not hear goes nowhere, and the asker is told', async (t) => {
  const net = overlay(t)
  const isOurs = (id: NodeId) => id.startsWith('CS0')
  await net.node('NN01', {}, [
    primary('CSMS01', { includes: isOurs, up: new Set(['BootNotification']) }),
  ])
  const ours = net.upstream('CSMS01', 'NN01')
  const [station, other] = [net.station('CS01', 'NN01'), net.station('XX01', 'NN01')]
  await net.settle()
  ours.take()
  station.send('[2,"1","StatusNotification",{"connectorId":1}]')
  other.send(`[2,"1","BootNotification",${BOOT}]`)
  station.send(`[2,"2","BootNotification",${BOOT}]`)
  await net.settle()
  assert.deepEqual(ours.take().map((frame) => [frame[2], frame[4]]), [[['CS01', 'NN01'], 'BootNotification']]) // biome-ignore format: one line
  for (const peer of [station, other])
    assert.match(peer.received[0] ?? '', /^\[4,"1","SecurityError"/)
  assert.equal(net.refusals('NN01').ERR_ACCESS_UPLINK, 2)
})

test('who names the CSMS by its own id, or is behind another node, gets no further', async (t) => {
  const net = overlay(t)
  const up = new Set(['BootNotification'])
  await net.node('NN01', {}, [
    primary('CSMS01', { up }),
    mirror('CSMS02', { up }),
    restricted('CSMS03', {}),
  ])
  const above = ['CSMS01', 'CSMS02', 'CSMS03'].map((id) => net.upstream(id, 'NN01'))
  const below = net.peer('LC01', 'NN01')
  await net.settle()
  for (const peer of above) peer.take()
  const destinations = ['CSMS', 'CSMS01', 'CSMS02', 'CSMS03']
  for (const to of destinations) below.send(`[2,"${to}",["CS01","LC01"],"of ${to}","Heartbeat",{}]`)
  below.send('[6,"CSMS01",["CS01","LC01"],"s","NotifyPeriodicEventStream",{}]')
  await net.settle()
  for (const peer of above) assert.deepEqual(peer.take(), [])
  assert.deepEqual(below.take().map((frame) => [frame[3], frame[4]]), destinations.map((to) => [`of ${to}`, 'SecurityError'])) // biome-ignore format: one line
})

test('the primary that is not connected is not replaced by a mirror', async (t) => {
  const net = overlay(t)
  const foreign = net.foreignCsms(mirror('foreign'))
  await net.node('NN01', { perStation: [foreign.uplink] }, [primary('CSMS01')])
  const station = net.station('CS01', 'NN01')
  await net.settle()
  station.send('[2,"1","Heartbeat",{}]')
  await net.settle()
  assert.match(last(station), /^\[4,"1","GenericError"/)
  assert.deepEqual(foreign.connections[0]?.peer.received, [])
})

test('a mirror that is lost or stuck does not touch the station', async (t) => {
  const { net, peer, station, ours } = await withTwo(t, mirror('foreign'))
  for (let i = 0; i < 200; i++) {
    station.send(`[2,"${i}","Heartbeat",{}]`)
    await net.settle()
    const [asked, ...more] = ours.take()
    assert.equal(more.length, 0)
    ours.send(`[3,"CS01",["CSMS01"],"${asked?.[3]}",{}]`)
  }
  await net.settle()
  assert.equal(station.take().length, 200, 'the primary has answered them all')
  assert.equal(peer.take().length, 1, 'the mirror has one open and does not answer')
  assert.ok(net.events.get('NN01')?.some((event) => event.name === 'copy.dropped'))
  peer.close(1011, 'crashed')
  await net.settle()
  station.send('[2,"x","Heartbeat",{}]')
  await net.settle()
  assert.equal(ours.take().length, 1)
  assert.equal(station.closed, undefined)
})

test('a mirror that does not open is waited for 2 s, so that it could see the boot, and no longer', async (t) => {
  const net = overlay(t)
  const foreign = net.foreignCsms(primary('foreign'))
  let open = () => {}
  const silent: PerStationUplink = {
    rule: mirror('silent'),
    open: (station, protocol) => ({
      async start(...tell) {
        open = () => void other.uplink.open(station, protocol).start(...tell)
      },
      async stop() {},
    }),
  }
  const other = net.foreignCsms(silent.rule)
  await net.node('NN01', { perStation: [foreign.uplink, silent] })
  const early = [`[2,"1","BootNotification",${BOOT}]`]
  const first = () => net.peer('CS01', 'NN01', { form: 'standard', protocol: 'ocpp1.6', early })
  const seen = (csms: typeof foreign) => csms.connections.flatMap(({ peer }) => peer.received).length // biome-ignore format: one line
  const station = first()
  await net.wait(1.999)
  assert.equal(seen(foreign), 0)
  await net.wait(0.001)
  assert.equal(seen(foreign), 1)
  station.close()
  await net.settle()

  first()
  await net.wait(1)
  assert.equal(seen(foreign), 1)
  open()
  await net.settle()
  assert.deepEqual([seen(foreign), seen(other)], [2, 1])
})

test('an upstream that fails is dialled again when it may be, however often the station comes back', async (t) => {
  const net = overlay(t)
  const dials: number[] = []
  const rule = primary('busy')
  const busy: PerStationUplink = {
    rule,
    open: (_station, _protocol, failures = 0) => ({
      async start(_onLink, report) {
        dials.push(failures)
        report({ name: 'retry', url: 'busy', inMs: 120_000, why: 'HTTP 503', failures: failures + 1 }) // biome-ignore format: one line
      },
      async stop() {},
    }),
  }
  await net.node('NN01', { perStation: [busy] })
  const comesBack = async () => {
    const station = net.station('CS01', 'NN01')
    await net.settle()
    assert.equal(station.closed?.code, 1013)
  }
  for (let i = 0; i < 10; i++) await comesBack()
  assert.deepEqual(dials, [0])
  net.station('CS02', 'NN01')
  await net.settle()
  assert.deepEqual(dials, [0, 0], 'of another station nothing is known')
  await net.wait(120)
  await comesBack()
  assert.deepEqual(dials, [0, 0, 1])
})

test('an upstream that lets in and closes at once is not dialled at the pace of the station', async (t) => {
  const net = overlay(t)
  const foreign = net.foreignCsms(primary('foreign'))
  const waits: number[] = []
  const waitMs = (failures: number) => waits.push(failures) * 1_000
  // As over a socket: that the link is gone is known first, and then nobody waits for its source.
  const open: PerStationUplink['open'] = (...of) => {
    const source = foreign.uplink.open(...of)
    return { start: (onLink) => source.start(onLink, () => {}), stop: () => source.stop() }
  }
  await net.node('NN01', { perStation: [{ rule: foreign.uplink.rule, open, waitMs }] })
  for (let i = 0; i < 5; i++) {
    net.station('CS01', 'NN01')
    await net.settle()
    foreign.connections.at(-1)?.peer.close(1011, 'no')
    await net.settle()
  }
  assert.deepEqual([foreign.connections.length, waits], [1, [0]])
  await net.wait(1)
  net.station('CS01', 'NN01')
  await net.settle()
  assert.equal(foreign.connections.length, 2)
  await net.wait(60)
  foreign.connections.at(-1)?.peer.close(1011, 'restart')
  await net.settle()
  assert.deepEqual(waits, [0, 0], 'after a steady one counting begins anew')
})

test('stations are dealt to upstreams by pattern, actions by list', async (t) => {
  const net = overlay(t)
  const a = net.foreignCsms(primary('a', { includes: (id) => id.startsWith('A') }))
  const b = net.foreignCsms(primary('b', { includes: (id) => id.startsWith('B') }))
  await net.node('NN01', { perStation: [a.uplink, b.uplink] })
  for (const name of ['A1', 'B1', 'B2']) net.station(name, 'NN01')
  await net.settle()
  assert.deepEqual(a.connections.map(({ station }) => station), ['A1']) // biome-ignore format: one line
  assert.deepEqual(b.connections.map(({ station }) => station), ['B1', 'B2']) // biome-ignore format: one line
})

test('a mirror on a shared overlay link gets copies under ids of the node, and may not command there either', async (t) => {
  const net = overlay(t)
  await net.node('NN01', {}, [primary('CSMS01'), mirror('OTHER')])
  const ours = net.upstream('CSMS01', 'NN01')
  const other = net.upstream('OTHER', 'NN01')
  const station = net.station('CS01', 'NN01')
  await net.settle()
  ours.take()
  other.take()
  station.send('[2,"1","Heartbeat",{}]')
  await net.settle()
  const [one] = ours.take()
  const [two] = other.take()
  assert.deepEqual(one?.slice(1, 3), two?.slice(1, 3))
  assert.notEqual(one?.[3], two?.[3])
  other.send(`[3,"CS01",["OTHER"],"${two?.[3]}",{"currentTime":"wrong"}]`)
  other.send('[2,"CS01",["OTHER"],"x","ClearCache",{}]')
  ours.send(`[3,"CS01",["CSMS01"],"${one?.[3]}",{"currentTime":"right"}]`)
  await net.settle()
  assert.deepEqual(station.received, ['[3,"1",{"currentTime":"right"}]'])
  assert.match(last(other), /SecurityError/)
})

test('the primary of other stations does not stand in for one that is away', async (t) => {
  const net = overlay(t)
  const of = (prefix: string) => ({ includes: (id: string) => id.startsWith(prefix) })
  await net.node('NN01', {}, [primary('CSMS-A', of('A')), primary('CSMS-B', of('B'))])
  const other = net.upstream('CSMS-B', 'NN01')
  const station = net.station('A1', 'NN01')
  await net.settle()
  other.take()
  station.send('[2,"1","Heartbeat",{}]')
  await net.settle()
  assert.deepEqual(other.take(), [])
  assert.match(last(station), /^\[4,"1","GenericError"/)
})

/** An upstream that opens its connection when the test says. */
function slowCsms(net: ReturnType<typeof overlay>, rule = primary('foreign')) {
  const foreign = net.foreignCsms(rule)
  const openings: (() => void)[] = []
  const uplink: PerStationUplink = {
    rule: foreign.uplink.rule,
    open(station, protocol) {
      const source = foreign.uplink.open(station, protocol)
      return {
        start: (onLink, report) =>
          new Promise<void>((resolve) => {
            openings.push(() => resolve(source.start(onLink, report)))
          }),
        stop: () => source.stop(),
      }
    },
  }
  return { foreign, uplink, open: () => openings.shift()?.() }
}

test('what a station behind another node says first reaches the foreign CSMS once its connection is open', async (t) => {
  const net = overlay(t)
  const { foreign, uplink, open } = slowCsms(net)
  await net.node('NN01', { perStation: [uplink] })
  await net.node('LC01')
  net.connect('LC01', 'NN01')
  const station = net.station('CS01', 'LC01')
  await net.settle()
  station.send(`[2,"1","BootNotification",${BOOT}]`)
  station.send('[2,"2","Heartbeat",{}]')
  await net.settle()
  assert.deepEqual(station.received, [])

  open()
  await net.settle()

  const peer = foreign.connections[0]?.peer as RawPeer
  assert.ok(last(peer).endsWith(`${BOOT}]`), 'in their order, one at a time')
  peer.send(`[3,"${ids(peer)[0]}",{"status":"Accepted"}]`)
  await net.settle()
  assert.equal(station.received[0], '[3,"1",{"status":"Accepted"}]')
  assert.match(last(peer), /Heartbeat/)
  assert.equal(net.neighbour('NN01', 'LC01').counters.received[2], 2, 'each is counted once')
})

test('when the connection cannot be opened what waited is answered, and no more than 16 wait', async (t) => {
  const net = overlay(t)
  const { foreign, uplink, open } = slowCsms(net)
  foreign.isDown = true
  await net.node('NN01', { perStation: [uplink] })
  await net.node('LC01')
  net.connect('LC01', 'NN01')
  const station = net.station('CS01', 'LC01', 'ocpp2.1')
  await net.settle()
  for (let n = 0; n < 20; n++) station.send(`[2,"${n}","Heartbeat",{}]`)
  await net.settle()
  assert.equal(station.received.length, 4)

  open()
  await net.settle()

  assert.equal(station.received.length, 20)
  assert.ok(station.received.every((text) => text.startsWith('[4,')))
})

test('what waited in one version is not heard on the connection of another', async (t) => {
  const net = overlay(t)
  const { foreign, uplink, open } = slowCsms(net)
  await net.node('NN01', { perStation: [uplink] })
  await net.node('LC01')
  net.connect('LC01', 'NN01')
  const old = net.station('CS01', 'LC01')
  await net.settle()
  old.send(`[2,"1","BootNotification",${BOOT}]`)
  await net.settle()

  const station = net.station('CS01', 'LC01', 'ocpp2.0.1')
  await net.settle()
  station.send('[2,"2","Heartbeat",{}]')
  await net.settle()
  open()
  open()
  await net.settle()

  const heard = foreign.connections.flatMap(({ protocol, peer }) => peer.received.map((text) => [protocol, JSON.parse(text)[2]])) // biome-ignore format: one line
  assert.deepEqual(heard, [['ocpp2.0.1', 'Heartbeat']])
})

test('what is not a CALL waits in its place, and large requests wait up to 64 KiB', async (t) => {
  const net = overlay(t)
  const { foreign, uplink, open } = slowCsms(net)
  await net.node('NN01', { perStation: [uplink] })
  await net.node('LC01')
  net.connect('LC01', 'NN01')
  const station = net.station('CS01', 'LC01', 'ocpp2.1')
  await net.settle()
  station.send('[2,"1","Heartbeat",{}]')
  station.send('[6,"2","NotifyPeriodicEventStream",{"id":1,"pending":0,"basetime":"2026-01-01T00:00:00Z","data":[]}]') // biome-ignore format: one frame
  station.send(`[2,"3","DataTransfer",{"vendorId":"x","data":"${'x'.repeat(70_000)}"}]`)
  await net.settle()
  assert.match(station.received[0] ?? '', /"3","(GenericError|Congested)"/)

  open()
  await net.settle()

  const heard = foreign.connections[0]?.peer.received.map((text) => /"[A-Z]\w+"/.exec(text)?.[0])
  assert.deepEqual(heard, ['"Heartbeat"', '"NotifyPeriodicEventStream"'])
})

test('the first request waits however large it is, for all behind one link up to 4 MiB wait', async (t) => {
  const net = overlay(t)
  const { foreign, uplink, open } = slowCsms(net)
  await net.node('NN01', { perStation: [uplink] })
  const node = net.peer('LC01', 'NN01')
  const ids = Array.from({ length: 60 }, (_, n) => `CS${n}`)
  await net.settle()
  const presences = ids.map((id) => ({ id: id as NodeId, protocol: 'ocpp2.0.1', state: 'up' as const, distance: 1 })) // biome-ignore format: one line
  for (const payload of announcementsOf('LC01' as NodeId, presences, 0)) {
    node.send(JSON.stringify([6, 'NN01', ['LC01'], 'a', 'NotifyNetworkTopology', payload]))
  }
  await net.settle()
  for (const id of ids) node.send(`[2,"CSMS",["${id}","LC01"],"${id}","DataTransfer",{"vendorId":"x","data":"${'x'.repeat(100_000)}"}]`) // biome-ignore format: one line
  await net.settle()

  const refused = node.take().filter((frame) => frame[0] === 4)
  assert.equal(refused.length, 60 - Math.floor((4 * 1024 * 1024) / 100_070))
  for (const _ of ids) open()
  await net.settle()
  const heard = foreign.connections.filter(({ peer }) => peer.received.length > 0)
  assert.equal(heard.length, 60 - refused.length)
})

test('while only a mirror is waited for nothing is refused: what is too much to hold goes on without it', async (t) => {
  const net = overlay(t)
  const { foreign, uplink } = slowCsms(net, mirror('foreign'))
  await net.node('NN01', { perStation: [uplink] }, [{ name: 'CSMS01', role: 'primary' }])
  const above = net.upstream('CSMS01', 'NN01')
  await net.node('LC01')
  net.connect('LC01', 'NN01')
  const station = net.station('CS01', 'LC01', 'ocpp2.1')
  await net.settle()
  above.take()
  for (let n = 0; n < 20; n++) station.send(`[2,"${n}","Heartbeat",{}]`)
  await net.settle()

  assert.deepEqual(above.take().map((frame) => frame[4]), Array(20).fill('Heartbeat')) // biome-ignore format: one line
  assert.deepEqual(station.received, [])
  assert.equal(foreign.connections.length, 0)
})

/** Whether a drain of at most five seconds is over already after this many. */
async function drained(net: MemoryOverlay, node: Node, seconds: number): Promise<boolean> {
  let isOver = false
  const whole = node.drain(5_000).then(() => {
    isOver = true
  })
  await net.settle()
  for (let passed = 0; passed < seconds * 1_000; passed += 20) await net.wait(0.02)
  const wasOver = isOver
  for (let passed = 0; passed < 5_100 && !isOver; passed += 20) await net.wait(0.02)
  await whole
  return wasOver
}

test('a node that drains waits for what it holds until an upstream is open, and answers at last what went nowhere', async (t) => {
  const net = overlay(t)
  const { uplink, foreign } = slowCsms(net)
  const gateway = await net.node('NN01', { perStation: [uplink] })
  await net.node('LC01')
  net.connect('LC01', 'NN01')
  const station = net.station('CS01', 'LC01', 'ocpp2.1')
  await net.settle()
  station.send('[2,"1","Heartbeat",{}]')
  await net.settle()
  assert.equal(await drained(net, gateway, 4), false)
  const [type, id, , , details] = station.take()[0] ?? []
  assert.deepEqual([type, id, (details as { executed?: string }).executed], [4, '1', 'no'])
  assert.equal(foreign.connections.length, 0)
})

test('a node that drains does not wait for a mirror that answers nothing', async (t) => {
  const { net, peer, station, ours, node } = await withTwo(t, mirror('foreign'))
  station.send('[2,"1","Heartbeat",{}]')
  station.send('[2,"2","Heartbeat",{}]')
  await net.settle()
  for (const [, , , id] of ours.take()) ours.send(`[3,"CS01",["CSMS01"],"${id}",{}]`)
  await net.settle()
  assert.equal(peer.take().length, 1, 'the second one waits')
  assert.equal(await drained(net, node, 0.1), true)
})
