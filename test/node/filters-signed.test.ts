import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { HandlersByProtocol } from '../../src/node/handlers.ts'
import { compileFilters } from '../../src/routing/filters/filters.ts'
import type { FilterRule } from '../../src/routing/filters/rule.ts'
import { DEFAULT_POLICY } from '../../src/security/policies/default-policy.ts'
import { overlay } from '../support/memory-overlay.ts'
import { reasonsAt, securityOf } from '../support/secured.ts'

/** Rules that would change what somebody has signed. */

const SOFT: FilterRule = { name: 'soft', effect: 'replace', match: { action: 'Reset', kind: 'CALL' }, replace: [{ pointer: '/type', value: 'Soft' }] } // biome-ignore format: one rule
const LATE: FilterRule = { name: 'late', effect: 'replace', match: { action: 'BootNotification', kind: 'CALLRESULT' }, replace: [{ pointer: '/interval', value: 900 }] } // biome-ignore format: one rule
const NAMED: FilterRule = { name: 'named', effect: 'replace', match: { action: 'BootNotification', kind: 'CALL' }, replace: [{ pointer: '/chargePointVendor', value: 'none' }] } // biome-ignore format: one rule

/** A plain station behind an edge and a node in the middle, either of which has rules. */
async function site(
  t: TestContext,
  rules: { readonly edge?: FilterRule; readonly middle?: FilterRule },
) {
  // biome-ignore format: one line
  const net = overlay(t)
  const booted: object[] = []
  const boot = (request: object) => {
    booted.push(request)
    return { status: 'Accepted', currentTime: '2026-01-01T00:00:00Z', interval: 300 }
  }
  const handlers = { 'ocpp1.6': { BootNotification: boot } } as unknown as HandlersByProtocol
  const keys = { NN01: ['edge'], LC01: [] }
  const csms = await net.node('CSMS01', { services: ['CSMS', 'CentralSystem'], hasDefaultRoute: false, handlers, security: securityOf('CSMS01', DEFAULT_POLICY, keys) }) // biome-ignore format: one line
  const filters = (rule: FilterRule | undefined, id: string) => (rule ? { filters: compileFilters([rule], id) } : {}) // biome-ignore format: one line
  await net.node('LC01', { security: securityOf('LC01', DEFAULT_POLICY, keys), ...filters(rules.middle, 'LC01') }) // biome-ignore format: one line
  await net.node('NN01', { security: securityOf('NN01', DEFAULT_POLICY, keys), ...filters(rules.edge, 'NN01') }) // biome-ignore format: one line
  net.connect('LC01', 'CSMS01')
  net.connect('NN01', 'LC01')
  const station = net.station('CS01', 'NN01')
  await net.wait(61)
  await net.settle()
  const reset = async () => {
    const asked = csms.call('CS01', 'ocpp1.6', 'Reset', { type: 'Hard' }, { timeoutMs: 5_000 })
    const outcome = asked.catch((error: unknown) => error)
    await net.settle()
    const heard = station.take()
    for (const [, id] of heard) station.send(`[3,"${id}",{"status":"Accepted"}]`)
    return { heard: heard.map((frame) => frame[3]), outcome: (await net.over(outcome)) as Record<string, unknown> } // biome-ignore format: one line
  }
  const bootStation = async () => {
    station.send('[2,"b","BootNotification",{"chargePointVendor":"v","chargePointModel":"m"}]')
    return (await net.heard(station))[0]
  }
  return { net, reset, bootStation, booted }
}

test('an edge verifies a command and then changes it for a plain station, which gets no signatures', async (t) => {
  const { net, reset } = await site(t, { edge: SOFT })
  const { heard, outcome } = await reset()
  assert.deepEqual(heard, [{ type: 'Soft' }])
  assert.deepEqual(outcome, { status: 'Accepted' })
  assert.deepEqual(reasonsAt(net, 'NN01'), [])
})

test('an edge verifies an answer and then changes it for a plain station', async (t) => {
  const { bootStation } = await site(t, { edge: LATE })
  const answer = await bootStation()
  assert.deepEqual([answer?.[0], answer?.[2]], [3, { status: 'Accepted', currentTime: '2026-01-01T00:00:00Z', interval: 900 }]) // biome-ignore format: one line
})

test('what an edge changes of the words of its station it attests as it has changed them', async (t) => {
  const { bootStation, booted } = await site(t, { edge: NAMED })
  assert.equal((await bootStation())?.[0], 3)
  assert.deepEqual(booted, [{ chargePointVendor: 'none', chargePointModel: 'm' }])
})

test('a node in the middle changes nothing that is signed for others: it is refused by the name of the rule', async (t) => {
  const { net, reset, bootStation, booted } = await site(t, { middle: SOFT })
  const { heard, outcome } = await reset()
  assert.deepEqual(heard, [])
  assert.equal(outcome.errorCode, 'Filtered')
  assert.match(JSON.stringify(outcome.errorDetails), /a rule would change it, and it is signed for others/) // biome-ignore format: one line
  assert.deepEqual(net.refusals('LC01'), { ERR_FILTERED: 1 })
  assert.equal((await bootStation())?.[0], 3)
  assert.equal(booted.length, 1)

  const other = await site(t, { middle: NAMED })
  const answer = await other.bootStation()
  assert.deepEqual([answer?.[0], answer?.[2], other.booted], [4, 'SecurityError', []])
})

test('a command that nobody would obey does not become another one at the edge', async (t) => {
  const { net, reset } = await site(t, { edge: SOFT })
  const liar = net.peer('LIAR', 'LC01')
  await net.settle()
  liar.take()
  liar.send('[2,"CS01",["LIAR"],"x","Reset",{"type":"Hard","signatures":[]}]')
  liar.send('[2,"CS01",["LIAR"],"y","Reset",{"type":"Hard"}]')
  await net.settle()
  assert.deepEqual(liar.take().map(([type, , , id]) => [type, id]), [[4, 'x'], [4, 'y']]) // biome-ignore format: one line
  assert.deepEqual((await reset()).heard, [{ type: 'Soft' }], 'it has heard nothing before')
})
