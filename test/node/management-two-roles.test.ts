import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { RemoteError } from '../../src/errors.ts'
import type { HandlersByProtocol } from '../../src/node/handlers.ts'
import { HeldCommands } from '../../src/node/held-commands.ts'
import type { Node } from '../../src/node/node.ts'
import { encodeBase64url } from '../../src/security/base64url.ts'
import { DANGEROUS_COMMANDS } from '../../src/security/policies/dangerous-commands.ts'
import type { TwoRolesDocument } from '../../src/security/policies/two-roles.ts'
import { command, signer } from '../security/policies/messages.ts'
import { overlay } from '../support/memory-overlay.ts'
import { reasonsAt, securityOf } from '../support/secured.ts'

/** A command that one proposes, another seconds, and anybody of theirs may object to. */

const RULE: TwoRolesDocument = { name: 'firmware', match: { kinds: ['CALL', 'SEND'], actions: 'Reset' }, roles: ['owner', 'operations', 'admin'], vetoDelayS: 300, expiresAfterS: 3_600 } // biome-ignore format: one line

async function park(t: TestContext, guest = 'technician') {
  const net = overlay(t)
  const roles = { GUEST: [guest] }
  const applied: unknown[] = []
  const reset = (request: object) => {
    applied.push(request)
    return { status: 'Accepted' }
  }
  const handlers = { 'ocpp2.1': { Reset: reset } } as unknown as HandlersByProtocol
  await net.node('CS01', { handlers, security: { ...securityOf('CS01', undefined, roles), twoRoles: [RULE] } }) // biome-ignore format: one line
  const nodeOf = (id: string) => net.node(id, { hasDefaultRoute: id !== 'CSMS01', security: securityOf(id, undefined, roles) }) // biome-ignore format: one line
  const [csms, owner, other] = [await nodeOf('CSMS01'), await nodeOf('OWNER01'), await nodeOf('GUEST')] // biome-ignore format: one line
  for (const id of ['CS01', 'OWNER01', 'GUEST']) net.connect(id, 'CSMS01')
  await net.wait(61)
  /** The reason why it was refused, or its status. */
  const told = async (asked: Promise<{ status: string }>) => {
    const outcome = asked.then(({ status }) => status, (error: unknown) => error) // biome-ignore format: one line
    await net.settle()
    const known = await outcome
    return known instanceof RemoteError ? (known.errorDetails as { reason: string }).reason : known
  }
  const ask = (by: Node, type: 'Immediate' | 'OnIdle' = 'Immediate') => told(by.call('CS01', 'ocpp2.1', 'Reset', { type })) // biome-ignore format: one line
  const events = () => (net.events.get('CS01') ?? []).filter((event) => event.name.startsWith('command.')) // biome-ignore format: one line
  const digest = () => events().flatMap((event) => ('digest' in event ? [event.digest] : []))[0] ?? '' // biome-ignore format: one line
  const veto = (by: Node, of = digest()) => told(by.call('CS01', 'ocpp2.1', 'VetoCommand', { action: 'Reset', digest: of })) // biome-ignore format: one line
  return { net, applied, csms, owner, other, ask, veto, events }
}

test('a command takes effect once: proposed by one, seconded by another in another role, after its delay', async (t) => {
  const { net, applied, csms, owner, ask, events } = await park(t)
  assert.equal(await ask(csms), 'awaits-second')
  assert.equal(await ask(csms), 'awaits-second', 'the same person is no second one')
  assert.equal(await ask(owner, 'OnIdle'), 'awaits-second', 'another command is another proposal')
  assert.equal(await ask(owner), 'awaits-veto')
  await net.wait(299)
  assert.equal(await ask(csms), 'awaits-veto')
  assert.deepEqual(applied, [])
  await net.wait(2)
  assert.equal(await ask(csms), 'Accepted')
  assert.equal(await ask(owner), 'awaits-second', 'again it is proposed anew')
  assert.deepEqual(applied, [{ type: 'Immediate' }])
  const names = events().map(({ name }) => name)
  assert.deepEqual(names, ['command.proposed', 'command.proposed', 'command.seconded', 'command.executed', 'command.proposed']) // biome-ignore format: one line
})

test('somebody with none of the roles neither proposes nor seconds nor objects', async (t) => {
  const { csms, owner, other, ask, veto, applied } = await park(t)
  assert.equal(await ask(other), 'not-of-two-roles')
  assert.equal(await ask(csms), 'awaits-second')
  assert.equal(await ask(other), 'not-of-two-roles')
  assert.equal(await veto(other), 'not-of-two-roles')
  assert.equal(await ask(owner), 'awaits-veto')
  assert.deepEqual(applied, [])
})

