import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AttacksView } from '../../src/http/live-api.ts'
import { startExecutable, until } from '../end-to-end/processes.ts'
import { needs } from '../needs.ts'
import { CHROMIUM, findings, open, PATIENCE, startBrowser } from './chromium.ts'

/** The controller of the demo that lies, switched on by hand. */

/** An attack waits for a message of the demo that it can be tried on. */
const OCCASION_MS = 120_000
const CAUGHT = ['alter', 'replay', 'redirect', 'strip', 'forge'] as const

test('a controller that lies is switched on in the console, and every attempt is caught and explained', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const demo = startExecutable(t, 'demo', '--port', '0', '--no-restart')
  await until('the demo to run', () => /^Running .*$/m.test(demo.output()), 120_000)
  const [url = ''] = /http:\/\/\S+/.exec(demo.output()) ?? []
  const { page, complaints } = await open(await startBrowser(t), `${url}attacks`, { sign: '[data-box="none"]' }) // biome-ignore format: one line
  // The demo answers before the page shows it, so a click alone changes nothing yet.
  const put = async (attack: string, isOn: boolean) => {
    const input = `[data-attack="${attack}"] input`
    await page.locator(input).click()
    await page.locator(`${input}${isOn ? ':checked' : ':not(:checked)'}`).waitFor(PATIENCE)
  }
  for (const attack of [...CAUGHT, 'drop']) await put(attack, true)
  await page.locator('[data-box="ready"]').waitFor(PATIENCE)

  const view = async () => (await (await fetch(`${url}api/attacks`)).json()) as AttacksView
  const countOf = async (attack: string) => (await view()).attacks.find((one) => one.attack === attack) // biome-ignore format: one line
  for (const attack of CAUGHT) {
    await until(`${attack} to be caught`, async () => ((await countOf(attack))?.caught ?? 0) > 0, OCCASION_MS) // biome-ignore format: one line
  }
  await until('a message to be kept back', async () => ((await countOf('drop'))?.attempts ?? 0) > 0, OCCASION_MS) // biome-ignore format: one line
  for (const attack of [...CAUGHT, 'drop']) await put(attack, false)

  const { attempts, attacks } = await view()
  assert.deepEqual(
    attempts.filter(({ outcome }) => outcome.state === 'obeyed'),
    [],
  )
  assert.ok(attacks.every(({ isOn }) => !isOn))
  const reasons = new Map(attempts.flatMap(({ attack, outcome }) => (outcome.reason ? [[attack, outcome.reason]] : []))) // biome-ignore format: one line
  assert.deepEqual(CAUGHT.map((attack) => reasons.get(attack)), ['signature-invalid', 'repeated', 'not-this-message', 'unsigned', 'unsigned']) // biome-ignore format: one line

  const row = page
    .locator('tr[data-outcome="caught"]')
    .filter({ hasText: 'signature-invalid' })
    .first()
  await row.waitFor(PATIENCE)
  await row.getByRole('button').click()
  const inspector = page.getByRole('complementary', { name: 'Inspector' })
  await inspector.getByText('Refused at CSMS01: signature-invalid').waitFor(PATIENCE)
  assert.deepEqual([await findings(page), complaints], [[], []])

  // Only the demo has this room, so only here is there one more than a phone shows in three rows.
  await page.setViewportSize({ width: 390, height: 844 })
  for (const link of await page.getByRole('navigation').getByRole('link').all()) {
    const { y = 0, height = 0 } = (await link.boundingBox()) ?? {}
    assert.ok(
      height >= 40 && y + height <= 844,
      `${await link.textContent()} ends at ${y + height}`,
    )
  }
  assert.equal(await demo.stop(), 0)
})
