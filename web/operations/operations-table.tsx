import type { OperationView } from '../../src/http/live-api.ts'
import { useAddress } from '../navigation/use-address.ts'
import { DayMoment } from '../shell/moment.tsx'
import { columnsOf, RoomTable } from '../shell/room-table.tsx'
import { text } from '../text/text.ts'
import { OperationLife } from './operation-life.tsx'
import styles from './operations-room.module.css'

const words = text.operations

const COLUMNS = columnsOf<OperationView, keyof typeof words.columns>(words.columns, {
  time: (row) => <DayMoment iso={row.askedAt} />,
  station: (row) => <code>{row.station}</code>,
  action: (row) => row.action,
  life: (row) => <OperationLife operation={row} />,
  askedBy: (row) => row.askedBy,
})

/** Operations as rows that open them. */
export function OperationsTable({ rows }: { rows: readonly OperationView[] }) {
  const { selection, select } = useAddress()
  return (
    <RoomTable
      columns={COLUMNS}
      head="action"
      rows={rows}
      keyOf={({ id }) => id}
      data={({ action, state }) => ({ 'data-operation': action, 'data-state': state })}
      className={styles.table}
      opening={{
        open: ({ id }) => select({ type: 'operation', id }),
        isOpen: ({ id }) => selection?.type === 'operation' && selection.id === id,
      }}
    />
  )
}
