import type { TestContext } from 'node:test'
import type { Protocol } from '../../src/messages/protocols.ts'
import type { NodeEvent } from '../../src/node/core.ts'
import type { Neighbour } from '../../src/node/neighbour.ts'
import { createNode, type Node, type NodeOptions } from '../../src/node/node.ts'
import type { PerStationUplink, UplinkRule } from '../../src/node/uplink-rules.ts'
import { type Clock, VirtualClock } from '../../src/primitives/clock.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { seededRandomness } from '../../src/primitives/randomness.ts'
import type { Link, LinkFacts, LinkReceiver, LinkSource } from '../../src/transport/link.ts'
import { createMemoryLinks, type Faults, settleLinks } from '../../src/transport/memory-link.ts'
import { CAPABILITIES } from '../../src/transport/negotiation.ts'
import { SEED } from '../seed.ts'

/** A source whose links are plugged in by the test. */
class Socket implements LinkSource {
  #onLink: (link: Link) => void = () => {}
  async start(onLink: (link: Link) => void): Promise<void> {
    this.#onLink = onLink
  }
  async stop(): Promise<void> {}
  plug(link: Link): void {
    this.#onLink(link)
  }
}

export interface ConnectOptions {
  readonly form?: 'overlay' | 'standard'
  readonly protocol?: Protocol
  readonly capabilities?: readonly string[]
  readonly faults?: Faults
  /** What the peer proved with; default a password. */
  readonly proof?: Pick<LinkFacts, 'transport' | 'credential'>
  /** Messages that are on the link before the node gets it. */
  readonly early?: readonly string[]
  /** The node's end does not finish closing before `finishClosing`, as with a dead TCP peer. */
  readonly lingers?: boolean
}

/** A peer that is no node: it sends what the test says and keeps what it gets. */
export interface RawPeer {
  readonly received: string[]
  readonly receivedBytes: Uint8Array[]
  closed: { code: number; reason: string } | undefined
  send(message: string | Uint8Array): void
  close(code?: number, reason?: string): void
  /** Texts received since the last call, parsed. */
  take(): unknown[][]
  finishClosing(): void
}

export interface ForeignCsms {
  readonly uplink: PerStationUplink
  /** Newest last. */
  readonly connections: { station: NodeId; protocol: Protocol; peer: RawPeer }[]
  /** Refuses connections. */
  isDown: boolean
}

/** Several nodes in one process, joined by in-memory links, on one virtual clock. */
export class MemoryOverlay {
  readonly clock = new VirtualClock()
  readonly #random = seededRandomness(SEED)
  readonly #sockets = new Map<string, Socket>()
  readonly #nodes = new Map<string, Node>()
  readonly events = new Map<string, NodeEvent[]>()

