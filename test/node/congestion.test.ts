import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Link } from '../../src/transport/link.ts'
import { overlay, type RawPeer } from '../support/memory-overlay.ts'
import { until } from '../support/until.ts'

/** Links that are behind: what goes first, what is refused, and that nobody stops being read. */

/** A node whose uplink takes nothing while it is blocked. */
async function behind(t: TestContext) {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  await net.settle()
  const { link } = net.neighbour('NN01', 'CSMS01') as unknown as {
    link: Link & { queuedBytes: number }
  }
  const block = (isBlocked: boolean) =>
    Object.defineProperty(link, 'queuedBytes', {
      value: isBlocked ? 2 ** 20 : 0,
      configurable: true,
    })
  const release = async () => {
    block(false)
    net.neighbour('NN01', 'CSMS01').drained()
    await net.settle()
  }
  return { net, above, block, release }
}

const actions = (peer: RawPeer) => peer.take().map((frame) => String(frame[4]))

test('on a link that is behind a command overtakes telemetry, and nothing is lost', async (t) => {
  const { net, above, block, release } = await behind(t)
  const below = net.peer('LC01', 'NN01')
  await net.settle()
  block(true)
  for (let i = 0; i < 5; i++) below.send(`[2,"CSMS",["CS0${i}","LC01"],"${i}","Heartbeat",{}]`)
  below.send('[2,"CSMS",["EMS","LC01"],"x","SetChargingProfile",{}]')
  await net.settle()
  assert.deepEqual(above.take(), [])
  assert.equal(net.neighbour('NN01', 'CSMS01').held?.count, 6)
  await release()
  assert.deepEqual(actions(above), ['SetChargingProfile', ...Array<string>(5).fill('Heartbeat')])
})

test('an announcement that a station makes up is not urgent, one of the node is', async (t) => {
  const { net, above, block, release } = await behind(t)
  const below = net.peer('LC01', 'NN01')
  await net.settle()
  block(true)
  below.send('[2,"CSMS",["CS01","LC01"],"1","StartTransaction",{}]')
  below.send('[6,"CSMS",["LIAR","LC01"],"2","NotifyNetworkTopology",{}]')
  net.station('CS09', 'NN01')
  await net.settle()
  await release()
  const heard = above.take()
  assert.deepEqual(heard.map((frame) => [frame[0], (frame[2] as string[])[0]]), [[6, 'NN01'], [2, 'CS01'], [6, 'LIAR']]) // biome-ignore format: one line
})

test('what waits has copies of its own: a later frame does not write over it', async (t) => {
  const { net, above, block, release } = await behind(t)
  const below = net.peer('LC01', 'NN01')
  await net.settle()
  block(true)
  for (let i = 0; i < 50; i++) below.send(`[2,"CSMS",["CS01","LC01"],"${i}","X",{"n":${i}}]`)
  await net.settle()
  await release()
  assert.deepEqual(above.take().map((frame) => (frame[5] as { n: number }).n), Array.from({ length: 50 }, (_, i) => i)) // biome-ignore format: one line
})

test('a CALL that does not fit is answered Congested with a time, answers still pass, and the link is read on', async (t) => {
  const { net, above, block, release } = await behind(t)
  const below = net.peer('LC01', 'NN01')
  await net.settle()
  block(true)
  const big = 'x'.repeat(200_000)
  for (let i = 0; i < 100; i++) below.send(`[2,"CSMS",["LC01"],"${i}","X",{"a":"${big}"}]`)
  await net.settle()
  const refused = below.take()
  assert.ok(refused.length > 10 && refused.length < 60, `${refused.length}`)
  const [first] = refused
  assert.deepEqual([first?.[0], first?.[4]], [4, 'Congested'])
  assert.ok(Number((first?.[6] as { retryAfterMs?: number } | undefined)?.retryAfterMs) >= 100)
  assert.equal(net.open('NN01'), 100 - refused.length, 'what was refused is not open')

  above.send('[2,"LC01",["CSMS01"],"q","ClearCache",{}]')
  await net.settle()
  assert.equal(below.take()[0]?.[4], 'ClearCache')
  below.send(`[3,"CSMS01",["LC01"],"q",{"status":"Accepted"}]`)
  await net.settle()
  await release()
  assert.equal(above.take()[0]?.[0], 3, 'the answer of a command goes before what waits')
})

