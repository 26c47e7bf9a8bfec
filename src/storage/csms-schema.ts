import type { Database } from './database.ts'
import type { Migration } from './migrations.ts'
import { mergeSpellings } from './station-spellings.ts'

/** Tables of a CSMS as they first were. What was added before there were migrations is in `ADDED`. */
const FIRST_TABLES = `
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

/** Files of before there were migrations lack some columns. */
function addColumns(db: Database): void {
  for (const [table, columns] of Object.entries(ADDED)) {
    const known = new Set(db.all(`PRAGMA table_info(${table})`).map(({ name }) => name))
    const missing = columns.filter((column) => !known.has(column.split(' ')[0]))
    for (const column of missing) db.run(`ALTER TABLE ${table} ADD COLUMN ${column}`)
    if (table === 'transaction_events' && missing.length > 0) db.run(FACTS_OF_EVENTS)
  }
}

/**
 * A station that numbers all its events alike still says different things with them: events are the
 * same only when type and time are, too.
 */
const EVENTS_BY_CONTENT = `
CREATE TABLE events_new (
  station TEXT NOT NULL, transaction_id TEXT NOT NULL, seq_no INTEGER NOT NULL,
  event_type TEXT NOT NULL, trigger_reason TEXT NOT NULL, timestamp TEXT NOT NULL,
  message INTEGER, evse_id INTEGER, connector_id INTEGER, id_token TEXT,
  first_wh REAL, last_wh REAL, reason TEXT,
  PRIMARY KEY (station, transaction_id, seq_no, event_type, timestamp)
) STRICT;
INSERT INTO events_new SELECT station, transaction_id, seq_no, event_type, trigger_reason,
  timestamp, message, evse_id, connector_id, id_token, first_wh, last_wh, reason
  FROM transaction_events;
DROP TABLE transaction_events;
ALTER TABLE events_new RENAME TO transaction_events;
CREATE INDEX transaction_ends ON transaction_events (station, transaction_id, seq_no)
  WHERE event_type = 'Ended';
`

const DEPOT_TABLES = `
CREATE TABLE id_tokens (
  id INTEGER PRIMARY KEY,            -- what an address may name it by
  id_token TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,                -- IdTokenEnumType of 2.x, e.g. ISO14443
  status TEXT NOT NULL CHECK (status IN ('Accepted', 'Blocked')),
  expires_at TEXT, group_id TEXT, note TEXT NOT NULL DEFAULT '',
  concurrent INTEGER NOT NULL DEFAULT 0, -- 1: may charge at several EVSEs at once
  changed_at TEXT NOT NULL
) STRICT;
CREATE TABLE operations (
  id TEXT PRIMARY KEY, station TEXT NOT NULL, protocol TEXT NOT NULL, action TEXT NOT NULL,
  request TEXT NOT NULL, state TEXT NOT NULL, asked_by TEXT NOT NULL, asked_at TEXT NOT NULL,
  answered_at TEXT, answer TEXT, effect_at TEXT, effect TEXT, problem TEXT
) STRICT;
CREATE INDEX operations_by_station ON operations (station, asked_at);
CREATE INDEX operations_by_time ON operations (asked_at);
CREATE TABLE variables (
  station TEXT NOT NULL, component TEXT NOT NULL, variable TEXT NOT NULL, attribute TEXT NOT NULL,
  value TEXT, mutability TEXT, characteristics TEXT, reported_at TEXT NOT NULL,
  PRIMARY KEY (station, component, variable, attribute)
) STRICT;
CREATE TABLE security_events (
  id INTEGER PRIMARY KEY, station TEXT NOT NULL, type TEXT NOT NULL, timestamp TEXT NOT NULL,
  tech_info TEXT, received_at TEXT NOT NULL
) STRICT;
CREATE INDEX security_events_by_station ON security_events (station, id);
DROP INDEX transactions_running;
CREATE INDEX transactions_by_evse ON transactions (station, evse_id, started_at);
CREATE INDEX transactions_open ON transactions (upper(id_token)) WHERE ended_at IS NULL;
ALTER TABLE stations ADD COLUMN known INTEGER NOT NULL DEFAULT 1; -- 0: nobody has entered it
`

/** What stations hold by their own word, and what finds the messages of one among those of all. */
const INSTALLED_TABLES = `
CREATE TABLE reservations (
  station TEXT NOT NULL, reservation_id INTEGER NOT NULL, evse_id INTEGER, id_token TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('reserved', 'used', 'cancelled', 'expired', 'removed')),
  changed_at TEXT NOT NULL,
  PRIMARY KEY (station, reservation_id)
) STRICT;
CREATE INDEX reservations_by_state ON reservations (state, expires_at);
CREATE TABLE charging_profiles (
  station TEXT NOT NULL, profile_id INTEGER NOT NULL, evse_id INTEGER NOT NULL,
  purpose TEXT NOT NULL, stack_level INTEGER NOT NULL, transaction_id TEXT,
  source TEXT NOT NULL,  -- CSO: by this CSMS; otherwise as the station reports it
  profile TEXT NOT NULL, -- in the form of its version of OCPP
  changed_at TEXT NOT NULL,
  PRIMARY KEY (station, profile_id)
) STRICT;
CREATE TABLE local_lists (
  station TEXT PRIMARY KEY, version INTEGER NOT NULL, changed_at TEXT NOT NULL
) STRICT;
CREATE TABLE local_list_entries (
  station TEXT NOT NULL, id_token TEXT NOT NULL, status TEXT NOT NULL,
  expires_at TEXT, group_id TEXT,
  PRIMARY KEY (station, id_token)
) STRICT;
UPDATE meter_values SET timestamp = strftime('%Y-%m-%dT%H:%M:%fZ', timestamp)
  WHERE timestamp NOT LIKE '%Z' AND julianday(timestamp) IS NOT NULL;
