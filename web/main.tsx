import './base.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { BrowserRouter } from 'react-router'
import { App } from './app.tsx'
import { connectLive } from './live/connection.ts'
import { LiveStore } from './live/store.ts'
import { LiveContext } from './live/use-live.ts'
import { applyTheme } from './theme/use-theme.ts'

applyTheme()
const store = new LiveStore()
connectLive(store)

const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <StrictMode>
      <LiveContext value={store}>
        <BrowserRouter>
          <App />
        </BrowserRouter>
      </LiveContext>
    </StrictMode>,
  )
}
