import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Permission, Role } from '../../src/storage/account-store.ts'
import { Secret } from '../../src/transport/credentials.ts'
import { storePassword } from '../../src/transport/passwords.ts'
import { client } from '../support/sockets.ts'
import { type Answer, type Api, startApi } from './api.ts'

/** `tokens:read`: who may read id tokens, whatever else he may, and who may let others. */

const TAG = 'TAG-SECRET'
const READ: readonly Permission[] = ['tokens:read']
const PASSWORD = 'correct horse battery'

type Ask = (method: string, path: string, body?: unknown) => Promise<Answer>

/** Asks with an API token that has these permissions, whatever is usual for its role. */
function asker(api: Api, role: Role, permissions: readonly Permission[]): Ask {
  const { secret } = api.accounts.newApiToken(`${role} ${permissions}`, role, { permissions })
  return (method, path, body) => api.ask(undefined, method, path, body, { authorization: `Bearer ${secret}` }) // biome-ignore format: one line
}

/** A CSMS that knows a token, and a station that has said it. */
async function start(t: TestContext): Promise<Api> {
  const api = await startApi(t)
  await api.ask('admin', 'POST', '/api/tokens', { idToken: TAG, groupId: 'FLEET', note: 'Anna' })
  const station = await client(t, api.stationUrl, { headers: { authorization: '' } })
  const at = '2026-01-05T11:00:00.000Z'
  for (const [action, payload] of [
    ['BootNotification', { chargePointVendor: 'V', chargePointModel: 'M' }],
    ['StartTransaction', { connectorId: 1, idTag: TAG, meterStart: 1, timestamp: at }],
    ['SecurityEventNotification', { type: 'InvalidMessages', timestamp: at, techInfo: `of ${TAG} here` }],
  ] as const) {
    station.send(JSON.stringify([2, action, action, payload]))
    await station.take((frame) => frame[1] === action, action)
  } // biome-ignore format: three messages
  await api.store.write(() => {
    api.store.localLists.change('CS01', { version: 3, isFull: true, entries: [{ idToken: TAG, status: 'Accepted', groupId: 'FLEET' }] }, at) // biome-ignore format: one line
  })
  return api
}

test('who lacks tokens:read reads no id token anywhere, be it an admin, and cannot look for one', async (t) => {
  const api = await start(t)
  for (const role of ['viewer', 'operator', 'technician', 'admin'] as const) {
    const ask = asker(api, role, [])
    for (const path of ['/api/tokens', '/api/tokens/1', '/api/tokens/2', '/api/transactions', '/api/transactions/1', '/api/stations/CS01', '/api/security-events', '/api/stations/CS01/messages', '/api/stations/CS01/local-list']) {
      const text = JSON.stringify((await ask('GET', path)).body)
      for (const secret of [TAG, 'FLEET', 'Anna']) assert.ok(!text.includes(secret), `${role} ${path}`)
    } // biome-ignore format: some paths
    for (const path of ['/api/tokens?search=TAG', `/api/transactions?idToken=${TAG}`]) {
      const { status, body } = await ask('GET', path)
      assert.deepEqual([status, /tokens:read/.test(body.detail)], [403, true], `${role} ${path}`)
    }
  }
})

test('who changes tokens and may not read them is not told what was there', async (t) => {
  const api = await start(t)
  const ask = asker(api, 'operator', [])
  const { body: page } = await ask('GET', '/api/tokens')
  const { body: read } = await api.ask('admin', 'GET', '/api/tokens?search=tag-secret')
  const [{ id }] = read.tokens

  const changed = await ask('PATCH', `/api/tokens/${id}`, { status: 'Blocked' })
  const entered = await ask('POST', '/api/tokens', { idToken: 'TAG-NEW', note: 'Ben' })

  assert.deepEqual([changed.status, changed.body.status, entered.status], [200, 'Blocked', 201])
  assert.deepEqual(Object.keys(changed.body).filter((name) => ['idToken', 'note', 'groupId'].includes(name)), []) // biome-ignore format: one line
  assert.equal(changed.body.fingerprint, page.tokens.find((token: { id: number }) => token.id === id).fingerprint) // biome-ignore format: one line
  const { body } = await api.ask('admin', 'GET', `/api/tokens/${id}`)
  assert.deepEqual([body.note, body.groupId], ['Anna', 'FLEET'], 'what was not said stays')
})

test('a viewer who is given tokens:read reads tokens, and may no more than that', async (t) => {
  const api = await start(t)
  const ask = asker(api, 'viewer', READ)

  assert.ok(JSON.stringify((await ask('GET', '/api/tokens')).body).includes('TAG-SECRET'))
  assert.equal((await ask('GET', `/api/transactions?idToken=${TAG}`)).body.transactions[0].idToken.toUpperCase(), TAG) // biome-ignore format: one line
  assert.match(JSON.stringify((await ask('GET', '/api/security-events')).body), /of TAG-SECRET here/) // biome-ignore format: one line
  assert.equal((await ask('GET', '/api/stations/CS01/local-list')).body.entries[0].groupId, 'FLEET')
  assert.equal((await ask('POST', '/api/tokens', { idToken: 'TAG-NEW' })).status, 403)
})

