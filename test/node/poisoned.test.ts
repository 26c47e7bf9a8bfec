import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { actionsOf } from '../../src/messages/actions.ts'
import type { Protocol } from '../../src/messages/protocols.ts'
import { silentLogger } from '../../src/node/core.ts'
import type { HandlersByProtocol } from '../../src/node/handlers.ts'
import { ContextHistory } from '../../src/security/context/context-history.ts'
import { variablesIn } from '../../src/security/roles/device-model.ts'
import { itemRequests, refusedItems } from '../../src/security/roles/item-answers.ts'
import { overlay, type RawPeer } from '../support/memory-overlay.ts'
import { poisoned } from '../support/poisoned.ts'
import { securityOf } from '../support/secured.ts'
import { until } from '../support/until.ts'

/** Values with members called toString and valueOf, at which JavaScript throws where it wants a text. */

/** Of what is passed on only some is looked at, and all of that lies near the surface. */
const DEPTH = 3

async function shown(t: TestContext, protocol: Protocol) {
  const net = overlay(t)
  const failures: unknown[] = []
  const error = (event: string, more?: object) => void failures.push([event, more])
  const csms = net.foreignCsms({ name: 'backend', role: 'primary', carrier: 'customData' })
  await net.node('NN01', { security: securityOf('NN01'), perStation: [csms.uplink], log: { ...silentLogger, error } }) // biome-ignore format: one line
  const station = net.station('CS01', 'NN01', protocol)
  await net.settle()
  const backend = csms.connections[0]?.peer as RawPeer
  return { net, station, backend, failures }
}

for (const protocol of ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'] as const) {
  test(`no value of ${protocol} breaks the node that passes it on, in requests and in answers`, async (t) => {
    const { net, station, backend, failures } = await shown(t, protocol)
    let count = 0
    const ask = async (
      asking: RawPeer,
      asked: RawPeer,
      action: string,
      request: object,
      response: object,
    ) => {
      // biome-ignore format: one line
      asking.send(JSON.stringify([2, `q${count++}`, action, request]))
      await net.settle()
      for (const [type, id] of asked.take()) if (type === 2) asked.send(JSON.stringify([3, id, response])) // biome-ignore format: one line
      await net.settle()
      const told = asking.take()
      assert.deepEqual(failures, [], JSON.stringify([action, request, response, told]))
    }
    for (const action of actionsOf(protocol).keys()) {
      const answers = [...poisoned(protocol, action, 'response', DEPTH)]
      let at = 0
      for (const request of poisoned(protocol, action, 'request', DEPTH)) {
        const response = answers[at++ % answers.length] ?? {}
        await ask(station, backend, action, request, response)
        await ask(backend, station, action, request, response)
      }
      for (const response of answers.slice(at)) await ask(backend, station, action, {}, response)
    }
    t.diagnostic(`${count} messages`)
  })
}

test('no value breaks what is looked at before a message is obeyed', () => {
  const history = new ContextHistory()
  let nowMs = 0
  for (const protocol of ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'] as const) {
    for (const action of actionsOf(protocol).keys()) {
      for (const payload of poisoned(protocol, action, 'request')) {
        const message = { action, from: 'CS01', to: 'CS01', payload, nowMs: nowMs++ }
        assert.doesNotThrow(() => history.look(message, true).commit())
        assert.doesNotThrow(() => variablesIn(action, payload))
        const items = itemRequests(action, payload)
        if (!items) continue
        const part = { action, request: payload, isPermitted: items.map(() => false) }
        assert.doesNotThrow(() => refusedItems(part), JSON.stringify([action, payload]))
      }
    }
  }
})

test('no value breaks a CSMS that signs, behind a node that vouches for its stations', async (t) => {
  const net = overlay(t)
  const failures: unknown[] = []
  const log = { ...silentLogger, error: (event: string, more?: object) => void failures.push([event, more]) } // biome-ignore format: one line
  const answered = Object.fromEntries([...actionsOf('ocpp2.0.1').keys()].map((action) => [action, () => ({})])) // biome-ignore format: one line
  const handlers = { 'ocpp2.0.1': answered } as unknown as HandlersByProtocol
  await net.node('CSMS01', { services: ['CSMS'], hasDefaultRoute: false, security: securityOf('CSMS01'), handlers, log }) // biome-ignore format: one line
  await net.node('NN01', { security: securityOf('NN01'), log })
  net.connect('NN01', 'CSMS01', { protocol: 'ocpp2.0.1' })
  const station = net.station('CS01', 'NN01', 'ocpp2.0.1')
  await net.settle()
  const codes = new Set<unknown>()
  for (const action of actionsOf('ocpp2.0.1').keys()) {
    for (const request of poisoned('ocpp2.0.1', action, 'request', DEPTH)) {
      station.send(JSON.stringify([2, 'q', action, request]))
      const told: unknown[][] = []
      await until(() => told.push(...station.take()) > 0, 'an answer')
      assert.deepEqual(failures, [], JSON.stringify([action, request, told]))
      codes.add(told[0]?.[2])
    }
  }
  t.diagnostic(JSON.stringify([...codes]))
})
