import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startChain, startNode, temporaryFolder, until } from '../end-to-end/processes.ts'
import { needs } from '../needs.ts'
import { client } from '../support/sockets.ts'
import { CHROMIUM, open, PATIENCE, startBrowser, violations } from './chromium.ts'

const LOGIN = '[data-room="login"]'

/** A CSMS whose console wants a login, and the link for its first admin. */
async function startGuarded(t: TestContext) {
  const folder = temporaryFolder(t)
  // biome-ignore format: one line
  const csms = await startNode(t, folder, { nodeId: 'CSMS01', role: 'csms', listen: [{ port: 0, insecure: true }], data: folder, http: { port: 0 }, log: 'silent' })
  const { login } = JSON.parse(/^\{.*\}$/m.exec(csms.output())?.[0] ?? '{}') as { login: string }
  return { csms, login }
}

test('nobody sees the console before he has logged in, by a link or a password', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { csms, login } = await startGuarded(t)
  const browser = await startBrowser(t)
  const { page, complaints } = await open(browser, `${csms.console}stations`, { sign: LOGIN })
  assert.match((await page.textContent('body')) ?? '', /wattweave login FILE/)
  assert.equal(await page.getByRole('navigation').count(), 0)
  assert.deepEqual(await violations(page), [])

  await page.getByLabel('Name').fill('admin')
  await page.getByLabel('Password').fill('a wrong password')
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByText('user or password is wrong').waitFor(PATIENCE)
  assert.ok(complaints.splice(0).every((one) => one.includes('401')))

  await page.goto(login)
  await page.locator('nav [data-user="admin"]').first().waitFor(PATIENCE)
  assert.equal(page.url(), csms.console, 'the secret is gone from the address')
  await page.goBack()
  await page.locator('nav [data-user="admin"]').first().waitFor(PATIENCE)
  assert.doesNotMatch(page.url(), /#/, 'and from the history')
  assert.match((await page.getByRole('navigation').textContent()) ?? '', /admin, admin.*Log out/)
  await page.locator('[data-window="insecure"]').click()
  const inspector = page.getByRole('complementary', { name: 'Inspector' })
  assert.equal(await inspector.locator('[data-insecure="console"]').count(), 0)

  // A change carries the token of the session.
  await page.goto(`${csms.console}tokens`)
  await page.getByRole('button', { name: 'Enter token' }).click()
  await inspector.getByLabel('Id token').fill('TAG-7')
  await inspector.getByRole('button', { name: 'Enter token' }).click()
  await page.locator('[data-token]').getByText('TAG-7').waitFor(PATIENCE)
  // Whoever may see tokens is offered them where one is to be written.
  const station = await client(t, csms.url, { id: 'CS01', headers: { authorization: '' } })
  station.send('[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]')
  await station.take((frame) => frame[1] === '1', 'the answer')
  await page.goto(`${csms.console}stations/CS01`)
  const known = page.locator('datalist option[value="TAG-7"]')
  await known.first().waitFor({ ...PATIENCE, state: 'attached' })
  await page.goto(`${csms.console}log`)
  await page.locator('[data-audit="POST /api/tokens"]').waitFor(PATIENCE)
  assert.deepEqual(await violations(page), [])

  await page.getByRole('button', { name: 'Log out' }).click()
  await page.locator(LOGIN).waitFor(PATIENCE)
  assert.deepEqual(complaints, [])
  await page.goto(login)
  await page.getByText('this link was used before').waitFor(PATIENCE)
})

test('a session that ends brings the login page up wherever one is', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { csms, login } = await startGuarded(t)
  const browser = await startBrowser(t)
  const { page } = await open(browser, login, { sign: 'nav [data-user="admin"]' })
  await page.goto(`${csms.console}operations`)
  await page.locator('[data-empty="operations"]').waitFor(PATIENCE)

  await page.context().clearCookies()

  await page.locator(LOGIN).waitFor(PATIENCE)
  assert.equal(page.url(), `${csms.console}operations`)
})

test('where nobody has to log in the lamp for what is insecure counts it', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { csms } = await startChain(t, 0)
  const browser = await startBrowser(t)
  const sign = '[data-window="insecure"][data-tone="warn"]'
  const { page } = await open(browser, csms.console, { sign })

  // The other one is the rule for stations that show no credential, which its listener lets in.
  await until('the lamp to count', async () => /Insecure 2/.test((await page.locator(sign).textContent()) ?? '')) // biome-ignore format: one line
  await page.locator(sign).click()
  await page.getByText(/Whoever reaches this console may do everything/).waitFor(PATIENCE)
  await page.getByText(/in\/3 \(2 from a station that shows no credential\): it takes what nobody has signed/).waitFor(PATIENCE) // biome-ignore format: one line
  assert.equal(await page.getByRole('button', { name: 'Log out' }).count(), 0)
})
