import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { OverlayError } from '../../errors.ts'
import { PROTOCOLS, type Protocol } from '../../messages/protocols.ts'
import { insideOf } from '../../node/filtering.ts'
import { type Check, compileFilters, type RuleTrace } from '../../routing/filters/filters.ts'
import type { FilterMatch, FilterRule, FilterSubject, FilterVerdict } from '../../routing/filters/rule.ts' // biome-ignore format: one line
import { type Frame, KINDS } from '../../wire/frame.ts'
import { decodeText } from '../../wire/text.ts'
import { type Config, loadConfig } from '../config.ts'

/** What a frame does not say about itself. */
export interface FilterTestOptions {
  readonly from?: string
  readonly to?: string
  readonly source?: string
  readonly destination?: string
  readonly answers?: string
  readonly protocol?: string
  readonly times?: string
}

/** What is printed, and the exit code: 0 when the frame goes on, 3 when it does not. */
export interface FilterTestResult {
  readonly lines: readonly string[]
  readonly code: 0 | 3
}

/** `wattweave filter test FILE FRAME`: what the rules of a configuration would do with a frame. */
export async function filterTest(
  file: string,
  frame: string,
  options: FilterTestOptions,
): Promise<void> {
  try {
    const { lines, code } = judgeText(loadConfig(file), await frameText(frame), options)
    say(lines)
    process.exitCode = code
  } catch (error) {
    if (!(error instanceof OverlayError || error instanceof UsageError)) throw error
    process.stderr.write(`wattweave: ${error.message}\n`)
    process.exitCode = 2
  }
}

/** `wattweave filter list FILE`: the rules of a configuration in words. */
export function filterList(file: string): void {
  say(rulesInWords(loadConfig(file)))
}

/** What was typed cannot be used, for a reason that the message says. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/**
 * Judges one frame by the rules of a configuration, on a clock that stands still.
 *
 * @throws {UsageError} when something is missing that a rule asks for.
 * @throws {OverlayError} ERR_WIRE_… when the text is no frame.
 */
export function judgeText(
  config: Pick<Config, 'filters' | 'nodeId' | 'operator'>,
  frame: string,
  options: FilterTestOptions,
): FilterTestResult {
  const { filters: rules = [], nodeId } = config
  const subject = subjectOf(config, Buffer.from(frame), options)
  assertKnown(rules, subject)
  const filters = compileFilters(rules, nodeId)
  for (let i = timesOf(options); i > 1; i--) filters.judge(subject, 0)
  const { verdict, rules: traces } = filters.explain(subject, 0)
  const { kind, action, source, destination } = subject
  const title = `${kind}${action && ` ${action}`} from ${source} to ${destination}`
  return {
    lines: [title, ...traces.flatMap(traceLines), ...verdictLines(verdict, subject)],
    code: verdict?.effect === 'reject' || verdict?.effect === 'drop' ? 3 : 0,
  }
}

/** The rules, a line for each and one for each of its conditions. */
export function rulesInWords({
  filters = [],
  nodeId,
}: Pick<Config, 'filters' | 'nodeId'>): string[] {
  if (filters.length === 0) return ['no rules: everything goes on']
  const rules = compileFilters(filters, nodeId).describe()
  return rules.flatMap(({ rule, effect, conditions, reason }, i) => [
    `${i + 1}. ${rule}: ${effect}${conditions.length === 0 ? ' every frame' : ' when'}`,
    ...conditions.map((words, n) => `     ${n === 0 ? '' : 'and '}${words}`),
    ...(reason === undefined ? [] : [`   the sender is told: ${reason}`]),
    ...(filters[i]?.replace ?? []).map((change) =>
      'value' in change
        ? `   ${change.pointer} becomes ${JSON.stringify(change.value)}`
        : `   ${change.pointer} is removed`,
    ),
  ])
}