test('two people of one role are not enough', async (t) => {
  const { csms, other, ask } = await park(t, 'operations')
  assert.equal(await ask(csms), 'awaits-second')
  assert.equal(await ask(other), 'awaits-second')
})

for (const [who, guest] of [
  ['a third person', 'admin'],
  ['who has proposed it', 'technician'],
] as const) {
  // biome-ignore format: one line
  test(`${who} stops it by a veto, and for as long as it was proposed nobody brings it back`, async (t) => {
    const { net, csms, owner, other, ask, veto, applied } = await park(t, guest)
    await ask(csms)
    await ask(owner)
    assert.equal(await veto(guest === 'admin' ? other : csms), 'Accepted')
    for (const by of [csms, owner]) assert.equal(await ask(by), 'vetoed')
    await net.wait(301)
    for (const by of [csms, owner]) assert.equal(await ask(by), 'vetoed')
    assert.deepEqual(applied, [])
    await net.wait(3_601)
    assert.equal(await ask(csms), 'awaits-second')
  })
}

test('a veto names what was proposed, and nothing else', async (t) => {
  const { csms, owner, ask, veto, net } = await park(t)
  const none = encodeBase64url(new Uint8Array(32))
  assert.equal(await veto(owner, none), 'not-proposed')
  await ask(csms)
  assert.equal(await veto(owner, none), 'not-proposed')
  assert.equal(await ask(owner), 'awaits-veto')
  assert.deepEqual(reasonsAt(net, 'CS01'), ['not-proposed', 'awaits-second', 'not-proposed', 'awaits-veto']) // biome-ignore format: one line
})

test('what nobody seconds, or executes, comes to nothing', async (t) => {
  const { net, csms, owner, ask, applied } = await park(t)
  await ask(csms)
  await net.wait(3_601)
  assert.equal(await ask(owner), 'awaits-second', 'the proposal was gone')
  assert.equal(await ask(csms), 'awaits-veto')
  await net.wait(300 + 3_601)
  assert.equal(await ask(csms), 'awaits-second')
  assert.deepEqual(applied, [])
})

test('a proposal that is told again word for word is one', () => {
  const held = new HeldCommands([RULE], () => {})
  const facts = command({ action: 'Reset', signers: [signer('alice', { roles: ['owner'] })], from: 'alice' }) // biome-ignore format: one line
  const at = { digest: 'd', nowS: 1_000, isNew: true }
  assert.equal(held.judge(facts, at)?.reason, 'awaits-second')
  const bob = command({ action: 'Reset', signers: [signer('bob', { roles: ['admin'] })], from: 'bob' }) // biome-ignore format: one line
  assert.equal(held.judge(bob, { ...at, isNew: false })?.reason, 'awaits-second')
  assert.deepEqual(held.judge(bob, at), { reason: 'awaits-veto', retryAfterMs: 300_000 })
  assert.equal(held.judge(bob, { ...at, nowS: 1_400, isNew: false })?.reason, 'awaits-veto')
  assert.equal(held.judge(bob, { ...at, nowS: 1_400 }), undefined)
  assert.equal(held.judge(bob, { ...at, nowS: 1_401, isNew: false }), undefined, 'it is answered as it was') // biome-ignore format: one line
})

test('proposals are bounded, and those that are over make room', () => {
  const held = new HeldCommands([RULE], () => {})
  const facts = command({ action: 'Reset', signers: [signer('alice', { roles: ['owner'] })], from: 'alice' }) // biome-ignore format: one line
  const propose = (digest: string, nowS = 1_000) => held.judge(facts, { digest, nowS, isNew: true })?.reason // biome-ignore format: one line
  for (let i = 0; i < 256; i++) assert.equal(propose(`${i}`), 'awaits-second')
  assert.equal(propose('one more'), 'not-proposed')
  assert.equal(propose('one more', 1_000 + 3_600), 'awaits-second')
})

test('the shipped list of dangerous commands can be put in force', () => {
  const held = new HeldCommands(DANGEROUS_COMMANDS, () => {})
  const by = { signers: [signer('alice', { roles: ['owner'] })], from: 'alice' }
  const reasonOf = (action: string) => held.judge(command({ action, payload: {}, ...by }), { digest: 'd', nowS: 1, isNew: true })?.reason // biome-ignore format: one line
  assert.equal(reasonOf('UpdateFirmware'), 'awaits-second')
  assert.equal(reasonOf('AddUserRole'), 'awaits-second')
  assert.equal(reasonOf('GetUserRoles'), undefined)
  assert.equal(reasonOf('Heartbeat'), undefined)
})
