import type { Evse } from './evse.ts'
import type { Site } from './site.ts'
import { Ticker } from './ticker.ts'

/**
 * Measures at moments counted from midnight, inside transactions and outside.
 *
 * @spec OCPP 1.6 edition 2 section 3.16.1; OCPP 2.0.1 edition 3 Part 2, J01
 */
export function startAlignedValues(site: Site): void {
  const inside = { interval: 'AlignedDataCtrlr.Interval', isAligned: true } as const
  const ended = { interval: 'AlignedDataCtrlr.TxEndedInterval', isAligned: true } as const
  new Ticker(site, { ...inside, tick: () => sample(site) }).start()
  new Ticker(site, { ...ended, tick: () => keep(site) }).start()
}

/** Says what the meter of an EVSE shows, outside of transactions. */
export async function tellMeterValues(
  site: Site,
  evse: Evse,
  context: 'Sample.Clock' | 'Trigger',
): Promise<void> {
  const samples = evse.samples(site.variables.list('AlignedDataCtrlr.Measurands'))
  if (samples.length === 0) return
  // What is told must not be more than the meter shows after a power loss (J02.FR.16).
  site.journal.keepRegister(evse.id, evse.meter.registerWh)
  await site.dialect.meterValues(evse.id, [{ at: site.stamp(), context, samples }])
}

function sample(site: Site): void {
  for (const evse of site.evses) {
    if (evse.transaction) {
      evse.settle()
      evse.transaction.update('clock')
    } else void site.say('meter values', () => tellMeterValues(site, evse, 'Sample.Clock'))
  }
  // In 1.6 the same interval counts for what is told at the end.
  if (site.dialect.is16) keep(site)
}

function keep({ evses, variables }: Site): void {
  const names = variables.list('AlignedDataCtrlr.TxEndedMeasurands')
  for (const evse of evses) {
    evse.settle()
    evse.transaction?.keepSample(names, 'clock')
  }
}
