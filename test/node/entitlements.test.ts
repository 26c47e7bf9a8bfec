import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { HandlersByProtocol } from '../../src/node/handlers.ts'
import { judgeNodeRecord } from '../../src/security/keys/node-record.ts'
import { overlay, type RawPeer } from '../support/memory-overlay.ts'
import { managedSecurityOf, reasonsAt, signedEntitlement, signerOf } from '../support/secured.ts'

/** What a node may do in the name of others, said by messages and obeyed by gates. */

async function site(t: TestContext, roles: Readonly<Record<string, readonly string[]>> = {}) {
  const net = overlay(t)
  const beat = () => ({ currentTime: new Date(net.clock.now()).toISOString() })
  const handlers = { 'ocpp1.6': { Heartbeat: beat }, 'ocpp2.1': { Heartbeat: beat } } as unknown as HandlersByProtocol // biome-ignore format: one line
  const securities = new Map(['CSMS01', 'NN01', 'OWNER01'].map((id) => [id, managedSecurityOf(id, net.clock, roles)])) // biome-ignore format: one line
  const of = (id: string) => securities.get(id) as NonNullable<ReturnType<typeof securities.get>>
  const csms = await net.node('CSMS01', { services: ['CSMS', 'CentralSystem'], hasDefaultRoute: false, handlers, security: of('CSMS01') }) // biome-ignore format: one line
  const edge = await net.node('NN01', { security: of('NN01') })
  const owner = await net.node('OWNER01', { security: of('OWNER01') })
  net.connect('NN01', 'CSMS01')
  net.connect('OWNER01', 'CSMS01')
  const stations = new Map(['CS01', 'XX01'].map((id) => [id, net.station(id, 'NN01')]))
  await net.wait(61)
  /** Type of the answer to a Heartbeat of a station. */
  const beatOf = async (id: string) => {
    stations.get(id)?.send(`[2,"${net.clock.now()}","Heartbeat",{}]`)
    return (await net.heard(stations.get(id) as RawPeer)).at(-1)?.[0]
  }
  const entitle = async (
    more: Parameters<typeof signedEntitlement>[0],
    by = signerOf('OWNER01'),
  ) => {
    // biome-ignore format: one line
    await net.wait(1)
    const asked = owner.call('CSMS01', 'ocpp2.1', 'AddEntitlement', { entitlement: await signedEntitlement(more, net.clock, by) }) // biome-ignore format: one line
    await net.settle()
    return (await asked) as { status: string; problem?: string }
  }
  return { net, csms, edge, owner, of, stations, beatOf, entitle }
}

test('an edge that is entitled to some stations vouches for no others, from the moment that an owner says so', async (t) => {
  const { net, beatOf, entitle } = await site(t)
  assert.deepEqual([await beatOf('CS01'), await beatOf('XX01')], [3, 3])
  assert.deepEqual(await entitle({ node: 'NN01', ids: ['CS*'] }), { status: 'Accepted', node: 'NN01' }) // biome-ignore format: one line
  assert.deepEqual([await beatOf('CS01'), await beatOf('XX01')], [3, 4])
  assert.deepEqual(reasonsAt(net, 'CSMS01'), ['not-attested'])
  assert.ok(net.events.get('CSMS01')?.some((event) => event.name === 'node.entitled' && event.id === 'NN01')) // biome-ignore format: one line
  assert.equal((await entitle({ node: 'NN01', ids: ['CS*', 'XX*'] })).status, 'Accepted')
  assert.equal(await beatOf('XX01'), 3)
})

test('a station that one node is entitled to is vouched for by no other, though its key is that of an edge', async (t) => {
  const { net, beatOf, entitle } = await site(t, { LC01: ['edge'] })
  assert.equal(await beatOf('CS01'), 3)
  assert.equal((await entitle({ node: 'LC01', ids: ['CS*'] })).status, 'Accepted')
  assert.deepEqual([await beatOf('CS01'), await beatOf('XX01')], [4, 3])
  assert.deepEqual(reasonsAt(net, 'CSMS01'), ['not-attested'])
  assert.equal((await entitle({ node: 'NN01', ids: ['CS*', 'XX*'] })).status, 'Accepted')
  assert.equal(await beatOf('CS01'), 3, 'several may be')
})

