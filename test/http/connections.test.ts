import assert from 'node:assert/strict'
import { connect, type Socket, type TcpNetConnectOpts } from 'node:net'
import { type TestContext, test } from 'node:test'
import { WebSocket } from 'ws'
import type { ConnectionLimits, ConnectionRefusal } from '../../src/http/connections.ts'
import { AccountStore } from '../../src/storage/account-store.ts'
import { until } from '../end-to-end/processes.ts'
import { startCsmsConsole } from './csms-console.ts'
import { scrape } from './node-console.ts'

/** Who fills the HTTP port with connections on which little happens shuts nobody out. */

/** So long that no timeout is what closes anything. */
const LONG = { headersTimeoutMs: 120_000, requestTimeoutMs: 120_000, idleTimeoutMs: 120_000 }
const HOST = 'Host: 127.0.0.1\r\n'

/** A CSMS with accounts, somebody who has logged in, and strangers. */
async function start(context: TestContext, connections: ConnectionLimits) {
  const accounts = new AccountStore(':memory:')
  accounts.putUser('anna', 'viewer')
  const cookie = `wattweave-session=${accounts.openSession({ name: 'anna' }).secret}`
  const told: ConnectionRefusal[] = []
  const onRefused = (refusal: ConnectionRefusal) => void told.push(refusal)
  const { server } = await startCsmsConsole(context, { accounts, connections, onRefused })
  const opened = new AbortController()
  context.after(() => {
    opened.abort()
    accounts.close()
  })
  const { hostname, port } = new URL(server.url)

  function stranger(said = '', more: Partial<TcpNetConnectOpts> = {}): Socket {
    const socket = connect({ host: hostname, port: Number(port), ...more }, () => socket.write(said)) // biome-ignore format: one line
    socket.on('error', () => {})
    socket.resume() // or it would not be noticed that it is closed
    context.after(() => socket.destroy())
    return socket
  }

  function drip(socket: Socket): void {
    const drops = setInterval(() => socket.write('x'), 20)
    context.after(() => clearInterval(drops))
  }

  /** Says more and more, a character at a time, until nobody listens any more. */
  async function dripping(said: string): Promise<void> {
    const socket = stranger(said)
    drip(socket)
    await until('it is closed', () => socket.closed)
  }

  /** A page that is open: both kinds of live stream, and how many events have come on each. */
  async function openPage() {
    const events = { sse: 0, socket: 0, isOver: false }
    const stream = await fetch(new URL('api/live', server.url), { headers: { cookie }, signal: opened.signal }) // biome-ignore format: one line
    const read = async () => {
      for await (const _ of stream.body ?? []) events.sse++
      events.isOver = true
    }
    read().catch(() => {
      events.isOver = true
    })
    const live = new WebSocket(new URL('api/live', server.url.replace('http', 'ws')), { headers: { cookie } }) // biome-ignore format: one line
    live.on('message', () => events.socket++)
    live.on('error', () => {})
    live.on('close', () => {
      events.isOver = true
    })
    context.after(() => live.terminate())
    await until('both tell', () => events.sse > 0 && events.socket > 0)
    return events
  }

  const counted = async (reason: string) => (await scrape(server.url)).get(`wattweave_http_connections_refused_total{reason="${reason}"}`) ?? 0 // biome-ignore format: one line
  const ready = async () => (await fetch(new URL('ready', server.url))).status
  return { server, accounts, cookie, told, stranger, drip, dripping, openPage, counted, ready }
}

/** The page still tells, on both streams. */
async function goesOn(page: { sse: number; socket: number; isOver: boolean }): Promise<void> {
  const { sse, socket } = { ...page }
  await until('the page tells more', () => page.sse > sse + 1 && page.socket > socket + 1)
  assert.equal(page.isOver, false)
}

test('a crowd of silent connections is sent away; who asks is answered, and open pages go on', async (t) => {
  const { stranger, counted, ready, openPage, told } = await start(t, { ...LONG, maxConnections: 20 }) // biome-ignore format: one line
  const page = await openPage()

  const crowd = Array.from({ length: 200 }, () => stranger())
  for (let i = 0; i < 5; i++) assert.equal(await ready(), 200)
  await until('the crowd is gone', () => crowd.filter(({ closed }) => !closed).length <= 20)

  assert.equal(await ready(), 200)
  assert.ok((await counted('crowded')) >= 180)
  await goesOn(page)
  assert.ok(told.length >= 180 && told.every(({ address, reason }) => address === '127.0.0.1' && reason === 'crowded')) // biome-ignore format: one line
})

