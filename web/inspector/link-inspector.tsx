import { useMemo } from 'react'
import type { FrameView, LinkView, OverviewView } from '../../src/http/live-api.ts'
import { heldWords, linkLabel } from '../diagram/link-words.ts'
import { useLive, useNow } from '../live/use-live.ts'
import { NO_FILTER, withFilter } from '../navigation/address.ts'
import { Figure, Moment } from '../shell/moment.tsx'
import { formatBytes, formatCount, formatMs, formatRate } from '../text/format.ts'
import { text } from '../text/text.ts'
import { ShowFrames } from './go-to.tsx'
import styles from './inspector.module.css'
import { Facts, FrameRows, NodeRows, Section } from './parts.tsx'

const LATEST = 12

/** A link: its state, what it carries and how it is protected. */
export function LinkInspector({ id, overview }: { id: string; overview: OverviewView }) {
  const now = useNow()
  const frames = useLive((state) => state.frames)
  const link = overview.links.find((known) => known.id === id)
  const latest = useMemo(
    () => (link ? latestOf(frames, link, overview.nodeId) : []),
    [frames, link, overview],
  )
  if (!link) return <p className={styles.note}>{text.inspector.linkGone(id)}</p>
  const ends = overview.nodes.filter((node) => node.id === link.from || node.id === link.to)
  const filter = link.own
    ? { ...NO_FILTER, link: neighbourOf(link, overview.nodeId) }
    : { ...NO_FILTER, text: link.from }
  return (
    <>
      <Section title={text.inspector.sections.facts}>
        <Facts rows={factsOf(link, now)} />
        {link.held && <p className={styles.warning}>{text.link.heldWhy(link.from)}</p>}
        {link.transport === 'plain' && <p className={styles.warning}>{text.link.remedyPlain}</p>}
        {link.credential === 'none' && (
          <p className={styles.warning}>{text.link.remedyCredential}</p>
        )}
      </Section>
      <Section title={text.inspector.sections.nodes}>
        <NodeRows nodes={ends} />
      </Section>
      <Section title={text.inspector.sections.frames}>
        <FrameRows frames={latest} />
        <ShowFrames query={(old) => withFilter(old, filter)} />
      </Section>
    </>
  )
}

function neighbourOf(link: LinkView, self: string): string {
  return link.from === self ? link.to : link.from
}

function latestOf(frames: readonly FrameView[], link: LinkView, self: string) {
  const neighbour = neighbourOf(link, self)
  const passed = link.own
    ? frames.filter((frame) => frame.link === neighbour || frame.forwardedTo === neighbour)
    : frames.filter(
        ({ networkPath, destination }) =>
          networkPath.includes(link.from) || destination === link.from,
      )
  return passed.slice(-LATEST).reverse()
}

function factsOf(link: LinkView, now: number) {
  const names = text.inspector.facts
  const { roundTripMs } = link
  return [
    [
      names.state,
      <span key="state" data-tone={link.state === 'down' ? 'alarm' : undefined}>
        {link.state === 'down' ? linkLabel(link, now) : text.node.up}
      </span>,
    ],
    [names.since, <Moment key="since" iso={link.since} />],
    [names.form, text.link.forms[link.form]],
    [names.sharedBy, formatCount(link.sharedBy)],
    [names.rate, formatRate(link.framesPerSecond)],
    [
      names.roundTrip,
      roundTripMs === undefined ? (
        text.inspector.notMeasured
      ) : (
        <Figure key="ms" quantity={formatMs(roundTripMs)} />
      ),
    ],
    ...(link.held ? [[names.held, heldWords(link, now)] as const] : []),
    ...(link.queuedBytes === undefined
      ? []
      : [[names.queued, <Figure key="q" quantity={formatBytes(link.queuedBytes)} />] as const]),
    [names.transport, text.link.transports[link.transport]],
    [names.credential, text.link.credentials[link.credential]],
    [names.own, link.own ? text.yes : text.no],
  ] as const
}
