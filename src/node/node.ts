import { type ErrorCode, OverlayError } from '../errors.ts'
import { actionRow } from '../messages/actions.ts'
import type { Protocol } from '../messages/protocols.ts'
import { type Clock, delay, every, systemClock, type Timer } from '../primitives/clock.ts'
import { assertNodeId, foldId, isSameId, type MessageId, type NodeId } from '../primitives/ids.ts'
import { createUuidV7, systemRandomness } from '../primitives/randomness.ts'
import type { Filters } from '../routing/filters/filters.ts'
import { RoutingTable } from '../routing/table.ts'
import type { Link, LinkSource, SourceEvent } from '../transport/link.ts'
import type { Frame, Route } from '../wire/frame.ts'
import { encodePayload, parsePayload } from '../wire/payload.ts'
import { expireRequests } from './answers.ts'
import { type Answered, ask, askSigned, type Question, remoteError, requestFrame, sendSigned } from './asking.ts' // biome-ignore format: one line
import { ByteBudget } from './byte-budget.ts'
import type { ClockComparison } from './clock-comparisons.ts'
import { type Joined, type Joining, join } from './commissioning.ts'
import { type Core, MAX_RETRY_BYTES, MAX_WAITING_BYTES, type NodeEvent, silentLogger } from './core.ts' // biome-ignore format: one line
import { FrameLog } from './frame-log.ts'
import { type ActionRequest, type ActionResponse, type MessagesOf, tableOf } from './handlers.ts'
import { VETO_HANDLERS } from './held-commands.ts'
import { KeptAnswers } from './kept-answer.ts'
import { isManaged, type ManagedTrust, Management } from './management.ts'
import type { ManagementAction, ManagementMessages } from './management-messages.ts'
import type { LinkCounters, Neighbour } from './neighbour.ts'
import { Neighbourhood } from './neighbourhood.ts'
import type { CallOptions, NodeOptions } from './node-options.ts'
import { recordHandlers } from './own-record.ts'
import { originOf } from './peer-facts.ts'
import { Quarantine } from './quarantine.ts'
import { originate } from './requests.ts'
import { refuseResult } from './result-errors.ts'
import { type GateSite, SecurityGate } from './security-gate.ts'
import { nodesWithKeys, type PushSite, reachOf, TELLING, TrustPush } from './trust-push.ts'
import type { UplinkRule } from './uplink-rules.ts'
import { Upstreams } from './upstreams.ts'
import { ValidatorCache } from './validators.ts'

export type { NodeOptions } from './node-options.ts'

const DRAIN_LOOK_MS = 20
const SWEEP_MS = 1_000
const ROUTES_EXPIRE_EVERY_MS = 600_000

/** One participant of the overlay: links, routing and request matching. */
export class Node {
  readonly #core: Core
  readonly #options: NodeOptions
  readonly #listeners = new Set<(event: NodeEvent) => void>()
  #sweep: Timer | undefined
  #routesExpireAt = 0
  readonly #neighbourhood: Neighbourhood
  /** Undefined where what this node believes and obeys cannot be changed by messages. */
  readonly #management: Management | undefined
  readonly #push: TrustPush | undefined

