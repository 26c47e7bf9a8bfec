import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { RemoteError } from '../../src/errors.ts'
import type { HandlersByProtocol } from '../../src/node/handlers.ts'
import { DEFAULT_POLICY } from '../../src/security/policies/default-policy.ts'
import { compileRuleBook } from '../../src/security/policies/rule-book.ts'
import type { PermissionDocument } from '../../src/security/roles/user-role.ts'
import { overlay } from '../support/memory-overlay.ts'
import { reasonsAt, securityOf } from '../support/secured.ts'

/** User roles that permit something only so often. */

/** CSMS01 and LC01 may ask CS01 for what these permissions say, and nothing else. */
async function site(t: TestContext, ...allow: PermissionDocument[]) {
  const net = overlay(t)
  const obeyed: string[] = []
  const obey = (action: string) => () => {
    obeyed.push(action)
    return { status: 'Accepted' }
  }
  const handlers = { 'ocpp2.1': { ClearCache: obey('ClearCache'), Reset: obey('Reset') } } as unknown as HandlersByProtocol // biome-ignore format: one line
  const security = securityOf('CS01', DEFAULT_POLICY, { CSMS01: ['r'], LC01: ['r'] })
  const book = compileRuleBook({ policies: [DEFAULT_POLICY], roles: [{ name: 'r', version: 1, allow }] }) // biome-ignore format: one line
  const trust = { ...security.trust, book }
  const askers = new Map([
    ['CSMS01', await net.node('CSMS01', { security: securityOf('CSMS01') })],
    ['LC01', await net.node('LC01', { hasDefaultRoute: false, security: securityOf('LC01') })],
  ])
  await net.node('CS01', { handlers, security: { ...security, trust } })
  for (const id of askers.keys()) net.connect('CS01', id)
  await net.wait(61)
  const ask = async (action: 'ClearCache' | 'Reset', id = 'CSMS01') => {
    const payload = action === 'Reset' ? { type: 'OnIdle' } : {}
    const asked = askers.get(id)?.call('CS01', 'ocpp2.1', action, payload as never)
    const outcome = asked?.then(() => 'obeyed', (error: unknown) => error instanceof RemoteError ? error.errorCode : error) // biome-ignore format: one line
    await net.settle()
    return outcome
  }
  return { net, ask, obeyed }
}

test('what a role permits twice in a minute is refused the third time, and permitted again when the minute is over', async (t) => {
  const { net, ask, obeyed } = await site(t, { actions: 'ClearCache', rate: { atMost: 2, perS: 60 } }) // biome-ignore format: one line
  assert.deepEqual([await ask('ClearCache'), await ask('ClearCache'), await ask('ClearCache')], ['obeyed', 'obeyed', 'SecurityError']) // biome-ignore format: one line
  await net.wait(30)
  assert.equal(await ask('ClearCache'), 'SecurityError')
  await net.wait(31)
  assert.equal(await ask('ClearCache'), 'obeyed', 'what was refused did not count')
  assert.equal(obeyed.length, 3)
  assert.deepEqual(reasonsAt(net, 'CS01'), ['role', 'role'])
})

test('each owner has a count of its own, and all actions of a permission one together', async (t) => {
  const { ask } = await site(t, { actions: ['ClearCache', 'Reset'], rate: { atMost: 2, perS: 60 } })
  assert.deepEqual([await ask('ClearCache'), await ask('Reset'), await ask('Reset')], ['obeyed', 'obeyed', 'SecurityError']) // biome-ignore format: one line
  assert.equal(await ask('Reset', 'LC01'), 'obeyed')
})

test('another permission without a rate permits it as often as one likes', async (t) => {
  const { ask } = await site(t, { actions: 'ClearCache', rate: { atMost: 1, perS: 60 } }, { actions: '*', to: 'CS*' }) // biome-ignore format: one line
  assert.deepEqual([await ask('ClearCache'), await ask('ClearCache')], ['obeyed', 'obeyed'])
})
