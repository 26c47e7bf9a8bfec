import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Page } from 'playwright-core'
import { metric, startChain, until } from '../end-to-end/processes.ts'
import { needs } from '../needs.ts'
import { client } from '../support/sockets.ts'
import { CHROMIUM, open, PATIENCE, startBrowser } from './chromium.ts'
import { heapBytes, traceMainThread } from './main-thread.ts'

const STATIONS = 20
const SPAN_MS = 30_000
const FRAMES_PER_SECOND = 200
const LONGEST_TASK_MS = 100
const MAX_GROWTH_BYTES = 5 * 1024 * 1024
/** The page keeps so many frames; before it has them its memory grows as it should. */
const FRAMES_KEPT = 2_000
const WARM_UP_PER_SECOND = 380

/**
 * Stations that say Heartbeat by turns. With the answers as many frames pass per second as asked
 * for, in the mean: what a busy machine has delayed is said later.
 */
async function startStations(context: TestContext, url: string) {
  const ids = Array.from({ length: STATIONS }, (_, n) => `CS${n + 10}`)
  const stations = await Promise.all(
    ids.map((id) => client(context, url, { id, headers: { authorization: '' } })),
  )
  let pace = { since: Date.now(), perMs: 0, said: 0 }
  let number = 0
  const timer = setInterval(() => {
    for (const end = (Date.now() - pace.since) * pace.perMs; pace.said < end; pace.said++) {
      const station = stations[number % STATIONS]
      if (station) station.received.length = 0
      station?.send(`[2,"h${number++}","Heartbeat",{}]`)
    }
  }, 20)
  context.after(() => clearInterval(timer))
  return (framesPerSecond: number) => {
    pace = { since: Date.now(), perMs: framesPerSecond / 2 / 1000, said: 0 }
  }
}

async function framesListed(page: Page): Promise<number> {
  const rows = await page.getByRole('grid', { name: 'Frames' }).getAttribute('aria-rowcount')
  return Number(rows) - 1
}

test('200 frames a second for half a minute neither block the page nor fill its memory', async (t) => {
  if (!needs(t, CHROMIUM)) return
  const { csms } = await startChain(t, 0)
  const [browser, setPace] = await Promise.all([startBrowser(t), startStations(t, csms.url)])
  const sign = '[data-node="CS29"]'
  const { page, complaints } = await open(browser, csms.console, { sign })
  const session = await page.context().newCDPSession(page)
  const passed = () => metric(csms.console, 'wattweave_frames_total')
  setPace(WARM_UP_PER_SECOND)
  await until('as many frames as are kept', async () => (await framesListed(page)) >= FRAMES_KEPT)

  setPace(FRAMES_PER_SECOND)
  const before = { heap: await heapBytes(session), frames: await passed() }
  const trace = await traceMainThread(page)
  await new Promise((resolve) => setTimeout(resolve, SPAN_MS))
  const wanted = before.frames + (SPAN_MS / 1000) * FRAMES_PER_SECOND
  await until('all frames to pass', async () => (await passed()) >= wanted)
  const newest = page.locator('[data-sequence]').first()
  // Still live: what has passed by now gets into the list.
  const { frames } = (await (await fetch(`${csms.console}api/frames?limit=1`)).json()) as {
    frames: { sequence: number }[]
  }
  const target = frames[0]?.sequence ?? Number.POSITIVE_INFINITY
  await until('the page to follow', async () => {
    return Number(await newest.getAttribute('data-sequence', PATIENCE)) >= target
  })
  const tasks = await trace.stop()
  setPace(0)
  const growth = (await heapBytes(session)) - before.heap

  assert.ok(tasks.length > 1_000, `only ${tasks.length} tasks in the trace`)
  assert.ok(Math.max(...tasks) <= LONGEST_TASK_MS, `a task took ${Math.max(...tasks)} ms`)
  assert.ok(growth <= MAX_GROWTH_BYTES, `the heap grew by ${growth} B`)
  t.diagnostic(`longest task ${Math.max(...tasks).toFixed(1)} ms, heap ${growth} B`)
  assert.equal(await framesListed(page), FRAMES_KEPT)
  assert.deepEqual(complaints, [])
})
