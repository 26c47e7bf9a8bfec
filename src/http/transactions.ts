import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isNodeId } from '../primitives/ids.ts'
import { SIMULATED_VENDOR } from '../roles/charging-station/dialect.ts'
import type { CsmsStore } from '../storage/csms-store.ts'
import type {
  CoursePage,
  ReadingRow,
  TransactionQuery,
  TransactionRow,
} from '../storage/transaction-rows.ts'
import { fingerprint } from './fingerprints.ts'
import type {
  ReadingPage,
  ReadingView,
  TransactionDetail,
  TransactionEventPage,
  TransactionPage,
  TransactionView,
} from './live-api.ts'
import type { ViewSources } from './overview.ts'
import { RequestProblem, sendProblem } from './problems.ts'
import {
  BadRequest,
  readInteger,
  readMoment,
  readQuery,
  readsQuery,
  readWord,
  wholeNumber,
} from './query.ts'
import { maySee } from './tokens.ts'

const LIMIT = { min: 1, max: 500 } as const
const DEFAULT_LIMIT = 100
/** Of readings and events, which are small. */
const COURSE_LIMIT = { min: 1, max: 2_000 } as const
/** Readings per measurand that a chart can show. */
const THIN = { min: 2, max: 1_000 } as const
/** Of one transaction the newest are shown with it; the others are got page by page. */
const MAX_READINGS = 400
const MAX_EVENTS = 400
/** Clocks of stations may be so far ahead of ours. */
const AHEAD_MS = 300_000
const STATES = ['running', 'ended'] as const
/** Of an id token in OCPP 2.1, where they may be longest. */
const MAX_TOKEN = 255
const LIST_NAMES = ['station', 'find', 'state', 'idToken', 'from', 'to', 'before', 'limit'] as const
const NUMBER = { min: 1, max: Number.MAX_SAFE_INTEGER } as const

const tags = ['transactions']
const params = { number: wholeNumber(NUMBER) }
const COURSE_QUERY = {
  before: wholeNumber(NUMBER),
  limit: wholeNumber(COURSE_LIMIT, DEFAULT_LIMIT),
}
const moment = (description: string) => ({
  type: 'string',
  format: 'date-time',
  description: `${description}; where nobody told its start, the first that was told of it counts`,
})
const LIST = readsQuery('Transactions, newest first', tags, {
  query: {
    station: { type: 'string', description: 'Id of a station' },
    find: { type: 'string', description: 'Part of the id of a station' },
    state: { enum: STATES },
    idToken: {
      type: 'string',
      description: 'An id token as a whole, in any letter case; needs the permission `tokens:read`',
    },
    from: moment('Only those that started then or later'),
    to: moment('Only those that started before'),
    before: wholeNumber(NUMBER),
    limit: wholeNumber(LIMIT, DEFAULT_LIMIT),
  },
})
const ONE = readsQuery('One transaction with its newest readings and events', tags, {
  params,
  query: { thin: wholeNumber(THIN) },
})
const READINGS = readsQuery('All meter readings of a transaction, newest first', tags, {
  params,
  query: COURSE_QUERY,
})
const EVENTS = readsQuery('All TransactionEvents of a transaction, newest first', tags, {
  params,
  query: COURSE_QUERY,
})

const CLOSE = {
  config: { role: 'operator', mayBeEmpty: true },
  schema: {
    summary: 'Close a transaction whose end nobody will tell',
    description: 'It does not run any more, and its token may charge elsewhere. Nothing is asked of its station: stop it there where it still charges. If the station tells its end after all, that counts.', // biome-ignore format: one line
    tags,
    params: { type: 'object', properties: params },
    body: { type: 'object', additionalProperties: false, properties: {} },
  },
} as const

