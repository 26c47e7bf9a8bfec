import { foldId, isNodeId, isSameId, type NodeId } from '../../primitives/ids.ts'
import { oneOf } from '../../primitives/wildcard.ts'
import type { JsonObject } from '../../wire/payload.ts'
import { isListOf, isText, spanProblem, unknownMember } from './record-checks.ts'

/** The structure that is signed. */
export const ENTITLEMENT = 'urn:wattweave:entitlement:1'

/** What an administrator lets a node do in the name of others. */
export interface Entitlement {
  readonly node: NodeId
  /** Whom it may vouch for as an edge: ids with `*`. */
  readonly ids: readonly string[]
  /** What it may answer for: `CSMS`, `operator/CSMS`. */
  readonly services: readonly string[]
  /** Groups that it may be in: `*grid-events`. */
  readonly groups: readonly string[]
  /** Of its services only these actions, with `*`; none: all. */
  readonly actions: readonly string[]
  /** Seconds since 1970, both included. */
  readonly notBefore: number
  readonly notAfter: number
}

const MAX_NAMES = 256

/** Reads the payload without its signatures, as `readKeyRecord`. */
export function readEntitlement(payload: JsonObject): Entitlement | string {
  const { node, ids = [], services = [], groups = [], actions = [], notBefore, notAfter, ...others } = payload // biome-ignore format: one line
  const unknown = unknownMember(others, 'an entitlement')
  if (unknown) return unknown
  if (typeof node !== 'string' || !isNodeId(node)) return 'node is no id'
  const lists = { ids, services, groups, actions }
  const wrong = Object.entries(lists).find(([, list]) => !isListOf(list, isText, MAX_NAMES))
  if (wrong) return `${wrong[0]} is no list of at most ${MAX_NAMES} names`
  const wrongSpan = spanProblem(notBefore, notAfter)
  if (wrongSpan) return wrongSpan
  return { node, ...(lists as Pick<Entitlement, 'ids' | 'services' | 'groups' | 'actions'>), notBefore: notBefore as number, notAfter: notAfter as number } // biome-ignore format: one line
}

/** The payload, to be signed. */
export function entitlementPayload(entitlement: Entitlement): JsonObject {
  const { node, notBefore, notAfter, ...lists } = entitlement
  const named = Object.entries(lists).filter(([, list]) => list.length > 0)
  return { node, ...Object.fromEntries(named), notBefore, notAfter } as JsonObject
}

/** A statement that says it. */
export interface EntitlementStatement {
  /** When it was signed: of two for one node the later one counts. */
  readonly issuedS: number
  /** What it is known by. */
  readonly id: string
  /** Who has signed it. */
  readonly kids: readonly string[]
}

export interface KnownEntitlement extends EntitlementStatement {
  readonly entitlement: Entitlement
}

interface Compiled extends KnownEntitlement {
  readonly hasId: (id: string) => boolean
  readonly hasService: (name: string) => boolean
  readonly hasAction: (action: string) => boolean
}

/**
 * What nodes are entitled to. A node that nobody has entitled to anything goes by the user roles of
 * its key; one with an entitlement by that alone, also when its time is over.
 *
 * @spec docs/security.md, "Node records and entitlements"
 */
export class Entitlements {
  readonly #byNode = new Map<string, Compiled>()
  readonly #counted: (kid: string, atS: number) => boolean

  /** @param counted Whether a key counted at a time, as far as is known now. */
  constructor(counted: (kid: string, atS: number) => boolean = () => true) {
    this.#counted = counted
  }

  /** @returns false where another one is known that is as late or later. */
  set(entitlement: Entitlement, statement: EntitlementStatement): boolean {
    const key = foldId(entitlement.node)
    const known = this.#byNode.get(key)
    const isOld = known !== undefined && known.issuedS >= statement.issuedS && known.id !== statement.id // biome-ignore format: one line
    if (isOld && this.#isSound(known)) return false
    const { ids, services, actions } = entitlement
    this.#byNode.set(key, {
      entitlement,
      ...statement,
      hasId: oneOf(ids, foldId),
      hasService: (name) => services.some((one) => isSameId(one as NodeId, name as NodeId)),
      hasAction: actions.length === 0 ? () => true : oneOf(actions, (action) => action),
    })
    return true
  }

  /** The one that is known, whether or not its time is over. */
  of(node: NodeId): Entitlement | undefined {
    return this.#byNode.get(foldId(node))?.entitlement
  }

  all(): readonly KnownEntitlement[] {
    return [...this.#byNode.values()].map(({ entitlement, issuedS, id, kids }) => ({ entitlement, issuedS, id, kids })) // biome-ignore format: one line
  }

  /** Whether a node may vouch for a standard peer; undefined: nobody has said. */
  mayVouch(node: NodeId, id: NodeId, atS: number): boolean | undefined {
    const known = this.#sound(node)
    if (known) return counts(known, atS) && known.hasId(id)
    // Whoever is entitled to it by name is the one: others do not speak for its station.
    const isOthers = [...this.#byNode.values()].some((one) => one.hasId(id) && counts(one, atS) && this.#isSound(one)) // biome-ignore format: one line
    return isOthers ? false : undefined
  }

  /** Whether a node may answer for a service; undefined: nobody is entitled to it by name. */
  mayServe(
    node: NodeId,
    service: string,
    action: string | undefined,
    atS: number,
  ): boolean | undefined {
    const known = this.#sound(node)
    if (known?.hasService(service))
      return counts(known, atS) && (action === undefined || known.hasAction(action))
    const isNamed = [...this.#byNode.values()].some((one) => one.hasService(service) && counts(one, atS) && this.#isSound(one)) // biome-ignore format: one line
    return isNamed ? false : undefined
  }

  #sound(node: NodeId): Compiled | undefined {
    const known = this.#byNode.get(foldId(node))
    return known && this.#isSound(known) ? known : undefined
  }

  /** What was signed by a key that was lost by then is as if nobody had said it. */
  #isSound({ kids, issuedS }: EntitlementStatement): boolean {
    return kids.some((kid) => this.#counted(kid, issuedS))
  }
}

function counts({ entitlement: { notBefore, notAfter } }: Compiled, atS: number): boolean {
  return notBefore <= atS && atS <= notAfter
}
