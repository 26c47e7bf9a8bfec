import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { filesBelow, ROOT, textOf } from '../house/source-files.ts'
import { startExecutable, startNode, temporaryFolder, until } from './processes.ts'

const run = promisify(execFile)

test('every documented command marked to be run succeeds', async () => {
  const blocks = ['README.md', 'CONTRIBUTING.md', ...filesBelow('docs', '.md')].flatMap((path) =>
    [...textOf(path).matchAll(/^```sh run\n([\s\S]*?)^```/gm)].map(([, block = '']) => block),
  )
  assert.ok(blocks.length > 0)
  for (const block of blocks) await run('bash', ['-euo', 'pipefail', '-c', block], { cwd: ROOT })
})

test('a mistake in a configuration ends with status 2 and one line that says where', async (t) => {
  const file = join(temporaryFolder(t), 'wrong.yaml')
  writeFileSync(file, 'nodeId: A\nrole: cms\n')
  const process = startExecutable(t, 'run', file)
  await until('the error', () => process.errors().endsWith('\n'))
  assert.match(
    process.errors(),
    /^wattweave: .*wrong\.yaml:2:1: role must be one of [^\n]*\n {2}[^\n]+\n$/,
  )
  assert.equal(await process.ended, 2)
})

test('a mistyped command names the nearest', async (t) => {
  const process = startExecutable(t, 'dmeo')
  await until('the error', () => process.errors().includes('Did you mean demo?'))
})

test('a port that is in use is said in one line', async (t) => {
  const folder = temporaryFolder(t)
  const first = await startNode(t, folder, {
    nodeId: 'A',
    role: 'networking-node',
    listen: [{ port: 0 }],
  })
  const file = join(folder, 'b.yaml')
  const port = new URL(first.url).port
  writeFileSync(file, `nodeId: B\nrole: networking-node\nlisten: [{ port: ${port} }]\n`)
  const second = startExecutable(t, 'run', file)
  await until('the error', () => second.errors().endsWith('\n'))
  assert.match(
    second.errors(),
    /^wattweave: listen EADDRINUSE[^\n]*\n {2}choose another port[^\n]*\n$/,
  )
})

test('a node ends in peace when asked to', async (t) => {
  const folder = temporaryFolder(t)
  const node = await startNode(t, folder, {
    nodeId: 'A',
    role: 'networking-node',
    listen: [{ port: 0 }],
  })
  assert.equal(await node.stop(), 0)
})
