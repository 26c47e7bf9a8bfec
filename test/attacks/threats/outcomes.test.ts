import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_POLICY } from '../../../src/security/policies/default-policy.ts'
import { metric, until } from '../../end-to-end/processes.ts'
import { callTo, obeyedThenRefused, PAYLOAD, payloadOf, timesDone } from './both-sides.ts'
import { linesOf, refusalAt } from './refusals.ts'
import { captured, command, deliver, type FrameArray, type Side, sidesOf } from './site.ts' // biome-ignore format: one line

/** What a policy does with what fails, and messages that nobody answers; the stations speak 2.1. */

const refused = (action: string, onFailure: 'reject' | 'drop' | 'quarantine') => ({ name: onFailure, match: { actions: [action] }, refuse: true, onFailure }) as const // biome-ignore format: one line

const theSides = sidesOf({
  stationProtocol: 'ocpp2.1',
  policyOfNode: {
    ...DEFAULT_POLICY,
    name: 'outcomes',
    in: [refused('Reset', 'reject'), refused('ClearCache', 'drop'), refused('UnlockConnector', 'quarantine'), ...DEFAULT_POLICY.in], // biome-ignore format: one line
  },
})

const REQUESTS = {
  Reset: { type: 'Immediate' },
  ClearCache: {},
  UnlockConnector: { evseId: 1, connectorId: 1 },
}

// First, because a SEND is not answered: the log alone has its reason, and tells ten in a minute.
const ACTION = 'NotifyPeriodicEventStream'
let streamId = 0

/** A SEND to CS01, as the middle gets it. */
async function signedSend() {
  const sides = await theSides()
  const payload = { id: ++streamId, pending: 0, basetime: '2026-01-01T00:00:00Z', data: [{ t: 0, v: '1' }] } // biome-ignore format: one line
  const fields = { OCPPAction: ACTION, OCPPMessageTypedId: 6, ocpp: 'ocpp2.1', ctx: `urn:wattweave:ocpp2.1:${ACTION}:send`, to: 'CS01' } as const // biome-ignore format: one line
  const signatures = await sides.keys.sign(['CSMS01'], payload, fields)
  const frame = [6, 'CS01', ['CSMS01'], crypto.randomUUID(), ACTION, { ...payload, signatures }]
  const isDone = (side: Side) => side.stations[0].obeyed.some(([, { id }]) => id === payload.id)
  return { sides, frame: frame as FrameArray, payload, isDone }
}

test('T8: a SEND whose signature is bad, and one without any, are not obeyed, and nobody is answered', async () => {
  for (const [what, reason] of [
    ['changed', 'signature-invalid'],
    ['bare', 'unsigned'],
  ] as const) {
    const { sides, frame, payload, isDone } = await signedSend()
    const answers = sides.strict.middle.recorded.length
    const bad = what === 'bare' ? payload : { ...payloadOf(frame), pending: 7 }
    await obeyedThenRefused(sides, { frame: frame.with(PAYLOAD, bad), reason, isDone })
    assert.deepEqual(sides.strict.middle.recorded.slice(answers).map((one) => one.frame.type).filter((type) => type === 4), []) // biome-ignore format: one line
  }
})

test('T8: a good SEND is obeyed, and the same again is a replay: nobody asks for it twice', async () => {
  const { sides, frame, isDone } = await signedSend()
  const { strict } = sides
  deliver(strict, frame)
  await until('the SEND', () => isDone(strict))
  assert.deepEqual(await refusalAt(strict.node, () => deliver(strict, frame)), { code: 'ERR_POLICY_REFUSED', reason: 'replayed' }) // biome-ignore format: one line
})

test('T8: an announcement of routes that the middle makes for others is believed of nobody but the neighbour, whatever the policy', async () => {
  const { strict, open } = await theSides()
  const announcement = (routingNode: string) => ({ networkTopologyInformation: { routingNode, routes: [{ destinationId: 'CS77', uplink: { distance: 1 }, customData: { vendorId: 'wattweave', protocol: 'ocpp1.6', form: 'standard', state: 'up' } }], notBefore: '2026-01-01T00:00:00Z' } }) // biome-ignore format: one line
  for (const side of [strict, open]) {
    for (const [path, routingNode] of [
      [['NN09', 'LC01'], 'NN09'],
      [['LC01'], 'NN09'],
    ] as const) {
      const text = JSON.stringify([6, 'CSMS01', path, crypto.randomUUID(), 'NotifyNetworkTopology', announcement(routingNode)]) // biome-ignore format: one line
      const label = 'code="ERR_ROUTE_ANNOUNCEMENT"'
      const before = await metric(side.csms.console, 'wattweave_refused_total', label)
      side.middle.inject('CSMS01', new TextEncoder().encode(text))
      await until('it to be refused', async () => (await metric(side.csms.console, 'wattweave_refused_total', label)) === before + 1) // biome-ignore format: one line
    }
    assert.ok(linesOf(side.csms, 'frame.refused').some(({ code }) => code === 'ERR_ROUTE_ANNOUNCEMENT')) // biome-ignore format: one line
    const { status } = await fetch(new URL('api/stations/CS77', side.csms.console))
    assert.equal(status, 404)
  }
})

