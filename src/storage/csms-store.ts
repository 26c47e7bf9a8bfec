import { ChargingRows } from './charging-rows.ts'
import type { BootRow, ConnectorRow, MessageRow, StationRow } from './csms-rows.ts'
import { CSMS_MIGRATIONS } from './csms-schema.ts'
import { Database } from './database.ts'
import { ListJobRows } from './list-job-rows.ts'
import { LocalListRows } from './local-list-rows.ts'
import { MessageRows } from './message-rows.ts'
import { migrate } from './migrations.ts'
import { passOverForgotten } from './numbers.ts'
import { ObeyedRows } from './obeyed-rows.ts'
import { OperationRows } from './operation-rows.ts'
import { ProfileRows } from './profile-rows.ts'
import { ReservationRows } from './reservation-rows.ts'
import { deleteOldest, type Perishable } from './retention.ts'
import { SecurityEventRows } from './security-event-rows.ts'
import {
  readStation,
  readStations,
  type StationListQuery,
  type StationListRow,
} from './station-list.ts'
import { StationSpellings } from './station-spellings.ts'
import { TokenRows } from './token-rows.ts'
import { isRunning, lastOf, number, text } from './transaction-rows.ts'
import { VariableRows } from './variable-rows.ts'

export type * from './csms-rows.ts'

/** What a CSMS was told, in one SQLite file. Writers run inside `write`, readers at any time. */
export class CsmsStore {
  readonly #db: Database
  readonly #spellings: StationSpellings
  readonly messages: MessageRows
  readonly charging: ChargingRows
  readonly tokens: TokenRows
  readonly operations: OperationRows
  readonly variables: VariableRows
  readonly securityEvents: SecurityEventRows
  readonly reservations: ReservationRows
  readonly profiles: ProfileRows
  readonly localLists: LocalListRows
  readonly listJobs: ListJobRows
  readonly obeyed: ObeyedRows

