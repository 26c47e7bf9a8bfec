import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { MessageId, NodeId } from '../../src/primitives/ids.ts'
import { decodeBinary, encodeBinary } from '../../src/wire/binary.ts'
import { PROPERTY } from '../seed.ts'
import { MemoryOverlay, type RawPeer } from '../support/memory-overlay.ts'

/** JSON text as peers may write it: odd spacing, repeated keys, numbers nobody can hold. */
const space = fc.constantFrom('', ' ', '\n', '\t', '\r\n', '  ')
const text = fc.string({ unit: 'binary', maxLength: 12 }).map((value) => JSON.stringify(value))
const number = fc.constantFrom(
  '0',
  '-0',
  '1.0',
  '1.00',
  '1e400',
  '-1E-400',
  '9007199254740993',
  '0.1',
)
const { value: json } = fc.letrec<{ value: string; object: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text,
    number,
    fc.constantFrom('true', 'false', 'null', '"\\ud800"', '"\\u005d}"', '"]\\\\"', '{}', '[]'),
    tie('object'),
    fc
      .tuple(fc.array(tie('value'), { maxLength: 3 }), space)
      .map(([items, gap]) => `[${gap}${items.join(`,${gap}`)}${gap}]`),
  ),
  object: fc
    .tuple(
      fc.array(fc.tuple(fc.oneof(text, fc.constantFrom('"a"', '"__proto__"')), tie('value'), space), { maxLength: 4 }), // biome-ignore format: one line
      space,
    )
    .map(([members, gap]) => {
      const inside = members.map(([key, value, pad]) => `${key}${pad}:${pad}${value}`)
      return `{${gap}${inside.join(`${gap},`)}${gap}}`
    }),
}))
const payload = fc.tuple(json, space, space).map(([value, before, after]) => `{${before}"v":${value}${after}}`) // biome-ignore format: one line

const bytes = fc.uint8Array({ maxLength: 300 })

/** A chain of nodes between two raw peers; links = nodes + 1. */
async function chain(links: number) {
  const net = new MemoryOverlay()
  const names = Array.from({ length: links - 1 }, (_, i) => `N${i + 1}`)
  for (const name of names) await net.node(name)
  for (let i = 0; i + 1 < names.length; i++) net.connect(`N${i + 1}`, `N${i + 2}`)
  const below = net.peer('CS01', names[0] ?? '')
  const above = net.upstream('CSMS01', names.at(-1) ?? '')
  return { net, names, below, above }
}

/** The bytes of the last element, by what must stand before it. */
function payloadOf(peer: RawPeer, head: string): string {
  const received = peer.received.pop() ?? ''
  assert.ok(received.startsWith(head), `${received.slice(0, 400)} starts with ${head}`)
  return received.slice(head.length, -1)
}

for (const hops of [2, 3, 32]) {
  test(`payload bytes are the same after ${hops} links, there and back`, async () => {
    const { net, names, below, above } = await chain(hops)
    const runs = hops === 32 ? Math.min(PROPERTY.numRuns, 40) : PROPERTY.numRuns
    let count = 0
    const property = fc.asyncProperty(payload, payload, payload, async (asked, told, failed) => {
      const id = `id${count++}`
      const settle = () => settleAll(net, hops)
      const up = JSON.stringify(['CS01', ...names])
      const down = JSON.stringify(['CSMS01', ...names.toReversed()])

      below.send(`[2,"CSMS",["CS01"],"${id}","X",${asked}]`)
      await settle()
      assert.equal(payloadOf(above, `[2,"CSMS",${up},"${id}","X",`), asked)
      above.send(`[3,"CS01",["CSMS01"],"${id}",${told}]`)
      await settle()
      assert.equal(payloadOf(below, `[3,"CS01",${down},"${id}",`), told)

      below.send(`[2,"CSMS",["CS01"],"${id}e","X",${asked}]`)
      below.send(`[6,"CSMS",["CS01"],"${id}s","X",${told}]`)
      await settle()
      assert.equal(payloadOf(above, `[6,"CSMS",${up},"${id}s","X",`), told)
      above.received.pop()
      above.send(`[4,"CS01",["CSMS01"],"${id}e","AcmeError","",${failed}]`)
      await settle()
      assert.equal(payloadOf(below, `[4,"CS01",${down},"${id}e","AcmeError","",`), failed)
    })
    await fc.assert(property, { ...PROPERTY, numRuns: runs })
    await net.stop()
  })
}

for (const hops of [2, 3, 32]) {
  test(`binary payload bytes are the same after ${hops} links, there and back`, async () => {
    const { net, names, below, above } = await chain(hops)
    const ids = (list: readonly string[]) => list as [NodeId, ...NodeId[]]
    const common = { errorCode: '', errorDescription: '' }
    let count = 0
    const property = fc.asyncProperty(bytes, bytes, async (asked, told) => {
      const messageId = `id${count++}` as MessageId
      const route = { destination: ids(['CSMS']), networkPath: ids(['CS01']) }
      below.send(
        encodeBinary({ ...common, type: 2, messageId, action: 'X', payload: asked, route }),
      )
      await settleAll(net, hops)
      const arrived = decodeBinary(above.receivedBytes.pop() ?? new Uint8Array())
      assert.deepEqual(Buffer.from(arrived.payload), Buffer.from(asked))
      assert.deepEqual(arrived.route?.networkPath, ['CS01', ...names])
      const back = { destination: ids(['CS01']), networkPath: ids(['CSMS01']) }
      above.send(encodeBinary({ ...common, type: 3, messageId, action: '', payload: told, route: back })) // biome-ignore format: one line
      await settleAll(net, hops)
      const answer = decodeBinary(below.receivedBytes.pop() ?? new Uint8Array())
      assert.deepEqual(Buffer.from(answer.payload), Buffer.from(told))
      assert.deepEqual(answer.route?.networkPath, ['CSMS01', ...names.toReversed()])
    })
    const runs = hops === 32 ? Math.min(PROPERTY.numRuns, 40) : PROPERTY.numRuns
    await fc.assert(property, { ...PROPERTY, numRuns: runs })
    await net.stop()
  })
}

