import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { WebSocket } from 'ws'
import { until } from '../end-to-end/processes.ts'
import { type Api, startApi } from './api.ts'

/** A stream is for as long as whoever opened it may read what it tells. */

interface Stream {
  readonly heard: () => string
  readonly isOver: () => boolean
}

async function listen(
  t: TestContext,
  api: Api,
  headers: Record<string, string>,
): Promise<Record<'sse' | 'socket', Stream>> {
  return { sse: await sse(t, api, headers), socket: await socket(t, api, headers) }
}

async function sse(t: TestContext, api: Api, headers: Record<string, string>): Promise<Stream> {
  const stop = new AbortController()
  t.after(() => stop.abort())
  const { status, body } = await fetch(new URL('/api/live', api.server.url), { headers, signal: stop.signal }) // biome-ignore format: one line
  assert.equal(status, 200)
  let heard = ''
  let isOver = false
  void (async () => {
    for await (const chunk of body ?? []) heard += Buffer.from(chunk).toString()
    isOver = true
  })().catch(() => {})
  await until('the first event', () => heard !== '')
  return { heard: () => heard, isOver: () => isOver }
}

async function socket(t: TestContext, api: Api, headers: Record<string, string>): Promise<Stream> {
  const opened = new WebSocket(new URL('/api/live', api.server.url.replace(/^http/, 'ws')), { headers }) // biome-ignore format: one line
  t.after(() => opened.terminate())
  let heard = ''
  let code: number | undefined
  opened.on('message', (data) => {
    heard += String(data)
  })
  opened.on('close', (said) => {
    code = said
  })
  await until('the first event', () => heard !== '')
  return { heard: () => heard, isOver: () => code === 1008 }
}

/** Somebody with a session, as the header of their browser says it. */
function logIn({ accounts }: Api, name: string) {
  accounts.putUser(name, 'operator')
  const { secret, csrf } = accounts.openSession({ name })
  return { cookie: `wattweave-session=${secret}`, 'x-csrf-token': csrf }
}

// biome-ignore format: a table
const ENDS: readonly (readonly [what: string, end: (api: Api, session: Record<string, string>, token: number) => Promise<{ status: number }>])[] = [
  ['an API token is removed', ({ ask }, _, token) => ask('admin', 'DELETE', `/api/api-tokens/${token}`)],
  ['they log out',            ({ ask }, session)  => ask(undefined, 'DELETE', '/api/session', undefined, session)],
  ['they are demoted',        ({ ask })           => ask('admin', 'PUT', '/api/users/anna', { role: 'viewer' })],
  ['they are removed',        ({ ask })           => ask('admin', 'DELETE', '/api/users/anna')],
]
for (const [what, end] of ENDS) {
  test(`streams end when ${what}, and those of others go on`, async (t) => {
    const api = await startApi(t)
    const { id, secret } = api.accounts.newApiToken('n', 'viewer')
    const session = logIn(api, 'anna')
    const isToken = what.includes('token')
    const theirs = await listen(t, api, isToken ? { authorization: `Bearer ${secret}` } : session)
    const others = await listen(t, api, logIn(api, 'bert'))

    const { status } = await end(api, session, id)

    assert.ok(status < 300, `${status}`)
    await until('the end', () => theirs.sse.isOver() && theirs.socket.isOver())
    const before = others.sse.heard().length
    await until('more for the others', () => others.sse.heard().length > before)
    assert.deepEqual([others.sse.isOver(), others.socket.isOver()], [false, false])
  })
}

test('streams of an API token whose time is over end with the next heartbeat', async (t) => {
  const api = await startApi(t)
  const soon = new Date(Date.now() + 1_000).toISOString()
  const { secret } = api.accounts.newApiToken('n', 'viewer', { expiresAt: soon })

  const { sse, socket } = await listen(t, api, { authorization: `Bearer ${secret}` })

  await until('the end', () => sse.isOver() && socket.isOver())
})

test('an account store tells at once when somebody may do less', async (t) => {
  const { accounts } = await startApi(t)
  let count = 0
  const quiet = accounts.onChange(() => count++)
  accounts.putUser('anna', 'operator')
  const { secret } = accounts.openSession({ name: 'anna' })

  accounts.closeSession(secret)
  accounts.putUser('anna', 'viewer')
  accounts.removeUser('anna')
  accounts.removeApiToken(1)
  quiet()
  accounts.removeApiToken(2)

  assert.equal(count, 5)
})
