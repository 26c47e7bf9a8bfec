import type { FastifyInstance } from 'fastify'
import type { Node } from '../node/node.ts'
import { foldId, isStationId, type NodeId } from '../primitives/ids.ts'
import type { CsmsStore } from '../storage/csms-store.ts'
import type { StationListRow } from '../storage/station-list.ts'
import type { MessagePage, StationDetail, StationPage, StationView } from './live-api.ts'
import { RequestProblem } from './problems.ts'
import { readerOf, reportedJson, securityEventView, variableView } from './reported.ts'

const ID = { type: 'string', minLength: 1, maxLength: 255 } as const
const PARAMS = { type: 'object', properties: { station: ID } } as const
const LIMIT = { type: 'integer', minimum: 1, maximum: 500, default: 100 } as const
const tags = ['stations']
const NO_STATION_ID = 'the id of a station is 1 to 48 letters, digits or *-_=+|@.'

const REMOVED =
  'Removes that it was entered, its maker and model, its connectors and device model, and the reservations, ' +
  'charging profiles and local list that it holds. Keeps what is about money, and what happened: its ' +
  'transactions with their meter values, its messages as received, its operations and security events. ' +
  'Of its transactions none runs any more. If it connects again it is a station that nobody has entered, ' +
  'unless the configuration names it; its password is not touched.'

interface Query {
  readonly search?: string
  readonly protocol?: string
  readonly status?: string
  readonly known?: boolean
  readonly after?: string
  readonly limit: number
}

/** `/api/stations`: what the CSMS has stored of them, and whether there is a way to them now. */
export function serveStations(app: FastifyInstance, store: CsmsStore, node: Node): void {
  const view = (row: StationListRow): StationView => ({
    ...row,
    connected: isConnected(node, row.station),
  })

  app.get<{ Querystring: Query }>(
    '/api/stations',
    {
      schema: {
        summary: 'Stations, in the order of their ids',
        tags,
        querystring: {
          type: 'object',
          additionalProperties: false,
          properties: {
            search: { type: 'string', minLength: 1, maxLength: 100 },
            protocol: { enum: ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'] },
            status: { type: 'string', maxLength: 20 },
            known: { type: 'boolean' },
            after: ID,
            limit: LIMIT,
          },
        },
      },
    },
    async ({ query }): Promise<StationPage> => {
      const rows = store.stationPage(query)
      const last = rows.length === query.limit ? rows.at(-1) : undefined
      return { stations: rows.map(view), ...(last && { next: last.station }) }
    },
  )
  app.get<{ Params: { station: string } }>(
    '/api/stations/:station',
    { schema: { summary: 'One station', tags, params: PARAMS } },
    async (request): Promise<StationDetail> => {
      const { station } = request.params
      const row = store.stationRow(station)
      if (!row) throw new RequestProblem(404, `no station ${station} has ever connected`)
      const reader = readerOf(request, store)
      const events = store.securityEvents.page({ station, limit: 100 })
      return {
        ...view(row),
        variables: store.variables.of(station).map((variable) => variableView(variable, reader)),
        securityEvents: events.map((event) => securityEventView(event, reader)),
      }
    },
  )
  app.put<{ Params: { station: string }; Body: { known: boolean } }>(
    '/api/stations/:station',
    {
      config: { role: 'technician' },
      schema: {
        summary: 'Enter a station, or take that back: it is flagged or refused then',
        tags,
        params: PARAMS,
        body: {
          type: 'object',
          additionalProperties: false,
          required: ['known'],
          properties: { known: { type: 'boolean' } },
        },
      },
    },
    async ({ params: { station }, body: { known } }) => {
      if (!isStationId(station)) throw new RequestProblem(400, NO_STATION_ID)
      const id = await store.write(() => store.putStation(station, known))
      return view(store.stationRow(id) as StationListRow)
    },
  )
  app.delete<{ Params: { station: string } }>(
    '/api/stations/:station',
    { schema: { summary: 'Remove a station', description: REMOVED, tags, params: PARAMS } },
    async ({ params: { station } }, reply) => {
      if (!store.stationRow(station)) throw new RequestProblem(404, `there is no station ${station}`) // biome-ignore format: one line
      if (isConnected(node, station)) {
        throw new RequestProblem(409, `${station} is connected and would be here again with its next message; disconnect it first`) // biome-ignore format: one line
      }
      await store.write(() => store.removeStation(station, new Date().toISOString()))
      return reply.code(204).send()
    },
  )
  app.get<{ Params: { station: string }; Querystring: { before?: number; limit: number } }>(
    '/api/stations/:station/messages',
    {
      schema: {
        summary: 'What a station said, as it said it, newest first; tokens as fingerprints',
        tags,
        params: PARAMS,
        querystring: {
          type: 'object',
          additionalProperties: false,
          properties: { before: { type: 'integer', minimum: 1 }, limit: LIMIT },
        },
      },
    },
    async (request): Promise<MessagePage> => {
      const { station } = request.params
      const { before, limit } = request.query
      const reader = readerOf(request, store)
      const rows = store.messages.page(station, limit, before)
      const last = rows.length === limit ? rows.at(-1) : undefined
      const messages = rows.map(({ payload, frame, messageId, refused, ...row }) => ({
        ...row,
        payload: reportedJson(Buffer.from(payload).toString(), reader),
        ...(messageId !== undefined && { messageId }),
        ...(frame && { frame: reportedJson(Buffer.from(frame).toString(), reader) }),
        ...(refused !== undefined && { refused }),
      }))
      return { messages, ...(last && { older: last.id }) }
    },
  )
}

function isConnected(node: Node, station: string): boolean {
  if (node.table.get(station as NodeId)) return true
  const folded = foldId(station)
  return [...node.neighbours].some(({ id }) => foldId(id) === folded)
}
