import { pino } from 'pino'
import type { Logger } from '../node/core.ts'

/** Structured lines on standard error: an event name and fields. */
export function createLogger(nodeId: string, level: string): Logger {
  const log = pino(
    { level, base: { nodeId }, messageKey: 'event', timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ fd: 2, sync: false }),
  )
  return {
    debug: (event, fields = {}) => log.debug(fields, event),
    info: (event, fields = {}) => log.info(fields, event),
    warn: (event, fields = {}) => log.warn(fields, event),
    error: (event, fields = {}) => log.error(fields, event),
  }
}
