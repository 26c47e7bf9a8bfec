import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { RemoteError } from '../../src/errors.ts'
import type { HandlersByProtocol } from '../../src/node/handlers.ts'
import type { TwoRolesDocument } from '../../src/security/policies/two-roles.ts'
import { overlay } from '../support/memory-overlay.ts'
import { reasonsAt, securityOf } from '../support/secured.ts'

/** Requests with several variables, of which the roles of the asker permit some. */

const item = (component: string, variable: string, more: object = {}) => ({ component: { name: component }, variable: { name: variable }, ...more }) // biome-ignore format: one line
const FREE = item('AlignedDataCtrlr', 'Interval', { attributeValue: '60' })
const DENIED = item('SecurityCtrlr', 'BasicAuthPassword', { attributeValue: 'mine-from-now-on' })
const named = ({ component, variable }: ReturnType<typeof item>) => ({ component, variable })
const accepted = (one: ReturnType<typeof item>) => ({ attributeStatus: 'Accepted', ...named(one) })
const refusedBy = (node: string, one: ReturnType<typeof item>) => ({ attributeStatus: 'Rejected', attributeStatusInfo: { reasonCode: 'NotPermitted', additionalInfo: `refused by ${node}` }, ...named(one) }) // biome-ignore format: one line

/** A CSMS whose key has the role `operations`, and a station that signs itself. */
async function native(t: TestContext, twoRoles: readonly TwoRolesDocument[] = []) {
  const net = overlay(t)
  const applied: object[] = []
  const setVariables = ({ setVariableData: list }: { setVariableData: (typeof FREE)[] }) => {
    applied.push(...list)
    return { setVariableResult: list.map(accepted) }
  }
  const handlers = { 'ocpp2.1': { SetVariables: setVariables } } as unknown as HandlersByProtocol
  const csms = await net.node('CSMS01', { services: ['CSMS'], hasDefaultRoute: false, security: securityOf('CSMS01') }) // biome-ignore format: one line
  await net.node('CS01', { handlers, security: { ...securityOf('CS01'), twoRoles } })
  net.connect('CS01', 'CSMS01')
  await net.wait(61)
  const set = async (...setVariableData: object[]) => {
    const asked = csms.call('CS01', 'ocpp2.1', 'SetVariables', { setVariableData } as never)
    const outcome = asked.catch((error: unknown) => error)
    await net.settle()
    return outcome
  }
  return { net, applied, set }
}

test('of several variables those that the role permits are set, and the others answered as refused, each in its place', async (t) => {
  const { net, applied, set } = await native(t)
  const other = item('SampledDataCtrlr', 'TxUpdatedInterval', { attributeValue: '30' })
  const outcome = await set(FREE, DENIED, other)
  const results = [accepted(FREE), refusedBy('CS01', DENIED), accepted(other)]
  assert.deepEqual(outcome, { setVariableResult: results })
  assert.deepEqual(applied, [FREE, other])
  const told = net.events.get('CS01')?.find(({ name }) => name === 'frame.refused')
  assert.deepEqual(told?.name === 'frame.refused' && [told.code, told.details], ['ERR_POLICY_REFUSED', { reason: 'role', items: 'SecurityCtrlr/BasicAuthPassword' }]) // biome-ignore format: one line
  assert.equal(net.refusals('CS01').ERR_POLICY_REFUSED, 1)
})

test('a request none of whose items is permitted is refused as a whole', async (t) => {
  const { net, applied, set } = await native(t)
  for (const items of [[DENIED], [DENIED, DENIED]]) {
    const error = await set(...items)
    assert.ok(error instanceof RemoteError)
    assert.equal(error.errorCode, 'SecurityError')
  }
  assert.deepEqual(applied, [])
  assert.deepEqual(reasonsAt(net, 'CS01'), ['role', 'role'])
})

test('an item that cannot be told apart takes the whole request with it', async (t) => {
  const { applied, set } = await native(t)
  const error = await set(FREE, DENIED, { attributeValue: 'x' })
  assert.ok(error instanceof RemoteError)
  assert.deepEqual(applied, [])
})

test('a plain station hears only the permitted items; the node at the edge answers for the others', async (t) => {
  const net = overlay(t)
  const csms = await net.node('CSMS01', { services: ['CSMS'], hasDefaultRoute: false, security: securityOf('CSMS01') }) // biome-ignore format: one line
  await net.node('NN01', { security: securityOf('NN01') })
  net.connect('NN01', 'CSMS01')
  const station = net.station('CS01', 'NN01', 'ocpp2.0.1')
  await net.wait(61)
  const asked = csms.call('CS01', 'ocpp2.0.1', 'SetVariables', { setVariableData: [DENIED, FREE] } as never) // biome-ignore format: one line
  await net.settle()
  const [heard] = station.take()
  assert.deepEqual(heard?.[3], { setVariableData: [FREE] })
  station.send(JSON.stringify([3, heard?.[1], { setVariableResult: [accepted(FREE)] }]))
  await net.settle()
  const results = [refusedBy('NN01', DENIED), accepted(FREE)]
  assert.deepEqual(await asked, { setVariableResult: results })
  assert.deepEqual(reasonsAt(net, 'NN01'), ['role'])
})

test('a station whose link bears signatures is asked for all or for nothing', async (t) => {
  const net = overlay(t)
  const csms = await net.node('CSMS01', { services: ['CSMS'], hasDefaultRoute: false, security: securityOf('CSMS01') }) // biome-ignore format: one line
  await net.node('NN01', {
    security: securityOf('NN01'),
    carriers: { bySource: new Map(), byPeer: new Map([['cs01', 'customData']]) },
  })
  net.connect('NN01', 'CSMS01')
  const station = net.station('CS01', 'NN01', 'ocpp2.0.1')
  await net.wait(61)
  const asked = csms.call('CS01', 'ocpp2.0.1', 'SetVariables', { setVariableData: [DENIED, FREE] } as never).catch((error: unknown) => error) // biome-ignore format: one line
  assert.ok((await net.over(asked)) instanceof RemoteError)
  assert.deepEqual(station.take(), [])
})

test('what takes two people is asked for whole or not at all: none of them agrees to what another may only have in part', async (t) => {
  const rule = { name: 'settings', match: { actions: 'SetVariables' }, roles: ['operations', 'owner'], vetoDelayS: 1, expiresAfterS: 600 } // biome-ignore format: one line
  const { net, applied, set } = await native(t, [rule])
  const error = await set(FREE, DENIED)
  assert.ok(error instanceof RemoteError)
  assert.deepEqual(applied, [])
  assert.deepEqual(reasonsAt(net, 'CS01'), ['role'])
  assert.equal(
    net.events.get('CS01')?.some(({ name }) => name === 'command.proposed'),
    false,
  )
})
