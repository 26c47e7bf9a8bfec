import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { OverlayError } from '../../../src/errors.ts'
import { DANGEROUS_COMMANDS } from '../../../src/security/policies/dangerous-commands.ts'
import {
  compileTwoRolesRule,
  executeCommand,
  memberOf,
  needsTwoRoles,
  type Proposal,
  type Proposed,
  proposeCommand,
  secondCommand,
  type TwoRolesDocument,
  vetoCommand,
} from '../../../src/security/policies/two-roles.ts'
import { PROPERTY } from '../../seed.ts'
import { command, edge, NOW, signer } from './messages.ts'

/** Commands that need two people of different roles, and a time in which others can object. */

const DOCUMENT: TwoRolesDocument = { name: 'firmware', match: { actions: 'UpdateFirmware' }, roles: ['owner', 'operations', 'technician'], vetoDelayS: 300, expiresAfterS: 1_000 } // biome-ignore format: one line
const RULE = compileTwoRolesRule(DOCUMENT)
const holder = (owner: string, ...roles: string[]) => signer(owner, { roles })
const [alice, bob, carol] = [holder('alice', 'owner'), holder('bob', 'operations'), holder('carol', 'technician')] // biome-ignore format: one line
const at = (nowS: number, digest = 'd') => ({ digest, nowS })

function good(proposed: Proposed): Proposal {
  assert.ok(proposed.status === 'ok', JSON.stringify(proposed))
  return proposed.proposal
}
const problemOf = (proposed: Proposed) => proposed.status === 'refused' ? proposed.problem : proposed.proposal.state // biome-ignore format: one line

const proposed = good(proposeCommand(RULE, alice, at(NOW)))
const seconded = good(secondCommand(proposed, bob, at(NOW + 10)))

test('proposed by one role, seconded by another, and executed once, not before the delay is over', () => {
  assert.equal(problemOf(executeCommand(seconded, NOW + 309)), 'too-early')
  const executed = good(executeCommand(seconded, NOW + 310))
  assert.equal(problemOf(executeCommand(executed, NOW + 311)), 'executed')
  assert.equal(problemOf(executeCommand(seconded, NOW + 1_309)), 'executed')
  assert.equal(problemOf(executeCommand(seconded, NOW + 1_310)), 'expired')
})

// biome-ignore format: a table
test('who may not propose or second is refused', () => {
  assert.equal(problemOf(proposeCommand(RULE, holder('x', 'admin'), at(NOW))), 'role')
  assert.equal(problemOf(proposeCommand(RULE, holder('x'), at(NOW))), 'role')
  assert.equal(problemOf(proposeCommand(RULE, edge('x', { roles: ['owner'] }), at(NOW))), 'role')
  const by = (who = bob, moment = at(NOW + 10), proposal = proposed) => problemOf(secondCommand(proposal, who, moment))
  assert.equal(by(), 'seconded')
  assert.equal(by(bob, at(NOW + 10, 'other')), 'other-command')
  assert.equal(by(bob, at(NOW + 1_000)), 'expired')
  assert.equal(by(bob, at(NOW + 999)), 'seconded')
  assert.equal(by(holder('x', 'admin')), 'role')
  assert.equal(by(edge('x', { roles: ['operations'] })), 'role')
  assert.equal(by(holder('dora', 'owner')), 'same-role')
  assert.equal(by(holder('dora', 'owner', 'technician')), 'seconded')
  assert.equal(by(holder('alice', 'operations')), 'same-owner')
  assert.equal(by(signer('ALICE', { roles: ['operations'], kid: 'other' })), 'same-owner')
  assert.equal(by(carol, at(NOW + 10), seconded), 'not-proposed')
  assert.equal(by(carol, at(NOW + 10), good(vetoCommand(proposed, bob))), 'vetoed')
  assert.equal(problemOf(executeCommand(proposed, NOW + 5_000)), 'not-seconded')
})

test('who has two roles counts as one person of either', () => {
  const both = good(proposeCommand(RULE, holder('erin', 'owner', 'operations'), at(NOW)))
  assert.equal(problemOf(secondCommand(both, holder('dora', 'owner'), at(NOW))), 'seconded')
  assert.equal(problemOf(secondCommand(both, holder('dora', 'operations'), at(NOW))), 'seconded')
  assert.equal(problemOf(secondCommand(both, holder('ERIN', 'technician'), at(NOW))), 'same-owner')
})

