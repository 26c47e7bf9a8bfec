import { lazy, Suspense, useContext, useEffect } from 'react'
import { Navigate, Route, Routes, useLocation } from 'react-router'
import { Annunciator } from './annunciator/annunciator.tsx'
import styles from './app.module.css'
import { Inspector } from './inspector/inspector.tsx'
import { connectLive } from './live/connection.ts'
import { checkSession } from './live/log-in.ts'
import { INITIAL_STATE } from './live/state.ts'
import { LiveContext, useLive } from './live/use-live.ts'
import { useSession } from './live/use-session.ts'
import { LoginPage } from './login/login-page.tsx'
import { useAddress } from './navigation/use-address.ts'
import { OperationsRoom } from './operations/operations-room.tsx'
import { Boundary } from './shell/boundary.tsx'
import { OverlayRoom } from './shell/overlay-room.tsx'
import { Rail } from './shell/rail.tsx'
import { StationsRoom } from './stations/stations-room.tsx'
import { text } from './text/text.ts'
import { TokensRoom } from './tokens/tokens-room.tsx'
import { TransactionsRoom } from './transactions/transactions-room.tsx'

/** What not everybody opens is fetched when somebody does. */
const StationPage = lazy(() => import('./stations/station-page.tsx').then((file) => ({ default: file.StationPage }))) // biome-ignore format: one line
const KeysRoom = lazy(() => import('./keys/keys-room.tsx').then((file) => ({ default: file.KeysRoom }))) // biome-ignore format: one line
const RulesRoom = lazy(() => import('./rules/rules-room.tsx').then((file) => ({ default: file.RulesRoom }))) // biome-ignore format: one line
const RulePage = lazy(() => import('./rules/rule-page.tsx').then((file) => ({ default: file.RulePage }))) // biome-ignore format: one line
const AttacksRoom = lazy(() => import('./attacks/attacks-room.tsx').then((file) => ({ default: file.AttacksRoom }))) // biome-ignore format: one line
const LogRoom = lazy(() => import('./log/log-room.tsx').then((file) => ({ default: file.LogRoom }))) // biome-ignore format: one line

/** The login page, or the console for whoever may see it. */
export function App() {
  const { session } = useSession()
  if (!session) return <p className={styles.waiting}>{text.login.waiting}</p>
  return session.needsLogin ? <LoginPage /> : <Console />
}

/** The page: annunciator across the top, rail left, the room, the inspector as a drawer right. */
function Console() {
  const store = useContext(LiveContext)
  const status = useLive((state) => state.status)
  const { selection } = useAddress()
  const { pathname } = useLocation()
  useEffect(() => {
    const stop = connectLive(store, checkSession)
    return () => {
      stop()
      // Who logs in next may see less.
      store.update(INITIAL_STATE)
    }
  }, [store])
  return (
    <div className={styles.page} data-status={status} data-open={selection !== undefined}>
      <Annunciator />
      <Rail />
      <main className={styles.room}>
        <Boundary key={pathname}>
          <Suspense fallback={<p className={styles.waiting}>{text.diagram.waiting}</p>}>
            <Routes>
              <Route path="/stations" element={<StationsRoom />} />
              <Route path="/stations/:station" element={<StationPage />} />
              <Route path="/transactions" element={<TransactionsRoom />} />
              <Route path="/operations" element={<OperationsRoom />} />
              <Route path="/tokens" element={<TokensRoom />} />
              <Route path="/keys" element={<KeysRoom />} />
              <Route path="/policies" element={<RulesRoom kind="policy" />} />
              <Route path="/policies/:name" element={<RulePage kind="policy" />} />
              <Route path="/roles" element={<RulesRoom kind="role" />} />
              <Route path="/roles/:name" element={<RulePage kind="role" />} />
              <Route path="/log" element={<LogRoom />} />
              <Route path="/attacks" element={<AttacksRoom />} />
              <Route path="/login" element={<Navigate to="/" replace />} />
              <Route path="*" element={<OverlayRoom />} />
            </Routes>
          </Suspense>
        </Boundary>
        {status === 'offline' && <div className={styles.hatch} aria-hidden="true" />}
      </main>
      <Inspector />
    </div>
  )
}
