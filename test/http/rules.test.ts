import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_POLICY } from '../../src/security/policies/default-policy.ts'
import { signerOf } from '../support/secured.ts'
import { startApi } from './api.ts'
import { night, PRESET_NAMES, startSecured } from './secured-console.ts'

/** Policies and user roles over the API: what is refused, and what holds for how long. */

const strict = (version: number) => ({ ...DEFAULT_POLICY, version, in: [{ match: { actions: 'Heartbeat' }, refuse: true }, ...DEFAULT_POLICY.in] }) // biome-ignore format: one line

test('what holds is told with version and digest, and one document as it was written', async (t) => {
  const { read } = await startSecured(t)

  const { documents } = await read('/api/policies')
  assert.deepEqual(documents.map(({ name, version, onTrial }: typeof documents[0]) => [name, version, onTrial]), [['default', 1, false]]) // biome-ignore format: one line
  assert.match(documents[0].digest, /^[\w-]{43}$/)
  assert.deepEqual((await read('/api/policies')).confirmers, ['OWNER01'])
  const one = await read('/api/policies/default')
  assert.deepEqual([one.document, one.nextVersion, one.digest], [JSON.parse(JSON.stringify(DEFAULT_POLICY)), 2, documents[0].digest]) // biome-ignore format: one line
  const roles = await read('/api/roles')
  assert.deepEqual(
    roles.documents.map(({ name }: { name: string }) => name),
    PRESET_NAMES,
  )
})

test('a dry run changes nothing and names the messages that would be decided differently', async (t) => {
  const { heartbeat, read, ask } = await startSecured(t)
  for (let i = 0; i < 3; i++) await heartbeat()

  const { status, body } = await ask('admin', 'PUT', '/api/policies/default', { document: strict(2), expectedVersion: 1, dryRun: true }) // biome-ignore format: one line

  assert.equal(status, 200)
  assert.equal(body.trialEndsAt, undefined)
  assert.deepEqual(body.differences, [{ kind: 'CALL', action: 'Heartbeat', from: 'OWNER01', to: 'CSMS01', count: 3, before: { outcome: 'accept' }, after: { outcome: 'reject', reason: 'refused-by-rule' } }]) // biome-ignore format: one line
  assert.equal((await read('/api/policies/default')).version, 1)
  assert.equal((await read('/api/policies')).trial, undefined)
  const deleted = await ask(
    'admin',
    'DELETE',
    '/api/roles/technician?expectedVersion=1&dryRun=true',
  )
  assert.deepEqual([deleted.status, deleted.body.differences], [200, []])
  assert.equal((await ask('viewer', 'GET', '/api/roles/technician')).status, 200)
})

test('a change holds at once, undoes itself where nobody confirms it, and stays where an owner does', async (t) => {
  const { net, heartbeat, read, ask } = await startSecured(t)
  const put = (version: number, expectedVersion: number) => ask('admin', 'PUT', '/api/roles/night', { document: night(version), expectedVersion, confirmWithinS: 30 }) // biome-ignore format: one line

  const first = await put(1, 0)
  assert.equal(first.status, 200)
  assert.equal(Date.parse(first.body.trialEndsAt) - net.clock.now() > 28_000, true)
  const held = await read('/api/roles/night')
  assert.deepEqual([held.onTrial, held.trial.documents], [true, [{ kind: 'role', name: 'night', version: 1, digest: held.digest }]]) // biome-ignore format: one line
  assert.equal((await read('/api/overview')).keys.trialEndsAt, first.body.trialEndsAt)
  await net.wait(31)
  assert.equal((await ask('viewer', 'GET', '/api/roles/night')).status, 404)

  assert.match((await put(1, 0)).body.detail, /has to be above 1/)
  const second = await put(2, 0)
  await net.wait(2)
  await heartbeat()
  await net.wait(60)
  const stays = await read('/api/roles/night')
  assert.deepEqual([stays.version, stays.onTrial, stays.digest], [2, false, second.body.documents[0].digest]) // biome-ignore format: one line
})

test('who could confirm a change is told, and nobody is where the only owner is this node', async (t) => {
  const { net, read, ask } = await startSecured(t)
  const { kid } = signerOf('OWNER01')
  assert.equal((await ask('admin', 'POST', `/api/keys/${kid}/revocation`, { reason: 'left' })).status, 200) // biome-ignore format: one line
  await net.wait(1)
  assert.deepEqual((await read('/api/roles')).confirmers, [])
})

