import { WebSocket } from 'ws'
import { type Subject, startProduct, startScript } from './support/processes.ts'
import { type Bench, round } from './support/rows.ts'

/** Memory that one idle standard connection costs the process, against a plain `ws` server. */

const TARGET = 0.67

export const idle: Bench = async function* ({ isSmoke, isFull }) {
  const count = isSmoke ? 200 : isFull ? 8_000 : 3_000
  const product = await startProduct({
    nodeId: 'NODE',
    role: 'networking-node',
    listen: [{ port: 0, insecure: true }],
    http: { port: 0 },
    log: 'silent',
  })
  const echo = await startScript(new URL('support/echo.mjs', import.meta.url))
  const [url] = product.ready.listen as string[]
  // biome-ignore format: one line
  const ours = await costOf(product, count, (i) => new WebSocket(`${url}S${i}`, 'ocpp2.0.1', { perMessageDeflate: false }))
  // biome-ignore format: one line
  const theirs = await costOf(echo, count, () => new WebSocket(`ws://127.0.0.1:${echo.ready.port}/`, { perMessageDeflate: false }))
  await Promise.all([product.stop(), echo.stop()])
  const ratio = theirs.bytes / ours.bytes
  yield {
    bench: 'idle',
    case: `${count} connections, profile 0`,
    unit: 'bytes/connection',
    value: Math.round(ours.bytes),
    cpuSeconds: round(ours.cpuSeconds),
    baseline: { name: 'ws', value: Math.round(theirs.bytes), cpuSeconds: round(theirs.cpuSeconds) },
    ratio: round(ratio),
    target: TARGET,
    met: ratio >= TARGET,
    connections: count,
  }
}

async function costOf(subject: Subject, count: number, open: (i: number) => WebSocket) {
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
