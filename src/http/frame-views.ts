import { OverlayError, textOf } from '../errors.ts'
import { priorityOf } from '../messages/actions.ts'
import { PROTOCOLS, type Protocol } from '../messages/protocols.ts'
import { createValidator } from '../messages/validation.ts'
import type { FrameRecord } from '../node/frame-log.ts'
import type { FrameVerdict } from '../node/frame-verdict.ts'
import type { Node } from '../node/node.ts'
import { foldId, MAX_TOLERATED_MESSAGE_ID_BYTES } from '../primitives/ids.ts'
import { stripSignatures } from '../security/carriers.ts'
import { reasonSentence } from '../security/reason-sentences.ts'
import { decodeBinary } from '../wire/binary.ts'
import { DEFAULT_LIMITS, type Frame, KINDS } from '../wire/frame.ts'
import type { JsonObject } from '../wire/payload.ts'
import { decodeText } from '../wire/text.ts'
import { withFingerprints } from './fingerprints.ts'
import type { FrameDetail, FrameView, VerdictView } from './live-api.ts'

/** Logged frames were accepted under these or refused; for looking at them the widest serve. */
const LIMITS = { ...DEFAULT_LIMITS, maxMessageIdBytes: MAX_TOLERATED_MESSAGE_ID_BYTES }
const MAX_SEARCHED = 2000
/** More than the log keeps. */
const MAX_FRAMES_OF_LOG = 1_000_000

/** A row of the frame list, decoded from the log when somebody looks. */
export function frameView(node: Node, record: FrameRecord): FrameView {
  const frame = decode(record)
  const { sequence, time, direction, link, reaction, forwardedTo, errorCode } = record
  const trace = record.trace ?? frame?.messageId
  const action = frame ? actionOf(node, record, frame) : ''
  return {
    sequence,
    time: new Date(time).toISOString(),
    direction,
    link,
    kind: frame ? KINDS[frame.type] : 'undecodable',
    encoding: record.isBinary ? 'binary' : 'text',
    form: frame?.route ? 'overlay' : 'standard',
    destination: frame?.route?.destination.at(-1) ?? '',
    networkPath: frame?.route?.networkPath ?? (direction === 'received' ? [link] : [node.id]),
    messageId: frame?.messageId ?? '',
    ...(trace !== undefined && { trace }),
    action,
    priority: priorityOf(undefined, action),
    bytes: record.length,
    reaction,
    ...(forwardedTo !== undefined && { forwardedTo }),
    ...(errorCode !== undefined && { errorCode, errorText: textOf(errorCode) }),
    ...(record.verdict && { verdict: verdictView(record.verdict) }),
  }
}

const LEVELS = {
  none: 'unsigned',
  legacy: 'unsigned',
  oca: 'attested',
  attested: 'attested',
  e2e: 'end-to-end',
} as const satisfies Record<FrameVerdict['assurance'], VerdictView['level']>

function verdictView({
  outcome,
  reason,
  assurance,
  signers,
  unknownKeys,
  findings,
  rule,
}: FrameVerdict): VerdictView {
  const isObeyed = outcome === 'accept' || outcome === 'allow-and-alert'
  const { index, ...policy } = rule ?? {}
  return {
    level: isObeyed ? LEVELS[assurance] : 'refused',
    ...(reason !== undefined && { reason, sentence: reasonSentence(reason) }),
    signers,
    unknownKeys,
    findings,
    ...(rule && {
      rule: { ...policy, ...(index !== undefined && { index }) } as VerdictView['rule'] & object,
    }),
  }
}

/** The same with the name of the rule, which takes a look at the policy. */
function namedVerdict(node: Node, verdict: VerdictView): VerdictView {
  const { rule } = verdict
  if (rule?.index === undefined || !node.canManage) return verdict
  const { policy, list, index, version } = rule
  const { signaturePolicies } = node.manage('GetSignaturePolicies', { name: policy })
  const document = signaturePolicies.find((one) => one.version === version)?.document as
    | { [list in typeof rule.list]?: readonly { readonly name?: string }[] }
    | undefined
  const name = document?.[list]?.[index]?.name
  return name === undefined ? verdict : { ...verdict, rule: { ...rule, name } }
}

