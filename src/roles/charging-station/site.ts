import type { Logger } from '../../node/core.ts'
import type { Clock, Timer } from '../../primitives/clock.ts'
import type { StationJournal } from '../../storage/station-journal.ts'
import type { StationState } from '../../storage/station-state.ts'
import type { Authorization } from './authorization.ts'
import type { Dialect } from './dialect.ts'
import type { Evse } from './evse.ts'
import type { Notices } from './notices.ts'
import type { Outlet } from './outlet.ts'
import type { Priority } from './priority.ts'
import type { Problems } from './problems.ts'
import type { Profiles } from './profiles.ts'
import type { Reach } from './reach.ts'
import type { Reservations } from './reservations.ts'
import type { StatusReports } from './status-reports.ts'
import type { Variables } from './variables.ts'

/** What the hardware is made for. */
export interface Hardware {
  /** Per phase, of an EVSE and its cable. */
  readonly maxCurrentA: number
  readonly phases: 1 | 2 | 3
  /** Volts between a phase and neutral. */
  readonly voltageV: number
}

/** What the parts of a station share, from one boot to the next. */
export interface Site {
  readonly nodeId: string
  readonly clock: Clock
  readonly log: Logger
  readonly dialect: Dialect
  readonly journal: StationJournal
  readonly state: StationState
  readonly hardware: Hardware
  readonly variables: Variables
  readonly authorization: Authorization
  readonly reservations: Reservations
  readonly profiles: Profiles
  readonly priority: Priority
  readonly statuses: StatusReports
  readonly notices: Notices
  readonly problems: Problems
  readonly outlets: readonly Outlet[]
  readonly evses: readonly Evse[]
  /** What the station's clock shows, which a fault can make jump; milliseconds since 1970. */
  now(): number
  /** The same as text, or what it showed at a moment of `clock`. */
  stamp(): string
  /** Whether its CSMS can be reached. */
  readonly reach: Reach
  /** Whether the CSMS has accepted the station (B01), and it has not been reset since. */
  isAccepted(): boolean
  /** Says something that is lost when nobody is there; undefined then. */
  say<T>(what: string, message: () => Promise<T>): Promise<T | undefined>
  /** Calls back once, unless the station stops or boots before. */
  after(ms: number, callback: () => void): Timer
  /** There is something new in the journal. */
  added(): void
  /** Current is shared out again, because somebody's need or a limit has changed. */
  balance(): void
  /** A transaction has begun or ended. */
  transactionsChanged(): void
}
