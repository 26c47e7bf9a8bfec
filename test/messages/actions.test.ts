import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { actionRow, actionsOf, EXTENSION_ACTIONS, PROTOCOLS } from '../../src/messages/index.ts'
import { officialSchemas } from '../../src/messages/official-schemas.ts'

test('OCPP 1.6 has 39 actions, 2.0.1 has 64, 2.1 has 91', () => {
  assert.deepEqual(
    PROTOCOLS.map((protocol) => actionsOf(protocol).size),
    [39, 64, 91],
  )
})

for (const protocol of PROTOCOLS) {
  test(`every schema of ${protocol} has a row, and every row has a schema`, () => {
    const rows = [...actionsOf(protocol).keys()].sort()
    const schemas = [...officialSchemas(protocol).keys()].sort()

    assert.deepEqual(rows, schemas)
  })

  test(`in ${protocol} exactly the actions without a response schema are SENDs`, () => {
    for (const [action, pair] of officialSchemas(protocol)) {
      assert.ok(pair.request, action)
      assert.equal(actionRow(protocol, action)?.send === true, pair.response === undefined, action)
    }
  })

  test(`the names of an object's own members are no actions of ${protocol}`, () => {
    for (const name of [
      '__proto__',
      'constructor',
      'toString',
      'hasOwnProperty',
      '',
      'heartbeat',
    ]) {
      assert.equal(actionRow(protocol, name), undefined, name)
    }
  })
}

test('an action of a later version is none of an earlier one', () => {
  assert.equal(actionRow('ocpp1.6', 'TransactionEvent'), undefined)
  assert.equal(actionRow('ocpp2.0.1', 'BatterySwap'), undefined)
  assert.equal(actionRow('ocpp2.1', 'StartTransaction'), undefined)
})

test('what a driver is billed by may wait in a queue, and commands may not', () => {
  for (const protocol of PROTOCOLS) {
    for (const [action, row] of actionsOf(protocol)) {
      if (row.from === 'csms') assert.equal(row.replay, 'live', action)
      if (row.priority === 'command') assert.equal(row.from, 'csms', action)
      assert.notEqual(row.priority, 'control', `${action} of a peer would overtake routing`)
    }
  }
  assert.equal(actionRow('ocpp1.6', 'StopTransaction')?.replay, 'queued')
  assert.equal(actionRow('ocpp2.1', 'TransactionEvent')?.replay, 'queued')
})

test('our own actions stand beside every version, and are none of its own', () => {
  for (const protocol of PROTOCOLS) {
    for (const [action, row] of EXTENSION_ACTIONS) {
      assert.equal(actionRow(protocol, action), row)
      assert.equal(actionsOf(protocol).has(action), false)
    }
  }
})

test('an action of ours is its schemas and one row, nothing else', () => {
  const expected = [...EXTENSION_ACTIONS].flatMap(([action, row]) =>
    row.send ? [`${action}Request.json`] : [`${action}Request.json`, `${action}Response.json`],
  )
  const files = readdirSync(new URL('../../schemas', import.meta.url)).filter((name) => name.endsWith('.json')) // biome-ignore format: one line

  assert.deepEqual(files.sort(), expected.sort())
})
