import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { RemoteError } from '../../src/errors.ts'
import type { HandlersByProtocol } from '../../src/node/handlers.ts'
import { DEFAULT_POLICY } from '../../src/security/policies/default-policy.ts'
import { carryUntilIdle, passOn } from '../support/carrying.ts'
import { overlay } from '../support/memory-overlay.ts'
import { reasonsAt, securityOf, signedErrorTo } from '../support/secured.ts'

/** A station that knows no signatures behind a node that does, and a middle that may lie. */

type Frame = unknown[]
type Tamper = (frame: Frame) => Frame | undefined

const START =
  '{"connectorId":1, "idTag":"TAG-1","meterStart":1.0e2,"timestamp":"2026-01-01T00:00:00Z"}'
const ANSWER = { transactionId: 7, idTagInfo: { status: 'Invalid' } }

interface SiteOptions {
  /** Whose key the node at the edge signs with. */
  readonly edge?: string
  /** What that key may do. */
  readonly roles?: readonly string[]
  /** The nodes have started just now. */
  readonly isNew?: boolean
  /** Of the station; whatever is not CS01 has no key and is announced by nobody. */
  readonly id?: string
  readonly isAnnounced?: boolean
}

async function site(
  t: TestContext,
  { edge = 'NN01', roles = ['edge'], isNew = false, id = 'CS01', isAnnounced = id === 'CS01' }: SiteOptions = {}, // biome-ignore format: one line
) {
  const net = overlay(t)
  const started: object[] = []
  const startTransaction = (request: object) => {
    started.push(request)
    return ANSWER
  }
  const heartbeat = () => ({ currentTime: '2026-01-01T00:00:00Z' })
  const handlers = { 'ocpp1.6': { StartTransaction: startTransaction, Heartbeat: heartbeat } } as unknown as HandlersByProtocol // biome-ignore format: one line
  const security = securityOf('CSMS01', DEFAULT_POLICY, { NN01: roles, LC01: ['edge'] })
  const csms = await net.node('CSMS01', { services: ['CSMS', 'CentralSystem'], hasDefaultRoute: false, handlers, security }) // biome-ignore format: one line
  const atEdge = await net.node('NN01', { security: securityOf(edge) })
  const above = net.peer('LC01', 'CSMS01')
  const below = net.upstream('LC01', 'NN01')
  const station = net.station(id, 'NN01')
  await net.wait(isNew ? 0 : 61)
  if (isAnnounced) above.send(announcement)
  await net.settle()
  below.take()
  const wire: Frame[] = []
  let tamper: Tamper = (frame) => frame
  const carry = () =>
    carryUntilIdle(net, [above, below], (frame, from) => {
      wire.push(structuredClone(frame))
      const changed = tamper([...structuredClone(frame)])
      if (changed) passOn(from === above ? below : above, changed)
    })
  const start = async () => {
    station.send(`[2,"1","StartTransaction",${START}]`)
    await carry()
    return (await net.heard(station))[0]
  }
  const command = async (answer = '{"status":"Accepted"}') => {
    const asked = csms.call('CS01', 'ocpp1.6', 'RemoteStopTransaction', { transactionId: 7 }, { timeoutMs: 5_000 }) // biome-ignore format: one line
    const outcome = asked.catch((error: unknown) => error)
    await carry()
    const heard = station.take()
    for (const [, id] of heard) station.send(`[3,"${id}",${answer}]`)
    await carry()
    await net.wait(6)
    return { heard, outcome: await outcome }
  }
  return { net, csms, atEdge, started, below, station, wire, start, command, carry, tamperWith: (by: Tamper) => (tamper = by) } // biome-ignore format: one line
}

const announcement = JSON.stringify([6, 'CSMS01', ['LC01'], 'up', 'NotifyNetworkTopology', {
  networkTopologyInformation: {
    routingNode: 'LC01',
    routes: [{ destinationId: 'CS01', uplink: { distance: 2 }, customData: { vendorId: 'wattweave', protocol: 'ocpp1.6', form: 'standard', state: 'up' } }],
    notBefore: '2026-01-01T00:00:00Z',
  },
}]) // biome-ignore format: one frame

