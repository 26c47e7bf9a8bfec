import type { CDPSession, Page } from 'playwright-core'

interface TraceEvent {
  readonly name: string
  readonly pid: number
  readonly tid: number
  /** Microseconds the thread ran between begin and end of the event. */
  readonly tdur?: number
}

export interface MainThreadTrace {
  /** Ends the trace; milliseconds of processor time of each task of the page's main thread. */
  stop(): Promise<number[]>
}

/**
 * Follows the tasks of a page's main thread, by the processor time they take.
 *
 * `PerformanceObserver` tells long tasks by the clock on the wall. Where other programs want the
 * same two cores, that is a property of the machine: a task of 20 ms that was interrupted counts as
 * a long one. `tdur` of a trace grows only while the thread runs, so a page that does little stays
 * below a limit however busy the machine is, and one that does much exceeds it on any machine.
 */
export async function traceMainThread(page: Page): Promise<MainThreadTrace> {
  const session = await page.context().browser()?.newBrowserCDPSession()
  if (!session) throw new Error('tracing needs a browser of its own')
  const events: TraceEvent[] = []
  session.on('Tracing.dataCollected', ({ value }) => {
    for (const event of value as unknown as TraceEvent[]) {
      if (event.name === 'RunTask' || event.name === MARK) events.push(event)
    }
  })
  const includedCategories = ['disabled-by-default-devtools.timeline', 'blink.user_timing']
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories, excludedCategories: ['*'] },
  })
  // Of all the threads of all the browser's processes it is the one that makes this mark.
  await page.evaluate((name) => performance.mark(name), MARK)
  return {
    async stop() {
      const { promise, resolve } = Promise.withResolvers<{ dataLossOccurred: boolean }>()
      session.once('Tracing.tracingComplete', resolve)
      await session.send('Tracing.end')
      if ((await promise).dataLossOccurred) throw new Error('the trace was too long')
      const mark = events.find(({ name }) => name === MARK)
      return events
        .filter(({ name, pid, tid }) => name === 'RunTask' && pid === mark?.pid && tid === mark.tid)
        .flatMap(({ tdur }) => (tdur === undefined ? [] : [tdur / 1000]))
    },
  }
}

const MARK = 'the main thread of this page'

/** Bytes in use on the page's JavaScript heap after everything unused was thrown away. */
export async function heapBytes(session: CDPSession): Promise<number> {
  // What the first round finalises can be collected in the second.
  for (let round = 0; round < 2; round++) await session.send('HeapProfiler.collectGarbage')
  return (await session.send('Runtime.getHeapUsage')).usedSize
}
