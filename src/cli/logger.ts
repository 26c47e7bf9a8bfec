import { pino } from 'pino'
import { withFingerprints } from '../http/fingerprints.ts'
import { redactFields } from '../http/redaction.ts'
import type { Logger } from '../node/core.ts'

/** Members of every line; a field of the same name would stand beside them. */
const OWN_MEMBERS: ReadonlySet<string> = new Set(['level', 'time', 'nodeId', 'event'])

/**
 * Structured lines on standard error: an event name and fields. Id tokens, passwords and keys never
 * get there, whatever holds them.
 */
export function createLogger(nodeId: string, level: string): Logger {
  const log = pino(
    {
      level,
      base: { nodeId },
      messageKey: 'event',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { log: (fields) => withoutOwnMembers(redactFields(fields)) },
    },
    pino.destination({ fd: 2, sync: false }),
  )
  return {
    debug: (event, fields = {}) => log.debug(fields, withFingerprints(event)),
    info: (event, fields = {}) => log.info(fields, withFingerprints(event)),
    warn: (event, fields = {}) => log.warn(fields, withFingerprints(event)),
    error: (event, fields = {}) => log.error(fields, withFingerprints(event)),
  }
}

function withoutOwnMembers(fields: Record<string, unknown>): Record<string, unknown> {
  const renamed = Object.entries(fields).map(([name, value]) => {
    return [OWN_MEMBERS.has(name) ? `${name}_` : name, value]
  })
  return Object.fromEntries(renamed)
}
