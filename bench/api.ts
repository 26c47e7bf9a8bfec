import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { CsmsStore } from '../src/storage/csms-store.ts'
import { removeFolder, type Subject, startProduct, temporaryFolder } from './support/processes.ts'
import { type Bench, type Row, round } from './support/rows.ts'

/** How long lists take with 10 000 stations and a million meter values, over HTTP. */

const LIMIT_MS = 300
const VALUES_PER_TRANSACTION = 50

export const api: Bench = async function* ({ isSmoke }) {
  const stations = isSmoke ? 200 : 10_000
  const values = isSmoke ? 5_000 : 1_000_000
  const folder = temporaryFolder({})
  await fill(folder, stations, values)
  // biome-ignore format: one record
  const subject = await startProduct({ nodeId: 'CSMS01', role: 'csms', listen: [{ port: 0, insecure: true }], http: { port: 0, login: false }, data: folder, log: 'silent' })
  const some = () => Math.floor(Math.random() * stations)
  const cases: [string, () => string][] = [
    ['stations, a page', () => `stations?limit=100&after=${idOf(some())}`],
    ['stations, search', () => `stations?limit=100&search=${some()}`],
    ['stations, search without a hit', () => 'stations?search=nowhere'],
    ['stations, by state', () => 'stations?limit=100&status=Faulted'],
    ['transactions, a page', () => `transactions?limit=100&before=${1 + some()}`],
    ['transactions, those that run', () => 'transactions?limit=100&state=running'],
    ['transactions of a station', () => `transactions?limit=100&station=${idOf(some())}`],
    [
      'a transaction with its values',
      () => `transactions/${1 + (some() % (values / VALUES_PER_TRANSACTION))}`,
    ],
  ]
  for (const [name, path] of cases) {
    yield await time(subject, name, path, isSmoke ? 5 : 100, { stations, values })
  }
  await subject.stop()
  removeFolder(folder)
}

const idOf = (n: number) => `CS${`${n}`.padStart(5, '0')}`

async function time(
  subject: Subject,
  name: string,
  path: () => string,
  count: number,
  extra: object,
): Promise<Row> {
  const cpu = subject.cpuSeconds()
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    const from = performance.now()
    const response = await fetch(new URL(`api/${path()}`, String(subject.ready.console)))
    await response.arrayBuffer()
    if (!response.ok) throw new Error(`${name}: ${response.status}`)
    times.push(performance.now() - from)
  }
  const sorted = times.toSorted((a, b) => a - b)
  const p95 = sorted[Math.floor(count * 0.95)] ?? 0
  // biome-ignore format: one row
  return { bench: 'api', case: name, unit: 'ms, p95', value: round(p95), cpuSeconds: round(subject.cpuSeconds() - cpu), baseline: { name: 'the limit of 300 ms', value: LIMIT_MS, cpuSeconds: 0 }, ratio: round(LIMIT_MS / p95), target: 1, met: p95 <= LIMIT_MS, p50: round(sorted[count >> 1] ?? 0), ...extra }
}

/** Each station with two connectors, and transactions until there are so many values. */
async function fill(folder: string, stations: number, values: number): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const store = new CsmsStore(join(folder, 'csms.sqlite'))
  const at = (n: number) => new Date(Date.UTC(2026, 0, 1) + n * 1_000).toISOString()
  const payload = Buffer.from('{}')
  await store.write(() => {
    for (let n = 0; n < stations; n++) {
      const station = idOf(n)
      store.addMessage({ station, protocol: 'ocpp2.0.1', action: 'BootNotification', receivedAt: at(n), payload }) // biome-ignore format: one line
      store.setBoot(station, { vendor: `Vendor ${n % 20}`, model: `Model ${n % 7}` }, at(n))
      for (const evse of [1, 2]) store.setConnector(station, evse, 1, n % 100 === 0 ? 'Faulted' : 'Available', at(n)) // biome-ignore format: one line
    }
  })
  for (let t = 0; t * VALUES_PER_TRANSACTION < values; t++) {
    await store.write(() => addTransaction(store, idOf(t % stations), t, at))
  }
  store.close()
}

function addTransaction(store: CsmsStore, station: string, t: number, at: (n: number) => string) {
  const transactionId = `T${t}`
  // biome-ignore format: one line
  store.charging.start({ station, transactionId, evseId: 1 + (t % 2), connectorId: 1, idToken: `TAG-${t % 500}`, startedAt: at(t * 60), meterStartWh: 0 })
  for (let i = 0; i < VALUES_PER_TRANSACTION; i++) {
    // biome-ignore format: one line
    store.charging.addMeterValue({ station, transactionId, evseId: 1, timestamp: at(t * 60 + i), measurand: i % 2 ? 'Power.Active.Import' : 'Energy.Active.Import.Register', phase: undefined, context: 'Sample.Periodic', value: i, unit: i % 2 ? 'W' : 'Wh' })
  }
  // biome-ignore format: one line
  if (t % 10) store.charging.end({ station, transactionId, endedAt: at(t * 60 + 50), meterStopWh: 50, reason: 'Local' })
}
