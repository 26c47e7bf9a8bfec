import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Protocol } from '../../../src/messages/protocols.ts'
import { createValidator } from '../../../src/messages/validation.ts'
import { VirtualClock } from '../../../src/primitives/clock.ts'
import { seededRandomness } from '../../../src/primitives/randomness.ts'
import {
  type ChargingStation,
  type ChargingStationOptions,
  createChargingStation,
} from '../../../src/roles/charging-station/charging-station.ts'
import { StationJournal } from '../../../src/storage/station-journal.ts'
import type { Link } from '../../../src/transport/link.ts'
import { settleLinks } from '../../../src/transport/memory-link.ts'
import { SEED } from '../../seed.ts'
import { Socket, standardLinks } from '../raw-station.ts'

export type Payload = Record<string, unknown>

export interface Call {
  readonly action: string
  readonly payload: Payload
}
/** What a CSMS answers: a payload, an error code, null for nothing, or undefined for the usual. */
type Rule = (call: Call) => object | string | null | undefined

const NOW = '2026-01-01T00:00:00.000Z'
const ACCEPTED = { status: 'Accepted' }

/** A station with two EVSEs and nobody but the test at it; and its CSMS, which is the test too. */
export class Bench {
  readonly clock = new VirtualClock()
  /** What the station said, since `forget`. */
  calls: Call[] = []
  readonly protocol: Protocol
  readonly #journal: StationJournal
  readonly #answers = new Map<string, unknown[]>()
  #socket = new Socket()
  #link: Link | undefined
  #station: ChargingStation | undefined
  #asked = 0
  #transactions = 100
  rule: Rule = () => undefined

  constructor(t: TestContext, protocol: Protocol, file = ':memory:') {
    this.protocol = protocol
    this.#journal = new StationJournal(file)
    t.after(() => this.stop())
  }

  /** Starts, connects and boots a station. */
  static async booted(t: TestContext, protocol: Protocol, file?: string): Promise<Bench> {
    const bench = new Bench(t, protocol, file)
    await bench.start()
    return bench
  }

  get station(): ChargingStation {
    assert.ok(this.#station)
    return this.#station
  }

  get isLinked(): boolean {
    return this.#link !== undefined
  }

  async start(more: Partial<ChargingStationOptions> = {}): Promise<void> {
    this.#station = createChargingStation({
      nodeId: 'CS01',
      protocol: this.protocol,
      links: [this.#socket],
      evses: 2,
      journal: this.#journal,
      clock: this.clock,
      random: seededRandomness(SEED),
      ...more,
    })
    await this.#station.start()
    await this.connect()
  }

