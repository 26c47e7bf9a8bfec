import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OverlayError } from '../../src/errors.ts'
import type { PerStationUplink, UplinkRule } from '../../src/node/uplink-rules.ts'
import { foldId, type NodeId } from '../../src/primitives/ids.ts'
import { announcementsOf } from '../../src/routing/topology.ts'
import { overlay, type RawPeer } from '../support/memory-overlay.ts'

/** Neighbours that speak for others than they may, and upstreams that fail: nobody else suffers. */

const primary: UplinkRule = { name: 'foreign', role: 'primary' }
const announcement = (from: string, ids: readonly string[], state: 'up' | 'down' = 'up') => {
  const presences = ids.map((id) => ({ id: id as NodeId, protocol: 'ocpp1.6', state, distance: 1 }))
  const [payload] = announcementsOf(from as NodeId, presences, 0)
  return JSON.stringify([6, 'NN01', [from], 'a', 'NotifyNetworkTopology', payload])
}
const last = (peer: RawPeer | undefined) => peer?.received.at(-1) ?? ''

test('a neighbour that says it is a station which is connected here is refused, and nobody hears it', async (t) => {
  const net = overlay(t)
  const foreign = net.foreignCsms(primary)
  await net.node('NN01', { perStation: [foreign.uplink] })
  net.station('CS01', 'NN01')
  const liar = net.peer('LC01', 'NN01')
  await net.settle()

  liar.send('[2,"CentralSystem",["CS01","LC01"],"x","StartTransaction",{}]')
  liar.send('[6,"CentralSystem",["cs01","LC01"],"y","NotifyPeriodicEventStream",{}]')
  await net.settle()

  assert.deepEqual(foreign.connections[0]?.peer.received, [])
  assert.match(last(liar), /^\[4,.*"x","SecurityError"/)
  assert.deepEqual(net.refusals('NN01'), { ERR_ROUTE_SOURCE: 2 })
})

test('a neighbour that has proved nothing neither speaks for a station that has a credential nor announces it', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01', { mustProve: (id) => foldId(id) === 'cs01' })
  const above = net.upstream('CSMS01', 'NN01')
  const stranger = net.peer('LC01', 'NN01', { proof: { transport: 'plain', credential: 'none' } })
  const proved = net.peer('LC02', 'NN01')
  await net.settle()
  above.take()
  const heard = async (peer: RawPeer, from: string, station: string) => {
    peer.send(announcement(from, [station]))
    peer.send(`[2,"CSMS",["${station}","${from}"],"${station}${from}","Heartbeat",{}]`)
    await net.settle()
    const isShown = node.table.get(station as NodeId) !== undefined
    return { isShown, actions: above.take().flatMap((frame) => (frame[0] === 2 ? [frame[4]] : [])) }
  }

  assert.deepEqual(await heard(stranger, 'LC01', 'cS01'), { isShown: false, actions: [] })
  assert.match(last(stranger), /^\[4,.*"cS01LC01","SecurityError"/)
  const told = { isShown: true, actions: ['Heartbeat'] }
  assert.deepEqual(await heard(stranger, 'LC01', 'CS02'), told)
  assert.deepEqual(await heard(proved, 'LC02', 'CS01'), told)
})

test('a station that one neighbour has announced does not speak over another one, until it has moved', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const home = net.peer('LC01', 'NN01')
  const other = net.peer('LC02', 'NN01')
  home.send(announcement('LC01', ['CS05']))
  await net.settle()
  const say = async (id: string) => {
    other.send(`[2,"CSMS",["CS05","LC02"],"${id}","Heartbeat",{}]`)
    await net.settle()
  }

  await say('1')
  assert.match(last(other), /^\[4,.*"1","SecurityError"/)
  home.send(announcement('LC01', ['CS05'], 'down'))
  await net.settle()
  await say('2')

  assert.match(last(above), /"2","Heartbeat"/)
})

test('a node that is a neighbour may be heard over another one: nodes can have several ways', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  net.peer('LC01', 'NN01')
  const way = net.peer('LC02', 'NN01')

  way.send('[2,"CSMS",["LC01","LC02"],"1","Heartbeat",{}]')
  await net.settle()

  assert.match(last(above), /\["LC01","LC02","NN01"\],"1","Heartbeat"/)
})

