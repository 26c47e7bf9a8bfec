import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSameId } from '../../src/primitives/ids.ts'
import { decodeBinary, encodeBinary } from '../../src/wire/binary.ts'
import { parsePayload } from '../../src/wire/payload.ts'
import { decodeText, encodeText, remainsOfText } from '../../src/wire/text.ts'

const refuse = (text: string, code: string) =>
  assert.throws(() => decodeText(Buffer.from(text)), { code }, text.slice(0, 80))

test('what is no JSON array is refused', () => {
  for (const text of [
    '',
    ' ',
    '{}',
    '[]',
    '[',
    '[2',
    '[2,',
    '[2,]',
    '[2,"1","X",{}',
    '[2,"1","X",{}] x',
  ])
    refuse(text, 'ERR_WIRE_JSON')
  refuse('[2,"1","X",{"a":[}]}]', 'ERR_WIRE_JSON')
  refuse('[2,"1","X",{"a":1]]', 'ERR_WIRE_JSON')
  refuse('[2,"1","X,{}]', 'ERR_WIRE_JSON')
})

test('wrong arity is refused', () => {
  refuse('[2,"1","X"]', 'ERR_WIRE_FIELD_COUNT')
  refuse('[2,"1","X",{},{}]', 'ERR_WIRE_FIELD_COUNT')
  refuse('[3,"1"]', 'ERR_WIRE_FIELD_COUNT')
  refuse(`[2${',1'.repeat(10_000)}]`, 'ERR_WIRE_FIELD_COUNT')
})

test('wrong types are refused', () => {
  refuse('["2","1","X",{}]', 'ERR_WIRE_FIELD_TYPE')
  refuse('[2,1,"X",{}]', 'ERR_WIRE_FIELD_TYPE')
  refuse('[2,"1",null,{}]', 'ERR_WIRE_FIELD_TYPE')
  refuse('[2,"1","",{}]', 'ERR_WIRE_FIELD_TYPE')
  refuse('[2,"1","X",null]', 'ERR_WIRE_FIELD_TYPE')
  refuse('[2,"CSMS",[1],"1","X",{}]', 'ERR_WIRE_FIELD_TYPE')
  refuse('[2,"CSMS",{},"1","X",{}]', 'ERR_WIRE_FIELD_TYPE')
  refuse('[2,[],["A"],"1","X",{}]', 'ERR_WIRE_FIELD_TYPE')
  refuse('[2,"CSMS",["A" "B"],"1","X",{}]', 'ERR_WIRE_JSON')
  refuse('[2,"CSMS",["A",],"1","X",{}]', 'ERR_WIRE_JSON')
})

test('unknown message types are told apart from broken ones', () => {
  for (const type of ['0', '1', '7', '22', '-1', '99999999999']) {
    refuse(`[${type},"1","X",{}]`, 'ERR_WIRE_MESSAGE_TYPE')
  }
  refuse('[2.5,"1","X",{}]', 'ERR_WIRE_FIELD_TYPE')
})

test('nesting is allowed to the limit and refused beyond it, however deep', () => {
  const nested = (depth: number) => `[2,"1","X",${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}]`
  decodeText(Buffer.from(nested(64)))
  refuse(nested(65), 'ERR_WIRE_NESTING')
  refuse(nested(10_000), 'ERR_WIRE_NESTING')
})

test('the path may have 32 entries and not one more', () => {
  const path = (n: number) => JSON.stringify(Array.from({ length: n }, (_, i) => `N${i}`))
  decodeText(Buffer.from(`[2,"CSMS",${path(32)},"1","X",{}]`))
  refuse(`[2,"CSMS",${path(33)},"1","X",{}]`, 'ERR_WIRE_PATH_LENGTH')
  refuse(`[2,"CSMS",${path(10_000)},"1","X",{}]`, 'ERR_WIRE_PATH_LENGTH')
})

