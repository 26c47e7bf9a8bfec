/**
 * `npm run screenshots [-- FOLDER]`: starts the demo and takes a picture of each room at three widths
 * in two themes, to be looked at. Needs Debian's chromium.
 */
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const EXECUTABLE = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage']
const SIZES = [
  [1440, 900],
  [1024, 768],
  [390, 844],
] as const

/** Each room, and what there is to see in it. */
const ROOMS = [
  ['', '[data-node="CS01"]'],
  ['stations', '[data-node="CS01"]'],
  ['stations/CS01', '[data-message]'],
  ['transactions', '[data-transaction]'],
  ['transactions?open=transaction:1', '[data-chart] .uplot'],
  ['operations', '[data-operation]'],
  ['tokens', '[data-token]'],
  ['tokens?open=token:1', '[data-form="token"]'],
  ['keys', '[data-key]'],
  ['policies/default', 'tbody th'],
  ['roles', '[data-rule="owner"]'],
  ['attacks', '[data-box]'],
  ['log', '[data-empty="log"]'],
] as const

/** What a depot is asked to do on a day, and who may charge there. */
const OPERATIONS = [
  ['CS01', 'ChangeAvailability', { connectorId: 1, type: 'Operative' }],
  ['CS01', 'TriggerMessage', { requestedMessage: 'StatusNotification', connectorId: 1 }],
  ['CS01', 'GetConfiguration', {}],
  ['CS02', 'ClearCache', {}],
  ['CS02', 'GetLocalListVersion', {}],
] as const
const TOKENS = [
  { idToken: 'DEPOT-VAN-09', groupId: 'FLEET', note: 'van 9' },
  { idToken: 'DEPOT-VAN-10', groupId: 'FLEET', note: 'van 10', status: 'Blocked' },
  { idToken: 'VISITOR-1', note: 'until the end of the year', expiresAt: '2026-01-01T00:00:00Z' },
] as const

const folder = process.argv[2] ?? 'screenshots'
mkdirSync(folder, { recursive: true })
const demo = spawn(process.execPath, [EXECUTABLE, 'demo', '--port', '0'], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
let output = ''
// To leave a loop over the stream would close it, and the demo has more to say.
await new Promise<void>((resolve) => {
  demo.stdout.on('data', (chunk) => {
    output += chunk
    if (output.includes('Running')) resolve()
  })
})
const [url = ''] = /http:\/\/\S+/.exec(output) ?? []
const post = (path: string, body: object) =>
  fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
await new Promise((resolve) => setTimeout(resolve, 8_000)) // a little history
for (const [station, action, body] of OPERATIONS) {
  await post(`api/stations/${station}/operations/${action}`, body)
}
for (const token of TOKENS) await post('api/tokens', token)
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS })
for (const [width, height] of SIZES) {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [room, sign] of ROOMS) {
      const page = await browser.newPage({ viewport: { width, height }, colorScheme })
      await page.goto(url + room)
      await page.locator(sign).first().waitFor()
      const name = `${room.replace(/\W+/g, '-') || 'overlay'}-${width}-${colorScheme}.png`
      await page.screenshot({ path: join(folder, name) })
      await page.close()
      console.log(name)
    }
  }
}
await browser.close()
const ended = new Promise((resolve) => demo.once('exit', resolve))
demo.kill('SIGTERM')
await ended
