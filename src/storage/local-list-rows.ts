import { csmsQueries as queries } from './csms-tables.ts'
import type { Database } from './database.ts'

/** What a local list says of a token. */
export interface LocalListEntry {
  readonly idToken: string
  /** AuthorizationStatus of the station's version. */
  readonly status: string
  /** RFC 3339. */
  readonly expiresAt?: string | undefined
  readonly groupId?: string | undefined
}

export interface LocalList {
  readonly version: number
  /** RFC 3339. */
  readonly changedAt: string
  /** Undefined: the station has a version of which nobody knows what is in it. */
  readonly entries: readonly LocalListEntry[] | undefined
}

/** The local authorization lists of stations, as these have taken them. */
export class LocalListRows {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Undefined: it was never sent one. */
  of(station: string): LocalList | undefined {
    const list = this.#db.row(
      queries.selectFrom('local_lists').selectAll().where('station', '=', station),
    )
    if (!list) return undefined
    return {
      version: list.version,
      changedAt: list.changed_at,
      entries: list.known === 1 ? this.#entriesOf(station) : undefined,
    }
  }

  /** The station says which version it has; with another one its entries are not known. */
  setVersion(station: string, version: number, at: string): void {
    if (this.of(station)?.version === version) return
    this.#removeAll(station)
    // 0: it has none.
    this.#put(station, { version, changed_at: at, known: version === 0 ? 1 : 0 })
  }

  /** A list was sent, and whether the station has taken it nobody knows. */
  doubt(station: string, at: string): void {
    const { version = 0 } = this.of(station) ?? {}
    this.#put(station, { version, changed_at: at, known: 0 })
  }

  /** A list as a whole, or what is different in it; an entry without a status is taken out. */
  change(
    station: string,
    change: {
      readonly version: number
      readonly isFull: boolean
      readonly entries: readonly (Omit<LocalListEntry, 'status'> & {
        readonly status: string | undefined
      })[]
    },
    at: string,
  ): void {
    if (change.isFull) this.#removeAll(station)
    const { version, isFull } = change
    this.#put(station, { version, changed_at: at, ...(isFull && { known: 1 }) })
    for (const { idToken, status, expiresAt, groupId } of change.entries) {
      this.#remove(station, idToken)
      if (status === undefined) continue
      this.#db.change(
        queries.insertInto('local_list_entries').values({
          station,
          id_token: idToken,
          status,
          expires_at: expiresAt ?? null,
          group_id: groupId ?? null,
        }),
      )
    }
  }

  #entriesOf(station: string): LocalListEntry[] {
    const rows = this.#db.rows(
      queries
        .selectFrom('local_list_entries')
        .selectAll()
        .where('station', '=', station)
        .orderBy('id_token'),
    )
    return rows.map((row) => ({
      idToken: row.id_token,
      status: row.status,
      expiresAt: row.expires_at ?? undefined,
      groupId: row.group_id ?? undefined,
    }))
  }

  /** @param said `known` stays as it is where nothing is said of it. */
  #put(station: string, said: { version: number; changed_at: string; known?: number }): void {
    this.#db.change(
      queries
        .insertInto('local_lists')
        .values({ station, ...said })
        .onConflict((conflict) => conflict.column('station').doUpdateSet(said)),
    )
  }

  #remove(station: string, idToken: string): void {
    this.#db.change(
      queries
        .deleteFrom('local_list_entries')
        .where('station', '=', station)
        .where('id_token', '=', idToken),
    )
  }

  #removeAll(station: string): void {
    this.#db.change(queries.deleteFrom('local_list_entries').where('station', '=', station))
  }
}
