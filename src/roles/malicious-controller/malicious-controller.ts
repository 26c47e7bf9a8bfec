import type { Clock } from '../../primitives/clock.ts'
import type { NodeId } from '../../primitives/ids.ts'
import type { Randomness } from '../../primitives/randomness.ts'
import type { LinkSource } from '../../transport/link.ts'
import type { MessageType } from '../../wire/frame.ts'
import type { JsonObject } from '../../wire/payload.ts'
import type { AttackName, Passing, StandingAttack } from './attacks.ts'
import { Middle } from './middle.ts'

export interface MaliciousControllerOptions {
  readonly nodeId: string
  /** What is dialled as an uplink leads to the CSMS; everybody else is below. Overlay links only. */
  readonly links: readonly LinkSource[]
  /** Frames that are kept to be told again; the oldest are forgotten first. Default 1 000. */
  readonly maxRecorded?: number
  readonly clock?: Clock
  readonly random?: Randomness
}

/** A frame as it came, before anything was done to it. */
export interface RecordedFrame extends Passing {
  /** From 1 upwards; what `replay` names it by. */
  readonly sequence: number
  /** Milliseconds since 1970. */
  readonly time: number
  /** The neighbour that sent it. */
  readonly link: string
  /** As it came. */
  readonly bytes: Uint8Array
  readonly isBinary: boolean
}

/** One thing that was tried, for whoever watches. */
export interface Attempt {
  readonly attack: AttackName
  /** What was attacked; undefined of a frame that was invented. */
  readonly recorded?: RecordedFrame
  /** For people: `/transactionId became 8`. */
  readonly what: string
  /** What was sent, in the order in which it was sent; empty of a frame that was dropped. */
  readonly sent: readonly Uint8Array[]
}

/** A frame in the name of somebody else. */
export interface Forgery {
  /** 2 CALL, 3 CALLRESULT, 4 CALLERROR, 5 CALLRESULTERROR, 6 SEND. */
  readonly type: MessageType
  /** Who is said to have made it. */
  readonly from: string
  readonly to: string
  /** Of an answer: that of the request. Default: a new one. */
  readonly messageId?: string
  readonly action?: string
  /** Of an error: its details. Default `{}`. */
  readonly payload?: JsonObject
  readonly errorCode?: string
  readonly errorDescription?: string
  /** Nodes it is said to have passed before this one. Default: none but `from`. */
  readonly path?: readonly string[]
}

export interface ReplayOptions {
  /** Sends it under a new message id. Default: the bytes as they were passed on. */
  readonly isRenamed?: boolean
  /** Milliseconds of the clock. Default 0. */
  readonly afterMs?: number
}

/**
 * A local controller that lies, for demonstrations and tests. It knows no key of anybody. What no
 * attack is for it carries on as an honest node does: it announces who is behind it, and writes
 * itself into the path.
 */
export interface MaliciousController {
  readonly nodeId: NodeId
  readonly recorded: readonly RecordedFrame[]
  /** Attacks that are switched on, the first of them first: of several that fit that one counts. */
  readonly attacks: readonly StandingAttack[]
  start(): Promise<void>
  /** Leaves no socket and no timer behind; what is delayed is lost. */
  stop(): Promise<void>
  /** @returns What switches it off. */
  switchOn(attack: StandingAttack): () => void
  switchOffAll(): void
  /** Tells each attempt, after it was made. @returns What ends that. */
  onAttempt(listener: (attempt: Attempt) => void): () => void
  /**
   * Sends a recorded frame again.
   *
   * @throws {TypeError} when it is not recorded, or is not as it says.
   */
  replay(sequence: number, options?: ReplayOptions): void
  /**
   * Invents a frame.
   *
   * @returns Its message id.
   * @throws {TypeError} when its ids are none.
   */
  forge(forgery: Forgery): string
  /**
   * Sends bytes as they are, whatever they are; that counts as forging.
   *
   * @param to Whom they go to: a neighbour, or somebody behind one.
   */
  inject(to: string, bytes: Uint8Array, isBinary?: boolean): void
}

export function createMaliciousController(
  options: MaliciousControllerOptions,
): MaliciousController {
  return new Middle(options)
}