/** `/api/transactions` and what is below it, where a CSMS keeps any. */
export function serveTransactions(
  app: FastifyInstance,
  { store, role, accounts }: ViewSources,
): void {
  const elsewhere = `transactions are kept at the CSMS; this node is a ${role}`

  // Where nobody logs in, whoever looks is not known to be entitled.
  const sees = (request: FastifyRequest) => accounts !== undefined && maySee(request)

  app.get('/api/transactions', LIST, async (request, reply) => {
    const query = transactionQuery(request.query)
    if (query.idToken !== undefined && !sees(request)) {
      // Whoever may not see tokens could try which ones there are.
      throw new RequestProblem(403, 'to filter by id token needs the permission tokens:read')
    }
    return store ? pageOf(store, query, sees(request)) : sendProblem(reply, 404, elsewhere)
  })
  app.get<OfNumber>('/api/transactions/:number', ONE, async ({ params, query, principal }) => {
    const thin = readInteger('thin', readQuery(query, ['thin']).thin, THIN)
    const isSeen = accounts !== undefined && maySee({ principal })
    return detailOf(found(params.number), { isSeen, thin })
  })
  app.get<OfNumber>(
    '/api/transactions/:number/meter-values',
    READINGS,
    async ({ params, query }) => {
      const page = coursePage(query)
      const { rows, ...older } = found(params.number).course.readings(page)
      return { readings: rows.map(readingView), ...older } satisfies ReadingPage
    },
  )
  app.get<OfNumber>('/api/transactions/:number/events', EVENTS, async ({ params, query }) => {
    const page = coursePage(query)
    const { rows, ...older } = found(params.number).course.events(page)
    return { events: rows, ...older } satisfies TransactionEventPage
  })

  if (store) {
    app.post<OfNumber>('/api/transactions/:number/close', CLOSE, async (request) => {
      const { number, station, transactionId } = found(`${request.params.number}`)
      request.audited = { station, transactionId }
      const now = new Date().toISOString()
      const isClosed = await store.write(() => store.charging.close(number, now))
      if (!isClosed) throw new RequestProblem(409, `transaction number ${number} does not run`)
      return transactionView(found(`${number}`), sees(request))
    })
  }

  /** @throws {RequestProblem} when there is none with this number. */
  function found(written: string): TransactionRow {
    const number = readInteger('number', written, NUMBER) ?? 0
    if (!store) throw new RequestProblem(404, elsewhere)
    const row = store.charging.one(number)
    if (!row) throw new RequestProblem(404, `there is no transaction number ${number}`)
    return row
  }
}

interface OfNumber {
  readonly Params: { readonly number: string }
}

function coursePage(query: unknown): CoursePage {
  const given = readQuery(query, ['before', 'limit'])
  return {
    before: readInteger('before', given.before, NUMBER),
    limit: readInteger('limit', given.limit, COURSE_LIMIT) ?? DEFAULT_LIMIT,
  }
}

function transactionQuery(query: unknown): TransactionQuery {
  const given = readQuery(query, LIST_NAMES)
  const { station, idToken } = given
  if (station !== undefined && !isNodeId(station)) {
    throw new BadRequest(`"station" must be the id of a station, not "${station}"`)
  }
  if (idToken !== undefined && (idToken === '' || idToken.length > MAX_TOKEN)) {
    throw new BadRequest(`"idToken" must be an id token of 1 to ${MAX_TOKEN} characters`)
  }
  const [from, to] = [readMoment('from', given.from), readMoment('to', given.to)]
  if (from !== undefined && to !== undefined && from >= to) {
    throw new BadRequest('"from" must be before "to"')
  }
  return {
    station,
    find: given.find,
    state: readWord('state', given.state, STATES),
    idToken,
    from,
    to,
    before: readInteger('before', given.before, NUMBER),
    limit: readInteger('limit', given.limit, LIMIT) ?? DEFAULT_LIMIT,
  }
}

/** One more than asked for is read, to know whether there are older ones. */
function pageOf(store: CsmsStore, query: TransactionQuery, isSeen: boolean): TransactionPage {
  const rows = store.charging.page({ ...query, limit: query.limit + 1 })
  const shown = rows.slice(0, query.limit)
  const last = shown.at(-1)
  return {
    asOf: new Date().toISOString(),
    transactions: shown.map((row) => transactionView(row, isSeen)),
    ...(rows.length > shown.length && last && { older: last.number }),
  }
}

function detailOf(
  row: TransactionRow,
  { isSeen, thin }: { isSeen: boolean; thin: number | undefined },
): TransactionDetail {
  const { course } = row
  const counts = course.counts()
  const isThinned = thin !== undefined && counts.readings > MAX_READINGS
  return {
    ...transactionView(row, isSeen),
    asOf: new Date().toISOString(),
    readings: course.readings({ limit: MAX_READINGS }).rows.map(readingView),
    readingCount: counts.readings,
    ...(isThinned && { course: course.thinned(thin).map(readingView) }),
    events: course.events({ limit: MAX_EVENTS }).rows,
    eventCount: counts.events,
  }
}

