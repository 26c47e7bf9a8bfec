import type { Frame } from '../wire/frame.ts'
import type { Core } from './core.ts'
import { isSamePassword, passwordsSetBy } from './credential-changes.ts'
import type { Neighbour } from './neighbour.ts'
import type { PendingRequest } from './pending.ts'
import { isStandardStation } from './presence.ts'
import { unwrapped, unwrappedAnswer } from './unwrapped.ts'

/** A request as it came, and from whom. */
interface Asked {
  readonly from: Neighbour
  readonly arrived: Frame
}

/**
 * A command that sets a station's password is followed once the station has accepted it: towards
 * the station whoever set it, upwards only by the connection the command came over. A rule may have
 * changed the command or its answer on the way: the station shows what it was told, and whoever has
 * set it expects what it said and was told.
 *
 * @param frame As it goes on.
 * @param onward Undefined: this node itself set it.
 */
export function passwordWatch(
  node: Core,
  to: Neighbour,
  frame: Frame,
  onward?: Asked,
): PendingRequest['onResult'] {
  const { onPasswordChange } = node
  const isHere = isStandardStation(to)
  const { from, arrived = frame } = onward ?? {}
  const station = from?.represents ?? (isHere ? to.id : undefined)
  if (!onPasswordChange || station === undefined || frame.encoding === 'binary') return undefined
  const acceptedIn = passwordsIn(frame)
  const by = from?.represents === undefined ? undefined : from.rule
  const believedIn = by && passwordsIn(arrived)
  if (!acceptedIn && !believedIn) return undefined
  return (came, told) => {
    const shown = (came && acceptedIn?.(unwrappedAnswer(came))) ?? []
    const expected = (told && believedIn?.(unwrappedAnswer(told))) ?? []
    for (const { password, slot } of shown) {
      const isExpected = expected.some((one) => isSamePassword(one, { password, slot }))
      onPasswordChange({ station, password, by: isExpected ? by : undefined, isHere, slot })
      node.emit({ name: slot === undefined ? 'password.changed' : 'password.expected', station })
    }
    for (const { password, slot } of expected) {
      const isTaken = shown.some((one) => isSamePassword(one, { password, slot }))
      if (!isTaken) onPasswordChange({ station, password, by, isHere, slot, isTaken })
    }
  }
}

function passwordsIn({ action, payload }: Frame): ReturnType<typeof passwordsSetBy> {
  const plain = unwrapped(action, payload)
  return passwordsSetBy(plain.action, plain.payload)
}
