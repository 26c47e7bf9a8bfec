import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, type TestContext, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { WebSocket } from 'ws'
import type { NodeId } from '../../src/primitives/ids.ts'
import { ConnectionBudget, PROCESS_CONNECTIONS } from '../../src/transport/connection-budget.ts'
import { UpgradeQueue } from '../../src/transport/upgrade-queue.ts'
import type { AcceptOptions } from '../../src/transport/websocket-server.ts'
import { type Authority, createAuthority } from '../support/certificates.ts'
import { type Site, startSite } from '../support/site.ts'
import {
  basic,
  client,
  type Listening,
  listen,
  OVERLAY,
  peers,
  type RawClient,
  upgrade,
} from '../support/sockets.ts'
import { until } from '../support/until.ts'

/** Attacks on the way in: before anybody has said who he is, and on links that are open. */

const FLOODER = fileURLToPath(new URL('flooder.ts', import.meta.url))

let site: Site
let authority: Authority
before(async () => {
  site = await startSite('CS01', 'CS02', 'LC01')
  authority = await createAuthority()
})
after(() => site.stop())

/** A station that boots, which shows that the attack hurt nobody else. */
async function boots(t: TestContext, url: string, id = 'CS01'): Promise<RawClient> {
  const raw = await client(t, url, { id })
  assert.ok(raw.isOpen, `${id} connects`)
  raw.send('[2,"boot","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]')
  const answer = await raw.take((frame) => frame[1] === 'boot', 'the boot')
  assert.equal((answer[2] as { status: string }).status, 'Accepted')
  return raw
}

/** Why links of a peer of the site ended from now on. */
function endings(t: TestContext, id: string): string[] {
  const reasons: string[] = []
  const stop = site.node.onEvent((event) => {
    if (event.name === 'link.down' && event.link === id) reasons.push(event.reason)
  })
  t.after(stop)
  return reasons
}

const countersOf = (id: string) => {
  const { received = [], refused = 0 } = site.node.linkCounters.get(id) ?? {}
  return { calls: received[2] ?? 0, refused }
}

/** A station that says something over a listener, while others do what they do there. */
async function isHeard(t: TestContext, { url, links }: Listening & { url: string }) {
  const station = await client(t, url)
  const link = links.at(-1)
  const heard: string[] = []
  link?.attach({ message: (bytes) => heard.push(`${Buffer.from(bytes)}`), closed() {} })
  station.send('[2,"1","Heartbeat",{}]')
  await until(() => heard.length === 1, 'its frame')
  station.socket.terminate()
}

interface Raw {
  readonly socket: Socket
  readonly got: () => string
  readonly isClosed: () => boolean
}

function raw(
  t: TestContext,
  { port }: { port: number },
  { tls = false, localAddress = '127.0.0.1' } = {},
): Raw {
  const socket = tls
    ? connectTls({ port, host: '127.0.0.1', ca: authority.certificate })
    : connect({ port, host: '127.0.0.1', localAddress })
  t.after(() => socket.destroy())
  let got = ''
  let isClosed = false
  socket.on('data', (chunk) => {
    got += chunk.toString('latin1')
  })
  socket.on('close', () => {
    isClosed = true
  })
  socket.on('error', () => {})
  return { socket, got: () => got, isClosed: () => isClosed }
}

const portOf = (url: string) => ({ port: Number(new URL(url).port) })
const HANDSHAKE = `GET /CS02 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ocpp1.6\r\nAuthorization: ${basic('CS02')}\r\n\r\n`

async function secureClient(t: TestContext, url: string): Promise<{ isOpen: boolean }> {
  const socket = new WebSocket(`${url}CS01`, ['ocpp1.6'], { headers: { authorization: basic('CS01') }, ca: authority.certificate }) // biome-ignore format: one line
  t.after(() => socket.terminate())
  socket.on('error', () => {})
  await until(() => socket.readyState !== WebSocket.CONNECTING, 'the station to get in')
  return { isOpen: socket.readyState === WebSocket.OPEN }
}

