import type { ChargingProfile } from '../../energy/charging-profile.ts'
import type { ProfileProblem } from '../../energy/profile-problems.ts'
import { parseMoment } from '../../messages/date-time.ts'
import type { Timer } from '../../primitives/clock.ts'
import type { LimitUpdate } from './dialect.ts'
import type { Site } from './site.ts'

/** What is not here would change what may flow, and is not built. */
const MEMBERS: ReadonlySet<string> = new Set(['limit', 'limit_L2', 'limit_L3', 'customData'])

/**
 * Limits that change without another profile: the CSMS says so, or is asked when it is time.
 *
 * @spec OCPP 2.1 Part 2, K28, with the errata of 2025-09 (2.34 to 2.36)
 */
export class DynamicProfiles {
  readonly #site: Site
  /** When the CSMS was last asked about a profile, by its id; milliseconds since 1970. */
  readonly #askedAt = new Map<number, number>()
  #timer: Timer | undefined
  #isStarted = false

  constructor(site: Site) {
    this.#site = site
    site.profiles.onChange(() => this.#await())
  }

  /** Begins to ask; the CSMS has accepted the station. */
  start(): void {
    this.#isStarted = true
    this.#await()
  }

  /** Takes what is to flow from now on (K28.FR.06 and FR.09). */
  update(id: number, update: LimitUpdate): ProfileProblem | undefined {
    const [profile] = this.#site.profiles.all({ ids: [id] })
    if (!profile) return { reasonCode: 'NotFound', text: 'there is no such profile' }
    if (profile.chargingProfileKind !== 'Dynamic') {
      return { reasonCode: 'InvalidProfile', text: 'this profile is not dynamic' }
    }
    if (!Object.keys(update).every((member) => MEMBERS.has(member))) {
      return { reasonCode: 'UnsupportedParam', text: 'only limits are known here' }
    }
    const { customData: _, ...limits } = update
    if (Object.keys(limits).length === 0) {
      return { reasonCode: 'MissingParam', text: 'it says no limit' }
    }
    return this.#site.profiles.replace(updated(profile, limits, this.#site.stamp()))
  }

  #await(): void {
    this.#timer?.cancel()
    if (!this.#isStarted) return
    const dueAt = Math.min(...this.#asking().map((one) => this.#dueAt(one)))
    if (!Number.isFinite(dueAt)) return
    const waitMs = Math.max(0, dueAt - this.#site.now())
    this.#timer = this.#site.after(waitMs, () => this.#askAll())
  }

  #askAll(): void {
    const now = this.#site.now()
    const due = this.#asking().filter((one) => this.#dueAt(one) <= now)
    for (const { id } of due) this.#askedAt.set(id, now)
    this.#await()
    for (const { id } of due) void this.#ask(id)
  }

  /** K28.FR.08; whoever is not there, or says no, is asked again after the interval. */
  async #ask(id: number): Promise<void> {
    const { dialect, log } = this.#site
    const update = await this.#site.say('schedule', () => dialect.pullSchedule(id))
    const problem = update && this.update(id, update)
    if (problem) log.warn('station.update-refused', { id, ...problem })
  }

  /** Those about which the CSMS wants to be asked (K28.FR.10). */
  #asking(): ChargingProfile[] {
    return this.#site.profiles.all().filter(({ dynUpdateInterval = 0 }) => dynUpdateInterval > 0)
  }

  #dueAt({ id, dynUpdateTime = '', dynUpdateInterval = 0 }: ChargingProfile): number {
    const lastAt = Math.max(parseMoment(dynUpdateTime), this.#askedAt.get(id) ?? 0)
    // A clock that was set back does not make it wait for longer.
    return Math.min(lastAt, this.#site.now()) + dynUpdateInterval * 1000
  }
}

function updated(profile: ChargingProfile, limits: LimitUpdate, at: string): ChargingProfile {
  const { chargingSchedule } = profile
  const periods = chargingSchedule.chargingSchedulePeriod.map((one) => ({ ...one, ...limits }))
  return {
    ...profile,
    dynUpdateTime: at,
    chargingSchedule: { ...chargingSchedule, chargingSchedulePeriod: periods },
  }
}
