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

/** Its judgement of an exported trace of an OCPP 1.6 station. */
export function judge(trace: string) {
  const { events, warnings } = parseOpenOcppTrace(trace)
  assert.deepEqual(warnings, [])
  const sessions = buildSessionTimeline(events)
  const failures = detectFailures(events, sessions)
  const unexplained = failures
    .filter(({ code }) => EXPLAINED[code] === undefined)
    .map(({ code, description }) => `${code}: ${description}`)
  return { sessions, failures, unexplained }
}
