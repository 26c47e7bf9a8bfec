import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { VirtualClock } from '../../src/primitives/clock.ts'
import { createCsms } from '../../src/roles/csms/csms.ts'
import { CsmsStore } from '../../src/storage/csms-store.ts'
import { settleLinks } from '../../src/transport/memory-link.ts'
import { temporaryFolder } from '../end-to-end/processes.ts'
import { until } from '../support/until.ts'
import { Socket, standardLinks } from './raw-station.ts'

const BOOT = '[2 ,"b1","BootNotification", {"reason":"PowerUp","chargingStation":{"vendorName":"V","model":"M"}} ]' // biome-ignore format: one line

/** A CSMS, and a station whose words are bytes. */
async function started(t: TestContext, file = ':memory:') {
  const store = new CsmsStore(file)
  const socket = new Socket()
  const clock = new VirtualClock()
  const csms = createCsms({ nodeId: 'CSMS01', links: [socket], store, tokens: [], clock })
  await csms.start()
  const [up, down] = standardLinks('CS01', 'ocpp2.1', clock)
  const heard: unknown[][] = []
  up.attach({
    message: (bytes) => heard.push(JSON.parse(Buffer.from(bytes).toString()) as unknown[]),
    closed: () => {},
  })
  socket.plug(down)
  let isOpen = true
  const stop = async () => {
    if (!isOpen) return
    isOpen = false
    await csms.stop()
    store.close()
  }
  t.after(stop)
  const say = (text: string) => up.send(Buffer.from(text), false)
  const answered = (id: string) => until(() => heard.some((frame) => frame[1] === id), id)
  say(BOOT)
  await answered('b1')
  /** What waits to be written is. */
  const written = async () => {
    await settleLinks()
    await clock.advance(1_000)
    await clock.advance(1_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const kept = () =>
    store.messages.page('CS01', 5_000).map(({ kind, messageId, action, refused, frame }) => {
      const text = frame && Buffer.from(frame).toString()
      return { kind, messageId, action, refused, text }
    })
  return { store, csms, clock, heard, say, answered, written, kept, stop }
}

test('a CALL that counts is kept byte by byte, once, with what follows from it', async (t) => {
  const all = await started(t)
  await all.written()
  assert.deepEqual(all.kept(), [
    { kind: 'CALL', messageId: 'b1', action: 'BootNotification', refused: undefined, text: BOOT },
  ])
})

test('CALLs that are refused or that nobody has built, and what cannot be read, are kept with the reason', async (t) => {
  const all = await started(t)
  const unbuilt = '[2,"n1","NotifyPeriodicEventStreams",{}]'
  const wrong = '[2,"n2","Heartbeat", { "what":1 } ]'
  const report = '[2,"n3","NotifyDERAlarm",{"controlType":"Gradients","timestamp":"2026-01-01T00:00:00Z"}]' // biome-ignore format: one line
  const broken = '[2,"n4","Heartbeat",{]'
  for (const text of [unbuilt, wrong, report, broken]) all.say(text)
  await all.written()
  assert.deepEqual(
    all.kept().slice(0, 4).reverse(),
    [
      { kind: 'CALL', messageId: 'n1', action: 'NotifyPeriodicEventStreams', refused: 'ERR_SCHEMA_UNKNOWN_ACTION', text: unbuilt },
      { kind: 'CALL', messageId: 'n2', action: 'Heartbeat', refused: 'ERR_SCHEMA_FORMAT', text: wrong },
      { kind: 'CALL', messageId: 'n3', action: 'NotifyDERAlarm', refused: 'ERR_SCHEMA_UNSUPPORTED', text: report },
      { kind: 'unreadable', messageId: undefined, action: '', refused: 'ERR_WIRE_JSON', text: broken },
    ], // biome-ignore format: a table
  )
  // Nothing follows from them.
  assert.deepEqual(all.store.messages.of('CS01').length, 1)
})

test('what a station answers is kept, with the action of the question, errors and late answers too', async (t) => {
  const all = await started(t)
  const ask = async () => {
    const count = all.heard.length
    const request = { station: 'CS01', action: 'ClearCache', request: {}, askedBy: 'anna' }
    const operation = await all.csms.operations.submit(request)
    await until(() => all.heard.length > count, 'the question')
    return { operation, id: String(all.heard.at(-1)?.[1]) }
  }
  const first = await ask()
  all.say(`[3, "${first.id}", {"status" : "Accepted"}]`)
  await settleLinks()
  const second = await ask()
  all.say(`[4,"${second.id}","InternalError","no",{}]`)
  all.say(`[3,"${first.id}",{"status":"Rejected"}]`)
  await all.written()
  assert.deepEqual(
    all.kept().slice(0, 3).reverse(),
    [
      { kind: 'CALLRESULT', messageId: first.id, action: 'ClearCache', refused: undefined, text: `[3, "${first.id}", {"status" : "Accepted"}]` },
      { kind: 'CALLERROR', messageId: second.id, action: 'ClearCache', refused: undefined, text: `[4,"${second.id}","InternalError","no",{}]` },
      { kind: 'CALLRESULT', messageId: first.id, action: '', refused: 'ERR_ROUTE_NO_REQUEST', text: `[3,"${first.id}",{"status":"Rejected"}]` },
    ], // biome-ignore format: a table
  )
})

test('whoever is refused without end fills no disk, and pushes out nothing that counts', async (t) => {
  const all = await started(t)
  for (let round = 0; round < 15; round++) {
    for (let i = 0; i < 250; i++) all.say(`[2,"x${round}-${i}","Heartbeat",{"what":1}]`)
    await all.written()
  }
  const kept = all.kept()
  assert.ok(kept.length <= 2_201, `${kept.length} are kept`)
  assert.equal(kept.at(-1)?.messageId, 'b1')
  assert.equal(kept[0]?.messageId, 'x14-199')
})

test('what waits to be written when the CSMS stops is written', async (t) => {
  const file = join(temporaryFolder(t), 'csms.sqlite')
  const all = await started(t, file)
  all.say('[2,"late","Heartbeat",{"what":1}]')
  await settleLinks()
  await all.stop()
  const store = new CsmsStore(file)
  assert.equal(store.messages.page('CS01', 1)[0]?.messageId, 'late')
  store.close()
})
