/** Random bytes, handed in so that tests can repeat what happened. */
export type Randomness = (length: number) => Uint8Array

export const systemRandomness: Randomness = (length) =>
  globalThis.crypto.getRandomValues(new Uint8Array(length))

/** A repeatable source for tests and simulations (mulberry32); never for secrets. */
export function seededRandomness(seed: number): Randomness {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) & 0xff
  }
  return (length) => Uint8Array.from({ length }, next)
}

/** A number in [0, 1) with 32 bits of the source. */
export function randomFraction(random: Randomness): number {
  const [a = 0, b = 0, c = 0, d = 0] = random(4)
  return (a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d) / 2 ** 32
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const POOL_BYTES = 10 * 256

/**
 * Creates a maker of UUIDv7 texts (36 characters, RFC 9562 section 5.7): 48 bits of time, 74 of
 * chance. Chance is drawn in blocks because one draw per id would cost more than the id.
 *
 * @param now Milliseconds since 1970.
 */
export function createUuidV7(
  now: () => number,
  random: Randomness = systemRandomness,
): () => string {
  let pool = new Uint8Array(0)
  let at = 0
  return () => {
    if (at + 10 > pool.length) {
      pool = new Uint8Array(POOL_BYTES)
      pool.set(random(POOL_BYTES))
      at = 0
    }
    const byte = (i: number) => HEX[pool[at + i] ?? 0] ?? ''
    const version = HEX[0x70 | ((pool[at] ?? 0) & 0x0f)] ?? ''
    const variant = HEX[0x80 | ((pool[at + 2] ?? 0) & 0x3f)] ?? ''
    const time = Math.trunc(now()).toString(16).padStart(12, '0')
    const id = `${time.slice(0, 8)}-${time.slice(8)}-${version}${byte(1)}-${variant}${byte(3)}-${byte(4)}${byte(5)}${byte(6)}${byte(7)}${byte(8)}${byte(9)}`
    at += 10
    return id
  }
}
