import { RemoteError } from '../../errors.ts'
import { parsePayload } from '../../wire/payload.ts'
import { clientByConfig, clientByOptions, type NamelessOptions, readTimeout, withClient } from '../overlay-client.ts' // biome-ignore format: one line

interface SendOptions extends NamelessOptions {
  /** Of a node, whose name, uplink, password and key are taken. */
  readonly config?: string
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
  const timeoutMs = readTimeout(options.timeout)
  const { config: file } = options
  const client = file === undefined ? clientByOptions(options) : clientByConfig(file)
  await withClient(client, timeoutMs, async ({ node }) => {
    try {
      const answer = await node.callRaw(destination, action, bytes, { timeoutMs })
      process.stdout.write(`${Buffer.from(answer.payload).toString()}\n`)
    } catch (error) {
      if (!(error instanceof RemoteError)) throw error
      const { errorCode, errorDescription, errorDetails } = error
      process.stdout.write(`${JSON.stringify({ errorCode, errorDescription, errorDetails })}\n`)
      process.exitCode = 1
    }
  })
}
