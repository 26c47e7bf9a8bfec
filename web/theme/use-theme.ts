import { useEffect, useState } from 'react'

export type Theme = 'light' | 'dark'

const KEY = 'wattweave.theme'

/** The theme in use and a switch for it. The choice is remembered; before one, the system's holds. */
export function useTheme(): readonly [Theme, () => void] {
  const [theme, setTheme] = useState<Theme>(chosenTheme)
  useEffect(() => {
    if (localStorage.getItem(KEY)) return
    const query = matchMedia('(prefers-color-scheme: dark)')
    const follow = () => setTheme(query.matches ? 'dark' : 'light')
    query.addEventListener('change', follow)
    return () => query.removeEventListener('change', follow)
  }, [])
  function toggle(): void {
    const next = theme === 'dark' ? 'light' : 'dark'
    localStorage.setItem(KEY, next)
    document.documentElement.dataset.theme = next
    setTheme(next)
  }
  return [theme, toggle]
}

/** Puts a remembered choice into force; called before the first drawing. */
export function applyTheme(): void {
  const stored = localStorage.getItem(KEY)
  if (stored === 'light' || stored === 'dark') document.documentElement.dataset.theme = stored
}

function chosenTheme(): Theme {
  const stored = localStorage.getItem(KEY)
  if (stored === 'light' || stored === 'dark') return stored
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
}
