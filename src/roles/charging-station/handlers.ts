import { OverlayError } from '../../errors.ts'
import type { Protocol } from '../../messages/protocols.ts'
import type { AnyHandler, HandlersByProtocol } from '../../node/handlers.ts'
import type { Commandable } from './charging-station.ts'
import { handlers16 } from './handlers-1.6.ts'
import { handlers21 } from './handlers-2.1.ts'
import { handlers2 } from './handlers-2.ts'

/** What a station answers in its version. */
export function handlersOf(protocol: Protocol, station: () => Commandable): HandlersByProtocol {
  const handlers = {
    ...(protocol === 'ocpp1.6' ? handlers16(station) : handlers2(station)),
    ...(protocol === 'ocpp2.1' && handlers21(station)),
  }
  const guarded = Object.entries(handlers as Record<string, AnyHandler>).map(
    ([action, handler]) => [action, guard(action, handler, station)] as const,
  )
  return { [protocol]: Object.fromEntries(guarded) }
}

/**
 * A CSMS that has rejected the station has nothing to ask of it.
 *
 * @spec OCPP 2.0.1 edition 3 Part 2, B03.FR.08; OCPP 1.6 edition 2 section 4.2
 */
function guard(action: string, handler: AnyHandler, station: () => Commandable): AnyHandler {
  return (request, context) => {
    const { life } = station()
    if (life.registration === 'Rejected') {
      const { source: uplink } = context
      throw new OverlayError('ERR_ACCESS_DENIED', { uplink, station: life.nodeId, action })
    }
    return handler(request, context)
  }
}
