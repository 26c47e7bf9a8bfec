import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { canonicalizeBytes, parseStrict } from '../../src/security/canonical.ts'
import { sha256 } from '../../src/security/jwk.ts'
import { signStatement, verifyStatement } from '../../src/security/statement.ts'
import { dataFields, knowingAll, signerOf } from './keys.ts'

const text = readFileSync(new URL('../../docs/security.md', import.meta.url), 'utf8')
const blocks = (language: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)\\n\`\`\``, 'gms'))].map(
    ([, block]) => block ?? '',
  )
const [payload = '', header = '', entry = ''] = blocks('json')
const [recipe = ''] = blocks('sh')

test('the worked example of docs/security.md is what we sign, byte for byte', async () => {
  const bytes = Buffer.from(payload)
  assert.deepEqual(Buffer.from(canonicalizeBytes(bytes)), bytes)
  const signed = await signStatement(bytes, dataFields(sha256(bytes)), signerOf('Ed25519'))
  assert.deepEqual(parseStrict(Buffer.from(entry)), { ...signed })
  assert.equal(Buffer.from(signed.protected, 'base64url').toString(), header)
  const options = {
    expected: { kind: 'data', ctx: 'urn:wattweave:test' },
    keyOf: knowingAll,
  } as const
  assert.equal(verifyStatement(bytes, [JSON.parse(entry)], options).status, 'verified')
})

test('openssl verifies it by the recipe of docs/security.md, and nothing else', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'wattweave-recipe-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const run = (script: string) =>
    spawnSync('bash', ['-ec', script], { cwd: folder, encoding: 'utf8' })
  const good = run(recipe)
  assert.match(good.stdout, /Signature Verified Successfully/, good.stderr)
  assert.equal(good.status, 0)
  const changed = recipe.replace('"tariffId":"T1"', '"tariffId":"T2"')
  assert.notEqual(changed, recipe)
  assert.doesNotMatch(run(changed).stdout, /Successfully/)
})
