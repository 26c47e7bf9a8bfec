import type { SeenMessage } from './seen-messages.ts'

/** What outlives a process: messages that may be stored on their way, kept with their effect. */
export interface ObeyedMessages {
  /** The message of this originator with this id, while it could come again. */
  find(from: string, id: string): SeenMessage | undefined
}
