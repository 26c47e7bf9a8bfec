import type { Evse } from './evse.ts'
import type { ValueRecord } from './meter-values.ts'
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
  new Ticker(site, { ...inside, tick: (at) => sample(site, at) }).start()
  new Ticker(site, { ...ended, tick: (at) => keep(site, at) }).start()
}

/** Says what the meter of an EVSE shows, outside of transactions. */
export async function tellMeterValues(
  site: Site,
  evse: Evse,
  { at, context }: Pick<ValueRecord, 'at'> & { readonly context: 'Sample.Clock' | 'Trigger' },
): Promise<void> {
  const samples = evse.samples(site.variables.list('AlignedDataCtrlr.Measurands'))
  if (samples.length === 0) return
  // What is told must not be more than the meter shows after a power loss (J02.FR.16).
  site.journal.keepRegister(evse.id, evse.power.meter.registerWh)
  await site.dialect.meterValues(evse.id, [{ at, context, samples }])
}

function sample(site: Site, at: string): void {
  for (const evse of site.evses) {
    if (evse.transaction) {
      evse.power.settle()
      evse.transaction.update('clock', undefined, at)
    } else void site.say('meter values', () => tellMeterValues(site, evse, { at, context: 'Sample.Clock' })) // biome-ignore format: one line
  }
  // In 1.6 the same interval counts for what is told at the end.
  if (site.dialect.is16) keep(site, at)
}

function keep({ evses, variables }: Site, at: string): void {
  const names = variables.list('AlignedDataCtrlr.TxEndedMeasurands')
  for (const evse of evses) {
    evse.power.settle()
    evse.transaction?.keepSample(names, 'clock', { at })
  }
}
