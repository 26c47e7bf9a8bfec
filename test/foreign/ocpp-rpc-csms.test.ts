import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import canonicalize from 'canonicalize'
import { flattenedVerify } from 'jose'
import { PROTOCOLS, type Protocol } from '../../src/messages/protocols.ts'
import { startChain, startNode, temporaryFolder, UNSIGNED, until } from '../end-to-end/processes.ts'
import { AT, idOf, runDay, SCRIPTS } from './days.ts'
import { connectionOf, foreignCsms, foreignStation } from './rpc.ts'

/** Foreign stations behind our nodes, a foreign CSMS above them, and our CSMS beside it; stations of ours, too. */

const ACCEPTED = { status: 'Accepted' }
const ANSWERS = {
  BootNotification: () => ({ currentTime: AT, interval: 300, status: 'Accepted' }),
  Heartbeat: () => ({ currentTime: AT }),
  Authorize: ({ idTag }: Record<string, unknown>) =>
    idTag === undefined ? { idTokenInfo: ACCEPTED } : { idTagInfo: ACCEPTED },
  StartTransaction: () => ({ transactionId: 7, idTagInfo: ACCEPTED }),
}

/** Our CSMS, a foreign one, and a node below both. */
async function startBoth(
  t: TestContext,
  foreignRole: 'primary' | 'mirror',
  protocols?: readonly string[],
) {
  const { folder, csms } = await startChain(t, 0, { isSigned: false })
  const foreign = await foreignCsms(t, ANSWERS, protocols)
  const passwords = join(folder, 'passwords')
  mkdirSync(passwords)
  for (const protocol of Object.keys(SCRIPTS) as Protocol[]) {
    foreign.passwords.set(idOf(protocol), `secret of ${protocol}`)
    writeFileSync(join(passwords, idOf(protocol)), `secret of ${protocol}\n`)
  }
  const ours = { url: csms.url, peerId: 'CSMS01', role: foreignRole === 'primary' ? 'mirror' : 'primary' } // biome-ignore format: one line
  const theirs = { name: 'foreign', url: foreign.url, mode: 'per-station', role: foreignRole, stationPasswords: passwords } // biome-ignore format: one line
  const config = { nodeId: 'NN01', role: 'networking-node', listen: [{ port: 0, insecure: true }], uplinks: [ours, theirs], http: { port: 0 }, data: join(folder, 'nn01'), log: 'silent', ...UNSIGNED } // biome-ignore format: one line
  const node = await startNode(t, folder, config)
  return { folder, csms, foreign, node, config }
}

for (const foreignRole of ['primary', 'mirror'] as const) {
  test(`a foreign CSMS as ${foreignRole} sees each of our stations as if directly connected, ours sees them over the shared uplink at the same time`, async (t) => {
    const direct = await foreignCsms(t, ANSWERS)
    const { folder, foreign, node } = await startBoth(t, foreignRole)

    for (const protocol of Object.keys(SCRIPTS) as Protocol[]) {
      const options = { identity: idOf(protocol), protocols: [protocol] }
      const near = await foreignStation(t, direct.url, options)
      const nearAnswers = await runDay(near, protocol)
      const behind = await foreignStation(t, node.url, options)
      const answers = await runDay(behind, protocol)
      if (foreignRole === 'primary') assert.deepEqual(answers, nearAnswers, protocol)
    }
    await until('all copies', () => foreign.calls.length === direct.calls.length)
    assert.deepEqual(foreign.calls, direct.calls)
    assert.deepEqual([foreign.complaints, direct.complaints], [[], []])
    assert.deepEqual(foreign.connections.map((c) => [c.identity, c.protocol]), direct.connections.map((c) => [c.identity, c.protocol])) // biome-ignore format: one line

    await until('our CSMS to have them all', () => {
      const rows = read(folder, 'SELECT station, action, payload FROM messages ORDER BY id')
      return rows.length === direct.calls.length && rows
    })
    for (const protocol of Object.keys(SCRIPTS) as Protocol[]) {
      const rows = read(folder, `SELECT action, payload FROM messages WHERE station = '${idOf(protocol)}' ORDER BY id`) // biome-ignore format: one line
      const expected = SCRIPTS[protocol].map(([action, payload]) => [
        action,
        JSON.stringify(payload),
      ])
      assert.deepEqual(rows.map((row) => [row.action, Buffer.from(row.payload as Uint8Array).toString()]), expected) // biome-ignore format: one line
    }
  })
}

