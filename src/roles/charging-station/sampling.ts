import type { Evse } from './evse.ts'
import type { Site } from './site.ts'
import { Ticker } from './ticker.ts'

/**
 * Measures at intervals that count from the begin of a transaction, for the time being and for its
 * last message.
 *
 * @spec OCPP 1.6 edition 2 section 3.16.2; OCPP 2.0.1 edition 3 Part 2, J02
 */
export class Sampling {
  readonly #site: Site
  readonly #evse: Evse
  readonly #tickers: readonly Ticker[]

  constructor(site: Site, evse: Evse) {
    this.#site = site
    this.#evse = evse
    const told = { interval: 'SampledDataCtrlr.TxUpdatedInterval' } as const
    const ended = { interval: 'SampledDataCtrlr.TxEndedInterval' } as const
    this.#tickers = [
      new Ticker(site, { ...told, tick: () => this.#tell() }),
      new Ticker(site, { ...ended, tick: () => this.#keep() }),
    ]
  }

  start(): void {
    for (const ticker of this.#tickers) ticker.start()
  }

  stop(): void {
    for (const ticker of this.#tickers) ticker.stop()
  }

  /** Measures now what is due now. */
  flush(): void {
    for (const ticker of this.#tickers) ticker.flush()
  }

  #tell(): void {
    this.#evse.power.settle()
    this.#evse.transaction?.update('periodic')
    // In 1.6 the same interval counts for what is told at the end.
    if (this.#site.dialect.is16) this.#keep()
  }

  #keep(): void {
    this.#evse.power.settle()
    const names = this.#site.variables.list('SampledDataCtrlr.TxEndedMeasurands')
    this.#evse.transaction?.keepSample(names, 'periodic')
  }
}
