import fc from 'fast-check'
import { isNodeId, type MessageId, type NodeId } from '../../src/primitives/ids.ts'
import type { Frame, MessageType } from '../../src/wire/frame.ts'

/** Arbitrary frames of every kind, form and encoding. */

const nodeId = fc
  .oneof(
    fc.string({ minLength: 1, maxLength: 20 }),
    fc.string({ minLength: 1, maxLength: 60, unit: 'binary' }),
    fc.constantFrom('CS01', 'NN01', 'CSMS', '*grid-events', 'operator/CSMS', 'größe', '充電'),
  )
  .filter(isNodeId)

const messageId = fc
  .string({ minLength: 1, maxLength: 36 })
  .filter((text) => /^[\x20-\x7e]+$/.test(text)) as fc.Arbitrary<MessageId>

const word = fc.string({ minLength: 1, maxLength: 30 })
const jsonObject = fc
  .dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5 })
  .map((value) => new TextEncoder().encode(JSON.stringify(value)))

export const anyFrame: fc.Arbitrary<Frame> = fc
  .record({
    type: fc.constantFrom<MessageType>(2, 3, 4, 5, 6),
    encoding: fc.constantFrom('text' as const, 'binary' as const),
    hasRoute: fc.boolean(),
    destination: fc.array(nodeId, { minLength: 1, maxLength: 4 }),
    networkPath: fc.array(nodeId, { minLength: 1, maxLength: 32 }),
    messageId,
    action: word,
    json: jsonObject,
    bytes: fc.uint8Array({ maxLength: 300 }),
    errorCode: fc.string({ maxLength: 20 }),
    errorDescription: fc.string({ maxLength: 60 }),
  })
  .map((r) => {
    const isError = r.type === 4 || r.type === 5
    const isText = r.encoding === 'text'
    const destination = (isText ? r.destination : r.destination.slice(0, 1)) as unknown as [NodeId]
    const networkPath = r.networkPath as unknown as [NodeId]
    return {
      type: r.type,
      encoding: r.encoding,
      route: r.hasRoute ? { destination, networkPath } : undefined,
      messageId: r.messageId,
      action: r.type === 2 || r.type === 6 ? r.action : '',
      payload: isText || isError ? r.json : r.bytes,
      errorCode: isError ? r.errorCode : '',
      errorDescription: isError ? r.errorDescription : '',
    }
  })

/** A frame as plain data, for comparison. */
export function plain(frame: Frame) {
  const { origin: _, payload, ...rest } = frame
  return { ...rest, payload: Buffer.from(payload).toString('latin1') }
}
