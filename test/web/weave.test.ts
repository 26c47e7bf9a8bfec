import assert from 'node:assert/strict'
import { test } from 'node:test'
import { layoutWeave, pathsOf, SPAN_MS, threadAt, timeAt } from '../../web/weave/weave.ts'
import { frame, park } from './park.ts'

const UNTIL = Date.parse('2026-01-05T11:01:00.000Z')
const AREA = { left: 0, right: 200, top: 0, bottom: 600, until: UNTIL }
const at = (second: number, ms = 0) => new Date(UNTIL - SPAN_MS + second * 1000 + ms).toISOString()

/** As the node NN01 in the middle sees it: CS01 below, CSMS01 above. */
const overview = { ...park(5), nodeId: 'NN01' }
const PATH = ['CS01', 'NN01', 'CSMS01']
const passing = [
  frame(1, { time: at(30), direction: 'received', link: 'CS01', networkPath: ['CS01'], destination: 'CSMS01', reaction: 'forwarded', forwardedTo: 'CSMS01', trace: 'a' }), // biome-ignore format: one line
  frame(2, { time: at(40), direction: 'sent', link: 'CSMS01', networkPath: ['CS01', 'NN01'], destination: 'CSMS01', reaction: 'forwarded', trace: 'a' }), // biome-ignore format: one line
]

test('a frame is one thread: its hops at their times, and the wait between them upright', () => {
  const { lifelines, threads } = layoutWeave(passing, PATH, overview, AREA)

  assert.deepEqual(lifelines.map(({ id, x }) => [id, x]), [['CS01', 0], ['NN01', 100], ['CSMS01', 200]]) // biome-ignore format: one line
  assert.equal(threads.length, 1)
  assert.deepEqual(threads[0]?.segments, [
    { x1: 0, y1: 300, x2: 100, y2: 300, isTimed: true },
    { x1: 100, y1: 300, x2: 100, y2: 400, isTimed: true },
    { x1: 100, y1: 400, x2: 200, y2: 400, isTimed: true },
  ])
})

test('a hop that this node did not see is drawn as untimed, at the time of the nearest one it saw', () => {
  const seen = frame(3, { time: at(10), direction: 'received', link: 'NN01', networkPath: ['CS01', 'NN01'], destination: 'CSMS01', reaction: 'handled', trace: 'b' }) // biome-ignore format: one line
  const [thread] = layoutWeave([seen], PATH, { ...overview, nodeId: 'CSMS01' }, AREA).threads

  assert.deepEqual(thread?.segments.map(({ y1, isTimed }) => [y1, isTimed]), [[100, false], [100, true]]) // biome-ignore format: one line
})

test('of a frame that comes from beside the path only the part on it is drawn', () => {
  const other = frame(4, { time: at(10), direction: 'received', link: 'NN01', networkPath: ['CS02', 'NN01'], destination: 'CSMS01', reaction: 'handled', trace: 'c' }) // biome-ignore format: one line
  const [thread] = layoutWeave([other], PATH, { ...overview, nodeId: 'CSMS01' }, AREA).threads

  assert.deepEqual(
    thread?.segments.map(({ x1, x2 }) => [x1, x2]),
    [[100, 200]],
  )
})

test('a request and its answer with one id are two threads, the answer marked as one', () => {
  const answer = frame(5, { time: at(41), direction: 'received', link: 'CSMS01', kind: 'CALLRESULT', networkPath: ['CSMS01'], destination: 'CS01', trace: 'a' }) // biome-ignore format: one line
  const { threads } = layoutWeave([...passing, answer], PATH, overview, AREA)

  assert.deepEqual(
    threads.map(({ isReply }) => isReply),
    [false, true],
  )
})

test('the gap between nodes that share a connection is filled, and no other', () => {
  const { shared } = layoutWeave([], PATH, overview, AREA)

  assert.deepEqual(shared, [{ x1: 100, x2: 200 }])
})

test('the busiest path comes first, and the layout of the same frames is the same', () => {
  const many = Array.from({ length: 4 }, (_, n) => frame(10 + n, { direction: 'received', link: 'CS03', networkPath: ['CS03'], destination: 'CSMS01' })) // biome-ignore format: one line
  const paths = pathsOf(overview, [...passing, ...many])

  assert.deepEqual(paths[0], ['CS03', 'NN01', 'CSMS01'])
  assert.deepEqual(layoutWeave(passing, PATH, overview, AREA), layoutWeave(passing, PATH, overview, AREA)) // biome-ignore format: one line
})

test('a click finds the thread under it, a height its time', () => {
  const weave = layoutWeave(passing, PATH, overview, AREA)

  assert.equal(threadAt(weave, 50, 303)?.sequence, 2)
  assert.equal(threadAt(weave, 50, 350), undefined)
  assert.equal(timeAt(AREA, 300), UNTIL - SPAN_MS / 2)
  assert.equal(timeAt(AREA, 9_999), UNTIL)
})
