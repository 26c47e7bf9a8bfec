import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/**
 * A TCP proxy that counts what passes, by TLS records:
 *
 *     +---------+---------+------------+---------+
 *     | u8 type | u16 ver | u16 length | content |
 *     +---------+---------+------------+---------+
 *
 * Pings and pongs show by their length: 11 bytes of a WebSocket frame (15 with the mask of a client),
 * 1 byte of type and 16 of authentication; twice the frame where a ping and a pong left together. No
 * OCPP frame is as short.
 */

const HEADER_BYTES = 5
const HANDSHAKE = 22
const APPLICATION_DATA = 23
const AROUND_BYTES = 17
const PING_BYTES = { up: 15, down: 11 } as const

/** What has passed in both directions. */
export interface WireCount {
  /** Without pings and pongs. */
  readonly bytes: number
  /** TLS records with application data, without pings and pongs. */
  readonly records: number
  /** What one ping or pong takes in a record of its own; 0 as long as there was none. */
  readonly pingBytesUp: number
  readonly pingBytesDown: number
  readonly sockets: number
  /** Connections that began with a TLS handshake. */
  readonly handshakes: number
}

export interface CountingProxy {
  readonly port: number
  count(): WireCount
  close(): void
}

export async function openCountingProxy(targetPort: number): Promise<CountingProxy> {
  const up = createTotal()
  const down = createTotal()
  let sockets = 0
  let handshakes = 0
  const open = new Set<Socket>()
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port: targetPort, host: '127.0.0.1', noDelay: true })
    sockets++
    const wayUp = new RecordCounter(up, PING_BYTES.up)
    const wayDown = new RecordCounter(down, PING_BYTES.down)
    near.on('data', (piece) => wayUp.push(piece as Buffer))
    far.on('data', (piece) => wayDown.push(piece as Buffer))
    near.once('data', (piece) => {
      if ((piece as Buffer)[0] === HANDSHAKE) handshakes++
    })
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from)
      from.pipe(to)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        open.delete(from)
        to.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    count: () => ({
      bytes: up.bytes + down.bytes,
      records: up.records + down.records,
      pingBytesUp: up.pingBytes,
      pingBytesDown: down.pingBytes,
      sockets,
      handshakes,
    }),
    close() {
      server.close()
      for (const socket of open) socket.destroy()
    },
  }
}

interface Total {
  bytes: number
  records: number
  pingBytes: number
}

function createTotal(): Total {
  return { bytes: 0, records: 0, pingBytes: 0 }
}

/** Finds the records of one direction; they may be cut anywhere. */
class RecordCounter {
  readonly #total: Total
  readonly #pingBytes: number
  readonly #header = Buffer.alloc(HEADER_BYTES)
  #headerBytes = 0
  #contentLeft = 0

  /** @param pingBytes Of a WebSocket frame with a ping or pong. */
  constructor(total: Total, pingBytes: number) {
    this.#total = total
    this.#pingBytes = pingBytes
  }

  push(piece: Buffer): void {
    for (let at = 0; at < piece.length; ) {
      if (this.#contentLeft > 0) {
        const step = Math.min(this.#contentLeft, piece.length - at)
        this.#contentLeft -= step
        at += step
        continue
      }
      this.#header[this.#headerBytes++] = piece[at++] ?? 0
      if (this.#headerBytes < HEADER_BYTES) continue
      this.#headerBytes = 0
      this.#contentLeft = this.#header.readUInt16BE(3)
      this.#count(this.#header[0] ?? 0, this.#contentLeft)
    }
  }

  #count(type: number, length: number): void {
    const total = this.#total
    const frames = (length - AROUND_BYTES) / this.#pingBytes
    if (type === APPLICATION_DATA && (frames === 1 || frames === 2)) {
      total.pingBytes = HEADER_BYTES + length - (frames - 1) * this.#pingBytes
      return
    }
    if (type === APPLICATION_DATA) total.records++
    total.bytes += HEADER_BYTES + length
  }
}
