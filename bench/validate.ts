import { createRequire } from 'node:module'
import { createValidator } from '../src/messages/validation.ts'
import { parsePayload } from '../src/wire/payload.ts'
import { type Bench, type Measured, rateRow } from './support/rows.ts'

/**
 * Messages judged per CPU second. The baseline is the validator of `ocpp-rpc`'s strict mode on the
 * same values. The cases "from text" add what comes before: there we also refuse what two parsers
 * could read differently, which the baseline's JSON.parse does not.
 */

const TARGET = 1.5

interface RpcValidator {
  readonly subprotocol: string
  validate(schemaId: string, params: unknown): void
}

const validators = createRequire(import.meta.url)(
  'ocpp-rpc/lib/standard-validators.js',
) as RpcValidator[]

const METER_VALUES = {
  connectorId: 1,
  transactionId: 4711,
  meterValue: [
    {
      timestamp: '2026-11-04T10:00:00.000Z',
      sampledValue: [
        { value: '12345.6', context: 'Sample.Periodic', measurand: 'Energy.Active.Import.Register', unit: 'Wh' },
        { value: '11040', context: 'Sample.Periodic', measurand: 'Power.Active.Import', unit: 'W' },
        { value: '16.0', context: 'Sample.Periodic', measurand: 'Current.Import', phase: 'L1', unit: 'A' },
      ],
    },
  ],
  // biome-ignore format: one payload
}

const TRANSACTION_EVENT = {
  eventType: 'Updated',
  timestamp: '2026-11-04T10:00:00.000Z',
  triggerReason: 'MeterValuePeriodic',
  seqNo: 17,
  transactionInfo: {
    transactionId: 'a7c5e1d0-2f7c-4a8e-9a60-0c8f7d8f2b11',
    chargingState: 'Charging',
  },
  evse: { id: 1, connectorId: 1 },
  meterValue: [
    {
      timestamp: '2026-11-04T10:00:00.000Z',
      sampledValue: [
        { value: 12345.6, context: 'Sample.Periodic', measurand: 'Energy.Active.Import.Register', unitOfMeasure: { unit: 'Wh' } },
        { value: 11040, context: 'Sample.Periodic', measurand: 'Power.Active.Import', unitOfMeasure: { unit: 'W' } },
      ],
    },
  ],
  // biome-ignore format: one payload
}

const CASES = [
  {
    name: 'MeterValues',
    protocol: 'ocpp1.6',
    schema: 'urn:MeterValues.req',
    payload: METER_VALUES,
  },
  { name: 'TransactionEvent', protocol: 'ocpp2.0.1', schema: 'urn:TransactionEvent.req', payload: TRANSACTION_EVENT },
  // biome-ignore format: a table
] as const

export const validate: Bench = async function* ({ isSmoke, isFull }) {
  const ours = createValidator()
  for (const { name, protocol, schema, payload } of CASES) {
    const theirs = validators.find(({ subprotocol }) => subprotocol === protocol)
    if (!theirs) throw new Error(`ocpp-rpc has no validator for ${protocol}`)
    const bytes = Buffer.from(JSON.stringify(payload))
    const count = isSmoke ? 2_000 : 100_000
    const rounds = isSmoke ? 1 : isFull ? 15 : 7
    for (const isFromText of [false, true]) {
      const parsed = JSON.parse(bytes.toString()) as unknown
      const ourValue = isFromText ? () => parsePayload(bytes) : () => parsed
      const theirValue = isFromText ? () => JSON.parse(bytes.toString()) as unknown : () => parsed
      const runOurs = () => ours.assertValid(protocol, name, 'request', ourValue())
      const runTheirs = () => theirs.validate(schema, theirValue())
      measure(count, runOurs)
      measure(count, runTheirs)
      const a: Measured[] = []
      const b: Measured[] = []
      for (let round = 0; round < rounds; round++) {
        a.push(measure(count, runOurs))
        b.push(measure(count, runTheirs))
      }
      const label = isFromText ? `${name}, from text` : name
      yield rateRow(
        {
          bench: 'validate',
          case: label,
          unit: 'messages/cpu-s',
          baseline: 'ocpp-rpc strict',
          target: TARGET,
        },
        a,
        b,
      )
    }
  }
}

function measure(count: number, run: () => void): Measured {
  const before = process.cpuUsage()
  for (let i = 0; i < count; i++) run()
  const { user, system } = process.cpuUsage(before)
  return { count, cpuSeconds: (user + system) / 1e6 }
}
