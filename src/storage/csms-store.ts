import type {
  BootRow,
  ConnectorRow,
  KnownTransaction,
  MessageRow,
  MeterRow,
  Novelty,
  SecurityEventRow,
  StationRow,
  TransactionEnd,
  TransactionEvent,
  TransactionStart,
} from './csms-rows.ts'
import { CSMS_MIGRATIONS } from './csms-schema.ts'
import { csmsQueries } from './csms-tables.ts'
import { Database } from './database.ts'
import { migrate } from './migrations.ts'
import { OperationRows } from './operation-rows.ts'
import {
  readStation,
  readStations,
  type StationListQuery,
  type StationListRow,
} from './station-list.ts'
import { TokenRows } from './token-rows.ts'
import {
  type EventRow,
  isRunning,
  lastOf,
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
import { VariableRows } from './variable-rows.ts'

export type * from './csms-rows.ts'

/** What a CSMS was told, in one SQLite file. Writers run inside `write`, readers at any time. */
export class CsmsStore {
  readonly #db: Database
  readonly tokens: TokenRows
  readonly operations: OperationRows
  readonly variables: VariableRows

  /** @throws {OverlayError} ERR_STORE_DAMAGED, ERR_STORE_NEWER. */
  constructor(file: string) {
    this.#db = new Database(file)
    migrate(this.#db, CSMS_MIGRATIONS)
    this.tokens = new TokenRows(this.#db)
    this.operations = new OperationRows(this.#db)
    this.variables = new VariableRows(this.#db)
  }

  /** Resolves when everything `run` wrote is on disk. */
  write<T>(run: () => T): Promise<T> {
    return this.#db.write(run)
  }

  /** @returns Its id, for what follows from it. */
  addMessage(row: MessageRow): number {
    const id = this.#db.run(
      'INSERT INTO messages (station, protocol, action, received_at, payload) VALUES (?,?,?,?,?)',
      row.station,
      row.protocol,
      row.action,
      row.receivedAt,
      row.payload,
      // biome-ignore format: one row
    )
    this.#db.run(
      `INSERT INTO stations (station, protocol, seen_at, known) VALUES (?,?,?,0)
       ON CONFLICT (station) DO UPDATE SET protocol = excluded.protocol, seen_at = excluded.seen_at`,
      row.station,
      row.protocol,
      row.receivedAt,
      // biome-ignore format: one row
    )
    return id
  }

  /** Marks a message that came before, or does not say what the first one said. */
  mark(message: number, marks: { readonly isRepeated?: boolean; readonly isConflict?: boolean }) {
    const { isRepeated = false, isConflict = false } = marks
    this.#db.run(
      'UPDATE messages SET repeated = MAX(repeated, ?), conflict = MAX(conflict, ?) WHERE id = ?',
      isRepeated ? 1 : 0,
      isConflict ? 1 : 0,
      message,
    )
  }

  /** How many messages came before, and how many did not say what the first one said. */
  repeats(station: string): { readonly repeated: number; readonly conflicts: number } {
    const row = this.#db.get(
      'SELECT SUM(repeated) AS repeated, SUM(conflict) AS conflicts FROM messages WHERE station = ?',
      station,
      // biome-ignore format: one query
    )
    return { repeated: Number(row?.repeated), conflicts: Number(row?.conflicts) }
  }

  /** The bytes of a message. */
  payloadOf(message: number): Uint8Array | undefined {
    const row = this.#db.get('SELECT payload FROM messages WHERE id = ?', message)
    return row?.payload as Uint8Array | undefined
  }

  /** OCPP version that a station spoke last; undefined when it never said anything. */
  stationProtocol(station: string): string | undefined {
    return text(this.#db.get('SELECT protocol FROM stations WHERE station = ?', station)?.protocol)
  }

  /** Whether somebody has entered the station. */
  isKnownStation(station: string): boolean {
    return this.#db.get('SELECT known FROM stations WHERE station = ?', station)?.known === 1
  }

  enterStation(station: string, isKnown: boolean): void {
    this.#db.run('UPDATE stations SET known = ? WHERE station = ?', isKnown ? 1 : 0, station)
  }

  addSecurityEvent(
    station: string,
    event: { readonly type: string; readonly timestamp: string; readonly techInfo?: string },
    receivedAt: string,
  ): void {
    this.#db.change(
      csmsQueries.insertInto('security_events').values({
        station,
        type: event.type,
        timestamp: event.timestamp,
        tech_info: event.techInfo ?? null,
        received_at: receivedAt,
      }),
    )
  }

  setBoot(station: string, boot: BootRow, at: string): void {
    this.#db.run(
      `UPDATE stations SET vendor = ?, model = ?, serial_number = ?, firmware_version = ?,
       booted_at = ? WHERE station = ?`,
      boot.vendor,
      boot.model,
      boot.serialNumber ?? null,
      boot.firmwareVersion ?? null,
      at,
      station,
      // biome-ignore format: one row
    )
  }

  setConnector(station: string, evseId: number, connectorId: number, status: string, at: string) {
    this.#db.run(
      `INSERT INTO connectors VALUES (?,?,?,?,?) ON CONFLICT (station, evse_id, connector_id)
       DO UPDATE SET status = excluded.status, status_at = excluded.status_at`,
      station,
      evseId,
      connectorId,
      status,
      at,
      // biome-ignore format: one row
    )
  }

  /**
   * Begins a transaction, or finds the one that the same message began before.
   *
   * @returns Its number, which is the transactionId of OCPP 1.6.
   */
  startTransaction(start: TransactionStart): number {
    const known = this.knownStart(start)
    if (known) return known.number
    const number = this.#db.run(
      `INSERT INTO transactions (station, transaction_id, evse_id, connector_id, id_token, started_at,
       meter_start_wh, start_message) VALUES (?,?,?,?,?,?,?,?)`,
      start.station,
      start.transactionId ?? null,
      start.evseId ?? null,
      start.connectorId ?? null,
      start.idToken ?? null,
      start.startedAt,
      start.meterStartWh ?? null,
      start.message ?? null,
      // biome-ignore format: one row
    )
    if (start.transactionId === undefined) {
      this.#db.run(
        'UPDATE transactions SET transaction_id = ? WHERE number = ?',
        `${number}`,
        number,
      )
    }
    return number
  }

  /**
   * The transaction that this start began before. In OCPP 1.6, where stations give no id, it is told
   * by station, connector, token, time and register.
   */
  knownStart(start: TransactionStart): KnownTransaction | undefined {
    if (start.transactionId !== undefined) {
      return this.knownTransaction(start.station, start.transactionId)
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

  /** The transaction of a station with this id. */
  knownTransaction(station: string, transactionId: string): KnownTransaction | undefined {
    const row = this.#db.get(
      'SELECT * FROM transactions WHERE station = ? AND transaction_id = ?',
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
  addTransactionEvent(station: string, transactionId: string, event: TransactionEvent): Novelty {
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
       timestamp, message, evse_id, connector_id, id_token, first_wh, last_wh, reason)
       VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)`,
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
      // biome-ignore format: one row
    )
    this.#db.run(
      // To try and fail would use up a number each time.
      `INSERT INTO transactions (station, transaction_id) SELECT ?1, ?2
       WHERE NOT EXISTS (SELECT 1 FROM transactions WHERE station = ?1 AND transaction_id = ?2)`,
      station,
      transactionId,
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
  endTransaction(end: TransactionEnd): boolean {
    if (!this.knownTransaction(end.station, end.transactionId)) return false
    this.#db.run(
      `UPDATE transactions SET ended_at = ?, meter_stop_wh = ?, reason = ?, stop_message = ?
       WHERE station = ? AND transaction_id = ? AND ended_at IS NULL`,
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

  stations(): StationRow[] {
    return this.#db
      .all('SELECT station, protocol, vendor, model FROM stations ORDER BY station')
      .map((row) => ({
        station: String(row.station),
        protocol: String(row.protocol),
        vendor: text(row.vendor),
        model: text(row.model),
      }))
  }

  /** Connectors with the transaction that runs on their EVSE and its last measured values. */
  connectors(): ConnectorRow[] {
    return this.#db.all(CONNECTORS).map((row) => ({
      station: String(row.station),
      evseId: Number(row.evse_id),
      connectorId: Number(row.connector_id),
      status: String(row.status),
      transactionId: text(row.transaction_id),
      powerW: number(row.power),
      energyWh: number(row.energy),
    }))
  }

  /** A page of stations in the order of their ids. */
  stationPage(query: StationListQuery): StationListRow[] {
    return readStations(this.#db, query)
  }

  stationRow(station: string): StationListRow | undefined {
    return readStation(this.#db, station)
  }

  /** Enters a station before or after it came, or takes that back. */
  putStation(station: string, isKnown: boolean): void {
    this.#db.run(
      `INSERT INTO stations (station, protocol, seen_at, known) VALUES (?, '', '', ?)
       ON CONFLICT (station) DO UPDATE SET known = excluded.known`,
      station,
      isKnown ? 1 : 0,
    )
  }

  /** The newest security events of a station, newest first. */
  securityEvents(station: string, limit: number): SecurityEventRow[] {
    const query = csmsQueries
      .selectFrom('security_events')
      .selectAll()
      .where('station', '=', station)
      .orderBy('id', 'desc')
      .limit(limit)
    return this.#db.rows(query).map((row) => ({
      type: row.type,
      timestamp: row.timestamp,
      ...(row.tech_info !== null && { techInfo: row.tech_info }),
      receivedAt: row.received_at,
    }))
  }

  /** Stored messages of a station, newest first. */
  messagePage(station: string, limit: number, before = Number.MAX_SAFE_INTEGER) {
    return this.#db
      .all(
        'SELECT * FROM messages WHERE station = ? AND id < ? ORDER BY id DESC LIMIT ?',
        station,
        before,
        limit,
      )
      .map((row) => ({
        id: Number(row.id),
        protocol: String(row.protocol),
        action: String(row.action),
        receivedAt: String(row.received_at),
        payload: row.payload as Uint8Array,
        repeated: row.repeated === 1,
        conflict: row.conflict === 1,
      }))
  }

  /** Stored messages of a station, oldest first. */
  messages(station: string): MessageRow[] {
    return this.#db
      .all('SELECT * FROM messages WHERE station = ? ORDER BY id', station)
      .map((row) => ({
        station,
        protocol: String(row.protocol),
        action: String(row.action),
        receivedAt: String(row.received_at),
        payload: row.payload as Uint8Array,
        isRepeated: row.repeated === 1,
      }))
  }

  /** Transactions of a station, oldest first. */
  transactions(station: string) {
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
  transactionPage(query: TransactionQuery): TransactionRow[] {
    return readTransactions(this.#db, query)
  }

  /** One transaction by its number. */
  transaction(number: number): TransactionRow | undefined {
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

  close(): void {
    this.#db.close()
  }
}

const CONNECTORS = `
SELECT c.*, t.transaction_id,
  ${lastOf('Power.Active.Import')} AS power, ${lastOf('Energy.Active.Import.Register')} AS energy
FROM connectors c LEFT JOIN transactions t
  -- None runs on a connector that is free, whether or not the end of the last one was told.
  ON c.status <> 'Available' AND t.number = (
    SELECT o.number FROM transactions o WHERE o.station = c.station AND o.evse_id = c.evse_id
    AND ${isRunning('o')} ORDER BY o.number DESC LIMIT 1)
ORDER BY c.station, c.evse_id, c.connector_id`

/** What a transaction of OCPP 2.x is by its events: ?1 is the station, ?2 the transaction. */
const FOLLOW_EVENTS = `
UPDATE transactions SET
  started_at = (${ofEvents('timestamp')}), meter_start_wh = (${ofEvents('first_wh')}),
  evse_id = (${ofEvents('evse_id', 'AND evse_id IS NOT NULL')}),
  connector_id = (${ofEvents('connector_id', 'AND connector_id IS NOT NULL')}),
  id_token = (${ofEvents('id_token', 'AND id_token IS NOT NULL')}),
  ended_at = (${ofEvents('timestamp', "AND event_type = 'Ended'")}),
  meter_stop_wh = (${ofEvents('last_wh', "AND event_type = 'Ended'")}),
  reason = (${ofEvents('reason', "AND event_type = 'Ended'")})
WHERE station = ?1 AND transaction_id = ?2`

/** SQL for what the first event that meets a condition says. */
function ofEvents(column: string, condition = ''): string {
  return `SELECT ${column} FROM transaction_events
    WHERE station = ?1 AND transaction_id = ?2 ${condition} 
    ORDER BY seq_no, timestamp LIMIT 1`
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
