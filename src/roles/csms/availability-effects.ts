/**
 * How it is seen that a place was put into or out of operation.
 *
 * @spec OCPP 1.6 edition 2 section 5.2; OCPP 2.0.1 edition 3 Part 2, G03 and G04
 */
import type { Connector, Effect, Members } from './effect.ts'

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

/** All connectors of the place say that they are what was asked for, or have said so before. */
export function availability({ type, operationalStatus = type, ...asked }: Members): Effect {
  const isInoperative = operationalStatus === 'Inoperative'
  const isIt = (word: unknown) => (isInoperative ? word === 'Unavailable' : OPERATIVE.has(word))
  const place = placeOf(asked)
  // A faulted connector cannot say whether it is in operation, and the others are not without effect.
  const judged = (connectors: readonly Connector[]) =>
    connectors.filter((one) => covers(place, [one.evseId, one.connectorId]) && one.evseId > 0 && one.status !== 'Faulted') // biome-ignore format: one line
  return {
    by: 'message',
    place,
    seen: ({ action, request: said }, _, __, connectors) => {
      if (action !== 'StatusNotification') return undefined
      const { connectorId, evseId = connectorId, connectorStatus, status = connectorStatus } = said
      const from = said.evseId === undefined ? [evseId] : [evseId, connectorId]
      if (!covers(place, from) || !isIt(status)) return undefined
      const isAll = judged(connectors()).every((one) => isIt(one.status))
      return isAll ? `EVSE ${evseId} is ${status}` : undefined
    },
    already: (connectors) => {
      const real = judged(connectors)
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
