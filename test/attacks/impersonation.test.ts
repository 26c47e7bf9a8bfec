import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { WebSocket } from 'ws'
import { loadConfig } from '../../src/cli/config.ts'
import { startNode } from '../../src/cli/start-node.ts'
import { silentLogger } from '../../src/node/core.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { announcementsOf } from '../../src/routing/topology.ts'
import { startNode as startProcess, temporaryFolder, until as untilTrue } from '../end-to-end/processes.ts' // biome-ignore format: one line
import { createAuthority } from '../support/certificates.ts'
import { basic, client, OVERLAY, RawClient } from '../support/sockets.ts'
import { until } from '../support/until.ts'

/** Somebody who has proved nothing, let in where `insecure` is set, says he is a station that must. */

const INSECURE = { port: 0, insecure: true }

/** The same data and files for each start. */
function site(t: TestContext) {
  const folder = temporaryFolder(t)
  return {
    folder,
    write: (name: string, text: string) => writeFileSync(join(folder, name), text, { mode: 0o600 }),
    async start(config: { nodeId: string; [setting: string]: unknown }) {
      // What links alone prove is the subject; who signs is asked more.
      const around = { data: join(folder, 'data'), security: { insecure: true } }
      writeFileSync(join(folder, 'node.yaml'), JSON.stringify({ ...around, ...config }))
      const running = await startNode(loadConfig(join(folder, 'node.yaml')), silentLogger)
      let stopping: Promise<void> | undefined
      const stop = () => {
        stopping ??= running.stop()
        return stopping
      }
      t.after(stop)
      return { ...running, stop }
    },
  }
}

const evil = (t: TestContext, url: string) =>
  client(t, url, { id: 'EVIL', protocols: ['ocpp2.1'], headers: { ...OVERLAY, authorization: '' } })

/** What comes back for a request in a station's name. */
async function asStation(raw: RawClient, station: string): Promise<unknown[]> {
  raw.send(JSON.stringify([2, 'CentralSystem', [station, 'EVIL'], 'x', 'Heartbeat', {}]))
  return raw.take((frame) => frame[3] === 'x', 'an answer to the forged request')
}

function announce(raw: RawClient, station: string): void {
  const presence = { id: station as NodeId, protocol: 'ocpp1.6', state: 'up', distance: 1 } as const
  const [payload] = announcementsOf('EVIL' as NodeId, [presence], 0)
  raw.send(JSON.stringify([6, 'CSMS01', ['EVIL'], 'a', 'NotifyNetworkTopology', payload]))
}

test('a station that has shown a certificate is not spoken for by whoever shows nothing', async (t) => {
  const authority = await createAuthority()
  const server = await authority.issue({ addresses: ['127.0.0.1'] })
  const own = await authority.issue({ commonName: 'CS01' })
  const { write, start } = site(t)
  write('ca.pem', authority.certificate)
  write('chain.pem', server.certificate)
  write('key.pem', server.key.reveal())
  const tls = { certificateFile: 'chain.pem', keyFile: 'key.pem', clientCaFile: 'ca.pem' }
  const { node, stationUrls } = await start({ nodeId: 'CSMS01', role: 'csms', listen: [{ port: 0, tls }, INSECURE], peers: [{ id: 'CS01' }] }) // biome-ignore format: one line
  const [secure = '', open = ''] = stationUrls
  const liar = await evil(t, open)
  const socket = new WebSocket(`${secure}CS01`, ['ocpp1.6'], { ca: authority.certificate, cert: own.certificate, key: own.key.reveal() }) // biome-ignore format: one line
  const station = new RawClient(socket)
  await until(() => station.isOpen, 'the station')
  socket.terminate()
  await until(() => node.table.get('CS01' as NodeId) === undefined, 'it to be gone')

  announce(liar, 'CS01')
  const answer = await asStation(liar, 'CS01')
  assert.deepEqual([answer[0], answer[4]], [4, 'SecurityError'])
  assert.equal(node.table.get('CS01' as NodeId), undefined, 'nobody is reached over it')
  assert.equal((await asStation(liar, 'CS02'))[0], 3, 'one that nobody knows may be behind it')
})

