import type { Database } from './database.ts'

/** Which transactions to read, newest first. */
export interface TransactionQuery {
  readonly station?: string | undefined
  /** Part of the station's id, in any letter case. */
  readonly find?: string | undefined
  readonly state?: 'running' | 'ended' | undefined
  /** In any letter case, as OCPP compares them. */
  readonly idToken?: string | undefined
  /**
   * RFC 3339, UTC: only transactions that began then or later, or before `to`. One whose start
   * nobody told is found by the first moment that was told of it.
   */
  readonly from?: string | undefined
  readonly to?: string | undefined
  /** Only transactions with a smaller number: the one a page before ended with. */
  readonly before?: number | undefined
  readonly limit: number
}

export interface TransactionRow {
  /** Rises with each transaction of this CSMS; the transactionId of OCPP 1.6. */
  readonly number: number
  readonly station: string
  readonly protocol: string | undefined
  readonly vendor: string | undefined
  readonly transactionId: string
  readonly evseId: number | undefined
  readonly connectorId: number | undefined
  readonly idToken: string | undefined
  /** Undefined: nobody told its start. */
  readonly startedAt: string | undefined
  readonly meterStartWh: number | undefined
  readonly endedAt: string | undefined
  readonly meterStopWh: number | undefined
  readonly reason: string | undefined
  /** Active power in W and energy register in Wh, last reported. */
  readonly powerW: number | undefined
  readonly registerWh: number | undefined
  /** What its EVSE is made for, in W, by its device model; undefined where that was not reported. */
  readonly ratingW: number | undefined
  /** RFC 3339, by our clock; undefined when the message is not kept any more. */
  readonly heardAt: string | undefined
  readonly isRunning: boolean
  /** Another one on the same EVSE began while it was not over. */
  readonly overlaps: boolean
  /** TransactionEvents that have not come, by their sequence numbers; OCPP 1.6 has none. */
  readonly missingEvents: number
  /** TransactionEvents have come that follow its end, by their sequence numbers. */
  readonly goesOn: boolean
  /** An energy register stood lower than before, or than at the start, by more than 1 Wh. */
  readonly registerFalls: boolean
  readonly course: Course
}

export interface CoursePage {
  /** What the page before gave as `older`. */
  readonly before?: number | undefined
  readonly limit: number
}

export interface CourseRows<T> {
  readonly rows: readonly T[]
  /** Where there are older ones: what to ask for as `before`. */
  readonly older?: number
}

export interface ReadingRow {
  readonly timestamp: string
  readonly measurand: string
  readonly phase: string | undefined
  readonly context: string | undefined
  readonly value: number
  readonly unit: string
}

export interface EventRow {
  readonly seqNo: number
  readonly eventType: string
  readonly triggerReason: string
  readonly timestamp: string
}

/**
 * SQL for: a later transaction has begun on the same EVSE. Whether or not its end was ever told, it
 * does not run any more; begun, not come: a station that was offline tells old ones late.
 */
export function isOvertaken(t: string): string {
  return `EXISTS (SELECT 1 FROM transactions n WHERE ${isLaterAt('n', t)})`
}

/**
 * SQL for: `n` began after `t`, on the same EVSE. Stations may write local times, which go back an
 * hour once a year, so moments are compared; the day before bounds what has to be looked at.
 */
function isLaterAt(n: string, t: string): string {
  return `${n}.station = ${t}.station AND ${n}.evse_id = ${t}.evse_id
    AND ${n}.started_at > date(${t}.started_at, '-1 day')
    AND julianday(${n}.started_at) > julianday(${t}.started_at)`
}

/** SQL for: the transaction runs. */
export function isRunning(t: string): string {
  return `(${t}.ended_at IS NULL AND NOT ${isOvertaken(t)} AND NOT ${isOfFormer(t)}
    AND NOT EXISTS (SELECT 1 FROM closed_transactions x WHERE x.number = ${t}.number))`
}

/** SQL for: its station has been removed since. */
function isOfFormer(t: string): string {
  return `EXISTS (SELECT 1 FROM former_stations f WHERE f.station = ${t}.station
    AND f.last_number >= ${t}.number)`
}

/** What counts as energy and power; everything else is only kept as it was told. */
const UNITS = { 'Power.Active.Import': 'W', 'Energy.Active.Import.Register': 'Wh' } as const

