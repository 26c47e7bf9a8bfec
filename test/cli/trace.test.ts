import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startExecutable, until } from '../end-to-end/processes.ts'
import { serve } from '../http/node-console.ts'
import { overlay } from '../support/memory-overlay.ts'

/** A node with a station and a console, and what makes the station speak. */
async function node(t: Parameters<typeof overlay>[0]) {
  const net = overlay(t)
  const { url } = await serve(t, { node: await net.node('NN01') })
  const stations = new Map(['CS01', 'CS02'].map((id) => [id, net.station(id, 'NN01')]))
  const say = async (id: string, messageId: string) => {
    stations.get(id)?.send(`[2,"${messageId}","Heartbeat",{}]`)
    await net.settle()
  }
  await net.settle()
  return { url, say }
}

const ids = (output: string) =>
  output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { messageId: string }).messageId)

test('wattweave trace prints the records of a node, those of a station where one is named', async (t) => {
  const { url, say } = await node(t)
  await say('CS01', '1')
  await say('CS02', '2')

  const all = startExecutable(t, 'trace', url)
  assert.equal(await all.ended, 0)
  assert.deepEqual(ids(all.output()), ['1', '1', '2', '2'])
  assert.equal(all.errors(), '')
  const one = startExecutable(t, 'trace', url, '--station', 'CS02')
  assert.equal(await one.ended, 0)
  assert.deepEqual(ids(one.output()), ['2', '2'])
})

test('with --follow it goes on with what comes, each record once', async (t) => {
  const { url, say } = await node(t)
  await say('CS01', '1')
  const following = startExecutable(t, 'trace', url, '--follow')
  const seen = (count: number) => () => ids(following.output()).length === count
  await until('the first', seen(2))
  await say('CS01', '2')
  await until('the second', seen(4))
  await say('CS02', '3')
  await until('the third', seen(6))
  assert.deepEqual(ids(following.output()), ['1', '1', '2', '2', '3', '3'])
})

test('a console that is not there, or no URL, is said in one line', async (t) => {
  for (const [argument, said] of [
    [
      '127.0.0.1:8350',
      /^wattweave: "127\.0\.0\.1:8350" is not the URL of a console[^\n]*\n {2}[^\n]+\n$/,
    ],
    [
      'http://127.0.0.1:1/',
      /^wattweave: http:\/\/127\.0\.0\.1:1 cannot be reached: [^\n]*\n {2}[^\n]+\n$/,
    ],
  ] as const) {
    const process = startExecutable(t, 'trace', argument)
    assert.equal(await process.ended, 1)
    assert.match(process.errors(), said)
  }
})
