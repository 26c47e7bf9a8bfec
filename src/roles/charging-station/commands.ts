/**
 * What a CSMS can have a station do, whatever the version: each answers what will happen, and does
 * it after the answer has left.
 */
import type { ChargingProfile } from '../../energy/charging-profile.ts'
import type { Commandable } from './charging-station.ts'
import type { CauseName, IdToken } from './dialect.ts'
import type { Evse } from './evse.ts'
import type { Life } from './life.ts'
import { allow, authorize, isHeldFrom } from './present.ts'
import type { Grant } from './transaction.ts'

/** Whether it will happen; if not, why, as a reason code of OCPP 2.x. */
export type Outcome =
  | { readonly status: 'Accepted'; readonly transactionId?: string }
  | { readonly status: 'Rejected'; readonly reasonCode: string }

export interface RemoteStart {
  readonly evseId: number | undefined
  readonly token: IdToken
  readonly groupId?: string
  readonly remoteStartId?: number
  readonly profile?: ChargingProfile
}

/** Of an event (2.0.1, SetVariableMonitoring): regular operation. */
const INFORMATIONAL = 8
/** Microtasks until an answer has been written: those of the node's own way out, and some more. */
const TURNS_OF_ANSWER = 10

/** Calls back when the answer of the running handler has left (F06.FR.04, F01.FR.01). */
export async function afterAnswer(life: Life, act: () => unknown): Promise<void> {
  for (let turn = 0; turn < TURNS_OF_ANSWER; turn++) await Promise.resolve()
  if (!life.signal.aborted) await act()
}

/** @spec OCPP 1.6 edition 2 section 5.11; OCPP 2.0.1 edition 3 Part 2, F01 and F02 */
export function remoteStart(life: Life, start: RemoteStart): Outcome {
  const { token, groupId, remoteStartId } = start
  if (!life.isAccepted()) return rejected('CSNotAccepted')
  const evse = start.evseId === undefined ? choose(life, start) : life.evses[start.evseId - 1]
  if (!evse) return rejected(start.evseId === undefined ? 'NotFound' : 'UnknownEvse')
  if (evse.grant) return rejected('TxInProgress')
  if (!isFor(life, evse, start)) return rejected('NotEnabled')
  const profile = start.profile && { ...start.profile, evseId: evse.id }
  const problem = profile && profileProblem(life, profile)
  if (problem) return rejected(problem)
  const grant: Grant = {
    token,
    isRemote: true,
    ...(groupId !== undefined && { groupId }),
    ...(remoteStartId !== undefined && { remoteStartId }),
    ...(profile && { profile }),
  }
  const isAsked = life.variables.is('AuthCtrlr.AuthorizeRemoteStart')
  void afterAnswer(life, () =>
    isAsked ? authorize(life, evse, token, grant) : allow(life, evse, grant),
  )
  const transactionId = evse.transaction?.transactionId
  return { status: 'Accepted', ...(transactionId !== undefined && { transactionId }) }
}

/** @spec OCPP 1.6 edition 2 section 5.12; OCPP 2.0.1 edition 3 Part 2, F03 */
export function remoteStop(life: Life, transactionId: string): Outcome {
  if (!life.isAccepted()) return rejected('CSNotAccepted')
  const evse = life.evses.find(({ transaction }) => transaction?.transactionId === transactionId)
  if (!evse) return rejected('TxNotFound')
  void afterAnswer(life, () => evse.forbid('remoteStop'))
  return { status: 'Accepted' }
}

/**
 * @param evseId 0: the whole station.
 * @spec OCPP 1.6 edition 2 section 5.2; OCPP 2.0.1 edition 3 Part 2, G03 and G04
 */
