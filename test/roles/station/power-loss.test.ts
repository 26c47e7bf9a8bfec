import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { StationJournal } from '../../../src/storage/station-journal.ts'
import { temporaryFolder } from '../../end-to-end/processes.ts'
import { Bench, type Payload } from './bench.ts'

/** What the meter shows is what it has counted, whatever happens to the power (J02.FR.16). */

const PROTOCOLS = ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'] as const
const CHARGE_S = 7

/** A station that has charged for some seconds since the last message told of its register. */
async function charging(t: TestContext, protocol: (typeof PROTOCOLS)[number]) {
  const file = join(temporaryFolder(t), 'station.sqlite')
  const bench = await Bench.booted(t, protocol, file)
  await bench.charge()
  await bench.pass(CHARGE_S)
  /** The register that the disk would give after a power cut now. */
  const kept = () => {
    const journal = new StationJournal(file)
    const [open] = journal.open()
    const registerWh = journal.registerWh(1) ?? 0
    journal.close()
    assert.equal(open?.registerWh, registerWh)
    return registerWh
  }
  return { bench, file, kept }
}

/** The register with which a transaction ended. */
function endOf(bench: Bench): number {
  if (bench.protocol === 'ocpp1.6') return bench.last('StopTransaction').meterStop as number
  const [{ sampledValue }] = bench.last('TransactionEvent').meterValue as [{ sampledValue: Payload[] }] // biome-ignore format: one line
  const register = sampledValue.find(({ measurand = 'Energy.Active.Import.Register' }) => measurand === 'Energy.Active.Import.Register') // biome-ignore format: one line
  return register?.value as number
}

for (const protocol of PROTOCOLS) {
  test(`${protocol}: what flowed until a station was stopped is counted, and its register goes on from there`, async (t) => {
    const { bench, file } = await charging(t, protocol)
    const { registerWh } = bench.station.evse(1)
    await bench.stop()

    const after = await Bench.booted(t, protocol, file)
    await after.pass(1)

    assert.equal(after.station.evse(1).registerWh, registerWh)
    assert.ok(Math.abs(endOf(after) - registerWh) <= 0.5, `${endOf(after)}, not ${registerWh}`)
  })

  test(`${protocol}: a power cut loses what has flown in the last five seconds, and nothing that was told`, async (t) => {
    const { bench, kept } = await charging(t, protocol)
    const lostWh = () => bench.station.evse(1).registerWh - kept()
    const mostWh = (bench.powerW() * 5) / 3600
    assert.ok(lostWh() > 0 && lostWh() < mostWh, `${lostWh()} of at most ${mostWh} Wh`)

    await bench.ask('TriggerMessage', protocol === 'ocpp1.6' ? { requestedMessage: 'MeterValues', connectorId: 1 } : { requestedMessage: 'MeterValues', evse: { id: 1 } }) // biome-ignore format: one line

    assert.equal(lostWh(), 0)
  })
}
