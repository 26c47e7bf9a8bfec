import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { until } from './processes.ts'

const EXECUTABLE = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

type Row = Record<string, unknown>

/** Wait one second between attempts, always: kills follow each other quickly here. */
export const BACK_OFF = { waitMinimumS: 1, randomRangeS: 0, repeatTimes: 0 }

/** A process of the executable that can be killed and started again from the same files. */
export class Victim {
  readonly #file: string
  readonly #nodeId: string
  readonly #compiled: string
  #child: ChildProcess | undefined
  /** Where it listens; another one after each start. */
  port = 0

  constructor(folder: string, config: { nodeId: string; [setting: string]: unknown }) {
    this.#nodeId = config.nodeId
    // There are many starts, and most of the time of one is spent on reading the sources.
    this.#compiled = join(dirname(folder), 'compiled')
    this.#file = join(folder, `${config.nodeId}.yaml`)
    writeFileSync(this.#file, JSON.stringify({ log: 'silent', ...config })) // JSON is YAML
  }

  async start(): Promise<void> {
    // With a channel to this process it ends when this process does, however that comes about.
    const child = spawn(process.execPath, [EXECUTABLE, 'run', this.#file], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, NODE_COMPILE_CACHE: this.#compiled },
    })
    this.#child = child
    let output = ''
    let errors = ''
    child.stdout?.on('data', (chunk) => {
      output += chunk
    })
    child.stderr?.on('data', (chunk) => {
      errors += chunk
    })
    await until(`${this.#nodeId} to be ready`, () => {
      if (child.exitCode !== null) throw new Error(`${this.#nodeId} ended: ${errors}`)
      return output.includes('\n')
    })
    const [url] = (JSON.parse(output.slice(0, output.indexOf('\n'))) as { listen: string[] }).listen
    this.port = url === undefined ? 0 : Number(new URL(url).port)
  }

  kill(): Promise<number | null> {
    return this.#end('SIGKILL')
  }

  stop(): Promise<number | null> {
    return this.#end('SIGTERM')
  }

  #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) {
      return Promise.resolve(child?.exitCode ?? null)
    }
    const exit = new Promise<number | null>((resolve) => child.once('exit', resolve))
    child.kill(signal)
    return exit
  }
}

/** A piece of network that can be cut: whoever dials it reaches what is behind it at the time. */
export class Wire {
  readonly #server = createServer((near) => this.#join(near))
  readonly #sockets = new Set<Socket>()
  readonly #behind = new Set<Socket>()
  /** Of those behind it the ones from which nothing comes back any more. */
  readonly #held = new Set<Socket>()
  /** Port of what is behind it. */
  target = 0
  url = ''

  async open(context: TestContext): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.url = `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
    context.after(() => {
      this.#server.close()
      this.cut()
    })
    return this
  }

  /** Destroys every connection; new ones are let through. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** From now on nothing comes back over the connections there are; new ones are let through. */
  holdAnswers(): void {
    for (const socket of this.#behind) this.#held.add(socket)
  }

  /** False when whoever dialled has given up what was held. */
  get isHolding(): boolean {
    return this.#held.size > 0
  }

  #join(near: Socket): void {
    const far = dial(this.target, '127.0.0.1')
    this.#behind.add(far)
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket)
      socket.on('error', () => {}) // it is closed then, too
      socket.on('close', () => {
        this.#sockets.delete(socket)
        this.#behind.delete(socket)
        this.#held.delete(socket)
        other.destroy()
      })
    }
    near.on('data', (bytes) => far.write(bytes))
    far.on('data', (bytes) => {
      if (!this.#held.has(far)) near.write(bytes)
    })
  }
}

/** Reads a database that another process writes, which may be killed and start again. */
export class Reader {
  readonly #file: string
  #database: DatabaseSync | undefined

  constructor(context: TestContext, file: string) {
    this.#file = file
    context.after(() => this.#close())
  }

  /** Rows; undefined while it cannot be read. */
  rows(sql: string, ...values: SQLInputValue[]): Row[] | undefined {
    if (!existsSync(this.#file)) return undefined
    try {
      this.#database ??= new DatabaseSync(this.#file, { readOnly: true, timeout: 1_000 })
      return this.#database.prepare(sql).all(...values) as Row[]
    } catch {
      this.#close() // its process has just begun, or was killed
      return undefined
    }
  }

  /** Rows that must be there. */
  all(sql: string, ...values: SQLInputValue[]): Row[] {
    const rows = this.rows(sql, ...values)
    if (!rows) throw new Error(`${this.#file} cannot be read`)
    return rows
  }

  /** The number in the one row that a query gives; 0 while it cannot be read. */
  number(sql: string): number {
    const [row] = this.rows(sql) ?? []
    return Number(Object.values(row ?? {})[0] ?? 0)
  }

  #close(): void {
    this.#database?.close()
    this.#database = undefined
  }
}

