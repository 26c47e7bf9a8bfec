import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { HandlersByProtocol } from '../../src/node/handlers.ts'
import { verifyPayload } from '../../src/security/carriers.ts'
import { DEFAULT_POLICY } from '../../src/security/policies/default-policy.ts'
import type { ForwardRuleDocument, SignaturePolicyDocument } from '../../src/security/policies/policy-document.ts' // biome-ignore format: one line
import { compileSignaturePolicy } from '../../src/security/policies/signature-policy.ts'
import type { JsonObject } from '../../src/wire/payload.ts'
import { carryUntilIdle, passOn } from '../support/carrying.ts'
import { overlay } from '../support/memory-overlay.ts'
import { reasonsAt, securityOf, signerOf } from '../support/secured.ts'

/** What a node in the middle does with messages of others, as its policy says. */

type Frame = unknown[]

const AT = '2026-01-01T00:00:00Z'
const forwarding = (...forward: ForwardRuleDocument[]): SignaturePolicyDocument => ({ ...DEFAULT_POLICY, name: 'middle', forward }) // biome-ignore format: one line
const ALL = {} as const

/** CSMS01 – LC01, a raw peer – NN01, whose policy is tried – CS01, a native station. */
async function site(t: TestContext, policy: SignaturePolicyDocument = DEFAULT_POLICY) {
  const net = overlay(t)
  const obeyed: object[] = []
  const reset = (request: object) => {
    obeyed.push(request)
    return { status: 'Accepted' }
  }
  const handlers = { 'ocpp2.1': { Reset: reset } } as unknown as HandlersByProtocol
  const station = await net.node('CS01', { handlers, security: securityOf('CS01') })
  const middle = await net.node('NN01', { security: securityOf('NN01', policy) })
  const csms = await net.node('CSMS01', { services: ['CSMS'], hasDefaultRoute: false, security: securityOf('CSMS01') }) // biome-ignore format: one line
  const above = net.peer('LC01', 'CSMS01')
  const below = net.upstream('LC01', 'NN01')
  net.connect('CS01', 'NN01')
  await net.settle()
  above.send(`[2,"CSMS01",["CS01","LC01"],"hello","X",{}]`)
  await net.settle()
  void station.call('NN01', 'ocpp2.1', 'Heartbeat', {}, { timeoutMs: 1 }).catch(() => {})
  await net.wait(61)
  for (const peer of [above, below]) peer.take()
  const wire: Frame[] = []
  const carry = (change: (frame: Frame) => Frame = (frame) => frame) =>
    carryUntilIdle(net, [above, below], (frame, from) => {
      wire.push(structuredClone(frame))
      passOn(from === above ? below : above, change(frame))
    })
  const commands = () => csms.call('CS01', 'ocpp2.1', 'Reset', { type: 'Immediate' }, { timeoutMs: 1_000 }).catch((error: unknown) => error) // biome-ignore format: one line
  /** The command as it comes to the middle. */
  const command = async () => {
    void commands()
    await net.settle()
    return above.take()[0] as Frame
  }
  const eventsOf = (name: string) => (net.events.get('NN01') ?? []).filter((one) => one.name === name) // biome-ignore format: one line
  return { net, obeyed, station, middle, csms, above, below, wire, carry, command, commands, eventsOf } // biome-ignore format: one line
}

const changedIn = (frame: Frame) => frame.with(5, { ...(frame[5] as object), type: 'OnIdle' })
const unsignedIn = (frame: Frame) => {
  const { signatures: _, ...rest } = frame[5] as Record<string, unknown>
  return frame.with(5, rest)
}

test('the default policy asks nobody about what passes, one that does more is known when it is read', () => {
  const asks = (...forward: ForwardRuleDocument[]) => compileSignaturePolicy(forwarding(...forward)).judgesForwarded // biome-ignore format: one line
  assert.equal(compileSignaturePolicy(DEFAULT_POLICY).judgesForwarded, false)
  const rest = { match: ALL, treat: 'pass' } as const
  for (const treat of ['verify', 'attest', 'block-unsigned', 'quarantine', 'refuse'] as const) {
    assert.equal(asks({ match: { actions: 'Reset' }, treat }, rest), true, treat)
  }
  assert.equal(asks({ match: { neighbour: { kinds: ['station', 'node'] } }, treat: 'attest' }, rest), true) // biome-ignore format: one line
  assert.equal(asks(), true, 'what no rule takes is rejected')
  assert.equal(asks(rest), false)
})

