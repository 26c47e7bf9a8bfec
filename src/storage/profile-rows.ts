import { type CsmsTables, csmsQueries as queries } from './csms-tables.ts'
import type { Database } from './database.ts'
import { nextId } from './numbers.ts'

/** A charging profile that a station has taken, or has reported. */
export interface ProfileRow {
  readonly station: string
  readonly profileId: number
  /** 0: the station. */
  readonly evseId: number
  /** In the words of OCPP 2.x. */
  readonly purpose: string
  readonly stackLevel: number
  readonly transactionId: string | undefined
  /** ChargingLimitSourceEnumType of OCPP 2.x; `CSO` is this CSMS. */
  readonly source: string
  /** ChargingProfile in the form of the station's version. */
  readonly profile: unknown
  /** RFC 3339. */
  readonly changedAt: string
}

/** Which profiles are meant: all that agree with what is said. */
export interface ProfileCriteria {
  readonly profileId?: number | undefined
  readonly evseId?: number | undefined
  readonly purpose?: string | undefined
  readonly stackLevel?: number | undefined
}

/** Where a profile stands in the list. */
export type ProfilePlace = readonly [
  station: string,
  evseId: number,
  purpose: string,
  stackLevel: number,
  profileId: number,
]

const COLUMNS = {
  profileId: 'profile_id',
  evseId: 'evse_id',
  purpose: 'purpose',
  stackLevel: 'stack_level',
} as const

/** The charging profiles of stations, as far as they are known. */
export class ProfileRows {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Keeps a profile; one with the same id is replaced, as the station does. */
  put(row: ProfileRow): void {
    const said = {
      evse_id: row.evseId,
      purpose: row.purpose,
      stack_level: row.stackLevel,
      transaction_id: row.transactionId ?? null,
      source: row.source,
      profile: JSON.stringify(row.profile),
      changed_at: row.changedAt,
    }
    const key = { station: row.station, profile_id: row.profileId }
    this.#db.change(
      queries
        .insertInto('charging_profiles')
        .values({ ...key, ...said })
        .onConflict((conflict) => conflict.columns(['station', 'profile_id']).doUpdateSet(said)),
    )
  }

  /** Those that a ClearChargingProfile clears. */
  clear(station: string, criteria: ProfileCriteria): void {
    let query = queries.deleteFrom('charging_profiles').where('station', '=', station)
    for (const [member, column] of Object.entries(COLUMNS)) {
      const value = criteria[member as keyof ProfileCriteria]
      if (value !== undefined) query = query.where(column, '=', value)
    }
    // What others than the CSMS have set is not theirs to clear (OCPP 2.0.1 K10.FR.08).
    this.#db.change(query.where('purpose', '<>', 'ChargingStationExternalConstraints'))
  }

  /** A transaction is over, and so are its profiles. */
  endTransaction(station: string, transactionId: string): void {
    this.#db.run(
      'DELETE FROM charging_profiles WHERE station = ? AND transaction_id = ?',
      station,
      transactionId,
    )
  }

  find(station: string, profileId: number): ProfileRow | undefined {
    const row = this.#db.row(
      queries
        .selectFrom('charging_profiles')
        .selectAll()
        .where('station', '=', station)
        .where('profile_id', '=', profileId),
    )
    return row && profileRow(row)
  }

  /** Of one station or all, by station, EVSE, purpose and level; those behind a place. */
  page(station: string | undefined, limit: number, after?: ProfilePlace): ProfileRow[] {
    let query = queries
      .selectFrom('charging_profiles')
      .selectAll()
      .orderBy('station')
      .orderBy('evse_id')
      .orderBy('purpose')
      .orderBy('stack_level')
      .orderBy('profile_id')
      .limit(limit)
    if (station !== undefined) query = query.where('station', '=', station)
    if (after !== undefined) {
      query = query.where(({ eb, refTuple, tuple }) =>
        eb(
          refTuple('station', 'evse_id', 'purpose', 'stack_level', 'profile_id'),
          '>',
          tuple(...after),
        ),
      )
    }
    return this.#db.rows(query).map(profileRow)
  }

  /** An id that no profile has, and that is never given again. To be called inside a write. */
  nextId(): number {
    return nextId(this.#db, 'profile')
  }
}

/** The place of a profile in the order of `page`. */
export function profilePlace(row: ProfileRow): ProfilePlace {
  return [row.station, row.evseId, row.purpose, row.stackLevel, row.profileId]
}

function profileRow(row: CsmsTables['charging_profiles']): ProfileRow {
  return {
    station: row.station,
    profileId: row.profile_id,
    evseId: row.evse_id,
    purpose: row.purpose,
    stackLevel: row.stack_level,
    transactionId: row.transaction_id ?? undefined,
    source: row.source,
    profile: JSON.parse(row.profile),
    changedAt: row.changed_at,
  }
}
