import assert from 'node:assert/strict'
import { until } from '../../end-to-end/processes.ts'
import { type Refusal, refusalAt } from './refusals.ts'
import { deliver, type FrameArray, type Side, type Sides } from './site.ts'

export interface Trial {
  /** As it comes to the middle, signatures and all. */
  readonly frame: FrameArray
  /** `reason` of the refusal. */
  readonly reason: string
  /** Whether the attack has had its effect at a side. */
  readonly isDone: (side: Side) => boolean | Promise<boolean>
  /** Who has to refuse it. Default: the node at the edge. */
  readonly at?: 'node' | 'csms'
  /** Towards whom the middle sends it, where the frame says something else. */
  readonly over?: string
}

/**
 * Delivers the same bytes twice: they take effect where the policy is `insecure`, and are refused,
 * counted, logged and listed where it is the default one.
 */
export async function obeyedThenRefused({ open, strict }: Sides, trial: Trial): Promise<Refusal> {
  const { frame, reason, isDone, at = 'node', over } = trial
  assert.equal(await isDone(open), false, 'nothing has happened yet')
  deliver(open, frame, over)
  await until('the attack to take effect without the policy', async () => isDone(open))
  const refusal = await refusalAt(strict[at], () => deliver(strict, frame, over), undefined, () => isDone(strict)) // biome-ignore format: one line
  assert.deepEqual(refusal, { code: 'ERR_POLICY_REFUSED', reason })
  assert.equal(await isDone(strict), false, 'no effect under the default policy')
  return refusal
}

/** Payload of a CALL or SEND in a frame. */
export const PAYLOAD = 5

export function payloadOf(frame: FrameArray, at = PAYLOAD): Record<string, unknown> {
  return frame[at] as Record<string, unknown>
}

/** A CALL to a station as its CSMS would write it. */
export function callTo(
  station: string,
  action: string,
  payload: object,
  from = 'CSMS01',
): FrameArray {
  return [2, station, [from], crypto.randomUUID(), action, payload]
}

export function without({ signatures: _, ...rest }: Record<string, unknown>): object {
  return rest
}

/** How often a station of a side has done something. */
export function timesDone(side: Side, action: string, station: 0 | 1 = 0): number {
  return side.stations[station].obeyed.filter(([name]) => name === action).length
}

export function settingOf(side: Side, key = 'HeartbeatInterval', station: 0 | 1 = 0) {
  return side.stations[station].settings.get(key)
}
