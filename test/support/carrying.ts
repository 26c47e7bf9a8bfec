import type { MemoryOverlay, RawPeer } from './memory-overlay.ts'

/**
 * Whoever stands in the middle by hand: hands on what peers have said, one frame after the other,
 * until nobody says anything more.
 *
 * @param handOn What becomes of a frame of a peer.
 * @param framesOf Default: its texts, parsed.
 */
export async function carryUntilIdle<F = unknown[]>(
  net: Pick<MemoryOverlay, 'settle'>,
  peers: readonly RawPeer[],
  handOn: (frame: F, from: RawPeer) => void,
  framesOf: (peer: RawPeer) => readonly F[] = (peer) => peer.take() as F[],
): Promise<void> {
  for (let isIdle = false; !isIdle; ) {
    await net.settle()
    isIdle = true
    for (const peer of peers) {
      for (const frame of framesOf(peer)) {
        isIdle = false
        handOn(frame, peer)
      }
    }
  }
}

/** A frame as the node LC01 passes it on. */
export function passOn(to: RawPeer, frame: readonly unknown[]): void {
  const [type, destination, path, ...rest] = frame
  to.send(JSON.stringify([type, destination, [...(path as string[]), 'LC01'], ...rest]))
}
