import type { FastifyInstance } from 'fastify'
import type { CsmsStore } from '../storage/csms-store.ts'

/** Ids have no case: whoever asks for a station in other letters means the one that is there. */
export function knowStationsInAnyCase(app: FastifyInstance, store: CsmsStore): void {
  app.addHook('preHandler', async ({ params, query }) => {
    for (const named of [params, query] as (Record<string, unknown> | undefined)[]) {
      if (typeof named?.station === 'string') named.station = store.spellingOf(named.station)
    }
  })
}