CREATE INDEX messages_by_station ON messages (station);
CREATE INDEX security_events_by_type ON security_events (type, id);
`

/** One row, written to see whether anything can be; as large as a message and what follows from it. */
const PROBE_TABLE = `
CREATE TABLE probe (id INTEGER PRIMARY KEY CHECK (id = 1), at TEXT NOT NULL, room BLOB NOT NULL) STRICT;
`

/**
 * Transactions of OCPP 1.6 whose end was told and whose start was not have no `started_at`; several
 * of a station may bear one id. What finds transactions by time and token.
 */
const UNSEEN_STARTS = `
DROP INDEX transactions_by_id;
CREATE UNIQUE INDEX transactions_by_id ON transactions (station, transaction_id)
  WHERE started_at IS NOT NULL;
CREATE INDEX transactions_unseen ON transactions (station, transaction_id)
  WHERE started_at IS NULL;
CREATE INDEX transactions_by_time ON transactions (coalesce(started_at, ended_at));
CREATE INDEX transactions_by_token ON transactions (upper(id_token));
`

/** What transactions say of stations that are removed: they stay, for they are about money. */
const FORMER_STATIONS = `
CREATE TABLE former_stations (
  station TEXT PRIMARY KEY, protocol TEXT NOT NULL, vendor TEXT,
  last_number INTEGER NOT NULL, -- of its transactions when it was removed; 0: it had none
  removed_at TEXT NOT NULL
) STRICT;
`

/** Ids are compared without regard to case, at each message of a station. */
const STATIONS_IN_ANY_CASE = `
CREATE INDEX IF NOT EXISTS stations_in_any_case ON stations (station COLLATE NOCASE);
`

/** Transactions whose end nobody will tell, as an operator has said. */
const CLOSED_TRANSACTIONS = `
CREATE TABLE IF NOT EXISTS closed_transactions (
  number INTEGER PRIMARY KEY, closed_at TEXT NOT NULL
) STRICT;
`

/** Messages that no handler took are kept beside those that count, and all of them byte by byte. */
const WHOLE_MESSAGES = `
ALTER TABLE messages ADD COLUMN kind TEXT NOT NULL DEFAULT 'CALL';
ALTER TABLE messages ADD COLUMN message_id TEXT;
ALTER TABLE messages ADD COLUMN head BLOB; -- what stood before the payload
ALTER TABLE messages ADD COLUMN tail BLOB; -- and behind it
ALTER TABLE messages ADD COLUMN refused TEXT; -- why it was not obeyed
ALTER TABLE messages ADD COLUMN taken INTEGER NOT NULL DEFAULT 1; -- 0: nothing follows from it
CREATE INDEX messages_untaken ON messages (station, id) WHERE taken = 0;
CREATE INDEX messages_untaken_by_id ON messages (id) WHERE taken = 0;
`

/**
 * Whether a transaction of OCPP 2.x charges, or waits for its car or for current, as its events say;
 * of those that may still run, what was kept of them says it.
 */
const CHARGING_STATES = `
ALTER TABLE transaction_events ADD COLUMN charging_state TEXT;
ALTER TABLE transactions ADD COLUMN charging_state TEXT;
UPDATE transaction_events AS e SET charging_state = (
  SELECT json_extract(CAST(m.payload AS TEXT), '$.transactionInfo.chargingState') FROM messages m
  WHERE m.id = e.message AND m.action = 'TransactionEvent' AND json_valid(CAST(m.payload AS TEXT)))
