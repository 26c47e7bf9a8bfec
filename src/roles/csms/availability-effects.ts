/**
 * How it is seen that a place was put into or out of operation.
 *
 * @spec OCPP 1.6 edition 2 section 5.2; OCPP 2.0.1 edition 3 Part 2, G03 and G04
 */
import type { Effect, Members } from './effect.ts'

/** Status words of a connector that is in operation; a faulted one is not. */
const OPERATIVE: ReadonlySet<unknown> = new Set([
  'Available',
  'Occupied',
  'Reserved',
  'Preparing',
  'Charging',
  'SuspendedEV',
  'SuspendedEVSE',
  'Finishing',
])

/** A connector says that it is what was asked for, or has said so before. */
export function availability({ type, operationalStatus = type, ...asked }: Members): Effect {
  const isInoperative = operationalStatus === 'Inoperative'
  const isIt = (word: unknown) => (isInoperative ? word === 'Unavailable' : OPERATIVE.has(word))
  const place = placeOf(asked)
  return {
    by: 'message',
    place,
    seen: ({ action, request: said }) => {
      if (action !== 'StatusNotification') return undefined
      const { connectorId, evseId = connectorId, connectorStatus, status = connectorStatus } = said
      const from = said.evseId === undefined ? [evseId] : [evseId, connectorId]
      return covers(place, from) && isIt(status) ? `EVSE ${evseId} is ${status}` : undefined
    },
    already: (connectors) => {
      const there = connectors.filter((one) => covers(place, [one.evseId, one.connectorId]))
      // Connector 0 of 1.6 is the station itself: it says nothing of its connectors.
      const real = there.filter(({ evseId }) => evseId > 0)
      if (real.length === 0 || !real.every(({ status }) => isIt(status))) return undefined
      const words = [...new Set(real.map(({ evseId, status }) => `EVSE ${evseId} is ${status}`))]
      return `${words.join(', ')} already`
    },
  }
}

/** Whether what is true of a place is true of another one, too: no parts are the whole station. */
export function covers(place: readonly unknown[], other: readonly unknown[]): boolean {
  return place.every((part, at) => part === other[at])
}

function placeOf({ evse, evseId, connectorId }: Members): unknown[] {
  const { id = evseId ?? connectorId, connectorId: connector } = (evse ?? {}) as Members
  return [id, connector].filter((part) => part !== undefined && part !== 0)
}
