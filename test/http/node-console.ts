import type { TestContext } from 'node:test'
import type { ViewSources } from '../../src/http/overview.ts'
import { type ConsoleServer, startConsole } from '../../src/http/server.ts'

/** An HTTP server for a node that a test has made; it stops with the test. */
export async function serve(
  context: TestContext,
  view: Partial<ViewSources> & Pick<ViewSources, 'node'>,
): Promise<ConsoleServer> {
  const server = await startConsole({
    host: '127.0.0.1',
    port: 0,
    page: undefined,
    view: {
      role: 'networking-node',
      version: '0.0.0',
      store: undefined,
      stationUrls: [],
      insecure: false,
      ...view,
    },
  })
  context.after(() => server.stop())
  return server
}

/** The samples of a scrape, by name and labels as they are written. */
export async function scrape(console: string): Promise<Map<string, number>> {
  const text = await (await fetch(new URL('metrics', console))).text()
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    samples.map((line) => {
      const at = line.lastIndexOf(' ')
      return [line.slice(0, at), Number(line.slice(at + 1))]
    }),
  )
}
