import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { VirtualClock } from '../../src/primitives/clock.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { seededRandomness } from '../../src/primitives/randomness.ts'
import type { StandingAttack } from '../../src/roles/malicious-controller/attacks.ts'
import type { Attempt } from '../../src/roles/malicious-controller/malicious-controller.ts'
import { createMaliciousController } from '../../src/roles/malicious-controller/malicious-controller.ts'
import type { Link, LinkFacts, LinkSource } from '../../src/transport/link.ts'
import { createMemoryLinks, settleLinks } from '../../src/transport/memory-link.ts'
import { SEED } from '../seed.ts'

/** A middle between a CSMS and two edges, all of them written by hand. */

class Source implements LinkSource {
  plug: (link: Link) => void = () => {}
  isStopped = false
  async start(onLink: (link: Link) => void): Promise<void> {
    this.plug = onLink
  }
  async stop(): Promise<void> {
    this.isStopped = true
  }
}

async function middle(t: TestContext) {
  const clock = new VirtualClock()
  const random = seededRandomness(SEED)
  const source = new Source()
  const controller = createMaliciousController({ nodeId: 'LC01', links: [source], clock, random })
  const attempts: Attempt[] = []
  controller.onAttempt((attempt) => attempts.push(attempt))
  await controller.start()
  t.after(() => controller.stop())
  const connect = (id: string, way: 'up' | 'down') => {
    const common = { form: 'overlay', peer: 'node', protocol: 'ocpp2.1', capabilities: new Set<string>(), transport: 'plain', credential: 'basic' } as const // biome-ignore format: one line
    const facts: LinkFacts = { ...common, way, peerIds: [id as NodeId] }
    const far: LinkFacts = { ...common, way: way === 'up' ? 'down' : 'up', peerIds: ['LC01' as NodeId] } // biome-ignore format: one line
    const [own, other] = createMemoryLinks(facts, far, { clock, random })
    const texts: string[] = []
    other.attach({ message: (bytes) => void texts.push(new TextDecoder().decode(bytes)), closed: () => {} }) // biome-ignore format: one line
    source.plug(own)
    const say = async (frame: unknown[] | string) => {
      other.send(new TextEncoder().encode(typeof frame === 'string' ? frame : JSON.stringify(frame)), false) // biome-ignore format: one line
      await settleLinks()
    }
    const heard = () => texts.splice(0).map((text) => JSON.parse(text) as unknown[])
    return { say, heard, texts, close: () => other.close(1000, 'bye') }
  }
  const csms = connect('CSMS01', 'up')
  const edge = connect('NN01', 'down')
  const other = connect('NN02', 'down')
  return { clock, source, controller, attempts, csms, edge, other, connect }
}

const announcement = (id: string, state: 'up' | 'down', by = 'NN01') => [6, 'LC01', [by], `a-${id}-${state}`, 'NotifyNetworkTopology', { networkTopologyInformation: { routingNode: by, routes: [{ destinationId: id, uplink: { distance: 1 }, customData: { vendorId: 'wattweave', protocol: 'ocpp1.6', form: 'standard', state } }], notBefore: '2026-01-01T00:00:00Z' } }] // biome-ignore format: one line
const call = (id = 'm1', payload: object = { value: '5' }) => [2, 'CS01', ['CSMS01'], id, 'ChangeConfiguration', payload] // biome-ignore format: one line

/** With CS01 behind NN01 and CS02 behind NN02. */
async function site(t: TestContext) {
  const all = await middle(t)
  await all.edge.say(announcement('CS01', 'up'))
  await all.other.say(announcement('CS02', 'up', 'NN02'))
  all.csms.heard()
  return all
}

test('without an attack it carries frames on as an honest node does, to the byte, and writes itself into the path', async (t) => {
  const { csms, edge, other, attempts, controller } = await site(t)
  await csms.say('[2, "CS01", ["CSMS01"], "m1", "Reset", { "type" :"Hard" }]')
  assert.deepEqual(edge.texts, [
    '[2, "CS01", ["CSMS01","LC01"], "m1", "Reset", { "type" :"Hard" }]',
  ])
  await edge.say([3, 'CSMS01', ['CS01', 'NN01'], 'm1', { status: 'Accepted' }])
  assert.deepEqual(csms.heard(), [[3, 'CSMS01', ['CS01', 'NN01', 'LC01'], 'm1', { status: 'Accepted' }]]) // biome-ignore format: one line
  await edge.say([2, 'CSMS', ['CS01', 'NN01'], 'm2', 'Heartbeat', {}])
  assert.deepEqual(csms.heard().map(([, to]) => to), ['CSMS']) // biome-ignore format: one line
  assert.deepEqual([other.heard(), attempts], [[], []])
  assert.deepEqual(controller.recorded.map(({ action, link }) => [action, link]), [['Reset', 'CSMS01'], ['Reset', 'NN01'], ['Heartbeat', 'NN01']]) // biome-ignore format: one line
})

