import { OverlayError } from '../errors.ts'
import type { Protocol } from '../messages/protocols.ts'
import {
  assertNodeId,
  foldId,
  isReservedId,
  isSameId,
  MAX_TOLERATED_MESSAGE_ID_BYTES,
  type NodeId,
} from '../primitives/ids.ts'
import type { Presence } from '../routing/topology.ts'
import { LEGACY_PROTOCOL } from '../security/legacy-message.ts'
import { type Closer, type Link, type LinkSource, securityProfileOf } from '../transport/link.ts'
import { DEFAULT_LIMITS, type WireLimits } from '../wire/frame.ts'
import { failRequest } from './answers.ts'
import type { LinkCarrier } from './carrying.ts'
import type { Core } from './core.ts'
import { createLinkCounters, type FrameToken, type LinkCounters, Neighbour } from './neighbour.ts'
import type { NodeOptions } from './node-options.ts'
import { receive } from './pipeline.ts'
import { announce, isStandardStation, knownPresences, movedTo, presenceOf } from './presence.ts'
import type { UplinkRule } from './uplink-rules.ts'

const MAX_LABELS = 20_000
const REPLACED = 'replaced by a newer connection'

/** The links of a node from their opening to their end: who may stay, and what comes and goes with them. */
export class Neighbourhood {
  readonly #core: Core
  readonly #options: NodeOptions
  /** Folded ids of the peers that this node dials. */
  readonly #dialled = new Set<string>()
  readonly #dialledLinks = new WeakSet<Link>()
  /** What an uplink without `peerId` is called by its own word, the newest of each source. */
  readonly #said = new Map<LinkSource, string>()
  /** Label of the newest link of a source. */
  readonly #labels = new WeakMap<LinkSource, string>()

  constructor(core: Core, options: NodeOptions) {
    this.#core = core
    this.#options = options
    for (const { peerId } of options.links) if (peerId) this.#dialled.add(foldId(peerId))
  }

  isDialled(id: NodeId): boolean {
    return this.#dialled.has(foldId(id))
  }

  /** Which neighbour a source dials, as far as that is known. */
  labelOf(source: LinkSource): string | undefined {
    return this.#labels.get(source) ?? source.peerId
  }

