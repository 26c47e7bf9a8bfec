import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { foldId, isMessageId, isNodeId, isReservedId, isSameId, isStationId, type NodeId } from '../../src/primitives/ids.ts' // biome-ignore format: one line
import { PROPERTY } from '../seed.ts'

test('ids are 1 to 255 bytes of UTF-8, printable, NFC, without surrounding spaces', () => {
  const legal = ['A', 'CS 01', 'größe', '充電', 'a/b', 'N'.repeat(255), 'ü'.repeat(127)]
  for (const text of legal) assert.ok(isNodeId(text), text)
  const illegal = [
    '', ' A', 'A ', 'N'.repeat(256), 'ü'.repeat(128), 'u\u0308', '\u212a', 'a\u0000', 'a\u007f', 'a\n',
    'a\u200b', 'a\u202eb', 'a\ufeff', 'a\u2028', '\ud800', 'a\ue000', '\u00ad', 'a\u{10ffff}',
  ] // biome-ignore format: a list
  for (const text of illegal) assert.ok(!isNodeId(text), JSON.stringify(text))
})

test('only A-Z are folded', () => {
  assert.equal(foldId('AZaz09ÄÉK\u017f'), 'azaz09ÄÉk\u017f')
  assert.ok(isSameId('CSMS', 'csms'))
  assert.ok(!isSameId('C\u017fMS', 'CSMS'))
  assert.ok(!isSameId('GRÖSSE', 'größe'))
  assert.ok(!isSameId('i', '\u0130'))
})

test('folding is idempotent and never changes the length', () => {
  const property = fc.property(fc.string({ unit: 'binary' }), (text) => {
    const folded = foldId(text)
    assert.equal(folded.length, text.length)
    assert.equal(foldId(folded), folded)
    assert.ok(isSameId(text, folded))
  })
  fc.assert(property, PROPERTY)
})

test('reserved are 0, groups and service names, bare and qualified', () => {
  const reserved = ['0', '*', '*x', 'CSMS', 'csms', 'CentralSystem', 'acme/CSMS', 'a/b/csms', 'Time', 'GridOperator', 'Transparency', 'ContactPoint'] // biome-ignore format: one line
  for (const text of reserved) assert.ok(isReservedId(text as NodeId), text)
  for (const text of ['00', 'CSMS1', 'acmeCSMS', 'CSMS/acme', 'C\u017fMS', 'x*']) {
    assert.ok(!isReservedId(text as NodeId), text)
  }
})

test('message ids are 1 to 36 printable ASCII characters', () => {
  for (const text of ['1', '-1', ' ', 'x'.repeat(36), '"\\']) assert.ok(isMessageId(text), text)
  for (const text of ['', 'x'.repeat(37), 'ü', 'a\n', 'a\u0000', '\u007f']) assert.ok(!isMessageId(text)) // biome-ignore format: one line
  assert.ok(isMessageId('x'.repeat(255), 255))
  assert.ok(!isMessageId('x'.repeat(256), 255))
})

test('station ids are 1 to 48 of the identifier characters without a colon', () => {
  for (const text of ['CS01', 'a'.repeat(48), '*-_=+|@.']) assert.ok(isStationId(text), text)
  for (const text of ['', 'a'.repeat(49), 'a:b', 'a b', 'ü', 'a/b', 'a\n']) assert.ok(!isStationId(text)) // biome-ignore format: one line
})
