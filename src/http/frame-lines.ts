import type { Node } from '../node/node.ts'
import { KINDS } from '../wire/frame.ts'
import { decode, parse } from './frame-views.ts'

/** A logged frame as the fields of a log line; secrets in its payload are the logger's business. */
export function frameLine(node: Node, sequence: number): object {
  const record = node.frameLog.get(sequence)
  if (!record) return { sequence }
  const frame = decode(record)
  const { direction, link, reaction, forwardedTo, errorCode, length: bytes } = record
  const trace = record.trace ?? frame?.messageId
  return {
    sequence,
    direction,
    link,
    kind: frame ? KINDS[frame.type] : 'undecodable',
    ...(trace !== undefined && { trace }),
    ...(frame && { messageId: frame.messageId }),
    ...(frame?.action && { action: frame.action }),
    reaction,
    ...(forwardedTo !== undefined && { forwardedTo }),
    ...(errorCode !== undefined && { code: errorCode }),
    bytes,
    ...(frame && { payload: parse(frame.payload) }),
  }
}
