import { OverlayError, RemoteError } from '../errors.ts'
import type { Clock } from '../primitives/clock.ts'
import { foldId, type NodeId } from '../primitives/ids.ts'
import type { KeyDirectory } from '../security/keys/key-directory.ts'
import type { TrustStatement } from '../storage/trust-store.ts'
import type { JsonObject } from '../wire/payload.ts'
import type { Core, NodeEvent } from './core.ts'
import type { ManagementAction } from './management-messages.ts'
import { originOf } from './peer-facts.ts'

/** How well a node can be reached: not at all, perhaps (a default route), or it was heard of. */
export const REACH = ['no', 'perhaps', 'yes'] as const
export type Reach = (typeof REACH)[number]

/** The node around the push. */
export interface PushSite {
  readonly clock: Clock
  /** What others are to know, in the order in which they can take it. */
  statements(): readonly TrustStatement[]
  /** Who is to know it. */
  targets(): readonly NodeId[]
  reachOf(id: NodeId): Reach
  /** One signed CALL. */
  tell(to: NodeId, statement: TrustStatement): Promise<{ status: string; problem?: string }>
  emit(event: NodeEvent): void
}

interface Target {
  readonly id: NodeId
  /** Number of the last statement that it has taken, or will never take. */
  done: number
  failures: number
  /** Milliseconds since 1970. */
  retryAt: number
  reach: Reach
  isBusy: boolean
}

interface Numbered {
  readonly number: number
  readonly statement: TrustStatement
}

const MAX_BUSY = 8
const FIRST_RETRY_MS = 1_000
const LAST_RETRY_MS = 600_000
/** By which message a statement is told. */
export const TELLING = {
  keyRecord: 'AddKeyRecord',
  revocationList: 'UpdateRevocationList',
  entitlement: 'AddEntitlement',
} as const satisfies Record<TrustStatement['kind'], ManagementAction>
const NAMED: Readonly<Record<TrustStatement['kind'], (payload: JsonObject) => string>> = {
  keyRecord: ({ kid }) => `key record ${kid}`,
  revocationList: ({ version }) => `revocation list ${version}`,
  entitlement: ({ node }) => `entitlement of ${node}`,
}
/** It knows something newer. */
const KNOWN_BETTER: ReadonlySet<string> = new Set(['old-version', 'revoked'])

/**
 * Tells other nodes whose keys count and which were revoked: each node each statement, one after
 * the other, a few nodes at a time. Who cannot be reached is told later, however long that takes.
 *
 * @spec docs/security.md, "Keys"
 */
export class TrustPush {
  readonly #site: PushSite
  /** Which are to be told, by what is told; of revocation lists only the newest. */
  #statements: readonly Numbered[] = []
  #last = 0
  readonly #targets = new Map<string, Target>()
  readonly #idle: (() => void)[] = []
  #isOn = false
  #busy = 0

  constructor(site: PushSite) {
    this.#site = site
  }