for (const [outcome, action] of [
  ['reject', 'Reset'],
  ['drop', 'ClearCache'],
] as const) {
  test(`T7: a good command that a rule refuses with ${outcome} is not obeyed`, async () => {
    const sides = await theSides()
    const frame = await captured(sides.strict, 'CALL', action, () => command(sides.strict, 'CS01', action, REQUESTS[action])) // biome-ignore format: one line
    await obeyedThenRefused(sides, { frame, reason: 'refused-by-rule', isDone: (side) => timesDone(side, action) > 0 }) // biome-ignore format: one line
  })
}

test('T7: a good command that a rule holds in quarantine is not obeyed before somebody releases it', async () => {
  const sides = await theSides()
  const { strict, open } = sides
  const action = 'UnlockConnector'
  const isDone = (side: Side) => timesDone(side, action) > 0
  const frame = await captured(strict, 'CALL', action, () => command(strict, 'CS01', action, REQUESTS[action])) // biome-ignore format: one line
  deliver(open, frame)
  await until('it to be obeyed without a policy', () => isDone(open))
  deliver(strict, frame)
  const label = 'reason="refused-by-rule"'
  await until('it to be counted', async () => (await metric(strict.node.console, 'wattweave_quarantined_total', label)) === 1) // biome-ignore format: one line
  const line = await until('it to be logged', () =>
    linesOf(strict.node, 'frame.quarantined').at(-1),
  )
  assert.deepEqual([line.source, line.action, line.reason], ['CSMS01', action, 'refused-by-rule'])
  assert.equal(isDone(strict), false)
  const released = await fetch(new URL(`api/quarantine/${line.id}/release`, strict.node.console), { method: 'POST', headers: { origin: new URL(strict.node.console).origin } }) // biome-ignore format: one line
  assert.equal(released.status, 204, await released.text())
  await until('it to be obeyed then', () => isDone(strict))
})

test('T7: what a rule drops is not answered, and what it rejects is', async () => {
  const { strict, keys } = await theSides()
  const answersTo = (frame: FrameArray) => strict.middle.recorded.filter((one) => one.frame.type === 4 && one.frame.messageId === frame[3]).length // biome-ignore format: one line
  for (const [action, answers] of [
    ['Reset', 1],
    ['ClearCache', 0],
  ] as const) {
    const payload = REQUESTS[action]
    const fields = { OCPPAction: action, to: 'CS01', ocpp: 'ocpp2.1', ctx: `urn:wattweave:ocpp2.1:${action}:request` } as const // biome-ignore format: one line
    const frame = callTo('CS01', action, { ...payload, signatures: await keys.sign(['CSMS01'], payload, fields) }) // biome-ignore format: one line
    await refusalAt(strict.node, () => deliver(strict, frame))
    // What the edge says next comes behind whatever it has said about this.
    await refusalAt(strict.node, () => deliver(strict, callTo('CS01', 'Reset', REQUESTS.Reset)))
    assert.equal(answersTo(frame), answers, action)
  }
})

test('T3: what was signed as OCPP 1.6 is told to a station of OCPP 2.1', async () => {
  const { strict, open, keys } = await theSides()
  const payload = { requestedMessage: 'Heartbeat' }
  const fields = { OCPPAction: 'TriggerMessage', to: 'CS01' }
  const frame = callTo('CS01', 'TriggerMessage', { ...payload, signatures: await keys.sign(['CSMS01'], payload, fields) }) // biome-ignore format: one line
  deliver(open, frame)
  await until('it to be obeyed without a policy', () => timesDone(open, 'TriggerMessage') === 1)
  const answers = () => strict.middle.recorded.find((one) => one.frame.messageId === frame[3])
  deliver(strict, frame)
  const answer = await until('an answer', answers)
  assert.equal(timesDone(strict, 'TriggerMessage'), 0)
  assert.match(new TextDecoder().decode(answer.frame.payload), /"not-this-message"/)
})
