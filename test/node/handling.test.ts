import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OverlayError } from '../../src/errors.ts'
import type { NodeOptions } from '../../src/node/node.ts'
import { overlay } from '../support/memory-overlay.ts'

const csms = (handlers: NodeOptions['handlers'] = {}): Partial<NodeOptions> => ({
  services: ['CSMS', 'CentralSystem'],
  hasDefaultRoute: false,
  handlers,
})

test('an action the version does not have is NotImplemented, one without handler NotSupported', async (t) => {
  const net = overlay(t)
  await net.node('CSMS01', csms())
  const station16 = net.station('CS01', 'CSMS01')
  const station21 = net.station('CS02', 'CSMS01', 'ocpp2.1')

  station16.send('[2,"1","TransactionEvent",{}]')
  station16.send('[2,"2","Heartbeat",{}]')
  station16.send('[2,"3","heartbeat",{}]')
  station16.send('[2,"4","__proto__",{}]')
  station16.send('[2,"5","constructor",{}]')
  station21.send('[2,"1","StartTransaction",{}]')
  station21.send('[2,"2","Heartbeat",{}]')
  await net.settle()

  assert.deepEqual(
    station16.take().map((frame) => frame[2]),
    ['NotImplemented', 'NotSupported', 'NotImplemented', 'NotImplemented', 'NotImplemented'],
  )
  assert.deepEqual(
    station21.take().map((frame) => frame[2]),
    ['NotImplemented', 'NotSupported'],
  )
})

for (const [protocol, payload, code, pointer] of [
  ['ocpp1.6', '{"idTag":7}', 'TypeConstraintViolation', '/idTag'],
  ['ocpp1.6', '{"idTag":"A","x":1}', 'FormationViolation', '/x'],
  ['ocpp1.6', '{}', 'OccurenceConstraintViolation', '/idTag'],
  ['ocpp1.6', `{"idTag":"${'A'.repeat(21)}"}`, 'PropertyConstraintViolation', '/idTag'],
  ['ocpp2.0.1', '{}', 'OccurrenceConstraintViolation', '/idToken'],
  ['ocpp2.0.1', '{"idToken":{"idToken":"A","type":"Local","x":1}}', 'FormatViolation', '/idToken/x'], // biome-ignore format: one line
  ['ocpp2.1', '{"idToken":{"idToken":7,"type":"Local"}}', 'TypeConstraintViolation', '/idToken/idToken'], // biome-ignore format: one line
  ['ocpp2.1', '{"idToken":{"idToken":"A","type":"Local"},"evseId":[1.5]}', undefined, undefined], // biome-ignore format: one line
] as const) {
  test(`${protocol}: Authorize ${payload.slice(0, 40)} is refused with ${code ?? 'an error'}`, async (t) => {
    const net = overlay(t)
    let handled = 0
    const authorize = () => {
      handled++
      return {} as never
    }
    await net.node('CSMS01', csms({ [protocol]: { Authorize: authorize } }))
    const station = net.station('CS01', 'CSMS01', protocol)

    station.send(`[2,"1","Authorize",${payload}]`)
    await net.settle()

    const [error] = station.take()
    assert.deepEqual(error?.slice(0, 2), [4, '1'])
    if (code) assert.equal(error?.[2], code)
    if (pointer) assert.equal((error?.[4] as { pointer: string } | undefined)?.pointer, pointer)
    assert.equal(handled, 0)
  })
}

for (const [what, payload] of [
  ['duplicate keys', '{"vendorId":"a","vendorId":"b"}'],
  ['duplicate keys, one escaped', '{"vendorId":"a","vendor\\u0049d":"b"}'],
  ['duplicate keys inside', '{"vendorId":"a","data":"x","customData":{"a":1,"a":1}}'],
  ['1e400', '{"vendorId":"a","n":1e400}'],
  ['-1e400', '{"vendorId":"a","n":-1e400}'],
  ['a lone surrogate', '{"vendorId":"\\ud800"}'],
  ['a lone surrogate in a key', '{"vendorId":"a","\\udc00":1}'],
  ['__proto__', '{"vendorId":"a","__proto__":{"admin":true}}'],
  ['__proto__ in escapes', '{"vendorId":"a","\\u005f_proto__":{}}'],
  ['an integer beyond 2^53', '{"vendorId":"a","n":9007199254740993}'],
  ['no JSON', '{"vendorId":"a" "b"}'],
  ['a comma too many', '{"vendorId":"a",}'],
] as const) {
  test(`${what}: refused where it is parsed, passed on byte for byte where it is forwarded`, async (t) => {
    const net = overlay(t)
    let handled = 0
    const transfer = () => {
      handled++
      return { status: 'Accepted' } as const
    }
    await net.node('CSMS01', csms({ 'ocpp1.6': { DataTransfer: transfer } }))
    await net.node('NN01')
    const station = net.station('CS01', 'CSMS01')
    const above = net.upstream('CSMS02', 'NN01')
    const below = net.peer('LC01', 'NN01')

    station.send(`[2,"1","DataTransfer",${payload}]`)
    below.send(`[2,"CSMS",["LC01"],"1","DataTransfer",${payload}]`)
    await net.settle()
    above.send(`[3,"LC01",["CSMS02"],"1",${payload}]`)
    await net.settle()

    assert.deepEqual(station.take().map((frame) => frame.slice(0, 3)), [[4, '1', 'FormationViolation']]) // biome-ignore format: one line
    assert.equal(handled, 0)
    assert.deepEqual(net.refusals('CSMS01'), { ERR_SCHEMA_JSON: 1 })
    assert.deepEqual(above.received, [`[2,"CSMS",["LC01","NN01"],"1","DataTransfer",${payload}]`])
    assert.deepEqual(below.received, [`[3,"LC01",["CSMS02","NN01"],"1",${payload}]`])
  })
}

