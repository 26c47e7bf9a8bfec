import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { loadConfig } from '../../src/cli/config.ts'
import { temporaryFolder } from '../end-to-end/processes.ts'
import { textOf } from '../house/source-files.ts'

/** The configurations that the guides show are ones that load. */
for (const page of ['docs/connect-a-station.md', 'docs/connect-a-csms.md']) {
  const blocks = [...textOf(page).matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(
    ([, text = '']) => text,
  )
  for (const [i, block] of blocks.entries()) {
    test(`configuration ${i + 1} of ${page} is valid`, (t) => {
      const folder = temporaryFolder(t)
      for (const [, file = ''] of block.matchAll(/\w+File: (\S+)/g)) {
        mkdirSync(join(folder, dirname(file)), { recursive: true })
        writeFileSync(join(folder, file), 'content of a file')
      }
      writeFileSync(join(folder, 'node.yaml'), block)
      assert.equal(loadConfig(join(folder, 'node.yaml')).nodeId, 'NN01')
    })
  }
  assert.ok(blocks.length >= 3)
}
