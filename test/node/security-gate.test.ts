import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { RemoteError } from '../../src/errors.ts'
import type { HandlersByProtocol } from '../../src/node/handlers.ts'
import { INSECURE_POLICY } from '../../src/security/policies/default-policy.ts'
import type { SignaturePolicyDocument } from '../../src/security/policies/policy-document.ts'
import { carryUntilIdle, passOn } from '../support/carrying.ts'
import { overlay, type RawPeer } from '../support/memory-overlay.ts'
import { reasonsAt, securityOf, signedErrorTo } from '../support/secured.ts'

/** A CSMS and a native station, and between them a node that belongs to somebody else. */

type Frame = unknown[]
/** What the middle makes of a frame; undefined: it keeps it. */
type Tamper = (frame: Frame) => Frame | undefined

const PAYLOAD = 5
const ask = { setVariableData: [{ component: { name: 'OCPPCommCtrlr' }, variable: { name: 'HeartbeatInterval' }, attributeValue: '60' }] } // biome-ignore format: one line

interface SiteOptions {
  readonly stationPolicy?: SignaturePolicyDocument
  /** Its nodes have started just now. */
  readonly isNew?: boolean
}

async function site(t: TestContext, options: SiteOptions = {}) {
  const net = overlay(t)
  const applied: unknown[] = []
  const setVariables = (request: typeof ask) => {
    applied.push(request)
    const setVariableResult = request.setVariableData.map(({ component, variable }) => ({ component, variable, attributeStatus: 'Accepted' })) // biome-ignore format: one line
    return { setVariableResult }
  }
  const streamed = (request: object) => void applied.push(request)
  const handlers = { 'ocpp2.1': { SetVariables: setVariables, NotifyPeriodicEventStream: streamed } } as unknown as HandlersByProtocol // biome-ignore format: one line
  const station = (id: string) => net.node(id, { handlers, security: securityOf(id, options.stationPolicy) }) // biome-ignore format: one line
  const native = await station('CS01')
  await station('CS02')
  const csms = await net.node('CSMS01', { services: ['CSMS'], hasDefaultRoute: false, security: securityOf('CSMS01') }) // biome-ignore format: one line
  const above = net.peer('LC01', 'CSMS01')
  const below = new Map(['CS01', 'CS02'].map((id) => [id, net.upstream('LC01', id)]))
  const wire: Frame[] = []
  let tamper: Tamper = (frame) => frame
  /** Carries frames on as a node does, as long as there are any. */
  const carry = () =>
    carryUntilIdle(net, [above, ...below.values()], (frame) => {
      wire.push(structuredClone(frame))
      const changed = tamper([...structuredClone(frame)])
      if (changed) onward(changed)
    })
  const onward = (frame: Frame) => passOn(below.get(frame[1] as string) ?? above, frame)
  // The middle is where everybody is.
  for (const id of ['CS01', 'CS02'])
    above.send(`[2,"CSMS01",["${id}","LC01"],"hello-${id}","X",{}]`)
  await net.wait(options.isNew ? 0 : 61)
  for (const peer of [above, ...below.values()]) peer.take()
  const call = async (to = 'CS01') => {
    const asked = csms.call(to, 'ocpp2.1', 'SetVariables', ask, { timeoutMs: 5_000 })
    const outcome = asked.then((answer) => ({ answer }), (error: unknown) => ({ error })) // biome-ignore format: one line
    await carry()
    await net.wait(6)
    return (await outcome) as { answer?: object; error?: Error }
  }
  const reasons = (id: string) => reasonsAt(net, id)
  return { net, applied, csms, native, above, below, wire, carry, onward, call, reasons, tamperWith: (by: Tamper) => (tamper = by) } // biome-ignore format: one line
}

const isCall = ([type]: Frame) => type === 2
const isResult = ([type]: Frame) => type === 3
/** The payload changed, where a frame is one of these. */
const changed =
  (
    which: (frame: Frame) => boolean,
    change: (payload: Record<string, unknown>) => object,
  ): Tamper =>
  (frame) => {
    if (!which(frame)) return frame
    const at = isCall(frame) ? PAYLOAD : PAYLOAD - 1
    return frame.with(at, change(frame[at] as Record<string, unknown>))
  }
