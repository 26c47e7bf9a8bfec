import { useEffect, useState } from 'react'

/**
 * Tokens as colours that a canvas takes, and again whenever the theme changes.
 *
 * @param names Without the dashes; the same array each time.
 */
export function useColours<N extends string>(names: readonly N[]): Readonly<Record<N, string>> {
  const [colours, setColours] = useState(() => resolve(names))
  useEffect(() => {
    const renew = () => setColours(resolve(names))
    const system = matchMedia('(prefers-color-scheme: dark)')
    const chosen = new MutationObserver(renew)
    chosen.observe(document.documentElement, { attributeFilter: ['data-theme'] })
    system.addEventListener('change', renew)
    return () => {
      chosen.disconnect()
      system.removeEventListener('change', renew)
    }
  }, [names])
  return colours
}

/** A token is `light-dark(…)`; only as the colour of an element it becomes one of both. */
function resolve<N extends string>(names: readonly N[]): Readonly<Record<N, string>> {
  const probe = document.createElement('span')
  document.body.append(probe)
  const entries = names.map((name) => {
    probe.style.color = `var(--${name})`
    return [name, getComputedStyle(probe).color] as const
  })
  probe.remove()
  return Object.fromEntries(entries) as Record<N, string>
}
