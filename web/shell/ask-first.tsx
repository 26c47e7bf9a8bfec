import { AlertDialog } from '@base-ui/react/alert-dialog'
import { text } from '../text/text.ts'
import styles from './ask-first.module.css'
import buttons from './button.module.css'

/** A question with its effect in it, before something that cannot be undone. */
export function AskFirst(props: {
  /** Nothing is asked without one. */
  question: string | undefined
  /** Verb and object. */
  doIt: string
  onYes: () => void
  onNo: () => void
}) {
  const { question, doIt, onYes, onNo } = props
  return (
    <AlertDialog.Root open={question !== undefined} onOpenChange={(isOpen) => isOpen || onNo()}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={styles.backdrop} />
        <AlertDialog.Popup className={styles.popup} data-ask="">
          <AlertDialog.Title className={styles.question}>{question}</AlertDialog.Title>
          <div className={styles.buttons}>
            <button type="button" className={buttons.button} onClick={onNo}>
              {text.cancel}
            </button>
            <button type="button" className={buttons.danger} onClick={onYes}>
              {doIt}
            </button>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}
