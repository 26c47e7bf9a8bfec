import type { Database } from './database.ts'
import { isRunning, number, text } from './transaction-rows.ts'

export interface StationListQuery {
  /** Part of id, maker, model or serial number. */
  readonly search?: string | undefined
  readonly protocol?: string | undefined
  /**
   * Only stations with a connector in this state, one that charges is not merely occupied; or with
   * a status of OCPP 1.6 that is finer than the states are.
   */
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
  /** RFC 3339; undefined when it was only entered and never said anything. */
  readonly seenAt?: string
  readonly connectors: readonly {
    readonly evseId: number
    readonly connectorId: number
    /** As it was told. */
    readonly status: string
    readonly state: ConnectorState
    /** Of the transaction that runs there, as OCPP 2.x tells it. */
    readonly chargingState?: string
    readonly at: string
  }[]
}

/** What a connector is, in one vocabulary for both generations. */
export type ConnectorState =
  | 'Available'
  | 'Occupied'
  | 'Charging'
  | 'Reserved'
  | 'Unavailable'
  | 'Faulted'

const STATES: ReadonlyMap<string, ConnectorState> = new Map([
  ['Available', 'Available'],
  ['Occupied', 'Occupied'],
  ['Preparing', 'Occupied'],
  ['SuspendedEV', 'Occupied'],
  ['SuspendedEVSE', 'Occupied'],
  ['Finishing', 'Occupied'],
  ['Charging', 'Charging'],
  ['Reserved', 'Reserved'],
  ['Unavailable', 'Unavailable'],
  ['Faulted', 'Faulted'],
])

/**
 * The state of a connector.
 *
 * @param status As it was told; one that OCPP does not have is none of those that are well.
 * @param transaction That runs there. The status of OCPP 2.x does not tell charging apart: an
 *   occupied EVSE charges unless its transaction has said that nothing flows.
 */
export function connectorState(
  status: string,
  transaction: { readonly chargingState: string | undefined } | undefined,
): ConnectorState {
  const { chargingState = 'Charging' } = transaction ?? {}
  if (status === 'Occupied' && transaction && chargingState === 'Charging') return 'Charging'
  return STATES.get(status) ?? 'Unavailable'
}

/** SQL for what the transaction on the EVSE of connector `c` does; empty: it has not said; NULL: none runs. */
const CHARGING_STATE = `(SELECT coalesce(o.charging_state, '') FROM transactions o
  WHERE o.station = c.station AND o.evse_id = c.evse_id AND ${isRunning('o')}
  ORDER BY o.number DESC LIMIT 1)`

/** SQL for: what connector `c` is, as `connectorState` says it. */
const STATE = `CASE WHEN c.status = 'Occupied' AND ${CHARGING_STATE} IN ('', 'Charging') THEN 'Charging'
  ${[...STATES].map(([status, state]) => `WHEN c.status = '${status}' THEN '${state}'`).join(' ')}
  ELSE 'Unavailable' END`

/** Words that tell more than a state does, and can be asked for, too; 2.x has some in transactions. */
const FINER = [...STATES].filter(([status, state]) => status !== state).map(([status]) => status)

/** SQL for: the station has a connector in a state; connector 0 is the station, and not one of it. */
const HAS_CONNECTOR = `EXISTS (SELECT 1 FROM connectors c WHERE c.station = s.station
  AND c.connector_id > 0 AND ? IN (${STATE}, iif(c.status IN ('${FINER.join("','")}'), c.status, NULL),
    iif(c.status = 'Occupied', nullif(${CHARGING_STATE}, ''), NULL)))`

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
  if (status !== undefined) add(HAS_CONNECTOR, status)
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
    seenAt: text(row.seen_at) || undefined,
  }
  return {
    station,
    protocol: String(row.protocol),
    known: row.known === 1,
    ...Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)),
    connectors: db
      .all(
        `SELECT *, ${CHARGING_STATE} AS charging_state FROM connectors c
         WHERE station = ? ORDER BY evse_id, connector_id`,
        station,
      )
      .map((connector) => ({
        evseId: number(connector.evse_id) ?? 0,
        connectorId: number(connector.connector_id) ?? 0,
        status: String(connector.status),
        ...chargingOf(String(connector.status), text(connector.charging_state)),
        at: String(connector.status_at),
      })),
  }
}

/** @param chargingState Undefined: no transaction runs; empty: it has not said. */
function chargingOf(status: string, chargingState: string | undefined) {
  if (chargingState === undefined) return { state: connectorState(status, undefined) }
  const transaction = { chargingState: chargingState || undefined }
  const state = connectorState(status, transaction)
  return { state, ...(chargingState && status === 'Occupied' && { chargingState }) }
}