/** SQL for the newest total value of a measurand in transaction `t`. */
export function lastOf(measurand: keyof typeof UNITS): string {
  return `(
  SELECT value FROM meter_values m WHERE m.station = t.station
  AND m.transaction_id = t.transaction_id AND m.measurand = '${measurand}' AND m.phase IS NULL
  AND m.unit = '${UNITS[measurand]}'
  ORDER BY m.timestamp DESC, m.id DESC LIMIT 1)`
}

/** SQL for: another one on the same EVSE began while it was not over, or at the same moment. */
const OVERLAPS = `(EXISTS (SELECT 1 FROM transactions n WHERE ${isLaterAt('n', 't')}
  AND (t.ended_at IS NULL OR julianday(n.started_at) < julianday(t.ended_at)))
  OR EXISTS (SELECT 1 FROM transactions n WHERE n.station = t.station AND n.evse_id = t.evse_id
  AND n.number <> t.number AND n.started_at = t.started_at
  AND (t.ended_at IS NULL OR julianday(t.started_at) < julianday(t.ended_at))
  AND (n.ended_at IS NULL OR julianday(n.started_at) < julianday(n.ended_at))))`

/** SQL for: when this CSMS first heard of the transaction, while the message is kept. */
const HEARD_AT = `(SELECT received_at FROM messages WHERE id = COALESCE(t.start_message, (
  SELECT MIN(e.message) FROM transaction_events e
  WHERE e.station = t.station AND e.transaction_id = t.transaction_id)))`

/** SQL for what its EVSE can give at most, in W, as the station has reported its device model. */
const RATING = `(SELECT json_extract(v.characteristics, '$.maxLimit')
    * CASE json_extract(v.characteristics, '$.unit') WHEN 'kW' THEN 1000 ELSE 1 END
  FROM variables v WHERE v.station = t.station AND v.component = 'EVSE/' || t.evse_id
  AND v.variable = 'Power' AND v.attribute = 'Actual')`

/** SQL for: so many sequence numbers are missing between the first and the last one that came. */
const MISSING_EVENTS = `(SELECT MAX(e.seq_no) - MIN(e.seq_no) + 1 - COUNT(DISTINCT e.seq_no)
  FROM transaction_events e WHERE e.station = t.station AND e.transaction_id = t.transaction_id)`

/** SQL for: an event has a higher number than one that ended it, be it another end. */
const GOES_ON = `EXISTS (SELECT 1 FROM transaction_events e
  WHERE e.station = t.station AND e.transaction_id = t.transaction_id AND e.seq_no > (
    SELECT MIN(x.seq_no) FROM transaction_events x WHERE x.station = t.station
    AND x.transaction_id = t.transaction_id AND x.event_type = 'Ended'))`

/** SQL for: its readings of the energy register. */
const REGISTERS = `FROM meter_values m WHERE m.station = t.station AND m.transaction_id = t.transaction_id
  AND m.measurand = 'Energy.Active.Import.Register' AND m.phase IS NULL
  AND coalesce(m.location, 'Outlet') = 'Outlet'
  AND m.unit = '${UNITS['Energy.Active.Import.Register']}'`

/** SQL for: an energy register stood lower than before. What is rounded may differ by 1 Wh. */
const REGISTER_FALLS = `(EXISTS (SELECT 1 ${REGISTERS} AND m.value > t.meter_stop_wh + 1)
  OR EXISTS (SELECT 1 FROM (
  SELECT value, lag(value, 1, t.meter_start_wh) OVER (ORDER BY timestamp, id) AS before ${REGISTERS})
  WHERE value < before - 1))`

/** SQL for: events of it came, of any kind or of one. */
const HAS_EVENT = (condition = '') => `EXISTS (SELECT 1 FROM transaction_events e
  WHERE e.station = t.station AND e.transaction_id = t.transaction_id ${condition})`

/** SQL for: nobody told its start; in OCPP 2.x, whose events all tell something, none that is it. */
const STARTED_UNSEEN = `(t.started_at IS NULL
  OR (${HAS_EVENT()} AND NOT ${HAS_EVENT("AND e.event_type = 'Started'")}))`

/** SQL for the first moment that is known of a transaction, as the station wrote it. */
const FIRST_TOLD = 'coalesce(started_at, ended_at)'

