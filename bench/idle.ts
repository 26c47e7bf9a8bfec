import { join } from 'node:path'
import { WebSocket } from 'ws'
import { type Certificate, issueCertificate } from './support/certificate.ts'
// biome-ignore format: one line
import { removeFolder, type Subject, startProduct, startScript, temporaryFolder } from './support/processes.ts'
import { type Bench, median, type Row, round } from './support/rows.ts'

/** Memory that one idle standard connection costs the process, against a plain `ws` server. */

const TARGET = 0.67
/** Opened before the first look: they pay for code that is loaded and compiled only once. */
const WARM = 100
const LIMIT_BYTES = 60_000
const BOOT = '[2,"b","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]'
const PASSWORD = 'bench-password-0123'

export const idle: Bench = async function* ({ isSmoke, isFull }) {
  const plain = isSmoke ? 200 : isFull ? 4_000 : 1_500
  yield await compare(`${plain} connections, profile 0`, 'ws', plain, isSmoke ? 1 : 5, undefined)
  const secured = isSmoke ? 100 : isFull ? 2_000 : 500
  const rounds = isSmoke ? 1 : isFull ? 5 : 3
  const certificate = await issueCertificate()
  const name = `${secured} connections, profile 2 (TLS)`
  yield await compare(name, 'ws on node:https', secured, rounds, certificate)
  yield await stationsAtCsms(isSmoke ? 100 : isFull ? 5_000 : 1_500)
}

/** What a station that has booted costs the CSMS it reports to (security profile 1). */
async function stationsAtCsms(count: number): Promise<Row> {
  const names = Array.from({ length: count + WARM }, (_, i) => `S${i - WARM}`)
  const peers = names.map((id) => ({ id, passwordFile: 'password' }))
  const csms = { ...COMMON, role: 'csms', data: './data', listen: [{ port: 0 }], peers }
  const product = await startProduct(csms, { password: PASSWORD })
  const [url] = product.ready.listen as string[]
  const { bytes, cpuSeconds } = await costOf(product, count, (i) => {
    const socket = new WebSocket(`${url}S${i}`, 'ocpp1.6', {
      perMessageDeflate: false,
      headers: { authorization: `Basic ${Buffer.from(`S${i}:${PASSWORD}`).toString('base64')}` },
    })
    socket.on('open', () => socket.send(BOOT))
    return socket
  })
  await product.stop()
  return {
    bench: 'idle',
    case: `${count} stations at a CSMS, profile 1`,
    unit: 'bytes/station',
    value: Math.round(bytes),
    cpuSeconds: round(cpuSeconds),
    baseline: { name: 'the limit of 60 kB', value: LIMIT_BYTES, cpuSeconds: 0 },
    ratio: round(LIMIT_BYTES / bytes),
    target: 1,
    met: bytes <= LIMIT_BYTES,
  }
}

async function compare(
  name: string,
  baseline: string,
  count: number,
  rounds: number,
  certificate: Certificate | undefined,
): Promise<Row> {
  const ours: Cost[] = []
  const theirs: Cost[] = []
  for (let i = 0; i < rounds; i++) {
    ours.push(certificate ? await costOfSecured(count, certificate) : await costOfPlain(count))
    theirs.push(await costOfEcho(count, certificate))
  }
  const a = median(ours.map(({ bytes }) => bytes))
  const b = median(theirs.map(({ bytes }) => bytes))
  return {
    bench: 'idle',
    case: name,
    unit: 'bytes/connection',
    value: Math.round(a),
    cpuSeconds: round(median(ours.map(({ cpuSeconds }) => cpuSeconds))),
    baseline: {
      name: baseline,
      value: Math.round(b),
      cpuSeconds: round(median(theirs.map(({ cpuSeconds }) => cpuSeconds))),
    },
    ratio: round(b / a),
    target: TARGET,
    met: b / a >= TARGET,
    connections: count,
  }
}

