import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startConsole } from '../../src/http/server.ts'
import { createNetworkingNode } from '../../src/roles/networking-node/networking-node.ts'
import { AccountStore, includesRole, ROLES, type Role } from '../../src/storage/account-store.ts'
import { Secret } from '../../src/transport/credentials.ts'
import { storePassword } from '../../src/transport/passwords.ts'
import { type Answer, startApi } from './api.ts'

/** Who may what: the whole table, then the ways around it. */

/** The least role of each route; `undefined` lets anybody. A new route has to be entered here. */
const ROUTES: readonly (readonly [method: string, path: string, role: Role | undefined])[] = [
  ['GET', '/api/overview', 'viewer'],
  ['GET', '/api/live', 'viewer'],
  ['GET', '/api/frames', 'viewer'],
  ['GET', '/api/frames/{sequence}', 'viewer'],
  ['GET', '/api/trace', 'viewer'],
  ['GET', '/api/transactions', 'viewer'],
  ['GET', '/api/transactions/{number}', 'viewer'],
  ['GET', '/api/transactions/{number}/meter-values', 'viewer'],
  ['GET', '/api/transactions/{number}/events', 'viewer'],
  ['POST', '/api/transactions/{number}/close', 'operator'],
  ['POST', '/api/simulated-stations', 'technician'],
  ['GET', '/api/session', undefined],
  ['POST', '/api/session', undefined],
  ['DELETE', '/api/session', 'viewer'],
  ['GET', '/api/users', 'admin'],
  ['PUT', '/api/users/{name}', 'admin'],
  ['DELETE', '/api/users/{name}', 'admin'],
  ['GET', '/api/api-tokens', 'admin'],
  ['POST', '/api/api-tokens', 'admin'],
  ['DELETE', '/api/api-tokens/{id}', 'admin'],
  ['GET', '/api/audit', 'admin'],
  ['POST', '/api/stations/{station}/operations/{action}', 'operator'],
  ['GET', '/api/operations', 'viewer'],
  ['GET', '/api/operations/{id}', 'viewer'],
  ['GET', '/api/reservations', 'viewer'],
  ['POST', '/api/stations/{station}/reservations', 'operator'],
  ['DELETE', '/api/stations/{station}/reservations/{id}', 'operator'],
  ['GET', '/api/profiles', 'viewer'],
  ['POST', '/api/stations/{station}/profiles', 'technician'],
  ['DELETE', '/api/stations/{station}/profiles/{id}', 'technician'],
  ['GET', '/api/stations/{station}/local-list', 'viewer'],
  ['PUT', '/api/stations/{station}/local-list', 'technician'],
  ['GET', '/api/security-events', 'viewer'],
  ['GET', '/api/tokens', 'viewer'],
  ['GET', '/api/tokens/{id}', 'viewer'],
  ['POST', '/api/tokens', 'operator'],
  ['PATCH', '/api/tokens/{id}', 'operator'],
  ['DELETE', '/api/tokens/{id}', 'operator'],
  ['GET', '/api/stations', 'viewer'],
  ['GET', '/api/stations/{station}', 'viewer'],
  ['PUT', '/api/stations/{station}', 'technician'],
  ['DELETE', '/api/stations/{station}', 'admin'],
  ['GET', '/api/stations/{station}/messages', 'viewer'],
  ['GET', '/api/keys', 'viewer'],
  ['GET', '/api/keys/{kid}', 'viewer'],
  ['GET', '/api/keys/invitations', 'viewer'],
  ['POST', '/api/keys/invitations', 'admin'],
  ['POST', '/api/keys/{kid}/revocation', 'admin'],
  ['POST', '/api/keys/revocation-list', 'admin'],
  ['POST', '/api/rules/confirmation', 'admin'],
  ['GET', '/api/quarantine', 'viewer'],
  ['POST', '/api/quarantine/{id}/release', 'admin'],
  ['DELETE', '/api/quarantine/{id}', 'admin'],
  ['GET', '/api/policies', 'viewer'],
  ['GET', '/api/policies/{name}', 'viewer'],
  ['GET', '/api/policies/{name}/history', 'viewer'],
  ['PUT', '/api/policies/{name}', 'admin'],
  ['DELETE', '/api/policies/{name}', 'admin'],
  ['GET', '/api/roles', 'viewer'],
  ['GET', '/api/roles/{name}', 'viewer'],
  ['GET', '/api/roles/{name}/history', 'viewer'],
  ['PUT', '/api/roles/{name}', 'admin'],
  ['DELETE', '/api/roles/{name}', 'admin'],
  ['GET', '/api/openapi.json', undefined],
]

/** Routes that are no part of the API: they hold nothing of anybody. */
const OUTSIDE = new Set(['/metrics', '/health', '/ready', '/', '/*'])