function readingView({ phase, context, ...reading }: ReadingRow): ReadingView {
  return {
    ...reading,
    ...(phase !== undefined && { phase }),
    ...(context !== undefined && { context }),
  }
}

function transactionView(row: TransactionRow, isSeen: boolean): TransactionView {
  const { number, station, transactionId, protocol, evseId, startedAt, endedAt, reason } = row
  const energyWh = energyOf(row)
  const problems = problemsOf(row)
  return {
    number,
    station,
    transactionId,
    state: stateOf(row),
    ...(problems.length > 0 && { problems }),
    simulated: row.vendor === SIMULATED_VENDOR,
    ...(protocol !== undefined && { protocol }),
    ...(evseId !== undefined && { evseId }),
    ...(row.idToken !== undefined && { token: fingerprint(row.idToken) }),
    ...(isSeen && row.idToken !== undefined && { idToken: row.idToken }),
    ...(startedAt !== undefined && { startedAt }),
    ...(endedAt !== undefined && { endedAt }),
    ...(reason !== undefined && { reason }),
    ...(row.powerW !== undefined && { powerW: row.powerW }),
    ...(row.meterStartWh !== undefined && { meterStartWh: row.meterStartWh }),
    ...(row.meterStopWh !== undefined && { meterStopWh: row.meterStopWh }),
    ...(energyWh !== undefined && { energyWh }),
  }
}

/** What has flowed since the start, by the register of the meter. */
function energyOf({ meterStartWh, meterStopWh, registerWh }: TransactionRow): number | undefined {
  const register = meterStopWh ?? registerWh
  if (register === undefined || meterStartWh === undefined) return undefined
  // Meters tell thousandths of a Wh at most; what is smaller binary fractions have added.
  const energyWh = Math.round((register - meterStartWh) * 1_000) / 1_000
  // Two registers that can be stored need not have a difference that can be told.
  return Number.isFinite(energyWh) ? energyWh : undefined
}

function stateOf({ endedAt, isRunning }: TransactionRow): TransactionView['state'] {
  if (isRunning) return 'running'
  return endedAt === undefined ? 'unfinished' : 'ended'
}

/** Meters and ratings are not exact; more than this is not either. */
const TOLERANCE = 1.1

/** It gives, or has given, more than its EVSE is made for: a meter that lies, or a wrong factor. */
function isAboveRating(row: TransactionRow): boolean {
  const { ratingW, powerW = 0, startedAt, endedAt } = row
  if (ratingW === undefined) return false
  if (powerW > ratingW * TOLERANCE) return true
  if (startedAt === undefined || endedAt === undefined) return false
  const hours = (Date.parse(endedAt) - Date.parse(startedAt)) / 3_600_000
  return hours > 0 && (energyOf(row) ?? 0) > ratingW * TOLERANCE * hours
}

/** What a station has told of a transaction that cannot all be true. */
function problemsOf(row: TransactionRow): NonNullable<TransactionView['problems']> {
  const {
    startedAt,
    endedAt,
    meterStartWh = 0,
    meterStopWh,
    registerWh = meterStartWh,
    heardAt,
  } = row
  const goesBack = startedAt !== undefined && endedAt !== undefined && Date.parse(endedAt) < Date.parse(startedAt) // biome-ignore format: one line
  const isAhead = startedAt !== undefined && heardAt !== undefined && Date.parse(startedAt) > Date.parse(heardAt) + AHEAD_MS // biome-ignore format: one line
  const found = {
    'above-rating': isAboveRating(row),
    'in-the-future': isAhead,
    'no-end': endedAt === undefined && !row.isRunning,
    'no-start': startedAt === undefined,
    'ends-before-start': goesBack,
    'register-backwards': (meterStopWh ?? registerWh) < meterStartWh || row.registerFalls,
    overlaps: row.overlaps && endedAt !== undefined,
    // What is missing of a running one may still be on its way.
    'missing-events': endedAt !== undefined && row.missingEvents > 0,
    'after-its-end': row.goesOn,
  } as const
  return (Object.keys(found) as (keyof typeof found)[]).filter((problem) => found[problem])
}
