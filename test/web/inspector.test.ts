import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FrameDetail } from '../../src/http/live-api.ts'
import { frameJson, sendCommand } from '../../web/inspector/copies.ts'
import { payloadLines } from '../../web/inspector/payload-lines.ts'
import { hexRows, markText } from '../../web/inspector/raw-bytes.ts'
import { verdictSentence } from '../../web/inspector/verdict.ts'
import { frame } from './park.ts'

test('the payload is a line per value, with its JSON pointer', () => {
  const lines = payloadLines({ a: [1, { 'b/c': null }], '~': 'x' }, [])
  assert.deepEqual(
    lines.map(({ pointer, depth, name, value }) => [pointer, depth, name, value]),
    [
      ['', 0, '', ''],
      ['/a', 1, 'a', ''],
      ['/a/0', 2, '0', '1'],
      ['/a/1', 2, '1', ''],
      ['/a/1/b~1c', 3, 'b/c', 'null'],
      ['/~0', 1, '~', '"x"'],
    ],
  )
})

test('a problem stands at its line, or at the nearest one that is shown', () => {
  const problems = ['/a/0', '/missing', '/a/1/deep'].map((pointer) => ({
    pointer,
    code: 'ERR_SCHEMA_TYPE',
    problem: 'is wrong',
  }))
  const at = (folded: ReadonlySet<string>) =>
    payloadLines({ a: [1, {}] }, problems, folded)
      .filter((line) => line.problems.length > 0)
      .map((line) => `${line.pointer}: ${line.problems.map(({ pointer }) => pointer).join(' ')}`)

  assert.deepEqual(at(new Set()), [': /missing', '/a/0: /a/0', '/a/1: /a/1/deep'])
  assert.deepEqual(at(new Set(['/a'])), [': /missing', '/a: /a/0 /a/1/deep'])
})

test('bytes are marked by their place in UTF-8, not by characters', () => {
  assert.deepEqual(markText('["ä","b"]', 6, 9), { before: '["ä",', marked: '"b"', after: ']' })
  assert.deepEqual(markText('abc', 0, 0), { before: '', marked: '', after: 'abc' })
})

test('hex is set in rows of twelve bytes with its place and its ASCII', () => {
  const rows = hexRows('57 57 01 43\n53 4d 53 30 31 00 43 53 30')
  assert.deepEqual(
    rows.map(({ offset, bytes, ascii }) => [offset, bytes.length, ascii]),
    [
      ['0000', 12, 'WW.CSMS01.CS'],
      ['000c', 1, '0'],
    ],
  )
  assert.deepEqual(rows[1]?.bytes, [{ place: 12, hex: '30' }])
})

test('the verdict says who, what and why', () => {
  const refused = frame(1, {
    reaction: 'refused',
    errorCode: 'ERR_ROUTE_LOOP',
    errorText: 'node CSMS01 is already on the network path',
  })
  assert.match(
    verdictSentence(refused, 'CSMS01'),
    /^Refused at CSMS01: node CSMS01 is already on the network path\. Heartbeat CALL from NN01, \d\d:\d\d:\d\d\.137\.$/,
  )
  assert.equal(verdictSentence(frame(2), 'CSMS01'), 'CSMS01 handled Heartbeat CALL from CS01.')
  assert.equal(
    verdictSentence(frame(3, { reaction: 'forwarded', forwardedTo: 'CSMS01' }), 'LC01'),
    'LC01 forwarded Heartbeat CALL from NN01 to CSMS01.',
  )
})

test('a request is copied as a command that a shell reads back unchanged', () => {
  const payload = { idTag: "it's", n: 1 }
  assert.equal(
    sendCommand(detail({ payload, action: 'Authorize', destination: 'CS01' })),
    `wattweave send CS01 Authorize '{"idTag":"it'\\''s","n":1}'`,
  )
  assert.match(
    sendCommand(detail({ payload, action: 'Authorize', destination: 'CS01' }), 'ws://a:1/') ?? '',
    / --uplink ws:\/\/a:1\/$/,
  )
  assert.equal(sendCommand(detail({ payload, destination: '' })), undefined)
  assert.equal(sendCommand(detail({ kind: 'CALLRESULT', payload })), undefined)
})

test('a frame is copied as indented JSON, one that is not JSON as its description', () => {
  assert.equal(frameJson(detail({ raw: '[2,"a"]' })), '[\n  2,\n  "a"\n]')
  assert.match(frameJson(detail({ raw: '[2,' })), /"raw": "\[2,"/)
})

function detail(more: Partial<FrameDetail>): FrameDetail {
  return { ...frame(1), envelope: [], problems: [], raw: '', truncated: false, hops: [], ...more }
}
