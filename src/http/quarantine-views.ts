/** A frame that a policy keeps back until somebody has looked at it. */
export interface QuarantinedView {
  readonly id: number
  /** RFC 3339. */
  readonly since: string
  /** The link it came by. */
  readonly link: string
  readonly source: string
  readonly destination: string
  readonly action: string
  /** Why: a code that stays, and a sentence. */
  readonly reason: string
  readonly sentence: string
  /** With id tokens and secrets as fingerprints; absent where it is no JSON. */
  readonly payload?: unknown
  readonly bytes: number
}

/** `GET /api/quarantine`, oldest first. */
export interface QuarantinePage {
  readonly frames: readonly QuarantinedView[]
}
