import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { before, type TestContext, test } from 'node:test'
import { connect } from 'node:tls'
import { WebSocket, WebSocketServer } from 'ws'
import { loadConfig } from '../../src/cli/config.ts'
import { startNode } from '../../src/cli/start-node.ts'
import type { Logger } from '../../src/node/core.ts'
import { foldId, type NodeId } from '../../src/primitives/ids.ts'
import { type LinkFacts, securityProfileOf } from '../../src/transport/link.ts'
import type { TlsIdentity } from '../../src/transport/tls.ts'
import { accept } from '../../src/transport/websocket-server.ts'
import { temporaryFolder } from '../end-to-end/processes.ts'
import { type Authority, createAuthority } from '../support/certificates.ts'
import { basic, RawClient, startSource, upgrade } from '../support/sockets.ts'
import { until } from '../support/until.ts'
import { attach } from '../transport/compliance.ts'

/** What configured links do with their certificates, over real sockets. */

let authority: Authority
let server: TlsIdentity
before(async () => {
  authority = await createAuthority()
  server = await authority.issue({ commonName: 'first', addresses: ['127.0.0.1'] })
})

class Site {
  readonly folder: string
  readonly lines: string[] = []
  readonly #t: TestContext

  constructor(t: TestContext) {
    this.#t = t
    this.folder = temporaryFolder(t)
    this.write('ca.pem', authority.certificate)
    this.writeIdentity('server', server)
  }

  /** By renaming, as what renews certificates does. */
  write(name: string, text: string): void {
    const path = join(this.folder, name)
    writeFileSync(`${path}.new`, text, { mode: 0o600 })
    renameSync(`${path}.new`, path)
  }

  writeIdentity(name: string, { certificate, key }: TlsIdentity): void {
    this.write(`${name}.pem`, certificate)
    this.write(`${name}-key.pem`, key.reveal())
  }

  async start(config: { readonly nodeId: string; readonly [setting: string]: unknown }) {
    const file = `${config.nodeId}.yaml`
    // Who is connected how is the subject here, and not who has signed what.
    const around = { data: join(this.folder, config.nodeId), security: { insecure: true } }
    this.write(file, JSON.stringify({ ...around, ...config }))
    const note = (event: string) => void this.lines.push(event)
    const log: Logger = { debug() {}, info: note, warn: note, error: note }
    const running = await startNode(loadConfig(join(this.folder, file)), log)
    this.#t.after(() => running.stop())
    return { ...running, url: running.stationUrls[0] ?? '' }
  }
}

const identity = (name: string) => ({ certificateFile: `${name}.pem`, keyFile: `${name}-key.pem` })
const node = { nodeId: 'NN01', role: 'networking-node' }

async function station(t: TestContext, url: string, id: string): Promise<RawClient> {
  const raw = new RawClient(new WebSocket(`${url}${id}`, ['ocpp1.6']))
  t.after(() => raw.socket.terminate())
  await until(() => raw.socket.readyState !== WebSocket.CONNECTING, `${id} to be answered`)
  return raw
}

test('a certificate that is renewed by renaming its files serves new connections within seconds, without a restart; one that cannot be used is told and changes nothing', async (t) => {
  const site = new Site(t)
  const running = await site.start({ ...node, listen: [{ port: 0, insecure: true, tls: identity('server') }] }) // biome-ignore format: one line
  const shown = () =>
    new Promise<string>((resolve, reject) => {
      const { port } = new URL(running.url)
      const socket = connect(
        { port: Number(port), host: '127.0.0.1', ca: authority.certificate },
        () => {
          // biome-ignore format: one line
          resolve(String(socket.getPeerCertificate().subject.CN))
          socket.destroy()
        },
      )
      socket.on('error', reject)
    })
  const old = new WebSocket(`${running.url}CS01`, ['ocpp1.6'], { ca: authority.certificate })
  t.after(() => old.terminate())
  await until(() => old.readyState === WebSocket.OPEN, 'a station under the first one')
  assert.equal(await shown(), 'first')

  const next = await authority.issue({ commonName: 'renewed', addresses: ['127.0.0.1'] })
  site.writeIdentity('server', next)
  await until(() => site.lines.includes('tls.reloaded'), 'the new certificate to be taken up')
  assert.equal(await shown(), 'renewed')

  site.lines.length = 0
  site.write('server-key.pem', server.key.reveal())
  await until(() => site.lines.includes('tls.kept'), 'the wrong key to be told')
  assert.equal(await shown(), 'renewed')
  assert.equal(old.readyState, WebSocket.OPEN)
})

