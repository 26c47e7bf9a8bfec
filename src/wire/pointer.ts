/** The names on the way from a payload to one of its values. */
export type Pointer = readonly [string, ...string[]]

const MAX_DEPTH = 32

/**
 * Reads a JSON pointer that names something inside a payload.
 *
 * @returns A text that says what is wrong with it, when it is none.
 * @spec RFC 6901
 */
export function parsePointer(text: string): Pointer | string {
  if (text === '') return 'names the whole payload; name a member, as in /reason'
  if (!text.startsWith('/')) return 'must begin with /'
  if (/~(?![01])/.test(text)) return 'has a ~ that is neither ~0 (a tilde) nor ~1 (a slash)'
  const [first = '', ...rest] = text
    .slice(1)
    .split('/')
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
  const pointer: Pointer = [first, ...rest]
  if (pointer.length > MAX_DEPTH) return `has more than ${MAX_DEPTH} names`
  // No payload has such a member (docs/overlay.md 2.3), and setting one would change what objects are.
  if (pointer.includes('__proto__')) return 'names __proto__, which no payload may have'
  return pointer
}

/**
 * Whether one of the values a pointer leads to passes a test. `*` leads to every item of an array;
 * in an object it is a name like any other.
 */
export function someAt(
  root: unknown,
  pointer: readonly string[],
  test: (value: unknown) => boolean,
): boolean {
  const visit = (value: unknown, depth: number): boolean => {
    const name = pointer[depth]
    if (name === undefined) return test(value)
    if (Array.isArray(value)) {
      if (name === '*') return value.some((item) => visit(item, depth + 1))
      const index = indexOf(value, name)
      return index >= 0 && visit(value[index], depth + 1)
    }
    return isObject(value) && Object.hasOwn(value, name) && visit(value[name], depth + 1)
  }
  return visit(root, 0)
}

/**
 * Whether every place that a pointer leads to has a value that passes a test. With `*` each item has
 * to have one: what is left out in one of them must not slip through.
 *
 * @param isMissingFine What a place without a value counts as; an empty array is one.
 */
export function everyAt(
  root: unknown,
  pointer: readonly string[],
  test: (value: unknown) => boolean,
  isMissingFine: boolean,
): boolean {
  const visit = (value: unknown, depth: number): boolean => {
    const name = pointer[depth]
    if (name === undefined) return test(value)
    if (Array.isArray(value)) {
      if (name === '*' && value.length > 0) return value.every((item) => visit(item, depth + 1))
      const index = indexOf(value, name)
      return index >= 0 ? visit(value[index], depth + 1) : isMissingFine
    }
    if (!isObject(value)) return false
    return Object.hasOwn(value, name) ? visit(value[name], depth + 1) : isMissingFine
  }
  return visit(root, 0)
}

/**
 * Sets what a pointer leads to: a member that is there or that its object lacks, or an item that
 * is there. Nothing is made on the way.
 *
 * @returns Whether that changed anything.
 */
export function setAt(root: unknown, pointer: Pointer, value: unknown): boolean {
  const text = JSON.stringify(value)
  return changeAt(root, pointer, (holder, name) => {
    if (Object.hasOwn(holder, name) && JSON.stringify(member(holder, name)) === text) return false
    // A copy: a later rule may change what this one has put there.
    Object.assign(holder, { [name]: structuredClone(value) })
    return true
  })
}

/**
 * Removes what a pointer leads to.
 *
 * @returns Whether there was anything.
 */
export function removeAt(root: unknown, pointer: Pointer): boolean {
  return changeAt(root, pointer, (holder, name) => {
    if (Array.isArray(holder)) return holder.splice(Number(name), 1).length > 0
    return Object.hasOwn(holder, name) && Reflect.deleteProperty(holder, name)
  })
}

function changeAt(
  root: unknown,
  pointer: Pointer,
  change: (holder: object, name: string) => boolean,
): boolean {
  const last = pointer[pointer.length - 1] as string
  let isChanged = false
  someAt(root, pointer.slice(0, -1), (holder) => {
    if (Array.isArray(holder)) {
      // From the end, because removing moves what comes after.
      for (let index = holder.length - 1; index >= 0; index--) {
        if (last === '*' || last === `${index}`) isChanged = change(holder, `${index}`) || isChanged
      }
    } else if (isObject(holder)) isChanged = change(holder, last) || isChanged
    return false // so that every place is visited
  })
  return isChanged
}

/** Index of an item; -1 when the text is none, or there is no such item. */
function indexOf(array: readonly unknown[], text: string): number {
  if (!/^(?:0|[1-9]\d*)$/.test(text)) return -1
  const index = Number(text)
  return index < array.length ? index : -1
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function member(holder: object, name: string): unknown {
  return (holder as Record<string, unknown>)[name]
}
