import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { connect as connectPlain } from 'node:net'
import { before, type TestContext, test } from 'node:test'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { WebSocket } from 'ws'
import { systemClock } from '../../src/primitives/clock.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { Admissions } from '../../src/transport/admission.ts'
import type { StationName } from '../../src/transport/certificates.ts'
import { type PeerEntry, Secret } from '../../src/transport/credentials.ts'
import { securityProfileOf } from '../../src/transport/link.ts'
import type { TlsIdentity } from '../../src/transport/tls.ts'
import { type DialOptions, dial } from '../../src/transport/websocket-client.ts'
import { type AcceptOptions, accept } from '../../src/transport/websocket-server.ts'
import { type Authority, createAuthority } from '../support/certificates.ts'
import { basic, peers, RawClient, startSource } from '../support/sockets.ts'
import { until } from '../support/until.ts'
import { attach, linkCompliance } from './compliance.ts'

/** Security profiles 2 and 3 over real TLS sockets; certificates are made for this run. */

let authority: Authority
let stranger: Authority
let server: TlsIdentity
before(async () => {
  authority = await createAuthority('Good CA')
  stranger = await createAuthority('Other CA')
  server = await authority.issue({ commonName: 'NN01', dnsNames: ['localhost'], addresses: ['127.0.0.1'] }) // biome-ignore format: one line
})

const id = (text: string) => text as NodeId
const urn = (text: string) => [`urn:wattweave:node:${encodeURIComponent(text)}`]

async function listenTls(t: TestContext, options: Partial<AcceptOptions> = {}) {
  const tls = { ...server, clientCa: authority.certificate }
  const acceptor = accept({ nodeId: id('NN01'), port: 0, peers: peers('CS01', 'LC01'), tls, ...options }) // biome-ignore format: one line
  return { acceptor, ...(await startSource(t, acceptor)), url: acceptor.url }
}

interface Knock {
  readonly id?: string
  readonly password?: string
  readonly user?: string
  readonly identity?: TlsIdentity
}

/** A foreign client; what it was told, or that it is open. */
async function knock(t: TestContext, url: string, options: Knock = {}) {
  const { id: name = 'CS01', password, user = name, identity } = options
  const socket = new WebSocket(`${url}${encodeURIComponent(name)}`, ['ocpp1.6'], {
    ca: authority.certificate,
    ...(identity && { cert: identity.certificate, key: identity.key.reveal() }),
    ...(password !== undefined && { headers: { authorization: basic(user, password) } }),
    perMessageDeflate: false,
  })
  const raw = new RawClient(socket)
  t.after(() => socket.terminate())
  await until(() => socket.readyState !== WebSocket.CONNECTING, `${name} to be answered`)
  return raw
}

const uplink = (url: string, options: Partial<DialOptions> = {}): DialOptions => ({
  url,
  nodeId: id('LC01'),
  password: new Secret('password of LC01'),
  mode: 'overlay',
  tls: { ca: authority.certificate },
  ...options,
})

async function open(t: TestContext, options: Partial<DialOptions> = {}) {
  const listening = await listenTls(t)
  const dialled = await startSource(t, dial(uplink(listening.url, options)))
  await until(() => dialled.links.length + dialled.events.length > 0, 'a link or a refusal')
  return { listening, dialled }
}

linkCompliance('websocket over TLS', async (t) => {
  const { listening, dialled } = await open(t)
  const [a] = dialled.links
  const [b] = listening.links
  assert.ok(a && b)
  return [a, b] as const
})

test('a password over TLS is profile 2, and both ends know', async (t) => {
  const { listening, dialled } = await open(t)
  assert.ok(listening.links[0] && dialled.links[0])
  assert.equal(securityProfileOf(listening.links[0]), 2)
  assert.equal(securityProfileOf(dialled.links[0]), 2)
  assert.match(listening.url, /^wss:/)
})

