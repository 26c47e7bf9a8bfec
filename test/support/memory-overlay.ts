import type { Protocol } from '../../src/messages/protocols.ts'
import type { NodeEvent } from '../../src/node/core.ts'
import { createNode, type Node, type NodeOptions } from '../../src/node/node.ts'
import { type Clock, VirtualClock } from '../../src/primitives/clock.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { seededRandomness } from '../../src/primitives/randomness.ts'
import type { Link, LinkFacts, LinkSource } from '../../src/transport/link.ts'
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
}

/** A peer that is no node: it sends what the test says and keeps what it gets. */
export interface RawPeer {
  readonly received: string[]
  readonly receivedBytes: Uint8Array[]
  closed: { code: number; reason: string } | undefined
  send(message: string | Uint8Array): void
  close(): void
}

/** Several nodes in one process, joined by in-memory links, on one virtual clock. */
export class MemoryOverlay {
  readonly clock = new VirtualClock()
  readonly #random = seededRandomness(SEED)
  readonly #sockets = new Map<string, Socket>()
  readonly #nodes = new Map<string, Node>()
  readonly events = new Map<string, NodeEvent[]>()

  async node(nodeId: string, options: Partial<NodeOptions> = {}): Promise<Node> {
    const socket = new Socket()
    const node = createNode({ nodeId, links: [socket], clock: this.clock as Clock, random: this.#random, ...options }) // biome-ignore format: one line
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
    this.#sockets.get(below)?.plug(up)
    return () => up.close(1001, 'cut')
  }

  /** A raw peer below (a station, or an overlay node) of the given node. */
  peer(id: string, above: string, options: ConnectOptions = {}): RawPeer {
    const [up, down] = this.#links(id, above, options)
    this.#sockets.get(above)?.plug(down)
    return rawPeer(up)
  }

  /** A raw peer above (a CSMS, or an overlay node) of the given node. */
  upstream(id: string, below: string, options: ConnectOptions = {}): RawPeer {
    const [up, down] = this.#links(below, id, options)
    this.#sockets.get(below)?.plug(up)
    return rawPeer(down)
  }

  settle(): Promise<void> {
    return settleLinks()
  }

  /** Error codes of refused frames, with their counts. */
  refusals(nodeId: string): Record<string, number> {
    return Object.fromEntries(this.#nodes.get(nodeId)?.refusals ?? [])
  }

  async stop(): Promise<void> {
    for (const node of this.#nodes.values()) await node.stop()
  }

  #links(below: string, above: string, options: ConnectOptions): [Link, Link] {
    const { form = 'overlay', protocol = 'ocpp2.1', capabilities = CAPABILITIES } = options
    const isOverlay = form === 'overlay'
    const common = {
      form,
      protocol,
      capabilities: new Set<string>(isOverlay ? capabilities : []),
      transport: 'plain',
      credential: 'basic',
    } as const
    const up: LinkFacts = { ...common, peerIds: [above as NodeId], peer: isOverlay ? 'node' : 'csms', way: 'up' } // biome-ignore format: one line
    const down: LinkFacts = { ...common, peerIds: [below as NodeId], peer: isOverlay ? 'node' : 'station', way: 'down' } // biome-ignore format: one line
    const { faults } = options
    return createMemoryLinks(up, down, { clock: this.clock, random: this.#random, ...(faults && { faults }) }) // biome-ignore format: one line
  }
}

function rawPeer(link: Link): RawPeer {
  const peer: RawPeer = {
    received: [],
    receivedBytes: [],
    closed: undefined,
    send(message) {
      const isText = typeof message === 'string'
      link.send(isText ? new TextEncoder().encode(message) : message, !isText)
    },
    close: () => link.close(1000, 'bye'),
  }
  link.attach({
    message(bytes, isBinary) {
      if (isBinary) peer.receivedBytes.push(bytes)
      else peer.received.push(new TextDecoder().decode(bytes))
    },
    closed(code, reason) {
      peer.closed = { code, reason }
    },
  })
  return peer
}
