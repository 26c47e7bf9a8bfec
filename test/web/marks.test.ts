import assert from 'node:assert/strict'
import { test } from 'node:test'
import { layoutDiagram } from '../../web/diagram/layout.ts'
import { frameRoute, hopsOf, markShape, markSize, pointAlong } from '../../web/diagram/marks.ts'
import { addRefusals, REFUSAL_MS, withoutOld } from '../../web/diagram/refusals.ts'
import { walk } from '../../web/diagram/walk.ts'
import { frame, park } from './park.ts'

test('a mark grows with the logarithm of the bytes, from 5 to 10 px', () => {
  assert.equal(markSize(0), 5)
  assert.equal(markSize(32), 5)
  assert.equal(markSize(65_536), 10)
  assert.equal(markSize(10_000_000), 10)
  assert.ok(Math.abs(markSize(1448) - 7.5) < 0.01)
})

test('each kind of frame has a shape of its own, and a binary one is a square', () => {
  assert.equal(markShape({ kind: 'CALL', encoding: 'text' }), 'call')
  assert.equal(markShape({ kind: 'CALLRESULT', encoding: 'text' }), 'result')
  assert.equal(markShape({ kind: 'CALLERROR', encoding: 'text' }), 'error')
  assert.equal(markShape({ kind: 'SEND', encoding: 'text' }), 'send')
  assert.equal(markShape({ kind: 'CALL', encoding: 'binary' }), 'binary')
})

test('a received frame moves from its source along the path to this node', () => {
  const { nodes, links } = park(5)
  const hops = hopsOf(frameRoute(frame(1), 'CSMS01'), links, layoutDiagram(nodes, links))

  assert.deepEqual(
    hops.map((hop) => hop.link),
    ['CS01>NN01', 'NN01>CSMS01'],
  )
})

test('a sent frame moves on beyond the neighbour to its destination, against the links', () => {
  const { nodes, links } = park(5)
  const layout = layoutDiagram(nodes, links)
  const sent = frame(2, { direction: 'sent', networkPath: ['CSMS01'], destination: 'CS03' })
  const hops = hopsOf(frameRoute(sent, 'CSMS01'), links, layout)

  assert.deepEqual(
    hops.map((hop) => hop.link),
    ['NN01>CSMS01', 'CS03>NN01'],
  )
  assert.deepEqual(hops[0]?.points.at(-1), layout.wires.get('NN01>CSMS01')?.travel[0])
})

test('a refused frame ends at the node that refused it', () => {
  const refused = frame(3, { reaction: 'refused', forwardedTo: 'X', destination: 'Y' })
  assert.deepEqual(frameRoute(refused, 'CSMS01'), ['CS01', 'NN01', 'CSMS01'])
})

test('a way over an unknown node is left out and does not stop the rest', () => {
  const { nodes, links } = park(5)
  const strange = frame(4, { networkPath: ['ELSEWHERE', 'NN01'] })
  const hops = hopsOf(frameRoute(strange, 'CSMS01'), links, layoutDiagram(nodes, links))
  assert.deepEqual(
    hops.map((hop) => hop.link),
    ['NN01>CSMS01'],
  )
})

test('a point along a line keeps the speed over its corners and tells the heading', () => {
  const line = [
    [0, 0],
    [0, -30],
    [10, -30],
  ] as const
  assert.deepEqual(pointAlong(line, 0), { at: [0, 0], turn: -90 })
  assert.deepEqual(pointAlong(line, 0.5), { at: [0, -20], turn: -90 })
  assert.deepEqual(pointAlong(line, 1), { at: [10, -30], turn: 0 })
})

test('refusals from one neighbour share a cross, are counted, and go after five seconds', () => {
  const loop = frame(5, { reaction: 'dropped', errorCode: 'ERR_ROUTE_LOOP' })
  const one = addRefusals([], [loop, loop], 1000)

  assert.equal(one.length, 1)
  assert.equal(one[0]?.count, 2)
  assert.deepEqual(withoutOld(one, 1000 + REFUSAL_MS - 1), one)
  assert.deepEqual(withoutOld(one, 1000 + REFUSAL_MS), [])
  const other = addRefusals(one, [frame(6, { reaction: 'refused', errorCode: 'ERR_X' })], 2000)
  assert.deepEqual(
    other.map(({ code, count }) => [code, count]),
    [['ERR_X', 1]],
  )
})

test('arrow keys walk along links and along the tier', () => {
  const { nodes, links } = park(5)
  const layout = layoutDiagram(nodes, links)

  assert.equal(walk(layout, links, 'CS02', 'ArrowUp'), 'NN01')
  assert.equal(walk(layout, links, 'NN01', 'ArrowUp'), 'CSMS01')
  assert.equal(walk(layout, links, 'CSMS01', 'ArrowDown'), 'NN01')
  assert.equal(walk(layout, links, 'CS02', 'ArrowRight'), 'CS03')
  assert.equal(walk(layout, links, 'CS05', 'ArrowRight'), 'CS06')
  assert.equal(walk(layout, links, 'CS01', 'ArrowLeft'), undefined)
})
