import { createHash } from 'node:crypto'
import { foldId, type NodeId } from '../primitives/ids.ts'
import { Database } from './database.ts'
import { STATE_SCHEMA, StationState } from './station-state.ts'
import { number, text } from './transaction-rows.ts'

const SCHEMA = `
CREATE TABLE IF NOT EXISTS messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  start_id INTEGER,        -- of the message that began the transaction; NULL: this is it
  kind TEXT NOT NULL CHECK (kind IN ('start', 'meter', 'stop')),
  evse_id INTEGER NOT NULL, id_token TEXT NOT NULL,
  transaction_id TEXT,     -- of a start; given by the CSMS in OCPP 1.6, then NULL until it answers
  action TEXT NOT NULL,
  payload TEXT NOT NULL,   -- as sent; in OCPP 1.6 the transactionId is added on the way out
  register_wh REAL NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'refused')),
  failures INTEGER NOT NULL DEFAULT 0, -- answers that said the CSMS could not process it
  why TEXT                 -- it was refused
) STRICT;
CREATE INDEX IF NOT EXISTS messages_waiting ON messages (id) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS messages_by_start ON messages (start_id, kind);
CREATE INDEX IF NOT EXISTS messages_by_evse ON messages (evse_id, id);
CREATE TABLE IF NOT EXISTS registers ( -- as read last, whether or not a message tells of it
  evse_id INTEGER PRIMARY KEY,
  register_wh REAL NOT NULL
) STRICT;
`

/** What is kept of messages that need no delivery any more. */
const KEPT_MESSAGES = 100_000
/** Longer file names are more than some file systems take. */
const MAX_NAME = 200

/** A message about a transaction, before it is in the journal. */
export interface NewMessage {
  readonly evseId: number
  readonly idToken: string
  readonly action: string
  readonly payload: object
  /** Register of the EVSE's meter with this message. */
  readonly registerWh: number
}

export type MessageState = 'waiting' | 'delivered' | 'refused'

export interface JournalMessage extends NewMessage {
  readonly id: number
  readonly kind: 'start' | 'meter' | 'stop'
  /** Id of the message that began its transaction; its own if it is that. */
  readonly startId: number
  /** Undefined in OCPP 1.6 as long as the CSMS has not given one. */
  readonly transactionId: string | undefined
  /** State of the message that began the transaction. */
  readonly startState: MessageState
  readonly failures: number
}

/** A transaction that was begun and not ended. */
export interface OpenTransaction {
  readonly startId: number
  readonly evseId: number
  readonly idToken: string
  readonly transactionId: string | undefined
  /** The last known register of its EVSE's meter. */
  readonly registerWh: number
}

/**
 * What a charging station has to say about transactions, in one SQLite file: on disk before it is
 * sent, in order, until it is delivered. Each call returns when it is on disk.
 */
export class StationJournal {
  readonly #db: Database
  /** What else the station remembers, in the same file. */
  readonly state: StationState

  /** @param file A path, or `:memory:`. */
  constructor(file: string) {
    this.#db = new Database(file, SCHEMA + STATE_SCHEMA)
    this.state = new StationState(this.#db)
    this.#forgetOld()
  }

  /** The first message of a transaction; `transactionId` is undefined where the CSMS gives it. */
  begin(message: NewMessage, transactionId: string | undefined): number {
    return this.#insert(message, 'start', null, transactionId ?? null)
  }

  add(message: NewMessage, kind: 'meter' | 'stop', startId: number): number {
    return this.#insert(message, kind, startId, null)
  }

  /** The oldest message that waits for delivery. */
  next(): JournalMessage | undefined {
    const row = this.#db.get(
      `SELECT m.*, COALESCE(s.transaction_id, m.transaction_id) AS named,
       COALESCE(s.state, m.state) AS start_state
       FROM messages m LEFT JOIN messages s ON s.id = m.start_id
       WHERE m.state = 'waiting' ORDER BY m.id LIMIT 1`,
    )
    return row && journalMessage(row)
  }

