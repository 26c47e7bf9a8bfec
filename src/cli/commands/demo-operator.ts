import { setTimeout as wait } from 'node:timers/promises'

/** Whom the operator of the demo limits: a station of OCPP 2.0.1. */
const STATION = 'CS03'
const LIMIT_A = 8
const PROFILE = 1
const FIRST_MS = 15_000
const LIMITED_MS = 12_000
const FREE_MS = 14_000

/**
 * Somebody who works at the CSMS of the demo, so that a limit is seen to change: by the same API
 * that everybody has. Ends when it is asked to.
 */
export async function workAsOperator(
  consoleUrl: string,
  stations: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const write = async (method: 'PUT' | 'POST', path: string, body: object) => {
    const headers = { 'content-type': 'application/json' }
    const url = new URL(`api/stations/${path}`, consoleUrl)
    // The CSMS may just have been killed by somebody who wants to see what happens.
    await fetch(url, { method, headers, body: JSON.stringify(body), signal }).catch(() => {})
  }
  const ask = (action: string, request: object) =>
    write('POST', `${STATION}/operations/${action}`, request)
  try {
    for (const station of stations) await write('PUT', station, { known: true })
    await wait(FIRST_MS, undefined, { signal })
    for (;;) {
      await ask('SetChargingProfile', { evseId: 0, chargingProfile: limit() })
      await wait(LIMITED_MS, undefined, { signal })
      await ask('ClearChargingProfile', { chargingProfileId: PROFILE })
      await wait(FREE_MS, undefined, { signal })
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

function limit() {
  return {
    id: PROFILE,
    stackLevel: 0,
    chargingProfilePurpose: 'ChargingStationMaxProfile',
    chargingProfileKind: 'Absolute',
    chargingSchedule: [
      {
        id: PROFILE,
        startSchedule: new Date().toISOString(),
        chargingRateUnit: 'A',
        chargingSchedulePeriod: [{ startPeriod: 0, limit: LIMIT_A }],
      },
    ],
  }
}