test('ids are bounded, printable and NFC; look-alikes stay different', () => {
  const withId = (id: string) => `[2,"CSMS",${JSON.stringify([id])},"1","X",{}]`
  decodeText(Buffer.from(withId('x'.repeat(255))))
  for (const id of [
    '',
    'x'.repeat(256),
    'ü'.repeat(128),
    'A\u0000B',
    'A\u202eB',
    'e\u0301',
    ' A',
    '\ud800',
  ])
    refuse(withId(id), 'ERR_WIRE_NODE_ID')
  // U+212A (KELVIN SIGN) is not NFC; U+017F (LONG S) is, and stays a letter of its own.
  refuse('[2,"CSMS",["C\\u212a01"],"1","X",{}]', 'ERR_WIRE_NODE_ID')
  const longS = decodeText(Buffer.from('[2,"CSMS",["C\\u017f01"],"1","X",{}]')).route
    ?.networkPath[0]
  assert.ok(longS && !isSameId(longS, 'CS01') && !isSameId(longS, 'cs01'))
  assert.ok(isSameId('cS01', 'Cs01'))
})

test('message ids have 1 to 36 printable ASCII characters, or 255 bytes from tolerated peers', () => {
  const withId = (id: string) => `[2,${JSON.stringify(id)},"X",{}]`
  decodeText(Buffer.from(withId('x'.repeat(36))))
  for (const id of ['', 'x'.repeat(37), 'ü', 'a\nb']) refuse(withId(id), 'ERR_WIRE_MESSAGE_ID')
  // biome-ignore format: limits
  const tolerant = { maxTextBytes: 1e6, maxBinaryBytes: 1e6, maxNesting: 64, maxPathEntries: 32, maxMessageIdBytes: 255 }
  decodeText(Buffer.from(withId('x'.repeat(255))), tolerant)
  // biome-ignore format: one line
  assert.throws(() => decodeText(Buffer.from(withId('x'.repeat(256))), tolerant), { code: 'ERR_WIRE_MESSAGE_ID' })
})

test('a text frame above 256 KiB is refused before it is scanned', () => {
  refuse(' '.repeat(256 * 1024 + 1), 'ERR_WIRE_FRAME_SIZE')
})

test('a CALLERROR without details is tolerated', () => {
  const frame = decodeText(Buffer.from('[4,"1","GenericError",""]'))
  assert.equal(Buffer.from(frame.payload).toString(), '{}')
})

test('escapes are decoded before ids are judged, and written escaped again', () => {
  const frame = decodeText(Buffer.from('[2,"\\u0043SMS",["CS\\"1"],"a\\\\b","X",{}]'))
  assert.equal(frame.route?.destination[0], 'CSMS')
  assert.equal(Buffer.from(encodeText(frame)).toString(), '[2,"CSMS",["CS\\"1"],"a\\\\b","X",{}]')
})

test('of a broken frame type, id and source remain readable where they are beyond doubt', () => {
  const of = (text: string, form: 'overlay' | 'standard') => remainsOfText(Buffer.from(text), form)
  assert.deepEqual(of('[2,"7","X"]', 'standard'), { type: 2, messageId: '7' })
  assert.deepEqual(of('[2,"7",', 'standard'), { type: 2, messageId: '7' })
  assert.deepEqual(of('[2,"7","X",{}] more', 'standard'), { type: 2, messageId: '7' })
  assert.deepEqual(of(`[2,"7","X",${'['.repeat(99)}`, 'standard'), { type: 2, messageId: '7' })
  assert.deepEqual(of('[2,"7', 'standard'), { type: 2 })
  assert.deepEqual(of('[', 'standard'), {})
  assert.deepEqual(of('[2,7,"X",{}]', 'standard'), { type: 2 })
  assert.deepEqual(of('hello', 'standard'), {})
  assert.deepEqual(of('[2,"CSMS",["CS01","NN01"],"7","X",[]]', 'overlay'), {
    type: 2,
    messageId: '7',
    source: 'CS01',
  })
})

const CALL_HEX = '02000443534d530200044353303100044e4e3031000131000158'

