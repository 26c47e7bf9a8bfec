import assert from 'node:assert/strict'
import { metric, type RunningNode, until } from '../../end-to-end/processes.ts'
import { api } from './site.ts'

/** Lines of the log of a process that are about an event. */
export function linesOf(running: RunningNode, event: string): Record<string, unknown>[] {
  const lines = running.errors().split('\n').slice(0, -1)
  return lines.flatMap((line) => {
    if (!line.includes(`"${event}"`)) return []
    const fields = JSON.parse(line) as Record<string, unknown>
    return fields.event === event ? [fields] : []
  })
}

/** A frame that a process has refused, as its counter, its log and its frame list tell it. */
export interface Refusal {
  readonly code: string
  readonly reason: unknown
}

const REFUSED = 'wattweave_refused_total'

/**
 * Does something that a process has to refuse, and returns why it did; counter, log and frame list
 * must all tell it.
 *
 * @param isDone What would show that it is obeyed: then nobody waits for a refusal.
 */
export async function refusalAt(
  running: RunningNode,
  act: () => unknown,
  code = 'ERR_POLICY_REFUSED',
  isDone: () => boolean | Promise<boolean> = () => false,
): Promise<Refusal> {
  const label = `code="${code}"`
  const counted = await metric(running.console, REFUSED, label)
  const logged = ofCode(running, code).length
  const seen = await newest(running)
  await act()
  const since = async () => (await metric(running.console, REFUSED, label)) - counted
  await until(`${code} to be counted`, async () => (await since()) > 0 || isDone())
  assert.equal(await since(), 1, 'it is refused once')
  const { frames } = await api<{ frames: FrameRow[] }>(running, `frames?after=${seen}`)
  assert.ok(frames.some(({ errorCode }) => errorCode === code), `${code} is in the list of frames`) // biome-ignore format: one line
  // The log tells so many of one link in a minute; of the others the inspector has the answer.
  if (logged >= LINES_PER_CODE) return { code, reason: await answeredReason(running, frames) }
  const line = await until(`${code} to be logged`, () => ofCode(running, code)[logged])
  return { code, reason: (line.details as { reason?: unknown } | undefined)?.reason }
}

const LINES_PER_CODE = 10

async function answeredReason(running: RunningNode, frames: readonly FrameRow[]): Promise<unknown> {
  const answer = frames.find(({ kind, direction }) => kind === 'CALLERROR' && direction === 'sent')
  const { payload } = await api<{ payload?: { reason?: unknown } }>(running, `frames/${answer?.sequence}`) // biome-ignore format: one line
  return payload?.reason
}

interface FrameRow {
  readonly sequence: number
  readonly kind: string
  readonly direction: string
  readonly errorCode?: string
}

function ofCode(running: RunningNode, code: string): Record<string, unknown>[] {
  return linesOf(running, 'frame.refused').filter((line) => line.code === code)
}

/** The list gives the oldest first, in pages. */
async function newest(running: RunningNode): Promise<number> {
  let last = 0
  for (;;) {
    const { frames } = await api<{ frames: FrameRow[] }>(running, `frames?after=${last}`)
    const { sequence } = frames.at(-1) ?? {}
    if (sequence === undefined) return last
    last = sequence
  }
}
