import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { filesBelow, ROOT, textOf } from './source-files.ts'

function generate(option: string): string {
  const { status, stderr } = spawnSync(process.execPath, [join(ROOT, 'scripts/generate-threat-model.ts'), option]) // biome-ignore format: one line
  return status === 0 ? '' : `${stderr}`
}

test('each threat has a test or is left to later work, and no test of a threat is open or left out', () => {
  assert.equal(generate('--check=rows'), '')
})

test('docs/threat-model.md is made from the names of the tests and up to date', () => {
  assert.equal(generate('--check'), '')
})

test('a test of a threat says itself which row it is of, and all of them are found', () => {
  for (const path of filesBelow('test/attacks/threats', '.test.ts')) {
    const text = textOf(path)
    const rows = text.match(/['"`][TA]\d{1,2}: /g) ?? []
    const page = textOf('docs/threat-model.md').split(`](../${path})`).length - 1
    assert.equal(page, rows.length, path)
    for (const [name = ''] of text.matchAll(/^ *test\(\s*['"`].{0,12}/gm)) {
      assert.match(name, /['"`](?:[TA]\d{1,2}: |\$\{what\})/, path)
    }
  }
})