test('a binary length beyond the frame is refused without reserving memory for it', () => {
  const call = Buffer.from(CALL_HEX, 'hex')
  for (const length of ['0000000040000000', 'ffffffffffffffff', '0000000000000004'])
    assert.throws(
      () => decodeBinary(Buffer.concat([call, Buffer.from(`${length}010203`, 'hex')])),
      {
        code: 'ERR_WIRE_BINARY_LENGTH',
      },
    )
})

test('trailing bytes are refused', () => {
  const frame = Buffer.from(`${CALL_HEX}00000000000000010100`, 'hex')
  assert.throws(() => decodeBinary(frame), { code: 'ERR_WIRE_BINARY_LENGTH' })
})

test('binary ids that are not UTF-8, a path without destination and unknown types are refused', () => {
  const of = (hex: string, code: string) =>
    assert.throws(() => decodeBinary(Buffer.from(hex, 'hex')), { code })
  of('020002c3280100014100013100015800000000000000 00'.replaceAll(' ', ''), 'ERR_WIRE_BINARY_TEXT')
  of('02000001000141000131000158000000000000000 0'.replaceAll(' ', ''), 'ERR_WIRE_NODE_ID')
  of('0200044353 4d5300000131000158000000000000000 0'.replaceAll(' ', ''), 'ERR_WIRE_PATH_EMPTY')
  of('07', 'ERR_WIRE_MESSAGE_TYPE')
})

test('JSON text in a binary frame is decoded as text, and must be UTF-8', () => {
  assert.equal(decodeBinary(Buffer.from('[3,"1",{}]')).encoding, 'text')
  const broken = Buffer.concat([Buffer.from('[3,"1",{"a":"'), Buffer.of(0xff), Buffer.from('"}]')])
  assert.throws(() => decodeBinary(broken), { code: 'ERR_WIRE_BINARY_TEXT' })
})

test('a source route and a path of 33 cannot be written as binary', () => {
  const frame = decodeText(Buffer.from('[2,["LC01","CSMS"],["CS01"],"1","X",{}]'))
  assert.throws(() => encodeBinary(frame), { code: 'ERR_WIRE_ENCODE' })
})

test('a payload that could be read in two ways is refused where it is parsed', () => {
  const refusePayload = (text: string) =>
    assert.throws(() => parsePayload(Buffer.from(text)), { code: 'ERR_SCHEMA_JSON' }, text)
  for (const text of [
    '{"a":1,"a":2}',
    '{"x":{"a":1,"b":2,"\\u0061":3}}',
    '{"v":1e400}',
    '{"v":-1e400}',
    '{"v":12345678901234567890}',
    '{"v":9007199254740993}',
    '{"s":"\\ud800"}',
    '{"\\udc00":1}',
    '{"__proto__":{"admin":true}}',
    '[]',
    'null',
    '{',
    '{a:1}',
    '{"a":1}}',
    // biome-ignore format: a list
  ])
    refusePayload(text)
  assert.throws(() => parsePayload(Buffer.of(0x7b, 0xff, 0x7d)), { code: 'ERR_SCHEMA_JSON' })
})

test('a payload with look-alikes of those is parsed', () => {
  assert.deepEqual(parsePayload(Buffer.from('{"a":":","b":{"a":"\\":"},"c":[{"a":1},{"a":2}]}')), {
    a: ':',
    b: { a: '":' },
    c: [{ a: 1 }, { a: 2 }],
    // biome-ignore format: data
  })
  assert.deepEqual(parsePayload(Buffer.from('{"v":1e20,"s":"12345678901234567890"}')), {
    v: 1e20,
    s: '12345678901234567890',
  })
})

test('a route read before from other bytes in the same place is not mistaken for this one', () => {
  const bytes = Buffer.from('[2,"CSMS",["CS01"],"1","X",{}]')
  assert.deepEqual(decodeText(bytes).route?.networkPath, ['CS01'])
  bytes.write('CS02', bytes.indexOf('CS01'))
  assert.deepEqual(decodeText(bytes).route?.networkPath, ['CS02'])
  assert.deepEqual(decodeText(Buffer.from('[2,"CSMS",["CS01"],"1","X",{}]')).route?.networkPath, [
    'CS01',
  ])
})
