import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startChain, startNode, temporaryFolder } from '../end-to-end/processes.ts'
import { needs } from '../needs.ts'
import { client, type RawClient } from '../support/sockets.ts'
import { CHROMIUM, findings, open, PATIENCE, startBrowser } from './chromium.ts'

const AT = '2026-01-05T11:00:00.000Z'
let count = 0

/** A station of OCPP 1.6 that reports events of its security. */
async function report(t: TestContext, url: string, id: string, types: readonly string[]) {
  const station = await client(t, url, { id, headers: { authorization: '' } })
  await say(station, 'BootNotification', { chargePointVendor: 'Volt', chargePointModel: 'M1' })
  for (const type of types) await say(station, 'SecurityEventNotification', { type, timestamp: AT })
}

async function say(station: RawClient, action: string, payload: object): Promise<void> {
  const id = `m${++count}`
  station.send(JSON.stringify([2, id, action, payload]))
  await station.take((frame) => frame[1] === id, `an answer to ${action}`)
}

test('security events of all stations are narrowed by station and type, and the address keeps it', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { csms } = await startChain(t, 0)
  await report(t, csms.url, 'CS01', ['StartupOfTheDevice', 'InvalidMessages'])
  await report(t, csms.url, 'CS02', ['InvalidMessages'])
  const browser = await startBrowser(t)
  const sign = '[data-window="insecure"][data-tone="warn"]'
  const { page, complaints } = await open(browser, csms.console, { sign })

  await page.locator(sign).click()
  await page.getByRole('button', { name: 'Show security events' }).click()
  await page.keyboard.press('Escape')
  const rows = page.locator('[data-security-event]')
  const [first, second, third] = [rows.nth(0), rows.nth(1), rows.nth(2)]
  await third.waitFor(PATIENCE)
  assert.match((await first.textContent()) ?? '', /CS02.*InvalidMessages/, 'newest first')
  await page.getByLabel('Type of event').selectOption('InvalidMessages')
  await third.waitFor({ ...PATIENCE, state: 'detached' })
  await page.getByLabel('Station', { exact: true }).fill('CS01')
  await second.waitFor({ ...PATIENCE, state: 'detached' })
  assert.match((await first.textContent()) ?? '', /CS01.*InvalidMessages/)
  assert.match(page.url(), /log\?.*station=CS01/)
  await page.reload()
  await first.waitFor(PATIENCE)
  assert.equal(await rows.count(), 1)
  assert.deepEqual(await findings(page), [])
  await page.getByLabel('Station', { exact: true }).fill('CS99')
  await page.getByText('No stored security event matches.').waitFor(PATIENCE)

  await page.goto(`${csms.console}stations/CS01`)
  await page.getByRole('button', { name: 'Show security events' }).click()
  await second.waitFor(PATIENCE)
  assert.match(page.url(), /station=CS01/)
  assert.equal(await rows.count(), 2)
  assert.deepEqual(complaints, [])
})

test('a viewer sees what stations hold and their security events, and no button that would change it', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const folder = temporaryFolder(t)
  // biome-ignore format: one line
  const csms = await startNode(t, folder, { nodeId: 'CSMS01', role: 'csms', listen: [{ port: 0, insecure: true }], data: folder, http: { port: 0 }, log: 'silent' })
  const { login } = JSON.parse(/^\{.*\}$/m.exec(csms.output())?.[0] ?? '{}') as { login: string }
  await report(t, csms.url, 'CS01', ['StartupOfTheDevice'])
  const browser = await startBrowser(t)
  const { page, complaints } = await open(browser, login, { sign: 'nav [data-user="admin"]' })
  // biome-ignore format: one line
  const status = await page.evaluate(`fetch('/api/session').then((a) => a.json()).then(({ csrf }) => fetch('/api/users/vera', { method: 'PUT', headers: { 'content-type': 'application/json', 'x-csrf-token': csrf }, body: JSON.stringify({ role: 'viewer', password: 'a long enough password' }) })).then((a) => a.status)`)
  assert.ok(Number(status) < 300, `status ${status}`)
  await page.getByRole('button', { name: 'Log out' }).click()
  await page.getByLabel('Name').fill('vera')
  await page.getByLabel('Password').fill('a long enough password')
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.locator('nav [data-user="vera"]').first().waitFor(PATIENCE)

  await page.getByRole('link', { name: 'Log' }).click()
  await page.locator('[data-security-event="StartupOfTheDevice"]').waitFor(PATIENCE)
  await page.getByRole('button', { name: 'Changes' }).click()
  await page.locator('[data-empty="log"]').waitFor(PATIENCE)
  await page.goto(`${csms.console}stations/CS01`)
  for (const sign of ['reservations', 'profiles', 'local-list']) {
    const note = page.locator(`[data-empty="${sign}"]`)
    await note.waitFor(PATIENCE)
    assert.match((await note.textContent()) ?? '', /needs the role (operator|technician)/)
  }
  await page.locator('[data-message]').first().waitFor(PATIENCE)
  assert.equal(await page.locator('main form').count(), 0)
  assert.equal(await page.getByRole('button', { name: 'Send all tokens' }).count(), 0)
  assert.deepEqual(await findings(page), [])
  assert.deepEqual(complaints, [])
})
