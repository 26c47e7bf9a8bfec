import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RemoteError } from '../../src/errors.ts'
import type { Protocol } from '../../src/messages/protocols.ts'
import { overlay, type RawPeer } from '../support/memory-overlay.ts'

const heartbeat = () => ({ currentTime: new Date(0).toISOString() })
const call = (peer: RawPeer) => peer.take().at(-1) ?? []

for (const [protocol, received, spelled] of [
  ['ocpp1.6', 'FormatViolation', 'FormationViolation'],
  ['ocpp1.6', 'OccurrenceConstraintViolation', 'OccurenceConstraintViolation'],
  ['ocpp1.6', 'RpcFrameworkError', 'GenericError'],
  ['ocpp1.6', 'NotSupported', 'NotSupported'],
  ['ocpp2.0.1', 'FormationViolation', 'FormatViolation'],
  ['ocpp2.1', 'OccurenceConstraintViolation', 'OccurrenceConstraintViolation'],
  ['ocpp2.1', 'AcmeOwnError', 'GenericError'],
] as const) {
  test(`${received} reaches a station of ${protocol} as ${spelled}`, async (t) => {
    const net = overlay(t)
    await net.node('NN01')
    const above = net.upstream('CSMS01', 'NN01')
    const station = net.station('CS01', 'NN01', protocol)
    await net.settle()
    above.take()

    station.send('[2,"1","Heartbeat",{}]')
    await net.settle()
    above.send(`[4,"CS01",["CSMS01"],"${call(above)[3]}","${received}","said so",{"v":1}]`)
    await net.settle()

    assert.deepEqual(station.received, [`[4,"1","${spelled}","said so",{"v":1}]`])
  })
}

for (const [received, spelled, reason] of [
  ['NetworkError', 'GenericError', 'network'],
  ['Congested', 'GenericError', 'congested'],
  ['Timeout', 'GenericError', 'timeout'],
  ['Filtered', 'SecurityError', 'filtered'],
] as const) {
  test(`${received} reaches a station as ${spelled} with the reason ${reason}`, async (t) => {
    const net = overlay(t)
    await net.node('NN01')
    const above = net.upstream('CSMS01', 'NN01')
    for (const protocol of ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'] as Protocol[]) {
      const station = net.station(`CS-${protocol}`, 'NN01', protocol)
      await net.settle()
      above.take()
      station.send('[2,"1","Heartbeat",{}]')
      await net.settle()
      const [, , , id] = call(above)
      above.send(`[4,"CS-${protocol}",["CSMS01"],"${id}","${received}","",{"retryAfterMs":5}]`)
      await net.settle()

      const [[type, messageId, code, , details] = []] = station.take()
      assert.deepEqual([type, messageId, code], [4, '1', spelled])
      assert.deepEqual(details, { reason, retryAfterMs: 5 })
    }
  })
}

test('a lost link below reaches a station above the next hop as GenericError, link-lost', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const station = net.station('CS01', 'NN01')
  await net.settle()
  above.take()

  station.send('[2,"1","Heartbeat",{}]')
  await net.settle()
  const [, , , id] = call(above)
  above.send(`[4,"CS01",["NN09"],"${id}","NetworkError","",{"reason":"link-lost"}]`)
  above.send(`[4,"CS01",["CSMS01"],"${id}","NetworkError","",{"reason":"link-lost"}]`)
  await net.settle()

  assert.deepEqual(
    station.take().map((frame) => [frame[2], frame[4]]),
    [['GenericError', { reason: 'link-lost' }]],
  )
})

test('codes are not translated between nodes, only spelled as 2.x does', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')
  const codes = ['NetworkError', 'Timeout', 'Filtered', 'AcmeOwnError', 'FormationViolation']

  for (const [n, code] of codes.entries()) {
    below.send(`[2,"CSMS",["LC01"],"${n}","Heartbeat",{}]`)
    await net.settle()
    above.send(`[4,"LC01",["CSMS01"],"${n}","${code}","",{ "a":1.0 }]`)
  }
  await net.settle()

  assert.deepEqual(
    below.received.map((text) => /"([A-Za-z]+)","",\{ "a":1\.0 \}\]$/.exec(text)?.[1]),
    ['NetworkError', 'Timeout', 'Filtered', 'AcmeOwnError', 'FormatViolation'],
  )
})

