import type { LinkCounters, Neighbour } from '../node/neighbour.ts'
import { type Clock, systemClock } from '../primitives/clock.ts'
import { foldId } from '../primitives/ids.ts'
import { SIMULATED_VENDOR } from '../roles/charging-station/dialect.ts'
import type { Csms } from '../roles/csms/csms.ts'
import type { AccountStore } from '../storage/account-store.ts'
import type { AuditLog } from '../storage/audit-log.ts'
import type { ConnectorRow, StationRow } from '../storage/csms-store.ts'
import { connectorState } from '../storage/station-list.ts'
import { alertsView, insecureRulesView } from './alert-views.ts'
import type { AttackBox } from './attacks.ts'
import type { EvseView, LinkView, NodeView, OverviewView } from './live-api.ts'
import type { AuditCounts } from './metric-rows.ts'
import type { Observations } from './observations.ts'
import type { ReadinessSources } from './readiness.ts'
import type { SimulatedStations } from './simulated-stations.ts'
import { type TrustSources, trustState } from './trust.ts'

/** What views are made from. */
export interface ViewSources extends ReadinessSources {
  readonly role: 'csms' | 'networking-node' | 'charging-station'
  readonly version: string
  readonly stationUrls: readonly string[]
  readonly insecure: boolean
  /** Who may use the API; undefined: whoever reaches it may everything. */
  readonly accounts?: AccountStore | undefined
  /** Undefined where this node is none. */
  readonly csms?: Csms | undefined
  readonly clock?: Clock
  /** Undefined where this process cannot start any. */
  readonly simulations?: SimulatedStations | undefined
  /** Undefined where this node signs nothing and obeys whatever comes. */
  readonly keys?: TrustSources | undefined
  /** What happened to rules and keys; undefined where nobody writes it down. */
  readonly audit?: (Pick<AuditLog, 'before'> & { readonly counts?: AuditCounts }) | undefined
  /** A controller that lies, and can be told to: in the demo only. */
  readonly attacks?: AttackBox | undefined
  /** Begun before the node starts, so that nothing is missed. Default: begins with the server. */
  readonly observed?: Observations
}

export interface Overview {
  now(): OverviewView
}

interface Known {
  state: 'up' | 'down'
  since: number
  protocol?: string
  /** Neighbour on the way to it, nearer to this node. */
  parent: string
  form: 'overlay' | 'standard'
}

/** A station that was only entered has said no version yet. */
function countSeen(rows: Iterable<StationRow>): number {
  return [...rows].filter(({ protocol }) => protocol !== '').length
}

const RATE_SPAN_MS = 10_000
/** Peers that left and are still drawn. */
const MAX_GONE = 2_000
const MAX_TIMES = 20_000

/**
 * Keeps what a node knows of the overlay in a form that can be drawn: it remembers peers that left,
 * because a gap says more than an absence.
 */
