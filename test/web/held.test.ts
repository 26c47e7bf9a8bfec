import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LinkView, OverviewView } from '../../src/http/live-api.ts'
import { annunciatorWindows } from '../../web/annunciator/windows.ts'
import { heldWords } from '../../web/diagram/link-words.ts'
import { link } from './park.ts'

const SINCE = '2026-01-05T11:00:00.000Z'
const NOW = Date.parse(SINCE) + 12_000

function overview(links: readonly LinkView[], queuedBytes = 0): OverviewView {
  return {
    asOf: SINCE,
    nodeId: 'CSMS01',
    version: '0.0.0',
    stationUrls: [],
    insecure: false,
    nodes: [],
    links,
    counters: { frames: 0, refused: 0, refusedByCode: {}, queuedBytes },
  }
}

function queues(links: readonly LinkView[], queuedBytes = 0) {
  const found = annunciatorWindows(overview(links, queuedBytes)).find((w) => w.name === 'queues')
  return [found?.value, found?.tone]
}

test('a link says how many calls wait and how old the first of them is', () => {
  const held = { count: 3, since: SINCE }
  assert.equal(
    heldWords(link('CS01', 'NN01', 'standard', { held }), NOW),
    '3 held, oldest 12\u202fs',
  )
  assert.equal(heldWords(link('CS01', 'NN01'), NOW), '')
})

test('the window Queues counts the calls of all links and is lit while any waits', () => {
  const held = (count: number) => ({ held: { count, since: SINCE } })
  const links = [
    link('CS01', 'NN01', 'standard', held(3)),
    link('CS02', 'NN01'),
    link('CS03', 'NN01', 'standard', held(1)),
  ]

  assert.deepEqual(queues([link('CS02', 'NN01')]), ['0\u202fB', 'normal'])
  assert.deepEqual(queues(links), ['4 held', 'warn'])
  assert.deepEqual(queues(links, 740), ['4 held, 740\u202fB', 'warn'])
})

test('the window Stations is lit while a station that was here before has not come back', () => {
  const stations = (storedStations: number) => {
    const found = annunciatorWindows({ ...overview([]), storedStations }).find((w) => w.name === 'stations') // biome-ignore format: one line
    return [found?.value, found?.tone]
  }
  assert.deepEqual(stations(3), ['0 of 3', 'alarm'])
  assert.deepEqual(stations(0), ['0', 'normal'])
})
