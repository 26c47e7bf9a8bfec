import { copyOf } from '../../primitives/bytes.ts'
import { type Clock, systemClock, type Timer } from '../../primitives/clock.ts'
import type { MessageId, NodeId } from '../../primitives/ids.ts'
import { assertNodeId, isSameId } from '../../primitives/ids.ts'
import { createUuidV7, systemRandomness } from '../../primitives/randomness.ts'
import type { Link } from '../../transport/link.ts'
import { decodeBinary, encodeBinary } from '../../wire/binary.ts'
import type { Frame } from '../../wire/frame.ts'
import { encodePayload } from '../../wire/payload.ts'
import { decodeText, encodeText, forwardText } from '../../wire/text.ts'
import { altered, isTarget, type StandingAttack, stripped } from './attacks.ts'
import type {
  Attempt,
  Forgery,
  MaliciousController,
  MaliciousControllerOptions,
  RecordedFrame,
  ReplayOptions,
} from './malicious-controller.ts'
import { frameOf, Relay } from './relay.ts'

const MAX_RECORDED = 1_000

interface Switched {
  readonly attack: StandingAttack
  left: number
  /** Of `reorder`: what waits for the next one. */
  kept: RecordedFrame | undefined
}

export class Middle implements MaliciousController {
  readonly nodeId: NodeId
  readonly recorded: RecordedFrame[] = []
  readonly #options: MaliciousControllerOptions
  readonly #clock: Clock
  readonly #newId: () => string
  readonly #relay: Relay
  readonly #switched: Switched[] = []
  readonly #listeners = new Set<(attempt: Attempt) => void>()
  readonly #timers = new Set<Timer>()
  /** Actions of requests that have passed, by asker and message id. */
  readonly #asked = new Map<string, string>()
  #sequence = 0