/** The frames of one message on all its hops over links of this node, oldest first. */
export function framesOfTrace(node: Node, trace: string): FrameView[] {
  return node.frameLog
    .after(0, MAX_FRAMES_OF_LOG)
    .filter((record) => (record.trace ?? decode(record)?.messageId) === trace)
    .map((record) => frameView(node, record))
}

/** Everything the inspector shows; undefined when the log does not have the frame any more. */
export function detailOf(node: Node, sequence: number): FrameDetail | undefined {
  const record = node.frameLog.get(sequence)
  if (!record) return undefined
  const view = frameView(node, record)
  const frame = decode(record)
  const text = record.isBinary ? undefined : Buffer.from(record.bytes).toString('utf8')
  const payload = frame ? parse(frame.payload) : undefined
  const protocol = frame && protocolOf(node, record, frame)
  const counterpart = frame && counterpartOf(node, record, frame)
  const raw = text === undefined ? hexOf(record.bytes) : withFingerprints(text)
  return {
    ...view,
    ...(view.verdict && { verdict: namedVerdict(node, view.verdict) }),
    envelope: frame ? envelopeOf(raw, text !== undefined, frame) : [],
    ...(payload !== undefined && {
      payload: JSON.parse(withFingerprints(JSON.stringify(payload))),
    }),
    problems: problemsOf(protocol, view, payload),
    ...(protocol && { protocol }),
    raw,
    truncated: record.length > record.bytes.length,
    ...(counterpart !== undefined && { counterpart }),
    hops: hopsOf(view, node.id),
  }
}

/** The envelope of a logged frame; undefined when it has none that can be read. */
export function decode(record: FrameRecord): Frame | undefined {
  try {
    return record.isBinary ? decodeBinary(record.bytes, LIMITS) : decodeText(record.bytes, LIMITS)
  } catch {
    return undefined // it is in the list as undecodable, with the code of its refusal
  }
}

/** An answer has no action of its own; the request it answers does, if the log still has it. */
function actionOf(node: Node, record: FrameRecord, frame: Frame): string {
  if (frame.action !== '') return frame.action
  const request = counterpartOf(node, record, frame)
  const found = request === undefined ? undefined : node.frameLog.get(request)
  return (found && decode(found)?.action) ?? ''
}

/** The other half of the exchange on the same link, near this frame in the log. */
function counterpartOf(node: Node, record: FrameRecord, frame: Frame): number | undefined {
  if (frame.type === 6) return undefined
  const isRequest = frame.type === 2
  const step = isRequest ? 1 : -1
  const last = isRequest
    ? Math.min(node.frameLog.newest, record.sequence + MAX_SEARCHED)
    : Math.max(1, record.sequence - MAX_SEARCHED)
  for (let s = record.sequence + step; isRequest ? s <= last : s >= last; s += step) {
    const other = node.frameLog.get(s)
    const found = other && decode(other)
    if (found?.messageId === frame.messageId && (found.type === 2) !== isRequest) return s
  }
  return undefined
}

function protocolOf(node: Node, record: FrameRecord, frame: Frame): Protocol | undefined {
  const neighbour = [...node.neighbours].find(({ label }) => label === record.link)
  const source = frame.route?.networkPath[0]
  const announced = source && node.table.get(source)?.announced?.protocol
  const peer = announced ?? (frame.route && announcedOf(node, frame.route.destination.at(-1)))
  const is16 = foldId(frame.route?.destination.at(-1) ?? '').endsWith('centralsystem')
  const name = peer ?? (is16 ? 'ocpp1.6' : neighbour?.link.protocol)
  return PROTOCOLS.find((protocol) => protocol === name)
}

function announcedOf(node: Node, id: Parameters<Node['table']['get']>[0] | undefined) {
  return id && node.table.get(id)?.announced?.protocol
}

const validator = createValidator()

