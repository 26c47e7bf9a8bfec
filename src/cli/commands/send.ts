import { OverlayError, RemoteError } from '../../errors.ts'
import { silentLogger } from '../../node/core.ts'
import { createNode, type Node } from '../../node/node.ts'
import { isNodeId, type NodeId } from '../../primitives/ids.ts'
import { dial } from '../../transport/websocket-client.ts'
import { parsePayload } from '../../wire/payload.ts'
import { type Config, loadConfig } from '../config.ts'
import { readOwnPassword } from '../config-checks.ts'
import { readDialTls } from '../config-files.ts'
import { urlProblem } from '../config-links.ts'
import { openSecurity } from '../config-security.ts'
import { joinOnce } from '../joining.ts'
import { createLinkSources } from '../link-sources.ts'

interface SendOptions {
  /** Of a node, whose name, uplink, password and key are taken. */
  readonly config?: string
  readonly uplink: string
  readonly as: string
  readonly passwordFile?: string
  readonly ca?: string
  readonly timeout: string
}

/**
 * `wattweave send DESTINATION ACTION [PAYLOAD]`: joins the overlay as a node of its own, asks, and
 * prints the answer as JSON. The payload goes out as it was typed.
 */
export async function send(
  destination: string,
  action: string,
  payload: string,
  options: SendOptions,
): Promise<void> {
  const bytes = Buffer.from(payload)
  parsePayload(bytes)
  const timeoutMs = Number(options.timeout) * 1000
  if (!(timeoutMs > 0))
    throw new Error(`--timeout must be a number of seconds, not "${options.timeout}"`)
  const { config: file } = options
  const { node, join, stop } = file === undefined ? byOptions(options) : byConfig(loadConfig(file))
  try {
    await connected(node, timeoutMs)
    await join()
    const answer = await node.callRaw(destination, action, bytes, { timeoutMs })
    process.stdout.write(`${Buffer.from(answer.payload).toString()}\n`)
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error
    const { errorCode, errorDescription, errorDetails } = error
    process.stdout.write(`${JSON.stringify({ errorCode, errorDescription, errorDetails })}\n`)
    process.exitCode = 1
  } finally {
    await node.stop()
    stop()
  }
}

interface Sender {
  readonly node: Node
  /** Shows the code of an invitation, where there is one. */
  join(): Promise<void>
  /** Ends what watches its files. */
  stop(): void
}

/** Without a key: what is asked so is obeyed only where nothing has to be signed. */
function byOptions({ passwordFile, ca, as: nodeId, uplink: url }: SendOptions): Sender {
  const password = readOwnPassword(passwordFile, '.', (problem) => {
    throw new Error(`--password-file ${problem}`)
  })
  if (!isNodeId(nodeId)) throw new Error(`--as "${nodeId}" is not a legal node id`)
  const problem = urlProblem(url)
  if (problem !== undefined) throw new Error(`--uplink ${problem}`)
  const tls = ca !== undefined && { tls: readDialTls({ caFile: ca }) }
  const uplink = dial({ url, nodeId, mode: 'overlay', ...password, ...tls })
  return { node: createNode({ nodeId, links: [uplink] }), join: async () => {}, stop: () => {} }
}

function byConfig(config: Config): Sender {
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
  return { node, join, stop }
}

/** Resolves when the uplink is open; the first refusal is final, because nobody waits for a retry. */
function connected(node: ReturnType<typeof createNode>, timeoutMs: number): Promise<void> {
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
