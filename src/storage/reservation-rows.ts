import { sql } from 'kysely'
import { csmsQueries as queries, type ReservationState } from './csms-tables.ts'
import type { Database } from './database.ts'
import { nextId } from './numbers.ts'

export interface ReservationRow {
  readonly station: string
  readonly reservationId: number
  /** Undefined: any EVSE of the station. */
  readonly evseId: number | undefined
  readonly idToken: string
  /** RFC 3339. */
  readonly expiresAt: string
  readonly state: ReservationState
  /** RFC 3339. */
  readonly changedAt: string
}

/** Where a reservation stands in the list: by `expiresAt` while it is open, then by `changedAt`. */
export type ReservationPlace = readonly [
  isOver: number,
  at: string,
  station: string,
  reservationId: number,
]

export interface ReservationQuery {
  readonly station?: string | undefined
  readonly state?: ReservationState | undefined
  /** Only reservations behind this place. */
  readonly after?: ReservationPlace | undefined
  readonly limit: number
}

/** Reservations that stations have accepted, and what became of them. */
export class ReservationRows {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Keeps a reservation; one with the same id is replaced, as the station does. */
  put(row: ReservationRow): void {
    const said = {
      evse_id: row.evseId ?? null,
      id_token: row.idToken,
      expires_at: row.expiresAt,
      state: row.state,
      changed_at: row.changedAt,
    }
    const key = { station: row.station, reservation_id: row.reservationId }
    this.#db.change(
      queries
        .insertInto('reservations')
        .values({ ...key, ...said })
        .onConflict((conflict) =>
          conflict.columns(['station', 'reservation_id']).doUpdateSet(said),
        ),
    )
  }

  /**
   * What became of a reservation; the first word counts, but that it is there no more says the
   * least: its transaction, or the answer to who cancels it, may come after the status.
   */
  end(station: string, reservationId: number, state: ReservationState, at: string): void {
    const isCause = state === 'used' || state === 'cancelled'
    const open: ReservationState[] = isCause ? ['reserved', 'removed'] : ['reserved']
    this.#db.change(
      queries
        .updateTable('reservations')
        .set({ state, changed_at: at })
        .where('station', '=', station)
        .where('reservation_id', '=', reservationId)
        .where('state', 'in', open),
    )
  }

  /** An EVSE shows no reservation any more, so those of it that were there before are gone. */
  freed(station: string, evseId: number, at: string): void {
    this.#db.change(
      queries
        .updateTable('reservations')
        .set({
          state: sql`CASE WHEN expires_at <= ${at} THEN 'expired' ELSE 'removed' END`,
          changed_at: at,
        })
        .where('station', '=', station)
        .where('evse_id', '=', evseId)
        .where('state', '=', 'reserved')
        // What was said before it began is late, and about another one.
        .where('changed_at', '<=', at),
    )
  }

  /** Those whose time is over are expired, whether or not the station has said so. */
  expire(now: string): void {
    this.#db.change(
      queries
        .updateTable('reservations')
        .set({ state: 'expired', changed_at: now })
        .where('state', '=', 'reserved')
        .where('expires_at', '<=', now),
    )
  }

  /** Open ones first, of these those that end first; of the others those that changed last. */
  page({ station, state, after, limit }: ReservationQuery): ReservationRow[] {
    let query = queries.selectFrom('reservations').selectAll().limit(limit)
    if (station !== undefined) query = query.where('station', '=', station)
    if (state !== undefined) query = query.where('state', '=', state)
    if (after !== undefined) query = query.where(isBehind(after))
    query = query
      .orderBy(sql`state <> 'reserved'`)
      .orderBy(sql`CASE state WHEN 'reserved' THEN expires_at END`)
      .orderBy(sql`CASE WHEN state <> 'reserved' THEN changed_at END`, 'desc')
      .orderBy('station')
      .orderBy('reservation_id')
    return this.#db.rows(query).map((row) => ({
      station: row.station,
      reservationId: row.reservation_id,
      evseId: row.evse_id ?? undefined,
      idToken: row.id_token,
      expiresAt: row.expires_at,
      state: row.state,
      changedAt: row.changed_at,
    }))
  }

  /** An id that no reservation had, and that is never given again. To be called inside a write. */
  nextId(): number {
    return nextId(this.#db, 'reservation')
  }
}

/** The place of a reservation in the order of `page`. */
export function reservationPlace(row: ReservationRow): ReservationPlace {
  const isOver = row.state !== 'reserved'
  return [isOver ? 1 : 0, isOver ? row.changedAt : row.expiresAt, row.station, row.reservationId]
}

function isBehind([isOver, at, station, id]: ReservationPlace) {
  if (isOver === 0) {
    return sql<boolean>`(state <> 'reserved'
      OR (expires_at, station, reservation_id) > (${at}, ${station}, ${id}))`
  }
  return sql<boolean>`(state <> 'reserved' AND (changed_at < ${at}
    OR (changed_at = ${at} AND (station, reservation_id) > (${station}, ${id}))))`
}