test('an upstream per station is dialled over TLS with the certificate that names the station; for another station it is none', async (t) => {
  const site = new Site(t)
  site.writeIdentity('own', await authority.issue({ dnsNames: ['CS01', 'CS02'] }))
  const peers = ['CS01', 'CS02', 'CS03'].map((id) => ({ id: id as NodeId, securityProfile: 3 as const })) // biome-ignore format: one line
  const upstream = accept({ nodeId: 'UP' as NodeId, port: 0, peers, tls: { ...server, clientCa: authority.certificate } }) // biome-ignore format: one line
  const { links, events } = await startSource(t, upstream)
  const uplink = { name: 'foreign', url: upstream.url, mode: 'per-station', tls: { caFile: 'ca.pem', ...identity('own') } } // biome-ignore format: one line
  const { url } = await site.start({ ...node, listen: [{ port: 0, insecure: true }], uplinks: [uplink] }) // biome-ignore format: one line

  const stations = [await station(t, url, 'CS01'), await station(t, url, 'CS02')]
  await until(() => links.length === 2, 'both connections')
  assert.deepEqual(links.map(({ peerIds: [id], protocol }) => [id, protocol]).sort(), [['CS01', 'ocpp1.6'], ['CS02', 'ocpp1.6']]) // biome-ignore format: one line
  assert.deepEqual(links.map(securityProfileOf), [3, 3])
  const heard = links.map((link) => attach(link))
  for (const one of stations) one.send('[2,"1","Heartbeat",{}]')
  await until(() => heard.every(({ messages }) => messages.length === 1), 'what they say')

  const other = await station(t, url, 'CS03')
  await until(() => other.closed !== undefined, 'the station that it does not name to be sent away')
  assert.equal(other.closed?.code, 1013)
  assert.ok(site.lines.includes('certificate.other'))
  assert.match(JSON.stringify(events), /the certificate is of somebody else/)
  assert.ok(stations.every((one) => one.isOpen))
})

test('an overlay uplink that was refused comes with the certificate that was put in its place meanwhile', async (t) => {
  const site = new Site(t)
  site.writeIdentity('own', await authority.issue({ dnsNames: ['NN99'] }))
  const peers = [{ id: node.nodeId as NodeId, peer: 'node', securityProfile: 3 } as const]
  const upstream = accept({ nodeId: 'UP' as NodeId, port: 0, peers, tls: { ...server, clientCa: authority.certificate } }) // biome-ignore format: one line
  const { links, events } = await startSource(t, upstream)
  const uplink = { url: upstream.url, mode: 'overlay', tls: { caFile: 'ca.pem', ...identity('own') } } // biome-ignore format: one line
  await site.start({ ...node, listen: [{ port: 0, insecure: true }], uplinks: [uplink] })
  await until(() => events.length > 0, 'the refusal')
  assert.deepEqual(links, [])

  site.writeIdentity('own', await authority.issue({ dnsNames: [node.nodeId] }))
  await until(() => links.length === 1, 'the link')
})

