import { OverlayError } from '../../errors.ts'
import { type AuditReport, checkAudit, readAuditEntry } from '../../security/audit-chain.ts'
import type { KeyDirectory } from '../../security/keys/key-directory.ts'
import { readText } from '../config-files.ts'
import { directoryOf, type KeyOptions } from '../known-keys.ts'
import { reportOn, type StatementReport } from '../statement-report.ts'
import { table } from '../tables.ts'
import { checkTrace, isTrace, type TraceLine } from '../trace-report.ts'

interface VerifyOptions extends KeyOptions {
  readonly json?: boolean
}

/** What was found in a file: what `--json` prints, the same for people, and whether all is right. */
interface Findings {
  readonly json: object
  readonly lines: readonly string[]
  readonly isRight: boolean
}

/**
 * `wattweave verify FILE`: whether an audit log, a signed statement or an exported trace is what its
 * signers have signed. Exit code 0 only when all of it is.
 */
export function verify(file: string, options: VerifyOptions): void {
  const directory = directoryOf(options)
  const { json, lines, isRight } = findings(file, readText(file), directory)
  const text = options.json ? JSON.stringify(json, undefined, 2) : lines.join('\n')
  process.stdout.write(`${text}\n`)
  if (!isRight) process.exitCode = 1
}

function findings(file: string, text: string, directory: KeyDirectory): Findings {
  const nowS = Math.floor(Date.now() / 1_000)
  if (isTrace(text)) return ofTrace(checkTrace(text, directory, nowS))
  if (isAudit(text)) return ofAudit(checkAudit(linesOf(text), directory))
  try {
    return ofStatement(reportOn(Buffer.from(text), directory, nowS))
  } catch (error) {
    if (!(error instanceof OverlayError)) throw error
    throw new Error(`${file} is neither an audit log nor a trace nor a signed statement (${error.message}); wattweave verify takes audit.jsonl of a node, what wattweave trace prints, and JSON with signatures`) // biome-ignore format: one line
  }
}

/** By its name too: a log whose first line was changed is one all the same. */
function isAudit(text: string): boolean {
  const [first = '', second = ''] = text.split('\n', 2)
  return [first, second].some((line) => typeof readAuditEntry(line) !== 'string' || /"seq":\d+,"time":/.test(line)) // biome-ignore format: one line
}

/** The last line ends, too: where it does not, it was cut off. */
function linesOf(text: string): string[] {
  return text.endsWith('\n') ? text.slice(0, -1).split('\n') : text.split('\n')
}

function ofAudit(report: AuditReport): Findings {
  const { entries, wrong, vouched, unproved, unvouched } = report
  const isRight = wrong === undefined && vouched !== undefined
  const lines = [
    wrong ? `entry ${wrong.entry} is wrong: ${wrong.problem}` : `${entries} entries, none changed, left out or put in`, // biome-ignore format: one line
    ...(vouched ? [`vouched for up to entry ${vouched.seq} by ${vouched.node}, key ${vouched.kid}, ${timeOf(vouched.signedS)}`] : ['nobody who is believed here vouches for it']), // biome-ignore format: one line
    ...(unvouched > 0 ? [`${unvouched} entries stand after that, for which nobody vouches yet`] : []), // biome-ignore format: one line
    ...unproved.map(({ entry, kid, problem }) => `the head in entry ${entry} does not count: key ${kid}, ${problem}`), // biome-ignore format: one line
  ]
  return { json: { kind: 'audit-log', isRight, ...report }, lines, isRight }
}

function ofStatement(report: StatementReport): Findings {
  const { what, isRight, status, reason, sentence, header, signers, unknownKeys } = report
  const said = sentence === undefined ? status : `${reason}: ${sentence}`
  const rows = signers.map(({ kid, owner = '', roles, state, isHop, isOfRecord }) => [kid, owner, roles.join(', '), isOfRecord ? 'the key of the record' : isHop ? `a hop, ${state}` : state]) // biome-ignore format: one line
  const lines = [
    `${isRight ? 'right' : 'NOT right'}: ${what}, ${said}`,
    ...(rows.length > 0 ? table(['key', 'owner', 'user roles', 'when it signed'], rows) : []),
    ...unknownKeys.map((kid) => `signed by ${kid} as well, a key that is not known here`),
    ...Object.entries(header ?? {}).map(([name, value]) => `  ${name}: ${shown(name, value)}`),
  ]
  return { json: { kind: 'statement', ...report }, lines, isRight }
}

function ofTrace(all: readonly TraceLine[]): Findings {
  const count = (verdict: TraceLine['verdict']) => all.filter((one) => one.verdict === verdict).length // biome-ignore format: one line
  const counts = { verified: count('verified'), wrong: count('wrong'), redacted: count('redacted'), unreadable: count('unreadable'), unsigned: count('unsigned') } // biome-ignore format: one line
  const isRight = counts.wrong + counts.redacted + counts.unreadable === 0 && counts.verified > 0
  const told = all.filter(({ verdict }) => verdict !== 'verified' && verdict !== 'unsigned')
  const lines = [
    `${all.length} records: ${Object.entries(counts).map(([name, number]) => `${number} ${name}`).join(', ')}`, // biome-ignore format: one line
    ...(counts.redacted > 0 ? ['redacted: a trace has fingerprints in the place of id tokens and secrets, so what is signed over them cannot be verified'] : []), // biome-ignore format: one line
    ...told.map(({ line, action, messageId, verdict, reason, sentence = '' }) => `line ${line}: ${verdict}, ${action} ${messageId}${reason === undefined ? '' : `, ${reason}`}${sentence && `: ${sentence}`}`), // biome-ignore format: one line
  ]
  return { json: { kind: 'trace', isRight, ...counts, records: all }, lines, isRight }
}

function shown(name: string, value: unknown): string {
  const isTime = (name === 'iat' || name === 'exp') && typeof value === 'number'
  if (isTime) return `${value} (${timeOf(value)})`
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1_000).toISOString()
}
