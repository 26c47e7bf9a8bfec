import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Node } from '../../src/node/node.ts'
import type { SecurityOptions } from '../../src/node/security-gate.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { createCsms } from '../../src/roles/csms/csms.ts'
import { createNetworkingNode } from '../../src/roles/networking-node/networking-node.ts'
import { CsmsStore } from '../../src/storage/csms-store.ts'
import { Secret } from '../../src/transport/credentials.ts'
import { dial } from '../../src/transport/websocket-client.ts'
import { accept } from '../../src/transport/websocket-server.ts'
import { securityOf } from './secured.ts'
import { peers, stations } from './sockets.ts'
import { until } from './until.ts'

export interface Site {
  readonly csms: Node
  readonly store: CsmsStore
  readonly node: Node
  /** Where stations and nodes below connect to NN01. */
  readonly url: string
  stop(): Promise<void>
}

/** CSMS01 with a store on disk, and below it NN01 with one shared uplink; over real WebSockets. */
export function startSite(...ids: string[]): Promise<Site> {
  return start(ids, () => ({}))
}

/** The same, where both sign: NN01 for its stations. */
export function startSecuredSite(...ids: string[]): Promise<Site> {
  return start(ids, (id) => ({ security: securityOf(id) }))
}

async function start(
  ids: readonly string[],
  secured: (id: string) => { readonly security?: SecurityOptions },
): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'wattweave-'))
  const store = new CsmsStore(join(folder, 'csms.sqlite'))
  const csmsId = 'CSMS01' as NodeId
  const nodeId = 'NN01' as NodeId
  const above = accept({ nodeId: csmsId, port: 0, peers: peers('NN01') })
  const { node: csms, ...service } = createCsms({
    nodeId: csmsId,
    links: [above],
    store,
    tokens: ['TAG'],
    ...secured(csmsId),
  })
  await service.start()
  const password = new Secret('password of NN01')
  const uplink = dial({ url: above.url, nodeId, password, mode: 'overlay', peerId: csmsId })
  // Local controllers are nodes.
  const entries = ids.flatMap((id) => (id.startsWith('L') ? peers(id) : stations(id)))
  const below = accept({ nodeId, port: 0, peers: entries })
  const node = createNetworkingNode({ nodeId, links: [uplink, below], ...secured(nodeId) })
  await node.start()
  await until(() => node.neighbours.size === 1 && csms.neighbours.size === 1, 'the uplink')
  return {
    csms,
    store,
    node,
    url: below.url,
    async stop() {
      await node.stop()
      await service.stop()
      store.close()
      rmSync(folder, { recursive: true })
    },
  }
}