const without = ({ signatures: _, ...rest }: Record<string, unknown>) => rest
const send = (peer: RawPeer | undefined, frame: Frame) => peer?.send(JSON.stringify(frame))

test('a command that is signed by who may give it takes effect, and its signed answer is believed', async (t) => {
  const { applied, call, wire } = await site(t)
  const { answer } = await call()
  assert.equal((answer as { setVariableResult: { attributeStatus: string }[] }).setVariableResult[0]?.attributeStatus, 'Accepted') // biome-ignore format: one line
  assert.deepEqual(applied, [ask], 'the handler sees no signatures')
  assert.deepEqual(
    wire.map((frame) => frame[0]),
    [2, 3],
  )
  for (const frame of wire) assert.match(JSON.stringify(frame), /"signatures":\[\{"keyId"/)
})

test('the log keeps what was found of each frame: who signed it, how sure that is, and by which rule', async (t) => {
  const { call, csms, native, tamperWith } = await site(t)
  const judgedAt = ({ frameLog }: typeof csms) =>
    frameLog.after(0, 1_000).flatMap(({ direction, verdict }) => {
      if (!verdict) return []
      const { outcome, reason, assurance, signers, rule } = verdict
      return [{ direction, outcome, reason, assurance, signers: signers.map(({ owner, as }) => [owner, as]), list: rule?.list }] // biome-ignore format: one line
    })
  const obeyed = { direction: 'received', outcome: 'accept', reason: undefined, assurance: 'e2e', list: 'in' } // biome-ignore format: one line

  await call()
  assert.deepEqual(judgedAt(native), [{ ...obeyed, signers: [['CSMS01', 'originator']] }])
  assert.deepEqual(judgedAt(csms), [{ ...obeyed, signers: [['CS01', 'originator']] }], 'its answer')

  tamperWith(changed(isCall, without))
  await call()
  const refused = { direction: 'received', outcome: 'reject', reason: 'unsigned', assurance: 'none', signers: [], list: 'in' } // biome-ignore format: one line
  assert.deepEqual(judgedAt(native).at(-1), refused)
  const [last] = native.frameLog.after(0, 1_000).filter(({ errorCode }) => errorCode !== undefined)
  assert.equal(last?.verdict?.reason, 'unsigned')
})

test('of an originator that signs wrongly all the time only some messages are looked at, and nobody else is concerned', async (t) => {
  const { applied, call, wire, onward, net, reasons } = await site(t)
  await call()
  const [right] = wire
  assert.ok(right)
  const spoiled = changed(isCall, (payload) => ({ ...payload, customData: { vendorId: 'x' } }))
  const wrong = spoiled([...structuredClone(right)]) ?? []
  for (let n = 0; n < 1_050; n++) onward(wrong.with(3, `x${n}`))
  await net.settle()
  const counts = { wrong: 0, unread: 0 }
  for (const reason of reasons('CS01')) {
    if (reason === 'signature-invalid') counts.wrong++
    if (reason === 'too-many-wrong') counts.unread++
  }
  assert.deepEqual(counts, { wrong: 1_000, unread: 50 })

  onward(['GUEST'].reduce((frame, id) => frame.with(2, [id]), [...structuredClone(right)]).with(3, 'other')) // biome-ignore format: one line
  await net.settle()
  assert.equal(reasons('CS01').at(-1), 'not-this-message', 'it is looked at')
  await net.wait(3)
  assert.ok((await call()).answer, 'and so is the first one again')
  assert.equal(applied.length, 2)
})

/** Each attack by the middle, on a command on its way; with the reason it is refused with. */
const ATTACKS: readonly (readonly [string, Tamper, string])[] = [
  ['changes a value', changed(isCall, (payload) => ({ ...payload, setVariableData: [{ ...ask.setVariableData[0], attributeValue: '86400' }] })), 'signature-invalid'],
  ['takes the signatures away', changed(isCall, without), 'unsigned'],
  ['adds a member', changed(isCall, (payload) => ({ ...payload, customData: { vendorId: 'x' } })), 'signature-invalid'],
  ['leads it to another station', (frame) => (isCall(frame) ? frame.with(1, 'CS02') : frame), 'not-this-message'],
  ['writes another originator', (frame) => (isCall(frame) ? frame.with(2, ['GUEST']) : frame), 'not-this-message'],
] // biome-ignore format: a table

for (const [what, tamper, reason] of ATTACKS) {
  test(`a middle that ${what} has no effect, and the reason is ${reason}`, async (t) => {
    const { applied, call, tamperWith, reasons } = await site(t)
    tamperWith(tamper)
    const { error } = await call()
    assert.deepEqual(applied, [])
    assert.deepEqual([...reasons('CS01'), ...reasons('CS02')], [reason])
    // Who was named as originator gets the answer, and the caller none.
    if (error instanceof RemoteError) assert.deepEqual(error.errorDetails, { reason })
    else assert.match(String(error), /no answer before the deadline/)
  })
}

test('who asks for what he may not is told so signed, and who has signed nothing unsigned', async (t) => {
  const { net, wire, call, carry, tamperWith } = await site(t)
  const guest = await net.node('GUEST', { security: securityOf('GUEST') })
  net.connect('GUEST', 'CSMS01')
  await net.settle()
  const asked = guest.call('CS01', 'ocpp2.1', 'SetVariables', ask, { timeoutMs: 5_000 })
  const refused = asked.catch((error: unknown) => error as RemoteError)
  await carry()
  const { errorDetails, isSigned } = (await refused) as RemoteError
  assert.deepEqual([errorDetails, isSigned], [{ reason: 'role' }, true])
  wire.length = 0
  tamperWith(changed(isCall, without))
  const { error } = await call()
  assert.equal((error as RemoteError).isSigned, false)
  assert.doesNotMatch(JSON.stringify(wire.find(([type]) => type === 4)), /signatures/)
})

test('a challenge that a middle has made up has no command signed a second time', async (t) => {
  const { applied, call, wire, tamperWith } = await site(t)
  const challenge = { reason: 'challenge', challenge: Buffer.alloc(16).toString('base64url') }
  tamperWith((frame) => (frame[0] === 3 ? [4, frame[1], frame[2], frame[3], 'SecurityError', '', challenge] : frame)) // biome-ignore format: one line
  const { error } = await call()
  assert.equal((error as RemoteError).isSigned, false)
  assert.deepEqual([applied.length, wire.filter(isCall).length], [1, 1])
})

test('whoever answers each challenge with another one has a command signed twice and no more', async (t) => {
  const { applied, call, wire, tamperWith } = await site(t)
  const challenge = { reason: 'challenge', challenge: Buffer.alloc(16).toString('base64url') }
  const asked = new Map<unknown, unknown[]>()
  tamperWith((frame) => {
    if (isCall(frame)) asked.set(frame[3], frame)
    const command = asked.get(frame[3])
    return !isCall(frame) && command && asked.size < 5
      ? signedErrorTo(command, 'CS01', challenge)
      : frame
  })
  const { error } = await call()
  assert.deepEqual([(error as RemoteError).isSigned, wire.filter(isCall).length], [true, 2])
  assert.equal(applied.length, 1, 'the second one was asked for by nobody here')
})

test('the same bytes take effect where the policy is insecure', async (t) => {
  const { applied, call, tamperWith } = await site(t, { stationPolicy: INSECURE_POLICY })
  tamperWith(changed(isCall, without))
  await call()
  assert.deepEqual(applied, [ask])
})

test('a command that is told again has one effect and the same answer; another id or nonce makes it no new one', async (t) => {
  const { net, applied, call, wire, below } = await site(t)
  await call()
  const [command, answer] = wire
  assert.ok(command && answer)
  const station = below.get('CS01')
  station?.take()
  const again = command.with(2, ['CSMS01', 'LC01']).with(3, 'another-id')
  send(station, again)
  await net.settle()
  const [told] = station?.take() ?? []
  assert.deepEqual([told?.[0], told?.[3], told?.[4]], [3, 'another-id', answer[4]])
  assert.equal(applied.length, 1)
  const repeated = net.events.get('CS01')?.filter(({ name }) => name === 'request.repeated')
  assert.equal(repeated?.length, 1)
})

test('a command that was kept back for a minute is old', async (t) => {
  const { net, applied, csms, carry, wire, below, tamperWith, reasons } = await site(t)
  tamperWith(() => undefined)
  void csms.call('CS01', 'ocpp2.1', 'SetVariables', ask).catch(() => {})
  await carry()
  await net.wait(61)
  send(below.get('CS01'), (wire[0] ?? []).with(2, ['CSMS01', 'LC01']))
  await net.settle()
  assert.deepEqual(applied, [])
  assert.deepEqual(reasons('CS01'), ['expired'])
})

test('whose role does not permit it is refused, though the signature is right', async (t) => {
  const { net, applied, carry, reasons } = await site(t)
  const guest = await net.node('GUEST', { security: securityOf('GUEST') })
  net.connect('GUEST', 'CSMS01')
  await net.settle()
  const asked = guest.call('CS01', 'ocpp2.1', 'SetVariables', ask).catch((error: unknown) => error)
  await carry()
  await carry()
  assert.ok((await asked) instanceof RemoteError)
  assert.deepEqual(applied, [])
  assert.deepEqual(reasons('CS01'), ['role'])
})

for (const [what, tamper, reason] of [
  [
    'changed',
    changed(isResult, (payload) => ({ ...payload, setVariableResult: [] })),
    'signature-invalid',
  ],
  ['stripped of its signatures', changed(isResult, without), 'unsigned'],
] as const) {
  // biome-ignore format: a table
  test(`an answer that was ${what} on the way is not believed: ${reason}`, async (t) => {
    const { call, tamperWith, applied } = await site(t)
    tamperWith(tamper)
    const { error } = await call()
    assert.equal((error as { details?: { reason?: string } }).details?.reason, reason)
    assert.equal(applied.length, 1)
  })
}

test('an answer to another request is not believed, however well it is signed', async (t) => {
  const { call, tamperWith, wire } = await site(t)
  await call()
  const old = wire.find(isResult)
  tamperWith((frame) => (isResult(frame) && old ? frame.with(4, old[4]) : frame))
  const { error } = await call()
  assert.equal((error as { details?: { reason?: string } }).details?.reason, 'not-this-message')
})

test('an error that the station signed is its word; one that the middle made is only the word of a hop', async (t) => {
  const { call, tamperWith, csms, carry } = await site(t)
  const asked = csms.call('CS01', 'ocpp2.1', 'SetVariables', { setVariableData: [] } as never).catch((error: unknown) => error) // biome-ignore format: one line
  await carry()
  const own = await asked
  assert.ok(own instanceof RemoteError)
  assert.match(own.errorCode, /Violation/)
  assert.equal(own.isSigned, true)
  tamperWith((frame) => isCall(frame) ? [4, 'CSMS01', ['CS01'], frame[3], 'InternalError', 'sorry', {}] : frame) // biome-ignore format: one line
  const { error } = await call()
  assert.ok(error instanceof RemoteError)
  assert.equal(error.isSigned, false)
})

const sorry = (call: Frame) => [4, 'CSMS01', ['CS01'], call[3], 'InternalError', 'sorry', {}]

test('an error that the middle makes up ends nothing: the signed answer after it counts, of many errors too', async (t) => {
  const { call, net, onward, tamperWith } = await site(t)
  tamperWith((frame) => {
    if (isResult(frame)) for (let i = 0; i < 20; i++) onward(sorry(frame))
    return frame
  })
  const { answer, error } = await call()
  assert.equal(error, undefined)
  assert.ok(answer)
  const told = net.events.get('CSMS01')?.filter(({ name }) => name === 'error.unsigned') ?? []
  assert.equal(told.length, 20)
  assert.equal(net.open('CSMS01'), 0)
})

test('an error that the middle makes up is told after five seconds in which nobody has signed another answer', async (t) => {
  const { net, csms, carry, tamperWith } = await site(t)
  tamperWith((frame) => (isCall(frame) ? sorry(frame) : frame))
  const outcomes: unknown[] = []
  csms.call('CS01', 'ocpp2.1', 'SetVariables', ask).catch((error: unknown) => outcomes.push(error))
  await carry()
  await net.wait(4)
  assert.equal(outcomes.length, 0)
  await net.wait(2)
  const [outcome] = outcomes
  assert.ok(outcome instanceof RemoteError)
  assert.deepEqual([outcome.errorDescription, outcome.isSigned], ['sorry', false])
  assert.equal(net.open('CSMS01'), 0)
})

test('that nobody here handles what is asked is told signed, and at once', async (t) => {
  const { csms, carry } = await site(t)
  const asked = csms.call('CS01', 'ocpp2.1', 'ClearCache', {}).catch((error: unknown) => error)
  await carry()
  const error = await Promise.race([asked, Promise.resolve().then(() => 'not yet')])
  assert.ok(error instanceof RemoteError, String(error))
  assert.deepEqual([error.errorCode, error.isSigned], ['NotSupported', true])
})

test('a result that the middle makes up ends nothing either: the signed one after it counts', async (t) => {
  const { call, onward, wire, tamperWith } = await site(t)
  tamperWith((frame) => {
    if (isResult(frame))
      for (let i = 0; i < 20; i++) onward(frame.with(4, { setVariableResult: [] }))
    return frame
  })
  const { answer, error } = await call()
  assert.equal(wire.filter(([type]) => type === 5).length, 1, 'the answerer is told once')
  assert.equal(error, undefined)
  assert.notDeepEqual(answer, { setVariableResult: [] })
})

test('another version that only the middle names is not asked in: what was asked is answered', async (t) => {
  const { net, csms, applied, carry, wire, onward, tamperWith } = await site(t)
  const other = { reason: 'not-this-message', protocol: 'ocpp1.6' }
  tamperWith((frame) => {
    if (isResult(frame)) onward([4, 'CSMS01', ['CS01'], frame[3], 'SecurityError', 'no', other])
    return frame
  })
  const asked = csms.callRaw('CS01', 'SetVariables', new TextEncoder().encode(JSON.stringify(ask)))
  await carry()
  assert.equal((await net.over(asked)).type, 3)
  assert.equal(applied.length, 1)
  assert.equal(wire.filter(isCall).length, 1)
})

test('a station that has just started cannot tell what is new: it asks for a challenge, and obeys who signs it', async (t) => {
  const { applied, call, wire } = await site(t, { isNew: true })
  const { answer } = await call()
  assert.ok(answer)
  assert.equal(applied.length, 1)
  assert.deepEqual(
    wire.map(([type]) => type),
    [2, 4, 2, 3],
  )
})

test('a challenge counts once, and for whom it was issued', async (t) => {
  const { net, applied, call, wire, below, reasons } = await site(t, { isNew: true })
  await call()
  const answered = wire[2]
  assert.ok(answered)
  await net.wait(120)
  send(below.get('CS01'), answered.with(2, ['CSMS01', 'LC01']).with(3, 'again'))
  await net.settle()
  assert.equal(applied.length, 1)
  assert.deepEqual(reasons('CS01').at(-1), 'not-challenged')
})

test('a SEND is under the same gate: signed it counts once, unsigned or again never, and nobody is answered', async (t) => {
  const { net, applied, csms, carry, wire, below, reasons } = await site(t)
  const told = { id: 1, pending: 0, basetime: '2026-01-01T00:00:00Z', data: [{ t: 0, v: '1' }] }
  csms.send('CS01', 'NotifyPeriodicEventStream', new TextEncoder().encode(JSON.stringify(told)))
  await carry()
  const station = below.get('CS01')
  const again = (wire[0] ?? []).with(2, ['CSMS01', 'LC01'])
  send(station, again.with(3, 'again'))
  send(station, again.with(3, 'bare').with(PAYLOAD, told))
  await net.settle()
  assert.deepEqual(applied, [told])
  assert.deepEqual(reasons('CS01'), ['replayed', 'unsigned'])
  assert.deepEqual(station?.take(), [])
})
