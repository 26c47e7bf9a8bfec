import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Bench, type Payload } from './bench.ts'

const TAG_2 = { idToken: 'TAG-2', type: 'ISO14443' }
const BY_CABLE = ['Started', 'CablePluggedIn', 'EVConnected']
const started = (bench: Bench) => bench.events().filter(([type]) => type === 'Started')
const isOpen = (bench: Bench) => bench.station.evse(1).transactionId !== undefined

/** A vehicle that stays plugged in after the transaction that it was charged in. */
async function stayed(bench: Bench, more: Readonly<Record<string, string>> = {}): Promise<void> {
  const wanted = { TxStartPoint: 'EVConnected', TxStopPoint: 'Authorized', ...more }
  for (const [name, value] of Object.entries(wanted)) await bench.set(`TxCtrlr.${name}`, value)
  await bench.charge()
  assert.equal(await bench.present(1, 'TAG-1'), 'stopped')
}

async function reset(bench: Bench, request: object = { type: 'Immediate' }): Promise<void> {
  await bench.ask('Reset', request)
  await bench.pass(1)
  await bench.connect()
  await bench.pass(1)
}

for (const protocol of ['ocpp2.0.1', 'ocpp2.1'] as const) {
  const booted = (t: TestContext) => Bench.booted(t, protocol)

  test(`${protocol}: a vehicle that stays begins nothing by itself, and another transaction by the next card`, async (t) => {
    const bench = await booted(t)
    await stayed(bench)
    await bench.pass(60)
    await bench.plugIn(2)
    assert.deepEqual([isOpen(bench), bench.powerW()], [false, 0])

    bench.forget()
    assert.equal(await bench.present(1, 'TAG-2'), 'authorized')
    const { idToken, seqNo, evse } = bench.last('TransactionEvent')
    assert.deepEqual([idToken, seqNo, (evse as Payload).id], [TAG_2, 0, 1])
    assert.deepEqual(bench.events(), [['Started', 'Authorized', 'Charging']])
    assert.ok(isOpen(bench) && bench.powerW() > 0)

    assert.equal(await bench.present(1, 'TAG-2'), 'stopped')
    assert.deepEqual([isOpen(bench), bench.powerW()], [false, 0])
  })

  test(`${protocol}: a vehicle that stays is charged in another transaction by a remote start`, async (t) => {
    const bench = await booted(t)
    await bench.set('TxCtrlr.TxStartPoint', 'EVConnected')
    await bench.charge()
    await bench.ask('RequestStopTransaction', { transactionId: bench.transactionId() })
    assert.deepEqual([isOpen(bench), bench.powerW()], [false, 0])

    await bench.ask('RequestStartTransaction', { evseId: 1, idToken: TAG_2, remoteStartId: 7 })
    assert.deepEqual(bench.events().at(-1), ['Started', 'RemoteStart', 'Charging'])
    assert.equal((bench.last('TransactionEvent').transactionInfo as Payload).remoteStartId, 7)
  })

  test(`${protocol}: where only the way of the vehicle ends it, the next card goes on with the transaction`, async (t) => {
    const bench = await booted(t)
    await stayed(bench, { TxStopPoint: 'EVConnected' })
    const transactionId = bench.transactionId()
    assert.equal(bench.powerW(), 0)

    assert.equal(await bench.present(1, 'TAG-1'), 'authorized')
    assert.deepEqual(bench.events().at(-1), ['Updated', 'Authorized', 'Charging'])
    assert.equal(bench.transactionId(), transactionId)
    assert.ok(bench.powerW() > 0)
  })

  test(`${protocol}: a vehicle that has gone and come again begins another transaction`, async (t) => {
    const bench = await booted(t)
    await stayed(bench)
    await bench.unplug(1)
    await bench.plugIn(1)
    assert.deepEqual([started(bench).length, bench.events().at(-1)], [2, BY_CABLE])
  })

  test(`${protocol}: after a reset a vehicle that is still there begins another transaction, and is charged in it`, async (t) => {
    for (const [request, isOver] of [
      [{ type: 'Immediate' }, false],
      [{ type: 'Immediate' }, true],
      [{ type: 'OnIdle' }, true],
      [{ type: 'Immediate', evseId: 1 }, false],
      [{ type: 'OnIdle', evseId: 1 }, true],
    ] as const) {
      const bench = await booted(t)
      await stayed(bench)
      if (!isOver) await bench.present(1, 'TAG-1')
      bench.forget()

      await reset(bench, request)
      const end = ['Ended', 'ResetCommand', 'EVConnected', 'ImmediateReset']
      assert.deepEqual(bench.events(), isOver ? [BY_CABLE] : [end, BY_CABLE])
      const transactionId = bench.transactionId()
      assert.equal(bench.powerW(), 0, 'nobody has shown a card since')

      assert.equal(await bench.present(1, 'TAG-2'), 'authorized')
      assert.deepEqual(bench.events().at(-1), ['Updated', 'Authorized', 'Charging'])
      assert.equal(bench.transactionId(), transactionId)
      await bench.stop()
    }
  })

  for (const status of ['Pending', 'Rejected'] as const) {
    test(`${protocol}: nothing begins at a station that is ${status}, before it is accepted`, async (t) => {
      const bench = await booted(t)
      await bench.set('TxCtrlr.TxStartPoint', 'EVConnected')
      assert.equal(await bench.set('TxCtrlr.TxBeforeAcceptedEnabled', 'true'), 'Rejected')
      const currentTime = '2026-01-01T00:00:00.000Z'
      bench.rule = ({ action }) =>
        action === 'BootNotification' ? { status, currentTime, interval: 5 } : undefined
      await reset(bench)
      bench.forget()

      await bench.plugIn(1)
      await bench.plugIn(2)
      assert.equal(await bench.present(1, 'TAG-1'), 'refused')
      await bench.unplug(2)
      await bench.pass(3)
      assert.deepEqual([isOpen(bench), bench.powerW()], [false, 0])

      bench.rule = () => undefined
      await bench.pass(5)
      assert.deepEqual(bench.events(), [BY_CABLE])
      assert.deepEqual([bench.statuses(1), bench.statuses(2)], [['Occupied'], ['Available']])
      assert.equal(bench.powerW(), 0)
      assert.equal(await bench.present(1, 'TAG-1'), 'authorized')
      assert.deepEqual(bench.events().at(-1), ['Updated', 'Authorized', 'Charging'])
    })
  }

  test(`${protocol}: what is plugged in while a station boots again begins nothing before it is accepted`, async (t) => {
    const bench = await booted(t)
    await bench.set('TxCtrlr.TxStartPoint', 'EVConnected')
    await bench.ask('Reset', { type: 'Immediate' })
    await bench.pass(1)
    await bench.plugIn(1)
    await bench.pass(60)
    assert.equal(isOpen(bench), false)

    await bench.connect()
    assert.deepEqual(bench.events(), [BY_CABLE])
  })

  test(`${protocol}: a vehicle that is there when EVConnected becomes a start point begins a transaction`, async (t) => {
    const bench = await booted(t)
    await bench.plugIn(1)
    await bench.pass(1)
    assert.equal(isOpen(bench), false)

    assert.equal(await bench.set('TxCtrlr.TxStartPoint', 'EVConnected'), 'Accepted')
    assert.deepEqual(bench.events(), [BY_CABLE])
  })

  test(`${protocol}: who shows a card before a reset is over is charged no further, and told of`, async (t) => {
    const bench = await booted(t)
    await bench.charge()
    await bench.ask('Reset', { type: 'Immediate' })
    await bench.present(1, 'TAG-2')
    await bench.pass(1)
    await bench.connect()
    await bench.pass(1)

    assert.deepEqual([isOpen(bench), bench.powerW()], [false, 0])
    assert.equal(started(bench).length, 2)
    assert.equal(bench.events().filter(([type]) => type === 'Ended').length, 2)
  })

  test(`${protocol}: a card about which the CSMS was asked before a reset lets nobody charge after it`, async (t) => {
    const bench = await booted(t)
    await bench.plugIn(1)
    bench.rule = ({ action }) => (action === 'Authorize' ? null : undefined)
    await bench.set('AuthCtrlr.OfflineTxForUnknownIdEnabled', 'true')
    const answer = bench.station.present(1, 'TAG-1')
    await bench.ask('Reset', { type: 'Immediate' })
    // What it has said is waited for, and then its link is closed.
    await bench.pass(10)
    assert.deepEqual([bench.isLinked, bench.powerW()], [false, 0])
    assert.equal(await answer, 'refused')

    await bench.connect()
    assert.deepEqual([isOpen(bench), bench.powerW()], [false, 0])
  })
}
