import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { createNode } from '../../src/node/node.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { Admissions } from '../../src/transport/admission.ts'
import { securityProfileOf } from '../../src/transport/link.ts'
import { accept } from '../../src/transport/websocket-server.ts'
import { createAuthority } from '../support/certificates.ts'
import { RawClient } from '../support/sockets.ts'
import { until } from '../support/until.ts'

const AT = '2026-11-22T12:00:00.000Z'
const acceptBoot = async () => ({ currentTime: AT, interval: 300, status: 'Accepted' }) as const

/** Rule R9: at a controller who signs and who holds the socket are not the same. */
for (const [protocol, service, boot] of [
  [
    'ocpp1.6',
    'CentralSystem',
    { chargePointVendor: 'V', chargePointModel: 'M', chargePointSerialNumber: 'SN-OTHER' },
  ],
  [
    'ocpp2.0.1',
    'CSMS',
    {
      reason: 'PowerUp',
      chargingStation: { vendorName: 'V', model: 'M', serialNumber: 'SN-OTHER' },
    },
  ],
] as const) {
  // biome-ignore format: a table
  test(`what a payload says is never compared with the certificate of its socket: a boot with another serial number, ${protocol}`, async (t) => {
    const authority = await createAuthority()
    const server = await authority.issue({ addresses: ['127.0.0.1'] })
    const own = await authority.issue({ commonName: 'SN-4711', organization: 'Operator' })
    const entry = { id: 'CS01' as NodeId, serialNumber: 'SN-4711', securityProfile: 3 } as const
    const admissions = new Admissions([entry], { organization: 'Operator' })
    const nodeId = 'NN01' as NodeId
    const source = accept({ nodeId, port: 0, peers: admissions, tls: { ...server, clientCa: authority.certificate } }) // biome-ignore format: one line
    const handlers = { [protocol]: { BootNotification: acceptBoot } }
    const node = createNode({ nodeId, links: [source], services: [service], handlers })
    await node.start()
    t.after(() => node.stop())
    const socket = new WebSocket(`${source.url}CS01`, [protocol], { ca: authority.certificate, cert: own.certificate, key: own.key.reveal() }) // biome-ignore format: one line
    t.after(() => socket.terminate())
    const raw = new RawClient(socket)
    await until(() => raw.isOpen, 'the station')
    assert.deepEqual([...node.neighbours].map(({ link }) => securityProfileOf(link)), [3]) // biome-ignore format: one line

    raw.send(JSON.stringify([2, '1', 'BootNotification', boot]))
    const answer = await raw.take((frame) => frame[1] === '1', 'the answer')
    assert.deepEqual(answer, [3, '1', await acceptBoot()])
  })
}
