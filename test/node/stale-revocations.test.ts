import assert from 'node:assert/strict'
import { test } from 'node:test'
import { overlay } from '../support/memory-overlay.ts'
import { managedSecurityOf, signedRevocations } from '../support/secured.ts'

test('a revocation list that is not renewed in time is told once, and so is the next one', async (t) => {
  const net = overlay(t)
  const { signer, trust } = managedSecurityOf('NN01', net.clock)
  const node = await net.node('NN01', { security: { signer, trust } })
  const told = () => (net.events.get('NN01') ?? []).filter(({ name }) => name === 'revocations.stale') // biome-ignore format: one line
  const update = async (version: number) => node.manage('UpdateRevocationList', { revocationList: await signedRevocations(version, [], net.clock) }) // biome-ignore format: one line
  await net.wait(5)
  assert.deepEqual(told(), [], 'there is none')
  await update(1)
  const since = new Date(net.clock.now() + 3_600_000).toISOString()
  await net.wait(3_600)
  assert.deepEqual(told(), [])
  await net.wait(60)
  assert.deepEqual(told(), [{ name: 'revocations.stale', version: 1, since }])
  await net.wait(600)
  assert.equal(told().length, 1)
  await update(2)
  await net.wait(3_700)
  assert.deepEqual(told().map((event) => event.name === 'revocations.stale' && event.version), [1, 2]) // biome-ignore format: one line
})
