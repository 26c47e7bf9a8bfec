import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { RemoteError } from '../../src/errors.ts'
import type { NodeEvent } from '../../src/node/core.ts'
import { createNode, type Node } from '../../src/node/node.ts'
import type { SecurityOptions } from '../../src/node/security-gate.ts'
import { VirtualClock } from '../../src/primitives/clock.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { seededRandomness } from '../../src/primitives/randomness.ts'
import { createCsms, type UnknownStations } from '../../src/roles/csms/csms.ts'
import { SecurityEventReports } from '../../src/roles/networking-node/security-events.ts'
import { KeyDirectory } from '../../src/security/keys/key-directory.ts'
import { CsmsStore } from '../../src/storage/csms-store.ts'
import type { LinkFacts } from '../../src/transport/link.ts'
import { createMemoryLinks, settleLinks } from '../../src/transport/memory-link.ts'
import { SEED } from '../seed.ts'
import { securityOf, signedRevocations, signerOf, usualRecordOf } from '../support/secured.ts'
import { Socket } from './raw-station.ts'

const AT = '2026-01-01T00:00:00.000Z'
const event = { type: 'InvalidMessages', timestamp: AT, techInfo: 'unsigned: from LAPTOP' }

/** A CSMS that signs, and a node of this name below it. */
async function pair(
  t: TestContext,
  nodeId: string,
  { unknownStations = 'reject' as UnknownStations, directory = undefined as KeyDirectory | undefined } = {}, // biome-ignore format: one line
) {
  const clock = new VirtualClock()
  const random = seededRandomness(SEED)
  const store = new CsmsStore(':memory:')
  const sockets = { up: new Socket(), down: new Socket() }
  const usual = securityOf('CSMS01')
  const security: SecurityOptions = directory ? { ...usual, trust: { ...usual.trust, directory } } : usual // biome-ignore format: one line
  const csms = createCsms({ nodeId: 'CSMS01', links: [sockets.down], store, tokens: [], clock, security, unknownStations }) // biome-ignore format: one line
  const node = createNode({ nodeId, links: [sockets.up], clock, security: securityOf(nodeId) })
  await csms.start()
  await node.start()
  t.after(async () => {
    await node.stop()
    await csms.stop()
    store.close()
  })
  const common = { form: 'overlay', protocol: 'ocpp2.1', capabilities: new Set<string>(), transport: 'plain', credential: 'basic', peer: 'node' } as const // biome-ignore format: one line
  const facts = (peer: string, way: 'up' | 'down'): LinkFacts => ({ ...common, peerIds: [peer as NodeId], way }) // biome-ignore format: one line
  const [up, down] = createMemoryLinks(facts('CSMS01', 'up'), facts(nodeId, 'down'), { clock, random }) // biome-ignore format: one line
  sockets.down.plug(down)
  sockets.up.plug(up)
  await settleLinks()
  await clock.advance(61_000)
  const say = (action: 'SecurityEventNotification' | 'Heartbeat', request: object) => node.call('CSMS', 'ocpp2.1', action, request as never) // biome-ignore format: one line
  return { clock, store, node, say, events: () => store.securityEvents.page({ limit: 10 }) }
}

/** An error that nobody has signed ends nothing before an answer had its time. */
async function inTime<T>(asked: Promise<T>, clock: VirtualClock): Promise<T> {
  asked.catch(() => {})
  await settleLinks()
  for (let i = 0; i < 7; i++) await clock.advance(1_000).then(settleLinks)
  return asked
}

const reasonIs = (reason: string) => (error: unknown) =>
  error instanceof RemoteError && (error.errorDetails as { reason?: string }).reason === reason

test('a CSMS keeps what a node tells of its security, and makes no station of it', async (t) => {
  const { say, events, store } = await pair(t, 'NN01')
  assert.deepEqual(await say('SecurityEventNotification', event), {})
  assert.deepEqual(events().map(({ station, type, techInfo }) => [station, type, techInfo]), [['NN01', event.type, event.techInfo]]) // biome-ignore format: one line
  assert.deepEqual(store.stations(), [])
  assert.deepEqual(store.messages.of('NN01'), [], 'and keeps no messages of it, as of stations')
})

test('it hears nothing else of a node where it lets no unknown stations in', async (t) => {
  const { say, store } = await pair(t, 'NN01')
  await assert.rejects(say('Heartbeat', {}), /SecurityError/)
  assert.deepEqual(store.messages.of('NN01'), [])
})

