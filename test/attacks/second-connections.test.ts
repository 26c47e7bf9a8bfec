import assert from 'node:assert/strict'
import { before, type TestContext, test } from 'node:test'
import { WebSocket } from 'ws'
import type { NodeEvent } from '../../src/node/core.ts'
import { createNode } from '../../src/node/node.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { Admissions } from '../../src/transport/admission.ts'
import { securityProfileOf } from '../../src/transport/link.ts'
import type { TlsIdentity } from '../../src/transport/tls.ts'
import { accept } from '../../src/transport/websocket-server.ts'
import { type Authority, createAuthority } from '../support/certificates.ts'
import { basic, peers, RawClient } from '../support/sockets.ts'
import { until } from '../support/until.ts'

/** A04: somebody comes under the id of a station that is connected, over real sockets. */

let authority: Authority
let server: TlsIdentity
before(async () => {
  authority = await createAuthority()
  server = await authority.issue({ addresses: ['127.0.0.1'] })
})

const AT = '2026-11-22T12:00:00.000Z'

const tellTime = async () => ({ currentTime: AT })

/** @param shared Listeners know what was proved on the other one. */
async function startNode(t: TestContext, shared: boolean) {
  const entries = peers('CS01', 'CS02')
  const admissions = new Admissions(entries)
  const nodeId = 'NN01' as NodeId
  const tls = accept({ nodeId, port: 0, peers: shared ? admissions : entries, tls: { ...server, clientCa: authority.certificate } }) // biome-ignore format: one line
  const plain = accept({ nodeId, port: 0, peers: shared ? admissions : entries })
  const node = createNode({ nodeId, links: [tls, plain], services: ['CentralSystem'], handlers: { 'ocpp1.6': { Heartbeat: tellTime } } }) // biome-ignore format: one line
  const events: NodeEvent[] = []
  node.onEvent((event) => events.push(event))
  await node.start()
  t.after(() => node.stop())
  const come = async (
    how: 'plain' | 'tls',
    options: { identity?: TlsIdentity; id?: string } = {},
  ) => {
    const { identity, id = 'CS01' } = options
    const socket = new WebSocket(`${(how === 'tls' ? tls : plain).url}${id}`, ['ocpp1.6'], {
      ca: authority.certificate,
      ...(identity && { cert: identity.certificate, key: identity.key.reveal() }),
      headers: identity ? {} : { authorization: basic(id) },
    })
    t.after(() => socket.terminate())
    const raw = new RawClient(socket)
    await until(() => socket.readyState !== WebSocket.CONNECTING, 'the answer')
    return raw
  }
  const profiles = () => [...node.neighbours].filter(({ id }) => id === 'CS01').map(({ link }) => securityProfileOf(link)) // biome-ignore format: one line
  const serves = async (raw: RawClient) => {
    const id = `h${beats++}`
    raw.send(`[2,"${id}","Heartbeat",{}]`)
    assert.deepEqual(await raw.take((frame) => frame[1] === id, 'the answer'), [3, id, { currentTime: AT }]) // biome-ignore format: one line
  }
  const bystander = await come('plain', { id: 'CS02' })
  return { node, events, come, profiles, serves, unharmed: () => serves(bystander) }
}
let beats = 0

const replaced = async (raw: RawClient) => {
  await until(() => raw.closed !== undefined, 'the older one to be closed')
  assert.deepEqual(raw.closed, { code: 1000, reason: 'replaced by a newer connection' })
}

test('A04: equal and stronger proof replace a live connection, a certificate with a renewed key too', async (t) => {
  const { come, profiles, serves, unharmed, node } = await startNode(t, true)
  const named = { uris: ['urn:wattweave:node:CS01'] }
  const [first, renewed] = [await authority.issue(named), await authority.issue(named)]
  assert.notEqual(first.key.reveal(), renewed.key.reveal())
  let older = await come('plain')
  for (const [how, identity, profile] of [
    ['plain', undefined, 1],
    ['tls', undefined, 2],
    ['tls', undefined, 2],
    ['tls', first, 3],
    ['tls', first, 3],
    ['tls', renewed, 3],
  ] as const) {
    // biome-ignore format: a table
    const newer = await come(how, identity && { identity })
    assert.ok(newer.isOpen, String(newer.error))
    await replaced(older)
    assert.deepEqual(profiles(), [profile])
    assert.ok(node.table.get('CS01' as NodeId), 'the late end of the old one changes nothing')
    await serves(newer)
    await unharmed()
    older = newer
  }
})

test('A04: weaker proof gets 401 once its id has proved more on any listener, and the station stays', async (t) => {
  const { come, profiles, serves, unharmed, events } = await startNode(t, true)
  const identity = await authority.issue({ uris: ['urn:wattweave:node:CS01'] })
  const station = await come('tls', { identity })
  for (const how of ['plain', 'tls'] as const) {
    const weaker = await come(how)
    assert.match(String(weaker.error), /401/)
    await serves(station)
  }
  const whys = events.flatMap((event) => (event.name === 'link.refused' ? [event.why] : []))
  assert.deepEqual(whys, ['security profile 1 where 3 is due', 'it showed no certificate, security profile 3 needs one']) // biome-ignore format: one line
  assert.deepEqual(profiles(), [3])
  await unharmed()
})

test('A04: where listeners do not know of each other the node closes the weaker one, and the station stays', async (t) => {
  const { come, profiles, serves, unharmed, events } = await startNode(t, false)
  const station = await come('tls')
  const weaker = await come('plain')
  await until(() => weaker.closed !== undefined, 'the weaker one to be closed')
  assert.deepEqual(weaker.closed, { code: 1008, reason: 'a link with better proof is open' })
  assert.ok(events.some((event) => event.name === 'link.refused' && event.status === 1008))
  assert.deepEqual(profiles(), [2])
  await serves(station)
  await unharmed()
})
