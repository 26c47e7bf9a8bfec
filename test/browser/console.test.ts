import assert from 'node:assert/strict'
import { request } from 'node:http'
import { type TestContext, test } from 'node:test'
import { startExecutable, until } from '../end-to-end/processes.ts'
import { needs } from '../needs.ts'
import { CHROMIUM, findings, findingsAt, open, PATIENCE, startBrowser, WIDTHS } from './chromium.ts'

/** Each room, and what there is to see in it when it is busy. */
const ROOMS = [
  ['', '[data-sequence]'],
  ['stations', '[data-node="CS01"]'],
  ['stations/CS01', '[data-message]'],
  ['transactions', '[data-transaction]'],
  ['transactions?open=transaction:1', '[data-reading]'],
  ['operations', '#operations-title'],
  ['tokens', '[data-empty="tokens"]'],
  ['tokens?open=token:0', '[data-form="token"]'],
  ['keys', '[data-key]'],
  ['policies', '[data-rule="default"]'],
  ['policies/default', 'tbody th'],
  ['policies/default?part=text', 'textarea'],
  ['roles/owner?part=history', '[data-empty="history"]'],
  ['log', '[data-empty="log"]'],
  ['log?log=security', '#log-title'],
] as const

/** The demo, and a browser. */
async function start(t: TestContext) {
  const demo = startExecutable(t, 'demo', '--port', '0', '--no-restart')
  const running = await until(
    'the demo to run',
    () => /^Running .*$/m.exec(demo.output())?.[0],
    120_000,
  )
  const [url = ''] = /http:\/\/\S+/.exec(demo.output()) ?? []
  const browser = await startBrowser(t)
  return { browser, url, demo, nodePid: Number(/NN01 (\d+)/.exec(running)?.[1]) }
}

test('the console draws the overlay, lists frames as they come and explains one', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { browser, url, nodePid } = await start(t)
  const { page, complaints } = await open(browser, url)

  for (const id of ['CSMS01', 'NN01', 'CS01', 'CS02', 'CS03', 'CS04', 'CS05', 'CS06']) {
    await page.locator(`[data-node="${id}"]`).first().waitFor(PATIENCE)
  }
  const shared = page.locator('[data-link="NN01>CSMS01"]')
  await shared.and(page.locator('[data-shared="true"]')).waitFor(PATIENCE)
  assert.match((await shared.textContent()) ?? '', /shared by 5/)

  const newest = page.locator('[data-sequence]').first()
  const sequence = async () => Number(await newest.getAttribute('data-sequence'))
  const before = await sequence()
  await until('a newer frame', async () => (await sequence()) > before)

  await page.getByLabel('Kind').selectOption('CALL')
  await page.locator('[data-sequence]').first().click()
  const inspector = page.getByRole('complementary', { name: 'Inspector' })
  await inspector.locator('[data-field="payload"]').waitFor(PATIENCE)
  assert.match((await inspector.locator('[data-raw]').textContent()) ?? '', /^\[2,/)
  assert.doesNotMatch((await inspector.textContent()) ?? '', /DEMO-(ANNA|BEN|CARLA)/)
  assert.deepEqual(await findings(page), [])
  await page.keyboard.press('Escape')
  await inspector.waitFor({ ...PATIENCE, state: 'detached' })

  await isSealedOff(url)

  process.kill(nodePid, 'SIGKILL')
  await page.locator('[data-link="NN01>CSMS01"][data-state="down"]').waitFor(PATIENCE)
  await page.locator('[data-window="links"][data-tone="alarm"]').waitFor(PATIENCE)
  assert.deepEqual(complaints, [])
})

for (const width of WIDTHS) {
  test(`at ${width} px no room in no theme has a finding of axe, a complaint, or scrolls sideways`, async (t) => {
    if (!needs(t, CHROMIUM)) return
    const { browser, url } = await start(t)
    for (const [room, sign] of ROOMS) {
      const { page, complaints } = await open(browser, url + room, { width, sign })
      assert.deepEqual(await findingsAt(page, width), [], `/${room}`)
      assert.deepEqual(complaints, [], `/${room}`)
      await page.close()
    }
  })
}

test('the keyboard alone finds a station, and opens and closes a refused frame', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { browser, url, demo } = await start(t)
  const [, listen = ''] = /CSMS01 listens on (\S+)/.exec(demo.output()) ?? []
  const [, password = ''] = /--password-file (\S+)/.exec(demo.output()) ?? []
  const ask = startExecutable(
    t,
    'send',
    'CS03',
    'NoSuchAction',
    '{}',
    '--uplink',
    listen,
    '--as',
    'VISITOR',
    '--password-file',
    password,
  )
  assert.equal(await ask.ended, 1)
  const lost = startExecutable(
    t,
    'send',
    'CS99',
    'Reset',
    '{}',
    '--uplink',
    listen,
    '--as',
    'VISITOR',
    '--password-file',
    password,
  )
  assert.equal(await lost.ended, 1)
  const { page } = await open(browser, url)

  await page.locator('[data-node="CSMS01"] [role="button"]').first().focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  const inspector = page.getByRole('complementary', { name: 'Inspector' })
  await inspector.getByText(/CS0\d/).first().waitFor(PATIENCE)
  await page.keyboard.press('Escape')
  await inspector.waitFor({ ...PATIENCE, state: 'detached' })

  await page.getByLabel('Only refused').focus()
  await page.keyboard.press('Space')
  const refused = page.locator('[data-sequence][data-refused="true"]').first()
  await refused.waitFor(PATIENCE)
  await page.getByRole('grid', { name: 'Frames' }).focus()
  await page.keyboard.press('ArrowDown')
  await inspector.locator('[data-verdict="refused"]').waitFor(PATIENCE)
})

async function isSealedOff(url: string): Promise<void> {
  const policy = (await fetch(url)).headers.get('content-security-policy') ?? ''
  assert.match(policy, /default-src 'none'/)
  assert.doesNotMatch(policy, /unsafe/)
  // A name that resolves to this machine must not open the console to other pages.
  const status = await new Promise((resolve) => {
    const { port } = new URL(url)
    request({ host: '127.0.0.1', port, headers: { host: 'evil.example' } }, (response) => {
      response.resume()
      resolve(response.statusCode)
    }).end()
  })
  assert.equal(status, 421)
}
