import { type ErrorCode, OverlayError, RemoteError } from '../errors.ts'
import { actionRow } from '../messages/actions.ts'
import type { Protocol } from '../messages/protocols.ts'
import { delay, every, systemClock, type Timer } from '../primitives/clock.ts'
import {
  assertNodeId,
  foldId,
  isReservedId,
  isSameId,
  MAX_TOLERATED_MESSAGE_ID_BYTES,
  type MessageId,
  type NodeId,
} from '../primitives/ids.ts'
import { createUuidV7, systemRandomness } from '../primitives/randomness.ts'
import type { Filters } from '../routing/filters/filters.ts'
import { RoutingTable } from '../routing/table.ts'
import type { Presence } from '../routing/topology.ts'
import { type Link, type LinkSource, securityProfileOf } from '../transport/link.ts'
import { DEFAULT_LIMITS, type Frame, type Route, type WireLimits } from '../wire/frame.ts'
import { encodePayload, parsePayload } from '../wire/payload.ts'
import { expireRequests, failRequest, refuseResult } from './answers.ts'
import { type Core, type NodeEvent, silentLogger } from './core.ts'
import { FrameLog } from './frame-log.ts'
import { type ActionRequest, type ActionResponse, type MessagesOf, tableOf } from './handlers.ts'
import { createLinkCounters, type FrameToken, type LinkCounters, Neighbour } from './neighbour.ts'
import type { CallOptions, NodeOptions } from './node-options.ts'
import { receive } from './pipeline.ts'
import { announce, isStandardStation, knownPresences, movedTo, presenceOf } from './presence.ts'
import { originate } from './requests.ts'
import type { UplinkRule } from './uplink-rules.ts'
import { Upstreams } from './upstreams.ts'
import { ValidatorCache } from './validators.ts'

export type { NodeOptions } from './node-options.ts'

const DRAIN_LOOK_MS = 20
const SWEEP_MS = 1_000
const ROUTES_EXPIRE_EVERY_MS = 600_000
const MAX_LABELS = 20_000

/** One participant of the overlay: links, routing and request matching. */
export class Node {
  readonly #core: Core
  readonly #options: NodeOptions
  readonly #listeners = new Set<(event: NodeEvent) => void>()
  #sweep: Timer | undefined
  #routesExpireAt = 0
  /** Folded ids of the peers that this node dials. */
  readonly #dialled = new Set<string>()
  readonly #dialledLinks = new WeakSet<Link>()

