import { encodeBinary } from '../wire/binary.ts'
import type { Frame } from '../wire/frame.ts'
import { encodeText } from '../wire/text.ts'
import type { Core } from './core.ts'
import type { Neighbour } from './neighbour.ts'

/** Encodes a frame and hands it to the link. */
export function write(to: Neighbour, frame: Frame): void {
  to.send(frame.type, encode(frame), frame.encoding === 'binary')
}

function encode(frame: Frame): Uint8Array {
  return frame.encoding === 'binary' ? encodeBinary(frame) : encodeText(frame)
}

/** Puts a frame of this node's own into the frame log; forwarded ones are logged as they arrive. */
export function logOwn(node: Core, to: Neighbour, frame: Frame): void {
  const isBinary = frame.encoding === 'binary'
  const now = node.clock.now()
  // biome-ignore format: one line
  node.frameLog.record(now, false, isBinary, to.label, undefined, 'originated', undefined, encode(frame))
}

/**
 * The frame in an encoding the neighbour can read: binary errors are ours alone, towards others an
 * error is JSON text.
 */
export function readable(to: Neighbour, frame: Frame): Frame {
  const isBinaryError = frame.encoding === 'binary' && (frame.type === 4 || frame.type === 5)
  if (!isBinaryError || to.link.capabilities.has('binary-error')) return frame
  return { ...frame, encoding: 'text' }
}
