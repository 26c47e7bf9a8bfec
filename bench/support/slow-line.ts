import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface SlowLineOptions {
  readonly bitsPerSecond: number
  readonly roundTripMs: number
  /** What the modem takes in and nobody sees waiting, in each direction. */
  readonly bufferBytes: number
}

/** So much leaves at once: what a TCP segment holds. */
const SEGMENT_BYTES = 1_448

/** A TCP proxy that behaves like a slow line: a rate, a delay, and a buffer that hides a queue. */
export interface SlowLine {
  readonly port: number
  /** Bytes that have arrived at the far end of the way up. */
  readonly bytesUp: number
  close(): void
}

export async function openSlowLine(
  targetPort: number,
  options: SlowLineOptions,
): Promise<SlowLine> {
  const sockets = new Set<Socket>()
  let up: Way | undefined
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port: targetPort, host: '127.0.0.1', noDelay: true })
    up = new Way(near, far, options)
    new Way(far, near, options)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        near.destroy()
        far.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    get bytesUp() {
      return up?.arrivedBytes ?? 0
    },
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

interface Segment {
  readonly bytes: Buffer
  readonly arrivesAt: number
}

/** One direction. */
class Way {
  readonly #from: Socket
  readonly #to: Socket
  readonly #bytesPerMs: number
  readonly #delayMs: number
  readonly #bufferMs: number
  #segments: Segment[] = []
  /** When the last of what was taken in has left; times are those of `performance.now()`. */
  #leftAt = 0
  #timer: NodeJS.Timeout | undefined
  arrivedBytes = 0

  constructor(from: Socket, to: Socket, options: SlowLineOptions) {
    const { bitsPerSecond, roundTripMs, bufferBytes } = options
    this.#from = from
    this.#to = to
    this.#bytesPerMs = bitsPerSecond / 8_000
    this.#delayMs = roundTripMs / 2
    this.#bufferMs = bufferBytes / this.#bytesPerMs
    from.on('data', (piece) => this.#take(piece as Buffer))
    from.on('close', () => clearTimeout(this.#timer))
  }

  #take(piece: Buffer): void {
    const now = performance.now()
    for (let at = 0; at < piece.length; at += SEGMENT_BYTES) {
      const bytes = piece.subarray(at, at + SEGMENT_BYTES)
      this.#leftAt = Math.max(now, this.#leftAt) + bytes.length / this.#bytesPerMs
      this.#segments.push({ bytes, arrivesAt: this.#leftAt + this.#delayMs })
    }
    if (this.#leftAt - now > this.#bufferMs) this.#from.pause()
    this.#timer ??= this.#wake(now)
  }

  #wake(now: number): NodeJS.Timeout | undefined {
    const [next] = this.#segments
    return next && setTimeout(() => this.#deliver(), Math.max(1, next.arrivesAt - now))
  }

  #deliver(): void {
    const now = performance.now()
    const at = this.#segments.findIndex(({ arrivesAt }) => arrivesAt > now)
    const due = this.#segments.splice(0, at < 0 ? this.#segments.length : at)
    for (const { bytes } of due) this.arrivedBytes += bytes.length
    if (due.length > 0) this.#to.write(Buffer.concat(due.map(({ bytes }) => bytes)))
    if (this.#from.isPaused() && this.#leftAt - now < this.#bufferMs) this.#from.resume()
    this.#timer = this.#wake(now)
  }
}