const PLACE = new Map([[2, 5], [3, 4]]) // biome-ignore format: one line
const changed =
  (type: 2 | 3, change: (payload: Record<string, unknown>) => object): Tamper =>
  (frame) =>
    frame[0] === type ? frame.with(PLACE.get(type) ?? 0, change(frame[PLACE.get(type) ?? 0] as Record<string, unknown>)) : frame // biome-ignore format: one line
const without = ({ signatures: _, ...rest }: Record<string, unknown>) => rest

test('what a plain station says is attested at the edge and obeyed; its answer comes without signatures', async (t) => {
  const { started, start, wire } = await site(t)
  assert.deepEqual(await start(), [3, '1', ANSWER])
  assert.deepEqual(started, [JSON.parse(START)])
  const [call = [], result = []] = wire
  const [attested] = (call[5] as { signatures: { protected: string }[] }).signatures
  const header = JSON.parse(Buffer.from(attested?.protected ?? '', 'base64url').toString())
  assert.deepEqual([header.from, header.to, header.att], ['CS01', 'CentralSystem', { by: 'NN01', prev: 'CS01', link: 'basic', verified: [] }]) // biome-ignore format: one line
  assert.ok((result[4] as { signatures: object[] }).signatures)
})

test('a command reaches a plain station byte for byte without signatures, and its attested answer is believed', async (t) => {
  const { command, station } = await site(t)
  const { heard, outcome } = await command()
  assert.deepEqual(outcome, { status: 'Accepted' })
  assert.deepEqual(heard.map(([, , action, payload]) => [action, payload]), [['RemoteStopTransaction', { transactionId: 7 }]]) // biome-ignore format: one line
  assert.doesNotMatch(station.received.join(), /signatures/)
})

for (const [what, tamper, reason] of [
  ['changed', changed(2, (payload) => ({ ...payload, meterStart: 0 })), 'signature-invalid'],
  ['stripped of what the edge has seen', changed(2, without), 'unsigned'],
] as const) {
  // biome-ignore format: a table
  test(`what a plain station says has no effect when it is ${what} on the way: ${reason}`, async (t) => {
    const { net, started, start, tamperWith } = await site(t)
    tamperWith(tamper)
    const answer = await start()
    assert.deepEqual([answer?.[0], answer?.[2]], [4, 'SecurityError'])
    assert.deepEqual(started, [])
    assert.deepEqual(reasonsAt(net, 'CSMS01'), [reason])
  })
}

for (const [who, options] of [
  ['whose key does not hold the role edge', { roles: ['operations'] }],
  ['that signs with the key of another node', { edge: 'LC01' }],
] as const) {
  // biome-ignore format: a table
  test(`a node ${who} vouches for nobody`, async (t) => {
    const { net, started, start } = await site(t, options)
    await start()
    assert.deepEqual(started, [])
    assert.deepEqual(reasonsAt(net, 'CSMS01'), ['not-attested'])
  })
}

for (const [what, tamper, reason] of [
  ['changed', changed(2, (payload) => ({ ...payload, transactionId: 8 })), 'signature-invalid'],
  ['stripped', changed(2, without), 'unsigned'],
] as const) {
  // biome-ignore format: a table
  test(`a command that was ${what} on the way does not reach a plain station: ${reason}`, async (t) => {
    const { net, command, tamperWith } = await site(t)
    tamperWith(tamper)
    const { heard } = await command()
    assert.deepEqual(heard, [])
    assert.deepEqual(reasonsAt(net, 'NN01'), [reason])
  })
}

test('a command that the middle invents does not reach a plain station', async (t) => {
  const { net, below, station } = await site(t)
  below.send('[2,"CS01",["CSMS01","LC01"],"x","RemoteStopTransaction",{"transactionId":7}]')
  await net.settle()
  assert.deepEqual(station.take(), [])
  assert.deepEqual(reasonsAt(net, 'NN01'), ['unsigned'])
})

