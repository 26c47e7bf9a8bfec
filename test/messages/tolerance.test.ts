import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createValidator } from '../../src/messages/index.ts'

const strict = createValidator()
const tolerant = createValidator({ mode: 'tolerant' })

/** A payload of 1.6 with one sampled value. */
function meterValues(sample: object, timestamp = '2026-01-31T12:00:00Z') {
  return { connectorId: 1, meterValue: [{ timestamp, sampledValue: [{ value: '1', ...sample }] }] }
}

function stopTransaction(sample: object) {
  const { meterValue } = meterValues(sample)
  const timestamp = '2026-01-31T12:00:00Z'
  return { transactionId: 1, meterStop: 1, timestamp, transactionData: meterValue }
}

for (const unit of ['Celsius', 'Celcius', 'Hertz']) {
  test(`the errata of 1.6 admit the unit ${unit}`, () => {
    const request = meterValues({ unit })
    assert.deepEqual(strict.validate('ocpp1.6', 'MeterValues', 'request', request), [])
    const stop = stopTransaction({ unit })
    assert.deepEqual(strict.validate('ocpp1.6', 'StopTransaction', 'request', stop), [])
  })
}

test('a unit no erratum names stays an error for a strict reader', () => {
  for (const unit of ['Hz', 'celsius', 'hertz']) {
    const [problem] = strict.validate('ocpp1.6', 'MeterValues', 'request', meterValues({ unit }))
    assert.equal(problem?.code, 'ERR_SCHEMA_PROPERTY')
    assert.equal(problem.pointer, '/meterValue/0/sampledValue/0/unit')
  }
})

const OWN_WORDS = {
  unit: 'Hz',
  context: 'Sample.periodic',
  measurand: 'Energy.Guessed',
  phase: 'L123',
  location: 'Grid',
}
for (const [member, word] of Object.entries(OWN_WORDS)) {
  test(`a tolerated station may say ${word} for ${member}, in text only`, () => {
    const said = meterValues({ [member]: word })
    assert.equal(strict.validate('ocpp1.6', 'MeterValues', 'request', said).length, 1)
    assert.deepEqual(tolerant.validate('ocpp1.6', 'MeterValues', 'request', said), [])

    const [problem] = tolerant.validate(
      'ocpp1.6',
      'MeterValues',
      'request',
      meterValues({ [member]: 5 }),
    )
    assert.equal(problem?.code, 'ERR_SCHEMA_TYPE')
  })
}

test('a tolerated station of 2.x may use its own words for measurements too', () => {
  for (const [member, word] of Object.entries(OWN_WORDS).filter(([name]) => name !== 'unit')) {
    const { meterValue } = meterValues({ value: 1, [member]: word })
    for (const protocol of ['ocpp2.0.1', 'ocpp2.1'] as const) {
      const request = { evseId: 1, meterValue }
      assert.equal(strict.validate(protocol, 'MeterValues', 'request', request).length, 1)
      assert.deepEqual(tolerant.validate(protocol, 'MeterValues', 'request', request), [])
    }
  }
})

test('a tolerated station may report the errorCode "Error"', () => {
  const status = { connectorId: 0, errorCode: 'Error', status: 'Faulted' }
  assert.equal(strict.validate('ocpp1.6', 'StatusNotification', 'request', status).length, 1)
  assert.deepEqual(tolerant.validate('ocpp1.6', 'StatusNotification', 'request', status), [])
})

test('a tolerated peer may not invent a status, a reason or a purpose', () => {
  const status = { connectorId: 0, errorCode: 'NoError', status: 'Perhaps' }
  const [first] = tolerant.validate('ocpp1.6', 'StatusNotification', 'request', status)
  assert.equal(first?.pointer, '/status')
  const [second] = tolerant.validate('ocpp2.1', 'Reset', 'request', { type: 'Perhaps' })
  assert.equal(second?.pointer, '/type')
})

test('a tolerated peer may add members, at every depth', () => {
  const nested = { ...meterValues({ accuracy: 1 }), extra: {} }
  assert.equal(strict.validate('ocpp1.6', 'MeterValues', 'request', nested).length, 1)
  assert.deepEqual(tolerant.validate('ocpp1.6', 'MeterValues', 'request', nested), [])
})

