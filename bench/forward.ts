import { randomUUID } from 'node:crypto'
import type { AddressInfo, Socket } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import { type Subject, startProduct, startScript } from './support/processes.ts'
import { type Bench, type BenchOptions, type Measured, type Row, rateRow } from './support/rows.ts'

/**
 * Frames forwarded per CPU second of a real router process: 50 connections send bursts of 16 CALLs
 * that leave over one shared connection; results come back the same way. Every frame is one message
 * in and one out, as in the baseline, which echoes the same bytes in the same bursts.
 */

const CONNECTIONS = 50
const BURST = 16
const TARGET = 2.5
const SIZES = { '200 B': 200, '740 B': 740, '4 KB': 4096 } as const

export const forward: Bench = async function* (options) {
  const sink = await openSink()
  const names = Array.from({ length: CONNECTIONS }, (_, i) => `C${`${i}`.padStart(3, '0')}`)
  const router = await startProduct(
    {
      nodeId: 'ROUTER',
      role: 'networking-node',
      listen: [{ port: 0 }],
      peers: names.map((id) => ({ id, peer: 'node', passwordFile: 'password' })),
      uplinks: [{ url: `ws://127.0.0.1:${sink.port}/`, peerId: 'SINK' }],
      // Filters are asked about every frame, and find nothing.
      filters: [
        { name: 'no-reset', effect: 'reject', match: { action: ['Reset', 'UpdateFirmware'] } },
      ],
      http: { port: 0, login: false },
      log: 'warn',
    },
    { password: 'bench-password-0123' },
  )
  const echo = await startScript(new URL('support/echo.mjs', import.meta.url))
  const [url] = router.ready.listen as string[]
  const overlay = await Promise.all(
    names.map((name) => open(`${url}${name}`, overlayHeaders(name))),
  )
  const plain = await Promise.all(names.map(() => open(`ws://127.0.0.1:${echo.ready.port}/`, {})))
  await sink.isDialled
  for (const [label, bytes] of Object.entries(SIZES)) {
    if (options.isSmoke && label !== '200 B') continue
    sink.setResultBytes(bytes)
    yield await compare(label, bytes, { router, echo, overlay, plain, names }, options)
  }
  for (const socket of [...overlay, ...plain]) socket.terminate()
  await Promise.all([router.stop(), echo.stop()])
  sink.close()
}

interface Field {
  readonly router: Subject
  readonly echo: Subject
  readonly overlay: WebSocket[]
  readonly plain: WebSocket[]
  readonly names: string[]
}

async function compare(
  label: string,
  bytes: number,
  field: Field,
  options: BenchOptions,
): Promise<Row> {
  const { router, echo, overlay, plain, names } = field
  const roundMs = options.isSmoke ? 300 : 1_500
  const rounds = options.isSmoke ? 1 : options.isFull ? 9 : 5
  const frame = (i: number) => callOf(names[i % CONNECTIONS] ?? '', bytes)
  const ours: Measured[] = []
  const theirs: Measured[] = []
  await drive(overlay, frame, router, roundMs) // both warm before the first counted round
  await drive(plain, frame, echo, roundMs)
  for (let i = 0; i < rounds; i++) {
    const measured = await drive(overlay, frame, router, roundMs)
    ours.push({ ...measured, count: measured.count * 2 }) // each answer is a second frame forwarded
    theirs.push(await drive(plain, frame, echo, roundMs))
  }
  // biome-ignore format: one line
  const names2 = { bench: 'forward', case: label, unit: 'frames/cpu-s', baseline: 'ws echo', target: TARGET }
  return { ...rateRow(names2, ours, theirs), connections: CONNECTIONS, burst: BURST }
}

/** Each connection sends a burst, waits for all its answers, and sends the next. */
async function drive(
  sockets: WebSocket[],
  frame: (i: number) => Buffer,
  subject: Subject,
  forMs: number,
): Promise<Measured> {
  const cpu = subject.cpuSeconds()
  const until = Date.now() + forMs
  const counts = await Promise.all(
    sockets.map((socket, i) => burstUntil(socket, () => frame(i), until)),
  )
  return { count: counts.reduce((a, b) => a + b, 0), cpuSeconds: subject.cpuSeconds() - cpu }
}

function burstUntil(socket: WebSocket, frame: () => Buffer, until: number): Promise<number> {
  return new Promise((resolve) => {
    let missing = 0
    let count = 0
    const burst = () => {
      missing = BURST
      corked(socket, () => {
        for (let i = 0; i < BURST; i++) socket.send(frame(), { binary: false })
      })
    }
    const onMessage = () => {
      count++
      if (--missing > 0) return
      if (Date.now() < until) return burst()
      socket.off('message', onMessage)
      resolve(count)
    }
    socket.on('message', onMessage)
    burst()
  })
}

/** What is sent together leaves in one system call, so that a burst arrives as one. */
function corked(socket: WebSocket, send: () => void): void {
  const stream = (socket as unknown as { _socket: Socket })._socket
  stream.cork()
  send()
  stream.uncork()
}

function callOf(name: string, bytes: number): Buffer {
  const head = `[2,"CSMS",["${name}"],"${randomUUID()}","DataTransfer",{"vendorId":"bench","data":"`
  return Buffer.from(`${head.padEnd(bytes - 3, 'x')}"}]`)
}

function overlayHeaders(name: string): Record<string, string> {
  return {
    authorization: `Basic ${Buffer.from(`${name}:bench-password-0123`).toString('base64')}`,
    'x-ocpp-networkingmode': 'OverlayNetwork',
    'x-wattweave': 'v=1; caps=confirm',
  }
}

function open(url: string, headers: Record<string, string>): Promise<WebSocket> {
  const socket = new WebSocket(url, 'x-wattweave' in headers ? ['ocpp2.1'] : [], {
    headers,
    perMessageDeflate: false,
  })
  return new Promise((resolve, reject) => {
    socket.on('open', () => resolve(socket))
    socket.on('error', reject)
  })
}

/** The far end of the shared connection: answers every CALL with a result of the same size. */
async function openSink() {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    perMessageDeflate: false,
    handleProtocols: () => 'ocpp2.1',
  })
  server.on('headers', (headers) => {
    headers.push('X-OCPP-NetworkingMode: OverlayNetwork', 'X-Wattweave: v=1; caps=confirm; id=SINK')
  })
  let filler = ''
  let dialled = () => {}
  const isDialled = new Promise<void>((resolve) => {
    dialled = resolve
  })
  server.on('connection', (socket) => {
    dialled()
    socket.on('error', () => {})
    const stream = (socket as unknown as { _socket: Socket })._socket
    let isCorked = false
    socket.on('message', (data: Buffer) => {
      if (data[1] !== 0x32) return
      if (!isCorked) {
        isCorked = true
        stream.cork()
        process.nextTick(() => {
          isCorked = false
          stream.uncork()
        })
      }
      const name = data.toString('latin1', 12, 16)
      const at = data.indexOf('],"') + 3
      const id = data.toString('latin1', at, at + 36)
      socket.send(`[3,"${name}",["SINK"],"${id}",{"status":"Accepted","data":"${filler}"}]`)
    })
  })
  await new Promise((resolve) => server.on('listening', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    isDialled,
    setResultBytes(bytes: number) {
      filler = 'x'.repeat(Math.max(0, bytes - 97))
    },
    close() {
      for (const socket of server.clients) socket.terminate()
      server.close()
    },
  }
}
