import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../end-to-end/processes.ts'
import { startCsmsConsole } from './csms-console.ts'

test('an address of a room is the page whatever its ids look like; what is missing of the page or the API is not there', async (t) => {
  const page = temporaryFolder(t)
  mkdirSync(join(page, 'assets'))
  writeFileSync(join(page, 'index.html'), 'the page')
  writeFileSync(join(page, 'assets', 'main.js'), 'the script')
  const { server } = await startCsmsConsole(t, { page })
  const told = async (path: string) => {
    const answer = await fetch(new URL(path, server.url))
    return answer.status === 200 ? answer.text() : answer.status
  }

  for (const room of [
    '',
    'stations',
    'stations/CS.01',
    'stations/CS.01?x=a.b',
    'roles/a.b',
    'policies/..b',
    'stations/a%2Fb.c',
    'apis',
    'assets.1',
  ]) {
    // biome-ignore format: one list
    assert.equal(await told(`/${room}`), 'the page', room)
  }
  assert.equal(await told('/assets/main.js'), 'the script')
  for (const missing of [
    'assets/none.js',
    'assets/',
    'assets/none',
    'api',
    'api/',
    'api/none',
    'api/a.b',
  ]) {
    // biome-ignore format: one list
    assert.equal(await told(`/${missing}`), 404, missing)
  }
})
