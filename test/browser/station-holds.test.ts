import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startChain } from '../end-to-end/processes.ts'
import { needs } from '../needs.ts'
import { client, type RawClient } from '../support/sockets.ts'
import { CHROMIUM, findings, open, PATIENCE, startBrowser } from './chromium.ts'

const isCall = (frame: unknown[]) => frame[0] === 2
let count = 0

async function say(station: RawClient, action: string, payload: object): Promise<unknown[]> {
  const id = `m${++count}`
  station.send(JSON.stringify([2, id, action, payload]))
  return station.take((frame) => frame[1] === id, `an answer to ${action}`)
}

/** A 2.0.1 station with one EVSE, its page in the browser, and tokens at the CSMS. */
async function start(t: TestContext, tokens: readonly string[] = [], nodeId = 'CS01') {
  const { csms } = await startChain(t, 0)
  for (const idToken of tokens) {
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ idToken, note: 'van' })
    await fetch(`${csms.console}api/tokens`, { method: 'POST', headers, body })
  }
  const station = await client(t, csms.url, { id: nodeId, protocols: ['ocpp2.0.1'], headers: { authorization: '' } }) // biome-ignore format: one line
  await say(station, 'StatusNotification', { timestamp: new Date().toISOString(), connectorStatus: 'Available', evseId: 1, connectorId: 1 }) // biome-ignore format: one line
  const browser = await startBrowser(t)
  const sign = '[data-connector="1.1"]'
  const { page, complaints } = await open(browser, `${csms.console}stations/${nodeId}`, { sign })
  /** Takes what the CSMS asks for next, and accepts it. */
  const accept = async (action: string, answer: object = { status: 'Accepted' }) => {
    const [, id, , payload] = await station.take((frame) => isCall(frame) && frame[2] === action, action) // biome-ignore format: one line
    station.send(JSON.stringify([3, id, answer]))
    return payload as Record<string, unknown>
  }
  return { csms, station, page, complaints, accept }
}

test('an EVSE is reserved for a token until a time, by keyboard, and the reservation is cancelled', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { page, complaints, accept } = await start(t, ['VAN-9'])
  await page.locator('[data-empty="reservations"]').waitFor(PATIENCE)
  const form = page.getByRole('form', { name: 'Reserve EVSE' })

  await form.getByLabel('Until').fill('2020-01-01T12:00:00')
  await form.getByRole('button', { name: 'Reserve EVSE' }).click()
  const wrong = form.locator('[aria-invalid="true"]')
  await wrong.waitFor(PATIENCE)
  assert.equal(await wrong.getAttribute('name'), 'expiresAt')
  assert.ok(complaints.splice(0).every((one) => one.includes('422')))
  await form.getByLabel('Where').selectOption('1')
  await form.getByLabel('Until').fill('2099-01-01T12:00:00')
  await form.getByRole('button', { name: 'Reserve EVSE' }).focus()
  await page.keyboard.press('Enter')
  const asked = await accept('ReserveNow')
  assert.deepEqual([asked.evseId, (asked.idToken as { idToken: string }).idToken], [1, 'VAN-9'])
  const row = page.locator('[data-reservation][data-state="reserved"]')
  await row.waitFor(PATIENCE)
  assert.doesNotMatch((await row.textContent()) ?? '', /VAN-9/, 'the list shows a fingerprint')
  assert.deepEqual(await findings(page), [])

  await row.getByRole('button', { name: 'Cancel reservation' }).click()
  const question = page.getByRole('alertdialog')
  await question.getByText(/Cancel reservation \d+ on CS01\?/).waitFor(PATIENCE)
  await question.getByRole('button', { name: 'Cancel reservation' }).click()
  await accept('CancelReservation')
  await page.locator('[data-reservation][data-state="cancelled"]').waitFor(PATIENCE)
  assert.deepEqual(complaints, [])
})

