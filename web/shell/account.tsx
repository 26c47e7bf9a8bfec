import { logOut } from '../live/log-in.ts'
import { isUnguarded } from '../live/session.ts'
import { useSession } from '../live/use-session.ts'
import { text } from '../text/text.ts'
import buttons from './button.module.css'

/** Who sits here, and the way out. Nothing where nobody has to log in. */
export function Account({ className }: { className: string }) {
  const { session } = useSession()
  if (!session?.user || isUnguarded(session)) return null
  const { name, role } = session.user
  return (
    <p className={className} data-user={name}>
      <span>
        {name}, {text.accountRoles[role]}
      </span>
      {session.csrf !== undefined && (
        <button type="button" className={buttons.plain} onClick={logOut}>
          {text.login.out}
        </button>
      )}
    </p>
  )
}
