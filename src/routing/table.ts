import { foldId, type NodeId } from '../primitives/ids.ts'
import { assertNoReservedId } from './network-path.ts'

/**
 * Where to send what: destination → candidates, the best origin first.
 *
 * `direct`: an authenticated neighbour · `static`: configuration · `learned`: seen as the source
 * of a frame, or announced · `default`: whatever is not known goes there.
 */
export type Origin = 'direct' | 'static' | 'learned'

/** What the edge node said about a standard peer behind it. */
export interface Announced {
  readonly protocol: string
  readonly form: 'standard'
  /** Links between here and there. */
  readonly distance: number
}

export interface Candidate<L> {
  readonly link: L
  readonly origin: Origin
  /** Lower is better. */
  readonly priority: number
  /** The path of the last frame from there: source first, neighbour last. */
  path: readonly NodeId[]
  announced: Announced | undefined
  /** Milliseconds since 1970. */
  refreshedAt: number
}

interface Destination<L> {
  readonly id: NodeId
  readonly candidates: Candidate<L>[]
}

const RANK: Record<Origin, number> = { direct: 0, static: 1, learned: 2 }
export const LEARNED_LIFETIME_MS = 24 * 3_600_000
/** Sources are chosen by peers, so what can be learned over one link is bounded, in bytes. */
const MAX_LEARNED_BYTES_PER_LINK = 5 * 1024 * 1024
/** What an entry takes besides its id. */
const ENTRY_BYTES = 250

/**
 * A routing table over links of any type. Lookup costs the same whatever the number of
 * destinations; a link that goes takes all its candidates with it.
 *
 * @spec docs/overlay.md section 6
 */
export class RoutingTable<L> {
  readonly #destinations = new Map<string, Destination<L>>()
  readonly #byLink = new Map<L, { readonly keys: Set<string>; bytes: number }>()
  readonly #defaults: { readonly link: L; readonly priority: number }[] = []

  /** The best candidate for an id; the default route is not considered. */
  get(id: NodeId): Candidate<L> | undefined {
    return this.#destinations.get(foldId(id))?.candidates[0]
  }

  /**
   * The link to send on towards a destination: the best candidate's, else the default route's.
   *
   * @param from Link the frame came in on. A default route never sends back to where it came from:
   *   who sent it here has no better idea either.
   */
  lookup(id: NodeId, from?: L): L | undefined {
    const known = this.#destinations.get(foldId(id))?.candidates[0]
    if (known) return known.link
    return this.#defaults.find((route) => route.link !== from)?.link
  }

  /** Adds an authenticated neighbour or a configured route. */
  add(id: NodeId, link: L, origin: 'direct' | 'static', priority: number, now: number): void {
    this.#put(id, { link, origin, priority, path: [id], announced: undefined, refreshedAt: now })
  }

  addDefault(link: L, priority: number): void {
    this.#defaults.push({ link, priority })
    this.#defaults.sort((a, b) => a.priority - b.priority)
  }

  /**
   * Learns from a frame's path that its source and every node passed lie behind the link it came
   * in on. Never overrides what is direct, static or learned on another live link: a liar must not
   * be able to draw another's traffic.
   *
   * @throws {OverlayError} ERR_ROUTE_RESERVED_ID
   */
  learnPath(path: readonly NodeId[], link: L, now: number): void {
    for (let i = 0; i < path.length - 1; i++) {
      const id = path[i] as NodeId
      const known = this.#destinations.get(foldId(id))?.candidates[0]
      if (known?.link === link && known.origin === 'learned') {
        known.refreshedAt = now
        if (i === 0) known.path = path
      } else if (known) {
        assertNoReservedId(id) // a standard uplink has no name and is called `CSMS`; no node is
      } else {
        this.#learn(id, path.slice(i), link, now)
      }
    }
  }

  /**
   * Learns from a neighbour's announcement that a standard peer is behind it.
   *
   * A peer that is known elsewhere stays there: who announces it is not believed while the other
   * link lives. It is remembered all the same, because a station may have moved before the node it
   * was at has noticed; the claim counts once the older one is withdrawn.
   *
   * @returns False when the link may not speak for this id now.
   * @throws {OverlayError} ERR_ROUTE_RESERVED_ID
   */
  announce(id: NodeId, link: L, announced: Announced, now: number): boolean {
    const candidates = this.#destinations.get(foldId(id))?.candidates ?? []
    const own = candidates.find((one) => one.link === link && one.origin === 'learned')
    const candidate = own ?? this.#learn(id, [id], link, now)
    if (!candidate) return false
    candidate.announced = announced
    candidate.refreshedAt = now
    return this.get(id) === candidate
  }