test('while the renewal of a certificate for an upstream is half done the former one is shown; the next station after it shows the new one', async (t) => {
  const site = new Site(t)
  site.writeIdentity('own', await authority.issue({ dnsNames: ['CS01', 'CS02'] }))
  const next = await authority.issue({ dnsNames: ['CS03'] })
  const peers = ['CS01', 'CS02', 'CS03'].map((id) => ({ id: id as NodeId, securityProfile: 3 as const })) // biome-ignore format: one line
  const upstream = accept({ nodeId: 'UP' as NodeId, port: 0, peers, tls: { ...server, clientCa: authority.certificate } }) // biome-ignore format: one line
  const { links } = await startSource(t, upstream)
  const uplink = { url: upstream.url, mode: 'per-station', tls: { caFile: 'ca.pem', ...identity('own') } } // biome-ignore format: one line
  const { url } = await site.start({ ...node, listen: [{ port: 0, insecure: true }], uplinks: [uplink] }) // biome-ignore format: one line
  const shownBy = async (id: string, count: number) => {
    const one = await station(t, url, id)
    await until(() => links.length === count, `the connection of ${id}`)
    assert.deepEqual([links.at(-1)?.peerIds, one.isOpen], [[id], true])
  }
  await shownBy('CS01', 1)

  site.write('own.pem', next.certificate)
  await shownBy('CS02', 2)
  assert.deepEqual(site.lines.filter((line) => line.startsWith('tls.') || line.startsWith('certificate.')), ['tls.kept']) // biome-ignore format: one line

  site.write('own-key.pem', next.key.reveal())
  await shownBy('CS03', 3)
  assert.deepEqual(site.lines.filter((line) => line.startsWith('tls.') || line.startsWith('certificate.')), ['tls.kept']) // biome-ignore format: one line
})

test('a station that listens under TLS is dialled with the node’s certificate, boots above, and lets in nobody else', async (t) => {
  const site = new Site(t)
  site.writeIdentity('own', await authority.issue({ commonName: 'NN01' }))
  const csms = await site.start({ nodeId: 'CSMS01', role: 'csms', listen: [{ port: 0, insecure: true }] }) // biome-ignore format: one line
  const listener = { port: 0, peer: 'csms', protocol: 'ocpp2.0.1', tls: { ...identity('server'), clientCaFile: 'ca.pem' } } // biome-ignore format: one line
  const listening = await site.start({ nodeId: 'CS01', role: 'charging-station', tokens: ['TAG-1'], listen: [listener], peers: [{ id: 'NN01', securityProfile: 3 }] }) // biome-ignore format: one line
  const downlink = { url: listening.url, peerId: 'CS01', tls: { caFile: 'ca.pem', ...identity('own') } } // biome-ignore format: one line
  const uplinks = [{ url: csms.url, peerId: 'CSMS01' }]
  const running = await site.start({ ...node, uplinks, downlinks: [downlink] })

  const isIn = (one: typeof running, text: string) =>
    one.node.frameLog.after(0, 100).some(({ bytes }) => Buffer.from(bytes).includes(text))
  await until(() => isIn(csms, '"BootNotification"'), 'the boot above')
  await until(() => isIn(listening, '"Accepted"'), 'its answer at the station')
  const facts = (one: typeof running, id: string): LinkFacts | undefined =>
    [...one.node.neighbours].find((neighbour) => foldId(neighbour.id) === foldId(id))?.link
  for (const link of [facts(running, 'CS01'), facts(listening, 'NN01')]) {
    assert.ok(link)
    assert.deepEqual([link.form, link.protocol, securityProfileOf(link)], ['standard', 'ocpp2.0.1', 3]) // biome-ignore format: one line
  }
  const stranger = new RawClient(new WebSocket(`${listening.url}NN01`, ['ocpp2.0.1'], { ca: authority.certificate })) // biome-ignore format: one line
  await until(() => stranger.error !== undefined, 'the refusal')
  assert.match(String(stranger.error), /401/)
})

