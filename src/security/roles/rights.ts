import type { JsonObject } from '../../wire/payload.ts'
import { everyAt, someAt } from '../../wire/pointer.ts'
import { isTooOften } from '../context/rate.ts'
import { isAbout, isAmong, type VariableItem, variablesIn } from './device-model.ts'
import type { EarlierRequest } from './obeyed-requests.ts'
import type { Holder, Permission, UserRole } from './user-role.ts'

/** A request whose originator is known. */
export interface RightsRequest {
  /** Plain name, without `-Signed`. */
  readonly action: string
  /** As the originator addressed it. */
  readonly to: string
  readonly payload: JsonObject
  /** Who asks; undefined where that is not known. */
  readonly holder?: Holder
  /** What was obeyed of it before; default: nothing. */
  readonly earlier?: readonly EarlierRequest[]
}

/** What the roles of an originator come to; the same input comes to the same. */
export type Rights =
  | {
      readonly status: 'permitted'
      /** For each variable of the request, whether it is permitted; undefined when it has none. */
      readonly items: readonly boolean[] | undefined
      /** The permission that decided. */
      readonly by: string
      readonly explanation: readonly string[]
    }
  | { readonly status: 'denied'; readonly by: string; readonly explanation: readonly string[] }

/**
 * Whether roles permit a request: some permission has to allow it, and none may deny it. Of requests
 * about variables each variable is judged by itself.
 *
 * @spec docs/security.md, "User roles"
 */
export function judgeRights(roles: readonly UserRole[], request: RightsRequest): Rights {
  const items = variablesIn(request.action, request.payload)
  const denying = roles.flatMap(({ deny }) => deny).filter((one) => denies(one, request))
  const whole = denying.find(({ variables }) => variables === undefined || items === undefined)
  if (whole) return denied(whole.place, [`${whole.place} denies it`])

  const explanation: string[] = []
  const allowing: Permission[] = []
  for (const permission of roles.flatMap(({ allow }) => allow)) {
    const why = whyNotAllowed(permission, request, items)
    explanation.push(why ? `${permission.place} does not allow it: ${why}` : `${permission.place} allows it`) // biome-ignore format: one line
    if (!why) allowing.push(permission)
  }
  const [first] = allowing
  if (!first) return denied('no permission', explanation)
  if (!items) return { status: 'permitted', items: undefined, by: first.place, explanation }
  const permitted = items.map((item) => isItemPermitted(item, allowing, denying))
  // A list without any that is permitted is answered item by item, too: that says which ones.
  return { status: 'permitted', items: permitted, by: first.place, explanation }
}

function isItemPermitted(
  item: VariableItem,
  allowing: readonly Permission[],
  denying: readonly Permission[],
): boolean {
  const isOf = ({ variables }: Permission) => !variables || variables.some((rule) => isAbout(rule, item)) // biome-ignore format: one line
  // Who asks for all variables, or for those of all EVSEs, asks for those that are denied.
  const denied = denying.some((one) => isOf(one) || one.variables?.some((rule) => isAmong(rule, item))) // biome-ignore format: one line
  return allowing.some(isOf) && !denied
}

function denies(permission: Permission, { action, to, payload, holder }: RightsRequest): boolean {
  if (!permission.hasAction(action) || !permission.hasDestination(to)) return false
  return permission.parameters.every(({ pointer, test }) =>
    someAt(payload, pointer, (value) => test(value, holder)),
  )
}

/** Why a permission does not allow a request, for people; undefined when it does. */
function whyNotAllowed(
  permission: Permission,
  { action, to, payload, holder, earlier = [] }: RightsRequest,
  items: readonly VariableItem[] | undefined,
): string | undefined {
  if (!permission.hasAction(action)) return `it is not for ${action}`
  if (!permission.hasDestination(to)) return `it is not for ${to}`
  if (permission.variables && !items) return `it is for variables, and ${action} names none`
  const broken = permission.parameters.find(
    ({ pointer, test, isOptional }) =>
      !everyAt(payload, pointer, (value) => test(value, holder), isOptional),
  )
  if (broken) return `${broken.words}, which is not so`
  const { rate } = permission
  if (!rate) return undefined
  const counted = earlier.filter((one) => permission.hasAction(one.action) && permission.hasDestination(one.to)) // biome-ignore format: one line
  const isOver = isTooOften(rate, counted.map(({ agoS }) => agoS)) // biome-ignore format: one line
  return isOver
    ? `it is at most ${rate.atMost} times in ${rate.perS} s, and was so often`
    : undefined
}

function denied(by: string, explanation: readonly string[]): Rights {
  return { status: 'denied', by, explanation }
}