const VERIFY = forwarding({ match: ALL, treat: 'verify' })
const BLOCK = forwarding({ match: ALL, treat: 'block-unsigned' })

for (const [what, change, policy, reason] of [
  ['changed', changedIn, VERIFY, 'signature-invalid'],
  ['changed', changedIn, BLOCK, 'signature-invalid'],
  ['stripped', unsignedIn, BLOCK, 'unsigned'],
] as const) {
  test(`the very same bytes, ${what} on the way, pass a node that asks nobody and are refused by one whose rule is ${policy.forward[0]?.treat}`, async (t) => {
    const open = await site(t)
    const bytes = change(await open.command())
    passOn(open.below, bytes)
    await open.net.settle()
    assert.deepEqual([reasonsAt(open.net, 'NN01'), reasonsAt(open.net, 'CS01').length], [[], 1])

    const strict = await site(t, policy)
    passOn(strict.below, bytes)
    await strict.net.settle()
    assert.deepEqual([reasonsAt(strict.net, 'NN01'), reasonsAt(strict.net, 'CS01')], [[reason], []])
    const [[type, , , , code, , details] = []] = strict.below.take()
    assert.deepEqual([type, code, (details as { reason?: string })?.reason], [4, 'SecurityError', reason]) // biome-ignore format: one line
    const [verdict] = strict.middle.frameLog.after(0, 1_000).flatMap((one) => one.verdict ?? []).slice(-1) // biome-ignore format: one chain
    assert.deepEqual([verdict?.outcome, verdict?.reason, verdict?.rule?.list], ['reject', reason, 'forward']) // biome-ignore format: one line
    assert.deepEqual([open.obeyed, strict.obeyed], [[], []])
  })
} // biome-ignore format: a table

test('what is rightly signed passes a node that verifies, byte for byte, and so does its answer', async (t) => {
  for (const policy of [VERIFY, BLOCK]) {
    const { net, carry, commands, obeyed, wire } = await site(t, policy)
    const outcome = commands()
    await carry()
    await net.settle()
    assert.deepEqual([await outcome, obeyed.length], [{ status: 'Accepted' }, 1])
    assert.deepEqual(wire.map(([type]) => type), [2, 3]) // biome-ignore format: one line
    assert.deepEqual(reasonsAt(net, 'NN01'), [])
  }
})

test('an answer that was changed below a node that verifies does not get past it, and whoever asked is told', async (t) => {
  const net = overlay(t)
  await net.node('NN01', { security: securityOf('NN01', BLOCK) })
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('CS01', 'NN01')
  below.send('[2,"NN01",["CS01"],"hello","X",{}]')
  await net.wait(61)
  for (const peer of [above, below]) peer.take()
  const open = await site(t)
  // It is signed by the other site's CSMS, whose key is the same here.
  const asked = (await open.command()) as [number, string, string[], ...unknown[]]
  above.send(JSON.stringify(asked))
  await net.settle()
  const [call = []] = below.take()
  assert.equal(call[3], asked[3], JSON.stringify(net.events.get('NN01')))
  below.send(JSON.stringify([3, 'CSMS01', ['CS01'], asked[3], { status: 'Accepted' }]))
  await net.settle()
  const [[type, , , , code, , details] = []] = above.take()
  assert.deepEqual([type, code, (details as { reason?: string })?.reason], [4, 'SecurityError', 'unsigned']) // biome-ignore format: one line
})

test('a node that attests adds its word, and nothing else changes', async (t) => {
  const { carry, commands, net, wire, station, below } = await site(t, forwarding({ match: ALL, treat: 'attest' })) // biome-ignore format: one line
  const outcome = commands()
  await carry()
  await net.settle()
  assert.deepEqual(await outcome, { status: 'Accepted' })
  const signers = station.frameLog.after(0, 1_000).flatMap(({ verdict }) => verdict?.signers ?? [])
  assert.deepEqual(signers.map(({ owner, as }) => `${owner}: ${as}`).slice(-2), ['CSMS01: originator', 'NN01: edge']) // biome-ignore format: one line
  const payload = wire.find(([type]) => type === 3)?.[4] as JsonObject
  const { keyOf } = securityOf('CSMS01').trust.directory
  const verdict = verifyPayload(payload, { expected: { kind: 'message', action: 'Reset', messageType: 3 }, keyOf }) // biome-ignore format: one line
  assert.ok(verdict.status === 'verified')
  const [own, hop] = verdict.signers
  assert.deepEqual([own.kid, hop?.kid], [signerOf('CS01').kid, signerOf('NN01').kid])
  assert.deepEqual(hop?.header.att, { by: 'NN01', prev: 'CS01', link: 'basic', verified: [own.kid] }) // biome-ignore format: one line
  assert.deepEqual(below.take(), [])
})

