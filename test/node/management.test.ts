import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { RemoteError } from '../../src/errors.ts'
import { PROTOCOLS, type Protocol } from '../../src/messages/protocols.ts'
import type { HandlersByProtocol } from '../../src/node/handlers.ts'
import type { ManagementAction, ManagementMessages } from '../../src/node/management-messages.ts'
import type { Node } from '../../src/node/node.ts'
import { RecentMessages } from '../../src/node/recent-messages.ts'
import { DEFAULT_POLICY } from '../../src/security/policies/default-policy.ts'
import type { PolicyFacts } from '../../src/security/policies/facts.ts'
import type { JsonObject } from '../../src/wire/payload.ts'
import { overlay } from '../support/memory-overlay.ts'
import { managedSecurityOf, reasonsAt, securityOf } from '../support/secured.ts'

/** An owner, a CSMS (operations) and a technician above, a station below: who changes its rules. */

const ask = { setVariableData: [{ component: { name: 'OCPPCommCtrlr' }, variable: { name: 'HeartbeatInterval' }, attributeValue: '60' }] } // biome-ignore format: one line
const night = (version: number, more: object = {}) => ({ name: 'night', version, allow: [{ actions: 'Reset' }], ...more }) // biome-ignore format: one line
/** Another policy with its own rules for what comes in, and none of its own for the rest. */
const policy = (name: string, rules: readonly object[]) => ({ name, version: 1, out: DEFAULT_POLICY.out, forward: DEFAULT_POLICY.forward, in: rules }) // biome-ignore format: one line
const site = policy('site', [{ match: {}, require: { assurance: 'none', replyBinding: false } }])

async function park(t: TestContext, protocol: Protocol = 'ocpp2.1') {
  const net = overlay(t)
  const setVariables = (request: typeof ask) => ({ setVariableResult: request.setVariableData.map(({ component, variable }) => ({ component, variable, attributeStatus: 'Accepted' })) }) // biome-ignore format: one line
  const handlers = { 'ocpp2.1': { SetVariables: setVariables } } as unknown as HandlersByProtocol
  const { trust, ...own } = managedSecurityOf('CS01', net.clock)
  const station = await net.node('CS01', { handlers, security: { ...own, trust } })
  const csms = await net.node('CSMS01', { hasDefaultRoute: false, security: securityOf('CSMS01') })
  const [owner, guest] = await Promise.all(['OWNER01', 'GUEST'].map((id) => net.node(id, { security: securityOf(id) }))) as [Node, Node] // biome-ignore format: one line
  for (const id of ['CS01', 'OWNER01', 'GUEST']) net.connect(id, 'CSMS01', { protocol })
  await net.wait(61)
  const told = async <T>(asked: Promise<T>): Promise<T> => {
    asked.catch(() => {})
    await net.settle()
    await net.wait(0.001)
    return asked
  }
  const manage = <A extends ManagementAction>(action: A, request: ManagementMessages[A]['request'], by = owner) => told(by.call('CS01', 'ocpp2.1', action, request as never) as Promise<ManagementMessages[A]['response']>) // biome-ignore format: one line
  const command = () => told(csms.call('CS01', 'ocpp2.1', 'SetVariables', ask, { timeoutMs: 5_000 })) // biome-ignore format: one line
  const events = (...names: string[]) => (net.events.get('CS01') ?? []).filter(({ name }) => names.includes(name)) // biome-ignore format: one line
  return { net, trust, station, csms, owner, guest, manage, command, events }
}

const reasonOf = (reason: string) => (error: unknown) => {
  assert.ok(error instanceof RemoteError, String(error))
  assert.deepEqual(error.errorDetails, { reason })
  return true
}

test('an owner adds, replaces and deletes a role: each holds at once, with version and digest', async (t) => {
  const { manage, trust, events, net } = await park(t)
  const added = await manage('AddUserRole', { userRole: night(1) })
  assert.equal(added.status, 'Accepted')
  const [document] = (await manage('GetUserRoles', { name: 'night' })).userRoles
  assert.deepEqual(added.status === 'Accepted' && added.documents, [{ kind: 'role', name: 'night', version: 1, digest: document?.digest }]) // biome-ignore format: one line
  assert.deepEqual(document?.document, night(1))
  assert.ok(trust.book.roles.has('night'))

  await net.wait(2)
  const replaced = await manage('UpdateUserRole', { userRole: night(2), expectedVersion: 1 })
  assert.equal(replaced.status, 'Accepted')
  await net.wait(2)
  const deleted = await manage('DeleteUserRole', { name: 'night', expectedVersion: 2 })
  assert.deepEqual(deleted.status === 'Accepted' && deleted.documents, [{ kind: 'role', name: 'night' }]) // biome-ignore format: one line
  assert.ok(!trust.book.roles.has('night'))
  assert.equal(events('rules.changed').length, 3)
})

