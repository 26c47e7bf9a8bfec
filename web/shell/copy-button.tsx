import { type MouseEvent, useEffect, useState } from 'react'
import { text } from '../text/text.ts'
import styles from './button.module.css'

/** A button that puts `value` on the clipboard and says so. */
export function CopyButton({ label, value }: { label: string; value: string | (() => string) }) {
  const [isDone, setDone] = useState(false)
  useEffect(() => {
    if (!isDone) return
    const timer = setTimeout(() => setDone(false), 2000)
    return () => clearTimeout(timer)
  }, [isDone])
  async function copy(event: MouseEvent): Promise<void> {
    // It may stand in a row that opens something.
    event.stopPropagation()
    await writeClipboard(typeof value === 'string' ? value : value())
    setDone(true)
  }
  return (
    <button type="button" className={styles.button} onClick={copy}>
      <span data-hidden={isDone}>{label}</span>
      <span className={styles.done} role="status">
        {isDone ? text.copied : ''}
      </span>
    </button>
  )
}

/** Outside a secure context there is no clipboard API; then a selection is copied. */
async function writeClipboard(value: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(value)
  const area = document.createElement('textarea')
  area.value = value
  document.body.append(area)
  area.select()
  document.execCommand('copy')
  area.remove()
}
