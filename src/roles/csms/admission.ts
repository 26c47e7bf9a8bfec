import { OverlayError } from '../../errors.ts'
import type { AnyHandler, Context, HandlersByProtocol } from '../../node/handlers.ts'
import type { BootRow } from '../../storage/csms-store.ts'
import type { CsmsState } from './csms.ts'
import { record, timeOf, writeOnce } from './record.ts'

/**
 * Answers a BootNotification. One that is rejected is kept as it came, and nothing follows from it.
 *
 * @spec OCPP 1.6 edition 2 section 4.2; OCPP 2.0.1 edition 3 Part 2, B01 and B03
 */
export async function recordBoot(state: CsmsState, context: Context, boot: BootRow) {
  const { store, heartbeatIntervalS: interval, log, arrivals } = state
  const { source: station } = context
  const currentTime = timeOf(context)
  if (!state.isAdmitted(station)) {
    log.warn('station.rejected', { station })
    await store.write(() => store.messages.add(arrivals.rowOf(context)))
    arrivals.kept(context)
    return { status: 'Rejected' as const, currentTime, interval }
  }
  return record(state, context, () => {
    store.setBoot(station, boot, currentTime)
    state.enter(station)
    return { status: 'Accepted' as const, currentTime, interval }
  })
}

/**
 * The same handlers, behind a gate: a station whose boot is rejected may say nothing else.
 *
 * @spec OCPP 2.0.1 edition 3 Part 2, B01.FR.10 and B03.FR.07; OCPP 1.6 edition 2 section 4.2
 */
export function behindGate(
  handlers: HandlersByProtocol,
  { isAdmitted, isNode }: Pick<CsmsState, 'isAdmitted' | 'isNode'>,
): HandlersByProtocol {
  const may: Guards = new Map([['SecurityEventNotification', (id) => isAdmitted(id) || isNode(id)]])
  const gated = Object.entries(handlers).map(([protocol, byAction]) => {
    const entries = Object.entries(byAction) as [string, AnyHandler][]
    const guarded = entries.map(([action, run]) => [action, action === 'BootNotification' ? run : guard(run, may.get(action) ?? isAdmitted)]) // biome-ignore format: one line
    return [protocol, Object.fromEntries(guarded)]
  })
  return Object.fromEntries(gated) as HandlersByProtocol
}

/** Of actions that are not for stations alone: who may ask for them. */
type Guards = ReadonlyMap<string, (id: string) => boolean>

function guard(run: AnyHandler, isAdmitted: (station: string) => boolean): AnyHandler {
  return (request, context) => {
    const { source: station } = context
    if (isAdmitted(station)) return run(request, context)
    throw new OverlayError('ERR_STATION_REJECTED', { station })
  }
}

/**
 * Keeps what happened to the security of a station, or of a node of the overlay: that is no station,
 * and does not become one by what it tells.
 *
 * @spec OCPP 2.0.1 edition 3 Part 2, A04; OCPP 2.1 Part 2 likewise
 */
export function recordSecurityEvent(
  state: CsmsState,
  context: Context,
  event: Parameters<CsmsState['store']['securityEvents']['add']>[1],
): Promise<Record<string, never>> {
  const { store } = state
  const { source: station } = context
  const receivedAt = timeOf(context)
  if (!state.isNode(station) || store.stationRow(station)) {
    return record(state, context, () => {
      store.securityEvents.add(station, event, receivedAt)
      return {}
    })
  }
  // It is no message of a station: what it tells is kept, and not that it said so.
  return writeOnce(state, context, () => {
    store.securityEvents.add(station, event, receivedAt)
    return {}
  })
}
