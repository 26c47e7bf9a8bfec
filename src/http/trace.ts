import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { FrameRecord } from '../node/frame-log.ts'
import { foldId } from '../primitives/ids.ts'
import type { Frame } from '../wire/frame.ts'
import { decode } from './frame-views.ts'
import type { Observations } from './observations.ts'
import type { ViewSources } from './overview.ts'
import { readInteger, readQuery, readsQuery, readWord, wholeNumber } from './query.ts'
import {
  exchangeOf,
  isCopy,
  noteNative,
  partiesOf,
  type TraceContext,
  traceRecord,
} from './trace-records.ts'

/** Frames that are looked at before somebody else gets a turn. */
const FRAMES_PER_TURN = 64
const WITH_COPIES = ['true', 'false'] as const
const ANY = { min: 0, max: Number.MAX_SAFE_INTEGER } as const

interface Wanted {
  readonly after: number
  readonly newest: number
  readonly limit: number
  readonly station: string | undefined
  readonly hasCopies: boolean
}

/** What of the frame log goes into a trace. */
interface Selection {
  readonly sequences: readonly number[]
  /** Actions by exchange: an answer does not say what it answers. */
  readonly actions: ReadonlyMap<string, string>
  /** Places of copies. */
  readonly copies: ReadonlySet<string>
  /** What has no place in the format, by why. */
  readonly leftOut: ReadonlyMap<string, number>
}

/**
 * `GET /api/trace`: the frame log as Open OCPP Trace v1.1, one JSON object per line. Query: `after`
 * (`trace-newest` of the answer before), `limit` (the newest so many), `station` and `copies`. What
 * has no place in that format is counted in the header `trace-left-out`; so are copies for other
 * upstreams, and their answers: its readers know one CSMS, and would take them for said twice.
 */
export function serveTrace(
  app: FastifyInstance,
  { node, role }: ViewSources,
  observed: Observations,
): void {
  const context = {
    node,
    observed,
    isStation: role === 'charging-station',
    native: new Set<string>(),
  }
  const described = readsQuery(
    'The frame log as Open OCPP Trace v1.1, one JSON object per line',
    ['frames'],
    {
      query: {
        after: wholeNumber(ANY, 0),
        limit: wholeNumber({ ...ANY, min: 1 }),
        station: { type: 'string' },
        copies: { type: 'string', enum: [...WITH_COPIES] },
      },
    },
  )
  app.get('/api/trace', described, async (request, reply) => {
    const query = readQuery(request.query, ['after', 'limit', 'station', 'copies'])
    const after = readInteger('after', query.after, ANY) ?? 0
    const limit = readInteger('limit', query.limit, { ...ANY, min: 1 }) ?? ANY.max
    const { newest } = node.frameLog
    const hasCopies = readWord('copies', query.copies, WITH_COPIES) === 'true'
    const wanted = { after, newest, limit, station: query.station, hasCopies }
    const selection = await select(context, wanted)
    const leftOut = [...selection.leftOut].map(([why, count]) => `${why}=${count}`)
    return reply
      .type('application/x-ndjson')
      .header('cache-control', 'no-store')
      .header('trace-newest', newest)
      .header('trace-left-out', leftOut.join(', '))
      .send(Readable.from(lines(context, selection)))
  })
}

/** Looks at envelopes only; the lines are made while they are sent. */
async function select(context: TraceContext, wanted: Wanted): Promise<Selection> {
  const { after, newest, limit, station, hasCopies } = wanted
  const { frameLog } = context.node
  const gone = newest - frameLog.kept.records
  const sequences: number[] = []
  const actions = new Map<string, string>()
  const copies = new Set<string>()
  const leftOut = new Map<string, number>(gone > after ? [['overwritten', gone - after]] : [])
  const leave = (why: string) => leftOut.set(why, (leftOut.get(why) ?? 0) + 1)
  for (let sequence = gone + 1; sequence <= newest; sequence++) {
    if (sequence % FRAMES_PER_TURN === 0) await setImmediate()
    const record = frameLog.get(sequence)
    const frame = record && decode(record)
    if (record && frame?.type === 2) actions.set(exchangeOf(record, frame), frame.action)
    if (record && frame && isCopy(record, frame)) copies.add(placeOf(record, frame))
    if (frame) noteNative(context, frame)
    if (sequence <= after) continue
    if (!record) leave('overwritten')
    else if (!frame) leave(record.length > record.bytes.length ? 'cut' : 'undecodable')
    else if (!isOf(station, partiesOf(context, record, frame).station)) continue
    else if (!hasCopies && copies.has(placeOf(record, frame))) leave('copy')
    else if (frame.type === 6) leave('SEND')
    else if (frame.type === 5) leave('CALLRESULTERROR')
    else sequences.push(sequence)
  }
  return { sequences: sequences.slice(-limit), actions, copies, leftOut }
}

/** A message and what answers it, on one link. */
function placeOf({ link }: FrameRecord, { messageId }: Frame): string {
  return `${link} ${messageId}`
}

function isOf(wanted: string | undefined, station: string | undefined): boolean {
  return wanted === undefined || (station !== undefined && foldId(station) === foldId(wanted))
}

async function* lines(context: TraceContext, { sequences, actions, copies }: Selection) {
  let text = ''
  for (const [index, sequence] of sequences.entries()) {
    const record = context.node.frameLog.get(sequence)
    const frame = record && decode(record)
    if (!record || !frame) continue // overwritten since
    const action = frame.action === '' ? actions.get(exchangeOf(record, frame)) : frame.action
    const exchange = { action, isOfCopy: copies.has(placeOf(record, frame)) }
    text += `${JSON.stringify(traceRecord(context, record, frame, exchange))}\n`
    if (index % FRAMES_PER_TURN !== FRAMES_PER_TURN - 1) continue
    yield text
    text = ''
    await setImmediate()
  }
  yield text
}
