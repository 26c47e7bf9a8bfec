// biome-ignore format: a table
/** What a station says that cannot be so after what it has said before. */
export const CONTEXT_FINDINGS = {
  'double-start':      'a transaction begins where another one has not ended',
  'after-its-end':     'it goes on after its end',
  'no-transaction':    'it speaks of a transaction that has not begun',
  'counter-backwards': 'the register of a meter is lower than it was',
  'time-ahead':        'it is dated in the future',
} as const satisfies Record<string, string>

export type ContextFinding = keyof typeof CONTEXT_FINDINGS

/** What is known around a request: a signature shows who says it, not that it is true. */
export interface ContextFacts {
  readonly findings: readonly ContextFinding[]
  /** The most power that it tells, or that the energy since the reading before comes to. */
  readonly powerW?: number
  /** Of a command that sets limits. */
  readonly limit?: LimitFacts
  /** How many seconds ago the same originator has said the same action; only where a rule asks. */
  readonly earlierS?: readonly number[]
  /** Seconds between the clock of whoever signed it and the one here, by all it has signed lately. */
  readonly clockOffS?: number
}

export interface LimitFacts {
  /** The least of them. */
  readonly leastW: number
  /** How it differs from those before: at the same place, and of the whole station. */
  readonly steps: readonly { readonly stepW: number; readonly sinceS: number }[]
}
