import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import { createCommandSigner } from '../../src/storage/command-signer.ts'
import { createKeyFile, openKeyFile } from '../../src/storage/private-keys.ts'
import { temporaryFolder } from '../end-to-end/processes.ts'
import { needs } from '../needs.ts'

const PASSPHRASE = 'a passphrase of the test'
const MESSAGE = Buffer.from('what is signed')
const isUnusable = (problem: RegExp) => (error: unknown) => {
  const { code, message } = error as { code: string; message: string }
  assert.equal(code, 'ERR_SIGNATURE_KEY')
  assert.match(message, problem)
  return true
}

for (const alg of ['ES256', 'ES384', 'ES512', 'Ed25519', 'ML-DSA-65'] as const) {
  test(`a key for ${alg} is the same key when its file is opened again, and only its owner can read it`, async (t) => {
    const file = join(temporaryFolder(t), 'keys', 'message.pem')
    const { kid } = createKeyFile(file, alg, PASSPHRASE)
    const opened = openKeyFile(file, PASSPHRASE)
    assert.deepEqual([opened.kid, opened.alg], [kid, alg])
    assert.equal(statSync(file).mode & 0o077, 0)
    assert.ok((await opened.sign(MESSAGE)).length > 0)
  })
}

test('openssl opens the file with the passphrase, and verifies what was signed with it', async (t) => {
  const folder = temporaryFolder(t)
  const file = join(folder, 'message.pem')
  createKeyFile(file, 'Ed25519', PASSPHRASE)
  const signer = openKeyFile(file, PASSPHRASE)
  const env = { ...process.env, PASSPHRASE }
  const pem = execFileSync('/usr/bin/openssl', ['pkey', '-in', file, '-passin', 'env:PASSPHRASE', '-pubout'], { env }) // biome-ignore format: one line
  assert.ok(verify(null, MESSAGE, createPublicKey(pem), await signer.sign(MESSAGE)))
})

test('a key file is refused with another passphrase, open, broken, missing, and never overwritten', (t) => {
  const folder = temporaryFolder(t)
  const file = join(folder, 'message.pem')
  createKeyFile(file, 'ES256', PASSPHRASE)
  const before = readFileSync(file, 'utf8')
  assert.throws(() => openKeyFile(file, 'another'), isUnusable(/its passphrase is another/))
  assert.throws(() => createKeyFile(file, 'ES256', PASSPHRASE), isUnusable(/there already/))
  assert.equal(readFileSync(file, 'utf8'), before)
  assert.throws(() => openKeyFile(join(folder, 'no.pem'), PASSPHRASE), isUnusable(/no such file/))

  const open = join(folder, 'open.pem')
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  writeFileSync(open, privateKey.export({ type: 'pkcs8', format: 'pem' }))
  assert.throws(() => openKeyFile(open, PASSPHRASE), isUnusable(/not encrypted/))
  writeFileSync(file, before.replace(/[A-Za-z0-9+/]{8}\n/, 'AAAAAAAA\n'))
  assert.throws(() => openKeyFile(file, PASSPHRASE), isUnusable(/cannot be read/))
})

test('neither a signer nor an error of its file shows the key or the passphrase', (t) => {
  const file = join(temporaryFolder(t), 'message.pem')
  createKeyFile(file, 'ES256', PASSPHRASE)
  const signer = openKeyFile(file, PASSPHRASE)
  assert.doesNotMatch(readFileSync(file, 'utf8'), new RegExp(PASSPHRASE))
  assert.deepEqual(Object.keys(JSON.parse(JSON.stringify(signer))).sort(), ['alg', 'kid'])
  try {
    openKeyFile(file, 'a wrong secret')
    assert.fail('it must not open')
  } catch (error) {
    assert.doesNotMatch(inspect(error, { depth: 9 }), /a wrong secret|PRIVATE|[A-Za-z0-9+/]{40}/)
  }
})

const SIGN = 'let b=[];process.stdin.on("data",(d)=>b.push(d)).on("end",()=>'
const program = (source: string) => [process.execPath, '-e', source] as [string, ...string[]]

test('a command that fails, never ends, says too much or is not there signs nothing', async () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const refused = async (command: [string, ...string[]], problem: RegExp, timeoutMs = 30_000) =>
    assert.rejects(createCommandSigner({ publicKey, command, timeoutMs }).sign(MESSAGE), problem)
  await refused(program(`${SIGN}process.exit(3))`), /ended with 3/)
  await refused(program('setInterval(() => {}, 1000)'), /ended with SIGKILL/, 50)
  await refused(program('setInterval(() => process.stdout.write("x".repeat(65536)))'), /SIGKILL/)
  await refused(['/no/such/program'], /ENOENT/)
})

test('Ed25519 keys sign no digest', () => {
  const { publicKey } = generateKeyPairSync('ed25519')
  const options = { publicKey, command: ['true'], input: 'digest' } as const
  assert.throws(() => createCommandSigner(options), isUnusable(/does not sign a digest/))
})

const MODULE = '/usr/lib/softhsm/libsofthsm2.so'

/** A token with one P-256 key that cannot leave it. */
function token(t: TestContext) {
  const folder = temporaryFolder(t)
  const conf = join(folder, 'softhsm2.conf')
  writeFileSync(conf, `directories.tokendir = ${folder}\n`)
  const env = { ...process.env, SOFTHSM2_CONF: conf }
  const run = (tool: string, ...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(tool, args, { env })
    assert.equal(status, 0, `${tool} ${args.join(' ')}: ${stderr}`)
    return stdout
  }
  run('softhsm2-util', '--init-token', '--free', '--label', 'test', '--pin', '1234', '--so-pin', '1234') // biome-ignore format: one line
  const login = ['--module', MODULE, '--token-label', 'test', '--login', '--pin', '1234']
  run('pkcs11-tool', ...login, '--keypairgen', '--key-type', 'EC:prime256v1', '--id', '01')
  const der = run('pkcs11-tool', ...login, '--read-object', '--type', 'pubkey', '--id', '01')
  return { conf, login, publicKey: createPublicKey({ key: der, format: 'der', type: 'spki' }) }
}

test('a key in a hardware module signs by pkcs11-tool, and the signature verifies', async (t) => {
  if (!needs(t, '/usr/bin/pkcs11-tool') || !needs(t, '/usr/bin/softhsm2-util')) return
  const { conf, login, publicKey } = token(t)
  const command = ['env', `SOFTHSM2_CONF=${conf}`, 'pkcs11-tool', ...login, '--sign', '--mechanism', 'ECDSA', '--id', '01'] as const // biome-ignore format: one line
  const signer = createCommandSigner({ publicKey, command, input: 'digest' })
  const value = await signer.sign(MESSAGE)
  assert.ok(verify('sha256', MESSAGE, { key: publicKey, dsaEncoding: 'ieee-p1363' }, value))
  assert.ok(!verify('sha256', Buffer.from('something else'), { key: publicKey, dsaEncoding: 'ieee-p1363' }, value)) // biome-ignore format: one line
})
