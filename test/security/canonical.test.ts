import assert from 'node:assert/strict'
import { test } from 'node:test'
import canonicalizeOfNpm from 'canonicalize'
import fc from 'fast-check'
import { canonicalize, canonicalizeBytes, parseStrict } from '../../src/security/canonical.ts'
import { PROPERTY } from '../seed.ts'
import { sharedData } from './shared-data.ts'

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()

for (const name of ['arrays', 'french', 'structures', 'unicode', 'values', 'weird']) {
  test(`the corpus of RFC 8785: ${name}`, (t) => {
    const input = sharedData(t, `jcs/input/${name}.json`)
    const output = sharedData(t, `jcs/output/${name}.json`)
    const hex = sharedData(t, `jcs/outhex/${name}.txt`)
    if (!input || !output || !hex) return
    const ours = canonicalize(JSON.parse(input.toString()))
    assert.equal(text(ours), output.toString())
    assert.equal(Buffer.from(ours).toString('hex'), hex.toString().replace(/\s/g, ''))
    const wrapped = Buffer.concat([Buffer.from(' { "a" : '), input, Buffer.from(' } ')])
    assert.equal(text(canonicalizeBytes(wrapped)), `{"a":${output}}`)
  })
}

const anyJson = fc
  .jsonValue({ maxDepth: 6, stringUnit: 'binary' })
  .filter((value) => !JSON.stringify(value).includes('"__proto__"'))

test('it writes what npm canonicalize writes, and what it writes is its own canonical form', () => {
  fc.assert(
    fc.property(anyJson, (value) => {
      const ours = text(canonicalize(value))
      assert.equal(ours, canonicalizeOfNpm(value))
      assert.equal(text(canonicalize(JSON.parse(ours))), ours)
    }),
    PROPERTY,
  )
})

test('numbers are written as ECMAScript does', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      assert.equal(text(canonicalize(value)), JSON.stringify(value))
    }),
    PROPERTY,
  )
  assert.equal(text(canonicalize([-0, 1e21, 1e-7, 1 / 3])), '[0,1e+21,1e-7,0.3333333333333333]')
})

test('members are sorted by UTF-16 code units, not by code points', () => {
  assert.equal(
    text(canonicalize({ '\u{1f600}': 1, '\ufb33': 2, 10: 3, 9: 4 })),
    '{"10":3,"9":4,"😀":1,"\ufb33":2}',
  )
})

test('text that could be read in two ways is refused', () => {
  for (const json of [
    '{"a":1,"a":1}',
    '{"a":{"b":1,"\\u0062":2}}',
    '{"a":"\\ud800"}',
    '{"\\udc00":1}',
    '{"__proto__":1}',
    '{"a":{"__proto__":{}}}',
    '{"a":1e999}',
    '{"a":9007199254740992}',
    '{"a":-9007199254740992}',
    '{"a":[1,12345678901234567890]}',
    '{"a":01}',
    '{"a":NaN}',
    '{"a":1,}',
    '[1]',
    '"a"',
  ]) {
    assert.throws(() => canonicalizeBytes(Buffer.from(json)), { code: 'ERR_SCHEMA_JSON' }, json)
  }
  for (const json of ['', '{', '{}x', '{"a":[}']) {
    assert.throws(() => canonicalizeBytes(Buffer.from(json)), { name: 'OverlayError' }, json)
  }
  assert.throws(() => parseStrict(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)), {
    code: 'ERR_SCHEMA_JSON',
  })
})

test('the largest exact integers and large numbers with an exponent are not refused', () => {
  const json = '{"a":9007199254740991,"b":-9007199254740991,"c":1e300,"d":9007199254740993.0}'
  assert.equal(
    text(canonicalizeBytes(Buffer.from(json))),
    '{"a":9007199254740991,"b":-9007199254740991,"c":1e+300,"d":9007199254740992}',
  )
})

test('64 levels are canonicalised, more are refused before they are parsed', () => {
  const nested = (depth: number) => Buffer.from(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`)
  canonicalizeBytes(nested(64))
  assert.throws(() => canonicalizeBytes(nested(65)), { code: 'ERR_WIRE_NESTING' })
  assert.throws(() => canonicalizeBytes(nested(200_000)), { code: 'ERR_WIRE_NESTING' })
  let deep: unknown = 1
  for (let i = 0; i < 65; i++) deep = [deep]
  assert.throws(() => canonicalize(deep), { code: 'ERR_SCHEMA_JSON' })
})

test('parsed values that no JSON text can mean are refused', () => {
  for (const value of [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    '\ud800',
    { '\udfff': 1 },
    JSON.parse('{"__proto__":1}'),
  ]) {
    assert.throws(() => canonicalize({ value }), { code: 'ERR_SCHEMA_JSON' })
  }
  for (const value of [
    undefined,
    1n,
    Symbol.iterator,
    () => 1,
    new Date(0),
    new Map(),
    new Array(2),
  ]) {
    assert.throws(() => canonicalize({ value }), TypeError)
  }
})
