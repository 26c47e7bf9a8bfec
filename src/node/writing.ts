import { OverlayError } from '../errors.ts'
import type { NodeId } from '../primitives/ids.ts'
import { encodeBinary } from '../wire/binary.ts'
import { DEFAULT_LIMITS, type Frame, isErrorType } from '../wire/frame.ts'
import { encodeText } from '../wire/text.ts'
import type { Core } from './core.ts'
import { traceToKeep } from './frame-log.ts'
import type { Neighbour } from './neighbour.ts'

/**
 * Encodes a frame and hands it to the link.
 *
 * @param action Of an answer: what it answers.
 * @param source path[0] of the frame.
 * @throws {OverlayError} ERR_WIRE_ENCODE, ERR_WIRE_FRAME_SIZE
 */
export function write(to: Neighbour, frame: Frame, action: string, source: NodeId): void {
  const isBinary = frame.encoding === 'binary'
  to.send(frame.type, encode(frame), isBinary, action, source, frame.messageId)
}

/**
 * The bytes of a frame.
 *
 * @throws {OverlayError} ERR_WIRE_ENCODE, ERR_WIRE_FRAME_SIZE
 */
export function encode(frame: Frame): Uint8Array {
  const isBinary = frame.encoding === 'binary'
  const bytes = isBinary ? encodeBinary(frame) : encodeText(frame)
  assertSize(bytes.length, isBinary)
  return bytes
}

/**
 * A frame grows by a path entry at each hop. One that outgrew the limit would end the next link,
 * with everybody on it.
 *
 * @throws {OverlayError} ERR_WIRE_FRAME_SIZE
 */
export function assertSize(actual: number, isBinary: boolean): void {
  const limit = isBinary ? DEFAULT_LIMITS.maxBinaryBytes : DEFAULT_LIMITS.maxTextBytes
  if (actual > limit) throw new OverlayError('ERR_WIRE_FRAME_SIZE', { actual, limit })
}

/** Puts a frame of this node's own into the frame log; forwarded ones are logged as they arrive. */
export function logOwn(
  { clock, frameLog }: Core,
  { label }: Neighbour,
  bytes: Uint8Array,
  isBinary: boolean,
  trace?: string,
): void {
  const now = clock.now()
  frameLog.record(now, false, isBinary, label, undefined, 'originated', undefined, bytes, trace)
}

/**
 * Writes an answer or SEND of this node's own and logs it.
 *
 * @param action Of an answer: what it answers, where that is known.
 * @param trace Where it is not the id of the frame.
 */
export function writeOwn(
  node: Core,
  to: Neighbour,
  frame: Frame,
  action = frame.action,
  trace?: string,
): void {
  const isBinary = frame.encoding === 'binary'
  const bytes = encode(frame)
  to.send(frame.type, bytes, isBinary, action, node.id, frame.messageId)
  logOwn(node, to, bytes, isBinary, traceToKeep(trace, frame.messageId, bytes))
}

/**
 * The frame in an encoding the neighbour can read: binary errors are ours alone, towards others an
 * error is JSON text.
 */
export function readable(to: Neighbour, frame: Frame): Frame {
  const isBinaryError = frame.encoding === 'binary' && isErrorType(frame.type)
  if (!isBinaryError || to.link.capabilities.has('binary-error')) return frame
  return { ...frame, encoding: 'text' }
}