  /** @param rules Of uplinks to come; each is for the upstream of its name. */
  async node(
    nodeId: string,
    options: Partial<NodeOptions> = {},
    rules: readonly UplinkRule[] = [],
  ): Promise<Node> {
    const socket = new Socket()
    const uplinkRules = new Map(rules.map((rule) => [new Socket(), rule] as const))
    for (const [source, { name }] of uplinkRules) this.#sockets.set(`${nodeId}>${name}`, source)
    const links = [...uplinkRules.keys(), socket]
    const node = createNode({ nodeId, links, uplinkRules, clock: this.clock as Clock, random: this.#random, ...options }) // biome-ignore format: one line
    const events: NodeEvent[] = []
    node.onEvent((event) => events.push(event))
    this.events.set(nodeId, events)
    this.#sockets.set(nodeId, socket)
    this.#nodes.set(nodeId, node)
    await node.start()
    return node
  }

  /** Joins a node to the one above it; returns what cuts the link. */
  connect(below: string, above: string, options: ConnectOptions = {}): () => void {
    const [up, down] = this.#links(below, above, options)
    this.#sockets.get(above)?.plug(down)
    this.#socket(below, above)?.plug(up)
    return () => up.close(1001, 'cut')
  }

  /** A raw peer below (a station, or an overlay node) of the given node. */
  peer(id: string, above: string, options: ConnectOptions = {}): RawPeer {
    const [up, down] = this.#links(id, above, options)
    return this.#attach(up, down, above, options)
  }

  /** A raw peer above (a CSMS, or an overlay node) of the given node. */
  upstream(id: string, below: string, options: ConnectOptions = {}): RawPeer {
    const [up, down] = this.#links(below, id, options)
    return this.#attach(down, up, below, options)
  }

  /** A charging station below the given node. */
  station(id: string, above: string, protocol: Protocol = 'ocpp1.6'): RawPeer {
    return this.peer(id, above, { form: 'standard', protocol })
  }

  /** A CSMS that speaks only standard OCPP and gets one connection per station. */
  foreignCsms(rule: UplinkRule): ForeignCsms {
    const csms: ForeignCsms = {
      connections: [],
      isDown: false,
      uplink: {
        rule,
        waitMs: () => 0,
        open: (station, protocol) => {
          let current: Link | undefined
          return {
            start: async (onLink, report) => {
              const lost = (why: string) => report({ name: 'retry', url: rule.name, inMs: 0, why })
              if (csms.isDown) return lost('refused')
              const [up, down] = this.#links(station, rule.name, { form: 'standard', protocol })
              const peer = rawPeer(
                down,
                () => {},
                () => lost('closed'),
              )
              csms.connections.push({ station, protocol, peer })
              current = up
              onLink(up)
            },
            stop: async () => current?.close(1001, 'stopped'),
          }
        },
      },
    }
    return csms
  }

  settle(): Promise<void> {
    return settleLinks()
  }

  /**
   * Lets messages arrive, and time pass while there is no outcome: after an error that nobody has
   * signed it takes some seconds.
   */
  async over<T>(asked: Promise<T>): Promise<T> {
    let isOver = false
    const note = () => {
      isOver = true
    }
    asked.then(note, note)
    await settleLinks()
    for (let seconds = 0; !isOver && seconds < 8; seconds++) await this.wait(1)
    return asked
  }

  /** What a raw peer has got by then; an error that nobody has signed takes it some seconds. */
  async heard(peer: RawPeer): Promise<unknown[][]> {
    await settleLinks()
    let heard = peer.take()
    for (let seconds = 0; heard.length === 0 && seconds < 8; seconds++) {
      await this.wait(1)
      heard = peer.take()
    }
    return heard
  }

  /** Lets time pass in one go; messages arrive before and after. */
  async wait(seconds: number): Promise<void> {
    await settleLinks()
    await this.clock.advance(seconds * 1_000)
    await settleLinks()
  }

  /** Error codes of refused frames, with their counts. */
  refusals(nodeId: string): Record<string, number> {
    return Object.fromEntries(this.#nodes.get(nodeId)?.refusals ?? [])
  }

  neighbour(nodeId: string, id: string): Neighbour {
    const found = [...(this.#nodes.get(nodeId)?.neighbours ?? [])].findLast((n) => n.id === id)
    if (!found) throw new Error(`${nodeId} has no link to ${id}`)
    return found
  }

  /** Requests that wait for an answer, on all links of a node. */
  open(nodeId: string): number {
    let sum = 0
    for (const { pending } of this.#nodes.get(nodeId)?.neighbours ?? []) sum += pending.size
    return sum
  }

  async stop(): Promise<void> {
    for (const node of this.#nodes.values()) await node.stop()
    await settleLinks()
  }

  /** What an uplink of its own rule is plugged into, else what all links are. */
  #socket(nodeId: string, peer: string): Socket | undefined {
    return this.#sockets.get(`${nodeId}>${peer}`) ?? this.#sockets.get(nodeId)
  }

  #attach(raw: Link, own: Link, nodeId: string, options: ConnectOptions): RawPeer {
    const held: (() => void)[] = []
    const peer = rawPeer(raw, () => {
      for (const close of held.splice(0)) close()
    })
    for (const message of options.early ?? []) peer.send(message)
    const socket = this.#socket(nodeId, own.peerIds[0])
    const plug = () => socket?.plug(options.lingers ? lingering(own, held) : own)
    // Two microtasks later what was sent before is surely there.
    if (options.early)
      void Promise.resolve()
        .then(() => Promise.resolve())
        .then(plug)
    else plug()
    return peer
  }

  #links(below: string, above: string, options: ConnectOptions): [Link, Link] {
    const { form = 'overlay', protocol = 'ocpp2.1', capabilities = CAPABILITIES } = options
    const isOverlay = form === 'overlay'
    const common = {
      form,
      protocol,
      capabilities: new Set<string>(isOverlay ? capabilities : []),
      ...(options.proof ?? { transport: 'plain', credential: 'basic' }),
    } as const
    const up: LinkFacts = { ...common, peerIds: [above as NodeId], peer: isOverlay ? 'node' : 'csms', way: 'up' } // biome-ignore format: one line
    const down: LinkFacts = { ...common, peerIds: [below as NodeId], peer: isOverlay ? 'node' : 'station', way: 'down' } // biome-ignore format: one line
    const { faults } = options
    return createMemoryLinks(up, down, { clock: this.clock, random: this.#random, ...(faults && { faults }) }) // biome-ignore format: one line
  }
}

/** An overlay that is stopped when the test ends. */
export function overlay(context: TestContext): MemoryOverlay {
  const net = new MemoryOverlay()
  context.after(() => net.stop())
  return net
}

/** A link whose far end is dead: after `close` nothing is sent, and the end is told much later. */
function lingering(link: Link, held: (() => void)[]): Link {
  let isClosing = false
  const { peerIds, peer, form, protocol, capabilities, way, transport, credential } = link
  return {
    peerIds, peer, form, protocol, capabilities, way, transport, credential,
    queuedBytes: 0,
    roundTripMs: undefined,
    ping: (payload) => link.ping(payload),
    notifyDrained: () => link.notifyDrained(),
    attach: (receiver: LinkReceiver) => link.attach(receiver),
    send(message, isBinary) {
      if (!isClosing) link.send(message, isBinary)
    },
    close(code, reason) {
      if (isClosing) return
      isClosing = true
      held.push(() => link.close(code, reason))
    },
  } // biome-ignore format: facts in one line
}

function rawPeer(link: Link, finishClosing: () => void, onClosed = () => {}): RawPeer {
  let taken = 0
  const peer: RawPeer = {
    received: [],
    receivedBytes: [],
    closed: undefined,
    send(message) {
      const isText = typeof message === 'string'
      link.send(isText ? new TextEncoder().encode(message) : message, !isText)
    },
    close: (code = 1000, reason = 'bye') => link.close(code, reason),
    take() {
      const fresh = peer.received.slice(taken)
      taken = peer.received.length
      return fresh.map((text) => JSON.parse(text) as unknown[])
    },
    finishClosing,
  }
  link.attach({
    message(bytes, isBinary) {
      if (isBinary) peer.receivedBytes.push(bytes)
      else peer.received.push(new TextDecoder().decode(bytes))
    },
    closed(code, reason) {
      peer.closed = { code, reason }
      onClosed()
    },
  })
  return peer
}
