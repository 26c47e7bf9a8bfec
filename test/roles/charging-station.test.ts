import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Protocol } from '../../src/messages/protocols.ts'
import { VirtualClock } from '../../src/primitives/clock.ts'
import { seededRandomness } from '../../src/primitives/randomness.ts'
import { createChargingStation } from '../../src/roles/charging-station/charging-station.ts'
import { StationJournal } from '../../src/storage/station-journal.ts'
import type { Link } from '../../src/transport/link.ts'
import { settleLinks } from '../../src/transport/memory-link.ts'
import { temporaryFolder } from '../end-to-end/processes.ts'
import { SEED } from '../seed.ts'
import { Socket, standardLinks } from './raw-station.ts'

interface Call {
  readonly action: string
  readonly payload: Record<string, unknown>
}
/** A payload, an error code with details, or nothing at all. */
type Answer = object | [code: string, details: object] | undefined
type Rule = (call: Call, nth: number) => Answer | 'usual'

const NOW = '2026-01-01T00:00:00.000Z'
const ACCEPTED = { status: 'Accepted' }
const USUAL: Readonly<Record<string, object>> = {
  BootNotification: { status: 'Accepted', currentTime: NOW, interval: 1000 },
  Heartbeat: { currentTime: NOW },
  StartTransaction: { transactionId: 17, idTagInfo: ACCEPTED },
  Authorize: { idTagInfo: ACCEPTED, idTokenInfo: ACCEPTED },
}
const ABOUT_TRANSACTIONS = ['StartTransaction', 'MeterValues', 'StopTransaction', 'TransactionEvent'] // biome-ignore format: one line

/** A station of sessions of 10 s with values every 5 s, on a virtual clock; and its CSMS. */
class Bench {
  readonly clock = new VirtualClock()
  readonly calls: Call[] = []
  readonly #protocol: Protocol
  readonly #journal: StationJournal
  #socket = new Socket()
  #link: Link | undefined
  #rule: Rule = () => 'usual'
  #station: ReturnType<typeof createChargingStation> | undefined

  constructor(context: TestContext, protocol: Protocol, file = ':memory:') {
    this.#protocol = protocol
    this.#journal = new StationJournal(file)
    context.after(async () => {
      await this.stop()
    })
  }

