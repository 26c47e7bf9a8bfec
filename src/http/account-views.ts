import type { Role } from '../storage/account-store.ts'

/** `GET` and `POST /api/session`. */
export interface SessionView {
  readonly needsLogin: boolean
  readonly user?: { readonly name: string; readonly role: Role }
  /** What the page sends as `x-csrf-token` with each change; undefined where there is no session. */
  readonly csrf?: string
}