function problemsOf(protocol: Protocol | undefined, view: FrameView, payload: unknown) {
  const isJudged = view.kind === 'CALL' || view.kind === 'SEND' || view.kind === 'CALLRESULT'
  if (!protocol || !isJudged || view.action === '' || payload === undefined) return []
  try {
    const direction = view.kind === 'CALLRESULT' ? 'response' : 'request'
    // What is signed is the message without its signatures, and so is what has a schema.
    const said = isObject(payload) ? stripSignatures(payload) : payload
    return validator
      .validate(protocol, view.action, direction, said)
      .map(({ pointer, code, problem }) => ({ pointer, code, problem }))
  } catch (error) {
    if (!(error instanceof OverlayError)) throw error
    return [{ pointer: '', code: error.code, problem: error.message }]
  }
}

function isObject(payload: unknown): payload is JsonObject {
  return typeof payload === 'object' && payload !== null && !Array.isArray(payload)
}

/** A payload as JSON; undefined when it is none. */
export function parse(payload: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(payload).toString('utf8'))
  } catch {
    return undefined // binary, or no JSON: the inspector shows the bytes
  }
}

const NAMES: Record<number, readonly string[]> = {
  2: ['messageTypeId', 'messageId', 'action', 'payload'],
  3: ['messageTypeId', 'messageId', 'payload'],
  4: ['messageTypeId', 'messageId', 'errorCode', 'errorDescription', 'errorDetails'],
  5: ['messageTypeId', 'messageId', 'errorCode', 'errorDescription', 'errorDetails'],
  6: ['messageTypeId', 'messageId', 'action', 'payload'],
}

/** The fields in wire order with their places in `raw`; of binary frames without places. */
function envelopeOf(raw: string, isText: boolean, frame: Frame) {
  const names = NAMES[frame.type] ?? []
  const [first = '', ...rest] = names
  const fields = frame.route ? [first, 'destination', 'networkPath', ...rest] : names
  const values: unknown[] = isText ? (JSON.parse(raw) as unknown[]) : []
  if (!isText) return binaryEnvelope(frame, fields)
  let at = 1
  return fields.slice(0, values.length).map((name, i) => {
    const end = endOfElement(raw, at)
    const value = typeof values[i] === 'string' ? String(values[i]) : JSON.stringify(values[i])
    const field = { name, value, start: at, end }
    at = end + 1
    return field
  })
}

function binaryEnvelope(frame: Frame, fields: readonly string[]) {
  const values = new Map<string, string>([
    ['messageTypeId', String(frame.type)],
    ['destination', frame.route?.destination.join(', ') ?? ''],
    ['networkPath', frame.route?.networkPath.join(', ') ?? ''],
    ['messageId', frame.messageId],
    ['action', frame.action],
    ['errorCode', frame.errorCode],
    ['errorDescription', withFingerprints(frame.errorDescription)],
  ])
  return fields.map((name) => ({
    name,
    value: values.get(name) ?? `${frame.payload.length} B`,
    start: 0,
    end: 0,
  }))
}

/** Index after the element that starts at `at` in a text known to be a JSON array. */
function endOfElement(text: string, at: number): number {
  let depth = 0
  for (let i = at; i < text.length; i++) {
    const c = text[i]
    if (c === '"') {
      for (i++; text[i] !== '"'; i++) if (text[i] === '\\') i++
    } else if (c === '{' || c === '[') depth++
    else if ((c === ',' || c === ']') && depth === 0) return i
    else if (c === '}' || c === ']') depth--
  }
  return text.length
}

/** Binary frames carry JSON too; as Latin-1 every byte around it stays what it is. */
function hexOf(bytes: Uint8Array): string {
  return Buffer.from(withFingerprints(Buffer.from(bytes).toString('latin1')), 'latin1').toString(
    'hex',
  )
}

/** What this node knows of the way: who passed it on, in order, and when it went through here. */
function hopsOf(view: FrameView, self: string): FrameDetail['hops'] {
  const stops = [...view.networkPath]
  if (view.forwardedTo) stops.push(view.forwardedTo)
  return stops.slice(1).map((to, i) => {
    const from = stops[i] ?? ''
    return { from, to, ...((from === self || to === self) && { time: view.time }) }
  })
}
