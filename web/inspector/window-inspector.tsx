import type { OverviewView } from '../../src/http/live-api.ts'
import { stationsOf, worstFirst } from '../annunciator/windows.ts'
import { isInsecure } from '../diagram/link-words.ts'
import { isRefused } from '../frames/filter.ts'
import { useLive } from '../live/use-live.ts'
import { NO_FILTER, type WindowName, withFilter } from '../navigation/address.ts'
import { formatBytes, formatCount, join } from '../text/format.ts'
import { text } from '../text/text.ts'
import styles from './inspector.module.css'
import { Facts, FrameRows, LinkRows, NodeRows, Section } from './parts.tsx'
import { ShowFrames } from './show-frames.tsx'

const LATEST = 20
const words = text.windowText

/** The list that explains a window of the annunciator. */
export function WindowInspector({ name, overview }: { name: WindowName; overview: OverviewView }) {
  switch (name) {
    case 'links':
      return <Links overview={overview} />
    case 'refused':
      return <Refused overview={overview} />
    case 'queues':
      return <Queues overview={overview} />
    case 'stations':
      return <Stations overview={overview} />
    case 'insecure':
      return <Insecure overview={overview} />
    case 'simulated':
      return <Simulated overview={overview} />
  }
}

interface Props {
  readonly overview: OverviewView
}

function Links({ overview }: Props) {
  const down = overview.links.filter((link) => link.state === 'down').length
  return (
    <>
      <p className={styles.lead}>{down > 0 ? words.linksDown(down) : words.linksFine}</p>
      <LinkRows links={worstFirst(overview.links)} />
    </>
  )
}

function Refused({ overview }: Props) {
  const frames = useLive((state) => state.frames)
  const { refused, refusedByCode } = overview.counters
  if (refused === 0) return <p className={styles.lead}>{words.refusedNone}</p>
  const codes = Object.entries(refusedByCode).sort((a, b) => b[1] - a[1])
  const latest = frames.filter(isRefused).slice(-LATEST).reverse()
  return (
    <>
      <p className={styles.lead}>{words.refusedSome}</p>
      <Facts rows={codes.map(([code, count]) => [code, formatCount(count)] as const)} />
      <Section title={words.refusedLatest}>
        <FrameRows frames={latest} />
        <ShowFrames
          label={words.showRefused}
          query={(old) => withFilter(old, { ...NO_FILTER, refused: true })}
        />
      </Section>
    </>
  )
}

function Queues({ overview }: Props) {
  const { queuedBytes } = overview.counters
  const held = queuedBytes > 0 ? words.queuesHeld(join(formatBytes(queuedBytes))) : undefined
  return (
    <>
      <p className={styles.lead}>{held ?? words.queuesEmpty}</p>
      {held && <LinkRows links={worstFirst(overview.links)} />}
    </>
  )
}

function Stations({ overview }: Props) {
  const stations = stationsOf(overview)
  const down = stations.filter((node) => node.state === 'down').length
  return (
    <>
      <p className={styles.lead}>{down > 0 ? words.stationsDown(down) : words.stationsFine}</p>
      <NodeRows nodes={worstFirst(stations)} />
    </>
  )
}

function Insecure({ overview }: Props) {
  const links = overview.links.filter(isInsecure)
  if (links.length === 0 && !overview.insecure) return <p className={styles.lead}>{words.secure}</p>
  return (
    <>
      {overview.insecure && <p className={styles.lead}>{words.insecureMode}</p>}
      <p className={styles.lead}>{words.insecureRemedy}</p>
      <LinkRows links={worstFirst(links)} />
    </>
  )
}

function Simulated({ overview }: Props) {
  const nodes = overview.nodes.filter((node) => node.simulated)
  return (
    <>
      <p className={styles.lead}>{nodes.length > 0 ? words.simulatedSome : words.simulatedNone}</p>
      <NodeRows nodes={worstFirst(nodes)} />
    </>
  )
}
