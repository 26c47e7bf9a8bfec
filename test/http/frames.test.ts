import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FrameDetail, FrameView, TransactionPage } from '../../src/http/live-api.ts'
import { until } from '../end-to-end/processes.ts'
import { client } from '../support/sockets.ts'
import { ask, type CsmsConsole, startCsmsConsole } from './csms-console.ts'

const NO_PASSWORD = { authorization: '' }

/** A station that has said each of these CALLs and was answered. */
async function station(
  context: Parameters<typeof client>[0],
  { stationUrl }: CsmsConsole,
  calls: readonly string[],
): Promise<void> {
  const raw = await client(context, stationUrl, { id: 'CS16', headers: NO_PASSWORD })
  for (const call of calls) {
    raw.send(call)
    const [, messageId] = JSON.parse(call) as unknown[]
    await raw.take((frame) => frame[1] === messageId, `the answer to ${messageId}`)
  }
}

const heartbeats = (count: number) =>
  Array.from({ length: count }, (_, n) => `[2,"h${n}","Heartbeat",{}]`)

async function frames({ get }: CsmsConsole, query = ''): Promise<readonly FrameView[]> {
  return ((await get(`/api/frames${query}`)).body as { frames: FrameView[] }).frames
}

async function detail(console: CsmsConsole, messageId: string): Promise<FrameDetail> {
  const found = (await frames(console)).find((frame) => frame.messageId === messageId)
  return (await console.get(`/api/frames/${found?.sequence}`)).body as FrameDetail
}

