import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { silentLogger } from '../../src/node/core.ts'
import { VirtualClock } from '../../src/primitives/clock.ts'
import { keepFor } from '../../src/roles/csms/retention.ts'
import { CsmsStore } from '../../src/storage/csms-store.ts'
import { temporaryFolder } from '../end-to-end/processes.ts'
import { until } from '../support/until.ts'

const DAY_MS = 86_400_000

function start(t: TestContext, file = ':memory:') {
  const store = new CsmsStore(file)
  t.after(() => store.close())
  const clock = new VirtualClock()
  const daysAgo = (days: number) => new Date(clock.now() - days * DAY_MS).toISOString()
  const message = (days: number) =>
    store.write(
      () =>
      store.addMessage({ station: 'CS01', protocol: 'ocpp2.1', action: 'Heartbeat', receivedAt: daysAgo(days), payload: Buffer.from('{}') }), // biome-ignore format: one line
    )
  const ages = () =>
    store.messages.of('CS01').map(({ receivedAt }) => Math.round((clock.now() - Date.parse(receivedAt)) / DAY_MS)) // biome-ignore format: one line
  return { store, clock, message, ages, daysAgo, around: { store, clock, log: silentLogger } }
}

test('messages older than they are kept for are deleted, however many, and the others stay', async (t) => {
  const { store, message, ages, around } = start(t)
  await Promise.all(Array.from({ length: 1_203 }, () => message(31)))
  for (const days of [29, 5]) await message(days)

  t.after(keepFor({ messagesDays: 30 }, around))

  await until(() => store.messages.of('CS01').length === 2, 'the old ones to be gone')
  assert.deepEqual(ages(), [29, 5])
})

test('what grows too old while the CSMS runs is deleted within the hour', async (t) => {
  const { clock, message, ages, around } = start(t)
  for (const days of [29.99, 1, 0]) await message(days)
  t.after(keepFor({ messagesDays: 30 }, around))
  await clock.advance(1_000)
  assert.deepEqual(ages(), [30, 1, 0])

  await clock.advance(3_600_000)

  await until(() => ages().length === 2, 'the oldest to be gone')
  assert.deepEqual(ages(), [1, 0])
})

test('what is not named is kept for ever', async (t) => {
  const { store, message, around, daysAgo } = start(t)
  for (const days of [9_000, 8_000]) await message(days)
  await store.write(() => {
    for (const days of [90, 80, 1]) store.securityEvents.add('CS01', { type: 'X', timestamp: daysAgo(days) }, daysAgo(days)) // biome-ignore format: one line
  })

  t.after(keepFor({ securityEventsDays: 30 }, around))

  const events = () => store.securityEvents.page({ limit: 9 }).length
  await until(() => events() === 1, 'the old events to be gone')
  assert.equal(store.messages.of('CS01').length, 2)
})

test('the number of a deleted message is never given again, so that nothing means another one by it', async (t) => {
  const file = join(temporaryFolder(t), 'csms.sqlite')
  const { message, store, around } = start(t, file)
  const ids = [await message(99), await message(98)]
  t.after(keepFor({ messagesDays: 30 }, around))
  await until(() => store.messages.of('CS01').length === 1, 'all that may go to be gone')

  const next = await message(0)

  assert.ok(!ids.includes(next), `${next} again`)
})

test('operations go by when they were asked for', async (t) => {
  const { store, around, daysAgo } = start(t)
  const add = (id: string, days: number) =>
    store.operations.add({ id, station: 'CS01', protocol: 'ocpp2.1', action: 'Reset', request: {}, state: 'failed', askedBy: 'anna', askedAt: daysAgo(days) }) // biome-ignore format: one line
  await store.write(() => {
    add('01', 50)
    add('02', 3)
  })

  t.after(keepFor({ operationsDays: 7 }, around))

  await until(() => store.operations.find('01') === undefined, 'the old one to be gone')
  assert.ok(store.operations.find('02'))
})
