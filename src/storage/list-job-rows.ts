import { csmsQueries as queries } from './csms-tables.ts'
import type { Database } from './database.ts'
import { isOver } from './operation-rows.ts'

/** A local list that a station is given in several messages. */
export interface ListJob {
  readonly messages: number
  /** Messages that have had their effect. */
  readonly taken: number
  /** Why no more are sent; undefined while it goes on. */
  readonly problem?: string | undefined
}

/** Lists on their way to stations, one for each, and those that ended before their last message. */
export class ListJobRows {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Undefined where the last one has arrived as a whole, or there never was one. */
  of(station: string): ListJob | undefined {
    const row = this.#db.row(
      queries
        .selectFrom('local_list_jobs as job')
        .leftJoin('operations as sent', 'sent.id', 'job.operation')
        .select(['job.messages', 'job.place', 'job.problem', 'sent.state'])
        .select('sent.problem as why')
        .where('job.station', '=', station),
    )
    if (!row) return undefined
    const { messages, place, state, why } = row
    const isSeen = state === 'effect-seen'
    const taken = isSeen ? place + 1 : place
    if (taken === messages) return undefined
    // Said by the operation itself: nobody need have noted it yet.
    const hasFailed = state !== null && !isSeen && isOver({ state, problem: why ?? undefined })
    const failure = hasFailed ? `message ${place + 1} of ${messages}: ${why ?? state}` : undefined
    const problem = row.problem ?? failure
    return { messages, taken, ...(problem !== undefined && { problem }) }
  }

  /** @returns False while another list is on its way there. */
  begin(station: string, messages: number): boolean {
    const before = this.of(station)
    if (before && before.problem === undefined) return false
    this.end(station)
    const row = { station, messages, place: 0, operation: null, problem: null }
    this.#db.change(queries.insertInto('local_list_jobs').values(row))
    return true
  }

  /** A message is on its way. */
  sent(station: string, place: number, operation: string): void {
    this.#db.change(
      queries
        .updateTable('local_list_jobs')
        .set({ place, operation })
        .where('station', '=', station),
    )
  }

  /** No more messages are sent, and why. */
  fail(station: string, problem: string): void {
    this.#db.change(
      queries.updateTable('local_list_jobs').set({ problem }).where('station', '=', station),
    )
  }

  /** It has arrived, or another list takes its place. */
  end(station: string): void {
    this.#db.change(queries.deleteFrom('local_list_jobs').where('station', '=', station))
  }

  /** Nobody sends the rest of them after a restart. */
  abandoned(problem: string): void {
    const rows = this.#db.rows(queries.selectFrom('local_list_jobs').select('station'))
    for (const { station } of rows) {
      const job = this.of(station)
      if (!job) this.end(station)
      else this.fail(station, job.problem ?? problem)
    }
  }
}
