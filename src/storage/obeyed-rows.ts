import type { ObeyedMessages } from '../security/freshness/obeyed-messages.ts'
import type { SeenMessage } from '../security/freshness/seen-messages.ts'
import type { Database } from './database.ts'
import { text } from './transaction-rows.ts'

/** Looked for only now and then. */
const FORGET_EVERY = 1_000

/**
 * Signed messages that were obeyed, as long as they could come again: a row stands or falls with what
 * followed from its message.
 */
export class ObeyedRows implements ObeyedMessages {
  readonly #db: Database
  #added = 0

  constructor(db: Database) {
    this.#db = db
  }

  find(from: string, id: string): SeenMessage | undefined {
    const row = this.#db.get('SELECT * FROM obeyed_messages WHERE source = ? AND id = ?', from, id)
    if (!row) return undefined
    const reply = row.reply as Uint8Array | null
    return {
      from,
      id,
      nonce: text(row.nonce) ?? '',
      digest: text(row.digest) ?? '',
      until: Number(row.until),
      reply: reply ?? undefined,
    }
  }

  /**
   * Writes that a message is obeyed, inside the transaction of what follows from it; its answer is
   * written as soon as it is there.
   *
   * @param nowS Seconds since 1970.
   */
  add(message: SeenMessage, nowS: number): void {
    const { from, id, nonce, digest, expires = message.until } = message
    this.#db.run(
      'INSERT OR REPLACE INTO obeyed_messages (source, id, nonce, digest, until) VALUES (?,?,?,?,?)',
      from,
      id,
      nonce,
      digest,
      expires,
      // biome-ignore format: one row
    )
    message.onReply = (reply) => {
      // Without its answer a message has its effect once more, which is told as a repetition then.
      this.#db.write(() => this.#keepReply(message, reply)).catch(() => {})
    }
    if (++this.#added % FORGET_EVERY === 0) this.#db.run('DELETE FROM obeyed_messages WHERE until < ?', nowS) // biome-ignore format: one line
  }

  #keepReply({ from, id }: SeenMessage, reply: Uint8Array): void {
    this.#db.run('UPDATE obeyed_messages SET reply = ? WHERE source = ? AND id = ?', reply, from, id) // biome-ignore format: one line
  }
}
