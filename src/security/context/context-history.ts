import { foldId } from '../../primitives/ids.ts'
import type { JsonObject } from '../../wire/payload.ts'
import { Bounded } from './bounded.ts'
import type { ContextFacts, ContextFinding } from './context-facts.ts'
import { type LimitTold, limitIn, WHOLE } from './limits.ts'
import { MAX_COUNTED } from './rate.ts'
import { StationHistory } from './station-history.ts'
import { toldBy } from './told.ts'

/** A request whose signatures have been judged. */
export interface SaidMessage {
  /** Plain name. */
  readonly action: string
  readonly from: string
  readonly to: string
  readonly payload: JsonObject
  /** When it came: milliseconds since 1970. */
  readonly nowMs: number
}

/** What is known around a message, before anybody has decided about it. */
export interface Looked {
  /** undefined: there is nothing to say. */
  readonly context: ContextFacts | undefined
  /** It was obeyed: what comes later is compared with it. */
  commit(): void
}

interface Limit {
  readonly leastW: number
  readonly atMs: number
}

const MAX_STATIONS = 20_000
/** Of one station. */
const MAX_PLACES = 256
const MAX_RATES = 20_000

/**
 * What stations and those who command them have said so far, to compare with what they say next: a
 * signature shows who says something, not that it is true. What was refused is never compared with.
 *
 * @spec docs/security.md, "Context"
 */
export class ContextHistory {
  readonly #stations = new Bounded<StationHistory>(MAX_STATIONS)
  /** By station, then by place. Whoever commands: a limit moves against the one before, not against one's own. */
  readonly #limits = new Bounded<Bounded<Limit>>(MAX_STATIONS)
  readonly #times = new Bounded<number[]>(MAX_RATES)

  /** @param countsMessages Whether some rule asks how often something comes. */
  look(message: SaidMessage, countsMessages: boolean): Looked {
    const { action, from, to, payload, nowMs } = message
    const told = toldBy(action, payload)
    const station = foldId(from)
    const known = told && (this.#stations.get(station) ?? new StationHistory())
    const looked = told && known?.look(told, nowMs)
    const limit = limitIn(action, payload)
    const limits = limit && (this.#limits.get(foldId(to)) ?? new Bounded<Limit>(MAX_PLACES))
    const rateKey = countsMessages ? `${station}\n${action}` : undefined
    const context = contextOf(
      looked?.findings ?? [],
      looked?.powerW,
      limit && limits && { leastW: limit.leastW, steps: stepsTo(limit, limits, nowMs) },
      rateKey === undefined ? undefined : (this.#times.get(rateKey) ?? []).map((at) => (nowMs - at) / 1_000), // biome-ignore format: one line
    )
    const commit = () => {
      looked?.commit()
      if (known) this.#stations.set(station, known)
      if (limit && limits) {
        limits.set(limit.place, { leastW: limit.leastW, atMs: nowMs })
        this.#limits.set(foldId(to), limits)
      }
      if (rateKey !== undefined) this.#times.set(rateKey, [...(this.#times.get(rateKey) ?? []), nowMs].slice(-MAX_COUNTED)) // biome-ignore format: one line
    }
    return { context, commit }
  }
}

/** A limit of the whole station is one of each of its places, and the other way round. */
function stepsTo({ leastW, place }: LimitTold, limits: Bounded<Limit>, nowMs: number) {
  return limits.entries
    .filter(([other]) => other === place || other === WHOLE || place === WHOLE)
    .map(([, last]) => ({ stepW: Math.abs(leastW - last.leastW), sinceS: (nowMs - last.atMs) / 1_000 })) // biome-ignore format: one line
}

function contextOf(
  findings: readonly ContextFinding[],
  powerW: number | undefined,
  limit: ContextFacts['limit'],
  earlierS: readonly number[] | undefined,
): ContextFacts | undefined {
  const isEmpty = findings.length === 0 && powerW === undefined && !limit && !earlierS
  return isEmpty
    ? undefined
    : {
        findings,
        ...(powerW !== undefined && { powerW }),
        ...(limit && { limit }),
        ...(earlierS && { earlierS }),
      }
}