test('it announces who is behind it as its own word, to an uplink that comes later too, and who goes', async (t) => {
  const { csms, edge, connect } = await middle(t)
  await edge.say(announcement('CS01', 'up'))
  const told = (frames: unknown[][]) =>
    frames.map(([, to, path, , , payload]) => {
      const { routingNode, routes } = (payload as { networkTopologyInformation: { routingNode: string; routes: { destinationId: string; uplink: object; customData: { state: string } }[] } }).networkTopologyInformation // biome-ignore format: one line
      return [to, path, routingNode, ...routes.map(({ destinationId, uplink, customData }) => [destinationId, uplink, customData.state])] // biome-ignore format: one line
    })
  assert.deepEqual(told(csms.heard()), [['CSMS01', ['LC01'], 'LC01', ['CS01', { distance: 2 }, 'up']]]) // biome-ignore format: one line
  const second = connect('CSMS02', 'up')
  await settleLinks()
  assert.deepEqual(told(second.heard()), [['CSMS02', ['LC01'], 'LC01', ['CS01', { distance: 2 }, 'up']]]) // biome-ignore format: one line
  edge.close()
  await settleLinks()
  assert.deepEqual(told(csms.heard()), [['CSMS01', ['LC01'], 'LC01', ['CS01', { distance: 2 }, 'down']]]) // biome-ignore format: one line
})

/** Attack, what the edge of CS01 hears of a command, and of what is tried. */
const signed = { value: '5', list: [{ n: 2 }, { n: 3 }], signatures: [{ keyId: 'x' }] }
// biome-ignore format: a table
const PASSING: readonly (readonly [string, StandingAttack, unknown, string | undefined])[] = [
  ['alter sets a value', { attack: 'alter', pointer: '/value', value: '9' }, { ...signed, value: '9' }, '/value became "9"'],
  ['alter multiplies numbers in each item', { attack: 'alter', pointer: '/list/*/n', factor: 10 }, { ...signed, list: [{ n: 20 }, { n: 30 }] }, '/list/*/n times 10'],
  ['alter multiplies decimals in texts', { attack: 'alter', pointer: '/value', factor: 10 }, { ...signed, value: '50' }, '/value times 10'],
  ['alter leaves alone what has no such member', { attack: 'alter', pointer: '/limit', factor: 10 }, signed, undefined],
  ['strip takes the signatures away', { attack: 'strip' }, { value: '5', list: signed.list }, 'its signatures are gone'],
  ['an attack on other actions leaves it alone', { attack: 'strip', on: { actions: ['Reset'] } }, signed, undefined],
  ['an attack on answers leaves it alone', { attack: 'drop', on: { kinds: ['CALLRESULT'] } }, signed, undefined],
  ['an attack on other stations leaves it alone', { attack: 'drop', on: { to: ['CS02', 'CS1*'] } }, signed, undefined],
]

for (const [what, attack, payload, tried] of PASSING) {
  test(what, async (t) => {
    const { controller, csms, edge, attempts } = await site(t)
    controller.switchOn(attack)
    await csms.say(call('m1', signed))
    assert.deepEqual(edge.heard(), [[2, 'CS01', ['CSMS01', 'LC01'], 'm1', 'ChangeConfiguration', payload]]) // biome-ignore format: one line
    assert.deepEqual(
      attempts.map((one) => one.what),
      tried === undefined ? [] : [tried],
    )
  })
}

test('redirect leads a command to another station, and drop keeps it, as often as is said', async (t) => {
  const { controller, csms, edge, other, attempts } = await site(t)
  controller.switchOn({ attack: 'redirect', to: 'CS02', on: { times: 1 } })
  const off = controller.switchOn({ attack: 'drop' })
  for (const id of ['m1', 'm2']) await csms.say(call(id))
  assert.deepEqual(other.heard(), [[2, 'CS02', ['CSMS01', 'LC01'], 'm1', 'ChangeConfiguration', { value: '5' }]]) // biome-ignore format: one line
  assert.deepEqual(edge.heard(), [])
  assert.deepEqual(attempts.map(({ attack, sent }) => [attack, sent.length]), [['redirect', 1], ['drop', 0]]) // biome-ignore format: one line
  off()
  await csms.say(call('m3'))
  assert.equal(edge.heard().length, 1)
})

