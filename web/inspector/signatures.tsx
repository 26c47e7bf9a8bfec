import type { FrameDetail, VerdictView } from '../../src/http/live-api.ts'
import { text } from '../text/text.ts'
import styles from './inspector.module.css'
import { Facts, Section } from './parts.tsx'
import { VerdictMark } from './verdict-mark.tsx'

const words = text.inspector.signatures
const KEY_CHARACTERS = 8

/** Who verifiably signed a frame, with which key and role, and the rule that decided about it. */
export function Signatures({ detail }: { detail: FrameDetail }) {
  const { verdict } = detail
  return (
    <Section title={text.inspector.sections.signatures}>
      <p className={styles.level} data-level={verdict?.level ?? 'not-checked'}>
        <VerdictMark level={verdict?.level ?? 'not-checked'} />
        {verdict ? levelOf(detail, verdict) : words.notChecked(detail.reaction, detail.direction)}
      </p>
      {verdict && <Facts rows={rowsOf(verdict)} />}
    </Section>
  )
}

/** An error that is not believed is one that nobody who was asked has signed. */
function levelOf({ kind, reaction }: FrameDetail, { level }: VerdictView): string {
  const isError = kind === 'CALLERROR' || kind === 'CALLRESULTERROR'
  return level === 'refused' && isError && reaction === 'handled'
    ? words.hopError
    : words.levels[level]
}

function rowsOf({ signers, unknownKeys, reason, sentence, findings, rule }: VerdictView) {
  return [
    ...signers.map(
      ({ owner, roles, kid, as }) =>
        [
          words.as[as],
          <span key={kid}>
            <code>{owner}</code> {roles.length > 0 ? words.roles(roles) : words.noRole} ·{' '}
            <code title={kid}>{kid.slice(0, KEY_CHARACTERS)}</code>
          </span>,
        ] as const,
    ),
    ...(unknownKeys > 0 ? [[words.unknown, words.unknownKeys(unknownKeys)] as const] : []),
    ...(reason
      ? [
          [
            words.reason,
            <span key="reason">
              <code>{reason}</code> {sentence}
            </span>,
          ] as const,
        ]
      : []),
    ...findings.map((one) => [words.found, words.findings[one]] as const),
    ...(rule ? [[words.rule, ruleName(rule)] as const] : []),
  ]
}

function ruleName({ policy, version, list, index, name }: NonNullable<VerdictView['rule']>) {
  const place =
    index === undefined ? words.noRule(list) : `${list}/${index + 1}${name ? ` “${name}”` : ''}`
  return words.ofPolicy(place, policy, version)
}