  /** @throws {OverlayError} ERR_STORE_DAMAGED, ERR_STORE_NEWER. */
  constructor(file: string) {
    this.#db = new Database(file)
    migrate(this.#db, CSMS_MIGRATIONS)
    this.#spellings = new StationSpellings(this.#db)
    this.messages = new MessageRows(this.#db)
    this.charging = new ChargingRows(this.#db)
    this.tokens = new TokenRows(this.#db)
    this.operations = new OperationRows(this.#db)
    this.variables = new VariableRows(this.#db)
    this.securityEvents = new SecurityEventRows(this.#db)
    this.reservations = new ReservationRows(this.#db)
    this.profiles = new ProfileRows(this.#db)
    this.localLists = new LocalListRows(this.#db)
    this.listJobs = new ListJobRows(this.#db)
    this.obeyed = new ObeyedRows(this.#db)
  }

  /** Resolves when everything `run` wrote is on disk. */
  write<T>(run: () => T): Promise<T> {
    return this.#db.write(run)
  }

  /** Rejects while nothing can be kept: the disk is full, or somebody else holds the file. */
  probe(at: string): Promise<void> {
    return this.write(() => {
      this.#db.run('INSERT OR REPLACE INTO probe (id, at, room) VALUES (1, ?, zeroblob(32768))', at)
    })
  }

  /** @returns Its id, for what follows from it. */
  addMessage(row: MessageRow): number {
    const id = this.messages.add(row)
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

  /** OCPP version that a station spoke last; undefined when it never said anything. */
  stationProtocol(station: string): string | undefined {
    return text(this.#db.get('SELECT protocol FROM stations WHERE station = ?', station)?.protocol)
  }

  /** As a station is called here, whoever writes it in other letters. */
  spellingOf(station: string): string {
    return this.#spellings.of(station)
  }

  /** As what a station says is kept: as it came first. */
  spokenAs(station: string): string {
    return this.#spellings.ofSpeaker(station)
  }

  /** Whether somebody has entered the station, in whatever letter case it writes its id. */
  isKnownStation(station: string): boolean {
    const row = this.#db.get(
      `SELECT MAX(known) AS known FROM stations WHERE ${IS_STATION}`,
      station,
    )
    return row?.known === 1
  }

  /** A station has booted: what was entered in other letters, and never came so, is this one. */
  enterStation(station: string, isKnown: boolean): void {
    this.#db.run('UPDATE stations SET known = ? WHERE station = ?', isKnown ? 1 : 0, station)
    this.#db.run(
      `DELETE FROM stations WHERE ${IS_STATION} AND station <> ?1 AND seen_at = ''`,
      station,
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
      chargingState: text(row.charging_state),
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

  /**
   * Enters a station before or after it came, or takes that back.
   *
   * @returns Its id as it is known here, which may have other letter case.
   */
  putStation(station: string, isKnown: boolean): string {
    const known = isKnown ? 1 : 0
    this.#db.run(`UPDATE stations SET known = ?2 WHERE ${IS_STATION}`, station, known)
    const row = this.#db.get(
      `SELECT station FROM stations WHERE ${IS_STATION} ORDER BY station = ?1 DESC LIMIT 1`,
      station,
    )
    if (row) return String(row.station)
    this.#db.run(
      `INSERT INTO stations (station, protocol, seen_at, known) VALUES (?, '', '', ?)`,
      station,
      known,
    )
    return station
  }

  /**
   * Forgets a station: what it is, and what it holds. What it has told stays: its transactions with
   * their values and its messages, because they are about money, and what happened to it. Of its
   * transactions none runs any more.
   *
   * @param at RFC 3339.
   * @returns Whether it was there.
   */
  removeStation(station: string, at: string): boolean {
    const row = this.#db.get('SELECT * FROM stations WHERE station = ?', station)
    if (!row) return false
    this.#db.run(REMEMBER_FORMER, station, at)
    for (const table of OF_STATION) this.#db.run(`DELETE FROM ${table} WHERE station = ?`, station)
    return true
  }

  /** The file was brought back from a backup: what it gave since then is not given again. */
  passOverForgotten(nowMs: number): Promise<void> {
    return this.write(() => passOverForgotten(this.#db, nowMs))
  }

  /** Deletes at most `limit` rows from before a moment. @returns How many are gone. */
  deleteOldest(table: Perishable, before: string, limit: number): number {
    return deleteOldest(this.#db, table, before, limit)
  }

  close(): void {
    this.#db.close()
  }
}

/** What is removed with a station. */
const OF_STATION = [
  'connectors',
  'variables',
  'reservations',
  'charging_profiles',
  'local_list_entries',
  'local_list_jobs',
  'local_lists',
  'stations',
]

/** ?1 is the station, ?2 the time; what it never said again it said before it was removed first. */
const REMEMBER_FORMER = `
INSERT INTO former_stations (station, protocol, vendor, last_number, removed_at)
SELECT station, protocol, vendor,
  (SELECT coalesce(MAX(number), 0) FROM transactions t WHERE t.station = ?1), ?2
FROM stations WHERE station = ?1
ON CONFLICT (station) DO UPDATE SET
  protocol = coalesce(nullif(excluded.protocol, ''), protocol),
  vendor = coalesce(excluded.vendor, vendor),
  last_number = excluded.last_number, removed_at = excluded.removed_at`

const CONNECTORS = `
SELECT c.*, t.transaction_id, t.charging_state,
  ${lastOf('Power.Active.Import')} AS power, ${lastOf('Energy.Active.Import.Register')} AS energy
FROM connectors c LEFT JOIN transactions t
  -- None runs on a connector that is free, whether or not the end of the last one was told.
  ON c.status <> 'Available' AND t.number = (
    SELECT o.number FROM transactions o WHERE o.station = c.station AND o.evse_id = c.evse_id
    AND ${isRunning('o')} ORDER BY o.number DESC LIMIT 1)
ORDER BY c.station, c.evse_id, c.connector_id`

/** SQL for: the row is that of station ?1, whose id is compared as `foldId` does: A–Z are a–z. */
const IS_STATION = 'station = ?1 COLLATE NOCASE'