for (const [what, names] of [
  ['a URI name', { uris: urn('CS 01') }],
  ['a DNS name', { dnsNames: ['cs 01'] }],
  ['the common name', { commonName: 'CS 01' }],
] as const) {
  test(`a client certificate with the id as ${what} is profile 3, without any password`, async (t) => {
    const name = 'CS-01'
    const fixed = JSON.parse(
      JSON.stringify(names).replaceAll(/CS(%20| )01/gi, name),
    ) as typeof names
    const { links, url } = await listenTls(t, { peers: [{ id: id(name) }] })
    const raw = await knock(t, url, { id: name, identity: await authority.issue(fixed) })
    assert.ok(raw.isOpen, String(raw.error))
    assert.ok(links[0])
    assert.equal(securityProfileOf(links[0]), 3)
    assert.deepEqual(links[0].peerIds, [name])
  })
}

test('an OCPP station certificate stands for the id its serial number was given, for its operator only', async (t) => {
  const entry: PeerEntry = { id: id('CS01'), serialNumber: 'SN-4711' }
  const admissions = new Admissions([entry], { organization: 'Good Operator' })
  const { url } = await listenTls(t, { peers: admissions })
  const of = (commonName: string, organization: string) =>
    authority.issue({ commonName, organization })

  const wrong = await knock(t, url, { identity: await of('SN-4711', 'Other Operator') })
  const other = await knock(t, url, { identity: await of('SN-4712', 'Good Operator') })
  const right = await knock(t, url, { identity: await of('SN-4711', 'Good Operator') })

  assert.match(String(wrong.error), /401/)
  assert.match(String(other.error), /401/)
  assert.ok(right.isOpen)
})

test('certificates that prove nothing are answered 401, before any frame, and counted with the reason', async (t) => {
  const known = { peers: [{ id: id('CS01') }] }
  const cases: readonly [string, Knock, RegExp][] = [
    ['of another station', { identity: await authority.issue({ uris: urn('CS02') }) }, /somebody else/],
    ['whose URI name is another, whatever its common name', { identity: await authority.issue({ commonName: 'CS01', uris: urn('CS02') }) }, /somebody else/],
    ['whose URI name is broken', { identity: await authority.issue({ commonName: 'CS01', uris: ['urn:wattweave:node:%ff'] }) }, /somebody else/],
    ['with a wildcard', { identity: await authority.issue({ dnsNames: ['*'] }) }, /somebody else/],
    ['that is expired', { identity: await authority.issue({ uris: urn('CS01'), days: -1 }) }, /CERT_HAS_EXPIRED/],
    ['that is self-signed', { identity: await authority.issue({ uris: urn('CS01'), isSelfSigned: true }) }, /SELF_SIGNED|UNABLE_TO/],
    ['of another authority', { identity: await stranger.issue({ uris: urn('CS01') }) }, /UNABLE_TO/],
    ['that is missing', {}, /no credential/],
    ['that disagrees with the Basic user', { identity: await authority.issue({ uris: urn('CS01') }), user: 'CS02', password: 'x' }, /user/],
  ] // biome-ignore format: a table
  const { acceptor } = await listenTls(t, { peers: [...known.peers, { id: id('CS09') }] })
  const bystander = await knock(t, acceptor.url, { id: 'CS09', identity: await authority.issue({ uris: urn('CS09') }) }) // biome-ignore format: one line
  // Few enough that none is held back.
  for (const [, options] of cases.slice(0, 4)) await knock(t, acceptor.url, options)
  assert.ok(bystander.isOpen, 'who is there stays there')
  for (const [what, options, why] of cases) {
    // Each at a listener of its own: one that was tried often answers slowly.
    const { url, events, links } = await listenTls(t, known)
    const raw = await knock(t, url, options)
    assert.match(String(raw.error), /401/, `a certificate ${what}`)
    const [event] = events
    assert.equal(event?.name, 'refused')
    assert.match(event?.name === 'refused' ? event.why : '', why, what)
    assert.deepEqual([events.length, links.length], [1, 0])
  }
  const { url } = await listenTls(t, known)
  const good = await knock(t, url, { identity: await authority.issue({ uris: urn('CS01') }) })
  assert.ok(good.isOpen)
})

