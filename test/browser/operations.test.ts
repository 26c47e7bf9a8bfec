import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startChain } from '../end-to-end/processes.ts'
import { needs } from '../needs.ts'
import { client, type RawClient } from '../support/sockets.ts'
import { CHROMIUM, open, PATIENCE, startBrowser, violations } from './chromium.ts'

const AT = '2026-01-05T11:00:00.000Z'
const NASTY = '<script>alert(1)</script>'

let count = 0
async function say(station: RawClient, action: string, payload: object): Promise<unknown[]> {
  const id = `m${++count}`
  station.send(JSON.stringify([2, id, action, payload]))
  return station.take((frame) => frame[1] === id, `an answer to ${action}`)
}

/** A station of OCPP 1.6 that has booted and has one connector. */
async function boot(t: TestContext, url: string, id: string, vendor = 'Volt'): Promise<RawClient> {
  const station = await client(t, url, { id, headers: { authorization: '' } })
  await say(station, 'BootNotification', { chargePointVendor: vendor, chargePointModel: 'M1' })
  await say(station, 'StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available' }) // biome-ignore format: one line
  return station
}

const isCall = (frame: unknown[]) => frame[0] === 2

test('the keyboard alone finds a station, runs an operation and sees its effect', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { csms } = await startChain(t, 0)
  const station = await boot(t, csms.url, 'CS07')
  await boot(t, csms.url, 'CS08')
  const browser = await startBrowser(t)
  const { page, complaints } = await open(browser, csms.console, { sign: '[data-node="CS07"]' })

  await page.getByRole('link', { name: 'Stations' }).focus()
  await page.keyboard.press('Enter')
  await page.locator('tr[data-node="CS08"]').waitFor(PATIENCE)
  await page.getByLabel('Find station').focus()
  await page.keyboard.type('s07')
  assert.equal(await page.getByLabel('Find station').inputValue(), 's07')
  await page.locator('[data-node="CS08"]').waitFor({ ...PATIENCE, state: 'detached' })
  await page.getByRole('button', { name: 'CS07' }).focus()
  await page.keyboard.press('Enter')
  const form = page.getByRole('form', { name: 'Run operation' })
  await form.getByLabel('Id token').focus()
  await page.keyboard.type('TAG-1')
  await page.keyboard.press('Enter')

  const [, id, action, payload] = await station.take(isCall, 'the command')
  assert.deepEqual([action, payload], ['RemoteStartTransaction', { idTag: 'TAG-1' }])
  station.send(JSON.stringify([3, id, { status: 'Accepted' }]))
  await form.locator('[data-life="accepted"]').waitFor(PATIENCE)
  await say(station, 'StartTransaction', { connectorId: 1, idTag: 'TAG-1', meterStart: 0, timestamp: AT }) // biome-ignore format: one line
  const life = form.locator('[data-life="effect-seen"]')
  await life.waitFor(PATIENCE)
  assert.match((await life.textContent()) ?? '', /sent.*accepted.*effect seen: transaction 1/)
  await page.locator('[data-transaction="1"][data-state="running"]').waitFor(PATIENCE)
  assert.deepEqual(await violations(page), [])
  assert.doesNotMatch((await page.locator('main').textContent()) ?? '', /TAG-1/)

  await page.getByRole('link', { name: 'Operations' }).focus()
  await page.keyboard.press('Enter')
  const row = page.locator('[data-operation="RemoteStartTransaction"][data-state="effect-seen"]')
  await row.getByRole('button').focus()
  await page.keyboard.press('Enter')
  const inspector = page.getByRole('complementary', { name: 'Inspector' })
  await inspector.getByText('idTag').waitFor(PATIENCE)
  assert.deepEqual(await violations(page), [])
  assert.deepEqual(complaints, [])
})

