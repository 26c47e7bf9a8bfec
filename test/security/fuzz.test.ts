import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OverlayError } from '../../src/errors.ts'
import type { HandlersByProtocol } from '../../src/node/handlers.ts'
import { seededRandomness } from '../../src/primitives/randomness.ts'
import { readAuditEntry } from '../../src/security/audit-chain.ts'
import { decodeBinaryPayload } from '../../src/security/binary-payload.ts'
import { parseStrict } from '../../src/security/canonical.ts'
import { decodeHeader } from '../../src/security/header.ts'
import { readCommissioningCode } from '../../src/security/keys/commissioning.ts'
import { readEntitlement } from '../../src/security/keys/entitlement.ts'
import { readKeyRecord, readRevocationList } from '../../src/security/keys/key-record.ts'
import { readNodeRecord } from '../../src/security/keys/node-record.ts'
import { verifyLegacy } from '../../src/security/legacy-message.ts'
import { DEFAULT_POLICY } from '../../src/security/policies/default-policy.ts'
import { compileSignaturePolicy } from '../../src/security/policies/signature-policy.ts'
import { compileTwoRolesRule } from '../../src/security/policies/two-roles.ts'
import { readBinaryMessage, readMessage } from '../../src/security/received-message.ts'
import { PRESET_ROLES } from '../../src/security/roles/presets.ts'
import { compileUserRole } from '../../src/security/roles/user-role.ts'
import type { JsonObject } from '../../src/wire/payload.ts'
import { PROPERTY, SEED } from '../seed.ts'
import { overlay } from '../support/memory-overlay.ts'
import { managedSecurityOf, securityOf, signedEntitlement, signedRevocations } from '../support/secured.ts' // biome-ignore format: one line

/** Real messages and documents, broken in all the ways that bytes can be. More of it: `npm run soak`. */

const ROUNDS = PROPERTY.numRuns * 30
const random = seededRandomness(SEED)
const below = (limit: number) => {
  const [a = 0, b = 0, c = 0] = random(3)
  return (a * 65_536 + b * 256 + c) % limit
}
const pick = <T>(list: readonly T[]) => list[below(list.length)] as T
const TOKENS = ['{', '}', '[', ']', '"', ':', ',', '\\', '\\ud800', '__proto__', '1e999', '-0', 'null', '9007199254740993', '\u0000', '\u2028', '"signatures":[]', '"protected":""', 'é'] // biome-ignore format: one line

/** One to four changes: bytes flipped, left out, doubled, put in, or taken from another one. */
function broken(seeds: readonly Uint8Array[]): Uint8Array {
  let bytes = Buffer.from(pick(seeds))
  for (let changes = 1 + below(4); changes > 0; changes--) {
    const at = below(bytes.length + 1)
    const end = Math.min(bytes.length, at + 1 + below(below(2) === 0 ? 4 : 200))
    const other = Buffer.from(pick(seeds))
    const from = below(other.length)
    const middle = pick([
      () => Buffer.from(bytes.subarray(at, end).map((byte) => byte ^ (1 << below(8)))),
      () => Buffer.alloc(0),
      () => Buffer.concat([bytes.subarray(at, end), bytes.subarray(at, end)]),
      () => Buffer.concat([Buffer.from(pick(TOKENS)), bytes.subarray(at, end)]),
      () => other.subarray(from, from + (end - at)),
    ])()
    bytes = Buffer.concat([bytes.subarray(0, at), middle, bytes.subarray(end)])
  }
  return new Uint8Array(bytes)
}

/** What a parser may do with anything: return, or throw what says what is wrong. */
function tried<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch (error) {
    if (error instanceof OverlayError) return undefined
    throw error
  }
}

