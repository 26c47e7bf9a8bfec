import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { needs } from '../needs.ts'
import { client } from '../support/sockets.ts'
import { startNode, temporaryFolder, until } from './processes.ts'

const PRLIMIT = '/usr/bin/prlimit'

/** From now on no file of the process may become larger, as on a full disk; `unlimited` ends it (the soft limit: anybody may raise it again). */
function limitFiles(pid: number, bytes: number | 'unlimited'): void {
  execFileSync(PRLIMIT, ['--pid', String(pid), `--fsize=${bytes}:`])
}

test('what a CSMS cannot write is refused and not lost, it says so, and goes on when there is room', async (t) => {
  if (!needs(t, PRLIMIT)) return
  const folder = temporaryFolder(t)
  const listen = [{ port: 0, insecure: true }]
  const http = { port: 0, login: false }
  const csms = await startNode(t, folder, { nodeId: 'CSMS01', role: 'csms', listen, http, data: folder, log: 'silent' }) // biome-ignore format: one line
  const station = await client(t, csms.url, { id: 'CS01', protocols: ['ocpp2.0.1'], headers: { authorization: '' } }) // biome-ignore format: one line
  const acknowledged: string[] = []
  let number = 0
  const tell = async () => {
    const id = `m${number++}`
    const timestamp = new Date().toISOString()
    const techInfo = `${id} ${'x'.repeat(200)}`
    station.send(JSON.stringify([2, id, 'SecurityEventNotification', { type: 'StartupOfTheDevice', timestamp, techInfo }])) // biome-ignore format: one line
    const [type] = (await station.take((frame) => frame[1] === id, `an answer to ${id}`)) as [number] // biome-ignore format: one line
    if (type === 3) acknowledged.push(id)
    return type
  }
  const readiness = async () => (await fetch(new URL('ready', csms.console))).status

  assert.equal(await tell(), 3)
  assert.equal(await readiness(), 200)
  const largest = readdirSync(folder).map((name) => statSync(join(folder, name)).size)
  limitFiles(csms.pid, Math.max(...largest) + 16_384)
  await until('a message to be refused', async () => (await tell()) === 4)
  await until('it to be not ready', async () => (await readiness()) === 503)
  assert.equal(await tell(), 4)

  limitFiles(csms.pid, 'unlimited')
  assert.equal(await tell(), 3)
  assert.equal(await readiness(), 200)
  await csms.kill()
  const database = new DatabaseSync(join(folder, 'csms.sqlite'))
  t.after(() => database.close())
  assert.equal(database.prepare('PRAGMA integrity_check').get()?.integrity_check, 'ok')
  const stored = database.prepare('SELECT tech_info FROM security_events ORDER BY id').all()
  const ids = stored.map(({ tech_info }) => String(tech_info).split(' ')[0])
  assert.deepEqual(ids, acknowledged)
})