/** A listener on which a request may take a fifth of a second. */
function impatient(t: TestContext, options: Partial<AcceptOptions> = {}) {
  return listen(t, { requestTimeoutMs: 200, ...options })
}

/** What a listener told of connections that ended before they had asked for anything. */
async function unasked({ events }: Pick<Listening, 'events'>, count = 1): Promise<string[]> {
  await until(() => events.length >= count, 'the events')
  return events.map(({ name, why, ...rest }) => {
    assert.deepEqual({ name, ...rest }, { name: 'refused', id: '', status: 0, address: '127.0.0.1' }) // biome-ignore format: one line
    return why
  })
}

test('who sends a request byte by byte is cut off, plain and under TLS, and it is counted', async (t) => {
  const identity = await authority.issue({ addresses: ['127.0.0.1'] })
  const plain = await impatient(t)
  const secure = await impatient(t, { tls: identity })
  for (const [listening, tls] of [[plain, false], [secure, true]] as const) {
    const slow = raw(t, listening.acceptor, { tls })
    slow.socket.write('GET /CS01 HTTP/1.1\r\nX: ')
    const drip = setInterval(() => slow.socket.write('x'), 20)
    t.after(() => clearInterval(drip))
    if (!tls) await isHeard(t, listening)
    else assert.ok((await secureClient(t, listening.url)).isOpen, 'a station gets in meanwhile')
    await until(slow.isClosed, 'the slow request to be cut off')
    assert.match(slow.got(), /^HTTP\/1\.1 408 /)
    assert.deepEqual(await unasked(listening), ['it did not finish a request in time'])
  } // biome-ignore format: two listeners
})

test('who connects and says nothing is cut off, also in the middle of a TLS handshake, and it is counted', async (t) => {
  const identity = await authority.issue({ addresses: ['127.0.0.1'] })
  const plain = await impatient(t)
  const secure = await impatient(t, { tls: identity })
  const mute = [raw(t, plain.acceptor), raw(t, secure.acceptor)]
  mute[1]?.socket.write(Buffer.from('1603010200', 'hex'))
  await isHeard(t, plain)
  assert.ok((await secureClient(t, secure.url)).isOpen, 'a station gets in meanwhile')
  await until(() => mute.every((one) => one.isClosed()), 'the silent connections to be cut off')
  assert.deepEqual(await unasked(plain), ['it did not finish a request in time'])
  assert.match((await unasked(secure)).join(), /^TLS: its handshake was not over in time/)
})