test('the foreign CSMS commands its station through the node; its password change is followed, through a restart of the node', async (t) => {
  const { folder, foreign, node, config } = await startBoth(t, 'primary')
  const options = { identity: idOf('ocpp1.6'), protocols: ['ocpp1.6'] }
  const station = await foreignStation(t, node.url, options)
  station.handle('ChangeConfiguration', () => ({ status: 'Accepted' }))
  await runDay(station, 'ocpp1.6')

  const { client } = await connectionOf(foreign, options.identity)
  const change = { key: 'AuthorizationKey', value: 'changed secret' }
  assert.deepEqual(await client.call('ChangeConfiguration', change), { status: 'Accepted' })
  foreign.passwords.set(options.identity, change.value)
  await assert.rejects(() => Promise.resolve(client.call('Reset', { type: 'Soft' })), { rpcErrorCode: 'NotImplemented' }) // biome-ignore format: one line

  await station.close()
  await until('the upstream to close', () => foreign.connections.every((one) => one.isClosed))
  await node.stop()
  const again = await startNode(t, folder, config)
  const count = foreign.calls.length
  // It shows what it has accepted; without that nobody is this station any more.
  const returned = await foreignStation(t, again.url, { ...options, password: change.value })
  assert.equal((await returned.call('Heartbeat', {})).currentTime, AT)
  assert.equal(foreign.calls.length, count + 1)
})

test('a station whose version the foreign CSMS does not offer is sent away with a clear reason, others stay', async (t) => {
  const { foreign, node } = await startBoth(t, 'primary', ['ocpp2.0.1'])
  const good = await foreignStation(t, node.url, { identity: idOf('ocpp2.0.1'), protocols: ['ocpp2.0.1'] }) // biome-ignore format: one line
  await runDay(good, 'ocpp2.0.1')
  const bad = await foreignStation(t, node.url, {
    identity: idOf('ocpp1.6'),
    protocols: ['ocpp1.6'],
  })
  const closed = new Promise((resolve) => bad.on('close', resolve))
  const { code, reason } = (await closed) as { code: number; reason: string }
  assert.equal(code, 1013)
  assert.match(String(reason), /^upstream: .*no common subprotocol/)
  assert.ok((await good.call('Heartbeat', {})).currentTime)
  assert.deepEqual(foreign.connections.filter((one) => !one.isClosed).map((one) => one.protocol), ['ocpp2.0.1']) // biome-ignore format: one line
})

test('a foreign CSMS that goes away takes its stations along; once it is back so are they', async (t) => {
  const { foreign, node } = await startBoth(t, 'primary')
  const options = { identity: idOf('ocpp2.1'), protocols: ['ocpp2.1'] }
  const station = await foreignStation(t, node.url, options)
  const closed = new Promise((resolve) => station.on('close', resolve))
  await station.call('Heartbeat', {})
  await foreign.close()
  await closed
  await assert.rejects(
    foreignStation(t, node.url, options).then((one) => one.call('Heartbeat', {})),
  )

  const port = Number(new URL(foreign.url).port)
  const back = await foreignCsms(t, ANSWERS, PROTOCOLS, port)
  back.passwords.set(options.identity, `secret of ${options.identity.slice('RPC-'.length)}`)
  // It is dialled again by the back-off of the node, however often the station comes before.
  const answer = await until(
    'the station to be served',
    () =>
    foreignStation(t, node.url, options).then((one) => one.call('Heartbeat', {})).catch(() => undefined), // biome-ignore format: one chain
  )
  assert.equal(answer.currentTime, AT)
  assert.deepEqual(back.calls.map(({ identity, method }) => [identity, method]), [[options.identity, 'Heartbeat']]) // biome-ignore format: one line
})