test('delay passes a frame on later, and reorder behind the next one', async (t) => {
  const { controller, clock, csms, edge } = await site(t)
  controller.switchOn({ attack: 'delay', byMs: 5_000, on: { times: 1 } })
  await csms.say(call('late'))
  assert.deepEqual(edge.heard(), [])
  await clock.advance(5_000)
  await settleLinks()
  assert.deepEqual(edge.heard().map((frame) => frame[3]), ['late']) // biome-ignore format: one line
  controller.switchOffAll()
  controller.switchOn({ attack: 'reorder' })
  for (const id of ['first', 'second']) await csms.say(call(id))
  assert.deepEqual(edge.heard().map((frame) => frame[3]), ['second', 'first']) // biome-ignore format: one line
})

test('replay sends a recorded frame again: the same bytes, under another id, and later', async (t) => {
  const { controller, clock, csms, edge, attempts } = await site(t)
  await csms.say('[2, "CS01", ["CSMS01"], "m1", "Reset", { "type" :"Hard" }]')
  const [first = ''] = edge.texts.splice(0)
  controller.replay(1)
  await settleLinks()
  assert.deepEqual(edge.texts.splice(0), [first])
  controller.replay(1, { isRenamed: true, afterMs: 60_000 })
  await settleLinks()
  assert.deepEqual(edge.texts, [])
  await clock.advance(60_000)
  await settleLinks()
  const [[type, to, path, id, action] = []] = edge.heard()
  assert.deepEqual([type, to, path, action], [2, 'CS01', ['CSMS01', 'LC01'], 'Reset'])
  assert.notEqual(id, 'm1')
  assert.deepEqual(attempts.map(({ attack, recorded }) => [attack, recorded?.sequence]), [['replay', 1], ['replay', 1]]) // biome-ignore format: one line
  assert.throws(() => controller.replay(99), TypeError)
})

test('forge invents frames of every kind in the name of others, and what is no id is refused', async (t) => {
  const { controller, csms, edge } = await site(t)
  const id = controller.forge({ type: 2, from: 'CSMS01', to: 'CS01', action: 'Reset', payload: { type: 'Hard' } }) // biome-ignore format: one line
  controller.forge({ type: 6, from: 'CSMS01', to: 'CS01', messageId: 's', action: 'NotifyPeriodicEventStream' }) // biome-ignore format: one line
  controller.forge({ type: 3, from: 'CS01', path: ['NN01'], to: 'CSMS01', messageId: 'r', payload: { status: 'Accepted' } }) // biome-ignore format: one line
  controller.forge({ type: 4, from: 'CS01', to: 'CSMS01', messageId: 'e', errorCode: 'InternalError', errorDescription: 'no' }) // biome-ignore format: one line
  await settleLinks()
  assert.deepEqual(edge.heard(), [
    [2, 'CS01', ['CSMS01', 'LC01'], id, 'Reset', { type: 'Hard' }],
    [6, 'CS01', ['CSMS01', 'LC01'], 's', 'NotifyPeriodicEventStream', {}],
  ])
  assert.deepEqual(csms.heard(), [
    [3, 'CSMS01', ['CS01', 'NN01', 'LC01'], 'r', { status: 'Accepted' }],
    [4, 'CSMS01', ['CS01', 'LC01'], 'e', 'InternalError', 'no', {}],
  ])
  assert.throws(() => controller.forge({ type: 2, from: '', to: 'CS01' }), TypeError)
})

test('it keeps so many frames and no more, and leaves neither timers nor links when it stops', async (t) => {
  const { controller, clock, csms, source } = await site(t)
  for (let i = 0; i < 1_005; i++) await csms.say(call(`m${i}`))
  assert.equal(controller.recorded.length, 1_000)
  assert.equal(controller.recorded.at(-1)?.sequence, 1_005)
  controller.replay(1_005, { afterMs: 1_000 })
  await controller.stop()
  assert.deepEqual([clock.pendingTimers, source.isStopped], [0, true])
})
