import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket, WebSocketServer } from 'ws'
import type { NodeId } from '../src/primitives/ids.ts'
import { canonicalize } from '../src/security/canonical.ts'
import { publicKeyOf } from '../src/security/jwk.ts'
import { keyRecordPayload } from '../src/security/keys/key-record.ts'
import { createMemorySigner } from '../src/security/signer.ts'
import { signStatementNow } from '../src/security/statement.ts'
import { type Subject, startProduct } from './support/processes.ts'
import {
  type Bench,
  type Measured,
  median,
  quantile,
  type Row,
  rateRow,
  round,
} from './support/rows.ts'

/**
 * What signing costs a real process. `secured-forward`: plain stations behind a node that attests what
 * they say, against the same node with `insecure`; each CALL is answered by a hop's error, so that the
 * answer costs the same on both sides. `flood`: how long a station waits for its Heartbeat while
 * somebody sends a CSMS frames with signatures that do not verify, by a key that is known.
 */

const STATIONS = 50
const FLOOD_PER_S = 10_000
const FLOOD_TURN_MS = 10
const P99 = 0.99
/** Good traffic may take three times as long as on an idle node. */
const FLOOD_TARGET = 1 / 3
const PASSWORD = 'bench-password-0123'
const AUTHORIZATION = (id: string) => ({ authorization: `Basic ${Buffer.from(`${id}:${PASSWORD}`).toString('base64')}` }) // biome-ignore format: one line
const SIGNED = { security: {} }

export const securedForward: Bench = async function* ({ isSmoke, isFull }) {
  const sinks = [await openSink(), await openSink()] as const
  const names = Array.from({ length: STATIONS }, (_, i) => `CS${`${i}`.padStart(3, '0')}`)
  const config = (port: number) => ({
    nodeId: 'EDGE',
    role: 'networking-node',
    listen: [{ port: 0 }],
    peers: names.map((id) => ({ id, passwordFile: 'password' })),
    uplinks: [{ url: `ws://127.0.0.1:${port}/`, peerId: 'SINK' }],
    log: 'silent',
  })
  const files = { password: PASSWORD }
  const signing = await startProduct({ ...config(sinks[0].port), ...SIGNED }, files)
  const bare = await startProduct(config(sinks[1].port), files)
  await Promise.all(sinks.map(({ isDialled }) => isDialled))
  const [ours, theirs] = await Promise.all([signing, bare].map((subject) => connectAll(subject, names))) // biome-ignore format: one line
  const roundMs = isSmoke ? 300 : 1_500
  const rounds = isSmoke ? 1 : isFull ? 9 : 5
  const [a, b]: [Measured[], Measured[]] = [[], []]
  for (let n = -1; n < rounds; n++) {
    const [mine, bases] = [await drive(ours ?? [], signing, roundMs), await drive(theirs ?? [], bare, roundMs)] // biome-ignore format: one line
    if (n < 0) continue // both warm before the first counted round
    a.push(mine)
    b.push(bases)
  }
  const names2 = { bench: 'secured-forward', case: 'attested at the edge', unit: 'CALLs/cpu-s', baseline: 'the same, insecure', target: 0 } // biome-ignore format: one line
  yield { ...rateRow(names2, a, b), stations: STATIONS, addedBytes: sinks[0].bytes() - sinks[1].bytes() } // biome-ignore format: one line
  for (const socket of [...(ours ?? []), ...(theirs ?? [])]) socket.terminate()
  await Promise.all([signing.stop(), bare.stop()])
  for (const sink of sinks) sink.close()
}

export const flood: Bench = async function* (options) {
  yield await floodedBy(options, 'bad signatures/s', () => '')
  let next = 0
  yield await floodedBy(options, 'bad signatures/s under 5 000 invented names', () => `"N${next++ % 5_000}",`) // biome-ignore format: one line
}

/** @param before What stands before the own name of the flooder in a path. */
async function floodedBy(
  { isSmoke, isFull }: Parameters<Bench>[0],
  what: string,
  before: () => string,
): Promise<Row> {
  const spanMs = isSmoke ? 600 : isFull ? 20_000 : 8_000
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const record = { key: publicKeyOf(privateKey), owner: 'FLOODER' as NodeId, usages: ['sign-message'] as const, roles: [], notBefore: 0, notAfter: 4e9 } // biome-ignore format: one line
  const csms = await startProduct(
    {
      nodeId: 'CSMS01',
      role: 'csms',
      listen: [{ port: 0 }],
      peers: [{ id: 'CS001', passwordFile: 'password' }, { id: 'FLOODER', peer: 'node', passwordFile: 'password' }], // biome-ignore format: one line
      security: { trust: ['flooder.json'] },
      log: 'silent',
    },
    { password: PASSWORD, 'flooder.json': JSON.stringify(keyRecordPayload(record)) },
  )
  const [station] = await connectAll(csms, ['CS001'])
  const [url] = csms.ready.listen as string[]
  const flooder = await open(`${url}FLOODER`, { ...AUTHORIZATION('FLOODER'), 'x-ocpp-networkingmode': 'OverlayNetwork', 'x-wattweave': 'v=1; caps=confirm' }) // biome-ignore format: one line
  if (!station) throw new Error('no station')
  await heartbeats(station, spanMs / 4)
  const idle = await heartbeats(station, spanMs)
  const stream = keepFlooding(flooder, badFrame(privateKey, before))
  await sleep(spanMs / 4)
  const [cpu, sent, began] = [csms.cpuSeconds(), stream.answered(), performance.now()]
  const loaded = await heartbeats(station, spanMs)
  const perSecond = ((stream.answered() - sent) * 1_000) / (performance.now() - began)
  stream.stop()
  const [idleP99, floodedP99] = [quantile(idle, P99), quantile(loaded, P99)]
  const ratio = idleP99 / floodedP99
  const row: Row = { bench: 'flood', case: `Heartbeat at ${Math.round(perSecond)} ${what}`, unit: 'ms p99', value: floodedP99, cpuSeconds: round(csms.cpuSeconds() - cpu), baseline: { name: 'idle', value: idleP99, cpuSeconds: 0 }, ratio: round(ratio), target: round(FLOOD_TARGET), met: ratio >= FLOOD_TARGET, refusedPerSecond: Math.round(perSecond), offeredPerSecond: FLOOD_PER_S, medianMs: round(median(loaded)), idleMedianMs: round(median(idle)) } // biome-ignore format: one line
  station.terminate()
  flooder.terminate()
  await csms.stop()
  return row
}