  /** Whether who is behind a link has announced this peer, believed or not. */
  isAnnouncedOver(id: NodeId, link: L): boolean {
    const candidates = this.#destinations.get(foldId(id))?.candidates ?? []
    return candidates.some((one) => one.link === link && one.announced !== undefined)
  }

  /** Forgets a learned candidate; true when it was the one in use. */
  forget(id: NodeId, link: L): boolean {
    const key = foldId(id)
    const candidates = this.#destinations.get(key)?.candidates
    const at = candidates?.findIndex((c) => c.link === link && c.origin === 'learned') ?? -1
    if (!candidates || at < 0) return false
    candidates.splice(at, 1)
    const isReachedOtherwise = candidates.some((one) => one.link === link)
    const known = this.#byLink.get(link)
    if (!isReachedOtherwise && known?.keys.delete(key)) known.bytes -= costOf(key)
    if (candidates.length === 0) this.#destinations.delete(key)
    return at === 0
  }

  /** Takes away a link with everything behind it; returns the ids that are no longer reachable. */
  removeLink(link: L): NodeId[] {
    const lost: NodeId[] = []
    for (const key of this.#byLink.get(link)?.keys ?? []) {
      const destination = this.#destinations.get(key)
      if (!destination) continue
      const left = destination.candidates.filter((candidate) => candidate.link !== link)
      destination.candidates.splice(0, Number.POSITIVE_INFINITY, ...left)
      if (left.length > 0) continue
      this.#destinations.delete(key)
      lost.push(destination.id)
    }
    this.#byLink.delete(link)
    const left = this.#defaults.filter((route) => route.link !== link)
    this.#defaults.splice(0, Number.POSITIVE_INFINITY, ...left)
    return lost
  }

  /**
   * Drops what was learned from paths more than 24 h ago and never seen again. What was announced
   * stays until it is withdrawn or its link goes: a station may have nothing to say for days.
   */
  expire(now: number): void {
    for (const { id, candidates } of this.#destinations.values()) {
      for (const { origin, refreshedAt, link, announced } of [...candidates]) {
        const isOld = refreshedAt + LEARNED_LIFETIME_MS <= now
        if (origin === 'learned' && !announced && isOld) this.forget(id, link)
      }
    }
  }

  /** Every known destination with its best candidate. */
  *entries(): Generator<[NodeId, Candidate<L>]> {
    for (const { id, candidates } of this.#destinations.values()) {
      if (candidates[0]) yield [id, candidates[0]]
    }
  }

  get size(): number {
    return this.#destinations.size
  }

  #learn(id: NodeId, path: readonly NodeId[], link: L, now: number): Candidate<L> | undefined {
    assertNoReservedId(id)
    if ((this.#byLink.get(link)?.bytes ?? 0) >= MAX_LEARNED_BYTES_PER_LINK) return undefined
    const candidate: Candidate<L> = {
      link,
      origin: 'learned',
      priority: 0,
      path,
      announced: undefined,
      refreshedAt: now,
    }
    this.#put(id, candidate)
    return candidate
  }

  #put(id: NodeId, candidate: Candidate<L>): void {
    const key = foldId(id)
    let destination = this.#destinations.get(key)
    if (!destination) {
      destination = { id, candidates: [] }
      this.#destinations.set(key, destination)
    }
    destination.candidates.push(candidate)
    destination.candidates.sort(
      (a, b) => RANK[a.origin] - RANK[b.origin] || a.priority - b.priority,
    )
    const known = this.#byLink.get(candidate.link) ?? { keys: new Set<string>(), bytes: 0 }
    this.#byLink.set(candidate.link, known)
    if (known.keys.has(key)) return
    known.keys.add(key)
    known.bytes += costOf(key)
  }
}

function costOf(key: string): number {
  return ENTRY_BYTES + 2 * key.length
}
