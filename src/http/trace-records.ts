import type { Protocol } from '../messages/protocols.ts'
import type { FrameRecord } from '../node/frame-log.ts'
import type { Node } from '../node/node.ts'
import { foldId } from '../primitives/ids.ts'
import { type Frame, KINDS } from '../wire/frame.ts'
import { withFingerprints } from './fingerprints.ts'
import { parse } from './frame-views.ts'
import type { Observations } from './observations.ts'

/** One line of an Open OCPP Trace, version 1.1. */
export interface TraceRecord {
  readonly schemaVersion: '1.1'
  /** RFC 3339. */
  readonly timestamp: string
  readonly transport: 'json'
  /** Which way the message goes: from the station's side or to it. */
  readonly direction: 'cp-to-csms' | 'csms-to-cp'
  readonly messageType: 'CALL' | 'CALLRESULT' | 'CALLERROR'
  readonly ocppVersion?: '1.6' | '2.0.1' | '2.1'
  readonly chargePointId?: string
  readonly connectorId?: number
  /** What a CALL and its answer have in common: at an edge the two links know it by two ids. */
  readonly messageId: string
  /** Of an answer: the action it answers, where the log still has the CALL. */
  readonly action?: string
  /** With id tokens and secrets as fingerprints; of CALL and CALLRESULT. */
  readonly payload?: unknown
  /** The text on the wire, with the same fingerprints; not of binary frames, nor under another id. */
  readonly raw?: string
  /** Of CALLERROR. */
  readonly error?: { readonly code: string; readonly description: string; readonly details: object }
  readonly meta: object
}

/** What a frame alone does not say. */
export interface TraceContext {
  readonly node: Node
  readonly observed: Observations
  /** True where the node itself is a charging station. */
  readonly isStation: boolean
  /** Folded ids of stations that speak the overlay themselves: known by what they ask for. */
  readonly native: Set<string>
}

/** The station a message is from or for, and whether it goes away from it. */
export interface Parties {
  readonly station: string | undefined
  readonly isFromStation: boolean
}

/** What frames before it say of a frame. */
export interface Exchange {
  /** Of an answer: what it answers. */
  readonly action: string | undefined
  /** It is a copy for another upstream than the one that answers, or an answer to one. */
  readonly isOfCopy: boolean
}

export function traceRecord(
  context: TraceContext,
  record: FrameRecord,
  frame: Frame,
  { action, isOfCopy }: Exchange,
): TraceRecord {
  const { station, isFromStation } = partiesOf(context, record, frame)
  const payload = redacted(parse(frame.payload))
  const version = versionOf(context, record, frame, station)
  const connectorId = connectorOf(payload)
  const isError = frame.type === 4
  // Under the trace of what it is a copy of readers would take it for the same said twice.
  const messageId = isOfCopy ? frame.messageId : (record.trace ?? frame.messageId)
  // Readers go by the id in `raw`, and would find no answer to it where the other link has another.
  const hasRaw = !record.isBinary && messageId === frame.messageId
  const text = () => withFingerprints(Buffer.from(record.bytes).toString('utf8'))
  return {
    schemaVersion: '1.1',
    timestamp: new Date(record.time).toISOString(),
    transport: 'json',
    direction: isFromStation ? 'cp-to-csms' : 'csms-to-cp',
    messageType: KINDS[frame.type] as TraceRecord['messageType'],
    ...(version && { ocppVersion: VERSIONS[version] }),
    ...(station !== undefined && { chargePointId: station }),
    ...(connectorId !== undefined && { connectorId }),
    messageId,
    ...(action !== undefined && { action }),
    ...(!isError && payload !== undefined && { payload }),
    // A frame with a route is none of OCPP-J, and readers take `raw` for one.
    ...(hasRaw && !frame.route && { raw: text() }),
    ...(isError && { error: errorOf(frame, payload) }),
    meta: {
      ...metaOf(context, record, frame),
      ...(hasRaw && frame.route && { overlayFrame: text() }),
    },
  }
}

const VERSIONS = { 'ocpp1.6': '1.6', 'ocpp2.0.1': '2.0.1', 'ocpp2.1': '2.1' } as const

