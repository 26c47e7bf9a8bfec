import { useSyncExternalStore } from 'react'
import { mayAs, type Role, type SessionState, sessions } from './session.ts'

/** Who sits here. */
export function useSession(): SessionState {
  return useSyncExternalStore(sessions.subscribe, sessions.snapshot)
}

/** Whether who sits here may what needs a role. */
export function useMay(needed: Role): boolean {
  return mayAs(useSession().session?.user?.role, needed)
}