test('payload bytes are the same when there is one link and the asker is the node itself', async () => {
  const net = new MemoryOverlay()
  const node = await net.node('N1')
  const above = net.upstream('CSMS01', 'N1')
  const property = fc.asyncProperty(payload, payload, async (asked, told) => {
    const answer = node.callRaw('CSMS', 'X', Buffer.from(asked))
    await net.settle()
    const id = /"N1"\],"([^"]+)"/.exec(above.received.at(-1) ?? '')?.[1]
    assert.equal(payloadOf(above, `[2,"CSMS",["N1"],"${id}","X",`), asked)
    above.send(`[3,"N1",["CSMS01"],"${id}",${told}]`)
    assert.equal(Buffer.from((await answer).payload).toString(), told)
  })
  await fc.assert(property, PROPERTY)
  await net.stop()
})

test('payload bytes of a station are the same behind standard links on both sides', async () => {
  const net = new MemoryOverlay()
  await net.node('N1')
  const above = net.upstream('CSMS01', 'N1')
  const station = net.station('CS01', 'N1')
  const property = fc.asyncProperty(payload, payload, async (asked, told) => {
    station.send(`[2,"1","X",${asked}]`)
    await net.settle()
    const id = /"N1"\],"([^"]+)"/.exec(above.received.at(-1) ?? '')?.[1]
    assert.equal(payloadOf(above, `[2,"CentralSystem",["CS01","N1"],"${id}","X",`), asked)
    above.send(`[3,"CS01",["CSMS01"],"${id}",${told}]`)
    await net.settle()
    assert.equal(payloadOf(station, '[3,"1",'), told)
  })
  await fc.assert(property, PROPERTY)
  await net.stop()
})

test('with loss and jitter no answer reaches the wrong asker and nothing stays open', async () => {
  const property = fc.asyncProperty(
    fc.record({
      loss: fc.constantFrom(0, 0.1, 0.4),
      jitterMs: fc.constantFrom(0, 50, 20_000),
      calls: fc.array(fc.record({ from: fc.nat(3), up: fc.boolean(), afterMs: fc.nat(2_000) }), {
        minLength: 1,
        maxLength: 25,
      }),
    }),
    async ({ loss, jitterMs, calls }) => {
      const net = new MemoryOverlay()
      const faults = { loss, jitterMs }
      const echo = (id: string) => ({ status: 'Accepted' as const, data: id })
      const DataTransfer = (_: unknown, { source }: { source: string }) => echo(source)
      const csms = await net.node('CSMS', {
        services: ['CentralSystem'],
        hasDefaultRoute: false,
        handlers: { 'ocpp1.6': { DataTransfer } },
      })
      await net.node('NN')
      net.connect('NN', 'CSMS', { faults })
      const wrong: string[] = []
      const stations = ['A', 'B', 'C', 'D'].map((id) => {
        const peer = net.peer(id, 'NN', { form: 'standard', protocol: 'ocpp1.6', faults })
        return { id, peer, asked: new Set<string>(), at: 0 }
      })
      /** Stations answer what they are asked with their name, and check what they are told. */
      const act = () => {
        for (const station of stations) {
          for (const frame of station.peer.take()) {
            if (frame[0] === 2)
              station.peer.send(JSON.stringify([3, frame[1], { status: 'Accepted', data: station.id }])) // biome-ignore format: one line
            else if (frame[0] === 3) {
              const told = (frame[2] as { data: string }).data
              if (told !== station.id || !station.asked.delete(String(frame[1]))) {
                wrong.push(`${station.id} got ${JSON.stringify(frame)}`)
              }
            }
          }
        }
      }
      for (const [n, { from, up, afterMs }] of calls.entries()) {
        const station = stations[from]
        if (!station) continue
        if (up) {
          // All count from 1, so equal ids are open at the same time.
          const id = `${++station.at}`
          station.asked.add(id)
          station.peer.send(`[2,"${id}","DataTransfer",{"vendorId":"v","data":"${n}"}]`)
        } else {
          csms.call(station.id, 'ocpp1.6', 'DataTransfer', { vendorId: 'v' }).then(
            (answer) => answer.data === station.id || wrong.push(`CSMS got ${answer.data}`),
            () => {},
          )
        }
        await net.clock.advance(afterMs)
        act()
      }
      for (let second = 0; second < 60; second++) {
        await net.clock.advance(1_000)
        act()
      }
      // Nobody sends any more; everything that is open ends by itself.
      await net.clock.advance(121_000)
      assert.deepEqual(wrong, [])
      assert.equal(net.open('NN') + net.open('CSMS'), 0)
      await net.stop()
      await net.clock.advance(60_000)
      assert.equal(net.clock.pendingTimers, 0)
    },
  )
  await fc.assert(property, { ...PROPERTY, numRuns: Math.min(PROPERTY.numRuns, 60) })
})

async function settleAll(net: MemoryOverlay, links: number): Promise<void> {
  for (let i = 0; i < links; i += 8) await net.settle()
}