test('a description is cut to 255 characters towards a station, not between nodes', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')
  const station = net.station('CS01', 'NN01', 'ocpp2.1')
  await net.settle()
  above.take()
  const text = 'x'.repeat(300)

  station.send('[2,"1","Heartbeat",{}]')
  below.send('[2,"CSMS",["LC01"],"1","Heartbeat",{}]')
  await net.settle()
  for (const [, , path, id] of above.take()) {
    above.send(`[4,"${(path as string[])[0]}",["CSMS01"],"${id}","GenericError","${text}",{}]`)
  }
  await net.settle()

  assert.equal(String(station.take()[0]?.[3]).length, 255)
  assert.equal(String(below.take()[0]?.[5]).length, 300)
})

test('a CALLERROR without details is understood and written on with them', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const station = net.station('CS01', 'NN01')
  await net.settle()
  above.take()

  above.send('[2,"CS01",["CSMS01"],"1","ClearCache",{}]')
  await net.settle()
  station.send(`[4,"${call(station)[1]}","NotSupported",""]`)
  await net.settle()

  assert.deepEqual(above.received.slice(1), ['[4,"CSMS01",["CS01","NN01"],"1","NotSupported","",{}]']) // biome-ignore format: one line
})

test('errors are written with a string destination and an array path, whatever was read', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send('[2,"CSMS",["LC01"],"1","Heartbeat",{}]')
  await net.settle()
  above.send('[4,["LC01"],"CSMS01","1","GenericError","",{}]')
  await net.settle()

  assert.deepEqual(below.received, ['[4,"LC01",["CSMS01","NN01"],"1","GenericError","",{}]'])
})

test('a call is rejected with the code its peer wrote', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')

  const answer = node.call('CSMS', 'ocpp2.1', 'Heartbeat', {})
  await net.settle()
  above.send(`[4,"NN01",["CSMS01"],"${call(above)[3]}","AcmeOwnError","no",{"why":1}]`)

  await assert.rejects(answer, (error) => {
    assert.ok(error instanceof RemoteError)
    assert.equal(error.errorCode, 'AcmeOwnError')
    assert.deepEqual(error.errorDetails, { why: 1 })
    return true
  })
})

test('a CALLRESULTERROR travels from the asker to the node that answered, once', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  await net.node('LC01')
  const above = net.upstream('CSMS01', 'NN01')
  net.connect('LC01', 'NN01')
  const below = net.peer('LC02', 'LC01')

  below.send('[2,"CSMS",["LC02"],"1","Heartbeat",{}]')
  await net.settle()
  above.send('[3,"LC02",["CSMS07","CSMS01"],"1",{}]')
  await net.settle()
  const refusal = '[5,"CSMS07",["LC02"],"1","FormatViolation","odd",{ "v":1.0 }]'
  below.send(refusal)
  below.send(refusal)
  await net.settle()

  assert.deepEqual(above.received.slice(1), [
    '[5,"CSMS07",["LC02","LC01","NN01"],"1","FormatViolation","odd",{ "v":1.0 }]',
  ])
  assert.deepEqual(below.received.slice(1), [])
  assert.deepEqual(net.refusals('LC01'), { ERR_ROUTE_NO_REQUEST: 1 })
})

test('a CALLRESULTERROR of a 2.1 station is addressed to whoever gave the answer', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const station = net.station('CS01', 'NN01', 'ocpp2.1')
  await net.settle()
  above.take()

  station.send('[2,"1","Heartbeat",{}]')
  await net.settle()
  const id = call(above)[3]
  // CSMS07 answered; CSMS01 is only the neighbour on the way.
  above.send(`[3,"CS01",["CSMS07","CSMS01"],"${id}",{}]`)
  await net.settle()
  station.send('[5,"1","FormatViolation","odd",{"v":1.0}]')
  await net.settle()

  assert.deepEqual(above.received.slice(2), [
    `[5,"CSMS07",["CS01","NN01"],"${id}","FormatViolation","odd",{"v":1.0}]`,
  ])
})

for (const protocol of ['ocpp1.6', 'ocpp2.0.1'] as const) {
  test(`a CALLRESULTERROR is not sent to a station of ${protocol}`, async (t) => {
    const net = overlay(t)
    await net.node('NN01')
    const above = net.upstream('CSMS01', 'NN01')
    const station = net.station('CS01', 'NN01', protocol)
    await net.settle()

    above.send('[2,"CS01",["CSMS01"],"1","ClearCache",{}]')
    await net.settle()
    station.send(`[3,"${call(station)[1]}",{}]`)
    await net.settle()
    above.send('[5,"CS01",["CSMS01"],"1","FormatViolation","",{}]')
    await net.settle()

    assert.deepEqual(station.take(), [])
    assert.deepEqual(net.refusals('NN01'), { ERR_ROUTE_CANNOT_CARRY: 1 })
  })
}