/** What a CALL and its answers have in common in one frame log. */
export function exchangeOf({ trace, link }: FrameRecord, { route, messageId }: Frame): string {
  // A standard peer's own ids are unique on its link only.
  return trace ?? (route ? messageId : `${link} ${messageId}`)
}

/** What this node writes under another id than its trace, and no link has given it, is a copy. */
export function isCopy({ direction, reaction, trace }: FrameRecord, { type, messageId }: Frame) {
  return type === 2 && direction === 'sent' && reaction === 'originated' && trace !== undefined && trace !== messageId // biome-ignore format: one line
}

/** Standard links lead to a station or stand for one; on others the frame says who is meant. */
export function partiesOf(context: TraceContext, record: FrameRecord, frame: Frame): Parties {
  const { route } = frame
  const isReceived = record.direction === 'received'
  const known = context.observed.link(record.link)
  if (!route && known?.peer !== 'node') {
    if (known?.peer === 'csms') {
      return { station: representedBy(context, record.link), isFromStation: !isReceived }
    }
    return { station: record.link, isFromStation: isReceived }
  }
  const source = route?.networkPath[0] ?? (isReceived ? record.link : context.node.id)
  const destination = route?.destination.at(-1) ?? ''
  if (isStation(context, source)) return { station: source, isFromStation: true }
  if (isStation(context, destination)) return { station: destination, isFromStation: false }
  // Between nodes: away from the CSMS is towards the stations.
  return { station: undefined, isFromStation: isReceived === (known?.way === 'down') }
}

/** A connection in a station's name is labelled `station@upstream`. */
function representedBy({ node, isStation }: TraceContext, label: string): string | undefined {
  const at = label.lastIndexOf('@')
  if (at > 0) return label.slice(0, at)
  return isStation ? node.id : undefined
}

function isStation({ node, observed, isStation, native }: TraceContext, id: string): boolean {
  const key = foldId(id)
  if (isStation && key === foldId(node.id)) return true
  return native.has(key) || observed.protocolOf(id) !== undefined
}

/** Notes who is a station though no edge has announced it: whoever boots as one. */
export function noteNative({ native }: TraceContext, { type, action, route }: Frame): void {
  if (type === 2 && action === 'BootNotification' && route) native.add(foldId(route.networkPath[0]))
}

function versionOf(
  { observed }: TraceContext,
  record: FrameRecord,
  frame: Frame,
  station: string | undefined,
): Protocol | undefined {
  const ofStation = station === undefined ? undefined : observed.protocolOf(station)
  if (ofStation) return ofStation
  if (!frame.route) return observed.link(record.link)?.protocol
  const service = foldId(frame.route.destination.at(-1) ?? '')
  return service === 'centralsystem' || service.endsWith('/centralsystem') ? 'ocpp1.6' : undefined
}

function redacted(payload: unknown): unknown {
  return payload === undefined ? undefined : JSON.parse(withFingerprints(JSON.stringify(payload)))
}

/** OCPP 2.x has the connector beside the EVSE or within it. */
function connectorOf(payload: unknown): number | undefined {
  const { connectorId, evse } = (payload ?? {}) as { connectorId?: unknown; evse?: unknown }
  const inner = (evse ?? {}) as { connectorId?: unknown }
  return [connectorId, inner.connectorId].find(
    (id): id is number => Number.isSafeInteger(id) && Number(id) >= 0,
  )
}

function errorOf({ errorCode, errorDescription }: Frame, details: unknown) {
  const isObject = typeof details === 'object' && details !== null && !Array.isArray(details)
  const description = withFingerprints(errorDescription)
  return { code: errorCode, description, details: isObject ? details : {} }
}

function metaOf({ node }: TraceContext, record: FrameRecord, frame: Frame): object {
  const { sequence, link, reaction, forwardedTo, errorCode, trace, direction } = record
  return {
    node: node.id,
    link,
    trace: trace ?? frame.messageId,
    ...(trace !== undefined && trace !== frame.messageId && { wireMessageId: frame.messageId }),
    reaction,
    networkPath: frame.route?.networkPath ?? (direction === 'received' ? [link] : [node.id]),
    form: frame.route ? 'overlay' : 'standard',
    sequence,
    ...(record.isBinary && { encoding: 'binary' }),
    ...(forwardedTo !== undefined && { forwardedTo }),
    ...(errorCode !== undefined && { errorCode }),
  }
}
