import { createHash } from 'node:crypto'
import type { Node } from '../node/node.ts'
import { isSameId } from '../primitives/ids.ts'
import type { InvitationFiles, KeptInvitation } from '../storage/invitations.ts'
import { momentOf } from './trust.ts'
import type { InvitationView } from './trust-views.ts'

/** As long as the files of invitations are good. */
const LIFETIME_S = 24 * 3_600

interface Made extends Omit<KeptInvitation, 'secret'> {
  readonly print: string
  readonly untilS: number
}

/** Who was invited from here and has not come yet; the codes themselves are not kept here. */
export class InvitationsMade {
  #made: readonly Made[] = []
  readonly #files: InvitationFiles | undefined
  readonly #unsubscribe: () => void

  constructor(node: Node, files: InvitationFiles | undefined) {
    this.#files = files
    this.#unsubscribe = node.onEvent((event) => {
      if (event.name !== 'node.commissioned') return
      this.#made = this.#made.filter(({ owner }) => !isSameId(owner, event.id))
    })
  }

  /** @returns Until when it is good, RFC 3339. */
  add({ owner, roles, secret }: KeptInvitation, nowS: number): string {
    const untilS = nowS + LIFETIME_S
    this.#made = [...this.#made, { owner, roles, print: printOf(secret), untilS }]
    return momentOf(untilS)
  }

  /** Those that are still good: a later one for the same name has taken the place of an earlier. */
  pending(nowS: number): readonly InvitationView[] {
    this.#made = this.#made.filter((one) => one.untilS > nowS && this.#isGood(one))
    return this.#made.map(({ owner, roles, untilS }) => ({ id: owner, roles, goodUntil: momentOf(untilS) })) // biome-ignore format: one line
  }

  stop(): void {
    this.#unsubscribe()
  }

  #isGood({ owner, print }: Made): boolean {
    const good = this.#files?.of(owner) ?? []
    return good.some(({ secret }) => printOf(secret) === print)
  }
}

/** Tells codes apart, and lets nobody in. */
function printOf(secret: Uint8Array): string {
  return createHash('sha256').update(secret).digest('hex')
}
