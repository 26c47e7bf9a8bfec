import { NavLink, useLocation } from 'react-router'
import { useLive } from '../live/use-live.ts'
import { text } from '../text/text.ts'
import { Account } from './account.tsx'
import styles from './rail.module.css'

const ROOMS = [
  { path: '/', name: text.rooms.overlay },
  { path: '/stations', name: text.rooms.stations },
  { path: '/transactions', name: text.rooms.transactions },
  { path: '/operations', name: text.rooms.operations },
  { path: '/tokens', name: text.rooms.tokens },
  { path: '/keys', name: text.rooms.keys },
  { path: '/policies', name: text.rooms.policies },
  { path: '/roles', name: text.rooms.roles },
  { path: '/log', name: text.rooms.log },
]

/** In the demo only. */
const ATTACKS = { path: '/attacks', name: text.rooms.attacks }

/** Rooms with pages of what is in them. */
const PARENTS: ReadonlySet<string> = new Set(['/stations', '/policies', '/roles'])

/** The rooms, as words; below 720 px a bar at the bottom. */
export function Rail() {
  const { search } = useLocation()
  const nodeId = useLive((state) => state.overview?.nodeId)
  const hasAttacks = useLive((state) => state.overview?.attacks === true)
  const version = useLive((state) => state.overview?.version)
  return (
    <nav className={styles.rail} aria-label={text.rooms.label}>
      <ul className={styles.rooms}>
        {[...ROOMS, ...(hasAttacks ? [ATTACKS] : [])].map(({ path, name }) => (
          <li key={path}>
            <NavLink
              className={styles.link ?? ''}
              to={{ pathname: path, search }}
              end={!PARENTS.has(path)}
            >
              {name}
            </NavLink>
          </li>
        ))}
      </ul>
      <div className={styles.foot}>
        {nodeId !== undefined && (
          <p>
            {text.status.servedBy(nodeId)}
            <br />
            {text.status.version(version ?? '')}
          </p>
        )}
        <Account className={styles.account ?? ''} />
      </div>
    </nav>
  )
}
