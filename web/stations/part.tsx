import type { ReactNode } from 'react'
import styles from './station-page.module.css'

/** A part of the page of a station under its heading. */
export function Part(props: { title: string; note?: string; children: ReactNode }) {
  return (
    <section className={styles.part} aria-label={props.title}>
      <h3 className={styles.title}>
        {props.title}
        {props.note && <span className={styles.titleNote}>{props.note}</span>}
      </h3>
      {props.children}
    </section>
  )
}

/** What the parts of a station's page know of it. */
export interface OfStation {
  readonly id: string
  readonly protocol: string
  /** EVSEs it has told of, in OCPP 1.6 connectors. */
  readonly evseIds: readonly number[]
  /** Rises when what it holds may have changed. */
  readonly version: number
}
