/**
 * The same bytes in memory of their own. What a socket gives may be a small view of a large piece,
 * all of which stays as long as the view does; and `slice` of a `Buffer` is a view again, though
 * that of a `Uint8Array` is a copy.
 */
export function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}
