import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startChain, startExecutable, until } from '../end-to-end/processes.ts'
import { needs } from '../needs.ts'
import { client } from '../support/sockets.ts'
import { CHROMIUM, open, PATIENCE, startBrowser, violations } from './chromium.ts'

test('calls that wait for a station are drawn at its link, and gone when it has answered', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { csms } = await startChain(t, 0, { isSigned: false })
  const station = await client(t, csms.url, { id: 'CS01', headers: { authorization: '' } })
  const isCall = (frame: unknown[]) => frame[0] === 2
  const browser = await startBrowser(t)
  const sign = '[data-node="CS01"]'
  const { page, complaints } = await open(browser, csms.console, { sign })
  const link = page.locator('[data-link="CS01>CSMS01"]')
  const drawn = link.locator('[data-held]')
  const lamp = page.locator('[data-window="queues"]')
  assert.equal(await drawn.count(), 0)

  const asked = ['ASK-1', 'ASK-2', 'ASK-3'].map((as) =>
    startExecutable(t, 'send', 'CS01', 'ClearCache', '{}', '--uplink', csms.url, '--as', as),
  )
  // The station has got one and does not answer, so the other two wait.
  await link.locator('[data-held="2"]').waitFor(PATIENCE)
  const [, first] = await station.take(isCall, 'the first call')
  assert.match((await drawn.textContent()) ?? '', /^2 · \d+/)
  const [button] = await link.getByRole('button').all()
  assert.match((await button?.getAttribute('aria-label')) ?? '', /2 held, oldest \d+/)
  assert.match((await page.getByRole('table').textContent()) ?? '', /2 held/)

  assert.match((await lamp.textContent()) ?? '', /Queues 2 held/)
  await lamp.click()
  const inspector = page.getByRole('complementary', { name: 'Inspector' })
  await inspector.getByRole('button', { name: /CS01 › CSMS01.*2 held/ }).click()
  await inspector.getByText(/CS01 has a call open/).waitFor(PATIENCE)
  assert.deepEqual(await violations(page), [])

  const answer = (id: unknown) => station.send(JSON.stringify([3, id, { status: 'Accepted' }]))
  answer(first)
  await link.locator('[data-held="1"]').waitFor(PATIENCE)
  answer((await station.take(isCall, 'the second call'))[1])
  answer((await station.take(isCall, 'the third call'))[1])
  await drawn.waitFor({ ...PATIENCE, state: 'detached' })
  await until('the lamp to be out', async () => /Queues 0/.test((await lamp.textContent()) ?? ''))
  for (const one of asked) assert.equal(await one.ended, 0, one.errors())
  assert.deepEqual(complaints, [])
})
