import { OverlayError } from '../errors.ts'
import type { Protocol } from '../messages/protocols.ts'
import type { Clock } from '../primitives/clock.ts'
import { foldId, type NodeId } from '../primitives/ids.ts'
import type { Link, LinkSource, SourceEvent } from '../transport/link.ts'
import type { NodeEvent } from './core.ts'
import { networkChangeIn } from './credential-changes.ts'
import type { Neighbour } from './neighbour.ts'
import { RestingUpstreams } from './resting-upstreams.ts'
import { unwrapped } from './unwrapped.ts'
import { copyRules, isFor, mayCommand, mayHear, type PerStationUplink, primaryRule, type UplinkRule } from './uplink-rules.ts' // biome-ignore format: one line

/** What upstreams need of the node they belong to. */
export interface UpstreamHost {
  /** Takes over a connection that was opened in a station's name. */
  onLink(link: Link, rule: UplinkRule, represents: NodeId): Neighbour
  emit(event: NodeEvent): void
  readonly clock: Clock
  /** The open link to a station that is connected here itself. */
  stationLink(station: NodeId): Neighbour | undefined
}

const MIRROR_WAIT_MS = 2_000
/** Requests of a station behind another node that wait for its connections, and their bytes. */
const MAX_HELD = 16
const MAX_HELD_BYTES = 64 * 1024
/** By then a connection is open, or was refused. */
const HELD_RETRY_MS = 10_000
/** The same for all stations that one link has announced. */
const MAX_HELD_BYTES_PER_LINK = 4 * 1024 * 1024
/** Who announces stations must not make this node open any number of connections. */
const MAX_REPRESENTED_PER_LINK = 2_000
/** The same for one that has proved nothing. */
const MAX_REPRESENTED_UNPROVED = 50

/** A request that waits. */
interface Held {
  readonly bytes: number
  /** @param isOver The station has left meanwhile, or has come back in another version, or the node stops. */
  readonly run: (isOver: boolean) => void
}

/** A station as it is shown to upstreams that want one connection each. */
interface Representation {
  readonly station: NodeId
  readonly protocol: Protocol
  /** The link that has announced it; undefined when it is connected here itself. */
  readonly via: Neighbour | undefined
  readonly sources: LinkSource[]
  readonly links: Map<UplinkRule, Neighbour>
  /** Since when they are open. */
  readonly openedAt: Map<UplinkRule, number>
  /** Why a connection is not open; for the log, and nobody else. */
  readonly problems: Map<UplinkRule, string>
  /** Whether the primary's connection is open, as soon as that is known. */
  ready: Promise<boolean>
  isOver: boolean
  /** From then on only a mirror is waited for. */
  isPrimaryOpen: boolean
  /** What waits until `ready` is settled; undefined from then on. */
  held: Held[] | undefined
  /** Resolves when it is. */
  readonly over: PromiseWithResolvers<void>
}

/** How many stations are shown that a link has announced, and what waits of them. */
interface Behind {
  stations: number
  heldBytes: number
}

/**
 * The uplinks of a node whose roles differ, and the connections it opens in the names of stations.
 * A node whose uplinks are all alike has none of this.
 *
 * @spec docs/overlay.md section 8; OCPP 2.1 Part 4 chapter 6 (local controller)
 */
export class Upstreams {
  readonly #host: UpstreamHost
  readonly #rules: readonly UplinkRule[]
  readonly #perStation: readonly PerStationUplink[]
  readonly #shared = new Map<UplinkRule, Neighbour>()
  readonly #stations = new Map<string, Representation>()
  readonly #resting = new RestingUpstreams()
  /** What a link that announces stations costs. */
  readonly #behind = new WeakMap<Neighbour, Behind>()

  /** @param rules All of them in order of preference, those of `perStation` included. */
  constructor(
    host: UpstreamHost,
    rules: readonly UplinkRule[],
    perStation: readonly PerStationUplink[],
  ) {
    this.#host = host
    this.#rules = rules
    this.#perStation = perStation
  }

  // ---- What a request may do

