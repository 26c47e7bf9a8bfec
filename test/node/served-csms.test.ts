import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Protocol } from '../../src/messages/protocols.ts'
import { overlay, type RawPeer } from '../support/memory-overlay.ts'
import { managedSecurityOf, reasonsAt, signedEntitlement } from '../support/secured.ts'

/** A standard CSMS at one node and a station at the next below it: who says that it is the CSMS. */

const SERVICES = ['CSMS', 'CentralSystem']
const CASES = [
  ['ocpp1.6', { chargePointVendor: 'V', chargePointModel: 'M' }, { type: 'Soft' }],
  ['ocpp2.0.1', { reason: 'PowerUp', chargingStation: { model: 'M', vendorName: 'V' } }, { type: 'Immediate' }], // biome-ignore format: one line
] as const

interface Entitled {
  readonly node: string
  readonly services?: readonly string[]
}

/** NN01 has the CSMS, LC01 the station; both are edges. */
async function site(t: TestContext, protocol: Protocol, entitled: readonly Entitled[]) {
  const net = overlay(t)
  const roles = { NN01: ['edge'], LC01: ['edge'] }
  const foreign = net.foreignCsms({ name: 'backend@NN01', role: 'primary' })
  const [upper, lower] = [managedSecurityOf('NN01', net.clock, roles), managedSecurityOf('LC01', net.clock, roles)] // biome-ignore format: one line
  for (const { node, services = SERVICES } of entitled) {
    const statement = await signedEntitlement({ node, ids: ['backend*'], services: [...services] }, net.clock) // biome-ignore format: one line
    for (const { trust } of [upper, lower]) assert.equal(trust.entitle(statement).status, 'entitled') // biome-ignore format: one line
  }
  await net.node('NN01', { perStation: [foreign.uplink], security: upper })
  await net.node('LC01', { security: lower })
  net.connect('LC01', 'NN01')
  const station = net.station('CS01', 'LC01', protocol)
  await net.wait(61)
  const csms = foreign.connections[0]?.peer as RawPeer
  const boot = async (request: object) => {
    station.send(JSON.stringify([2, 'boot', 'BootNotification', request]))
    await net.settle()
    for (const [, id] of csms.take()) csms.send(`[3,"${id}",{"status":"Accepted","interval":60,"currentTime":"1970-01-01T00:01:01Z"}]`) // biome-ignore format: one line
    return (await net.heard(station))[0]?.[0]
  }
  const reset = async (request: object) => {
    csms.send(JSON.stringify([2, 'reset', 'Reset', request]))
    await net.settle()
    for (const [, id] of station.take()) station.send(`[3,"${id}",{"status":"Accepted"}]`)
    return (await net.heard(csms))[0]?.[0]
  }
  return { net, boot, reset }
}

for (const [protocol, booting, resetting] of CASES) {
  test(`${protocol}: a station behind another node is answered and commanded by a CSMS whose node is entitled to that service`, async (t) => {
    const { net, boot, reset } = await site(t, protocol, [{ node: 'NN01' }])
    assert.deepEqual([await boot(booting), await reset(resetting)], [3, 3])
    assert.deepEqual([reasonsAt(net, 'NN01'), reasonsAt(net, 'LC01')], [[], []])
  })

  test(`${protocol}: where nobody is entitled, another is, or to another service, nothing of it is obeyed`, async (t) => {
    const other = protocol === 'ocpp1.6' ? 'CSMS' : 'CentralSystem'
    for (const entitled of [[], [{ node: 'CSMS01' }], [{ node: 'NN01', services: [other] }]]) {
      const { net, boot, reset } = await site(t, protocol, entitled)
      assert.deepEqual([await boot(booting), await reset(resetting)], [4, 4])
      assert.deepEqual(reasonsAt(net, 'LC01'), ['not-this-message', entitled[0]?.node === 'CSMS01' ? 'not-by-originator' : 'refused-by-rule']) // biome-ignore format: one line
    }
  })
}
