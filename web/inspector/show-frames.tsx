import { useLocation, useNavigate, useSearchParams } from 'react-router'
import buttons from '../shell/button.module.css'
import { text } from '../text/text.ts'
import styles from './inspector.module.css'

/** A button that narrows the frame list, and goes to the room where it is. */
export function ShowFrames(props: {
  query: (old: URLSearchParams) => URLSearchParams
  label?: string
}) {
  const [query] = useSearchParams()
  const { pathname } = useLocation()
  const navigate = useNavigate()
  return (
    <p className={styles.buttons}>
      <button
        type="button"
        className={buttons.button}
        onClick={() =>
          navigate({
            pathname: pathname === '/stations' ? '/' : pathname,
            search: props.query(query).toString(),
          })
        }
      >
        {props.label ?? text.inspector.showFrames}
      </button>
    </p>
  )
}