interface Cost {
  readonly bytes: number
  readonly cpuSeconds: number
}

const COMMON = {
  nodeId: 'NODE',
  role: 'networking-node',
  http: { port: 0, login: false },
  log: 'silent',
}

// Each round has processes of its own: what one round left behind would be the next one's gain.
async function costOfPlain(count: number): Promise<Cost> {
  const product = await startProduct({ ...COMMON, listen: [{ port: 0, insecure: true }] })
  const [url] = product.ready.listen as string[]
  const cost = await costOf(
    product,
    count,
    (i) => new WebSocket(`${url}S${i}`, 'ocpp2.0.1', { perMessageDeflate: false }),
  )
  await product.stop()
  return cost
}

/** Security profile 2: every station with a password of its own, over TLS. */
async function costOfSecured(count: number, { authority, files, tls }: Certificate): Promise<Cost> {
  const names = Array.from({ length: count + WARM }, (_, i) => `S${i - WARM}`)
  const product = await startProduct(
    {
      ...COMMON,
      listen: [{ port: 0, tls }],
      peers: names.map((id) => ({ id, passwordFile: 'password', securityProfile: 2 })),
    },
    { ...files, password: PASSWORD },
  )
  const [url] = product.ready.listen as string[]
  const cost = await costOf(product, count, (i) => {
    const authorization = `Basic ${Buffer.from(`S${i}:${PASSWORD}`).toString('base64')}`
    const options = { perMessageDeflate: false, ca: authority, headers: { authorization } }
    return new WebSocket(`${url}S${i}`, 'ocpp2.0.1', options)
  })
  await product.stop()
  return cost
}

async function costOfEcho(count: number, certificate: Certificate | undefined): Promise<Cost> {
  const folder = temporaryFolder(certificate?.files ?? {})
  const files = certificate ? Object.values(certificate.tls).map((name) => join(folder, name)) : []
  const echo = await startScript(new URL('support/echo.mjs', import.meta.url), ...files)
  const url = `${certificate ? 'wss' : 'ws'}://127.0.0.1:${echo.ready.port}/`
  const trust = certificate ? { ca: certificate.authority } : {}
  const cost = await costOf(
    echo,
    count,
    () => new WebSocket(url, { perMessageDeflate: false, ...trust }),
  )
  await echo.stop()
  removeFolder(folder)
  return cost
}

async function costOf(
  subject: Subject,
  count: number,
  open: (i: number) => WebSocket,
): Promise<Cost> {
  const warm = await openAll(WARM, (i) => open(i - WARM))
  const bytes = await settled(subject, count)
  const cpu = subject.cpuSeconds()
  const sockets = await openAll(count, open)
  const after = await settled(subject, count)
  for (const socket of [...warm, ...sockets]) socket.terminate()
  return { bytes: (after - bytes) / count, cpuSeconds: subject.cpuSeconds() - cpu }
}

async function openAll(count: number, open: (i: number) => WebSocket): Promise<WebSocket[]> {
  const sockets: WebSocket[] = []
  const batch = 100
  for (let at = 0; at < count; at += batch) {
    const size = Math.min(batch, count - at)
    sockets.push(
      ...(await Promise.all(Array.from({ length: size }, (_, i) => opened(open(at + i))))),
    )
  }
  return sockets
}

function opened(socket: WebSocket): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    socket.on('open', () => resolve(socket))
    socket.on('error', reject)
  })
}

/** Resident memory once it no longer changes much from one look to the next. */
async function settled(subject: Subject, count: number): Promise<number> {
  await subject.collectGarbage()
  let before = subject.residentBytes()
  for (let i = 0; i < 20; i++) {
    await new Promise((resolve) => setTimeout(resolve, count < 500 ? 50 : 250))
    const now = subject.residentBytes()
    if (Math.abs(now - before) < before * 0.002) return now
    before = now
  }
  return before
}