test('who says something else than HTTP is told so, and it is counted; who leaves without a word is not', async (t) => {
  const listening = await listen(t)
  const nobody = raw(t, listening.acceptor)
  await until(() => nobody.socket.readyState === 'open', 'a connection')
  nobody.socket.destroy()
  await until(nobody.isClosed, 'it to leave')
  for (const [i, [said, status, why]] of ([
    ['hello, is anybody there?\r\n\r\n', 400, /^what it says is no HTTP \(HPE_/],
    [Buffer.from('160301006f0100006b0303', 'hex'), 400, /^it speaks TLS where plain ws:/],
    [`GET /CS01 HTTP/1.1\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`, 431, /^its request is too long$/],
  ] as const).entries()) {
    const odd = raw(t, listening.acceptor)
    odd.socket.write(said)
    await until(odd.isClosed, 'the end')
    assert.match(odd.got(), new RegExp(`^HTTP/1.1 ${status} `))
    assert.match((await unasked(listening, i + 1))[i] ?? '', why)
  } // biome-ignore format: a table
  assert.equal(listening.events.length, 3)
  const station = await client(t, listening.url)
  assert.ok(station.isOpen)
})

test('listeners of a process share how many connections there may be', async (t) => {
  const connections = new ConnectionBudget(2)
  const [one, other] = [await listen(t, { connections }), await listen(t, { connections })]
  const [first, second] = [await client(t, one.url), await client(t, other.url)]
  assert.ok(first.isOpen && second.isOpen)
  const late = raw(t, other.acceptor)
  await until(late.isClosed, 'the third to be closed')
  assert.deepEqual(await unasked(other), ['this process has as many connections as it may have'])
  first.socket.terminate()
  await until(() => connections.open === 1, 'the first to be gone')
  assert.ok((await client(t, other.url, { id: 'CS02' })).isOpen)
})

test('a listener shares them with all of its process, fewer than 20 000', async (t) => {
  const listening = await listen(t)
  const before = PROCESS_CONNECTIONS.open
  const taken: boolean[] = []
  t.after(() => taken.forEach(() => void PROCESS_CONNECTIONS.giveBack()))
  while (PROCESS_CONNECTIONS.take()) taken.push(true)
  assert.equal(before + taken.length, PROCESS_CONNECTIONS.max)
  assert.ok(PROCESS_CONNECTIONS.max < 20_000)
  const late = raw(t, listening.acceptor)
  await until(late.isClosed, 'it to be closed')
})

test('of a thousand and more silent connections the oldest go, which is counted, and a station gets in at once', async (t) => {
  // Nobody is cut off for being slow here, however busy this machine is.
  const listening = await listen(t, { requestTimeoutMs: 120_000 })
  const silent: Raw[] = []
  // Few at a time: the system drops what its own queue has no room for, and tries again ever later.
  for (let i = 0; i < 1_050; i += 50) {
    const some = Array.from({ length: 50 }, () => raw(t, listening.acceptor))
    silent.push(...some)
    await until(() => some.every(({ socket }) => !socket.connecting), 'them to connect')
  }
  await until(() => silent.filter((one) => one.isClosed()).length === 50, 'the oldest to be closed')
  const whys = await unasked(listening, 50)
  assert.equal(whys.length, 50)
  assert.ok(
    whys.every((why) => /^it had not asked for anything while more than a thousand/.test(why)),
  )
  assert.ok(silent.slice(0, 30).every((one) => one.isClosed()), 'it is the oldest that go') // biome-ignore format: one line
  assert.ok((await client(t, listening.url)).isOpen)
})

test('of three thousand stations that connect and ask at the same time each gets in or is told when to come back', async (t) => {
  const listening = await listen(t, { insecure: true, peers: [] })
  // Elsewhere, so that all of them are there before this process looks at the first.
  const workerData = {
    ...portOf(listening.url),
    count: 3_000,
    request: HANDSHAKE.replace(/Authorization.*\r\n/, ''),
  }
  const storm = new Worker(new URL('./upgrade-storm.ts', import.meta.url), { workerData })
  t.after(() => storm.terminate())
  const [counts] = (await once(storm, 'message')) as [Record<string, number>]
  assert.deepEqual(Object.keys(counts).filter((status) => status !== '101'), counts['503'] ? ['503'] : [], JSON.stringify(counts)) // biome-ignore format: one line
  assert.equal((counts['101'] ?? 0) + (counts['503'] ?? 0), 3_000)
})

test('where one network connects and says nothing, a station of another that is slow to ask gets in', async (t) => {
  const listening = await listen(t, { requestTimeoutMs: 120_000 })
  const slow = raw(t, listening.acceptor, { localAddress: '127.0.0.9' })
  await until(() => !slow.socket.connecting, 'it to connect')
  const silent: Raw[] = []
  for (let i = 0; i < 1_050; i += 50) {
    const some = Array.from({ length: 50 }, () => raw(t, listening.acceptor))
    silent.push(...some)
    await until(() => some.every(({ socket }) => !socket.connecting), 'them to connect')
  }
  await until(() => silent.filter((one) => one.isClosed()).length >= 51, 'some to be closed')
  slow.socket.write(HANDSHAKE)
  await until(() => slow.got().includes('101 Switching'), 'the upgrade')
})

test('an upgrade with frames of one byte each behind it is read as one that comes whole', async (t) => {
  const slow = raw(t, portOf(site.url))
  slow.socket.write(HANDSHAKE)
  await until(() => slow.got().includes('\r\n\r\n'), 'the upgrade')
  const before = countersOf('CS02')
  const call = Buffer.from('[2,"1","Heartbeat",{}]')
  for (const [i, byte] of call.entries()) {
    const opcode = (i === call.length - 1 ? 0x80 : 0) | (i === 0 ? 1 : 0)
    slow.socket.write(Uint8Array.of(opcode, 0x81, 0, 0, 0, 0, byte))
  }
  await until(() => slow.got().includes('currentTime'), 'the answer')
  assert.deepEqual(countersOf('CS02'), { ...before, calls: before.calls + 1 }, 'one CALL')
  await boots(t, site.url)
})

test('a message of fragments that never ends takes no memory beyond its limit, and then its link', async (t) => {
  const endless = raw(t, portOf(site.url))
  endless.socket.write(HANDSHAKE)
  await until(() => endless.got().includes('\r\n\r\n'), 'the upgrade')
  const bystander = await boots(t, site.url)
  const [before, reasons] = [countersOf('CS02'), endings(t, 'CS02')]
  const piece = Buffer.alloc(4 + 4 + 65_000, 'x')
  piece.set([0x00, 0xfe, 65_000 >> 8, 65_000 & 255, 0, 0, 0, 0])
  endless.socket.write(Uint8Array.of(0x01, 0x80, 0, 0, 0, 0))
  for (let i = 0; i < 20; i++) endless.socket.write(piece)
  await until(endless.isClosed, 'the endless message to cost its link')
  await until(() => reasons.length > 0, 'it to be told')
  assert.deepEqual(reasons, ['1009 message too big'])
  assert.deepEqual(countersOf('CS02'), before, 'no frame of it was taken for one')
  assert.ok(bystander.isOpen)
  await boots(t, site.url)
})

for (const [what, frame] of [
  ['data frames of one byte', Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0x78])],
  ['requests', Buffer.concat([Buffer.from([0x81, 0x96, 0, 0, 0, 0]), Buffer.from('[2,"1","Heartbeat",{}]')])], // biome-ignore format: one line
] as const) {
  test(`a flood of ${what} from another process leaves each station its turn`, async (t) => {
    const { port } = portOf(site.url)
    const station = await boots(t, site.url)
    const heard = () => {
      const { calls, refused } = countersOf('CS02')
      return calls + refused
    }
    const before = heard()
    const hex = [Buffer.from(HANDSHAKE), frame].map((bytes) => bytes.toString('hex'))
    const flooder = spawn(process.execPath, [FLOODER, String(port), ...hex])
    t.after(() => flooder.kill('SIGKILL'))
    await until(() => heard() - before > 50_000, 'the flood to be on')

    const between: number[] = []
    for (let i = 0; i < 10; i++) {
      const since = heard()
      station.send(`[2,"h${i}","Heartbeat",{}]`)
      await station.take((answer) => answer[1] === `h${i}`, 'an answer')
      between.push(heard() - since)
    }
    // Without turns a whole buffer of the network, tens of thousands of frames, comes in between.
    t.diagnostic(`frames of the flood between a question and its answer: ${between}`)
    assert.ok(Math.max(...between) < 10_000, `${between}`)
  })
}

