import type { PolicyFacts } from '../src/security/policies/facts.ts'
import { compileRuleBook, judgeBy } from '../src/security/policies/rule-book.ts'
import { PRESET_ROLES } from '../src/security/roles/presets.ts'
import { measure } from './signatures.ts'
import { type Bench, type Measured, rateRow } from './support/rows.ts'

/**
 * Decisions per CPU second by a policy of a thousand rules, of which the last one matches, against the
 * same by a policy that has that rule only.
 */

const RULES = 1_000
const TARGET = 0.5

const FACTS: PolicyFacts = {
  kind: 'CALL',
  action: 'SetChargingProfile',
  from: 'CSMS01',
  to: 'CS01',
  origin: 'node',
  neighbour: { id: 'NN01', kind: 'node', proof: 'mtls' },
  path: ['CSMS01', 'NN01'],
  payload: { evseId: 1 },
  form: 'statement',
  signers: [{ kid: 'k', owner: 'CSMS01', roles: ['operations'], algorithm: 'ES256' }],
  unknownKeys: 0,
  problem: undefined,
  replay: 'live',
  isReplyBound: false,
  isPrimaryUpstream: false,
  iat: 1_795_000_000,
  nowS: 1_795_000_001,
  data: [],
}
const LAST = { match: { actions: ['SetChargingProfile'] }, require: { permitted: true, replay: 'live' } } as const // biome-ignore format: one line

/** Rules before the one that matches: found by their action at once, or each to be asked. */
const OTHERS = {
  'each for an action of its own': (i: number) => ({ actions: [`Action${i}`], from: `NODE${i}` }),
  'all for this action, from others': (i: number) => ({ actions: ['SetChargingProfile'], from: `NODE${i}` }), // biome-ignore format: one line
} as const
type Others = keyof typeof OTHERS

function bookOf(count: number, others: Others) {
  const before = Array.from({ length: count - 1 }, (_, i) => ({ match: OTHERS[others](i), require: { permitted: true as const } })) // biome-ignore format: one line
  return compileRuleBook({ policies: [{ name: 'bench', version: 1, out: [], in: [...before, LAST], forward: [] }], roles: PRESET_ROLES }) // biome-ignore format: one line
}

export const policy: Bench = async function* ({ isSmoke, isFull }) {
  for (const others of Object.keys(OTHERS) as Others[]) yield row(others, { isSmoke, isFull })
}

function row(others: Others, { isSmoke, isFull }: Parameters<Bench>[0]) {
  const [many, one] = [bookOf(RULES, others), bookOf(1, others)]
  const judged = (book: typeof many) => () => {
    if (judgeBy(book, FACTS).outcome !== 'accept') throw new Error('it is to be accepted')
  }
  const count = isSmoke ? 500 : 20_000
  const [a, b]: [Measured[], Measured[]] = [[], []]
  for (let round = 0; round < (isSmoke ? 1 : isFull ? 15 : 7); round++) {
    a.push(measure(count, judged(many)))
    b.push(measure(count, judged(one)))
  }
  const names = { bench: 'policy', case: `${RULES} rules, ${others}`, unit: 'decisions/cpu-s', baseline: 'a policy of one rule', target: TARGET } // biome-ignore format: one line
  return rateRow(names, a, b)
}
