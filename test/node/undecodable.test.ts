import assert from 'node:assert/strict'
import { test } from 'node:test'
import { overlay } from '../support/memory-overlay.ts'

const LONG_ID = 'x'.repeat(37)

/** What an undecodable frame is answered with, per kind of link: type, id and code, or nothing. */
const CASES = [
  ['a CALL with one field too few', '"1","Heartbeat"', 2, '1'],
  ['a CALL with one field too many', '"1","Heartbeat",{},{},{},{},{}', 2, '1'],
  ['a CALL whose payload is an array', '"1","Heartbeat",[]', 2, '1'],
  ['a CALL whose payload is null', '"1","Heartbeat",null', 2, '1'],
  ['a CALL whose action is a number', '"1",7,{}', 2, '1'],
  ['a CALL whose id is a number', '1,"Heartbeat",{}', 2, '-1'],
  ['a CALL whose id is empty', '"","Heartbeat",{}', 2, '-1'],
  ['a CALL whose id has 37 characters', `"${LONG_ID}","Heartbeat",{}`, 2, '-1'],
  ['a CALL whose id has an umlaut', '"\\u00fc","Heartbeat",{}', 2, '-1'],
  ['a CALL nested 10 000 deep', `"1","Heartbeat",${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`, 2, '1'], // biome-ignore format: one line
  ['a CALL that is not closed', '"1","Heartbeat",{', 2, '1'],
  ['a CALL that breaks before its id ends', '"1', 2, '-1'],
  ['a CALL of 300 kB', `"1","Heartbeat",{"a":"${'x'.repeat(300_000)}"}`, 2, '1'],
  ['a CALLRESULT whose payload is an array', '"1",[]', 3, '1'],
  ['a CALLRESULT whose id is a number', '1,{}', 3, '-1'],
  ['a CALLERROR whose code is a number', '"1",7,"",{}', 4, undefined],
  ['a CALLERROR with one field too few', '"1","GenericError"', 4, undefined],
  ['a CALLRESULTERROR with one field too few', '"1","GenericError"', 5, undefined],
  ['a SEND whose payload is an array', '"1","X",[]', 6, undefined],
  ['a frame of type 1', '"1","X",{}', 1, undefined],
  ['a frame of type 7', '"1","X",{}', 7, undefined],
  ['a frame of type 42', '"1","X",{}', 42, undefined],
] as const

for (const [what, rest, type, id] of CASES) {
  const answer = (link: 'ocpp1.6' | 'ocpp2.0.1' | 'ocpp2.1' | 'overlay') => {
    if (id === undefined) return []
    if (type === 2) {
      const code = link === 'ocpp1.6' ? 'GenericError' : 'RpcFrameworkError'
      return link === 'ocpp1.6' && id === '-1' ? [] : [[4, id, code]]
    }
    return link === 'ocpp1.6' || link === 'ocpp2.0.1' ? [] : [[5, id, 'RpcFrameworkError']]
  }

  test(`${what} is ${id === undefined ? 'counted in silence' : `answered with id ${id}`}`, async (t) => {
    const net = overlay(t)
    await net.node('NN01')
    const above = net.upstream('CSMS01', 'NN01')
    const below = net.peer('LC01', 'NN01')
    const stations = (['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'] as const).map(
      (protocol) => [protocol, net.station(protocol, 'NN01', protocol)] as const,
    )
    await net.settle()
    above.take()

    for (const [, station] of stations) station.send(`[${type},${rest}]`)
    below.send(`[${type},"CSMS",["CS01","LC01"],${rest}]`)
    await net.settle()

    for (const [protocol, station] of stations) {
      assert.deepEqual(station.take().map((frame) => frame.slice(0, 3)), answer(protocol), protocol) // biome-ignore format: one line
      assert.equal(station.closed, undefined)
    }
    const told = below.take()
    assert.deepEqual(told.map((frame) => [frame[0], frame[3], frame[4]]), answer('overlay')) // biome-ignore format: one line
    for (const [, , path] of told) assert.deepEqual(path, ['NN01'])
    assert.deepEqual(above.take(), [])
    assert.equal(
      Object.values(net.refusals('NN01')).reduce((a, b) => a + b),
      4,
    )
  })
}

test('the answer to an undecodable overlay CALL is for its source, else for the neighbour', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const below = net.peer('LC01', 'NN01')

  below.send('[2,"CSMS",["CS01","LC01"],"1","Heartbeat",[]]')
  below.send('[2,"CSMS",[7,"LC01"],"2","Heartbeat",{}]')
  below.send('[2,"CSMS",[],"3","Heartbeat",{}]')
  below.send('[2,"CSMS",{},"4","Heartbeat",{}]')
  below.send('[2,')
  await net.settle()

  assert.deepEqual(
    below.take().map((frame) => [frame[1], frame[3]]),
    [
      ['CS01', '1'],
      ['LC01', '2'],
      ['LC01', '3'],
      ['LC01', '4'],
      ['LC01', '-1'],
    ],
  )
})

