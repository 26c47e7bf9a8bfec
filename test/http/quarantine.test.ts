import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { DEFAULT_POLICY } from '../../src/security/policies/default-policy.ts'
import { startSecured } from './secured-console.ts'

/** Frames that a policy keeps back, and what the API makes of them. */

async function holding(t: TestContext) {
  const desk = await startSecured(t)
  const { net, ask, guest } = desk
  const hold = { name: 'look first', match: { actions: 'Heartbeat', from: 'GUEST' }, refuse: true, onFailure: 'quarantine' } // biome-ignore format: one line
  const document = { ...DEFAULT_POLICY, version: DEFAULT_POLICY.version + 1, in: [hold, ...DEFAULT_POLICY.in] } // biome-ignore format: one line
  const put = await ask('admin', 'PUT', '/api/policies/default', { document, expectedVersion: DEFAULT_POLICY.version, confirmWithinS: 900 }) // biome-ignore format: one line
  assert.equal(put.status, 200, JSON.stringify(put.body))
  const outcomes: unknown[] = []
  const beat = async () => {
    guest.call('CSMS01', 'ocpp2.1', 'Heartbeat', {}, { timeoutMs: 60_000 }).then((answer) => outcomes.push(answer), (error: unknown) => outcomes.push(error)) // biome-ignore format: one line
    await net.settle()
    await net.wait(0.001)
  }
  const list = async () => (await ask('viewer', 'GET', '/api/quarantine')).body.frames
  return { ...desk, beat, list, outcomes }
}

test('a frame that is held is listed with its reason, and has its effect once it is released', async (t) => {
  const { net, ask, beat, list, outcomes } = await holding(t)
  assert.deepEqual(await list(), [])
  await beat()
  const [held, ...more] = await list()
  assert.deepEqual(more, [])
  const { id, since: _, bytes: __, ...said } = held
  assert.deepEqual(said, { link: 'GUEST', source: 'GUEST', destination: 'CSMS01', action: 'Heartbeat', reason: 'refused-by-rule', sentence: 'the rule refuses whatever it matches', payload: {} }) // biome-ignore format: one line
  assert.deepEqual(outcomes, [])
  assert.equal((await ask('operator', 'POST', `/api/quarantine/${id}/release`, {})).status, 403)
  assert.equal((await ask('admin', 'POST', `/api/quarantine/${id}/release`, {})).status, 204)
  await net.settle()
  await net.wait(0.001)
  assert.ok('currentTime' in ((outcomes[0] ?? {}) as object))
  assert.deepEqual(await list(), [])
})

test('a frame that is discarded is gone, and both that and an unknown one are told', async (t) => {
  const { ask, beat, list, outcomes, accounts } = await holding(t)
  await beat()
  const [{ id }] = await list()
  assert.equal((await ask('admin', 'DELETE', `/api/quarantine/${id}`)).status, 204)
  assert.deepEqual(await list(), [])
  assert.deepEqual(outcomes, [])
  for (const [method, path] of [
    ['DELETE', `/api/quarantine/${id}`],
    ['POST', `/api/quarantine/${id}/release`],
  ] as const) {
    const { status, body } = await ask('admin', method, path)
    assert.equal(status, 404)
    assert.match(body.detail, /no frame \d+ is held/)
  }
  const told = accounts.audit(10).find(({ outcome, what }) => outcome === 204 && what.startsWith('DELETE')) // biome-ignore format: one line
  assert.match(told?.object ?? '', /"action":"Heartbeat"/)
})

test('what is refused when it is released says why, and is gone', async (t) => {
  const { net, ask, beat, list, heartbeat } = await holding(t)
  await beat()
  const [{ id }] = await list()
  await net.wait(2)
  await heartbeat()
  const version = DEFAULT_POLICY.version + 2
  const document = { ...DEFAULT_POLICY, version, in: [{ match: { from: 'GUEST' }, refuse: true }, ...DEFAULT_POLICY.in] } // biome-ignore format: one line
  const put = await ask('admin', 'PUT', '/api/policies/default', { document, expectedVersion: version - 1 }) // biome-ignore format: one line
  assert.equal(put.status, 200, JSON.stringify(put.body))
  const { status, body } = await ask('admin', 'POST', `/api/quarantine/${id}/release`, {})
  assert.equal(status, 409)
  assert.match(body.detail, /^it is refused now, and gone: /)
  assert.deepEqual(await list(), [])
})
