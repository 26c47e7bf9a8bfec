import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalize } from '../../../src/security/canonical.ts'
import { sha256 } from '../../../src/security/jwk.ts'
import {
  type ActivationState,
  applyChanges,
  beginActivation,
  type ChangeContext,
  type Changed,
  confirmChange,
  proposeChange,
  type RuleChange,
  settle,
} from '../../../src/security/policies/activation.ts'
import { DEFAULT_POLICY, INSECURE_POLICY } from '../../../src/security/policies/default-policy.ts'
import type { PolicyFacts, SignerFacts } from '../../../src/security/policies/facts.ts'
import type {
  InRuleDocument,
  SignaturePolicyDocument,
} from '../../../src/security/policies/policy-document.ts'
import {
  compileRuleBook,
  dryRun,
  judgeBy,
  lockedOutOf,
  withRights,
} from '../../../src/security/policies/rule-book.ts'
import { PRESET_ROLES } from '../../../src/security/roles/presets.ts'
import type { UserRoleDocument } from '../../../src/security/roles/user-role.ts'
import { PROPERTY } from '../../seed.ts'
import { attested, command, document, edge, NOW, signer } from './messages.ts'

/** How rules are changed, and how a change that shuts owners out undoes itself. */

const BOOK = { policies: [DEFAULT_POLICY], roles: PRESET_ROLES }
const owner = (id: string) => signer(id, { roles: ['owner'] })
const OWNERS = [owner('alice'), owner('bob')]
const context = (more: Partial<ChangeContext> = {}): ChangeContext => ({ nodeId: 'LC01', owners: OWNERS, nowS: NOW, confirmWithinS: 120, ...more }) // biome-ignore format: one line
const next = (version: number, more: Partial<SignaturePolicyDocument> = {}) => ({ ...DEFAULT_POLICY, version, ...more }) // biome-ignore format: one line
const update = (document: unknown, expectedVersion = 1, more: Partial<RuleChange> = {}): RuleChange => ({ kind: 'policy', name: 'default', expectedVersion, document, ...more }) // biome-ignore format: one line
const role = (document: Partial<UserRoleDocument> | undefined, name = 'owner'): RuleChange => ({ kind: 'role', name, expectedVersion: 1, document: document && { name, version: 2, allow: [{ actions: '*' }], ...document } }) // biome-ignore format: one line

function onTrial(changed: Changed): ActivationState {
  assert.ok(changed.status === 'on-trial', JSON.stringify(changed))
  return changed.state
}

const refusalOf = (changed: ReturnType<typeof applyChanges> | Changed) => {
  assert.ok(changed.status === 'refused')
  return changed
}

const begun = beginActivation(BOOK)
/** What an owner says after a change. */
const contact = (more: Partial<PolicyFacts> = {}) => command({ action: 'GetSignaturePolicies', from: 'alice', to: 'LC01', path: ['alice', 'NN01'], signers: [owner('alice')], payload: {}, iat: NOW + 5, nowS: NOW + 6, ...more }) // biome-ignore format: one line

test('a change holds at once, says what it is, and stays when an owner confirms it', () => {
  const two = next(2)
  const changed = proposeChange(begun, [update(two)], context())
  assert.ok(changed.status === 'on-trial')
  const digest = sha256(canonicalize(two))
  assert.deepEqual(changed.documents, [{ kind: 'policy', name: 'default', version: 2, digest }])
  assert.equal(changed.state.active.policies[0]?.version, 2)
  const confirmed = confirmChange(changed.state, contact(), NOW + 6)
  assert.equal(confirmed.status, 'confirmed')
  assert.equal(settle(confirmed.state, NOW + 1_000_000).active.policies[0]?.version, 2)
  assert.equal(begun.active.policies[0]?.version, 1, 'states are values')
})

