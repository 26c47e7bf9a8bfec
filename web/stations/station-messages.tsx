import { useState } from 'react'
import type { MessagePage, MessageView } from '../../src/http/live-api.ts'
import { PayloadTree } from '../inspector/payload-tree.tsx'
import { useResource } from '../live/use-resource.ts'
import buttons from '../shell/button.module.css'
import { DayMoment } from '../shell/moment.tsx'
import { text } from '../text/text.ts'
import type { OfStation } from './part.tsx'
import styles from './station-page.module.css'
import { stationApi } from './station-path.ts'

const words = text.stations
/** Characters of a message that is shown without being opened. */
const MAX_INLINE = 120

/** What it said last, as it said it. */
export function StationMessages({ of }: { of: OfStation }) {
  const [before, setBefore] = useState<number>()
  const query = new URLSearchParams({ limit: '20' })
  if (before !== undefined) query.set('before', String(before))
  const path = `${stationApi(of.id)}/messages?${query}`
  const { data } = useResource<MessagePage>(path, of.version)
  if (!data) return <p className={styles.note}>{text.transactions.waiting}</p>
  if (data.messages.length === 0) return <p className={styles.note}>{words.noMessages}</p>
  const { older } = data
  return (
    <>
      <ul className={styles.rows}>
        {data.messages.map((message) => (
          <Message key={message.id} message={message} />
        ))}
      </ul>
      <p className={styles.more}>
        {before !== undefined && (
          <button type="button" className={buttons.button} onClick={() => setBefore(undefined)}>
            {text.newest}
          </button>
        )}{' '}
        {older !== undefined && (
          <button type="button" className={buttons.button} onClick={() => setBefore(older)}>
            {text.older}
          </button>
        )}
      </p>
    </>
  )
}

function Message({ message }: { message: MessageView }) {
  const [isOpen, setOpen] = useState(false)
  const { action, kind, receivedAt, payload, repeated, conflict, refused } = message
  return (
    <li
      data-message={action}
      data-kind={kind}
      data-refused={refused}
      data-repeated={repeated}
      data-conflict={conflict}
    >
      <DayMoment iso={receivedAt} />
      <b>{action}</b>
      {kind !== 'CALL' && <span className={styles.soft}>{kind}</span>}
      {refused !== undefined && (
        <b className={styles.warn}>
          {words.refused} {refused}
        </b>
      )}
      {repeated && <span className={styles.soft}>{words.repeated}</span>}
      {conflict && <b className={styles.warn}>{words.conflict}</b>}
      <details
        className={styles.grow}
        onToggle={({ currentTarget }) => setOpen(currentTarget.open)}
      >
        <summary>
          <code>{isOpen ? words.payload : shortened(payload)}</code>
        </summary>
        {isOpen && <Whole message={message} />}
      </details>
    </li>
  )
}

/** The payload to read, and the message as it was written. */
function Whole({ message: { messageId, payload, frame } }: { message: MessageView }) {
  return (
    <>
      {messageId !== undefined && (
        <p className={styles.soft}>
          {words.messageId} <code>{messageId}</code>
        </p>
      )}
      <Payload payload={payload} />
      {frame !== undefined && <code className={styles.payload}>{frame}</code>}
    </>
  )
}

function Payload({ payload }: { payload: string }) {
  const parsed = parse(payload)
  if (parsed === undefined) return <code className={styles.payload}>{payload}</code>
  return <PayloadTree payload={parsed} problems={[]} />
}

function parse(payload: string): unknown {
  try {
    return JSON.parse(payload)
  } catch {
    return undefined
  }
}

function shortened(payload: string): string {
  return payload.length > MAX_INLINE ? `${payload.slice(0, MAX_INLINE)}…` : payload
}