test('a command that the middle tells again reaches the station once, and is answered the same', async (t) => {
  const { net, command, wire, below, station } = await site(t)
  await command()
  const [call, result] = wire
  assert.ok(call && result)
  below.send(JSON.stringify(call.with(2, ['CSMS01', 'LC01']).with(3, 'again')))
  await net.settle()
  assert.deepEqual(station.take(), [])
  const [told] = below.take()
  assert.deepEqual([told?.[0], told?.[3], told?.[4]], [3, 'again', result[4]])
})

test('an answer of the CSMS that was changed on the way does not reach the station: it gets an error', async (t) => {
  const { net, start, tamperWith } = await site(t)
  tamperWith(changed(3, (payload) => ({ ...payload, idTagInfo: { status: 'Accepted' } })))
  const answer = await start()
  assert.deepEqual([answer?.[0], answer?.[2]], [4, 'SecurityError'])
  assert.deepEqual(reasonsAt(net, 'NN01'), ['signature-invalid'])
})

test('an answer of a station that was changed on the way is not believed', async (t) => {
  const { command, tamperWith } = await site(t)
  tamperWith(changed(3, (payload) => ({ ...payload, status: 'Accepted' })))
  const { heard, outcome } = await command('{"status":"Rejected"}')
  assert.equal(heard.length, 1)
  assert.equal((outcome as { details?: { reason?: string } }).details?.reason, 'signature-invalid')
})

test('a CSMS that has just started challenges the edge, and the station notices nothing of it', async (t) => {
  const { atEdge, station, carry, wire } = await site(t, { isNew: true })
  station.send('[2,"1","Heartbeat",{}]')
  await carry()
  assert.deepEqual(station.take(), [[3, '1', { currentTime: '2026-01-01T00:00:00Z' }]])
  assert.deepEqual(
    wire.map(([type]) => type),
    [2, 4, 2, 3],
  )
  // What is asked again is in the log of the node that asks, so that no answer there is to nothing.
  const logged = atEdge.frameLog.after(0, 100).map(({ direction, bytes }) => [direction, Number(Buffer.from(bytes).toString()[1])]) // biome-ignore format: one line
  assert.deepEqual(logged.slice(-4), [['received', 2], ['received', 4], ['sent', 2], ['received', 3]]) // biome-ignore format: one line
})

test('who has heard of no station goes by the edge that vouches for it, but not for the name of a node', async (t) => {
  const { start } = await site(t, { id: 'CS09' })
  assert.deepEqual(await start(), [3, '1', ANSWER])

  for (const untrue of [
    { id: 'CS09', roles: [] },
    { id: 'CS01', isAnnounced: false },
  ]) {
    const { start, started } = await site(t, untrue)
    assert.equal((await start())?.[0], 4, JSON.stringify(untrue))
    assert.deepEqual(started, [])
  }
})

test('an error that the middle makes up is not told a plain station, which hears the signed answer after it', async (t) => {
  const { net, started, start, below, tamperWith } = await site(t)
  tamperWith((frame) => {
    if (frame[0] === 3)
      passOn(below, [4, frame[1], frame[2], frame[3], 'InternalError', 'it burns', {}])
    return frame
  })
  assert.deepEqual(await start(), [3, '1', ANSWER])
  assert.equal(started.length, 1)
  assert.equal(net.events.get('NN01')?.filter(({ name }) => name === 'error.unsigned').length, 1)

  tamperWith((frame) => frame[0] === 3 ? [4, frame[1], frame[2], frame[3], 'InternalError', 'it burns', {}] : frame) // biome-ignore format: one line
  const answer = await start()
  assert.deepEqual([answer?.[0], answer?.[2]], [4, 'SecurityError'])
  assert.doesNotMatch(JSON.stringify(answer), /burns/)
})

