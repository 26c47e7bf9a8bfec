import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { OverlayError } from '../../src/errors.ts'
import type { Protocol, Validator } from '../../src/messages/index.ts'
import { createValidator, PROTOCOLS } from '../../src/messages/index.ts'
import { officialSchemas } from '../../src/messages/official-schemas.ts'
import { SEED } from '../seed.ts'

const validator = createValidator()

/** Pointer, code and words of the first problem; undefined when there is none. */
function problemOf(
  [protocol, action, direction]: [Protocol, string, 'request' | 'response'],
  payload: unknown,
  by: Validator = validator,
): string | undefined {
  const [problem] = by.validate(protocol, action, direction, payload)
  return problem && `${problem.code} ${problem.pointer} ${problem.problem}`
}

test('a heartbeat of each version is valid', () => {
  for (const protocol of PROTOCOLS) {
    assert.deepEqual(validator.validate(protocol, 'Heartbeat', 'request', {}), [])
    const response = { currentTime: '2026-01-31T12:00:00.000Z' }
    assert.deepEqual(validator.validate(protocol, 'Heartbeat', 'response', response), [])
  }
})

for (const protocol of PROTOCOLS) {
  test(`every official schema of ${protocol} compiles and refuses what is no object`, () => {
    for (const [action, pair] of officialSchemas(protocol)) {
      for (const direction of ['request', 'response'] as const) {
        if (!pair[direction]) continue
        for (const payload of [null, [], 'text', 1, true, undefined]) {
          assert.equal(
            problemOf([protocol, action, direction], payload),
            'ERR_SCHEMA_TYPE  must be an object',
            `${action} ${direction}`,
          )
        }
        assert.match(
          problemOf([protocol, action, direction], { surely: 'unknown' }) ?? '',
          /^ERR_SCHEMA_(FORMAT|OCCURRENCE) /,
        )
      }
    }
  })
}

test('there are 387 official schemas', () => {
  const all = PROTOCOLS.flatMap((protocol) => [...officialSchemas(protocol).values()])
  assert.equal(all.flatMap((pair) => Object.keys(pair)).length, 387)
})

test('a missing member is an occurrence problem at that member', () => {
  assert.equal(
    problemOf(['ocpp1.6', 'Authorize', 'request'], {}),
    'ERR_SCHEMA_OCCURRENCE /idTag is required',
  )
  assert.equal(
    problemOf(['ocpp2.1', 'Authorize', 'request'], { idToken: { idToken: 'A' } }),
    'ERR_SCHEMA_OCCURRENCE /idToken/type is required',
  )
})

test('too few items are an occurrence problem', () => {
  assert.equal(
    problemOf(['ocpp2.0.1', 'GetVariables', 'request'], { getVariableData: [] }),
    'ERR_SCHEMA_OCCURRENCE /getVariableData must have at least 1 item',
  )
})

