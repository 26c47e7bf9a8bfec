import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseWeave, withWeave } from '../../web/navigation/weave-address.ts'
import { sightingsOf, stepsOf } from '../../web/weave/message-way.ts'
import {
  bandAt,
  layoutWeave,
  nameRoom,
  pathsOf,
  SPAN_MS,
  threadAt,
  timeAt,
} from '../../web/weave/weave.ts'
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

test('names of lifelines stay inside the drawing and beside no other, however long they are', () => {
  for (const path of [PATH, PATH.slice(1), PATH.slice(2)]) {
    const area = { ...AREA, left: 74, right: 800 }
    const weave = layoutWeave([], path, overview, area)
    const rooms = weave.lifelines.map(({ x }) => ({ x, ...nameRoom(x, weave, area) }))

    for (const [i, { x, from, to }] of rooms.entries()) {
      assert.ok(
        from > (rooms[i - 1]?.to ?? 0) && from < x && x < to && to < 800 + 40,
        `${path} ${i}`,
      )
    }
    assert.equal(rooms[0]?.from, 4, 'the first may reach to the edge')
  }
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

/** Chunks of a file from CS01 as NN01 receives and passes them on, each 100 ms after the one before. */
const chunks = (count: number, from: number) =>
  Array.from({ length: count }, (_, n) => [
    frame(100 + 2 * n, { time: at(from, n * 100), direction: 'received', link: 'CS01', networkPath: ['CS01'], destination: 'CSMS01', reaction: 'forwarded', forwardedTo: 'CSMS01', encoding: 'binary', kind: 'SEND', bytes: 65_000, trace: `f${from} ${n}` }), // biome-ignore format: one line
    frame(101 + 2 * n, { time: at(from + 1, n * 100), direction: 'sent', link: 'CSMS01', networkPath: ['CS01', 'NN01'], destination: 'CSMS01', reaction: 'forwarded', encoding: 'binary', kind: 'SEND', bytes: 65_000, trace: `f${from} ${n}` }), // biome-ignore format: one line
  ]).flat()

test('chunks of a file are one band, and a command that cuts through it stays a thread of its own', () => {
  const command = frame(500, { time: at(30, 500), direction: 'sent', link: 'CS01', networkPath: ['CSMS01', 'NN01'], destination: 'CS01', trace: 'cut' }) // biome-ignore format: one line
  const { bands, threads } = layoutWeave([...chunks(11, 30), command], PATH, overview, AREA)

  assert.deepEqual(bands, [
    {
      sequence: 121,
      count: 11,
      hops: [
        { x1: 0, x2: 100, y1: 300, y2: 310, isTimed: true },
        { x1: 100, x2: 200, y1: 310, y2: 320, isTimed: true },
      ],
    },
  ])
  assert.deepEqual(threads.map(({ sequence }) => sequence), [500]) // biome-ignore format: one line
  assert.equal(bandAt({ bands }, 50, 305)?.sequence, 121)
  assert.equal(bandAt({ bands }, 150, 305), undefined)
})

test('two files with a pause between them are two bands; a single chunk and a refused one are none', () => {
  const { bands } = layoutWeave([...chunks(3, 10), ...chunks(3, 40)], PATH, overview, AREA)
  assert.deepEqual(bands.map(({ count }) => count), [3, 3]) // biome-ignore format: one line

  const refused = chunks(1, 20).map((one) => ({ ...one, trace: 'r', reaction: 'refused' as const }))
  const few = layoutWeave([...chunks(1, 10), ...refused], PATH, overview, AREA)
  assert.deepEqual([few.bands.length, few.threads.length], [0, 2])
})

test('the way of one message has its hops with times and the wait between them in ms', () => {
  const [first, second] = passing
  assert.ok(first && second)
  const answer = frame(5, { kind: 'CALLRESULT', trace: 'a' })
  const sightings = sightingsOf(first, [...passing, answer])

  assert.deepEqual(sightings, passing, 'the answer is another message')
  assert.deepEqual(stepsOf(sightings, 'NN01'), [
    { from: 'CS01', to: 'NN01', at: Date.parse(at(30)) },
    { from: 'NN01', to: 'NN01', at: Date.parse(at(30)), waitMs: 10_000 },
    { from: 'NN01', to: 'CSMS01', at: Date.parse(at(40)) },
  ])
})

test('a hop that this node did not see has no time, and nothing is said to have waited around it', () => {
  const seen = frame(3, { time: at(10), direction: 'received', link: 'NN01', networkPath: ['CS01', 'NN01'], destination: 'CSMS01' }) // biome-ignore format: one line

  assert.deepEqual(stepsOf([seen], 'CSMS01'), [
    { from: 'CS01', to: 'NN01', at: undefined },
    { from: 'NN01', to: 'CSMS01', at: Date.parse(at(10)) },
  ])
})

test('what the weave shows is read back from the address, and what is no time is none', () => {
  const query = withWeave(new URLSearchParams('open=node:A'), { leaf: 'CS01', pausedAt: 5 })

  assert.equal(query.toString(), 'open=node%3AA&weave=CS01&paused=5')
  assert.deepEqual(parseWeave(query), { leaf: 'CS01', pausedAt: 5 })
  assert.deepEqual(parseWeave(new URLSearchParams('paused=-x')), { leaf: '', pausedAt: undefined })
  assert.equal(withWeave(query, { leaf: '', pausedAt: undefined }).toString(), 'open=node%3AA')
})