const SESSION: Record<Protocol, readonly string[]> = {
  'ocpp1.6': ['BootNotification', 'StatusNotification', 'StartTransaction', 'MeterValues', 'StopTransaction'],
  'ocpp2.0.1': ['BootNotification', 'StatusNotification', 'TransactionEvent'],
  'ocpp2.1': ['BootNotification', 'StatusNotification', 'TransactionEvent'],
} // biome-ignore format: a table

for (const protocol of PROTOCOLS) {
  test(`a station of ours boots, charges and obeys at the foreign CSMS of ${protocol}, behind the node, and it has nothing to complain of`, async (t) => {
    const { folder, foreign, node } = await startBoth(t, 'primary')
    const nodeId = idOf(protocol)
    const simulation = { pauseS: 0.5, sessionS: 3, meterIntervalS: 1, sessions: 1 }
    await startNode(t, folder, { nodeId, role: 'charging-station', data: folder, tokens: ['TAG-1'], simulation, uplinks: [{ url: node.url, mode: 'standard', protocol }], log: 'silent', ...UNSIGNED }) // biome-ignore format: one line

    const said = () => foreign.calls.filter(({ identity }) => identity === nodeId)
    const isEnd = ({ method, params }: { method: string; params: { eventType?: string } }) =>
      method === 'StopTransaction' || params.eventType === 'Ended'
    await until('its session to end', () => said().some(isEnd))
    const { client, protocol: spoken } = await connectionOf(foreign, nodeId)
    assert.equal(spoken, protocol)
    const heartbeats = said().filter(({ method }) => method === 'Heartbeat').length
    const trigger = { requestedMessage: 'Heartbeat' }
    assert.deepEqual(await client.call('TriggerMessage', trigger), { status: 'Accepted' })
    await until('what was triggered', () => said().filter(({ method }) => method === 'Heartbeat').length > heartbeats) // biome-ignore format: one line
    for (const action of SESSION[protocol]) {
      assert.ok(said().some(({ method }) => method === action), `${action} was said`) // biome-ignore format: one line
    }
    if (protocol !== 'ocpp1.6') {
      const events = said().filter(({ method }) => method === 'TransactionEvent')
      const types = events.map(({ params }) => (params as { eventType: string }).eventType)
      assert.deepEqual([types[0], types.at(-1)], ['Started', 'Ended'])
      assert.deepEqual(events.map(({ params }) => (params as { seqNo: number }).seqNo), events.map((_, i) => i)) // biome-ignore format: one line
    }
    assert.deepEqual(foreign.complaints, [])
  })
}

// ---- With security on, and signatures where the foreign CSMS has room for them