test('a certificate that has expired since the session began lets nobody in by resuming it', async (t) => {
  let now = Date.now()
  const clock = { ...systemClock, now: () => now }
  const { url, events } = await listenTls(t, { peers: [{ id: id('CS01') }], clock })
  const identity = await authority.issue({ uris: urn('CS01'), days: 2 })
  const dialled = (session?: Buffer) =>
    new Promise<{ status: number; isResumed: boolean; session: Buffer | undefined }>((resolve, reject) => {
      const { port } = new URL(url)
      const secure = { cert: identity.certificate, key: identity.key.reveal(), ca: authority.certificate }
      const socket = connectTls({ host: '127.0.0.1', port: Number(port), ...secure, maxVersion: 'TLSv1.2', ...(session && { session }) })
      let text = ''
      socket.on('error', reject)
      socket.on('secureConnect', () => socket.write('GET /CS01 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n'))
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1')
        const [, status] = /^HTTP\/1.1 (\d+)/.exec(text) ?? []
        if (status === undefined) return
        resolve({ status: Number(status), isResumed: socket.isSessionReused(), session: socket.getSession() })
        socket.destroy()
      })
    }) // biome-ignore format: one connection

  const first = await dialled()
  const again = await dialled(first.session)
  now += 3 * 86_400_000
  const late = await dialled(again.session)

  assert.deepEqual([first.status, again.status, again.isResumed], [101, 101, true])
  assert.deepEqual([late.status, late.isResumed], [401, true])
  const event = events.at(-1)
  assert.match(event?.name === 'refused' ? event.why : '', /CERT_HAS_EXPIRED/)
})

test('the log says what a certificate names and what was expected, and the peer nothing of it', async (t) => {
  const entries = [{ id: id('CS01'), serialNumber: 'SN-4711', securityProfile: 3 }] as const
  const identity = await authority.issue({ commonName: 'SN-4712', organization: 'Other', dnsNames: ['cs02'] }) // biome-ignore format: one line
  // biome-ignore format: a table
  const cases: readonly [Knock, string][] = [
    [{ identity }, 'the certificate is of somebody else: it names DNS cs02; common name SN-4712; organization Other; expected CS01, or common name SN-4711 of organization Good Operator'],
    [{ identity: await authority.issue({ uris: urn('CS02') }) }, 'the certificate is of somebody else: it names the id CS02; expected CS01, or common name SN-4711 of organization Good Operator'],
    [{}, 'it showed no certificate, security profile 3 needs one'],
    [{ password: 'x' }, 'it showed no certificate, security profile 3 needs one'],
  ]
  for (const [options, why] of cases) {
    const peers = new Admissions(entries, { organization: 'Good Operator' })
    const { url, events } = await listenTls(t, { peers })
    const raw = await knock(t, url, options)
    assert.deepEqual(events, [{ name: 'refused', id: 'CS01', status: 401, why, address: '127.0.0.1' }]) // biome-ignore format: one line
    assert.equal(String(raw.error), 'Error: Unexpected server response: 401')
  }
})

test('who has a password and needs a certificate is told in the log which of them is missing', async (t) => {
  const entry = { id: id('CS01'), password: new Secret('right'), securityProfile: 3 } as const
  for (const password of [undefined, 'right']) {
    const { url, events } = await listenTls(t, { peers: [entry] })
    await knock(t, url, password === undefined ? {} : { password })
    assert.match(JSON.stringify(events), /it showed no certificate, security profile 3 needs one/)
  }
})

