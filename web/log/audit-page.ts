/** `GET /api/audit`, newest first. */
export interface AuditPage {
  readonly entries: readonly {
    readonly id: number
    /** RFC 3339. */
    readonly at: string
    readonly who: string
    readonly what: string
    /** JSON. */
    readonly object: string
    /** HTTP status. */
    readonly outcome: number
  }[]
  readonly older?: number
}
