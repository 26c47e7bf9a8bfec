import type { FastifyInstance } from 'fastify'
import { OverlayError } from '../errors.ts'
import type { QuarantinedFrame } from '../node/quarantine.ts'
import { stripSignatures } from '../security/carriers.ts'
import { reasonSentence } from '../security/reason-sentences.ts'
import { parsePayload } from '../wire/payload.ts'
import { withFingerprints } from './fingerprints.ts'
import type { ViewSources } from './overview.ts'
import { RequestProblem } from './problems.ts'
import type { QuarantinedView, QuarantinePage } from './quarantine-views.ts'

const tags = ['rules']
const params = { type: 'object', properties: { id: { type: 'integer', minimum: 1 } } } as const
interface Named {
  readonly id: number
}

/** `/api/quarantine`: what policies of this node keep back, and what becomes of it. */
export function serveQuarantine(app: FastifyInstance, { node }: ViewSources): void {
  const find = (id: number) => {
    const found = node.quarantine.list().find((frame) => frame.id === id)
    if (!found) throw new RequestProblem(404, `no frame ${id} is held; it was released or discarded, or the node has started anew`) // biome-ignore format: one line
    const { source, destination, action, reason } = found
    return { source, destination, action, reason }
  }
  app.get(
    '/api/quarantine',
    { schema: { summary: 'The frames that policies keep back, oldest first', tags } },
    async (): Promise<QuarantinePage> => ({ frames: node.quarantine.list().map(quarantinedView) }),
  )
  app.post<{ Params: Named }>(
    '/api/quarantine/:id/release',
    {
      config: { mayBeEmpty: true },
      schema: { summary: 'Let a frame that is held have its effect', tags, params },
    },
    async (request, reply) => {
      const { id } = request.params
      request.audited = find(id)
      try {
        node.quarantine.release(id)
      } catch (error) {
        if (!(error instanceof OverlayError)) throw error
        throw new RequestProblem(409, `it is refused now, and gone: ${error.message}`)
      }
      return reply.code(204).send()
    },
  )
  app.delete<{ Params: Named }>(
    '/api/quarantine/:id',
    { schema: { summary: 'Forget a frame that is held; whoever sent it hears nothing', tags, params } }, // biome-ignore format: one line
    async (request, reply) => {
      const { id } = request.params
      request.audited = find(id)
      node.quarantine.discard(id)
      return reply.code(204).send()
    },
  )
}

function quarantinedView({ payload, since, ...frame }: QuarantinedFrame): QuarantinedView {
  const said = saidIn(payload)
  return {
    ...frame,
    since: new Date(since).toISOString(),
    sentence: reasonSentence(frame.reason) ?? '',
    ...(said !== undefined && { payload: said }),
    bytes: payload.length,
  }
}

function saidIn(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(withFingerprints(JSON.stringify(stripSignatures(parsePayload(bytes)))))
  } catch {
    return undefined
  }
}