test('any of the roles may veto, until it is executed', () => {
  for (const who of [alice, bob, carol, holder('dora', 'technician', 'admin')]) {
    for (const proposal of [proposed, seconded]) {
      const vetoed = good(vetoCommand(proposal, who))
      assert.equal(vetoed.state, 'vetoed')
      assert.equal(problemOf(executeCommand(vetoed, NOW + 400)), 'vetoed')
      assert.equal(problemOf(secondCommand(vetoed, carol, at(NOW + 20))), 'vetoed')
    }
  }
  assert.equal(problemOf(vetoCommand(seconded, holder('x', 'admin'))), 'role')
  assert.equal(problemOf(vetoCommand(seconded, edge('x', { roles: ['owner'] }))), 'role')
  assert.equal(problemOf(vetoCommand(good(executeCommand(seconded, NOW + 310)), alice)), 'executed')
})

test('whatever happens in whatever order, nothing is executed without two, the delay and their silence', () => {
  const people = [alice, bob, carol, holder('dora', 'owner'), holder('alice', 'operations'), holder('x', 'admin')] // biome-ignore format: one line
  const event = fc.record({ do: fc.constantFrom('second', 'veto', 'execute'), who: fc.nat(people.length - 1), afterS: fc.nat(400), digest: fc.constantFrom('d', 'd', 'e') }) // biome-ignore format: one line
  const property = fc.property(fc.array(event, { maxLength: 12 }), (events) => {
    let proposal = proposed
    let nowS = NOW
    let secondedS: number | undefined
    let executions = 0
    let isVetoed = false
    for (const { do: what, who, afterS, digest } of events) {
      nowS += afterS
      const person = people[who] ?? alice
      const result = what === 'second' ? secondCommand(proposal, person, at(nowS, digest)) : what === 'veto' ? vetoCommand(proposal, person) : executeCommand(proposal, nowS)
      if (result.status === 'refused') continue
      proposal = result.proposal
      if (what === 'veto') isVetoed = true
      else if (what === 'second') {
        assert.ok(digest === 'd' && person.owner !== 'alice' && !person.roles.includes('owner'))
        secondedS = nowS
      } else {
        executions++
        assert.ok(secondedS !== undefined && nowS >= secondedS + 300 && !isVetoed)
      }
    }
    assert.ok(executions <= 1)
  }) // biome-ignore format: the head is one line
  fc.assert(property, { ...PROPERTY, numRuns: PROPERTY.numRuns * 3 })
})

// biome-ignore format: a table
test('a rule that is not understood whole is refused with the pointer to the place', () => {
  const cases: [object, RegExp][] = [
    [{ name: '' }, /\/name must be/],
    [{ until: 1 }, /\/until is not known here/],
    [{ match: { link: { ids: 'X' } } }, /\/match\/link is not known here/],
    [{ match: undefined }, /\/match must be an object/],
    [{ roles: ['owner'] }, /\/roles must be at least two/],
    [{ roles: ['owner', 'owner'] }, /\/roles must be at least two/],
    [{ roles: [] }, /\/roles must be a text/],
    [{ vetoDelayS: 0 }, /\/vetoDelayS must be a whole number/],
    [{ vetoDelayS: 1.5 }, /\/vetoDelayS must be a whole number/],
    [{ expiresAfterS: 2_592_001 }, /\/expiresAfterS must be a whole number/],
    [{ expiresAfterS: undefined }, /\/expiresAfterS must be a whole number/],
  ]
  for (const [change, problem] of cases) {
    assert.throws(() => compileTwoRolesRule({ ...DOCUMENT, ...change }), (error) => error instanceof OverlayError && error.code === 'ERR_POLICY_DOCUMENT' && problem.test(error.message), String(problem))
  }
  assert.throws(() => compileTwoRolesRule(7), /the rule about two roles must be an object/)
})

