import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { loadConfig } from '../../src/cli/config.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

function write(t: TestContext, text: string, name = 'node.yaml'): string {
  const folder = mkdtempSync(join(tmpdir(), 'wattweave-config-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

test('every example configuration is valid', () => {
  const folder = join(ROOT, 'examples/config')
  const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'))
  assert.ok(files.length >= 3)
  for (const file of files) assert.ok(loadConfig(join(folder, file)).nodeId)
})

test('docs/config.md is made from the schema and up to date', () => {
  execFileSync(process.execPath, [join(ROOT, 'scripts/generate-docs.ts'), '--check'])
})

test('docs/conformance.md says of each action who obeys it, and names tests that have a word of it', () => {
  execFileSync(process.execPath, [join(ROOT, 'scripts/generate-conformance.ts'), '--check'])
})

// biome-ignore format: a table
const MISTAKES: [string, string, RegExp][] = [
  ['an unknown setting', 'nodeId: A\nrole: csms\nlisten: [{port: 0}]\nprot: 1', /:4:1: prot is not a setting/],
  ['an unknown setting inside', 'nodeId: A\nrole: csms\nlisten:\n  - port: 0\n    hots: x', /:5:5: listen\.0\.hots is not a setting/],
  ['a wrong role', 'nodeId: A\nrole: station', /:2:1: role must be one of csms, networking-node/],
  ['a missing role', 'nodeId: A', /the file lacks the setting "role"/],
  ['a port that is none', 'nodeId: A\nrole: csms\nlisten: [{port: 70000}]', /:3:11: listen\.0\.port must be <= 65535/],
  ['a reserved name', 'nodeId: CSMS\nrole: csms\nlisten: [{port: 0}]', /:1:1: nodeId is not a legal node id/],
  ['nobody can connect', 'nodeId: A\nrole: csms', /listen is missing/],
  ['a station without uplink', 'nodeId: A\nrole: charging-station\ntokens: [T]', /uplinks must name the one CSMS/],
  ['broken YAML', 'nodeId: "A', /node\.yaml:\d+:\d+: /],
  ['a missing password file', 'nodeId: A\nrole: csms\nlisten: [{port: 0}]\npeers: [{id: B, passwordFile: nope}]', /:4:17: peers\.0\.passwordFile names a file that cannot be used: no such file/],
]

for (const [what, text, expected] of MISTAKES) {
  test(`${what} is refused with its place`, (t) => {
    assert.throws(() => loadConfig(write(t, text)), expected)
  })
}

test('a password is read from its file and cannot be printed', (t) => {
  const file = write(
    t,
    'nodeId: A\nrole: csms\nlisten: [{port: 0}]\npeers: [{id: B, passwordFile: node.yaml}]',
  )
  const { password } = loadConfig(file).peers[0] ?? {}
  assert.match(password?.reveal() ?? '', /nodeId/)
  assert.equal(`${password}`, '[secret]')
  assert.equal(JSON.stringify({ password }), '{"password":"[secret]"}')
})