  async start(more: { sessions?: number } = {}): Promise<void> {
    this.#station = createChargingStation({
      nodeId: 'CS01',
      protocol: this.#protocol,
      links: [this.#socket],
      tokens: ['TAG-1'],
      pauseS: 2,
      sessionS: 10,
      meterIntervalS: 5,
      sessions: 1,
      journal: this.#journal,
      clock: this.clock,
      random: seededRandomness(SEED),
      ...more,
    })
    await this.#station.start()
  }

  async stop(): Promise<void> {
    if (!this.#station) return
    await this.#station.stop()
    this.#station = undefined
    this.#journal.close()
  }

  connect(): Promise<void> {
    const [up, down] = standardLinks('CS01', this.#protocol, this.clock)
    this.#link = down
    down.attach({ message: (bytes) => this.#receive(down, bytes), closed: () => {} })
    this.#socket.plug(up)
    return settleLinks()
  }

  cut(): Promise<void> {
    this.#link?.close(1001, 'cut')
    return settleLinks()
  }

  /** What the CSMS answers from now on. */
  answer(rule: Rule): void {
    this.#rule = rule
  }

  async pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      await this.clock.advance(1_000)
      await settleLinks()
    }
  }

  /** Messages about transactions that came, and what is left in the journal. */
  get told(): Call[] {
    return this.calls.filter(({ action }) => ABOUT_TRANSACTIONS.includes(action))
  }

  count(action: string): number {
    return this.calls.filter((call) => call.action === action).length
  }

  get left(): string | undefined {
    return this.#journal.next()?.action
  }

  #receive(link: Link, bytes: Uint8Array): void {
    const [, id, action, payload] = JSON.parse(new TextDecoder().decode(bytes)) as [number, string, string, Call['payload']] // biome-ignore format: one line
    const call = { action, payload }
    this.calls.push(call)
    // What is not on disk yet must not be said.
    if (ABOUT_TRANSACTIONS.includes(action)) assert.equal(this.left, action)
    const ruled = this.#rule(call, this.count(action))
    const answer = ruled === 'usual' ? usual(call, this.#protocol) : ruled
    if (!answer) return
    const frame = Array.isArray(answer) ? [4, id, answer[0], '', answer[1]] : [3, id, answer]
    link.send(new TextEncoder().encode(JSON.stringify(frame)), false)
  }
}

function usual({ action }: Call, protocol: Protocol): object {
  if (action !== 'Authorize') return USUAL[action] ?? {}
  return protocol === 'ocpp1.6' ? { idTagInfo: ACCEPTED } : { idTokenInfo: ACCEPTED }
}

const isAbout = ({ action }: Call) => ABOUT_TRANSACTIONS.includes(action)
const seqNos = (calls: readonly Call[]) => calls.map(({ payload }) => payload.seqNo)
const offline = (calls: readonly Call[]) => calls.map(({ payload }) => payload.offline === true)

test('what happens offline is kept, told in order afterwards, and said to be offline', async (t) => {
  const bench = new Bench(t, 'ocpp2.0.1')
  await bench.start()
  await bench.connect()
  await bench.pass(4)
  assert.deepEqual(seqNos(bench.told), [0])

  await bench.cut()
  await bench.pass(20)
  assert.deepEqual(seqNos(bench.told), [0])
  assert.equal(bench.left, 'TransactionEvent')
  await bench.connect()

  assert.deepEqual(seqNos(bench.told), [0, 1, 2, 3])
  assert.deepEqual(offline(bench.told), [false, true, true, true])
  assert.equal(bench.left, undefined)
})

test('a plain reconnect is no boot; a start of the station is', async (t) => {
  const bench = new Bench(t, 'ocpp2.1')
  await bench.start()
  for (const _ of ['first', 'second', 'third']) {
    await bench.connect()
    await bench.pass(3)
    await bench.cut()
    await bench.pass(1)
  }

  assert.equal(bench.count('BootNotification'), 1)
})

test('in 1.6 what follows a start waits for its answer and bears the number in it', async (t) => {
  const bench = new Bench(t, 'ocpp1.6')
  bench.answer(({ action }) => (action === 'StartTransaction' ? undefined : 'usual'))
  await bench.start()
  await bench.connect()
  await bench.pass(20)
  assert.deepEqual(
    bench.told.map(({ action }) => action),
    ['StartTransaction'],
  )

  bench.answer(() => 'usual')
  await bench.cut()
  await bench.connect()

  const [first, again, ...rest] = bench.told
  assert.deepEqual(again, first)
  assert.deepEqual(
    rest.map(({ action, payload }) => [action, payload.transactionId]),
    [
      ['MeterValues', 17],
      ['MeterValues', 17],
      ['StopTransaction', 17],
    ],
  )
})

test('an error that says nobody was there is tried again, as it was, until somebody is', async (t) => {
  const errors: [string, object][] = [
    ['NetworkError', {}],
    ['GenericError', { reason: 'network' }],
    ['GenericError', { reason: 'link-lost', executed: 'unknown' }],
    ['GenericError', { reason: 'timeout' }],
    ['Congested', {}],
    ['SecurityError', { reason: 'filtered', retryAfterMs: 500 }],
  ]
  const bench = new Bench(t, 'ocpp2.1')
  bench.answer((call, nth) => (isAbout(call) && errors[nth - 1]) || 'usual')
  await bench.start()
  await bench.connect()
  await bench.pass(40)

  const attempts = bench.told.slice(0, errors.length + 1)
  assert.deepEqual(seqNos(attempts), [0, 0, 0, 0, 0, 0, 0])
  for (const attempt of attempts) assert.deepEqual(attempt, attempts[0])
  assert.deepEqual(seqNos(bench.told.slice(errors.length + 1)), [1, 2, 3])
})

test('what the CSMS refuses for good is not said again, and does not hold up the rest', async (t) => {
  const bench = new Bench(t, 'ocpp1.6')
  bench.answer(({ action }, nth) =>
    action === 'MeterValues' && nth === 1 ? ['FormationViolation', {}] : 'usual',
  )
  await bench.start()
  await bench.connect()
  await bench.pass(20)

  const actions = bench.told.map(({ action }) => action)
  assert.deepEqual(actions, ['StartTransaction', 'MeterValues', 'MeterValues', 'StopTransaction'])
  assert.equal(bench.left, undefined)
})

test('a message that the CSMS cannot process is tried three times in all', async (t) => {
  const bench = new Bench(t, 'ocpp2.0.1')
  bench.answer(({ payload }) => (payload.seqNo === 1 ? ['InternalError', {}] : 'usual'))
  await bench.start()
  await bench.connect()
  await bench.pass(60)

  assert.deepEqual(seqNos(bench.told), [0, 1, 1, 1, 2, 3])
  assert.equal(bench.left, undefined)
})

test('without a number nothing of a 1.6 transaction can be told: it goes with its start', async (t) => {
  const bench = new Bench(t, 'ocpp1.6')
  bench.answer(({ action }, nth) =>
    action === 'StartTransaction' && nth === 1 ? ['FormationViolation', {}] : 'usual',
  )
  await bench.start({ sessions: 2 })
  await bench.connect()
  await bench.pass(40)

  const actions = bench.told.map(({ action }) => action)
  // biome-ignore format: one line
  assert.deepEqual(actions, ['StartTransaction', 'StartTransaction', 'MeterValues', 'MeterValues', 'StopTransaction'])
  assert.equal(bench.left, undefined)
})

test('a transaction that the CSMS does not want is ended by the station', async (t) => {
  const bench = new Bench(t, 'ocpp2.1')
  const idTokenInfo = { status: 'Blocked' }
  bench.answer(({ payload }) => (payload.eventType === 'Started' ? { idTokenInfo } : 'usual'))
  await bench.start()
  await bench.connect()
  await bench.pass(20)

  const { transactionInfo, triggerReason } = bench.told.at(-1)?.payload ?? {}
  assert.equal((transactionInfo as { stoppedReason: string }).stoppedReason, 'DeAuthorized')
  assert.equal(triggerReason, 'Deauthorized')
})

for (const protocol of ['ocpp1.6', 'ocpp2.0.1'] as const) {
  test(`a station of ${protocol} that lost its power tells what it had not, then that it ended`, async (t) => {
    const file = join(temporaryFolder(t), 'journal.sqlite')
    const before = new Bench(t, protocol, file)
    before.answer((call) => (isAbout(call) && call.action !== 'StartTransaction' && call.payload.eventType !== 'Started' ? undefined : 'usual')) // biome-ignore format: one line
    await before.start()
    await before.connect()
    await before.pass(9)
    await before.stop() // as far as its journal goes, like any other end
    const [started, unanswered, ...others] = before.told
    assert.deepEqual(others, [])

    const after = new Bench(t, protocol, file)
    await after.start()
    await after.connect()
    await after.pass(4)

    const [again, ended, next] = after.told
    assert.deepEqual(again, unanswered)
    const { reason, transactionId, transactionInfo } = (ended?.payload ?? {}) as {
      reason?: string
      transactionId?: number
      transactionInfo?: { stoppedReason: string; transactionId: string }
    }
    assert.equal(reason ?? transactionInfo?.stoppedReason, 'PowerLoss')
    const first = started?.payload.transactionInfo as { transactionId: string } | undefined
    assert.equal(transactionId ?? transactionInfo?.transactionId, first?.transactionId ?? 17)
    assert.match(`${next?.action} ${next?.payload.eventType}`, /^(StartTransaction|.* Started)/)
    // The meter goes on where it was.
    if (protocol === 'ocpp1.6') assert.equal(next?.payload.meterStart, ended?.payload.meterStop)
  })
}