  async stop(): Promise<void> {
    if (!this.#station) return
    await this.#station.stop()
    this.#station = undefined
    assert.equal(this.clock.pendingTimers, 0, 'a stopped station leaves no timer')
    this.#journal.close()
  }

  async connect(): Promise<void> {
    const [up, down] = standardLinks('CS01', this.protocol, this.clock)
    this.#link = down
    const closed = () => {
      if (this.#link === down) this.#link = undefined
    }
    down.attach({ message: (bytes) => this.#receive(down, bytes), closed })
    this.#socket.plug(up)
    await settleLinks()
  }

  async cut(): Promise<void> {
    this.#link?.close(1001, 'cut')
    await settleLinks()
  }

  async pass(seconds: number, step = 1): Promise<void> {
    for (let passed = 0; passed < seconds; passed += step) {
      await this.clock.advance(step * 1000)
      await settleLinks()
    }
  }

  /** Asks the station for something; the answer's payload, or the code of its error. */
  async ask(action: string, payload: object): Promise<Payload & { readonly error?: unknown }> {
    const id = `q${++this.#asked}`
    createValidator().assertValid(this.protocol, action, 'request', payload)
    this.#link?.send(new TextEncoder().encode(JSON.stringify([2, id, action, payload])), false)
    await settleLinks()
    // What is kept on disk is answered after the tick it was written in.
    for (let turn = 0; turn < 5 && !this.#answers.has(id); turn++) {
      await new Promise((resolve) => setImmediate(resolve))
      await settleLinks()
    }
    const [type, , first] = this.#answers.get(id) ?? []
    if (type === 4) return { error: first }
    assert.equal(type, 3, `an answer to ${action}`)
    createValidator().assertValid(this.protocol, action, 'response', first)
    return first as Payload
  }

  async status(action: string, payload: object): Promise<unknown> {
    return (await this.ask(action, payload)).status
  }

  /** Sets a variable, in 1.6 a configuration key; what is said about it. */
  async set(name: string, value: string): Promise<unknown> {
    if (this.protocol === 'ocpp1.6') return this.status('ChangeConfiguration', { key: name, value })
    const [component = '', variable = ''] = name.split('.')
    const wanted = { component: { name: component }, variable: { name: variable } }
    const setVariableData = [{ ...wanted, attributeValue: value }]
    const { setVariableResult } = await this.ask('SetVariables', { setVariableData })
    return (setVariableResult as Payload[])[0]?.attributeStatus
  }

  async present(evseId: number, token: string): Promise<string> {
    const result = await this.#while(this.station.present(evseId, token))
    await settleLinks()
    return result
  }

  async plugIn(evseId: number, vehicle = {}): Promise<void> {
    this.station.plugIn(evseId, vehicle)
    await settleLinks()
  }

  async unplug(evseId: number): Promise<void> {
    this.station.unplug(evseId)
    await settleLinks()
  }

  /** A vehicle that charges at an EVSE. */
  async charge(evseId = 1, token = 'TAG-1', vehicle = {}): Promise<void> {
    await this.plugIn(evseId, vehicle)
    assert.equal(await this.present(evseId, token), 'authorized')
  }

  forget(): void {
    this.calls = []
  }

  of(...actions: string[]): Payload[] {
    return this.calls.filter(({ action }) => actions.includes(action)).map(({ payload }) => payload)
  }

  last(action: string): Payload {
    const payload = this.of(action).at(-1)
    assert.ok(payload, `${action} was said`)
    return payload
  }

  /** The words of all status notifications of an EVSE. */
  statuses(evseId = 1): unknown[] {
    return this.of('StatusNotification')
      .filter((one) => (one.evseId ?? one.connectorId) === evseId)
      .map((one) => one.connectorStatus ?? one.status)
  }

  /** Event type, trigger and charging state of all transaction events; with it what else counts. */
  events(): unknown[][] {
    return this.of('TransactionEvent').map(({ eventType, triggerReason, transactionInfo }) => {
      const { chargingState, stoppedReason } = transactionInfo as Payload
      return [eventType, triggerReason, chargingState, ...(stoppedReason ? [stoppedReason] : [])]
    })
  }

  /** The id of the transaction that runs at an EVSE. */
  transactionId(evseId = 1): string {
    const { transactionId } = this.station.evse(evseId)
    assert.ok(transactionId)
    return transactionId
  }

  powerW(evseId = 1): number {
    return Math.round(this.station.evse(evseId).powerW)
  }

  async #while<T>(work: Promise<T>): Promise<T> {
    const [result] = await Promise.all([work, settleLinks()])
    return result
  }

  #receive(link: Link, bytes: Uint8Array): void {
    const frame = JSON.parse(new TextDecoder().decode(bytes)) as unknown[]
    if (frame[0] !== 2) {
      this.#answers.set(String(frame[1]), frame)
      return
    }
    const [, id, action, payload] = frame as [number, string, string, Payload]
    createValidator().assertValid(this.protocol, action, 'request', payload)
    this.calls.push({ action, payload })
    const said = this.rule({ action, payload })
    if (said === null) return
    const ruled = said ?? this.#usual(action)
    const answer = typeof ruled === 'string' ? [4, id, ruled, '', {}] : [3, id, ruled]
    link.send(new TextEncoder().encode(JSON.stringify(answer)), false)
  }

  #usual(action: string): object {
    const is16 = this.protocol === 'ocpp1.6'
    if (action === 'BootNotification') return { ...ACCEPTED, currentTime: NOW, interval: 100_000 }
    if (action === 'Heartbeat') return { currentTime: NOW }
    if (action === 'StartTransaction') return { transactionId: ++this.#transactions, idTagInfo: ACCEPTED } // biome-ignore format: one line
    if (action === 'Authorize') return is16 ? { idTagInfo: ACCEPTED } : { idTokenInfo: ACCEPTED }
    return {}
  }
}