test('where no owner elsewhere could confirm a change, an admin at the node itself may, and only there', async (t) => {
  const { net, read, ask } = await startSecured(t)
  const document = { name: 'reader', version: 1, allow: [{ actions: ['GetVariables'] }] }
  const put = (version: number) => ask('admin', 'PUT', '/api/roles/reader', { document: { ...document, version }, expectedVersion: 0 }) // biome-ignore format: one line
  const keep = (role: 'admin' | 'operator') => ask(role, 'POST', '/api/rules/confirmation', {})
  assert.equal((await keep('admin')).status, 409, 'nothing is on trial')
  assert.equal((await put(1)).status, 200)
  const elsewhere = await keep('admin')
  assert.deepEqual([elsewhere.status, /OWNER01 can confirm it/.test(JSON.stringify(elsewhere.body))], [409, true]) // biome-ignore format: one line
  await net.wait(61)
  assert.equal((await read('/api/roles')).documents.some(({ name }: { name: string }) => name === 'reader'), false) // biome-ignore format: one line

  const { kid } = signerOf('OWNER01')
  await ask('admin', 'POST', `/api/keys/${kid}/revocation`, { reason: 'left' })
  await net.wait(1)
  assert.equal((await put(2)).status, 200)
  assert.equal((await keep('operator')).status, 403)
  assert.equal((await keep('admin')).status, 204)
  await net.wait(61)
  assert.equal((await read('/api/roles')).documents.some(({ name }: { name: string }) => name === 'reader'), true) // biome-ignore format: one line
})

test('two at once, another version and a name that is not the document’s are refused, and say why', async (t) => {
  const { ask, read } = await startSecured(t)
  const put = (name: string, document: object, expectedVersion: number) => ask('admin', 'PUT', `/api/roles/${name}`, { document, expectedVersion }) // biome-ignore format: one line

  const conflict = await put('technician', { ...night(2), name: 'technician' }, 7)
  assert.deepEqual([conflict.status, conflict.body.detail], [409, 'the role technician has version 1, not 7']) // biome-ignore format: one line
  const other = await put('technician', night(1), 1)
  assert.deepEqual([other.status, other.body.pointer], [400, '/document/name'])
  assert.equal((await put('technician', night(1), -1)).status, 400)
  assert.equal((await put('night', night(1), 0)).status, 200)
  const second = await put('day', { ...night(1), name: 'day' }, 0)
  assert.equal(second.status, 409)
  assert.match(second.body.detail, /the last change is not confirmed; it ends in \d+ s/)
  assert.equal((await read('/api/roles')).documents.length, PRESET_NAMES.length + 1)
  for (const path of ['/api/roles/nobody', '/api/policies/nothing']) {
    assert.equal((await ask('admin', 'DELETE', `${path}?expectedVersion=1`)).status, 404)
    assert.equal((await ask('admin', 'GET', path)).status, 404)
  }
  assert.equal((await ask('admin', 'DELETE', '/api/roles/technician')).status, 400)
})

