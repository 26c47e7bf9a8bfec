import type { ReadingPage, ReadingView } from '../../src/http/live-api.ts'
import { type Answer, ask } from '../live/api.ts'

const PER_PAGE = 2_000

/** All meter readings of a transaction, newest first, fetched page by page. */
export async function allReadings(number: number): Promise<Answer<readonly ReadingView[]>> {
  const readings: ReadingView[] = []
  const query = new URLSearchParams({ limit: String(PER_PAGE) })
  for (;;) {
    const page = await ask<ReadingPage>('GET', `/api/transactions/${number}/meter-values?${query}`)
    if ('problem' in page) return page
    for (const reading of page.data.readings) readings.push(reading)
    if (page.data.older === undefined) return { data: readings }
    query.set('before', String(page.data.older))
  }
}