test('a CALL that waited for its link until its deadline is answered Timeout and never sent', async (t) => {
  const { net, above, block, release } = await behind(t)
  const below = net.peer('LC01', 'NN01')
  await net.settle()
  block(true)
  below.send('[2,"CSMS",["LC01"],"late","Heartbeat",{}]')
  await net.wait(31)
  assert.deepEqual(below.take().map((frame) => [frame[3], frame[4]]), [['late', 'Timeout']]) // biome-ignore format: one line
  await release()
  assert.deepEqual(above.take(), [])
  assert.equal(net.open('NN01'), 0)
})

test('what still waited when its link was lost was not executed', async (t) => {
  const { net, above, block } = await behind(t)
  const below = net.peer('LC01', 'NN01')
  await net.settle()
  below.send('[2,"CSMS",["LC01"],"sent","Heartbeat",{}]')
  await net.settle()
  block(true)
  below.send('[2,"CSMS",["LC01"],"waits","Heartbeat",{}]')
  await net.settle()
  above.close()
  await net.settle()
  const told = below.take().map((frame) => [frame[3], (frame[6] as { executed: string }).executed])
  assert.deepEqual(told, [['sent', 'unknown'], ['waits', 'no']]) // biome-ignore format: one line
})

// ---- One open CALL towards a station

const profile = (limit: number, evseId = 1) =>
  JSON.stringify({ evseId, chargingProfile: { id: 1, stackLevel: 0, chargingProfilePurpose: 'TxDefaultProfile', chargingProfileKind: 'Absolute', chargingSchedule: [{ id: 1, chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit }] }] } }) // biome-ignore format: one line

async function station(t: TestContext) {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const cs = net.station('CS01', 'NN01', 'ocpp2.0.1')
  await net.settle()
  let n = 0
  const call = (action: string, payload: string) =>
    above.send(`[2,"CS01",["CSMS01"],"${n++}","${action}",${payload}]`)
  /** Answers everything, one after the other; what came in which order. */
  const order = async () => {
    const seen: unknown[][] = []
    for (;;) {
      await net.settle()
      const frames = cs.take()
      if (frames.length === 0) return seen
      for (const frame of frames) {
        seen.push(frame)
        cs.send(`[3,"${frame[1]}",{"status":"Accepted"}]`)
      }
    }
  }
  const limits = (frames: unknown[][]) => frames.map((frame) => {
    const text = JSON.stringify(frame[3])
    return /"limit":(\d+)/.exec(text)?.[1] ?? String(frame[2])
  }) // biome-ignore format: one expression
  return { net, above, call, order, limits }
}

test('a CALL that lowers a limit goes to the head of a station’s queue', async (t) => {
  const { net, call, order, limits } = await station(t)
  call('GetBaseReport', '{}')
  call('GetReport', '{}')
  call('ClearCache', '{}')
  call('SetChargingProfile', profile(10))
  await net.settle()
  assert.deepEqual(limits(await order()), ['GetBaseReport', '10', 'GetReport', 'ClearCache'])
})

test('one that raises it waits its turn, unless a lower one of its EVSE must not wait: then both go first, in their order', async (t) => {
  const { net, call, order, limits } = await station(t)
  call('SetChargingProfile', profile(16))
  await order()
  call('GetBaseReport', '{}')
  call('ClearCache', '{}')
  call('SetChargingProfile', profile(32))
  call('SetChargingProfile', profile(8))
  call('SetChargingProfile', profile(6, 2))
  await net.settle()
  assert.deepEqual(limits(await order()), ['GetBaseReport', '32', '8', '6', 'ClearCache']) // biome-ignore format: one line
})

test('where a hundred wait there is still room for what may lower a limit; others are told when to come again', async (t) => {
  const { net, above, call, order, limits } = await station(t)
  for (let n = 0; n < 105; n++) call('GetReport', '{}')
  call('SetChargingProfile', profile(0))
  call('RequestStopTransaction', '{"transactionId":"T1"}')
  await net.settle()
  const refused = above.take().filter((frame) => frame[0] === 4)
  assert.equal(refused.length, 4)
  for (const frame of refused) {
    assert.equal(frame[4], 'Congested')
    assert.ok(((frame[6] as { retryAfterMs?: number }).retryAfterMs ?? 0) > 0)
  }
  assert.deepEqual(limits((await order()).slice(0, 3)), [
    'GetReport',
    '0',
    'RequestStopTransaction',
  ])
})

