import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UplinkRule } from '../../src/node/uplink-rules.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { overlay, type RawPeer } from '../support/memory-overlay.ts'

interface Leaf {
  readonly id: string
  readonly state?: 'up' | 'down'
  readonly protocol?: string
  readonly distance?: number
}

/** The SEND in which a node announces leaves. */
function announcement(routingNode: string, path: string[], to: string, leaves: readonly Leaf[]) {
  const routes = leaves.map(({ id, state = 'up', protocol = 'ocpp1.6', distance = 1 }) => ({
    destinationId: id,
    uplink: { distance },
    customData: { vendorId: 'wattweave', protocol, form: 'standard', state },
  }))
  const information = { routingNode, routes, notBefore: '2026-01-01T00:00:00Z' }
  const payload = { networkTopologyInformation: information }
  return JSON.stringify([6, to, path, 'a1', 'NotifyNetworkTopology', payload])
}

/** What a peer was told, as `id state protocol distance`; other frames by their action or type. */
function told(peer: RawPeer): string[] {
  return peer.take().flatMap((frame) => {
    if (frame[4] !== 'NotifyNetworkTopology') return [`${frame[0]} ${frame[4]}`]
    assert.equal(frame[0], 6)
    const information = (frame[5] as { networkTopologyInformation: Record<string, unknown> })
      .networkTopologyInformation
    assert.deepEqual(frame[2], [information.routingNode])
    const routes = information.routes as {
      destinationId: string
      uplink: { distance: number }
      customData: Record<string, string>
    }[]
    return routes.map(({ destinationId, uplink, customData }) => {
      assert.equal(customData.vendorId, 'wattweave')
      assert.equal(customData.form, 'standard')
      return `${destinationId} ${customData.state} ${customData.protocol} ${uplink.distance}`
    })
  })
}

test('a station is announced when it comes, before its first frame, and when it goes', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')

  const station = net.station('CS01', 'NN01', 'ocpp2.0.1')
  station.send('[2,"1","Heartbeat",{}]')
  await net.settle()
  assert.deepEqual(told(above), ['CS01 up ocpp2.0.1 1', '2 Heartbeat'])

  station.close()
  await net.settle()
  assert.deepEqual(told(above), ['CS01 down ocpp2.0.1 1'])
})

test('a station whose first frame was already on the link is announced before it', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')

  const early = ['[2,"1","Heartbeat",{}]']
  net.peer('CS01', 'NN01', { form: 'standard', protocol: 'ocpp2.0.1', early })
  await net.settle()

  assert.deepEqual(told(above), ['CS01 up ocpp2.0.1 1', '2 Heartbeat'])
})

test('a node repeats what is below it on its own uplinks, one link farther', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  await net.node('LC01')
  const above = net.upstream('CSMS01', 'NN01')
  net.connect('LC01', 'NN01')
  const station = net.station('CS01', 'LC01')
  await net.settle()
  assert.deepEqual(told(above), ['CS01 up ocpp1.6 2'])

  station.close()
  await net.settle()
  assert.deepEqual(told(above), ['CS01 down ocpp1.6 2'])
})

test('what is above is not told above, and what is below not below', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const second = net.upstream('CSMS02', 'NN01')
  const below = net.peer('LC01', 'NN01')

  above.send(announcement('CSMS01', ['CSMS01'], 'NN01', [{ id: 'CS01' }]))
  below.send(announcement('LC01', ['LC01'], 'NN01', [{ id: 'CS02' }]))
  await net.settle()

  assert.deepEqual(told(below), [])
  assert.deepEqual(told(above), ['CS02 up ocpp1.6 2'])
  assert.deepEqual(told(second), ['CS02 up ocpp1.6 2'])
})

