import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeId } from '../../src/primitives/ids.ts'
import { assertRoomOnPath, checkPath } from '../../src/routing/network-path.ts'

const path = (...texts: string[]) => texts as unknown as readonly [NodeId, ...NodeId[]]
const ids = (...texts: string[]) => texts as NodeId[]

test('a path ends in one of the names of the neighbour', () => {
  checkPath(path('CS01', 'LC01'), ids('LC01'), 'NN01' as NodeId)
  checkPath(path('CS01', 'lc01'), ids('LC01'), 'NN01' as NodeId)
  checkPath(path('CS01', 'site7'), ids('LC01', 'site7'), 'NN01' as NodeId)
  for (const last of ['CS01', 'LC0', 'LC011', 'L\u0421']) {
    const check = () => checkPath(path('CS01', last), ids('LC01'), 'NN01' as NodeId)
    assert.throws(check, { code: 'ERR_ROUTE_NEIGHBOUR' }, last)
  }
})

test('the own id anywhere on the path is a loop', () => {
  for (const loop of [path('NN01', 'LC01'), path('A', 'nn01', 'LC01')]) {
    const check = () => checkPath(loop, ids('LC01'), 'NN01' as NodeId)
    assert.throws(check, { code: 'ERR_ROUTE_LOOP' })
  }
})

test('a neighbour that claims to be this node is a liar before it is a loop', () => {
  const check = () => checkPath(path('NN01'), ids('LC01'), 'NN01' as NodeId)
  assert.throws(check, { code: 'ERR_ROUTE_NEIGHBOUR' })
})

test('there is room on a path up to the limit', () => {
  assertRoomOnPath(path('A'), 2)
  assert.throws(() => assertRoomOnPath(path('A', 'B'), 2), { code: 'ERR_ROUTE_HOP_LIMIT' })
})
