import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { loadConfig } from '../../src/cli/config.ts'
import { createLinkSources } from '../../src/cli/link-sources.ts'
import { rememberedPasswords } from '../../src/cli/remembered-passwords.ts'
import type { Logger } from '../../src/node/core.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { keyFrom, SecretStore } from '../../src/storage/secret-store.ts'
import { Secret } from '../../src/transport/credentials.ts'
import { temporaryFolder } from '../end-to-end/processes.ts'
import { createAuthority } from '../support/certificates.ts'
import { basic, client, startSource } from '../support/sockets.ts'

const CS01 = 'CS01' as NodeId
const secret = (text: string) => new Secret(text)

test('what was set over OCPP counts until the file says something else, at each place by itself', (t) => {
  const data = temporaryFolder(t)
  const file = secret('first')
  const backend = { uplink: 'backend' }
  const before = rememberedPasswords({ data })
  assert.equal(before.insteadOf('peer', CS01, file), undefined)
  assert.deepEqual(readdirSync(data), [], 'nothing to remember, nothing on disk')
  before.remember(CS01, secret('set over OCPP'), [['peer', file], [backend, undefined]]) // biome-ignore format: one line

  const after = rememberedPasswords({ data })
  const counts = (place: Parameters<typeof after.insteadOf>[0], inFile: Secret | undefined) =>
    after.insteadOf(place, 'cs01', inFile)?.reveal()
  assert.deepEqual(after.stations(), ['cs01'])
  assert.equal(counts('peer', file), 'set over OCPP')
  assert.equal(counts('peer', undefined), 'set over OCPP', 'the file was removed')
  assert.equal(counts('peer', secret('issued anew')), undefined)
  assert.equal(counts(backend, undefined), 'set over OCPP')
  assert.equal(counts(backend, secret('there is a file now')), undefined)

  after.remember(CS01, secret('set again'), [['peer', secret('issued anew')]])
  assert.equal(counts('peer', secret('issued anew')), 'set again')
  assert.equal(counts('peer', file), undefined)
})

test('what one upstream has set counts towards the stations and towards it alone', (t) => {
  const data = temporaryFolder(t)
  const [a, b] = [{ uplink: 'a' }, { uplink: 'b' }]
  const before = rememberedPasswords({ data })
  before.remember(CS01, secret('set by a'), [
    ['peer', undefined],
    [a, secret('first')],
  ])
  before.remember(CS01, secret('set by b'), [
    ['peer', undefined],
    [b, undefined],
  ])
  before.remember(CS01, secret('set by neither'), [['peer', undefined]])

  const after = rememberedPasswords({ data })
  assert.deepEqual(after.stations(), ['cs01'])
  assert.equal(after.insteadOf('peer', CS01, undefined)?.reveal(), 'set by neither')
  assert.equal(after.insteadOf(a, CS01, secret('first'))?.reveal(), 'set by a')
  assert.equal(after.insteadOf(b, CS01, undefined)?.reveal(), 'set by b')
  assert.equal(after.insteadOf({ uplink: 'c' }, CS01, undefined), undefined)
})

test('neither the password nor what the file said can be read on disk', (t) => {
  const data = temporaryFolder(t)
  rememberedPasswords({ data }).remember(CS01, secret('set over OCPP'), [['peer', secret('first')]])
  const text = readFileSync(join(data, 'station-secrets.json'), 'utf8')
  for (const plain of ['set over OCPP', 'first', 'p4s1']) assert.ok(!text.includes(plain))
})

test('a store that does not say what the file was keeps what was set over OCPP', (t) => {
  const data = temporaryFolder(t)
  const store = new SecretStore(join(data, 'station-secrets.json'), keyFrom(join(data, 'secrets.key'))) // biome-ignore format: one line
  store.set('cs01', 'set over OCPP')
  const remembered = rememberedPasswords({ data })
  assert.equal(remembered.insteadOf('peer', CS01, secret('x'))?.reveal(), 'set over OCPP')
})

// ---- Of a node that is configured

function site(t: TestContext, settings: string) {
  const folder = temporaryFolder(t)
  const lines: { readonly event: string }[] = []
  const take = (event: string, fields?: object) => void lines.push({ event, ...fields })
  const log: Logger = { debug: take, info: take, warn: take, error: take }
  writeFileSync(join(folder, 'CS01'), 'password of CS01')
  writeFileSync(join(folder, 'node.yaml'), `nodeId: NN01\nrole: networking-node\nlisten: [{port: 0}]\n${settings}`) // biome-ignore format: one line
  const start = () => createLinkSources(loadConfig(join(folder, 'node.yaml')), log)
  return { folder, lines, start }
}

