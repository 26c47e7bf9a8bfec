import assert from 'node:assert/strict'
import { test } from 'node:test'
import { overlay, type RawPeer } from '../support/memory-overlay.ts'

const accepting = () => ({ status: 'Accepted' }) as const
const idOf = (peer: RawPeer, index: number) =>
  (JSON.parse(peer.received[index] ?? '[]') as unknown[])[1]

test('a standard peer has one open CALL at a time, in the order they came', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const station = net.station('CS01', 'NN01')
  await net.settle()
  above.take()

  for (const n of [1, 2, 3]) above.send(`[2,"CS01",["CSMS01"],"${n}","ClearCache",{"n":${n}}]`)
  await net.settle()
  assert.equal(station.received.length, 1)

  station.send(`[3,"${idOf(station, 0)}",{"n":1}]`)
  await net.settle()
  assert.equal(station.received.length, 2)

  station.send(`[4,"${idOf(station, 1)}","InternalError","",{}]`)
  await net.settle()
  assert.equal(station.received.length, 3)

  station.send(`[3,"${idOf(station, 2)}",{"n":3}]`)
  await net.settle()
  assert.deepEqual(
    station.take().map((frame) => frame[3]),
    [{ n: 1 }, { n: 2 }, { n: 3 }],
  )
  assert.deepEqual(
    above.take().map((frame) => [frame[0], frame[3]]),
    [
      [3, '1'],
      [4, '2'],
      [3, '3'],
    ],
  )
})

test('the queue towards one station does not hold up another', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const silent = net.station('CS01', 'NN01')
  const other = net.station('CS02', 'NN01')
  await net.settle()

  above.send('[2,"CS01",["CSMS01"],"1","ClearCache",{}]')
  above.send('[2,"CS01",["CSMS01"],"2","ClearCache",{}]')
  above.send('[2,"CS02",["CSMS01"],"3","ClearCache",{}]')
  await net.settle()

  assert.equal(silent.received.length, 1)
  assert.equal(other.received.length, 1)
})

test('a station may have a CALL of its own open while it is asked something', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const station = net.station('CS01', 'NN01')
  await net.settle()
  above.take()

  above.send('[2,"CS01",["CSMS01"],"1","ClearCache",{}]')
  station.send('[2,"1","Heartbeat",{}]')
  await net.settle()

  assert.equal(station.received.length, 1)
  assert.equal(above.take().length, 1)
})

test('a silent station costs its asker a Timeout after 30 s, and the next CALL is sent', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const station = net.station('CS01', 'NN01')
  await net.settle()
  above.take()

  above.send('[2,"CS01",["CSMS01"],"1","ClearCache",{}]')
  await net.wait(20)
  above.send('[2,"CS01",["CSMS01"],"2","ClearCache",{}]')
  await net.wait(9)
  assert.deepEqual(above.take(), [], 'after 29 s')
  assert.equal(station.received.length, 1)

  await net.wait(2)
  const [timeout] = above.take()
  assert.deepEqual(timeout?.slice(0, 5), [4, 'CSMS01', ['NN01'], '1', 'Timeout'])
  assert.equal((timeout?.[6] as { reason: string } | undefined)?.reason, 'timeout')
  assert.equal(station.received.length, 2, 'the slot is free again')

  station.send(`[3,"${idOf(station, 0)}",{}]`)
  await net.settle()
  assert.deepEqual(above.take(), [], 'the late answer goes nowhere')
  assert.deepEqual(net.refusals('NN01'), { ERR_LINK_TIMEOUT: 1, ERR_ROUTE_NO_REQUEST: 1 })

  station.send(`[3,"${idOf(station, 1)}",{}]`)
  await net.settle()
  assert.deepEqual(above.take(), [[3, 'CSMS01', ['CS01', 'NN01'], '2', {}]])
})

test('a CALL that expires in the queue is answered Timeout and never sent', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const station = net.station('CS01', 'NN01')
  await net.settle()
  above.take()

  for (const n of [1, 2, 3]) above.send(`[2,"CS01",["CSMS01"],"${n}","ClearCache",{"n":${n}}]`)
  await net.wait(35)

  assert.deepEqual(
    above.take().map((frame) => [frame[3], frame[4]]),
    [
      ['1', 'Timeout'],
      ['2', 'Timeout'],
      ['3', 'Timeout'],
    ],
  )
  assert.deepEqual(station.take().map((frame) => frame[3]), [{ n: 1 }]) // biome-ignore format: one line
  above.send('[2,"CS01",["CSMS01"],"4","ClearCache",{"n":4}]')
  await net.settle()
  assert.deepEqual(station.take().map((frame) => frame[3]), [{ n: 4 }], 'the slot is free') // biome-ignore format: one line
})

