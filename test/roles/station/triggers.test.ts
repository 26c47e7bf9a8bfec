import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bench } from './bench.ts'

const said = (bench: Bench) => bench.calls.map(({ action }) => action)

for (const protocol of ['ocpp2.0.1', 'ocpp2.1'] as const) {
  const trigger = (bench: Bench, requestedMessage: string, evse: object) => bench.status('TriggerMessage', { requestedMessage, evse }) // biome-ignore format: one line

  test(`${protocol}: what is about an EVSE is refused for one that is not there`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    await bench.charge(1)
    bench.forget()
    for (const message of ['MeterValues', 'StatusNotification', 'TransactionEvent']) {
      for (const evse of [{ id: 9 }, { id: 9, connectorId: 1 }, { id: 1, connectorId: 9 }]) {
        assert.equal(await trigger(bench, message, evse), 'Rejected', message)
      }
    }
    assert.deepEqual(said(bench), [])
  })

  test(`${protocol}: a message that is about no EVSE is sent whichever is named`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    bench.forget()
    for (const evse of [{ id: 9 }, { id: 9, connectorId: 9 }, { id: 1, connectorId: 9 }]) {
      assert.equal(await trigger(bench, 'BootNotification', evse), 'Rejected')
      assert.equal(await trigger(bench, 'LogStatusNotification', evse), 'NotImplemented')
      assert.equal(await trigger(bench, 'Heartbeat', evse), 'Accepted')
    }
    assert.deepEqual(said(bench), ['Heartbeat', 'Heartbeat', 'Heartbeat'])
  })

  test(`${protocol}: a station that is not accepted boots again whichever EVSE is named`, async (t) => {
    const bench = new Bench(t, protocol)
    bench.rule = ({ action }) => action === 'BootNotification' ? { status: 'Pending', currentTime: '2026-01-01T00:00:00Z', interval: 60 } : undefined // biome-ignore format: one line
    await bench.start()
    bench.forget()
    assert.equal(await trigger(bench, 'BootNotification', { id: 9, connectorId: 9 }), 'Accepted')
    assert.deepEqual(said(bench), ['BootNotification'])
  })
}

for (const action of ['TriggerMessage', 'ExtendedTriggerMessage']) {
  test(`1.6: ${action} of what is about no connector is obeyed whichever is named, all else refused`, async (t) => {
    const bench = await Bench.booted(t, 'ocpp1.6')
    bench.forget()
    const trigger = (requestedMessage: string) => bench.status(action, { requestedMessage, connectorId: 9 }) // biome-ignore format: one line
    assert.equal(await trigger('MeterValues'), 'Rejected')
    assert.equal(await trigger('StatusNotification'), 'Rejected')
    assert.equal(await trigger('FirmwareStatusNotification'), 'NotImplemented')

    assert.equal(await trigger('Heartbeat'), 'Accepted')
    assert.equal(await trigger('BootNotification'), 'Accepted')

    assert.deepEqual(said(bench), ['Heartbeat', 'BootNotification'])
  })
}
