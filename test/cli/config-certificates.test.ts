import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, type TestContext, test } from 'node:test'
import { loadConfig } from '../../src/cli/config.ts'
import { temporaryFolder } from '../end-to-end/processes.ts'
import { type Authority, createAuthority, createRsaIdentity } from '../support/certificates.ts'

/** `security.roots` and `security.certificates`. */

const files = new Map<string, string>()
let root: Authority

before(async () => {
  root = await createAuthority('Root')
  const between = await root.issueAuthority({ commonName: 'Between' })
  const named = await between.issue({ uris: ['urn:wattweave:node:GO01'] })
  files.set('root.pem', root.certificate)
  files.set('two.pem', root.certificate + between.certificate)
  files.set('named.pem', named.certificate + between.certificate)
  files.set('alone.pem', named.certificate)
  files.set('nameless.pem', (await root.issue({ commonName: 'somebody' })).certificate)
  files.set('rsa.pem', (await createRsaIdentity(2048)).certificate)
  files.set('empty.pem', 'nothing')
})

function load(t: TestContext, security: string) {
  const folder = temporaryFolder(t)
  for (const [name, text] of files) writeFileSync(join(folder, name), text)
  const path = join(folder, 'node.yaml')
  writeFileSync(
    path,
    `nodeId: NN01\nrole: networking-node\nlisten: [{port: 0}]\nsecurity:\n${security}`,
  )
  return loadConfig(path)
}

const ROOT = '  roots: [{name: grid-ca, file: root.pem}]\n'

test('a certificate behind a named root makes a key record of whom it names, with the roles it is given', (t) => {
  const { security } = load(
    t,
    `${ROOT}  certificates:\n    - {file: named.pem, roles: [grid-operator], organisation: grid}\n    - {file: nameless.pem, owner: MSP01}\n`,
  )
  const found = security?.records.map(({ owner, roles, organisation, usages, chain }) => ({ owner, roles, organisation, usages, chain })) // biome-ignore format: one line
  assert.deepEqual(found, [
    { owner: 'GO01', roles: ['grid-operator'], organisation: 'grid', usages: ['sign-message'], chain: 'grid-ca' },
    { owner: 'MSP01', roles: [], organisation: undefined, usages: ['sign-message'], chain: 'grid-ca' },
  ]) // biome-ignore format: a table
})

// biome-ignore format: a table
for (const [what, security, problem] of [
  ['whose authority in the middle is missing', `${ROOT}  certificates: [{file: alone.pem}]\n`, /security\.certificates\.0 \(alone\.pem\) nobody of security\.roots has issued/],
  ['without any root', '  certificates: [{file: nameless.pem, owner: GO01}]\n', /security\.certificates\.0 \(nameless\.pem\) nobody of security\.roots/],
  ['that names nobody', `${ROOT}  certificates: [{file: nameless.pem}]\n`, /does not say whose it is; give `owner`/],
  ['of somebody else', `${ROOT}  certificates: [{file: named.pem, owner: GO02}]\n`, /is of GO01 and not of GO02/],
  ['of a reserved name', `${ROOT}  certificates: [{file: nameless.pem, owner: CSMS}]\n`, /is of "CSMS", which is not the id of a node/],
  ['of RSA that is no such key', `${ROOT}  certificates: [{file: nameless.pem, owner: GO01, alg: RS256}]\n`, /is of no key of RSA/],
  ['that is none', `${ROOT}  certificates: [{file: empty.pem}]\n`, /\(empty\.pem\) holds no certificate in PEM/],
  ['that is not there', `${ROOT}  certificates: [{file: none.pem}]\n`, /\(none\.pem\).*no such file/],
  ['of a root that is no authority', '  roots: [{name: a, file: nameless.pem}]\n', /security\.roots\.0 \(nameless\.pem\) is no certificate of an authority/],
  ['of several roots in one file', '  roots: [{name: a, file: two.pem}]\n', /holds several certificates/],
  ['of two roots with one name', '  roots: [{name: a, file: root.pem}, {name: a, file: root.pem}]\n', /security\.roots\.1 .*has the name a, which another root has/],
] as const) {
  test(`a certificate ${what} is refused with its place`, (t) => {
    assert.throws(() => load(t, security), (error: Error) => problem.test(error.message) || assert.fail(error.message))
  })
}