test('a mirror announces nobody and draws nobody: what is meant for stations does not go there', async (t) => {
  const net = overlay(t)
  const foreign = net.foreignCsms(primary)
  await net.node('NN01', { perStation: [foreign.uplink] }, [{ name: 'MIRROR', role: 'mirror' }])
  const mirror = net.upstream('MIRROR', 'NN01')
  const below = net.peer('LC01', 'NN01')

  mirror.send(announcement('MIRROR', ['CS05']))
  mirror.send('[6,"NN01",["CS06","MIRROR"],"z","NotifyPeriodicEventStream",{}]')
  await net.settle()
  below.send('[2,"CS05",["LC01"],"5","Reset",{}]')
  below.send('[2,"CS06",["LC01"],"6","Reset",{}]')
  await net.settle()

  assert.deepEqual(foreign.connections, [])
  assert.ok(!mirror.received.some((text) => text.includes('Reset')), mirror.received.join())
  assert.equal(net.refusals('NN01').ERR_ROUTE_ANNOUNCEMENT, 1)
})

test('who announces stations without end makes the node open 2 000 connections and no more; they end with the link', async (t) => {
  const net = overlay(t)
  const foreign = net.foreignCsms(primary)
  await net.node('NN01', { perStation: [foreign.uplink] })
  const open = () => foreign.connections.filter(({ peer }) => !peer.closed).length
  const liar = net.peer('LC01', 'NN01')
  for (let n = 0; n < 23; n++) {
    liar.send(
      announcement(
        'LC01',
        Array.from({ length: 100 }, (_, i) => `CS${100 * n + i}`),
      ),
    )
  }
  await net.settle()
  assert.equal(open(), 2_000)
  const told = net.events.get('NN01')?.filter(({ name }) => name === 'upstream.lost') ?? []
  assert.equal(told.length, 300)

  liar.close()
  await net.settle()
  assert.equal(open(), 0)
  net.peer('LC01', 'NN01').send(announcement('LC01', ['CS1']))
  await net.settle()
  assert.equal(open(), 1)
})

test('a station that comes and goes behind a neighbour thousands of times is still shown', async (t) => {
  const net = overlay(t)
  const foreign = net.foreignCsms(primary)
  await net.node('NN01', { perStation: [foreign.uplink] })
  const below = net.peer('LC01', 'NN01')

  for (let n = 0; n < 2_050; n++) {
    below.send(announcement('LC01', ['CS05'], 'up'))
    below.send(announcement('LC01', ['CS05'], 'down'))
  }
  below.send(announcement('LC01', ['CS05'], 'up'))
  await net.settle()

  assert.equal(foreign.connections.length, 2_051)
  assert.equal(foreign.connections.at(-1)?.peer.closed, undefined)
})

/** An upstream whose settings cannot be used at the moment. */
const broken = (rule: UplinkRule): PerStationUplink => ({
  rule,
  open() {
    throw new OverlayError('ERR_CREDENTIAL_TLS', { problem: 'key and certificate do not match' })
  },
})

test('an upstream that cannot be dialled as it is set costs the station its connection, not the node', async (t) => {
  const net = overlay(t)
  await net.node('NN01', { perStation: [broken(primary)] })
  const bystander = net.peer('LC01', 'NN01')

  const station = net.station('CS01', 'NN01')
  await net.settle()

  assert.equal(station.closed?.code, 1013)
  assert.ok(!station.closed?.reason.includes('certificate'), station.closed?.reason)
  assert.equal(bystander.closed, undefined)
  const told = net.events.get('NN01')?.find(({ name }) => name === 'upstream.lost')
  assert.match(JSON.stringify(told), /do not match/)
})

