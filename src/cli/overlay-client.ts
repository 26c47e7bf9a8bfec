import { OverlayError } from '../errors.ts'
import { silentLogger } from '../node/core.ts'
import { createNode, type Node } from '../node/node.ts'
import { isNodeId, type NodeId } from '../primitives/ids.ts'
import type { KeyDirectory } from '../security/keys/key-directory.ts'
import type { KeyRecord } from '../security/keys/key-record.ts'
import type { Signer } from '../security/signer.ts'
import { DataLock } from '../storage/data-lock.ts'
import { dial } from '../transport/websocket-client.ts'
import { auditFile } from './audit-trail.ts'
import { type Config, loadConfig } from './config.ts'
import { readOwnPassword } from './config-checks.ts'
import { readDialTls } from './config-files.ts'
import { urlProblem } from './config-links.ts'
import { openSecurity, ownRecord } from './config-security.ts'
import { joinOnce } from './joining.ts'
import { createLinkSources } from './link-sources.ts'

/** A node that is there for one command. */
export interface OverlayClient {
  readonly node: Node
  readonly signer: Signer | undefined
  /** The keys that are known; undefined where nothing is verified. */
  readonly directory: KeyDirectory | undefined
  /** Of the own key, as it is by now: whoever was let in just now has other user roles than before. */
  record(): KeyRecord | undefined
  /** Shows the code of an invitation, where there is one. */
  join(): Promise<void>
  /** Ends what watches its files. */
  stop(): void
}

/** Who asks, where nobody names a configuration. */
export interface NamelessOptions {
  readonly uplink: string
  readonly as: string
  readonly passwordFile?: string
  readonly ca?: string
}

/** Without a key: what is asked so is obeyed only where nothing has to be signed. */
export function clientByOptions(options: NamelessOptions): OverlayClient {
  const { passwordFile, ca, as: nodeId, uplink: url } = options
  const password = readOwnPassword(passwordFile, '.', (problem) => {
    throw new Error(`--password-file ${problem}`)
  })
  if (!isNodeId(nodeId)) throw new Error(`--as "${nodeId}" is not a legal node id`)
  const problem = urlProblem(url)
  if (problem !== undefined) throw new Error(`--uplink ${problem}`)
  const tls = ca !== undefined && { tls: readDialTls({ caFile: ca }) }
  const uplink = dial({ url, nodeId, mode: 'overlay', ...password, ...tls })
  const node = createNode({ nodeId, links: [uplink] })
  return {
    node,
    signer: undefined,
    directory: undefined,
    record: () => undefined,
    join: async () => {},
    stop: () => {},
  }
}

/** With the name, uplink, password and key of a node that does not run meanwhile. */
export function clientByConfig(file: string): OverlayClient {
  const config = loadConfig(file)
  assertHasUplink(config, file)
  assertNotRunning(config)
  const opened = openSecurity(config)
  const { acceptors: _, perStation: __, links, stop, ...sources } = createLinkSources({ ...config, listen: [], downlinks: [] }, silentLogger) // biome-ignore format: one line
  const nodeId = config.nodeId as NodeId
  const node = createNode({ nodeId, links, ...sources, ...(opened && { security: opened.security }) }) // biome-ignore format: one line
  const join = async () => {
    const problem = opened && (await joinOnce(node, opened, config))
    if (problem !== undefined)
      throw new Error(
        `${nodeId} was not let in: ${problem}; docs/connect-a-csms.md says how nodes are`,
      )
  }
  const signer = opened?.security.signer
  const record = () => signer && ownRecord(config, signer, config.security?.records ?? [])
  return { node, signer, directory: opened?.security.trust.directory, record, join, stop }
}

/** Joins the overlay, does something there, and leaves it, however that went. */
export async function withClient<T>(
  client: OverlayClient,
  timeoutMs: number,
  act: (client: OverlayClient) => Promise<T>,
): Promise<T> {
  try {
    await connected(client.node, timeoutMs)
    await client.join()
    return await act(client)
  } finally {
    await client.node.stop()
    client.stop()
  }
}

/** @returns Milliseconds of an option that is given in seconds. */
export function readTimeout(timeout: string): number {
  const timeoutMs = Number(timeout) * 1000
  if (timeoutMs > 0) return timeoutMs
  throw new Error(`--timeout must be a number of seconds, not "${timeout}"`)
}

function assertHasUplink({ nodeId, uplinks }: Config, file: string): void {
  if (uplinks.some(({ mode }) => mode !== 'per-station')) return
  throw new Error(`${nodeId} has no uplink over which it could ask; let in a node that has one: wattweave keys invite ${file} DESK --role owner`) // biome-ignore format: one line
}

/** Two of one name would take each other's uplink. */
export function assertNotRunning(config: Config): void {
  try {
    new DataLock(auditFile(config)).release()
  } catch (error) {
    if (!(error instanceof OverlayError) || error.code !== 'ERR_STORE_IN_USE') throw error
    throw new Error(`${config.nodeId} is running and would lose its uplink; stop it, or ask as another node`, { cause: error }) // biome-ignore format: one line
  }
}

/** Resolves when the uplink is open; the first refusal is final, because nobody waits for a retry. */
function connected(node: Node, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new OverlayError('ERR_LINK_REFUSED', { problem: 'it did not answer' })),
      timeoutMs,
    )
    node.onEvent((event) => {
      if (event.name === 'link.retry') reject(new Error(withRemedy(event.why)))
      else if (event.name === 'link.up') resolve()
      else return
      clearTimeout(timer)
    })
    node.start().catch(reject)
  })
}

function withRemedy(why: string): string {
  if (why.includes('; ')) return why
  return `${why}; does a node listen there? --uplink names another address, docs/when-things-go-wrong.md says what to look at`
}
