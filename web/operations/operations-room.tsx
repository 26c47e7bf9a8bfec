import { NO_OPERATION_FILTER, OPERATION_STATES } from '../navigation/address.ts'
import { useAddress } from '../navigation/use-address.ts'
import { AtCsms } from '../shell/at-csms.tsx'
import buttons from '../shell/button.module.css'
import { FailureNote } from '../shell/failure-note.tsx'
import tables from '../shell/table-room.module.css'
import { text } from '../text/text.ts'
import { OperationsTable } from './operations-table.tsx'
import { useOperations } from './use-operations.ts'

const words = text.operations

/** The room with what stations were asked to do, and what became of it. */
export function OperationsRoom() {
  return (
    <AtCsms title={words.title} kept={words.kept}>
      {() => <Operations />}
    </AtCsms>
  )
}

function Operations() {
  const { operations: filter } = useAddress()
  const { operations, older, failure } = useOperations(filter)
  const isNarrowed = filter.station !== '' || filter.state !== ''
  return (
    <section className={tables.panel} aria-labelledby="operations-title">
      <FilterBar older={older} />
      <FailureNote failure={failure} />
      {!operations && failure === undefined && <p className={tables.note}>{words.waiting}</p>}
      {operations?.length === 0 && (
        <p className={tables.note} data-empty="operations">
          {isNarrowed ? words.noMatch : words.empty}
        </p>
      )}
      {operations && operations.length > 0 && <OperationsTable rows={operations} />}
    </section>
  )
}

function FilterBar({ older }: { older: string | undefined }) {
  const { operations: filter, narrowOperations: narrow } = useAddress()
  return (
    <div className={tables.bar}>
      <h2 className={tables.title} id="operations-title">
        {words.title}
      </h2>
      <input
        className={tables.field}
        type="search"
        aria-label={words.station}
        placeholder={words.stationHint}
        value={filter.station}
        onChange={({ target }) => narrow({ ...filter, station: target.value, before: '' })}
      />
      <select
        className={tables.field}
        aria-label={words.state}
        value={filter.state}
        onChange={({ target }) => {
          const state = OPERATION_STATES.find((one) => one === target.value) ?? ''
          narrow({ ...filter, state, before: '' })
        }}
      >
        <option value="">{words.everyState}</option>
        {OPERATION_STATES.map((state) => (
          <option key={state} value={state}>
            {words.states[state]}
          </option>
        ))}
      </select>
      {(filter.station || filter.state) && (
        <button type="button" className={buttons.plain} onClick={() => narrow(NO_OPERATION_FILTER)}>
          {text.frames.clear}
        </button>
      )}
      <div className={tables.end}>
        {filter.before && (
          <button
            type="button"
            className={buttons.button}
            onClick={() => narrow({ ...filter, before: '' })}
          >
            {text.newest}
          </button>
        )}
        {older !== undefined && (
          <button
            type="button"
            className={buttons.button}
            onClick={() => narrow({ ...filter, before: older })}
          >
            {text.older}
          </button>
        )}
      </div>
    </div>
  )
}