test('who lacks a permission gives it to nobody: not to a new account, an old one, a token or herself', async (t) => {
  const api = await startApi(t)
  const ask = asker(api, 'admin', [])
  api.accounts.putUser('vera', 'viewer')
  api.accounts.putUser('olga', 'operator', { password: await storePassword(new Secret(PASSWORD)) })
  const permissionsOf = (name: string) => api.accounts.user(name)?.permissions

  for (const [path, body] of [
    ['/api/users/new', { role: 'viewer', permissions: READ }],
    ['/api/users/vera', { role: 'viewer', permissions: READ }],
    ['/api/users/vera', { role: 'admin', permissions: READ }],
    ['/api/users/olga', { role: 'operator', password: PASSWORD }], // and log in as her
    ['/api/users/olga', { role: 'operator', password: PASSWORD, permissions: READ }],
  ] as const) {
    const { status, body: problem } = await ask('PUT', path, body)
    assert.deepEqual([status, /tokens:read/.test(problem.detail)], [403, true], `${path} ${JSON.stringify(body)}`) // biome-ignore format: one line
  }
  assert.equal((await ask('POST', '/api/api-tokens', { name: 'n', role: 'viewer', permissions: READ })).status, 403) // biome-ignore format: one line
  assert.deepEqual([permissionsOf('vera'), permissionsOf('olga'), permissionsOf('new')], [[], READ, undefined]) // biome-ignore format: one line
})

test('where nobody asks for it, what cannot be given is withheld', async (t) => {
  const api = await startApi(t)
  const ask = asker(api, 'admin', [])
  api.accounts.putUser('vera', 'viewer')
  api.accounts.putUser('olga', 'operator')

  const answers = [
    await ask('PUT', '/api/users/new', { role: 'admin', password: PASSWORD }),
    await ask('PUT', '/api/users/vera', { role: 'operator' }),
    await ask('POST', '/api/api-tokens', { name: 'n', role: 'admin' }),
  ]
  for (const { status, body } of answers) assert.deepEqual([status < 300, body.permissions], [true, []]) // biome-ignore format: one line
  assert.deepEqual((await ask('PUT', '/api/users/olga', { role: 'technician' })).body.permissions, READ, 'hers before') // biome-ignore format: one line
  assert.deepEqual((await ask('PUT', '/api/users/olga', { role: 'operator', password: PASSWORD, permissions: [] })).body.permissions, []) // biome-ignore format: one line
})

test('an admin gives and withholds it; what is not said stays, and the session says what one has', async (t) => {
  const { ask, accounts } = await startApi(t)
  const put = async (body: object) => (await ask('admin', 'PUT', '/api/users/anna', body)).body.permissions // biome-ignore format: one line

  assert.deepEqual(await put({ role: 'viewer' }), [])
  assert.deepEqual(await put({ role: 'operator' }), READ)
  assert.deepEqual(await put({ role: 'operator', permissions: [] }), [])
  assert.deepEqual(await put({ role: 'technician', password: PASSWORD }), [], 'it stays withheld')
  const login = await ask(undefined, 'POST', '/api/session', { name: 'anna', password: PASSWORD })
  const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? ''
  const session = await ask(undefined, 'GET', '/api/session', undefined, { cookie })
  for (const { body } of [login, session]) assert.deepEqual(body.user, { name: 'anna', role: 'technician', permissions: [] }) // biome-ignore format: one line
  assert.deepEqual(await put({ role: 'viewer', permissions: READ }), READ)
  assert.equal((await ask(undefined, 'GET', '/api/session', undefined, { cookie })).body.needsLogin, true) // biome-ignore format: one line
  const listed = (await ask('admin', 'GET', '/api/users')).body.users
  assert.deepEqual(listed, [{ name: 'anna', role: 'viewer', permissions: READ }])
  const made = await ask('admin', 'POST', '/api/api-tokens', { name: 'n', role: 'operator', permissions: [] }) // biome-ignore format: one line
  assert.deepEqual([made.body.permissions, accounts.apiToken(made.body.token)?.permissions], [[], []]) // biome-ignore format: one line
  for (const permissions of [
    'tokens:read',
    ['tokens:write'],
    ['tokens:read', 'tokens:read'],
    null,
  ]) {
    assert.equal((await ask('admin', 'PUT', '/api/users/anna', { role: 'admin', permissions })).status, 400) // biome-ignore format: one line
  }
})
