import type { RuleEvent } from '../../src/http/live-api.ts'

type Document = RuleEvent['document']

/** An event with what held before it, where that stands in the log. */
export interface Told {
  readonly entry: RuleEvent
  readonly before: Document
}

/** The same history, each change with what held before: a change that was undone never counts. */
export function withBefore(newestFirst: readonly RuleEvent[]): readonly Told[] {
  let holds: Document
  let previous: Document
  const told = newestFirst.toReversed().map((entry): Told => {
    const before = holds
    if (entry.event === 'changed') {
      previous = holds
      holds = entry.document
    }
    if (entry.event === 'rolled-back') holds = previous
    return { entry, before: entry.event === 'changed' ? before : undefined }
  })
  return told.toReversed()
}
