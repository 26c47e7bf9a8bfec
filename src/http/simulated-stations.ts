import type { FastifyInstance } from 'fastify'
import { PROTOCOLS } from '../messages/protocols.ts'
import { type Logger, silentLogger } from '../node/core.ts'
import { foldId, type NodeId } from '../primitives/ids.ts'
import {
  type ChargingStation,
  createChargingStation,
} from '../roles/charging-station/charging-station.ts'
import { dial } from '../transport/websocket-client.ts'
import type { SimulatedStationView } from './live-api.ts'
import { sendProblem } from './problems.ts'
import { isLoopback } from './same-origin.ts'

/** Simulated charging stations of this process, for trying things out. */
export interface SimulatedStations {
  readonly max: number
  /** Folded ids of those that were started. */
  readonly ids: ReadonlySet<string>
  /** Starts one more, which connects as any station would; undefined when there are enough. */
  start(): Promise<string | undefined>
  stop(): Promise<void>
}

export interface SimulationOptions {
  /** Address the console listens on; who could reach it from elsewhere shall start nothing. */
  readonly consoleHost: string
  /** Where this node listens. */
  readonly listeners: readonly { readonly url: string; readonly insecure: boolean }[]
  /** Tells ids that somebody else bears. */
  readonly isTaken: (id: NodeId) => boolean
  /** What the drivers hold up; without any they hold up one that a CSMS will not know. */
  readonly tokens: readonly string[]
  readonly log?: Logger
}

const MAX_STATIONS = 5
/** Quick enough to see something happen. */
const RHYTHM = { pauseS: 8, sessionS: 60, meterIntervalS: 5 } as const

/**
 * Simulated stations that connect through this node's own listener. There are none where a station
 * without a password is not let in, or where listener or console are not for this machine only.
 */
export function createSimulatedStations(options: SimulationOptions): SimulatedStations | undefined {
  const { consoleHost, isTaken, tokens, log = silentLogger } = options
  const listener = options.listeners.find(({ url, insecure }) => {
    const { protocol, hostname } = new URL(url)
    return insecure && protocol === 'ws:' && isLoopback(hostname)
  })
  if (!listener || !isLoopback(consoleHost)) return undefined
  const stations = new Map<string, ChargingStation>()

  function freeId(): NodeId {
    for (let n = 1; ; n++) {
      const id = `SIM${String(n).padStart(2, '0')}` as NodeId
      if (!stations.has(foldId(id)) && !isTaken(id)) return id
    }
  }

  return {
    max: MAX_STATIONS,
    get ids() {
      return new Set(stations.keys())
    },
    async start() {
      if (stations.size >= MAX_STATIONS) return undefined
      const nodeId = freeId()
      // By turns, the newest version first.
      const protocol = PROTOCOLS.at(-1 - (stations.size % PROTOCOLS.length)) ?? 'ocpp2.1'
      const link = dial({ url: listener.url, nodeId, mode: 'standard', protocols: [protocol] })
      const drivers = tokens.length > 0 ? tokens : ['SIMULATED']
      const station = createChargingStation({
        ...RHYTHM,
        nodeId,
        protocol,
        links: [link],
        tokens: drivers,
        log,
      })
      stations.set(foldId(nodeId), station)
      await station.start()
      log.info('simulation.started', { station: nodeId, protocol })
      return nodeId
    },
    async stop() {
      await Promise.all([...stations.values()].map((station) => station.stop()))
    },
  }
}

/** `POST /api/simulated-stations`: starts one; there is nothing to choose, so the body may be left out. */
export function serveSimulatedStations(
  app: FastifyInstance,
  simulations: SimulatedStations | undefined,
): void {
  const config = { role: 'technician', mayBeEmpty: true } as const
  const schema = {
    summary: 'Start a simulated station',
    tags: ['stations'],
    body: { type: 'object', additionalProperties: false, properties: {} },
  }
  app.post('/api/simulated-stations', { config, schema }, async (request, reply) => {
    if (!simulations) {
      const problem = 'no listener of this node lets in a station of this machine without a password' // biome-ignore format: one line
      return sendProblem(reply, 409, problem)
    }
    const id = await simulations.start()
    if (id !== undefined) request.audited = { station: id }
    if (id !== undefined) return reply.code(201).send({ id } satisfies SimulatedStationView)
    const max = `${simulations.max} simulated stations are running; there may not be more`
    return sendProblem(reply, 409, max)
  })
}