  constructor(options: MaliciousControllerOptions) {
    const { clock = systemClock, random = systemRandomness } = options
    this.#options = options
    this.nodeId = assertNodeId(options.nodeId)
    this.#clock = clock
    this.#newId = createUuidV7(() => clock.now(), random)
    this.#relay = new Relay({
      nodeId: this.nodeId,
      now: () => clock.now(),
      newMessageId: () => this.#newId() as MessageId,
      send: (link, frame) => link.send(encodeText(frame), false),
    })
  }

  get attacks(): readonly StandingAttack[] {
    return this.#switched.map(({ attack }) => attack)
  }

  async start(): Promise<void> {
    for (const source of this.#options.links) {
      await source.start((link) => this.#onLink(link), () => {}) // biome-ignore format: one line
    }
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
    for (const source of this.#options.links) await source.stop()
  }

  switchOn(attack: StandingAttack): () => void {
    const switched = { attack, left: attack.on?.times ?? Number.POSITIVE_INFINITY, kept: undefined }
    this.#switched.push(switched)
    return () => {
      const at = this.#switched.indexOf(switched)
      if (at >= 0) this.#switched.splice(at, 1)
    }
  }

  switchOffAll(): void {
    this.#switched.length = 0
  }

  onAttempt(listener: (attempt: Attempt) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  replay(sequence: number, { isRenamed = false, afterMs = 0 }: ReplayOptions = {}): void {
    const recorded = this.recorded.find((one) => one.sequence === sequence)
    if (!recorded) throw new TypeError(`frame ${sequence} is not recorded`)
    const { origin: _, ...rest } = recorded.frame
    const frame = isRenamed ? { ...rest, messageId: this.#newId() as MessageId } : recorded.frame
    const what = isRenamed ? `again as ${frame.messageId}` : 'again'
    this.#later(afterMs, () => this.#tell({ attack: 'replay', recorded, what, sent: this.#onward(frame) })) // biome-ignore format: one line
  }

  forge(forgery: Forgery): string {
    const { from, to, messageId = this.#newId(), path = [], payload = {}, ...rest } = forgery
    const networkPath = [from, ...path].map(assertNodeId) as [NodeId, ...NodeId[]]
    const destination = [assertNodeId(to)] as const
    const frame = frameOf({ ...rest, destination, networkPath, messageId: messageId as MessageId, payload: encodePayload(payload) }) // biome-ignore format: one line
    this.#tell({ attack: 'forge', what: `in the name of ${from}`, sent: this.#onward(frame) })
    return messageId
  }

  inject(to: string, bytes: Uint8Array, isBinary = false): void {
    this.#relay.wayTo(assertNodeId(to))?.send(bytes, isBinary)
    this.#tell({ attack: 'forge', what: `bytes for ${to}`, sent: [bytes] })
  }

  #onLink(link: Link): void {
    this.#relay.opened(link)
    link.attach({
      message: (bytes, isBinary) => this.#receive(link, bytes, isBinary),
      closed: () => this.#relay.closed(link),
    })
  }

  #receive(link: Link, bytes: Uint8Array, isBinary: boolean): void {
    let frame: Frame
    try {
      frame = isBinary ? decodeBinary(bytes) : decodeText(bytes)
      this.#relay.learn(frame, link)
      if (this.#relay.hear(frame, link)) return
    } catch {
      return // who would carry on what nobody can read
    }
    if (!frame.route) return
    const recorded = this.#record(link, frame, bytes, isBinary)
    const switched = this.#switched.find(({ attack, left }) => left > 0 && isTarget(attack.on ?? {}, recorded)) // biome-ignore format: one line
    if (!switched) return void this.#onward(frame, link)
    switched.left--
    this.#attack(switched, recorded, link)
  }

  #record(link: Link, frame: Frame, bytes: Uint8Array, isBinary: boolean): RecordedFrame {
    const { route, messageId, type } = frame
    const isRequest = type === 2 || type === 6
    const asker = isRequest ? route?.networkPath[0] : route?.destination.at(-1)
    const key = `${asker} ${messageId}`
    if (type === 2) this.#asked.set(key, frame.action)
    const action = isRequest ? frame.action : (this.#asked.get(key) ?? '')
    const recorded = { sequence: ++this.#sequence, time: this.#clock.now(), link: link.peerIds[0], frame, action, bytes, isBinary } // biome-ignore format: one line
    this.recorded.push(recorded)
    const { maxRecorded = MAX_RECORDED } = this.#options
    if (this.recorded.length > maxRecorded) this.recorded.shift()
    if (this.#asked.size > maxRecorded) this.#asked.delete(this.#asked.keys().next().value ?? '')
    return recorded
  }

  #attack(switched: Switched, recorded: RecordedFrame, from: Link): void {
    const { attack } = switched
    const { frame } = recorded
    const tell = (what: string, ...frames: (Frame | undefined)[]) => {
      const sent = frames.flatMap((one) => (one ? this.#onward(one, from) : []))
      this.#tell({ attack: attack.attack, recorded, what, sent })
    }
    switch (attack.attack) {
      case 'alter': {
        const changed = altered(frame, attack)
        if (!changed) return void this.#onward(frame, from)
        const { pointer, factor, value } = attack
        return tell(`${pointer} ${factor === undefined ? `became ${JSON.stringify(value)}` : `times ${factor}`}`, changed) // biome-ignore format: one line
      }
      case 'strip': {
        const bare = stripped(frame)
        return bare ? tell('its signatures are gone', bare) : void this.#onward(frame, from)
      }
      case 'redirect': {
        const { origin: _, ...rest } = frame
        const networkPath = frame.route?.networkPath ?? [this.nodeId]
        return tell(`led to ${attack.to}`, { ...rest, route: { destination: [assertNodeId(attack.to)], networkPath } }) // biome-ignore format: one line
      }
      case 'drop':
        return tell('dropped')
      case 'delay':
        return this.#later(attack.byMs, () => tell(`${attack.byMs} ms later`, frame))
      case 'reorder': {
        const { kept } = switched
        switched.kept = kept ? undefined : recorded
        return kept ? tell('before the one before it', frame, kept.frame) : undefined
      }
    }
  }

  /** Writes this node into the path and sends it on. @returns What was sent, if there is a way. */
  #onward(frame: Frame, from?: Link): Uint8Array[] {
    const { route } = frame
    if (!route) return []
    const [next, ...others] = route.destination
    // Of a source route the first hop is this node, and is consumed.
    const rest = isSameId(next, this.nodeId) ? others : route.destination
    const [to] = rest
    const link = to && this.#relay.wayTo(to, from)
    if (!link) return []
    const isBinary = frame.encoding === 'binary'
    const bytes = this.#encode(frame, rest as [NodeId, ...NodeId[]])
    link.send(bytes, isBinary)
    return [bytes]
  }

  #encode(frame: Frame, destination: readonly [NodeId, ...NodeId[]]): Uint8Array {
    const { route } = frame
    const isAsAddressed = destination.length === route?.destination.length
    // Splicing keeps every byte but the new entry; what it returns is valid until the next call.
    if (frame.origin && isAsAddressed) return copyOf(forwardText(frame, this.nodeId))
    const networkPath = [...(route?.networkPath ?? []), this.nodeId] as unknown as readonly [NodeId, ...NodeId[]] // biome-ignore format: one line
    const onward = { ...frame, route: { destination, networkPath } }
    return frame.encoding === 'binary' ? encodeBinary(onward) : encodeText(onward)
  }

  #later(afterMs: number, act: () => void): void {
    if (afterMs <= 0) return act()
    const timer = this.#clock.setTimer(() => {
      this.#timers.delete(timer)
      act()
    }, afterMs)
    this.#timers.add(timer)
  }

  #tell(attempt: Attempt): void {
    for (const listener of this.#listeners) listener(attempt)
  }
}
