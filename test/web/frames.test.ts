import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filterFrames, isRefused, neighboursOf } from '../../web/frames/filter.ts'
import { appendFrames, FRAMES_KEPT, rejoinFrames } from '../../web/live/state.ts'
import {
  formatSelection,
  NO_FILTER,
  parseFilter,
  parseSelection,
  withFilter,
  withSelection,
} from '../../web/navigation/address.ts'
import { frame } from './park.ts'

const frames = [
  frame(1),
  frame(2, { kind: 'CALLRESULT', direction: 'sent', destination: 'CS01', reaction: 'originated' }),
  frame(3, { action: 'Authorize', reaction: 'refused', errorCode: 'ERR_SCHEMA_TYPE' }),
  frame(4, { link: 'CS06', networkPath: [], reaction: 'dropped', errorCode: 'ERR_ROUTE_LOOP' }),
]

test('without a filter every frame is listed, newest first', () => {
  assert.deepEqual(sequences(NO_FILTER), [4, 3, 2, 1])
})

test('words of the search must all occur, whatever their case and order', () => {
  assert.deepEqual(sequences({ ...NO_FILTER, text: 'schema_type authorize' }), [3])
  assert.deepEqual(sequences({ ...NO_FILTER, text: 'cs06 heartbeat' }), [4])
  assert.deepEqual(sequences({ ...NO_FILTER, text: 'cs06 authorize' }), [])
})

test('kind, link and refused narrow the list together', () => {
  assert.deepEqual(sequences({ ...NO_FILTER, kind: 'CALLRESULT' }), [2])
  assert.deepEqual(sequences({ ...NO_FILTER, link: 'CS06' }), [4])
  assert.deepEqual(sequences({ ...NO_FILTER, refused: true }), [4, 3])
  assert.deepEqual(sequences({ ...NO_FILTER, refused: true, link: 'NN01' }), [3])
})

test('a forwarded frame is found under both of its links', () => {
  const forwarded = frame(5, { reaction: 'forwarded', forwardedTo: 'CSMS01' })
  assert.equal(filterFrames([forwarded], { ...NO_FILTER, link: 'CSMS01' }).length, 1)
  assert.equal(isRefused(forwarded), false)
})

test('neighbours are listed once and sorted', () => {
  assert.deepEqual(neighboursOf(frames), ['CS06', 'NN01'])
})

test('the newest 2,000 frames are kept and none twice', () => {
  const many = Array.from({ length: FRAMES_KEPT }, (_, index) => frame(index + 1))
  const kept = appendFrames(many, [frame(FRAMES_KEPT), frame(FRAMES_KEPT + 1)])

  assert.equal(kept.length, FRAMES_KEPT)
  assert.equal(kept[0]?.sequence, 2)
  assert.equal(kept.at(-1)?.sequence, FRAMES_KEPT + 1)
  assert.equal(appendFrames(many, [frame(3)]), many)
})

test('after a reconnection the list goes on, and after a restart of the node it starts afresh', () => {
  assert.deepEqual(
    rejoinFrames(frames, [frame(4, frames[3]), frame(5)]).map(({ sequence }) => sequence),
    [1, 2, 3, 4, 5],
  )
  const restarted = [frame(1, { time: '2026-01-05T12:00:00.000Z' })]
  assert.deepEqual(rejoinFrames(frames, restarted), restarted)
})

test('selection and filter survive the address, and nonsense selects nothing', () => {
  for (const selection of [
    { type: 'frame', sequence: 12 },
    { type: 'node', id: 'CS 01/ä' },
    { type: 'link', id: 'NN01>CSMS01' },
    { type: 'window', name: 'refused' },
  ] as const) {
    const query = new URLSearchParams(withSelection(new URLSearchParams(), selection).toString())
    assert.deepEqual(parseSelection(query), selection, formatSelection(selection))
  }
  for (const open of ['', 'frame:x', 'window:keys', 'other:1', 'node:']) {
    assert.equal(parseSelection(new URLSearchParams({ open })), undefined, open)
  }
  const filter = { text: 'a b', kind: 'SEND', refused: true, link: 'NN01' } as const
  const query = withFilter(new URLSearchParams('open=frame:1'), filter)
  assert.deepEqual(parseFilter(query), filter)
  assert.equal(withFilter(query, NO_FILTER).toString(), 'open=frame%3A1')
})

function sequences(filter: typeof NO_FILTER): number[] {
  return filterFrames(frames, filter).map(({ sequence }) => sequence)
}