test('policies are told with what is on trial, and until when', async (t) => {
  const { manage, net, trust } = await park(t)
  const before = await manage('GetSignaturePolicies', {})
  assert.deepEqual(before.signaturePolicies.map(({ name, version }) => [name, version]), [['default', 1]]) // biome-ignore format: one line
  assert.equal(before.trial, undefined)
  await manage('AddSignaturePolicy', { signaturePolicy: site, confirmWithinS: 30 })
  const endsAt = new Date((trust.rules.trial?.untilS ?? 0) * 1_000).toISOString()
  // Asked in the same second, so this is not yet the word that confirms.
  const after = await manage('GetSignaturePolicies', {})
  assert.equal(after.trial?.endsAt, endsAt)
  assert.deepEqual(after.signaturePolicies.map(({ name, onTrial }) => [name, onTrial]), [['default', undefined], ['site', true]]) // biome-ignore format: one line
  await net.wait(2)
  assert.equal((await manage('GetSignaturePolicies', {})).trial, undefined, 'that confirmed it')
})

const REFUSED: readonly (readonly [string, (one: Awaited<ReturnType<typeof park>>) => Promise<object>, object])[] = [
  ['a version that is not the one there', ({ manage }) => manage('UpdateSignaturePolicy', { signaturePolicy: { ...DEFAULT_POLICY, version: 9 } as never, expectedVersion: 3 }), { problem: 'version-conflict', actualVersion: 1 }],
  ['a new one that is there already', ({ manage }) => manage('AddUserRole', { userRole: { name: 'admin', version: 2, allow: [] } }), { problem: 'version-conflict', actualVersion: 1 }],
  ['a version that does not rise', ({ manage }) => manage('UpdateUserRole', { userRole: { name: 'admin', version: 1, allow: [{ actions: '*' }] }, expectedVersion: 1 }), { problem: 'version-not-rising' }],
  ['a document with an unknown member', ({ manage }) => manage('AddUserRole', { userRole: night(1, { unknown: 1 }) }), { problem: 'malformed' }],
  ['a document without a name', ({ manage }) => manage('AddUserRole', { userRole: { version: 1, allow: [] } }), { problem: 'malformed' }],
  ['one that is not there', ({ manage }) => manage('DeleteUserRole', { name: 'none', expectedVersion: 1 }), { problem: 'version-conflict', actualVersion: 0 }],
  ['a policy under which the node could answer nobody', ({ manage }) => manage('AddSignaturePolicy', { signaturePolicy: { ...site, out: [] } }), { problem: 'locks-out-owners' }],
  ['the role of the last owner', ({ manage }) => manage('DeleteUserRole', { name: 'owner', expectedVersion: 1 }), { problem: 'locks-out-owners' }],
  ['a policy under which no owner could ask for another one', ({ manage }) => manage('AddSignaturePolicy', { signaturePolicy: policy('none', [{ match: {}, refuse: true }]) }), { problem: 'locks-out-owners' }],
] // biome-ignore format: a table

for (const [what, change, expected] of REFUSED) {
  test(`${what} is answered with the reason, and nothing has changed`, async (t) => {
    const all = await park(t)
    const { active } = all.trust.rules
    const answer = (await change(all)) as { status: string; sentence: string } & Record<string, unknown> // biome-ignore format: one line
    const { status, sentence, ...told } = answer
    assert.equal(status, 'Rejected')
    assert.ok(sentence.length > 10)
    assert.deepEqual(told, expected)
    assert.equal(all.trust.rules.active, active)
    assert.equal(all.trust.rules.trial, undefined)
    assert.equal(all.events('trust.refused').length, 1)
    assert.equal(all.events('rules.changed').length, 0)
  })
}

test('a second change waits until the first is confirmed', async (t) => {
  const { manage, net } = await park(t)
  await manage('AddUserRole', { userRole: night(1) })
  const second = await manage('AddUserRole', { userRole: { name: 'day', version: 1, allow: [] } })
  assert.equal(second.status === 'Rejected' && second.problem, 'awaits-confirmation')
  await net.wait(2)
  const third = await manage('AddUserRole', { userRole: { name: 'day', version: 1, allow: [] } })
  assert.equal(third.status, 'Accepted', 'asking was the word of an owner')
})

const CHANGES = [
  ['AddUserRole', { userRole: { name: 'mine', version: 1, allow: [{ actions: '*' }] } }],
  ['UpdateUserRole', { userRole: { name: 'technician', version: 2, allow: [{ actions: '*' }] }, expectedVersion: 1 }],
  ['DeleteUserRole', { name: 'operations', expectedVersion: 1 }],
  ['AddSignaturePolicy', { signaturePolicy: site }],
  ['UpdateSignaturePolicy', { signaturePolicy: { name: 'default', version: 2, in: [] }, expectedVersion: 1 }],
  ['DeleteSignaturePolicy', { name: 'default', expectedVersion: 1 }],
  ['AddKeyRecord', { keyRecord: {} }],
  ['UpdateRevocationList', { revocationList: {} }],
] as const // biome-ignore format: a table