test('a change that nobody confirms in time undoes itself', () => {
  const state = onTrial(proposeChange(begun, [update(next(2))], context()))
  assert.equal(settle(state, NOW + 119).active.policies[0]?.version, 2)
  assert.equal(settle(state, NOW + 120).active.policies[0]?.version, 1)
  assert.equal(settle(state, NOW + 120).trial, undefined)
  const late = confirmChange(state, contact({ iat: NOW + 120 }), NOW + 120)
  assert.deepEqual([late.status, late.state.active.policies[0]?.version], ['refused', 1])
  assert.ok(late.status === 'refused' && late.problem === 'no-trial')
})

test('a trial without an end is a mistake of the caller', () => {
  for (const confirmWithinS of [0, -1, 3_601, Number.POSITIVE_INFINITY, Number.NaN]) {
    assert.throws(() => proposeChange(begun, [update(next(2))], context({ confirmWithinS })), TypeError) // biome-ignore format: one line
  }
})

// biome-ignore format: a table
test('only what an owner signs after the change, and the new rules accept, confirms it', () => {
  const state = onTrial(proposeChange(begun, [update(next(2))], context()))
  const rows: [Partial<PolicyFacts>, string][] = [
    [{}, 'confirmed'],
    [{ signers: [owner('bob'), owner('alice')] }, 'confirmed'],
    [{ iat: NOW }, 'not-after'],
    [{ iat: NOW - 1 }, 'not-after'],
    [{ iat: undefined }, 'not-after'],
    [{ signers: [] }, 'not-by-owner'],
    [{ signers: [signer('alice')] }, 'not-by-owner'],
    [{ signers: [owner('bob')] }, 'not-by-owner'],
    [{ signers: [edge('alice', { roles: ['owner'] })] }, 'not-by-owner'],
    [{ signers: [signer('alice'), owner('bob')] }, 'not-by-owner'],
    [{ form: 'legacy' }, 'not-by-owner'],
    [{ form: 'oca' }, 'not-by-owner'],
    [{ problem: 'replayed' }, 'not-by-owner'],
    [{ replay: undefined }, 'not-accepted'],
    [{ payload: undefined }, 'not-accepted'],
  ]
  for (const [more, expected] of rows) {
    const result = confirmChange(state, contact(more), NOW + 6)
    assert.equal(result.status === 'refused' ? result.problem : result.status, expected, JSON.stringify(more))
    assert.equal(result.state.trial === undefined, expected === 'confirmed')
  }
  const open = onTrial(proposeChange(beginActivation({ ...BOOK, policies: [INSECURE_POLICY] }), [role({ description: 'x' })], context()))
  for (const more of [{ signers: [] }, { signers: [owner('bob')] }, { problem: 'signature-invalid' as const }]) {
    assert.equal(confirmChange(open, contact(more), NOW + 6).status, 'refused', 'what lets everybody in proves nothing')
  }
  const none = confirmChange(begun, contact(), NOW)
  assert.ok(none.status === 'refused' && none.problem === 'no-trial')
})

test('who changes what it has not seen is told the version there is', () => {
  const conflict = refusalOf(proposeChange(begun, [update(next(8), 7)], context()))
  assert.deepEqual([conflict.problem, conflict.actualVersion], ['version-conflict', 1])
  assert.match(conflict.sentence, /has version 1, not 7/)
  const added = refusalOf(proposeChange(begun, [update(next(2), 0)], context()))
  assert.deepEqual([added.problem, added.actualVersion], ['version-conflict', 1])
  const missing = refusalOf(proposeChange(begun, [update(document(), 1, { name: 'p' })], context()))
  assert.deepEqual([missing.problem, missing.actualVersion], ['version-conflict', 0])
})