  #neighbourOf(
    link: Link,
    carrier: LinkCarrier,
    rule?: UplinkRule,
    represents?: NodeId,
  ): Neighbour {
    // biome-ignore format: one line
    const label = represents === undefined ? link.peerIds[0] : `${represents}@${rule?.name}`
    const limits = this.#limitsFor(link)
    const counters = this.#countersFor(label)
    const now = this.#core.clock.now()
    const host = {
      nodeId: this.#core.id,
      clock: this.#core.clock,
      budgets: this.#core.budgets,
      expired: ({ token }: { token: FrameToken }) => this.#onExpired(neighbour, token),
      dropped: () => {},
      overflown: () => {
        const why = 'too much is waiting'
        // At once: nobody may believe that what is sent from now on goes anywhere.
        this.#onClosed(neighbour, 1013, why, 'here')
        link.close(1013, why)
      },
    }
    const neighbour = new Neighbour(link, { label, limits, counters, now, rule, represents, carrier: carrierOn(link, carrier) }, host) // biome-ignore format: one line
    return neighbour
  }

  /** A connection in a station's name: nobody is reached over it but by that station's rule. */
  onRepresentation(link: Link, rule: UplinkRule, represents: NodeId): Neighbour {
    const core = this.#core
    const neighbour = this.#neighbourOf(link, rule.carrier ?? 'strip', rule, represents)
    core.neighbours.add(neighbour)
    this.#linkIsUp(neighbour)
    this.#attach(neighbour)
    return neighbour
  }

  /** @param priority Of its source among all: the first uplink is the preferred default route. */
  onLink(link: Link, source: LinkSource, priority: number): void {
    const core = this.#core
    const rule = this.#options.uplinkRules?.get(source)
    const now = core.clock.now()
    const { carriers } = this.#options
    const carrier = carriers?.bySource.get(source) ?? carriers?.byPeer.get(foldId(link.peerIds[0])) ?? 'strip' // biome-ignore format: one line
    const neighbour = this.#neighbourOf(link, carrier, rule)
    const older = core.neighbourById.get(foldId(neighbour.id))
    const why = this.#whyNot(link, older, source)
    if (why !== undefined) {
      this.#core.emit({ name: 'link.refused', id: neighbour.id, status: 1008, why })
      return link.close(1008, why)
    }
    core.neighbours.add(neighbour)
    if (neighbour.isOverlay && link.way === 'up') core.uplinks.add(neighbour)
    core.neighbourById.set(foldId(neighbour.id), neighbour)
    // One without a name is called `CSMS`, and would draw what others ask the CSMS for.
    if (!isReservedId(neighbour.id)) this.#addRoute(neighbour, rule, now)
    if (rule) core.upstreams?.sharedUp(neighbour, rule)
    this.#labels.set(source, neighbour.label)
    const isOrdinary = rule === undefined || rule.role === 'primary'
    if (link.way === 'up' && isOrdinary && this.#options.hasDefaultRoute !== false) {
      this.#addDefault(neighbour, priority)
    }
    for (const { destination, via } of this.#options.routes ?? []) {
      if (foldId(via) !== foldId(neighbour.id)) continue
      core.table.add(assertNodeId(destination), neighbour, 'static', 0, now)
    }
    // Both have proved to be the same peer; the older connection is the one that may be dead, and
    // closing it may take long, so it counts as gone from now on.
    if (older) {
      this.#onClosed(older, 1000, REPLACED, 'here')
      older.link.close(1000, REPLACED)
    }
    this.#linkIsUp(neighbour)
    let isShown: Promise<boolean> | undefined
    if (isStandardStation(neighbour)) {
      announce(core, core.uplinks, [presenceOf(neighbour, 'up')])
      isShown = core.upstreams?.stationUp(neighbour.id, link.protocol)
    } else if (core.uplinks.has(neighbour)) {
      announce(core, [neighbour], knownPresences(core))
    }
    // What a station says first waits in its socket until the upstream that answers it is open.
    if (isShown) void isShown.then(() => this.#attach(neighbour))
    else this.#attach(neighbour)
  }

  /** Who is called by its own word only is found by that name as long as nobody else is; a copy is not. */
  #addRoute(neighbour: Neighbour, rule: UplinkRule | undefined, now: number): void {
    const { id, link } = neighbour
    const { table } = this.#core
    if (!link.isSelfNamed) return table.add(id, neighbour, 'direct', 0, now)
    if (rule === undefined || rule.role === 'primary') table.learnPath([id, this.#core.id], neighbour, now) // biome-ignore format: one line
  }

  /** Over a standard link a CSMS hears only this node, so it is no way for anybody else. */
  #addDefault(neighbour: Neighbour, priority: number): void {
    const { table, ownUplinks } = this.#core
    if (neighbour.isOverlay) return table.addDefault(neighbour, priority)
    ownUplinks.push({ neighbour, priority })
    ownUplinks.sort((a, b) => a.priority - b.priority)
  }

  /** A CALL waited too long for its link. */
  #onExpired(neighbour: Neighbour, { messageId, source }: FrameToken): void {
    const request = neighbour.pending.take(messageId, source)
    if (request) failRequest(this.#core, request, new OverlayError('ERR_LINK_TIMEOUT'))
  }

  /** Why a link that was opened cannot stay; undefined when it can. */
  #whyNot(link: Link, older: Neighbour | undefined, source: LinkSource): string | undefined {
    const [id] = link.peerIds
    if (isSameId(id, this.#core.id)) return 'this is the own id of the node'
    const dials = source.peerId !== undefined || link.way === 'up'
    if (dials) this.#dialledLinks.add(link)
    if (link.isSelfNamed) return this.#whyNotSaid(id, older, source)
    // Who dials in must not take the place of whom this node dials, not even while it is away.
    if (dials) this.#dialled.add(foldId(id))
    else if (this.#dialled.has(foldId(id))) return 'this node dials that id itself'
    else if (link.credential === 'none' && this.#isSaid(id)) return 'this node dials that id itself'
    if (!older) return undefined
    // Equal proof replaces: a station whose old link is half open must get in. Less never does,
    // unless the older one took a name that turns out to be dialled.
    const isEqual = dials === this.#dialledLinks.has(older.link)
    if (isEqual && securityProfileOf(link) < securityProfileOf(older.link)) {
      return 'a link with better proof is open'
    }
    return undefined
  }

  /** Whom this node dials without saying who it is may call itself whatever nobody else is called. */
  #whyNotSaid(id: NodeId, older: Neighbour | undefined, source: LinkSource): string | undefined {
    const key = foldId(id)
    const isOwnOlder = older?.link.isSelfNamed === true && this.#said.get(source) === key
    const isOther =
      (older && !isOwnOlder) ||
      [...this.#said].some(([one, said]) => one !== source && said === key)
    const route = this.#core.table.get(id)
    const isRouted = (route && route.link !== older) || this.#options.routes?.some(({ destination }) => foldId(destination) === key) // biome-ignore format: one line
    if (isOther || isRouted || this.#dialled.has(key) || this.#options.peers?.has(key)) {
      return `it calls itself ${id}, which is somebody else here: say with peerId who is at the other end of this uplink`
    }
    this.#said.set(source, key)
    return undefined
  }

  #isSaid(id: NodeId): boolean {
    return [...this.#said.values()].includes(foldId(id))
  }

  #linkIsUp({ link, label }: Neighbour): void {
    this.#core.log.info('link.up', { link: label, form: link.form, protocol: link.protocol })
    this.#core.emit({ name: 'link.up', link: label, facts: link })
  }

  /** Last, because what has already arrived comes at once: nobody hears a station unannounced. */
  #attach(neighbour: Neighbour): void {
    neighbour.link.attach({
      // What still comes over a link that counts as gone must teach no way back over it.
      message: (bytes, isBinary) => {
        if (neighbour.isOpen) receive(this.#core, neighbour, bytes, isBinary)
      },
      pong: (payload) => neighbour.pong(payload),
      drained: () => neighbour.drained(),
      closed: (code, reason, by) => this.#onClosed(neighbour, code, reason, by),
    })
  }

  #onClosed(neighbour: Neighbour, code: number, text: string, by: Closer): void {
    if (!neighbour.isOpen) return
    const core = this.#core
    const reason = `${code} ${text}`.trim()
    neighbour.isOpen = false
    core.closings++
    core.neighbours.delete(neighbour)
    core.uplinks.delete(neighbour)
    const own = core.ownUplinks.findIndex((uplink) => uplink.neighbour === neighbour)
    if (own >= 0) core.ownUplinks.splice(own, 1)
    core.upstreams?.linkDown(neighbour)
    const key = foldId(neighbour.id)
    if (core.neighbourById.get(key) === neighbour) core.neighbourById.delete(key)
    const gone = this.#goneWith(neighbour)
    core.table.removeLink(neighbour)
    const unsent = new Set(
      [...neighbour.waiting.drain(), ...neighbour.closeQueue()].map(({ messageId }) => messageId),
    )
    const lost = new OverlayError('ERR_LINK_CLOSED')
    const neverSent = new OverlayError('ERR_LINK_CLOSED', { executed: 'no' })
    for (const request of neighbour.pending.drain()) {
      failRequest(core, request, unsent.has(request.messageId) ? neverSent : lost, neighbour)
    }
    core.log.info('link.down', { link: neighbour.label, reason, by })
    const { label, sendStatistics: sending } = neighbour
    this.#core.emit({ name: 'link.down', link: label, reason, code, by, sending })
    const moved = gone.flatMap(({ id }) => movedTo(core, id))
    announce(core, core.uplinks, [...gone, ...moved])
    if (!core.upstreams) return
    for (const { id } of gone) core.upstreams.stationDown(id)
    for (const { id, protocol } of moved) this.showUpstream(id, protocol as Protocol)
  }

  /** A station behind another node. */
  showUpstream(id: NodeId, protocol: Protocol): void {
    const { upstreams, table } = this.#core
    void upstreams?.stationUp(id, protocol, table.get(id)?.link)
  }

  /** Standard peers that are not reachable any more without this link. */
  #goneWith(neighbour: Neighbour): Presence[] {
    const { table, neighbourById } = this.#core
    if (neighbour.link.way === 'up') return []
    const isReplaced = neighbourById.has(foldId(neighbour.id))
    if (isStandardStation(neighbour)) return isReplaced ? [] : [presenceOf(neighbour, 'down')]
    const gone: Presence[] = []
    for (const [id, { link, announced }] of table.entries()) {
      if (link !== neighbour || !announced) continue
      gone.push({
        id,
        protocol: announced.protocol,
        state: 'down',
        distance: announced.distance + 1,
      })
    }
    return gone
  }

  #limitsFor(link: Link): WireLimits {
    const rule = this.#options.peers?.get(foldId(link.peerIds[0]))
    return rule?.tolerantMessageIds && link.form === 'standard' ? TOLERANT_LIMITS : DEFAULT_LIMITS
  }

  #countersFor(label: string): LinkCounters {
    const { linkCounters } = this.#core
    let counters = linkCounters.get(label)
    if (!counters) {
      // With `insecure` anybody can come up with new names; the oldest are forgotten first.
      if (linkCounters.size >= MAX_LABELS)
        linkCounters.delete(linkCounters.keys().next().value ?? '')
      counters = createLinkCounters()
      linkCounters.set(label, counters)
    }
    return counters
  }
}

/**
 * Nodes bear signatures as it is, unless they know only the legacy form; OCPP 1.6 has no `customData`,
 * and its peers refuse what they do not know; and the legacy form is of OCPP 2.1.
 */
function carrierOn({ form, protocol }: Link, carrier: LinkCarrier): LinkCarrier {
  if (form === 'overlay') return carrier === 'wwcp' ? carrier : 'strip'
  const isRoomless = protocol === 'ocpp1.6' && carrier === 'customData'
  const isUnnamed = protocol !== LEGACY_PROTOCOL && carrier === 'wwcp'
  return isRoomless || isUnnamed ? 'strip' : carrier
}

const TOLERANT_LIMITS: WireLimits = {
  ...DEFAULT_LIMITS,
  maxMessageIdBytes: MAX_TOLERATED_MESSAGE_ID_BYTES,
}