/** Asks one after the other; milliseconds each. */
async function heartbeats(socket: WebSocket, forMs: number): Promise<number[]> {
  const taken: number[] = []
  for (const until = performance.now() + forMs; performance.now() < until; ) {
    const began = performance.now()
    await ask(socket, 'Heartbeat', '{}')
    taken.push(performance.now() - began)
    await sleep(1)
  }
  return taken
}

function ask(socket: WebSocket, action: string, payload: string): Promise<void> {
  const answered = new Promise<void>((resolve) => socket.once('message', () => resolve()))
  socket.send(`[2,"${randomUUID()}","${action}",${payload}]`)
  return answered
}

/** A Heartbeat whose one signature is another message's, under ever new ids. */
function badFrame(
  key: Parameters<typeof createMemorySigner>[0],
  before: () => string,
): () => string {
  const nowS = Math.floor(Date.now() / 1_000)
  const signer = createMemorySigner(key)
  const fields = { ocpp: 'ocpp2.1', ctx: 'urn:wattweave:ocpp2.1:Heartbeat:request', OCPPAction: 'Heartbeat', OCPPMessageTypedId: 2, id: '0192f3a1-7c00-7abc-8def-0123456789ab', from: 'FLOODER', to: 'CSMS', iat: nowS, exp: nowS + 60, nonce: randomBytes(16).toString('base64url') } as const // biome-ignore format: one line
  const entry = signStatementNow(
    canonicalize({ customData: { vendorId: 'other' } }),
    fields,
    signer,
  )
  const payload = JSON.stringify({ signatures: [entry] })
  return () => `[2,"CSMS",[${before()}"FLOODER"],"${randomUUID()}","Heartbeat",${payload}]`
}

function keepFlooding(socket: WebSocket, frame: () => string) {
  let answered = 0
  socket.on('message', () => answered++)
  const timer = setInterval(() => {
    for (let n = 0; n < (FLOOD_PER_S * FLOOD_TURN_MS) / 1_000; n++) socket.send(frame())
  }, FLOOD_TURN_MS)
  return { answered: () => answered, stop: () => clearInterval(timer) }
}

/** Each station asks, waits for its answer, and asks again. */
async function drive(
  sockets: readonly WebSocket[],
  subject: Subject,
  forMs: number,
): Promise<Measured> {
  const cpu = subject.cpuSeconds()
  const until = performance.now() + forMs
  let count = 0
  const payload = JSON.stringify({ vendorId: 'bench', data: 'x'.repeat(400) })
  const one = async (socket: WebSocket) => {
    for (; performance.now() < until; count++) await ask(socket, 'DataTransfer', payload)
  }
  await Promise.all(sockets.map(one))
  return { count, cpuSeconds: subject.cpuSeconds() - cpu }
}

function connectAll(subject: Subject, names: readonly string[]): Promise<WebSocket[]> {
  const [url] = subject.ready.listen as string[]
  return Promise.all(names.map((name) => open(`${url}${name}`, AUTHORIZATION(name))))
}

function open(url: string, headers: Record<string, string>): Promise<WebSocket> {
  const socket = new WebSocket(url, ['ocpp2.1'], { headers, perMessageDeflate: false })
  return new Promise((resolve, reject) => {
    socket.on('open', () => resolve(socket))
    socket.on('error', reject)
  })
}

/** The far end: tells each CALL that it is not supported, and remembers how long the last one was. */
async function openSink() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false, handleProtocols: () => 'ocpp2.1' }) // biome-ignore format: one line
  server.on('headers', (headers) => {
    headers.push('X-OCPP-NetworkingMode: OverlayNetwork', 'X-Wattweave: v=1; caps=confirm; id=SINK')
  })
  let bytes = 0
  const dialled = Promise.withResolvers<void>()
  server.on('connection', (socket) => {
    dialled.resolve()
    socket.on('message', (data: Buffer) => {
      const [type, , path, id] = JSON.parse(data.toString()) as [number, string, string[], string]
      if (type !== 2) return
      bytes = data.length
      socket.send(JSON.stringify([4, path[0], ['SINK'], id, 'NotSupported', '', {}]))
    })
  })
  await new Promise((resolve) => server.on('listening', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    isDialled: dialled.promise,
    bytes: () => bytes,
    close() {
      for (const socket of server.clients) socket.terminate()
      server.close()
    },
  }
}
