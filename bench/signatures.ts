import { generateKeyPairSync, type KeyObject, sign as signBare, verify as verifyBare } from 'node:crypto' // biome-ignore format: one line
import type { NodeId } from '../src/primitives/ids.ts'
import type { algorithm } from '../src/security/algorithms.ts'
import { canonicalize } from '../src/security/canonical.ts'
import type { MessageFields } from '../src/security/header.ts'
import { publicKeyOf } from '../src/security/jwk.ts'
import { KeyDirectory } from '../src/security/keys/key-directory.ts'
import { createMemorySigner } from '../src/security/signer.ts'
import { signingInput, signStatementNow, verifyStatement } from '../src/security/statement.ts'
import { type Bench, type Measured, rateRow } from './support/rows.ts'

/**
 * What a signed statement costs beside the one signature in it: the baseline is `node:crypto` with the
 * same key and the same bytes. A directory of a thousand keys is looked into. What comes before, the
 * canonical form, is a row of its own.
 */

const TARGET = 0.9
const KEYS = 1_000
const NONCE = 'AAECAwQFBgcICQoLDA0ODw'

/** About 400 bytes. */
const PAYLOAD = {
  eventType: 'Updated',
  timestamp: '2026-11-04T10:00:00.000Z',
  triggerReason: 'MeterValuePeriodic',
  seqNo: 17,
  transactionInfo: { transactionId: 'a7c5e1d0-2f7c-4a8e-9a60-0c8f7d8f2b11', chargingState: 'Charging' }, // biome-ignore format: one line
  evse: { id: 1, connectorId: 1 },
  meterValue: [{ timestamp: '2026-11-04T10:00:00.000Z', sampledValue: [{ value: 12345.6, measurand: 'Energy.Active.Import.Register', unitOfMeasure: { unit: 'Wh' } }] }], // biome-ignore format: one line
}
const FIELDS: MessageFields = {
  ocpp: 'ocpp2.1',
  ctx: 'urn:wattweave:ocpp2.1:TransactionEvent:request',
  OCPPAction: 'TransactionEvent',
  OCPPMessageTypedId: 2,
  id: '0192f3a1-7c00-7abc-8def-0123456789ab',
  from: 'CS01',
  to: 'CSMS',
  iat: 1_795_000_000,
  exp: 1_795_000_060,
  nonce: NONCE,
}
const EXPECTED = { kind: 'message', action: 'TransactionEvent', messageType: 2 } as const

const CASES = [
  ['P-256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey],
  ['Ed25519', () => generateKeyPairSync('ed25519').privateKey],
] as const

export const sign: Bench = async function* ({ isSmoke, isFull }) {
  const bytes = canonicalize(PAYLOAD)
  for (const [name, makeKey] of CASES) {
    const key = makeKey()
    const signer = createMemorySigner(key)
    const { protected: header } = signStatementNow(bytes, FIELDS, signer)
    const input = signingInput(header, bytes)
    const bare = () => signBare(hashOf(signer.alg), input, optionsOf(signer.alg, key))
    const ours = () => signStatementNow(bytes, FIELDS, signer)
    const names = { bench: 'sign', case: `${name}, ${bytes.length} B`, unit: 'statements/cpu-s', baseline: 'node:crypto, the same bytes', target: TARGET } // biome-ignore format: one line
    yield rateRow(names, ...byTurns(ours, bare, { isSmoke, isFull }))
  }
}

export const verify: Bench = async function* ({ isSmoke, isFull }) {
  const bytes = canonicalize(PAYLOAD)
  for (const [name, makeKey] of CASES) {
    const key = makeKey()
    const signer = createMemorySigner(key)
    const { directory, publicKey } = directoryWith(key)
    const entry = signStatementNow(bytes, FIELDS, signer)
    const [input, value] = [signingInput(entry.protected, bytes), Buffer.from(entry.value, 'base64url')] // biome-ignore format: one line
    const bare = () => assertTrue(verifyBare(hashOf(signer.alg), input, optionsOf(signer.alg, publicKey), value)) // biome-ignore format: one line
    const options = { expected: EXPECTED, keyOf: directory.keyOf }
    const ours = () => assertTrue(verifyStatement(bytes, [entry], options).status === 'verified')
    const names = { bench: 'verify', case: `${name}, ${bytes.length} B`, unit: 'statements/cpu-s', baseline: 'node:crypto, the same bytes', target: TARGET } // biome-ignore format: one line
    const row = rateRow(names, ...byTurns(ours, bare, { isSmoke, isFull }))
    yield { ...row, addedBytes: JSON.stringify({ signatures: [entry] }).length }
  }
  const json = () => JSON.stringify(PAYLOAD)
  const names = { bench: 'verify', case: `canonical form, ${bytes.length} B`, unit: 'payloads/cpu-s', baseline: 'JSON.stringify, not canonical', target: 0 } // biome-ignore format: one line
  yield rateRow(names, ...byTurns(() => canonicalize(PAYLOAD), json, { isSmoke, isFull }))
}

function byTurns(
  ours: () => unknown,
  theirs: () => unknown,
  { isSmoke, isFull }: { isSmoke: boolean; isFull: boolean },
): [Measured[], Measured[]] {
  const count = isSmoke ? 200 : 5_000
  const rounds = isSmoke ? 1 : isFull ? 15 : 7
  measure(count, ours)
  measure(count, theirs)
  const [a, b]: [Measured[], Measured[]] = [[], []]
  for (let round = 0; round < rounds; round++) {
    a.push(measure(count, ours))
    b.push(measure(count, theirs))
  }
  return [a, b]
}

function directoryWith(key: KeyObject) {
  const all = [key, ...Array.from({ length: KEYS - 1 }, () => generateKeyPairSync('ed25519').privateKey)] // biome-ignore format: one line
  const records = all.map((one, i) => ({ key: publicKeyOf(one), owner: `CS${i}` as NodeId, usages: ['sign-message'] as const, roles: [], notBefore: 0, notAfter: 4e9 })) // biome-ignore format: one line
  return { directory: new KeyDirectory(records), publicKey: publicKeyOf(key).key }
}

type Name = Parameters<typeof algorithm>[0]
const hashOf = (alg: Name) => (alg === 'ES256' ? 'sha256' : null)
const optionsOf = (alg: Name, key: KeyObject) => (alg === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' as const } : key) // biome-ignore format: one line

function assertTrue(isSo: boolean): void {
  if (!isSo) throw new Error('what was signed does not verify')
}

export function measure(count: number, run: () => unknown): Measured {
  const before = process.cpuUsage()
  for (let i = 0; i < count; i++) run()
  const { user, system } = process.cpuUsage(before)
  return { count, cpuSeconds: (user + system) / 1e6 }
}
