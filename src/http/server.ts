/**
 * What people and monitoring read over HTTP: the console, live events, metrics and health.
 *
 * @module
 */
import type { AddressInfo } from 'node:net'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import fastifyStatic from '@fastify/static'
import { type FastifyInstance, fastify } from 'fastify'
import { guardAccess } from './access.ts'
import { AttackDemonstration, serveAttacks } from './attacks.ts'
import { type ConnectionLimits, type ConnectionRefusal, HttpConnections } from './connections.ts'
import { serveFrames } from './frames.ts'
import { serveInstalled } from './installed.ts'
import { serveKeys } from './keys.ts'
import { isAllowed, openLive } from './live.ts'
import { serveLiveSocket } from './live-socket.ts'
import { createMetrics } from './metrics.ts'
import { Observations } from './observations.ts'
import { describeRoutes } from './openapi.ts'
import { serveOperations } from './operations.ts'
import { createOverview, type ViewSources } from './overview.ts'
import { answerUnroutable, answerWithProblems, sendProblem } from './problems.ts'
import { serveQuarantine } from './quarantine.ts'
import { readinessOf } from './readiness.ts'
import { serveRules } from './rules.ts'
import { acceptEmptyBodies, refuseForeignHosts, refuseForeignWrites } from './same-origin.ts'
import { serveAccounts, serveSessions } from './sessions.ts'
import { serveSimulatedStations } from './simulated-stations.ts'
import { knowStationsInAnyCase } from './station-names.ts'
import { serveStations } from './stations.ts'
import { serveTokens } from './tokens.ts'
import { serveTrace } from './trace.ts'
import { serveTransactions } from './transactions.ts'

export interface ConsoleOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** `move`: where the port is in use, take a free one. Default `fail`. */
  readonly portInUse?: 'fail' | 'move'
  /** Of one address; beyond it 429. Default 12 000: a console that is open asks for some dozens. */
  readonly maxRequestsPerMinute?: number
  readonly connections?: ConnectionLimits
  /** Told of each connection that was closed because it was slow, or one too many. */
  readonly onRefused?: (refusal: ConnectionRefusal) => void
  /** Folder of the built page; undefined when there is none. */
  readonly page: string | undefined
  readonly view: ViewSources
}

export interface ConsoleServer {
  readonly url: string
  stop(): Promise<void>
}

const MAX_REQUESTS_PER_MINUTE = 12_000

/** Starts the HTTP server of a node. */
export async function startConsole(options: ConsoleOptions): Promise<ConsoleServer> {
  const { host, view, onRefused = () => {} } = options
  const { accounts } = view
  const connections = new HttpConnections({
    ...options.connections,
    isKnown: (headers) => accounts !== undefined && isAllowed(headers, accounts),
    onRefused,
  })
  const app = fastify({
    logger: false,
    serverFactory: (handler) => connections.createServer(handler),
    forceCloseConnections: true,
    frameworkErrors: answerUnroutable,
    routerOptions: { maxParamLength: 1_024 },
  })
  app.addHook('preClose', async () => connections.close())
  await app.register(helmet, { contentSecurityPolicy: { useDefaults: false, directives: CSP } })
  refuseForeignHosts(app, host)
  refuseForeignWrites(app)
  acceptEmptyBodies(app)
  answerWithProblems(app)
  const { maxRequestsPerMinute: max = MAX_REQUESTS_PER_MINUTE } = options
  await app.register(rateLimit, { max, timeWindow: '1 minute' })
  await guardAccess(app, accounts)
  await describeRoutes(app, view.version)
  const { node, observed = new Observations(node, view.clock) } = view
  const overview = createOverview({ ...view, observed })
  const metrics = createMetrics(node, observed, {
    clock: view.clock,
    csms: view.csms,
    audit: view.audit?.counts,
    refusedConnections: connections.refused,
  })
  app.addHook('onClose', async () => metrics.stop())

  app.get('/metrics', described('Metrics as Prometheus reads them', 'about'), async (_, reply) =>
    reply.type(metrics.contentType).send(await metrics.text()),
  )
  app.get('/health', described('Whether the process lives', 'about'), async () => ({
    status: 'up',
  }))
  app.get('/ready', described('Whether it can do its work now', 'about'), async (_, reply) => {
    const readiness = await readinessOf(view)
    return reply.code(readiness.status === 'ready' ? 200 : 503).send(readiness)
  })
  app.get('/api/overview', described('The overlay as this node knows it', 'overlay'), async () => overview.now()) // biome-ignore format: one route
  serveLiveSocket(app, host, view, overview)
  const live = described('Overview, frames and operations as they come: Server-Sent Events, or a WebSocket', 'overlay') // biome-ignore format: one line
  app.get('/api/live', live, (request, reply) => openLive(request, reply, view, overview))
  if (view.store) knowStationsInAnyCase(app, view.store)
  serveFrames(app, view.node)
  serveTrace(app, view, observed)
  serveTransactions(app, view)
  serveSimulatedStations(app, view.simulations)
  serveKeys(app, view)
  serveRules(app, view)
  serveQuarantine(app, view)
  if (view.attacks) serveAttacks(app, new AttackDemonstration(node, view.attacks))
  serveSessions(app, accounts)
  if (accounts) serveAccounts(app, accounts)
  if (view.csms && view.store) {
    serveOperations(app, view.csms, view.store)
    serveInstalled(app, view.csms, view.store)
    serveTokens(app, view.store)
    serveStations(app, view.store, view.node)
  }
  await serveConsole(app, options.page)

  await listen(app, options)
  const { port } = app.server.address() as AddressInfo
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}/`,
    stop: () => app.close(),
  }
}

function described(summary: string, tag: string) {
  return { schema: { summary, tags: [tag] } }
}

const NOTHING_HERE = 'there is nothing at this address'
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

async function listen(app: FastifyInstance, options: ConsoleOptions): Promise<void> {
  const { host, port, portInUse = 'fail' } = options
  try {
    await app.listen({ host, port })
  } catch (error) {
    if (portInUse === 'fail' || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    await app.listen({ host, port: 0 })
  }
}

/** What no room is below; anything else may be one, as an id of a station may have a dot in it. */
const NO_ROOM = /^\/(api|assets)(\/|$)/

/** The built page; addresses where no file is are rooms of it. */
async function serveConsole(app: FastifyInstance, page: string | undefined): Promise<void> {
  if (page === undefined) {
    app.get('/', async (_, reply) =>
      reply.type('text/plain').send('The console is not built. Run: npm run build:web\n'),
    )
    app.setNotFoundHandler((_, reply) => sendProblem(reply, 404, NOTHING_HERE))
    return
  }
  await app.register(fastifyStatic, { root: page, cacheControl: false })
  app.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?')
    const isRoom = request.method === 'GET' && !NO_ROOM.test(path)
    return isRoom ? reply.sendFile('index.html') : sendProblem(reply, 404, NOTHING_HERE)
  })
}
