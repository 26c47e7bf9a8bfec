import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { WebSocket } from 'ws'
import { loadConfig } from '../../src/cli/config.ts'
import { openSecurity } from '../../src/cli/config-security.ts'
import { randomFraction, seededRandomness } from '../../src/primitives/randomness.ts'
import { CsmsStore } from '../../src/storage/csms-store.ts'
import { needs } from '../needs.ts'
import { SEED } from '../seed.ts'
import { type Act, diskAfter, readTrace, traced } from './disk-trace.ts'
import { startNode, temporaryFolder, until } from './processes.ts'

/**
 * The power goes: of what was written and not synced, some sectors are on the disk and others are
 * not. A real CSMS process is watched while stations talk to it; disks of any moment are put
 * together from what it did, and opened again.
 */

const STATIONS = 12
const SESSIONS = 6
const READINGS = 12
/** Moments that are tried. One: `SEED=n CUTS=1`. */
const CUTS = Number(process.env.CUTS ?? (process.env.SOAK === '1' ? 200 : 40))

/** Messages by their ids, as they were sent; the payload of each is like no other. */
type Sent = ReadonlyMap<string, string>

/** What stations said to a CSMS, and what it did meanwhile. */
async function busyHour(t: TestContext): Promise<{ sent: Sent; acts: Act[] }> {
  const folder = temporaryFolder(t)
  const prefix = join(folder, 'trace')
  const data = join(folder, 'data')
  // Made at the first start and never again; what is to be seen here are the databases.
  mkdirSync(data)
  writeFileSync(join(data, 'fingerprint.key'), 'k'.repeat(32))
  const config = { nodeId: 'CSMS01', role: 'csms', data, tokens: ['TAG-1'], listen: [{ port: 0, insecure: true }], log: 'silent' } // biome-ignore format: one line
  const file = join(folder, 'CSMS01.yaml')
  writeFileSync(file, JSON.stringify(config))
  openSecurity(loadConfig(file))
  const csms = await startNode(t, folder, config, traced(prefix))
  const sent = new Map<string, string>()
  const stations = Array.from({ length: STATIONS }, (_, i) => talk(csms.url, `CS${i + 10}`, sent))
  await Promise.all(stations)
  await csms.kill()
  const acts = await until('the trace to be written', () => readTrace(prefix, csms.pid, data))
  return { sent, acts }
}

async function talk(url: string, id: string, sent: Map<string, string>): Promise<void> {
  const socket = new WebSocket(`${url}${id}`, ['ocpp1.6'])
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  let seconds = 0
  const call = (action: string, of: (timestamp: string) => object) =>
    new Promise<Record<string, unknown>>((resolve) => {
      const timestamp = new Date(Date.UTC(2026, 0, 1) + seconds++ * 1_000).toISOString()
      const messageId = `${id}-${seconds}`
      const payload = JSON.stringify(of(timestamp))
      sent.set(messageId, payload)
      socket.once('message', (data) => resolve(JSON.parse(String(data))[2]))
      socket.send(`[2,"${messageId}","${action}",${payload}]`)
    })
  await call('BootNotification', () => ({ chargePointVendor: 'V', chargePointModel: id }))
  for (let session = 0; session < SESSIONS; session++) {
    const { transactionId } = await call('StartTransaction', (timestamp) => ({ connectorId: 1, idTag: 'TAG-1', meterStart: session, timestamp, reservationId: Number(id.slice(2)) })) // biome-ignore format: one line
    for (let reading = 0; reading < READINGS; reading++) {
      await call('MeterValues', (timestamp) => ({ connectorId: 1, transactionId, meterValue: [{ timestamp, sampledValue: [{ value: `${session}` }, { value: '16', measurand: 'Current.Import', unit: 'A' }] }] })) // biome-ignore format: one line
    }
    await call('StopTransaction', (timestamp) => ({ transactionId, meterStop: session, timestamp }))
  }
  socket.terminate()
}

/** The ids of the messages that were answered among the first `count` acts. */
function answeredBy(acts: readonly Act[], count: number): string[] {
  return acts.slice(0, count).flatMap((act) => {
    if (act.does !== 'say') return []
    return [...act.text.matchAll(/\[3,"([^"]+)",/g)].map(([, id = '']) => id)
  })
}

test('after a power cut at any moment every answered message is there, none twice, with its effect', async (t) => {
  if (!needs(t, '/usr/bin/strace')) return
  const { sent, acts } = await busyHour(t)
  assert.equal(new Set(answeredBy(acts, acts.length)).size, sent.size, 'all were answered')
  const isCheckpoint = (act: Act) => act.does === 'write' && act.file.endsWith('.sqlite')
  const first = acts.findIndex(({ does }) => does === 'say')
  assert.ok(acts.slice(first).some(isCheckpoint), 'a checkpoint was among it')
  const random = seededRandomness(SEED)
  const chance = () => randomFraction(random)
  const answers = acts.flatMap((act, i) => (act.does === 'say' ? [i + 1] : []))

  for (let cut = 0; cut < CUTS; cut++) {
    const folder = join(temporaryFolder(t), 'disk')
    mkdirSync(folder)
    // Every other time just after something was said: that is when it has to be there.
    const moment = cut % 2 ? answers[Math.floor(chance() * answers.length)] : Math.ceil(chance() * acts.length) // biome-ignore format: one line
    assert.ok(moment)
    diskAfter(acts, moment, folder, chance)
    assertKept(folder, new Set(answeredBy(acts, moment)), sent, `cut ${cut} after act ${moment}`)
  }
})

function assertKept(folder: string, answered: ReadonlySet<string>, sent: Sent, when: string): void {
  const file = join(folder, 'csms.sqlite')
  new CsmsStore(file).close()
  const db = new DatabaseSync(file, { readOnly: true })
  try {
    assert.equal(db.prepare('PRAGMA integrity_check').get()?.integrity_check, 'ok', when)
    const kept = new Map<string, number>()
    for (const { payload } of db.prepare('SELECT payload FROM messages').all()) {
      const text = Buffer.from(payload as Uint8Array).toString()
      kept.set(text, (kept.get(text) ?? 0) + 1)
    }
    for (const [id, payload] of sent) {
      const count = kept.get(payload) ?? 0
      assert.ok(count <= 1, `${when}: ${id} is there ${count} times`)
      if (answered.has(id)) assert.equal(count, 1, `${when}: ${id} was answered and is lost`)
    }
    const count = (of: string) => Number(db.prepare(`SELECT COUNT(*) AS n FROM ${of}`).get()?.n)
    const said = (action: string) => count(`messages WHERE action = '${action}'`)
    // What a message says is there with it, and nothing without one.
    assert.equal(count('meter_values'), 2 * said('MeterValues'), when)
    assert.equal(count('transactions'), said('StartTransaction'), when)
    assert.equal(count('transactions WHERE ended_at IS NOT NULL'), said('StopTransaction'), when)
  } finally {
    db.close()
  }
}