export function createOverview(sources: ViewSources): Overview {
  const { node, simulations, clock = systemClock } = sources
  const known = new Map<string, Known>()
  const times = new Map<string, number>()
  const rates = new Map<string, { at: number; count: number }[]>()

  // The moment somebody came or went is known now; who looks later would only see that it did.
  node.onEvent((event) => {
    if (event.name === 'presence') happened(event.id)
    if (event.name === 'link.down' || event.name === 'link.up') happened(event.link)
  })

  return { now: () => view() }

  function view(): OverviewView {
    const now = clock.now()
    refresh(now)
    const stations = new Map(
      (sources.store?.stations() ?? []).map((row) => [foldId(row.station), row]),
    )
    const connectors = Map.groupBy(sources.store?.connectors() ?? [], (row) => foldId(row.station))
    const simulated = simulations?.ids
    const others = [...known].map(([id, entry]) => {
      const peer = peerView(id, entry, stations, connectors)
      return simulated?.has(foldId(id)) ? { ...peer, simulated: true } : peer
    })
    const neighbours = new Map(
      [...node.neighbours].map((neighbour) => [neighbour.label, neighbour]),
    )
    const originators = new Map<string, number>()
    for (const { parent } of known.values()) {
      originators.set(parent, (originators.get(parent) ?? 0) + 1)
    }
    const links = [...known].map(([id, entry]) => linkView(id, entry, now, neighbours, originators))
    const keys = sources.keys && trustState(sources.keys, node, now)
    const insecureRules = sources.keys ? insecureRulesView(sources.keys, now) : []
    const alerts = alertsView(sources.observed)
    return {
      asOf: new Date(now).toISOString(),
      nodeId: node.id,
      version: sources.version,
      stationUrls: sources.stationUrls,
      insecure: sources.insecure,
      ...(insecureRules.length > 0 && { insecureRules }),
      ...(alerts && { alerts }),
      ...(keys && { keys }),
      ...(sources.attacks && { attacks: true }),
      ...(simulations && {
        simulation: { started: simulations.ids.size, max: simulations.max },
      }),
      nodes: [selfView(), ...others],
      ...(sources.store && { storedStations: countSeen(stations.values()) }),
      links,
      counters: {
        frames: [...node.linkCounters.values()].reduce((sum, counters) => sum + total(counters), 0),
        refused: refusedOf(node.refusals),
        refusedByCode: Object.fromEntries(node.refusals),
        queuedBytes: [...node.neighbours].reduce((sum, { link }) => sum + link.queuedBytes, 0),
      },
    }
  }

  /** Takes over who is there now; who was and is not any more is down. */
  function refresh(now: number): void {
    const present = new Set<string>()
    for (const neighbour of node.neighbours) {
      const { id, link } = neighbour
      present.add(id)
      const protocol = link.peer === 'station' ? link.protocol : undefined
      note(id, { parent: node.id, form: link.form, ...(protocol && { protocol }) }, neighbour.since)
    }
    for (const [id, { path, announced, origin, link }] of node.table.entries()) {
      if (origin !== 'learned') continue
      present.add(id)
      // Of who was announced and has not spoken yet only the neighbour is known.
      const parent = path[1] ?? link.id
      const protocol = announced?.protocol
      note(
        id,
        { parent, form: announced ? 'standard' : 'overlay', ...(protocol && { protocol }) },
        now,
      )
    }
    for (const [id, entry] of known) {
      if (present.has(id) || entry.state === 'down') continue
      entry.state = 'down'
      // What lies behind a node goes with it, and nobody says so of each.
      const lost = lastLossOn(id)
      entry.since = lost > entry.since ? lost : now
    }
    forgetLongGone()
  }

  /** When somebody on the way to a peer was last lost, or it was itself. */
  function lastLossOn(id: string): number {
    let last = 0
    const seen = new Set<string>()
    for (let at: string | undefined = id; at !== undefined && !seen.has(at); ) {
      seen.add(at)
      last = Math.max(last, times.get(at) ?? 0)
      at = known.get(at)?.parent
    }
    return last
  }

  /** Peers choose names, so how many that left are remembered is bounded; the oldest go first. */
  function forgetLongGone(): void {
    const gone = [...known].filter(([, { state }]) => state === 'down')
    gone.sort(([, a], [, b]) => a.since - b.since)
    for (const [id] of gone.slice(0, Math.max(0, gone.length - MAX_GONE))) {
      known.delete(id)
      rates.delete(id)
    }
    for (const id of times.keys()) if (!known.has(id)) times.delete(id)
  }

  function happened(id: string): void {
    // Read when somebody looks; until then the newest are enough.
    times.delete(id)
    times.set(id, clock.now())
    if (times.size > MAX_TIMES) times.delete(times.keys().next().value ?? '')
  }

  function note(id: string, facts: Omit<Known, 'state' | 'since'>, since: number): void {
    const entry = known.get(id)
    if (entry?.state === 'up') Object.assign(entry, facts)
    else known.set(id, { ...facts, state: 'up', since: times.get(id) ?? since })
  }

  function selfView(): NodeView {
    const { id, services } = node
    const role = sources.role
    return {
      id,
      role,
      self: true,
      services,
      simulated: false,
      state: 'up',
      since: STARTED,
      evses: [],
    }
  }

  function linkView(
    id: string,
    entry: Known,
    now: number,
    neighbours: ReadonlyMap<string, Neighbour>,
    originators: ReadonlyMap<string, number>,
  ): LinkView {
    const neighbour = neighbours.get(id)
    // Also of one that is down: a line that turned round would be another line.
    const isUp = (neighbour?.link ?? sources.observed?.link(id))?.way === 'up'
    const [from, to] = isUp ? [node.id, id] : [id, entry.parent]
    const roundTripMs = neighbour?.link.roundTripMs
    const own = entry.parent === node.id
    return {
      id: `${from}>${to}`,
      from,
      to,
      form: entry.form,
      state: entry.state,
      since: new Date(entry.since).toISOString(),
      sharedBy: Math.max(1, originators.get(id) ?? 0),
      framesPerSecond: own && entry.state === 'up' ? rateOf(id, now) : 0,
      ...(roundTripMs !== undefined && { roundTripMs }),
      transport: neighbour?.link.transport ?? 'unknown',
      credential: neighbour?.link.credential ?? 'unknown',
      own,
      ...(own && entry.state === 'down' && nextTryView(id)),
      ...(neighbour && waitingView(neighbour)),
    }
  }

  function nextTryView(id: string): Pick<LinkView, 'nextTry'> {
    const at = sources.observed?.nextTryOf(id)
    return at === undefined ? {} : { nextTry: new Date(at).toISOString() }
  }

  /** Frames per second over the last 10 s. */
  function rateOf(label: string, now: number): number {
    const counters = node.linkCounters.get(label)
    const samples = rates.get(label) ?? []
    if (!rates.has(label)) rates.set(label, samples)
    samples.push({ at: now, count: counters ? total(counters) : 0 })
    while ((samples[1]?.at ?? now) < now - RATE_SPAN_MS) samples.shift()
    const [first] = samples
    const last = samples.at(-1)
    if (!first || !last || last.at - first.at < 500) return 0
    return Math.round(((last.count - first.count) * 10_000) / (last.at - first.at)) / 10
  }
}

