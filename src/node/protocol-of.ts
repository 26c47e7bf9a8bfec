import type { Protocol } from '../messages/protocols.ts'
import { foldId } from '../primitives/ids.ts'
import type { Core, RoutedFrame } from './core.ts'
import type { Neighbour } from './neighbour.ts'

/**
 * The version whose schemas a request is checked against: on a standard link the link's own; else
 * what the edge announced for its source; else what the service name says; else the link's.
 *
 * @spec docs/overlay.md section 7
 */
export function protocolOf(
  { table }: Core,
  { isOverlay, link }: Neighbour,
  { route: { networkPath, destination } }: Pick<RoutedFrame, 'route'>,
): Protocol {
  if (!isOverlay) return link.protocol
  const announced = table.get(networkPath[0])?.announced
  if (announced) return announced.protocol as Protocol
  const name = foldId(destination[destination.length - 1] ?? '')
  const isCentralSystem = name === 'centralsystem' || name.endsWith('/centralsystem')
  return isCentralSystem ? 'ocpp1.6' : link.protocol
}