function subjectOf(
  config: Pick<Config, 'operator'>,
  bytes: Uint8Array,
  options: FilterTestOptions,
): FilterSubject {
  const frame = decodeText(bytes)
  const protocol = protocolOf(options)
  const { source, from, destination, networkPath } = routeOf(config, frame, options, protocol)
  // Rules judge what is inside a signed message, or whoever signs could pass them all.
  const inside = insideOf(frame, frame.action || (options.answers ?? ''))
  return {
    kind: KINDS[frame.type],
    action: inside.action,
    source,
    networkPath,
    destination,
    from,
    to: options.to ?? '',
    payload: inside.payload,
    bytes: bytes.length,
    isBinary: false,
    protocol,
  }
}

/** An overlay frame says where it comes from and goes to; a standard frame leaves it to its link. */
function routeOf(
  { operator }: Pick<Config, 'operator'>,
  { route }: Frame,
  options: FilterTestOptions,
  protocol: Protocol,
) {
  if (route) {
    const { networkPath } = route
    const [source] = networkPath
    const destination = route.destination.at(-1) ?? ''
    return { source, networkPath, destination, from: options.from ?? networkPath.at(-1) ?? '' }
  }
  const source = options.source ?? options.from
  if (source === undefined) {
    throw new UsageError('a frame of standard form does not say who sent it: give --source')
  }
  const service = protocol === 'ocpp1.6' ? 'CentralSystem' : 'CSMS'
  const own = operator === undefined ? service : `${operator}/${service}`
  const destination = options.destination ?? own
  return { source, networkPath: [source], destination, from: options.from ?? source }
}

function protocolOf({ protocol = 'ocpp2.0.1' }: FilterTestOptions): Protocol {
  const known = PROTOCOLS.find((one) => one === protocol)
  if (known === undefined) throw new UsageError(`--protocol must be one of ${PROTOCOLS.join(', ')}`)
  return known
}

function timesOf({ times = '1' }: FilterTestOptions): number {
  const number = Number(times)
  if (Number.isInteger(number) && number >= 1 && number <= 1_000_000) return number
  throw new UsageError(`--times must be a whole number from 1 to 1000000, not "${times}"`)
}

// A dry run must not look as if a rule let a frame pass that in truth was never asked.
function assertKnown(rules: readonly FilterRule[], subject: FilterSubject): void {
  const isOfKind = ({ kind = subject.kind }: FilterMatch) => [kind].flat().includes(subject.kind)
  const asks = (member: keyof FilterMatch) =>
    rules.find(({ match }) => match?.[member] !== undefined && isOfKind(match))?.name
  const byTo = subject.to === '' && asks('to')
  if (byTo) throw new UsageError(`rule ${byTo} asks for the link it would leave on: give --to`)
  const byAction = subject.action === '' && asks('action')
  if (byAction) throw new UsageError(`rule ${byAction} asks for the action: give --answers`)
}

function traceLines({ rule, effect, matches, checks }: RuleTrace): string[] {
  return [`${matches ? 'yes' : 'no '} ${rule} (${effect})`, ...checks.map(checkLine)]
}

function checkLine({ words, holds, actual }: Check): string {
  return `      ${holds ? 'yes' : 'no '} ${words} (${actual})`
}

function verdictLines(verdict: FilterVerdict, subject: FilterSubject): string[] {
  switch (verdict?.effect) {
    case 'reject':
      return [`reject, by ${verdict.rule}`, `the sender is told: ${verdict.reason}`]
    case 'drop':
      return [`drop, by ${verdict.rule}`]
    case 'replace':
      return [
        `replace, by ${verdict.rules.join(', ')}; ${verdict.marked ? 'marked' : 'not marked'}`,
        `- ${Buffer.from(subject.payload)}`,
        `+ ${Buffer.from(verdict.payload)}`,
      ]
    default:
      return ['forward']
  }
}

async function frameText(argument: string): Promise<string> {
  if (argument === '-') return (await text(process.stdin)).trim()
  if (!argument.startsWith('@')) return argument
  try {
    return readFileSync(argument.slice(1), 'utf8').trim()
  } catch (error) {
    throw new UsageError(`the frame cannot be read: ${(error as Error).message}`)
  }
}

function say(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`)
}
