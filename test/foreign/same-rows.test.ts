import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { PROTOCOLS } from '../../src/messages/protocols.ts'
import { cutMember } from '../../src/wire/member.ts'
import { passwordOf, startChain } from '../end-to-end/processes.ts'
import { idOf, runDay } from './days.ts'
import { foreignStation } from './rpc.ts'

/** When a row was made may differ, and the envelope: its id is drawn each time, its path is that of the hops. */
const OTHERS = new Set(['received_at', 'seen_at', 'booted_at', 'status_at', 'message_id', 'head', 'tail']) // biome-ignore format: one list
const TABLES = ['stations', 'connectors', 'transactions', 'transaction_events', 'meter_values', 'messages'] // biome-ignore format: one line

/** Everything the CSMS holds after one station of each version had its day behind so many nodes. */
async function rowsOver(t: TestContext, nodes: number) {
  const { edge, folder } = await startChain(t, nodes, { stations: PROTOCOLS.map(idOf) })
  for (const protocol of PROTOCOLS) {
    const identity = idOf(protocol)
    const { password } = passwordOf(folder, identity)
    const options = { identity, protocols: [protocol], password }
    const station = await foreignStation(t, edge.url, options)
    await runDay(station, protocol, true)
    await station.close()
  }
  const database = new DatabaseSync(join(folder, 'csms.sqlite'), { readOnly: true })
  try {
    return TABLES.flatMap((table) =>
      database.prepare(`SELECT * FROM ${table} ORDER BY 1, 2, 3`).all().map((row) => ({ table, ...plain(row) }))) // biome-ignore format: one chain
  } finally {
    database.close()
  }
}

function plain(row: Record<string, unknown>) {
  const entries = Object.entries(row).filter(([name]) => !OTHERS.has(name))
  return Object.fromEntries(
    entries.map(([name, value]) => [name, value instanceof Uint8Array ? Buffer.from(cutMember(value, 'signatures')).toString() : value]), // biome-ignore format: one pair
  )
}

test('foreign stations leave the same rows and the same payload bytes directly, behind one node and behind three', async (t) => {
  const direct = await rowsOver(t, 0)
  assert.ok(direct.filter(({ table }) => table === 'messages').length >= 15)
  assert.ok(direct.some(({ table }) => table === 'meter_values'))
  assert.equal(direct.filter(({ table }) => table === 'transactions').length, 3)
  assert.deepEqual(await rowsOver(t, 1), direct)
  assert.deepEqual(await rowsOver(t, 3), direct)
})
