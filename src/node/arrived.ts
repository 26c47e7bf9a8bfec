import type { ErrorCode } from '../errors.ts'
import type { Protocol } from '../messages/protocols.ts'
import type { NodeId } from '../primitives/ids.ts'
import type { Frame } from '../wire/frame.ts'
import type { Core, RoutedFrame } from './core.ts'
import type { Neighbour } from './neighbour.ts'
import { protocolOf } from './protocol-of.ts'

/** A message that was for this node, as it came. */
export interface ArrivedMessage {
  readonly source: NodeId
  /** The source is the peer of a standard link, and a station. */
  readonly isStation: boolean
  readonly protocol: Protocol
  /** Undefined when it could not be decoded. */
  readonly frame: Frame | undefined
  /** Of an answer, that of its request. */
  readonly action: string
  readonly bytes: Uint8Array
  /** Why it was not obeyed, where that was known at once. */
  readonly errorCode: ErrorCode | undefined
  /** Milliseconds since 1970. */
  readonly receivedAt: number
}

export type ArrivalListener = (message: ArrivedMessage) => void

/** Tells whoever keeps messages of one that went no further than here. */
export function tellArrived(
  node: Core,
  from: Neighbour,
  message: Pick<ArrivedMessage, 'bytes' | 'frame' | 'errorCode'>,
): void {
  if (!node.onArrival) return
  const { frame } = message
  const route = frame?.route
  node.onArrival({
    ...message,
    source: route?.networkPath[0] ?? from.id,
    isStation: !from.isOverlay && from.link.peer === 'station',
    protocol: route ? protocolOf(node, from, { route } as RoutedFrame) : from.link.protocol,
    action: frame?.action || node.arrivalAction || '',
    receivedAt: node.clock.now(),
  })
}
