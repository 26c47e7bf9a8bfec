import { useSyncExternalStore } from 'react'
import { mayAs, type Permission, type Role, type SessionState, sessions } from './session.ts'

/** Who sits here. */
export function useSession(): SessionState {
  return useSyncExternalStore(sessions.subscribe, sessions.snapshot)
}

/** Whether who sits here may what needs a role. */
export function useMay(needed: Role): boolean {
  return mayAs(useSession().session?.user?.role, needed)
}

/** Whether who sits here has a permission, whatever the role. */
export function usePermission(permission: Permission): boolean {
  return useSession().session?.user?.permissions.includes(permission) ?? false
}