test('what is no array at all is counted in silence', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const below = net.peer('LC01', 'NN01')
  const station = net.station('CS01', 'NN01', 'ocpp2.1')

  const nonsense = ['', ' ', 'hello', '{}', '{"2,":1}', '[]', '[', '[,]', 'null', '"2,"', '\ufeff[2,"1","X",{}]'] // biome-ignore format: one line
  for (const text of nonsense) for (const peer of [below, station]) peer.send(text)
  await net.settle()

  assert.deepEqual([...below.received, ...station.received], [])
  assert.deepEqual(net.refusals('NN01'), { ERR_WIRE_JSON: 2 * nonsense.length })
})

test('a node id of 256 characters is no id, wherever it stands', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')
  const long = 'N'.repeat(256)

  below.send(`[2,"${long}",["LC01"],"1","Heartbeat",{}]`)
  below.send(`[2,"CSMS",["${long}","LC01"],"2","Heartbeat",{}]`)
  below.send(`[2,["NN01","${long}"],["LC01"],"3","Heartbeat",{}]`)
  below.send(`[2,"${'ü'.repeat(128)}",["LC01"],"4","Heartbeat",{}]`)
  below.send(`[2,"${'N'.repeat(255)}",["LC01"],"5","Heartbeat",{}]`)
  await net.settle()

  assert.deepEqual(above.take().map((frame) => frame[3]), ['5']) // biome-ignore format: one line
  assert.deepEqual(
    below.take().map((frame) => [frame[1], frame[3]]),
    [
      ['LC01', '1'],
      ['LC01', '2'],
      ['LC01', '3'],
      ['LC01', '4'],
    ],
  )
})

test('text beyond 1 MiB closes its link with 1009 and goes no further', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')
  const other = net.peer('LC02', 'NN01')

  below.send(`[2,"CSMS",["LC01"],"1","Heartbeat",{"a":"${'x'.repeat(1024 * 1024)}"}]`)
  other.send('[2,"CSMS",["LC02"],"1","Heartbeat",{}]')
  await net.settle()

  assert.equal(below.closed?.code, 1009)
  assert.deepEqual(above.take().map((frame) => frame[2]), [['LC02', 'NN01']]) // biome-ignore format: one line
})

test('an undecodable answer is told to its sender in the name of the asker, and to the asker', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const station = net.station('CS01', 'NN01', 'ocpp2.0.1')
  await net.settle()
  above.take()
  station.send('[2,"1","Heartbeat",{}]')
  await net.settle()
  const messageId = String(above.take()[0]?.[3])

  above.send(`[3,"CS01",["CSMS01"],"${messageId}",[]]`)
  await net.settle()

  const [refusal] = above.take()
  assert.deepEqual(refusal?.slice(0, 5), [
    5,
    'CSMS01',
    ['CS01', 'NN01'],
    messageId,
    'RpcFrameworkError',
  ])
  const [answer] = station.take()
  assert.deepEqual(answer?.slice(0, 3), [4, '1', 'RpcFrameworkError'])
})

test('an undecodable CALL that came as JSON text in a binary message is answered too', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const peer = net.peer('LC01', 'NN01')

  peer.send(new TextEncoder().encode('[2,"CSMS",["LC01"],"1","Heartbeat"]'))
  await net.settle()

  assert.deepEqual(peer.take()[0]?.slice(0, 5), [4, 'LC01', ['NN01'], '1', 'RpcFrameworkError'])
})

for (const [what, error] of [
  ['no description', '"GenericError"'],
  ['a description of null', '"GenericError",null,{}'],
  ['details of null', '"GenericError","x",null'],
] as const) {
  for (const protocol of ['ocpp1.6', 'ocpp2.1'] as const) {
    test(`a CALLERROR with ${what} ends its request on ${protocol}: the asker is told, and the next one goes`, async (t) => {
      const net = overlay(t)
      await net.node('NN01')
      const above = net.upstream('CSMS01', 'NN01')
      const station = net.station('CS01', 'NN01', protocol)
      await net.settle()
      above.take()
      for (const id of ['a', 'b']) above.send(`[2,"CS01",["CSMS01"],"${id}","ClearCache",{}]`)
      await net.settle()
      const [first] = station.take()
      station.send(`[4,"${first?.[1]}",${error}]`)
      await net.settle()
      const told = above.take().filter((frame) => frame[0] === 4)
      assert.deepEqual(
        told.map((frame) => [frame[3], frame[4]]),
        [['a', 'RpcFrameworkError']],
      )
      assert.deepEqual(
        station.take().map((frame) => frame[2]),
        ['ClearCache'],
      )
    })
  }
}