test('a full queue is answered Congested at once', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  net.station('CS01', 'NN01')
  await net.settle()
  above.take()

  for (let n = 0; n <= 101; n++) above.send(`[2,"CS01",["CSMS01"],"${n}","ClearCache",{}]`)
  await net.settle()

  const [refused, ...others] = above.take()
  assert.deepEqual(refused?.slice(0, 5), [4, 'CSMS01', ['NN01'], '101', 'Congested'])
  assert.equal((refused?.[6] as { reason: string } | undefined)?.reason, 'congested')
  assert.deepEqual(others, [])
})

test('SENDs to a 2.1 station do not wait for an open CALL', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const station = net.station('CS01', 'NN01', 'ocpp2.1')
  await net.settle()

  above.send('[2,"CS01",["CSMS01"],"1","ClearCache",{}]')
  above.send('[6,"CS01",["CSMS01"],"2","NotifyPeriodicEventStream",{"v":1.0}]')
  await net.settle()

  const [, send] = station.received
  assert.match(send ?? '', /^\[6,"[0-9a-f-]{36}","NotifyPeriodicEventStream",\{"v":1\.0\}\]$/)
})

test('what a station asks goes to CSMS, in 1.6 to CentralSystem, where set under the operator', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  await net.node('NN02', { operator: 'acme' })
  const seen: unknown[] = []
  for (const nodeId of ['NN01', 'NN02']) {
    const above = net.upstream('CSMS01', nodeId)
    for (const protocol of ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'] as const) {
      const station = net.station(`CS-${protocol}`, nodeId, protocol)
      await net.settle()
      above.take()
      station.send('[2,"1","Heartbeat",{}]')
      await net.settle()
      seen.push(above.take()[0]?.[1])
    }
  }
  assert.deepEqual(seen, [
    'CentralSystem', 'CSMS', 'CSMS', 'acme/CentralSystem', 'acme/CSMS', 'acme/CSMS',
  ]) // biome-ignore format: one line
})

test('an overlay CALL on a standard link is answered ProtocolError and goes nowhere', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const station = net.station('CS01', 'NN01')
  await net.settle()
  above.take()

  station.send('[2,"CSMS",["CS01"],"1","Heartbeat",{}]')
  await net.settle()

  assert.deepEqual(
    station.take().map((frame) => frame.slice(0, 3)),
    [[4, '1', 'ProtocolError']],
  )
  assert.deepEqual(above.take(), [])
  assert.deepEqual(net.refusals('NN01'), { ERR_WIRE_FORM: 1 })
})

test('other overlay frames on a standard link are counted and not answered', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const station = net.station('CS01', 'NN01', 'ocpp2.1')
  await net.settle()
  above.take()
  above.send('[2,"CS01",["CSMS01"],"1","ClearCache",{}]')
  await net.settle()
  const [call] = station.take()

  station.send(`[3,"CSMS01",["CS01"],"${call?.[1]}",{}]`)
  station.send(`[4,"CSMS01",["CS01"],"${call?.[1]}","GenericError","",{}]`)
  station.send(`[5,"CSMS01",["CS01"],"${call?.[1]}","GenericError","",{}]`)
  station.send('[6,"CSMS",["CS01"],"1","NotifyPeriodicEventStream",{}]')
  await net.settle()

  assert.deepEqual([...station.take(), ...above.take()], [])
  assert.deepEqual(net.refusals('NN01'), { ERR_WIRE_FORM: 4 })
})

test('requests in standard form on an overlay link are refused', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send('[2,"1","Heartbeat",{}]')
  below.send('[6,"1","NotifyPeriodicEventStream",{}]')
  below.send('[5,"1","GenericError","",{}]')
  await net.settle()

  assert.deepEqual(
    below.take().map((frame) => frame.slice(0, 5)),
    [[4, 'LC01', ['NN01'], '1', 'ProtocolError']],
  )
  assert.deepEqual(above.received, [])
  assert.deepEqual(net.refusals('NN01'), { ERR_WIRE_FORM: 3 })
})

test('a tolerated standard peer may use message ids of 255 bytes, others may not', async (t) => {
  const net = overlay(t)
  await net.node('NN01', { peers: new Map([['cs01', { tolerantMessageIds: true }]]) })
  const above = net.upstream('CSMS01', 'NN01')
  const tolerated = net.station('CS01', 'NN01', 'ocpp2.0.1')
  const other = net.station('CS02', 'NN01', 'ocpp2.0.1')
  await net.settle()
  above.take()
  const id = 'x'.repeat(255)

  tolerated.send(`[2,"${id}","Heartbeat",{}]`)
  other.send(`[2,"${id}","Heartbeat",{}]`)
  await net.settle()
  const [call, ...more] = above.take()
  assert.deepEqual(more, [])
  above.send(`[3,"CS01",["CSMS01"],"${call?.[3]}",{}]`)
  await net.settle()

  assert.deepEqual(tolerated.received, [`[3,"${id}",{}]`])
  assert.deepEqual(other.take().map((frame) => frame.slice(0, 2)), [[4, '-1']]) // biome-ignore format: one line
})