const HOLD = forwarding({ match: { kinds: 'CALL', actions: 'Reset' }, treat: 'quarantine' }, { match: ALL, treat: 'pass' }) // biome-ignore format: one line

test('what is in quarantine is told and listed, and has no effect until it is released', async (t) => {
  const { net, middle, carry, commands, obeyed, eventsOf } = await site(t, HOLD)
  const outcome = commands()
  await carry()
  const [held] = middle.quarantine.list()
  assert.ok(held)
  const { source, destination, action, reason, link } = held
  assert.deepEqual([source, destination, action, reason, link], ['CSMS01', 'CS01', 'Reset', 'refused-by-rule', 'LC01']) // biome-ignore format: one line
  assert.deepEqual(eventsOf('frame.quarantined'), [{ name: 'frame.quarantined', id: held.id, link, source, destination, action, reason }]) // biome-ignore format: one line
  assert.deepEqual([obeyed, reasonsAt(net, 'NN01')], [[], []])

  assert.equal(middle.quarantine.release(held.id), true)
  await carry()
  assert.deepEqual([await outcome, obeyed.length], [{ status: 'Accepted' }, 1])
  assert.equal(middle.quarantine.release(held.id), false, 'once')
  assert.deepEqual(middle.quarantine.list(), [])
})

test('what is discarded never arrives, and what is released too late is old', async (t) => {
  const { net, middle, carry, commands, obeyed } = await site(t, HOLD)
  void commands()
  void commands()
  await carry()
  const [one, other] = middle.quarantine.list()
  assert.ok(one && other)
  assert.equal(middle.quarantine.discard(one.id), true)
  assert.equal(middle.quarantine.release(one.id), false)
  await net.wait(61)
  middle.quarantine.release(other.id)
  await carry()
  assert.deepEqual([obeyed, reasonsAt(net, 'CS01')], [[], ['expired']])
})

test('quarantine has an end: what has no room is refused, and goes nowhere', async (t) => {
  const { net, middle, below, command, obeyed } = await site(t, HOLD)
  const frame = await command()
  for (let i = 0; i < 257; i++) passOn(below, frame.with(3, `many-${i}`))
  await net.settle()
  assert.equal(middle.quarantine.list().length, 256)
  assert.deepEqual([reasonsAt(net, 'NN01'), obeyed], [['refused-by-rule'], []])
})

test('a rule that drops tells nobody, and one that ends is over', async (t) => {
  const silent = await site(
    t,
    forwarding({ match: ALL, treat: 'block-unsigned', onFailure: 'drop' }),
  )
  const frame = unsignedIn(await silent.command())
  passOn(silent.below, frame)
  await silent.net.settle()
  assert.deepEqual([silent.below.take(), reasonsAt(silent.net, 'NN01')], [[], ['unsigned']])
  const over = await site(t, forwarding({ match: ALL, treat: 'block-unsigned', onFailure: 'allow-and-alert', until: '1970-01-01T00:00:30Z' })) // biome-ignore format: one line
  passOn(over.below, frame)
  await over.net.settle()
  assert.deepEqual(reasonsAt(over.net, 'NN01'), ['unsigned'])
})

test('what a plain station says passes its own node under a rule that blocks what nobody has signed', async (t) => {
  const net = overlay(t)
  const heartbeat = () => ({ currentTime: AT })
  const handlers = { 'ocpp2.1': { Heartbeat: heartbeat } } as unknown as HandlersByProtocol
  await net.node('CSMS01', { services: ['CSMS'], hasDefaultRoute: false, handlers, security: securityOf('CSMS01') }) // biome-ignore format: one line
  await net.node('NN01', { security: securityOf('NN01', BLOCK) })
  net.connect('NN01', 'CSMS01')
  const station = net.station('CS09', 'NN01', 'ocpp2.1')
  await net.wait(61)
  station.send('[2,"q","Heartbeat",{}]')
  await net.settle()
  assert.deepEqual(station.take(), [[3, 'q', { currentTime: AT }]])
})
