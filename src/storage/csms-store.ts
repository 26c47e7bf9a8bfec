import { Database } from './database.ts'
import {
  type EventRow,
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

const SCHEMA = `
CREATE TABLE IF NOT EXISTS messages (
  id INTEGER PRIMARY KEY,
  station TEXT NOT NULL, protocol TEXT NOT NULL, action TEXT NOT NULL,
  received_at TEXT NOT NULL,
  payload BLOB NOT NULL          -- exactly the bytes the station sent
) STRICT;
CREATE TABLE IF NOT EXISTS stations (
  station TEXT PRIMARY KEY, protocol TEXT NOT NULL,
  vendor TEXT, model TEXT, serial_number TEXT, firmware_version TEXT,
  booted_at TEXT, seen_at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS connectors (
  station TEXT NOT NULL, evse_id INTEGER NOT NULL, connector_id INTEGER NOT NULL,
  status TEXT NOT NULL, status_at TEXT NOT NULL,
  PRIMARY KEY (station, evse_id, connector_id)
) STRICT;
CREATE TABLE IF NOT EXISTS transactions (
  number INTEGER PRIMARY KEY AUTOINCREMENT, -- the transactionId of OCPP 1.6
  station TEXT NOT NULL, transaction_id TEXT,
  evse_id INTEGER, connector_id INTEGER, id_token TEXT,
  started_at TEXT, meter_start_wh REAL,
  ended_at TEXT, meter_stop_wh REAL, reason TEXT
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS transactions_by_id ON transactions (station, transaction_id);
CREATE INDEX IF NOT EXISTS transactions_running ON transactions (station, evse_id)
  WHERE ended_at IS NULL;
CREATE TABLE IF NOT EXISTS transaction_events (
  station TEXT NOT NULL, transaction_id TEXT NOT NULL, seq_no INTEGER NOT NULL,
  event_type TEXT NOT NULL, trigger_reason TEXT NOT NULL, timestamp TEXT NOT NULL,
  PRIMARY KEY (station, transaction_id, seq_no)
) STRICT;
CREATE TABLE IF NOT EXISTS meter_values (
  id INTEGER PRIMARY KEY,
  station TEXT NOT NULL, transaction_id TEXT, evse_id INTEGER NOT NULL,
  timestamp TEXT NOT NULL, measurand TEXT NOT NULL, phase TEXT, context TEXT,
  value REAL NOT NULL, unit TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS meter_values_by_transaction
  ON meter_values (station, transaction_id, measurand, timestamp);
`

export interface MessageRow {
  readonly station: string
  readonly protocol: string
  readonly action: string
  /** RFC 3339. */
  readonly receivedAt: string
  readonly payload: Uint8Array
}

export interface BootRow {
  readonly vendor: string
  readonly model: string
  readonly serialNumber?: string | undefined
  readonly firmwareVersion?: string | undefined
}

export interface TransactionStart {
  readonly station: string
  /** Undefined in OCPP 1.6, where the CSMS numbers transactions. */
  readonly transactionId: string | undefined
  readonly evseId: number | undefined
  readonly connectorId: number | undefined
  readonly idToken: string | undefined
  readonly startedAt: string
  readonly meterStartWh: number | undefined
}

export interface TransactionEnd {
  readonly station: string
  readonly transactionId: string
  readonly endedAt: string
  readonly meterStopWh: number | undefined
  readonly reason: string | undefined
}

export interface MeterRow {
  readonly station: string
  readonly transactionId: string | undefined
  readonly evseId: number
  readonly timestamp: string
  readonly measurand: string
  readonly phase: string | undefined
  readonly context: string | undefined
  readonly value: number
  readonly unit: string
}

export interface StationRow {
  readonly station: string
  readonly protocol: string
  readonly vendor: string | undefined
  readonly model: string | undefined
}

export interface ConnectorRow {
  readonly station: string
  readonly evseId: number
  readonly connectorId: number
  readonly status: string
  readonly transactionId: string | undefined
  readonly powerW: number | undefined
  readonly energyWh: number | undefined
}

/** What a CSMS was told, in one SQLite file. Writers run inside `write`, readers at any time. */
export class CsmsStore {
  readonly #db: Database

  constructor(file: string) {
    this.#db = new Database(file, SCHEMA)
  }

  /** Resolves when everything `run` wrote is on disk. */
  write<T>(run: () => T): Promise<T> {
    return this.#db.write(run)
  }

  addMessage(row: MessageRow): void {
    this.#db.run(
      'INSERT INTO messages (station, protocol, action, received_at, payload) VALUES (?,?,?,?,?)',
      row.station,
      row.protocol,
      row.action,
      row.receivedAt,
      row.payload,
      // biome-ignore format: one row
    )
    this.#db.run(
      `INSERT INTO stations (station, protocol, seen_at) VALUES (?,?,?)
       ON CONFLICT (station) DO UPDATE SET protocol = excluded.protocol, seen_at = excluded.seen_at`,
      row.station,
      row.protocol,
      row.receivedAt,
      // biome-ignore format: one row
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
    const known = this.#db.get(
      start.transactionId === undefined
        ? `SELECT number FROM transactions WHERE station = ? AND connector_id IS ? AND id_token IS ?
           AND started_at = ? AND meter_start_wh IS ?`
        : 'SELECT number FROM transactions WHERE station = ? AND transaction_id = ?',
      ...(start.transactionId === undefined
        ? [start.station, start.connectorId ?? null, start.idToken ?? null, start.startedAt, start.meterStartWh ?? null]
        : [start.station, start.transactionId]),
      // biome-ignore format: one query
    )
    if (known) return Number(known.number)
    const number = this.#db.run(
      `INSERT INTO transactions (station, transaction_id, evse_id, connector_id, id_token, started_at,
       meter_start_wh) VALUES (?,?,?,?,?,?,?)`,
      start.station,
      start.transactionId ?? null,
      start.evseId ?? null,
      start.connectorId ?? null,
      start.idToken ?? null,
      start.startedAt,
      start.meterStartWh ?? null,
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

  /** @returns False when this event was stored before. */
  addTransactionEvent(station: string, transactionId: string, event: EventRow): boolean {
    const before = this.#db.get(
      'SELECT 1 FROM transaction_events WHERE station = ? AND transaction_id = ? AND seq_no = ?',
      station,
      transactionId,
      event.seqNo,
      // biome-ignore format: one query
    )
    if (before) return false
    const { seqNo, eventType, triggerReason, timestamp } = event
    this.#db.run(
      'INSERT INTO transaction_events VALUES (?,?,?,?,?,?)',
      station,
      transactionId,
      seqNo,
      eventType,
      triggerReason,
      timestamp,
      // biome-ignore format: one row
    )
    return true
  }

  /** @returns False when no such transaction is known. */
  endTransaction(end: TransactionEnd): boolean {
    const known = this.#db.get(
      'SELECT 1 FROM transactions WHERE station = ? AND transaction_id = ?',
      end.station,
      end.transactionId,
      // biome-ignore format: one query
    )
    if (!known) return false
    this.#db.run(
      `UPDATE transactions SET ended_at = ?, meter_stop_wh = ?, reason = ?
       WHERE station = ? AND transaction_id = ? AND ended_at IS NULL`,
      end.endedAt,
      end.meterStopWh ?? null,
      end.reason ?? null,
      end.station,
      end.transactionId,
      // biome-ignore format: one row
    )
    return true
  }

  addMeterValue(row: MeterRow): void {
    this.#db.run(
      `INSERT INTO meter_values (station, transaction_id, evse_id, timestamp, measurand, phase,
       context, value, unit) VALUES (?,?,?,?,?,?,?,?,?)`,
      row.station,
      row.transactionId ?? null,
      row.evseId,
      row.timestamp,
      row.measurand,
      row.phase ?? null,
      row.context ?? null,
      row.value,
      row.unit,
      // biome-ignore format: one row
    )
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
  ON t.station = c.station AND t.evse_id = c.evse_id AND t.ended_at IS NULL
ORDER BY c.station, c.evse_id, c.connector_id`
