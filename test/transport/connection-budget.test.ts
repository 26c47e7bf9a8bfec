import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ConnectionBudget,
  connectionsWithin,
  httpConnectionsWithin,
} from '../../src/transport/connection-budget.ts'

/** How many connections a process lets in. */

// biome-ignore format: a table
for (const [openFiles, connections, http] of [
  [undefined, 18_000, 500], ['unlimited', 18_000, 500], [1_048_576, 18_000, 500], [20_000, 18_000, 500],
  [4_096, 3_686, 102], [1_024, 921, 25], [256, 192, 16], [32, 1, 7],
] as const) {
  test(`a process that may open ${openFiles} files has ${connections} connections`, () => {
    assert.deepEqual([connectionsWithin(openFiles), httpConnectionsWithin(openFiles)], [connections, http]) // biome-ignore format: one line
    if (typeof openFiles === 'number' && openFiles > 64) assert.ok(connections + 2 * http < openFiles)
  })
}

test('what was given back can be taken again, and no more', () => {
  const budget = new ConnectionBudget(2)
  assert.deepEqual([budget.take(), budget.take(), budget.take()], [true, true, false])
  budget.giveBack()
  assert.deepEqual([budget.open, budget.take(), budget.take()], [1, true, false])
})
