import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { loadConfig } from '../../src/cli/config.ts'
import { client } from '../support/sockets.ts'
import { passwordOf, startChain, temporaryFolder } from './processes.ts'

/** Nodes whose key is held by a program. */

/** Signs with a key that no node has: as a hardware module would, but a file of the test. */
function holder(t: TestContext) {
  const folder = temporaryFolder(t)
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const [secret, half, program] = ['held.pem', 'public.pem', 'sign.mjs'].map((name) => join(folder, name)) as [string, string, string] // biome-ignore format: one line
  writeFileSync(secret, privateKey.export({ type: 'pkcs8', format: 'pem' }))
  writeFileSync(half, publicKey.export({ type: 'spki', format: 'pem' }))
  writeFileSync(program, `import { sign } from 'node:crypto'
import { readFileSync, writeSync } from 'node:fs'
const bytes = readFileSync(0)
writeSync(1, sign('sha256', bytes, { key: readFileSync(process.argv[2]), dsaEncoding: 'ieee-p1363' }))
`) // biome-ignore format: the text of a program
  return { folder, publicKeyFile: half, command: [process.execPath, program, secret] }
}

test('a CSMS whose key is held by a program lets a node in, and a station behind that is answered', async (t) => {
  const { command, publicKeyFile } = holder(t)
  const { folder, edge } = await startChain(t, 1, { atCsms: { security: { signer: { command, publicKeyFile } } } }) // biome-ignore format: one line
  const { password } = passwordOf(folder, 'CS01')
  const authorization = `Basic ${Buffer.from(`CS01:${password}`).toString('base64')}`
  const station = await client(t, edge.url, { id: 'CS01', headers: { authorization } })
  station.send('[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]')
  const [type, , answer] = await station.take((frame) => frame[1] === '1', 'the answer')
  assert.deepEqual([type, Object.keys(answer as object).sort()], [3, ['currentTime', 'interval', 'status']]) // biome-ignore format: one line
})

// biome-ignore format: a table
for (const [what, config, problem] of [
  ['of a networking node', { role: 'networking-node' }, /is not for a networking node/],
  ['beside a key file', { keyFile: 'own.pem' }, /`keyFile` and `passphraseFile` are of another one/],
  ['whose public key is not there', { publicKeyFile: 'none.pem' }, /publicKeyFile \(none.pem\) cannot be used/],
] as const) {
  test(`a signer ${what} is an error of the configuration`, (t) => {
    const { folder, command, publicKeyFile } = holder(t)
    const { role = 'csms', keyFile, publicKeyFile: file = publicKeyFile } = config as { role?: string; keyFile?: string; publicKeyFile?: string } // biome-ignore format: one line
    const path = join(folder, 'node.yaml')
    writeFileSync(path, JSON.stringify({ nodeId: 'N01', role, listen: [{ port: 0, insecure: true }], security: { signer: { command, publicKeyFile: file }, ...(keyFile && { keyFile }) } })) // biome-ignore format: one line
    assert.throws(() => loadConfig(path), problem)
  })
}
