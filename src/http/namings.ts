import { plainOf, TOKEN } from './json-strings.ts'
import { namingOf } from './secrets.ts'

/**
 * What an object says of values by the variables that it names:
 *
 * - `secret`: it names a secret one; what it calls a value is hidden, in it and in all inside.
 * - `harmless`: it names others, and nothing inside names a secret one.
 * - `own`: it names others, but something inside names a secret one.
 * - `unclear`: it names none, or not clearly, and something inside names a secret one.
 */
export type Naming = 'secret' | 'harmless' | 'own' | 'unclear'

interface Open {
  readonly at: number
  readonly isObject: boolean
  /** Whether the next string is the name of a member, and what the last one was. */
  expectsName: boolean
  member: string
  /** What is named in it, or one level further in: `variable: { name }`. */
  readonly names: Set<ReturnType<typeof namingOf>>
  /** In itself only. */
  readonly ownNames: Set<ReturnType<typeof namingOf>>
  hasSecretInside: boolean
}

/** By the places where objects begin in a text; empty unless all of it is one JSON value. */
export function namingsOf(text: string): ReadonlyMap<number, Naming> {
  const found = new Map<number, Naming>()
  const open: Open[] = []
  for (let at = 0; at < text.length; ) {
    TOKEN.lastIndex = at
    const [whole, string, , mark = ''] = TOKEN.exec(text) ?? []
    // Behind its end there is nothing.
    if (whole === undefined || (at > 0 && open.length === 0)) return new Map()
    at += whole.length
    const inside = open.at(-1)
    if (mark === '{' || mark === '[') open.push(opened(at - 1, mark === '{'))
    else if (mark === '}' || mark === ']') end(open, found)
    else if (mark === ',' && inside) inside.expectsName = inside.isObject
    else if (string !== undefined && inside) take(inside, plainOf(string))
  }
  return open.length === 0 ? found : new Map()
}

function opened(at: number, isObject: boolean): Open {
  return {
    at,
    isObject,
    expectsName: isObject,
    member: '',
    names: new Set(),
    ownNames: new Set(),
    hasSecretInside: false,
  }
}

function take(inside: Open, string: string): void {
  if (!inside.isObject) return
  if (inside.expectsName) {
    inside.expectsName = false
    inside.member = string
    return
  }
  const naming = namingOf(inside.member, string)
  inside.names.add(naming)
  inside.ownNames.add(naming)
}

function end(open: Open[], found: Map<number, Naming>): void {
  const ended = open.pop()
  if (!ended) return
  const { names, ownNames, hasSecretInside } = ended
  const isClear = names.has('harmless') && !names.has('unclear')
  if (names.has('secret')) found.set(ended.at, 'secret')
  else if (isClear) found.set(ended.at, hasSecretInside ? 'own' : 'harmless')
  else if (hasSecretInside) found.set(ended.at, 'unclear')
  const around = open.at(-1)
  if (!around) return
  around.hasSecretInside ||= hasSecretInside || ownNames.has('secret')
  if (!around.isObject || !ended.isObject) return
  const isNamed = namingOf(around.member, 'Any') !== undefined
  for (const naming of ownNames) if (naming === 'secret' || isNamed) around.names.add(naming)
}
