import { Route, Routes } from 'react-router'
import { Annunciator } from './annunciator/annunciator.tsx'
import styles from './app.module.css'
import { Inspector } from './inspector/inspector.tsx'
import { useLive } from './live/use-live.ts'
import { useAddress } from './navigation/use-address.ts'
import { OverlayRoom } from './shell/overlay-room.tsx'
import { Rail } from './shell/rail.tsx'
import { StationsRoom } from './stations/stations-room.tsx'
import { TransactionsRoom } from './transactions/transactions-room.tsx'

/** The page: annunciator across the top, rail left, the room, the inspector as a drawer right. */
export function App() {
  const status = useLive((state) => state.status)
  const { selection } = useAddress()
  return (
    <div className={styles.page} data-status={status} data-open={selection !== undefined}>
      <Annunciator />
      <Rail />
      <main className={styles.room}>
        <Routes>
          <Route path="/stations" element={<StationsRoom />} />
          <Route path="/transactions" element={<TransactionsRoom />} />
          <Route path="*" element={<OverlayRoom />} />
        </Routes>
        {status === 'offline' && <div className={styles.hatch} aria-hidden="true" />}
      </main>
      <Inspector />
    </div>
  )
}