test('an uplink that opens is told of everybody who is there', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01')
  net.station('CS01', 'NN01')
  net.station('CS02', 'NN01', 'ocpp2.1')
  const below = net.peer('LC01', 'NN01')
  const leaves = [{ id: 'CS03' }, { id: 'CS04' }]
  below.send(announcement('LC01', ['LC01'], 'NN01', leaves))
  below.send(announcement('LC01', ['LC01'], 'NN01', [{ id: 'CS04', state: 'down' }]))
  await net.settle()
  const everybody = ['CS01 up ocpp1.6 1', 'CS02 up ocpp2.1 1', 'CS03 up ocpp1.6 2']

  const above = net.upstream('CSMS01', 'NN01')
  await net.settle()
  assert.deepEqual(told(above), everybody)

  above.close()
  await net.settle()
  const again = net.upstream('CSMS01', 'NN01')
  await net.settle()
  assert.deepEqual(told(again), everybody)
  assert.equal(node.table.get('CS04' as NodeId)?.link.id, undefined)
})

test('standard uplinks and stations are told nothing', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const standard = net.upstream('CSMS01', 'NN01', { form: 'standard' })
  const first = net.station('CS01', 'NN01', 'ocpp2.1')
  net.station('CS02', 'NN01')
  await net.settle()

  assert.deepEqual([...standard.received, ...first.received], [])
})

test('a link below that goes takes its stations with it, and above is told', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')
  below.send(announcement('LC01', ['LC01'], 'NN01', [{ id: 'CS01' }, { id: 'CS02', distance: 4 }]))
  await net.settle()
  told(above)

  below.close()
  await net.settle()
  assert.deepEqual(told(above), ['CS01 down ocpp1.6 2', 'CS02 down ocpp1.6 5'])
})

test('a version that changes is announced again', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send(announcement('LC01', ['LC01'], 'NN01', [{ id: 'CS01' }]))
  below.send(announcement('LC01', ['LC01'], 'NN01', [{ id: 'CS01', protocol: 'ocpp2.1' }]))
  await net.settle()

  assert.deepEqual(told(above), ['CS01 up ocpp1.6 2', 'CS01 up ocpp2.1 2'])
  assert.equal(node.table.get('CS01' as NodeId)?.announced?.protocol, 'ocpp2.1')
})

test('an announcement decides by which version requests of its station are checked', async (t) => {
  const net = overlay(t)
  const seen: string[] = []
  const authorize = (_: unknown, { protocol }: { protocol: string }) => {
    seen.push(protocol)
    return { idTagInfo: { status: 'Accepted' } } as never
  }
  await net.node('CSMS01', {
    services: ['CSMS', 'CentralSystem'],
    handlers: { 'ocpp1.6': { Authorize: authorize }, 'ocpp2.1': { Authorize: authorize } },
  })
  const below = net.peer('LC01', 'CSMS01')
  const ask = (source: string, to: string, payload: string) =>
    below.send(`[2,"${to}",["${source}","LC01"],"1","Authorize",${payload}]`)
  const of16 = '{"idTag":"A"}'
  const of21 = '{"idToken":{"idToken":"A","type":"Local"}}'

  below.send(announcement('LC01', ['LC01'], 'CSMS01', [{ id: 'CS01' }]))
  ask('CS01', 'CSMS', of16)
  await net.settle()
  ask('CS02', 'CentralSystem', of16)
  await net.settle()
  ask('CS03', 'CSMS', of21)
  await net.settle()
  ask('CS01', 'CSMS', of21)
  await net.settle()

  assert.deepEqual(seen, ['ocpp1.6', 'ocpp1.6', 'ocpp2.1'])
  assert.equal(below.take().at(-1)?.[0], 4)
})

test('an id that is a neighbour or behind another link is not believed, the others are', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const honest = net.peer('LC01', 'NN01')
  net.station('CS01', 'NN01')
  const liar = net.peer('LC02', 'NN01')
  honest.send(announcement('LC01', ['LC01'], 'NN01', [{ id: 'CS02' }]))
  await net.settle()
  told(above)

  const leaves = ['CS01', 'CS02', 'LC01', 'CSMS01', 'CS03'].map((id) => ({ id }))
  liar.send(announcement('LC02', ['LC02'], 'NN01', leaves))
  await net.settle()

  assert.deepEqual(told(above), ['CS03 up ocpp1.6 2'])
  assert.equal(net.refusals('NN01').ERR_ROUTE_ANNOUNCEMENT, 4)
  above.send('[2,"CS02",["CSMS01"],"1","ClearCache",{}]')
  await net.settle()
  assert.equal(honest.received.length, 1)
})

