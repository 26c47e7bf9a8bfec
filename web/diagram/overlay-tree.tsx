import type { LinkView, NodeView, OverviewView } from '../../src/http/live-api.ts'
import { useNow } from '../live/use-live.ts'
import { useAddress } from '../navigation/use-address.ts'
import { Figure } from '../shell/moment.tsx'
import { formatPower, formatVersion } from '../text/format.ts'
import { text } from '../text/text.ts'
import { EvseCellsInline } from './evse-cells.tsx'
import { evseCells, stationPower } from './evse-state.ts'
import { HeldIcon } from './held-frames.tsx'
import { heldWords, isShared, linkLabel, securityWord } from './link-words.ts'
import styles from './overlay-tree.module.css'
import { createTopology } from './topology.ts'

/** The diagram on a narrow screen: the same things and symbols as an indented tree. */
export function OverlayTree({ overview }: { overview: OverviewView }) {
  const { parents } = createTopology(overview.nodes, overview.links)
  const roots = overview.nodes.filter((node) => !parents.has(node.id))
  return (
    <section className={styles.panel} aria-labelledby="tree-title">
      <h2 className={styles.title} id="tree-title">
        {text.diagram.title}
      </h2>
      <Branch nodes={roots} overview={overview} parents={parents} />
    </section>
  )
}

interface BranchProps {
  readonly nodes: readonly NodeView[]
  readonly overview: OverviewView
  readonly parents: ReadonlyMap<string, string>
}

function Branch({ nodes, overview, parents }: BranchProps) {
  const sorted = [...nodes].sort((a, b) => (a.id < b.id ? -1 : 1))
  return (
    <ul className={styles.branch}>
      {sorted.map((node) => {
        const parent = parents.get(node.id)
        const link = overview.links.find(({ from, to }) => from === node.id && to === parent)
        const below = overview.nodes.filter((other) => parents.get(other.id) === node.id)
        return (
          <li
            key={node.id}
            className={styles.leaf}
            data-role={node.role}
            data-form={link?.form}
            data-shared={link !== undefined && isShared(link)}
            data-link-state={link?.state}
          >
            {link && <Stub link={link} />}
            <NodeRow node={node} link={link} />
            {below.length > 0 && <Branch nodes={below} overview={overview} parents={parents} />}
          </li>
        )
      })}
    </ul>
  )
}

/** The link as a short piece of line, open where it is down. */
function Stub({ link }: { link: LinkView }) {
  return (
    <svg className={styles.stub} width="20" height="16" viewBox="0 0 20 16" aria-hidden="true">
      {link.state === 'up' ? <path d="M0 8H20" /> : <path d="M0 8H5L14 3M15 5V11M15 8H20" />}
    </svg>
  )
}

function NodeRow({ node, link }: { node: NodeView; link: LinkView | undefined }) {
  const now = useNow()
  const { selection, select } = useAddress()
  const power = stationPower(node)
  const cells = evseCells(node.evses)
  const isSelected = selection?.type === 'node' && selection.id === node.id
  const about =
    node.role === 'charging-station' ? formatVersion(node.protocol) : text.roles[node.role]
  return (
    <button
      type="button"
      className={styles.row}
      data-node={node.id}
      data-state={node.state}
      aria-pressed={isSelected}
      onClick={() => select({ type: 'node', id: node.id })}
    >
      <span className={styles.first}>
        <strong className={styles.id}>{node.id}</strong>
        <span>{about}</span>
        {node.state === 'down' && <span className={styles.alarm}>{text.node.down}</span>}
        {node.simulated && <span className={styles.sim}>{text.node.simulated}</span>}
        {node.self && <span>{text.node.self}</span>}
      </span>
      <span className={styles.second}>
        {cells.length > 0 && <EvseCellsInline cells={cells} />}
        {power !== undefined && <Figure quantity={formatPower(power)} />}
        {link && <LinkWords link={link} now={now} />}
      </span>
    </button>
  )
}

function LinkWords({ link, now }: { link: LinkView; now: number }) {
  const label = linkLabel(link, now)
  const word = securityWord(link)
  return (
    <span className={styles.link}>
      {label && <span className={link.state === 'down' ? styles.alarm : undefined}>{label}</span>}
      {word && <span className={styles.warn}>{word}</span>}
      {link.held && (
        <span className={styles.warn}>
          <HeldIcon count={link.held.count} /> {heldWords(link, now)}
        </span>
      )}
    </span>
  )
}