test('versions only rise, also above those that were undone or deleted', () => {
  const problem = (state: ActivationState, change: RuleChange, nowS = NOW) => {
    const changed = proposeChange(state, [change], context({ nowS }))
    return changed.status === 'refused' ? changed.problem : changed.status
  }
  assert.equal(problem(begun, update(next(1))), 'version-not-rising')
  assert.equal(problem(begun, update(next(0))), 'version-not-rising')
  assert.equal(problem(begun, update({ ...next(2), version: '2' })), 'version-not-rising')
  assert.equal(problem(begun, update(next(Number.MAX_SAFE_INTEGER))), 'version-too-high')
  assert.equal(problem(begun, update(next(20_261_123_000))), 'version-too-high')
  const undone = settle(onTrial(proposeChange(begun, [update(next(5))], context())), NOW + 200)
  assert.equal(problem(undone, update(next(5)), NOW + 200), 'version-not-rising')
  assert.equal(problem(undone, update(next(6)), NOW + 200), 'on-trial')
  const spare: RuleChange = { kind: 'role', name: 'technician', expectedVersion: 1, document: undefined } // biome-ignore format: one line
  const confirmed = confirmChange(onTrial(proposeChange(begun, [spare], context())), contact(), NOW + 6) // biome-ignore format: one line
  assert.equal(problem(confirmed.state, { ...spare, expectedVersion: 0, document: { name: 'technician', version: 1, allow: [] } }), 'version-not-rising') // biome-ignore format: one line
  assert.equal(problem(confirmed.state, { ...spare, expectedVersion: 0, document: { name: 'technician', version: 2, allow: [] } }), 'on-trial') // biome-ignore format: one line
})

// biome-ignore format: a table
test('what cannot be read, renames, changes nothing or comes too soon is refused', () => {
  const problem = (changes: RuleChange[], state = begun) => refusalOf(proposeChange(state, changes, context())).problem
  assert.equal(problem([]), 'nothing-changed')
  assert.equal(problem([update(undefined, 0, { name: 'nobody' })]), 'nothing-changed')
  assert.equal(problem([update({ ...next(2), seal: true })]), 'malformed')
  assert.equal(problem([update({ ...next(2), name: 'other' })]), 'malformed')
  assert.equal(problem([update(null)]), 'malformed')
  assert.equal(problem([role({ allow: 'all' as never })]), 'malformed')
  const trial = onTrial(proposeChange(begun, [update(next(2))], context()))
  assert.equal(problem([update(next(3), 2)], trial), 'awaits-confirmation')
  assert.equal(trial.active.policies[0]?.version, 2)
  const after = proposeChange(trial, [update(next(3), 1)], context({ nowS: NOW + 120 }))
  assert.equal(onTrial(after).trial?.previous.policies[0]?.version, 1, 'the undone one does not come back')
})

test('allow-and-alert ends 90 days after it was taken at the latest; what was taken stays as it is', () => {
  const DAY_S = 86_400
  const ending = (atS: number): InRuleDocument => ({ match: { actions: 'Heartbeat' }, refuse: true, onFailure: 'allow-and-alert', until: new Date(atS * 1_000).toISOString() }) // biome-ignore format: one line
  const taken = (days: number, version = 2) => update(next(version, { in: [ending(NOW + days * DAY_S), ...DEFAULT_POLICY.in] }), version - 1) // biome-ignore format: one line
  assert.equal(proposeChange(begun, [taken(90)], context()).status, 'on-trial')
  const { problem, sentence } = refusalOf(proposeChange(begun, [taken(90 + 1 / DAY_S)], context()))
  assert.deepEqual([problem, sentence], ['malformed', 'signature policy: /in/0/until is more than 90 days ahead; now it may be 2027-02-16T11:06:40.000Z at the latest']) // biome-ignore format: one line
  assert.equal(proposeChange(begun, [taken(-1)], context()).status, 'on-trial', 'it refuses by now')

  const until = new Date((NOW + 91 * DAY_S) * 1_000).toISOString()
  const passing = next(2, { forward: [{ match: {}, treat: 'verify', onFailure: 'allow-and-alert', until }] }) // biome-ignore format: one line
  assert.match(refusalOf(proposeChange(begun, [update(passing)], context())).sentence, /\/forward\/0\/until is more than 90 days/) // biome-ignore format: one line

  const old = beginActivation({ ...BOOK, policies: [next(1, { in: [ending(NOW + 400 * DAY_S), ...DEFAULT_POLICY.in] })] }) // biome-ignore format: one line
  assert.equal(proposeChange(old, [role({ allow: [] }, 'admin')], context()).status, 'on-trial')
})

