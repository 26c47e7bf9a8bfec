import { compileFilters, type Filters } from '../../../src/routing/filters/filters.ts'
import type { FilterMatch, FilterRule, FilterSubject } from '../../../src/routing/filters/rule.ts'

/** Frames and rules for tests of filters. */

export const bytesOf = (payload: unknown) =>
  new TextEncoder().encode(typeof payload === 'string' ? payload : JSON.stringify(payload))
export const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

/** A Reset from CSMS01 to CS01 over NN01, changed as the test wants. */
export function subject(
  changes: Partial<Omit<FilterSubject, 'payload'>> & { payload?: unknown } = {},
): FilterSubject {
  const { payload = { type: 'Immediate' }, ...rest } = changes
  return {
    kind: 'CALL',
    action: 'Reset',
    source: 'CSMS01',
    networkPath: ['CSMS01', 'NN01'],
    destination: 'CS01',
    from: 'NN01',
    to: 'CS01',
    bytes: 100,
    isBinary: false,
    protocol: 'ocpp2.0.1',
    ...rest,
    payload: payload instanceof Uint8Array ? payload : bytesOf(payload),
  }
}

/** Filters of one reject rule with this match. */
export const rejecting = (match: FilterMatch): Filters =>
  compileFilters([{ name: 'deny', effect: 'reject', match }], 'NN02')

export const compiled = (...rules: FilterRule[]): Filters => compileFilters(rules, 'NN02')

/** What becomes of a frame, as one word. */
export const effectOf = (filters: Filters, frame: FilterSubject, now = 0) =>
  filters.judge(frame, now)?.effect ?? 'forward'

// biome-ignore format: a list
/** Payloads that nobody may decide about by looking into them. */
export const UNREADABLE: readonly [string, Partial<FilterSubject>][] = [
  ['a payload that is no JSON', { payload: bytesOf('{"type":') }],
  ['a payload that is no object', { payload: bytesOf('[]') }],
  ['a payload with a key that stands twice', { payload: bytesOf('{"type":"Immediate","type":"OnIdle"}') }],
  ['a payload with __proto__', { payload: bytesOf('{"__proto__":{"type":"OnIdle"}}') }],
  ['a payload with half a surrogate pair', { payload: bytesOf('{"type":"\\ud800"}') }],
  ['a payload with an integer too large to be exact', { payload: bytesOf('{"n":12345678901234567890}') }],
  ['a payload that is not UTF-8', { payload: Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d) }],
  ['an empty payload', { payload: new Uint8Array() }],
  ['a payload nested 200 000 deep', { payload: bytesOf(`{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`) }],
  ['a binary frame, even one with JSON inside', { isBinary: true }],
]
