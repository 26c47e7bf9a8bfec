import type {
  KnownTransaction,
  MeterRow,
  Novelty,
  TransactionEnd,
  TransactionEvent,
  TransactionStart,
} from './csms-rows.ts'
import type { Database } from './database.ts'
import { passOver } from './numbers.ts'
import {
  type EventRow,
  number,
  type ReadingRow,
  readEvents,
  readReadings,
  readTransaction,
  readTransactions,
  type TransactionQuery,
  type TransactionRow,
  text,
} from './transaction-rows.ts'

/** Transactions of both generations with their events and meter values. */
export class ChargingRows {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /**
   * Begins a transaction, or finds the one that the same message began before.
   *
   * @returns Its number, which is the transactionId of OCPP 1.6.
   */
  start(start: TransactionStart): number {
    const known = this.knownStart(start)
    if (known) return known.number
    const { transactionId } = start
    const own = transactionId === undefined ? this.#freeNumber(start.station) : undefined
    return this.#db.run(
      `INSERT INTO transactions (number, station, transaction_id, evse_id, connector_id, id_token,
       started_at, meter_start_wh, start_message) VALUES (?,?,?,?,?,?,?,?,?)`,
      own ?? null,
      start.station,
      transactionId ?? `${own}`,
      start.evseId ?? null,
      start.connectorId ?? null,
      start.idToken ?? null,
      start.startedAt,
      start.meterStartWh ?? null,
      start.message ?? null,
      // biome-ignore format: one row
    )
  }

  /**
   * The transaction that this start began before. In OCPP 1.6, where stations give no id, it is told
   * by station, connector, token, time and register.
   */
  knownStart(start: TransactionStart): KnownTransaction | undefined {
    if (start.transactionId !== undefined) {
      return this.known(start.station, start.transactionId)
    }
    const row = this.#db.get(
      `SELECT * FROM transactions WHERE station = ? AND evse_id IS ? AND connector_id IS ?
       AND id_token IS ? AND started_at = ? AND meter_start_wh IS ?`,
      start.station,
      start.evseId ?? null,
      start.connectorId ?? null,
      start.idToken ?? null,
      start.startedAt,
      start.meterStartWh ?? null,
      // biome-ignore format: one query
    )
    return row && knownTransaction(row)
  }

  /** The transaction of a station with this id, whose start was told. */
  known(station: string, transactionId: string): KnownTransaction | undefined {
    const row = this.#db.get(
      `SELECT * FROM transactions WHERE station = ? AND transaction_id = ?
       AND started_at IS NOT NULL`,
      station,
      transactionId,
      // biome-ignore format: one query
    )
    return row && knownTransaction(row)
  }

  /**
   * Stores an event and what follows from it for its transaction. In whatever order the events of a
   * transaction come, it ends the same: the one with the lowest seqNo says how it began.
   *
   * @returns `repeated` when the event was stored before, and nothing was done; `conflict` when
   *   it is another one with the number of one before, which counts all the same.
   */
  addEvent(station: string, transactionId: string, event: TransactionEvent): Novelty {
    const numbered = this.#db.all(
      `SELECT event_type, timestamp FROM transaction_events
       WHERE station = ? AND transaction_id = ? AND seq_no = ?`,
      station,
      transactionId,
      event.seqNo,
      // biome-ignore format: one query
    )
    const isKnown = numbered.some(
      (row) => row.event_type === event.eventType && row.timestamp === event.timestamp,
    )
    if (isKnown) return 'repeated'
    this.#db.run(
      `INSERT INTO transaction_events (station, transaction_id, seq_no, event_type, trigger_reason,
       timestamp, message, evse_id, connector_id, id_token, first_wh, last_wh, reason,
       charging_state) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
      station,
      transactionId,
      event.seqNo,
      event.eventType,
      event.triggerReason,
      event.timestamp,
      event.message ?? null,
      event.evseId ?? null,
      event.connectorId ?? null,
      event.idToken ?? null,
      event.firstWh ?? null,
      event.lastWh ?? null,
      event.reason ?? null,
      event.chargingState ?? null,
      // biome-ignore format: one row
    )
    this.#db.run(
      // To try and fail would use up a number each time.
      `INSERT INTO transactions (station, transaction_id, started_at) SELECT ?1, ?2, ?3
       WHERE NOT EXISTS (SELECT 1 FROM transactions WHERE station = ?1 AND transaction_id = ?2
       AND started_at IS NOT NULL)`,
      station,
      transactionId,
      event.timestamp,
      // biome-ignore format: one row
    )
    this.#db.run(FOLLOW_EVENTS, station, transactionId)
    return numbered.length > 0 ? 'conflict' : 'new'
  }

  /** The message that a stored event came with. */
  messageOfEvent(station: string, transactionId: string, event: TransactionEvent) {
    const row = this.#db.get(
      `SELECT message FROM transaction_events WHERE station = ? AND transaction_id = ?
       AND seq_no = ? AND event_type = ? AND timestamp = ?`,
      station,
      transactionId,
      event.seqNo,
      event.eventType,
      event.timestamp,
      // biome-ignore format: one query
    )
    return number(row?.message)
  }

  /**
   * Ends a transaction; the first end counts.
   *
   * @returns False when no such transaction is known.
   */
  end(end: TransactionEnd): boolean {
    if (!this.known(end.station, end.transactionId)) return false
    this.#db.run(
      `UPDATE transactions SET ended_at = ?, meter_stop_wh = ?, reason = ?, stop_message = ?
       WHERE station = ? AND transaction_id = ? AND started_at IS NOT NULL AND ended_at IS NULL`,
      end.endedAt,
      end.meterStopWh ?? null,
      end.reason ?? null,
      end.message ?? null,
      end.station,
      end.transactionId,
      // biome-ignore format: one row
    )
    return true
  }

  /**
   * The transaction that this end was told of before, and no start. Stations give several of them
   * one id, such as -1, so it is told by station, id, time and register.
   */
  knownEnd(end: TransactionEnd): KnownTransaction | undefined {
    const row = this.#db.get(
      `SELECT * FROM transactions WHERE station = ? AND transaction_id = ? AND started_at IS NULL
       AND ended_at = ? AND meter_stop_wh IS ?`,
      end.station,
      end.transactionId,
      end.endedAt,
      end.meterStopWh ?? null,
      // biome-ignore format: one query
    )
    return row && knownTransaction(row)
  }

  /**
   * Keeps a transaction of OCPP 1.6 of which only the end was told: what its meter says is owed all
   * the same.
   *
   * @returns `conflict` when another one bears its id, which counts all the same; `repeated` when
   *   it was stored before, and nothing was done.
   */
  endUnseen(end: TransactionEnd): Novelty {
    if (this.knownEnd(end)) return 'repeated'
    const { station, transactionId } = end
    const other = this.#db.get(
      'SELECT 1 FROM transactions WHERE station = ? AND transaction_id = ? AND started_at IS NULL',
      station,
      transactionId,
      // biome-ignore format: one query
    )
    this.#db.run(
      `INSERT INTO transactions (station, transaction_id, ended_at, meter_stop_wh, reason,
       stop_message) VALUES (?,?,?,?,?,?)`,
      station,
      transactionId,
      end.endedAt,
      end.meterStopWh ?? null,
      end.reason ?? null,
      end.message ?? null,
      // biome-ignore format: one row
    )
    return other ? 'conflict' : 'new'
  }

  /** Stores a value, unless one of the same place in time, station and message is there. */
  addMeterValue(row: MeterRow): Novelty {
    const key = [
      row.station,
      row.transactionId ?? null,
      row.measurand,
      row.timestamp,
      row.evseId,
      row.phase ?? null,
      row.context ?? null,
      row.location ?? null,
      row.unit,
      row.seqNo ?? null,
      row.ordinal ?? 0,
    ]
    const before = this.#db.get(
      `SELECT value FROM meter_values WHERE station = ? AND transaction_id IS ? AND measurand = ?
       AND timestamp = ? AND evse_id = ? AND phase IS ? AND context IS ? AND location IS ?
       AND unit = ? AND seq_no IS ? AND ordinal = ?`,
      ...key,
    )
    if (before) return before.value === row.value ? 'repeated' : 'conflict'
    this.#db.run(
      `INSERT INTO meter_values (station, transaction_id, measurand, timestamp, evse_id, phase,
       context, location, unit, seq_no, ordinal, value) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)`,
      ...key,
      row.value,
    )
    return 'new'
  }

  /**
   * Nobody will tell the end of a transaction: it runs no more, and its token is free again. Its
   * station may still tell the end, which then counts.
   *
   * @param at RFC 3339.
   * @returns Whether it was running.
   */
  close(number: number, at: string): boolean {
    if (!this.one(number)?.isRunning) return false
    this.#db.run('INSERT INTO closed_transactions VALUES (?, ?)', number, at)
    return true
  }

  /** Transactions of a station, oldest first. */
  of(station: string) {
    return this.#db
      .all('SELECT * FROM transactions WHERE station = ? ORDER BY number', station)
      .map((row) => ({
        transactionId: String(row.transaction_id),
        evseId: number(row.evse_id),
        idToken: text(row.id_token),
        startedAt: text(row.started_at),
        meterStartWh: number(row.meter_start_wh),
        endedAt: text(row.ended_at),
        meterStopWh: number(row.meter_stop_wh),
        reason: text(row.reason),
      }))
  }

  /** Transactions of all stations or one, newest first. */
  page(query: TransactionQuery): TransactionRow[] {
    return readTransactions(this.#db, query)
  }

  /** One transaction by its number. */
  one(number: number): TransactionRow | undefined {
    return readTransaction(this.#db, number)
  }

  /** At most the `limit` newest meter readings of a transaction, newest first. */
  readings(station: string, transactionId: string, limit: number): ReadingRow[] {
    return readReadings(this.#db, station, transactionId, limit)
  }

  /** At most the `limit` newest TransactionEvents of a transaction, newest first. */
  events(station: string, transactionId: string, limit: number): EventRow[] {
    return readEvents(this.#db, station, transactionId, limit)
  }

  /**
   * A station names a transaction that nobody has told of here: whoever gave it its number, perhaps
   * this CSMS before it lost a part of its file, has given those below it, too.
   */
  passOver(transactionId: number): void {
    if (transactionId <= BELIEVED_NUMBERS) passOver(this.#db, transactionId)
  }

  /** The next number that is no transactionId of the station yet: somebody else may have given it. */
  #freeNumber(station: string): number {
    return Number(this.#db.get(FREE_NUMBER, station)?.number)
  }
}

/** Ids of OCPP 1.6 have 31 bits: no station can use up more than half of them by naming one. */
const BELIEVED_NUMBERS = 2 ** 30

/** SQL for: the station has told values of a transaction with that number. */
const IS_MEASURED = `EXISTS (SELECT 1 FROM meter_values WHERE station = ?1
    AND transaction_id = CAST(next.number AS TEXT))`

/** ?1 is the station. Numbers that were given once are never given again. */
const FREE_NUMBER = `
WITH RECURSIVE next (number) AS (
  SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'transactions'), 0) + 1
  UNION ALL SELECT number + 1 FROM next WHERE ${isTaken('IS NULL')} OR ${isTaken('IS NOT NULL')}
    OR ${IS_MEASURED}
)
SELECT MAX(number) AS number FROM next`

/** SQL for: the number is the id of a transaction; each of the two indexes has those of its kind. */
function isTaken(start: 'IS NULL' | 'IS NOT NULL'): string {
  return `EXISTS (SELECT 1 FROM transactions WHERE station = ?1
    AND transaction_id = CAST(next.number AS TEXT) AND started_at ${start})`
}

/** What a transaction of OCPP 2.x is by its events: ?1 is the station, ?2 the transaction. */
const FOLLOW_EVENTS = `
UPDATE transactions SET
  started_at = (${ofEvents('timestamp')}),
  meter_start_wh = (${ofEvents('first_wh', 'AND first_wh IS NOT NULL')}),
  evse_id = (${ofEvents('evse_id', 'AND evse_id IS NOT NULL')}),
  connector_id = (${ofEvents('connector_id', 'AND connector_id IS NOT NULL')}),
  id_token = (${ofEvents('id_token', 'AND id_token IS NOT NULL')}),
  ended_at = (${ofEvents('timestamp', "AND event_type = 'Ended'")}),
  meter_stop_wh = (${ofEvents('last_wh', "AND event_type = 'Ended'")}),
  reason = (${ofEvents('reason', "AND event_type = 'Ended'")}),
  charging_state = (${ofEvents('charging_state', 'AND charging_state IS NOT NULL', 'DESC')})
WHERE station = ?1 AND transaction_id = ?2 AND started_at IS NOT NULL`

/** SQL for what the first event that meets a condition says, or the last. */
function ofEvents(column: string, condition = '', order: 'ASC' | 'DESC' = 'ASC'): string {
  return `SELECT ${column} FROM transaction_events
    WHERE station = ?1 AND transaction_id = ?2 ${condition} 
    ORDER BY seq_no ${order}, timestamp ${order} LIMIT 1`
}

function knownTransaction(row: Record<string, unknown>): KnownTransaction {
  return {
    number: Number(row.number),
    evseId: number(row.evse_id),
    isEnded: row.ended_at !== null,
    startMessage: number(row.start_message),
    stopMessage: number(row.stop_message),
  }
}