test('who is entered as a station cannot be a node by saying so; who is entered as a node can', async (t) => {
  const site = new Site(t)
  for (const id of ['CS01', 'LC01']) site.write(id, `password of ${id}`)
  const peers = [{ id: 'CS01', passwordFile: 'CS01' }, { id: 'LC01', peer: 'node', passwordFile: 'LC01' }] // biome-ignore format: one line
  const { url } = await site.start({ ...node, listen: [{ port: 0 }], peers })
  const overlay = { 'X-OCPP-NetworkingMode': 'OverlayNetwork', 'X-Wattweave': 'v=1; caps=confirm' }
  const answerTo = async (id: string, headers: Record<string, string>) => {
    const authorization = basic(id, `password of ${id}`)
    return (await upgrade(`${url}${id}`, { authorization, 'Sec-WebSocket-Protocol': 'ocpp2.1', ...headers })).status // biome-ignore format: one line
  }
  assert.equal(await answerTo('CS01', overlay), 403)
  assert.ok(site.lines.includes('link.refused'))
  assert.equal(await answerTo('CS01', {}), 101)
  assert.equal(await answerTo('LC01', overlay), 101)
})

// ---- CSMSs that speak only OCPP

interface ForeignCsms {
  readonly url: string
  /** What was shown at each attempt, those it refused included. */
  readonly shown: string[]
  /** Connections it let in, the newest last, with what they said. */
  readonly sockets: WebSocket[]
  readonly heard: unknown[][]
  /** It lets in nobody else, once it is set. */
  password: string | undefined
}

/** It answers every CALL with an empty payload. */
async function foreignCsms(t: TestContext): Promise<ForeignCsms> {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    handleProtocols: (offered) => [...offered][0] ?? false,
    verifyClient({ req }: { req: IncomingMessage }) {
      const sent = Buffer.from(req.headers.authorization?.slice(6) ?? '', 'base64').toString()
      csms.shown.push(sent)
      return csms.password === undefined || sent.endsWith(`:${csms.password}`)
    },
  })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const csms: ForeignCsms = { url: `ws://127.0.0.1:${port}/`, shown: [], sockets: [], heard: [], password: undefined } // biome-ignore format: one line
  server.on('connection', (socket) => {
    csms.sockets.push(socket)
    socket.on('message', (data) => {
      const frame: unknown[] = JSON.parse(String(data))
      csms.heard.push(frame)
      if (frame[0] === 2) socket.send(JSON.stringify([3, frame[1], {}]))
    })
  })
  t.after(() => {
    for (const socket of csms.sockets) socket.terminate()
    server.close()
  })
  return csms
}

const plain = { ...node, listen: [{ port: 0, insecure: true }] }

/** A station that accepts what it is asked. */
async function obedient(t: TestContext, url: string, id: string, password?: string) {
  const headers = password === undefined ? {} : { authorization: basic(id, password) }
  const raw = new RawClient(new WebSocket(`${url}${id}`, ['ocpp1.6'], { headers }))
  t.after(() => raw.socket.terminate())
  raw.socket.on('message', (data) => {
    const [type, messageId] = JSON.parse(String(data))
    if (type === 2) raw.send(JSON.stringify([3, messageId, { status: 'Accepted' }]))
  })
  await until(() => raw.socket.readyState !== WebSocket.CONNECTING, `${id} to be answered`)
  return raw
}

const setPassword = (value: string) =>
  JSON.stringify([2, 'p', 'ChangeConfiguration', { key: 'AuthorizationKey', value }])
const isAccepted = (csms: ForeignCsms, messageId: string) => () =>
  csms.heard.some(([type, id]) => type === 3 && id === messageId)

