import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { HandlersByProtocol } from '../../src/node/handlers.ts'
import type { UplinkRule } from '../../src/node/uplink-rules.ts'
import { overlay } from '../support/memory-overlay.ts'
import { managedSecurityOf, reasonsAt, signedEntitlement } from '../support/secured.ts'

/**
 * A foreign CSMS is primary for the stations at a gateway and ours only a mirror: what nodes say to
 * each other has nothing to do with that.
 */

const heartbeat = () => ({ currentTime: '1970-01-01T00:00:00Z' })
const HANDLERS = { 'ocpp1.6': { Heartbeat: heartbeat }, 'ocpp2.1': { Heartbeat: heartbeat, Reset: () => ({ status: 'Accepted' }) } } as unknown as HandlersByProtocol // biome-ignore format: one line

/** CSMS01 above NN01, which has LC01 below it, and GUEST below that one. */
async function site(t: TestContext, rule: UplinkRule = { name: 'CSMS01', role: 'mirror' }) {
  const net = overlay(t)
  const foreign = net.foreignCsms({ name: 'backend', role: 'primary' })
  const security = (id: string) => managedSecurityOf(id, net.clock, { CSMS01: ['owner'] })
  const handlers = HANDLERS
  const csms = await net.node('CSMS01', { services: ['CSMS', 'CentralSystem'], hasDefaultRoute: false, handlers, security: security('CSMS01') }) // biome-ignore format: one line
  const gateway = await net.node('NN01', { perStation: [foreign.uplink], security: security('NN01') }, [rule]) // biome-ignore format: one line
  const near = await net.node('LC01', { handlers, security: security('LC01') })
  const far = await net.node('GUEST', { handlers, security: security('GUEST') })
  net.connect('NN01', 'CSMS01')
  net.connect('LC01', 'NN01')
  net.connect('GUEST', 'LC01')
  await net.wait(61)
  const outcome = async (asked: Promise<unknown>) => {
    const answered = asked.then(() => 'answered', (error: { code?: string; errorCode?: string }) => error.errorCode ?? error.code) // biome-ignore format: one line
    return net.over(answered)
  }
  return { net, foreign, csms, gateway, near, far, outcome }
}

test('what a node says to the CSMS goes to that of the overlay, at the gateway, below it and further below', async (t) => {
  const { net, foreign, gateway, near, far, outcome } = await site(t)
  for (const node of [gateway, near, far]) {
    assert.equal(await outcome(node.call('CSMS', 'ocpp2.1', 'Heartbeat', {})), 'answered', node.id)
  }
  assert.deepEqual(foreign.connections, [])
  assert.deepEqual(net.refusals('NN01'), {})
})

test('a restricted uplink is asked by nodes for what only nodes ask for', async (t) => {
  const { near, outcome } = await site(t, { name: 'CSMS01', role: 'restricted', up: new Set(['StatusNotification']) }) // biome-ignore format: one line
  assert.equal(await outcome(near.call('CSMS', 'ocpp2.1', 'GetNodeRecord', {})), 'answered')
  assert.equal(await outcome(near.call('CSMS', 'ocpp2.1', 'Heartbeat', {})), 'NetworkError')
})

test('a CSMS that is only a mirror tells the nodes below whose keys count, and commands no station and no node', async (t) => {
  const { net, csms, far, outcome } = await site(t)
  await outcome(far.call('CSMS', 'ocpp2.1', 'Heartbeat', {}))
  const entitlement = await signedEntitlement({ node: 'NN01', ids: ['CS*'] }, net.clock)
  assert.equal(csms.manage('AddEntitlement', { entitlement }).status, 'Accepted')
  const pushed = csms.pushTrust()
  await net.wait(2)
  const behind = await pushed
  for (const id of ['nn01', 'lc01', 'guest']) assert.ok(!behind.includes(id as never), id)
  assert.equal(await outcome(csms.call('GUEST', 'ocpp2.1', 'GetNodeRecord', {})), 'answered')
  assert.equal(await outcome(csms.call('GUEST', 'ocpp2.1', 'Reset', { type: 'Immediate' })), 'SecurityError') // biome-ignore format: one line
  const station = net.station('CS02', 'LC01')
  await net.settle()
  assert.equal(await outcome(csms.call('CS02', 'ocpp1.6', 'GetConfiguration' as never, {} as never)), 'SecurityError') // biome-ignore format: one line
  assert.equal(await outcome(csms.call('CS02', 'ocpp2.1', 'GetNodeRecord', {})), 'SecurityError')
  assert.deepEqual(station.received, [])
  assert.equal(net.refusals('NN01').ERR_ACCESS_DENIED, 3)
  assert.deepEqual(reasonsAt(net, 'GUEST'), [])
})

test('a station that says what only nodes say gets no further than the rules for stations', async (t) => {
  const { net } = await site(t)
  const station = net.station('CS02', 'LC01', 'ocpp2.1')
  await net.settle()
  station.send('[2,"1","GetNodeRecord",{}]')
  assert.equal((await net.heard(station))[0]?.[0], 4)
  const mirrored = net.station('CS01', 'NN01', 'ocpp2.1')
  await net.settle()
  mirrored.send('[2,"1","GetNodeRecord",{}]')
  await net.settle()
  assert.equal(mirrored.take().length, 0, 'only the primary answers')
})