test('100 000 pings do not keep a station from being served', async (t) => {
  const flood = raw(t, portOf(site.url))
  flood.socket.write(HANDSHAKE)
  await until(() => flood.got().includes('\r\n\r\n'), 'the upgrade')
  flood.socket.pause() // it does not even take the pongs
  const before = countersOf('CS02')
  const ping = Buffer.from([0x89, 0x80, 0, 0, 0, 0])
  const pings = Buffer.concat(Array.from({ length: 1_000 }, () => ping))
  for (let i = 0; i < 100; i++) flood.socket.write(pings)
  await boots(t, site.url)
  flood.socket.resume()
  flood.socket.write(Buffer.concat([Buffer.from([0x81, 0x96, 0, 0, 0, 0]), Buffer.from('[2,"1","Heartbeat",{}]')])) // biome-ignore format: one line
  await until(() => flood.got().includes('currentTime'), 'what it says after all its pings')
  assert.deepEqual(countersOf('CS02'), { ...before, calls: before.calls + 1 }, 'a ping is no frame')
})

test('of more upgrades at once than may wait some begin in each turn, and the rest is not let wait', async () => {
  const queue = new UpgradeQueue(100)
  const begun: number[] = []
  const isQueued = Array.from({ length: 130 }, (_, i) => queue.push(() => begun.push(i)))
  assert.equal(isQueued.filter(Boolean).length, 100)
  assert.deepEqual(begun, [], 'nothing in this turn')
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  await turn()
  assert.ok(begun.length > 0 && begun.length < 100, 'others get their turn in between')
  await until(() => begun.length === 100, 'all that were let wait')
  assert.deepEqual(
    begun,
    [...begun].sort((a, b) => a - b),
  )
  assert.ok(
    queue.push(() => {}),
    'there is room again',
  )
})