  constructor(options: NodeOptions) {
    const { clock = systemClock, log = silentLogger, services = [], operator } = options
    const qualified = operator === undefined ? [] : services.map((name) => `${operator}/${name}`)
    const validators = new ValidatorCache(options.peers ?? new Map())
    const handlers = tableOf(options.handlers ?? {})
    const newId = createUuidV7(() => clock.now(), options.random ?? systemRandomness)
    this.#options = options
    for (const { peerId } of options.links) if (peerId) this.#dialled.add(foldId(peerId))
    this.#core = {
      id: assertNodeId(options.nodeId),
      services: [...services, ...qualified].map(assertNodeId),
      operator,
      clock,
      log,
      table: new RoutingTable(),
      neighbours: new Set(),
      uplinks: new Set(),
      ownUplinks: [],
      upstreams: this.#createUpstreams(),
      filters: options.filters,
      onPasswordChange: options.onPasswordChange,
      neighbourById: new Map(),
      handlers,
      frameLog: new FrameLog(),
      linkCounters: new Map(),
      refusals: new Map(),
      newMessageId: newId as () => MessageId,
      closings: 0,
      validatorOf: (source) => validators.of(source),
      mustProve: (id) => this.#dialled.has(foldId(id)) || options.mustProve?.(id) === true,
      emit: (event) => this.#emit(event),
    }
  }

  get id(): NodeId {
    return this.#core.id
  }

  get services(): readonly NodeId[] {
    return this.#core.services
  }

  get frameLog(): FrameLog {
    return this.#core.frameLog
  }

  /** Frames by peer and kind since the start. */
  get linkCounters(): ReadonlyMap<string, LinkCounters> {
    return this.#core.linkCounters
  }

  /** Refused and dropped frames by error code since the start. */
  get refusals(): ReadonlyMap<ErrorCode, number> {
    return this.#core.refusals
  }

  get neighbours(): ReadonlySet<Neighbour> {
    return this.#core.neighbours
  }

  get filters(): Filters | undefined {
    return this.#core.filters
  }

  get table(): RoutingTable<Neighbour> {
    return this.#core.table
  }

  /** Observes; what a listener does cannot change what the node does. */
  onEvent(listener: (event: NodeEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async start(): Promise<void> {
    this.#sweep = every(this.#core.clock, SWEEP_MS, () => this.#onSweep())
    for (const [priority, source] of this.#options.links.entries()) {
      await source.start(
        (link) => this.#onLink(link, source, priority),
        (event) => this.#emit({ ...event, name: `link.${event.name}` } as NodeEvent),
      )
    }
  }

  /**
   * Lets nobody new in and waits until what is under way has been answered, so that a restart costs
   * nobody an answer.
   *
   * @param timeoutMs Whoever has not answered by then is not waited for.
   */
  async drain(timeoutMs: number): Promise<void> {
    const { clock, neighbours } = this.#core
    for (const source of this.#options.links) source.drain?.()
    const end = clock.now() + timeoutMs
    const isBusy = () => [...neighbours].some(({ pending, held }) => pending.size > 0 || held)
    while (isBusy() && clock.now() < end) await delay(clock, DRAIN_LOOK_MS)
  }

  /** Closes everything; no socket or timer is left. Open calls fail with ERR_STOPPED. */
  async stop(): Promise<void> {
    this.#sweep?.cancel()
    for (const neighbour of [...this.#core.neighbours]) {
      for (const request of neighbour.pending.drain()) {
        if ('reject' in request.asker) request.asker.reject(new OverlayError('ERR_STOPPED'))
      }
      neighbour.link.close(1001, 'going away')
    }
    await this.#core.upstreams?.stop()
    await Promise.all(this.#options.links.map((source) => source.stop()))
  }

  /**
   * Calls an action of another node or service and waits for its answer.
   *
   * @param destination A node, a service, or a source route.
   * @throws {RemoteError} the peer answered with CALLERROR.
   * @throws {OverlayError} ERR_ROUTE_UNKNOWN, ERR_LINK_TIMEOUT, ERR_LINK_CLOSED, ERR_SCHEMA_*: the
   *   answer was not valid; its sender was told by CALLRESULTERROR where it can be.
   */
  async call<P extends Protocol, A extends keyof MessagesOf[P] & string>(
    destination: string | readonly string[],
    protocol: P,
    action: A,
    request: ActionRequest<P, A>,
    options: CallOptions = {},
  ): Promise<ActionResponse<P, A>> {
    const timeoutMs = options.timeoutMs ?? actionRow(protocol, action)?.timeoutMs ?? 30_000
    const payload = encodePayload(request)
    const { frame, from } = await this.#ask(ids(destination), action, payload, 'text', timeoutMs)
    try {
      const response = parsePayload(frame.payload)
      const source = frame.route?.networkPath[0] ?? from.id
      this.#core.validatorOf(source).assertValid(protocol, action, 'response', response)
      return response as ActionResponse<P, A>
    } catch (error) {
      if (error instanceof OverlayError) refuseResult(this.#core, from, frame, error)
      throw error
    }
  }

  /** As `call`, with the payload as bytes and without judging the answer's content. */
  async callRaw(
    destination: string | readonly string[],
    action: string,
    payload: Uint8Array,
    options: { timeoutMs?: number; encoding?: 'text' | 'binary' } = {},
  ): Promise<Frame> {
    const { timeoutMs = 30_000, encoding = 'text' } = options
    return (await this.#ask(ids(destination), action, payload, encoding, timeoutMs)).frame
  }

  #ask(
    destination: Route['destination'],
    action: string,
    payload: Uint8Array,
    encoding: 'text' | 'binary',
    timeoutMs: number,
  ): Promise<{ frame: Frame; from: Neighbour }> {
    return new Promise((resolve, reject) => {
      const request = this.#request(2, action, payload, encoding)
      const settle = (frame: Frame, from: Neighbour) => {
        if (frame.type === 3) return resolve({ frame, from })
        const { errorCode, errorDescription } = frame
        reject(new RemoteError(errorCode, errorDescription, detailsOf(frame.payload)))
      }
      originate(this.#core, request, destination, { resolve: settle, reject }, timeoutMs)
    })
  }

  /**
   * Sends an unconfirmed message (SEND): nobody answers it.
   *
   * @throws {OverlayError} ERR_ROUTE_UNKNOWN, ERR_ROUTE_CANNOT_CARRY
   */
  send(
    destination: string | readonly string[],
    action: string,
    payload: Uint8Array,
    encoding: 'text' | 'binary' = 'text',
  ): void {
    const frame = this.#request(6, action, payload, encoding)
    originate(this.#core, frame, ids(destination), undefined, 0)
  }

  #request(type: 2 | 6, action: string, payload: Uint8Array, encoding: 'text' | 'binary'): Frame {
    const messageId = this.#core.newMessageId()
    // biome-ignore format: one frame
    return { type, encoding, route: undefined, messageId, action, payload, errorCode: '', errorDescription: '' }
  }

  #createUpstreams(): Upstreams | undefined {
    const { uplinkRules, perStation = [], ruleOrder } = this.#options
    const rules = ruleOrder ?? [
      ...(uplinkRules?.values() ?? []),
      ...perStation.map((one) => one.rule),
    ]
    if (rules.length === 0) return undefined
    const host = {
      onLink: (link: Link, rule: UplinkRule, represents: NodeId) =>
        this.#onRepresentation(link, rule, represents),
      emit: (event: NodeEvent) => this.#emit(event),
      clock: this.#options.clock ?? systemClock,
      stationLink: (station: NodeId) => this.#core.neighbourById.get(foldId(station)),
    }
    return new Upstreams(host, rules, perStation)
  }

  #neighbourOf(link: Link, rule?: UplinkRule, represents?: NodeId): Neighbour {
    const label = represents === undefined ? link.peerIds[0] : `${represents}@${rule?.name}`
    const limits = this.#limitsFor(link)
    const counters = this.#countersFor(label)
    const now = this.#core.clock.now()
    const host = {
      nodeId: this.#core.id,
      clock: this.#core.clock,
      expired: ({ token }: { token: FrameToken }) => this.#onExpired(neighbour, token),
      dropped: () => {},
    }
    const neighbour = new Neighbour(link, { label, limits, counters, now, rule, represents }, host)
    return neighbour
  }

  /** A connection in a station's name: nobody is reached over it but by that station's rule. */
  #onRepresentation(link: Link, rule: UplinkRule, represents: NodeId): Neighbour {
    const core = this.#core
    const neighbour = this.#neighbourOf(link, rule, represents)
    core.neighbours.add(neighbour)
    this.#linkIsUp(neighbour)
    this.#attach(neighbour)
    return neighbour
  }

  /** @param priority Of its source among all: the first uplink is the preferred default route. */
  #onLink(link: Link, source: LinkSource, priority: number): void {
    const core = this.#core
    const rule = this.#options.uplinkRules?.get(source)
    const now = core.clock.now()
    const neighbour = this.#neighbourOf(link, rule)
    const older = core.neighbourById.get(foldId(neighbour.id))
    const why = this.#whyNot(link, older, source)
    if (why !== undefined) {
      this.#emit({ name: 'link.refused', id: neighbour.id, status: 1008, why })
      return link.close(1008, why)
    }
    core.neighbours.add(neighbour)
    if (neighbour.isOverlay && link.way === 'up') core.uplinks.add(neighbour)
    core.neighbourById.set(foldId(neighbour.id), neighbour)
    // One without a name is called `CSMS`, and would draw what others ask the CSMS for.
    if (!isReservedId(neighbour.id)) core.table.add(neighbour.id, neighbour, 'direct', 0, now)
    if (rule) core.upstreams?.sharedUp(neighbour, rule)
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
      this.#onClosed(older, 'replaced by a newer connection')
      older.link.close(1000, 'replaced by a newer connection')
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
    // Who dials in must not take the place of whom this node dials, not even while it is away.
    const dials = source.peerId !== undefined || link.way === 'up'
    if (dials) {
      this.#dialled.add(foldId(id))
      this.#dialledLinks.add(link)
    } else if (this.#dialled.has(foldId(id))) {
      return 'this node dials that id itself'
    }
    if (!older) return undefined
    // Equal proof replaces: a station whose old link is half open must get in. Less never does,
    // unless the older one took a name that turns out to be dialled.
    const isEqual = dials === this.#dialledLinks.has(older.link)
    if (isEqual && securityProfileOf(link) < securityProfileOf(older.link)) {
      return 'a link with better proof is open'
    }
    return undefined
  }

  #linkIsUp({ link, label }: Neighbour): void {
    this.#core.log.info('link.up', { link: label, form: link.form, protocol: link.protocol })
    this.#emit({ name: 'link.up', link: label, facts: link })
  }

  /** Last, because what has already arrived comes at once: nobody hears a station unannounced. */
  #attach(neighbour: Neighbour): void {
    neighbour.link.attach({
      message: (bytes, isBinary) => receive(this.#core, neighbour, bytes, isBinary),
      pong: (payload) => neighbour.pong(payload),
      drained: () => neighbour.drained(),
      closed: (code, reason) => this.#onClosed(neighbour, `${code} ${reason}`.trim()),
    })
  }

  #onClosed(neighbour: Neighbour, reason: string): void {
    if (!neighbour.isOpen) return
    const core = this.#core
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
      [...neighbour.waiting, ...neighbour.closeQueue()].map(({ messageId }) => messageId),
    )
    const lost = new OverlayError('ERR_LINK_CLOSED')
    const neverSent = new OverlayError('ERR_LINK_CLOSED', { executed: 'no' })
    for (const request of neighbour.pending.drain()) {
      failRequest(core, request, unsent.has(request.messageId) ? neverSent : lost)
    }
    core.log.info('link.down', { link: neighbour.label, reason })
    const { label, sendStatistics: sending } = neighbour
    this.#emit({ name: 'link.down', link: label, reason, sending })
    const moved = gone.flatMap(({ id }) => movedTo(core, id))
    announce(core, core.uplinks, [...gone, ...moved])
    if (!core.upstreams) return
    for (const { id } of gone) core.upstreams.stationDown(id)
    for (const { id, protocol } of moved) this.#showUpstream(id, protocol as Protocol)
  }

  /** A station behind another node. */
  #showUpstream(id: NodeId, protocol: Protocol): void {
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

  #onSweep(): void {
    const now = this.#core.clock.now()
    for (const neighbour of this.#core.neighbours) expireRequests(this.#core, neighbour, now)
    if (now < this.#routesExpireAt) return
    this.#routesExpireAt = now + ROUTES_EXPIRE_EVERY_MS
    this.#core.table.expire(now)
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

  #emit(event: NodeEvent): void {
    // Stations behind other nodes are shown to upstreams too.
    if (event.name === 'presence') {
      if (event.state === 'up') this.#showUpstream(event.id as NodeId, event.protocol)
      else this.#core.upstreams?.stationDown(event.id as NodeId)
    }
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch (error) {
        this.#core.log.error('listener.failed', { event: event.name, error: String(error) })
      }
    }
  }
}

const TOLERANT_LIMITS: WireLimits = {
  ...DEFAULT_LIMITS,
  maxMessageIdBytes: MAX_TOLERATED_MESSAGE_ID_BYTES,
}

/** Creates a node; nothing happens before `start()`. */
export function createNode(options: NodeOptions): Node {
  return new Node(options)
}

function ids(destination: string | readonly string[]): readonly [NodeId, ...NodeId[]] {
  const list = typeof destination === 'string' ? [destination] : destination
  const [first, ...rest] = list.map(assertNodeId)
  if (!first) throw new TypeError('a destination needs at least one id')
  return [first, ...rest]
}

function detailsOf(payload: Uint8Array): unknown {
  try {
    return parsePayload(payload)
  } catch {
    return undefined // the error itself matters more than what it says about itself
  }
}
