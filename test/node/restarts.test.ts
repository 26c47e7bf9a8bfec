import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import type { HandlersByProtocol } from '../../src/node/handlers.ts'
import { createUuidV7, seededRandomness } from '../../src/primitives/randomness.ts'
import { canonicalize } from '../../src/security/canonical.ts'
import type { NewestSigned } from '../../src/security/freshness/newest-signed.ts'
import type { MessageFields } from '../../src/security/header.ts'
import { signStatementNow } from '../../src/security/statement.ts'
import { SEED } from '../seed.ts'
import { overlay, type RawPeer } from '../support/memory-overlay.ts'
import { managedSecurityOf, reasonsAt, securityOf, signedEntitlement, signerOf } from '../support/secured.ts' // biome-ignore format: one line

/** What was obeyed before a restart comes again, and somebody has set the clock in between. */

const RESET = { type: 'OnIdle' }

/** As a file that this process alone has. */
function keptInMemory(): NewestSigned & { newest: number | undefined } {
  const kept = {
    newest: undefined as number | undefined,
    read: () => kept.newest,
    write(seconds: number) {
      kept.newest = seconds
    },
  }
  return kept
}

/** A station that obeys Reset, and somebody above it who tells it again whatever he likes. */
async function site(t: TestContext, newestSigned?: NewestSigned) {
  const net = overlay(t)
  let resets = 0
  const reset = () => {
    resets++
    return { status: 'Accepted' }
  }
  const handlers = { 'ocpp2.1': { Reset: reset } } as unknown as HandlersByProtocol
  const newId = createUuidV7(() => net.clock.now(), seededRandomness(SEED))
  const security = { ...securityOf('CS01'), ...(newestSigned && { newestSigned }) }
  let above: RawPeer
  const start = async () => {
    const node = await net.node('CS01', { handlers, security })
    above = net.upstream('CSMS01', 'CS01')
    await net.settle()
    above.take()
    return node
  }
  const nowS = () => Math.floor(net.clock.now() / 1_000)
  const signed = (more: Partial<MessageFields> = {}) => {
    const iat = more.iat ?? nowS()
    const fields = { ocpp: 'ocpp2.1', ctx: 'urn:wattweave:ocpp2.1:Reset:request', OCPPAction: 'Reset', OCPPMessageTypedId: 2, id: newId(), from: 'CSMS01', to: 'CS01', iat, exp: iat + 60, nonce: randomBytes(16).toString('base64url'), ...more } as MessageFields // biome-ignore format: one line
    return { ...RESET, signatures: [signStatementNow(canonicalize(RESET), fields, signerOf('CSMS01'))] } // biome-ignore format: one line
  }
  /** @returns `obeyed`, or the reason why not; with the challenge, where there is one. */
  const tell = async (payload: object) => {
    const before = resets
    above.send(JSON.stringify([2, 'CS01', ['CSMS01'], newId(), 'Reset', payload]))
    await net.settle()
    const answer = above.take().find(([type]) => type === 3 || type === 4)
    const { reason, challenge } = (answer?.at(-1) ?? {}) as { reason?: string; challenge?: string }
    return { outcome: resets > before ? 'obeyed' : (reason ?? 'told again'), challenge }
  }
  const told = (name: string) => (net.events.get('CS01') ?? []).filter((event) => event.name === name) // biome-ignore format: one line
  return { net, start, signed, tell, nowS, told }
}

const step = (net: Awaited<ReturnType<typeof site>>['net'], seconds: number) =>
  net.clock.set(net.clock.now() + seconds * 1_000)

test('a command is obeyed once, also where its receiver starts anew with a clock that is behind, and set right later', async (t) => {
  const { net, start, signed, tell } = await site(t)
  const first = await start()
  await net.wait(61)
  const command = signed()
  assert.equal((await tell(command)).outcome, 'obeyed')
  await first.stop()
  step(net, -70)
  await start()
  await net.wait(1)
  step(net, 70)
  assert.equal((await tell(command)).outcome, 'challenge')
  await net.wait(30)
  assert.equal((await tell(signed())).outcome, 'obeyed', 'of after the start by the clock as it is now') // biome-ignore format: one line
})

test('a command is obeyed once, also where its receiver starts anew and its clock is set back while it runs', async (t) => {
  const { net, start, signed, tell } = await site(t)
  const first = await start()
  await net.wait(61)
  const command = signed()
  assert.equal((await tell(command)).outcome, 'obeyed')
  await first.stop()
  await start()
  await net.wait(100)
  step(net, -90)
  assert.equal((await tell(command)).outcome, 'challenge')
})

test('a node whose clock is behind what was signed before its start says so, challenges, and learns the time', async (t) => {
  const kept = keptInMemory()
  const { net, start, signed, tell, nowS, told } = await site(t, kept)
  const first = await start()
  await net.wait(61)
  const command = signed()
  await tell(command)
  await net.wait(5)
  await tell(signed())
  await first.stop()
  assert.deepEqual([kept.newest, told('clock.behind')], [nowS(), []])
  const rightS = nowS()
  step(net, -600)
  await start()
  assert.deepEqual(told('clock.behind'), [{ name: 'clock.behind', newest: new Date(rightS * 1_000).toISOString(), behindS: 600 }]) // biome-ignore format: one line

  await net.wait(61)
  assert.equal((await tell(command)).outcome, 'challenge')
  const { outcome, challenge } = await tell(signed())
  assert.equal(outcome, 'challenge', 'nor does it count what its own clock takes for now')
  const chal = challenge ?? ''
  assert.equal((await tell(signed({ iat: rightS - 60, chal }))).outcome, 'obeyed')
  assert.deepEqual(told('clock.learned'), [], 'that has been, whoever says it')
  const again = (await tell(signed())).challenge ?? ''
  assert.equal((await tell(signed({ iat: rightS + 61, chal: again }))).outcome, 'obeyed')
  assert.equal(told('clock.learned').length, 1)
  await net.wait(1)
  assert.equal((await tell(signed({ iat: rightS + 62 }))).outcome, 'obeyed')
  assert.equal(kept.newest, rightS, 'what goes by a learned time moves nothing')
  step(net, 600)
  await net.wait(1)
  assert.equal((await tell(signed())).outcome, 'obeyed', 'its own clock was set')
})

