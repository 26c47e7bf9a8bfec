import type { OperationView } from '../../src/http/live-api.ts'
import { useAddress } from '../navigation/use-address.ts'
import { DayMoment } from '../shell/moment.tsx'
import tables from '../shell/table-room.module.css'
import { text } from '../text/text.ts'
import { OperationLife } from './operation-life.tsx'
import styles from './operations-room.module.css'

const words = text.operations

/** Operations as rows that open them. */
export function OperationsTable({ rows }: { rows: readonly OperationView[] }) {
  return (
    <div className={tables.scroller}>
      <table className={`${tables.table} ${styles.table}`}>
        <thead>
          <tr>
            {Object.entries(words.columns).map(([name, label]) => (
              <th key={name} scope="col" data-column={name}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.id} row={row} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Row({ row }: { row: OperationView }) {
  const { selection, select } = useAddress()
  const open = () => select({ type: 'operation', id: row.id })
  const isOpen = selection?.type === 'operation' && selection.id === row.id
  return (
    <tr
      className={tables.row}
      data-operation={row.action}
      data-open={isOpen}
      data-state={row.state}
      onClick={open}
    >
      <td data-column="time">
        <DayMoment iso={row.askedAt} />
      </td>
      <td data-column="station">
        <code>{row.station}</code>
      </td>
      <th scope="row" data-column="action">
        <button type="button" className={tables.id} onClick={open}>
          {row.action}
        </button>
      </th>
      <td data-column="life">
        <OperationLife operation={row} />
      </td>
      <td data-column="askedBy">{row.askedBy}</td>
    </tr>
  )
}
