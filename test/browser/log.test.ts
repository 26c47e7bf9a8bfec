import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startChain, startNode, temporaryFolder } from '../end-to-end/processes.ts'
import { needs } from '../needs.ts'
import { client, type RawClient } from '../support/sockets.ts'
import { CHROMIUM, findingsAt, open, PATIENCE, startBrowser, WIDTHS } from './chromium.ts'

const AT = '2026-01-05T11:00:00.000Z'
let count = 0

async function say(station: RawClient, action: string, payload: object): Promise<void> {
  const id = `m${++count}`
  station.send(JSON.stringify([2, id, action, payload]))
  await station.take((frame) => frame[1] === id, `an answer to ${action}`)
}

/** A CSMS with a login, in whose log more stands than a screen has room for. */
async function startWithLog(t: TestContext) {
  const folder = temporaryFolder(t)
  // biome-ignore format: one line
  const csms = await startNode(t, folder, { nodeId: 'CSMS01', role: 'csms', listen: [{ port: 0, insecure: true }], data: folder, http: { port: 0 }, log: 'silent' })
  const { login } = JSON.parse(/^\{.*\}$/m.exec(csms.output())?.[0] ?? '{}') as { login: string }
  const browser = await startBrowser(t)
  const opened = await open(browser, login, { sign: 'nav [data-user="admin"]' })
  // biome-ignore format: one line
  const statuses = await opened.page.evaluate(`fetch('/api/session').then((a) => a.json()).then(async ({ csrf }) => { const all = []; for (let n = 0; n < 60; n++) all.push((await fetch('/api/stations/A-STATION-WITH-A-LONG-NAME-' + n, { method: 'PUT', headers: { 'content-type': 'application/json', 'x-csrf-token': csrf }, body: '{"known":true}' })).status); return all })`)
  assert.ok(
    (statuses as number[]).every((status) => status < 300),
    String(statuses),
  )
  return { ...opened, origin: new URL(login).origin }
}

test('a row of the log opens the whole entry, by mouse and by keyboard, and the address keeps it', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { page, complaints, origin } = await startWithLog(t)
  await page.goto(`${origin}/log`)
  const rows = page.locator('[data-audit]')
  await rows.nth(40).waitFor(PATIENCE)
  for (const width of WIDTHS) assert.deepEqual(await findingsAt(page, width), [], `${width} px`)
  await page.setViewportSize({ width: 1440, height: 800 })

  const inspector = page.getByRole('complementary', { name: 'Inspector' })
  await rows.first().getByRole('cell').last().click()
  await inspector.getByText('A-STATION-WITH-A-LONG-NAME-59').waitFor(PATIENCE)
  const whole = (await inspector.textContent()) ?? ''
  assert.match(whole, /admin/)
  assert.match(whole, /PUT \/api\/stations/)
  assert.match(page.url(), /open=audit%3A\d+|open=audit:\d+/)
  for (const width of WIDTHS) assert.deepEqual(await findingsAt(page, width), [], `${width} px`)
  await page.setViewportSize({ width: 1440, height: 800 })

  await page.reload()
  await inspector.getByText('A-STATION-WITH-A-LONG-NAME-59').waitFor(PATIENCE)
  await page.keyboard.press('Escape')
  await inspector.waitFor({ ...PATIENCE, state: 'detached' })
  await rows.nth(1).getByRole('button').focus()
  await page.keyboard.press('Enter')
  await inspector.getByText('A-STATION-WITH-A-LONG-NAME-58').waitFor(PATIENCE)
  assert.deepEqual(complaints, [])
})

test('a security event opens in the inspector; the page of a station with all it can have has no finding', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { csms } = await startChain(t, 0)
  const station = await client(t, csms.url, { id: 'CS01', protocols: ['ocpp2.0.1'], headers: { authorization: '' } }) // biome-ignore format: one line
  await say(station, 'BootNotification', { reason: 'PowerUp', chargingStation: { vendorName: 'V', model: 'M' } }) // biome-ignore format: one line
  const techInfo = `a message of ${'very '.repeat(40)}many words`
  for (let n = 0; n < 40; n++) await say(station, 'SecurityEventNotification', { type: `Odd${n}`, timestamp: AT, techInfo }) // biome-ignore format: one line
  const reportData = Array.from({ length: 60 }, (_, n) => ({ component: { name: 'Odd' }, variable: { name: `Variable${n}` }, variableAttribute: [{ value: `${n}` }] })) // biome-ignore format: one line
  await say(station, 'NotifyReport', { requestId: 1, generatedAt: AT, seqNo: 0, reportData })
  const connector = { evseId: 1, connectorId: 1, connectorStatus: 'Available', timestamp: AT }
  await say(station, 'StatusNotification', connector)
  await assert.rejects(
    say(station, 'Heartbeat', { what: 1 }).then(() => Promise.reject('answered')),
  )
  const browser = await startBrowser(t)

  const log = await open(browser, `${csms.console}log?log=security`, { sign: '[data-security-event="Odd1"]' }) // biome-ignore format: one line
  await log.page.locator('[data-security-event="Odd1"]').getByRole('button').click()
  const inspector = log.page.getByRole('complementary', { name: 'Inspector' })
  await inspector.getByText(techInfo).waitFor(PATIENCE)
  assert.match(log.page.url(), /security-event/)
  for (const width of WIDTHS) assert.deepEqual(await findingsAt(log.page, width), [], `${width} px`)

  const { page, complaints } = await open(browser, `${csms.console}stations/CS01`, { sign: '[data-variable="Variable9"]' }) // biome-ignore format: one line
  await page.locator('[data-message="Heartbeat"][data-refused]').locator('summary').click()
  await page.getByText('message id').waitFor(PATIENCE)
  for (const width of WIDTHS) assert.deepEqual(await findingsAt(page, width), [], `${width} px`)
  assert.deepEqual([...log.complaints, ...complaints], [])
})
