import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { passwordOf, startChain, startExecutable, startNode } from '../end-to-end/processes.ts'
import { needs } from '../needs.ts'
import { basic, client } from '../support/sockets.ts'
import { CHROMIUM, findings, open, PATIENCE, startBrowser } from './chromium.ts'

test('a node is invited in the page, joins with the code, and is obeyed until its key is revoked', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { csms, folder } = await startChain(t, 0)
  const browser = await startBrowser(t)
  const sign = '[data-key][data-owner="CSMS01"]'
  const { page, complaints } = await open(browser, `${csms.console}keys`, { sign })
  const inspector = page.getByRole('complementary', { name: 'Inspector' })

  await page.getByRole('button', { name: 'Invite node…' }).click()
  await inspector.getByLabel('Id of the node').fill('CSMS')
  await inspector.getByRole('button', { name: 'Invite node' }).click()
  await inspector.getByText('"CSMS" is not the id of a node').waitFor(PATIENCE)
  assert.ok(complaints.splice(0).every((one) => one.includes('400')))
  await inspector.getByLabel('Id of the node').fill('NN01')
  await inspector.getByRole('button', { name: 'Invite node' }).click()
  const shown = inspector.locator('[data-code]')
  await shown.waitFor(PATIENCE)
  const code = (await shown.textContent()) ?? ''
  await inspector.getByText(`wattweave keys join FILE ${code}`).waitFor(PATIENCE)
  await page.locator('[data-invited="NN01"]').waitFor(PATIENCE)
  assert.deepEqual(await findings(page), [])

  const { password } = passwordOf(folder, 'CS01')
  const config = { nodeId: 'NN01', role: 'networking-node', listen: [{ port: 0, insecure: true }], data: folder, log: 'silent', http: { port: 0, login: false }, uplinks: [{ url: csms.url, peerId: 'CSMS01' }], peers: [{ id: 'CS01', passwordFile: 'secrets/CS01' }] } // biome-ignore format: one line
  const file = join(folder, 'NN01.yaml')
  writeFileSync(file, JSON.stringify(config))
  const joined = startExecutable(t, 'keys', 'join', file, code)
  assert.equal(await joined.ended, 0, joined.errors())
  const edge = await startNode(t, folder, config)
  const row = page.locator('[data-key][data-owner="NN01"]')
  await row.and(page.locator('[data-status="usable"]')).waitFor(PATIENCE)
  await page.locator('[data-invited="NN01"]').waitFor({ ...PATIENCE, state: 'detached' })

  await row.getByRole('button', { name: 'NN01' }).click()
  await inspector.locator('[data-endorser="CSMS01"]').waitFor(PATIENCE)
  const station = await client(t, edge.url, { headers: { authorization: basic('CS01', password) } })
  const boot = '"BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]'
  station.send(`[2,"1",${boot}`)
  const [type] = await station.take((frame) => frame[1] === '1', 'its boot to be answered')
  assert.equal(type, 3, JSON.stringify(station.received))

  await inspector.getByLabel(/^Reason/).fill('stolen at night')
  await inspector.getByRole('button', { name: 'Revoke key…' }).click()
  await page
    .locator('[data-ask]')
    .getByText(/of NN01\? From now on no node obeys/)
    .waitFor(PATIENCE)
  await page.locator('[data-ask]').getByRole('button', { name: 'Revoke key' }).click()
  await row.and(page.locator('[data-status="revoked"]')).waitFor(PATIENCE)
  await inspector.getByText('stolen at night').waitFor(PATIENCE)
  await page.locator('[data-revocations="current"]').waitFor(PATIENCE)
  assert.equal(await inspector.getByRole('button', { name: 'Revoke key…' }).count(), 0)
  assert.deepEqual(await findings(page), [])
  const late = await client(t, edge.url, { headers: { authorization: basic('CS01', password) } })
  late.send(`[2,"2",${boot}`)
  const [refused, , errorCode] = await late.take((frame) => frame[1] === '2', 'the refusal')
  assert.deepEqual([refused, errorCode], [4, 'SecurityError'])
  await page.locator('[data-window="refused"][data-tone="alarm"]').waitFor(PATIENCE)

  const own = page.locator(sign)
  await own.getByRole('button', { name: 'CSMS01' }).click()
  await inspector.getByLabel(/^Reason/).fill('by mistake')
  await inspector.getByRole('button', { name: 'Revoke key…' }).click()
  await page.locator('[data-ask]').getByRole('button', { name: 'Revoke key' }).click()
  await inspector.getByText('with this list no owner could change the rules any more').waitFor(PATIENCE) // biome-ignore format: one line
  assert.ok(complaints.splice(0).every((one) => one.includes('409')))
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile() && /\.ya?ml$|log/.test(one.name)) // biome-ignore format: one line
  for (const one of files) assert.ok(!readFileSync(join(one.parentPath, one.name), 'utf8').includes(code), one.name) // biome-ignore format: one line
})
