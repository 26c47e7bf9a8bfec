/**
 * A simulated car at a simulated EVSE. Values are invented, and the station says so by its vendor
 * name; they are plausible enough to look at: power rises in 10 s and falls near the end.
 */

export interface SimulatedSession {
  /** Milliseconds since 1970. */
  readonly startedAt: number
  readonly maxPowerW: number
  /** How long the car wants to charge. */
  readonly durationMs: number
}

const RAMP_MS = 10_000

/** Power drawn at a moment, in W. */
export function powerW(session: SimulatedSession, now: number): number {
  const elapsed = now - session.startedAt
  const left = session.durationMs - elapsed
  if (elapsed <= 0 || left <= 0) return 0
  return session.maxPowerW * Math.min(1, elapsed / RAMP_MS, left / RAMP_MS)
}

/** Energy delivered up to a moment, in Wh: the integral of `powerW`. */
export function energyWh(session: SimulatedSession, now: number): number {
  const end = Math.min(Math.max(0, now - session.startedAt), session.durationMs)
  const ramp = Math.min(RAMP_MS, session.durationMs / 2)
  const top = session.maxPowerW * (ramp / RAMP_MS)
  const up = Math.min(end, ramp)
  const flat = Math.max(0, Math.min(end, session.durationMs - ramp) - ramp)
  const down = Math.max(0, end - (session.durationMs - ramp))
  const area =
    (top * up ** 2) / (2 * ramp) + top * flat + top * down - (top * down ** 2) / (2 * ramp)
  return area / 3_600_000
}