test('nobody with a user role becomes a station by what he says, also where unknown stations are let in', async (t) => {
  const { say, store } = await pair(t, 'NN01', { unknownStations: 'accept-and-flag' })
  const boot = { reason: 'PowerUp', chargingStation: { vendorName: 'V', model: 'M' } }
  assert.equal(
    ((await say('BootNotification' as 'Heartbeat', boot)) as { status?: string }).status,
    'Rejected',
  )
  await assert.rejects(say('Heartbeat', {}), /SecurityError/)
  assert.deepEqual(store.stations(), [])
})

test('a node whose key is not known is refused, and nothing of it is kept', async (t) => {
  const { say, events, clock } = await pair(t, 'NN01', { directory: new KeyDirectory([usualRecordOf('CSMS01')]) }) // biome-ignore format: one line
  await assert.rejects(inTime(say('SecurityEventNotification', event), clock), reasonIs('unknown-keys')) // biome-ignore format: one line
  assert.deepEqual(events(), [])
})

test('a node whose key was taken back is refused', async (t) => {
  const directory = new KeyDirectory(['CSMS01', 'NN01', 'OWNER01'].map(usualRecordOf))
  const { say, events, clock } = await pair(t, 'NN01', { directory })
  const list = await signedRevocations(1, [signerOf('NN01').kid], clock)
  assert.equal(directory.revoke(list, Math.floor(clock.now() / 1_000)).status, 'revoked')
  await assert.rejects(inTime(say('SecurityEventNotification', event), clock), reasonIs('unknown-keys')) // biome-ignore format: one line
  assert.deepEqual(events(), [])
})

test('a key without a user role is that of a station: it has to be let in as one', async (t) => {
  const { say, events } = await pair(t, 'LC01')
  await assert.rejects(say('SecurityEventNotification', event), /SecurityError/)
  assert.deepEqual(events(), [])
  const other = await pair(t, 'LC01', { unknownStations: 'accept-and-flag' })
  await other.say('SecurityEventNotification', event)
  assert.deepEqual(
    other.store.stations().map(({ station }) => station),
    ['LC01'],
  )
})

// ---- What a node tells

interface Told {
  readonly type: string
  readonly techInfo: string
}

/** A node at which things happen, and what it tells the CSMS as long as that answers. */
function reporting(
  t: TestContext,
  options: { isUp?: boolean; isOverlay?: boolean; isLetIn?: boolean } = {},
) {
  const clock = new VirtualClock()
  const told: Told[] = []
  const state = { isUp: options.isUp ?? true, isOverlay: options.isOverlay ?? true, refusal: undefined as Error | undefined } // biome-ignore format: one line
  const observers: ((event: NodeEvent) => void)[] = []
  const node = {
    id: 'NN01',
    onEvent(observer: (event: NodeEvent) => void) {
      observers.push(observer)
      return () => {}
    },
    table: { lookup: () => (state.isUp ? { isOverlay: state.isOverlay, link: { way: 'up' } } : undefined) }, // biome-ignore format: one line
    async call(to: string, protocol: string, action: string, request: Told) {
      assert.deepEqual([to, protocol, action], ['CSMS', 'ocpp2.1', 'SecurityEventNotification'])
      if (state.refusal) throw state.refusal
      told.push(request)
    },
  }
  const reports = new SecurityEventReports(node as unknown as Node, { clock })
  t.after(() => reports.stop())
  if (options.isLetIn ?? true) reports.begin()
  const happen = async (...events: object[]) => {
    for (const one of events) for (const observe of observers) observe(one as NodeEvent)
    await settleLinks()
  }
  const types = () => told.map(({ type }) => type)
  return { clock, told, types, happen, state, reports }
}

const refused = (source: string, reason: string, link = 'LC01', code = 'ERR_POLICY_REFUSED') => ({ name: 'frame.refused', link, code, source, details: { reason } }) // biome-ignore format: one line

test('forged, replayed and unauthorized things have the names that the standard gives them', async (t) => {
  const { happen, told } = reporting(t)
  await happen(
    refused('CS01', 'signature-invalid'),
    refused('CS01', 'replayed'),
    refused('CS02', 'expired'),
    {
      name: 'link.refused',
      id: 'CS09',
      status: 401,
      why: 'wrong credential',
      address: '192.0.2.1',
    },
    { name: 'keys.revoked', by: 'OWNER01', version: 3, count: 1 },
  )
  assert.deepEqual(told.map(({ type, techInfo }) => `${type}: ${techInfo}`), [
    'StartupOfTheDevice: node NN01 has started',
    'InvalidMessages: signature-invalid: from CS01 over LC01',
    'AttemptedReplayAttacks: replayed: from CS01 over LC01',
    'AttemptedReplayAttacks: expired: from CS02 over LC01',
    'FailedToAuthenticateAtCsms: wrong credential: CS09 at 192.0.2.1',
    'ReconfigurationOfSecurityParameters: revocation list 3 by OWNER01',
  ]) // biome-ignore format: a line each
})

