import { useSyncExternalStore } from 'react'
import { useMay } from '../live/use-session.ts'
import { DayMoment } from '../shell/moment.tsx'
import { text } from '../text/text.ts'
import { TokenForm } from '../tokens/token-form.tsx'
import { tokenList } from '../tokens/token-list.ts'
import styles from './inspector.module.css'
import { Facts, Section } from './parts.tsx'

const words = text.tokens

/** An id token: what is known of it and, for operators, the form that changes it. */
export function TokenInspector({ number }: { number: number }) {
  const page = useSyncExternalStore(tokenList.subscribe, tokenList.page)
  const mayChange = useMay('operator')
  const token = page?.tokens.find(({ id }) => id === number)
  if (number === 0 && mayChange) return <TokenForm key="new" token={undefined} />
  if (!token) return <p className={styles.note}>{words.notShown}</p>
  return (
    <>
      <Section title={text.inspector.sections.facts}>
        <Facts
          rows={[
            [words.fingerprint, <code key="print">{token.fingerprint}</code>],
            [words.columns.type, token.type],
            [words.columns.status, words.statuses[token.status]],
            [words.columns.changed, <DayMoment key="changed" iso={token.changedAt} />],
          ]}
        />
      </Section>
      {mayChange && <TokenForm key={`${token.id} ${token.changedAt}`} token={token} />}
    </>
  )
}