/** What a journal and the CSMS say of one station, in the same words, each from its own source. */
export interface Account {
  readonly messages: unknown[]
  readonly transactions: unknown[]
  readonly events: unknown[]
  readonly values: unknown[]
}

/** Nothing missing, nothing twice, nothing else: value by value. */
export function assertSameAccount(station: string, journal: Account, csms: Account): void {
  for (const part of ['messages', 'transactions', 'events', 'values'] as const) {
    assert.deepEqual(csms[part], journal[part], `${part} of ${station}`)
  }
}

/** What the CSMS has stored. */
export function csmsAccount(database: Reader, station: string): Account {
  const rows = (sql: string) => database.all(sql, station)
  const messages = rows(
    `SELECT action, CAST(payload AS TEXT) AS payload FROM messages WHERE station = ? AND repeated = 0
     AND action IN ('StartTransaction', 'MeterValues', 'StopTransaction', 'TransactionEvent')
     ORDER BY id`,
  )
  const transactions = rows(
    `SELECT transaction_id, evse_id, id_token, started_at, meter_start_wh, ended_at, meter_stop_wh,
     reason FROM transactions WHERE station = ? ORDER BY number`,
  )
  const events = rows(
    `SELECT e.transaction_id, seq_no, event_type, trigger_reason, timestamp
     FROM transaction_events e JOIN transactions t USING (station, transaction_id)
     WHERE e.station = ? ORDER BY t.number, seq_no`,
  )
  const values = rows(
    `SELECT v.transaction_id, v.evse_id, timestamp, measurand, context, value, unit
     FROM meter_values v LEFT JOIN transactions t USING (station, transaction_id)
     WHERE v.station = ? ORDER BY v.id`,
  )
  const lists = (found: Row[]) => found.map((row) => Object.values(row))
  return {
    messages: lists(messages),
    transactions: lists(transactions),
    events: lists(events),
    values: lists(values),
  }
}

interface Sampled {
  readonly timestamp: string
  readonly sampledValue: readonly {
    readonly value: string | number
    readonly measurand: string
    readonly context?: string
    readonly unit?: string
    readonly unitOfMeasure?: { readonly unit: string }
  }[]
}

/** What the journal says that the CSMS must have stored. */
export function journalAccount(journal: Reader): Account {
  const rows = journal.all(
    `SELECT m.*, COALESCE(s.transaction_id, m.transaction_id) AS named
     FROM messages m LEFT JOIN messages s ON s.id = m.start_id ORDER BY m.id`,
  )
  const account = { messages: [], transactions: [], events: [], values: [] } as {
    [part in keyof Account]: unknown[][]
  }
  for (const row of rows) {
    assert.equal(row.state, 'delivered', `${row.action} ${row.id} of the journal`)
    const payload = JSON.parse(String(row.payload)) as Row
    if (row.action === 'TransactionEvent') tell2(account, payload)
    else tell16(account, row, payload)
  }
  return account
}

type Telling = { [part in keyof Account]: unknown[][] }

function tell16(account: Telling, { kind, action, named, evse_id }: Row, payload: Row): void {
  const number = { transactionId: Number(named) }
  const sent = kind === 'start' ? payload : { ...payload, ...number }
  account.messages.push([action, JSON.stringify(sent)])
  if (kind === 'start') {
    const { connectorId, idTag, timestamp, meterStart } = payload
    account.transactions.push([named, connectorId, idTag, timestamp, meterStart, null, null, null])
  } else if (kind === 'stop') {
    const { timestamp, meterStop, reason } = payload
    account.transactions.at(-1)?.splice(5, 3, timestamp, meterStop, reason)
  } else {
    tellValues(account, [named, evse_id], payload.meterValue as Sampled[])
  }
}

function tell2(account: Telling, payload: Row): void {
  const { eventType, triggerReason, seqNo, timestamp, meterValue } = payload
  const { transactionId, stoppedReason } = payload.transactionInfo as Row
  const { id: evseId } = payload.evse as Row
  const { idToken } = (payload.idToken ?? {}) as Row
  const [energy] = (meterValue as Sampled[])[0]?.sampledValue ?? []
  account.messages.push(['TransactionEvent', JSON.stringify(payload)])
  account.events.push([transactionId, seqNo, eventType, triggerReason, timestamp])
  tellValues(account, [transactionId, evseId], meterValue as Sampled[])
  if (eventType === 'Started') {
    const { value } = energy ?? {}
    account.transactions.push([transactionId, evseId, idToken, timestamp, value, null, null, null])
  } else if (eventType === 'Ended') {
    account.transactions.at(-1)?.splice(5, 3, timestamp, energy?.value, stoppedReason)
  }
}

function tellValues(account: Telling, whose: unknown[], values: readonly Sampled[]): void {
  for (const { timestamp, sampledValue } of values) {
    for (const { value, measurand, context = null, unit, unitOfMeasure } of sampledValue) {
      const base = unit ?? unitOfMeasure?.unit
      account.values.push([...whose, timestamp, measurand, context, Number(value), base])
    }
  }
}
