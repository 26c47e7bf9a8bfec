import { createRequire } from 'node:module'
import type { TestContext } from 'node:test'
import { PROTOCOLS } from '../../src/messages/protocols.ts'
import { until } from '../end-to-end/processes.ts'

/** What the tests use of npm `ocpp-rpc`, somebody else's OCPP, which brings no usable types. */
export interface RpcClient {
  connect(): Promise<unknown>
  call(action: string, payload: object): Promise<Record<string, unknown>>
  handle(action: string, handler: (call: RpcCall) => object): void
  close(options?: object): Promise<unknown>
  on(event: string, listener: (...values: unknown[]) => void): void
}
export interface RpcCall {
  readonly method: string
  readonly params: Record<string, unknown>
}
interface RpcServerClient extends RpcClient {
  readonly identity: string
  readonly protocol: string
  handle(handler: (call: RpcCall) => object): void
  handle(action: string, handler: (call: RpcCall) => object): void
}
interface Handshake {
  readonly identity: string
  readonly password?: Buffer
  readonly protocols: Set<string>
}
interface RpcServer {
  auth(check: (accept: (session?: object, protocol?: string) => void, reject: (status: number) => void, handshake: Handshake) => void): void // biome-ignore format: one line
  on(event: 'client', listener: (client: RpcServerClient) => void): void
  listen(port: number, host: string): Promise<{ address(): { port: number }; closeAllConnections(): void }> // biome-ignore format: one line
  close(options?: object): Promise<unknown>
}
interface Schema {
  $id: string
}

const require = createRequire(import.meta.url)
const rpc = require('ocpp-rpc') as {
  RPCClient: new (options: object) => RpcClient
  RPCServer: new (options: object) => RpcServer
  createValidator(protocol: string, schemas: Schema[]): unknown
}

/** Its 2.1 schemas are named otherwise than its own validator looks for; the package's API mends it. */
const validator21 = rpc.createValidator(
  'ocpp2.1',
  (require('ocpp-rpc/lib/schemas/ocpp2_1.json') as Schema[]).map((schema) => ({
    ...schema,
    $id: schema.$id.replace(/Request$/, '.req').replace(/Response$/, '.conf'),
  })),
)
const STRICT = { strictMode: true, strictModeValidators: [validator21] }

/** A foreign station, strictly validating; it is closed with the test. */
export async function foreignStation(t: TestContext, endpoint: string, options: object) {
  const station = new rpc.RPCClient({ endpoint: endpoint.replace(/\/$/, ''), reconnect: false, ...STRICT, ...options }) // biome-ignore format: one line
  await station.connect()
  t.after(() => station.close({ force: true }))
  return station
}

export interface ForeignConnection {
  readonly identity: string
  readonly protocol: string
  readonly client: RpcClient
  isClosed: boolean
}

/** A foreign, strictly validating CSMS and what it was told, in order. */
export interface ForeignCsms {
  readonly url: string
  readonly calls: { readonly identity: string; readonly method: string; readonly params: object }[]
  readonly connections: ForeignConnection[]
  /** What it found wrong with messages. */
  readonly complaints: string[]
  /** The passwords it takes, by station; it can change them. */
  readonly passwords: Map<string, string>
  close(): Promise<void>
}

/**
 * @param answers By action; what is missing is answered `{}`.
 * @param port Default: any that is free.
 */
export async function foreignCsms(
  t: TestContext,
  answers: Record<string, (params: Record<string, unknown>) => object>,
  protocols: readonly string[] = PROTOCOLS,
  port = 0,
): Promise<ForeignCsms> {
  const server = new rpc.RPCServer({ protocols, ...STRICT })
  const calls: ForeignCsms['calls'] = []
  const connections: ForeignConnection[] = []
  const complaints: string[] = []
  const passwords = new Map<string, string>()
  server.auth((accept, reject, { identity, password }) => {
    const expected = passwords.get(identity)
    if (expected !== undefined && password?.toString() !== expected) return reject(401)
    accept()
  })
  server.on('client', (client) => {
    const connection = {
      identity: client.identity,
      protocol: client.protocol,
      client,
      isClosed: false,
    }
    connections.push(connection)
    client.on('close', () => {
      connection.isClosed = true
    })
    client.on('strictValidationFailure', (failure) => complaints.push(JSON.stringify(failure)))
    client.on('badMessage', (message) => complaints.push(String(message)))
    client.handle(({ method, params }: RpcCall) => {
      calls.push({ identity: client.identity, method, params })
      return answers[method]?.(params) ?? {}
    })
  })
  const http = await server.listen(port, '127.0.0.1')
  const close = async () => {
    await server.close({ force: true })
    http.closeAllConnections()
  }
  t.after(close)
  const url = `ws://127.0.0.1:${http.address().port}/`
  return { url, calls, connections, complaints, passwords, close }
}

/** The one connection of a station that is open. */
export function connectionOf(csms: ForeignCsms, identity: string): Promise<ForeignConnection> {
  return until(`${identity} at the foreign CSMS`, () =>
    csms.connections.find((one) => one.identity === identity && !one.isClosed),
  )
}