WHERE EXISTS (SELECT 1 FROM transactions t WHERE t.station = e.station
  AND t.transaction_id = e.transaction_id AND t.started_at IS NOT NULL AND t.ended_at IS NULL);
UPDATE transactions AS t SET charging_state = (
  SELECT charging_state FROM transaction_events e WHERE e.station = t.station
  AND e.transaction_id = t.transaction_id AND charging_state IS NOT NULL
  ORDER BY seq_no DESC, timestamp DESC LIMIT 1)
WHERE ended_at IS NULL;
`

/** What finds a station that was removed, in whatever letter case. */
const FORMER_IN_ANY_CASE = `
CREATE INDEX former_stations_in_any_case ON former_stations (station COLLATE NOCASE);
`

/**
 * The last id that was given to a reservation or a profile, whether or not a station has taken it.
 * What stations hold may bear an id that nobody here gave; from the greatest one it wraps.
 */
const ID_COUNTERS = `
CREATE TABLE counters (name TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT;
INSERT INTO counters SELECT 'reservation', coalesce(MAX(reservation_id), 0) FROM reservations;
INSERT INTO counters SELECT 'profile', coalesce(MAX(profile_id), 0) FROM charging_profiles;
`

/**
 * A list that takes several messages, on its way or ended before its last one. Whether the entries
 * of a list are those that its station has: not after a message whose answer nobody knows.
 */
const LIST_JOBS = `
ALTER TABLE local_lists ADD COLUMN known INTEGER NOT NULL DEFAULT 1;
UPDATE local_lists SET known = version = 0 OR EXISTS (
  SELECT 1 FROM local_list_entries e WHERE e.station = local_lists.station);
CREATE TABLE local_list_jobs (
  station TEXT PRIMARY KEY, messages INTEGER NOT NULL,
  place INTEGER NOT NULL, -- of the message that was sent last, from 0
  operation TEXT,         -- which sent it; none: it is about to
  problem TEXT            -- why no more are sent
) STRICT;
`

/** Signed messages that may be stored on their way, as long as they could come again. */
const OBEYED_MESSAGES = `
CREATE TABLE obeyed_messages (
  source TEXT NOT NULL, id TEXT NOT NULL, nonce TEXT NOT NULL, digest TEXT NOT NULL,
  until INTEGER NOT NULL, -- seconds since 1970: then its own times refuse it
  reply BLOB,
  PRIMARY KEY (source, id)
) STRICT, WITHOUT ROWID;
`

/** From the first form of the file to the newest. */
export const CSMS_MIGRATIONS: readonly Migration[] = [
  {
    name: '1-messages-and-transactions',
    up(db) {
      db.script(FIRST_TABLES)
      addColumns(db)
    },
  },
  { name: '2-events-by-content', up: (db) => db.script(EVENTS_BY_CONTENT) },
  { name: '3-depot', up: (db) => db.script(DEPOT_TABLES) },
  { name: '4-installed', up: (db) => db.script(INSTALLED_TABLES) },
  { name: '5-probe', up: (db) => db.script(PROBE_TABLE) },
  { name: '6-unseen-starts', up: (db) => db.script(UNSEEN_STARTS) },
  { name: '7-former-stations', up: (db) => db.script(FORMER_STATIONS) },
  { name: '8-stations-in-any-case', up: (db) => db.script(STATIONS_IN_ANY_CASE) },
  { name: '9-closed-transactions', up: (db) => db.script(CLOSED_TRANSACTIONS) },
  { name: '10-whole-messages', up: (db) => db.script(WHOLE_MESSAGES) },
  { name: '11-charging-states', up: (db) => db.script(CHARGING_STATES) },
  {
    name: '12-one-spelling',
    up(db) {
      db.script(FORMER_IN_ANY_CASE)
      mergeSpellings(db)
    },
  },
  { name: '13-id-counters', up: (db) => db.script(ID_COUNTERS) },
  { name: '14-list-jobs', up: (db) => db.script(LIST_JOBS) },
  { name: '15-obeyed-messages', up: (db) => db.script(OBEYED_MESSAGES) },
]
