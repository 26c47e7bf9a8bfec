import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { loadConfig } from '../../src/cli/config.ts'
import { codeFile } from '../../src/cli/joining-code.ts'
import type { FrameDetail, FramePage, FrameView } from '../../src/http/live-api.ts'
import { basic, client } from '../support/sockets.ts'
import {
  commission,
  metric,
  passwordOf,
  startChain,
  startExecutable,
  startNode,
  temporaryFolder,
  until,
} from './processes.ts'

/** Keys made by the command line, and processes that obey only what is signed with them. */

const PASSWORD = 'password of CS01'

/** Makes the key of a node and returns its record. */
async function keyOf(
  t: TestContext,
  folder: string,
  nodeId: string,
  config: object,
  ...roles: string[]
) {
  const file = join(folder, `${nodeId}-before.yaml`)
  writeFileSync(file, JSON.stringify({ nodeId, ...config }))
  const made = startExecutable(t, 'keys', 'new', file, ...roles.flatMap((role) => ['--role', role]))
  assert.equal(await made.ended, 0, made.errors())
  writeFileSync(join(folder, `${nodeId}.json`), made.output())
}

async function startSite(t: TestContext) {
  const folder = temporaryFolder(t)
  mkdirSync(join(folder, 'secrets'))
  for (const id of ['CS01', 'NN01']) writeFileSync(join(folder, 'secrets', id), `password of ${id}`)
  const peer = (id: string, more = {}) => ({ id, passwordFile: `secrets/${id}`, ...more })
  const security = { trust: ['CSMS01.json', 'NN01.json'] }
  const common = { log: 'silent', http: { port: 0, login: false } }
  const csmsConfig = { role: 'csms', listen: [{ port: 0 }], data: join(folder, 'csms'), tokens: ['TAG-1'], peers: [peer('NN01', { peer: 'node' })] } // biome-ignore format: one line
  const nodeConfig = { role: 'networking-node', listen: [{ port: 0, insecure: true }], data: join(folder, 'node'), peers: [peer('CS01')] } // biome-ignore format: one line
  await keyOf(t, folder, 'CSMS01', csmsConfig, 'operations')
  await keyOf(t, folder, 'NN01', nodeConfig, 'edge')
  const csms = await startNode(t, folder, { nodeId: 'CSMS01', ...csmsConfig, ...common, security })
  const uplinks = [{ url: csms.url, peerId: 'CSMS01', passwordFile: 'secrets/NN01' }]
  const node = await startNode(t, folder, { nodeId: 'NN01', ...nodeConfig, ...common, uplinks, security }) // biome-ignore format: one line
  await until('the uplink', async () => (await metric(node.console, 'wattweave_links', 'form="overlay"')) >= 1) // biome-ignore format: one line
  const station = await client(t, node.url, { headers: { authorization: basic('CS01', PASSWORD) } }) // biome-ignore format: one line
  return { folder, csms, node, station }
}

/** What the inspector shows of the newest frame of a kind. */
async function frameAt(console: string, is: (frame: FrameView) => boolean): Promise<FrameDetail> {
  const { frames } = (await (await fetch(new URL('api/frames', console))).json()) as FramePage
  const { sequence } = frames.findLast((frame) => is(frame) && frame.verdict) ?? {}
  return (await fetch(new URL(`api/frames/${sequence}`, console))).json() as Promise<FrameDetail>
}

test('a plain station boots over two nodes that sign, is commanded, and nobody else commands it', async (t) => {
  const { csms, node, station } = await startSite(t)
  station.send('[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]')
  const [, , boot] = await station.take((frame) => frame[1] === '1', 'its boot')
  assert.equal(
    (boot as { status?: string }).status,
    'Accepted',
    JSON.stringify(station.received) + csms.errors() + node.errors(),
  )

  const operation = fetch(
    new URL('api/stations/CS01/operations/ChangeConfiguration', csms.console),
    {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: new URL(csms.console).origin },
      body: JSON.stringify({ key: 'HeartbeatInterval', value: '60' }),
    },
  )
  const [, id, action, payload] = await station.take((frame) => frame[0] === 2, 'the command')
  assert.deepEqual([action, payload], ['ChangeConfiguration', { key: 'HeartbeatInterval', value: '60' }]) // biome-ignore format: one line
  station.send(JSON.stringify([3, id, { status: 'Accepted' }]))
  const { id: job } = (await (await operation).json()) as { id: string }
  await until('the CSMS to believe the answer', async () => {
    const { state } = (await (await fetch(new URL(`api/operations/${job}`, csms.console))).json()) as { state: string } // biome-ignore format: one line
    return state !== 'sent' && state
  })

  const forged = startExecutable(t, 'send', 'CS01', 'ChangeConfiguration', '{"key":"HeartbeatInterval","value":"1"}', '--uplink', node.url, '--as', 'LAPTOP') // biome-ignore format: one line
  assert.notEqual(await forged.ended, 0)
  assert.match(forged.output() + forged.errors(), /unsigned/)
  const { verdict, problems } = await frameAt(csms.console, ({ action, kind }) => action === 'BootNotification' && kind === 'CALL' ) // biome-ignore format: one line
  const { level, signers, rule } = verdict ?? {}
  assert.deepEqual([level, signers?.map(({ owner, as }) => [owner, as]), rule?.name, problems], ['attested', [['NN01', 'edge']], '2 a standard station asks services only', []]) // biome-ignore format: one line
  const refused = await frameAt(node.console, ({ reaction }) => reaction === 'refused')
  assert.deepEqual([refused.verdict?.level, refused.verdict?.reason, refused.verdict?.sentence], ['refused', 'unsigned', 'nobody has signed it']) // biome-ignore format: one line
  const seen = await fetch(new URL('metrics', node.console))
  assert.match(await seen.text(), /ERR_POLICY_REFUSED/)
})

