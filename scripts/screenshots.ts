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
  ['transactions', '[data-transaction]'],
  ['transactions?open=transaction:1', '[data-reading]'],
] as const

const folder = process.argv[2] ?? 'screenshots'
mkdirSync(folder, { recursive: true })
const demo = spawn(process.execPath, [EXECUTABLE, 'demo', '--port', '0'], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
let output = ''
for await (const chunk of demo.stdout) {
  output += chunk
  if (output.includes('Running')) break
}
const [url = ''] = /http:\/\/\S+/.exec(output) ?? []
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
