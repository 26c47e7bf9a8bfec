import assert from 'node:assert/strict'
import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeBase64url, encodeBase64url, isBase64urlOf } from '../../src/security/base64url.ts'
import { derOf, joseValueOf } from '../../src/security/ecdsa-value.ts'
import { PROPERTY } from '../seed.ts'

/** Against `node:crypto`, which converts both ways itself where it is asked to. */

for (const [namedCurve, hash, length] of [
  ['P-256', 'sha256', 64],
  ['P-384', 'sha384', 96],
  ['P-521', 'sha512', 132],
] as const) {
  test(`signatures of ${namedCurve} verify in whichever form they are made`, () => {
    const { privateKey: key, publicKey } = generateKeyPairSync('ec', { namedCurve })
    const jose = { dsaEncoding: 'ieee-p1363' } as const
    for (let i = 0; i < 50; i++) {
      const bytes = Buffer.from(`message ${i}`)
      const der = sign(hash, bytes, key)
      const value = joseValueOf(der, length)
      assert.equal(value.length, length)
      assert.ok(verify(hash, bytes, { key: publicKey, ...jose }, value))
      assert.deepEqual(derOf(value), new Uint8Array(der))
      const theirs = new Uint8Array(sign(hash, bytes, { key, ...jose }))
      assert.ok(verify(hash, bytes, publicKey, derOf(theirs)))
      assert.deepEqual(joseValueOf(derOf(theirs), length), theirs)
    }
  })
}

test('whatever the numbers are, 0 and those with a high bit too, they come back from DER as they were', () => {
  const half = (bytes: number) => fc.oneof(fc.uint8Array({ minLength: bytes, maxLength: bytes }), fc.nat(255).map((last) => Uint8Array.from({ length: bytes }, (_, i) => (i === bytes - 1 ? last : 0)))) // biome-ignore format: one line
  for (const bytes of [32, 48, 66]) {
    fc.assert(
      fc.property(half(bytes), half(bytes), (r, s) => {
        const value = Uint8Array.from([...r, ...s])
        const der = derOf(value)
        assert.deepEqual(joseValueOf(der, value.length), value)
        const head = (der[1] ?? 0) > 0x80 ? 3 : 2
        assert.equal(der.length, head + (der[head - 1] ?? 0))
        // No number is negative, and none longer than it has to be.
        const [first = 0, second = 0] = der.subarray(head + 2)
        assert.ok(first < 0x80 && !(first === 0 && (der[head + 1] ?? 0) > 1 && second < 0x80))
      }),
      PROPERTY,
    )
  }
})

test('a text is the spelling of so many bytes exactly when it decodes to them', () => {
  const near = fc.uint8Array({ maxLength: 40 }).map(encodeBase64url).chain((text) => fc.constantFrom(text, `${text}A`, `${text}=`, text.slice(1), text.replace(/.$/, 'B'), text.replace(/.$/, 'Q'), ` ${text}`, text.replace(/^./, '+'))) // biome-ignore format: one line
  fc.assert(
    fc.property(near, fc.nat(41), (text, bytes) => {
      assert.equal(isBase64urlOf(text, bytes), text !== '' && decodeBase64url(text)?.length === bytes) // biome-ignore format: one line
    }),
    { ...PROPERTY, examples: [['', 0], ['AA', 1], ['AB', 1], ['AAA', 2], ['AAB', 2], ['AAAA', 3]] }, // biome-ignore format: one line
  )
})
