import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { WebSocketServer } from 'ws'
import { type Clock, settle, VirtualClock } from '../../src/primitives/clock.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { seededRandomness } from '../../src/primitives/randomness.ts'
import { Secret } from '../../src/transport/credentials.ts'
import { type DialOptions, dial, retryDelayMs } from '../../src/transport/websocket-client.ts'
import { accept } from '../../src/transport/websocket-server.ts'
import { SEED } from '../seed.ts'
import { basic, client, listen, OVERLAY, peers, startSource, upgrade } from '../support/sockets.ts'
import { until } from '../support/until.ts'
import { attach, linkCompliance } from './compliance.ts'

const id = (text: string) => text as NodeId
const password = (of: string) => new Secret(`password of ${of}`)

const uplink = (url: string, options: Partial<DialOptions> = {}): DialOptions => ({
  url,
  nodeId: id('LC01'),
  password: password('LC01'),
  mode: 'overlay',
  ...options,
})

/** Both ends of one WebSocket, as the two sources hand them out. */
async function open(t: TestContext, options: Partial<DialOptions> = {}) {
  const server = await listen(t)
  const dialled = await startSource(t, dial(uplink(server.url, options)))
  await until(() => dialled.links.length > 0 && server.links.length > 0, 'the link')
  const [a] = dialled.links
  const [b] = server.links
  assert.ok(a && b)
  return [a, b] as const
}

linkCompliance('websocket', (t) => open(t))

test('thousands of messages of one tick arrive in order', async (t) => {
  const [a, b] = await open(t)
  attach(a)
  const at = attach(b)
  const sent = Array.from({ length: 5_000 }, (_, i) => `message ${i}`)

  for (const text of sent) a.send(Buffer.from(text), false)
  await until(() => at.messages.length === sent.length, 'all messages')

  assert.deepEqual(at.messages.map((m) => m.text), sent) // biome-ignore format: one line
})

test('messages of one tick and a close after them all arrive', async (t) => {
  const [a, b] = await open(t)
  attach(a)
  const at = attach(b)

  for (let i = 0; i < 100; i++) a.send(Buffer.from(`${i}`), false)
  a.close(1001, 'going away')
  await until(() => at.closed.length > 0, 'the close')

  assert.equal(at.messages.length, 100)
  assert.deepEqual(at.closed, [{ code: 1001, reason: 'going away' }])
})

test('a round trip is measured', async (t) => {
  const [a, b] = await open(t)
  attach(a)
  attach(b)
  await until(() => a.roundTripMs !== undefined && b.roundTripMs !== undefined, 'two pongs')
  assert.ok((a.roundTripMs ?? -1) >= 0)
})

// ---- Who it is

test('the id is the last path segment, percent-decoded, whatever stands before and behind', async (t) => {
  const server = await listen(t, { peers: peers('CS01', 'CS+01', 'größe'), insecure: false })
  const cases = [
    ['', 'CS01', {}],
    ['ocpp/some/where/', 'CS+01', {}],
    ['', 'größe', OVERLAY],
  ] as const

  for (const [path, name, headers] of cases) {
    const raw = await client(t, server.url + path, { id: name, headers: { ...headers } })
    assert.ok(raw.isOpen, name)
  }
  const query = await upgrade(`${server.url}CS01?x=/CS02`, {
    authorization: basic('CS01'),
    'Sec-WebSocket-Protocol': 'ocpp1.6',
  })

  assert.equal(query.status, 101)
  await until(() => server.links.length === 4, 'the links')
  assert.deepEqual(server.links.map((l) => l.peerIds[0]), ['CS01', 'CS+01', 'größe', 'CS01']) // biome-ignore format: one line
})

test('an id in another letter case is the peer as it is configured', async (t) => {
  const server = await listen(t)
  const raw = await client(t, server.url, { id: 'cs01', headers: { authorization: basic('cS01', 'password of CS01') } }) // biome-ignore format: one line
  assert.ok(raw.isOpen)
  assert.deepEqual(server.links[0]?.peerIds, ['CS01'])
  assert.equal(server.links[0]?.credential, 'basic')
})