/** Stations may write local times: texts bound what has to be looked at, moments decide. */
const FROM = `${FIRST_TOLD} >= date(?, '-1 day') AND julianday(${FIRST_TOLD}) >= julianday(?)`
/** After the year 9999 there is no date, and a letter is behind each digit. */
const TO = `${FIRST_TOLD} < coalesce(date(?, '+2 days'), 'a')
  AND julianday(${FIRST_TOLD}) < julianday(?)`

/** SQL for what is known of the transactions that `chosen` selects; no others are looked up. */
const rowsOf = (chosen: string) => `
SELECT t.*, coalesce(nullif(s.protocol, ''), f.protocol) AS protocol,
  coalesce(s.vendor, f.vendor) AS vendor,
  ${lastOf('Power.Active.Import')} AS power, ${lastOf('Energy.Active.Import.Register')} AS energy,
  ${isRunning('t')} AS running, ${OVERLAPS} AS overlaps, ${HEARD_AT} AS heard_at,
  ${MISSING_EVENTS} AS missing_events, ${GOES_ON} AS goes_on, ${RATING} AS rating,
  ${REGISTER_FALLS} AS register_falls,
  ${STARTED_UNSEEN} AS started_unseen
FROM (SELECT * FROM transactions c ${chosen}) t
  LEFT JOIN stations s ON s.station = t.station
  LEFT JOIN former_stations f ON f.station = t.station
ORDER BY t.number DESC`

/** A page of transactions, newest first. */
export function readTransactions(db: Database, query: TransactionQuery): TransactionRow[] {
  const { station, find, state, idToken, from, to, before, limit } = query
  const conditions: string[] = []
  const values: (string | number)[] = []
  const add = (condition: string, ...more: (string | number)[]) => {
    conditions.push(condition)
    values.push(...more)
  }
  if (station !== undefined) add('station = ?', station)
  if (find) add('instr(lower(station), lower(?)) > 0', find)
  if (state !== undefined) add(state === 'running' ? isRunning('c') : `NOT ${isRunning('c')}`)
  if (idToken !== undefined) add('upper(id_token) = upper(?)', idToken)
  if (from !== undefined) add(FROM, from, from)
  if (to !== undefined) add(TO, to, to)
  if (before !== undefined) add('number < ?', before)
  const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''
  return db
    .all(rowsOf(`${where} ORDER BY number DESC LIMIT ?`), ...values, limit)
    .map((row) => transactionRow(db, row))
}

/** One transaction; undefined when there is none with this number. */
export function readTransaction(db: Database, number: number): TransactionRow | undefined {
  const row = db.get(rowsOf('WHERE number = ?'), number)
  return row && transactionRow(db, row)
}

/** The newest meter readings of a transaction, newest first. */
export function readReadings(
  db: Database,
  station: string,
  transactionId: string,
  limit: number,
): ReadingRow[] {
  return db
    .all(
      `SELECT * FROM meter_values WHERE station = ? AND transaction_id = ?
       ORDER BY timestamp DESC, id LIMIT ?`,
      station,
      transactionId,
      limit,
    )
    .map(readingRow)
}

function readingRow(row: Record<string, unknown>): ReadingRow {
  return {
    timestamp: String(row.timestamp),
    measurand: String(row.measurand),
    phase: text(row.phase),
    context: text(row.context),
    value: Number(row.value),
    unit: String(row.unit),
  }
}

/** The newest TransactionEvents of a transaction, newest first; OCPP 1.6 has none. */
export function readEvents(
  db: Database,
  station: string,
  transactionId: string,
  limit: number,
): EventRow[] {
  return db
    .all(
      `SELECT * FROM transaction_events WHERE station = ? AND transaction_id = ?
       ORDER BY seq_no DESC LIMIT ?`,
      station,
      transactionId,
      limit,
    )
    .map(eventRow)
}

function eventRow(row: Record<string, unknown>): EventRow {
  return {
    seqNo: Number(row.seq_no),
    eventType: String(row.event_type),
    triggerReason: String(row.trigger_reason),
    timestamp: String(row.timestamp),
  }
}

