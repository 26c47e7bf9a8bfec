import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../end-to-end/processes.ts'
import { Bench, type Payload } from './bench.ts'

const at = (component: string, variable: string, more = {}) => ({ component: { name: component }, variable: { name: variable }, ...more }) // biome-ignore format: one line
const get = async (bench: Bench, wanted: object) => {
  const { getVariableResult } = await bench.ask('GetVariables', { getVariableData: [wanted] })
  return (getVariableResult as Payload[])[0] as Payload
}
const set = async (bench: Bench, wanted: object, attributeValue: string) => {
  const setVariableData = [{ ...wanted, attributeValue }]
  const { setVariableResult } = await bench.ask('SetVariables', { setVariableData })
  return ((setVariableResult as Payload[])[0] as Payload).attributeStatus
}

test('a configuration key is told with its value, and an unknown one as unknown', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  const key = ['heartbeatinterval', 'NumberOfConnectors', 'AuthorizationKey', 'Nonsense']
  assert.deepEqual(await bench.ask('GetConfiguration', { key }), {
    configurationKey: [
      { key: 'HeartbeatInterval', readonly: false, value: '100000' },
      { key: 'NumberOfConnectors', readonly: true, value: '2' },
      { key: 'AuthorizationKey', readonly: false },
    ],
    unknownKey: ['Nonsense'],
  })
  const { configurationKey, unknownKey } = await bench.ask('GetConfiguration', {})
  assert.ok((configurationKey as unknown[]).length > 30)
  assert.equal(unknownKey, undefined)
})

const changes = [
  ['HeartbeatInterval', '60', 'Accepted'],
  ['HeartbeatInterval', '0', 'Rejected'],
  ['HeartbeatInterval', '-1', 'Rejected'],
  ['HeartbeatInterval', '1.5', 'Rejected'],
  ['HeartbeatInterval', 'soon', 'Rejected'],
  ['LocalPreAuthorize', 'TRUE', 'Accepted'],
  ['LocalPreAuthorize', 'yes', 'Rejected'],
  ['NumberOfConnectors', '3', 'Rejected'],
  ['AuthorizationKey', '0123456789abcdef', 'Rejected'],
  ['MeterValuesSampledData', '', 'Accepted'],
  ['ResetRetries', '-1', 'Rejected'],
  ['ResetRetries', '3', 'Accepted'],
  ['UnlockConnectorOnEVSideDisconnect', 'maybe', 'Rejected'],
  ['UnlockConnectorOnEVSideDisconnect', 'false', 'Accepted'],
  ['ConnectorPhaseRotation', '1.RTS,2.RST', 'Rejected'],
  ['ConnectorPhaseRotation', '3.RST', 'Rejected'],
  ['ConnectorPhaseRotation', '', 'Rejected'],
  ['Nonsense', '1', 'NotSupported'],
] as const
for (const [key, value, status] of changes) {
  test(`${key} to ${JSON.stringify(value)} is ${status}`, async (t) => {
    const bench = await Bench.booted(t, 'ocpp1.6')
    const ask = async () => (await bench.ask('GetConfiguration', { key: [key] })).configurationKey
    const before = await ask()
    assert.equal(await bench.status('ChangeConfiguration', { key, value }), status)
    if (status === 'Accepted')
      assert.equal(((await ask()) as Payload[])[0]?.value, value.toLowerCase())
    else assert.deepEqual(await ask(), before)
  })
}

// What chapter 9 has as required and RW, of the profiles that this station supports.
const required = [
  'ClockAlignedDataInterval',
  'ConnectionTimeOut',
  'ConnectorPhaseRotation',
  'HeartbeatInterval',
  'LocalAuthListEnabled',
  'LocalAuthorizeOffline',
  'LocalPreAuthorize',
  'MeterValueSampleInterval',
  'MeterValuesAlignedData',
  'MeterValuesSampledData',
  'ResetRetries',
  'StopTransactionOnEVSideDisconnect',
  'StopTransactionOnInvalidId',
  'StopTxnAlignedData',
  'StopTxnSampledData',
  'TransactionMessageAttempts',
  'TransactionMessageRetryInterval',
  'UnlockConnectorOnEVSideDisconnect',
]
test('every key that has to be writable in 1.6 is so, and takes at least what it is', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  const { configurationKey } = await bench.ask('GetConfiguration', { key: required })
  assert.equal((configurationKey as Payload[]).length, required.length)
  for (const { key, readonly, value } of configurationKey as Payload[]) {
    assert.equal(readonly, false, String(key))
    assert.equal(await bench.status('ChangeConfiguration', { key, value }), 'Accepted', String(key))
  }
})