/** Answers that are held back come at once. */
const impatient: Clock = {
  now: Date.now,
  monotonic: () => performance.now(),
  setTimer(callback) {
    const handle = setImmediate(callback)
    return { cancel: () => clearImmediate(handle) }
  },
}

test('whoever is not let in gets the same 401, whatever is wrong', async (t) => {
  const server = await listen(t, { clock: impatient })
  const ask = (path: string, authorization?: string, more: Record<string, string> = {}) =>
    upgrade(server.url + path, {
      'Sec-WebSocket-Protocol': 'ocpp1.6',
      ...(authorization !== undefined && { authorization }),
      ...more,
    })
  const answers = {
    'unknown id': await ask('CS99', basic('CS99')),
    'wrong password': await ask('CS01', basic('CS01', 'wrong')),
    'empty password': await ask('CS01', basic('CS01', '')),
    'no credential': await ask('CS01'),
    'not Basic': await ask('CS01', 'Bearer abc'),
    'broken Basic': await ask('CS01', 'Basic %%%'),
    'Basic without a colon': await ask('CS01', `Basic ${Buffer.from('CS01').toString('base64')}`),
    'user is another peer': await ask('CS01', basic('CS02')),
    'user is another peer, with the password of the id': await ask('CS01', basic('CS02', 'password of CS01')), // biome-ignore format: one line
    'user looks like the id': await ask('CS01', basic('C\u017f01', 'password of CS01')),
    'no id': await ask('', basic('CS01')),
    'a trailing slash': await ask('CS01/', basic('CS01')),
    'a broken escape': await ask('%E0%A4', basic('CS01')),
    'an id that is too long': await ask('C'.repeat(256), basic('CS01')),
    'no overlay, but no station id': await ask('gr%C3%B6%C3%9Fe', basic('größe')),
    'a reserved id': await ask('CSMS', basic('CSMS')),
    'an unknown overlay node': await ask('LC99', basic('LC99'), OVERLAY),
  }

  for (const [what, { status, headers, body }] of Object.entries(answers)) {
    assert.equal(status, 401, what)
    assert.deepEqual({ headers, body }, { headers: answers['unknown id'].headers, body: 'Unauthorized\n' }, what) // biome-ignore format: one line
  }
  assert.match(answers['unknown id'].headers['www-authenticate'] ?? '', /^Basic realm="/)
  assert.deepEqual(server.links, [])
  assert.equal(server.events.length, Object.keys(answers).length)
  assert.ok(!JSON.stringify(server.events).includes('password of'))
})

for (const name of ['0', '*', '*all', 'CSMS', 'csms', 'CentralSystem', 'acme%2FCSMS', 'Time']) {
  test(`${name} is refused as a peer's own id, also when it is configured`, async (t) => {
    const plain = decodeURIComponent(name)
    const server = await listen(t, { peers: peers(plain), insecure: true })
    for (const headers of [{}, OVERLAY]) {
      const answer = await upgrade(server.url + name, {
        authorization: basic(plain),
        'Sec-WebSocket-Protocol': 'ocpp2.1',
        ...headers,
      })
      assert.equal(answer.status, 401)
    }
  })
}

test('without insecure nobody comes in without a credential, with it an unknown id does', async (t) => {
  const closed = await listen(t, { peers: [{ id: id('CS07') }] })
  const open = await listen(t, { peers: peers('CS01'), insecure: true })
  const ask = (url: string, headers = {}) => upgrade(url, { 'Sec-WebSocket-Protocol': 'ocpp1.6', ...headers }) // biome-ignore format: one line

  assert.equal((await ask(`${closed.url}CS07`)).status, 401)
  assert.equal((await ask(`${open.url}CS09`)).status, 101)
  assert.equal((await ask(`${open.url}CS01`)).status, 401, 'a password that is set is asked for')
  assert.equal((await ask(`${open.url}CS01`, { authorization: basic('CS01') })).status, 101)
  await until(() => open.links.length === 2, 'two links')
  assert.deepEqual(open.links.map((l) => l.credential), ['none', 'basic']) // biome-ignore format: one line
})

test('a request that is no upgrade is told to upgrade', async (t) => {
  const server = await listen(t)
  const answer = await fetch(server.url.replace('ws', 'http'))
  assert.equal(answer.status, 426)
})

// ---- What is agreed

test("the client's order of subprotocols wins among those enabled", async (t) => {
  const all = await listen(t)
  const some = await listen(t, { protocols: ['ocpp1.6', 'ocpp2.0.1'] })
  const chosen = async (url: string, ...protocols: string[]) =>
    (await client(t, url, { protocols })).socket.protocol

  assert.equal(await chosen(all.url, 'ocpp1.6', 'ocpp2.1'), 'ocpp1.6')
  assert.equal(await chosen(all.url, 'ocpp2.1', 'ocpp1.6'), 'ocpp2.1')
  assert.equal(await chosen(all.url, 'ocpp9', 'ocpp2.0.1', 'ocpp1.6'), 'ocpp2.0.1')
  assert.equal(await chosen(some.url, 'ocpp2.1', 'ocpp2.0.1', 'ocpp1.6'), 'ocpp2.0.1')
  assert.deepEqual(all.links.map((l) => l.protocol), ['ocpp1.6', 'ocpp2.1', 'ocpp2.0.1']) // biome-ignore format: one line
})

for (const offered of [undefined, 'ocpp1.5', 'OCPP1.6', 'ocpp1.5, soap']) {
  test(`standard, subprotocol ${offered}: upgraded without the header, then closed`, async (t) => {
    const server = await listen(t)
    const answer = await upgrade(`${server.url}CS01`, {
      authorization: basic('CS01'),
      ...(offered && { 'Sec-WebSocket-Protocol': offered }),
    })
    await until(() => answer.stream().length >= 2, 'a close frame')

    assert.equal(answer.status, 101)
    assert.equal(answer.headers['sec-websocket-protocol'], undefined)
    assert.equal(answer.stream()[0], 0x88)
    assert.deepEqual(server.links, [])
    const why = `it offers ${offered ?? 'none'} where ocpp1.6, ocpp2.0.1, ocpp2.1 can be had`
    assert.deepEqual(server.events, [{ name: 'refused', id: 'CS01', status: 1002, why, address: '127.0.0.1' }]) // biome-ignore format: one line
  })

  test(`overlay, subprotocol ${offered}: 400 with what is offered`, async (t) => {
    const server = await listen(t, { protocols: ['ocpp2.0.1', 'ocpp2.1'] })
    const answer = await upgrade(`${server.url}LC01`, {
      authorization: basic('LC01'),
      ...OVERLAY,
      ...(offered && { 'Sec-WebSocket-Protocol': offered }),
    })

    assert.equal(answer.status, 400)
    assert.match(answer.headers['content-type'] ?? '', /^application\/json/)
    const body = JSON.parse(answer.body) as { subprotocols: string[] }
    assert.deepEqual(body.subprotocols, ['ocpp2.0.1', 'ocpp2.1'])
    assert.deepEqual(server.links, [])
  })
}

test('an overlay request is confirmed with both headers and the id, a standard one is not', async (t) => {
  const server = await listen(t)
  const overlay = await client(t, server.url, { id: 'LC01', headers: OVERLAY })
  const standard = await client(t, server.url)

  assert.equal(overlay.headers['x-ocpp-networkingmode'], 'OverlayNetwork')
  assert.equal(
    overlay.headers['x-wattweave'],
    'v=1; caps=confirm,binary-send,binary-error,source-route; id=NN01',
  )
  assert.equal(standard.headers['x-ocpp-networkingmode'], undefined)
  assert.equal(standard.headers['x-wattweave'], undefined)
  assert.deepEqual(
    server.links.map(({ form, peer, way, capabilities }) => [form, peer, way, capabilities.size]),
    [
      ['overlay', 'node', 'down', 4],
      ['standard', 'station', 'down', 0],
    ],
  )
})

test('only capabilities both sides know count', async (t) => {
  const server = await listen(t)
  const caps = async (value: string | undefined) => {
    const headers = { 'X-OCPP-NetworkingMode': 'OverlayNetwork', ...(value && { 'X-Wattweave': value }) } // biome-ignore format: one line
    const raw = await client(t, server.url, { id: 'LC01', headers })
    assert.ok(raw.isOpen)
    return [...(server.links.at(-1)?.capabilities ?? [])]
  }
  assert.deepEqual(await caps('v=1; caps=confirm,teleport'), ['confirm'])
  assert.deepEqual(await caps('v=1;caps=binary-send'), ['binary-send'])
  assert.deepEqual(await caps('v=2; caps=confirm'), [])
  assert.deepEqual(await caps('v=1'), [])
  assert.deepEqual(await caps('nonsense'), [])
  assert.deepEqual(await caps(undefined), [])
})

test('another networking mode is the standard one', async (t) => {
  const server = await listen(t)
  await client(t, server.url, { headers: { 'X-OCPP-NetworkingMode': 'Standard' } })
  assert.equal(server.links[0]?.form, 'standard')
})

// ---- Dialling

interface Upstream {
  readonly url: string
  readonly requests: import('node:http').IncomingMessage[]
  readonly closes: { code: number; reason: string }[]
}

/** A server that is no part of the project and answers with the given headers. */
async function upstream(t: TestContext, headers: Record<string, string>): Promise<Upstream> {
  const http = createHttpServer()
  const sockets = new WebSocketServer({ server: http })
  const result: Upstream = { url: '', requests: [], closes: [] }
  sockets.on('headers', (lines, request) => {
    result.requests.push(request)
    for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`)
  })
  sockets.on('connection', (socket) => {
    socket.on('close', (code, reason) => result.closes.push({ code, reason: reason.toString() }))
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of sockets.clients) socket.terminate()
    http.close()
  })
  return { ...result, url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/ocpp/` }
}

/** Dials on a clock that stands still, so that there is one attempt. */
async function once(t: TestContext, options: DialOptions) {
  return await startSource(t, dial({ ...options, clock: new VirtualClock() }))
}

test('an overlay uplink says who it is, what it can, and asks for overlay networking', async (t) => {
  const server = await upstream(t, OVERLAY)
  await once(t, uplink(server.url, { nodeId: id('LC größe'), password: new Secret('pä:ss') }))
  await until(() => server.requests.length > 0, 'a request')

  const [request] = server.requests
  const headers = request?.headers ?? {}
  assert.equal(request?.url, '/ocpp/LC%20gr%C3%B6%C3%9Fe')
  assert.equal(headers.authorization, `Basic ${Buffer.from('LC größe:pä:ss').toString('base64')}`)
  assert.equal(headers['x-ocpp-networkingmode'], 'OverlayNetwork')
  assert.equal(headers['x-wattweave'], 'v=1; caps=confirm,binary-send,binary-error,source-route')
  assert.equal(headers['sec-websocket-protocol'], 'ocpp2.1,ocpp2.0.1,ocpp1.6')
})

test('a standard uplink asks for nothing of ours', async (t) => {
  const server = await upstream(t, {})
  const dialled = await once(t, uplink(server.url, { mode: 'standard', protocols: ['ocpp1.6'] }))
  await until(() => dialled.links.length > 0, 'a link')

  const [request] = server.requests
  assert.equal(request?.headers['x-ocpp-networkingmode'], undefined)
  assert.equal(request?.headers['x-wattweave'], undefined)
  assert.equal(request?.headers['sec-websocket-protocol'], 'ocpp1.6')
  const [link] = dialled.links
  assert.deepEqual([link?.form, link?.peer, link?.way, link?.protocol], ['standard', 'csms', 'up', 'ocpp1.6']) // biome-ignore format: one line
})

test('a standard peer that calls itself somebody is not called so', async (t) => {
  const server = await upstream(t, { 'X-Wattweave': 'v=1; caps=confirm; id=CSMS01' })
  const dialled = await once(
    t,
    uplink(server.url, { mode: 'standard', unnamed: id('backend@NN01') }),
  )
  await until(() => dialled.links.length > 0, 'a link')
  assert.equal(dialled.links[0]?.peerIds[0], 'backend@NN01')
})

for (const [what, headers, options, why] of [
  [
    'says nothing',
    {},
    {},
    /did not confirm overlay networking; set mode: per-station .*mode: standard .*dialect: reference/,
  ],
  [
    'confirms the mode only',
    { 'X-OCPP-NetworkingMode': 'OverlayNetwork' },
    {},
    /did not confirm overlay/,
  ],
  ['speaks another version', { 'X-Wattweave': 'v=2; caps=confirm' }, {}, /did not confirm overlay/],
  [
    'says it is somebody else',
    { 'X-Wattweave': 'v=1; caps=; id=NN99' },
    { peerId: id('NN01') },
    /NN99.*NN01/,
  ],
  ['says it is a service', { 'X-Wattweave': 'v=1; caps=; id=CSMS' }, {}, /CSMS/],
  ['says it is a group', { 'X-Wattweave': 'v=1; caps=; id=*all' }, {}, /\*all/],
  ['says it is 0', { 'X-Wattweave': 'v=1; caps=; id=0' }, {}, /0/],
] as const) {
  test(`an uplink whose peer ${what} is closed with a clear error`, async (t) => {
    const server = await upstream(t, headers)
    const dialled = await once(t, uplink(server.url, options))
    await until(() => dialled.events.length > 0 && server.closes.length > 0, 'the retry')

    assert.deepEqual(dialled.links, [])
    assert.equal(server.closes[0]?.code, 1002)
    const [event] = dialled.events
    assert.equal(event?.name, 'retry')
    assert.match(event?.why ?? '', why)
  }) // biome-ignore format: a table
}

test('with dialect reference an uplink need not confirm', async (t) => {
  const server = await upstream(t, {})
  const dialled = await once(t, uplink(server.url, { dialect: 'reference', peerId: id('CSMS01') }))
  await until(() => dialled.links.length > 0, 'a link')
  const [link] = dialled.links
  assert.deepEqual(
    [link?.form, link?.peerIds[0], link?.capabilities.size],
    ['overlay', 'CSMS01', 0],
  )
})

test('an uplink is named after what its peer says, or after what is configured', async (t) => {
  const server = await upstream(t, { 'X-Wattweave': 'v=1; caps=confirm; id=gr%C3%B6%C3%9Fe' })
  const free = await once(t, uplink(server.url))
  const bound = await once(t, uplink(server.url, { peerId: id('GRößE') }))
  await until(() => free.links.length + bound.links.length === 2, 'two links')

  assert.equal(free.links[0]?.peerIds[0], 'größe')
  assert.equal(bound.links[0]?.peerIds[0], 'GRößE')
  assert.deepEqual([...(free.links[0]?.capabilities ?? [])], ['confirm'])
})

test('an uplink refused with 401 tries again later and says why', async (t) => {
  const server = await listen(t)
  const dialled = await once(t, uplink(server.url, { password: new Secret('wrong') }))
  await until(() => dialled.events.length > 0, 'the retry')

  const [event] = dialled.events
  assert.match(event?.why ?? '', /401/)
  assert.ok(!JSON.stringify(event).includes('wrong'))
})

test('an uplink whose peer says goodbye and keeps its socket is dialled again at once, and stops whole', async (t) => {
  const clock = new VirtualClock()
  const sockets: Duplex[] = []
  const server = createHttpServer().on('upgrade', ({ headers }, socket) => {
    sockets.push(socket.on('error', () => {}).resume())
    const key = `${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
    const accepted = createHash('sha1').update(key).digest('base64')
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accepted}\r\nSec-WebSocket-Protocol: ocpp2.1\r\n\r\n`) // biome-ignore format: one line
    socket.write(Buffer.of(0x88, 2, 0x03, 0xf4))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const options = uplink(`ws://127.0.0.1:${port}`, { dialect: 'reference' })
  const dialled = dial({ ...options, clock, random: seededRandomness(SEED) })
  const waits: number[] = []
  await dialled.start(
    (link) => link.attach({ message() {}, closed() {} }),
    (event) => event.name === 'retry' && waits.push(event.inMs),
  )
  for (let n = 1; n < 3; n++) {
    await until(() => waits.length === n, `goodbye ${n}`)
    await clock.advance(waits[n - 1] ?? 0)
    await until(() => sockets.length === n + 1, `attempt ${n + 1}`)
  }
  await until(() => waits.length === 3, 'the third goodbye')
  assert.ok(waits.reduce((a, b) => a + b) < 5_000 + 4_000, 'before the first socket is cut off')
  await dialled.stop()
  await until(() => clock.pendingTimers === 0, 'all sockets to be gone')
})

test('an uplink comes back after its server was away, on the same port', async (t) => {
  const clock = new VirtualClock()
  const first = accept({ nodeId: id('NN01'), port: 0, peers: peers('LC01') })
  await first.start(
    () => {},
    () => {},
  )
  const { port, url } = first
  const dialled = await startSource(t, dial({ ...uplink(url), clock, random: seededRandomness(SEED) })) // biome-ignore format: one line
  await until(() => dialled.links.length === 1, 'the first link')
  const at = attach(dialled.links[0] as never)

  await first.stop()
  await until(() => dialled.events.length === 1 && at.closed.length === 1, 'the loss')
  // Until the next attempt begins and no further: its own deadline is on this clock, too.
  const nextAttempt = () => {
    const event = dialled.events.at(-1)
    return clock.advance(event?.name === 'retry' ? event.inMs : 0)
  }
  for (let attempt = 1; attempt < 3; attempt++) {
    await nextAttempt()
    await until(() => dialled.events.length === attempt + 1, `attempt ${attempt} to fail`)
  }
  const second = await listen(t, { port, peers: peers('LC01') })
  await nextAttempt()
  await until(() => dialled.links.length === 2 && second.links.length === 1, 'the second link')

  const waits = dialled.events.map((event) => (event.name === 'retry' ? event.inMs : 0))
  for (const [n, limit] of [1_000, 2_000, 4_000].entries()) assert.ok((waits[n] ?? 0) <= limit, `${waits}`) // biome-ignore format: one line
  assert.equal(at.closed.length, 1)
  const again = attach(second.links[0] as never)
  dialled.links[1]?.attach({ message() {}, closed() {} })
  dialled.links[1]?.send(Buffer.from('back'), false)
  await until(() => again.messages.length === 1, 'a message')
})

test('after a link that lasted the next wait starts small again', async (t) => {
  const clock = new VirtualClock()
  const server = await listen(t)
  const all = { ...uplink(server.url), clock, pingIntervalMs: 60_000, random: () => Uint8Array.of(255, 255, 255, 255) } // biome-ignore format: one line
  const dialled = await startSource(t, dial(all))
  for (let n = 1; n <= 4; n++) {
    await until(() => dialled.links.length === n && server.links.length === n, `link ${n}`)
    attach(server.links[n - 1] as never)
    dialled.links[n - 1]?.attach({ message() {}, closed() {} })
    await clock.advance(10_000)
    dialled.links[n - 1]?.close(1000, '')
    await until(() => dialled.events.length === n, `loss ${n}`)
    const event = dialled.events[n - 1]
    assert.ok(event?.name === 'retry' && event.inMs <= 1_000)
    await clock.advance(1_000)
  }
})

test('a server that lets in and closes at once is asked less and less often', async (t) => {
  const clock = new VirtualClock()
  const server = await listen(t)
  const all = { ...uplink(server.url), clock, random: () => Uint8Array.of(255, 255, 255, 255) }
  const dialled = await startSource(t, dial(all))
  for (let n = 1; n <= 4; n++) {
    await until(() => dialled.links.length === n && server.links.length === n, `link ${n}`)
    dialled.links[n - 1]?.attach({ message() {}, closed() {} })
    attach(server.links[n - 1] as never)
    server.links[n - 1]?.close(1000, '')
    await until(() => dialled.events.length === n, `loss ${n}`)
    const event = dialled.events[n - 1]
    assert.ok(event?.name === 'retry' && event.inMs > 900 * 2 ** (n - 1), `wait ${n}`)
    await clock.advance(event.inMs)
  }
})

test('OCPP back-off: the minimum plus chance, doubling so often and then constant', () => {
  const backOff = { waitMinimumS: 10, randomRangeS: 5, repeatTimes: 3 }
  const random = seededRandomness(SEED)
  for (const [attempt, seconds] of [10, 20, 40, 80, 80, 80].entries()) {
    for (let i = 0; i < 50; i++) {
      const wait = retryDelayMs(attempt, random, backOff)
      assert.ok(wait >= seconds * 1_000 && wait < (seconds + 5) * 1_000, `${attempt}: ${wait}`)
    }
  }
  assert.equal(retryDelayMs(4, random, backOff, 81_234), 81_234, 'from then on the last one, not drawn anew') // biome-ignore format: one line
  assert.notEqual(retryDelayMs(3, random, backOff, 40_000), 40_000)
})

test('a server that is too busy says when to come back, and is obeyed', async (t) => {
  const clock = new VirtualClock()
  const busy = createHttpServer()
  busy.on('upgrade', (_, socket) => {
    socket.end('HTTP/1.1 503 Service Unavailable\r\nRetry-After: 25\r\nConnection: close\r\n\r\n')
  })
  await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve))
  t.after(() => busy.close())
  const { port } = busy.address() as AddressInfo
  const dialled = await startSource(t, dial({ ...uplink(`ws://127.0.0.1:${port}/`), clock }))
  await until(() => dialled.events.length === 1, 'the refusal')
  const [event] = dialled.events
  assert.ok(event?.name === 'retry')
  assert.equal(event.inMs, 25_000)
  assert.match(event.why, /503/)
})

test('a source that is stopped when it hears of a refusal dials no more', async (t) => {
  const clock = new VirtualClock()
  const { url } = await listen(t)
  const source = dial({ ...uplink(url), password: new Secret('a wrong password'), clock })
  let refusals = 0
  await source.start(
    () => {},
    () => {
      refusals++
      void source.stop()
    },
  )
  await until(() => refusals === 1, 'the refusal')
  assert.equal(clock.pendingTimers, 0)
})

test('retries wait by full jitter below an exponential limit: 1 s first, 60 s at most', () => {
  const random = seededRandomness(SEED)
  for (let attempt = 0; attempt < 2_000; attempt++) {
    const limit = Math.min(60_000, 1_000 * 2 ** attempt)
    const waits = Array.from({ length: 20 }, () => retryDelayMs(attempt, random))
    for (const wait of waits) assert.ok(wait >= 0 && wait < limit, `attempt ${attempt}: ${wait}`)
  }
  const many = Array.from({ length: 4_000 }, () => retryDelayMs(3, random) / 8_000)
  for (let tenth = 0; tenth < 10; tenth++) {
    const count = many.filter((fraction) => Math.floor(fraction * 10) === tenth).length
    assert.ok(count > 300 && count < 500, `tenth ${tenth}: ${count}`)
  }
})

test('a dialler that is stopped leaves no timer and dials no more', async (t) => {
  const clock = new VirtualClock()
  const server = await listen(t)
  const waiting = dial({ ...uplink('ws://127.0.0.1:9/'), clock })
  const linked = dial({ ...uplink(server.url), clock })
  const events: string[] = []
  const links: unknown[] = []
  await waiting.start(() => {}, (event) => events.push(event.name)) // biome-ignore format: one line
  await linked.start(
    (link) => links.push(link),
    () => {},
  )
  await until(() => events.length === 1 && links.length === 1, 'one refused, one linked')

  await Promise.all([waiting.stop(), linked.stop()])
  await settle()

  assert.equal(clock.pendingTimers, 0)
  await clock.advance(120_000)
  assert.equal(events.length, 1)
})

test('a dialler that is stopped while it connects leaves nothing', async (t) => {
  const held: Socket[] = []
  const http = createHttpServer().on('connection', (socket: Socket) => held.push(socket))
  http.on('upgrade', () => {}) // never answered
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of held) socket.destroy()
    http.close()
  })
  const clock = new VirtualClock()
  const source = dial({
    ...uplink(`ws://127.0.0.1:${(http.address() as AddressInfo).port}/`),
    clock,
  })
  await source.start(
    () => {},
    () => {},
  )
  await until(() => held.length > 0, 'the connection')

  await source.stop()
  assert.equal(clock.pendingTimers, 0)
})

