import type { Database } from './database.ts'

/** Tables of a CSMS. What was added later stands in `ADDED`, too: files of before get it. */
export const CSMS_SCHEMA = `
CREATE TABLE IF NOT EXISTS messages (
  id INTEGER PRIMARY KEY,
  station TEXT NOT NULL, protocol TEXT NOT NULL, action TEXT NOT NULL,
  received_at TEXT NOT NULL,
  payload BLOB NOT NULL,               -- exactly the bytes the station sent
  repeated INTEGER NOT NULL DEFAULT 0, -- 1: came before, and had no effect this time
  conflict INTEGER NOT NULL DEFAULT 0  -- 1: and said something else than the first time
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
  ended_at TEXT, meter_stop_wh REAL, reason TEXT,
  start_message INTEGER, stop_message INTEGER -- those of OCPP 1.6 that counted
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS transactions_by_id ON transactions (station, transaction_id);
CREATE INDEX IF NOT EXISTS transactions_by_start ON transactions (station, started_at);
CREATE INDEX IF NOT EXISTS transactions_running ON transactions (station, evse_id)
  WHERE ended_at IS NULL;
CREATE TABLE IF NOT EXISTS transaction_events (
  station TEXT NOT NULL, transaction_id TEXT NOT NULL, seq_no INTEGER NOT NULL,
  event_type TEXT NOT NULL, trigger_reason TEXT NOT NULL, timestamp TEXT NOT NULL,
  message INTEGER, evse_id INTEGER, connector_id INTEGER, id_token TEXT,
  first_wh REAL, last_wh REAL, reason TEXT,
  PRIMARY KEY (station, transaction_id, seq_no)
) STRICT;
CREATE INDEX IF NOT EXISTS transaction_ends ON transaction_events (station, transaction_id, seq_no)
  WHERE event_type = 'Ended';
CREATE TABLE IF NOT EXISTS meter_values (
  id INTEGER PRIMARY KEY,
  station TEXT NOT NULL, transaction_id TEXT, evse_id INTEGER NOT NULL,
  timestamp TEXT NOT NULL, measurand TEXT NOT NULL, phase TEXT, context TEXT,
  value REAL NOT NULL, unit TEXT NOT NULL,
  location TEXT,
  seq_no INTEGER,                    -- of the TransactionEvent it came with
  ordinal INTEGER NOT NULL DEFAULT 0 -- among values of one message that are alike otherwise
) STRICT;
CREATE INDEX IF NOT EXISTS meter_values_by_transaction
  ON meter_values (station, transaction_id, measurand, timestamp);
`

/** Columns that files of earlier versions lack, by table. */
const ADDED: Readonly<Record<string, readonly string[]>> = {
  messages: ['repeated INTEGER NOT NULL DEFAULT 0', 'conflict INTEGER NOT NULL DEFAULT 0'],
  transactions: ['start_message INTEGER', 'stop_message INTEGER'],
  transaction_events: [
    'message INTEGER',
    'evse_id INTEGER',
    'connector_id INTEGER',
    'id_token TEXT',
    'first_wh REAL',
    'last_wh REAL',
    'reason TEXT',
  ],
  meter_values: ['location TEXT', 'seq_no INTEGER', 'ordinal INTEGER NOT NULL DEFAULT 0'],
}

/** What earlier versions kept of a transaction only becomes what its first and last event said. */
const FACTS_OF_EVENTS = `
UPDATE transaction_events AS e
SET evse_id = t.evse_id, connector_id = t.connector_id, id_token = t.id_token,
  first_wh = t.meter_start_wh, last_wh = t.meter_stop_wh, reason = t.reason
FROM transactions t
WHERE t.station = e.station AND t.transaction_id = e.transaction_id
  AND (e.event_type = 'Ended' OR e.seq_no = (
    SELECT MIN(f.seq_no) FROM transaction_events f
    WHERE f.station = e.station AND f.transaction_id = e.transaction_id))`

/** Gives a file of an earlier version what it lacks. */
export function upgrade(db: Database): void {
  for (const [table, columns] of Object.entries(ADDED)) {
    const known = new Set(db.all(`PRAGMA table_info(${table})`).map(({ name }) => name))
    const missing = columns.filter((column) => !known.has(column.split(' ')[0]))
    for (const column of missing) db.run(`ALTER TABLE ${table} ADD COLUMN ${column}`)
    if (table === 'transaction_events' && missing.length > 0) db.run(FACTS_OF_EVENTS)
  }
}
