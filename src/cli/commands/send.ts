import { OverlayError, RemoteError } from '../../errors.ts'
import { createNode } from '../../node/node.ts'
import { isNodeId } from '../../primitives/ids.ts'
import { dial } from '../../transport/websocket-client.ts'
import { parsePayload } from '../../wire/payload.ts'
import { readOwnPassword } from '../config-checks.ts'
import { readDialTls } from '../config-files.ts'
import { urlProblem } from '../config-links.ts'

interface SendOptions {
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
  const { passwordFile, ca } = options
  const password = readOwnPassword(passwordFile, '.', (problem) => {
    throw new Error(`--password-file ${problem}`)
  })
  const { as: nodeId, uplink: url } = options
  if (!isNodeId(nodeId)) throw new Error(`--as "${nodeId}" is not a legal node id`)
  const problem = urlProblem(url)
  if (problem !== undefined) throw new Error(`--uplink ${problem}`)
  const uplink = dial({
    url,
    nodeId,
    mode: 'overlay',
    ...password,
    ...(ca !== undefined && { tls: readDialTls({ caFile: ca }) }),
  })
  const node = createNode({ nodeId, links: [uplink] })
  try {
    await connected(node, timeoutMs)
    const answer = await node.callRaw(destination, action, bytes, { timeoutMs })
    process.stdout.write(`${Buffer.from(answer.payload).toString()}\n`)
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error
    const { errorCode, errorDescription, errorDetails } = error
    process.stdout.write(`${JSON.stringify({ errorCode, errorDescription, errorDetails })}\n`)
    process.exitCode = 1
  } finally {
    await node.stop()
  }
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
