import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { OverlayError } from '../../src/errors.ts'
import { isNodeId, type NodeId } from '../../src/primitives/ids.ts'
import { decodeBinary, encodeBinary, remainsOfBinary } from '../../src/wire/binary.ts'
import type { Frame } from '../../src/wire/frame.ts'
import { decodeText, encodeText, forwardText, remainsOfText } from '../../src/wire/text.ts'
import { PROPERTY } from '../seed.ts'
import { anyFrame, plain } from './frames.ts'

const encode = (frame: Frame) =>
  frame.encoding === 'text' ? encodeText(frame) : encodeBinary(frame)
const decode = (bytes: Uint8Array, frame: Frame) =>
  frame.encoding === 'text' ? decodeText(bytes) : decodeBinary(bytes)

test('any frame round-trips', () => {
  fc.assert(
    fc.property(anyFrame, (frame) => {
      assert.deepEqual(plain(decode(encode(frame), frame)), plain(frame))
    }),
    PROPERTY,
  )
})

/** Decodes; a refusal must carry a code of the wire family. */
function decodeOrCode(bytes: Uint8Array, frame: Frame): Frame | string {
  try {
    return decode(bytes, frame)
  } catch (error) {
    assert.ok(error instanceof OverlayError, String(error))
    assert.match(error.code, /^ERR_WIRE_/)
    return error.code
  }
}

test('any truncation is refused with a stable code', () => {
  fc.assert(
    fc.property(anyFrame, fc.nat(), (frame, n) => {
      const whole = encode(frame)
      const part = whole.subarray(0, n % whole.length)
      const code = decodeOrCode(part, frame)
      assert.equal(typeof code, 'string')
      assert.equal(decodeOrCode(part, frame), code)
    }),
    PROPERTY,
  )
})

const mutation = fc.record({
  how: fc.constantFrom('overwrite' as const, 'insert' as const, 'delete' as const, 'swap' as const),
  at: fc.nat(),
  byte: fc.nat(255),
})

function mutate(
  bytes: Uint8Array,
  how: 'overwrite' | 'insert' | 'delete' | 'swap',
  n: number,
  byte: number,
): Uint8Array {
  const all = [...bytes]
  const at = n % Math.max(1, all.length)
  if (how === 'overwrite') all[at] = byte
  if (how === 'insert') all.splice(at, 0, byte)
  if (how === 'delete') all.splice(at, 1)
  const last = all.length - 1
  if (how === 'swap' && at < last) [all[at], all[last]] = [all[last] ?? 0, all[at] ?? 0]
  return Uint8Array.from(all)
}

test('any mutation is refused with a stable code or decodes to something that round-trips', () => {
  fc.assert(
    fc.property(
      anyFrame,
      fc.array(mutation, { minLength: 1, maxLength: 4 }),
      (frame, mutations) => {
        const bytes = mutations.reduce((so, { how, at, byte }) => mutate(so, how, at, byte), encode(frame)) // biome-ignore format: one line
        const result = decodeOrCode(bytes, frame)
        remainsOfText(bytes, 'overlay')
        remainsOfBinary(bytes, 'overlay')
        if (typeof result === 'string') return
        assert.deepEqual(plain(decode(encode(result), result)), plain(result))
      },
    ),
    { ...PROPERTY, numRuns: PROPERTY.numRuns * 5 },
  )
})

test('bytes of any content never raise anything but a wire error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const encoding of ['text', 'binary'] as const) {
        decodeOrCode(bytes, { encoding } as Frame)
      }
      remainsOfText(bytes, 'standard')
      remainsOfBinary(bytes, 'overlay')
    }),
    PROPERTY,
  )
})

test('the payload bytes are the same after any number of hops up to the limit', () => {
  const hops = fc.array(fc.string({ minLength: 1, maxLength: 8 }).filter(isNodeId), {
    maxLength: 31,
  })
  fc.assert(
    fc.property(anyFrame, hops, (frame, names) => {
      fc.pre(frame.encoding === 'text' && frame.route?.destination.length === 1)
      const start = {
        ...frame,
        route: { destination: ['CSMS' as NodeId], networkPath: ['CS01' as NodeId] } as const,
      }
      let bytes = encodeText(start)
      for (const name of names) bytes = forwardText(decodeText(bytes), name as NodeId)
      const arrived = decodeText(bytes)
      assert.deepEqual(Buffer.from(arrived.payload), Buffer.from(frame.payload))
      assert.deepEqual(arrived.route?.networkPath, ['CS01', ...names])
    }),
    PROPERTY,
  )
})