/** A CSMS that obeys, what a node has said to it, and a peer that says anything in its place. */
async function traffic(t: Parameters<typeof overlay>[0]) {
  const net = overlay(t)
  const effects: string[] = []
  const effectOf = (action: string) => () => {
    effects.push(action)
    return action === 'Heartbeat' ? { currentTime: '2026-01-01T00:00:00Z' } : {}
  }
  const actions = ['Heartbeat', 'SecurityEventNotification', 'NotifyEvent'] as const
  const table = Object.fromEntries(actions.map((action) => [action, effectOf(action)]))
  const handlers = { 'ocpp2.1': table } as unknown as HandlersByProtocol
  const security = managedSecurityOf('CSMS01', net.clock, { CSMS01: ['owner'] })
  await net.node('CSMS01', { services: ['CSMS'], hasDefaultRoute: false, handlers, security }) // biome-ignore format: one line
  const node = await net.node('NN01', { security: securityOf('NN01') })
  const above = net.upstream('CSMS01', 'NN01')
  const middle = net.peer('NN01', 'CSMS01')
  await net.wait(61)
  above.take()
  const at = '2026-01-01T00:00:00Z'
  const asks: [string, object][] = [
    ['Heartbeat', {}],
    ['SecurityEventNotification', { type: 'X', timestamp: at }],
    ['NotifyEvent', { generatedAt: at, seqNo: 0, eventData: [] }],
    ['GetKeyRecords', {}],
    ['GetNodeRecord', {}],
    ['GetRevocationList', {}],
  ]
  const said = async () => {
    for (const [action, request] of asks) void node.call('CSMS', 'ocpp2.1', action as 'Heartbeat', request).catch(() => {}) // biome-ignore format: one line
    await net.settle()
    return above.received.splice(0).map((text) => new TextEncoder().encode(text))
  }
  return { net, effects, middle, said }
}

test('a node that is told real messages with anything wrong in them obeys none of them, and the next good one', async (t) => {
  const { net, effects, middle, said } = await traffic(t)
  const seeds = await said()
  assert.equal(seeds.length, 6)
  for (const frame of seeds) middle.send(Buffer.from(frame).toString())
  await net.settle()
  const before = effects.length
  assert.ok(before >= 2, effects.join())
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = broken(seeds)
    if (below(4) === 0) middle.send(bytes)
    else middle.send(Buffer.from(bytes).toString())
    // Time for wrong signatures to be looked at again.
    if (round % 50 === 0) await net.wait(0.1)
  }
  await net.settle()
  assert.equal(effects.length, before, `seed ${SEED}`)
  await net.wait(1_000)
  for (const frame of await said()) middle.send(Buffer.from(frame).toString())
  await net.settle()
  assert.ok(effects.length > before)
})

test('whatever a parser of signed things is given, it says what is wrong, or reads it', async (t) => {
  const { net, said } = await traffic(t)
  const frames = await said()
  const payloads = frames.map((frame) => JSON.parse(Buffer.from(frame).toString()).at(-1) as JsonObject) // biome-ignore format: one line
  const statements = [await signedRevocations(1, ['k'.repeat(43)], net.clock), await signedEntitlement({ node: 'NN01', ids: ['CS*'], services: ['CSMS'] }, net.clock), ...payloads] // biome-ignore format: one line
  const documents = [DEFAULT_POLICY, ...PRESET_ROLES, { name: 'r', match: { actions: 'Reset' }, roles: ['owner', 'admin'], vetoDelayS: 1, expiresAfterS: 9 }] // biome-ignore format: one line
  const utf8 = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
  const headers = payloads.map((payload) => (payload.signatures as { protected: string }[])[0]?.protected ?? '') // biome-ignore format: one line
  const seeds = [...statements, ...documents].map(utf8)
  const lines = ['ABCD-EFGH-IJKL-MNOP-QRST-UVWX', JSON.stringify({ seq: 1, time: '2026-01-01T00:00:00Z', event: 'x', details: {}, prev: 'A'.repeat(43), hash: 'A'.repeat(43) })].map((one) => Buffer.from(one)) // biome-ignore format: one line
  let read = 0
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = broken(seeds)
    tried(() => decodeBinaryPayload(bytes))
    tried(() => readBinaryMessage(bytes, true))
    decodeHeader(Buffer.from(broken(headers.map((one) => Buffer.from(one)))).toString('latin1'))
    for (const reader of [readAuditEntry, readCommissioningCode]) tried(() => reader(Buffer.from(broken(lines)).toString())) // biome-ignore format: one line
    const value = tried(() => parseStrict(bytes))
    if (!value) continue
    read++
    for (const isWrapped of [true, false])
      tried(() => readMessage(value, { isWrapped, legacyText: bytes }))
    for (const reader of [readKeyRecord, readRevocationList, readEntitlement, readNodeRecord]) reader(value) // biome-ignore format: one line
    for (const compile of [compileSignaturePolicy, compileUserRole, compileTwoRolesRule]) tried(() => compile(value)) // biome-ignore format: one line
    const entries = Array.isArray(value.signatures) ? value.signatures.filter((one) => typeof one === 'object' && one !== null) : [] // biome-ignore format: one line
    verifyLegacy({ payload: bytes, entries, action: 'Reset', messageType: 2 }, () => undefined) // biome-ignore format: one line
  }
  assert.ok(read > ROUNDS / 50, `${read} of ${ROUNDS} could be read; seed ${SEED}`)
})