test('a document that is wrong is refused with the place in it', async (t) => {
  const { ask, read } = await startSecured(t)
  const wrong = (list: string, document: object) => ask('admin', 'PUT', `/api/${list}/x`, { document, expectedVersion: 0, dryRun: true }) // biome-ignore format: one line
  const cases = [
    ['policies', { ...DEFAULT_POLICY, name: 'x', in: [{ match: { acton: 'Reset' }, refuse: true }] }, /^\/document\/in\/0\/match/], // biome-ignore format: one line
    ['policies', { name: 'x', version: 1 }, /^\/document\//],
    [
      'roles',
      { name: 'x', version: 1, allow: [{ actions: 7 }] },
      /^\/document\/allow\/0\/actions$/,
    ],
    ['roles', { name: 'x', version: 0, allow: [] }, /^\/document\/version$/],
    ['roles', { name: 'x', version: 1, allow: [], until: 'tomorrow' }, /^\/document/],
    ['roles', { name: 'x', version: 1, allow: [], description: '\ud800' }, /^\/document$/],
  ] as const
  for (const [list, document, pointer] of cases) {
    const { status, body } = await wrong(list, document)
    assert.equal(status, 422, JSON.stringify(body))
    assert.match(body.pointer, pointer)
    assert.match(body.detail, /^(signature policy|user role): |surrogate/)
  }
  assert.deepEqual((await read('/api/policies')).documents.length, 1)
})

test('rules under which no owner could change them are refused, also in a dry run', async (t) => {
  const { ask } = await startSecured(t)
  const document = { ...DEFAULT_POLICY, version: 2, in: [{ match: {}, refuse: true }] }
  for (const dryRun of [true, false]) {
    const { status, body } = await ask('admin', 'PUT', '/api/policies/default', { document, expectedVersion: 1, dryRun }) // biome-ignore format: one line
    assert.deepEqual([status, body.detail], [409, 'no owner could ask for UpdateSignaturePolicy any more']) // biome-ignore format: one line
  }
  const role = await ask('admin', 'DELETE', '/api/roles/owner?expectedVersion=1')
  assert.equal(role.status, 409)
})

test('who is no admin changes nothing, not even on trial, and reads everything', async (t) => {
  const { ask } = await startSecured(t)
  for (const role of ['viewer', 'operator', 'technician'] as const) {
    const put = await ask(role, 'PUT', '/api/roles/night', { document: night(1), expectedVersion: 0, dryRun: true }) // biome-ignore format: one line
    assert.equal(put.status, 403)
    assert.equal((await ask(role, 'DELETE', '/api/roles/technician?expectedVersion=1')).status, 403)
    assert.equal((await ask(role, 'GET', '/api/roles/technician/history')).status, 200)
  }
})

test('the history tells who changed a document, what it said, and how its trial ended', async (t) => {
  const { net, heartbeat, ask, read, accounts, judge } = await startSecured(t)
  assert.deepEqual(await read('/api/roles/night/history'), { entries: [] })
  const first = (await ask('admin', 'PUT', '/api/roles/night', { document: night(1), expectedVersion: 0 })).body // biome-ignore format: one line
  await net.wait(61)
  await ask('admin', 'PUT', '/api/roles/night', { document: night(2), expectedVersion: 0, dryRun: true }) // biome-ignore format: one line
  await ask('admin', 'PUT', '/api/roles/night', { document: night(2), expectedVersion: 0 })
  await net.wait(2)
  await heartbeat()
  await ask('admin', 'PUT', '/api/roles/day', { document: { ...night(1), name: 'day' }, expectedVersion: 0 }) // biome-ignore format: one line
  await net.wait(61)
  await ask('admin', 'DELETE', '/api/roles/night?expectedVersion=2')
  for (const path of ['/api/policies', '/api/policies/default']) await read(path)
  await net.wait(61)

  const { entries } = await read('/api/roles/night/history')
  for (const path of ['/api/roles', '/api/roles/owner']) await read(path)

  assert.deepEqual(
    entries.map(({ event, version, by, user }: Record<string, unknown>) => [event, version, by, user]), // biome-ignore format: one line
    [
      ['rolled-back', undefined, undefined, undefined],
      ['changed', undefined, 'CSMS01', 'token admin'],
      ['confirmed', 2, undefined, undefined],
      ['changed', 2, 'CSMS01', 'token admin'],
      ['rolled-back', 1, undefined, undefined],
      ['changed', 1, 'CSMS01', 'token admin'],
    ],
  )
  assert.deepEqual(entries.at(-1).document, night(1))
  assert.equal(entries.at(-1).digest, first.documents[0].digest)
  const page = await read('/api/roles/night/history?limit=2')
  assert.equal(page.entries.length, 2)
  const rest = await read(`/api/roles/night/history?before=${page.older}`)
  assert.deepEqual([...page.entries, ...rest.entries], entries)
  assert.deepEqual(await read('/api/policies/night/history'), { entries: [] })
  await read('/api/policies/default/history')
  await ask('admin', 'PUT', '/api/policies/default', { document: strict(2), expectedVersion: 1, dryRun: true }) // biome-ignore format: one line
  await ask('admin', 'DELETE', '/api/policies/default?expectedVersion=1&dryRun=true')
  assert.match(
    accounts
      .audit(20)
      .map(({ what }) => what)
      .join(),
    /PUT \/api\/roles\/:name/,
  )
  assert.deepEqual(
    judge.unseen().filter((member) => /^(Rule|ChangedRule)/.test(member)),
    [],
  )
})

test('a node that signs nothing says so wherever rules are asked for', async (t) => {
  const { ask } = await startApi(t)
  const asked = [
    ['GET', '/api/policies'],
    ['GET', '/api/policies/default'],
    ['GET', '/api/roles/owner/history'],
    ['PUT', '/api/roles/night', { document: night(1), expectedVersion: 0 }],
    ['DELETE', '/api/roles/owner?expectedVersion=1'],
    ['GET', '/api/keys'],
    ['GET', '/api/keys/invitations'],
    ['POST', '/api/keys/invitations', { id: 'NN01' }],
    ['POST', '/api/keys/7/revocation', { reason: 'lost' }],
    ['POST', '/api/keys/revocation-list', {}],
  ] as const
  for (const [method, path, body] of asked) {
    const answer = await ask('admin', method, path, body)
    assert.equal(answer.status, 404, path)
    assert.match(answer.body.detail, /^this node signs nothing and obeys whatever comes/)
  }
  assert.equal((await ask('viewer', 'GET', '/api/overview')).body.keys, undefined)
})
