import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { AccountStore } from '../../src/storage/account-store.ts'
import { temporaryFolder } from '../end-to-end/processes.ts'

test('accounts and API tokens of before there were permissions keep what their role had', (t) => {
  const file = join(temporaryFolder(t), 'accounts.sqlite')
  const before = new AccountStore(file)
  before.putUser('vera', 'viewer')
  before.putUser('olga', 'operator')
  const viewer = before.newApiToken('v', 'viewer').secret
  const admin = before.newApiToken('a', 'admin').secret
  before.close()
  const raw = new DatabaseSync(file)
  raw.exec(`ALTER TABLE users DROP COLUMN tokens_read; ALTER TABLE api_tokens DROP COLUMN tokens_read;
    DELETE FROM migrations WHERE name = '2-permissions'`)
  raw.close()

  const store = new AccountStore(file)
  t.after(() => store.close())

  assert.deepEqual(store.users(), [
    { name: 'olga', role: 'operator', permissions: ['tokens:read'] },
    { name: 'vera', role: 'viewer', permissions: [] },
  ])
  assert.deepEqual(store.apiToken(viewer)?.permissions, [])
  assert.deepEqual(store.apiToken(admin)?.permissions, ['tokens:read'])
})

test('what was given or withheld stays when the role changes; what was not goes by the role', (t) => {
  const store = new AccountStore(':memory:')
  t.after(() => store.close())
  store.putUser('olga', 'operator', { permissions: [] })
  store.putUser('vera', 'viewer', { permissions: ['tokens:read'] })
  store.putUser('anna', 'viewer')

  for (const name of ['olga', 'vera', 'anna']) store.putUser(name, 'technician')
  assert.deepEqual(store.users().map(({ permissions }) => permissions.length), [1, 0, 1]) // biome-ignore format: one line
  for (const name of ['olga', 'vera', 'anna']) store.putUser(name, 'viewer')
  assert.deepEqual(store.users().map(({ permissions }) => permissions.length), [0, 0, 1]) // biome-ignore format: one line
})
