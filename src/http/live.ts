import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AccountStore } from '../storage/account-store.ts'
import { whoAsks } from './access.ts'
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

/** Somebody who listens. */
export interface Listener {
  /** Takes one event; false when they do not keep up, and this one is left out. */
  send(event: LiveEvent): boolean
  /** Whether they still may: sessions and API tokens end while a stream is open. */
  mayListen(): boolean
  /** They may not any more. */
  end(): void
}

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
  const stop = tellLive(view, overview, {
    send(event) {
      // A browser that does not keep up gets newer data later, instead of all of it ever later.
      if (raw.writableNeedDrain) return false
      raw.write(`event: ${event.type}\ndata: ${JSON.stringify(event.data)}\n\n`)
      return true
    },
    mayListen: () => isAllowed(request.headers, view.accounts),
    end: () => void raw.end(),
  })
  request.raw.on('close', stop)
}

/** Whether a stream may be opened, or go on, in the name of whoever asked for it. */
export function isAllowed(
  headers: IncomingHttpHeaders,
  accounts: AccountStore | undefined,
): boolean {
  return !accounts || whoAsks(headers, accounts).principal !== undefined
}

/** Tells one listener everything from now on, as long as they may hear it. @returns What ends it. */
export function tellLive(view: ViewSources, overview: Overview, listener: Listener): () => void {
  const { frameLog } = view.node
  const send = (event: LiveEvent) => listener.send(event)
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
  const { store } = view
  const quiet = view.csms?.operations.onChange((row) => {
    if (store) send({ type: 'operation', data: operationView(row, store) })
  })
  const timers = [
    setInterval(() => sendFrames(MAX_FRAMES_PER_EVENT), FRAMES_EVERY_MS),
    setInterval(sendOverview, OVERVIEW_EVERY_MS),
    setInterval(() => {
      // What another process has changed, or time has ended, nobody tells of.
      if (!check()) return
      send({ type: 'heartbeat', data: { asOf: new Date().toISOString() } })
    }, HEARTBEAT_EVERY_MS),
  ]
  const stop = () => {
    for (const timer of timers) clearInterval(timer)
    quiet?.()
    unwatch?.()
  }
  const check = () => {
    if (listener.mayListen()) return true
    stop()
    listener.end()
    return false
  }
  const unwatch = view.accounts?.onChange(check)
  return stop
}