  /** @param transactionId As the CSMS gave it, if this began a transaction. */
  delivered(id: number, transactionId?: string): void {
    this.#db.run(
      `UPDATE messages SET state = 'delivered', transaction_id = COALESCE(?, transaction_id)
       WHERE id = ?`,
      transactionId ?? null,
      id,
    )
  }

  refused(id: number, why: string): void {
    this.#db.run(`UPDATE messages SET state = 'refused', why = ? WHERE id = ?`, why, id)
  }

  /** The CSMS has answered that it could not process it. */
  failed(id: number): void {
    this.#db.run('UPDATE messages SET failures = failures + 1 WHERE id = ?', id)
  }

  /** How many messages a transaction has: the sequence number of its next one. */
  count(startId: number): number {
    const row = this.#db.get(
      'SELECT COUNT(*) AS count FROM messages WHERE id = ?1 OR start_id = ?1',
      startId,
    )
    return Number(row?.count)
  }

  /** Whether something waits for delivery; of one transaction, by its first message, or at all. */
  isWaiting(startId?: number): boolean {
    const row = this.#db.get(
      `SELECT 1 FROM messages WHERE state = 'waiting' AND (?1 IS NULL OR id = ?1 OR start_id = ?1)
       LIMIT 1`,
      startId ?? null,
    )
    return row !== undefined
  }

  /** The first message of a transaction, known by the id that it has at the CSMS. */
  startIdOf(transactionId: string): number | undefined {
    const row = this.#db.get(
      `SELECT MAX(id) AS id FROM messages WHERE kind = 'start' AND transaction_id = ?`,
      transactionId,
    )
    return number(row?.id)
  }

  /** Transactions that nothing has ended yet, oldest first. */
  open(): OpenTransaction[] {
    return this.#db
      .all(
        `SELECT s.*, MAX((SELECT m.register_wh FROM messages m WHERE m.id = s.id
             OR m.start_id = s.id ORDER BY m.id DESC LIMIT 1),
           COALESCE((SELECT r.register_wh FROM registers r WHERE r.evse_id = s.evse_id), 0)) AS last_wh
         FROM messages s WHERE s.kind = 'start' AND NOT EXISTS
           (SELECT 1 FROM messages e WHERE e.start_id = s.id AND e.kind = 'stop')
         ORDER BY s.id`,
      )
      .map((row) => ({
        startId: Number(row.id),
        evseId: Number(row.evse_id),
        idToken: String(row.id_token),
        transactionId: text(row.transaction_id),
        registerWh: Number(row.last_wh),
      }))
  }

  /** The last known register of an EVSE's meter: it never goes back (J02.FR.16). */
  registerWh(evseId: number): number | undefined {
    const row = this.#db.get(
      `SELECT MAX(register_wh) AS register_wh FROM (
         SELECT register_wh FROM registers WHERE evse_id = ?1 UNION ALL
         SELECT * FROM (SELECT register_wh FROM messages WHERE evse_id = ?1 ORDER BY id DESC LIMIT 1))`,
      evseId,
    )
    return number(row?.register_wh)
  }

  /** Keeps what the meter of an EVSE shows, before anybody is told or in case the power fails. */
  keepRegister(evseId: number, registerWh: number): void {
    this.#db.run(
      `INSERT INTO registers VALUES (?,?) ON CONFLICT (evse_id)
       DO UPDATE SET register_wh = MAX(register_wh, excluded.register_wh)`,
      evseId,
      registerWh,
    )
  }

  close(): void {
    this.#db.close()
  }

  #insert(
    { evseId, idToken, action, payload, registerWh }: NewMessage,
    kind: string,
    startId: number | null,
    transactionId: string | null,
  ): number {
    return this.#db.run(
      `INSERT INTO messages (start_id, kind, evse_id, id_token, transaction_id, action, payload,
       register_wh) VALUES (?,?,?,?,?,?,?,?)`,
      startId,
      kind,
      evseId,
      idToken,
      transactionId,
      action,
      JSON.stringify(payload),
      registerWh,
      // biome-ignore format: one row
    )
  }

  /** What a message that waits needs to know of its transaction stays. */
  #forgetOld(): void {
    this.#db.run(
      `DELETE FROM messages WHERE state <> 'waiting'
       AND id < (SELECT MAX(id) FROM messages) - ?
       AND id < COALESCE((SELECT MIN(COALESCE(start_id, id)) FROM messages WHERE state = 'waiting'),
         9223372036854775807)`,
      KEPT_MESSAGES,
    )
  }
}

/** Name of the file of a station, of which several may share a folder. */
export function journalName(nodeId: string): string {
  const name = encodeURIComponent(foldId(nodeId as NodeId)).replaceAll('*', '%2A')
  const short = name.length <= MAX_NAME ? name : createHash('sha256').update(name).digest('hex')
  return `station-${short}.sqlite`
}

function journalMessage(row: Record<string, unknown>): JournalMessage {
  return {
    id: Number(row.id),
    kind: row.kind as JournalMessage['kind'],
    startId: Number(row.start_id ?? row.id),
    evseId: Number(row.evse_id),
    idToken: String(row.id_token),
    transactionId: text(row.named),
    startState: row.start_state as MessageState,
    action: String(row.action),
    payload: JSON.parse(String(row.payload)) as object,
    registerWh: Number(row.register_wh),
    failures: Number(row.failures),
  }
}
