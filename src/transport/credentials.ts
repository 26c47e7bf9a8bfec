import type { NodeId } from '../primitives/ids.ts'

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

/**
 * How well a peer proved who it is: 0 not at all, 1 password, 2 password over TLS, 3 its own
 * certificate.
 *
 * @spec OCPP 2.0.1 Part 2 A00, security profiles
 */
export type SecurityProfile = 0 | 1 | 2 | 3

/** What is known in advance about a peer that will dial in. */
export interface PeerEntry {
  readonly id: NodeId
  /** As it is, or stored: see `createPasswordCheck`. */
  readonly password?: Secret
  /** The lowest profile it may use. Default 0: what its other members allow. */
  readonly securityProfile?: SecurityProfile
  /** Of an OCPP station certificate: the common name that stands for this id. */
  readonly serialNumber?: string
}

export function parseBasic(
  header: string | undefined,
): { user: string; password: string } | undefined {
  const match = /^Basic ([A-Za-z0-9+/=]{1,4096})$/i.exec(header ?? '')
  if (!match?.[1]) return undefined
  const text = Buffer.from(match[1], 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) }
}

export function formatBasic(user: string, password: Secret): string {
  return `Basic ${Buffer.from(`${user}:${password.reveal()}`).toString('base64')}`
}
