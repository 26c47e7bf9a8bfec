import { WebSocket } from 'ws'
import { type Certificate, issueCertificate } from './support/certificate.ts'
import { openCountingProxy, type WireCount } from './support/counting-proxy.ts'
import { type SharedKeys, shareKeys } from './support/keys.ts'
import { type Subject, startProduct } from './support/processes.ts'
import { type Bench, type Row, round } from './support/rows.ts'

/**
 * What an hour of a site costs between its node and the CSMS, over TLS: one shared overlay link
 * against one ordinary connection per station.
 *
 * An hour of one station (OCPP 1.6), 78 CALLs and their results:
 *
 *     12 Heartbeat · 3 StatusNotification · 1 Authorize · 1 StartTransaction ·
 *     60 MeterValues of 4 sampled values · 1 StopTransaction
 *
 * They are replayed one after the other, never two at a time: at the pace of a real hour every frame
 * has a TLS record of its own, and a replay that let frames share records would flatter the shared
 * link. Pings cannot be replayed at full speed; see `pingBytesPerHour`.
 */

/** `signed`: as it is by default, each message attested by the node and each answer signed. */
type Mode = 'overlay' | 'overlay, signed' | 'per-station'

const MODES = ['per-station', 'overlay', 'overlay, signed'] as const
/** docs/overlay.md section 4.4; either end of a link pings. */
const PING_INTERVAL_S = { overlay: 5, 'overlay, signed': 5, 'per-station': 30 } as const
const PASSWORD = 'bench-password-0123'
const HEARTBEATS = 12
const METER_VALUES = 60

export const uplink: Bench = async function* ({ isSmoke, isFull }) {
  const counts = isSmoke ? [5] : isFull ? [5, 20, 100] : [5, 20]
  const certificate = await issueCertificate()
  const keys = shareKeys({ CSMS01: ['operations'], NN01: ['edge'] })
  const most = Math.max(...counts)
  const around = { certificate, keys, csms: await startCsms(certificate, most), signing: await startCsms(certificate, most, keys) } // biome-ignore format: one line
  const ping = { up: 0, down: 0 }
  let run = 0
  for (const stations of counts) {
    for (const deflate of isSmoke ? [true] : [true, false]) {
      const site = (mode: Mode) => ({ stations, mode, deflate, run: run++, ping, isSmoke })
      const hours = await hoursOf(MODES.map(site), around)
      for (const hour of hours) yield rowOf(hour, hours[0] ?? hour)
    }
  }
  await Promise.all([around.csms.stop(), around.signing.stop()])
}

interface Around {
  readonly certificate: Certificate
  readonly keys: SharedKeys
  readonly csms: Subject
  readonly signing: Subject
}

interface Site {
  readonly stations: number
  readonly mode: Mode
  readonly deflate: boolean
  /** Each run has stations of its own: the CSMS remembers what it was told. */
  readonly run: number
  /** What one ping or pong takes; the same in all runs, so the first one finds out. */
  readonly ping: { up: number; down: number }
  readonly isSmoke: boolean
}

interface Hour extends Site {
  readonly frames: number
  readonly bytes: number
  readonly records: number
  readonly pingBytes: number
  readonly connectBytes: number
  readonly sockets: number
  readonly handshakes: number
  readonly cpuSeconds: number
}

async function hoursOf(sites: Site[], around: Around): Promise<Hour[]> {
  const hours: Hour[] = []
  for (const site of sites) hours.push(await hourOf(site, around))
  return hours
}

async function hourOf(
  site: Site,
  { certificate, keys, csms: plain, signing }: Around,
): Promise<Hour> {
  const csms = isSigned(site) ? signing : plain
  const [csmsUrl = ''] = csms.ready.listen as string[]
  const proxy = await openCountingProxy(Number(new URL(csmsUrl).port))
  const node = await startNode(site, proxy.port, { certificate, keys })
  const [url] = node.ready.listen as string[]
  const stations = await Promise.all(
    Array.from({ length: site.stations }, (_, i) => openStation(`${url}`, nameOf(i, site.run))),
  )
  for (const station of stations) await boot(station)
  while (!isPingKnown(site, proxy.count())) await sleep(20)
  await sleep(100)
  const before = proxy.count()
  const cpu = node.cpuSeconds()
  const frames = await replay(stations, site.isSmoke ? 3 : METER_VALUES)
  const after = proxy.count()
  const cpuSeconds = node.cpuSeconds() - cpu
  for (const { socket } of stations) socket.terminate()
  await node.stop()
  proxy.close()
  return {
    ...site,
    frames,
    bytes: after.bytes - before.bytes,
    records: after.records - before.records,
    pingBytes: pingBytesPerHour(site),
    connectBytes: before.bytes,
    sockets: after.sockets,
    handshakes: after.handshakes,
    cpuSeconds,
  }
}