test('a limit is set, listed in words, asks first where somebody charges, and is removed', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { station, page, complaints, accept } = await start(t)
  await page.locator('[data-empty="profiles"]').waitFor(PATIENCE)
  const form = page.getByRole('form', { name: 'Set limit' })

  await form.getByLabel('When').selectOption('timed')
  await form.getByLabel('Limit').fill('11000')
  await form.getByLabel('Unit').selectOption('W')
  await form.getByLabel('From').fill('2099-01-01T12:00:00')
  await form.getByLabel('To').fill('2099-01-01T11:00:00')
  await form.getByRole('button', { name: 'Set limit' }).click()
  await page.getByText('It must end after it begins.').waitFor(PATIENCE)
  assert.deepEqual(station.received, [], 'nothing was sent')
  await form.getByLabel('To').fill('2099-01-01T13:00:00')
  await form.getByRole('button', { name: 'Set limit' }).click()
  const asked = await accept('SetChargingProfile')
  assert.equal(asked.evseId, 0)
  const row = page.locator('[data-profile][data-purpose="ChargingStationMaxProfile"]')
  await row.waitFor(PATIENCE)
  assert.match((await row.textContent()) ?? '', /Whole station.*11\.0.kW.*from 1 Jan.*until 1 Jan.*level 1, set by this CSMS/) // biome-ignore format: one line
  assert.deepEqual(await findings(page), [])

  const at = new Date().toISOString()
  await say(station, 'TransactionEvent', { eventType: 'Started', triggerReason: 'CablePluggedIn', timestamp: at, seqNo: 0, transactionInfo: { transactionId: 'T1' }, evse: { id: 1 } }) // biome-ignore format: one line
  await page.locator('[data-transaction="T1"][data-state="running"]').waitFor(PATIENCE)
  await form.getByLabel('When').selectOption('standing')
  await form.getByLabel('What').selectOption('1')
  await form.getByLabel('Limit').fill('6')
  await form.getByLabel('Unit').selectOption('A')
  const question = page.getByRole('alertdialog')
  // The running transaction is read once more before the form knows of it.
  await page.getByRole('form', { name: 'Run operation' }).getByLabel('Operation', { exact: true }).selectOption('stop') // biome-ignore format: one line
  await page.locator('option', { hasText: 'T1' }).waitFor({ ...PATIENCE, state: 'attached' })
  await form.getByRole('button', { name: 'Set limit' }).click()
  await question.getByText(/Limit EVSE 1 of CS01 to 6.A\? .*one running transaction/).waitFor(PATIENCE) // biome-ignore format: one line
  await page.keyboard.press('Escape')
  await question.waitFor({ ...PATIENCE, state: 'detached' })
  await row.getByRole('button', { name: 'Remove profile' }).click()
  await question.getByRole('button', { name: 'Remove profile' }).click()
  await accept('ClearChargingProfile')
  await accept('GetChargingProfiles', { status: 'NoProfiles' })
  await row.waitFor({ ...PATIENCE, state: 'detached' })
  assert.deepEqual(complaints, [])
})

test('all tokens are sent as a local list, and the page says in how many messages and what was left out', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { page, complaints, accept } = await start(t, ['VAN-9', 'V'.repeat(40)])
  await page.locator('[data-empty="local-list"]').waitFor(PATIENCE)

  await page.getByRole('button', { name: 'Send all tokens' }).click()
  const asked = await accept('SendLocalList')
  assert.equal((asked.localAuthorizationList as unknown[]).length, 1)
  await page.getByText('Sent in one message. One token was left out').waitFor(PATIENCE)
  await accept('GetLocalListVersion', { versionNumber: 1 })
  await page.locator('[data-list-version="1"]').waitFor(PATIENCE)
  const entry = page.locator('[data-entry]')
  await entry.waitFor(PATIENCE)
  assert.match((await entry.textContent()) ?? '', /Accepted/)
  assert.doesNotMatch((await entry.textContent()) ?? '', /VAN-9/)

  await page.getByRole('button', { name: 'Send all tokens' }).click()
  await accept('SendLocalList')
  await page.locator('[data-list-job="running"]').getByText('0 of 1 messages').waitFor(PATIENCE)
  await accept('GetLocalListVersion', { versionNumber: 9 })
  await page.locator('[data-list-job="failed"]').getByText('Send it again').waitFor(PATIENCE)
  await page.locator('[data-list-version="9"]').getByText('what is in it is not known').waitFor(PATIENCE) // biome-ignore format: one line
  assert.equal(await entry.count(), 0)
  assert.deepEqual(await findings(page), [])
  assert.deepEqual(complaints, [])
})

test('what a station said opens as a tree, page by page, and what it said twice is marked', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { station, page, complaints } = await start(t)
  const event = { eventType: 'Started', triggerReason: 'CablePluggedIn', timestamp: new Date().toISOString(), seqNo: 0, transactionInfo: { transactionId: 'T1' }, evse: { id: 1 } } // biome-ignore format: one line
  await say(station, 'TransactionEvent', event)
  await say(station, 'TransactionEvent', event)
  for (let n = 0; n < 19; n++) await say(station, 'DataTransfer', { vendorId: `V${n}` })

  const newest = page.locator('[data-message="DataTransfer"]').first()
  await newest.getByText('V18').waitFor(PATIENCE)
  await newest.locator('summary').focus()
  await page.keyboard.press('Enter')
  await newest.locator('[data-pointer="/vendorId"]').waitFor(PATIENCE)
  await page.locator('[data-repeated="true"]').getByText('came before').waitFor(PATIENCE)
  assert.deepEqual(await findings(page), [])
  const messages = page.getByRole('region', { name: 'Messages as received' })
  await messages.getByRole('button', { name: 'Show older' }).click()
  await messages.locator('[data-message="StatusNotification"]').waitFor(PATIENCE)
  await messages.getByRole('button', { name: 'Show newest' }).click()
  await newest.getByText('V18').waitFor(PATIENCE)
  assert.deepEqual(complaints, [])
})

test('the page of a station with a dot in its id opens by its address, and again', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { page, complaints } = await start(t, [], 'CS.01')

  await page.reload()

  await page.locator('[data-connector="1.1"]').waitFor(PATIENCE)
  assert.deepEqual(complaints, [])
})