test('where nobody is entitled to a station, it is told when another edge speaks for it than before', async (t) => {
  const { net, stations, beatOf } = await site(t, { LC01: ['edge'] })
  await beatOf('CS01')
  const changes = () => (net.events.get('CSMS01') ?? []).filter(({ name }) => name === 'station.edge-changed') // biome-ignore format: one line
  await beatOf('CS01')
  assert.deepEqual(changes(), [])
  await net.node('LC01', { security: managedSecurityOf('LC01', net.clock, { LC01: ['edge'] }) })
  net.connect('LC01', 'CSMS01')
  await net.settle()
  stations.get('CS01')?.close()
  await net.settle()
  const moved = net.station('CS01', 'LC01')
  await net.wait(61)
  moved.send('[2,"m","Heartbeat",{}]')
  await net.settle()
  assert.equal(moved.take().at(-1)?.[0], 3)
  assert.deepEqual(changes(), [{ name: 'station.edge-changed', station: 'CS01', node: 'LC01', before: 'NN01' }]) // biome-ignore format: one line
})

test('nobody entitles himself, and what nobody may say is told as not believed', async (t) => {
  const { net, beatOf, entitle } = await site(t)
  const { status, problem } = await entitle({ node: 'NN01', ids: ['*'] }, signerOf('NN01'))
  assert.deepEqual([status, problem], ['Rejected', 'not-endorsed'])
  assert.ok(net.events.get('CSMS01')?.some((event) => event.name === 'trust.refused' && event.what === 'entitlement')) // biome-ignore format: one line
  assert.equal(await beatOf('XX01'), 3, 'nothing has changed')
})

test('where one node is entitled to answer for the CSMS no other does, whatever the roles of its key', async (t) => {
  const { net, edge, of, csms } = await site(t)
  const ask = async () => {
    const asked = edge.call('CSMS', 'ocpp2.1', 'Heartbeat', {}).then(() => 'answered', () => 'not believed') // biome-ignore format: one line
    return net.over(asked)
  }
  assert.equal(await ask(), 'answered')
  const { trust } = of('NN01')
  assert.equal(trust.entitle(await signedEntitlement({ node: 'OWNER01', services: ['CSMS'] }, net.clock)).status, 'entitled') // biome-ignore format: one line
  assert.equal(await ask(), 'not believed')
  await net.wait(1)
  trust.entitle(await signedEntitlement({ node: csms.id, services: ['CSMS'] }, net.clock))
  assert.equal(await ask(), 'answered')
})

test('what a CSMS is told its nodes are told by it, and a node tells who it is and by whose authority', async (t) => {
  const { net, csms, owner, of, entitle } = await site(t)
  await entitle({ node: 'CSMS01', services: ['CSMS'] })
  const { signedEntitlements } = of('CSMS01').trust
  assert.equal(signedEntitlements.call(of('CSMS01').trust).length, 1)
  const record = async () => {
    const asked = owner.call('CSMS01', 'ocpp2.1', 'GetNodeRecord', {})
    await net.settle()
    const { nodeRecord } = (await asked) as { nodeRecord: Record<string, unknown> }
    return { nodeRecord, judged: judgeNodeRecord(nodeRecord, of('CSMS01').trust.directory, net.clock.now() / 1_000) } // biome-ignore format: one line
  }
  const { nodeRecord, judged } = await record()
  assert.ok(judged.status === 'believed')
  assert.deepEqual([judged.record.id, judged.record.services, judged.entitled, judged.issuer], ['CSMS01', csms.services, ['CSMS'], 'OWNER01']) // biome-ignore format: one line
  assert.deepEqual((await record()).nodeRecord, nodeRecord, 'nothing has changed')
  await entitle({ node: 'CSMS01', services: ['CSMS', 'CentralSystem'] })
  const later = (await record()).judged
  assert.ok(later.status === 'believed')
  assert.ok(later.record.sequence > judged.record.sequence)
  assert.deepEqual(later.entitled, ['CSMS', 'CentralSystem'])
  const listed = owner.call('CSMS01', 'ocpp2.1', 'GetEntitlements', {})
  await net.settle()
  const { entitlements } = await listed
  assert.deepEqual(entitlements.map(({ node, status }) => [node, status]), [['CSMS01', 'current']]) // biome-ignore format: one line
})

test('an entitlement that the operator enters at a CSMS is pushed to every node', async (t) => {
  const { net, csms, of } = await site(t, { CSMS01: ['owner'] })
  const entitlement = await signedEntitlement({ node: 'NN01', ids: ['CS*'] }, net.clock)
  assert.equal(csms.manage('AddEntitlement', { entitlement }).status, 'Accepted')
  const pushed = csms.pushTrust()
  await net.settle()
  await net.wait(2)
  await pushed
  for (const id of ['NN01', 'OWNER01']) assert.deepEqual(of(id).trust.signedEntitlements(), [entitlement], id) // biome-ignore format: one line
})
