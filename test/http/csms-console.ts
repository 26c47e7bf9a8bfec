import { request } from 'node:http'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type ConsoleOptions, type ConsoleServer, startConsole } from '../../src/http/server.ts'
import { createSimulatedStations } from '../../src/http/simulated-stations.ts'
import type { Node } from '../../src/node/node.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { createCsms } from '../../src/roles/csms/csms.ts'
import type { AccountStore } from '../../src/storage/account-store.ts'
import { CsmsStore } from '../../src/storage/csms-store.ts'
import { accept } from '../../src/transport/websocket-server.ts'
import { temporaryFolder } from '../end-to-end/processes.ts'

export interface CsmsConsole {
  readonly node: Node
  readonly store: CsmsStore
  readonly file: string
  /** Where stations connect. */
  readonly stationUrl: string
  readonly server: ConsoleServer
  /** `GET path` as JSON, with its status. */
  get(path: string): Promise<{ status: number; body: unknown }>
}

type Limited = Pick<ConsoleOptions, 'connections' | 'onRefused'>

/** A CSMS with its store in a file of the test's own, a listener and an HTTP server. */
export async function startCsmsConsole(
  context: TestContext,
  options: { insecure?: boolean; accounts?: AccountStore; page?: string } & Limited = {},
): Promise<CsmsConsole> {
  const { insecure = true, accounts, page, connections = {}, onRefused = () => {} } = options
  const file = join(temporaryFolder(context), 'csms.sqlite')
  const store = new CsmsStore(file)
  const listener = accept({ nodeId: 'CSMS01' as NodeId, port: 0, insecure })
  const csms = createCsms({ nodeId: 'CSMS01', links: [listener], store, tokens: ['TAG-1'] })
  const { node } = csms
  await csms.start()
  const simulations = createSimulatedStations({
    consoleHost: '127.0.0.1',
    listeners: [listener],
    isTaken: (id) => node.table.get(id) !== undefined,
    tokens: ['TAG-1'],
  })
  const view = {
    node,
    role: 'csms' as const,
    version: '0.0.0',
    store,
    csms,
    accounts,
    stationUrls: [listener.url],
    insecure,
    simulations,
  }
  const server = await startConsole({ host: '127.0.0.1', port: 0, page, view, connections, onRefused }) // biome-ignore format: one line
  context.after(async () => {
    await server.stop()
    await simulations?.stop()
    await csms.stop()
    store.close()
  })
  return { node, store, file, stationUrl: listener.url, server, get: (path) => get(server, path) }
}

async function get(server: ConsoleServer, path: string) {
  const response = await fetch(new URL(path, server.url))
  return { status: response.status, body: (await response.json()) as unknown }
}

/** A request with headers that `fetch` would not let through, such as Host and Origin. */
export function ask(
  server: ConsoleServer,
  method: 'GET' | 'POST',
  path: string,
  headers: Record<string, string>,
  body = '',
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(new URL(path, server.url), { method, headers }, async (response) => {
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk as Buffer)
      resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() })
    })
    asked.on('error', reject)
    asked.end(body)
  })
}