test('a CALLRESULTERROR reaches a 2.1 station under the id the node had given it', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const station = net.station('CS01', 'NN01', 'ocpp2.1')
  await net.settle()

  above.send('[2,"CS01",["CSMS01"],"1","ClearCache",{}]')
  await net.settle()
  const id = call(station)[1]
  station.send(`[3,"${id}",{"status":7}]`)
  await net.settle()
  above.send('[5,"CS01",["CSMS01"],"1","TypeConstraintViolation","",{}]')
  await net.settle()

  assert.deepEqual(station.take(), [[5, id, 'TypeConstraintViolation', '', {}]])
})

test('hops remember an answer for 60 s for its CALLRESULTERROR', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  for (const id of ['a', 'b']) {
    below.send(`[2,"CSMS",["LC01"],"${id}","Heartbeat",{}]`)
    await net.settle()
    above.send(`[3,"LC01",["CSMS01"],"${id}",{}]`)
  }
  await net.wait(58)
  below.send('[5,"CSMS01",["LC01"],"a","FormatViolation","",{}]')
  await net.wait(4)
  below.send('[5,"CSMS01",["LC01"],"b","FormatViolation","",{}]')
  await net.settle()

  assert.deepEqual(above.take().filter((f) => f[0] === 5).map((f) => f[3]), ['a']) // biome-ignore format: one line
  assert.deepEqual(net.refusals('NN01'), { ERR_ROUTE_NO_REQUEST: 1 })
})

test('a CALLRESULTERROR for an answer of another source or link is an answer to nobody', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')
  const other = net.peer('LC02', 'NN01')

  below.send('[2,"CSMS",["LC01"],"1","Heartbeat",{}]')
  await net.settle()
  above.send('[3,"LC01",["CSMS01"],"1",{}]')
  await net.settle()
  other.send('[5,"CSMS01",["LC01","LC02"],"1","FormatViolation","",{}]')
  below.send('[5,"CSMS01",["CS09","LC01"],"1","FormatViolation","",{}]')
  await net.settle()

  assert.equal(above.received.length, 1)
  assert.deepEqual(net.refusals('NN01'), { ERR_ROUTE_NO_REQUEST: 2 })
})

test('a CALLRESULTERROR for a CALLERROR is an answer to nobody', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send('[2,"CSMS",["LC01"],"1","Heartbeat",{}]')
  await net.settle()
  above.send('[4,"LC01",["CSMS01"],"1","GenericError","",{}]')
  await net.settle()
  below.send('[5,"CSMS01",["LC01"],"1","FormatViolation","",{}]')
  await net.settle()

  assert.equal(above.received.length, 1)
  assert.deepEqual(net.refusals('NN01'), { ERR_ROUTE_NO_REQUEST: 1 })
})

test('the answerer is told when the asker cannot use its answer', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01')
  const events = net.events.get('NN01') ?? []
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  const answer = node.call('CSMS', 'ocpp2.1', 'Heartbeat', {})
  await net.settle()
  const id = call(above)[3]
  above.send(`[3,"NN01",["CSMS07","CSMS01"],"${id}",{"currentTime":7}]`)
  await assert.rejects(answer, { code: 'ERR_SCHEMA_TYPE' })
  const [told] = above.take()
  assert.deepEqual(told?.slice(0, 5), [5, 'CSMS07', ['NN01'], id, 'TypeConstraintViolation'])

  const asked = await net.node('CSMS02', {
    services: ['CSMS'],
    handlers: { 'ocpp2.1': { Heartbeat: heartbeat } },
  })
  const asker = net.peer('LC09', asked.id)
  asker.send('[2,"CSMS",["LC09"],"1","Heartbeat",{}]')
  await net.settle()
  asker.send('[5,"CSMS02",["LC09"],"1","FormatViolation","",{}]')
  await net.settle()
  assert.deepEqual(
    net.events.get('CSMS02')?.filter((event) => event.name === 'result.refused'),
    [{ name: 'result.refused', messageId: '1', source: 'LC09', errorCode: 'FormatViolation' }],
  )
  assert.deepEqual([...below.received, ...events.filter((e) => e.name === 'result.refused')], [])
})
