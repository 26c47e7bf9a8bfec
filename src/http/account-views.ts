import type { ApiToken, AuditEntry, Permission, Role, User } from '../storage/account-store.ts'

/** `GET` and `POST /api/session`. */
export interface SessionView {
  readonly needsLogin: boolean
  readonly user?: User
  /** What the page sends as `x-csrf-token` with each change; undefined where there is no session. */
  readonly csrf?: string
}

/** `PUT /api/users/{name}`. */
export type UserView = User

/** `GET /api/users`. */
export interface UserList {
  readonly users: readonly UserView[]
}

/** `GET /api/api-tokens`. */
export interface ApiTokenList {
  readonly apiTokens: readonly ApiToken[]
}

/** `POST /api/api-tokens`. */
export interface NewApiToken {
  readonly id: number
  readonly name: string
  readonly role: Role
  readonly permissions: readonly Permission[]
  /** What is sent as `Bearer`; it cannot be read again. */
  readonly token: string
}

/** `GET /api/audit`, newest first. */
export interface AuditPage {
  readonly entries: readonly AuditEntry[]
  /** Where there are older ones: what to ask for as `before`. */
  readonly older?: number
}