/** Speaks to a listener until it or the other side ends the connection. */
function speakOnce(port: number, bytes: string | undefined): Promise<void> {
  return new Promise((resolve) => {
    const socket = connectPlain(port, '127.0.0.1', () => {
      if (bytes === undefined) socket.destroy()
      else socket.write(bytes)
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve())
  })
}

for (const [what, speak, why] of [
  [
    'plain HTTP',
    (port: number) => speakOnce(port, 'GET /CS01 HTTP/1.1\r\n\r\n'),
    /it speaks plain ws:\/\/ where wss:\/\/ is due/,
  ],
  [
    'no TLS at all',
    (port: number) => speakOnce(port, 'hello, is anybody there?\r\n\r\n'),
    /^TLS: it does not speak TLS/,
  ],
  [
    'nothing, and leaves',
    (port: number) => speakOnce(port, undefined),
    /^TLS: it ended the connection before the handshake was over/,
  ],
  [
    'nothing, and stays',
    (port: number) => speakOnce(port, ''),
    /^TLS: its handshake was not over in time/,
  ],
  [
    'an alert: it does not trust the authority',
    (port: number) => failTls(port, {}),
    /TLS|does it trust this node's certificate/,
  ],
  [
    'TLS 1.2, and leaves behind the handshake',
    (port: number) => failTls(port, { maxVersion: 'TLSv1.2' }),
    /^the TLS session ended without a request: does it trust/,
  ],
  [
    'TLS 1.1',
    (port: number) =>
      failTls(port, { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }),
    /^TLS: it speaks only TLS versions before 1\.2/,
  ],
] as const) {
  // biome-ignore format: a table
  test(`whoever says to a TLS listener ${what} is told in the log, once, with its address`, async (t) => {
    const { acceptor, events } = await listenTls(t, { requestTimeoutMs: 500 })
    await speak(acceptor.port)
    await until(() => events.length > 0, 'the refusal')
    const [event] = events
    assert.ok(event?.name === 'refused')
    assert.deepEqual({ ...event, why: '' }, { name: 'refused', id: '', status: 0, why: '', address: '127.0.0.1' }) // biome-ignore format: one line
    assert.match(event.why, why)
    // One that gets in afterwards is no failure, and nothing of the former comes a second time.
    const good = await knock(t, acceptor.url, { password: 'password of CS01' })
    assert.ok(good.isOpen)
    good.socket.terminate()
    await speakOnce(acceptor.port, 'x\r\n\r\n')
    await until(() => events.length > 1, 'the next one')
    assert.equal(events.length, 2)
  })
}

test('a foreign TLS stack that does not trust the authority is told by its alert', async (t) => {
  const { acceptor, events } = await listenTls(t)
  const child = spawn('/usr/bin/openssl', ['s_client', '-verify_return_error', '-connect', `127.0.0.1:${acceptor.port}`], { stdio: 'ignore' }) // biome-ignore format: one line
  const isThere = await new Promise((resolve) => child.on('error', () => resolve(false)).on('exit', () => resolve(true))) // biome-ignore format: one line
  if (!isThere) return t.skip('needs openssl')
  await until(() => events.length > 0, 'the refusal')
  assert.match(JSON.stringify(events), /it does not trust the authority of this node's certificate/)
})

test('a listener that stops blames nobody for it', async (t) => {
  const { acceptor, events } = await listenTls(t)
  const { promise: isSecure, resolve } = Promise.withResolvers<void>()
  const socket = connectTls({ port: acceptor.port, host: '127.0.0.1', ca: authority.certificate }, resolve) // biome-ignore format: one line
  socket.on('error', () => {})
  await isSecure
  await acceptor.stop()
  assert.deepEqual(events, [])
})

/** A client that does not trust the listener, or not as it is. */
function failTls(port: number, options: ConnectionOptions): Promise<void> {
  return new Promise((resolve) => {
    const socket = connectTls({ port, host: '127.0.0.1', ...options })
    socket.on('error', () => {})
    socket.on('close', () => resolve())
  })
}

test('a peer whose lowest profile is 3 gets in with its certificate only', async (t) => {
  const entry = { id: id('CS01'), password: new Secret('right'), securityProfile: 3 } as const
  const { url } = await listenTls(t, { peers: [entry] })
  const byPassword = await knock(t, url, { password: 'right' })
  const byBoth = await knock(t, url, { password: 'right', identity: await authority.issue({ uris: urn('CS01') }) }) // biome-ignore format: one line
  assert.match(String(byPassword.error), /401/)
  assert.ok(byBoth.isOpen)
})

test('who has proved more once does not get in with less, on any listener of the node', async (t) => {
  const admissions = new Admissions(peers('CS01'))
  const secure = await listenTls(t, { peers: admissions })
  const plain = accept({ nodeId: id('NN01'), port: 0, peers: admissions, insecure: true })
  await startSource(t, plain)
  const first = await knock(t, plain.url, { password: 'password of CS01' })
  const better = await knock(t, secure.url, { password: 'password of CS01' })
  const weaker = await knock(t, plain.url, { password: 'password of CS01' })

  assert.ok(first.isOpen && better.isOpen)
  assert.match(String(weaker.error), /401/)
})

test('a client certificate counts only where authorities for it are set', async (t) => {
  const { url } = await listenTls(t, { tls: server, peers: [{ id: id('CS01') }] })
  const raw = await knock(t, url, { identity: await authority.issue({ uris: urn('CS01') }) })
  assert.match(String(raw.error), /401/)
})

// ---- Whom this side dials

test('a dialled server must be who the URL says, and its authority known', async (t) => {
  const { dialled } = await open(t, { tls: { ca: stranger.certificate } })
  assert.deepEqual(dialled.links, [])
  assert.equal(dialled.events[0]?.name, 'retry')
  assert.match(dialled.events[0]?.why ?? '', /its certificate is not of a trusted authority .*; name the file of that authority: uplinks\[\]\.tls\.caFile/) // biome-ignore format: one line
})

test('the other scheme than the listener speaks is asked for', async (t) => {
  const plain = accept({ nodeId: id('NN01'), port: 0, peers: peers('LC01') })
  await startSource(t, plain)
  const secure = await listenTls(t)
  for (const [url, why] of [
    [secure.url.replace('wss:', 'ws:'), /; does it expect wss:\/\/\?$/],
    [plain.url.replace('ws:', 'wss:'), /it does not speak TLS; does it expect ws:\/\/\?$/],
  ] as const) {
    const dialled = await startSource(t, dial(uplink(url)))
    await until(() => dialled.events.length > 0, 'a refusal')
    const [event] = dialled.events
    assert.match(event?.name === 'retry' ? event.why : '', why)
  }
})

test('a dialled server on another host name is not the one meant', async (t) => {
  const other = await authority.issue({ dnsNames: ['elsewhere.example'] })
  const { url } = await listenTls(t, { tls: other })
  const dialled = await startSource(t, dial(uplink(url)))
  await until(() => dialled.events.length > 0, 'a refusal')
  assert.deepEqual(dialled.links, [])
})

test('a server whose certificate bears the expected id may be anywhere; with another id it is refused', async (t) => {
  const named = await authority.issue({ uris: urn('NN01') })
  const { url } = await listenTls(t, { tls: named })
  const right = await startSource(t, dial(uplink(url, { peerId: id('NN01') })))
  await until(() => right.links.length > 0, 'the link')

  const both = await authority.issue({ uris: urn('NN02'), addresses: ['127.0.0.1'] })
  const wrong = await listenTls(t, { tls: both, nodeId: id('NN01') })
  const dialled = await startSource(t, dial(uplink(wrong.url, { peerId: id('NN01') })))
  await until(() => wrong.links.length > 0, 'the link')
  for (const link of wrong.links) attach(link)
  await until(() => dialled.events.length > 0, 'a refusal')
  assert.match(dialled.events[0]?.why ?? '', /NN02, expected NN01/)
  assert.deepEqual(dialled.links, [])
})

for (const [what, names] of [
  ['a DNS name', { dnsNames: ['cs17'] }],
  ['the common name', { commonName: 'CS17' }],
  ['the serial number of its operator', { commonName: 'SN-4711', organization: 'Good Operator' }],
] as const) {
  test(`a listening station that bears its id as ${what} is who was dialled, wherever it is; as another it is refused`, async (t) => {
    const { url } = await listenTls(t, { tls: await authority.issue(names), nodeId: id('CS17') })
    const station = { serialNumber: 'SN-4711', organization: 'Good Operator' }
    const other = { serialNumber: 'SN-4711', organization: 'Other Operator' }
    const to = (peerId: string, name?: StationName) =>
      startSource(t, dial(uplink(url, { mode: 'standard', peer: 'station', peerId: id(peerId), tls: { ca: authority.certificate, ...(name && { station: name }) } }))) // biome-ignore format: one line
    const right = await to('CS17', station)
    await until(() => right.links.length > 0, 'the link')
    for (const wrong of [await to('CS18'), await to('CS18', other)]) {
      await until(() => wrong.events.length > 0, 'a refusal')
      assert.deepEqual(wrong.links, [])
    }
  })
}

test('this side proves itself with a certificate too', async (t) => {
  const identity = await authority.issue({ uris: urn('LC01') })
  const { url, links } = await listenTls(t, {
    peers: [{ id: id('LC01'), peer: 'node', securityProfile: 3 }],
  })
  const { password: _, ...rest } = uplink(url)
  const dialled = await startSource(
    t,
    dial({ ...rest, tls: { ca: authority.certificate, identity } }),
  )
  await until(() => dialled.links.length > 0 && links.length > 0, 'the link')
  assert.ok(links[0] && dialled.links[0])
  assert.equal(securityProfileOf(links[0]), 3)
  assert.equal(securityProfileOf(dialled.links[0]), 3)
})

// ---- The listener

test('TLS 1.1 is refused, TLS 1.2 is spoken', async (t) => {
  const { acceptor } = await listenTls(t)
  const speak = (maxVersion: 'TLSv1.1' | 'TLSv1.2') =>
    new Promise<string>((resolve) => {
      const socket = connectTls(
        { port: acceptor.port, host: '127.0.0.1', ca: authority.certificate, minVersion: 'TLSv1', maxVersion, ciphers: 'DEFAULT@SECLEVEL=0' }, // biome-ignore format: one line
        () => {
          resolve(String(socket.getProtocol()))
          socket.destroy()
        },
      )
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)))
    })
  assert.equal(await speak('TLSv1.2'), 'TLSv1.2')
  assert.match(await speak('TLSv1.1'), /ERR_SSL|ECONNRESET|EPROTO/)
})