test('the password that one CSMS sets for a station is shown to it and to no other CSMS, also after a restart', async (t) => {
  const site = new Site(t)
  const [a, b] = [await foreignCsms(t), await foreignCsms(t)]
  const uplink = (name: string, csms: ForeignCsms, role: string) => {
    mkdirSync(join(site.folder, name))
    site.write(`${name}/CS01`, `secret at ${name}`)
    return { name, url: csms.url, mode: 'per-station', role, stationPasswords: name }
  }
  const uplinks = [uplink('b', b, 'mirror'), uplink('a', a, 'primary')]
  let running = await site.start({ ...plain, uplinks })
  const first = await obedient(t, running.url, 'CS01')
  await until(() => a.sockets.length === 1 && b.sockets.length === 1, 'both connections')
  a.sockets[0]?.send(setPassword('set by a'))
  await until(isAccepted(a, 'p'), 'the station to accept it')
  first.socket.terminate()
  await until(() => running.node.neighbours.size === 0, 'the station to be gone')

  for (const visit of [2, 3]) {
    const again = await obedient(t, running.url, 'CS01', 'set by a')
    await until(() => a.sockets.length === visit && b.sockets.length === visit, 'both again')
    assert.ok(again.isOpen)
    await running.stop()
    if (visit === 2) running = await site.start({ ...plain, uplinks })
  }
  assert.deepEqual(a.shown, ['CS01:secret at a', 'CS01:set by a', 'CS01:set by a'])
  assert.deepEqual(b.shown, new Array(3).fill('CS01:secret at b'))
})

/** LC01 below NN01, which has a connection for each station at a CSMS. */
async function twoLevels(t: TestContext, csms: ForeignCsms, settings: object) {
  const site = new Site(t)
  mkdirSync(join(site.folder, 'secrets'))
  site.write('secrets/CS01', 'the old one')
  const uplink = { url: csms.url, mode: 'per-station', stationPasswords: 'secrets', ...settings } // biome-ignore format: one line
  const above = await site.start({ ...plain, uplinks: [uplink] })
  const below = await site.start({ ...plain, nodeId: 'LC01', uplinks: [{ url: above.url, peerId: 'NN01' }] }) // biome-ignore format: one line
  await until(() => below.node.neighbours.size === 1, 'the uplink of the node below')
  const station = await obedient(t, below.url, 'CS01')
  await until(() => csms.sockets.length === 1, 'the connection in its name')
  return { above, below, station }
}

for (const [settings, name] of [
  [{}, 'upstream@NN01'],
  [{ name: 'back end' }, 'back end@NN01'],
  [{ name: 'CSMS' }, 'CSMS@NN01'],
  [{ name: '*all' }, 'NN01'],
  [{ peerId: 'BACKEND' }, 'BACKEND'],
  [{ peerId: 'CSMS' }, 'upstream@NN01'],
] as const) {
  test(`a CSMS that speaks only OCPP commands a station behind another node, as ${name}: ${JSON.stringify(settings)}`, async (t) => {
    const csms = await foreignCsms(t)
    const { below, station } = await twoLevels(t, csms, settings)
    csms.sockets[0]?.send('[2,"c","ClearCache",{}]')
    await until(() => csms.heard.length > 0, 'the answer')
    assert.deepEqual(csms.heard, [[3, 'c', { status: 'Accepted' }]])
    assert.match(station.received.join(), /"ClearCache",\{\}\]$/)
    assert.deepEqual([...below.node.refusals], [])
    const texts = below.node.frameLog.after(0, 100).map(({ bytes }) => Buffer.from(bytes).toString()) // biome-ignore format: one line
    const [, , path] = JSON.parse(texts.find((text) => text.startsWith('[2,"CS01"')) ?? '[]')
    assert.deepEqual(path, [name, 'NN01'])
  })
}

test('a CSMS that restarts after it changed a password is dialled with the new one, though the station stays', async (t) => {
  const csms = await foreignCsms(t)
  const { station } = await twoLevels(t, csms, {})
  csms.sockets[0]?.send(setPassword('the new one'))
  await until(isAccepted(csms, 'p'), 'the station to accept it')
  csms.password = 'the new one'
  csms.sockets[0]?.terminate()
  await until(() => csms.shown.length > 1, 'the next attempt')
  assert.deepEqual(csms.shown, ['CS01:the old one', 'CS01:the new one'])
  await until(() => csms.sockets.length === 2, 'the connection')
  station.send('[2,"h","Heartbeat",{}]')
  await until(() => csms.heard.some(([, , action]) => action === 'Heartbeat'), 'the station there')
  assert.equal(station.closed, undefined)
})