test('the description names every route of the API, and no other ones are open', async (t) => {
  const { ask } = await startApi(t)

  const { body } = await ask(undefined, 'GET', '/api/openapi.json')

  assert.match(body.openapi, /^3\.1/)
  const described = Object.entries(body.paths as Record<string, object>)
    .filter(([path]) => !OUTSIDE.has(path))
    .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`)) // biome-ignore format: one chain
  const expected = ROUTES.map(([method, path]) => `${method} ${path}`)
  assert.deepEqual(described.toSorted(), expected.toSorted())
})

for (const [method, path, needed] of ROUTES) {
  if (needed === undefined) continue
  test(`${method} ${path} is for ${needed} and above: nobody below gets an answer`, async (t) => {
    const { ask, server } = await startApi(t)
    const address = path.replace(/\{(\w+)\}/g, (_, name) =>
      name === 'action' ? 'TriggerMessage' : '7',
    )
    const body = method === 'GET' || method === 'DELETE' ? undefined : {}
    const refused: [Role | undefined, number][] = ROLES.filter((role) => !includesRole(role, needed)).map((role) => [role, 403]) // biome-ignore format: one line

    for (const [role, status] of [[undefined, 401] as const, ...refused]) {
      const answer = await ask(role, method, address, body)
      assert.equal(answer.status, status, `${role}`)
      assert.equal(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8')
    }
    const wrong = await ask(undefined, method, address, body, { authorization: 'Bearer ww_guess' })
    assert.equal(wrong.status, 401)

    const stop = new AbortController()
    const token = (await ask('admin', 'POST', '/api/api-tokens', { name: 'n', role: needed })).body.token // biome-ignore format: one line
    const allowed = await fetch(new URL(address, server.url), {
      method,
      signal: stop.signal,
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) }, // biome-ignore format: one record
      ...(body && { body: '{}' }),
    })
    stop.abort() // one of them has no end
    assert.ok(![401, 403].includes(allowed.status), `${allowed.status}`)
  })
}

test('an address that cannot be decoded, or has too long a part, is answered with a problem too', async (t) => {
  const { ask } = await startApi(t)

  for (const [address, status] of [['/api/transactions/%ff', 400], ['/%', 400], [`/api/transactions/${'1'.repeat(2_000)}`, 414]] as const) {
    const answer = await ask('viewer', 'GET', address)
    assert.deepEqual([answer.status, answer.body.status, typeof answer.body.detail], [status, status, 'string']) // biome-ignore format: one line
    assert.equal(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8')
  } // biome-ignore format: three addresses
})

test('a login link lets in once, and a link that was used says what to do', async (t) => {
  const { accounts, ask } = await startApi(t)
  accounts.putUser('anna', 'operator')
  const link = accounts.newLoginLink('anna')

  const first = await ask(undefined, 'POST', '/api/session', { link })
  const second = await ask(undefined, 'POST', '/api/session', { link })

  assert.deepEqual([first.status, first.body.user], [200, { name: 'anna', role: 'operator', permissions: ['tokens:read'] }]) // biome-ignore format: one line
  assert.equal(second.status, 401)
  assert.match(second.body.detail, /wattweave login/)
})

test('a login link is over after 15 minutes, a session after 12 hours', () => {
  let now = 0
  const accounts = new AccountStore(':memory:', () => now)
  accounts.putUser('anna', 'viewer')
  const early = accounts.newLoginLink('anna')
  const late = accounts.newLoginLink('anna')
  now = 14 * 60_000
  const user = accounts.spendLoginLink(early)
  assert.equal(user?.name, 'anna')
  const { secret } = accounts.openSession(user)
  now = 16 * 60_000
  assert.equal(accounts.spendLoginLink(late), undefined)
  assert.ok(accounts.session(secret))
  now += 12 * 3_600_000
  assert.equal(accounts.session(secret), undefined)
  accounts.close()
})

const cookieOf = ({ headers }: Answer) => headers.get('set-cookie')?.split(';')[0] ?? ''

test('a session changes nothing without the token of its own page', async (t) => {
  const { accounts, ask } = await startApi(t)
  accounts.putUser('anna', 'admin')
  const login = await ask(undefined, 'POST', '/api/session', {
    link: accounts.newLoginLink('anna'),
  })
  const cookie = cookieOf(login)
  assert.match(login.headers.get('set-cookie') ?? '', /; Path=\/; HttpOnly; SameSite=Strict$/)
  const enter = (headers: Record<string, string>) =>
    ask(undefined, 'POST', '/api/tokens', { idToken: 'TAG-9' }, { cookie, ...headers })

  assert.equal((await ask(undefined, 'GET', '/api/users', undefined, { cookie })).status, 200)
  assert.equal((await enter({})).status, 403)
  assert.equal((await enter({ 'x-csrf-token': 'guess' })).status, 403)
  assert.equal((await enter({ 'x-csrf-token': login.body.csrf, origin: 'http://evil.example' })).status, 403) // biome-ignore format: one line
  assert.equal((await enter({ 'x-csrf-token': login.body.csrf })).status, 201)
})

test('who logs in gets a session of his own, whatever the browser held before', async (t) => {
  const { accounts, ask } = await startApi(t)
  accounts.putUser('anna', 'viewer')
  accounts.putUser('mallory', 'viewer')
  const planted = cookieOf(await ask(undefined, 'POST', '/api/session', { link: accounts.newLoginLink('mallory') })) // biome-ignore format: one line

  const login = await ask(undefined, 'POST', '/api/session', { link: accounts.newLoginLink('anna') }, { cookie: planted }) // biome-ignore format: one line

  assert.notEqual(cookieOf(login), planted)
  const with_ = (cookie: string) => ask(undefined, 'GET', '/api/session', undefined, { cookie })
  assert.equal((await with_(cookieOf(login))).body.user.name, 'anna')
  assert.deepEqual((await with_(planted)).body, { needsLogin: true })
  assert.equal((await with_(`${planted}; wattweave-session=made-up`)).body.needsLogin, true)
})

test('logging out, another role and another password end a session', async (t) => {
  const { accounts, ask } = await startApi(t)
  const enter = async () => {
    accounts.putUser('anna', 'viewer')
    const login = await ask(undefined, 'POST', '/api/session', { link: accounts.newLoginLink('anna') }) // biome-ignore format: one line
    return { cookie: cookieOf(login), 'x-csrf-token': login.body.csrf as string }
  }
  const isIn = async (headers: Record<string, string>) =>
    !(await ask(undefined, 'GET', '/api/session', undefined, headers)).body.needsLogin

  const first = await enter()
  assert.equal((await ask(undefined, 'DELETE', '/api/session', undefined, first)).status, 204)
  assert.equal(await isIn(first), false)
  const second = await enter()
  await ask('admin', 'PUT', '/api/users/anna', { role: 'operator' })
  assert.equal(await isIn(second), false)
  const third = await enter()
  await ask('admin', 'DELETE', '/api/users/anna')
  assert.equal(await isIn(third), false)
})

test('a wrong password, a wrong user and a user without password are told alike, ever more slowly', async (t) => {
  const { accounts, ask } = await startApi(t)
  accounts.putUser('anna', 'viewer', {
    password: await storePassword(new Secret('correct horse battery')),
  })
  accounts.putUser('link-only', 'viewer')
  const logIn = (name: string, password: string) =>
    ask(undefined, 'POST', '/api/session', { name, password })

  assert.equal((await logIn('anna', 'correct horse battery')).status, 200)
  const details = []
  for (const name of ['anna', 'nobody', 'link-only']) {
    const { status, body } = await logIn(name, 'nobody has this password')
    assert.equal(status, 401)
    details.push(body.detail)
  }
  assert.equal(new Set(details).size, 1)
  for (let i = 0; i < 4; i++) await logIn('anna', 'guess')
  const { status, body } = await logIn('anna', 'guess')
  assert.equal(status, 429)
  assert.match(body.detail, /try again in \d+ s/)
})

test('nobody makes himself more than he is', async (t) => {
  const { ask, accounts } = await startApi(t)
  accounts.putUser('anna', 'technician')

  for (const role of ['viewer', 'operator', 'technician'] as const) {
    assert.equal((await ask(role, 'PUT', '/api/users/anna', { role: 'admin' })).status, 403)
    assert.equal((await ask(role, 'POST', '/api/api-tokens', { name: 'x', role: 'admin' })).status, 403) // biome-ignore format: one line
  }
  for (const body of [{ role: 'root' }, { role: ['admin'] }, { role: 'admin', name: 'bob' }, {}]) {
    assert.equal((await ask('admin', 'PUT', '/api/users/anna', body)).status, 400)
  }
  assert.equal(accounts.user('anna')?.role, 'technician')
})

test('the last admin cannot be taken away', async (t) => {
  const { ask } = await startApi(t)
  await ask('admin', 'PUT', '/api/users/anna', { role: 'admin' })

  assert.equal((await ask('admin', 'DELETE', '/api/users/ANNA')).status, 409)
  assert.equal((await ask('admin', 'PUT', '/api/users/anna', { role: 'viewer' })).status, 409)
  await ask('admin', 'PUT', '/api/users/ben', { role: 'admin' })
  assert.equal((await ask('admin', 'DELETE', '/api/users/anna')).status, 204)
})

test('a withdrawn or expired API token is none', async (t) => {
  const { ask } = await startApi(t)
  const make = (more: object) => ask('admin', 'POST', '/api/api-tokens', { name: 'n', role: 'viewer', ...more }) // biome-ignore format: one line
  const withToken = (token: string) => ask(undefined, 'GET', '/api/stations', undefined, { authorization: `Bearer ${token}` }) // biome-ignore format: one line
  const expired = (await make({ expiresAt: '2020-01-01T00:00:00Z' })).body
  const valid = (await make({ expiresAt: '2999-01-01T00:00:00Z' })).body

  assert.equal((await withToken(expired.token)).status, 401)
  assert.equal((await withToken(valid.token)).status, 200)
  await ask('admin', 'DELETE', `/api/api-tokens/${valid.id}`)
  assert.equal((await withToken(valid.token)).status, 401)
  const listed = JSON.stringify((await ask('admin', 'GET', '/api/api-tokens')).body)
  assert.ok(!listed.includes(valid.token) && !listed.includes('ww_'))
})

test('each change is in the audit log with who, what and how it ended; no secret is', async (t) => {
  const { ask } = await startApi(t)

  await ask('operator', 'POST', '/api/tokens', { idToken: 'TAG-SECRET' })
  await ask('viewer', 'POST', '/api/tokens', { idToken: 'TAG-SECRET' })
  const { body } = await ask('admin', 'GET', '/api/audit')

  const entries = body.entries as { who: string; what: string; outcome: number }[]
  assert.deepEqual(
    entries.map(({ who, what, outcome }) => [who, what, outcome]),
    [
      ['token viewer', 'POST /api/tokens', 403],
      ['token operator', 'POST /api/tokens', 201],
    ],
  )
  assert.ok(!JSON.stringify(body).includes('TAG-SECRET'))
})

test('the audit log says what was made or set, tokens as fingerprints, and no secret', async (t) => {
  const { ask } = await startApi(t)
  await ask('viewer', 'POST', '/api/tokens', { idToken: 'TAG-SECRET', note: 'Anna' })
  const { body: token } = await ask('operator', 'POST', '/api/tokens', { idToken: 'TAG-SECRET', note: 'Anna', groupId: 'FLEET' }) // biome-ignore format: one line
  await ask('operator', 'POST', '/api/tokens', { idToken: 'TAG-SECRET' })
  await ask('operator', 'PATCH', `/api/tokens/${token.id}`, { status: 'Blocked', groupId: null })
  await ask('operator', 'DELETE', `/api/tokens/${token.id}`)
  const { body: made } = await ask('admin', 'POST', '/api/api-tokens', { name: 'meter', role: 'operator' }) // biome-ignore format: one line
  await ask('admin', 'PUT', '/api/users/bob', { role: 'admin', password: 'not-to-be-read' })
  await ask('admin', 'PUT', '/api/users/bob', { role: 'viewer' })

  const { body } = await ask('admin', 'GET', '/api/audit')

  const { id, fingerprint } = token
  const objects = (body.entries as { object: string }[]).map(({ object }) => JSON.parse(object))
  assert.deepEqual(objects.toReversed(), [
    {},
    { id, token: fingerprint, groupIsSet: true, noteIsSet: true },
    { token: fingerprint },
    { id, token: fingerprint, status: 'Blocked', groupIsSet: false },
    { id, token: fingerprint },
    { id: made.id, name: 'meter', role: 'operator', permissions: ['tokens:read'] },
    { name: 'bob', role: 'admin', passwordIsSet: true },
    { name: 'bob', role: 'viewer', passwordIsSet: false },
  ])
  for (const secret of ['TAG-SECRET', 'Anna', 'FLEET', 'not-to-be-read', made.token]) {
    assert.ok(!JSON.stringify(body).includes(secret), secret)
  }
})

test('who asks without end is told to wait, and for how long', async (t) => {
  const node = createNetworkingNode({ nodeId: 'NN01', links: [] })
  const view = { node, role: 'networking-node' as const, version: '0', stationUrls: [], insecure: false, store: undefined } // biome-ignore format: one record
  const server = await startConsole({ host: '127.0.0.1', port: 0, page: undefined, maxRequestsPerMinute: 5, view }) // biome-ignore format: one line
  t.after(() => server.stop())
  const ask = () => fetch(new URL('/api/overview', server.url))
  for (let i = 0; i < 5; i++) assert.equal((await ask()).status, 200)

  const refused = await ask()

  assert.equal(refused.status, 429)
  assert.ok(Number(refused.headers.get('retry-after')) > 0)
  assert.match(((await refused.json()) as { detail: string }).detail, /retry in/)
})
