import { OperationLife } from '../operations/operation-life.tsx'
import { useOperation } from '../operations/use-operations.ts'
import { failureWords } from '../shell/failure-note.tsx'
import { DayMoment } from '../shell/moment.tsx'
import { stationPath } from '../stations/station-path.ts'
import { formatVersion } from '../text/format.ts'
import { text } from '../text/text.ts'
import { GoTo } from './go-to.tsx'
import styles from './inspector.module.css'
import { Facts, Section } from './parts.tsx'
import { PayloadTree } from './payload-tree.tsx'

const words = text.operations

/** An operation: its life, what was asked for and what was answered. */
export function OperationInspector({ id }: { id: string }) {
  const { operation, failure } = useOperation(id)
  if (!operation) {
    const note =
      failure === undefined ? words.waiting : failure === 404 ? words.gone : failureWords(failure)
    return <p className={styles.note}>{note}</p>
  }
  const { station, action, protocol, askedBy, askedAt, request, answer } = operation
  return (
    <>
      <div className={styles.verdict}>
        <OperationLife operation={operation} />
        <GoTo room={stationPath(station)} query={(old) => old} label={text.stations.open} />
      </div>
      <Section title={text.inspector.sections.facts}>
        <Facts
          rows={[
            [words.columns.station, <code key="station">{station}</code>],
            [words.columns.action, action],
            [text.inspector.facts.protocol, formatVersion(protocol)],
            [words.columns.askedBy, askedBy],
            [words.columns.time, <DayMoment key="time" iso={askedAt} />],
          ]}
        />
      </Section>
      <Section title={words.request}>
        <PayloadTree payload={request} problems={[]} />
      </Section>
      <Section title={words.answer}>
        {answer === undefined ? (
          <p className={styles.note}>{words.noAnswer}</p>
        ) : (
          <PayloadTree payload={answer} problems={[]} />
        )}
      </Section>
    </>
  )
}
