import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { CsmsStore } from '../../src/storage/csms-store.ts'
import { passwordOf, startChain } from '../end-to-end/processes.ts'
import { needs } from '../needs.ts'
import { basic, client } from '../support/sockets.ts'
import { CHROMIUM, open, PATIENCE, startBrowser, violations } from './chromium.ts'

const ID = '3f0c3a52-77d1-4f0e-9d5e-1c1a5f7b0001'

/** A station of OCPP 2.0.1 that says how its one transaction goes. */
async function startStation(context: TestContext, url: string) {
  const station = await client(context, url, { id: 'CS01', protocols: ['ocpp2.0.1'], headers: { authorization: basic('CS01', passwordOf('', 'CS01').password) } }) // biome-ignore format: one line
  let seqNo = 0
  return async (eventType: 'Started' | 'Updated' | 'Ended', registerWh: number, watts: number) => {
    const timestamp = new Date().toISOString()
    const isEnd = eventType === 'Ended'
    const sampledValue = [
      { value: registerWh },
      { value: watts, measurand: 'Power.Active.Import', unitOfMeasure: { unit: 'W' } },
    ]
    const payload = {
      eventType,
      triggerReason: isEnd ? 'EVDeparted' : 'MeterValuePeriodic',
      timestamp,
      seqNo,
      transactionInfo: { transactionId: ID, ...(isEnd && { stoppedReason: 'EVDisconnected' }) },
      evse: { id: 1, connectorId: 1 },
      idToken: { idToken: 'TAG-1', type: 'ISO14443' },
      meterValue: [{ timestamp, sampledValue }],
    }
    station.send(JSON.stringify([2, `t${seqNo}`, 'TransactionEvent', payload]))
    await station.take((frame) => frame[1] === `t${seqNo}`, `the answer to ${eventType}`)
    seqNo++
  }
}

test('a transaction stands in its room with the id the database holds, and follows what happens', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { csms, folder } = await startChain(t, 0)
  const browser = await startBrowser(t)
  const empty = '[data-empty="transactions"]'
  const { page, complaints } = await open(browser, `${csms.console}transactions`, { sign: empty })
  const say = await startStation(t, csms.url)

  // Nothing has passed before: the first frames the page hears of are these.
  await say('Started', 1000, 0)
  const row = page.locator('[data-transaction]')
  await row.and(page.locator('[data-state="running"]')).waitFor(PATIENCE)
  const database = new DatabaseSync(join(folder, 'csms.sqlite'), { readOnly: true })
  t.after(() => database.close())
  const [stored] = database.prepare('SELECT transaction_id FROM transactions').all()
  assert.equal(await row.getAttribute('data-transaction'), stored?.transaction_id)
  assert.equal(stored?.transaction_id, ID)
  await page.locator(empty).waitFor({ ...PATIENCE, state: 'detached' })

  await say('Updated', 1740, 11_000)
  await row.getByText('740').waitFor(PATIENCE)
  assert.match((await row.textContent()) ?? '', /11\.0/)
  assert.doesNotMatch((await page.textContent('body')) ?? '', /TAG-1/)

  await row.getByRole('button').click()
  const inspector = page.getByRole('complementary', { name: 'Inspector' })
  await inspector.locator('[data-reading="Power.Active.Import"]').first().waitFor(PATIENCE)
  await say('Ended', 2000, 0)
  await inspector.getByText('ended, EVDisconnected').waitFor(PATIENCE)
  await inspector.getByText('EVDeparted').waitFor(PATIENCE)
  await row.and(page.locator('[data-state="ended"]')).waitFor(PATIENCE)

  await page.getByLabel('State').selectOption('running')
  await row.waitFor({ ...PATIENCE, state: 'detached' })
  assert.match(page.url(), /transactions\?.*state=running/)
  await inspector.getByRole('button', { name: 'CS01' }).click()
  await inspector.getByRole('heading', { name: 'CS01' }).waitFor(PATIENCE)
  assert.deepEqual(complaints, [])
})

