import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNode } from '../../src/node/node.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { accept } from '../../src/transport/websocket-server.ts'
import { upgrade } from '../support/sockets.ts'

test('a node that drains sends newcomers away, and keeps who is there', async (t) => {
  const listener = accept({ nodeId: 'NN01' as NodeId, port: 0, insecure: true })
  const node = createNode({ nodeId: 'NN01', links: [listener] })
  await node.start()
  t.after(() => node.stop())
  const headers = { 'sec-websocket-protocol': 'ocpp2.1' }
  assert.equal((await upgrade(`${listener.url}CS01`, headers)).status, 101)

  await node.drain(0)

  const { status } = await upgrade(`${listener.url}CS02`, headers)
  assert.equal(status, 503)
})
