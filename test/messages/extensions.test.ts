import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Wattweave } from '../../src/messages/index.ts'
import { createValidator, PROTOCOLS } from '../../src/messages/index.ts'
import { officialSchemas } from '../../src/messages/official-schemas.ts'

const plain = createValidator()
const signed = createValidator({ withSignatures: true })
const ACTION = 'NotifyNetworkTopology'

function topology(
  route: object = {},
  information: object = {},
): Wattweave.NotifyNetworkTopologyRequest {
  return {
    networkTopologyInformation: {
      routingNode: 'LC01',
      routes: [{ destinationId: 'CS01', ...route }],
      notBefore: '2026-01-31T12:00:00.000Z',
      ...information,
    },
  }
}

function pointerOf(payload: unknown): string | undefined {
  return plain.validate('ocpp2.1', ACTION, 'request', payload)[0]?.pointer
}

test('signatures are admitted beside the members of a message only when asked for', () => {
  for (const protocol of PROTOCOLS) {
    const request = { signatures: [{ keyId: 'k', value: 'v' }] }
    const [problem] = plain.validate(protocol, 'Heartbeat', 'request', request)
    assert.equal(problem?.code, 'ERR_SCHEMA_FORMAT')
    assert.equal(problem.pointer, '/signatures')
    assert.deepEqual(signed.validate(protocol, 'Heartbeat', 'request', request), [])
  }
})

test('every official schema admits signatures, and still no other unknown member', () => {
  for (const protocol of PROTOCOLS) {
    for (const [action, pair] of officialSchemas(protocol)) {
      for (const direction of Object.keys(pair) as ('request' | 'response')[]) {
        const payload = { signatures: [{}] }
        const [problem] = signed.validate(protocol, action, direction, payload)
        assert.notEqual(problem?.code, 'ERR_SCHEMA_FORMAT', action)
      }
    }
  }
  const [problem] = signed.validate('ocpp1.6', 'Heartbeat', 'request', { signature: [] })
  assert.equal(problem?.pointer, '/signature')
})

test('signatures that are no list of objects, or are nested deeper, are refused', () => {
  for (const signatures of [[], {}, 'x', ['x'], [[]], null]) {
    assert.equal(signed.validate('ocpp2.1', 'Heartbeat', 'request', { signatures }).length, 1)
  }
  const nested = { idToken: { idToken: 'A', type: 'Central', signatures: [{}] } }
  const [problem] = signed.validate('ocpp2.1', 'Authorize', 'request', nested)
  assert.equal(problem?.pointer, '/idToken/signatures')
})

test('an announcement is valid beside every version', () => {
  const link = {
    distance: 2,
    capacity: [1e6, 1e5, 'bit/s'],
    latency: [40, 5, 'ms'],
    packetLoss: [0.1, 0, '%'],
  }
  const customData = { vendorId: 'wattweave', protocol: 'ocpp1.6', form: 'standard', state: 'up' }
  const route = { uplink: link, downlink: link, priority: 1, weight: 255, timeout: 30, customData }
  const payload = {
    ...topology(route, { notAfter: '2026-02-01T00:00:00Z', priority: 0, signatures: [{}] }),
    signatures: [{}],
    customData: { vendorId: 'other' },
  }
  for (const protocol of PROTOCOLS) {
    assert.deepEqual(plain.validate(protocol, ACTION, 'request', payload), [])
  }
})

test('what the reference implementation writes is accepted: no distance, no units', () => {
  assert.equal(pointerOf(topology({ uplink: {}, downlink: { latency: [40, 5] } })), undefined)
})

test('metrics of one or four elements, or with text for numbers, are refused', () => {
  for (const latency of [[], [40], [40, 5, 'ms', 1], ['40', 5], [40, 5, 1], 40]) {
    assert.notEqual(pointerOf(topology({ uplink: { latency } })), undefined, String(latency))
  }
})

test('distances, priorities, weights and times outside their range are refused', () => {
  const wrong = [
    { uplink: { distance: 65_536 } },
    { uplink: { distance: -1 } },
    { uplink: { distance: 1.5 } },
    { priority: 256 },
    { weight: -1 },
    { timeout: -1 },
    { destinationId: '' },
    { destinationId: 'x'.repeat(256) },
    { unknown: 1 },
  ]
  for (const route of wrong) assert.notEqual(pointerOf(topology(route)), undefined)
  assert.match(pointerOf(topology({}, { notBefore: 'now' })) ?? '', /notBefore$/)
  assert.match(pointerOf(topology({}, { routes: undefined })) ?? '', /routes$/)
  assert.match(pointerOf(topology({}, { routingNode: '' })) ?? '', /routingNode$/)
  assert.equal(pointerOf({}), '/networkTopologyInformation')
})

test('our customData must name the version, form and state of a standard peer', () => {
  const ours = { vendorId: 'wattweave', protocol: 'ocpp2.1', form: 'standard', state: 'down' }
  const at = (customData: object) => pointerOf(topology({ customData }))
  const base = '/networkTopologyInformation/routes/0/customData'

  assert.equal(at(ours), undefined)
  assert.equal(at({ ...ours, later: true }), undefined)
  assert.equal(at({ ...ours, protocol: 'ocpp1.5' }), `${base}/protocol`)
  assert.equal(at({ ...ours, form: 'overlay' }), `${base}/form`)
  assert.equal(at({ ...ours, state: 'away' }), `${base}/state`)
  assert.equal(at({ vendorId: 'wattweave' }), `${base}/protocol`)
})

test("other vendors' customData stays open", () => {
  const customData = { vendorId: 'other', protocol: 5, state: {} }
  assert.equal(pointerOf(topology({ customData })), undefined)
})
