import { BadRequest } from './query.ts'

/** What the rows of a list are ordered by. */
type Place = readonly (string | number)[]

/**
 * A page out of rows of which one more than asked for was read, to know whether there are more.
 * `next` says by what its last row is ordered, so that the next page begins there whatever becomes
 * of the row meanwhile.
 */
export function pageOf<T>(
  rows: readonly T[],
  limit: number,
  placeOfRow: (row: T) => Place,
): { readonly rows: readonly T[]; readonly next?: string } {
  const shown = rows.slice(0, limit)
  const last = rows.length > limit ? shown.at(-1) : undefined
  return { rows: shown, ...(last && { next: encode(placeOfRow(last)) }) }
}

/**
 * The place that the `next` of a page names; undefined when none is given.
 *
 * @param kinds What `typeof` says of each part of it.
 * @throws {BadRequest} for a text that no page of such a list has given.
 */
export function placeOf<P extends Place>(
  next: string | undefined,
  kinds: { readonly [K in keyof P]: P[K] extends number ? 'number' : 'string' },
): P | undefined {
  if (next === undefined) return undefined
  const place = decode(next)
  const isWhole = Array.isArray(place) && place.length === kinds.length
  const isOf = (part: unknown, kind: string | undefined) => typeof part === kind
  if (isWhole && place.every((part, i) => isOf(part, kinds[i]))) return place as unknown as P
  throw noPlace()
}

/**
 * Of an `after` that names no place in the list, or none any more: to begin anew would tell rows
 * twice.
 */
export function noPlace(): BadRequest {
  return new BadRequest('"after" must be what the page before gave as "next"')
}

function encode(place: Place): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

function decode(next: string): unknown {
  try {
    return JSON.parse(Buffer.from(next, 'base64url').toString())
  } catch {
    return undefined
  }
}
