import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContextFacts } from '../../../src/security/context/context-facts.ts'
import type { ContextDocument } from '../../../src/security/policies/context-rule.ts'
import { judgeForwarded, judgeIncoming } from '../../../src/security/policies/evaluate.ts'
import { compileSignaturePolicy } from '../../../src/security/policies/signature-policy.ts'
import { command } from './messages.ts'

/** Rules about what is around a message. */

const policy = (context: unknown, more: object = {}) =>
  compileSignaturePolicy({ name: 'p', version: 1, out: [], in: [{ match: {}, require: { assurance: 'none', context }, ...more }], forward: [{ match: {}, treat: 'verify', context, ...more }] }) // biome-ignore format: one line
const judge = (rule: ContextDocument, context: ContextFacts | undefined, more: object = {}) => {
  const facts = command({ context })
  const { outcome, reason } = judgeIncoming([policy(rule, more)], facts)
  const forwarded = judgeForwarded([policy(rule, more)], { ...facts, link: facts.neighbour })
  assert.deepEqual([forwarded.outcome, forwarded.reason], [outcome, reason], 'as in passing')
  return reason ?? outcome
}
const around = (more: Partial<ContextFacts> = {}): ContextFacts => ({ findings: [], ...more })

// biome-ignore format: a table
const CASES: readonly [string, ContextDocument, ContextFacts | undefined, string][] = [
  ['nothing known', { not: '*', maxPowerW: 1, rate: { atMost: 1, perS: 1 }, limit: { leastW: 1 } }, undefined, 'accept'],
  ['a finding that must not be', { not: ['double-start', 'counter-backwards'] }, around({ findings: ['counter-backwards'] }), 'counter-backwards'],
  ['a finding that may be', { not: 'double-start' }, around({ findings: ['counter-backwards'] }), 'accept'],
  ['any finding', { not: '*' }, around({ findings: ['after-its-end'] }), 'after-its-end'],
  ['all the power there is', { maxPowerW: 11_000 }, around({ powerW: 11_000 }), 'accept'],
  ['more power than there is', { maxPowerW: 11_000 }, around({ powerW: 11_001 }), 'above-rating'],
  ['as often as may be', { rate: { atMost: 3, perS: 60 } }, around({ earlierS: [70, 60, 20, 10] }), 'accept'],
  ['too often', { rate: { atMost: 3, perS: 60 } }, around({ earlierS: [59.9, 20, 10] }), 'too-often'],
  ['the lowest limit', { limit: { leastW: 4_200 } }, around({ limit: { leastW: 4_200, steps: [] } }), 'accept'],
  ['a lower one', { limit: { leastW: 4_200 } }, around({ limit: { leastW: 4_199, steps: [] } }), 'limit-too-low'],
  ['a step at once', { limit: { step: { atMostW: 5_000, perS: 60 } } }, around({ limit: { leastW: 1, steps: [{ stepW: 5_001, sinceS: 59 }] } }), 'limit-too-steep'],
  ['a small step', { limit: { step: { atMostW: 5_000, perS: 60 } } }, around({ limit: { leastW: 1, steps: [{ stepW: 5_000, sinceS: 0 }] } }), 'accept'],
  ['a step after a while', { limit: { step: { atMostW: 5_000, perS: 60 } } }, around({ limit: { leastW: 1, steps: [{ stepW: 9_000, sinceS: 60 }] } }), 'accept'],
  ['a step beside an older, higher one', { limit: { step: { atMostW: 5_000, perS: 60 } } }, around({ limit: { leastW: 1, steps: [{ stepW: 9_000, sinceS: 60 }, { stepW: 5_001, sinceS: 1 }] } }), 'limit-too-steep'],
  ['a clock that is off a little', { maxClockOffS: 5 }, around({ clockOffS: 5 }), 'accept'],
  ['a clock that is off', { maxClockOffS: 5 }, around({ clockOffS: 6 }), 'clock-off'],
  ['the first limit', { limit: { step: { atMostW: 5_000, perS: 60 } } }, around({ limit: { leastW: 1, steps: [] } }), 'accept'],
]
for (const [what, rule, context, expected] of CASES) {
  test(`with ${what} the decision is ${expected}`, () => {
    assert.equal(judge(rule, context), expected)
  })
}

test('what is not plausible is dropped, held or let through with an alert as the rule says', () => {
  const context = around({ powerW: 2 })
  const outcomeOf = (more: object) => judgeIncoming([policy({ maxPowerW: 1 }, more)], command({ context })).outcome // biome-ignore format: one line
  assert.equal(outcomeOf({ onFailure: 'quarantine' }), 'quarantine')
  assert.equal(outcomeOf({ onFailure: 'drop' }), 'drop')
  assert.equal(outcomeOf({ onFailure: 'allow-and-alert', until: '2200-01-01T00:00:00Z' }), 'allow-and-alert') // biome-ignore format: one line
})

// biome-ignore format: a table
const WRONG: readonly [string, unknown][] = [
  ['nothing', {}],
  ['an unknown member', { not: '*', often: 1 }],
  ['an unknown finding', { not: 'lies' }],
  ['no finding', { not: [] }],
  ['no power', { maxPowerW: 0 }],
  ['a power without end', { maxPowerW: Number.POSITIVE_INFINITY }],
  ['a rate without a time', { rate: { atMost: 3 } }],
  ['a rate that cannot be counted', { rate: { atMost: 101, perS: 60 } }],
  ['a limit that says nothing', { limit: {} }],
  ['a negative limit', { limit: { leastW: -1 } }],
  ['a clock that is off by nothing', { maxClockOffS: 0 }],
  ['a step without a time', { limit: { step: { atMostW: 3 } } }],
]
for (const [what, context] of WRONG) {
  test(`a policy whose context says ${what} is refused`, () => {
    assert.throws(() => policy(context), { code: 'ERR_POLICY_DOCUMENT' })
  })
}

test('a forward rule that asks for a context is asked, and one that refuses anyway may have none', () => {
  const passing = (forward: object[]) => compileSignaturePolicy({ name: 'p', version: 1, out: [], in: [], forward }) // biome-ignore format: one line
  assert.equal(passing([{ match: {}, treat: 'pass' }]).judgesForwarded, false)
  assert.equal(passing([{ match: {}, treat: 'pass', context: { not: '*' } }]).judgesForwarded, true)
  assert.throws(() => passing([{ match: {}, treat: 'refuse', context: { not: '*' } }]), { code: 'ERR_POLICY_DOCUMENT' }) // biome-ignore format: one line
})
