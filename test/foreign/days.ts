import type { Protocol } from '../../src/messages/protocols.ts'
import type { RpcClient } from './rpc.ts'

/** What foreign stations say, so that what arrives can be compared over different ways. */

export const AT = '2026-11-22T12:00:00.000Z'

/** The same day of each station, whoever is above it. */
export const SCRIPTS: Record<Protocol, readonly (readonly [string, object])[]> = {
  'ocpp1.6': [
    ['BootNotification', { chargePointVendor: 'foreign', chargePointModel: 'ocpp-rpc' }],
    ['StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Preparing' }],
    ['StartTransaction', { connectorId: 1, idTag: 'TAG-1', meterStart: 100, timestamp: AT }],
    ['MeterValues', { connectorId: 1, transactionId: 7, meterValue: [{ timestamp: AT, sampledValue: [{ value: '1.50', unit: 'kWh' }] }] }],
    ['StopTransaction', { transactionId: 7, meterStop: 1600, timestamp: AT }],
  ],
  'ocpp2.0.1': modern('T201'),
  'ocpp2.1': modern('T21'),
} // biome-ignore format: a table

function modern(transactionId: string): readonly (readonly [string, object])[] {
  const event = (eventType: string, seqNo: number, value: number) =>
    ['TransactionEvent', { eventType, triggerReason: 'Authorized', seqNo, timestamp: AT, transactionInfo: { transactionId }, evse: { id: 1, connectorId: 1 }, idToken: { idToken: 'TAG-1', type: 'ISO14443' }, meterValue: [{ timestamp: AT, sampledValue: [{ value }] }] }] as const // biome-ignore format: one line
  return [
    ['BootNotification', { reason: 'PowerUp', chargingStation: { vendorName: 'foreign', model: 'ocpp-rpc' } }],
    ['StatusNotification', { timestamp: AT, connectorStatus: 'Occupied', evseId: 1, connectorId: 1 }],
    event('Started', 0, 10),
    event('Updated', 1, 20.5),
    event('Ended', 2, 30),
  ] // biome-ignore format: a table
}

export const idOf = (protocol: Protocol) => `RPC-${protocol}`

/** @param isObedient Uses the transaction id that the CSMS gives in 1.6, and not always the same bytes. */
export async function runDay(station: RpcClient, protocol: Protocol, isObedient = false) {
  const answers: unknown[] = []
  let given: object = {}
  for (const [action, payload] of SCRIPTS[protocol]) {
    const asked = isObedient && 'transactionId' in payload ? { ...payload, ...given } : payload
    const answer = await station.call(action, asked)
    const { transactionId } = answer as { transactionId?: number }
    if (transactionId !== undefined) given = { transactionId }
    answers.push(answer)
  }
  return answers
}
