import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { startConsole } from '../../src/http/server.ts'
import { Secret } from '../../src/transport/credentials.ts'
import { storeSecret } from '../../src/transport/passwords.ts'
import { startExecutable, temporaryFolder, until } from '../end-to-end/processes.ts'
import { ROOT } from '../house/source-files.ts'
import { createAuthority } from '../support/certificates.ts'
import { overlay } from '../support/memory-overlay.ts'
import { listen } from '../support/sockets.ts'

/** Ordinary mistakes are said in one line with one of what to do, and leave nothing behind. */

const MAIN = join(ROOT, 'src/cli/main.ts')

function wattweave(cwd: string, args: readonly string[], input = '') {
  return spawnSync(process.execPath, [MAIN, ...args], { cwd, encoding: 'utf8', input })
}

/** What is wrong in one line, and what to do about it in another. */
const isExplained = (text: string) => /^wattweave: [^\n]+\n {2}[^\n]+\n$/.test(text)

test('a new password makes its folders, for its owner only, and is printed once', (t) => {
  const folder = temporaryFolder(t)
  const made = wattweave(folder, ['password', 'new', 'secrets/CS01', '--key', 'keys/key'])
  assert.equal(made.stderr, '')
  assert.match(made.stdout, /^[0-9a-f]{40}\n$/)
  for (const file of ['secrets', 'keys']) assert.equal(statSync(join(folder, file)).mode & 0o077, 0)
  for (const file of ['secrets/CS01', 'keys/key']) assert.equal(statSync(join(folder, file)).mode & 0o077, 0) // biome-ignore format: one line
  const stored = readFileSync(join(folder, 'secrets/CS01'), 'utf8')

  const again = wattweave(folder, ['password', 'new', 'secrets/CS01', '--key', 'keys/other'])
  assert.match(again.stderr, /^wattweave: secrets\/CS01 exists\n {2}remove it first[^\n]*\n$/)
  assert.equal(readFileSync(join(folder, 'secrets/CS01'), 'utf8'), stored)
  assert.ok(!existsSync(join(folder, 'keys/other')), 'no key is left behind')
})

test('a new password that cannot be written leaves no key behind', (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'file'), '')
  const { status, stdout, stderr } = wattweave(folder, ['password', 'new', 'file/CS01', '--key', 'key']) // biome-ignore format: one line
  assert.deepEqual([status, stdout, isExplained(stderr)], [1, '', true], stderr)
  assert.deepEqual(readdirSync(folder), ['file'])
})

test('a key that is a folder, or was there before, is left as it is', (t) => {
  const folder = temporaryFolder(t)
  mkdirSync(join(folder, 'key'))
  const asFolder = wattweave(folder, ['password', 'new', 'CS01', '--key', 'key'])
  assert.ok(isExplained(asFolder.stderr), asFolder.stderr)
  writeFileSync(join(folder, 'short'), 'short')
  const short = wattweave(folder, ['password', 'new', 'CS01', '--key', 'short'])
  assert.ok(isExplained(short.stderr), short.stderr)
  assert.deepEqual(readdirSync(folder).sort(), ['key', 'short'])
})

for (const [password, said] of [
  ['short', /has 5 characters\n {2}OCPP allows 16 to 40/],
  ['x'.repeat(15), /has 15 characters/],
  ['x'.repeat(41), /has 41 characters/],
  ['', /no password on standard input/],
] as const) {
  test(`a chosen password of ${password.length} characters is refused with the reason`, (t) => {
    const folder = temporaryFolder(t)
    const { status, stderr } = wattweave(folder, ['password', 'hash', 'CS01'], `${password}\n`)
    assert.equal(status, 1)
    assert.match(stderr, said)
    assert.ok(isExplained(stderr))
    assert.deepEqual(readdirSync(folder), [])
  })
}

test('a chosen password of 16 and of 40 characters is stored, in a folder that is made', (t) => {
  const folder = temporaryFolder(t)
  for (const length of [16, 40]) {
    const { stderr } = wattweave(folder, ['password', 'hash', `other/CS${length}`], 'x'.repeat(length)) // biome-ignore format: one line
    assert.equal(stderr, '')
    assert.match(readFileSync(join(folder, `other/CS${length}`), 'utf8'), /^\$argon2id\$/)
  }
})

test('a mistyped option points to the help of its own command', (t) => {
  const folder = temporaryFolder(t)
  for (const [args, help] of [
    [['password', 'new', 'x', '--kye', 'y'], 'wattweave password new --help'],
    [['run', '--prot'], 'wattweave run --help'],
    [['dmeo'], 'wattweave --help'],
  ] as const) {
    assert.ok(wattweave(folder, args).stderr.includes(`${help} shows what there is\n`), help)
  }
})