test('a new certificate serves new connections without ending the old; an unusable one changes nothing', async (t) => {
  const { acceptor, url } = await listenTls(t)
  const before = await knock(t, url, { password: 'password of CS01' })
  const next = await authority.issue({ commonName: 'renewed', addresses: ['127.0.0.1'] })
  const shown = () =>
    new Promise<string>((resolve, reject) => {
      const socket = connectTls(
        { port: acceptor.port, host: '127.0.0.1', ca: authority.certificate },
        () => {
          resolve(String(socket.getPeerCertificate().subject.CN))
          socket.destroy()
        },
      )
      socket.on('error', reject)
    })

  assert.equal(await shown(), 'NN01')
  acceptor.reloadTls({ ...next, clientCa: authority.certificate })
  assert.equal(await shown(), 'renewed')
  assert.throws(
    () => acceptor.reloadTls({ ...next, key: server.key }),
    /ERR_CREDENTIAL_TLS|cannot be used/,
  )
  assert.equal(await shown(), 'renewed')
  assert.ok(before.isOpen)
})

test('a key that does not fit its certificate is refused at the start', () => {
  const options = { nodeId: id('NN01'), port: 0 }
  assert.throws(
    () => accept({ ...options, tls: { certificate: 'nonsense', key: new Secret('nonsense') } }),
    (error: Error & { code?: string }) => error.code === 'ERR_CREDENTIAL_TLS' && !error.message.includes('nonsense'), // biome-ignore format: one line
  )
})
