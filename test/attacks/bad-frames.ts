import type { MessageId } from '../../src/primitives/ids.ts'
import { encodeBinary } from '../../src/wire/binary.ts'
import type { Frame } from '../../src/wire/frame.ts'

/**
 * Bad input as messages, and how each is to be met. The attackers are LKS66, an
 * overlay node, CS16 and CS21, stations of 1.6 and 2.1; all are below NN01, which is below CSMS01.
 */
export interface BadInput {
  readonly what: string
  readonly from: 'LKS66' | 'CS16' | 'CS21'
  /** A text, bytes of a binary message, or bytes sent as a text message. */
  readonly message: (n: number) => string | Uint8Array
  readonly asText?: true
  /** The answer's type, id and code; undefined: silence. */
  readonly answer?: readonly [type: number, id: string, code: string]
  /** What is counted, and where. */
  readonly counted: { readonly at: 'NN01' | 'CSMS01'; readonly code: string }
  /** The attacker's own link is closed with this code. */
  readonly closes?: number
}

const overlayCall = (rest: string, path = '["LKS66"]', to = '"CSMS"') => `[2,${to},${path},${rest}]`
const text = (what: string, message: string, code: string, more: Partial<BadInput> = {}): BadInput => ({ what, from: 'LKS66', message: () => message, counted: { at: 'NN01', code }, ...more }) // biome-ignore format: one line

/** A payload that is refused where it is parsed: at the CSMS, in the words of 1.6. */
const payload = (what: string, members: string): BadInput => ({
  what: `${what} in a payload`,
  from: 'CS16',
  message: (n) => `[2,"p${n}","Authorize",{"idTag":"v",${members}}]`,
  answer: [4, 'p*', 'FormationViolation'],
  counted: { at: 'CSMS01', code: 'ERR_SCHEMA_JSON' },
})

const nodes = (count: number, last: string) =>
  JSON.stringify([...Array.from({ length: count - 1 }, (_, i) => `N${i}`), last])

function binaryCall(): Uint8Array {
  const route = { destination: ['CSMS'], networkPath: ['LKS66'] } as unknown as NonNullable<Frame['route']> // biome-ignore format: one line
  return encodeBinary({ type: 2, route, messageId: 'b' as MessageId, action: 'X', payload: Buffer.from('abc'), errorCode: '', errorDescription: '' }) // biome-ignore format: one line
}

function withLength(bytes: readonly number[]): Uint8Array {
  const frame = Uint8Array.from(binaryCall())
  frame.set(bytes, frame.length - 3 - 8)
  return frame
}

const NESTED = `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`
const framework = (id: string) => [4, id, 'RpcFrameworkError'] as const

