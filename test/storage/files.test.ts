import assert from 'node:assert/strict'
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { OverlayError } from '../../src/errors.ts'
import { CsmsStore } from '../../src/storage/csms-store.ts'
import { Database } from '../../src/storage/database.ts'
import { migrate } from '../../src/storage/migrations.ts'
import { temporaryFolder } from '../end-to-end/processes.ts'

/** Files that are new, old, newer than the program, or broken. */

const fileIn = (t: TestContext) => join(temporaryFolder(t), 'csms.sqlite')
const FILL = { name: '1', up: (db: Database) => db.script('CREATE TABLE a (n); INSERT INTO a VALUES (1)') } // biome-ignore format: one line
const hasCode = (code: string) => (error: unknown) =>
  error instanceof OverlayError && error.code === code

test('each migration runs once, in order, whenever the file is opened', (t) => {
  const file = fileIn(t)
  const grow = { name: '2', up: (db: Database) => db.script('UPDATE a SET n = n + 10') }

  for (const steps of [[FILL], [FILL, grow], [FILL, grow]]) {
    const db = new Database(file)
    migrate(db, steps)
    db.close()
  }

  const db = new Database(file)
  t.after(() => db.close())
  assert.deepEqual(db.all('SELECT n FROM a').map(({ n }) => n), [11]) // biome-ignore format: one line
})

test('a migration that fails leaves nothing of itself, and is tried again', (t) => {
  const file = fileIn(t)
  const db = new Database(file)
  t.after(() => db.close())
  const broken = {
    name: '1',
    up(db: Database) {
      FILL.up(db)
      throw new Error('no')
    },
  }

  assert.throws(() => migrate(db, [broken]), /no/)
  assert.deepEqual(db.all("SELECT name FROM sqlite_master WHERE name = 'a'"), [])
  migrate(db, [FILL])
  assert.equal(db.all('SELECT * FROM a').length, 1)
})

test('a file of a newer version is refused, and left as it is', (t) => {
  const file = fileIn(t)
  const newer = new Database(file)
  migrate(newer, [{ name: '9-from-the-future', up: () => {} }])
  newer.close()

  assert.throws(() => new CsmsStore(file), hasCode('ERR_STORE_NEWER'))
})

test('a file that is damaged or no database is refused by name, and left as it is', (t) => {
  const noDatabase = fileIn(t)
  writeFileSync(noDatabase, 'These are my notes.\n'.repeat(100))
  const damaged = fileIn(t)
  new CsmsStore(damaged).close()
  const bytes = readFileSync(damaged)
  writeFileSync(damaged, bytes.fill(0xff, 100, 4096))

  for (const file of [noDatabase, damaged]) {
    const before = readFileSync(file)
    assert.throws(
      () => new CsmsStore(file),
      (error) => hasCode('ERR_STORE_DAMAGED')(error) && String(error).includes(file),
    )
    assert.deepEqual(readFileSync(file), before)
  }
})

test('when the disk is full what does not fit is refused, and what was kept can be read', async (t) => {
  const db = new Database(fileIn(t), 'CREATE TABLE a (text TEXT)')
  t.after(() => db.close())
  db.run('PRAGMA max_page_count = 20')
  const add = (text: string) => db.write(() => db.run('INSERT INTO a VALUES (?)', text))

  await add('kept')
  await assert.rejects(add('x'.repeat(1_000_000)), /full/)
  await add('small')

  assert.deepEqual(db.all('SELECT text FROM a').map(({ text }) => text), ['kept', 'small']) // biome-ignore format: one line
})

test('what is kept can be read by nobody else, and a mode that somebody has set stays', (t) => {
  const folder = join(temporaryFolder(t), 'data')
  const file = join(folder, 'csms.sqlite')
  const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)
  const mask = process.umask(0)
  t.after(() => void process.umask(mask))
  const store = new CsmsStore(file)

  assert.deepEqual([modeOf(folder), modeOf(file), modeOf(`${file}-wal`)], ['700', '600', '600'])
  store.close()
  chmodSync(file, 0o640)
  new CsmsStore(file).close()
  assert.equal(modeOf(file), '640')
})
