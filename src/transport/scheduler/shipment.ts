import type { PriorityClass } from '../../messages/actions.ts'

/** The raw link below a scheduler. */
export interface Carrier {
  /**
   * Sends one message; when it returns, the bytes are the caller's again.
   *
   * @param asIs It is bulk: never compressed, because the window counts its bytes on the wire.
   */
  send(message: Uint8Array, isBinary: boolean, asIs?: boolean): void
  /** Bytes handed over but not yet taken by the network. */
  readonly queuedBytes: number
  /** In ms, as the link knows it from pings of its own; undefined while it does not. */
  readonly roundTripMs?: number | undefined
  /**
   * Sends a ping of 9 bytes behind everything sent so far; its pong comes back through
   * `SendScheduler.pong`. When it returns, the bytes are the caller's again.
   */
  ping(payload: Uint8Array): void
}

/** A frame, and what a scheduler has to know of it when the link is behind. */
export interface Shipment<Token> {
  /** Copied when it has to wait, so they may be scratch memory of the caller. */
  readonly bytes: Uint8Array
  readonly isBinary: boolean
  /** From this node's own action table; a result or error has its CALL's class. */
  readonly priority: PriorityClass
  /** path[0] of the frame: who is treated fairly, and whose order is kept. */
  readonly source: string
  /**
   * What must stay in order: a transaction, an EVSE, a stream. It belongs to the source: the same
   * text from another source is another key.
   */
  readonly order?: string | undefined
  /** `request`: CALL · `answer`: CALLRESULT, CALLERROR, CALLRESULTERROR · `send`: SEND. */
  readonly kind: 'request' | 'answer' | 'send'
  /** The action's row says that it may be dropped; means something for a SEND only. */
  readonly isDroppable?: boolean
  /** Milliseconds since 1970; from then on it is not sent any more. */
  readonly expiresAt?: number | undefined
  /** The owner's own note, handed back with the frame. */
  readonly token: Token
}

/** A frame that waits, or waited until it was given back. Its bytes are a copy. */
export interface WaitingFrame<Token> extends Shipment<Token> {
  /** Milliseconds since 1970. */
  readonly since: number
}

/**
 * What became of a frame.
 *
 * `sent`: the carrier has it · `queued`: it waits · `congested`: no room for a CALL, to be answered
 * CALLERROR Congested · `dropped`: no room for a droppable SEND · `expired`: its deadline has passed ·
 * `overflow`: the memory limit of the link; nothing of this frame was kept and the owner closes the
 * link · `closed`: the scheduler is closed.
 */
export type Admission<Token> =
  | { readonly outcome: 'sent' | 'dropped' | 'expired' | 'overflow' | 'closed' }
  | { readonly outcome: 'queued'; readonly frame: WaitingFrame<Token> }
  | { readonly outcome: 'congested'; readonly retryAfterMs: number }

/** What happens to frames; called when the scheduler is consistent again. */
export interface SchedulerReceiver<Token> {
  /** It waited too long and was not sent: a CALL is answered Timeout. */
  expired(frame: WaitingFrame<Token>): void
  /** It was handed to the carrier, at once or after it had waited. */
  shipped?(token: Token): void
  /** A droppable SEND had to make room for a stream that has less queued. */
  dropped(frame: WaitingFrame<Token>): void
}

/** The classes, most urgent first. */
export const PRIORITIES = [
  'control',
  'command',
  'transaction',
  'telemetry',
  'bulk',
] as const satisfies readonly PriorityClass[]
