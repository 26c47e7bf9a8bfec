import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { certificatesIn, verifyChain } from '../../../src/security/keys/certificate-chain.ts'
import { type Authority, createAuthority } from '../../support/certificates.ts'

/** Which authority stands behind the certificate of a message key. */

const read = (pem: string) => new X509Certificate(pem)
const rootOf = (authority: Authority, name = 'acme') => ({ name, certificate: read(authority.certificate) }) // biome-ignore format: one line
const DAY_S = 86_400

test('a certificate of a root, and one behind two authorities, bear the name of their root', async () => {
  const [root, other] = [await createAuthority('Root'), await createAuthority('Other')]
  const between = await root.issueAuthority({ commonName: 'Between' })
  const nearer = await between.issueAuthority({ commonName: 'Nearer' })
  const roots = [rootOf(other, 'other'), rootOf(root)]
  const others = [nearer, between].map(({ certificate }) => read(certificate))
  const direct = verifyChain(
    read((await root.issue({ commonName: 'GO01' })).certificate),
    [],
    roots,
  )
  const far = verifyChain(read((await nearer.issue({ commonName: 'GO01' })).certificate), others, roots) // biome-ignore format: one line
  assert.deepEqual([direct, far].map((one) => typeof one === 'object' && one.root), ['acme', 'acme']) // biome-ignore format: one line
})

test('it counts while every certificate on the way does', async () => {
  const root = await createAuthority('Root', 300)
  const between = await root.issueAuthority({ commonName: 'Between', days: 2 })
  const leaf = read((await between.issue({ commonName: 'GO01', days: 200 })).certificate)
  const chain = verifyChain(leaf, [read(between.certificate)], [rootOf(root)])
  assert.ok(typeof chain === 'object')
  const days = (chain.notAfter - Date.now() / 1_000) / DAY_S
  assert.ok(days > 1.9 && days <= 2, `${days}`)
})

test('nobody stands behind a certificate whose authority is not there, or not the one that it names', async () => {
  const [root, between, other] = await Promise.all([createAuthority('Root'), createAuthority('Between'), createAuthority('Root')]) // biome-ignore format: one line
  const leaf = read((await between.issue({ commonName: 'GO01' })).certificate)
  const NOBODY = /nobody of security\.roots has issued "CN=GO01"/
  assert.match(String(verifyChain(leaf, [], [rootOf(root)])), NOBODY)
  const selfSigned = read(
    (await root.issue({ commonName: 'GO01', isSelfSigned: true })).certificate,
  )
  assert.match(String(verifyChain(selfSigned, [], [rootOf(root)])), NOBODY)
  // The same name, another key.
  const mine = read((await root.issue({ commonName: 'GO01' })).certificate)
  assert.match(String(verifyChain(mine, [], [rootOf(other)])), NOBODY)
})

test('whoever has an ordinary certificate is no authority for others', async () => {
  const root = await createAuthority('Root')
  const liar = await root.issueAuthority({ commonName: 'LC01', isTrue: false })
  const forged = read((await liar.issue({ commonName: 'GO01' })).certificate)
  assert.equal(typeof verifyChain(forged, [read(liar.certificate)], [rootOf(root)]), 'string')
  assert.equal(typeof verifyChain(forged, [], [rootOf(liar)]), 'string')
})

test('authorities that stand behind each other lead nowhere', async () => {
  const root = await createAuthority('Root')
  let last = await createAuthority('Elsewhere')
  const all: X509Certificate[] = []
  for (let i = 0; i < 10; i++) {
    last = await last.issueAuthority({ commonName: `A${i}` })
    all.push(read(last.certificate))
  }
  const leaf = read((await last.issue({ commonName: 'GO01' })).certificate)
  assert.match(String(verifyChain(leaf, all, [rootOf(root)])), /more than 8/)
})

test('a file has certificates in their order, whatever stands between them', async () => {
  const root = await createAuthority('Root')
  const { certificate } = await root.issue({ commonName: 'GO01' })
  const text = `first\n${certificate}\nthen\n${root.certificate}`
  assert.deepEqual(certificatesIn(text).map(({ subject }) => subject), ['CN=GO01', 'CN=Root']) // biome-ignore format: one line
  assert.deepEqual(certificatesIn('nothing'), [])
})