test('what a standard CSMS asks is for this node itself', async (t) => {
  const net = overlay(t)
  await net.node('NN01', {
    handlers: { 'ocpp1.6': { ClearCache: accepting } },
  })
  const above = net.upstream('CSMS01', 'NN01', { form: 'standard', protocol: 'ocpp1.6' })

  above.send('[2,"1","ClearCache",{}]')
  above.send('[2,"2","GetConfiguration",{}]')
  await net.settle()

  assert.deepEqual(
    above.take().map((frame) => frame.slice(0, 3)),
    [
      [4, '2', 'NotSupported'],
      [3, '1', { status: 'Accepted' }],
    ],
  )
})

// ---- A standard uplink is for the node's own words

for (const order of [
  ['standard', 'overlay'],
  ['overlay', 'standard'],
] as const) {
  test(`the node's own standard uplink is no way for stations, when it is listed ${order[0] === 'standard' ? 'first' : 'last'} and when the overlay is lost`, async (t) => {
    const net = overlay(t)
    const node = await net.node('NN01')
    const open = { standard: () => net.upstream('CSMS', 'NN01', { form: 'standard', protocol: 'ocpp1.6' }), overlay: () => net.upstream('CSMS01', 'NN01') } // biome-ignore format: one line
    const above = new Map(order.map((form) => [form, open[form]()] as const))
    const stations = [net.station('CS16', 'NN01'), net.station('CS21', 'NN01', 'ocpp2.1')]
    const below = net.peer('LC01', 'NN01')
    await net.settle()
    above.get('overlay')?.take()

    for (const station of stations) station.send('[2,"1","Heartbeat",{}]')
    below.send('[2,"CSMS",["CS05","LC01"],"1","Heartbeat",{}]')
    await net.settle()
    const asked = above.get('overlay')?.take()
    assert.deepEqual(asked?.map((frame) => (frame[2] as string[])[0]), ['CS16', 'CS21', 'CS05']) // biome-ignore format: one line
    assert.deepEqual(above.get('standard')?.received, [])

    above.get('overlay')?.close()
    await net.settle()
    for (const station of stations) station.take()
    below.take()
    for (const station of stations) station.send('[2,"2","Heartbeat",{}]')
    below.send('[2,"CSMS",["CS05","LC01"],"2","Heartbeat",{}]')
    await net.settle()
    const told = stations.map((station) => station.take()[0])
    assert.deepEqual(told.map((frame) => [frame?.[2], (frame?.[4] as { reason?: string } | undefined)?.reason]), [['GenericError', 'network'], ['GenericError', 'network']]) // biome-ignore format: one line
    assert.equal(below.take()[0]?.[4], 'NetworkError')
    assert.deepEqual(above.get('standard')?.received, [])

    void node.callRaw('CSMS', 'Heartbeat', Buffer.from('{}')).catch(() => {})
    await net.settle()
    assert.match(above.get('standard')?.received[0] ?? '', /"Heartbeat"/, 'what it says itself')
  })
}

test('what a node says itself goes over the next of its standard uplinks when the first is lost', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01')
  const form = { form: 'standard', protocol: 'ocpp1.6' } as const
  const [first, second] = [net.upstream('A', 'NN01', form), net.upstream('B', 'NN01', form)]
  await net.settle()
  const say = async () => {
    void node.callRaw('CSMS', 'Heartbeat', Buffer.from('{}')).catch(() => {})
    await net.settle()
    return [first.take().length, second.take().length]
  }
  assert.deepEqual(await say(), [1, 0])
  first.close()
  await net.settle()
  assert.deepEqual(await say(), [0, 1])
})

// ---- Uplinks come and go, stations stay

for (const protocol of ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'] as const) {
  test(`an overlay uplink that is lost and comes back does not reach a station of ${protocol}: it stays open, is asked for nothing and need not boot again`, async (t) => {
    const net = overlay(t)
    await net.node('NN01')
    const first = net.upstream('CSMS01', 'NN01')
    const station = net.station('CS01', 'NN01', protocol)
    await net.settle()
    const ask = async (above: RawPeer, name: string) => {
      station.send(`[2,"${name}","Heartbeat",{}]`)
      await net.settle()
      const call = above.take().find((frame) => frame[0] === 2)
      above.send(`[3,"CS01",["CSMS01"],"${call?.[3]}",{"n":"${name}"}]`)
      await net.settle()
      return station.take()
    }
    assert.deepEqual(await ask(first, 'a'), [[3, 'a', { n: 'a' }]])

    first.close()
    await net.wait(120)
    assert.equal(station.closed, undefined)
    assert.deepEqual(station.take(), [], 'it hears nothing of it')

    const second = net.upstream('CSMS01', 'NN01')
    await net.settle()
    assert.equal(station.closed, undefined)
    assert.deepEqual(station.take(), [])
    assert.deepEqual(second.take().map((frame) => frame[4]), ['NotifyNetworkTopology'], 'it is announced anew, without a boot') // biome-ignore format: one line
    assert.deepEqual(await ask(second, 'b'), [[3, 'b', { n: 'b' }]])
  })
}
