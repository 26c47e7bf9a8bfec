import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { lacksRevocations } from '../../src/http/trust.ts'
import { DEFAULT_POLICY } from '../../src/security/policies/default-policy.ts'
import type { InRuleDocument } from '../../src/security/policies/policy-document.ts'
import { TrustStore } from '../../src/storage/trust-store.ts'
import { signerOf, usualRecordOf } from '../support/secured.ts'
import { scrape } from './node-console.ts'
import { startSecured } from './secured-console.ts'

/** What the overview says of messages that rules let through, and of rules that take too much. */

async function ruled(t: TestContext, rule: (laterBy: (days: number) => string) => InRuleDocument) {
  const desk = await startSecured(t)
  const laterBy = (days: number) => new Date(desk.clock.now() + days * 86_400_000).toISOString()
  const document = { ...DEFAULT_POLICY, version: DEFAULT_POLICY.version + 1, in: [rule(laterBy), ...DEFAULT_POLICY.in] } // biome-ignore format: one line
  const change = { document, expectedVersion: DEFAULT_POLICY.version, confirmWithinS: 900 }
  const put = await desk.ask('admin', 'PUT', '/api/policies/default', change)
  return { ...desk, put, laterBy }
}

test('the overview counts what rules let through, and tells the newest with its rule and reason', async (t) => {
  const { put, guest, heartbeat, read, url, clock } = await ruled(t, (laterBy) => ({ name: 'for now', match: { actions: 'Heartbeat', from: 'GUEST' }, refuse: true, onFailure: 'allow-and-alert', until: laterBy(1) })) // biome-ignore format: one line
  assert.equal(put.status, 200, JSON.stringify(put.body))
  assert.equal((await read('/api/overview')).alerts, undefined)
  for (let i = 0; i < 2; i++) await heartbeat(guest)
  const { count, byReason, newest } = (await read('/api/overview')).alerts
  assert.deepEqual([count, byReason], [2, { 'refused-by-rule': 2 }])
  const { time, ...said } = newest
  assert.ok(Math.abs(Date.parse(time) - clock.now()) < 60_000, time)
  assert.deepEqual(said, { link: 'GUEST', source: 'GUEST', destination: 'CSMS01', action: 'Heartbeat', rule: 'default in/0', reason: 'refused-by-rule', sentence: 'the rule refuses whatever it matches' }) // biome-ignore format: one line
  const samples = await scrape(url)
  assert.equal(samples.get('wattweave_alerted_total{reason="refused-by-rule"}'), 2)
})

test('the overview names each rule that takes what the default refuses, and why, until it does so no more', async (t) => {
  const { put, read, laterBy, passDays } = await ruled(t, (later) => ({ name: 'for now', match: { actions: 'Heartbeat' }, refuse: true, onFailure: 'allow-and-alert', until: later(2) })) // biome-ignore format: one line
  assert.equal(put.status, 200, JSON.stringify(put.body))
  const { insecure, insecureRules } = await read('/api/overview')
  const rule = { policy: 'default', version: 2, list: 'in', index: 0, name: 'for now', why: 'lets-through', sentence: 'it lets through what fails it, until its time is over' } // biome-ignore format: one line
  assert.deepEqual([insecure, insecureRules.map(({ until: _, ...one }: object & { until?: string }) => one)], [false, [rule]]) // biome-ignore format: one line
  assert.ok(insecureRules[0].until <= laterBy(2))
  passDays(3)
  assert.equal((await read('/api/overview')).insecureRules, undefined)
})

test('a rule that would let through for longer than 90 days is refused with the bound, tried or not', async (t) => {
  const { put, ask, laterBy } = await ruled(t, (later) => ({ match: {}, refuse: true, onFailure: 'allow-and-alert', until: later(91) })) // biome-ignore format: one line
  assert.deepEqual([put.status, /\/in\/0\/until is more than 90 days ahead/.test(put.body.detail)], [422, true], JSON.stringify(put.body)) // biome-ignore format: one line
  const rule = { match: { actions: 'Heartbeat' }, refuse: true, onFailure: 'allow-and-alert', until: laterBy(89) } // biome-ignore format: one line
  const document = { ...DEFAULT_POLICY, version: DEFAULT_POLICY.version + 1, in: [rule, ...DEFAULT_POLICY.in] } // biome-ignore format: one line
  const tried = await ask('admin', 'PUT', '/api/policies/default', { document, expectedVersion: DEFAULT_POLICY.version, dryRun: true }) // biome-ignore format: one line
  assert.equal(tried.status, 200, JSON.stringify(tried.body))
})

test('a node that has heard of no revocation list a day after its key began to count says so, if somebody may sign one', async (t) => {
  const { trust, signer, clock, read, ask } = await startSecured(t)
  assert.equal((await read('/api/overview')).keys.lacksRevocations, true)
  const nowS = clock.now() / 1_000
  const lacks = (record: object, others: readonly string[]) => {
    const known = others.map(usualRecordOf)
    const anchors = [...known, { ...usualRecordOf('CSMS01'), ...record }]
    return lacksRevocations({ signer, trust: new TrustStore({ anchors, rules: trust.rules.active, clock }) }, nowS) // biome-ignore format: one line
  }
  const begun = (agoS: number) => ({ notBefore: nowS - agoS })
  assert.deepEqual([lacks(begun(86_400), ['OWNER01']), lacks(begun(86_401), ['OWNER01'])], [false, true]) // biome-ignore format: one line
  assert.equal(lacks(begun(86_401), ['NN01', 'GUEST']), false, 'nobody may')
  await ask('admin', 'POST', `/api/keys/${signerOf('GUEST').kid}/revocation`, { reason: 'lost' })
  const { revocations, lacksRevocations: lacking } = (await read('/api/overview')).keys
  assert.deepEqual([revocations, lacking], ['current', undefined])
})

test('a rule by which any known key commands is named in the overview with a command', async (t) => {
  const { put, read } = await ruled(t, () => ({ match: { actions: 'Reset' }, require: {} }))
  assert.equal(put.status, 200, JSON.stringify(put.body))
  const [rule] = (await read('/api/overview')).insecureRules
  assert.deepEqual([rule.why, rule.action, rule.index], ['commands-of-everybody', 'Reset', 0])
})