test('T18: a technician can give itself no role, no policy and no key', async (t) => {
  const { manage, guest, trust, net } = await park(t)
  const { active } = trust.rules
  for (const [action, request] of CHANGES) {
    await assert.rejects(manage(action, request as never, guest), reasonOf('role'), action)
  }
  assert.equal(trust.rules.active, active)
  assert.deepEqual(reasonsAt(net, 'CS01'), CHANGES.map(() => 'role')) // biome-ignore format: one line
})

test('operations change neither policies nor roles, and may not read them either', async (t) => {
  const { manage, csms, trust } = await park(t)
  const { active } = trust.rules
  for (const [action, request] of CHANGES.slice(0, 6)) {
    await assert.rejects(manage(action, request as never, csms), reasonOf('role'), action)
  }
  await assert.rejects(manage('GetSignaturePolicies', {}, csms), reasonOf('role'))
  assert.equal(trust.rules.active, active)
})

test('what nobody has signed changes nothing, whoever it says it is of', async (t) => {
  const { net, trust } = await park(t)
  const { active } = trust.rules
  const forger = net.upstream('NN01', 'CS01')
  for (const [i, [action, request]] of CHANGES.entries()) {
    forger.send(JSON.stringify([2, 'CS01', ['OWNER01', 'NN01'], `f${i}`, action, request]))
  }
  await net.settle()
  assert.equal(trust.rules.active, active)
  assert.deepEqual(reasonsAt(net, 'CS01'), CHANGES.map(() => 'unsigned')) // biome-ignore format: one line
})

test('what is no message of this form is refused before anything is looked at', async (t) => {
  const { owner, trust, net } = await park(t)
  const { active } = trust.rules
  const wrong: readonly (readonly [string, JsonObject])[] = [
    ['AddUserRole', { userRole: night(1), expectedVersion: 1 }],
    ['UpdateUserRole', { userRole: night(1) }],
    ['AddUserRole', { userRole: night(1), confirmWithinS: 3_601 }],
    ['AddUserRole', { userRole: night(1), confirmWithinS: 0 }],
    ['AddUserRole', { userRole: night(1), force: true }],
    ['DeleteUserRole', { name: 'night', expectedVersion: 0 }],
    ['AddKeyRecord', { keyRecord: 'x' }],
    ['UpdateRevocationList', {}],
  ]
  for (const [action, request] of wrong) {
    const asked = owner.callRaw('CS01', action, new TextEncoder().encode(JSON.stringify(request)))
    asked.catch(() => {})
    await net.settle()
    await assert.rejects(asked, (error) => error instanceof RemoteError && /Violation/.test(error.errorCode)) // biome-ignore format: one line
  }
  assert.equal(trust.rules.active, active)
})

test('a node whose trust is fixed says that it does not support this', async (t) => {
  const { owner, net } = await park(t)
  const asked = net.over(owner.call('CSMS01', 'ocpp2.1', 'GetUserRoles', {}))
  await assert.rejects(asked, (error) => error instanceof RemoteError && error.errorCode === 'NotSupported') // biome-ignore format: one line
})

/** Lets owners in to the management, and keeps everybody else out. */
const harsh = policy('harsh', [{ match: { actions: ['*SignaturePolic*', '*UserRole*'] }, require: { assurance: 'none' } }, { match: {}, refuse: true }]) // biome-ignore format: one line

test('a bad policy rolls back by itself after its time, and that is told although nobody asks', async (t) => {
  const { manage, command, net, events, trust } = await park(t)
  await command()
  const added = await manage('AddSignaturePolicy', { signaturePolicy: harsh, confirmWithinS: 20 })
  assert.equal(added.status, 'Accepted')
  await assert.rejects(command(), reasonOf('refused-by-rule'))
  await net.wait(18)
  await assert.rejects(command(), reasonOf('refused-by-rule'), 'as long as its trial lasts')
  assert.equal(events('rules.rolled-back').length, 0)
  await net.wait(4)
  const [told] = events('rules.rolled-back')
  assert.deepEqual(told && 'documents' in told && told.documents.map(({ name, version }) => [name, version]), [['harsh', 1]]) // biome-ignore format: one line
  await command()
  assert.equal(trust.rules.trial, undefined)
})