export function changeAvailability(
  life: Life,
  evseId: number,
  isOperative: boolean,
): 'Accepted' | 'Rejected' | 'Scheduled' {
  const { evses, state, dialect, statuses } = life
  const targets = evseId === 0 ? evses : evses.filter(({ id }) => id === evseId)
  if (targets.length === 0) return 'Rejected'
  // In 1.6 the station and all its connectors, in 2.x what each EVSE was set to stays.
  const all = dialect.is16 && evseId === 0 ? evses.map(({ id }) => id) : []
  const isChange = [evseId, ...all].some(
    (id) => (state.get('availability', id) !== 'Inoperative') !== isOperative,
  )
  if (!isChange) return 'Accepted'
  for (const id of [evseId, ...all]) {
    if (isOperative) state.delete('availability', id)
    else state.set('availability', id, 'Inoperative')
  }
  void afterAnswer(life, () => {
    if (dialect.is16 && evseId === 0) statuses.note(0, isOperative ? 'Available' : 'Unavailable')
    for (const evse of targets) evse.availabilityChanged()
  })
  return !isOperative && targets.some(({ transaction }) => transaction) ? 'Scheduled' : 'Accepted'
}

/**
 * Ends what runs and boots again; at once, or when nothing runs any more.
 *
 * @spec OCPP 1.6 edition 2 section 5.14; OCPP 2.0.1 edition 3 Part 2, B11 and B12
 */
export function reset(
  station: Commandable,
  cause: CauseName,
  isOnIdle = false,
): 'Accepted' | 'Scheduled' {
  const { life } = station
  if (isOnIdle && life.evses.some(({ transaction }) => transaction)) {
    station.whenIdle(undefined, () => station.reboot('ScheduledReset', cause))
    return 'Scheduled'
  }
  void afterAnswer(life, () => station.reboot('RemoteReset', cause))
  return 'Accepted'
}

/** Resets one EVSE, which is unavailable for a moment (B11.FR.08). */
export function resetEvse(
  station: Commandable,
  evseId: number,
  isOnIdle: boolean,
): 'Accepted' | 'Rejected' | 'Scheduled' {
  const { life } = station
  const evse = life.evses[evseId - 1]
  if (!evse) return 'Rejected'
  const act = () => {
    evse.stop('hardReset')
    life.statuses.note(evseId, 'Unavailable')
    evse.restart()
  }
  if (isOnIdle && evse.transaction) {
    station.whenIdle(evseId, act)
    return 'Scheduled'
  }
  void afterAnswer(life, act)
  return 'Accepted'
}

/**
 * Opens the lock of a connector, and says afterwards that it is open.
 *
 * @returns False when it does not move.
 * @spec OCPP 1.6 edition 2 section 5.18; OCPP 2.0.1 edition 3 Part 2, F05
 */
export function unlock(life: Life, evse: Evse): boolean {
  if (!evse.unlock()) return false
  void afterAnswer(life, () => {
    life.statuses.tellUnlocked(evse.id)
    life.notices.event({
      component: { name: 'ConnectorPlugRetentionLock', evse: { id: evse.id, connectorId: 1 } },
      variable: 'Active',
      value: `${evse.isLocked}`,
      isOver: false,
      isChange: true,
      severity: INFORMATIONAL,
      techCode: 'ConnectorUnlocked',
      techInfo: 'unlocked by the CSMS',
    })
  })
  return true
}

function rejected(reasonCode: string): Outcome {
  return { status: 'Rejected', reasonCode }
}

/** An EVSE that could be meant: best one where a vehicle waits. */
function choose(life: Life, start: RemoteStart): Evse | undefined {
  const possible = life.evses.filter((evse) => !evse.grant && isFor(life, evse, start))
  return possible.find(({ isPlugged }) => isPlugged) ?? possible[0]
}

function isFor(life: Life, evse: Evse, { token, groupId }: RemoteStart): boolean {
  if (evse.isFaulted || !evse.isOperative || isHeldFrom(evse, token, groupId)) return false
  return life.reservations.claim(evse.id, token, groupId) !== false
}

// F01.FR.09, F01.FR.11 and F01.FR.26.
function profileProblem(life: Life, profile: ChargingProfile): string | undefined {
  if (profile.chargingProfilePurpose !== 'TxProfile') return 'InvalidProfile'
  if (profile.transactionId !== undefined) return 'InvalidProfile'
  return life.profiles.problem(profile)?.reasonCode
}