/** What has not left for a neighbour yet. */
function waitingView({ held, link }: Neighbour): Pick<LinkView, 'held' | 'queuedBytes'> {
  return {
    ...(held && { held: { count: held.count, since: new Date(held.since).toISOString() } }),
    ...(link.queuedBytes > 0 && { queuedBytes: link.queuedBytes }),
  }
}

const STARTED = new Date().toISOString()

function peerView(
  id: string,
  entry: Known,
  stations: ReadonlyMap<string, StationRow>,
  connectors: ReadonlyMap<string, ConnectorRow[]>,
): NodeView {
  const row = stations.get(foldId(id))
  const isStation = entry.form === 'standard' || row !== undefined
  const protocol = entry.protocol ?? row?.protocol
  return {
    id,
    role: isStation ? 'charging-station' : 'networking-node',
    ...(isStation && protocol && { protocol }),
    self: false,
    services: [],
    simulated: row?.vendor === SIMULATED_VENDOR,
    state: entry.state,
    since: new Date(entry.since).toISOString(),
    ...(row?.vendor && { vendor: row.vendor }),
    ...(row?.model && { model: row.model }),
    evses: (connectors.get(foldId(id)) ?? []).filter((c) => c.connectorId > 0).map(evseView),
  }
}

function evseView(row: ConnectorRow): EvseView {
  const { evseId, connectorId, status, transactionId, chargingState, powerW, energyWh } = row
  const transaction = transactionId === undefined ? undefined : { chargingState }
  return {
    evseId,
    connectorId,
    status: connectorState(status, transaction),
    ...(transactionId !== undefined && { transactionId }),
    ...(powerW !== undefined && { powerW }),
    ...(energyWh !== undefined && { energyWh }),
  }
}

function total({ received, sent }: LinkCounters): number {
  let sum = 0
  for (let type = 0; type < received.length; type++)
    sum += (received[type] ?? 0) + (sent[type] ?? 0)
  return sum
}

/** A challenge is a question and no refusal: whoever has just started asks everybody once. */
function refusedOf(refusals: ReadonlyMap<string, number>): number {
  const counted = [...refusals].filter(([code]) => code !== 'ERR_POLICY_CHALLENGE')
  return counted.reduce((sum, [, count]) => sum + count, 0)
}
