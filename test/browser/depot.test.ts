import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { startChain } from '../end-to-end/processes.ts'
import { needs } from '../needs.ts'
import { client } from '../support/sockets.ts'
import { CHROMIUM, open, PATIENCE, startBrowser, violations } from './chromium.ts'

test('a token is entered, blocked, changed and removed, and never stands in an address', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { csms } = await startChain(t, 0)
  const browser = await startBrowser(t)
  const sign = '[data-empty="tokens"]'
  const { page, complaints } = await open(browser, `${csms.console}tokens`, { sign })
  const inspector = page.getByRole('complementary', { name: 'Inspector' })

  await page.getByRole('button', { name: 'Enter token' }).click()
  await inspector.getByLabel('Id token').fill('not a token')
  await inspector.getByRole('button', { name: 'Enter token' }).click()
  const wrong = inspector.locator('[aria-invalid="true"]')
  await wrong.waitFor(PATIENCE)
  assert.equal(await wrong.getAttribute('name'), 'idToken')
  assert.ok(complaints.splice(0).every((one) => one.includes('400')))
  await inspector.getByLabel('Id token').fill('VAN-9')
  await inspector.getByLabel('Note').fill('<script>alert(1)</script>')
  await inspector.getByRole('button', { name: 'Enter token' }).click()
  const row = page.locator('[data-token]').filter({ hasText: 'VAN-9' })
  await row.waitFor(PATIENCE)
  assert.match((await row.textContent()) ?? '', /<script>/)

  await page.getByLabel('Find token').fill('van-9')
  await page.getByLabel('Find token').fill('van-8')
  await row.waitFor({ ...PATIENCE, state: 'detached' })
  await page.getByLabel('Find token').fill('van-9')
  await row.getByRole('button').click()
  await inspector.getByRole('button', { name: 'Block token' }).click()
  await row.and(page.locator('[data-status="Blocked"]')).waitFor(PATIENCE)
  await inspector.getByRole('button', { name: 'Unblock token' }).waitFor(PATIENCE)
  await inspector.getByLabel(/^Group/).fill('FLEET')
  await inspector.getByLabel(/^Expires/).fill('2026-01-01T12:00:00')
  await inspector.getByRole('button', { name: 'Save token' }).click()
  await row.getByText('FLEET').waitFor(PATIENCE)
  assert.deepEqual(await violations(page), [])
  assert.doesNotMatch(page.url(), /VAN/i)

  await inspector.getByRole('button', { name: 'Remove token' }).click()
  const question = page.getByRole('alertdialog')
  await question.getByText(/Remove VAN-9\?/).waitFor(PATIENCE)
  await question.getByRole('button', { name: 'Remove token' }).click()
  await row.waitFor({ ...PATIENCE, state: 'detached' })
  assert.deepEqual(complaints, [])
})

test('among 10 000 stations one is found, and no page draws more than a hundred', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { csms, folder } = await startChain(t, 0)
  const database = new DatabaseSync(join(folder, 'csms.sqlite'))
  t.after(() => database.close())
  database.exec('BEGIN')
  const insert = database.prepare("INSERT INTO stations (station, protocol, known, seen_at) VALUES (?, 'ocpp2.0.1', 1, '2026-01-05T11:00:00.000Z')") // biome-ignore format: one line
  for (let n = 0; n < 10_000; n++) insert.run(`CS${String(n).padStart(5, '0')}`)
  database.exec('COMMIT')
  const browser = await startBrowser(t)
  const sign = '[data-node="CS00000"]'
  const { page, complaints } = await open(browser, `${csms.console}stations`, { sign })

  assert.equal(await page.locator('tr[data-node]').count(), 100)
  await page.getByRole('button', { name: 'Show next' }).click()
  await page.locator('[data-node="CS00100"]').waitFor(PATIENCE)
  assert.match(page.url(), /after=CS00099/)
  const before = Date.now()
  await page.getByLabel('Find station').fill('09876')
  await page.locator('[data-node="CS00100"]').waitFor({ ...PATIENCE, state: 'detached' })
  await page.locator('[data-node="CS09876"]').waitFor(PATIENCE)
  t.diagnostic(`found after ${Date.now() - before} ms`)
  assert.equal(await page.locator('tr[data-node]').count(), 1)
  assert.deepEqual(complaints, [])
})