function rowOf(hour: Hour, baseline: Hour): Row {
  const { stations, mode, deflate, frames, records, connectBytes, sockets, handshakes } = hour
  const { bytes, pingBytes } = hour
  const value = bytes + pingBytes
  const theirs = baseline.bytes + baseline.pingBytes
  const name = deflate ? 'per-station, deflate' : 'per-station'
  return {
    bench: 'uplink',
    case: `${stations} stations, ${mode}${deflate ? ', deflate' : ''}`,
    unit: 'bytes/h',
    value,
    cpuSeconds: round(hour.cpuSeconds),
    baseline: { name, value: theirs, cpuSeconds: round(baseline.cpuSeconds) },
    ratio: round(theirs / value),
    target: 1,
    met: value <= theirs,
    stations,
    mode,
    deflate,
    frames,
    bytes,
    pingBytes,
    connectBytes,
    records,
    sockets,
    handshakes,
  }
}

function isSigned({ mode }: Site): boolean {
  return mode === 'overlay, signed'
}

function linksOf({ mode, stations }: Site): number {
  return mode === 'per-station' ? stations : 1
}

/** Both ends ping as soon as a link is open, though perhaps in one record with something else. */
function isPingKnown({ ping }: Site, { pingBytesUp, pingBytesDown }: WireCount): boolean {
  if (ping.up === 0) ping.up = pingBytesUp
  if (ping.down === 0) ping.down = pingBytesDown
  return ping.up > 0 && ping.down > 0
}

/** Computed: in each interval both ends of each link send a ping and get a pong. */
function pingBytesPerHour(site: Site): number {
  const intervals = 3_600 / PING_INTERVAL_S[site.mode]
  return linksOf(site) * intervals * 2 * (site.ping.up + site.ping.down)
}

// ---- The two processes

function startCsms(
  { files, tls }: Certificate,
  maxStations: number,
  keys?: SharedKeys,
): Promise<Subject> {
  const runs = Array.from({ length: 16 }, (_, run) => run)
  const stations = Array.from({ length: maxStations }, (_, i) => i)
  const ids = runs.flatMap((run) => ['NN01', ...stations.map((i) => nameOf(i, run))])
  return startProduct(
    {
      nodeId: 'CSMS01',
      role: 'csms',
      listen: [{ port: 0, tls }],
      peers: [...new Set(ids)].map((id) => ({ id, ...(id === 'NN01' && { peer: 'node' }), passwordFile: 'password', securityProfile: 2 })), // biome-ignore format: one line
      tokens: ['TAG-1'],
      http: { port: 0, login: false },
      ...(keys && { security: keys.settingsOf('CSMS01') }),
      log: 'silent',
    },
    { ...files, ...keys?.files, password: PASSWORD },
  )
}

function startNode(
  site: Site,
  port: number,
  { certificate, keys }: Pick<Around, 'certificate' | 'keys'>,
) {
  const { mode, deflate } = site
  const names = Array.from({ length: site.stations }, (_, i) => nameOf(i, site.run))
  return startProduct(
    {
      nodeId: 'NN01',
      role: 'networking-node',
      listen: [{ port: 0, insecure: true }],
      uplinks: [
        {
          url: `wss://127.0.0.1:${port}/`,
          mode: mode === 'per-station' ? mode : 'overlay',
          peerId: 'CSMS01',
          passwordFile: 'password',
          compression: deflate,
          tls: { caFile: 'authority.pem' },
        },
      ],
      http: { port: 0, login: false },
      // What shows no credential is attested as that, and nothing of it is obeyed.
      ...(isSigned(site) && { security: keys.settingsOf('NN01'), peers: names.map((id) => ({ id, passwordFile: 'password' })) }), // biome-ignore format: one line
      log: 'silent',
    },
    { ...certificate.files, ...keys.files, password: PASSWORD },
  )
}

