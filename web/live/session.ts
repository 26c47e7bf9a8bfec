/** As in OCPP's administration, each role may what those before it may. */
export const ROLES = ['viewer', 'operator', 'technician', 'admin'] as const
export type Role = (typeof ROLES)[number]

/** What somebody may beside what the role lets him. */
export type Permission = 'tokens:read'

/** `GET /api/session`. */
export interface SessionView {
  readonly needsLogin: boolean
  readonly user?: {
    readonly name: string
    readonly role: Role
    readonly permissions: readonly Permission[]
  }
  /** Sent along with each change; undefined where there is no session. */
  readonly csrf?: string
}

/** Who sits here; undefined until the node was asked. */
export interface SessionState {
  readonly session: SessionView | undefined
  /** Why the last login did not work. */
  readonly problem?: string
}

/** Holds who sits here for `useSyncExternalStore`. */
export class SessionStore {
  #state: SessionState = { session: undefined }
  readonly #listeners = new Set<() => void>()

  readonly snapshot = (): SessionState => this.#state

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  update(state: SessionState): void {
    this.#state = state
    for (const listener of this.#listeners) listener()
  }
}

/** One per page, as the cookie is one per browser. */
export const sessions = new SessionStore()

/** Whether somebody with `role` may what needs `needed`. */
export function mayAs(role: Role | undefined, needed: Role): boolean {
  return role !== undefined && ROLES.indexOf(role) >= ROLES.indexOf(needed)
}

/** Whoever reaches this console may do everything: the node has no accounts. */
export function isUnguarded(session: SessionView | undefined): boolean {
  return session?.user?.name === 'anybody' && session.csrf === undefined
}
