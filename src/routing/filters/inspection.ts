import { type JsonObject, parsePayload } from '../../wire/payload.ts'
import type { FilterSubject } from './rule.ts'

const NOTHING: FilterSubject = {
  kind: 'CALL',
  action: '',
  source: '',
  networkPath: [],
  destination: '',
  from: '',
  to: '',
  payload: new Uint8Array(),
  bytes: 0,
  isBinary: false,
  protocol: undefined,
}

/**
 * One frame while it is judged: its payload is parsed when the first rule asks for it, and once.
 * Used again for the next frame, so that judging costs no object.
 */
export class Inspection {
  subject = NOTHING
  /** Milliseconds. */
  now = 0
  #isRead = false
  #payload: JsonObject | undefined

  begin(subject: FilterSubject, now: number): void {
    this.subject = subject
    this.now = now
    this.#isRead = false
  }

  /** Lets go of the frame. */
  end(): void {
    this.subject = NOTHING
    this.#payload = undefined
  }

  /** The payload; undefined when it cannot be read in one way only. */
  payload(): JsonObject | undefined {
    if (!this.#isRead) {
      this.#isRead = true
      this.#payload = this.subject.isBinary ? undefined : read(this.subject.payload)
    }
    return this.#payload
  }
}

// Whatever stops the parser (nesting may exhaust the stack), the rules that need it then deny.
function read(payload: Uint8Array): JsonObject | undefined {
  try {
    return parsePayload(payload)
  } catch {
    return undefined
  }
}