test('a desk that was let in by a code asks a station through nodes what its user role permits, and says why it may not', async (t) => {
  const { folder, csms, edge } = await startChain(t, 1)
  const { password } = passwordOf(folder, 'CS01')
  const station = await client(t, edge.url, { headers: { authorization: basic('CS01', password) } })
  station.send('[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]')
  await station.take((frame) => frame[1] === '1', 'its boot')
  const desk = (nodeId: string) => ({ nodeId, role: 'networking-node', listen: [{ port: 0 }], uplinks: [{ url: edge.url, peerId: 'NN01' }], data: folder }) // biome-ignore format: one line
  const ask = (id: string, ...more: string[]) => startExecutable(t, 'send', 'CS01', ...more, '--config', join(folder, `${id}.yaml`), '--timeout', '20') // biome-ignore format: one line

  commission(folder, desk('DESK'), csms.file, ['technician'])
  const read = ask('DESK', 'GetConfiguration', '{"key":["X"]}')
  const [, id] = await station.take((frame) => frame[2] === 'GetConfiguration', 'the question')
  station.send(JSON.stringify([3, id, { unknownKey: ['X'] }]))
  assert.equal(await read.ended, 0, read.output() + read.errors())
  assert.match(read.output(), /"unknownKey":\["X"\]/)

  const change = ask('DESK', 'ChangeConfiguration', '{"key":"HeartbeatInterval","value":"1"}')
  assert.equal(await change.ended, 1)
  assert.match(change.output(), /"reason":"role"/)

  commission(folder, desk('LATE'), csms.file)
  commission(folder, desk('OTHER'), csms.file)
  const [late, other] = ['LATE', 'OTHER'].map((name) => codeFile(loadConfig(join(folder, `${name}.yaml`)))) // biome-ignore format: one line
  writeFileSync(late ?? '', readFileSync(other ?? ''))
  const stranger = ask('LATE', 'Reset', '{"type":"Soft"}')
  assert.equal(await stranger.ended, 1)
  assert.match(stranger.errors(), /LATE was not let in: this code is not good for this node here/)
})

test('a node that runs takes a code as soon as it is brought, and is let in by it', async (t) => {
  const { folder, csms } = await startChain(t, 1)
  const late = { nodeId: 'NN02', role: 'networking-node', listen: [{ port: 0 }], http: { port: 0, login: false }, log: 'silent', data: join(folder, 'late'), uplinks: [{ url: csms.url, peerId: 'CSMS01' }] } // biome-ignore format: one line
  const node = await startNode(t, folder, late)
  await until('its uplink', async () => (await metric(node.console, 'wattweave_links', 'form="overlay"')) >= 1) // biome-ignore format: one line
  const keys = async () => {
    const listed = startExecutable(t, 'keys', 'list', node.file)
    assert.equal(await listed.ended, 0, listed.errors())
    return listed.output()
  }
  assert.doesNotMatch(await keys(), /CSMS01/)

  const invited = startExecutable(t, 'keys', 'invite', csms.file, 'NN02')
  assert.equal(await invited.ended, 0, invited.errors())
  const joined = startExecutable(t, 'keys', 'join', node.file, invited.output().trim())
  assert.equal(await joined.ended, 0, joined.errors())
  await until('the code to be used', () => !existsSync(codeFile(loadConfig(node.file))))
  assert.match(await keys(), /CSMS01 {2}owner/)
})
