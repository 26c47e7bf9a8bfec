import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { test } from 'node:test'
import { RemoteError } from '../../../src/errors.ts'
import type { HandlersByProtocol } from '../../../src/node/handlers.ts'
import type { NodeId } from '../../../src/primitives/ids.ts'
import { putSignatures, signedBytes } from '../../../src/security/carriers.ts'
import { publicKeyOf, sha256 } from '../../../src/security/jwk.ts'
import { KeyDirectory } from '../../../src/security/keys/key-directory.ts'
import { type KeyRecord, REVOCATION_LIST } from '../../../src/security/keys/key-record.ts'
import { DEFAULT_POLICY } from '../../../src/security/policies/default-policy.ts'
import { compileRuleBook } from '../../../src/security/policies/rule-book.ts'
import { PRESET_ROLES } from '../../../src/security/roles/presets.ts'
import { createMemorySigner } from '../../../src/security/signer.ts'
import { signStatement } from '../../../src/security/statement.ts'
import type { JsonObject } from '../../../src/wire/payload.ts'
import { overlay } from '../../support/memory-overlay.ts'
import { reasonsAt } from '../../support/secured.ts'

/** Keys that come and go while nodes run. */

const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const [ADMIN, OLD, NEW, STATION] = [newKey(), newKey(), newKey(), newKey()]

const record = (key: KeyObject, owner: string, ...roles: string[]): KeyRecord => ({ key: publicKeyOf(key), owner: owner as NodeId, usages: roles.includes('admin') ? ['sign-policy'] : ['sign-message'], roles, notBefore: 0, notAfter: 4e9 }) // biome-ignore format: one line
const RECORDS = [record(ADMIN, 'ADMIN', 'admin'), record(OLD, 'CSMS01', 'operations'), record(NEW, 'CSMS01', 'operations'), record(STATION, 'CS01')] // biome-ignore format: one line
const book = compileRuleBook({ policies: [DEFAULT_POLICY], roles: PRESET_ROLES })

/** A list that says that the old key was lost. */
async function revocation(nowS: number, by: KeyObject): Promise<JsonObject> {
  const payload = { version: 1, revoked: [{ kid: publicKeyOf(OLD).kid, since: nowS, reason: 'lost' }], nextUpdate: nowS + 3_600 } as unknown as JsonObject // biome-ignore format: one line
  const bytes = signedBytes(payload)
  const fields = { ocpp: 'ocpp2.1', ctx: REVOCATION_LIST, id: sha256(bytes), iat: nowS, nonce: 'AAECAwQFBgcICQoLDA0ODw' } as const // biome-ignore format: one line
  const entry = await signStatement(bytes, fields, createMemorySigner(by))
  return putSignatures(payload, [entry], 'top') as JsonObject
}

test('T15: a key that is revoked while the nodes run is obeyed until then and not after, its successor is obeyed, and nobody else can revoke', async (t) => {
  const net = overlay(t)
  let resets = 0
  const reset = () => {
    resets++
    return { status: 'Accepted' }
  }
  const directory = new KeyDirectory(RECORDS)
  const handlers = { 'ocpp2.1': { Reset: reset } } as unknown as HandlersByProtocol
  await net.node('CS01', { handlers, security: { signer: createMemorySigner(STATION), trust: { directory, book } } }) // biome-ignore format: one line
  const all = new KeyDirectory(RECORDS)
  const csms = async (key: KeyObject, id: string) => {
    const node = await net.node(id, { hasDefaultRoute: false, security: { signer: createMemorySigner(key), trust: { directory: all, book } } }) // biome-ignore format: one line
    return { node, cut: net.connect('CS01', id) }
  }
  await net.wait(61)
  const ask = async (key: KeyObject) => {
    const { node, cut } = await csms(key, 'CSMS01')
    await net.settle()
    const asked = node.call('CS01', 'ocpp2.1', 'Reset', { type: 'Immediate' }).catch((error: unknown) => error) // biome-ignore format: one line
    await net.wait(1)
    cut()
    await node.stop()
    return asked
  }
  await ask(OLD)
  assert.equal(resets, 1)
  const nowS = Math.floor(net.clock.now() / 1_000)
  assert.notEqual(directory.revoke(await revocation(nowS, OLD), nowS).status, 'revoked')
  await ask(OLD)
  assert.equal(resets, 2, 'a key that may not revoke has revoked nothing')
  const laterS = Math.floor(net.clock.now() / 1_000)
  assert.equal(directory.revoke(await revocation(laterS, ADMIN), laterS).status, 'revoked')
  assert.ok((await ask(OLD)) instanceof RemoteError)
  assert.equal(resets, 2)
  assert.deepEqual(reasonsAt(net, 'CS01'), ['unknown-keys'])
  await ask(NEW)
  assert.equal(resets, 3)
})
