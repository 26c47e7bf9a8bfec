import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readCertificates } from '../../src/cli/config-certificates.ts'
import { RemoteError } from '../../src/errors.ts'
import { KeyDirectory } from '../../src/security/keys/key-directory.ts'
import { keyRecordPayload, readKeyRecord } from '../../src/security/keys/key-record.ts'
import { DEFAULT_POLICY } from '../../src/security/policies/default-policy.ts'
import { compileRuleBook } from '../../src/security/policies/rule-book.ts'
import { PRESET_ROLES } from '../../src/security/roles/presets.ts'
import { createMemorySigner } from '../../src/security/signer.ts'
import { temporaryFolder } from '../end-to-end/processes.ts'
import { createAuthority } from '../support/certificates.ts'
import { overlay } from '../support/memory-overlay.ts'
import { reasonsAt, securityOf, usualRecordOf } from '../support/secured.ts'

/** Rules that ask for a certificate of a named root, from the files of a configuration to the gate. */

const accept = () => ({ status: 'Accepted' })

const failing = (path: readonly unknown[], problem: string): never => {
  throw new Error(`${path.join('.')} ${problem}`)
}

/** A grid operator with a certificate, by an authority that the station knows as `grid-ca`, or not. */
async function site(t: TestContext, isKnown: boolean) {
  const folder = temporaryFolder(t)
  const [root, other] = [await createAuthority('Root'), await createAuthority('Other')]
  const between = await root.issueAuthority({ commonName: 'Between' })
  const own = await between.issue({ commonName: 'x', uris: ['urn:wattweave:node:CSMS01'] })
  writeFileSync(join(folder, 'chain.pem'), own.certificate + between.certificate)
  writeFileSync(join(folder, 'root.pem'), root.certificate)
  writeFileSync(join(folder, 'other.pem'), other.certificate)
  const roots = [{ name: 'grid-ca', file: 'root.pem' }, { name: 'other-ca', file: 'other.pem' }] // biome-ignore format: one line
  const [record] = readCertificates({ roots, certificates: [{ file: 'chain.pem', roles: ['operations'] }] }, { base: folder, fail: failing as never }) // biome-ignore format: one line
  assert.ok(record)
  const rule = { name: 'by certificate', match: { actions: 'ClearCache' }, require: { signers: [{ chains: isKnown ? 'grid-ca' : 'other-ca' }], permitted: true } } as const // biome-ignore format: one line
  const policy = { ...DEFAULT_POLICY, in: [rule, ...(DEFAULT_POLICY.in ?? [])] }
  const net = overlay(t)
  // Certificates are of today.
  net.clock.set(Date.now())
  const signer = createMemorySigner(createPrivateKey(own.key.reveal()))
  const asker = await net.node('CSMS01', { security: { ...securityOf('CSMS01'), signer } })
  const directory = new KeyDirectory([record, usualRecordOf('CS01')])
  const book = compileRuleBook({ policies: [policy], roles: PRESET_ROLES })
  const handlers = { 'ocpp2.1': { ClearCache: accept } } as never
  await net.node('CS01', {
    handlers,
    security: { ...securityOf('CS01'), trust: { directory, book } },
  })
  net.connect('CS01', 'CSMS01')
  await net.wait(61)
  return { net, asker, record }
}

const ask = async ({ net, asker }: Awaited<ReturnType<typeof site>>) => {
  const outcome = asker.call('CS01', 'ocpp2.1', 'ClearCache', {}).then(({ status }) => status, (error: unknown) => error) // biome-ignore format: one line
  return net.over(outcome)
}

test('a command is obeyed by the certificate of the root that the rule names, and of no other', async (t) => {
  assert.equal(await ask(await site(t, true)), 'Accepted')
  const other = await site(t, false)
  assert.ok((await ask(other)) instanceof RemoteError)
  assert.deepEqual(reasonsAt(other.net, 'CS01'), ['signers'])
})

test('the certificate of a chain that is over counts for nothing', async (t) => {
  const over = await site(t, true)
  over.net.clock.set((over.record.notAfter + 60) * 1_000)
  assert.ok((await ask(over)) instanceof RemoteError)
  assert.notDeepEqual(reasonsAt(over.net, 'CS01'), [])
})

test('nobody can say in a key record which root stands behind it', async (t) => {
  const { record } = await site(t, true)
  assert.equal(record.chain, 'grid-ca')
  const payload = keyRecordPayload(record)
  assert.equal(payload.chain, undefined)
  assert.match(String(readKeyRecord({ ...payload, chain: 'grid-ca' })), /chain/)
})