test('a good one stays once the owner has said anything under it', async (t) => {
  const { manage, command, net, events, trust } = await park(t)
  await manage('AddSignaturePolicy', { signaturePolicy: site, confirmWithinS: 20 })
  await net.wait(2)
  await manage('GetUserRoles', { name: 'owner' })
  await net.wait(60)
  assert.equal(events('rules.confirmed').length, 1)
  assert.equal(events('rules.rolled-back').length, 0)
  assert.deepEqual(trust.rules.active.policies.map(({ name }) => name), ['default', 'site']) // biome-ignore format: one line
  await command()
})

test('the word of somebody else confirms nothing', async (t) => {
  const { manage, command, net, events } = await park(t)
  await manage('AddSignaturePolicy', { signaturePolicy: site, confirmWithinS: 20 })
  await net.wait(2)
  await command()
  await net.wait(20)
  assert.equal(events('rules.confirmed').length, 0)
  assert.equal(events('rules.rolled-back').length, 1)
})

test('a dry run tells what would be decided differently, and changes nothing', async (t) => {
  const { manage, command, events, trust, net } = await park(t)
  await command()
  await command()
  const { active } = trust.rules
  const tried = await manage('AddSignaturePolicy', { signaturePolicy: harsh, dryRun: true })
  assert.ok(tried.status === 'Accepted')
  assert.equal(tried.dryRun, true)
  assert.equal(tried.trialEndsAt, undefined)
  const [difference, ...others] = tried.differences ?? []
  assert.deepEqual(difference, { kind: 'CALL', action: 'SetVariables', from: 'CSMS01', to: 'CS01', count: 2, before: { outcome: 'accept' }, after: { outcome: 'reject', reason: 'refused-by-rule' } }) // biome-ignore format: one line
  assert.deepEqual(others, [])
  const conflict = await manage('UpdateUserRole', { userRole: night(2), expectedVersion: 1, dryRun: true }) // biome-ignore format: one line
  assert.deepEqual({ ...conflict, sentence: '' }, { status: 'Rejected', problem: 'version-conflict', actualVersion: 0, dryRun: true, sentence: '' }) // biome-ignore format: one line
  assert.equal(trust.rules.active, active)
  assert.deepEqual(events('rules.changed', 'trust.refused'), [])
  await net.wait(2)
  const done = await manage('AddSignaturePolicy', { signaturePolicy: harsh })
  assert.equal(done.status, 'Accepted', 'a try uses up no version')
})

test('roles count from the moment they are changed', async (t) => {
  const { manage, command, net } = await park(t)
  const weaker = { name: 'operations', version: 2, allow: [{ actions: 'Reset' }] }
  const tried = await manage('UpdateUserRole', { userRole: weaker, expectedVersion: 1, dryRun: true }) // biome-ignore format: one line
  assert.deepEqual(tried.status === 'Accepted' && tried.differences, [])
  await manage('UpdateUserRole', { userRole: weaker, expectedVersion: 1, confirmWithinS: 5 })
  await assert.rejects(command(), reasonOf('role'))
  await net.wait(6)
  await command()
})

test('a node that stops while rules are on trial leaves nothing behind', async (t) => {
  const { manage, net, station } = await park(t)
  await manage('AddUserRole', { userRole: night(1) })
  await net.stop()
  assert.equal(net.clock.pendingTimers, 0)
  assert.equal(station.manage('GetUserRoles', { name: 'night' }).userRoles.length, 1)
})

for (const protocol of PROTOCOLS) {
  test(`these messages mean the same beside ${protocol}`, async (t) => {
    const { net, owner, trust } = await park(t, protocol)
    const asked = owner.call('CS01', protocol, 'AddUserRole', { userRole: night(1) })
    asked.catch(() => {})
    await net.settle()
    assert.equal((await asked).status, 'Accepted')
    assert.ok(trust.book.roles.has('night'))
  })
}

test('what is kept for dry runs is bounded: the newest 256, and none that is long', () => {
  const recent = new RecentMessages()
  const facts = (index: number) => ({ index }) as unknown as PolicyFacts
  for (let i = 0; i < 600; i++) recent.add(facts(i), 100)
  recent.add(facts(-1), 16 * 1024 + 1)
  const kept = recent.all().map((one) => (one as unknown as { index: number }).index)
  assert.deepEqual(kept.sort((a, b) => a - b), Array.from({ length: 256 }, (_, i) => 344 + i)) // biome-ignore format: one line
})

test('the operator of the node itself asks and changes without a message', async (t) => {
  const { station, net, trust } = await park(t)
  const added = station.manage('AddUserRole', { userRole: night(1), confirmWithinS: 5 })
  assert.equal(added.status, 'Accepted')
  assert.ok(trust.book.roles.has('night'))
  await net.wait(6)
  assert.ok(!trust.book.roles.has('night'), 'its owners have to confirm that as well')
  assert.throws(() => station.manage('AddUserRole', { userRole: 1 } as never), /payload of AddUserRole/) // biome-ignore format: one line
})
