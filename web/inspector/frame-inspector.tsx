import { useState } from 'react'
import type { FrameDetail } from '../../src/http/live-api.ts'
import { isRefused } from '../frames/filter.ts'
import { useLive } from '../live/use-live.ts'
import { useResource } from '../live/use-resource.ts'
import { useAddress } from '../navigation/use-address.ts'
import buttons from '../shell/button.module.css'
import { CopyButton } from '../shell/copy-button.tsx'
import { Figure, Moment } from '../shell/moment.tsx'
import { formatBytes, formatVersion } from '../text/format.ts'
import { text } from '../text/text.ts'
import { MessageWeave } from '../weave/message-weave.tsx'
import { frameJson, sendCommand } from './copies.ts'
import { EnvelopeRuler } from './envelope-ruler.tsx'
import styles from './inspector.module.css'
import { Facts, Section } from './parts.tsx'
import { PayloadTree } from './payload-tree.tsx'
import { type ByteRange, RawFrame } from './raw-frame.tsx'
import { Signatures } from './signatures.tsx'
import { verdictSentence } from './verdict.ts'

/** One message: what became of it, its envelope, its payload, its bytes. */
export function FrameInspector({ sequence }: { sequence: number }) {
  const { data, failure } = useResource<FrameDetail>(`/api/frames/${sequence}`)
  // The frame shown before stays until the new one is there.
  if (data && failure === undefined) return <Detail detail={data} />
  const words = text.inspector
  const note =
    failure === undefined
      ? words.waiting(sequence)
      : failure === 404
        ? words.gone(sequence)
        : words.failed(failure)
  return (
    <p className={styles.note} role="status">
      {note}
    </p>
  )
}

function Detail({ detail }: { detail: FrameDetail }) {
  const [range, setRange] = useState<ByteRange>()
  const names = text.inspector.sections
  return (
    <>
      <Verdict detail={detail} />
      <Section title={names.envelope} note={text.inspector.envelopeHint}>
        <EnvelopeRuler detail={detail} onMark={setRange} />
      </Section>
      <Section title={names.payload} note={judgement(detail)}>
        {detail.payload === undefined ? (
          <p className={styles.note}>{text.inspector.payloadNone}</p>
        ) : (
          <PayloadTree payload={detail.payload} problems={detail.problems} />
        )}
      </Section>
      <Signatures detail={detail} />
      <Section title={detail.direction === 'sent' ? names.rawSent : names.raw}>
        <RawFrame detail={detail} range={range} />
        {detail.truncated && <p className={styles.note}>{text.inspector.truncated}</p>}
      </Section>
      <Section title={names.facts}>
        <Facts rows={factsOf(detail)} />
      </Section>
    </>
  )
}

function Verdict({ detail }: { detail: FrameDetail }) {
  const self = useLive((state) => state.overview?.nodeId) ?? ''
  const { select } = useAddress()
  const words = text.inspector
  const { counterpart } = detail
  const isAnswer = detail.kind !== 'CALL' && detail.kind !== 'SEND'
  const uplink = useLive((state) => state.overview?.stationUrls[0])
  const command = sendCommand(detail, uplink)
  return (
    <div className={styles.verdict} data-refused={isRefused(detail)}>
      <p className={styles.sentence} data-verdict={detail.reaction}>
        {isRefused(detail) && (
          <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
            <path d="M1 1L11 11M1 11L11 1" />
          </svg>
        )}
        {verdictSentence(detail, self)}
      </p>
      <MessageWeave detail={detail} />
      <p className={styles.buttons}>
        {counterpart !== undefined && (
          <button
            type="button"
            className={buttons.button}
            onClick={() => select({ type: 'frame', sequence: counterpart })}
          >
            {isAnswer ? words.counterpart.request : words.counterpart.answer}
          </button>
        )}
        <CopyButton label={words.copyJson} value={() => frameJson(detail)} />
        {command !== undefined && <CopyButton label={words.copySend} value={command} />}
        <CopyButton label={words.copyLink} value={() => location.href} />
      </p>
    </div>
  )
}

function judgement(detail: FrameDetail): string {
  const version = formatVersion(detail.protocol)
  if (detail.payload === undefined) return ''
  if (detail.problems.length > 0) return text.inspector.problems(detail.problems.length, version)
  return version ? text.inspector.valid(version) : text.inspector.notJudged
}

function factsOf(detail: FrameDetail) {
  const names = text.inspector.facts
  const time = <Moment iso={detail.time} />
  return [
    [names.time, time],
    [
      names.link,
      `${text.frames[detail.direction]} · ${detail.link} · ${text.link.forms[detail.form]}`,
    ],
    [names.destination, <code key="to">{detail.destination || text.none}</code>],
    [names.path, <code key="path">{detail.networkPath.join(' › ') || text.none}</code>],
    [names.messageId, <code key="id">{detail.messageId || text.none}</code>],
    [names.size, <Figure key="size" quantity={formatBytes(detail.bytes)} />],
    ...(detail.errorCode
      ? [[names.error, <code key="code">{detail.errorCode}</code>] as const]
      : []),
  ] as const
}
