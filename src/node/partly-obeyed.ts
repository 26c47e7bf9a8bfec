/** Requests of which some items are obeyed, and the others are answered as refused. */
import { type PartlyPermitted, refusedItems, withRefusedItems } from '../security/roles/item-answers.ts' // biome-ignore format: one line
import type { JsonObject } from '../wire/payload.ts'
import type { Core, RoutedFrame } from './core.ts'
import type { Neighbour } from './neighbour.ts'

/** Counts and tells what is refused of a request that is obeyed for the rest. */
export function tellRefusedItems(
  node: Core,
  from: Neighbour,
  { messageId, route }: RoutedFrame,
  part: PartlyPermitted | undefined,
): void {
  if (!part) return
  const code = 'ERR_POLICY_REFUSED'
  node.refusals.set(code, (node.refusals.get(code) ?? 0) + 1)
  const details = { reason: 'role', items: refusedItems(part).join(', ') }
  const trace = node.frameLog.arrivalTrace ?? messageId
  node.emit({ name: 'frame.refused', link: from.label, code, details, source: route.networkPath[0], trace }) // biome-ignore format: one line
}

/** The whole answer to a request of which a part was obeyed. */
export function wholeAnswer(
  node: Core,
  part: PartlyPermitted | undefined,
  answer: JsonObject,
): JsonObject {
  // biome-ignore format: one line
  return part ? withRefusedItems(part, answer, node.id) : answer
}