test('reserved ids and the own one among announced leaves do not hide the others', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  const leaves = ['CS01', 'CSMS', 'NN01', '*all', '0', 'CS02'].map((id) => ({ id }))
  below.send(announcement('LC01', ['LC01'], 'NN01', leaves))
  await net.settle()

  assert.deepEqual(told(above), ['CS01 up ocpp1.6 2', 'CS02 up ocpp1.6 2'])
})

test('a farewell for a station behind another link changes nothing and is not repeated', async (t) => {
  const net = overlay(t)
  await net.node('CSMS01', { services: ['CSMS'], hasDefaultRoute: false })
  const node = await net.node('NN01')
  net.connect('NN01', 'CSMS01')
  const watcher = net.upstream('CSMS02', 'NN01')
  const honest = net.peer('LC01', 'NN01')
  net.station('CS01', 'NN01')
  const liar = net.peer('LC02', 'NN01')
  honest.send(announcement('LC01', ['LC01'], 'NN01', [{ id: 'CS02' }]))
  await net.settle()
  told(watcher)

  const leaves = ['CS01', 'CS02'].map((id) => ({ id, state: 'down' as const }))
  liar.send(announcement('LC02', ['LC02'], 'NN01', leaves))
  await net.settle()

  assert.deepEqual(told(watcher), [])
  assert.equal(node.table.get('CS02' as NodeId)?.link.id, 'LC01')
})

test('one site cannot make the CSMS lose a station of another', async (t) => {
  const net = overlay(t)
  const csms = await net.node('CSMS01', { services: ['CSMS'], hasDefaultRoute: false })
  await net.node('NN01')
  net.connect('NN01', 'CSMS01')
  const station = net.station('CS01', 'NN01')
  const liar = net.peer('LC02', 'NN01')
  await net.settle()

  liar.send(announcement('LC02', ['LC02'], 'NN01', [{ id: 'CS01', state: 'down' }]))
  await net.settle()
  void csms.callRaw('CS01', 'ClearCache', Buffer.from('{}')).catch(() => {})
  await net.settle()

  assert.equal(station.received.length, 1)
})

test('a neighbour announces in its own name only', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send(announcement('LC02', ['LC01'], 'NN01', [{ id: 'CS01' }]))
  await net.settle()

  assert.deepEqual(told(above), [])
  assert.deepEqual(net.refusals('NN01'), { ERR_ROUTE_ANNOUNCEMENT: 1 })
})

test('an announcement that was only passed on by a neighbour is refused', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  await net.node('LC01')
  net.connect('LC01', 'NN01')
  const stranger = net.peer('LC02', 'LC01')

  // LC01 forwards it as any other SEND; it was not LC01 that wrote it.
  stranger.send(announcement('LC01', ['LC02'], 'NN01', [{ id: 'CS01' }]))
  await net.settle()

  assert.equal(node.table.get('CS01' as NodeId)?.link.id, undefined)
  assert.deepEqual(told(above), [])
  assert.deepEqual(net.refusals('NN01'), { ERR_ROUTE_ANNOUNCEMENT: 1 })
})

test('a 2.1 station cannot announce anything in the name of its node', async (t) => {
  const net = overlay(t)
  const csms = await net.node('CSMS01', { services: ['CSMS'], hasDefaultRoute: false })
  await net.node('NN01')
  net.connect('NN01', 'CSMS01')
  const liar = net.station('CS01', 'NN01', 'ocpp2.1')
  const victim = net.station('CS02', 'NN01', 'ocpp2.1')
  await net.settle()

  const leaves = [{ id: 'CS02', state: 'down' as const }, { id: 'CS77' }]
  const [, , , id, action, payload] = JSON.parse(announcement('NN01', [], '', leaves))
  liar.send(JSON.stringify([6, id, action, payload]))
  await net.settle()
  void csms.callRaw('CS02', 'ClearCache', Buffer.from('{}')).catch(() => {})
  await net.settle()

  assert.equal(csms.table.get('CS77' as NodeId)?.link.id, undefined)
  assert.equal(victim.received.length, 1)
})

