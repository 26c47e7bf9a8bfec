/**
 * What people and monitoring read over HTTP: the console, live events, metrics and health.
 *
 * @module
 */
import type { AddressInfo } from 'node:net'
import helmet from '@fastify/helmet'
import fastifyStatic from '@fastify/static'
import { type FastifyInstance, fastify } from 'fastify'
import { detailOf, frameView } from './frame-views.ts'
import { openLive } from './live.ts'
import { createMetrics } from './metrics.ts'
import { createOverview, type ViewSources } from './overview.ts'

export interface ConsoleOptions {
  readonly host: string
  /** 0 takes a free one, as does a port that is in use. */
  readonly port: number
  /** Folder of the built page; undefined when there is none. */
  readonly page: string | undefined
  readonly view: ViewSources
}

export interface ConsoleServer {
  readonly url: string
  stop(): Promise<void>
}

const LOOPBACK = ['127.0.0.1', '::1', 'localhost']
const MAX_FRAMES = 500

/** Starts the HTTP server of a node. */
export async function startConsole(options: ConsoleOptions): Promise<ConsoleServer> {
  const { host, view } = options
  const app = fastify({ logger: false, forceCloseConnections: true })
  await app.register(helmet, { contentSecurityPolicy: { useDefaults: false, directives: CSP } })
  refuseForeignHosts(app, host)
  const overview = createOverview(view)
  const metrics = createMetrics(view.node)

  app.get('/metrics', async (_, reply) =>
    reply.type(metrics.contentType).send(await metrics.text()),
  )
  app.get('/health', async () => ({ status: 'up' }))
  app.get('/api/overview', async () => overview.now())
  app.get('/api/live', (request, reply) => openLive(request, reply, view, overview))
  app.get<{ Querystring: { after?: string; limit?: string } }>('/api/frames', async (request) => {
    const limit = Math.min(Number(request.query.limit) || MAX_FRAMES, MAX_FRAMES)
    const records = view.node.frameLog.after(Number(request.query.after) || 0, limit)
    return { frames: records.map((record) => frameView(view.node, record)) }
  })
  app.get<{ Params: { sequence: string } }>('/api/frames/:sequence', async (request, reply) => {
    const detail = detailOf(view.node, Number(request.params.sequence))
    return detail ?? reply.code(404).send({ error: 'this frame is not in the log any more' })
  })
  await serveConsole(app, options.page)

  await listen(app, host, options.port)
  const { port } = app.server.address() as AddressInfo
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}/`,
    stop: () => app.close(),
  }
}

const CSP = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  fontSrc: ["'self'"],
  imgSrc: ["'self'"],
  connectSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
}

async function listen(app: FastifyInstance, host: string, port: number): Promise<void> {
  try {
    await app.listen({ host, port })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    await app.listen({ host, port: 0 })
  }
}

/**
 * On a loopback address any page in the same browser could reach the console under a name of its
 * own that resolves to 127.0.0.1; such names are refused.
 */
function refuseForeignHosts(app: FastifyInstance, host: string): void {
  if (!LOOPBACK.includes(host)) return
  app.addHook('onRequest', async (request, reply) => {
    const name = request.hostname.replace(/^\[|\]$/g, '')
    if (LOOPBACK.includes(name)) return
    return reply.code(421).send({ error: `this console is not reachable as ${name}` })
  })
}

/** The built page; paths without a file extension are rooms of it. */
async function serveConsole(app: FastifyInstance, page: string | undefined): Promise<void> {
  if (page === undefined) {
    app.get('/', async (_, reply) =>
      reply.type('text/plain').send('The console is not built. Run: npm run build:web\n'),
    )
    return
  }
  await app.register(fastifyStatic, { root: page, cacheControl: false })
  app.setNotFoundHandler((request, reply) => {
    const isRoom = request.method === 'GET' && !/\.|^\/api\//.test(request.url.split('?')[0] ?? '')
    return isRoom ? reply.sendFile('index.html') : reply.code(404).send({ error: 'not found' })
  })
}
