import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OpenedSecurity } from '../../src/cli/config-security.ts'
import { renew } from '../../src/cli/revocation-renewal.ts'
import { revocationsIn } from '../../src/security/keys/revocation-lists.ts'
import type { JsonObject } from '../../src/wire/payload.ts'
import { startSecured } from '../http/secured-console.ts'
import { signerOf } from '../support/secured.ts'

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

test('a list that somebody else has signed is left to them', async (t) => {
  const { node, net, trust, owner, ownersTrust, ask, clock } = await startSecured(t)
  await ask('admin', 'POST', `/api/keys/${signerOf('GUEST').kid}/revocation`, { reason: 'lost' })
  await net.wait(2)
  const others = { security: { signer: signerOf('OWNER01'), trust: ownersTrust } } as unknown as OpenedSecurity // biome-ignore format: one line
  assert.equal(await renew(owner, others, clock.now() + 13 * 3_600_000), false)
  assert.ok(node && trust)
})
