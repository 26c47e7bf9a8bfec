import { foldId } from '../../primitives/ids.ts'
import { oneOf } from '../../primitives/wildcard.ts'
import { type Frame, KINDS, type Kind } from '../../wire/frame.ts'
import { encodePayload, type JsonObject, parsePayload } from '../../wire/payload.ts'

/** Which frames an attack is for: all that meet every member; names know `*`. */
export interface Target {
  readonly kinds?: readonly Kind[]
  /** Of an answer: the action it answers. */
  readonly actions?: readonly string[]
  /** The originator, and the last destination. */
  readonly from?: readonly string[]
  readonly to?: readonly string[]
  /** Attack so many, then leave the others alone. Default: all. */
  readonly times?: number
}

/** What is done to each frame that passes, for as long as it is switched on. */
export type StandingAttack = { readonly on?: Target } & (
  | Alteration
  /** Sends it to somebody else. */
  | { readonly attack: 'redirect'; readonly to: string }
  /** Takes its signatures away, wherever they stand. */
  | { readonly attack: 'strip' }
  | { readonly attack: 'drop' }
  /** Passes it on later, by milliseconds of the clock. */
  | { readonly attack: 'delay'; readonly byMs: number }
  /** Passes it on behind the next frame that this is for, so two change places. */
  | { readonly attack: 'reorder' }
)

/** Changes what a JSON pointer leads to (`*`: each item): to `value`, or to `factor` times as much. */
export interface Alteration {
  readonly attack: 'alter'
  readonly pointer: string
  readonly value?: unknown
  /** Numbers, and texts of decimals, as OCPP 1.6 writes meter values. */
  readonly factor?: number
}

export type AttackName = StandingAttack['attack'] | 'replay' | 'forge'

/** A frame on its way, with what it is about. */
export interface Passing {
  readonly frame: Frame
  /** Of an answer the action it answers, '' where that is not known. */
  readonly action: string
}

/** Whether a frame is one that an attack is for. */
export function isTarget(target: Target, { frame, action }: Passing): boolean {
  const { kinds, actions, from, to } = target
  const { destination = [], networkPath = [] } = frame.route ?? {}
  return (
    (kinds?.includes(KINDS[frame.type]) ?? true) &&
    (actions === undefined || oneOf(actions, (name) => name)(action)) &&
    (from === undefined || oneOf(from, foldId)(networkPath[0] ?? '')) &&
    (to === undefined || oneOf(to, foldId)(destination.at(-1) ?? ''))
  )
}

/**
 * The frame with other content, every other member as it was.
 *
 * @returns undefined where there is nothing to change: its payload is binary or no JSON, or has no
 *   such member.
 */
export function altered(frame: Frame, alteration: Alteration): Frame | undefined {
  const { pointer, factor } = alteration
  const change = (value: unknown) => (factor === undefined ? alteration.value : times(value, factor)) // biome-ignore format: one line
  return withPayload(frame, (payload) => changedAt(payload, pointer.split('/').slice(1), change))
}

/** The frame without signatures, beside the members or in `customData`. */
export function stripped(frame: Frame): Frame | undefined {
  return withPayload(frame, (payload) => {
    const { signatures, customData, ...rest } = payload as { customData?: JsonObject } & JsonObject
    const { signatures: inside, ...others } = customData ?? {}
    if (signatures === undefined && inside === undefined) return undefined
    return customData === undefined ? rest : { ...rest, customData: others }
  })
}

function withPayload(frame: Frame, change: (payload: JsonObject) => unknown): Frame | undefined {
  if (frame.encoding === 'binary') return undefined
  let payload: JsonObject
  try {
    payload = parsePayload(frame.payload)
  } catch {
    return undefined // what it cannot read it passes on
  }
  const changed = change(payload)
  if (changed === undefined) return undefined
  // Its bytes are others now: the old ones must not be spliced.
  const { origin: _, ...rest } = frame
  return { ...rest, payload: encodePayload(changed) }
}

/** @returns undefined where the names lead nowhere, or nothing would be another. */
function changedAt(
  value: unknown,
  [name, ...names]: readonly string[],
  change: (value: unknown) => unknown,
): unknown {
  if (name === undefined) return change(value)
  if (Array.isArray(value)) {
    const items = value.map((item, index) => {
      return name === '*' || name === `${index}` ? changedAt(item, names, change) : undefined
    })
    if (items.every((item) => item === undefined)) return undefined
    return items.map((item, index) => item ?? value[index])
  }
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  const changed = changedAt((value as JsonObject)[name], names, change)
  return changed === undefined ? undefined : { ...value, [name]: changed }
}

function times(value: unknown, factor: number): unknown {
  if (typeof value === 'number') return value * factor
  const number = typeof value === 'string' && value !== '' ? Number(value) : Number.NaN
  return Number.isFinite(number) ? `${number * factor}` : undefined
}