async function isLetIn(
  t: TestContext,
  sources: ReturnType<typeof createLinkSources>,
  password: string,
) {
  // biome-ignore format: one line
  const [acceptor] = sources.acceptors
  assert.ok(acceptor)
  t.after(() => sources.stop())
  const raw = await client(t, acceptor.url, { headers: { authorization: basic('CS01', password) } })
  return raw.isOpen
}

test('a restarted node says which password counts, and keeps to it', async (t) => {
  const { folder, lines, start } = site(t, 'peers: [{id: CS01, passwordFile: CS01}]\n')
  const first = start()
  await startSource(t, first.acceptors[0] ?? assert.fail())
  first.onPasswordChange({ station: CS01, password: secret('set over OCPP'), by: undefined, isHere: true, slot: undefined }) // biome-ignore format: one line
  assert.ok(await isLetIn(t, first, 'set over OCPP'))
  assert.deepEqual(lines, [])

  const second = start()
  await startSource(t, second.acceptors[0] ?? assert.fail())
  assert.deepEqual(lines.splice(0), [{ event: 'password.remembered', station: 'CS01', counts: 'remembered' }]) // biome-ignore format: one line
  assert.ok(await isLetIn(t, second, 'set over OCPP'))
  assert.ok(!(await isLetIn(t, second, 'password of CS01')))

  writeFileSync(join(folder, 'CS01'), 'issued by the operator')
  const third = start()
  await startSource(t, third.acceptors[0] ?? assert.fail())
  assert.deepEqual(lines, [{ event: 'password.remembered', station: 'CS01', counts: 'file' }])
  assert.ok(await isLetIn(t, third, 'issued by the operator'))
  assert.ok(!(await isLetIn(t, third, 'set over OCPP')))
})

const profile = (slot: string, password: string) => ({ station: CS01, password: secret(password), by: undefined, isHere: true, slot }) // biome-ignore format: one line

test('passwords of network profiles count beside the one in force, each until another of its profile was shown, also over a restart', async (t) => {
  const { folder, start } = site(t, 'peers: [{id: CS01, passwordFile: CS01}]\n')
  const started = async () => {
    const sources = start()
    await startSource(t, sources.acceptors[0] ?? assert.fail())
    return (password: string) => isLetIn(t, sources, password)
  }
  const first = start()
  await startSource(t, first.acceptors[0] ?? assert.fail())
  first.onPasswordChange(profile('2', 'never shown'))
  first.onPasswordChange(profile('2', 'of slot 2'))
  first.onPasswordChange(profile('3', 'of slot 3'))
  for (const password of ['password of CS01', 'of slot 2', 'of slot 3']) assert.ok(await isLetIn(t, first, password)) // biome-ignore format: one line
  assert.ok(!(await isLetIn(t, first, 'never shown')))

  const second = await started()
  for (const password of ['of slot 3', 'password of CS01', 'of slot 2']) assert.ok(await second(password)) // biome-ignore format: one line
  first.onPasswordChange(profile('2', 'new in slot 2'))
  assert.ok(await isLetIn(t, first, 'of slot 2'), 'until the new one was shown')
  assert.ok(await isLetIn(t, first, 'new in slot 2'))
  assert.ok(!(await isLetIn(t, first, 'of slot 2')))
  const third = await started()
  assert.ok(!(await third('of slot 2')))
  for (const password of ['new in slot 2', 'of slot 3', 'password of CS01']) assert.ok(await third(password)) // biome-ignore format: one line

  writeFileSync(join(folder, 'CS01'), 'issued by the operator')
  const fourth = await started()
  assert.deepEqual([await fourth('issued by the operator'), await fourth('new in slot 2')], [true, false]) // biome-ignore format: one line
})

for (const form of [
  '$hmac-sha256$x',
  '$argon2id$x',
  '$argon2id$v=19$m=65536,t=3,p=4$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
]) {
  // biome-ignore format: one line
  test(`a password that looks like a stored form is a password when it comes over OCPP: ${form.slice(0, 14)}`, async (t) => {
    const { start } = site(t, 'peers: [{id: CS01, passwordFile: CS01}]\n')
    const first = start()
    await startSource(t, first.acceptors[0] ?? assert.fail())
    first.onPasswordChange({ ...profile('', form), slot: undefined })
    first.onPasswordChange(profile('2', `${form}2`))
    for (const sources of [first, start()]) {
      if (sources !== first) await startSource(t, sources.acceptors[0] ?? assert.fail())
      for (const password of [form, `${form}2`]) assert.ok(await isLetIn(t, sources, password))
    }
  })
}