// biome-ignore format: a table
test('rules under which no owner could change them again are refused', () => {
  const first = (rule: InRuleDocument) => update(next(2, { in: [rule, ...DEFAULT_POLICY.in] }))
  const management = '*SignaturePolic*'
  const rows: [string, RuleChange, string][] = [
    ['no rules', update(next(2, { in: [] })), 'locked'],
    ['refused', first({ match: { actions: 'UpdateUserRole' }, refuse: true }), 'locked'],
    ['only refused elsewhere', first({ match: { actions: 'Reset' }, refuse: true }), 'free'],
    ['let through for a while only', first({ match: { actions: management }, refuse: true, onFailure: 'allow-and-alert', until: new Date((NOW + 86_400) * 1_000).toISOString() }), 'locked'],
    ['only somebody who is no owner', first({ match: { actions: management }, require: { signers: [{ roles: 'admin' }] } }), 'locked'],
    ['one of the owners', first({ match: { actions: management }, require: { signers: [{ kids: 'kid-bob' }] } }), 'free'],
    ['only another key', first({ match: { actions: management }, require: { signers: [{ kids: 'kid-carol' }] } }), 'locked'],
    ['both owners', first({ match: { actions: management }, require: { signers: [{ roles: 'owner', atLeast: 2 }] } }), 'free'],
    ['more owners than there are', first({ match: { actions: management }, require: { signers: [{ roles: 'owner', atLeast: 3 }] } }), 'locked'],
    ['keys of other algorithms', first({ match: { actions: management }, require: { algorithms: 'ML-DSA-65' } }), 'locked'],
    ['through one owner only', first({ match: { actions: management, from: 'bob' }, require: {} }), 'free'],
    ['what depends on what is said', first({ match: { actions: management, payload: [{ pointer: '/name', equals: 'default' }] }, refuse: true }), 'locked'],
    ['another policy that knows nothing of it', update(document({ in: [{ match: { actions: 'Reset' }, require: {} }] }), 0, { name: 'p' }), 'locked'],
    ['another policy that leaves the rest to others', update(document({ out: DEFAULT_POLICY.out, in: [{ match: { actions: 'Reset' }, refuse: true }, { match: {}, require: { assurance: 'none' } }] }), 0, { name: 'p' }), 'free'],
    ['another policy under which nobody could be answered', update(document({ out: [], in: [{ match: {}, require: { assurance: 'none' } }] }), 0, { name: 'p' }), 'locked'],
    ['the policy deleted', update(undefined), 'locked'],
    ['owners may nothing', role({ allow: [] }), 'locked'],
    ['owners may not change roles', role({ deny: [{ actions: '*UserRole*' }] }), 'locked'],
    ['owners only elsewhere', role({ allow: [{ actions: '*', to: 'CS*' }] }), 'locked'],
    ['owners deleted', role(undefined), 'locked'],
    ['admins may less', role({ allow: [] }, 'admin'), 'free'],
  ]
  for (const [what, change, expected] of rows) {
    const changed = proposeChange(begun, [change], context())
    assert.equal(changed.status === 'refused' ? changed.problem : 'free', expected === 'locked' ? 'locks-out-owners' : 'free', what)
  }
  assert.equal(refusalOf(proposeChange(begun, [update(next(2))], context({ owners: [] }))).problem, 'locks-out-owners')
  assert.equal(refusalOf(proposeChange(begun, [update(next(2))], context({ owners: [signer('alice')] }))).problem, 'locks-out-owners', 'who is no owner is none')
  const moment = { nodeId: 'LC01', nowS: NOW }
  assert.equal(lockedOutOf(compileRuleBook(BOOK), OWNERS, moment), undefined)
  assert.equal(lockedOutOf(compileRuleBook({ ...BOOK, roles: [] }), OWNERS, moment), 'UpdateSignaturePolicy')
})

