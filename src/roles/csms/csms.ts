import { type Logger, silentLogger } from '../../node/core.ts'
import type { HandlersByProtocol } from '../../node/handlers.ts'
import { createNode, type Node, type NodeOptions } from '../../node/node.ts'
import { type Clock, systemClock } from '../../primitives/clock.ts'
import { foldId, isSameId, type NodeId } from '../../primitives/ids.ts'
import { systemRandomness } from '../../primitives/randomness.ts'
import type { CsmsStore } from '../../storage/csms-store.ts'
import { behindGate } from './admission.ts'
import { Arrivals } from './arrivals.ts'
import { handlers16 } from './handlers-1.6.ts'
import { handlers21 } from './handlers-2.1.ts'
import { handlers2 } from './handlers-2.ts'
import { Hearing } from './heard.ts'
import { Operations } from './operations.ts'
import { keepFor, type Retention } from './retention.ts'
import { spelledAsKnown } from './spelling.ts'
import { Tokens } from './tokens.ts'

/** What to do with a station that proved who it is, but that nobody has entered here. */
export type UnknownStations = 'reject' | 'accept-and-flag'

export interface CsmsOptions
  extends Omit<NodeOptions, 'services' | 'handlers' | 'hasDefaultRoute'> {
  readonly store: CsmsStore
  /** Id tokens that may charge, beside those in the store; every other one is refused. */
  readonly tokens: readonly string[]
  /** Seconds between heartbeats, told at boot. Default 300. */
  readonly heartbeatIntervalS?: number
  /** Default: everything is kept for ever. */
  readonly retention?: Retention | undefined
  /** Default `accept-and-flag`. */
  readonly unknownStations?: UnknownStations
  /** Stations that the configuration names: nobody has to enter them. */
  readonly knownStations?: Iterable<string>
}

/** What the handlers of a CSMS work with. */
export interface CsmsState {
  readonly store: CsmsStore
  readonly tokens: Tokens
  readonly heartbeatIntervalS: number
  readonly log: Logger
  readonly counts: Counts
  /** What stations said, before it is written. */
  readonly arrivals: Arrivals
  /** Whether the boot of a station is accepted; of one that is not, nothing else is heard. */
  readonly isAdmitted: (station: string) => boolean
  /** Whether this is a node of the overlay: a key of its own is known, with some user role. */
  readonly isNode: (id: string) => boolean
  /** Enters a station that boots, with a flag where nobody did before. */
  readonly enter: (station: string) => void
}

/** Messages since the start that came before, and that did not say what the first one said. */
export interface Counts {
  repeated: number
  conflicts: number
}

/** A charging station management system. */
export interface Csms {
  readonly node: Node
  readonly counts: Readonly<Counts>
  readonly operations: Operations
  start(): Promise<void>
  stop(): Promise<void>
}

/** Answers stations, keeps what they say, and lets them do things. */
export function createCsms(options: CsmsOptions): Csms {
  const { store, tokens, heartbeatIntervalS = 300, unknownStations, knownStations = [], retention = {}, ...common } = options // biome-ignore format: one line
  const { log = silentLogger, clock = systemClock, random = systemRandomness } = common
  const named = new Set([...knownStations].map(foldId))
  const isKnown = (station: string) => named.has(foldId(station)) || store.isKnownStation(station)
  const isNode = nodesOf(common.security, clock)
  // Whoever has a user role is a person, a service or a node: a station it is where somebody says so.
  const isAdmitted = (station: string) => isKnown(station) || (unknownStations !== 'reject' && !isNode(station)) // biome-ignore format: one line
  const arrivals = new Arrivals({ store, clock, log })
  const state: CsmsState = {
    store,
    tokens: new Tokens(store.tokens, tokens, clock),
    heartbeatIntervalS,
    log,
    counts: { repeated: 0, conflicts: 0 },
    arrivals,
    isAdmitted,
    isNode,
    enter: (station) => store.enterStation(station, isKnown(station)),
  }
  const hearing = new Hearing()
  const node = createNode({
    ...common,
    services: ['CSMS', 'CentralSystem'],
    handlers: spelledAsKnown(
      arrivals.of(behindGate(hearing.of(csmsHandlers(state)), state)),
      store,
    ),
    onArrival: (message) => arrivals.add(message),
    obeyed: store.obeyed,
    hasDefaultRoute: false,
  })
  const operations = new Operations({ node, store, hearing, clock, random, log, isAdmitted, retryS: heartbeatIntervalS }) // biome-ignore format: one line
  let endRetention = () => {}
  return {
    node,
    counts: state.counts,
    operations,
    async start() {
      await operations.start()
      await node.start()
      endRetention = keepFor(retention, { store, clock, log })
    },
    async stop() {
      endRetention()
      operations.stop()
      await node.stop()
      await arrivals.end()
    },
  }
}

/** Stations have keys, too, and no user role. */
function nodesOf(security: NodeOptions['security'], clock: Clock): CsmsState['isNode'] {
  if (!security) return () => false
  const { directory } = security.trust
  return (id) => {
    const nowS = Math.floor(clock.now() / 1_000)
    return directory.records().some(({ key, owner, roles }) => {
      const isIts = isSameId(owner, id as NodeId) && roles.length > 0
      return isIts && directory.find(key.kid, 'sign-message', nowS).status === 'usable'
    })
  }
}

function csmsHandlers(state: CsmsState): HandlersByProtocol {
  return {
    'ocpp1.6': handlers16(state),
    'ocpp2.0.1': handlers2<'ocpp2.0.1'>(state),
    'ocpp2.1': { ...handlers2<'ocpp2.1'>(state), ...handlers21(state) },
  }
}
