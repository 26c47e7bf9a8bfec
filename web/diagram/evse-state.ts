import type { EvseView, NodeView } from '../../src/http/live-api.ts'

/** Which status speaks for an EVSE with several connectors: the first of these that occurs. */
const PRECEDENCE = [
  'Faulted',
  'Charging',
  'Occupied',
  'Reserved',
  'Available',
  'Unavailable',
] as const satisfies readonly EvseView['status'][]

export interface EvseCell {
  readonly evseId: number
  readonly status: EvseView['status']
}

/** One cell per EVSE, by id; entry 0 speaks for the whole station and is no EVSE. */
export function evseCells(evses: readonly EvseView[]): readonly EvseCell[] {
  const statuses = new Map<number, Set<EvseView['status']>>()
  for (const { evseId, status } of evses) {
    if (evseId === 0) continue
    const known = statuses.get(evseId) ?? new Set()
    statuses.set(evseId, known.add(status))
  }
  return [...statuses]
    .sort((a, b) => a[0] - b[0])
    .map(([evseId, known]) => ({
      evseId,
      status: PRECEDENCE.find((status) => known.has(status)) ?? 'Unavailable',
    }))
}

/** Active power of a station in W; undefined when no EVSE has reported any. */
export function stationPower(node: Pick<NodeView, 'evses'>): number | undefined {
  const reported = node.evses.flatMap(({ powerW }) => (powerW === undefined ? [] : [powerW]))
  return reported.length > 0 ? reported.reduce((sum, watts) => sum + watts, 0) : undefined
}