test('a foreign CSMS that validates strictly gets the word of the edge in customData and finds nothing wrong; anybody with the public key verifies it', async (t) => {
  const folder = temporaryFolder(t)
  const direct = await foreignCsms(t, ANSWERS)
  const foreign = await foreignCsms(t, ANSWERS)
  mkdirSync(join(folder, 'passwords'))
  const ids = PROTOCOLS.map(idOf)
  for (const id of ids) writeFileSync(join(folder, 'passwords', id), `secret of ${id}`)
  const peers = ids.map((id) => ({ id, passwordFile: join('passwords', id) }))
  const uplinks = [{ name: 'foreign', url: foreign.url, mode: 'per-station', carrier: 'customData', stationPasswords: join(folder, 'passwords') }] // biome-ignore format: one line
  const node = await startNode(t, folder, { nodeId: 'NN01', role: 'networking-node', listen: [{ port: 0 }], peers, uplinks, http: { port: 0 }, data: folder, log: 'silent' }) // biome-ignore format: one line
  const { jwk, kid } = JSON.parse(readFileSync(join(folder, 'keys', 'nn01', 'own.json'), 'utf8'))

  for (const protocol of PROTOCOLS) {
    const options = { identity: idOf(protocol), protocols: [protocol], password: `secret of ${idOf(protocol)}` } // biome-ignore format: one line
    const near = await foreignStation(t, direct.url, options)
    const behind = await foreignStation(t, node.url, options)
    assert.deepEqual(await runDay(behind, protocol), await runDay(near, protocol), protocol)
  }
  assert.deepEqual(foreign.complaints, [])
  assert.deepEqual(foreign.calls.map(({ params }) => bare(params)), direct.calls.map(({ params }) => params)) // biome-ignore format: one line
  for (const { identity, method, params } of foreign.calls) {
    const { customData } = params as { customData?: { vendorId: string; signatures: { keyId: string; protected: string; value: string }[] } } // biome-ignore format: one line
    if (identity === idOf('ocpp1.6')) {
      assert.equal(customData, undefined)
      continue
    }
    const [{ keyId, protected: header, value: signature } = assert.fail(method)] = customData?.signatures ?? [] // biome-ignore format: one line
    assert.equal(keyId, kid)
    const payload = Buffer.from(canonicalize(bare(params)) ?? '').toString('base64url')
    const { protectedHeader } = await flattenedVerify(
      { payload, protected: header, signature },
      jwk,
    )
    const { OCPPAction, from, att } = protectedHeader as Record<string, unknown>
    assert.deepEqual([OCPPAction, from, att], [method, identity, { by: 'NN01', prev: identity, link: 'basic', verified: [] }]) // biome-ignore format: one line
  }
})

test('a foreign CSMS commands a station with signatures on its link, and its password change is followed', async (t) => {
  const folder = temporaryFolder(t)
  const foreign = await foreignCsms(t, ANSWERS)
  const identity = idOf('ocpp2.1')
  mkdirSync(join(folder, 'passwords'))
  writeFileSync(join(folder, 'passwords', identity), 'a first secret of it')
  foreign.passwords.set(identity, 'a first secret of it')
  const peers = [{ id: identity, passwordFile: join('passwords', identity) }]
  const uplinks = [{ name: 'foreign', url: foreign.url, mode: 'per-station', carrier: 'customData', stationPasswords: join(folder, 'passwords') }] // biome-ignore format: one line
  const node = await startNode(t, folder, { nodeId: 'NN01', role: 'networking-node', listen: [{ port: 0 }], peers, uplinks, http: { port: 0 }, data: folder, log: 'silent' }) // biome-ignore format: one line
  const options = { identity, protocols: ['ocpp2.1'] }
  const station = await foreignStation(t, node.url, {
    ...options,
    password: 'a first secret of it',
  })
  const result = { component: { name: 'SecurityCtrlr' }, variable: { name: 'BasicAuthPassword' }, attributeStatus: 'Accepted' } // biome-ignore format: one line
  station.handle('SetVariables', () => ({ setVariableResult: [result] }))
  const { client } = await connectionOf(foreign, identity)
  const { component, variable } = result
  const changed = 'another secret of it, which is new'
  const answer = await client.call('SetVariables', { setVariableData: [{ component, variable, attributeValue: changed }] }) // biome-ignore format: one line
  assert.deepEqual(answer, { setVariableResult: [result] })
  foreign.passwords.set(identity, changed)
  await station.close()
  await until('the upstream to close', () => foreign.connections.every((one) => one.isClosed))
  const returned = await foreignStation(t, node.url, { ...options, password: changed })
  assert.equal((await returned.call('Heartbeat', {})).currentTime, AT)
  assert.deepEqual(foreign.complaints, [])
})

function bare({ customData: _, ...params }: { readonly customData?: unknown }): object {
  return params
}

function read(folder: string, sql: string) {
  const database = new DatabaseSync(join(folder, 'csms.sqlite'), { readOnly: true })
  try {
    return database.prepare(sql).all()
  } finally {
    database.close()
  }
}