test('what is no matter of security is not told', async (t) => {
  const { happen, types } = reporting(t)
  await happen(refused('CS01', '', 'LC01', 'ERR_ROUTE_UNKNOWN'), refused('CS01', '', 'LC01', 'ERR_POLICY_CHALLENGE'), { name: 'link.refused', id: '', status: 0, why: 'gone' }, { name: 'presence' }) // biome-ignore format: one line
  assert.deepEqual(types(), ['StartupOfTheDevice'])
})

test('of a flood the CSMS hears the first of each kind, and a count a minute', async (t) => {
  const { happen, told, clock } = reporting(t)
  await happen(...Array.from({ length: 5_000 }, () => refused('CS01', 'unsigned')))
  await happen(...Array.from({ length: 5_000 }, (_, i) => refused(`MADE-UP-${i}`, 'unsigned')))
  assert.equal(told.length, 1 + 5)
  await clock.advance(60_000)
  await settleLinks()
  assert.deepEqual(told.slice(6).map(({ techInfo }) => techInfo), ['4999 times more: unsigned: from CS01 over LC01', '4996 others, of kinds there was no room to tell apart']) // biome-ignore format: one line
})

test('texts of strangers are cut to what the schema takes', async (t) => {
  const { happen, told } = reporting(t)
  await happen(refused('é'.repeat(400), 'unsigned'))
  assert.equal([...(told[1]?.techInfo ?? '')].length, 255)
})

test('what happens while the CSMS is away is kept in order and bounded number, and told then', async (t) => {
  const { happen, told, types, state, clock } = reporting(t, { isUp: false })
  for (let minute = 0; minute < 40; minute++) {
    for (let i = 0; i < 5; i++) await happen(refused(`${minute}-${i}`, 'unsigned'))
    await clock.advance(60_000)
  }
  assert.deepEqual(types(), [])
  state.isUp = true
  await happen({ name: 'link.up' })
  assert.deepEqual([told.length, types()[0]], [101, 'StartupOfTheDevice'])
  assert.match(
    told.at(-1)?.techInfo ?? '',
    /^\d+ events happened while the CSMS could not be reached/,
  )
})

test('what does not arrive is told again, and what the CSMS never takes keeps nothing else', async (t) => {
  const { happen, types, state, clock } = reporting(t, { isUp: false })
  state.isUp = true
  state.refusal = new RemoteError('InternalError', '', {}, true)
  await happen({ name: 'link.up' }, refused('CS01', 'unsigned'))
  assert.deepEqual(types(), [])
  // Somebody on the way can say this; it counts as not arrived.
  state.refusal = new RemoteError('NotImplemented', '', {}, false)
  await clock.advance(60_000)
  await settleLinks()
  state.refusal = undefined
  await clock.advance(600_000)
  await settleLinks()
  assert.deepEqual(types(), ['StartupOfTheDevice', 'InvalidMessages'])

  state.refusal = new RemoteError('NotImplemented', '', {}, true)
  await happen(refused('CS02', 'unsigned'))
  state.refusal = undefined
  await happen(refused('CS03', 'unsigned'))
  assert.deepEqual(types().length, 3)
})

test('a standard CSMS, which knows stations only, is told nothing', async (t) => {
  const { happen, types } = reporting(t, { isOverlay: false })
  await happen({ name: 'link.up' }, refused('CS01', 'unsigned'))
  assert.deepEqual(types(), [])
})

test('a node that stops tells nothing any more', async (t) => {
  const { happen, types, reports, clock } = reporting(t, { isUp: false })
  reports.stop()
  await happen({ name: 'link.up' }, refused('CS01', 'unsigned'))
  await clock.advance(3_600_000)
  assert.deepEqual(types(), [])
})

test('a node that is not let in yet tells nothing, and then what happened meanwhile', async (t) => {
  const { happen, types, reports } = reporting(t, { isLetIn: false })
  await happen({ name: 'link.up' }, refused('CS01', 'unsigned'))
  assert.deepEqual(types(), [])
  reports.begin()
  await settleLinks()
  assert.deepEqual(types(), ['StartupOfTheDevice', 'InvalidMessages'])
})
