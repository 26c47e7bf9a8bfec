import { useNavigate, useSearchParams } from 'react-router'
import buttons from '../shell/button.module.css'
import { text } from '../text/text.ts'
import styles from './inspector.module.css'

/** A button that leads to a room, narrowed; the inspector stays open. */
export function GoTo(props: {
  room: string
  query: (old: URLSearchParams) => URLSearchParams
  label: string
}) {
  const [query] = useSearchParams()
  const navigate = useNavigate()
  return (
    <p className={styles.buttons}>
      <button
        type="button"
        className={buttons.button}
        onClick={() => navigate({ pathname: props.room, search: props.query(query).toString() })}
      >
        {props.label}
      </button>
    </p>
  )
}

/** A button that narrows the frame list, and goes to the room where it is. */
export function ShowFrames(props: {
  query: (old: URLSearchParams) => URLSearchParams
  label?: string
}) {
  return <GoTo room="/" query={props.query} label={props.label ?? text.inspector.showFrames} />
}
