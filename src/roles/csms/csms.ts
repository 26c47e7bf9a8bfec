import { type Logger, silentLogger } from '../../node/core.ts'
import type { HandlersByProtocol } from '../../node/handlers.ts'
import { createNode, type Node, type NodeOptions } from '../../node/node.ts'
import type { CsmsStore } from '../../storage/csms-store.ts'
import { handlers16 } from './handlers-1.6.ts'
import { handlers2 } from './handlers-2.ts'

export interface CsmsOptions
  extends Omit<NodeOptions, 'services' | 'handlers' | 'hasDefaultRoute'> {
  readonly store: CsmsStore
  /** Id tokens that may charge; every other one is answered Invalid. */
  readonly tokens: readonly string[]
  /** Seconds between heartbeats, told at boot. Default 300. */
  readonly heartbeatIntervalS?: number
}

/** What the handlers of a CSMS work with. */
export interface CsmsState {
  readonly store: CsmsStore
  readonly tokens: ReadonlySet<string>
  readonly heartbeatIntervalS: number
  readonly log: Logger
}

/** A charging station management system: answers stations and keeps what they say. */
export function createCsms(options: CsmsOptions): Node {
  const { store, tokens, heartbeatIntervalS = 300, ...common } = options
  const { log = silentLogger } = common
  const handlers = csmsHandlers({ store, tokens: new Set(tokens), heartbeatIntervalS, log })
  return createNode({
    ...common,
    services: ['CSMS', 'CentralSystem'],
    handlers,
    hasDefaultRoute: false,
  })
}

function csmsHandlers(state: CsmsState): HandlersByProtocol {
  return {
    'ocpp1.6': handlers16(state),
    'ocpp2.0.1': handlers2<'ocpp2.0.1'>(state),
    'ocpp2.1': handlers2<'ocpp2.1'>(state),
  }
}