test('an answer that cannot be read, and one whose path is too long, are not the end of what a plain station asked', async (t) => {
  for (const spoil of [
    (frame: Frame) => frame.with(4, 17),
    (frame: Frame) =>
      frame.with(
        2,
        Array.from({ length: 31 }, (_, i) => `N${i}`),
      ),
  ]) {
    const { net, start, below, tamperWith } = await site(t)
    tamperWith((frame) => {
      if (frame[0] === 3) passOn(below, spoil(frame))
      return frame
    })
    assert.deepEqual(await start(), [3, '1', ANSWER])
    const refused = Object.values(net.refusals('NN01')).reduce((sum, one) => sum + one, 0)
    assert.equal(refused, 1)
  }
})

test('a result that the middle makes up is not told a plain station, which hears the signed one after it', async (t) => {
  const { net, start, below, tamperWith } = await site(t)
  tamperWith((frame) => {
    if (frame[0] === 3) passOn(below, frame.with(4, { transactionId: 666, idTagInfo: { status: 'Accepted' } })) // biome-ignore format: one line
    return frame
  })
  assert.deepEqual(await start(), [3, '1', ANSWER])
  assert.deepEqual(reasonsAt(net, 'NN01'), ['unsigned'])
})

test('of a plain station that is gone before it answers its edge tells that at once, signed', async (t) => {
  const { net, csms, station, carry } = await site(t)
  const asked = csms.call('CS01', 'ocpp1.6', 'RemoteStopTransaction', { transactionId: 7 }, { timeoutMs: 30_000 }) // biome-ignore format: one line
  const outcome = asked.catch((error: unknown) => error)
  await carry()
  assert.equal(station.take().length, 1)
  station.close()
  await carry()
  const error = await net.over(outcome)
  assert.ok(error instanceof RemoteError)
  assert.equal(error.isSigned, true)
})

test('of a plain station that does not answer its edge tells that in the end, signed', async (t) => {
  const { net, csms, carry } = await site(t)
  const asked = csms.call('CS01', 'ocpp1.6', 'RemoteStopTransaction', { transactionId: 7 }, { timeoutMs: 60_000 }) // biome-ignore format: one line
  const outcome = asked.catch((error: unknown) => error)
  await carry()
  await net.wait(32)
  await carry()
  const error = await net.over(outcome)
  assert.ok(error instanceof RemoteError)
  assert.equal(error.isSigned, true)
})

test('a challenge that anybody could have written has nothing signed: what a station said once takes effect once', async (t) => {
  const { started, start, wire, tamperWith } = await site(t)
  const error = { reason: 'challenge', challenge: Buffer.alloc(16).toString('base64url') }
  tamperWith((frame) => (frame[0] === 3 ? [4, frame[1], frame[2], frame[3], 'SecurityError', 'sign', error] : frame)) // biome-ignore format: one line
  const answer = await start()
  assert.deepEqual([answer?.[0], answer?.[2]], [4, 'SecurityError'])
  assert.deepEqual([wire.filter(([type]) => type === 2).length, started.length], [1, 1])
})

test('an edge that has just started challenges in the name of its station, and the command is signed anew for it', async (t) => {
  const { command, wire } = await site(t, { isNew: true })
  const { heard, outcome } = await command()
  assert.deepEqual([heard.length, outcome], [1, { status: 'Accepted' }])
  const [challenge = []] = wire.filter(([type]) => type === 4)
  assert.deepEqual([challenge[2], (challenge[6] as { reason?: string }).reason], [['CS01', 'NN01'], 'challenge']) // biome-ignore format: one line
})

test('whoever was asked challenges once: a second one is told the station', async (t) => {
  const { start, wire, tamperWith } = await site(t)
  const challenge = { reason: 'challenge', challenge: Buffer.alloc(16).toString('base64url') }
  const asked = new Map<unknown, Frame>()
  tamperWith((frame) => {
    if (frame[0] === 2) asked.set(frame[3], frame)
    const call = asked.get(frame[3])
    return frame[0] === 3 && call ? signedErrorTo(call, 'CSMS01', challenge) : frame
  })
  const answer = await start()
  assert.deepEqual([answer?.[0], answer?.[2]], [4, 'SecurityError'])
  assert.equal(wire.filter(([type]) => type === 2).length, 2)
})
