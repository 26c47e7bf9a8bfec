import assert from 'node:assert/strict'
import { test } from 'node:test'
import { copyOf } from '../../src/primitives/bytes.ts'

test('a copy of a view of a large piece holds on to nothing but its own bytes', () => {
  const piece = Buffer.alloc(65_536, 'x')
  const copy = copyOf(piece.subarray(10, 14))
  piece.fill('y')

  assert.equal(Buffer.from(copy).toString(), 'xxxx')
  assert.equal(copy.buffer.byteLength, 4)
})
