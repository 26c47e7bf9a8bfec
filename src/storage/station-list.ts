import type { Database } from './database.ts'
import { number, text } from './transaction-rows.ts'

export interface StationListQuery {
  /** Part of id, maker, model or serial number. */
  readonly search?: string | undefined
  readonly protocol?: string | undefined
  /** Only stations with a connector in this state, as it was told. */
  readonly status?: string | undefined
  readonly known?: boolean | undefined
  /** Only stations behind this one. */
  readonly after?: string | undefined
  readonly limit: number
}

/** A station as the CSMS has it in its list. */
export interface StationListRow {
  readonly station: string
  readonly protocol: string
  /** Whether somebody has entered it. */
  readonly known: boolean
  readonly vendor?: string
  readonly model?: string
  readonly serialNumber?: string
  readonly firmwareVersion?: string
  /** RFC 3339. */
  readonly bootedAt?: string
  readonly seenAt: string
  readonly connectors: readonly {
    readonly evseId: number
    readonly connectorId: number
    readonly status: string
    readonly at: string
  }[]
}

const SEARCHED = ['station', 'vendor', 'model', 'serial_number']

/** A page of stations in the order of their ids. */
export function readStations(db: Database, query: StationListQuery): StationListRow[] {
  const { search, protocol, status, known, after, limit } = query
  const conditions: string[] = []
  const values: (string | number)[] = []
  const add = (condition: string, ...more: (string | number)[]) => {
    conditions.push(condition)
    values.push(...more)
  }
  if (after !== undefined) add('s.station > ?', after)
  if (protocol !== undefined) add('s.protocol = ?', protocol)
  if (known !== undefined) add('s.known = ?', known ? 1 : 0)
  if (status !== undefined) {
    add('EXISTS (SELECT 1 FROM connectors c WHERE c.station = s.station AND c.status = ?)', status)
  }
  if (search !== undefined) {
    const pattern = `%${search.replace(/[\\%_]/g, '\\$&')}%`
    const likes = SEARCHED.map((column) => `s.${column} LIKE ? ESCAPE '\\'`)
    add(`(${likes.join(' OR ')})`, ...SEARCHED.map(() => pattern))
  }
  const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''
  return db
    .all(`SELECT s.* FROM stations s ${where} ORDER BY s.station LIMIT ?`, ...values, limit)
    .map((row) => stationRow(db, row))
}

/** One station; undefined when it never said anything and nobody has entered it. */
export function readStation(db: Database, station: string): StationListRow | undefined {
  const row = db.get('SELECT * FROM stations WHERE station = ?', station)
  return row && stationRow(db, row)
}

function stationRow(db: Database, row: Record<string, unknown>): StationListRow {
  const station = String(row.station)
  const said = {
    vendor: text(row.vendor),
    model: text(row.model),
    serialNumber: text(row.serial_number),
    firmwareVersion: text(row.firmware_version),
    bootedAt: text(row.booted_at),
  }
  return {
    station,
    protocol: String(row.protocol),
    known: row.known === 1,
    seenAt: String(row.seen_at),
    ...Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)),
    connectors: db
      .all('SELECT * FROM connectors WHERE station = ? ORDER BY evse_id, connector_id', station)
      .map((connector) => ({
        evseId: number(connector.evse_id) ?? 0,
        connectorId: number(connector.connector_id) ?? 0,
        status: String(connector.status),
        at: String(connector.status_at),
      })),
  }
}
