import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'

interface TraceOptions {
  readonly station?: string
  readonly copies?: true
  readonly follow?: true
  readonly tokenFile?: string
}

const LOOK_EVERY_MS = 500

/**
 * `wattweave trace CONSOLE-URL`: the frame log of a node on standard output. What has no place in
 * the format is counted on standard error.
 */
export async function trace(consoleUrl: string, options: TraceOptions): Promise<void> {
  const { tokenFile } = options
  const url = traceUrl(consoleUrl, options)
  const token = tokenFile === undefined ? undefined : readFileSync(tokenFile, 'utf8').trim()
  const source = { url, headers: { ...(token && { authorization: `Bearer ${token}` }) } }
  // Whoever reads only the first lines closes the pipe.
  process.stdout.on('error', () => process.exit(0))
  const leftOut = new Map<string, number>()
  const report = () => {
    const counts = [...leftOut].map(([why, count]) => `${count} ${why}`).join(', ')
    if (counts !== '') process.stderr.write(`Left out: ${counts}\n`)
  }
  if (options.follow) {
    process.on('SIGINT', () => {
      report()
      process.exit(0)
    })
  }
  let after = await print(source, 0, leftOut)
  while (options.follow) {
    await setTimeout(LOOK_EVERY_MS)
    after = await print(source, after, leftOut)
  }
  report()
}

function traceUrl(consoleUrl: string, { station, copies }: TraceOptions): URL {
  if (!/^https?:\/\//.test(consoleUrl) || !URL.canParse(consoleUrl)) {
    throw new Error(`"${consoleUrl}" is not the URL of a console, such as http://127.0.0.1:8350/`)
  }
  const url = new URL('api/trace', consoleUrl)
  if (station !== undefined) url.searchParams.set('station', station)
  if (copies) url.searchParams.set('copies', 'true')
  return url
}

interface Source {
  readonly url: URL
  readonly headers: Record<string, string>
}

/** Prints what came after a sequence; returns where to go on. */
async function print(source: Source, after: number, leftOut: Map<string, number>): Promise<number> {
  const { url, headers } = source
  url.searchParams.set('after', `${after}`)
  const response = await fetch(url, { headers }).catch((error: unknown) => {
    const { cause } = error as { cause?: unknown }
    const why = (cause ?? error) as Error
    throw new Error(`${url.origin} cannot be reached: ${why.message || why}; start the node whose console that is, or check the address`) // biome-ignore format: one line
  })
  if (response.status === 401) {
    throw new Error(`${url.origin} wants an API token; make one with: wattweave login FILE --api-token trace > token, and add --token-file token`) // biome-ignore format: one sentence
  }
  if (!response.ok)
    throw new Error(`${url.origin} says ${response.status} ${await response.text()}`)
  const newest = Number(response.headers.get('trace-newest'))
  // A node that was started again counts from 1 again.
  if (newest < after) return print(source, 0, leftOut)
  for (const part of (response.headers.get('trace-left-out') ?? '').split(', ')) {
    const [why = '', count] = part.split('=')
    if (count !== undefined) leftOut.set(why, (leftOut.get(why) ?? 0) + Number(count))
  }
  for await (const chunk of response.body ?? []) await write(chunk)
  return newest
}

function write(chunk: Uint8Array): Promise<void> {
  return new Promise((resolve) => process.stdout.write(chunk, () => resolve()))
}
