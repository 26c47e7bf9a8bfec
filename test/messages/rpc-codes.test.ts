import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RpcKind } from '../../src/errors.ts'
import {
  PROTOCOLS,
  RPC_CODES,
  readRpcCode,
  reasonOf,
  rpcCode,
  translateRpcCode,
} from '../../src/messages/index.ts'

const KINDS = Object.keys(RPC_CODES) as RpcKind[]

// Part 4 section 4.2.3 and OCPP-J 1.6 section 4.2.3: the only legal words on a standard link.
const LEGAL_1_6 = [
  'NotImplemented',
  'NotSupported',
  'InternalError',
  'ProtocolError',
  'SecurityError',
  'FormationViolation',
  'PropertyConstraintViolation',
  'OccurenceConstraintViolation',
  'TypeConstraintViolation',
  'GenericError',
]
const LEGAL_2 = [
  'FormatViolation',
  'GenericError',
  'InternalError',
  'MessageTypeNotSupported',
  'NotImplemented',
  'NotSupported',
  'OccurrenceConstraintViolation',
  'PropertyConstraintViolation',
  'ProtocolError',
  'RpcFrameworkError',
  'SecurityError',
  'TypeConstraintViolation',
]

test('a standard link only ever sees the words of its own version', () => {
  for (const kind of KINDS) {
    assert.ok(LEGAL_1_6.includes(rpcCode(kind, 'ocpp1.6', 'standard')), kind)
    assert.ok(LEGAL_2.includes(rpcCode(kind, 'ocpp2.0.1', 'standard')), kind)
    assert.ok(LEGAL_2.includes(rpcCode(kind, 'ocpp2.1', 'standard')), kind)
  }
})

test('1.6 keeps its misspelt words', () => {
  assert.equal(rpcCode('format', 'ocpp1.6', 'standard'), 'FormationViolation')
  assert.equal(rpcCode('occurrence', 'ocpp1.6', 'standard'), 'OccurenceConstraintViolation')
  assert.equal(rpcCode('occurrence', 'ocpp2.0.1', 'standard'), 'OccurrenceConstraintViolation')
})

test('1.6 has no word for a broken frame and hears GenericError', () => {
  assert.equal(rpcCode('framework', 'ocpp1.6', 'standard'), 'GenericError')
  assert.equal(rpcCode('message-type', 'ocpp1.6', 'standard'), 'GenericError')
  assert.equal(rpcCode('framework', 'ocpp2.1', 'standard'), 'RpcFrameworkError')
  assert.equal(rpcCode('message-type', 'ocpp2.0.1', 'standard'), 'MessageTypeNotSupported')
})

test('what happens between nodes is told by its own word there, and by a reason elsewhere', () => {
  const between = ['network', 'timeout', 'congested', 'filtered'] as const
  for (const protocol of PROTOCOLS) {
    assert.deepEqual(
      between.map((kind) => rpcCode(kind, protocol, 'overlay')),
      ['NetworkError', 'Timeout', 'Congested', 'Filtered'],
    )
    assert.deepEqual(
      between.map((kind) => rpcCode(kind, protocol, 'standard')),
      ['GenericError', 'GenericError', 'GenericError', 'SecurityError'],
    )
  }
  for (const kind of KINDS) {
    const isBetween = (between as readonly RpcKind[]).includes(kind)
    assert.equal(reasonOf(kind), isBetween ? kind : undefined)
  }
})

test('between nodes every kind has a word of its own, which reads back', () => {
  for (const kind of KINDS) assert.equal(readRpcCode(rpcCode(kind, 'ocpp1.6', 'overlay')), kind)
})

test('every spelling of every version is read', () => {
  for (const code of [...LEGAL_1_6, ...LEGAL_2]) assert.notEqual(readRpcCode(code), undefined, code)
  assert.equal(readRpcCode('FormationViolation'), 'format')
  assert.equal(readRpcCode('FormatViolation'), 'format')
  assert.equal(readRpcCode('OccurenceConstraintViolation'), 'occurrence')
  assert.equal(readRpcCode('OccurrenceConstraintViolation'), 'occurrence')
  assert.equal(readRpcCode('GenericError'), 'generic')
  assert.equal(readRpcCode('SecurityError'), 'security')
})

test('words of no version are not read, the names of object members among them', () => {
  for (const code of ['', 'genericerror', 'VendorBroken', '__proto__', 'constructor']) {
    assert.equal(readRpcCode(code), undefined, code)
  }
})

test('a code is spelled anew for the link it goes to', () => {
  assert.equal(translateRpcCode('FormationViolation', 'ocpp2.1', 'standard'), 'FormatViolation')
  assert.equal(translateRpcCode('FormatViolation', 'ocpp1.6', 'standard'), 'FormationViolation')
  assert.equal(
    translateRpcCode('OccurrenceConstraintViolation', 'ocpp1.6', 'standard'),
    'OccurenceConstraintViolation',
  )
  assert.equal(translateRpcCode('NetworkError', 'ocpp2.1', 'standard'), 'GenericError')
  assert.equal(translateRpcCode('Filtered', 'ocpp1.6', 'standard'), 'SecurityError')
  assert.equal(translateRpcCode('Timeout', 'ocpp1.6', 'overlay'), 'Timeout')
})

test("a vendor's own code stays what it is between nodes and is GenericError elsewhere", () => {
  assert.equal(translateRpcCode('VendorBroken', 'ocpp2.1', 'overlay'), 'VendorBroken')
  assert.equal(translateRpcCode('VendorBroken', 'ocpp2.1', 'standard'), 'GenericError')
  assert.equal(translateRpcCode('__proto__', 'ocpp1.6', 'standard'), 'GenericError')
})