  constructor(options: NodeOptions) {
    const { clock = systemClock, log = silentLogger, services = [], operator } = options
    const qualified = operator === undefined ? [] : services.map((name) => `${operator}/${name}`)
    const validators = new ValidatorCache(options.peers ?? new Map())
    this.#options = options
    const trust = options.security?.trust
    this.#management = isManaged(trust) ? this.#createManagement(trust, clock) : undefined
    this.#push = isManaged(trust) ? new TrustPush(this.#pushSite(trust, clock)) : undefined
    const veto = options.security?.twoRoles ? VETO_HANDLERS : []
    const ours = new Map([
      ...(this.#management?.handlers() ?? []),
      ...recordHandlers(options, () => this.services),
      ...veto,
    ])
    const handlers = tableOf(options.handlers ?? {}, ours)
    const newId = createUuidV7(() => clock.now(), options.random ?? systemRandomness)
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
      budgets: { waiting: new ByteBudget(MAX_WAITING_BYTES), retries: new ByteBudget(MAX_RETRY_BYTES) }, // biome-ignore format: one line
      keptAnswers: new KeptAnswers(clock),
      quarantine: new Quarantine(),
      filters: options.filters,
      onArrival: options.onArrival,
      onPasswordChange: options.onPasswordChange,
      neighbourById: new Map(),
      handlers,
      binaryHandlers: options.binaryHandlers ?? new Map(),
      frameLog: new FrameLog(),
      linkCounters: new Map(),
      refusals: new Map(),
      newMessageId: newId as () => MessageId,
      arrivalBytes: 0,
      arrivalAction: undefined,
      gate: options.security && new SecurityGate(options.security, this.#gateSite(clock)),
      commissioner: options.commissioner,
      closings: 0,
      validatorOf: (source) => validators.of(source),
      hasKey: (id) => trust?.directory.records().some(({ owner }) => isSameId(owner, id)) === true,
      mustProve: (id) => this.#neighbourhood.isDialled(id) || options.mustProve?.(id) === true,
      emit: (event) => this.#emit(event),
    }
    this.#neighbourhood = new Neighbourhood(this.#core, options)
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

  /** How the clocks of others stand to the one here, the furthest off first. */
  get clocks(): readonly ClockComparison[] {
    return this.#core.gate?.clocks.list(this.#core.clock.now()) ?? []
  }

  /** Frames that forward rules keep back: whoever runs this node lets them go, or not. */
  get quarantine(): Quarantine {
    return this.#core.quarantine
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
    this.#core.gate?.start()
    this.#management?.start()
    this.#sweep = every(this.#core.clock, SWEEP_MS, () => this.#onSweep())
    for (const [priority, source] of this.#options.links.entries()) {
      await source.start(
        (link) => this.#neighbourhood.onLink(link, source, priority),
        (event) => this.#report(event, source),
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
    const { clock, neighbours, upstreams } = this.#core
    for (const source of this.#options.links) source.drain?.()
    const end = clock.now() + timeoutMs
    const isBusy = () => upstreams?.isHolding || [...neighbours].some((one) => one.isBusy)
    while (isBusy() && clock.now() < end) await delay(clock, DRAIN_LOOK_MS)
    // They went nowhere, and whoever asked is told so as long as its link is open.
    upstreams?.giveUpHeld()
  }

  /** Closes everything; no socket or timer is left. Open calls fail with ERR_STOPPED. */
  async stop(): Promise<void> {
    this.#sweep?.cancel()
    this.#management?.stop()
    this.#push?.stop()
    this.#core.quarantine.clear()
    for (const neighbour of [...this.#core.neighbours]) {
      for (const request of neighbour.pending.drain()) {
        if ('reject' in request.asker) request.asker.reject(new OverlayError('ERR_STOPPED'))
      }
      neighbour.link.close(1001, 'going away')
    }
    await this.#core.upstreams?.stop()
    await Promise.all(this.#options.links.map((source) => source.stop()))
    this.#core.gate?.stop()
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
    const question = { action, payload, encoding: 'text', protocol } as const
    const { frame, from, response: admitted, question: asked } = await this.#ask(ids(destination), question, timeoutMs) // biome-ignore format: one line
    try {
      const response = admitted ?? parsePayload(frame.payload)
      const source = frame.route?.networkPath[0] ?? from.id
      this.#core.validatorOf(source).assertValid(protocol, action, 'response', response)
      return response as ActionResponse<P, A>
    } catch (error) {
      if (error instanceof OverlayError) refuseResult(this.#core, from, frame, error, asked)
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
    const question = { action, payload, encoding }
    return (await this.#ask(ids(destination), question, timeoutMs)).frame
  }

  async #ask(
    destination: Route['destination'],
    question: Question,
    timeoutMs: number,
  ): Promise<Answered> {
    const { gate } = this.#core
    if (gate) return askSigned(this.#core, gate, destination, question, timeoutMs)
    const answered = await ask(this.#core, destination, question, timeoutMs)
    if (answered.frame.type === 3) return answered
    throw remoteError(answered.frame)
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
    const { gate, log } = this.#core
    if (gate) {
      void sendSigned(this.#core, gate, ids(destination), { action, payload, encoding }).catch(
        (error: unknown) => log.error('send.failed', { action, error: String(error) }),
      )
      return
    }
    originate(this.#core, requestFrame(this.#core, 6, { action, payload, encoding }), ids(destination), undefined, 0) // biome-ignore format: one line
  }

  /**
   * Shows a code to whoever commissions new nodes; from then on its key is believed here.
   *
   * @throws {RemoteError} it was refused.
   * @throws {OverlayError} ERR_COMMISSIONING, ERR_ROUTE_UNKNOWN, ERR_CALL_TIMEOUT
   */
  join(joining: Omit<Joining, 'random'>): Promise<Joined> {
    return join(this.#core, { ...joining, random: this.#options.random ?? systemRandomness })
  }

  /** Whether it signs, and what it believes and obeys can be changed while it runs. */
  get canManage(): boolean {
    return this.#management !== undefined
  }

  /**
   * Changes or tells what this node believes and obeys, for its own operator: whoever calls this has
   * proved elsewhere who it is. Others do the same by messages.
   *
   * @throws {OverlayError} ERR_SCHEMA_*: the request is not valid, or nothing can be changed here.
   */
  manage<A extends ManagementAction>(
    action: A,
    request: ManagementMessages[A]['request'],
  ): ManagementMessages[A]['response'] {
    if (!this.#management) throw new OverlayError('ERR_SCHEMA_UNSUPPORTED', { action })
    this.#core.validatorOf(this.id).assertValid('ocpp2.1', action, 'request', request)
    return this.#management.handle(action, request)
  }

  /**
   * Tells every node whose keys are known here which keys count and which were revoked, as far as
   * this node did not hear that from another one; from now on also who becomes reachable. To be
   * called again after each change.
   *
   * @returns When everybody was tried once: who does not know all of it yet, and is tried again.
   */
  async pushTrust(newcomer?: NodeId): Promise<readonly NodeId[]> {
    return (await this.#push?.push(newcomer)) ?? []
  }

  #createManagement(trust: ManagedTrust, clock: Clock): Management {
    return new Management({
      nodeId: this.#options.nodeId as NodeId,
      clock,
      trust,
      recent: () => this.#core.gate?.recent.all() ?? [],
      emit: (event) => this.#emit(event),
    })
  }

  #pushSite(trust: ManagedTrust, clock: Clock): PushSite {
    return {
      clock,
      statements: () => trust.ownStatements(),
      targets: () => nodesWithKeys(trust.directory, clock.now() / 1_000).filter((id) => foldId(id) !== foldId(this.id)), // biome-ignore format: one line
      reachOf: (id) => reachOf(this.#core, id),
      tell: (to, { kind, payload }) => this.call(to, 'ocpp2.1', TELLING[kind], { [kind]: payload } as never), // biome-ignore format: one line
      emit: (event) => this.#emit(event),
    }
  }

  #gateSite(clock: Clock): GateSite {
    const random = this.#options.random ?? systemRandomness
    const core = () => this.#core
    return {
      nodeId: this.#options.nodeId as NodeId,
      clock,
      random,
      obeyed: this.#options.obeyed,
      newId: () => core().newMessageId(),
      isOwnName: (id) => [core().id, ...core().services].some((own) => foldId(own) === foldId(id)),
      originOf: (id) => originOf(core(), id),
      judged: (verdict, sequence) => {
        const { frameLog } = core()
        if (sequence === undefined) frameLog.arrivalVerdict = verdict
        else frameLog.judged(sequence, verdict)
      },
      emit: (event) => this.#emit(event),
    }
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
        this.#neighbourhood.onRepresentation(link, rule, represents),
      emit: (event: NodeEvent) => this.#emit(event),
      clock: this.#options.clock ?? systemClock,
      stationLink: (station: NodeId) => this.#core.neighbourById.get(foldId(station)),
    }
    return new Upstreams(host, rules, perStation)
  }

  #report(event: SourceEvent, source: LinkSource): void {
    if (event.name === 'refused') return this.#emit({ ...event, name: 'link.refused' })
    const link = this.#neighbourhood.labelOf(source)
    this.#emit({ ...event, name: 'link.retry', ...(link !== undefined && { link }) })
  }

  #onSweep(): void {
    const now = this.#core.clock.now()
    this.#management?.sweep()
    this.#push?.sweep()
    for (const neighbour of this.#core.neighbours) expireRequests(this.#core, neighbour, now)
    if (now < this.#routesExpireAt) return
    this.#routesExpireAt = now + ROUTES_EXPIRE_EVERY_MS
    this.#core.table.expire(now)
  }

  #emit(event: NodeEvent): void {
    // Stations behind other nodes are shown to upstreams too.
    if (event.name === 'presence') {
      if (event.state === 'up') this.#neighbourhood.showUpstream(event.id as NodeId, event.protocol)
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