export const BAD_INPUTS: readonly BadInput[] = [
  // Arity and types
  text('a CALL with a field too few', overlayCall('"1","Heartbeat"'), 'ERR_WIRE_FIELD_COUNT', { answer: framework('1') }),
  text('a CALL with many fields too many', overlayCall(`"1","Heartbeat",{}${',{}'.repeat(5_000)}`), 'ERR_WIRE_FIELD_COUNT', { answer: framework('1') }),
  text('a CALL with a number for its id', overlayCall('1,"Heartbeat",{}'), 'ERR_WIRE_FIELD_TYPE', { answer: framework('-1') }),
  text('a CALL with an array for its payload', overlayCall('"1","Heartbeat",[]'), 'ERR_WIRE_FIELD_TYPE', { answer: framework('1') }),
  text('a CALL with an object for its path', overlayCall('"1","Heartbeat",{}', '{}'), 'ERR_WIRE_FIELD_TYPE', { answer: framework('1') }),
  text('a CALL with null for its destination', overlayCall('"1","Heartbeat",{}', '["LKS66"]', 'null'), 'ERR_WIRE_FIELD_TYPE', { answer: framework('1') }),
  text('a CALL of a 1.6 station without readable id', '[2,{},"Heartbeat",{}]', 'ERR_WIRE_FIELD_TYPE', { from: 'CS16' }),
  text('a CALL of a 2.1 station without readable id', '[2,{},"Heartbeat",{}]', 'ERR_WIRE_FIELD_TYPE', { from: 'CS21', answer: framework('-1') }),
  text('a CALLRESULT with a string for its payload', '[3,"1","x"]', 'ERR_WIRE_FIELD_TYPE', { from: 'CS21', answer: [5, '1', 'RpcFrameworkError'] }),
  text('a CALLRESULT of a 1.6 station with a string for its payload', '[3,"1","x"]', 'ERR_WIRE_FIELD_TYPE', { from: 'CS16' }),
  text('a CALLERROR with a number for its code', '[4,"1",7,"",{}]', 'ERR_WIRE_FIELD_TYPE', { from: 'CS21' }),
  text('no JSON', 'hello', 'ERR_WIRE_JSON'),
  text('NaN for its type', '[NaN,"1","Heartbeat",{}]', 'ERR_WIRE_JSON', { from: 'CS16' }),
  text('a hexadecimal type that would be a CALL', '[0x2,"1","Heartbeat",{}]', 'ERR_WIRE_FIELD_TYPE', { from: 'CS16' }),
  text('NaN for an id', '[2,NaN,"Heartbeat",{}]', 'ERR_WIRE_JSON', { from: 'CS21', answer: framework('-1') }),
  text('half a frame', overlayCall('"1","Heartbeat",{').slice(0, -1), 'ERR_WIRE_JSON', { answer: framework('1') }),
  text('text behind a frame of a 1.6 station', '[2,"1","Heartbeat",{}] x', 'ERR_WIRE_JSON', { from: 'CS16', answer: [4, '1', 'GenericError'] }),

  // Payloads that two parsers could read differently
  payload('a duplicate key', '"data":"a","data":"b"'),
  payload('a duplicate key in escapes', '"data":"a","d\\u0061ta":"b"'),
  payload('1e400', '"data":1e400'),
  payload('NaN', '"data":NaN'),
  payload('-Infinity', '"data":-Infinity'),
  payload('0x10', '"data":0x10'),
  payload('a lone surrogate', '"data":"\\ud800"'),
  payload('__proto__', '"__proto__":{"polluted":true}'),

  // Depth, size and encoding
  text('nesting of 10 000', overlayCall(`"1","X",${NESTED}`), 'ERR_WIRE_NESTING', { answer: framework('1') }),
  text('nesting of 10 000 brackets alone', '['.repeat(10_000), 'ERR_WIRE_NESTING'),
  text('nesting of 100 000', overlayCall(`"1","X",{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`), 'ERR_WIRE_NESTING', { answer: framework('1') }),
  text('nesting of 100 000 of a station', `[2,"1","DataTransfer",{"data":${'['.repeat(100_000)}${']'.repeat(100_000)}}]`, 'ERR_WIRE_NESTING', { from: 'CS16', answer: [4, '1', 'GenericError'] }),
  text('nesting of 100 000 brackets alone', '['.repeat(100_000), 'ERR_WIRE_NESTING', { from: 'CS21' }),
  text('text of 300 kB', overlayCall(`"1","X",{"a":"${'x'.repeat(300_000)}"}`), 'ERR_WIRE_FRAME_SIZE', { answer: framework('1') }),
  text('JSON in a binary message that is not UTF-8', '', 'ERR_WIRE_BINARY_TEXT', { message: () => Buffer.from('5b322c22ff225d', 'hex') }),

  // Ids
  text('a destination that looks like CSMS: U+017F', overlayCall('"1","Heartbeat",{}', '["LKS66"]', '"C\\u017fMS"'), 'ERR_ROUTE_UNKNOWN', { counted: { at: 'CSMS01', code: 'ERR_ROUTE_UNKNOWN' }, answer: [4, '1', 'NetworkError'] }),
  text('a last hop that looks like the neighbour: U+017F', overlayCall('"1","Heartbeat",{}', '["LK\\u017f66"]'), 'ERR_ROUTE_NEIGHBOUR', { answer: [4, '1', 'SecurityError'] }),
  text('a last hop that looks like the neighbour: U+212A', overlayCall('"1","Heartbeat",{}', '["L\\u212aS66"]'), 'ERR_WIRE_NODE_ID', { answer: framework('1') }),
  text('a message id of 37 characters', overlayCall(`"${'x'.repeat(37)}","X",{}`), 'ERR_WIRE_MESSAGE_ID', { answer: framework('-1') }),
  text('a message id of 37 characters from a station', `[2,"${'x'.repeat(37)}","Heartbeat",{}]`, 'ERR_WIRE_MESSAGE_ID', { from: 'CS21', answer: framework('-1') }),
  text('a node id of 256 characters as destination', overlayCall('"1","X",{}', '["LKS66"]', `"${'N'.repeat(256)}"`), 'ERR_WIRE_NODE_ID', { answer: framework('1') }),
  text('a node id of 256 characters on the path', overlayCall('"1","X",{}', `["${'N'.repeat(256)}","LKS66"]`), 'ERR_WIRE_NODE_ID', { answer: framework('1') }),
  text('a reserved id on the path', overlayCall('"1","X",{}', '["CSMS","LKS66"]'), 'ERR_ROUTE_RESERVED_ID', { answer: [4, '1', 'SecurityError'] }),

  // Binary
  text('a binary length field of 1 GB', '', 'ERR_WIRE_BINARY_LENGTH', { message: () => withLength([0, 0, 0, 0, 0x40, 0, 0, 0]), answer: framework('b') }),
  text('a binary length field of 2^63', '', 'ERR_WIRE_BINARY_LENGTH', { message: () => withLength([0x80, 0, 0, 0, 0, 0, 0, 0]), answer: framework('b') }),
  text('a trailing byte', '', 'ERR_WIRE_BINARY_LENGTH', { message: () => Uint8Array.of(...binaryCall(), 0), answer: framework('b') }),
  text('a binary frame cut short', '', 'ERR_WIRE_BINARY_LENGTH', { message: () => binaryCall().subarray(0, 6), answer: framework('-1') }),
  text('an empty binary message', '', 'ERR_WIRE_MESSAGE_TYPE', { message: () => new Uint8Array(0) }),

  // Paths
  text('the own id in the path', overlayCall('"1","X",{}', '["nn01","LKS66"]'), 'ERR_ROUTE_LOOP'),
  text('a path of 33 hops', overlayCall('"1","X",{}', nodes(33, 'LKS66')), 'ERR_WIRE_PATH_LENGTH', { answer: framework('1') }),
  text('a path of 10 000 hops', overlayCall('"1","X",{}', nodes(10_000, 'LKS66')), 'ERR_WIRE_PATH_LENGTH', { answer: framework('1') }),
  text('a path that is full', overlayCall('"1","X",{}', nodes(32, 'LKS66')), 'ERR_ROUTE_HOP_LIMIT', { answer: [4, '1', 'NetworkError'] }),
  text('a forged last hop', overlayCall('"1","X",{}', '["LKS66","CS01"]'), 'ERR_ROUTE_NEIGHBOUR', { answer: [4, '1', 'SecurityError'] }),
  text('a source route that starts elsewhere', overlayCall('"1","X",{}', '["LKS66"]', '["CSMS01","CSMS"]'), 'ERR_ROUTE_SOURCE_ROUTE', { answer: [4, '1', 'NetworkError'] }),

  // Forms and kinds
  text('an overlay CALL on a standard link', '[2,"CSMS",["CS16"],"1","Heartbeat",{}]', 'ERR_WIRE_FORM', { from: 'CS16', answer: [4, '1', 'ProtocolError'] }),
  text('an overlay SEND on a standard link', '[6,"CSMS",["CS21"],"1","X",{}]', 'ERR_WIRE_FORM', { from: 'CS21' }),
  text('a standard CALL on an overlay link', '[2,"1","Heartbeat",{}]', 'ERR_WIRE_FORM', { answer: [4, '1', 'ProtocolError'] }),
  text('an answer to nobody', '[3,"CSMS01",["LKS66"],"nobody asked",{}]', 'ERR_ROUTE_NO_REQUEST'),
  text('an error to nobody', '[4,"nobody asked","GenericError","",{}]', 'ERR_ROUTE_NO_REQUEST', { from: 'CS16' }),
  text('a CALLRESULTERROR to nobody', '[5,"nobody asked","GenericError","",{}]', 'ERR_ROUTE_NO_REQUEST', { from: 'CS21' }),
  text('a SEND to nowhere', '[6,"NOWHERE",["LKS66"],"1","X",{}]', 'ERR_ROUTE_UNKNOWN', { counted: { at: 'CSMS01', code: 'ERR_ROUTE_UNKNOWN' } }),
  text('a SEND of an action that is none', '[6,"1","Nonsense",{}]', 'ERR_SCHEMA_UNKNOWN_ACTION', { from: 'CS21', counted: { at: 'CSMS01', code: 'ERR_SCHEMA_UNKNOWN_ACTION' } }),
  text('a SEND of a 1.6 station', '[6,"1","NotifyPeriodicEventStream",{}]', 'ERR_SCHEMA_UNKNOWN_ACTION', { from: 'CS16', counted: { at: 'CSMS01', code: 'ERR_SCHEMA_UNKNOWN_ACTION' } }),
  text('an unknown action', '[2,"1","Teleport",{}]', 'ERR_SCHEMA_UNKNOWN_ACTION', { from: 'CS16', counted: { at: 'CSMS01', code: 'ERR_SCHEMA_UNKNOWN_ACTION' }, answer: [4, '1', 'NotImplemented'] }),
  text('an action called __proto__', '[2,"1","__proto__",{}]', 'ERR_SCHEMA_UNKNOWN_ACTION', { from: 'CS21', counted: { at: 'CSMS01', code: 'ERR_SCHEMA_UNKNOWN_ACTION' }, answer: [4, '1', 'NotImplemented'] }),
  text('an unknown type number', '[7,"CSMS",["LKS66"],"1","X",{}]', 'ERR_WIRE_MESSAGE_TYPE'),
  text('a huge type number', `[${'9'.repeat(1_000)},"1","X",{}]`, 'ERR_WIRE_MESSAGE_TYPE', { from: 'CS16' }),
  text('type number 0 of a station', '[0,"1","X",{}]', 'ERR_WIRE_MESSAGE_TYPE', { from: 'CS21' }),
] // biome-ignore format: a table

/** What costs the attacker its link. */
export const CLOSING_INPUTS: readonly BadInput[] = [
  text('text that is not UTF-8', '', '', { message: () => Uint8Array.of(0x5b, 0xff, 0x5d), asText: true, closes: 1007 }),
  text('text with an encoded surrogate', '', '', { message: () => Uint8Array.of(0x5b, 0xed, 0xa0, 0x80, 0x5d), asText: true, closes: 1007 }),
  text('text beyond 1 MiB', '', '', { message: () => overlayCall(`"1","X",{"a":"${'x'.repeat(1024 * 1024)}"}`), closes: 1009 }),
  text('a binary message beyond 1 MiB', '', '', { message: () => new Uint8Array(1024 * 1024 + 1), closes: 1009 }),
] // biome-ignore format: a table