test('a station that was given a password over OCPP has to show it from then on, after a restart too, whoever says he is it', async (t) => {
  const { start } = site(t)
  const config = { nodeId: 'CSMS01', role: 'csms', listen: [INSECURE] }
  const first = await start(config)
  const [url = ''] = first.stationUrls
  const station = await client(t, url, { id: 'cs01', headers: { authorization: '' } })
  const commander = await client(t, url, { id: 'LC01', protocols: ['ocpp2.1'], headers: { ...OVERLAY, authorization: '' } }) // biome-ignore format: one line
  commander.send(JSON.stringify([2, 'cs01', ['LC01'], 'p', 'ChangeConfiguration', { key: 'AuthorizationKey', value: 'a password of sixteen' }])) // biome-ignore format: one line
  const [, id] = await station.take((frame) => frame[2] === 'ChangeConfiguration', 'the command')
  station.send(JSON.stringify([3, id, { status: 'Accepted' }]))
  await commander.take((frame) => frame[0] === 3, 'its answer')
  station.socket.terminate()
  await until(() => first.node.table.get('cs01' as NodeId) === undefined, 'it to be gone')

  const look = async (running: typeof first) => {
    const [at = ''] = running.stationUrls
    const bare = await client(t, at, { id: 'CS01', headers: { authorization: '' } })
    assert.equal(bare.isOpen, false, 'without its password it is not let in')
    const forged = await asStation(await evil(t, at), 'CS01')
    assert.deepEqual([forged[0], forged[4]], [4, 'SecurityError'])
    const headers = { authorization: basic('CS01', 'a password of sixteen') }
    const right = await client(t, at, { id: 'CS01', headers })
    assert.ok(right.isOpen)
    right.send('[2,"h","Heartbeat",{}]')
    assert.equal((await right.take((frame) => frame[1] === 'h', 'an answer'))[0], 3)
  }
  await look(first)
  await first.stop()
  await look(await start(config))
})

test('a station that this node dials is not spoken for by whoever dials in', async (t) => {
  const { start } = site(t)
  const { stationUrls } = await start({ nodeId: 'CSMS01', role: 'csms', listen: [INSECURE], downlinks: [{ url: 'ws://127.0.0.1:1/', peerId: 'ST1', protocol: 'ocpp1.6', insecure: true }] }) // biome-ignore format: one line
  const answer = await asStation(await evil(t, stationUrls[0] ?? ''), 'ST1')
  assert.deepEqual([answer[0], answer[4]], [4, 'SecurityError'])
})

test('whoever shows the certificate of another, an expired, a self-signed or a foreign one is counted and told, and the others are served', async (t) => {
  const authority = await createAuthority()
  const foreign = await createAuthority() // of the same name
  const another = await createAuthority('Another CA')
  const server = await authority.issue({ addresses: ['127.0.0.1'] })
  const folder = temporaryFolder(t)
  for (const [name, text] of Object.entries({ 'ca.pem': authority.certificate, 'chain.pem': server.certificate, 'key.pem': server.key.reveal() })) writeFileSync(join(folder, name), text) // biome-ignore format: one line
  const tls = { certificateFile: 'chain.pem', keyFile: 'key.pem', clientCaFile: 'ca.pem' }
  const node = await startProcess(t, folder, { nodeId: 'CSMS01', role: 'csms', listen: [{ port: 0, tls }], peers: [{ id: 'CS01', securityProfile: 3 }, { id: 'CS02', securityProfile: 3 }], data: folder, http: { port: 0, login: false } }) // biome-ignore format: one line
  const open = (id: string, identity: { certificate: string; key: { reveal(): string } }) => {
    const raw = new RawClient(new WebSocket(`${node.url}${id}`, ['ocpp1.6'], { ca: authority.certificate, cert: identity.certificate, key: identity.key.reveal() })) // biome-ignore format: one line
    t.after(() => raw.socket.terminate())
    return raw
  }
  const bystander = open('CS02', await authority.issue({ commonName: 'CS02' }))
  await until(() => bystander.isOpen, 'the bystander')
  const refused = async () => {
    const text = await (await fetch(new URL('metrics', node.console))).text()
    return [...text.matchAll(/^wattweave_upgrades_refused_total\{[^}]*\} (\d+)$/gm)].reduce((sum, [, n]) => sum + Number(n), 0) // biome-ignore format: one line
  }

  for (const [what, identity] of [
    ['of another', await authority.issue({ commonName: 'CS77' })],
    ['expired', await authority.issue({ commonName: 'CS01', days: -1 })],
    ['self-signed', await authority.issue({ commonName: 'CS01', isSelfSigned: true })],
    ['of an authority of the same name', await foreign.issue({ commonName: 'CS01' })],
    ['of another authority', await another.issue({ commonName: 'CS01' })],
  ] as const) {
    const before = await refused()
    const raw = open('CS01', identity)
    await until(() => raw.socket.readyState === WebSocket.CLOSED, `${what} to be refused`)
    await untilTrue(`${what} to be counted`, async () => (await refused()) > before)
    bystander.send(`[2,"${what}","Heartbeat",{}]`)
    assert.equal((await bystander.take((frame) => frame[1] === what, 'an answer'))[0], 3)
  }
  assert.match(node.errors(), /"event":"link.refused"/)
})
