import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { CsmsStore } from '../src/storage/csms-store.ts'
import { removeFolder, temporaryFolder } from './support/processes.ts'
import { type Bench, type Measured, type Row, rateRow, round } from './support/rows.ts'

/**
 * Meter values stored per CPU second, each looked for first so that none is there twice, in ticks of
 * 200 that are on disk before they count; and what a transaction takes on disk.
 */

const PER_TICK = 200
/** An hour of charging: 60 messages of 4 values. */
const MESSAGES = 60

export const storage: Bench = async function* ({ isSmoke, isFull }) {
  const rows = isSmoke ? 2_000 : 20_000
  const rounds = isSmoke ? 1 : isFull ? 9 : 5
  const ours: Measured[] = []
  const theirs: Measured[] = []
  for (let i = 0; i < rounds; i++) {
    ours.push(await measure(rows, storeValues))
    theirs.push(await measure(rows, insertRows))
  }
  // biome-ignore format: one line
  const names = { bench: 'storage', case: 'meter values, each once', unit: 'rows/cpu-s', baseline: 'bare node:sqlite inserts', target: 0.2 }
  yield rateRow(names, ours, theirs)
  yield await bytesPerTransaction(isSmoke ? 20 : 500)
}

async function measure(rows: number, run: (file: string, rows: number) => Promise<void>) {
  const folder = temporaryFolder({})
  const before = process.cpuUsage()
  await run(join(folder, 'csms.sqlite'), rows)
  const { user, system } = process.cpuUsage(before)
  removeFolder(folder)
  return { count: rows, cpuSeconds: (user + system) / 1e6 }
}

async function storeValues(file: string, rows: number): Promise<void> {
  const store = new CsmsStore(file)
  for (let n = 0; n < rows; n += PER_TICK) {
    await store.write(() => {
      for (let i = n; i < n + PER_TICK; i++) store.charging.addMeterValue(meterValueOf(i))
    })
  }
  store.close()
}

async function insertRows(file: string, rows: number): Promise<void> {
  const db = new DatabaseSync(file)
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  db.exec('CREATE TABLE v (id INTEGER PRIMARY KEY, station TEXT, transaction_id TEXT, timestamp TEXT, measurand TEXT, value REAL, unit TEXT)') // biome-ignore format: one line
  db.exec('CREATE INDEX by_transaction ON v (station, transaction_id, measurand, timestamp)')
  const insert = db.prepare('INSERT INTO v (station, transaction_id, timestamp, measurand, value, unit) VALUES (?,?,?,?,?,?)') // biome-ignore format: one line
  for (let n = 0; n < rows; n += PER_TICK) {
    db.exec('BEGIN')
    for (let i = n; i < n + PER_TICK; i++) {
      const { station, transactionId, timestamp, measurand, value, unit } = meterValueOf(i)
      insert.run(station, transactionId, timestamp, measurand, value, unit)
    }
    db.exec('COMMIT')
  }
  db.close()
}

function meterValueOf(n: number) {
  const timestamp = new Date(Date.UTC(2026, 0, 1) + n * 1_000).toISOString()
  return {
    station: `CS${n % 100}`,
    transactionId: `${n % 100}`,
    evseId: 1,
    timestamp,
    measurand: 'Power.Active.Import',
    phase: undefined,
    context: 'Sample.Periodic',
    value: n,
    unit: 'W',
  }
}

async function bytesPerTransaction(count: number): Promise<Row> {
  const folder = temporaryFolder({})
  const file = join(folder, 'csms.sqlite')
  const store = new CsmsStore(file)
  const before = process.cpuUsage()
  let payloads = 0
  for (let n = 0; n < count; n++) payloads += await store.write(() => storeTransaction(store, n))
  store.close()
  const { user, system } = process.cpuUsage(before)
  const value = Math.round(statSync(file).size / count)
  const bare = Math.round(payloads / count)
  removeFolder(folder)
  return {
    bench: 'storage',
    case: 'a transaction of an hour',
    unit: 'bytes',
    value,
    cpuSeconds: round((user + system) / 1e6),
    baseline: { name: 'the payloads of its messages', value: bare, cpuSeconds: 0 },
    ratio: round(bare / value),
    target: 0.25,
    met: bare / value >= 0.25,
  }
}

/** @returns Bytes of the payloads. */
function storeTransaction(store: CsmsStore, n: number): number {
  const station = `CS${n % 100}`
  const at = (minute: number) => new Date(Date.UTC(2026, 0, 1) + (n * 90 + minute) * 60_000).toISOString() // biome-ignore format: one line
  const transactionId = `T${n}`
  // biome-ignore format: one line
  store.charging.start({ station, transactionId, evseId: 1, connectorId: 1, idToken: 'TAG-1', startedAt: at(0), meterStartWh: 0 })
  let bytes = 0
  for (let minute = 0; minute < MESSAGES; minute++) {
    const sampledValue = ['Energy.Active.Import.Register', 'Power.Active.Import', 'Voltage', 'Current.Import'].map((measurand) => ({ value: `${minute * 180}`, measurand, context: 'Sample.Periodic' })) // biome-ignore format: one line
    const payload = Buffer.from(JSON.stringify({ connectorId: 1, transactionId: n, meterValue: [{ timestamp: at(minute), sampledValue }] })) // biome-ignore format: one line
    bytes += payload.length
    store.addMessage({ station, protocol: 'ocpp1.6', action: 'MeterValues', receivedAt: at(minute), payload }) // biome-ignore format: one line
    for (const { measurand } of sampledValue) {
      // biome-ignore format: one line
      store.charging.addMeterValue({ station, transactionId, evseId: 1, timestamp: at(minute), measurand, phase: undefined, context: 'Sample.Periodic', value: minute, unit: 'W' })
    }
  }
  // biome-ignore format: one line
  store.charging.end({ station, transactionId, endedAt: at(MESSAGES), meterStopWh: 11_000, reason: 'Local' })
  return bytes
}
