import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { TransactionPage } from '../../src/http/live-api.ts'
import { passwordOf, startChain, startNode, until } from '../end-to-end/processes.ts'
import { judge, openCalls } from './debugkit.ts'

/** npm `@ocpp-debugkit/toolkit` judges the traces that a node exports. It knows OCPP 1.6. */

/** Sessions of each EVSE, each as long as one of the demo. */
const SESSIONS = process.env.SOAK === '1' ? 12 : 3

/** @param hops Nodes between the station and the CSMS; the trace is that of the first one. */
async function startStation(t: TestContext, tokens: readonly string[], hops = 0) {
  const { csms, edge, folder } = await startChain(t, hops)
  const simulation = { evses: 2, pauseS: 1, sessionS: 4, meterIntervalS: 1, sessions: SESSIONS }
  // biome-ignore format: one line
  await startNode(t, folder, { nodeId: 'CS01', role: 'charging-station', data: folder, tokens, simulation, uplinks: [{ url: edge.url, mode: 'standard', protocol: 'ocpp1.6', passwordFile: passwordOf(folder, 'CS01').file }], log: 'silent' })
  const get = (path: string) => fetch(new URL(`api/${path}`, csms.console))
  const trace = async () => (await fetch(new URL('api/trace?station=CS01', edge.console))).text()
  return { get, trace }
}

for (const [where, hops] of [
  ['the CSMS', 0],
  ['the node at its edge', 1],
] as const) {
  test(`the trace of a day as in the demo, exported by ${where}, has nothing in it that is not explained`, async (t) => {
    const { get, trace } = await startStation(t, ['TAG-1'], hops)
    for (let ended = 0; ended < 2 * SESSIONS; ended++) {
      await until(`${ended + 1} transactions to have ended`, async () => {
        const { transactions } = (await (await get('transactions?state=ended')).json()) as TransactionPage // biome-ignore format: one line
        return transactions.length > ended
      })
    }

    const whole = await until('an answer to every call', async () => {
      const text = await trace()
      return openCalls(text).length === 0 && text
    })
    const { sessions, unexplained } = judge(whole)

    assert.equal(sessions.filter(({ transactionId }) => transactionId != null).length, 2 * SESSIONS)
    assert.deepEqual(unexplained, [])
  })
}

test('the same judge notices a token that is refused', async (t) => {
  const { trace } = await startStation(t, ['NOBODY'])

  await until('the refusal', async () => {
    const text = await trace()
    return text !== '' && judge(text).failures.some(({ code }) => code === 'FAILED_AUTHORIZATION')
  })
})
