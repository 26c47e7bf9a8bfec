import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReadingView, TransactionDetail, TransactionPage } from '../../src/http/live-api.ts'
import { startConsole } from '../../src/http/server.ts'
import { createNetworkingNode } from '../../src/roles/networking-node/networking-node.ts'
import type { CsmsStore } from '../../src/storage/csms-store.ts'
import { client } from '../support/sockets.ts'
import { startCsmsConsole } from './csms-console.ts'

const AT = '2026-01-05T11:00:00.000Z'
const LATER = '2026-01-05T11:30:00.000Z'

/** Transactions 1 to `count`, by turns of CS01 and CS02; every third one has ended. */
async function fill(store: CsmsStore, count: number): Promise<void> {
  await store.write(() => {
    for (let n = 1; n <= count; n++) {
      const station = n % 2 === 1 ? 'CS01' : 'CS02'
      const transactionId = `T${n}`
      // biome-ignore format: one line
      store.charging.start({ station, transactionId, evseId: 1, connectorId: 1, idToken: `TOKEN-${n % 2}`, startedAt: AT, meterStartWh: 1000 })
      // biome-ignore format: one line
      if (n % 3 === 0) store.charging.end({ station, transactionId, endedAt: LATER, meterStopWh: 6000, reason: 'Local' })
    }
  })
}

test('transactions come newest first, page by page, none twice and none left out', async (t) => {
  const { store, get } = await startCsmsConsole(t)
  await fill(store, 7)

  const numbers: number[] = []
  let before = ''
  for (;;) {
    const { body } = await get(`/api/transactions?limit=3${before}`)
    const page = body as TransactionPage
    assert.ok(page.transactions.length <= 3)
    numbers.push(...page.transactions.map(({ number }) => number))
    if (page.older === undefined) break
    before = `&before=${page.older}`
  }

  assert.deepEqual(numbers, [7, 6, 5, 4, 3, 2, 1])
})

test('a page that holds the rest names nothing older', async (t) => {
  const { store, get } = await startCsmsConsole(t)
  await fill(store, 3)

  const { body } = await get('/api/transactions?limit=3')

  assert.equal((body as TransactionPage).transactions.length, 3)
  assert.equal('older' in (body as TransactionPage), false)
})

test('station and state narrow the transactions together', async (t) => {
  const { store, get } = await startCsmsConsole(t)
  await fill(store, 7)
  const of = async (query: string) =>
    ((await get(`/api/transactions?${query}`)).body as TransactionPage).transactions.map(
      ({ number }) => number,
    )

  assert.deepEqual(await of('station=CS01'), [7, 5, 3, 1])
  assert.deepEqual(await of('state=ended'), [6, 3])
  assert.deepEqual(await of('station=CS01&state=running'), [7, 5, 1])
  assert.deepEqual(await of('station=CS99'), [])
})

test('energy is told without what binary fractions add', async (t) => {
  const { store, get } = await startCsmsConsole(t)
  const at = '2026-01-05T11:00:00.000Z'
  await store.write(() => {
    const number = store.charging.start({ station: 'CS01', transactionId: undefined, evseId: 1, connectorId: 1, idToken: 'A', startedAt: at, meterStartWh: 1000.1 }) // biome-ignore format: one record
    store.charging.end({ station: 'CS01', transactionId: `${number}`, endedAt: at, meterStopWh: 1012.4, reason: 'Local' }) // biome-ignore format: one record
  })

  const { transactions } = (await get('/api/transactions')).body as TransactionPage

  assert.equal(transactions[0]?.energyWh, 12.3)
})

test('energy beyond all numbers is told as unknown', async (t) => {
  const { store, get } = await startCsmsConsole(t)
  await store.write(() => {
    store.charging.start({ station: 'CS01', transactionId: 'T1', evseId: 1, connectorId: 1, idToken: 'A', startedAt: AT, meterStartWh: -1e308 }) // biome-ignore format: one record
    store.charging.end({ station: 'CS01', transactionId: 'T1', endedAt: LATER, meterStopWh: 1e308, reason: 'Local' }) // biome-ignore format: one record
  })

  const { transactions } = (await get('/api/transactions')).body as TransactionPage

  assert.deepEqual([transactions.length, 'energyWh' in (transactions[0] ?? {})], [1, false])
})

