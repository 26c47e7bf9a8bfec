import { parseMoment } from '../../messages/date-time.ts'
import type { CsmsStore } from '../../storage/csms-store.ts'
import type { ReservationState } from '../../storage/csms-tables.ts'
import type { OperationRow } from '../../storage/operation-rows.ts'
import type { ProfileCriteria, ProfileRow } from '../../storage/profile-rows.ts'
import type { VariableReport } from '../../storage/variable-rows.ts'
import type { Heard } from './heard.ts'

type Members = Record<string, unknown>

/** An operation that a station has accepted, and its answer. */
interface Accepted {
  readonly store: CsmsStore
  readonly station: string
  readonly request: Members
  readonly answer: Members
  /** RFC 3339. */
  readonly at: string
  /** What the station said that shows it. */
  readonly shownBy?: Heard | undefined
}

/**
 * What a station holds from now on, by its answer to an operation: reservations, charging profiles,
 * its local list, its configuration. To be called inside the write that keeps the answer.
 */
export function keepInstalled(
  store: CsmsStore,
  operation: Pick<OperationRow, 'station' | 'action' | 'request'>,
  answer: Members,
  at: string,
  shownBy?: Heard,
): void {
  const { station, action, request } = operation
  KEEP[action]?.({ store, station, request: request as Members, answer, at, shownBy })
}

/** What is no longer known of a station once it was asked for something and its answer is lost. */
export function doubtInstalled(
  store: CsmsStore,
  { station, action }: Pick<OperationRow, 'station' | 'action'>,
  at: string,
): void {
  if (action === 'SendLocalList') store.localLists.doubt(station, at)
}

const KEEP: Readonly<Record<string, (accepted: Accepted) => void>> = {
  ReserveNow({ store, station, request, at }) {
    const { connectorId, evseId = connectorId, idTag, idToken } = request
    store.reservations.put({
      station,
      reservationId: Number(request.reservationId ?? request.id),
      // Connector 0 of OCPP 1.6 is any of them.
      evseId: evseId === undefined || evseId === 0 ? undefined : Number(evseId),
      idToken: String((idToken as Members | undefined)?.idToken ?? idTag),
      expiresAt: utcOf(String(request.expiryDate ?? request.expiryDateTime)),
      state: 'reserved',
      changedAt: at,
    })
  },

  CancelReservation({ store, station, request, answer, at }) {
    const end = knowsNone('CancelReservation', answer) ? 'removed' : 'cancelled'
    store.reservations.end(station, Number(request.reservationId), end, at)
  },

  SetChargingProfile({ store, station, request, at }) {
    const { connectorId, evseId = connectorId, csChargingProfiles, chargingProfile } = request
    const is16 = csChargingProfiles !== undefined
    const row = profileRow(station, Number(evseId), (csChargingProfiles ?? chargingProfile) as Members, 'CSO', at) // biome-ignore format: one line
    const { transactionId, purpose, stackLevel } = row
    if (transactionId !== undefined && store.charging.known(station, transactionId)?.isEnded) return
    // 1.6 replaces the one of the same level; 2.x would have refused.
    if (is16) store.profiles.clear(station, { evseId: row.evseId, purpose, stackLevel })
    store.profiles.put(row)
  },

  RemoteStartTransaction: keepOfTransaction,
  RequestStartTransaction: keepOfTransaction,

  UpdateDynamicSchedule({ store, station, request, at }) {
    const row = store.profiles.find(station, Number(request.chargingProfileId))
    if (!row) return
    const profile = row.profile as Members
    const [schedule, ...others] = profile.chargingSchedule as [Members, ...Members[]]
    const [period, ...later] = schedule.chargingSchedulePeriod as [Members, ...Members[]]
    const changed = { ...period, ...(request.scheduleUpdate as Members) }
    const chargingSchedule = [{ ...schedule, chargingSchedulePeriod: [changed, ...later] }, ...others] // biome-ignore format: one line
    store.profiles.put({ ...row, profile: { ...profile, chargingSchedule }, changedAt: at })
  },

  ClearChargingProfile({ store, station, request }) {
    store.profiles.clear(station, criteriaOf(request))
  },

  SendLocalList({ store, station, request, at }) {
    const entries = (request.localAuthorizationList ?? []) as Members[]
    const change = {
      version: Number(request.versionNumber ?? request.listVersion),
      isFull: request.updateType === 'Full',
      entries: entries.map(listEntry),
    }
    store.localLists.change(station, change, at)
    // What was sent of another one before is gone with that.
    if (change.isFull && store.listJobs.of(station)?.problem !== undefined) {
      store.listJobs.end(station)
    }
  },

  GetLocalListVersion({ store, station, answer, at }) {
    const version = Number(answer.versionNumber ?? answer.listVersion)
    // OCPP 1.6: -1 says that there are no local lists.
    if (version >= 0) store.localLists.setVersion(station, version, at)
  },

  GetVariables({ store, station, answer, at }) {
    for (const result of (answer.getVariableResult ?? []) as Members[]) {
      if (result.attributeStatus !== 'Accepted') continue
      const { component, variable, attributeType = 'Actual', attributeValue = null } = result
      const named = { component, variable } as Pick<VariableReport, 'component' | 'variable'>
      store.variables.setValue(station, named, String(attributeType), attributeValue as string | null, at) // biome-ignore format: one line
    }
  },

  GetConfiguration({ store, station, answer, at }) {
    for (const { key, value, readonly } of (answer.configurationKey ?? []) as Members[]) {
      const mutability = readonly === true ? 'ReadOnly' : 'ReadWrite'
      const attribute = { mutability, ...(value !== undefined && { value: String(value) }) }
      const name = { component: { name: CONFIGURATION }, variable: { name: String(key) } }
      store.variables.put(station, { ...name, variableAttribute: [attribute] }, at)
    }
  },
}

