import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startApi } from './api.ts'
import { startCsmsConsole } from './csms-console.ts'

/** Transactions of one token, and of a span of time. */

/** Transactions 1 to 4, by when they started; of number 5 only the end was told. */
const STARTS = [
  '2026-01-05T11:00:00.000Z',
  '2026-01-06T01:30:00.000+02:00', // 23:30 of the day before
  '2026-01-05T23:45:00.000-01:00', // 00:45 of the day after
  '2026-01-07T00:00:00.000Z',
]
const TOKENS = ['tag-1', 'TAG-2', 'Tag-1', "TAG'3"]

async function startFilled(t: Parameters<typeof startApi>[0]) {
  const api = await startApi(t)
  const { charging } = api.store
  await api.store.write(() => {
    for (const [n, startedAt] of STARTS.entries()) {
      charging.start({ station: 'CS01', transactionId: `T${n}`, evseId: 1, connectorId: 1, idToken: TOKENS[n], startedAt, meterStartWh: 0 }) // biome-ignore format: one line
    }
    charging.endUnseen({ station: 'CS02', transactionId: '77', endedAt: '2026-01-06T12:00:00.000Z', meterStopWh: 9_000, reason: 'Local' }) // biome-ignore format: one line
  })
  const ask = (role: 'viewer' | 'operator', query: Record<string, string>) =>
    api.ask(role, 'GET', `/api/transactions?${new URLSearchParams(query)}`)
  const numbers = async (query: Record<string, string>) =>
    ((await ask('operator', query)).body.transactions as { number: number }[]).map(({ number }) => number) // biome-ignore format: one chain
  return { ...api, ask, numbers }
}

test('transactions of a span are those that started in it, whatever offset the station writes', async (t) => {
  const { numbers } = await startFilled(t)

  assert.deepEqual(await numbers({ from: '2026-01-05T11:00:00Z', to: '2026-01-06T00:00:00Z' }), [2, 1]) // biome-ignore format: one line
  assert.deepEqual(await numbers({ from: '2026-01-05T11:00:00.001Z', to: '2026-01-06T00:45:00Z' }), [2]) // biome-ignore format: one line
  assert.deepEqual(await numbers({ to: '2026-01-06T02:45:00.001+02:00' }), [3, 2, 1])
  assert.deepEqual(await numbers({ from: '2026-01-07T00:00:00Z' }), [4])
  assert.deepEqual(await numbers({ from: '2026-01-01T00:00:00Z', to: '9999-12-31T00:00:00Z' }), [5, 4, 3, 2, 1]) // biome-ignore format: one line
  assert.deepEqual(await numbers({ from: '2027-01-01T00:00:00Z' }), [])
})

test('a transaction whose start nobody told is found by its end, and marked', async (t) => {
  const { ask } = await startFilled(t)

  const { body } = await ask('viewer', { from: '2026-01-06T11:59:00Z', to: '2026-01-06T12:01:00Z' })

  const [{ asOf: _, ...found }, ...others] = body.transactions
  assert.deepEqual(others, [])
  assert.deepEqual(found, { number: 5, station: 'CS02', transactionId: '77', state: 'ended', problems: ['no-start'], simulated: false, endedAt: '2026-01-06T12:00:00.000Z', reason: 'Local', meterStopWh: 9_000 }) // biome-ignore format: one line
})

test('transactions of a token are found as a whole and in any letter case, page by page', async (t) => {
  const { numbers, ask } = await startFilled(t)

  assert.deepEqual(await numbers({ idToken: 'TAG-1' }), [3, 1])
  assert.deepEqual(await numbers({ idToken: 'TAG' }), [])
  assert.deepEqual(await numbers({ idToken: "tag'3" }), [4])
  assert.deepEqual(await numbers({ idToken: 'TAG-1', to: '2026-01-06T00:00:00Z', station: 'CS01' }), [1]) // biome-ignore format: one line
  const first = (await ask('operator', { idToken: 'TAG-1', limit: '1' })).body
  assert.deepEqual(await numbers({ idToken: 'TAG-1', limit: '1', before: `${first.older}` }), [1])
})

test('who may not see tokens may not ask by one, whether or not there is such a token', async (t) => {
  const { ask } = await startFilled(t)
  const { get } = await startCsmsConsole(t)

  for (const idToken of ['TAG-1', 'NO-SUCH-TAG']) {
    const { status, body } = await ask('viewer', { idToken })
    assert.deepEqual(
      [status, body.detail],
      [403, 'to filter by id token needs the permission tokens:read'],
    )
    const open = await get(`/api/transactions?idToken=${idToken}`)
    assert.equal(open.status, 403, 'where nobody logs in, nobody is known to be entitled')
  }
})

test('a span or a token that makes no sense is answered with what is wrong', async (t) => {
  const { ask } = await startFilled(t)
  const problem = async (query: Record<string, string>) => {
    const { status, body } = await ask('operator', query)
    assert.equal(status, 400, JSON.stringify(query))
    return body.detail as string
  }

  assert.equal(await problem({ from: 'yesterday' }), '"from" must be a moment such as 2026-01-31T12:00:00Z, not "yesterday"') // biome-ignore format: one line
  assert.match(await problem({ to: '2026-02-30T00:00:00Z' }), /^"to" must be a moment/)
  assert.match(await problem({ to: '2026-01-05' }), /^"to" must be a moment/)
  assert.match(await problem({ to: '2026-01-05T00:00:00 01:00' }), /write %2B for \+/)
  assert.equal(await problem({ from: '2026-01-05T01:00:00Z', to: '2026-01-05T02:00:00+01:00' }), '"from" must be before "to"') // biome-ignore format: one line
  assert.match(await problem({ idToken: '' }), /"idToken" must be/)
  assert.match(await problem({ idToken: 'x'.repeat(256) }), /1 to 255 characters/)
})