test('what an EVSE cannot have given is told, by its power and by its energy in its time', async (t) => {
  const { store, get } = await startCsmsConsole(t)
  const at = (minute: number) => new Date(Date.UTC(2026, 0, 5, 11, minute)).toISOString()
  const power = (evseId: number, maxLimit: number, unit: string) => store.variables.put('CS01', { component: { name: 'EVSE', evse: { id: evseId } }, variable: { name: 'Power' }, variableAttribute: [{ value: '0' }], variableCharacteristics: { maxLimit, unit } as never }, at(0)) // biome-ignore format: one line
  const run = (evseId: number, wh: number, powerW?: number) => {
    const number = store.charging.start({ station: 'CS01', transactionId: undefined, evseId, connectorId: 1, idToken: 'A', startedAt: at(evseId), meterStartWh: 0 }) // biome-ignore format: one line
    if (powerW !== undefined) store.charging.addMeterValue({ station: 'CS01', transactionId: `${number}`, evseId, timestamp: at(evseId + 1), measurand: 'Power.Active.Import', phase: undefined, context: undefined, value: powerW, unit: 'W' }) // biome-ignore format: one line
    store.charging.end({ station: 'CS01', transactionId: `${number}`, endedAt: at(evseId + 30), meterStopWh: wh, reason: 'Local' }) // biome-ignore format: one line
  }
  await store.write(() => {
    for (const evseId of [1, 2, 3]) power(evseId, 22_000, 'W')
    power(4, 22, 'kW')
    run(1, 11_500, 22_100) // half an hour at 23 kW: a meter is not exact
    run(2, 13_000) // at 26 kW
    run(3, 1_000, 25_000)
    run(4, 13_000)
    run(5, 13_000, 99_000) // nobody knows what it is made for
  })

  const { transactions } = (await get('/api/transactions')).body as TransactionPage

  assert.deepEqual(transactions.map(({ problems }) => problems?.includes('above-rating') ?? false).reverse(), [false, true, true, true, false]) // biome-ignore format: one line
})

test('a register that runs backwards on the way is told, in whichever order its readings came', async (t) => {
  const { store, get } = await startCsmsConsole(t)
  const at = (minute: number) => new Date(Date.UTC(2026, 0, 5, 11, minute)).toISOString()
  const run = (evseId: number, readings: readonly (readonly [minute: number, value: number, location?: string])[]) => {
    const number = store.charging.start({ station: 'CS01', transactionId: undefined, evseId, connectorId: 1, idToken: 'A', startedAt: at(0), meterStartWh: 1_000 })
    for (const [minute, value, location] of readings) store.charging.addMeterValue({ station: 'CS01', transactionId: `${number}`, evseId, timestamp: at(minute), measurand: 'Energy.Active.Import.Register', phase: undefined, context: undefined, value, unit: 'Wh', ...(location !== undefined && { location }) })
    store.charging.end({ station: 'CS01', transactionId: `${number}`, endedAt: at(30), meterStopWh: 9_000, reason: 'Local' })
  } // biome-ignore format: three records
  await store.write(() => {
    run(1, [[1, 2_000], [2, 5_000], [3, 8_000]])
    run(2, [[1, 5_000], [2, 1_500], [3, 8_000]])
    run(3, [[3, 8_000], [1, 2_000], [2, 5_000]]) // told late, not backwards
    run(4, [[1, 900], [2, 5_000]])
    run(5, [[1, 2_000], [2, 1_999.5]]) // rounded
    run(6, [[1, 2_000], [2, 500, 'Inlet'], [3, 3_000]]) // another meter
    run(7, [[1, 2_000], [2, 9_500]]) // its end tells less
  }) // biome-ignore format: a table

  const { transactions } = (await get('/api/transactions')).body as TransactionPage
  const told = transactions.map(({ problems }) => problems?.includes('register-backwards') ?? false)
  assert.deepEqual(told.reverse(), [false, true, false, true, false, false, true])
  const { problems } = (await get('/api/transactions/2')).body as TransactionDetail
  assert.deepEqual(problems, ['register-backwards'])
})