/** What `isBehind` compares with: the row that the page before ended with. */
const ROWS_BEHIND = (table: string, isBehind: string, order: string) => `
SELECT r.rowid AS place, r.* FROM ${table} r WHERE r.station = ?1 AND r.transaction_id = ?2
AND (?3 IS NULL OR EXISTS (SELECT 1 FROM ${table} b WHERE b.rowid = ?3 AND b.station = ?1
  AND b.transaction_id = ?2 AND ${isBehind}))
ORDER BY ${order} LIMIT ?4`
const READINGS = ROWS_BEHIND(
  'meter_values',
  '(r.timestamp < b.timestamp OR (r.timestamp = b.timestamp AND r.id > b.id))',
  'r.timestamp DESC, r.id',
)
const EVENTS = ROWS_BEHIND(
  'transaction_events',
  '(r.seq_no < b.seq_no OR (r.seq_no = b.seq_no AND r.rowid > b.rowid))',
  'r.seq_no DESC, r.rowid',
)
const COUNTS = `
SELECT (SELECT COUNT(*) FROM meter_values WHERE station = ?1 AND transaction_id = ?2) AS readings,
  (SELECT COUNT(*) FROM transaction_events WHERE station = ?1 AND transaction_id = ?2) AS events`
/** ?3 steps lead from the first to the last; of the readings within one step the newest counts. */
const THINNED = `
SELECT * FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY measurand, phase ORDER BY timestamp DESC, id) - 1 AS place,
    COUNT(*) OVER (PARTITION BY measurand, phase) AS total
  FROM meter_values WHERE station = ?1 AND transaction_id = ?2)
WHERE place = 0 OR total <= ?3
  -- A number that is handed in is no integer.
  OR CAST(place * ?3 / (total - 1) AS INTEGER) <> CAST((place - 1) * ?3 / (total - 1) AS INTEGER)
ORDER BY timestamp DESC, id`

/** What was told in the course of a transaction, newest first; it is read when somebody asks. */
export class Course {
  readonly #db: Database
  readonly #of: readonly [station: string, transactionId: string]

  constructor(db: Database, station: string, transactionId: string) {
    this.#db = db
    this.#of = [station, transactionId]
  }

  readings(page: CoursePage): CourseRows<ReadingRow> {
    return this.#page(READINGS, page, readingRow)
  }

  /** TransactionEvents; OCPP 1.6 has none. */
  events(page: CoursePage): CourseRows<EventRow> {
    return this.#page(EVENTS, page, eventRow)
  }

  /** How many there are of both. */
  counts(): { readonly readings: number; readonly events: number } {
    const row = this.#db.get(COUNTS, ...this.#of)
    return { readings: number(row?.readings) ?? 0, events: number(row?.events) ?? 0 }
  }

  /** Of each measurand and phase at most `most` readings, evenly from the first to the last. */
  thinned(most: number): ReadingRow[] {
    return this.#db.all(THINNED, ...this.#of, most - 1).map(readingRow)
  }

  #page<T>(
    sql: string,
    { before, limit }: CoursePage,
    rowOf: (row: Record<string, unknown>) => T,
  ): CourseRows<T> {
    // One more than asked for is read, to know whether there are older ones.
    const rows = this.#db.all(sql, ...this.#of, before ?? null, limit + 1)
    const shown = rows.slice(0, limit)
    const last = rows.length > limit ? number(shown.at(-1)?.place) : undefined
    return { rows: shown.map(rowOf), ...(last !== undefined && { older: last }) }
  }
}

function transactionRow(db: Database, row: Record<string, unknown>): TransactionRow {
  return {
    number: Number(row.number),
    station: String(row.station),
    protocol: text(row.protocol),
    vendor: text(row.vendor),
    transactionId: String(row.transaction_id),
    evseId: number(row.evse_id),
    connectorId: number(row.connector_id),
    idToken: text(row.id_token),
    startedAt: row.started_unseen === 1 ? undefined : text(row.started_at),
    meterStartWh: number(row.meter_start_wh),
    endedAt: text(row.ended_at),
    meterStopWh: number(row.meter_stop_wh),
    reason: text(row.reason),
    ratingW: number(row.rating),
    powerW: number(row.power),
    registerWh: number(row.energy),
    heardAt: text(row.heard_at),
    isRunning: row.running === 1,
    overlaps: row.overlaps === 1,
    missingEvents: number(row.missing_events) ?? 0,
    goesOn: row.goes_on === 1,
    registerFalls: row.register_falls === 1,
    course: new Course(db, String(row.station), String(row.transaction_id)),
  }
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

export function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}
