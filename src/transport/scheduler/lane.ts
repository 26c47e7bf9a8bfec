import { FairRing, type Turn } from './fair-ring.ts'
import type { FrameStream } from './frame-stream.ts'

/** What one source has waiting in a round: one share of it, divided among its streams. */
export class Lane<Token> implements Turn<Lane<Token>> {
  readonly source: string
  readonly round: Round<Token>
  readonly streams = new FairRing<FrameStream<Token>>()
  readonly weight = 1
  deficitBytes = 0
  before: Lane<Token> | undefined
  after: Lane<Token> | undefined

  constructor(source: string, round: Round<Token>) {
    this.source = source
    this.round = round
  }

  get nextBytes(): number {
    return this.streams.next()?.nextBytes ?? 0
  }
}

/** The sources that have something waiting in a class. It keeps nothing of the others. */
export class Round<Token> implements Turn<Round<Token>> {
  readonly weight: number
  readonly #lanes = new Map<string, Lane<Token>>()
  readonly #ring = new FairRing<Lane<Token>>()
  deficitBytes = 0
  before: Round<Token> | undefined
  after: Round<Token> | undefined

  constructor(weight: number) {
    this.weight = weight
  }

  get size(): number {
    return this.#lanes.size
  }

  get nextBytes(): number {
    return this.#ring.next()?.nextBytes ?? 0
  }

  /** The stream whose turn it is. */
  next(): FrameStream<Token> | undefined {
    return this.#ring.next()?.streams.next()
  }

  /** A stream with something to send takes its turns here, in the lane of its source. */
  enter(stream: FrameStream<Token>): void {
    let lane = this.#lanes.get(stream.source)
    if (!lane) {
      lane = new Lane(stream.source, this)
      this.#lanes.set(stream.source, lane)
    }
    lane.streams.enter(stream)
    this.#ring.enter(lane)
    stream.lane = lane
  }

  leave(stream: FrameStream<Token>): void {
    const { lane } = stream
    if (!lane) return
    stream.lane = undefined
    lane.streams.leave(stream)
    if (!lane.streams.isEmpty) return
    this.#ring.leave(lane)
    this.#lanes.delete(lane.source)
  }
}
