/** What the console reads of the demonstration of attacks; types only. */

/** What a controller that lies can be told to do in the demo. */
export type AttackKind = 'alter' | 'replay' | 'redirect' | 'strip' | 'forge' | 'drop'

/** What became of an attempt, as the node that serves the console has seen it. */
export interface AttackOutcome {
  /**
   * `caught`: it was refused, and nothing came of it. `noticed`: it is missing, and was told again.
   * `open`: nothing is known yet. `obeyed`: it took effect.
   */
  readonly state: 'caught' | 'noticed' | 'open' | 'obeyed'
  /** Where it was caught. */
  readonly at?: string
  /** Why it was refused: a code that stays, and a sentence. */
  readonly reason?: string
  readonly sentence?: string
  /** Of the frame that shows it. */
  readonly frame?: number
}

export interface AttemptView {
  readonly number: number
  /** RFC 3339. */
  readonly time: string
  readonly attack: AttackKind
  /** What was done, for people. */
  readonly what: string
  readonly action: string
  readonly outcome: AttackOutcome
}

/** `GET /api/attacks`. */
export interface AttacksView {
  /** `none`: there is no box yet; the first attack that is switched on starts it. */
  readonly box: 'none' | 'starting' | 'ready' | 'failed'
  /** Why it could not be started. */
  readonly problem?: string
  readonly attacks: readonly {
    readonly attack: AttackKind
    readonly isOn: boolean
    readonly attempts: number
    readonly caught: number
  }[]
  /** The newest first. */
  readonly attempts: readonly AttemptView[]
}
