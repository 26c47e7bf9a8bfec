import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startChain, startNode, temporaryFolder } from '../end-to-end/processes.ts'
import { needs } from '../needs.ts'
import { CHROMIUM, open, PATIENCE, startBrowser, violations } from './chromium.ts'

test('the button of an empty CSMS starts a station that connects, boots and charges', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { csms } = await startChain(t, 0)
  const browser = await startBrowser(t)
  const sign = '[data-empty="stations"]'
  const { page, complaints } = await open(browser, csms.console, { sign })
  assert.deepEqual(await violations(page), [])

  await page.getByRole('button', { name: 'Start simulated station' }).click()

  const box = page.locator('[data-node="SIM01"]').first()
  await box.waitFor(PATIENCE)
  await box.getByText('simulated').first().waitFor(PATIENCE)
  await page.locator(sign).waitFor({ ...PATIENCE, state: 'detached' })
  await page.locator('[data-window="simulated"][data-tone="sim"]').waitFor(PATIENCE)
  await page.goto(`${csms.console}transactions`)
  const row = page.locator('[data-transaction][data-state="running"]')
  await row.waitFor(PATIENCE)
  assert.match((await row.textContent()) ?? '', /SIM01.*simulated/)
  assert.deepEqual(complaints, [])
  assert.equal(await csms.stop(), 0)
})

test('where no station gets in without a password the page says which lines would let it', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const folder = temporaryFolder(t)
  // biome-ignore format: one line
  const csms = await startNode(t, folder, { nodeId: 'CSMS01', role: 'csms', listen: [{ port: 0 }], data: folder, http: { port: 0, login: false }, log: 'silent' })
  const browser = await startBrowser(t)
  const sign = '[data-empty="stations"]'
  const { page } = await open(browser, csms.console, { sign })

  assert.equal(await page.getByRole('button', { name: 'Start simulated station' }).count(), 0)
  await page.getByText('How to try it with a simulated station').click()

  const lines = await page.locator(`${sign} pre`).textContent()
  assert.match(lines ?? '', new RegExp(`port: ${new URL(csms.url).port}\\s+insecure: true`))
  assert.deepEqual(await violations(page), [])
})
