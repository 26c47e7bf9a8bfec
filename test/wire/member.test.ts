import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cutMember, putMember } from '../../src/wire/member.ts'
import { PROPERTY } from '../seed.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (octets: Uint8Array) => new TextDecoder().decode(octets)

for (const [object, left] of [
  ['{}', '{}'],
  ['{"x":1}', '{}'],
  ['{ "x" : [1, {"x":2}] , "a": 1.0 }', '{ "a": 1.0 }'],
  ['{"a":1.0, "x":"}," }', '{"a":1.0}'],
  ['{"a":"\\"x\\":1","x":null,"b":{"x":1}}', '{"a":"\\"x\\":1","b":{"x":1}}'],
  ['{"\\u0078":1,"a":2}', '{"a":2}'],
  ['{"a":{"x":1}}', '{"a":{"x":1}}'],
] as const) {
  test(`${object} without x is ${left}`, () =>
    assert.equal(text(cutMember(bytes(object), 'x')), left))
}

test('what was put in and taken out again leaves every byte as it was', () => {
  const member = fc.tuple(fc.string(), fc.jsonValue())
  fc.assert(
    fc.property(fc.array(member), fc.jsonValue(), fc.nat(3), (members, value, indent) => {
      const object = Object.fromEntries(members.filter(([name]) => name !== '__proto__' && name !== 'x')) // biome-ignore format: one line
      const before = JSON.stringify(object, undefined, indent)
      const put = putMember(bytes(before), 'x', value)
      assert.deepEqual(JSON.parse(text(put)), {
        ...JSON.parse(before),
        x: JSON.parse(JSON.stringify(value)),
      })
      assert.equal(text(cutMember(put, 'x')), before)
    }),
    PROPERTY,
  )
})
