import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { CsmsStore } from '../../src/storage/csms-store.ts'
import { startChain } from '../end-to-end/processes.ts'
import { needs } from '../needs.ts'
import { CHROMIUM, open, PATIENCE, startBrowser, violations } from './chromium.ts'

const LEAP_SECOND = '2016-12-31T23:59:60Z'

test('a station that was entered and never seen stands in its room and on its page', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { csms, folder } = await startChain(t, 0)
  const store = new CsmsStore(join(folder, 'csms.sqlite'))
  t.after(() => store.close())
  await store.write(() => store.putStation('CS77', true))
  const browser = await startBrowser(t)
  const sign = '[data-node="CS77"]'
  const { page, complaints } = await open(browser, `${csms.console}stations`, { sign })

  const row = page.locator(sign)
  assert.match((await row.textContent()) ?? '', /never/)
  await row.getByRole('button').click()
  await page.locator('[data-station="CS77"]').getByText('never', { exact: true }).waitFor(PATIENCE)
  assert.equal(await page.locator('[data-broken]').count(), 0)
  assert.deepEqual(complaints, [])
})

test('a transaction that began and was measured in a leap second is shown as it was told', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { csms, folder } = await startChain(t, 0)
  const store = new CsmsStore(join(folder, 'csms.sqlite'))
  t.after(() => store.close())
  await store.write(() => {
    store.charging.start({ station: 'CS77', transactionId: 'LEAP', evseId: 1, connectorId: 1, idToken: undefined, startedAt: LEAP_SECOND, meterStartWh: 0 }) // biome-ignore format: one record
    store.charging.addMeterValue({ station: 'CS77', transactionId: 'LEAP', evseId: 1, phase: undefined, context: undefined, timestamp: LEAP_SECOND, measurand: 'Power.Active.Import', value: 7_000, unit: 'W' }) // biome-ignore format: one record
  })
  const browser = await startBrowser(t)
  const sign = '[data-transaction="LEAP"]'
  const { page, complaints } = await open(browser, `${csms.console}transactions`, { sign })

  const row = page.locator(sign)
  assert.match((await row.textContent()) ?? '', new RegExp(LEAP_SECOND))
  assert.doesNotMatch((await row.textContent()) ?? '', /NaN|Invalid/)
  await row.getByRole('button').click()
  const inspector = page.getByRole('complementary', { name: 'Inspector' })
  await inspector.locator('[data-reading="Power.Active.Import"]').waitFor(PATIENCE)
  assert.match((await inspector.textContent()) ?? '', new RegExp(LEAP_SECOND))
  assert.deepEqual(complaints, [])
})

test('what a room cannot draw takes nothing else with it, and it says how to go on', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { csms } = await startChain(t, 0)
  const browser = await startBrowser(t)
  const { page } = await open(browser, `${csms.console}tokens`, { sign: '[data-empty="tokens"]' })
  const stations = /\/api\/stations\?/
  await page.route(stations, (route) => route.fulfill({ json: { stations: [{ station: 'CS1' }] } }))

  await page.getByRole('link', { name: 'Stations' }).click()
  const note = page.locator('main [data-broken]')
  await note.waitFor(PATIENCE)
  assert.match((await note.textContent()) ?? '', /could not be shown.*Choose another room/s)
  assert.deepEqual(await violations(page), [])

  await page.getByRole('link', { name: 'Tokens' }).click()
  await page.locator('[data-empty="tokens"]').waitFor(PATIENCE)
  await page.getByRole('link', { name: 'Stations' }).click()
  await note.waitFor(PATIENCE)
  await page.unroute(stations)
  await note.getByRole('button', { name: 'Try again' }).click()
  await page.locator('[data-empty="stations"]').waitFor(PATIENCE)
})
