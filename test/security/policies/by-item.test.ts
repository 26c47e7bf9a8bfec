import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { judgeByItem } from '../../../src/security/policies/by-item.ts'
import { DEFAULT_POLICY } from '../../../src/security/policies/default-policy.ts'
import { compileRuleBook, judgeBy } from '../../../src/security/policies/rule-book.ts'
import { withRefusedItems } from '../../../src/security/roles/item-answers.ts'
import { PRESET_ROLES } from '../../../src/security/roles/presets.ts'
import { SEED } from '../../seed.ts'
import { command, signer } from './messages.ts'

const BOOK = compileRuleBook({ policies: [DEFAULT_POLICY], roles: PRESET_ROLES })
const item = (component: string, more: object = {}) => ({ component: { name: component }, variable: { name: 'X' }, attributeValue: '1', ...more }) // biome-ignore format: one line
const set = (items: readonly object[], more = {}) => command({ action: 'SetVariables', payload: { setVariableData: items } as never, ...more }) // biome-ignore format: one line
const byItem = (facts: ReturnType<typeof set>) => judgeByItem(BOOK, facts, judgeBy(BOOK, facts))

test('each item is permitted exactly when it would be alone, and what is left is accepted', () => {
  const items = fc.array(fc.constantFrom('SecurityCtrlr', 'AlignedDataCtrlr', 'Connector').map((name) => item(name)), { maxLength: 6 }) // biome-ignore format: one line
  fc.assert(
    fc.property(items, (list) => {
      const alone = list.map((one) => judgeBy(BOOK, set([one])).outcome === 'accept')
      const found = byItem(set(list))
      const isSplit = list.length > 1 && alone.includes(true) && alone.includes(false)
      assert.deepEqual(found?.part.isPermitted, isSplit ? alone : undefined)
      if (found) assert.equal(found.decision.outcome, 'accept')
    }),
    { seed: SEED },
  )
})

// biome-ignore format: a table
for (const [what, more] of [
  ['nobody has signed', { signers: [], form: 'none' }],
  ['was refused for being old', { problem: 'expired' }],
  ['is no CALL', { kind: 'SEND' }],
] as const) {
  test(`a request that ${what} is not obeyed in part`, () => {
    assert.equal(byItem(set([item('SecurityCtrlr'), item('Connector')], more)), undefined)
  })
}

test('what another action lists is not obeyed in part', () => {
  const roles = [{ name: 'some', version: 1, allow: [{ actions: 'GetReport', variables: [{ component: 'Connector', variable: '*', access: 'read' }] }] }] as const // biome-ignore format: one line
  const book = compileRuleBook({ policies: [DEFAULT_POLICY], roles })
  const facts = command({ action: 'GetReport', payload: { componentVariable: [item('Connector'), item('EVSE')] } as never, signers: [signer('CSMS01', { roles: ['some'] })] }) // biome-ignore format: one line
  const decision = judgeBy(book, facts)
  assert.equal(decision.reason, 'role')
  assert.equal(judgeByItem(book, facts, decision), undefined)
})

test('an answer that is not as long as it should be loses nothing of what was answered', () => {
  const request = { setVariableData: [item('A'), item('SecurityCtrlr', { attributeType: 'Target' }), item('B')] } // biome-ignore format: one line
  const part = { action: 'SetVariables', request, isPermitted: [true, false, true] }
  const results = (...of: object[]) => withRefusedItems(part, { setVariableResult: of, customData: 1 } as never, 'NN01').setVariableResult as { attributeStatus: string; attributeType?: string }[] // biome-ignore format: one line
  const one = { attributeStatus: 'Accepted' }
  for (const count of [0, 1, 2, 3, 4]) {
    const told = results(...Array.from({ length: count }, () => one))
    assert.equal(told.length, count + 1)
    assert.deepEqual(told.filter(({ attributeStatus }) => attributeStatus === 'Rejected').map(({ attributeType }) => attributeType), ['Target']) // biome-ignore format: one line
  }
})
