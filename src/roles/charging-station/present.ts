import { isFor, isSameGroup, isSameToken } from './authorization.ts'
import type { IdToken } from './dialect.ts'
import type { Evse } from './evse.ts'
import type { Site } from './site.ts'
import type { Grant } from './transaction.ts'

export type PresentResult = 'authorized' | 'stopped' | 'refused'

/** What a grant knows beside its token. */
export type GrantMore = Omit<Grant, 'token' | 'groupId' | 'reservationId'>

/**
 * Somebody holds up a token at an EVSE: lets charge, or ends that where it is the token that may
 * charge or one of its group; lets go of a cable that they have left there.
 *
 * @spec OCPP 1.6 edition 2 sections 3.10 and 4.10; OCPP 2.0.1 edition 3 Part 2, C01 and E07.FR.01
 */
export async function present(site: Site, evse: Evse, token: IdToken): Promise<PresentResult> {
  if (!site.isAccepted()) return 'refused'
  const holder = holderOf(evse)
  if (holder && !(await isWith(site, holder, token))) return 'refused'
  // While somebody was asked, somebody else may have come.
  if (holder && !isSameHolder(holder, holderOf(evse))) return 'refused'
  if (evse.grant) evse.forbid('stopped', token)
  else if (evse.cableOwner && !evse.isPlugged) evse.release()
  else return (await authorize(site, evse, token, { isRemote: false })) ? 'authorized' : 'refused'
  return 'stopped'
}

/** Lets a token charge that list, cache or CSMS accept; false when it may not. */
export async function authorize(
  site: Site,
  evse: Evse,
  token: IdToken,
  more: GrantMore,
): Promise<boolean> {
  if (!isReady(site, evse)) return false
  const info = await site.authorization.check(token)
  if (!site.authorization.isValid(info)) return false
  return allow(site, evse, { token, ...(info.groupId !== undefined && { groupId: info.groupId }), ...more }) // biome-ignore format: one line
}

/** Lets a token charge that nobody is asked about; false when the EVSE is not for it. */
export function allow(site: Site, evse: Evse, grant: Grant): boolean {
  // While somebody was asked, somebody else may have come, or the station may have been reset.
  if (!isReady(site, evse) || isHeldFrom(evse, grant.token, grant.groupId)) return false
  const reservation = site.reservations.claim(evse.id, grant.token, grant.groupId)
  if (reservation === false) return false
  evse.allow({ ...grant, ...(reservation && { reservationId: reservation.id }) })
  return true
}

/** Whether a connector holds the cable of somebody else. */
export function isHeldFrom({ cableOwner }: Evse, token: IdToken, groupId?: string): boolean {
  return cableOwner !== undefined && !isFor(cableOwner, token, groupId)
}

/** Who may charge, or has a cable there. */
function holderOf(evse: Evse): Grant | undefined {
  return evse.grant ?? evse.cableOwner
}

function isSameHolder({ token }: Grant, now: Grant | undefined): boolean {
  return now !== undefined && isSameToken(token, now.token)
}

function isReady(site: Site, evse: Evse): boolean {
  if (!site.isAccepted()) return false
  return !evse.grant && !evse.isFaulted && evse.isOperative
}

/** Whether a token is the one that may charge, or of its group. */
async function isWith(site: Site, holder: Grant, token: IdToken): Promise<boolean> {
  if (isSameToken(holder.token, token)) return true
  const { groupId } = holder
  if (groupId === undefined) return false
  const { authorization } = site
  const local = authorization.local(token)
  const isKnown = local && authorization.isValid(local) && isSameGroup(local.groupId, groupId)
  if (isKnown) authorization.used(token)
  const info = isKnown ? local : await authorization.check(token)
  return authorization.isValid(info) && isSameGroup(info.groupId, groupId)
}