test('who is not let wait is told when to come back, and it is counted', async (t) => {
  const { url, links, events } = await listen(t, { maxWaitingUpgrades: 0 })
  const answer = await upgrade(`${url}CS01`, { authorization: basic('CS01') })
  assert.equal(answer.status, 503)
  const seconds = Number(answer.headers['retry-after'])
  assert.ok(seconds >= 1 && seconds <= 30, `${seconds}`)
  assert.deepEqual([links.length, events.length], [0, 1])
})

test('a listener that drains sends newcomers away and keeps who is there', async (t) => {
  const { acceptor, url, links } = await listen(t)
  const there = await client(t, url, { id: 'CS01' })
  acceptor.drain()
  const late = await upgrade(`${url}CS02`, { authorization: basic('CS02') })
  assert.equal(late.status, 503)
  assert.ok(late.headers['retry-after'])
  assert.ok(there.isOpen && links.length === 1)
})

test('A01: an unknown id and a known one with a wrong password look the same; conform404 tells them apart', async (t) => {
  const usual = await listen(t)
  const conform = await listen(t, { conform404: true })
  const ask = (url: string, id: string) =>
    upgrade(url + id, { authorization: basic(id, 'wrong'), 'Sec-WebSocket-Protocol': 'ocpp1.6' })
  const answers = await Promise.all(['CS01', 'CS99'].map((id) => ask(usual.url, id)))
  assert.deepEqual(answers.map(({ status }) => status), [401, 401]) // biome-ignore format: one line
  assert.deepEqual(answers[0]?.headers, answers[1]?.headers)
  const told = await Promise.all(['CS01', 'CS99'].map((id) => ask(conform.url, id)))
  assert.deepEqual(told.map(({ status }) => status), [401, 404]) // biome-ignore format: one line
})

test('A02: a known id without credential is refused before a frame of it is processed', async (t) => {
  const counted = site.node.linkCounters.get('CS02')?.received.join()
  const thief = raw(t, portOf(site.url))
  const frame = Buffer.concat([Buffer.from([0x81, 0x96, 0, 0, 0, 0]), Buffer.from('[2,"1","Heartbeat",{}]')]) // biome-ignore format: one line
  thief.socket.write(HANDSHAKE.replace(/Authorization: .*\r\n/, ''))
  thief.socket.write(frame)
  await until(thief.isClosed, 'the refusal')
  assert.match(thief.got(), /^HTTP\/1\.1 401 /)
  assert.equal(site.node.linkCounters.get('CS02')?.received.join(), counted)
})

