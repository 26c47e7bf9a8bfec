import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LinkView, NodeView } from '../../src/http/live-api.ts'
import { type Box, layoutDiagram } from '../../web/diagram/layout.ts'
import { link, node, park } from './park.ts'

test('the same nodes and links give the same drawing, in whatever order they come', () => {
  const { nodes, links } = park(5)

  const one = layoutDiagram(nodes, links)
  const other = layoutDiagram([...nodes].reverse(), [...links].reverse())

  assert.deepEqual(sorted(one.boxes), sorted(other.boxes))
  assert.deepEqual(sorted(one.wires), sorted(other.wires))
})

test('services stand above nodes and nodes above stations', () => {
  const { nodes, links } = park(3)
  const { boxes } = layoutDiagram(nodes, links)

  assert.ok(y(boxes, 'CSMS01') < y(boxes, 'NN01'))
  assert.ok(y(boxes, 'NN01') < y(boxes, 'CS01'))
  assert.equal(y(boxes, 'CS01'), y(boxes, 'CS06'))
})

test('a new station takes a free place and nothing else moves', () => {
  const before = park(5)
  const first = layoutDiagram(before.nodes, before.links)
  const nodes = [...before.nodes, node('CS00', 'charging-station')]
  const links = [...before.links, link('CS00', 'NN01')]

  const second = layoutDiagram(nodes, links, first.slots)

  for (const [id, box] of first.boxes) assert.deepEqual(at(second.boxes.get(id)), at(box), id)
  assert.ok(second.boxes.has('CS00'))
  assertNoOverlap([...second.boxes.values()])
})

test('stations that connect one by one never move and never overlap', () => {
  const nodes: NodeView[] = [node('CSMS01', 'csms')]
  const links: LinkView[] = []
  let layout = layoutDiagram(nodes, links)
  for (let index = 1; index <= 30; index += 1) {
    const id = `CS${String((index * 7) % 31).padStart(2, '0')}`
    nodes.push(node(id, 'charging-station'))
    links.push(link(id, 'CSMS01'))
    const next = layoutDiagram(nodes, links, layout.slots)
    for (const [known, box] of layout.boxes) {
      if (box.tier === 'station') assert.deepEqual(at(next.boxes.get(known)), at(box), known)
    }
    layout = next
    assertNoOverlap([...layout.boxes.values()])
  }
})

test('a station that went leaves its place to the next one', () => {
  const { nodes, links } = park(5)
  const first = layoutDiagram(nodes, links)
  const without = nodes.filter(({ id }) => id !== 'CS02')
  const gap = layoutDiagram(without, links, first.slots)

  const joined = [...without, node('CS99', 'charging-station')]
  const filled = layoutDiagram(joined, [...links, link('CS99', 'NN01')], gap.slots)

  assert.deepEqual(at(filled.boxes.get('CS99')), at(first.boxes.get('CS02')))
})

test('a new node stands to the right of everything', () => {
  const { nodes, links } = park(5)
  const first = layoutDiagram(nodes, links)
  const more = [...nodes, node('NN00', 'networking-node')]

  const second = layoutDiagram(more, [...links, link('NN00', 'CSMS01', 'overlay')], first.slots)

  assert.deepEqual(at(second.boxes.get('NN01')), at(first.boxes.get('NN01')))
  assert.ok((second.boxes.get('NN00')?.x ?? 0) > (first.boxes.get('CS05')?.x ?? 0))
  assertNoOverlap([...second.boxes.values()])
})

test('every link meets both of its boxes, and the bar of a node spans what hangs from it', () => {
  const { nodes, links } = park(12)
  const { boxes, wires } = layoutDiagram(nodes, links)
  const bar = boxes.get('NN01')?.bar
  assert.ok(bar)

  for (const { id, from, to } of links) {
    const wire = wires.get(id)
    const lower = boxes.get(from)
    assert.ok(wire && lower)
    const [x, top] = wire.points.at(-1) ?? [0, 0]
    const [startX, startY] = wire.points[0] ?? [0, 0]
    assert.ok(startX >= lower.x && startX <= lower.x + lower.width, `${id} starts at its box`)
    assert.ok(startY >= lower.y && startY <= lower.y + lower.height, `${id} starts at its box`)
    if (to === 'NN01')
      assert.ok(x >= bar.left && x <= bar.right && top >= bar.y, `${id} on the bar`)
  }
})

test('more than 60 stations under a node are drawn as cells, more than 400 as counts', () => {
  const cells = park(61)
  const drawn = layoutDiagram(cells.nodes, cells.links)
  assert.equal(drawn.boxes.get('CS01')?.isCell, true)
  assert.equal(drawn.counts.length, 0)

  const many = park(401)
  const counted = layoutDiagram(many.nodes, many.links)
  assert.equal(counted.boxes.has('CS01'), false)
  assert.equal(counted.counts[0]?.stations.length, 401)
})

test('a ring of links and a link to an unknown node are drawn without hanging', () => {
  const nodes = [node('NN01', 'networking-node'), node('NN02', 'networking-node')]
  const links = [
    link('NN01', 'NN02', 'overlay'),
    link('NN02', 'NN01', 'overlay'),
    link('NN01', 'X'),
  ]

  const { boxes, wires } = layoutDiagram(nodes, links)

  assert.equal(boxes.size, 2)
  assert.equal(wires.has('NN01>X'), false)
})

test('an overlay of nothing has a drawing too', () => {
  const { bounds } = layoutDiagram([], [])
  assert.ok(bounds.width > 0 && bounds.height > 0)
})

function sorted<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort((a, b) => (a[0] < b[0] ? -1 : 1))
}

function y(boxes: ReadonlyMap<string, Box>, id: string): number {
  return boxes.get(id)?.y ?? Number.NaN
}

function at(box: Box | undefined) {
  return box && { x: box.x, y: box.y }
}

function assertNoOverlap(boxes: readonly Box[]): void {
  for (const [index, a] of boxes.entries()) {
    for (const b of boxes.slice(index + 1)) {
      const apart =
        a.x + a.width <= b.x ||
        b.x + b.width <= a.x ||
        a.y + a.height <= b.y ||
        b.y + b.height <= a.y
      assert.ok(apart, `${a.id} overlaps ${b.id}`)
    }
  }
}