test('a wrong type is a type problem, and nothing is coerced', () => {
  const reading = (connectorId: unknown) => ({ connectorId, meterValue: [] })
  assert.equal(
    problemOf(['ocpp1.6', 'MeterValues', 'request'], reading('1')),
    'ERR_SCHEMA_TYPE /connectorId must be an integer',
  )
  for (const connectorId of [1.5, null, true, [1], {}, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.match(
      problemOf(['ocpp1.6', 'MeterValues', 'request'], reading(connectorId)) ?? '',
      /^ERR_SCHEMA_TYPE/,
    )
  }
  const payload = reading(1)
  assert.equal(problemOf(['ocpp1.6', 'MeterValues', 'request'], payload), undefined)
  assert.deepEqual(payload, { connectorId: 1, meterValue: [] })
})

test('a value outside its enumeration, length, range or format is a property problem', () => {
  assert.equal(
    problemOf(['ocpp1.6', 'Reset', 'request'], { type: 'Warm' }),
    'ERR_SCHEMA_PROPERTY /type must be one of Hard, Soft',
  )
  assert.equal(
    problemOf(['ocpp1.6', 'Authorize', 'request'], { idTag: 'x'.repeat(21) }),
    'ERR_SCHEMA_PROPERTY /idTag must have at most 20 characters',
  )
  assert.equal(
    problemOf(['ocpp2.1', 'GetLocalListVersion', 'response'], { versionNumber: 1.5 }),
    'ERR_SCHEMA_TYPE /versionNumber must be an integer',
  )
  assert.equal(
    problemOf(['ocpp2.1', 'UnlockConnector', 'request'], { evseId: -1, connectorId: 1 }),
    'ERR_SCHEMA_PROPERTY /evseId must be at least 0',
  )
  assert.match(
    problemOf(['ocpp2.1', 'Heartbeat', 'response'], { currentTime: '2026-02-30T00:00:00Z' }) ?? '',
    /^ERR_SCHEMA_PROPERTY \/currentTime must be a date and time with its offset/,
  )
  assert.equal(
    problemOf(['ocpp1.6', 'GetDiagnostics', 'request'], { location: 'somewhere' }),
    'ERR_SCHEMA_PROPERTY /location must be an absolute URI',
  )
})

test('a long enumeration is not repeated in full', () => {
  const sampledValue = [{ value: 1, measurand: 'Entropy' }]
  const meterValue = [{ timestamp: '2026-01-31T12:00:00Z', sampledValue }]
  assert.match(
    problemOf(['ocpp2.1', 'MeterValues', 'request'], { evseId: 1, meterValue }) ?? '',
    /^ERR_SCHEMA_PROPERTY \/meterValue\/0\/sampledValue\/0\/measurand must be one of .* and \d+ more$/,
  )
})

test('an unknown member is a format problem, with its name as a pointer', () => {
  assert.equal(
    problemOf(['ocpp2.1', 'Heartbeat', 'request'], { 'a/b~c': 1 }),
    'ERR_SCHEMA_FORMAT /a~1b~0c is not part of this message',
  )
  const parsed: unknown = JSON.parse('{"__proto__":{"idTag":"A"}}')
  assert.match(problemOf(['ocpp1.6', 'Heartbeat', 'request'], parsed) ?? '', /^ERR_SCHEMA_FORMAT/)
})

test('an unknown member of enormous name is not repeated', () => {
  const problem = problemOf(['ocpp2.1', 'Heartbeat', 'request'], { ['x'.repeat(200_000)]: 1 })
  assert.equal(problem, 'ERR_SCHEMA_FORMAT  has a member that is not part of this message')
})

test('customData of 2.x stays open, but for its vendorId', () => {
  const action = ['ocpp2.1', 'Heartbeat', 'request'] as ['ocpp2.1', string, 'request']
  assert.equal(problemOf(action, { customData: { vendorId: 'x', any: [1] } }), undefined)
  assert.equal(
    problemOf(action, { customData: { any: 1 } }),
    'ERR_SCHEMA_OCCURRENCE /customData/vendorId is required',
  )
})

test('length counts characters, not UTF-16 units', () => {
  const tag = (idTag: string) => problemOf(['ocpp1.6', 'Authorize', 'request'], { idTag })
  assert.equal(tag('🔌'.repeat(20)), undefined)
  assert.match(tag('🔌'.repeat(21)) ?? '', /at most 20 characters/)
  assert.match(tag('x'.repeat(1_000_000)) ?? '', /at most 20 characters/)
})

test('a limit of 16.1 A is a multiple of 0.1, one of 16.15 A is not', () => {
  const profile = (limit: number) => ({
    connectorId: 1,
    csChargingProfiles: {
      chargingProfileId: 1,
      stackLevel: 0,
      chargingProfilePurpose: 'TxProfile',
      chargingProfileKind: 'Absolute',
      chargingSchedule: {
        chargingRateUnit: 'A',
        chargingSchedulePeriod: [{ startPeriod: 0, limit }],
      },
    },
  })
  for (const limit of [0, 0.1, 0.3, 16.1, 31.7, 4200.7, 11_040]) {
    assert.equal(problemOf(['ocpp1.6', 'SetChargingProfile', 'request'], profile(limit)), undefined)
  }
  assert.match(
    problemOf(['ocpp1.6', 'SetChargingProfile', 'request'], profile(16.15)) ?? '',
    /limit must be a multiple of 0.1$/,
  )
})

test('an action a version does not have is unknown, never valid', () => {
  for (const action of ['Nonsense', '__proto__', 'constructor', 'toString', '', 'heartbeat']) {
    for (const protocol of PROTOCOLS) {
      assert.throws(() => validator.validate(protocol, action, 'request', {}), {
        code: 'ERR_SCHEMA_UNKNOWN_ACTION',
      })
    }
  }
  assert.throws(() => validator.validate('ocpp1.6', 'TransactionEvent', 'request', {}), {
    code: 'ERR_SCHEMA_UNKNOWN_ACTION',
  })
  const tolerant = createValidator({ mode: 'tolerant' })
  assert.throws(() => tolerant.validate('ocpp2.1', 'Nonsense', 'request', {}), {
    code: 'ERR_SCHEMA_UNKNOWN_ACTION',
  })
})

test('a version nobody speaks has no actions', () => {
  const protocol = 'ocpp1.5' as Protocol
  assert.throws(() => validator.validate(protocol, 'Heartbeat', 'request', {}), {
    code: 'ERR_SCHEMA_UNKNOWN_ACTION',
  })
})

test('a SEND has no response schema, and none means error', () => {
  for (const action of ['NotifyPeriodicEventStream', 'NotifyNetworkTopology']) {
    assert.throws(() => validator.validate('ocpp2.1', action, 'response', {}), {
      code: 'ERR_SCHEMA_MISSING',
    })
  }
})

test('assertValid throws what the problem says, and returns when there is none', () => {
  validator.assertValid('ocpp2.1', 'Heartbeat', 'request', {})
  assert.throws(
    () => validator.assertValid('ocpp1.6', 'Reset', 'request', {}),
    (error) => {
      assert.ok(error instanceof OverlayError)
      assert.equal(error.code, 'ERR_SCHEMA_OCCURRENCE')
      assert.deepEqual(error.details, { action: 'Reset', pointer: '/type', problem: 'is required' })
      assert.equal(error.message, 'the payload of Reset is not valid: /type is required')
      return true
    },
  )
})

test('equal options give the same validator, so that each schema is compiled once', () => {
  assert.equal(createValidator(), createValidator({ mode: 'strict', withSignatures: false }))
  assert.equal(
    createValidator({ maxLengths: { idTag: 24, model: 60 } }),
    createValidator({ maxLengths: { model: 60, idTag: 24 } }),
  )
  assert.notEqual(createValidator(), createValidator({ withSignatures: true }))
  assert.notEqual(createValidator(), createValidator({ mode: 'tolerant' }))
})

test('whatever is received is judged without an exception, and problems point into it', () => {
  const names = ['idTag', 'meterValue', 'evse', 'customData', 'connectorId', '__proto__', 'a/~b']
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.jsonValue({ maxDepth: 1 }),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...names), tie('tree'), { maxKeys: 4 }),
    ),
  }))
  const actions = PROTOCOLS.flatMap((protocol) =>
    ['MeterValues', 'Authorize', 'DataTransfer'].map((action) => [protocol, action] as const),
  )
  fc.assert(
    fc.property(fc.constantFrom(...actions), tree, ([protocol, action], payload) => {
      const [problem] = validator.validate(protocol, action, 'request', payload)
      if (!problem) return
      const keys = problem.pointer.split('/').slice(1)
      const parent = keys.slice(0, -1).map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
      let at: unknown = payload
      for (const key of parent) at = Object(at)[key]
      assert.notEqual(at, undefined)
      assert.match(problem.problem, /^(must|is|has) /)
    }),
    { seed: SEED, numRuns: 2000 },
  )
})