  /**
   * The uplink that answers a station's request to the CSMS; undefined when no rule says.
   *
   * @throws {OverlayError} ERR_ROUTE_UNKNOWN when that uplink is not open: nobody else may answer.
   */
  primaryFor(station: NodeId, action: string, destination: NodeId): Neighbour | undefined {
    const rule = primaryRule(this.#rules, station, action)
    if (!rule) return undefined
    const neighbour = this.#linkOf(rule, station)
    if (!neighbour) throw this.#notConnected(rule, station, destination)
    return neighbour
  }

  /**
   * Refuses what would go up by another way than a rule names: a default route is none.
   *
   * @throws {OverlayError} ERR_ACCESS_UPLINK
   */
  assertMayHear({ rule }: Neighbour, station: NodeId, action: string): void {
    if (rule && !mayHear(rule, station, action)) {
      throw new OverlayError('ERR_ACCESS_UPLINK', { station, action })
    }
  }

  /**
   * Keeps back what a station behind another node asks until its connections are open, or could not
   * be: the CSMS is to hear its first words, too. A station that is here is not heard before.
   *
   * @returns False when there is nothing to wait for.
   * @throws {OverlayError} ERR_LINK_BUSY when too much waits; what comes later must not overtake it.
   */
  hold(station: NodeId, bytes: number, run: Held['run']): boolean {
    const representation = this.#stations.get(foldId(station))
    const held = representation?.held
    if (!held) return false
    const waiting = held.reduce((sum, one) => sum + one.bytes, 0)
    // A single large one waits, too: by itself it is not too much.
    const isMuch = held.length >= MAX_HELD || (held.length > 0 && waiting + bytes > MAX_HELD_BYTES)
    const behind = representation.via && this.#behind.get(representation.via)
    if (isMuch || (behind && behind.heldBytes + bytes > MAX_HELD_BYTES_PER_LINK)) {
      if (!representation.isPrimaryOpen) {
        throw new OverlayError('ERR_LINK_BUSY', { retryAfterMs: HELD_RETRY_MS })
      }
      // Only for a mirror nothing is refused.
      this.#release(representation)
      return false
    }
    if (behind) behind.heldBytes += bytes
    held.push({ bytes, run })
    return true
  }

  /** The open uplinks that get a copy. */
  copiesFor(station: NodeId, action: string): Neighbour[] {
    return copyRules(this.#rules, station, action).flatMap(
      (rule) => this.#linkOf(rule, station) ?? [],
    )
  }

  /**
   * Refuses what an uplink may not ask a station for.
   *
   * @throws {OverlayError} ERR_ACCESS_DENIED, ERR_ACCESS_NETWORK, ERR_SCHEMA_JSON
   */
  assertMayCommand(from: Neighbour, station: NodeId, said: string, bytes: Uint8Array): void {
    const { rule } = from
    if (!rule) return
    const { action, payload } = unwrapped(said, bytes)
    if (!mayCommand(this.#rules, rule, station, action)) {
      throw new OverlayError('ERR_ACCESS_DENIED', { uplink: rule.name, action, station })
    }
    if (from.represents === undefined || rule.allowsNetworkChanges) return
    const change = networkChangeIn(action, payload)
    if (change !== undefined) throw new OverlayError('ERR_ACCESS_NETWORK', { station, change })
  }

  // ---- Links

  sharedUp(neighbour: Neighbour, rule: UplinkRule): void {
    this.#shared.set(rule, neighbour)
  }

  linkDown(neighbour: Neighbour): void {
    const { rule, represents } = neighbour
    if (!rule) return
    if (represents === undefined) {
      if (this.#shared.get(rule) === neighbour) this.#shared.delete(rule)
      return
    }
    const representation = this.#stations.get(foldId(represents))
    if (representation?.links.get(rule) !== neighbour) return
    representation.links.delete(rule)
    const why = 'its connection was lost'
    const { station } = representation
    this.#host.emit({ name: 'upstream.lost', station, upstream: rule.name, why })
    this.#noteEnd(representation, rule)
    const uplink = this.#perStation.find((one) => one.rule === rule)
    const failures = this.#resting.failures(rule, station)
    const untilMs = this.#host.clock.now() + (uplink?.waitMs?.(failures) ?? 0)
    this.#resting.failed(rule, station, { failures: failures + 1, untilMs, why })
    this.#upstreamLost(representation, rule, why)
  }

  #noteEnd({ openedAt, station }: Representation, rule: UplinkRule): void {
    const since = openedAt.get(rule)
    openedAt.delete(rule)
    if (since !== undefined) this.#resting.ended(rule, station, this.#host.clock.now() - since)
  }

  /**
   * Opens the connections that a station is shown by. They stay when the station itself comes back
   * at once; another version needs new ones.
   *
   * @param via The link that has announced it, where it is not connected here itself.
   * @returns Whether the primary's is open, as soon as that is known; undefined when no upstream
   *   wants connections of its own.
   */
  stationUp(station: NodeId, protocol: Protocol, via?: Neighbour): Promise<boolean> | undefined {
    const wanted = this.#perStation.filter(({ rule }) => isFor(rule, station))
    if (wanted.length === 0) return undefined
    const known = this.#stations.get(foldId(station))
    if (known?.protocol === protocol) return known.ready
    if (known) this.stationDown(station)
    const behind = via && this.#behindOf(via)
    const most = via?.link.credential === 'none' ? MAX_REPRESENTED_UNPROVED : MAX_REPRESENTED_PER_LINK // biome-ignore format: one line
    if (via && behind && behind.stations >= most) {
      const why = `${via.label} has announced too many stations`
      for (const { rule } of wanted) this.#host.emit({ name: 'upstream.lost', station, upstream: rule.name, why }) // biome-ignore format: one line
      return undefined
    }
    if (behind) behind.stations++
    const representation: Representation = { station, protocol, via, sources: [], links: new Map(), openedAt: new Map(), problems: new Map(), ready: Promise.resolve(true), isOver: false, isPrimaryOpen: false, held: [], over: Promise.withResolvers() } // biome-ignore format: one line
    this.#stations.set(foldId(station), representation)
    const attempts = Map.groupBy(wanted, ({ rule }) => rule.role === 'primary')
    const open = (isPrimary: boolean) =>
      (attempts.get(isPrimary) ?? []).map((uplink) => this.#open(representation, uplink))
    representation.ready = this.#ready(representation, open(true), open(false))
    void representation.ready.then(() => this.#release(representation))
    return representation.ready
  }

  /** Whether requests wait for connections that are being opened. */
  get isHolding(): boolean {
    return [...this.#stations.values()].some(({ held }) => held !== undefined && held.length > 0)
  }

  /** What still waits is not sent any more. */
  giveUpHeld(): void {
    for (const representation of this.#stations.values()) this.#release(representation, true)
  }

  #release(representation: Representation, isOver = representation.isOver): void {
    const { held = [], via } = representation
    representation.held = undefined
    for (const { bytes, run } of held) {
      if (via) this.#behindOf(via).heldBytes -= bytes
      run(isOver)
    }
  }

  /** A mirror is waited for, too, so that it sees the boot; but not if it keeps others waiting. */
  async #ready(
    representation: Representation,
    primaries: Promise<boolean>[],
    others: Promise<boolean>[],
  ): Promise<boolean> {
    const isOpen = (await Promise.all(primaries)).every(Boolean)
    representation.isPrimaryOpen = isOpen
    if (!isOpen || others.length === 0) return isOpen
    const { promise: patience, resolve } = Promise.withResolvers<void>()
    const timer = this.#host.clock.setTimer(resolve, MIRROR_WAIT_MS)
    await Promise.race([Promise.all(others), patience])
    timer.cancel()
    return true
  }

  /** The station is gone, so its upstream connections close at once. */
  stationDown(station: NodeId): void {
    const representation = this.#stations.get(foldId(station))
    if (!representation) return
    this.#stations.delete(foldId(station))
    this.#end(representation)
  }

  async stop(): Promise<void> {
    const all = [...this.#stations.values()]
    this.#stations.clear()
    await Promise.all(all.map((representation) => this.#end(representation)))
  }

  /** @returns Whether the first attempt succeeded. */
  #open(representation: Representation, uplink: PerStationUplink): Promise<boolean> {
    const { station, via } = representation
    const { rule } = uplink
    const { clock } = this.#host
    // Behind another node the connection is tried again by itself, whatever the station does.
    const rest = via ? undefined : this.#resting.of(rule, station, clock.now())
    if (!rest) return this.#dial(representation, uplink)
    if (rule.role === 'primary') this.#upstreamLost(representation, rule, rest.why)
    else {
      const timer = clock.setTimer(() => void this.#dial(representation, uplink), rest.untilMs - clock.now()) // biome-ignore format: one line
      void representation.over.promise.then(() => timer.cancel())
    }
    return Promise.resolve(false)
  }

  /** @returns Whether the first attempt succeeded. */
  #dial(representation: Representation, { rule, open }: PerStationUplink): Promise<boolean> {
    const first = Promise.withResolvers<boolean>()
    const { station, protocol } = representation
    let source: LinkSource
    try {
      source = open(station, protocol, this.#resting.failures(rule, station))
    } catch (error) {
      if (!(error instanceof OverlayError)) throw error
      // Its files can be half renewed just now; a station that comes again tries again.
      this.#host.emit({ name: 'upstream.lost', station, upstream: rule.name, why: error.message })
      this.#upstreamLost(representation, rule, 'its settings cannot be used')
      return Promise.resolve(false)
    }
    representation.sources.push(source)
    void representation.over.promise.then(() => first.resolve(false))
    let wasOpen = false
    const onLink = (link: Link) => {
      if (representation.isOver) return link.close(1001, 'the station is gone')
      wasOpen = true
      representation.problems.delete(rule)
      representation.openedAt.set(rule, this.#host.clock.now())
      representation.links.set(rule, this.#host.onLink(link, rule, station))
      first.resolve(true)
    }
    const report = (event: SourceEvent) => {
      if (representation.isOver || event.name !== 'retry') return
      // Of a connection that was open its loss has been told.
      if (!wasOpen) this.#host.emit({ name: 'upstream.lost', station, upstream: rule.name, why: event.why }) // biome-ignore format: one line
      wasOpen = false
      first.resolve(false)
      const { inMs, failures = 1, why } = event
      this.#resting.failed(rule, station, { failures, untilMs: this.#host.clock.now() + inMs, why })
      this.#upstreamLost(representation, rule, event.why)
    }
    void source.start(onLink, report)
    return first.promise
  }

  /** A station at this node is sent away, as the standard wants it; it will come again. */
  #upstreamLost(representation: Representation, rule: UplinkRule, why: string): void {
    if (rule.role !== 'primary' || representation.isOver) return
    const { station, problems } = representation
    problems.set(rule, why)
    const link = this.#host.stationLink(station)
    if (!link) return // behind another node: the connection is tried again
    this.stationDown(station)
    // What to do about it is for whoever runs this node, and stands in its log.
    const [reason] = why.split('; ')
    link.link.close(1013, `upstream: ${reason}`.slice(0, 120))
  }

  #end(representation: Representation): Promise<unknown> {
    representation.isOver = true
    representation.over.resolve()
    const { via } = representation
    if (via) this.#behindOf(via).stations--
    for (const rule of [...representation.openedAt.keys()]) this.#noteEnd(representation, rule)
    for (const { link } of representation.links.values()) link.close(1001, 'the station is gone')
    return Promise.all(representation.sources.map((source) => source.stop()))
  }

  #behindOf(link: Neighbour): Behind {
    const known = this.#behind.get(link) ?? { stations: 0, heldBytes: 0 }
    this.#behind.set(link, known)
    return known
  }

  #notConnected(rule: UplinkRule, station: NodeId, destination: NodeId): OverlayError {
    const why = this.#stations.get(foldId(station))?.problems.get(rule) ?? 'it is not connected'
    return new OverlayError('ERR_ROUTE_UNKNOWN', { destination, upstream: rule.name, why })
  }

  #linkOf(rule: UplinkRule, station: NodeId): Neighbour | undefined {
    return this.#shared.get(rule) ?? this.#stations.get(foldId(station))?.links.get(rule)
  }
}