/** All that the meter shows. */
const measured = ['Energy.Active.Import.Register', 'Power.Active.Import', 'Power.Offered', 'Current.Import', 'Current.Offered', 'Voltage', 'SoC', ...['Current.Import', 'Voltage'].flatMap((name) => ['L1', 'L2', 'L3'].map((phase) => `${name}.${phase}`))] // biome-ignore format: one line
const never = ['Energy.Active.Import.Register.L1', 'Power.Active.Import.L2', 'Power.Offered.L3', 'Current.Offered.L1', 'SoC.L1'] // biome-ignore format: one line

for (const key of ['MeterValuesSampledData', 'MeterValuesAlignedData', 'StopTxnSampledData', 'StopTxnAlignedData']) {
  test(`${key} takes as many members as its MaxLength says, and no more`, async (t) => {
    const bench = await Bench.booted(t, 'ocpp1.6')
    const { configurationKey } = await bench.ask('GetConfiguration', { key: [`${key}MaxLength`] })
    const most = Number((configurationKey as Payload[])[0]?.value)
    const set = (members: string[]) => bench.status('ChangeConfiguration', { key, value: members.join(',') }) // biome-ignore format: one line
    assert.equal(await set([...measured, ...never].slice(0, most)), 'Accepted')
    assert.equal(await set([...measured, ...never].slice(0, most + 1)), 'Rejected')
  })
} // biome-ignore format: four keys

test('a phase of what the meter shows in total only is no measurand', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.1')
  const measurands = at('SampledDataCtrlr', 'TxUpdatedMeasurands')
  for (const name of measured) assert.equal(await set(bench, measurands, name), 'Accepted', name)
  for (const name of never) assert.equal(await set(bench, measurands, name), 'Rejected', name)
})

test('the wiring of a connector is told, and accepted only as it is', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  const ask = async () => (await bench.ask('GetConfiguration', { key: ['ConnectorPhaseRotation'] })).configurationKey // biome-ignore format: one line
  assert.equal(await bench.set('ConnectorPhaseRotation', '1.RST,2.TSR'), 'Rejected')
  assert.deepEqual(await ask(), [{ key: 'ConnectorPhaseRotation', readonly: false, value: '1.RST,2.RST' }]) // biome-ignore format: one line
  assert.equal(await bench.set('ConnectorPhaseRotation', '0.RST, 1.RST, 2.RST'), 'Accepted')
  assert.deepEqual(await ask(), [{ key: 'ConnectorPhaseRotation', readonly: false, value: '0.RST,1.RST,2.RST' }]) // biome-ignore format: one line
})

test('a heartbeat interval counts at once, and after a restart', async (t) => {
  const file = join(temporaryFolder(t), 'station.sqlite')
  const bench = await Bench.booted(t, 'ocpp1.6', file)
  await bench.ask('ChangeConfiguration', { key: 'HeartbeatInterval', value: '10' })
  await bench.ask('ChangeConfiguration', { key: 'ConnectionTimeOut', value: '99' })
  await bench.pass(35)
  assert.equal(bench.of('Heartbeat').length, 3)
  await bench.stop()

  const after = await Bench.booted(t, 'ocpp1.6', file)
  const { configurationKey } = await after.ask('GetConfiguration', { key: ['ConnectionTimeOut'] })
  assert.deepEqual(configurationKey, [{ key: 'ConnectionTimeOut', readonly: false, value: '99' }])
})

test('a variable is told, or why it is not', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  const rows = [
    [at('OCPPCommCtrlr', 'HeartbeatInterval'), 'Accepted', '100000'],
    [at('occpCommCtrlr', 'HeartbeatInterval'), 'UnknownComponent', undefined],
    [at('ocppcommctrlr', 'heartbeatinterval'), 'Accepted', '100000'],
    [at('OCPPCommCtrlr', 'Nonsense'), 'UnknownVariable', undefined],
    [at('OCPPCommCtrlr', 'HeartbeatInterval', { attributeType: 'Target' }), 'NotSupportedAttributeType', undefined],
    [at('SecurityCtrlr', 'BasicAuthPassword'), 'Rejected', undefined],
    [{ component: { name: 'EVSE', evse: { id: 2 } }, variable: { name: 'AvailabilityState' } }, 'Accepted', 'Available'],
    [{ component: { name: 'EVSE', evse: { id: 3 } }, variable: { name: 'AvailabilityState' } }, 'UnknownComponent', undefined],
    [{ component: { name: 'DeviceDataCtrlr' }, variable: { name: 'ItemsPerMessage', instance: 'GetReport' } }, 'Accepted', '100'],
    [at('DeviceDataCtrlr', 'ItemsPerMessage'), 'UnknownVariable', undefined],
  ] as const // biome-ignore format: a table
  for (const [wanted, status, value] of rows) {
    const { attributeStatus, attributeValue } = await get(bench, wanted)
    assert.deepEqual([attributeStatus, attributeValue], [status, value], JSON.stringify(wanted))
  }
})

