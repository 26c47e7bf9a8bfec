import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { TestContext } from 'node:test'
import { type Browser, chromium, type Page } from 'playwright-core'
import { temporaryFolder } from '../end-to-end/processes.ts'

// biome-ignore format: one list
const FLAGS = '--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'.split(' ')
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export const CHROMIUM = '/usr/bin/chromium'
export const PATIENCE = { timeout: 30_000 }

/** Debian's browser with a fresh profile; it ends with the test. */
export async function startBrowser(context: TestContext): Promise<Browser> {
  const profile = temporaryFolder(context)
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: FLAGS,
    env: { ...process.env, HOME: profile } as Record<string, string>,
  })
  context.after(() => browser.close())
  return browser
}

/** Opens the console and waits for `sign`; whatever the browser complains about is in `complaints`. */
export async function open(
  browser: Browser,
  url: string,
  options: { width?: number; scheme?: 'light' | 'dark'; sign?: string } = {},
) {
  const { width = 1440, scheme = 'light', sign = '[data-sequence]' } = options
  const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme: scheme })
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.goto(url)
  await page.locator(sign).first().waitFor(PATIENCE)
  return { page, complaints }
}

// What fades in has no contrast yet: what ends by itself is let end, what flows for ever is not waited for.
const FADED = `Promise.allSettled(document.getAnimations()
  .filter((one) => Number.isFinite(one.effect?.getComputedTiming().endTime))
  .map((one) => one.finished))`

/** What axe finds in the page once nothing fades in any more. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(FADED)
  await page.evaluate(AXE) // not by a script element: the page's own policy forbids that
  return page.evaluate(async () => {
    // biome-ignore format: one line
    const axe = (globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }).axe
    const { violations } = await axe.run()
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)
  })
}

export const WIDTHS = [1440, 1024, 390] as const

/** What is wrong with the page as it is now at one width, in both themes. */
export async function findingsAt(page: Page, width: number): Promise<string[]> {
  await page.setViewportSize({ width, height: 800 })
  const found: string[] = []
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    const label = `${width} px ${colorScheme}`
    found.push(...(await violations(page)).map((violation) => `${label}: ${violation}`))
    const fits = await page.evaluate('document.documentElement.scrollWidth <= innerWidth')
    if (!fits) found.push(`${label}: scrolls sideways`)
  }
  if (width < NARROW) found.push(...(await smallTargets(page)).map((one) => `${width} px: ${one}`))
  return found
}

/** Below this width the console is made for fingers. */
const NARROW = 720

/** What can be pressed and is less than 40 px high or wide; a checkbox is pressed by its label. */
function smallTargets(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    const all = document.querySelectorAll('a[href], button, input, select, textarea, summary, [role="button"]')
    return [...all].flatMap((element) => {
      if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return []
      const pressed = element.matches('[type=checkbox], [type=radio]') ? element.closest('label') : element
      const { width, height } = (pressed ?? element).getBoundingClientRect()
      const [w, h] = [Math.round(width), Math.round(height)]
      if (w <= 1 || h <= 1 || (w >= 40 && h >= 40)) return []
      return [w + ' x ' + h + ' px are few for ' + element.outerHTML.slice(0, 140)]
    })
  })()`)
}

/** The same at every width; the page is as wide as before afterwards. */
export async function findings(page: Page): Promise<string[]> {
  const before = page.viewportSize()
  const found: string[] = []
  for (const width of WIDTHS) found.push(...(await findingsAt(page, width)))
  await page.emulateMedia({ colorScheme: 'light' })
  if (before) await page.setViewportSize(before)
  return found
}