test('a node whose clock is behind signs that it does not know the time', async (t) => {
  const { net, start, nowS } = await site(t, { read: () => nowS() + 600, write: () => {} })
  const node = await start()
  const above = net.upstream('CSMS01', 'CS01')
  void node.call('CSMS', 'ocpp2.1', 'Heartbeat', {}).catch(() => {})
  await net.settle()
  const [call] = above.take()
  assert.ok(call)
  const [entry] = (call[5] as { signatures: { protected: string }[] }).signatures
  assert.equal(JSON.parse(Buffer.from(entry?.protected ?? '', 'base64url').toString()).iat, 0)
})

test('nobody pushes the newest time ahead: what is refused, or answers a challenge, is not kept', async (t) => {
  const kept = keptInMemory()
  const { net, start, signed, tell, nowS } = await site(t, kept)
  const node = await start()
  const { challenge = '' } = await tell(signed())
  await net.wait(31)
  assert.equal((await tell(signed({ iat: nowS() + 31 }))).outcome, 'from-the-future')
  assert.equal((await tell(signed({ iat: nowS() + 86_400, chal: challenge }))).outcome, 'obeyed')
  await node.stop()
  assert.equal(kept.newest, undefined)
})

const START = { connectorId: 1, idTag: 'TAG-1', meterStart: 0, timestamp: '2026-01-01T00:01:01Z' }

/** A standard CSMS at NN01, a station at LC01 below it. */
async function served(t: TestContext) {
  const net = overlay(t)
  const roles = { NN01: ['edge'], LC01: ['edge'] }
  const foreign = net.foreignCsms({ name: 'backend@NN01', role: 'primary' })
  const [upper, lower] = [managedSecurityOf('NN01', net.clock, roles), managedSecurityOf('LC01', net.clock, roles)] // biome-ignore format: one line
  const statement = await signedEntitlement({ node: 'NN01', ids: ['backend*'], services: ['CentralSystem'], notAfter: net.clock.now() / 1_000 + 1e6 }, net.clock) // biome-ignore format: one line
  for (const { trust } of [upper, lower]) trust.entitle(statement)
  const start = () => net.node('NN01', { perStation: [foreign.uplink], security: upper })
  await net.node('LC01', { security: lower })
  const station = net.station('CS01', 'LC01')
  const csms = () => foreign.connections.at(-1)?.peer as RawPeer
  const tell = async () => {
    station.send(JSON.stringify([2, 'start', 'StartTransaction', START]))
    await net.settle()
    const heard = csms().take()
    for (const [, id] of heard) csms().send(`[3,"${id}",{"transactionId":7,"idTagInfo":{"status":"Accepted"}}]`) // biome-ignore format: one line
    await net.settle()
    return { heard, answer: station.take()[0] }
  }
  return { net, start, csms, tell }
}

const announcement = JSON.stringify([6, 'NN01', ['LC01'], 'up', 'NotifyNetworkTopology', {
  networkTopologyInformation: {
    routingNode: 'LC01',
    routes: [{ destinationId: 'CS01', uplink: { distance: 1 }, customData: { vendorId: 'wattweave', protocol: 'ocpp1.6', form: 'standard', state: 'up' } }],
    notBefore: '2026-01-01T00:00:00Z',
  },
}]) // biome-ignore format: one frame

test('what a standard CSMS was told before its node started anew it is not told again days later, unless signed anew', async (t) => {
  const { net, start, csms, tell } = await served(t)
  const first = await start()
  net.connect('LC01', 'NN01')
  await net.wait(61)
  const { heard } = await tell()
  assert.deepEqual(heard.map((frame) => frame[2]), ['StartTransaction']) // biome-ignore format: one line
  const texts = first.frameLog.after(0, 100).map(({ bytes }) => Buffer.from(bytes).toString())
  const signed = texts.find((text) => text.includes('StartTransaction') && text.includes('signatures')) // biome-ignore format: one line
  assert.ok(signed)
  const call = JSON.parse(signed) as unknown[]

  await first.stop()
  step(net, 3 * 86_400)
  const second = await start()
  const liar = net.peer('LC01', 'NN01')
  liar.send(announcement)
  await net.wait(61)
  csms().take()
  liar.take()
  liar.send(JSON.stringify(call))
  await net.settle()
  assert.deepEqual([csms().take(), reasonsAt(net, 'NN01')], [[], ['challenge']])
  liar.close()
  await second.stop()

  // The station has got no answer, and tells it again; whoever saw it can sign that.
  await start()
  net.connect('LC01', 'NN01')
  await net.settle()
  const later = await tell()
  assert.equal(later.heard.length, 1)
  assert.equal(later.answer?.[0], 3)
  assert.deepEqual(reasonsAt(net, 'NN01'), ['challenge'])
})
