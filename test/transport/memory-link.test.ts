import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../src/primitives/clock.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { seededRandomness } from '../../src/primitives/randomness.ts'
import type { LinkFacts } from '../../src/transport/link.ts'
import { createMemoryLinks, type Faults, settleLinks } from '../../src/transport/memory-link.ts'
import { SEED } from '../seed.ts'
import { attach, linkCompliance } from './compliance.ts'

const facts = (id: string, way: 'up' | 'down'): LinkFacts => ({
  peerIds: [id as NodeId],
  peer: 'node',
  form: 'overlay',
  protocol: 'ocpp2.1',
  capabilities: new Set(['confirm']),
  way,
  transport: 'plain',
  credential: 'basic',
})

function pair(faults: Faults = {}, clock = new VirtualClock(0)) {
  const options = { clock, random: seededRandomness(SEED), faults }
  return { clock, links: createMemoryLinks(facts('NN01', 'up'), facts('LC01', 'down'), options) }
}

linkCompliance('memory', async () => pair().links)

test('latency delays every message and keeps their order', async () => {
  const { clock, links } = pair({ latencyMs: 100 })
  const at = attach(links[1])
  for (let i = 0; i < 5; i++) links[0].send(Buffer.from(`${i}`), false)

  await clock.advance(99)
  assert.equal(at.messages.length, 0)
  await clock.advance(1)
  assert.deepEqual(at.messages.map((m) => m.text), ['0', '1', '2', '3', '4']) // biome-ignore format: one line
})

test('loss 1 loses everything, loss 0.5 about half, loss 0 nothing', async () => {
  const count = async (loss: number) => {
    const { links } = pair({ loss })
    const at = attach(links[1])
    for (let i = 0; i < 1_000; i++) links[0].send(Buffer.from('x'), false)
    await settleLinks()
    return at.messages.length
  }
  assert.equal(await count(1), 0)
  assert.equal(await count(0), 1_000)
  const half = await count(0.5)
  assert.ok(half > 400 && half < 600, `${half}`)
})

test('with jitter messages overtake each other, and all arrive', async () => {
  const { clock, links } = pair({ latencyMs: 10, jitterMs: 1_000 })
  const at = attach(links[1])
  const sent = Array.from({ length: 50 }, (_, i) => `${i}`)
  for (const text of sent) links[0].send(Buffer.from(text), false)
  await clock.advance(1_010)

  const got = at.messages.map((m) => m.text)
  assert.notDeepEqual(got, sent)
  assert.deepEqual(got.toSorted(), sent.toSorted())
})

test('what is on its way when the link closes does not arrive', async () => {
  const { clock, links } = pair({ latencyMs: 100 })
  const at = attach(links[1])
  attach(links[0])
  links[0].send(Buffer.from('x'), false)
  links[0].close(1000, '')
  await settleLinks()
  await clock.advance(200)

  assert.deepEqual(at.messages, [])
  assert.equal(clock.pendingTimers, 0)
})

test('the sender may use its bytes again', async () => {
  const { links } = pair()
  const at = attach(links[1])
  const bytes = Buffer.from('abc')
  links[0].send(bytes, true)
  bytes.fill(0)
  await settleLinks()
  assert.equal(at.messages[0]?.text, 'abc')
})
