import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConnectionBudget, connectionsWithin } from '../../src/transport/connection-budget.ts'

/** How many connections a process lets in. */

// biome-ignore format: a table
for (const [openFiles, connections] of [
  [undefined, 18_000], ['unlimited', 18_000], [1_048_576, 18_000], [20_000, 18_000],
  [4_096, 3_686], [1_024, 921], [256, 192], [32, 1],
] as const) {
  test(`a process that may open ${openFiles} files has ${connections} connections`, () => {
    assert.equal(connectionsWithin(openFiles), connections)
  })
}

test('what was given back can be taken again, and no more', () => {
  const budget = new ConnectionBudget(2)
  assert.deepEqual([budget.take(), budget.take(), budget.take()], [true, true, false])
  budget.giveBack()
  assert.deepEqual([budget.open, budget.take(), budget.take()], [1, true, false])
})
