import { useLocation, useNavigate } from 'react-router'
import { isUnguarded } from '../live/session.ts'
import { useLive } from '../live/use-live.ts'
import { useSession } from '../live/use-session.ts'
import { useAddress } from '../navigation/use-address.ts'
import { Account } from '../shell/account.tsx'
import { Moment } from '../shell/moment.tsx'
import { text } from '../text/text.ts'
import { useTheme } from '../theme/use-theme.ts'
import styles from './annunciator.module.css'
import { type AnnunciatorWindow, annunciatorWindows } from './windows.ts'

/** The room that explains the window of keys; what is held stands with the rules. */
const KEYS = '/keys'
const RULES = '/policies'

/** The lamp panel across the top. A window opens the list that explains it. */
export function Annunciator() {
  const overview = useLive((state) => state.overview)
  const status = useLive((state) => state.status)
  const asOf = useLive((state) => state.asOf)
  const { selection, select } = useAddress()
  const { session } = useSession()
  const navigate = useNavigate()
  const { pathname, search } = useLocation()
  const opened = selection?.type === 'window' ? selection.name : undefined
  const isOpen = (name: AnnunciatorWindow['name']) =>
    name === 'keys' ? pathname === KEYS : opened === name
  function press(name: AnnunciatorWindow['name']): void {
    const isHeld = (overview?.keys?.held ?? 0) > 0
    if (name === 'keys') navigate({ pathname: isHeld ? RULES : KEYS, search })
    else select(opened === name ? undefined : { type: 'window', name })
  }
  return (
    <header className={styles.top}>
      <h1 className={styles.product}>{text.product}</h1>
      <section className={styles.panel} aria-label={text.status.label} data-status={status}>
        {status === 'offline' && (
          <p className={styles.offline} role="alert">
            {text.status.offline}
          </p>
        )}
        {overview &&
          annunciatorWindows(overview, isUnguarded(session)).map(({ name, label, value, tone }) => (
            <button
              key={name}
              type="button"
              className={styles.window}
              data-window={name}
              data-tone={tone}
              aria-pressed={isOpen(name)}
              onClick={() => press(name)}
            >
              {value ? `${label} ${value}` : label}
            </button>
          ))}
        {status === 'connecting' && <p className={styles.note}>{text.status.connecting}</p>}
      </section>
      {asOf !== undefined && (
        <p className={styles.asOf}>
          {text.asOf('')}
          <Moment iso={asOf} short />
        </p>
      )}
      <Account className={styles.account ?? ''} />
      <ThemeSwitch />
    </header>
  )
}

function ThemeSwitch() {
  const [theme, toggle] = useTheme()
  const isDark = theme === 'dark'
  return (
    <button type="button" className={styles.theme} onClick={toggle}>
      <span className={styles.long}>{isDark ? text.theme.light : text.theme.dark}</span>
      <span className={styles.short}>{isDark ? text.theme.lightShort : text.theme.darkShort}</span>
    </button>
  )
}
