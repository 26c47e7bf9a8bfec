import type { InsecureRule, LinkView, OverviewView } from '../../src/http/live-api.ts'
import { OFF_S } from '../annunciator/clock-window.ts'
import { heldCount, stationsOf, worstFirst } from '../annunciator/windows.ts'
import { heldWords, isInsecure } from '../diagram/link-words.ts'
import { isRefused } from '../frames/filter.ts'
import { isUnguarded } from '../live/session.ts'
import { useLive } from '../live/use-live.ts'
import { useSession } from '../live/use-session.ts'
import { NO_FILTER, type WindowName, withFilter } from '../navigation/address.ts'
import { withLog } from '../navigation/log-address.ts'
import { DateMoment, Moment } from '../shell/moment.tsx'
import { StartSimulated } from '../shell/start-simulated.tsx'
import { formatBytes, formatCount, join } from '../text/format.ts'
import { text } from '../text/text.ts'
import { GoTo, ShowFrames } from './go-to.tsx'
import styles from './inspector.module.css'
import { Facts, FrameRows, LinkRows, NodeRows, Section } from './parts.tsx'

const LATEST = 20
const words = text.windowText

/** The list that explains a window of the annunciator. */
export function WindowInspector({ name, overview }: { name: WindowName; overview: OverviewView }) {
  switch (name) {
    case 'links':
      return <Links overview={overview} />
    case 'refused':
      return <Refused overview={overview} />
    case 'alerts':
      return <Alerts overview={overview} />
    case 'queues':
      return <Queues overview={overview} />
    case 'stations':
      return <Stations overview={overview} />
    case 'clock':
      return <Clocks overview={overview} />
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

function Alerts({ overview: { alerts } }: Props) {
  if (!alerts) return <p className={styles.lead}>{words.alertsNone}</p>
  const reasons = Object.entries(alerts.byReason).sort((a, b) => b[1] - a[1])
  const { time, link, source, destination, action, rule, reason, sentence } = alerts.newest
  const facts = words.alertFacts
  return (
    <>
      <p className={styles.lead}>{words.alertsSome}</p>
      <Facts rows={reasons.map(([code, count]) => [code, formatCount(count)] as const)} />
      <Section title={words.alertsNewest}>
        <Facts
          rows={[
            [facts.time, <Moment key="time" iso={time} short />],
            [facts.what, words.alertOf(action, source, destination)],
            [facts.link, link],
            [facts.rule, rule],
            [facts.reason, words.alertReason(reason, sentence)],
          ]}
        />
      </Section>
      <GoTo room="/policies" label={words.showRules} query={(old) => old} />
    </>
  )
}

function Queues({ overview }: Props) {
  const { queuedBytes } = overview.counters
  const waiting = overview.links.filter((link) => link.held ?? link.queuedBytes)
  const held = heldCount(overview)
  return (
    <>
      {held > 0 && <p className={styles.lead}>{words.held(held)}</p>}
      {queuedBytes > 0 && (
        <p className={styles.lead}>{words.queuesHeld(join(formatBytes(queuedBytes)))}</p>
      )}
      {held === 0 && queuedBytes === 0 && <p className={styles.lead}>{words.queuesEmpty}</p>}
      <LinkRows links={waiting} say={waitingWords} />
    </>
  )
}

function waitingWords(link: LinkView, now: number): string {
  const bytes = link.queuedBytes === undefined ? '' : join(formatBytes(link.queuedBytes))
  return [heldWords(link, now), bytes].filter(Boolean).join(' · ')
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

function Clocks({ overview: { keys } }: Props) {
  const clocks = keys?.clocks ?? []
  if (clocks.length === 0) return <p className={styles.lead}>{words.clocksUnknown}</p>
  const off = clocks.filter(({ offsetS }) => Math.abs(offsetS) >= OFF_S).length
  return (
    <>
      <p className={styles.lead} data-clocks-off={off}>
        {off > 0 ? words.clocksOff(off) : words.clocksFine}
      </p>
      <Facts
        rows={clocks.map(({ id, offsetS, at }) => [
          id,
          <span key="offset">
            {text.windows.offset(offsetS)}, {words.clockHeard} <Moment iso={at} short />
          </span>,
        ])}
      />
    </>
  )
}

function Insecure({ overview }: Props) {
  const links = overview.links.filter(isInsecure)
  const rules = overview.insecureRules ?? []
  const isOpen = isUnguarded(useSession().session)
  if (links.length === 0 && rules.length === 0 && !overview.insecure && !isOpen) {
    return (
      <>
        <p className={styles.lead}>{words.secure}</p>
        <ShowSecurityEvents overview={overview} />
      </>
    )
  }
  return (
    <>
      {isOpen && (
        <p className={styles.lead} data-insecure="console">
          {words.unguarded}
        </p>
      )}
      {overview.insecure && <p className={styles.lead}>{words.insecureMode}</p>}
      {(links.length > 0 || overview.insecure) && (
        <p className={styles.lead}>{words.insecureRemedy}</p>
      )}
      <LinkRows links={worstFirst(links)} />
      {rules.length > 0 && <InsecureRules rules={rules} />}
      <ShowSecurityEvents overview={overview} />
    </>
  )
}

function InsecureRules({ rules }: { rules: readonly InsecureRule[] }) {
  return (
    <>
      <p className={styles.lead}>{words.insecureRules}</p>
      {rules.map((rule) => {
        const { policy, list, index, name, sentence, action, until } = rule
        const place = `${policy} ${list}/${index}${name === undefined ? '' : ` (${name})`}`
        return (
          <p key={`${place} ${rule.why}`} className={styles.lead} data-insecure-rule={rule.why}>
            {words.insecureRule(place, sentence, action === undefined ? '' : words.suchAs(action))}
            {until !== undefined && (
              <>
                {' '}
                {words.until} <DateMoment iso={until} />
              </>
            )}
          </p>
        )
      })}
      <GoTo room="/policies" label={words.showRules} query={(old) => old} />
    </>
  )
}

/** What stations reported themselves; only a CSMS keeps it. */
function ShowSecurityEvents({ overview }: Props) {
  if (!overview.nodes.some(({ self, role }) => self && role === 'csms')) return null
  return (
    <GoTo room="/log" label={text.log.security.show} query={(old) => withLog(old, 'security')} />
  )
}

function Simulated({ overview }: Props) {
  const { simulation } = overview
  const nodes = overview.nodes.filter((node) => node.simulated)
  return (
    <>
      <p className={styles.lead}>{nodes.length > 0 ? words.simulatedSome : words.simulatedNone}</p>
      <NodeRows nodes={worstFirst(nodes)} />
      {simulation && simulation.started < simulation.max && (
        <div className={styles.lead}>
          <StartSimulated />
        </div>
      )}
    </>
  )
}