test('an id token appears as the same fingerprint in the payload, the bytes and the transaction', async (t) => {
  const console = await startCsmsConsole(t)
  const at = '2026-01-05T11:00:00.000Z'
  await station(t, console, [
    '[2,"a1","Authorize",{"idTag":"SECRET-CARD"}]',
    `[2,"a2","StartTransaction",{"connectorId":1,"idTag":"SECRET-CARD","meterStart":0,"timestamp":"${at}"}]`,
  ])

  const { payload, raw, envelope } = await detail(console, 'a1')
  const { transactions } = (await console.get('/api/transactions')).body as TransactionPage

  const { idTag } = payload as { idTag: string }
  assert.match(idTag, /^#[0-9a-f]{8}$/)
  assert.ok(raw.includes(`"idTag":"${idTag}"`), raw)
  assert.equal(transactions[0]?.token, idTag)
  assert.equal(envelope.at(-1)?.value, JSON.stringify({ idTag }))
  assert.doesNotMatch(JSON.stringify(await frames(console)), /SECRET-CARD/)
})

test('a token hides neither behind an escaped name nor in the part of a frame that was kept', async (t) => {
  const console = await startCsmsConsole(t)
  const long = `${'x'.repeat(70_000)}`
  await station(t, console, [
    String.raw`[2,"e1","Authorize",{"\u0069dTag":"SECRET-CARD"}]`,
    `[2,"e2","Authorize",{"idTag":"SECRET-CARD${long}"}]`,
  ])

  assert.doesNotMatch((await detail(console, 'e1')).raw, /SECRET/)
  assert.equal((await detail(console, 'e1')).problems.length, 0)
  // Its end is missing, so it cannot be decoded; it is the newest frame a station sent.
  const cut = (await frames(console)).findLast(({ direction }) => direction === 'received')
  const { raw, truncated } = (await console.get(`/api/frames/${cut?.sequence}`)).body as FrameDetail
  assert.equal(truncated, true)
  assert.doesNotMatch(raw, /SECRET/)
})

test('a token in a binary frame is a fingerprint among bytes that stay what they are', async (t) => {
  const console = await startCsmsConsole(t)
  const raw = await client(t, console.stationUrl, { id: 'CS16', headers: NO_PASSWORD })
  const hexOf = (text: string) => Buffer.from(text, 'latin1').toString('hex')

  raw.send(Buffer.from('[2,"b1","Authorize",{"idTag":"SECRET-CARD","x":"\xff"}]', 'latin1'))
  const received = await until('the frame to be logged', async () =>
    (await frames(console)).find(({ encoding }) => encoding === 'binary'),
  )
  const { body } = await console.get(`/api/frames/${received.sequence}`)

  const { raw: hex } = body as FrameDetail
  assert.ok(!hex.includes(hexOf('SECRET-CARD')))
  assert.ok(hex.startsWith(hexOf('[2,"b1","Authorize",{"idTag":"#')))
  assert.ok(hex.endsWith(hexOf('","x":"\xff"}]')))
})

test('the password in a configuration message is a fingerprint, whatever its member is called', async (t) => {
  const console = await startCsmsConsole(t)
  await station(t, console, [
    '[2,"p1","ChangeConfiguration",{"key":"AuthorizationKey","value":"0123456789abcdef"}]',
  ])

  const { raw, payload } = await detail(console, 'p1')

  assert.doesNotMatch(raw + JSON.stringify(payload), /0123456789abcdef/)
  assert.match(raw, /"key":"AuthorizationKey"/)
})

test('frames are listed oldest first, after a sequence, at most the newest of a limit', async (t) => {
  const console = await startCsmsConsole(t)
  await station(t, console, heartbeats(5))

  const all = await frames(console)
  const sequences = all.map(({ sequence }) => sequence)
  const of = async (query: string) => (await frames(console, query)).map((f) => f.sequence)

  assert.ok(all.length >= 10)
  assert.deepEqual(
    sequences,
    sequences.toSorted((a, b) => a - b),
  )
  assert.deepEqual(await of(`?after=${sequences.at(-3)}`), sequences.slice(-2))
  assert.deepEqual(await of('?limit=4'), sequences.slice(-4))
  assert.deepEqual(await of(`?after=${sequences.at(-1)}`), [])
})

test('no more than 500 frames are given at once', async (t) => {
  const console = await startCsmsConsole(t)
  await station(t, console, heartbeats(300))

  assert.equal((await frames(console)).length, 500)
})

test('a query of frames that makes no sense is answered 400, a frame that is gone 404', async (t) => {
  const { get } = await startCsmsConsole(t)

  for (const query of ['?limit=0', '?limit=501', '?after=-1', '?after=x', '?last=1', '/first']) {
    const { status, body } = await get(`/api/frames${query}`)
    assert.equal(status, 400, query)
    assert.match((body as { detail: string }).detail, /^"\w+" /, query)
  }
  assert.equal((await get('/api/frames/999999')).status, 404)
})

test('the console answers under names of this machine only', async (t) => {
  const { server } = await startCsmsConsole(t)
  const { port } = new URL(server.url)
  const status = async (host: string) =>
    (await ask(server, 'GET', '/api/overview', { host })).status

  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`]) {
    assert.equal(await status(host), 200, host)
  }
  for (const host of ['evil.example', `localhost.evil.example:${port}`, `127.0.0.1.evil.example`]) {
    assert.equal(await status(host), 421, host)
  }
})

test('the frames of one message are found among all, its answer with it', async (t) => {
  const console = await startCsmsConsole(t)
  await station(t, console, heartbeats(9))
  const all = await frames(console)
  const trace = all.find(({ messageId }) => messageId === 'h4')?.trace

  const found = await frames(console, `?trace=${trace}`)

  assert.deepEqual(found.map(({ kind, messageId }) => [kind, messageId]), [['CALL', 'h4'], ['CALLRESULT', 'h4']]) // biome-ignore format: one line
  assert.deepEqual(await frames(console, '?trace=nobody'), [])
  assert.equal(found[0]?.priority, 'telemetry')
})

test('the time of a hop is told where this node was at one end of it, and no other', async (t) => {
  const console = await startCsmsConsole(t)
  await station(t, console, heartbeats(1))

  const { hops, time } = await detail(console, 'h0')

  assert.ok(hops.every((hop) => hop.time === undefined || hop.time === time))
  assert.ok(hops.every(({ from, to, time: at }) => at === undefined || from === 'CSMS01' || to === 'CSMS01')) // biome-ignore format: one line
})