test('a tolerated peer may send longer texts', () => {
  const request = { idTag: 'x'.repeat(500) }
  assert.equal(strict.validate('ocpp1.6', 'Authorize', 'request', request).length, 1)
  assert.deepEqual(tolerant.validate('ocpp1.6', 'Authorize', 'request', request), [])
})

test('a tolerated 1.6 station may leave out the offset of a time, one of 2.x may not', () => {
  const bare = '2026-01-31T12:00:00'
  const request = meterValues({}, bare)
  assert.equal(strict.validate('ocpp1.6', 'MeterValues', 'request', request).length, 1)
  assert.deepEqual(tolerant.validate('ocpp1.6', 'MeterValues', 'request', request), [])
  const response = { currentTime: bare }
  assert.equal(tolerant.validate('ocpp2.0.1', 'Heartbeat', 'response', response).length, 1)
  assert.equal(tolerant.validate('ocpp2.1', 'Heartbeat', 'response', response).length, 1)
  const noTime = meterValues({}, 'yesterday')
  assert.equal(tolerant.validate('ocpp1.6', 'MeterValues', 'request', noTime).length, 1)
})

test('tolerance forgives neither wrong types nor missing members', () => {
  const [missing] = tolerant.validate('ocpp1.6', 'Authorize', 'request', {})
  assert.equal(missing?.code, 'ERR_SCHEMA_OCCURRENCE')
  const [wrong] = tolerant.validate('ocpp1.6', 'Authorize', 'request', { idTag: 5 })
  assert.equal(wrong?.code, 'ERR_SCHEMA_TYPE')
})

test('a longer idTag is admitted everywhere by its name', () => {
  const validator = createValidator({ maxLengths: { idTag: 24 } })
  const request = (length: number) => ({ idTag: 'x'.repeat(length) })
  assert.deepEqual(validator.validate('ocpp1.6', 'Authorize', 'request', request(24)), [])
  assert.deepEqual(
    validator.validate('ocpp1.6', 'RemoteStartTransaction', 'request', request(24)),
    [],
  )
  const [problem] = validator.validate('ocpp1.6', 'Authorize', 'request', request(25))
  assert.equal(problem?.problem, 'must have at most 24 characters')
  assert.equal(strict.validate('ocpp1.6', 'Authorize', 'request', request(24)).length, 1)
})

test('a longer text in one place leaves all others as they are', () => {
  const place = 'Authorize.request:/idToken/additionalInfo/*/type'
  const validator = createValidator({ maxLengths: { [place]: 60, 'Authorize.request:/idTag': 30 } })
  const idToken = (length: number) => ({
    idToken: 'A',
    type: 'ISO14443',
    additionalInfo: [{ additionalIdToken: 'B', type: 'x'.repeat(length) }],
  })
  const authorize = (length: number) => ({ idToken: idToken(length) })
  const start = { idToken: idToken(60), remoteStartId: 1 }

  assert.deepEqual(validator.validate('ocpp2.1', 'Authorize', 'request', authorize(60)), [])
  assert.equal(validator.validate('ocpp2.1', 'Authorize', 'request', authorize(61)).length, 1)
  assert.equal(validator.validate('ocpp2.1', 'RequestStartTransaction', 'request', start).length, 1)
  const long = { idTag: 'x'.repeat(30) }
  assert.deepEqual(validator.validate('ocpp1.6', 'Authorize', 'request', long), [])
  assert.equal(validator.validate('ocpp1.6', 'RemoteStartTransaction', 'request', long).length, 1)
})

test('a length that can never apply, or is none, is a mistake of the caller', () => {
  for (const place of [
    'idTga',
    'Authorize.request:/idTga',
    'Nonsense.request:/idTag',
    '__proto__x',
  ]) {
    assert.throws(() => createValidator({ maxLengths: { [place]: 24 } }), TypeError, place)
  }
  for (const length of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => createValidator({ maxLengths: { idTag: length } }), TypeError)
  }
})