test('what stops drivers asks first, with its effect; what is wrong is told at its field', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { csms } = await startChain(t, 0)
  const station = await boot(t, csms.url, 'CS04')
  await say(station, 'StartTransaction', { connectorId: 1, idTag: 'TAG-1', meterStart: 0, timestamp: AT }) // biome-ignore format: one line
  const browser = await startBrowser(t)
  const sign = '[data-transaction="1"]'
  const { page, complaints } = await open(browser, `${csms.console}stations/CS04`, { sign })
  const form = page.getByRole('form', { name: 'Run operation' })

  await form.getByLabel('Operation', { exact: true }).selectOption('reset')
  await form.getByRole('button', { name: 'Reset station' }).click()
  const question = page.getByRole('alertdialog')
  await question.getByText('Stop one running transaction on CS04?').waitFor(PATIENCE)
  assert.deepEqual(await violations(page), [])
  await page.keyboard.press('Escape')
  await question.waitFor({ ...PATIENCE, state: 'detached' })
  assert.deepEqual(station.received, [], 'nothing was sent')

  await form.getByRole('button', { name: 'Reset station' }).click()
  await question.getByRole('button', { name: 'Reset station' }).click()
  const [, id, action] = await station.take(isCall, 'the command')
  assert.equal(action, 'Reset')
  station.send(JSON.stringify([3, id, { status: 'Rejected' }]))
  await form.locator('[data-life="refused"]').waitFor(PATIENCE)

  await form.getByLabel('Operation', { exact: true }).selectOption('start')
  await form.getByLabel('Id token').fill('A-TOKEN-LONGER-THAN-TWENTY')
  await form.getByRole('button', { name: 'Start transaction' }).click()
  const wrong = form.locator('[aria-invalid="true"]')
  await wrong.waitFor(PATIENCE)
  assert.equal(await wrong.getAttribute('name'), 'token')
  assert.ok(complaints.splice(0).every((one) => one.includes('422')))

  await form.getByLabel('Operation', { exact: true }).selectOption('any')
  await form.getByLabel('Action').fill('GetLocalListVersion')
  await form.getByLabel('Request as JSON').fill('{')
  await form.getByRole('button', { name: 'Send GetLocalListVersion' }).click()
  await form.getByText('This is not JSON').waitFor(PATIENCE)
  await form.getByLabel('Request as JSON').fill('{}')
  await form.getByRole('button', { name: 'Send GetLocalListVersion' }).click()
  const [, asked] = await station.take(isCall, 'the question')
  station.send(JSON.stringify([3, asked, { listVersion: 3 }]))
  await form.locator('[data-life="effect-seen"]').waitFor(PATIENCE)
  assert.deepEqual(complaints, [])
})

test('what a station calls itself is text, and whoever it is can be entered', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { csms } = await startChain(t, 0)
  const station = await boot(t, csms.url, 'CS.01', NASTY.slice(0, 20))
  await say(station, 'SecurityEventNotification', { type: NASTY, timestamp: AT, techInfo: NASTY })
  await client(t, csms.url, { id: NASTY, headers: { authorization: '' } })
  const browser = await startBrowser(t)
  const sign = '[data-node="CS.01"]'
  const { page, complaints } = await open(browser, `${csms.console}stations`, { sign })
  const row = page.locator(sign)
  assert.match((await row.textContent()) ?? '', /<script>/)
  assert.match((await row.textContent()) ?? '', /not entered/)

  await row.getByRole('button').click()
  await page.locator('[data-event]').waitFor(PATIENCE)
  await page.reload()
  await page.locator('[data-message="SecurityEventNotification"]').waitFor(PATIENCE)
  assert.match((await page.textContent('main')) ?? '', /alert\(1\)/)
  const flag = page.locator('[data-flag="not-entered"]')
  await flag.getByRole('button', { name: 'Enter station' }).click()
  await flag.waitFor({ ...PATIENCE, state: 'detached' })
  await page.goto(`${csms.console}stations/${encodeURIComponent(NASTY)}`)
  await page.getByText(`No station ${NASTY}`).waitFor(PATIENCE)
  assert.ok(
    complaints.every((one) => one.includes('404')),
    complaints.join('\n'),
  )
})
