import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import type { NodeId } from '../../src/primitives/ids.ts'
import { canonicalize } from '../../src/security/canonical.ts'
import type { MessageFields } from '../../src/security/header.ts'
import { DEFAULT_POLICY } from '../../src/security/policies/default-policy.ts'
import { signStatementNow } from '../../src/security/statement.ts'
import type { JsonObject } from '../../src/wire/payload.ts'
import { overlay } from '../support/memory-overlay.ts'
import { reasonsAt, securityOf, signerOf } from '../support/secured.ts'

/** A node that may vouch for stations, and lies: what it can have others do by stations it invents. */

const ROLES = { NN01: ['edge'], LC01: ['edge'], GUEST: ['operations'] }

async function site(t: TestContext) {
  const net = overlay(t)
  await net.node('NN01', { security: securityOf('NN01', DEFAULT_POLICY, ROLES) })
  const liar = net.upstream('LC01', 'NN01')
  const station = net.station('CS01', 'NN01')
  await net.wait(61)
  liar.take()
  /** What somebody says by LC01, which has seen it come from there, as it says; or in its own name. */
  const say = (action: string, body: JsonObject, from: string, by = 'LC01') => {
    const nowS = Math.floor(net.clock.now() / 1_000)
    const seen = { by: 'LC01', prev: from, link: 'basic', verified: [] } as unknown
    const fields = { ocpp: 'ocpp1.6', ctx: `urn:wattweave:ocpp1.6:${action}:request`, OCPPAction: action, OCPPMessageTypedId: 2, id: `0192f3a1-7c00-7abc-8def-${randomBytes(6).toString('hex')}`, from: from as NodeId, to: 'CS01', iat: nowS, exp: nowS + 60, nonce: randomBytes(16).toString('base64url'), ...(by === 'LC01' && { att: seen }) } as MessageFields // biome-ignore format: one line
    const entry = signStatementNow(canonicalize(body), fields, signerOf(by))
    liar.send(JSON.stringify([2, 'CS01', [from, 'LC01'], fields.id, action, { ...body, signatures: [entry] }])) // biome-ignore format: one line
  }
  return { net, station, say }
}

test('a station that a node invents commands nobody, by no action, DataTransfer included', async (t) => {
  const { net, station, say } = await site(t)
  for (const name of ['XS1', 'CS77', 'CSMS01@LC01']) {
    say('DataTransfer', { vendorId: 'acme', messageId: 'factoryReset' }, name)
    say('Reset', { type: 'Hard' }, name)
  }
  await net.settle()
  assert.deepEqual(station.take(), [])
  assert.deepEqual([...new Set(reasonsAt(net, 'NN01'))], ['refused-by-rule'])
})

test('what a node vouches for in the name of another one takes nothing of what that one may say', async (t) => {
  const { net, station, say } = await site(t)
  for (let i = 0; i < 4_200; i++) say('Heartbeat', {}, 'GUEST')
  await net.settle()
  assert.deepEqual([...new Set(reasonsAt(net, 'NN01'))], ['not-by-originator'])
  say('ClearCache', {}, 'GUEST', 'GUEST')
  await net.settle()
  assert.deepEqual(station.take().map((frame) => frame[2]), ['ClearCache']) // biome-ignore format: one line
})
