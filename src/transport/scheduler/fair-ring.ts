/** Credit that a member of weight 1 gets each time the turn passes it. */
const QUANTUM_BYTES = 2048

/** Who takes turns in a ring; in one ring at a time. */
export interface Turn<Member> {
  readonly weight: number
  /** Bytes of the frame it would send next. */
  readonly nextBytes: number
  /** Bytes it may still send before the turn passes on. */
  deficitBytes: number
  /** Its neighbours in the ring; undefined outside. */
  before: Member | undefined
  after: Member | undefined
}

/**
 * Deficit round robin: over time each member sends bytes in proportion to its weight, whatever the
 * sizes of its frames. All operations cost the same for any number of members; finding the next one
 * costs a step per quantum that is sent.
 *
 * Only members with something to send are in the ring. Rings nest: a ring can stand behind a member
 * of another one.
 */
export class FairRing<Member extends Turn<Member>> {
  /** Whose turn it is. */
  #current: Member | undefined

  get isEmpty(): boolean {
    return this.#current === undefined
  }

  /** Adds a member at the end of the round; nothing happens when it is in already. */
  enter(member: Member): void {
    if (member.after) return
    const current = this.#current
    const last = current?.before
    // A first quantum, so that who has little to say need not wait for a second round.
    member.deficitBytes = QUANTUM_BYTES * member.weight
    member.after = current ?? member
    member.before = last ?? member
    member.after.before = member
    member.before.after = member
    this.#current = current ?? member
  }

  /** Takes a member out; what credit it had is lost. */
  leave(member: Member): void {
    const { before, after } = member
    if (!before || !after) return
    before.after = after
    after.before = before
    if (this.#current === member) this.#current = after === member ? undefined : after
    member.before = undefined
    member.after = undefined
    member.deficitBytes = 0
  }

  /** Whose turn it is; the same until it has spent its credit, or left. */
  next(): Member | undefined {
    let member = this.#current
    if (!member) return undefined
    while (member.deficitBytes < member.nextBytes) {
      member.deficitBytes += QUANTUM_BYTES * member.weight
      member = member.after as Member
    }
    this.#current = member
    return member
  }
}
