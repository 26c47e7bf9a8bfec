import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HandlersByProtocol } from '../../src/node/handlers.ts'
import { DEFAULT_POLICY } from '../../src/security/policies/default-policy.ts'
import { overlay } from '../support/memory-overlay.ts'
import { reasonsAt, securityOf } from '../support/secured.ts'

/** A gateway with mirrors that know no signatures, above the node that attests a plain station. */

const START =
  '{"connectorId":1,"idTag":"TAG-1","meterStart":100,"timestamp":"2026-01-01T00:00:00Z"}'

test('each mirror of a CSMS hears a station behind another node once, without signatures, and the primary answers', async (t) => {
  const net = overlay(t)
  const started: object[] = []
  const startTransaction = (request: object) => {
    started.push(request)
    return { transactionId: 7, idTagInfo: { status: 'Accepted' } }
  }
  const handlers = { 'ocpp1.6': { StartTransaction: startTransaction } } as unknown as HandlersByProtocol // biome-ignore format: one line
  const mirrors = ['first', 'second'].map((name) => net.foreignCsms({ name, role: 'mirror' }))
  await net.node('CSMS01', { services: ['CSMS', 'CentralSystem'], hasDefaultRoute: false, handlers, security: securityOf('CSMS01', DEFAULT_POLICY) }) // biome-ignore format: one line
  await net.node('LC01', { perStation: mirrors.map(({ uplink }) => uplink), security: securityOf('LC01') }, [{ name: 'CSMS01', role: 'primary' }]) // biome-ignore format: one line
  await net.node('NN01', { security: securityOf('NN01') })
  net.connect('LC01', 'CSMS01')
  net.connect('NN01', 'LC01')
  const station = net.station('CS01', 'NN01')
  await net.wait(61)
  station.send(`[2,"1","StartTransaction",${START}]`)
  await net.settle()
  assert.deepEqual(station.take(), [[3, '1', { transactionId: 7, idTagInfo: { status: 'Accepted' } }]]) // biome-ignore format: one line
  assert.deepEqual(started, [JSON.parse(START)])
  for (const { connections } of mirrors) {
    const heard = connections.map(({ station: id, peer }) => [id, ...peer.take().map(([, , action, payload]) => [action, payload])]) // biome-ignore format: one line
    assert.deepEqual(heard, [['CS01', ['StartTransaction', JSON.parse(START)]]])
  }
  assert.deepEqual(reasonsAt(net, 'LC01'), [])
})
