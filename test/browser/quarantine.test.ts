import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_POLICY } from '../../src/security/policies/default-policy.ts'
import { startChain } from '../end-to-end/processes.ts'
import { needs } from '../needs.ts'
import { client } from '../support/sockets.ts'
import { CHROMIUM, open, PATIENCE, startBrowser, violations } from './chromium.ts'

test('a meter that runs backwards is held back, looked at, and released or discarded', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { csms } = await startChain(t, 0, { stations: [] })
  const plausible = { name: 'plausible', match: { kinds: 'CALL', actions: 'MeterValues' }, require: { assurance: 'none', context: { not: '*' } }, onFailure: 'quarantine' } // biome-ignore format: one line
  const document = { ...DEFAULT_POLICY, version: DEFAULT_POLICY.version + 1, in: [plausible, ...DEFAULT_POLICY.in] } // biome-ignore format: one line
  const put = await fetch(`${csms.console}api/policies/default`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ document, expectedVersion: DEFAULT_POLICY.version, confirmWithinS: 900 }) }) // biome-ignore format: one line
  assert.equal(put.status, 200, await put.text())

  const station = await client(t, csms.url, { id: 'CS01', headers: { authorization: '' } })
  const says = (id: string, register: number) => {
    const timestamp = new Date().toISOString()
    station.send(JSON.stringify([2, id, 'MeterValues', { connectorId: 1, meterValue: [{ timestamp, sampledValue: [{ value: `${register}` }] }] }])) // biome-ignore format: one line
  }
  const answered = (id: string) => station.take((frame) => frame[1] === id, `the answer to ${id}`)
  says('true', 9_000)
  assert.equal((await answered('true'))[0], 3)
  says('lie-1', 8_000)
  says('lie-2', 7_000)

  const browser = await startBrowser(t)
  const { page, complaints } = await open(browser, csms.console, { sign: '[data-window="keys"][data-tone="warn"]' }) // biome-ignore format: one line
  await page.getByRole('button', { name: 'Keys 2 held' }).click()
  const held = page.locator('[data-quarantined]')
  await page.getByRole('heading', { name: '2 frames are held' }).waitFor(PATIENCE)
  const [first, second] = [held.first(), held.last()]
  assert.match((await first.textContent()) ?? '', /MeterValues from CS01 to .*counter-backwards/)
  await first.getByText('What it says').click()
  await first.getByText('"value": "8000"').waitFor(PATIENCE)
  assert.deepEqual(await violations(page), [])

  await second.getByRole('button', { name: 'Discard' }).click()
  await page.getByRole('alertdialog').getByRole('button', { name: 'Discard' }).click()
  await page.getByRole('heading', { name: 'One frame is held' }).waitFor(PATIENCE)
  await first.getByRole('button', { name: 'Release' }).click()
  await page.getByRole('alertdialog').getByRole('button', { name: 'Release' }).click()
  assert.equal((await answered('lie-1'))[0], 3)
  await held.waitFor({ ...PATIENCE, state: 'detached' })

  // The verdict of its frame says what was found.
  const { frames } = (await (await fetch(`${csms.console}api/frames?limit=200`)).json()) as { frames: { sequence: number; messageId: string }[] } // biome-ignore format: one line
  const frame = frames.find(({ messageId }) => messageId === 'lie-1')
  await page.goto(`${csms.console}?open=frame:${frame?.sequence}`)
  await page.getByText('the register of a meter is lower than it was').first().waitFor(PATIENCE)
  await page.locator('[data-level="unsigned"]').first().waitFor(PATIENCE)
  assert.deepEqual(complaints, [])
})

test('what a rule lets through lights Alerts with the reason, and the rule lights Insecure', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { csms } = await startChain(t, 0, { stations: [] })
  const until = new Date(Date.now() + 86_400_000).toISOString()
  const rule0 = { name: 'for now', match: { actions: 'Heartbeat' }, refuse: true, onFailure: 'allow-and-alert', until } // biome-ignore format: one line
  const document = { ...DEFAULT_POLICY, version: DEFAULT_POLICY.version + 1, in: [rule0, ...DEFAULT_POLICY.in] } // biome-ignore format: one line
  const put = await fetch(`${csms.console}api/policies/default`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ document, expectedVersion: DEFAULT_POLICY.version, confirmWithinS: 900 }) }) // biome-ignore format: one line
  assert.equal(put.status, 200, await put.text())
  const station = await client(t, csms.url, { id: 'CS01', headers: { authorization: '' } })
  station.send('[2,"beat","Heartbeat",{}]')
  assert.equal((await station.take((frame) => frame[1] === 'beat', 'the answer'))[0], 3)

  const browser = await startBrowser(t)
  const { page, complaints } = await open(browser, csms.console, { sign: '[data-window="alerts"][data-tone="alarm"]' }) // biome-ignore format: one line
  const inspector = page.getByRole('complementary', { name: 'Inspector' })
  await page.getByRole('button', { name: 'Alerts 1, refused-by-rule' }).click()
  await inspector.getByText('Heartbeat from CS01 to').waitFor(PATIENCE)
  await inspector.getByText('default in/0', { exact: true }).waitFor(PATIENCE)
  assert.deepEqual(await violations(page), [])
  await page.locator('[data-window="insecure"][data-tone="warn"]').click()
  const rule = inspector.locator('[data-insecure-rule="lets-through"]')
  await rule.waitFor(PATIENCE)
  assert.match((await rule.textContent()) ?? '', /^default in\/0 \(for now\): it lets through what fails it, until its time is over\. Until /) // biome-ignore format: one line
  assert.deepEqual(await violations(page), [])
  assert.deepEqual(complaints, [])
})