test('priority that ends and a signal of the grid do not wait; priority that begins does', async (t) => {
  const { net, call, order, limits } = await station(t)
  for (const action of ['GetBaseReport', 'GetReport', 'ClearCache']) call(action, '{}')
  call('UsePriorityCharging', '{"transactionId":"T1","activate":true}')
  call('UsePriorityCharging', '{"transactionId":"T1","activate":false}')
  call('AFRRSignal', '{"timestamp":"2026-01-01T00:00:00Z","signal":-5}')
  await net.settle()
  // What ends must come behind what began.
  assert.deepEqual(limits(await order()), ['GetBaseReport', 'UsePriorityCharging', 'UsePriorityCharging', 'AFRRSignal', 'GetReport', 'ClearCache']) // biome-ignore format: one line
})

test('stopping a transaction is not kept waiting', async (t) => {
  const { net, call, order, limits } = await station(t)
  for (const action of ['GetBaseReport', 'GetReport', 'ClearCache']) call(action, '{}')
  call('RequestStopTransaction', '{"transactionId":"T1"}')
  await net.settle()
  assert.deepEqual(limits(await order()), ['GetBaseReport', 'RequestStopTransaction', 'GetReport', 'ClearCache']) // biome-ignore format: one line
})

test('a flood of periodic streams on a link that is behind loses its newest, closes nothing and costs no CALL', async (t) => {
  const { net, above, block, release } = await behind(t)
  const below = net.peer('LC01', 'NN01')
  await net.settle()
  block(true)
  const big = 'x'.repeat(200_000)
  for (let i = 0; i < 400; i++) below.send(`[6,"CSMS",["CS01","LC01"],"${i}","NotifyPeriodicEventStream",{"a":"${big}"}]`) // biome-ignore format: one line
  await net.settle()
  assert.equal(above.closed, undefined)
  const { telemetry } = net.neighbour('NN01', 'CSMS01').sendStatistics?.classes ?? {}
  assert.ok((telemetry?.dropped ?? 0) > 300, `${telemetry?.dropped}`)
  await release()
  const heard = above.take()
  assert.ok(heard.length > 10 && heard.every((frame) => frame[4] === 'NotifyPeriodicEventStream'))
})

test('a link with more to say than there is room for is down at once, and whoever waits for an answer is told', async (t) => {
  const { net, above, block } = await behind(t)
  const below = net.peer('LC01', 'NN01')
  await net.settle()
  // As over a network: the peer takes its time to answer a goodbye.
  const { link } = net.neighbour('NN01', 'CSMS01')
  const close = link.close.bind(link)
  link.close = (...how) => void setTimeout(() => close(...how), 50)
  block(true)
  const big = 'x'.repeat(250_000)
  for (let i = 0; i < 4; i++) below.send(`[2,"CSMS",["LC01"],"c${i}","Authorize",{"a":"${big}"}]`)
  for (let i = 0; i < 300; i++)
    below.send(`[6,"CSMS",["CS01","LC01"],"${i}","SomeVendorsOwn",{"a":"${big}"}]`)
  await net.settle()
  const down = net.events.get('NN01')?.find(({ name }) => name === 'link.down')
  assert.deepEqual([down?.name === 'link.down' && down.link, down?.name === 'link.down' && down.reason], ['CSMS01', '1013 too much is waiting']) // biome-ignore format: one line
  await until(() => above.closed !== undefined, 'the goodbye')
  assert.equal(above.closed?.code, 1013)
  const told = below.take().filter((frame) => frame[0] === 4)
  assert.deepEqual(
    told.map((frame) => frame[3]),
    ['c0', 'c1', 'c2', 'c3'],
  )
  assert.ok(told.some((frame) => (frame[6] as { executed?: string }).executed === 'no'))
})

test('a link that waits for the acknowledgement of bulk does not keep the process busy', async (t) => {
  const { net, block } = await behind(t)
  const below = net.peer('LC01', 'NN01')
  await net.settle()
  const { link } = net.neighbour('NN01', 'CSMS01')
  let asked = 0
  Object.defineProperty(link, 'notifyDrained', { value: () => asked++ })
  Object.defineProperty(link, 'ping', { value: () => {} }) // its pongs never come
  block(false)
  const big = 'x'.repeat(100_000)
  for (let i = 0; i < 20; i++)
    below.send(`[2,"CSMS",["LC01"],"${i}","SendLocalList",{"a":"${big}"}]`)
  await net.settle()
  assert.ok((net.neighbour('NN01', 'CSMS01').held?.count ?? 0) > 5, 'the window is full')
  net.neighbour('NN01', 'CSMS01').drained()
  assert.equal(asked, 0, 'only a pong can help')
})
