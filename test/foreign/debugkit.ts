import assert from 'node:assert/strict'
import {
  buildSessionTimeline,
  detectFailures,
  parseOpenOcppTrace,
} from '@ocpp-debugkit/toolkit/core'

/** What npm `@ocpp-debugkit/toolkit` says of our traces, and why that is as it should be. */
const EXPLAINED: Readonly<Record<string, string>> = {
  SUSPICIOUS_SESSION_DURATION: 'simulated cars charge for seconds, so that somebody sees them go',
}

/**
 * Its judgement of an exported trace of an OCPP 1.6 station.
 *
 * @param running Ids of transactions that have no end because they are running.
 */
export function judge(trace: string, running: ReadonlySet<string> = new Set()) {
  const { events, warnings } = parseOpenOcppTrace(withoutChallenged(trace))
  assert.deepEqual(warnings, [])
  const sessions = buildSessionTimeline(events)
  const failures = detectFailures(events, sessions)
  const unexplained = failures
    .filter(({ code, description }) => {
      const [, transaction = ''] = /transaction (\d+)/.exec(description) ?? []
      const isRunning = code === 'STATION_OFFLINE_DURING_SESSION' && running.has(transaction)
      return EXPLAINED[code] === undefined && !isRunning
    })
    .map(({ code, description }) => `${code}: ${description}`)
  return { sessions, failures, unexplained }
}

/** Ids of the calls in a trace that have no answer in it; right after a call there is one. */
export function openCalls(trace: string): readonly string[] {
  const open = new Set<string>()
  for (const line of trace.split('\n').filter(Boolean)) {
    const { messageType, messageId } = JSON.parse(line)
    if (messageType === 'CALL') open.add(messageId)
    else open.delete(messageId)
  }
  return [...open]
}

/** As it is exported, but for what was asked twice because it had to be. */
function withoutChallenged(trace: string): string {
  const lines = trace.split('\n').filter(Boolean)
  const challenged = challengedIn(lines)
  return lines.filter((line) => !challenged.has(JSON.parse(line).messageId)).join('\n')
}

/**
 * Calls that a node could not tell to be of now, because it had just started: they were not obeyed, but
 * asked again at once with its challenge. It knows no such thing and would take them for sent twice.
 */
function challengedIn(lines: readonly string[]): ReadonlySet<string> {
  const records = lines.map((line) => JSON.parse(line))
  return new Set(records.filter(({ error }) => error?.details?.reason === 'challenge').map(({ messageId }) => messageId)) // biome-ignore format: one line
}