test('a variable is set, or why it is not', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.1')
  const rows = [
    [at('TxCtrlr', 'TxStartPoint'), 'EVConnected,Authorized', 'Accepted'],
    [at('TxCtrlr', 'TxStartPoint'), 'EVConnected,Sunrise', 'Rejected'],
    [at('TxCtrlr', 'TxStartPoint'), 'DataSigned', 'Rejected'],
    [at('TxCtrlr', 'TxStartPoint'), '', 'Rejected'],
    [at('OCPPCommCtrlr', 'HeartbeatInterval'), '0', 'Rejected'],
    [at('OCPPCommCtrlr', 'Nonsense'), '0', 'UnknownVariable'],
    [at('Nonsense', 'HeartbeatInterval'), '1', 'UnknownComponent'],
    [at('OCPPCommCtrlr', 'HeartbeatInterval', { attributeType: 'MaxSet' }), '9', 'NotSupportedAttributeType'],
    [at('SecurityCtrlr', 'BasicAuthPassword'), '0123456789abcdef', 'Rejected'],
    [at('ChargingStation', 'Model'), 'Other', 'Rejected'],
  ] as const // biome-ignore format: a table
  for (const [wanted, value, status] of rows) {
    assert.equal(await set(bench, wanted, value), status, JSON.stringify([wanted, value]))
  }
  assert.equal((await get(bench, at('TxCtrlr', 'TxStartPoint'))).attributeValue, 'EVConnected,Authorized') // biome-ignore format: one line
})

for (const protocol of ['ocpp2.0.1', 'ocpp2.1'] as const) {
  test(`${protocol}: an answer about a variable says which attribute it is about`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    const wanted = [
      at('Nonsense', 'HeartbeatInterval'),
      at('OCPPCommCtrlr', 'Nonsense'),
      at('SecurityCtrlr', 'BasicAuthPassword'),
      at('OCPPCommCtrlr', 'ResetRetries', { attributeType: 'Target' }),
      at('OCPPCommCtrlr', 'ResetRetries', { attributeType: 'Actual' }),
      at('OCPPCommCtrlr', 'ResetRetries'),
    ]
    const expected = ['Actual', 'Actual', 'Actual', 'Target', 'Actual', 'Actual']
    const types = (results: unknown) => (results as Payload[]).map((one) => one.attributeType)

    const { getVariableResult } = await bench.ask('GetVariables', { getVariableData: wanted })
    assert.deepEqual(types(getVariableResult), expected)
    const setVariableData = wanted.map((one) => ({ ...one, attributeValue: '2' }))
    const { setVariableResult } = await bench.ask('SetVariables', { setVariableData })
    assert.deepEqual(types(setVariableResult), expected)
  })
}

test('an inventory comes in parts, each but the last with more to come', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  assert.equal(await bench.status('GetBaseReport', { requestId: 3, reportBase: 'FullInventory' }), 'Accepted') // biome-ignore format: one line
  const parts = bench.of('NotifyReport')
  assert.ok(parts.length > 2)
  assert.deepEqual(parts.map(({ seqNo, tbc, requestId }) => [seqNo, tbc, requestId]), parts.map((_, seqNo) => [seqNo, seqNo < parts.length - 1, 3])) // biome-ignore format: one line
  const data = parts.flatMap(({ reportData }) => reportData as Payload[])
  assert.ok(data.some(({ component }) => (component as Payload).name === 'Connector'))

  bench.forget()
  await bench.ask('GetBaseReport', { requestId: 4, reportBase: 'ConfigurationInventory' })
  const settings = bench.of('NotifyReport').flatMap(({ reportData }) => reportData as { variableAttribute: Payload[] }[]) // biome-ignore format: one line
  assert.ok(
    settings.every(({ variableAttribute }) => variableAttribute[0]?.mutability !== 'ReadOnly'),
  )
})

test('a report has what was asked for, or says that there is nothing', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  const report = (more: object) => bench.status('GetReport', { requestId: 1, ...more })
  assert.equal(await report({ componentVariable: [{ component: { name: 'Nonsense' } }] }), 'EmptyResultSet') // biome-ignore format: one line
  assert.equal(await report({ componentCriteria: ['Problem'] }), 'EmptyResultSet')
  assert.equal(await report({ componentVariable: [at('EVSE', 'Power')] }), 'Accepted')
  const { reportData } = bench.last('NotifyReport') as { reportData: { component: Payload }[] }
  assert.deepEqual(reportData.map(({ component }) => component), [{ name: 'EVSE', evse: { id: 1 } }, { name: 'EVSE', evse: { id: 2 } }]) // biome-ignore format: one line
})
