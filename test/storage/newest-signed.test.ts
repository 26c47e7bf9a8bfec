import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { NewestSignedFile } from '../../src/storage/newest-signed.ts'
import { temporaryFolder } from '../end-to-end/processes.ts'

/** The newest signed time outlives a process; what cannot be read is as if nothing was kept. */

const NOW = 1_800_000_000
const fileIn = (t: TestContext) => join(temporaryFolder(t), 'keys', 'nn01', 'newest-signed.json')

test('what was written last is read by the next process, and only its owner can read it', (t) => {
  const file = fileIn(t)
  const kept = new NewestSignedFile(file)
  assert.equal(kept.read(), undefined)
  kept.write(NOW)
  kept.write(NOW + 10)
  assert.equal(new NewestSignedFile(file).read(), NOW + 10)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.deepEqual(readdirSync(join(file, '..')), ['newest-signed.json'])
})

test('a damaged file counts as none, and the next time is written over it', (t) => {
  const file = fileIn(t)
  mkdirSync(join(file, '..'), { recursive: true })
  const kept = new NewestSignedFile(file)
  for (const text of ['', '{"newest":18000', 'null', '7', '{}', '{"newest":"1800000000"}', '{"newest":-1}', '{"newest":1.5}', '{"newest":1e300}', '\u0000\u0000']) {
    writeFileSync(file, text)
    assert.equal(kept.read(), undefined, text)
  } // biome-ignore format: a list
  kept.write(NOW)
  assert.equal(kept.read(), NOW)
})
