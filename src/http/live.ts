import type { FastifyReply, FastifyRequest } from 'fastify'
import { frameView } from './frame-views.ts'
import type { LiveEvent } from './live-api.ts'
import { operationView } from './operations.ts'
import type { Overview, ViewSources } from './overview.ts'

const FRAMES_EVERY_MS = 250
const OVERVIEW_EVERY_MS = 1_000
const HEARTBEAT_EVERY_MS = 5_000
/** More frames than anyone can read are counted, not sent. */
const MAX_FRAMES_PER_EVENT = 100
const FIRST_FRAMES = 200

/** Takes one event; false when whoever listens does not keep up, and this one is left out. */
export type Sink = (event: LiveEvent) => boolean

/** Server-Sent Events: the overview, and frames and operations as they come. */
export function openLive(
  request: FastifyRequest,
  reply: FastifyReply,
  view: ViewSources,
  overview: Overview,
): void {
  reply.hijack()
  const { raw } = reply
  const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }
  raw.writeHead(200, { ...(reply.getHeaders() as Record<string, string>), ...headers })
  const stop = tellLive(view, overview, (event) => {
    // A browser that does not keep up gets newer data later, instead of all of it ever later.
    if (raw.writableNeedDrain) return false
    raw.write(`event: ${event.type}\ndata: ${JSON.stringify(event.data)}\n\n`)
    return true
  })
  request.raw.on('close', stop)
}

/** Tells one listener everything from now on. @returns What ends it. */
export function tellLive(view: ViewSources, overview: Overview, send: Sink): () => void {
  const { frameLog } = view.node
  let sent = 0
  let isFirst = true

  const sendOverview = () => send({ type: 'overview', data: overview.now() })
  const sendFrames = (limit: number) => {
    if (frameLog.newest === sent) return
    const records = frameLog.after(sent, limit)
    const frames = records.map((record) => frameView(view.node, record))
    // What was before the page was opened has not been missed by anybody.
    const skipped = isFirst ? 0 : frameLog.newest - sent - frames.length
    isFirst = false
    if (send({ type: 'frames', data: { frames, skipped } })) sent = frameLog.newest
  }

  sendOverview()
  sendFrames(FIRST_FRAMES)
  const quiet = view.csms?.operations.onChange((row) => {
    send({ type: 'operation', data: operationView(row) })
  })
  const timers = [
    setInterval(() => sendFrames(MAX_FRAMES_PER_EVENT), FRAMES_EVERY_MS),
    setInterval(sendOverview, OVERVIEW_EVERY_MS),
    setInterval(() => {
      send({ type: 'heartbeat', data: { asOf: new Date().toISOString() } })
    }, HEARTBEAT_EVERY_MS),
  ]
  return () => {
    for (const timer of timers) clearInterval(timer)
    quiet?.()
  }
}