test('rights are those of the roles that a key holds in a rule book', () => {
  const { roles } = compileRuleBook(BOOK)
  const of = (one: SignerFacts, more: Partial<PolicyFacts> = {}) =>
    withRights(command({ signers: [one], ...more }), roles).signers[0]?.isPermitted
  assert.equal(of(signer('x', { roles: ['operations'], isPermitted: false })), true)
  assert.equal(of(signer('x', { roles: ['load-management'] })), false)
  assert.equal(of(signer('x', { roles: ['nobody'] })), false)
  assert.equal(of(signer('x', { roles: [] })), false)
  assert.equal(of(signer('x', { roles: ['owner'] }), { payload: undefined }), false)
})

test('a dry run names what would be decided differently, and changes nothing', () => {
  const rule: InRuleDocument = { match: { actions: 'Reset' }, refuse: true }
  const messages = [command(), command({ action: 'SetVariables', payload: {} }), command({ signers: [] }), attested()] // biome-ignore format: one line
  const applied = applyChanges(begun, [update(next(2, { in: [rule, ...DEFAULT_POLICY.in] }))])
  assert.ok(applied.status === 'applied')
  const before = compileRuleBook(begun.active)
  const differences = dryRun(before, applied.compiled, messages)
  assert.deepEqual(differences.map(({ index, before, after }) => [index, before.reason, after.reason]), [[0, undefined, 'refused-by-rule'], [2, 'unsigned', 'refused-by-rule']]) // biome-ignore format: one line
  assert.deepEqual(dryRun(before, before, messages), [])
  const weaker = applyChanges(begun, [role({ allow: [] }, 'operations')])
  assert.ok(weaker.status === 'applied')
  assert.deepEqual(dryRun(before, weaker.compiled, messages).map(({ index }) => index), [0, 1], 'roles count, too') // biome-ignore format: one line
  assert.equal(refusalOf(applyChanges(begun, [update(next(1))])).problem, 'version-not-rising')
})

test('whatever is proposed and whatever time passes, an owner can always change the rules', () => {
  const rule: fc.Arbitrary<InRuleDocument> = fc.record({ match: fc.record({ actions: fc.constantFrom('*', 'Update*', 'UpdateUserRole', 'Reset') }), require: fc.record({ signers: fc.constantFrom([{ roles: 'owner' }], [{ roles: 'admin' }], [{ roles: 'owner', atLeast: 3 }]) }) }) // biome-ignore format: one line
  const step = fc.record({ rules: fc.array(rule, { maxLength: 3 }), afterS: fc.nat(200), confirms: fc.boolean(), version: fc.integer({ min: 1, max: 9 }) }) // biome-ignore format: one line
  const property = fc.property(fc.array(step, { maxLength: 6 }), (steps) => {
    let state = begun
    let nowS = NOW
    for (const { rules, afterS, confirms, version } of steps) {
      const actual = settle(state, nowS).active.policies[0]?.version
      const changed = proposeChange(state, [update(next(version, { in: rules }), actual)], context({ nowS }))
      if (changed.status === 'on-trial') {
        assert.ok(version > (actual ?? 0))
        state = changed.state
      }
      nowS += afterS
      if (confirms) state = confirmChange(state, contact({ iat: nowS, nowS }), nowS).state
      const book = compileRuleBook(settle(state, nowS).active)
      assert.equal(lockedOutOf(book, OWNERS, { nodeId: 'LC01', nowS }), undefined)
      const asked = command({ action: 'UpdateSignaturePolicy', from: 'alice', to: 'LC01', signers: OWNERS, payload: {}, iat: nowS, nowS })
      assert.equal(judgeBy(book, asked).outcome, 'accept')
    }
  }) // biome-ignore format: the head is one line
  fc.assert(property, PROPERTY)
})
