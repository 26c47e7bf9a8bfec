import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { loadConfig } from '../../src/cli/config.ts'
import { readRecordFile, readTrust } from '../../src/cli/known-keys.ts'
import { temporaryFolder } from '../end-to-end/processes.ts'
import { ROOT } from '../house/source-files.ts'
import { createAgreementCertificate, createAuthority, createRsaIdentity, createWeakIdentity } from '../support/certificates.ts' // biome-ignore format: one line

/** `wattweave keys certificate`: the record of a key of another make, from its certificate. */

const MAIN = join(ROOT, 'src/cli/main.ts')
const isExplained = (text: string) => /^wattweave: [^\n]+\n {2}[^\n]+\n$/.test(text)

function site(t: TestContext) {
  const folder = temporaryFolder(t)
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { cwd: folder, encoding: 'utf8' }) // biome-ignore format: one line
    return { status, stdout, stderr }
  }
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  return { folder, run, write, certificate: (...args: string[]) => run('keys', 'certificate', ...args) } // biome-ignore format: one line
}

/** What a certificate says itself. */
function said(pem: string) {
  const { raw, validFromDate, validToDate } = new X509Certificate(pem)
  const [notBefore, notAfter] = [validFromDate, validToDate].map((one) => one.getTime() / 1_000)
  return { notBefore, notAfter, 'x5t#S256': createHash('sha256').update(raw).digest('base64url') }
}

test('the record of a key of RSA is printed for the algorithm that was named, and believed by its kid and its certificate', async (t) => {
  const { run, write, certificate } = site(t)
  const { certificate: pem } = await createRsaIdentity(2048)
  write('CS01.crt', pem)
  const usual = certificate('CS01.crt', '--owner', 'CS01')
  assert.equal(usual.status, 0, usual.stderr)
  assert.match(usual.stderr, /^who is to believe it takes this record: wattweave keys trust FILE RECORD\n$/) // biome-ignore format: one line
  const { kid, jwk, ...rest } = JSON.parse(usual.stdout)
  assert.deepEqual(rest, { owner: 'CS01', usages: ['sign-message'], roles: [], ...said(pem) })
  assert.equal(jwk.alg, 'RS256')
  const other = certificate('CS01.crt', '--owner', 'CS01', '--alg', 'RS384', '--role', 'technician')
  const { jwk: named, roles } = JSON.parse(other.stdout)
  assert.deepEqual([named.alg, named.n, roles], ['RS384', jwk.n, ['technician']])

  const csms = write('csms.yaml', JSON.stringify({ nodeId: 'CSMS01', role: 'csms', listen: [{ port: 0 }], data: 'data' })) // biome-ignore format: one line
  assert.equal(run('keys', 'trust', csms, write('CS01.json', usual.stdout)).status, 0)
  const { directory } = readTrust(loadConfig(csms))
  assert.equal(directory.keyOf.certificates?.keyOf(rest['x5t#S256'])?.kid, kid)
  assert.equal(run('keys', 'trust', csms, write('CS01.json', usual.stdout)).status, 0, 'and again')

  const twice = run('keys', 'trust', csms, write('other.json', other.stdout))
  assert.deepEqual([twice.status, isExplained(twice.stderr)], [1, true], twice.stderr)
  assert.match(twice.stderr, /is known for RS256, and a key has one algorithm\n {2}remove one of both/) // biome-ignore format: one line
  assert.equal(readTrust(loadConfig(csms)).directory.keyOf(kid)?.alg, 'RS256')
})

test('a record whose certificate is that of another key is not believed, and leaves no file behind', async (t) => {
  const { folder, run, write, certificate } = site(t)
  const authority = await createAuthority()
  const records = await Promise.all(['CS01', 'CS02'].map(async (owner) => {
    write(`${owner}.crt`, (await authority.issue({ commonName: owner })).certificate)
    return JSON.parse(certificate(`${owner}.crt`, '--owner', owner).stdout)
  })) // biome-ignore format: the head is one line
  const csms = write('csms.yaml', JSON.stringify({ nodeId: 'CSMS01', role: 'csms', listen: [{ port: 0 }], data: 'data' })) // biome-ignore format: one line
  const [first, second] = records
  assert.equal(run('keys', 'trust', csms, write('1.json', JSON.stringify(first))).status, 0)
  const thief = { ...second, 'x5t#S256': first['x5t#S256'] }
  const refused = run('keys', 'trust', csms, write('2.json', JSON.stringify(thief)))
  assert.deepEqual([refused.status, isExplained(refused.stderr)], [1, true], refused.stderr)
  assert.deepEqual(readdirSync(join(folder, 'data/keys/csms01/trusted')), [`${first.kid}.json`])
})

test('the record of a key of an elliptic curve needs no algorithm, and takes the first certificate of a chain', async (t) => {
  const { write, certificate } = site(t)
  const authority = await createAuthority()
  const { certificate: pem } = await authority.issue({ commonName: 'CS01', days: -1 })
  const file = write('chain.crt', `${pem}\n${authority.certificate}`)
  const { status, stdout, stderr } = certificate(file, '--owner', 'CS01')
  assert.equal(status, 0, stderr)
  assert.match(stderr, /^its time was over on \d{4}-[^\n]+: it counts for nothing now\n/)
  const { x, y, ...jwk } = JSON.parse(stdout).jwk
  assert.deepEqual(jwk, { crv: 'P-256', kty: 'EC' })
  assert.equal(readRecordFile(write('record.json', stdout))['x5t#S256'], said(pem)['x5t#S256'])
  const wrong = certificate(file, '--owner', 'CS01', '--alg', 'RS256')
  assert.deepEqual([wrong.status, isExplained(wrong.stderr)], [1, true], wrong.stderr)
})

test('what makes no record is said in one line with one of what to do, and prints none', async (t) => {
  const { folder, write, certificate } = site(t)
  const good = write('good.crt', (await createRsaIdentity(2048)).certificate)
  const weak = await createWeakIdentity()
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [[write('key.pem', weak.key.reveal()), '--owner', 'CS01'], /holds no certificate in PEM\n {2}name the file/],
    [[write('empty', ''), '--owner', 'CS01'], /holds no certificate in PEM/],
    [['nowhere', '--owner', 'CS01'], /nowhere/],
    [[write('weak.crt', weak.certificate), '--owner', 'CS01'], /n is not 2048 to 4096 bits.*\n {2}have one made/],
    [[write('agreement.crt', await createAgreementCertificate()), '--owner', 'CS01'], /a key that cannot be used.*\n {2}have one made/],
    [[good, '--owner', 'CSMS'], /--owner: "CSMS" is not the id of a node/],
    [[good, '--owner', 'CS01', '--alg', 'RS512'], /--alg must be RS256 or RS384, not "RS512"/],
    [[good, '--owner', 'CS01', '--role', 'owner'], /of other makes only/],
    [[good], /--owner/],
  ] // biome-ignore format: a table
  for (const [args, sentence] of cases) {
    const { status, stdout, stderr } = certificate(...args)
    assert.notEqual(status, 0, args.join(' '))
    assert.deepEqual([stdout, isExplained(stderr)], ['', true], stderr)
    assert.match(stderr, sentence)
  }
  assert.ok(!existsSync(join(folder, 'data')))
})
