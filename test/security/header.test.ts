import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalize } from '../../src/security/canonical.ts'
import { decodeHeader, encodeHeader, headerText, type StatementHeader } from '../../src/security/header.ts' // biome-ignore format: one line
import { PROPERTY } from '../seed.ts'
import { CALL, dataFields, keyOf } from './keys.ts'

/** Headers of messages and of data, with whatever may stand in them. */

const kid = keyOf('ES256').kid
const key = { alg: 'ES256', kid, typ: 'ww+jws', v: 1 }
const text = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' }).filter((one) => one.isWellFormed() && one.length <= 255) // biome-ignore format: one line
const attestation = fc.record(
  { by: fc.constant('NN01'), prev: fc.constantFrom('CS01', 'Säule 7'), link: fc.constantFrom('mtls', 'none'), verified: fc.constantFrom([], [kid]), heldSince: fc.nat(), dropped: fc.constantFrom([], [kid]) }, // biome-ignore format: one line
  { requiredKeys: ['by', 'prev', 'link', 'verified'] },
)
const own = fc.record(
  { role: text, name: text, desc: fc.dictionary(fc.constantFrom('de', 'en'), text), 'x5t#S256': fc.constant(kid), att: attestation, chal: fc.constant(CALL.nonce) }, // biome-ignore format: one line
  { requiredKeys: [] },
)
const header = own.chain((more) => {
  const { chal: _, ...ofData } = more
  return fc.constantFrom({ ...CALL, ...key, ...more }, { ...dataFields(kid), ...key, ...ofData })
}) as fc.Arbitrary<StatementHeader> // biome-ignore format: the head is one line

test('a header is written in its canonical form, and read as it was written', () => {
  fc.assert(
    fc.property(header, (one) => {
      assert.equal(headerText(one), Buffer.from(canonicalize(one)).toString())
      assert.deepEqual(decodeHeader(encodeHeader(one)), JSON.parse(JSON.stringify(one)))
    }),
    PROPERTY,
  )
})

test('a header with a member that has no meaning, or without one that it needs, is none', () => {
  const wrong: object[] = [{ ...CALL, ...key, jwk: {} }, { ...CALL, ...key, kid: undefined }, { ...CALL, ...key, nonce: 'AAAA' }, { ...dataFields(kid), ...key, to: 'CS01' }] // biome-ignore format: one line
  for (const one of wrong) assert.throws(() => encodeHeader(one as StatementHeader), TypeError)
})
