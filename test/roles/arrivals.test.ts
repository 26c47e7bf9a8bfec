import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { silentLogger } from '../../src/node/core.ts'
import type { Context } from '../../src/node/handlers.ts'
import { VirtualClock } from '../../src/primitives/clock.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { Arrivals } from '../../src/roles/csms/arrivals.ts'
import { CsmsStore } from '../../src/storage/csms-store.ts'
import { decodeText } from '../../src/wire/text.ts'

const CALL = '[2,"m1","Heartbeat",{}]'
/** What a socket gives at once. */
const PIECE = 65_536

async function arrived(t: TestContext, isHandled: boolean) {
  const store = new CsmsStore(':memory:')
  t.after(() => store.close())
  await store.write(() => store.enterStation('CS01', true))
  const add = t.mock.method(store.messages, 'add')
  const clock = new VirtualClock()
  const arrivals = new Arrivals({ store, clock, log: silentLogger })
  const piece = Buffer.alloc(PIECE)
  piece.write(CALL, 100)
  const bytes = piece.subarray(100, 100 + CALL.length)
  const frame = decodeText(bytes)
  const refuse = async () => {
    throw new Error('refused')
  }
  const run = arrivals.of({ 'ocpp2.1': { Heartbeat: refuse } })['ocpp2.1']?.Heartbeat
  const refused = isHandled ? run?.({}, { payloadBytes: frame.payload } as Context) : undefined
  const message = { source: 'CS01' as NodeId, isStation: true, protocol: 'ocpp2.1' } as const
  arrivals.add({ ...message, frame, action: 'Heartbeat', bytes, errorCode: undefined, receivedAt: clock.now() }) // biome-ignore format: one line
  if (refused) await assert.rejects(Promise.resolve(refused))
  await arrivals.end()
  const [row] = add.mock.calls.map((call) => call.arguments[0])
  assert.ok(row)
  return row
}

for (const isHandled of [false, true]) {
  test(`what ${isHandled ? 'a handler has refused' : 'no handler has heard'} waits to be written in memory of its own`, async (t) => {
    const { head, payload, tail, refused } = await arrived(t, isHandled)

    const parts = [head, payload, tail].map((part) => part ?? assert.fail('a part is missing'))
    assert.equal(Buffer.concat(parts).toString(), CALL)
    assert.equal(refused, isHandled ? 'ERR_HANDLER' : undefined)
    const held = parts.map(({ buffer }) => buffer.byteLength)
    assert.deepEqual(held, parts.map(({ length }) => length)) // biome-ignore format: one line
  })
}
