import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { HandlersByProtocol } from '../../src/node/handlers.ts'
import { DEFAULT_POLICY } from '../../src/security/policies/default-policy.ts'
import { carryUntilIdle, passOn } from '../support/carrying.ts'
import { overlay } from '../support/memory-overlay.ts'
import { securityOf } from '../support/secured.ts'

/** Who could not use an answer says so signed; a middle that may lie carries it. */

type Frame = unknown[]
type Tamper = (frame: Frame) => readonly Frame[]

const tellTime = () => ({ currentTime: '2026-01-01T00:00:00Z' })
const NO_CHANGE: Tamper = (frame) => [frame]

/** CSMS01, the middle LC01 by hand, NN01 and below it the 2.1 station CS01. */
async function site(t: TestContext) {
  const net = overlay(t)
  const roles = { NN01: ['edge'], LC01: ['edge'] }
  const handlers = {
    'ocpp2.1': { Heartbeat: tellTime },
  } as unknown as HandlersByProtocol
  const csms = await net.node('CSMS01', { services: ['CSMS'], hasDefaultRoute: false, handlers, security: securityOf('CSMS01', DEFAULT_POLICY, roles) }) // biome-ignore format: one line
  await net.node('NN01', { security: securityOf('NN01', DEFAULT_POLICY, roles) })
  const [above, below] = [net.peer('LC01', 'CSMS01'), net.upstream('LC01', 'NN01')]
  const station = net.station('CS01', 'NN01', 'ocpp2.1')
  await net.wait(61)
  const announced = below.take().find((frame) => frame[4] === 'NotifyNetworkTopology') ?? []
  const told = JSON.parse(JSON.stringify(announced).replaceAll('NN01', 'LC01')) as Frame
  above.send(JSON.stringify(told.with(1, 'CSMS01').with(2, ['LC01'])))
  await net.settle()
  let tamper = NO_CHANGE
  const carried: Frame[] = []
  const carry = () =>
    carryUntilIdle(net, [above, below], (frame, from) => {
      carried.push(structuredClone(frame))
      for (const one of tamper(frame)) passOn(from === above ? below : above, one)
    })
  const told5 = () =>
    (net.events.get('CSMS01') ?? []).filter(({ name }) => name === 'result.refused')
  /** The station asks, is answered, and cannot use the answer. */
  const stationRefuses = async (id: string) => {
    station.send(`[2,"${id}","Heartbeat",{}]`)
    await carry()
    assert.equal(station.take()[0]?.[0], 3)
    station.send(`[5,"${id}","FormatViolation","no time",{"why":"${id}"}]`)
    await carry()
  }
  /** The station is asked, and the CSMS cannot use its answer. */
  const csmsRefuses = async () => {
    const asked = csms.call('CS01', 'ocpp2.1', 'ClearCache', {}, { timeoutMs: 5_000 })
    const failed = assert.rejects(asked, { code: 'ERR_SCHEMA_PROPERTY' })
    await carry()
    const [, id] = station.take()[0] ?? []
    station.send(`[3,"${id}",{"status":"Perhaps"}]`)
    await carry()
    await failed
    await carry()
    return station.take()
  }
  return { net, carried, told5, stationRefuses, csmsRefuses, tamperWith: (by: Tamper) => (tamper = by) } // biome-ignore format: one line
}

const on5 =
  (change: (frame: Frame) => readonly Frame[]): Tamper =>
  (frame) =>
    frame[0] === 5 ? change(frame) : [frame]

const detailsOf = (frame: Frame | undefined) => frame?.at(-1) as Record<string, unknown>
const unsigned = (frame: Frame) => {
  const { signatures: _, ...details } = detailsOf(frame)
  return frame.with(-1, details)
}

test('a plain station that cannot use an answer: its edge attests that, and the CSMS believes it', async (t) => {
  const { stationRefuses, told5, carried } = await site(t)
  await stationRefuses('a')
  const refusal = carried.find((frame) => frame[0] === 5)
  const [entry] = detailsOf(refusal).signatures as { protected: string }[]
  const header = JSON.parse(Buffer.from(entry?.protected ?? '', 'base64url').toString())
  assert.deepEqual([header.OCPPMessageTypedId, header.OCPPAction, header.from, header.to, header.att?.by], [5, 'Heartbeat', 'CS01', 'CSMS01', 'NN01']) // biome-ignore format: one line
  assert.ok(header.req.nonce, 'it says which CALL it is about')
  const [{ messageId: _, ...said } = { messageId: '' }] = told5() as never as {
    messageId: string
  }[]
  assert.deepEqual(said, { name: 'result.refused', source: 'CS01', errorCode: 'FormatViolation', isSigned: true }) // biome-ignore format: one line
})

for (const [what, change] of [
  ['whose code was changed on the way', (frame) => [frame.with(4, 'PropertyConstraintViolation')]],
  ['whose details were changed on the way', (frame) => [frame.with(-1, { ...detailsOf(frame), why: 'other' })]],
  ['that was stripped on the way', (frame) => [unsigned(frame)]],
] as const satisfies readonly (readonly [string, (frame: Frame) => readonly Frame[]])[]) {
  test(`one ${what} is only the word of a hop`, async (t) => {
    const { net, stationRefuses, told5, tamperWith } = await site(t)
    tamperWith(on5(change))
    await stationRefuses('a')
    assert.deepEqual(told5().map((event) => 'isSigned' in event && event.isSigned), [false])
    const told = net.events.get('CSMS01')?.filter((event) => event.name === 'error.unsigned') ?? []
    assert.deepEqual(told.map(({ errorCode: _, ...event }) => event), [
      { name: 'error.unsigned', link: 'LC01', source: 'CS01', action: 'Heartbeat', kind: 'CALLRESULTERROR' },
    ])
  })
} // biome-ignore format: a table

test('one that was signed about another answer is not believed of this one', async (t) => {
  const { stationRefuses, told5, tamperWith } = await site(t)
  let first: Frame | undefined
  tamperWith(
    on5((frame) => {
      first ??= frame
      return first === frame ? [] : [frame.with(4, first[4]).with(5, first[5]).with(6, first[6])]
    }),
  )
  await stationRefuses('a')
  assert.deepEqual(told5(), [], 'the first one was kept back')
  await stationRefuses('b')
  assert.deepEqual(told5().map((event) => 'isSigned' in event && event.isSigned), [false]) // biome-ignore format: one line
})

test('what a node cannot use of an answer it says signed, and a plain station is told without signatures', async (t) => {
  const { csmsRefuses, carried } = await site(t)
  const heard = await csmsRefuses()
  const refusal = carried.find((frame) => frame[0] === 5)
  const [entry] = detailsOf(refusal).signatures as { protected: string }[]
  const header = JSON.parse(Buffer.from(entry?.protected ?? '', 'base64url').toString())
  assert.deepEqual([header.OCPPMessageTypedId, header.OCPPAction, header.from, header.to], [5, 'ClearCache', 'CSMS01', 'CS01']) // biome-ignore format: one line
  assert.deepEqual(heard.map(([type]) => type), [5]) // biome-ignore format: one line
  assert.equal(detailsOf(heard[0]).signatures, undefined)
})