test('a listener that is stopped closes its links and its port', async (t) => {
  const server = await listen(t)
  const raw = await client(t, server.url)
  const at = attach(server.links[0] as never)

  await server.acceptor.stop()
  await until(() => raw.closed !== undefined && at.closed.length === 1, 'the close')

  await assert.rejects(fetch(server.url.replace('ws', 'http')))
})

// ---- Is anybody there

test('a peer that stops answering pings is dropped after two', async (t) => {
  const clock = new VirtualClock()
  const server = await listen(t, { clock })
  const raw = await client(t, server.url, { autoPong: false })
  const at = attach(server.links[0] as never)
  await until(() => raw.pings.length === 1, 'the first ping')

  await clock.advance(30_000)
  await until(() => raw.pings.length === 2, 'the second ping')
  assert.ok(raw.isOpen)
  await clock.advance(30_000)
  await until(() => raw.closed !== undefined && at.closed.length === 1, 'the end')

  assert.equal(raw.closed?.code, 1006)
  assert.equal(clock.pendingTimers, 0)
})

test('a peer that answers stays, with a ping every 30 s', async (t) => {
  const clock = new VirtualClock()
  const server = await listen(t, { clock })
  const raw = await client(t, server.url)
  const at = attach(server.links[0] as never)

  for (let n = 1; n <= 10; n++) {
    await until(() => raw.pings.length === n, `ping ${n}`)
    raw.send('after the pong')
    await until(() => at.messages.length === n, 'what was sent behind the pong')
    await clock.advance(30_000)
  }

  assert.equal(raw.closed, undefined)
  assert.ok(raw.pings.every((ping) => ping.length === 9 && ping[0] === 0x6c))
})

