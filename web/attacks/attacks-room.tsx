import { useEffect, useState } from 'react'
import type { AttackKind, AttacksView, AttemptView } from '../../src/http/live-api.ts'
import { VerdictMark } from '../inspector/verdict-mark.tsx'
import { type ApiProblem, ask } from '../live/api.ts'
import { usePulse } from '../live/use-pulse.ts'
import { useResource } from '../live/use-resource.ts'
import { useMay } from '../live/use-session.ts'
import { useAddress } from '../navigation/use-address.ts'
import { FailureNote } from '../shell/failure-note.tsx'
import { DayMoment } from '../shell/moment.tsx'
import { columnsOf, RoomTable } from '../shell/room-table.tsx'
import tables from '../shell/table-room.module.css'
import { text } from '../text/text.ts'
import styles from './attacks-room.module.css'

const words = text.attacks
const REREAD_MS = 2_000

/** The room of the demo where a controller that lies is switched on, and what came of each attempt. */
export function AttacksRoom() {
  const [changes, setChanges] = useState(0)
  const [problem, setProblem] = useState<ApiProblem>()
  const { data, failure } = useResource<AttacksView>('/api/attacks', usePulse(REREAD_MS) + changes)
  const [wishes, setWishes] = useState<Partial<Record<AttackKind, boolean>>>({})
  // A switch stays where it was put until the node has said where it is.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the node has said it again
  useEffect(() => setWishes({}), [data])
  const onSwitch = async (attack: AttackKind, isOn: boolean) => {
    setWishes((all) => ({ ...all, [attack]: isOn }))
    const answer = await ask<AttacksView>('PUT', `/api/attacks/${attack}`, { isOn })
    setProblem('problem' in answer ? answer.problem : undefined)
    setChanges((count) => count + 1)
  }
  return (
    <section className={tables.panel} aria-labelledby="attacks-title">
      <div className={tables.bar}>
        <h2 className={tables.title} id="attacks-title">
          {words.title}
        </h2>
      </div>
      <FailureNote failure={failure} />
      <p className={tables.note}>{words.lead}</p>
      {problem && (
        <p className={tables.note} role="alert">
          {problem.detail}
        </p>
      )}
      {!data && failure === undefined && <p className={tables.note}>{words.waiting}</p>}
      {data && <Switches view={data} wishes={wishes} onSwitch={onSwitch} />}
      {data && <Attempts attempts={data.attempts} />}
    </section>
  )
}

function Switches(props: {
  view: AttacksView
  wishes: Partial<Record<AttackKind, boolean>>
  onSwitch: (attack: AttackKind, isOn: boolean) => void
}) {
  const { box, problem, attacks } = props.view
  const isTechnician = useMay('technician')
  return (
    <>
      <p className={tables.note} role="status" data-box={box}>
        {box === 'failed' ? words.box.failed(problem ?? '') : words.box[box]}
      </p>
      <ul className={styles.switches}>
        {attacks.map(({ attack, isOn, attempts, caught }) => {
          const [name, what] = words.kinds[attack]
          return (
            <li key={attack} data-attack={attack} data-on={isOn}>
              <label className={styles.label}>
                <input
                  type="checkbox"
                  checked={props.wishes[attack] ?? isOn}
                  disabled={!isTechnician}
                  onChange={({ target }) => props.onSwitch(attack, target.checked)}
                />
                <b>{name}</b>
              </label>
              <span>{what}</span>
              <span className={styles.count}>{words.counted(attempts, caught)}</span>
            </li>
          )
        })}
      </ul>
    </>
  )
}

const COLUMNS = columnsOf<AttemptView, keyof typeof words.columns>(words.columns, {
  time: ({ time }) => <DayMoment iso={time} />,
  attack: ({ attack }) => words.kinds[attack][0],
  action: ({ action }) => action,
  what: ({ what }) => what,
  outcome: ({ outcome }) => (
    <span className={styles.outcome} data-outcome={outcome.state}>
      {outcome.state === 'caught' && <VerdictMark level="refused" />} {outcomeWords(outcome)}
    </span>
  ),
})

function outcomeWords({ state, at = '', reason, sentence }: AttemptView['outcome']): string {
  if (state === 'open') return words.outcomes.open
  if (state === 'caught') {
    if (reason === 'repeated') return words.outcomes.repeated(sentence ?? reason)
    return words.outcomes.caught(at, [reason, sentence].filter(Boolean).join(', '))
  }
  return words.outcomes[state](at)
}

function Attempts({ attempts }: Pick<AttacksView, 'attempts'>) {
  const { select } = useAddress()
  if (attempts.length === 0) return <p className={tables.note}>{words.empty}</p>
  const open = ({ outcome }: AttemptView) => {
    if (outcome.frame !== undefined) select({ type: 'frame', sequence: outcome.frame })
  }
  return (
    <RoomTable
      columns={COLUMNS}
      head="attack"
      rows={attempts}
      keyOf={({ number }) => number}
      data={({ number, outcome }) => ({ 'data-attempt': number, 'data-outcome': outcome.state })}
      className={styles.attempts}
      opening={{ open }}
    />
  )
}