/**
 * Whether a refusal says that the station knows of nothing such, so that nothing such is in force.
 *
 * @spec OCPP 1.6 edition 2 sections 7.13 and 7.15; OCPP 2.0.1 edition 3 Part 2, H02 and K10
 */
export function knowsNone(action: string, { status }: Members): boolean {
  if (action === 'ClearChargingProfile') return status === 'Unknown'
  return action === 'CancelReservation' && status === 'Rejected'
}

/** The profile that came with a remote start is of the transaction that came of it (F01.FR.10). */
function keepOfTransaction({ store, station, request, at, shownBy }: Accepted): void {
  const profile = request.chargingProfile as Members | undefined
  if (!profile || !shownBy) return
  const { request: said, answer } = shownBy
  const info = (said.transactionInfo ?? answer) as Members
  const evse = (said.evse ?? { id: said.connectorId ?? request.evseId }) as Members
  const transactionId = String(info.transactionId)
  if (evse.id === undefined || store.charging.known(station, transactionId)?.isEnded) return
  const row = profileRow(station, Number(evse.id), profile, 'CSO', at)
  store.profiles.put({ ...row, transactionId })
}

/** Which profiles a ClearChargingProfile is about: an id says which one, whatever else is said. */
function criteriaOf(request: Members): ProfileCriteria {
  const profileId = (request.id ?? request.chargingProfileId) as number | undefined
  if (profileId !== undefined) return { profileId }
  const criteria = (request.chargingProfileCriteria ?? request) as Members
  const purpose = criteria.chargingProfilePurpose as string | undefined
  return {
    evseId: (criteria.evseId ?? criteria.connectorId) as number | undefined,
    purpose: purpose === undefined ? undefined : purposeOf(purpose),
    stackLevel: criteria.stackLevel as number | undefined,
  }
}

/** Tells those that a ClearChargingProfile clears. */
export function clearedBy(request: Members): (row: ProfileRow) => boolean {
  const said = Object.entries(criteriaOf(request)).filter(([, value]) => value !== undefined)
  return (row) =>
    row.purpose !== EXTERNAL &&
    said.every(([name, value]) => row[name as keyof ProfileRow] === value)
}

// K10.FR.08: what others than the CSMS have set is not cleared.
const EXTERNAL = 'ChargingStationExternalConstraints'

/** What configuration keys of OCPP 1.6, which has no components, are listed under. */
const CONFIGURATION = 'Configuration'

/** A charging profile as a station or this CSMS has written it. */
export function profileRow(
  station: string,
  evseId: number,
  profile: Members,
  source: string,
  changedAt: string,
) {
  const { chargingProfileId, id = chargingProfileId, transactionId } = profile
  return {
    station,
    profileId: Number(id),
    evseId,
    purpose: purposeOf(String(profile.chargingProfilePurpose)),
    stackLevel: Number(profile.stackLevel),
    transactionId: transactionId === undefined ? undefined : String(transactionId),
    source,
    profile,
    changedAt,
  }
}

/** What a dynamic profile limits to now; undefined of one that is none. */
export function updateOf({ chargingProfileKind, chargingSchedule }: Members) {
  if (chargingProfileKind !== 'Dynamic') return undefined
  const [schedule] = chargingSchedule as Members[]
  const [period = {}] = (schedule?.chargingSchedulePeriod ?? []) as Members[]
  const limits = Object.entries(period).filter(([name]) => /^(limit|dischargeLimit|setpoint)/.test(name)) // biome-ignore format: one line
  return Object.fromEntries(limits) as Readonly<Record<string, number>>
}

/** What a ReservationStatusUpdate says; `NoTransaction` came with OCPP 2.1. */
export function reservationEnd(status: string): ReservationState {
  return status === 'Removed' ? 'removed' : 'expired'
}

/** The same moment in UTC, as all that is stored. */
function utcOf(time: string): string {
  return new Date(parseMoment(time)).toISOString()
}

/** The two generations call one purpose by different names. */
export function purposeOf(purpose: string): string {
  return purpose === 'ChargePointMaxProfile' ? 'ChargingStationMaxProfile' : purpose
}

function listEntry({ idToken, idTag, idTokenInfo, idTagInfo }: Members) {
  const info = (idTokenInfo ?? idTagInfo) as Members | undefined
  const { expiryDate, cacheExpiryDateTime = expiryDate, parentIdTag } = info ?? {}
  const group = (info?.groupIdToken as Members | undefined)?.idToken ?? parentIdTag
  return {
    idToken: String((idToken as Members | undefined)?.idToken ?? idTag),
    status: info?.status as string | undefined,
    expiresAt: cacheExpiryDateTime as string | undefined,
    groupId: group as string | undefined,
  }
}
