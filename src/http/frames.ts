import type { FastifyInstance } from 'fastify'
import type { Node } from '../node/node.ts'
import { detailOf, framesOfTrace, frameView } from './frame-views.ts'
import { sendProblem } from './problems.ts'
import { readInteger, readQuery, readsQuery, wholeNumber } from './query.ts'

const LIMIT = { min: 1, max: 500 } as const
const SEQUENCE = { min: 0, max: Number.MAX_SAFE_INTEGER } as const
const tags = ['frames']

/** `GET /api/frames` and `GET /api/frames/{sequence}`: what passed here, while it is in the log. */
export function serveFrames(app: FastifyInstance, node: Node): void {
  const list = readsQuery(
    'Frames in the log, oldest first; with `trace` those of one message',
    tags,
    {
      // biome-ignore format: one line
      query: {
      after: wholeNumber(SEQUENCE, 0),
      limit: wholeNumber(LIMIT, LIMIT.max),
      trace: { type: 'string' },
    },
    },
  )
  app.get('/api/frames', list, async (request) => {
    const query = readQuery(request.query, ['after', 'limit', 'trace'])
    if (query.trace !== undefined) return { frames: framesOfTrace(node, query.trace) }
    const after = readInteger('after', query.after, SEQUENCE) ?? 0
    const limit = readInteger('limit', query.limit, LIMIT) ?? LIMIT.max
    return { frames: node.frameLog.after(after, limit).map((record) => frameView(node, record)) }
  })
  const one = readsQuery('One frame, with everything the inspector shows', tags, {
    params: { sequence: wholeNumber(SEQUENCE) },
  })
  app.get<{ Params: { sequence: string } }>(
    '/api/frames/:sequence',
    one,
    async (request, reply) => {
      // biome-ignore format: one line
      const sequence = readInteger('sequence', request.params.sequence, SEQUENCE) ?? 0
      const detail = detailOf(node, sequence)
      return detail ?? sendProblem(reply, 404, 'this frame is not in the log any more')
    },
  )
}