// biome-ignore format: a table
test('the dangerous commands that are offered are those that break a whole portfolio', () => {
  const rules = DANGEROUS_COMMANDS.map(compileTwoRolesRule)
  const named = (more: object) => rules.filter((rule) => needsTwoRoles(rule, command(more))).map(({ name }) => name)
  const profile = (...limits: unknown[]) => ({ chargingProfile: { chargingSchedule: [{ chargingSchedulePeriod: limits.map((limit) => ({ limit })) }] } })
  const old = (limit: unknown) => ({ csChargingProfiles: { chargingSchedule: { chargingSchedulePeriod: [{ limit }] } } })
  assert.deepEqual(named({}), [])
  assert.deepEqual(named({ to: '*all' }), ['stop of many'])
  assert.deepEqual(named({ to: '*all', kind: 'CALLRESULT' }), [])
  assert.deepEqual(named({ action: 'GetVariables', to: '*all' }), [])
  assert.deepEqual(named({ action: 'RequestStopTransaction' }), [])
  assert.deepEqual(named({ action: 'RequestStopTransaction', to: '*site7' }), ['stop of many'])
  assert.deepEqual(named({ action: 'UpdateFirmware' }), ['firmware'])
  assert.deepEqual(named({ action: 'UpdateUserRole' }), ['keys, policies, roles'])
  assert.deepEqual(named({ action: 'GetUserRoles' }), [])
  assert.deepEqual(named({ action: 'SetChargingProfile', payload: profile(16, 0) }), ['limit 0 (2.x)'])
  assert.deepEqual(named({ action: 'SetChargingProfile', payload: profile(16, '0.0') }), ['limit 0 (2.x)'])
  assert.deepEqual(named({ action: 'SetChargingProfile', payload: profile(-1) }), ['limit 0 (2.x)'])
  assert.deepEqual(named({ action: 'SetChargingProfile', payload: profile(16, 6) }), [])
  assert.deepEqual(named({ action: 'SetChargingProfile', payload: old(0) }), ['limit 0 (1.6)'])
  assert.deepEqual(named({ action: 'SetChargingProfile', payload: old(6) }), [])
  const period = (one: object) => ({ chargingProfile: { chargingSchedule: [{ chargingSchedulePeriod: [{ limit: 16 }, one] }] } })
  for (const action of ['SetChargingProfile', 'RequestStartTransaction']) {
    assert.deepEqual(named({ action, payload: period({ limit: 22_000, limit_L2: 0, limit_L3: 0 }) }), ['limit_L2 0 (2.x)', 'limit_L3 0 (2.x)'])
    assert.deepEqual(named({ action, payload: period({ setpoint: -5_000 }) }), ['setpoint 0 (2.x)'])
    assert.deepEqual(named({ action, payload: period({ operationMode: 'Idle' }) }), ['Idle (2.1)'])
    assert.deepEqual(named({ action, payload: period({ limit: 16, evseSleep: true }) }), ['sleep (2.1)'])
    assert.deepEqual(named({ action, payload: { chargingProfile: { chargingSchedule: [{ limitAtSoC: { soc: 1, limit: 0 } }] } } }), ['limit 0 at a state of charge (2.1)'])
    assert.deepEqual(named({ action, payload: period({ limit: 6, limit_L2: 6, operationMode: 'ChargingOnly', evseSleep: false }) }), [])
  }
  assert.deepEqual(named({ action: 'UpdateDynamicSchedule', payload: { scheduleUpdate: { limit: 0 } } }), ['limit 0, later (2.1)'])
  assert.deepEqual(named({ action: 'UpdateDynamicSchedule', payload: { scheduleUpdate: { limit: 9, setpoint_L3: 0 } } }), ['setpoint_L3 0, later (2.1)'])
  assert.deepEqual(named({ action: 'UpdateDynamicSchedule', payload: { scheduleUpdate: { limit: 9 } } }), [])
  assert.deepEqual(named({ action: 'RemoteStartTransaction', payload: { chargingProfile: { chargingSchedule: { chargingSchedulePeriod: [{ limit: 0 }] } } } }), ['start with limit 0 (1.6)'])
  assert.deepEqual(named({ action: 'RemoteStartTransaction', payload: { idTag: 'A' } }), [])
  const unread = named({ action: 'SetChargingProfile', payload: undefined })
  assert.ok(unread.includes('limit 0 (2.x)') && unread.includes('limit 0 (1.6)'), 'what cannot be read may be meant')
})

test('who signs as the originator and holds one of the roles is the one who speaks', () => {
  const say = (...signers: (typeof alice)[]) => memberOf(RULE, command({ from: 'alice', signers }))?.owner // biome-ignore format: one line
  assert.equal(say(alice), 'alice')
  assert.equal(say(bob, alice), 'alice')
  assert.equal(say(bob), undefined, 'a further signer does not')
  assert.equal(say(holder('alice', 'admin')), undefined)
  assert.equal(say(edge('alice', { roles: ['owner'] })), undefined)
})
