import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FailedLogins } from '../../src/http/failed-logins.ts'
import { VirtualClock } from '../../src/primitives/clock.ts'
import { AccountStore } from '../../src/storage/account-store.ts'
import { Secret } from '../../src/transport/credentials.ts'
import { storePassword } from '../../src/transport/passwords.ts'
import { startApi } from './api.ts'

/** What the audit log says of those who did not get in. */

interface Entry {
  readonly who: string
  readonly what: string
  readonly object: string
  readonly outcome: number
}

const said = (entries: readonly Entry[]) =>
  entries.map(({ who, what, outcome }) => [who, what, outcome])

test('a login that fails is in the audit log with its account; what is no account is not written', async (t) => {
  const { ask, accounts } = await startApi(t)
  accounts.putUser('anna', 'viewer', {
    password: await storePassword(new Secret('correct horse battery')),
  })
  const logIn = (body: object) => ask(undefined, 'POST', '/api/session', body)

  await logIn({ name: 'ANNA', password: 'guess-of-mallory' })
  await logIn({ name: 'my-secret-password-1', password: 'anna' })
  await logIn({ link: 'made-up-link' })
  await logIn({ name: 'anna', password: 'correct horse battery' })

  const { body } = await ask('admin', 'GET', '/api/audit')
  assert.deepEqual(said(body.entries), [
    ['anna', 'log in', 200],
    ['a login link', 'log in', 401],
    ['nobody known', 'log in', 401],
    ['anna', 'log in', 401],
  ])
  assert.equal(body.entries[1].object, '127.0.0.1')
  assert.doesNotMatch(JSON.stringify(body), /guess-of-mallory|my-secret-password|made-up-link/)
})

test('logins that are refused unlooked-at leave one entry, which says how many they were', async (t) => {
  const { ask, accounts, server } = await startApi(t)
  accounts.putUser('anna', 'viewer')
  const statuses = []
  for (let n = 0; n < 9; n++) {
    const body = { name: 'anna', password: `guess ${n}` }
    statuses.push((await ask(undefined, 'POST', '/api/session', body)).status)
  }
  const wrong = statuses.filter((status) => status === 401).length
  assert.equal(accounts.audit(100).length, wrong)

  await server.stop()

  const [last, ...others] = accounts.audit(100)
  assert.equal(others.length, wrong)
  assert.match(`${last?.who} ${last?.object} ${last?.outcome}`, new RegExp(`^several ${statuses.length - wrong} more attempts since .* 429$`)) // biome-ignore format: one line
})

test('a flood of wrong passwords from everywhere leaves a bounded number of entries an hour', async (t) => {
  const accounts = new AccountStore(':memory:')
  t.after(() => accounts.close())
  const clock = new VirtualClock()
  const failed = new FailedLogins(accounts, clock)
  const flood = () => {
    for (let n = 0; n < 5_000; n++) failed.wrong('anna', `10.0.${n >> 8}.${n & 255}`)
  }

  flood()
  assert.equal(accounts.audit(500).length, 60)
  await clock.advance(3_600_000)
  assert.match(accounts.audit(500)[0]?.object ?? '', /^4940 more attempts since 2026-01-01T00/)
  flood()
  await clock.advance(3_600_000)
  assert.equal(accounts.audit(500).length, 122)
  await clock.advance(3_600_000)

  assert.equal(accounts.audit(500).length, 122, 'an hour without any says nothing')
  assert.equal(clock.pendingTimers, 0)
})
