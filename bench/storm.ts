import { createServer } from 'node:net'
import { WebSocket } from 'ws'
import { type Subject, startProduct } from './support/processes.ts'
import { type Bench, round } from './support/rows.ts'

/**
 * Seconds until every station is accepted again after its node was killed and started anew: the
 * node loses all connections at once, and all stations come back to one that is just starting.
 */

/** The longest wait of a station's back-off: who takes longer has made somebody wait for nothing. */
const LIMIT_S = 60
const MAX_RSS_MIB = 1_024
const GIVE_UP_MS = 180_000
const FIRST_RETRY_MS = 1_000
const MAX_RETRY_MS = 60_000
const ANSWER_MS = 30_000
/** While the park is built up before the storm: so many connect at a time. */
const AT_A_TIME = 200
const MIB = 1024 * 1024

export const storm: Bench = async function* ({ isSmoke, isFull }) {
  const count = isSmoke ? 100 : isFull ? 5_000 : 1_000
  const csms = await startProduct({
    nodeId: 'CSMS01',
    role: 'csms',
    listen: [{ port: 0, insecure: true }],
    heartbeatIntervalS: 86_400,
    http: { port: 0, login: false },
    log: 'silent',
  })
  const port = await freePort()
  const [csmsUrl = ''] = csms.ready.listen as string[]
  const first = await startNode(port, csmsUrl)
  const seen: Seen = { refused503: 0, failedAttempts: 0, bootErrors: 0, lostAnswers: 0 }
  const stations = Array.from(
    { length: count },
    (_, i) => new Station(`ws://127.0.0.1:${port}/S${i}`, seen, isSmoke ? 500 : MAX_RETRY_MS),
  )
  for (let at = 0; at < count; at += AT_A_TIME) {
    const some = stations.slice(at, at + AT_A_TIME)
    for (const station of some) station.start()
    await allAccepted(some)
  }
  for (const name of Object.keys(seen) as (keyof Seen)[]) seen[name] = 0
  console.error(`${count} stations are accepted; the node is killed`)

  const began = performance.now()
  await first.kill()
  const node = await startNode(port, csmsUrl)
  const startSeconds = secondsSince(began)
  await allAccepted(stations)
  const seconds = secondsSince(began)
  const lost = stations.filter((station) => !station.isAccepted).length
  const rssMiB = round(node.peakResidentBytes() / MIB)
  yield {
    bench: 'storm',
    case: `${count} stations`,
    unit: 's',
    value: seconds,
    cpuSeconds: node.cpuSeconds(),
    baseline: { name: `the limit of ${LIMIT_S} s`, value: LIMIT_S, cpuSeconds: 0 },
    ratio: round(LIMIT_S / seconds),
    target: 1,
    met: lost === 0 && seconds <= LIMIT_S && rssMiB <= MAX_RSS_MIB,
    stations: count,
    lost,
    rssMiB,
    startSeconds,
    ...quantiles(stations, began),
    ...seen,
    csmsCpuSeconds: csms.cpuSeconds(),
  }
  for (const station of stations) station.stop()
  await node.stop()
  await csms.stop()
}

function startNode(port: number, csmsUrl: string): Promise<Subject> {
  return startProduct({
    nodeId: 'NN01',
    role: 'networking-node',
    listen: [{ port, insecure: true }],
    uplinks: [{ url: csmsUrl, peerId: 'CSMS01' }],
    http: { port: 0, login: false },
    log: 'silent',
  })
}

/** Until all are accepted, or it has taken too long. */
async function allAccepted(stations: Station[]): Promise<void> {
  const end = performance.now() + GIVE_UP_MS
  while (performance.now() < end && stations.some(({ isAccepted }) => !isAccepted)) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** When half and nearly all of those that came back were accepted. */
function quantiles(stations: Station[], began: number) {
  const times = stations.map(({ acceptedAt }) => (acceptedAt - began) / 1_000)
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => round(sorted[Math.floor(sorted.length * share)] ?? 0)
  return { p50Seconds: at(0.5), p95Seconds: at(0.95) }
}

function secondsSince(began: number): number {
  return round((performance.now() - began) / 1_000)
}

/** The node comes back where it was, so its port is chosen here. */
function freePort(): Promise<number> {
  const server = createServer()
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}

/** What stations met with. */
interface Seen {
  refused503: number
  /** Connections that came to nothing for other reasons, most of them while nobody listened. */
  failedAttempts: number
  /** BootNotifications that were answered with an error. */
  bootErrors: number
  lostAnswers: number
}

/**
 * A station of OCPP 1.6 that wants to be accepted: exponential back-off with full jitter, 1 s at
 * first and 60 s at most, and not before a Retry-After is over.
 */
class Station {
  readonly #url: string
  readonly #seen: Seen
  readonly #maxRetryMs: number
  #socket: WebSocket | undefined
  #timer: NodeJS.Timeout | undefined
  #attempt = 0
  #isStopped = false
  isAccepted = false
  acceptedAt = 0

  constructor(url: string, seen: Seen, maxRetryMs: number) {
    this.#url = url
    this.#seen = seen
    this.#maxRetryMs = maxRetryMs
  }

  start(): void {
    const socket = new WebSocket(this.#url, 'ocpp1.6', { perMessageDeflate: false })
    this.#socket = socket
    let retryAfterMs = 0
    socket.on('open', () => this.#boot(socket))
    socket.on('message', (data) => this.#onAnswer(socket, String(data)))
    socket.on('unexpected-response', (_, response) => {
      if (response.statusCode === 503) this.#seen.refused503++
      retryAfterMs = Number(response.headers['retry-after'] ?? 0) * 1_000
      response.resume()
      socket.terminate()
    })
    socket.on('error', () => this.#seen.failedAttempts++)
    socket.on('close', () => {
      clearTimeout(this.#timer)
      this.isAccepted = false
      this.#again(() => this.start(), retryAfterMs)
    })
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
    this.#socket?.terminate()
  }

  #boot(socket: WebSocket): void {
    const facts = { chargePointVendor: 'Bench', chargePointModel: 'AC 22' }
    socket.send(JSON.stringify([2, '1', 'BootNotification', facts]))
    this.#timer = setTimeout(() => {
      this.#seen.lostAnswers++
      socket.terminate()
    }, ANSWER_MS)
  }

  #onAnswer(socket: WebSocket, text: string): void {
    clearTimeout(this.#timer)
    const [type, , result] = JSON.parse(text)
    if (type === 3 && result.status === 'Accepted') {
      this.isAccepted = true
      this.acceptedAt = performance.now()
      this.#attempt = 0
      return
    }
    this.#seen.bootErrors++
    this.#again(() => this.#boot(socket), 0)
  }

  #again(what: () => void, atLeastMs: number): void {
    if (this.#isStopped) return
    const ownMs = Math.random() * Math.min(this.#maxRetryMs, FIRST_RETRY_MS * 2 ** this.#attempt++)
    this.#timer = setTimeout(what, Math.max(ownMs, atLeastMs))
  }
}
