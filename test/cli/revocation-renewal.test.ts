import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OpenedSecurity } from '../../src/cli/config-security.ts'
import { renew } from '../../src/cli/revocation-renewal.ts'
import type { KeyRecord } from '../../src/security/keys/key-record.ts'
import { revocationsIn } from '../../src/security/keys/revocation-lists.ts'
import { DEFAULT_POLICY } from '../../src/security/policies/default-policy.ts'
import { PRESET_ROLES } from '../../src/security/roles/presets.ts'
import { TrustStore } from '../../src/storage/trust-store.ts'
import type { JsonObject } from '../../src/wire/payload.ts'
import { startSecured } from '../http/secured-console.ts'
import { overlay } from '../support/memory-overlay.ts'
import { signerOf, usualRecordOf } from '../support/secured.ts'

test('whoever has signed the revocation list signs it anew before it ends, and the others are told', async (t) => {
  const { node, net, signer, trust, ownersTrust, ask, clock } = await startSecured(t)
  const opened = { security: { signer, trust } } as unknown as OpenedSecurity
  const versionAt = (one: typeof trust) => {
    const list = revocationsIn(one.signedRevocations() as JsonObject)
    return typeof list === 'string' ? list : list.version
  }
  assert.equal(await renew(node, opened, clock.now()), false, 'there is none')
  await ask('admin', 'POST', `/api/keys/${signerOf('GUEST').kid}/revocation`, { reason: 'lost' })
  await net.wait(2)
  assert.equal(await renew(node, opened, clock.now()), false, 'it is new')
  assert.deepEqual([versionAt(trust), versionAt(ownersTrust)], [1, 1])

  await net.wait(13 * 3_600)
  const renewed = renew(node, opened, clock.now())
  await net.wait(2)
  assert.equal(await renewed, true)
  assert.deepEqual([versionAt(trust), versionAt(ownersTrust)], [2, 2])
})

test('whoever alone may sign lists signs the first one, which revokes nothing, once', async (t) => {
  const net = overlay(t)
  const signer = signerOf('CSMS01')
  const record: KeyRecord = { ...usualRecordOf('CSMS01'), roles: ['owner'], usages: ['sign-message', 'sign-policy'] } // biome-ignore format: one line
  const rules = { policies: [DEFAULT_POLICY], roles: PRESET_ROLES }
  const trust = new TrustStore({
    anchors: [record, usualRecordOf('NN01')],
    rules,
    clock: net.clock,
  })
  const node = await net.node('CSMS01', { security: { signer, trust } })
  const opened = { security: { signer, trust } }
  assert.equal(await renew(node, opened, net.clock.now()), true)
  const list = revocationsIn(trust.signedRevocations() ?? {})
  assert.ok(typeof list === 'object')
  assert.deepEqual([list.version, list.revoked], [1, []])
  assert.equal(trust.directory.revocations(net.clock.now() / 1_000), 'current')
  assert.equal(await renew(node, opened, net.clock.now()), false)

  const others = new TrustStore({ anchors: [usualRecordOf('CSMS01')], rules, clock: net.clock }) // biome-ignore format: one line
  assert.equal(await renew(node, { security: { signer, trust: others } }, net.clock.now()), false, 'it may not') // biome-ignore format: one line
})

test('a list that somebody else has signed is left to them', async (t) => {
  const { node, net, trust, owner, ownersTrust, ask, clock } = await startSecured(t)
  await ask('admin', 'POST', `/api/keys/${signerOf('GUEST').kid}/revocation`, { reason: 'lost' })
  await net.wait(2)
  const others = { security: { signer: signerOf('OWNER01'), trust: ownersTrust } } as unknown as OpenedSecurity // biome-ignore format: one line
  assert.equal(await renew(owner, others, clock.now() + 13 * 3_600_000), false)
  assert.ok(node && trust)
})