test('an announcement that is not valid is counted and changes nothing', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01')
  const below = net.peer('LC01', 'NN01')
  const good = announcement('LC01', ['LC01'], 'NN01', [{ id: 'CS01' }])

  below.send(good.replace('"state":"up"', '"state":"sideways"'))
  below.send(good.replace('"routes":', '"ways":'))
  below.send(good.replace('"destinationId":"CS01"', '"destinationId":"CS01","destinationId":"CS02"')) // biome-ignore format: one line
  below.send(good.replace('"form":"standard",', ''))
  await net.settle()

  assert.equal(node.table.get('CS01' as NodeId)?.link.id, undefined)
  assert.deepEqual(below.received, [])
  assert.equal(
    Object.values(net.refusals('NN01')).reduce((a, b) => a + b),
    4,
  )
})

test('routes of other dialects are read over, a missing distance counts as one link', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')
  const plain = { destinationId: 'CS08', uplink: {} }
  const custom = { vendorId: 'wattweave', protocol: 'ocpp2.1', form: 'standard', state: 'up' }
  const routes = [
    plain,
    { destinationId: 'CS09', customData: custom },
    { destinationId: 'CS10', customData: { vendorId: 'other' } },
  ]
  const information = { routingNode: 'LC01', routes, notBefore: '2026-01-01T00:00:00Z' }
  const payload = { networkTopologyInformation: information }
  below.send(JSON.stringify([6, 'NN01', ['LC01'], '1', 'NotifyNetworkTopology', payload]))
  await net.settle()

  assert.deepEqual(told(above), ['CS09 up ocpp2.1 2'])
  assert.equal(node.table.get('CS08' as NodeId)?.link.id, undefined)
  assert.deepEqual(net.refusals('NN01'), {})
})

test('1 200 stations are announced on several pages below the frame limit', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  for (let i = 0; i < 1_200; i++) net.station(`CS-with-a-rather-long-name-${i}`, 'NN01')
  await net.settle()

  const above = net.upstream('CSMS01', 'NN01')
  await net.settle()

  assert.ok(above.received.length > 1)
  for (const text of above.received) assert.ok(text.length < 256 * 1024)
  assert.equal(told(above).length, 1_200)
})

test('a leaf that is known for another reason is still announced as what it is', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01')
  const below = net.peer('LC01', 'NN01')

  below.send('[3,"X",["CS01","LC01"],"nobody asked",{}]')
  below.send(announcement('LC01', ['LC01'], 'NN01', [{ id: 'CS01', distance: 3 }]))
  await net.settle()

  assert.deepEqual(node.table.get('CS01' as NodeId)?.announced, {
    protocol: 'ocpp1.6',
    form: 'standard',
    distance: 3,
  })
})

test('an uplink that is for some stations hears of no other: when it opens, when they come and when they leave', async (t) => {
  const net = overlay(t)
  const rule = (name: string, role: UplinkRule['role'], prefix: string): UplinkRule => ({ name, role, includes: (id) => id.startsWith(prefix) }) // biome-ignore format: one line
  await net.node('NN01', {}, [rule('CSMS-A', 'primary', 'A'), rule('CSMS-B', 'restricted', 'B'), { name: 'ALL', role: 'mirror' }]) // biome-ignore format: three uplinks
  net.station('A0', 'NN01')
  await net.settle()
  const [a, b, all] = ['CSMS-A', 'CSMS-B', 'ALL'].map((name) => net.upstream(name, 'NN01'))
  assert.ok(a && b && all)
  const below = net.peer('LC01', 'NN01')
  const station = net.station('A1', 'NN01')
  below.send(announcement('LC01', ['LC01'], 'NN01', [{ id: 'A2' }, { id: 'B2' }]))
  await net.settle()
  station.close()
  below.close()
  await net.settle()

  const ofB = ['B2 up ocpp1.6 2', 'B2 down ocpp1.6 2']
  const heard = told(all)
  assert.deepEqual(told(b), ofB)
  assert.deepEqual(told(a), heard.filter((line) => !ofB.includes(line))) // biome-ignore format: one line
  assert.deepEqual(heard.filter((line) => line.startsWith('A')).length, 5)
})
