import type { ReactNode } from 'react'
import { useSearchParams } from 'react-router'
import { type LogPart, withLog } from '../navigation/log-address.ts'
import buttons from '../shell/button.module.css'
import tables from '../shell/table-room.module.css'
import { text } from '../text/text.ts'

const words = text.log
const PARTS = ['changes', 'security'] as const

/** Heading of the room: which part is shown, what it is narrowed to, the way to older entries. */
export function LogBar(props: {
  part: LogPart
  onNewest: (() => void) | undefined
  onOlder: (() => void) | undefined
  children?: ReactNode
}) {
  const { part, onNewest, onOlder, children } = props
  const [, setQuery] = useSearchParams()
  return (
    <div className={tables.bar}>
      <h2 className={tables.title} id="log-title">
        {words.title}
      </h2>
      {PARTS.map((one) => (
        <button
          key={one}
          type="button"
          className={buttons.button}
          aria-pressed={one === part}
          onClick={() => setQuery((old) => withLog(old, one))}
        >
          {words.parts[one]}
        </button>
      ))}
      {children}
      <div className={tables.end}>
        {onNewest && (
          <button type="button" className={buttons.button} onClick={onNewest}>
            {text.newest}
          </button>
        )}
        {onOlder && (
          <button type="button" className={buttons.button} onClick={onOlder}>
            {text.older}
          </button>
        )}
      </div>
    </div>
  )
}