/** A 2.0.1 station with a transaction of three phases, state of charge and a limit. */
async function charge(t: TestContext, url: string) {
  const station = await client(t, url, { id: 'CS01', protocols: ['ocpp2.0.1'], headers: { authorization: '' } }) // biome-ignore format: one line
  const start = Date.now() - 60_000
  for (let seqNo = 0; seqNo < 4; seqNo++) {
    const timestamp = new Date(start + seqNo * 10_000).toISOString()
    const amperes = ['L1', 'L2', 'L3'].map((phase, i) => ({ value: 16 - i, measurand: 'Current.Import', phase, unitOfMeasure: { unit: 'A' } })) // biome-ignore format: one line
    const sampledValue = [
      { value: 1000 + seqNo * 30 },
      {
        value: 11_000,
        measurand: 'Power.Active.Import',
        unitOfMeasure: { unit: 'W' },
      },
      {
        value: 22_000,
        measurand: 'Power.Offered',
        unitOfMeasure: { unit: 'W' },
      },
      {
        value: 40 + seqNo,
        measurand: 'SoC',
        unitOfMeasure: { unit: 'Percent' },
      },
      ...amperes,
    ]
    // biome-ignore format: one line
    const payload = { eventType: seqNo === 0 ? 'Started' : 'Updated', triggerReason: 'MeterValuePeriodic', timestamp, seqNo, transactionInfo: { transactionId: 'T1' }, evse: { id: 1 }, idToken: { idToken: 'TAG-1', type: 'ISO14443' }, meterValue: [{ timestamp, sampledValue }] }
    station.send(JSON.stringify([2, `t${seqNo}`, 'TransactionEvent', payload]))
    await station.take((frame) => frame[1] === `t${seqNo}`, 'an answer')
  }
  return station
}

test('the course of a transaction is drawn, phase by phase, and can be saved', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { csms } = await startChain(t, 0)
  await charge(t, csms.url)
  const browser = await startBrowser(t)
  const url = `${csms.console}transactions?open=transaction:1`
  const { page, complaints } = await open(browser, url, { sign: '[data-chart="power"] .uplot' })

  for (const name of ['power', 'energy', 'soc', 'phases']) {
    await page.locator(`[data-chart="${name}"]`).waitFor(PATIENCE)
  }
  const phases = page.locator('[data-chart="phases"]').getByRole('img')
  assert.match((await phases.getAttribute('aria-label')) ?? '', /L1 16.*L2 15.*L3 14/)
  assert.deepEqual(await violations(page), [])
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save readings as CSV' }).click(),
  ])
  const csv = readFileSync(await file.path(), 'utf8')
  assert.match(csv, /^timestamp,measurand,phase,context,value,unit\r\n/)
  assert.match(csv, /Current\.Import,L3,/)
  assert.deepEqual(complaints, [])
})

test('the weave draws what passes, stands still on Space, and its span narrows the list', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { csms } = await startChain(t, 0)
  const station = await charge(t, csms.url)
  const browser = await startBrowser(t)
  const sign = '[data-weave="CS01>CSMS01"]'
  const { page, complaints } = await open(browser, csms.console, { sign })
  const weave = page.locator(sign)
  const list = page.getByRole('grid', { name: 'Frames' })
  const listed = async () => Number(await list.getAttribute('aria-rowcount')) - 1
  const box = await weave.boundingBox()
  assert.ok(box)
  station.send('[2,"h","Heartbeat",{}]')
  await station.take((frame) => frame[1] === 'h', 'an answer')
  await page.locator('[data-sequence]').getByText('Heartbeat').first().waitFor(PATIENCE)
  const all = await listed()

  await weave.focus()
  await page.keyboard.press('Space')
  await weave.and(page.locator('[data-paused="true"]')).waitFor(PATIENCE)
  const x = box.x + box.width / 2
  await page.mouse.move(x, box.y + 40)
  await page.mouse.down()
  await page.mouse.move(x, box.y + 90, { steps: 5 })
  await page.mouse.up()
  await page.getByRole('button', { name: 'Clear span' }).waitFor(PATIENCE)
  assert.match(page.url(), /from=\d+&to=\d+/)
  assert.equal(await listed(), 0, 'nothing passed three quarters of a minute ago')
  assert.deepEqual(await violations(page), [])
  await page.getByRole('button', { name: 'Clear span' }).click()
  assert.equal(await listed(), all)

  // Where the newest thread is: from there upwards until one is under the pointer.
  const inspector = page.getByRole('complementary', { name: 'Inspector' })
  for (let up = 8; up < box.height - 30 && (await inspector.count()) === 0; up += 8) {
    await page.mouse.click(x, box.y + box.height - up)
  }
  await inspector.locator('[data-raw]').waitFor(PATIENCE)
  await inspector.locator('[data-way] [data-step="hop"] time').first().waitFor(PATIENCE)

  // Whoever is sent the address sees the same: path, selection, and that it stands still.
  await page.getByLabel('Path', { exact: true }).selectOption('CS01')
  await page.waitForURL(/weave=CS01/)
  assert.match(page.url(), /paused=\d+/)
  await page.reload()
  await weave.and(page.locator('[data-paused="true"]')).waitFor(PATIENCE)
  await inspector.locator('[data-raw]').waitFor(PATIENCE)
  assert.equal(await page.getByLabel('Path', { exact: true }).inputValue(), 'CS01')
  await page.getByRole('button', { name: 'Resume weave' }).click()
  await weave.and(page.locator('[data-paused="false"]')).waitFor(PATIENCE)
  assert.doesNotMatch(page.url(), /paused=/)
  assert.deepEqual(await violations(page), [])
  assert.deepEqual(complaints, [])
})
