import type { TestContext } from 'node:test'
import type { Protocol } from '../../src/messages/protocols.ts'
import { VirtualClock } from '../../src/primitives/clock.ts'
import { type CsmsOptions, createCsms } from '../../src/roles/csms/csms.ts'
import { CsmsStore } from '../../src/storage/csms-store.ts'
import type { OperationRow } from '../../src/storage/operation-rows.ts'
import { settleLinks } from '../../src/transport/memory-link.ts'
import { until } from '../support/until.ts'
import { Socket, standardLinks } from './raw-station.ts'

type Fixed = object | 'silence' | [code: string, sentence: string]
type Answer = Fixed | ((payload: Record<string, unknown>) => Fixed)

/** A CSMS and one station that answers as the test wants, over links in memory. */
export async function startPair(
  t: TestContext,
  protocol: Protocol,
  more: Partial<CsmsOptions> = {},
) {
  const store = new CsmsStore(':memory:')
  const socket = new Socket()
  const clock = new VirtualClock()
  const csms = createCsms({
    nodeId: 'CSMS01',
    links: [socket],
    store,
    tokens: ['TAG-1'],
    clock,
    ...more,
  })
  await csms.start()
  t.after(async () => {
    await csms.stop()
    store.close()
  })
  const [up, down] = standardLinks('CS01', protocol, clock)
  const answers = new Map<string, Answer>()
  const asked: [string, unknown][] = []
  const send = (frame: unknown[]) => up.send(Buffer.from(JSON.stringify(frame)), false)
  up.attach({
    message(bytes) {
      const [type, id, action, payload] = JSON.parse(Buffer.from(bytes).toString())
      if (type !== 2) return
      asked.push([action, payload])
      const known = answers.get(action) ?? { status: 'Accepted' }
      const answer = typeof known === 'function' ? known(payload) : known
      if (answer === 'silence') return
      if (Array.isArray(answer)) return send([4, id, ...answer, {}])
      send([3, id, answer])
    },
    closed() {},
  })
  socket.plug(down)
  let count = 0
  const say = async (action: string, payload: object) => {
    const before = store.messages.of('CS01').length
    send([2, `m${++count}`, action, payload])
    await until(() => store.messages.of('CS01').length > before, action)
  }
  await say('BootNotification', protocol === 'ocpp1.6' ? { chargePointVendor: 'V', chargePointModel: 'M' } : { reason: 'PowerUp', chargingStation: { vendorName: 'V', model: 'M' } }) // biome-ignore format: one line
  const submit = (action: string, request: Record<string, unknown>) =>
    csms.operations.submit({ station: 'CS01', action, request, askedBy: 'anna' })
  const reaches = async (operation: OperationRow, state: OperationRow['state']) => {
    await until(() => store.operations.find(operation.id)?.state === state, state)
    return store.operations.find(operation.id) as OperationRow
  }
  /** Time passes until nobody waits for an effect any more. */
  const runsOut = async (operation: OperationRow) => {
    await settleLinks()
    await until(() => {
      void clock.advance(30_000)
      return store.operations.find(operation.id)?.state === 'no-effect'
    }, 'no-effect')
    return store.operations.find(operation.id) as OperationRow
  }
  return { csms, store, clock, answers, asked, say, submit, reaches, runsOut }
}