test('so is a crowd of requests without an end, of answers that are over and of kept answers', async (t) => {
  const limits = { ...LONG, maxConnections: 10 }
  const { stranger, counted, ready, openPage } = await start(t, limits)
  const page = await openPage()
  const body = `POST /api/session HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{` // biome-ignore format: one line

  for (const said of [body, `GET /health HTTP/1.1\r\n${HOST}\r\n`, `GET /health HTTP/1.1\r\n${HOST}X: `]) {
    const crowd = Array.from({ length: 30 }, () => stranger(said))
    await until('most are gone', () => crowd.filter(({ closed }) => !closed).length <= 10)
    assert.equal(await ready(), 200)
  } // biome-ignore format: three kinds

  assert.ok((await counted('crowded')) >= 80)
  await goesOn(page)
})

test('the oldest of the network that has most is sent away, not who waits elsewhere', async (t) => {
  const { stranger, counted } = await start(t, { ...LONG, maxConnections: 10 })
  const slow = stranger('', { localAddress: '127.0.0.2' })
  await until('it is there', () => slow.readyState === 'open')

  const crowd = Array.from({ length: 50 }, () => stranger())
  await until('most are gone', () => crowd.filter(({ closed }) => !closed).length <= 10)

  assert.ok((await counted('crowded')) >= 40)
  const answer: Buffer[] = []
  slow.on('data', (chunk) => answer.push(chunk))
  slow.write(`GET /health HTTP/1.1\r\n${HOST}\r\n`)
  await until('it is answered', () => Buffer.concat(answer).includes('"up"'))
})

test('where all are in use by who has logged in, a newcomer is not let in, and that is counted', async (t) => {
  const { stranger, cookie, told } = await start(t, { ...LONG, maxConnections: 2 })
  const live = `GET /api/live HTTP/1.1\r\n${HOST}Cookie: ${cookie}\r\n\r\n`
  const streams = []
  for (let i = 0; i < 4; i++) {
    const stream = stranger(live)
    let isTold = false
    stream.on('data', () => {
      isTold = true
    })
    await until('it is told', () => isTold)
    streams.push(stream)
  }

  const late = stranger(live)
  await until('it is closed', () => late.closed)

  assert.deepEqual(told.map(({ reason }) => reason), ['full']) // biome-ignore format: one line
  assert.ok(streams.every(({ closed }) => !closed))
})

test('who says nothing, or never comes to the end of a head, is closed and counted by how', async (t) => {
  const limits = { ...LONG, headersTimeoutMs: 300 }
  const { stranger, dripping, openPage, counted, ready } = await start(t, limits)
  const page = await openPage()

  const silent = stranger()
  await until('it is closed', () => silent.closed)
  await dripping(`GET /health HTTP/1.1\r\n${HOST}X-Slow: `)

  assert.equal(await ready(), 200)
  assert.deepEqual([await counted('silent'), await counted('headers')], [1, 1])
  await goesOn(page)
})

test('who never comes to the end of a body is closed and counted; streams have no end and stay', async (t) => {
  const limits = { ...LONG, headersTimeoutMs: 300, requestTimeoutMs: 600 }
  const { dripping, openPage, counted, ready } = await start(t, limits)
  const page = await openPage()

  await dripping(`POST /api/session HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{`) // biome-ignore format: one line

  assert.equal(await ready(), 200)
  assert.equal(await counted('body'), 1)
  await goesOn(page)
})

test('a connection on which nothing is asked any more is closed, which is no refusal', async (t) => {
  const { stranger, told } = await start(t, { idleTimeoutMs: 200 })
  const idle = stranger(`GET /health HTTP/1.1\r\n${HOST}\r\n`)

  await until('it is closed', () => idle.closed)

  assert.deepEqual(told, [])
})

test('who does not read the answers is closed and counted', async (t) => {
  const { stranger, told } = await start(t, { unreadTimeoutMs: 300 })
  const deaf = stranger(`GET /api/openapi.json HTTP/1.1\r\n${HOST}\r\n`.repeat(500))
  deaf.pause()

  await until('it is told', () => told.length > 0)
  assert.deepEqual(told.map(({ reason, why }) => [reason, why]), [['unread', 'it did not read its answer']]) // biome-ignore format: one line
})

test('a refused WebSocket keeps no connection, also where the other side does not close it', async (t) => {
  const { stranger, drip } = await start(t, LONG)
  const upgrade = `GET /api/live HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n` // biome-ignore format: one line
  const refused = stranger(upgrade, { allowHalfOpen: true })
  const answer: Buffer[] = []
  refused.on('data', (chunk) => answer.push(chunk))
  await until('it is answered', () => Buffer.concat(answer).includes('401 Unauthorized'))

  drip(refused)
  await until('nobody is there any more', () => refused.closed)
})