test('a station whose only password is that of a network profile gets in with it, and nobody without', async (t) => {
  for (const listen of ['', 'listen: [{port: 0, insecure: true}]\n']) {
    const { folder, start } = site(t, 'peers: [{id: CS01}]\n')
    if (listen) writeFileSync(join(folder, 'node.yaml'), `nodeId: NN01\nrole: networking-node\n${listen}peers: [{id: CS01}]\n`) // biome-ignore format: one line
    const sources = start()
    await startSource(t, sources.acceptors[0] ?? assert.fail())
    sources.onPasswordChange(profile('2', 'of slot 2'))
    assert.ok(sources.mustProve(CS01))
    assert.ok(!(await isLetIn(t, sources, 'a wrong one')))
    assert.ok(await isLetIn(t, sources, 'of slot 2'))
  }
})

test('a password that cannot be kept counts all the same as long as the process lives, and it is told', async (t) => {
  const { folder, lines, start } = site(t, 'peers: [{id: CS01, passwordFile: CS01}]\n')
  const sources = start()
  await startSource(t, sources.acceptors[0] ?? assert.fail())
  writeFileSync(join(folder, 'wattweave-data'), 'a file where the folder would be')
  sources.onPasswordChange({ ...profile('', 'set over OCPP'), slot: undefined })
  sources.onPasswordChange(profile('2', 'of slot 2'))
  for (const password of ['set over OCPP', 'of slot 2']) assert.ok(await isLetIn(t, sources, password)) // biome-ignore format: one line
  assert.deepEqual(lines.map(({ event }) => event), ['password.unsaved', 'password.unsaved', 'password.unsaved']) // biome-ignore format: one line
})

test('nobody gets in with a password that only the upstream expects, which set it', async (t) => {
  const { start } = site(t, `peers: [{id: CS01, passwordFile: CS01}]\n${PER_STATION}`)
  const sources = start()
  await startSource(t, sources.acceptors[0] ?? assert.fail())
  const by = sources.ruleOrder[0] ?? assert.fail()
  for (const slot of [undefined, '2']) sources.onPasswordChange({ station: CS01, password: secret('replaced on the way'), by, isHere: true, slot, isTaken: false }) // biome-ignore format: one line
  assert.ok(!(await isLetIn(t, sources, 'replaced on the way')))
  assert.ok(await isLetIn(t, sources, 'password of CS01'))
})

const PER_STATION = 'uplinks: [{name: backend, url: "ws://127.0.0.1:1/", mode: per-station, stationPasswords: backend}]\n' // biome-ignore format: one line

/** The password is looked for when the first attempt begins. */
function dialOnce(t: TestContext, { perStation }: ReturnType<typeof createLinkSources>): void {
  const source = perStation[0]?.open(CS01, 'ocpp1.6') ?? assert.fail()
  t.after(() => source.stop())
  void source.start(
    () => {},
    () => {},
  )
}

test('a station whose password is not in the folder is logged with the file that is missing', (t) => {
  const { folder, lines, start } = site(t, PER_STATION)
  const sources = start()
  t.after(() => sources.stop())
  dialOnce(t, sources)
  const problem = `${join(folder, 'backend/CS01')}: cannot be read: no such file; make it, or correct its name`
  assert.deepEqual(lines, [{ event: 'password.missing', station: 'CS01', upstream: 'backend', problem }]) // biome-ignore format: one line
  assert.ok(!existsSync(join(folder, 'wattweave-data')))
})

test('a certificate that is shown for a station it does not name is logged with what it names', async (t) => {
  const authority = await createAuthority()
  const identity = await authority.issue({ commonName: 'uplink', dnsNames: ['CS02', 'CS03'] })
  const { folder, lines, start } = site(t, 'uplinks: [{name: backend, url: "wss://127.0.0.1:1/", mode: per-station, tls: {certificateFile: c.pem, keyFile: k.pem}}]\n') // biome-ignore format: one line
  writeFileSync(join(folder, 'c.pem'), identity.certificate)
  writeFileSync(join(folder, 'k.pem'), identity.key.reveal())
  const sources = start()
  t.after(() => sources.stop())
  for (const station of ['CS01', 'cs02', 'CS03']) sources.perStation[0]?.open(station as NodeId, 'ocpp1.6') // biome-ignore format: one line
  const names = 'DNS CS02, CS03; common name uplink'
  assert.deepEqual(lines, [{ event: 'certificate.other', station: 'CS01', upstream: 'backend', names }]) // biome-ignore format: one line
})

test('a stored form that was put into the folder later is not sent', (t) => {
  const { folder, lines, start } = site(t, PER_STATION)
  const sources = start()
  t.after(() => sources.stop())
  mkdirSync(join(folder, 'backend'))
  writeFileSync(join(folder, 'backend/CS01'), '$hmac-sha256$AAAA')
  dialOnce(t, sources)
  assert.match(JSON.stringify(lines), /"password\.missing".*holds the stored form/)
})