test('send refuses what it could only fail with, in one line', (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'stored'), storeSecret(new Secret('x'), new Secret('key')))
  writeFileSync(join(folder, 'no.pem'), 'no certificate')
  const ask = (...more: string[]) => wattweave(folder, ['send', 'CS01', 'Heartbeat', '{}', ...more])
  for (const [options, said] of [
    [['--password-file', 'stored'], /^wattweave: --password-file \(stored\) holds the stored form/],
    [
      ['--password-file', 'nope'],
      /^wattweave: --password-file names a file that cannot be used: no such file\n {2}make it, or correct its name/,
    ],
    [['--ca', 'no.pem'], /^wattweave: [^\n]*no\.pem holds no certificate in PEM\n/],
    [['--as', ' x'], /^wattweave: --as " x" is not a legal node id\n/],
    [['--uplink', '127.0.0.1:9000'], /^wattweave: --uplink must begin with ws:/],
  ] as const) {
    const { status, stderr } = ask(...options)
    assert.match(stderr, said)
    assert.ok(isExplained(stderr), stderr)
    assert.notEqual(status, 0)
  }
})

test('an address that this machine does not have is said in one line', async (t) => {
  const file = join(temporaryFolder(t), 'node.yaml')
  writeFileSync(file, 'nodeId: A\nrole: networking-node\nlog: silent\nlisten: [{host: 192.0.2.1, port: 0}]') // biome-ignore format: one line
  const started = startExecutable(t, 'run', file)
  assert.equal(await started.ended, 1)
  assert.match(started.errors(), /^wattweave: listen EADDRNOTAVAIL[^\n]*192\.0\.2\.1[^\n]*\n {2}this machine does not have that address[^\n]*\n$/) // biome-ignore format: one line
})

test('a console whose port is in use ends the node with one line; only the demo may move', async (t) => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  t.after(() => other.close())
  const { port } = other.address() as AddressInfo
  const file = join(temporaryFolder(t), 'node.yaml')
  writeFileSync(file, `nodeId: A\nrole: networking-node\nlog: silent\nlisten: [{port: 0}]\nhttp: {port: ${port}}`) // biome-ignore format: one line
  const started = startExecutable(t, 'run', file)
  assert.equal(await started.ended, 1)
  assert.match(started.errors(), /^wattweave: listen EADDRINUSE: address already in use 127\.0\.0\.1:\d+\n {2}choose another port[^\n]*\n$/) // biome-ignore format: one line
  assert.equal(started.output(), '', 'it never said that it is ready')

  const net = overlay(t)
  const view = { node: await net.node('NN01'), role: 'networking-node', version: '0', store: undefined, stationUrls: [], insecure: false } as const // biome-ignore format: one line
  const console = { host: '127.0.0.1', port, page: undefined, view }
  await assert.rejects(startConsole(console), { code: 'EADDRINUSE' })
  const moved = await startConsole({ ...console, portInUse: 'move' })
  t.after(() => moved.stop())
  assert.notEqual(new URL(moved.url).port, `${port}`)
})

test('what is probably not meant is a warning in the log, and the node starts', async (t) => {
  const file = join(temporaryFolder(t), 'node.yaml')
  writeFileSync(file, 'nodeId: A\nrole: networking-node\nlisten: [{port: 0}]\npeers: [{id: CS 01}]')
  const started = startExecutable(t, 'run', file)
  await until('the node to be ready', () => started.output().includes('"ready":"A"'))
  await until('the warning', () => /CS 01.*"event":"config\.warning"/.test(started.errors()))
  assert.equal(await started.stop(), 0)
})

test('send trusts the authority that --ca names, and says so where one is missing', async (t) => {
  const authority = await createAuthority()
  const tls = await authority.issue({ commonName: 'NN01', addresses: ['127.0.0.1'] })
  const { url } = await listen(t, { tls })
  const ca = join(temporaryFolder(t), 'ca.pem')
  writeFileSync(ca, authority.certificate)
  for (const [more, said] of [
    [
      [],
      /its certificate is not of a trusted authority \(\w+\)\n {2}name the file of that authority: .*--ca of send\n$/,
    ],
    [['--ca', ca], /it answered 401\n {2}check the own id/],
  ] as const) {
    // biome-ignore format: a table
    const sent = startExecutable(t, 'send', 'CS01', 'Heartbeat', '{}', '--uplink', url, ...more)
    assert.equal(await sent.ended, 1)
    assert.match(sent.errors(), said)
    assert.ok(isExplained(sent.errors()))
  }
})
