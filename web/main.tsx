import './base.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { BrowserRouter } from 'react-router'
import { App } from './app.tsx'
import { checkSession, spendLoginLink } from './live/log-in.ts'
import { LiveStore } from './live/store.ts'
import { LiveContext } from './live/use-live.ts'
import { applyTheme } from './theme/use-theme.ts'

applyTheme()
const store = new LiveStore()
// A link that is pasted into the address of an open login page loads nothing anew.
addEventListener('hashchange', spendLoginLink)
if (!(await spendLoginLink())) void checkSession()

const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <StrictMode>
      <LiveContext value={store}>
        {/* Fields whose text stands in the address would lose letters to a later drawing. */}
        <BrowserRouter useTransitions={false}>
          <App />
        </BrowserRouter>
      </LiveContext>
    </StrictMode>,
  )
}