test('a response two parsers could read differently is refused, and its sender told', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')

  const answer = node.call('CSMS', 'ocpp1.6', 'Heartbeat', {})
  await net.settle()
  const id = above.take()[0]?.[3]
  above.send(`[3,"NN01",["CSMS01"],"${id}",{"currentTime":"x","currentTime":"y"}]`)

  await assert.rejects(answer, { code: 'ERR_SCHEMA_JSON' })
  assert.equal(above.take()[0]?.[0], 5)
})

const failing = () => {
  throw new Error('/etc/secret is not readable')
}
const busy = () => Promise.reject(new OverlayError('ERR_LINK_BUSY'))

test('a handler that fails is an InternalError that says nothing about why', async (t) => {
  const net = overlay(t)
  await net.node(
    'CSMS01',
    csms({
      'ocpp1.6': {
        Heartbeat: failing,
        Authorize: busy,
      },
    }),
  )
  const station = net.station('CS01', 'CSMS01')

  station.send('[2,"1","Heartbeat",{}]')
  await net.settle()
  station.send('[2,"2","Authorize",{"idTag":"A"}]')
  await net.settle()

  const [failed, refused] = station.take()
  assert.deepEqual(failed?.slice(0, 3), [4, '1', 'InternalError'])
  assert.ok(!station.received[0]?.includes('secret'))
  assert.deepEqual(refused?.slice(0, 3), [4, '2', 'GenericError'])
  assert.deepEqual(net.refusals('CSMS01'), { ERR_HANDLER: 1, ERR_LINK_BUSY: 1 })
})

const nothing = () => undefined as never

test('a handler that answers what is no JSON object is an InternalError', async (t) => {
  const net = overlay(t)
  await net.node('CSMS01', csms({ 'ocpp1.6': { Heartbeat: nothing } }))
  const station = net.station('CS01', 'CSMS01')
  const below = net.peer('LC01', 'CSMS01')

  station.send('[2,"1","Heartbeat",{}]')
  below.send('[2,"CentralSystem",["LC01"],"1","Heartbeat",{}]')
  await net.settle()

  assert.deepEqual(station.take().map((frame) => frame[2]), ['InternalError']) // biome-ignore format: one line
  assert.deepEqual(below.take().map((frame) => frame[4]), ['InternalError']) // biome-ignore format: one line
})

test('a handler is told who asked, over which path, and the bytes as they were sent', async (t) => {
  const net = overlay(t)
  const seen: unknown[] = []
  await net.node(
    'CSMS01',
    csms({
      'ocpp1.6': {
        Heartbeat: (_, { source, networkPath, protocol, payloadBytes }) => {
          seen.push([source, networkPath, protocol, Buffer.from(payloadBytes).toString()])
          return { currentTime: new Date(0).toISOString() }
        },
      },
    }),
  )
  await net.node('NN01')
  net.connect('NN01', 'CSMS01')
  const station = net.station('CS01', 'NN01')

  station.send('[2, "1","Heartbeat", { } ]')
  await net.settle()

  assert.deepEqual(seen, [['CS01', ['CS01', 'NN01'], 'ocpp1.6', '{ }']])
  assert.deepEqual(station.received, ['[3,"1",{"currentTime":"1970-01-01T00:00:00.000Z"}]'])
})

test('a service is provided by its bare and by its qualified name, in any case of A-Z', async (t) => {
  const net = overlay(t)
  await net.node('CSMS01', { ...csms(), operator: 'acme' })
  const below = net.peer('LC01', 'CSMS01')

  for (const to of ['CSMS', 'acme/CSMS', 'ACME/csms', 'acme/CentralSystem', 'csms01']) {
    below.send(`[2,"${to}",["LC01"],"${to}","Heartbeat",{}]`)
  }
  below.send('[2,"other/CSMS",["LC01"],"other","Heartbeat",{}]')
  await net.settle()

  assert.deepEqual(
    below.take().map((frame) => frame[4]),
    [...Array.from({ length: 5 }, () => 'NotSupported'), 'NetworkError'],
  )
})

test('acme/CentralSystem means version 1.6 for a source nobody announced', async (t) => {
  const net = overlay(t)
  const seen: string[] = []
  const Heartbeat = (_: unknown, { protocol }: { protocol: string }) => {
    seen.push(protocol)
    return { currentTime: new Date(0).toISOString() }
  }
  const handlers = { 'ocpp1.6': { Heartbeat }, 'ocpp2.1': { Heartbeat } }
  await net.node('CSMS01', { ...csms(handlers), operator: 'acme' })
  const below = net.peer('LC01', 'CSMS01')

  below.send('[2,"acme/CentralSystem",["LC01"],"1","Heartbeat",{}]')
  below.send('[2,"acme/CSMS",["LC01"],"2","Heartbeat",{}]')
  await net.settle()

  assert.deepEqual(seen, ['ocpp1.6', 'ocpp2.1'])
})

test('what a listener throws does not reach the peer or stop the node', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')
  let calls = 0
  node.onEvent(({ name }) => {
    if (name !== 'frame.refused') return
    calls++
    throw new Error('an observer is broken')
  })

  below.send('[2,"CSMS",["LC02"],"1","Heartbeat",{}]')
  below.send('[2,"CSMS",["LC01"],"2","Heartbeat",{}]')
  await net.settle()

  assert.equal(calls, 1)
  assert.deepEqual(below.take().map((frame) => frame[3]), ['1']) // biome-ignore format: one line
  assert.equal(above.received.length, 1)
})
