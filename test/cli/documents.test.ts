import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { loadConfig } from '../../src/cli/config.ts'
import { ROOT, textOf } from '../house/source-files.ts'

/**
 * The guides are followed: their commands are run in one folder, as they are copied, and then their
 * configurations load there, with the files that the commands made and no others.
 */
const PAGES = ['docs/connect-a-station.md', 'docs/connect-a-csms.md']
const folder = mkdtempSync(join(tmpdir(), 'wattweave-guides-'))
const bin = join(folder, 'bin')
const hasOpenssl = spawnSync('/usr/bin/openssl', ['version']).status === 0

function blocksOf(page: string, language: string): string[] {
  const blocks = textOf(page).matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'gm'))
  return [...blocks].map(([, text = '']) => text)
}

before(() => {
  mkdirSync(bin)
  const main = join(ROOT, 'src/cli/main.ts')
  const shim = `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`
  writeFileSync(join(bin, 'wattweave'), shim, { mode: 0o755 })
  assert.ok(hasOpenssl || !process.env.CI, 'needs openssl: apt-get install -y openssl')
  if (!hasOpenssl) return
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` }
  for (const block of PAGES.flatMap((page) => blocksOf(page, 'sh'))) {
    execFileSync('bash', ['-euo', 'pipefail', '-c', block], { cwd: folder, env, stdio: 'pipe' })
  }
})
after(() => rmSync(folder, { recursive: true }))

for (const page of PAGES) {
  const configurations = blocksOf(page, 'yaml')
  assert.ok(configurations.length >= 3)
  for (const [i, block] of configurations.entries()) {
    const skip = hasOpenssl ? false : 'needs openssl'
    test(`configuration ${i + 1} of ${page} loads with what its commands made`, { skip }, () => {
      const file = join(folder, `${i}.yaml`)
      writeFileSync(file, block)
      const config = loadConfig(file)
      assert.match(config.nodeId, /^(NN01|CSMS01|DESK)$/)
      assert.deepEqual(config.warnings, [])
      const { nodeId, peers, downlinks } = config
      // Nobody connects to a desk: it asks.
      const hasWay = nodeId === 'DESK' || peers.length + downlinks.length > 0
      assert.ok(hasWay, 'somebody can connect')
    })
  }
}

test('every wattweave command of the guides has the options that it is shown with', () => {
  const shown = PAGES.flatMap((page) => [...textOf(page).matchAll(/wattweave (run|send|password \w+)[^`\n|]*/g)]) // biome-ignore format: one line
  for (const [command, name = ''] of shown) {
    const help = execFileSync(process.execPath, ['src/cli/main.ts', ...name.split(' '), '--help'], { cwd: ROOT, encoding: 'utf8' }) // biome-ignore format: one line
    for (const [option] of command.matchAll(/--[\w-]+/g)) {
      assert.ok(help.includes(option), `${command} shows ${option}`)
    }
  }
})
