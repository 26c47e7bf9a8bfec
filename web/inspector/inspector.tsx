import { type ReactNode, useEffect, useRef } from 'react'
import type { OverviewView } from '../../src/http/live-api.ts'
import { useLive } from '../live/use-live.ts'
import { formatSelection, type Selection } from '../navigation/address.ts'
import { useAddress } from '../navigation/use-address.ts'
import { Boundary } from '../shell/boundary.tsx'
import { text } from '../text/text.ts'
import { FrameInspector } from './frame-inspector.tsx'
import styles from './inspector.module.css'
import { KeyInspector } from './key-inspector.tsx'
import { LinkInspector } from './link-inspector.tsx'
import { AuditInspector, SecurityEventInspector } from './log-inspector.tsx'
import { NodeInspector } from './node-inspector.tsx'
import { OperationInspector } from './operation-inspector.tsx'
import { TokenInspector } from './token-inspector.tsx'
import { TransactionInspector } from './transaction-inspector.tsx'
import { WindowInspector } from './window-inspector.tsx'

/** The drawer on the right that every row, mark, symbol and window opens. */
export function Inspector() {
  const { selection, select } = useAddress()
  const overview = useLive((state) => state.overview)
  const drawer = useRef<HTMLElement>(null)
  const isOpen = selection !== undefined
  useEscape(isOpen, () => select(undefined))
  const key = selection && formatSelection(selection)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another selection starts at its top
  useEffect(() => {
    drawer.current?.querySelector('[data-scroll]')?.scrollTo({ top: 0 })
  }, [key])
  if (!selection) return null
  return (
    <aside ref={drawer} className={styles.drawer} aria-label={text.inspector.label}>
      <header className={styles.head}>
        <h2 className={styles.title}>{titleOf(selection)}</h2>
        <button type="button" className={styles.close} onClick={() => select(undefined)}>
          <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
            <path d="M2 2L12 12M2 12L12 2" />
          </svg>
          <span className="visually-hidden">{text.close}</span>
        </button>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling box must be reachable by keys */}
      <section className={styles.body} data-scroll="" tabIndex={0} aria-label={titleOf(selection)}>
        <Boundary key={key}>{contentOf(selection, overview)}</Boundary>
      </section>
    </aside>
  )
}

function contentOf(selection: Selection, overview: OverviewView | undefined): ReactNode {
  if (selection.type === 'frame') return <FrameInspector sequence={selection.sequence} />
  if (selection.type === 'transaction') return <TransactionInspector number={selection.number} />
  if (selection.type === 'operation') return <OperationInspector id={selection.id} />
  if (selection.type === 'token') return <TokenInspector number={selection.number} />
  if (selection.type === 'key') return <KeyInspector key={selection.id} id={selection.id} />
  if (selection.type === 'audit') return <AuditInspector number={selection.number} />
  if (selection.type === 'security-event') {
    return <SecurityEventInspector number={selection.number} />
  }
  if (!overview) return <p className={styles.note}>{text.windowText.noOverview}</p>
  if (selection.type === 'node') return <NodeInspector id={selection.id} overview={overview} />
  if (selection.type === 'link') return <LinkInspector id={selection.id} overview={overview} />
  return <WindowInspector name={selection.name} overview={overview} />
}

function titleOf(selection: Selection): string {
  if (selection.type === 'frame') return text.inspector.frame(selection.sequence)
  if (selection.type === 'transaction') return text.transactions.one(selection.number)
  if (selection.type === 'operation') return text.operations.one
  if (selection.type === 'token') {
    return selection.number > 0 ? text.tokens.one : text.tokens.enter
  }
  if (selection.type === 'key') {
    return selection.id === 'invite' ? text.keys.inviteTitle : text.keys.one
  }
  if (selection.type === 'audit') return text.log.one(selection.number)
  if (selection.type === 'security-event') return text.log.security.one(selection.number)
  if (selection.type === 'window') return text.windows[selection.name].title
  if (selection.type === 'node') return selection.id
  const [from, to] = selection.id.split('>')
  return text.link.between(from ?? '', to ?? '')
}

function useEscape(isOpen: boolean, close: () => void): void {
  useEffect(() => {
    if (!isOpen) return
    const onKey = (event: KeyboardEvent) => event.key === 'Escape' && close()
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  })
}