test('A03: 10 000 connections with wrong passwords, and the real station gets in from anywhere', async (t) => {
  const { url, links, events } = await listen(t, { peers: peers('CS01') })
  const guessers = ['127.0.0.2', '127.0.0.3']
  const statuses = new Map<number, number>()
  for (let tried = 0; tried < 10_000; ) {
    const wave = Array.from({ length: 250 }, () => {
      const guess = HANDSHAKE.replace('/CS02', '/CS01').replace(
        /Authorization: .*/,
        `Authorization: ${basic('CS01', `guess ${tried}`)}`,
      )
      const socket = connect({ ...portOf(url), host: '127.0.0.1', localAddress: guessers[tried++ % 2] }) // biome-ignore format: one line
      socket.on('error', () => {})
      socket.write(guess)
      return socket
    })
    // Answers of a minute later are waited for by nobody who guesses.
    await until(() => events.length === wave.length, 'the wave to be refused')
    for (const event of events.splice(0)) {
      assert.equal(event.name, 'refused')
      const { status } = event as typeof event & { status: number }
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
    if (tried % 1_000 === 0) {
      for (const localAddress of ['127.0.0.1', ...guessers]) {
        const station = await client(t, url, { id: 'CS01', localAddress })
        assert.ok(station.isOpen, `${localAddress} after ${tried} guesses`)
        const link = links.at(-1)
        station.send('[2,"1","Heartbeat",{}]')
        const heard: string[] = []
        link?.attach({ message: (bytes) => heard.push(`${Buffer.from(bytes)}`), closed() {} })
        await until(() => heard.length === 1, 'its frame')
        station.socket.terminate()
      }
    }
    for (const socket of wave) socket.destroy()
  }
  const [told, flooding] = [statuses.get(401) ?? 0, statuses.get(429) ?? 0]
  assert.equal(told + flooding, 10_000)
  assert.ok(told <= 100, `${told} were told that the password is wrong`)
})

test('A05: two that bear the same id and credential take turns, and nobody else notices', async (t) => {
  const bystander = await boots(t, site.url)
  const [reasons, others] = [endings(t, 'CS02'), endings(t, 'CS01')]
  for (let turn = 0; turn < 40; turn++) {
    const one = await client(t, site.url, { id: 'CS02' })
    assert.ok(one.isOpen)
    one.send(`[2,"${turn}","Heartbeat",{}]`)
    await one.take((frame) => frame[1] === `${turn}`, 'its own answer')
  }
  const links = [...site.node.neighbours].filter((neighbour) => neighbour.id === 'CS02')
  assert.equal(links.length, 1)
  const replaced = reasons.filter((reason) => /replaced by a newer connection/.test(reason))
  assert.ok(replaced.length >= 39, `each but the last was told of: ${reasons}`)
  assert.deepEqual(others, [])
  bystander.send('[2,"x","Heartbeat",{}]')
  await bystander.take((frame) => frame[1] === 'x', 'the answer')
})

test('A06: a peer that is half open is given up after two pings without pong', async (t) => {
  const { url, links } = await listen(t, { pingIntervalMs: 50 })
  const dead = await client(t, url, { id: 'CS01', autoPong: false })
  const alive = await client(t, url, { id: 'CS02' })
  const [first] = links
  assert.ok(first)
  let end: readonly unknown[] | undefined
  for (const link of links) {
    link.attach({
      message() {},
      closed: (...how) => {
        if (link === first) end = how
      },
    })
  }
  await until(() => end !== undefined, 'the half-open link to be given up')
  assert.deepEqual(end, [1006, 'two pings without pong', 'here'])
  await until(() => dead.closed !== undefined, 'its end')
  assert.ok(alive.isOpen)
})

test('a node that peers dial as overlay and as station at once keeps them apart', async (t) => {
  const node = await client(t, site.url, { id: 'LC01', protocols: ['ocpp2.1'], headers: OVERLAY })
  node.send('[2,"CSMS",["LC01"],"n","Heartbeat",{}]')
  const answer = await node.take((frame) => frame[3] === 'n', 'the answer')
  assert.equal(answer[0], 3)
  await boots(t, site.url, 'CS02')
})

// Nobody is left behind by any of the above.
test('after all of it the node still has its uplink and serves a new station', async (t) => {
  assert.ok([...site.node.neighbours].some(({ id }) => id === ('CSMS01' as NodeId)))
  await boots(t, site.url)
})