  /**
   * Tells everybody what has changed since the last time; from now on also who becomes reachable.
   *
   * @param newcomer Has not read its own answer yet, and would believe nobody: it is told a little later.
   * @returns When everybody was tried once: who does not have all of it yet.
   */
  push(newcomer?: NodeId): Promise<readonly NodeId[]> {
    this.#isOn = true
    this.#number()
    this.#lookAround()
    const later = this.#site.clock.now() + FIRST_RETRY_MS
    for (const [id, target] of this.#targets) target.retryAt = newcomer !== undefined && id === foldId(newcomer) ? later : 0 // biome-ignore format: one line
    const tried = new Promise<void>((resolve) => this.#idle.push(resolve))
    this.sweep()
    this.#settle()
    return tried.then(() => this.behind())
  }

  /** Who does not have all of it yet. */
  behind(): readonly NodeId[] {
    return [...this.#targets.values()].filter((one) => this.#nextFor(one)).map(({ id }) => id)
  }

  /** To be called about every second: looks who can be reached now, and whose time has come. */
  sweep(): void {
    if (!this.#isOn || this.#statements.length === 0) return
    this.#lookAround()
    const now = this.#site.clock.now()
    const due = [...this.#targets.values()].filter((one) => this.#isDue(one, now))
    // Whoever surely answers does not wait until those who perhaps never do have not answered.
    due.sort((a, b) => a.failures - b.failures || REACH.indexOf(b.reach) - REACH.indexOf(a.reach))
    for (const target of due.slice(0, MAX_BUSY - this.#busy)) this.#begin(target)
  }

  stop(): void {
    this.#isOn = false
    this.#settle()
  }

  #number(): void {
    const known = new Map(this.#statements.map((one) => [one.statement.payload, one]))
    const numbered = this.#site.statements().map((statement) => known.get(statement.payload) ?? { statement, number: ++this.#last }) // biome-ignore format: one line
    // A record that came after a revocation list is told after it, also where both are new.
    this.#statements = numbered.sort((a, b) => a.number - b.number)
  }

  #lookAround(): void {
    const keys = new Set<string>()
    for (const id of this.#site.targets()) {
      const key = foldId(id)
      keys.add(key)
      const reach = this.#site.reachOf(id)
      const target = this.#targets.get(key)
      if (!target) {
        this.#targets.set(key, { id, done: 0, failures: 0, retryAt: 0, reach, isBusy: false })
        continue
      }
      // It was not there when it was tried: that says nothing about now.
      if (REACH.indexOf(reach) > REACH.indexOf(target.reach)) target.retryAt = 0
      target.reach = reach
    }
    for (const key of this.#targets.keys()) if (!keys.has(key)) this.#targets.delete(key)
  }

  #isDue(target: Target, now: number): boolean {
    const { isBusy, reach, retryAt } = target
    return !isBusy && reach !== 'no' && retryAt <= now && this.#nextFor(target) !== undefined
  }

  #nextFor({ done }: Target): Numbered | undefined {
    return this.#statements.find(({ number }) => number > done)
  }

  #begin(target: Target): void {
    target.isBusy = true
    this.#busy++
    void this.#tellAll(target).finally(() => {
      target.isBusy = false
      this.#busy--
      this.sweep()
      this.#settle()
    })
  }

  /** Until it has everything, or does not answer. */
  async #tellAll(target: Target): Promise<void> {
    for (let next = this.#nextFor(target); next && this.#isOn; next = this.#nextFor(target)) {
      try {
        const { status, problem = '' } = await this.#site.tell(target.id, next.statement)
        if (status !== 'Accepted' && !KNOWN_BETTER.has(problem)) this.#unpushed(target, next, problem) // biome-ignore format: one line
        target.done = next.number
        target.failures = 0
      } catch (error) {
        if (!this.#isOn) return
        const inMs = Math.min(FIRST_RETRY_MS * 2 ** target.failures, LAST_RETRY_MS)
        target.failures++
        target.retryAt = this.#site.clock.now() + inMs
        // Who is away for weeks does not fill the log.
        if (Number.isInteger(Math.log2(target.failures))) this.#unpushed(target, next, whyOf(error), inMs) // biome-ignore format: one line
        return
      }
    }
  }

  #unpushed({ id }: Target, { statement }: Numbered, why: string, inMs?: number): void {
    const what = NAMED[statement.kind](statement.payload)
    this.#site.emit({ name: 'trust.unpushed', to: id, what, why, ...(inMs !== undefined && { inMs }) }) // biome-ignore format: one line
  }

  /** Those who wait for the first round are told that it is over. */
  #settle(): void {
    if (this.#isOn && this.#busy > 0) return
    for (const resolve of this.#idle.splice(0)) resolve()
  }
}

/** Whose keys count for messages now: nobody else could answer, or has said anything here. */
export function nodesWithKeys(directory: KeyDirectory, nowS: number): readonly NodeId[] {
  const usable = directory.records().filter(({ key }) => directory.find(key.kid, 'sign-message', nowS).status === 'usable') // biome-ignore format: one line
  return usable.map(({ owner }) => owner)
}

/** How well a node can be reached from here; standard peers are told nothing of this. */
export function reachOf(node: Core, id: NodeId): Reach {
  if (originOf(node, id) !== 'node' || !node.table.lookup(id)?.isOverlay) return 'no'
  return node.table.get(id) ? 'yes' : 'perhaps'
}

function whyOf(error: unknown): string {
  if (error instanceof OverlayError) return error.code
  if (!(error instanceof RemoteError)) return String(error)
  const { reason } = error.errorDetails as { readonly reason?: unknown }
  return typeof reason === 'string' ? `${error.errorCode}: ${reason}` : error.errorCode
}