test('a mirror that cannot be dialled as it is set costs nothing', async (t) => {
  const net = overlay(t)
  const foreign = net.foreignCsms(primary)
  const mirror = broken({ name: 'copy', role: 'mirror' })
  await net.node('NN01', { perStation: [foreign.uplink, mirror] })

  const station = net.station('CS01', 'NN01')
  await net.settle()
  station.send('[2,"1","Heartbeat",{}]')
  await net.settle()

  assert.match(last(foreign.connections[0]?.peer), /Heartbeat/)
})

test('of two primaries one refuses and one is silent: the station is sent away and its link is gone', async (t) => {
  const net = overlay(t)
  const refusing = net.foreignCsms({ name: 'one', role: 'primary', up: new Set(['Heartbeat']) })
  refusing.isDown = true
  const silent: PerStationUplink = {
    rule: { name: 'two', role: 'primary', up: new Set(['BootNotification']) },
    open: () => ({ start: async () => {}, stop: async () => {} }),
  }
  const node = await net.node('NN01', { perStation: [silent, refusing.uplink] })

  const station = net.station('CS01', 'NN01')
  await net.settle()
  await net.wait(5)

  assert.equal(station.closed?.code, 1013)
  assert.equal(node.neighbours.size, 0)
})

test('an answer that cannot be followed up here reaches whoever asked all the same', async (t) => {
  const net = overlay(t)
  await net.node('NN01', {
    onPasswordChange() {
      throw new Error('the disk is full')
    },
  })
  const above = net.upstream('CSMS01', 'NN01')
  const station = net.station('CS01', 'NN01')
  await net.settle()
  above.send('[2,"CS01",["CSMS01"],"p","ChangeConfiguration",{"key":"AuthorizationKey","value":"0123456789abcdef"}]') // biome-ignore format: one frame
  await net.settle()
  const [[, id] = []] = station.take()
  station.send(`[3,"${id}",{"status":"Accepted"}]`)
  await net.settle()

  assert.match(last(above), /^\[3,.*"p",\{"status":"Accepted"\}\]$/)
  assert.deepEqual(net.refusals('NN01'), {}, 'nor is it one that was refused')
})

test('an upstream that takes requests and never answers is told and counted', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  net.upstream('CSMS01', 'NN01')
  const station = net.station('CS01', 'NN01')
  await net.settle()

  station.send('[2,"1","Heartbeat",{}]')
  await net.wait(125)

  assert.equal(net.refusals('NN01').ERR_LINK_TIMEOUT, 1)
  const told = net.events.get('NN01')?.find(({ name }) => name === 'request.unanswered')
  assert.deepEqual(told, { name: 'request.unanswered', link: 'CSMS01', source: 'CS01', action: 'Heartbeat' }) // biome-ignore format: one line
})

test('the name of an upstream, which may be its address, is not told to stations', async (t) => {
  const net = overlay(t)
  const foreign = net.foreignCsms({ ...primary, name: 'ws://inside.example/' })
  foreign.isDown = true
  await net.node('NN01', { perStation: [foreign.uplink] })

  const station = net.station('CS01', 'NN01')
  await net.settle()

  assert.ok(!station.closed?.reason.includes('inside'), station.closed?.reason)
})

test('who has proved nothing makes the node open 50 connections for the stations it announces, and no more', async (t) => {
  const net = overlay(t)
  const foreign = net.foreignCsms(primary)
  await net.node('NN01', { perStation: [foreign.uplink] })
  const stranger = net.peer('LC01', 'NN01', { proof: { transport: 'plain', credential: 'none' } })
  await net.settle()
  stranger.send(
    announcement(
      'LC01',
      Array.from({ length: 60 }, (_, n) => `CS${n}`),
    ),
  )
  await net.settle()
  assert.equal(foreign.connections.length, 50)
})