test('id tokens are told as fingerprints, equal ones for equal tokens', async (t) => {
  const { store, get } = await startCsmsConsole(t)
  await fill(store, 3)

  const { body } = await get('/api/transactions')

  const [third, second, first] = (body as TransactionPage).transactions.map(({ token }) => token)
  assert.doesNotMatch(JSON.stringify(body), /TOKEN/)
  assert.match(first ?? '', /^#[0-9a-f]{8}$/)
  assert.equal(third, first)
  assert.notEqual(second, first)
})

test('energy is what has flowed since the start, power what was last reported', async (t) => {
  const { store, get } = await startCsmsConsole(t)
  await fill(store, 3)
  const reading = { station: 'CS01', transactionId: 'T1', evseId: 1, phase: undefined, context: undefined } // biome-ignore format: one line
  await store.write(() => {
    store.charging.addMeterValue({
      ...reading,
      timestamp: '2026-01-05T11:05:00.000Z',
      measurand: 'Power.Active.Import',
      value: 7000,
      unit: 'W',
    })
    store.charging.addMeterValue({
      ...reading,
      timestamp: '2026-01-05T11:10:00.000Z',
      measurand: 'Power.Active.Import',
      value: 9000,
      unit: 'W',
    })
    store.charging.addMeterValue({
      ...reading,
      timestamp: '2026-01-05T11:10:00.000Z',
      measurand: 'Power.Active.Import',
      phase: 'L1',
      value: 3000,
      unit: 'W',
    })
    store.charging.addMeterValue({
      ...reading,
      timestamp: '2026-01-05T11:10:00.000Z',
      measurand: 'Energy.Active.Import.Register',
      value: 1750,
      unit: 'Wh',
    })
  })

  const { body } = await get('/api/transactions')
  const [third, second, first] = (body as TransactionPage).transactions

  assert.deepEqual([first?.state, first?.powerW, first?.energyWh], ['running', 9000, 750])
  assert.deepEqual([second?.powerW, second?.energyWh], [undefined, undefined])
  assert.deepEqual([third?.state, third?.energyWh, third?.reason], ['ended', 5000, 'Local'])
  const detail = (await get('/api/transactions/1')).body as TransactionDetail
  assert.deepEqual(
    detail.readings.map(({ measurand, phase, value }) => [measurand, phase, value]),
    [
      ['Power.Active.Import', undefined, 9000],
      ['Power.Active.Import', 'L1', 3000],
      ['Energy.Active.Import.Register', undefined, 1750],
      ['Power.Active.Import', undefined, 7000],
    ],
  )
})

const COUNT = 1_050

/** Transaction 1 with `COUNT` moments of two measurands, 10 s apart, and as many events. */
async function fillCourse(store: CsmsStore): Promise<void> {
  await fill(store, 1)
  const reading = { station: 'CS01', transactionId: 'T1', evseId: 1, phase: undefined, context: undefined } // biome-ignore format: one line
  await store.write(() => {
    for (let n = 0; n < COUNT; n++) {
      const timestamp = new Date(Date.parse(AT) + n * 10_000).toISOString()
      store.charging.addMeterValue({ ...reading, timestamp, measurand: 'Power.Active.Import', value: n, unit: 'W' }) // biome-ignore format: one line
      store.charging.addMeterValue({ ...reading, timestamp, measurand: 'Energy.Active.Import.Register', value: 10 * n, unit: 'Wh' }) // biome-ignore format: one line
      store.charging.addEvent('CS01', 'T1', { seqNo: n, eventType: 'Updated', triggerReason: 'MeterValuePeriodic', timestamp }) // biome-ignore format: one line
    }
  })
}

test('all readings and events of a long transaction are got page by page, none twice', async (t) => {
  const { store, get } = await startCsmsConsole(t)
  await fillCourse(store)
  const all = async <T>(what: string, name: string, limit: number) => {
    const found: T[] = []
    for (let before: number | undefined, pages = 0; pages < 20; pages++) {
      const path = `/api/transactions/1/${what}?limit=${limit}${before === undefined ? '' : `&before=${before}`}`
      const { status, body } = await get(path)
      assert.equal(status, 200)
      const page = body as Record<string, T[]> & { older?: number }
      found.push(...(page[name] ?? []))
      before = page.older
      if (before === undefined) break
    }
    return found
  }

  const readings = await all<ReadingView>('meter-values', 'readings', 333)
  assert.equal(readings.length, 2 * COUNT)
  assert.equal(new Set(readings.map((one) => `${one.timestamp} ${one.measurand}`)).size, 2 * COUNT)
  const times = readings.map(({ timestamp }) => timestamp)
  assert.deepEqual(times, times.toSorted().toReversed(), 'newest first')
  const events = await all<{ seqNo: number }>('events', 'events', 500)
  assert.deepEqual(
    events.map(({ seqNo }) => seqNo),
    Array.from({ length: COUNT }, (_, n) => COUNT - 1 - n),
  )
  assert.equal((await get('/api/transactions/1/events?limit=2001')).status, 400)
  assert.equal((await get('/api/transactions/1/meter-values?thin=7')).status, 400)
  assert.equal((await get('/api/transactions/2/meter-values')).status, 404)
})

test('the course of a long transaction is thinned from its first to its last moment, and says so', async (t) => {
  const { store, get } = await startCsmsConsole(t)
  await fillCourse(store)

  const plain = (await get('/api/transactions/1')).body as TransactionDetail
  const thin = (await get('/api/transactions/1?thin=100')).body as TransactionDetail

  assert.deepEqual([plain.readings.length, plain.readingCount, plain.events.length, plain.eventCount], [400, 2 * COUNT, 400, COUNT]) // biome-ignore format: one line
  assert.equal(plain.course, undefined)
  const power = thin.course?.filter(({ measurand }) => measurand === 'Power.Active.Import') ?? []
  assert.equal(power.length, 100)
  assert.equal(thin.course?.length, 200, 'of both measurands the same moments')
  assert.deepEqual([power[0]?.value, power.at(-1)?.value], [COUNT - 1, 0])
  const steps = power.slice(1).map(({ value }, at) => (power[at]?.value ?? 0) - value)
  assert.ok(Math.max(...steps) - Math.min(...steps) <= 1, 'evenly')
})

test('of a short transaction nothing is thinned', async (t) => {
  const { store, get } = await startCsmsConsole(t)
  await fill(store, 1)

  const { body } = await get('/api/transactions/1?thin=400')

  assert.deepEqual([(body as TransactionDetail).course, (body as TransactionDetail).readingCount], [undefined, 0]) // biome-ignore format: one line
})

test('what a station says over its socket is what the API tells, with its events', async (t) => {
  const { stationUrl, get } = await startCsmsConsole(t)
  const station = await client(t, stationUrl, { id: 'CS21', protocols: ['ocpp2.1'], headers: { authorization: '' } }) // biome-ignore format: one line
  const say = async (id: string, eventType: string, seqNo: number, registerWh: number) => {
    const payload = {
      eventType,
      triggerReason: 'Authorized',
      timestamp: AT,
      seqNo,
      transactionInfo: { transactionId: 'abc-1', ...(eventType === 'Ended' && { stoppedReason: 'EVDisconnected' }) }, // biome-ignore format: one line
      evse: { id: 2, connectorId: 1 },
      idToken: { idToken: 'TAG-1', type: 'ISO14443' },
      meterValue: [{ timestamp: AT, sampledValue: [{ value: registerWh }] }],
    }
    station.send(JSON.stringify([2, id, 'TransactionEvent', payload]))
    await station.take((frame) => frame[1] === id, `the answer to ${id}`)
  }
  await say('m1', 'Started', 0, 500)
  const running = (await get('/api/transactions')).body as TransactionPage
  await say('m2', 'Ended', 1, 1500)
  const { body } = await get('/api/transactions/1')
  const detail = body as TransactionDetail

  assert.equal(running.transactions[0]?.state, 'running')
  const { station: id, transactionId, evseId, state, reason, energyWh, protocol, events } = detail
  assert.deepEqual(
    { id, transactionId, evseId, state, reason, energyWh, protocol },
    { id: 'CS21', transactionId: 'abc-1', evseId: 2, state: 'ended', reason: 'EVDisconnected', energyWh: 1000, protocol: 'ocpp2.1' }, // biome-ignore format: one line
  )
  assert.deepEqual(
    events.map(({ seqNo, eventType }) => [seqNo, eventType]),
    [
      [1, 'Ended'],
      [0, 'Started'],
    ],
  )
  assert.doesNotMatch(JSON.stringify(detail), /TAG-1/)
})

test('a query that makes no sense is answered 400 with what is wrong', async (t) => {
  const { get } = await startCsmsConsole(t)
  const problem = async (query: string) => {
    const { status, body } = await get(`/api/transactions${query}`)
    assert.equal(status, 400, query)
    return (body as { detail: string }).detail
  }

  assert.equal(await problem('?limit=0'), '"limit" must be a whole number from 1 to 500, not "0"')
  assert.match(await problem('?limit=501'), /from 1 to 500/)
  assert.match(await problem('?limit=ten'), /"limit".*"ten"/)
  assert.match(await problem('?before=-1'), /"before"/)
  assert.equal(await problem('?state=open'), '"state" must be running or ended, not "open"')
  assert.match(await problem('?station='), /"station"/)
  assert.match(await problem('?sation=CS01'), /"sation" is not a parameter; known are station/)
  assert.match(await problem('?limit=1&limit=2'), /"limit" is given more than once/)
  assert.match(await problem('/one'), /"number"/)
})

test('a transaction that does not exist is not found', async (t) => {
  const { get } = await startCsmsConsole(t)
  assert.deepEqual(await get('/api/transactions/1'), {
    status: 404,
    body: { title: 'Not Found', status: 404, detail: 'there is no transaction number 1' },
  })
})

test('a node that is no CSMS says where transactions are kept', async (t) => {
  const node = createNetworkingNode({ nodeId: 'NN01', links: [] })
  const view = {
    node,
    role: 'networking-node' as const,
    version: '0.0.0',
    store: undefined,
    stationUrls: [],
    insecure: false,
  }
  const server = await startConsole({ host: '127.0.0.1', port: 0, page: undefined, view })
  t.after(() => server.stop())

  const response = await fetch(`${server.url}api/transactions`)

  assert.equal(response.status, 404)
  assert.match(await response.text(), /kept at the CSMS; this node is a networking-node/)
})