function nameOf(station: number, run: number): string {
  return `CS-${`${run}`.padStart(2, '0')}-${`${station}`.padStart(3, '0')}`
}

// ---- Stations

interface Station {
  readonly socket: WebSocket
  /** @returns The payload of the result; undefined when it was an error. */
  call(action: string, payload: object): Promise<Record<string, unknown> | undefined>
}

async function openStation(base: string, id: string): Promise<Station> {
  const url = `${base}${id}`
  const authorization = `Basic ${Buffer.from(`${id}:${PASSWORD}`).toString('base64')}`
  const socket = new WebSocket(url, 'ocpp1.6', { perMessageDeflate: false, headers: { authorization } }) // biome-ignore format: one line
  await new Promise((resolve, reject) => {
    socket.on('open', resolve)
    socket.on('error', reject)
  })
  let next = 1
  return {
    socket,
    call(action, payload) {
      const id = `${next++}`
      return new Promise((resolve, reject) => {
        socket.once('close', () => reject(new Error(`${url} was closed`)))
        socket.once('message', (data) => {
          const [type, answered, result] = JSON.parse(String(data))
          if (answered !== id) reject(new Error(`${data} does not answer ${action}`))
          resolve(type === 3 ? result : undefined)
          socket.removeAllListeners('close')
        })
        socket.send(JSON.stringify([2, id, action, payload]))
      })
    },
  }
}

/** A station is refused as long as the shared link is not open. */
async function boot(station: Station): Promise<void> {
  const facts = { chargePointVendor: 'Bench', chargePointModel: 'AC 22' }
  while ((await station.call('BootNotification', facts))?.status !== 'Accepted') await sleep(50)
}

/** @returns Frames in both directions. */
async function replay(stations: Station[], meterValues: number): Promise<number> {
  const began = Date.parse('2026-11-04T10:00:00.000Z')
  const time = (minute: number) => new Date(began + minute * 60_000).toISOString()
  let calls = 0
  const all = async (action: string, payload: (i: number) => object) => {
    for (const [i, station] of stations.entries()) {
      const result = await station.call(action, payload(i))
      if (!result) throw new Error(`${action} was answered with an error`)
      results[i] = result
      calls++
    }
  }
  const results: Record<string, unknown>[] = []
  const status = (minute: number, word: string) =>
    all('StatusNotification', () => ({ connectorId: 1, errorCode: 'NoError', status: word, timestamp: time(minute) })) // biome-ignore format: one line
  await status(0, 'Preparing')
  await all('Authorize', () => ({ idTag: 'TAG-1' }))
  await all('StartTransaction', () => ({ connectorId: 1, idTag: 'TAG-1', meterStart: 120_000, timestamp: time(0) })) // biome-ignore format: one line
  const transactions = results.map(({ transactionId }) => transactionId)
  await status(0, 'Charging')
  for (let minute = 1; minute <= meterValues; minute++) {
    await all('MeterValues', (i) => meterValuesOf(transactions[i], time(minute), minute, i))
    if (minute % (METER_VALUES / HEARTBEATS) === 0) await all('Heartbeat', () => ({}))
  }
  await all('StopTransaction', (i) => ({ transactionId: transactions[i], idTag: 'TAG-1', meterStop: 131_000, timestamp: time(60), reason: 'EVDisconnected' })) // biome-ignore format: one line
  await status(60, 'Available')
  return calls * 2
}

function meterValuesOf(transactionId: unknown, timestamp: string, minute: number, i: number) {
  const periodic = { context: 'Sample.Periodic', location: 'Outlet' }
  const sampledValue = [
    {
      value: `${120_000 + minute * 184 + i}`,
      ...periodic,
      measurand: 'Energy.Active.Import.Register',
      unit: 'Wh',
    },
    {
      value: `${11_000 + ((minute * 37 + i) % 90)}`,
      ...periodic,
      measurand: 'Power.Active.Import',
      unit: 'W',
    },
    {
      value: `${(15.9 + ((minute + i) % 3) / 10).toFixed(1)}`,
      ...periodic,
      measurand: 'Current.Import',
      phase: 'L1',
      unit: 'A',
    },
    { value: `${20 + minute}`, ...periodic, measurand: 'SoC', unit: 'Percent' },
  ]
  // biome-ignore format: one row per value
  return { connectorId: 1, transactionId, meterValue: [{ timestamp, sampledValue }] }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
