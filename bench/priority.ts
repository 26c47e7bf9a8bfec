import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import { startProduct } from './support/processes.ts'
import { type Bench, quantile, round } from './support/rows.ts'
import { openSlowLine } from './support/slow-line.ts'

/**
 * How long a command takes over a slow line that bulk keeps full. Askers and answerer sit on either
 * side of a node; commands and bulk come in over fast links and leave over one slow one, so what is
 * measured is the node's send scheduler. The line takes in far more than it has sent, as modems do:
 * a sender that looks only at its socket sees no queue at all.
 *
 * Bulk are CALLs of an action of that class in chunks of 64 KiB; they stand in for files.
 */

const LINE = { bitsPerSecond: 10_000_000, roundTripMs: 40, bufferBytes: 1024 * 1024 }
const CHUNK_BYTES = 64 * 1024
/** Each has so many chunks unanswered: together far more than the line holds. */
const SENDERS = 4
const CHUNKS_EACH = 8
const COMMAND_EVERY_MS = 20
const BITS = 8

export const priority: Bench = async function* ({ isSmoke, isFull }) {
  const windowMs = isSmoke ? 800 : isFull ? 20_000 : 8_000
  const warmMs = isSmoke ? 500 : 3_000
  const answerer = await openAnswerer()
  const line = await openSlowLine(answerer.port, LINE)
  const node = await startProduct({
    nodeId: 'NODE',
    role: 'networking-node',
    listen: [{ port: 0, insecure: true }],
    uplinks: [{ url: `ws://127.0.0.1:${line.port}/`, peerId: 'ANSWERER' }],
    http: { port: 0, login: false },
    log: 'silent',
  })
  const [url] = node.ready.listen as string[]
  const asker = await openPeer(`${url}`, 'ASKER')
  await answerer.isDialled
  await sleep(warmMs)
  const idle = await askFor(asker, windowMs)

  const names = Array.from({ length: SENDERS }, (_, i) => `FILES${i}`)
  const senders = await Promise.all(names.map((name) => openPeer(`${url}`, name)))
  const transfers = senders.map((sender, i) => keepSending(sender, names[i] ?? ''))
  await sleep(warmMs)
  const chunks = answerer.chunks()
  const cpu = node.cpuSeconds()
  const began = performance.now()
  const loaded = await askFor(asker, windowMs)
  const elapsedMs = performance.now() - began
  const bulkBits = (answerer.chunks() - chunks) * CHUNK_BYTES * BITS
  const cpuSeconds = round(node.cpuSeconds() - cpu)
  for (const stop of transfers) stop()

  const chunkMs = (CHUNK_BYTES * BITS * 1_000) / LINE.bitsPerSecond
  const budgetMs = round(2 * chunkMs + LINE.roundTripMs)
  const loadedP99Ms = quantile(loaded, 0.99)
  yield {
    bench: 'priority',
    case: 'command beside bulk, 10 Mbit/s, 40 ms',
    unit: 'ms',
    value: loadedP99Ms,
    cpuSeconds,
    baseline: { name: `two chunks and a round trip: ${budgetMs} ms`, value: budgetMs, cpuSeconds: 0 }, // biome-ignore format: one line
    ratio: round(budgetMs / loadedP99Ms),
    target: 1,
    met: loadedP99Ms <= budgetMs,
    idleP50Ms: quantile(idle, 0.5),
    idleP99Ms: quantile(idle, 0.99),
    loadedP50Ms: quantile(loaded, 0.5),
    loadedP99Ms,
    loadedMaxMs: quantile(loaded, 1),
    budgetMs,
    withinBudget: loadedP99Ms <= budgetMs,
    commands: loaded.length,
    goodputShare: round(bulkBits / ((LINE.bitsPerSecond * elapsedMs) / 1_000)),
  }
  for (const socket of [asker, ...senders]) socket.terminate()
  await node.stop()
  line.close()
  answerer.close()
}

/** Sends commands at a steady pace, whatever has become of those before; returns what each took. */
async function askFor(asker: WebSocket, forMs: number): Promise<number[]> {
  const sentAt = new Map<string, number>()
  const times: number[] = []
  const onMessage = (data: Buffer) => {
    const [type, , , id] = JSON.parse(data.toString('latin1'))
    const began = sentAt.get(id)
    if (began === undefined) return
    if (type !== 3) throw new Error(`a command was answered: ${data}`)
    sentAt.delete(id)
    times.push(performance.now() - began)
  }
  asker.on('message', onMessage)
  const end = performance.now() + forMs
  for (let i = 0; performance.now() < end; i++) {
    const id = `${forMs}-${i}-${Math.random()}`.slice(0, 36)
    sentAt.set(id, performance.now())
    const payload = { requestedMessage: 'StatusNotification' }
    asker.send(JSON.stringify([2, 'CSMS', ['ASKER'], id, 'TriggerMessage', payload]))
    await sleep(COMMAND_EVERY_MS)
  }
  const patience = performance.now() + 30_000
  while (sentAt.size > 0 && performance.now() < patience) await sleep(10)
  asker.off('message', onMessage)
  if (sentAt.size > 0) throw new Error(`${sentAt.size} commands were never answered`)
  return times
}

/** Keeps so many chunks unanswered. @returns What ends it. */
function keepSending(socket: WebSocket, name: string): () => void {
  const data = randomBytes(CHUNK_BYTES).toString('base64').slice(0, CHUNK_BYTES)
  let isStopped = false
  let count = 0
  const send = () => {
    if (!isStopped) socket.send(JSON.stringify([2, 'CSMS', [name], `${count++}`, 'SendLocalList', { data }])) // biome-ignore format: one line
  }
  socket.on('message', (answer: Buffer) => {
    if (answer[1] !== 0x33) throw new Error(`a chunk was answered: ${answer}`)
    send()
  })
  for (let i = 0; i < CHUNKS_EACH; i++) send()
  return () => {
    isStopped = true
  }
}

/** The far end of the slow line: an overlay peer that answers every CALL at once. */
async function openAnswerer() {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    perMessageDeflate: false,
    handleProtocols: () => 'ocpp2.1',
  })
  server.on('headers', (headers) => {
    headers.push('X-OCPP-NetworkingMode: OverlayNetwork')
    headers.push('X-Wattweave: v=1; caps=confirm; id=ANSWERER')
  })
  let chunks = 0
  const { promise: isDialled, resolve } = Promise.withResolvers<void>()
  server.on('connection', (socket) => {
    resolve()
    socket.on('error', () => {})
    socket.on('message', (data: Buffer) => {
      const [type, , path, id, action] = JSON.parse(data.toString('latin1'))
      if (type !== 2) return
      if (action === 'SendLocalList') chunks++
      socket.send(JSON.stringify([3, path[0], ['ANSWERER'], id, { status: 'Accepted' }]))
    })
  })
  await new Promise((ready) => server.on('listening', ready))
  return {
    port: (server.address() as AddressInfo).port,
    isDialled,
    chunks: () => chunks,
    close() {
      for (const socket of server.clients) socket.terminate()
      server.close()
    },
  }
}

function openPeer(url: string, name: string): Promise<WebSocket> {
  const headers = {
    'x-ocpp-networkingmode': 'OverlayNetwork',
    'x-wattweave': 'v=1; caps=confirm',
  }
  const socket = new WebSocket(`${url}${name}`, 'ocpp2.1', { headers, perMessageDeflate: false })
  return new Promise((resolve, reject) => {
    socket.on('open', () => resolve(socket))
    socket.on('error', reject)
  })
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
