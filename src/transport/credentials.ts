import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { foldId, isSameId, type NodeId } from '../primitives/ids.ts'

/** A password or key that cannot be printed by accident. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[secret]'
  }
}

/** What is known in advance about a peer that will dial in. */
export interface PeerEntry {
  readonly id: NodeId
  /** Security profile 1. Without one the peer is only let in where `insecure` is set. */
  readonly password?: Secret
}

export type Admission =
  | { readonly id: NodeId; readonly credential: 'basic' | 'none' }
  | { readonly refused: string }

/**
 * Creates the check of security profile 1: HTTP Basic, user = the id in the URL. Passwords are kept
 * as HMACs under a key of this process. An unknown id costs the same work as a wrong password, and
 * looks the same from outside.
 *
 * @param options.insecure Lets in ids that have no entry, without credential (profile 0).
 * @spec OCPP 2.0.1 Part 2 A00.FR.201–207; docs/overlay.md section 4.2
 */
export function createAdmission(peers: readonly PeerEntry[], options: { insecure: boolean }) {
  const key = randomBytes(32)
  const digest = (text: string) => createHmac('sha256', key).update(text).digest()
  const nobody = randomBytes(32)
  const known = new Map(
    peers.map((entry) => {
      const hash = entry.password ? digest(entry.password.reveal()) : undefined
      return [foldId(entry.id), { entry, hash }] as const
    }),
  )

  return function admit(id: NodeId, authorization: string | undefined): Admission {
    const peer = known.get(foldId(id))
    const basic = parseBasic(authorization)
    const matches = timingSafeEqual(digest(basic?.password ?? ''), peer?.hash ?? nobody)
    if (peer?.hash) {
      if (!basic) return { refused: 'no credential' }
      if (!matches) return { refused: 'wrong credential' }
      if (!isSameId(basic.user, id)) return { refused: 'the user is not the id in the URL' }
      return { id: peer.entry.id, credential: 'basic' }
    }
    if (!options.insecure) return { refused: peer ? 'no credential is set for it' : 'unknown id' }
    return { id: peer?.entry.id ?? id, credential: 'none' }
  }
}

function parseBasic(header: string | undefined): { user: string; password: string } | undefined {
  const match = /^Basic ([A-Za-z0-9+/=]{1,4096})$/i.exec(header ?? '')
  if (!match?.[1]) return undefined
  const text = Buffer.from(match[1], 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) }
}

export function formatBasic(user: string, password: Secret): string {
  return `Basic ${Buffer.from(`${user}:${password.reveal()}`).toString('base64')}`
}
