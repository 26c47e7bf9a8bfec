import { WebSocket } from 'ws'
import { type Subject, startProduct, startScript } from './support/processes.ts'
import { type Bench, median, round } from './support/rows.ts'

/** Memory that one idle standard connection costs the process, against a plain `ws` server. */

const TARGET = 0.67

export const idle: Bench = async function* ({ isSmoke, isFull }) {
  const count = isSmoke ? 200 : isFull ? 4_000 : 1_500
  const ours: Cost[] = []
  const theirs: Cost[] = []
  for (let i = 0; i < (isSmoke ? 1 : 5); i++) {
    ours.push(await costOfProduct(count))
    theirs.push(await costOfEcho(count))
  }
  const a = median(ours.map(({ bytes }) => bytes))
  const b = median(theirs.map(({ bytes }) => bytes))
  yield {
    bench: 'idle',
    case: `${count} connections, profile 0`,
    unit: 'bytes/connection',
    value: Math.round(a),
    cpuSeconds: round(median(ours.map(({ cpuSeconds }) => cpuSeconds))),
    baseline: {
      name: 'ws',
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

// Each round has processes of its own: what one round left behind would be the next one's gain.
async function costOfProduct(count: number): Promise<Cost> {
  const product = await startProduct({
    nodeId: 'NODE',
    role: 'networking-node',
    listen: [{ port: 0, insecure: true }],
    http: { port: 0 },
    log: 'silent',
  })
  const [url] = product.ready.listen as string[]
  const cost = await costOf(
    product,
    count,
    (i) => new WebSocket(`${url}S${i}`, 'ocpp2.0.1', { perMessageDeflate: false }),
  )
  await product.stop()
  return cost
}

async function costOfEcho(count: number): Promise<Cost> {
  const echo = await startScript(new URL('support/echo.mjs', import.meta.url))
  const url = `ws://127.0.0.1:${echo.ready.port}/`
  const cost = await costOf(echo, count, () => new WebSocket(url, { perMessageDeflate: false }))
  await echo.stop()
  return cost
}

async function costOf(
  subject: Subject,
  count: number,
  open: (i: number) => WebSocket,
): Promise<Cost> {
  // The first connections pay for code that is loaded and compiled only once.
  const warm = await openAll(100, (i) => open(-1 - i))
  const bytes = await settled(subject)
  const cpu = subject.cpuSeconds()
  const sockets = await openAll(count, open)
  const after = await settled(subject)
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
async function settled(subject: Subject): Promise<number> {
  await subject.collectGarbage()
  let before = subject.residentBytes()
  for (let i = 0; i < 20; i++) {
    await new Promise((resolve) => setTimeout(resolve, 250))
    const now = subject.residentBytes()
    if (Math.abs(now - before) < before * 0.002) return now
    before = now
  }
  return before
}
