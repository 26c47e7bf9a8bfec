import type { ReactNode } from 'react'
import { text } from '../text/text.ts'
import tables from './table-room.module.css'

/** A cell of a row; one that holds nothing says so by a dash. */
export interface Column<T> {
  /** What the style sheet of the room calls it. */
  readonly name: string
  readonly label: string
  readonly cell: (row: T) => ReactNode
}

/** What opens a row; the button in the head cell does it for the keyboard. */
export interface Opening<T> {
  readonly open: (row: T) => void
  readonly isOpen?: (row: T) => boolean
  /** Told on hover, where the head is shortened. */
  readonly title?: (row: T) => string
}

/** A scrolling box must be reachable by keys, also where nothing in it is. */
const FOCUSABLE = { tabIndex: 0, role: 'region', 'aria-label': text.rows } as const

/**
 * The table of a room: one row per thing, two lines of it on a narrow screen. Where rows open
 * something, a click anywhere and the button in the head cell do.
 */
export function RoomTable<T>(props: {
  columns: readonly Column<T>[]
  /** Name of the column that heads a row. */
  head: string
  rows: readonly T[]
  keyOf: (row: T) => string | number
  /** `data-…` attributes of a row. */
  data: (row: T) => Readonly<Record<`data-${string}`, string | number | boolean>>
  className: string | undefined
  opening?: Opening<T>
  /** Stands behind the head's button. */
  marks?: (row: T) => ReactNode
}) {
  const { columns, head, rows, keyOf, data, className, opening, marks } = props
  return (
    <div className={tables.scroller} {...(!opening && FOCUSABLE)}>
      <table className={`${tables.table} ${className ?? ''}`}>
        <thead>
          <tr>
            {columns.map(({ name, label }) => (
              <th key={name} scope="col" data-column={name}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr
              key={keyOf(row)}
              className={opening ? `${tables.row} ${tables.opens}` : tables.row}
              {...data(row)}
              {...(opening?.isOpen && { 'data-open': opening.isOpen(row) })}
              {...(opening && { onClick: () => opening.open(row) })}
            >
              {columns.map((column) =>
                column.name === head ? (
                  <th key={column.name} scope="row" data-column={column.name}>
                    <Head row={row} column={column} opening={opening} />
                    {marks?.(row)}
                  </th>
                ) : (
                  <td key={column.name} data-column={column.name}>
                    {column.cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Head<T>(props: { row: T; column: Column<T>; opening: Opening<T> | undefined }) {
  const { row, column, opening } = props
  if (!opening) return column.cell(row)
  return (
    <button
      type="button"
      className={tables.id}
      title={opening.title?.(row)}
      onClick={() => opening.open(row)}
    >
      {column.cell(row)}
    </button>
  )
}

/** Columns in the order of their labels. */
export function columnsOf<T, N extends string>(
  labels: Readonly<Record<N, string>>,
  cells: { readonly [K in N]: (row: T) => ReactNode },
): readonly Column<T>[] {
  return (Object.keys(labels) as N[]).map((name) => ({
    name,
    label: labels[name],
    cell: cells[name],
  }))
}