test('overlay links ping every 5 s, from both ends', async (t) => {
  const clock = new VirtualClock()
  const server = await listen(t, { clock })
  const raw = await client(t, server.url, { id: 'LC01', headers: OVERLAY })
  const at = attach(server.links[0] as never)
  await until(() => raw.pings.length === 1, 'the first ping')
  await clock.advance(4_999)
  await clock.advance(1)
  await until(() => raw.pings.length === 2, 'the second ping')
  await clock.advance(4_000)
  raw.send('nothing more')
  await until(() => at.messages.length === 1, 'what was sent behind the pong')
  assert.equal(raw.pings.length, 2)
})

test('a peer that answers every ping, but slowly, is not dead', async (t) => {
  const clock = new VirtualClock()
  const server = await listen(t, { clock })
  const raw = await client(t, server.url, { autoPong: false })
  const at = attach(server.links[0] as never)

  // Each pong arrives after the next ping was sent: a slow modem, not a dead peer.
  for (let n = 1; n <= 6 && raw.closed === undefined; n++) {
    await until(() => raw.pings.length === n || raw.closed !== undefined, `ping ${n}`)
    const late = raw.pings[n - 2]
    if (late) raw.socket.pong(late)
    if (raw.isOpen) raw.send('behind the pong')
    await until(() => at.messages.length >= n || at.closed.length > 0, 'what was sent behind it')
    await clock.advance(30_000)
  }

  assert.equal(raw.closed, undefined)
})

test('pongs nobody asked for do not keep a link alive', async (t) => {
  const clock = new VirtualClock()
  const server = await listen(t, { clock })
  const raw = await client(t, server.url, { autoPong: false })
  const at = attach(server.links[0] as never)

  for (let n = 0; n < 4 && at.closed.length === 0; n++) {
    for (const data of ['', 'l', 'l12345678', 'x'.repeat(125)]) if (raw.isOpen) raw.socket.pong(data) // biome-ignore format: one line
    if (raw.isOpen) raw.send('behind the pongs')
    await until(() => at.messages.length > n || at.closed.length > 0, 'the pongs')
    await clock.advance(30_000)
  }
  await until(() => at.closed.length === 1, 'the end')
})