test('a room that is cut off keeps its rows and says of when they are', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { csms, edge } = await startChain(t, 1)
  const say = await startStation(t, edge.url)
  await say('Started', 1000, 0)
  const browser = await startBrowser(t)
  const sign = '[data-transaction]'
  const { page } = await open(browser, `${csms.console}transactions`, { sign })
  assert.equal(await page.locator('[data-as-of]').count(), 0)

  await csms.kill()

  await page.locator('[data-as-of]').waitFor(PATIENCE)
  await page.getByRole('alert').waitFor(PATIENCE)
  assert.equal(await page.locator(sign).getAttribute('data-transaction'), ID)
})

test('at a node that is no CSMS the room says where transactions are kept', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { edge } = await startChain(t, 1)
  const browser = await startBrowser(t)
  const sign = '[data-empty="elsewhere"]'
  const { page, complaints } = await open(browser, `${edge.console}transactions`, { sign })

  assert.match((await page.locator(sign).textContent()) ?? '', /kept at the CSMS.*NN01/s)
  assert.deepEqual(complaints, [])
})

test('the charts of a long transaction cover all of it, and the CSV has every reading', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { csms, folder } = await startChain(t, 0)
  const store = new CsmsStore(join(folder, 'csms.sqlite'))
  t.after(() => store.close())
  const start = Date.parse('2026-01-05T11:00:00.000Z')
  const count = 2_500
  await store.write(() => {
    store.charging.start({ station: 'CS01', transactionId: 'LONG', evseId: 1, connectorId: 1, idToken: undefined, startedAt: new Date(start).toISOString(), meterStartWh: 0 }) // biome-ignore format: one record
    for (let n = 0; n < count; n++) {
      const timestamp = new Date(start + n * 10_000).toISOString()
      store.charging.addMeterValue({ station: 'CS01', transactionId: 'LONG', evseId: 1, phase: undefined, context: undefined, timestamp, measurand: 'Power.Active.Import', value: n, unit: 'W' }) // biome-ignore format: one record
    }
  })
  const browser = await startBrowser(t)
  const sign = '[data-transaction="LONG"]'
  const { page, complaints } = await open(browser, `${csms.console}transactions`, { sign })

  await page.locator(sign).getByRole('button').click()
  const inspector = page.getByRole('complementary', { name: 'Inspector' })
  await inspector.locator('[data-thinned]').waitFor(PATIENCE)
  assert.match((await inspector.locator('[data-thinned]').textContent()) ?? '', /400 of 2,500/)
  await inspector.getByText('newest 400 of 2,500').waitFor(PATIENCE)
  const saved = page.waitForEvent('download')
  await inspector.getByRole('button', { name: 'Save readings as CSV' }).click()
  const lines = readFileSync(await (await saved).path(), 'utf8')
    .trim()
    .split('\r\n')
  assert.equal(lines.length, 1 + count)
  assert.match(lines[1] ?? '', /^2026-01-05T11:00:00\.000Z,.*,0,W$/)
  assert.deepEqual(await violations(page), [])
  assert.deepEqual(complaints, [])
})

test('on a phone the longest id of a station leaves duration and energy their place', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { csms, folder } = await startChain(t, 0)
  const store = new CsmsStore(join(folder, 'csms.sqlite'))
  t.after(() => store.close())
  const at = '2026-01-05T11:00:00.000Z'
  const end = { endedAt: '2026-01-05T21:00:00.000Z', meterStopWh: 123_456, reason: 'Local' }
  await store.write(() => {
    const of = { station: 'W'.repeat(48), transactionId: 'LONG' }
    store.charging.start({ ...of, evseId: 1, connectorId: 1, idToken: 'TAG-1', startedAt: at, meterStartWh: 0 }) // biome-ignore format: one record
    store.charging.end({ ...of, ...end })
  })
  const browser = await startBrowser(t)
  const sign = '[data-transaction="LONG"]'
  const { page, complaints } = await open(browser, `${csms.console}transactions`, { width: 390, sign }) // biome-ignore format: one line

  const boxOf = async (what: string) => page.locator(`${sign} ${what}`).boundingBox()
  const id = await boxOf('[data-column="station"] code')
  const duration = await boxOf('[data-column="duration"]')
  const energy = await boxOf('[data-column="energy"]')

  assert.ok(id && duration && energy)
  assert.ok(id.x + id.width <= duration.x && duration.x + duration.width <= energy.x)
  assert.ok(energy.x + energy.width <= 390)
  assert.deepEqual(await violations(page), [])
  assert.deepEqual(complaints, [])
})
