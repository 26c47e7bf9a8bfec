import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { OperationView, StationDetail, TransactionPage } from '../../src/http/live-api.ts'
import { PROTOCOLS, type Protocol } from '../../src/messages/protocols.ts'
import { passwordOf, startChain, startNode, until } from './processes.ts'

/** A CSMS, a node and a station, each a process of its own; people work with them by the API. */

async function startDepot(t: TestContext, protocol: Protocol) {
  const { csms, edge, folder } = await startChain(t, 1)
  const simulation = { evses: 1, meterIntervalS: 1, pauseS: 1, sessionS: 600, sessions: 1 }
  // biome-ignore format: one line
  const config = { nodeId: 'CS01', role: 'charging-station', data: folder, tokens: ['TAG-1'], simulation, uplinks: [{ url: edge.url, mode: 'standard', protocol, passwordFile: passwordOf(folder, 'CS01').file, backOff: { waitMinimumS: 1, randomRangeS: 0, repeatTimes: 0 } }], log: 'silent' }
  const station = await startNode(t, folder, config)
  const read = async <T>(path: string) =>
    (await (await fetch(new URL(`api/${path}`, csms.console))).json()) as T
  await until('the station to be known', async () => (await read<StationDetail>('stations/CS01')).bootedAt) // biome-ignore format: one line
  const operate = async (
    action: string,
    request: object,
    state: OperationView['state'] = 'effect-seen',
  ) => {
    // biome-ignore format: one line
    const response = await fetch(new URL(`api/stations/CS01/operations/${action}`, csms.console), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
    })
    const { id, detail } = (await response.json()) as { id?: string; detail?: string }
    assert.ok(id, `${action}: ${detail}`)
    const ended = await until(`${action} to end`, async () => {
      const operation = await read<OperationView>(`operations/${id}`)
      return !['sent', 'accepted'].includes(operation.state) && operation
    })
    assert.equal(ended.state, state, `${action}: ${ended.problem} ${JSON.stringify(ended.answer)}`)
    return ended
  }
  const transactions = async (query = '') =>
    (await read<TransactionPage>(`transactions?station=CS01${query}`)).transactions
  const running = () =>
    until('a transaction to run', async () => (await transactions('&state=running'))[0])
  const restart = async () => {
    const before = (await read<StationDetail>('stations/CS01')).bootedAt
    await station.stop()
    await startNode(t, folder, config)
    await until('it to boot again', async () => (await read<StationDetail>('stations/CS01')).bootedAt !== before) // biome-ignore format: one line
  }
  return { csms, station, folder: join(folder), read, operate, transactions, running, restart }
}

for (const protocol of PROTOCOLS) {
  const is16 = protocol === 'ocpp1.6'

  test(`${protocol}: what an operator asks for is done by the station and seen by the CSMS`, async (t) => {
    const { operate, running, transactions, read } = await startDepot(t, protocol)
    const first = await running()

    const stop = is16
      ? operate('RemoteStopTransaction', { transactionId: Number(first.transactionId) })
      : operate('RequestStopTransaction', { transactionId: first.transactionId })
    await stop
    await until('its end', async () => (await transactions()).find(({ number, state }) => number === first.number && state === 'ended')) // biome-ignore format: one line

    const out = (type: string) =>
      is16
        ? operate('ChangeAvailability', { connectorId: 0, type })
        : operate('ChangeAvailability', { operationalStatus: type })
    await out('Inoperative')
    await until('all to be unavailable', async () => (await read<StationDetail>('stations/CS01')).connectors.filter(({ evseId }) => evseId > 0).every(({ status }) => status === 'Unavailable')) // biome-ignore format: one line
    await out('Operative')

    await (is16
      ? operate('TriggerMessage', { requestedMessage: 'StatusNotification', connectorId: 1 })
      : operate('TriggerMessage', { requestedMessage: 'StatusNotification', evse: { id: 1, connectorId: 1 } })) // biome-ignore format: one line
    await (is16
      ? operate('ChangeConfiguration', { key: 'HeartbeatInterval', value: '77' })
      : operate('SetVariables', { setVariableData: [{ component: { name: 'OCPPCommCtrlr' }, variable: { name: 'HeartbeatInterval' }, attributeValue: '77' }] })) // biome-ignore format: one line
    const list = is16
      ? { listVersion: 3, updateType: 'Full', localAuthorizationList: [{ idTag: 'TAG-9', idTagInfo: { status: 'Accepted' } }] } // biome-ignore format: one line
      : { versionNumber: 3, updateType: 'Full', localAuthorizationList: [{ idToken: { idToken: 'TAG-9', type: 'ISO14443' }, idTokenInfo: { status: 'Accepted' } }] } // biome-ignore format: one line
    await operate('SendLocalList', list)
    if (!is16) {
      await operate('GetBaseReport', { requestId: 7, reportBase: 'FullInventory' })
      const { variables } = await read<StationDetail>('stations/CS01')
      assert.ok(variables.some(({ variable, value }) => variable === 'HeartbeatInterval' && value === '77')) // biome-ignore format: one line
    }
    const refused = is16
      ? operate('ChangeConfiguration', { key: 'HeartbeatInterval', value: 'soon' }, 'refused')
      : operate('SetVariables', { setVariableData: [{ component: { name: 'OCPPCommCtrlr' }, variable: { name: 'HeartbeatInterval' }, attributeValue: 'soon' }] }, 'refused') // biome-ignore format: one line
    await refused

    const reset = await (is16
      ? operate('Reset', { type: 'Hard' })
      : operate('Reset', { type: 'Immediate' }))
    assert.equal(reset.effect, 'it has booted')
  })

  test(`${protocol}: a limit is obeyed, and what was set is there after a restart`, async (t) => {
    const { operate, running, transactions, restart } = await startDepot(t, protocol)
    const { number } = await running()
    const power = (isSo: (watts: number) => boolean, what: string) =>
      until(what, async () => {
        const [row] = (await transactions('&state=running')).filter((one) => is16 || one.number === number) // biome-ignore format: one line
        return row?.powerW !== undefined && isSo(row.powerW)
      })
    await power((watts) => watts > 8_000, 'it to charge with more than 8 kW')

    const period = { startPeriod: 0, limit: 8 }
    const schedule = { chargingRateUnit: 'A', chargingSchedulePeriod: [period] }
    const common = { stackLevel: 0, chargingProfileKind: 'Absolute' }
    await (is16
      ? operate('SetChargingProfile', { connectorId: 0, csChargingProfiles: { ...common, chargingProfileId: 1, chargingProfilePurpose: 'ChargePointMaxProfile', chargingSchedule: { ...schedule, startSchedule: '2026-01-01T00:00:00Z' } } }) // biome-ignore format: one line
      : operate('SetChargingProfile', { evseId: 0, chargingProfile: { ...common, id: 1, chargingProfilePurpose: 'ChargingStationMaxProfile', chargingSchedule: [{ ...schedule, id: 1, startSchedule: '2026-01-01T00:00:00Z' }] } })) // biome-ignore format: one line
    await power((watts) => watts < 6_000, 'it to obey 8 A')

    await restart()
    const composite = await until('a composite schedule', async () => {
      const { answer } = await operate('GetCompositeSchedule', is16 ? { connectorId: 0, duration: 60, chargingRateUnit: 'A' } : { evseId: 0, duration: 60, chargingRateUnit: 'A' }) // biome-ignore format: one line
      return JSON.stringify(answer)
    })
    assert.match(composite, /"limit":8/)
  })
}
