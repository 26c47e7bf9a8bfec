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
  /**
   * What it is. Default `station`: a node speaks for others and lets stations do things, so that
   * nobody becomes one by saying so.
   */
  readonly peer?: 'station' | 'node'
  /** Of an OCPP station certificate: the common name that stands for this id. */
  readonly serialNumber?: string
}

const COLON = ':'.charCodeAt(0)

/** A password is bytes: the AuthorizationKey of OCPP 1.6 need not be text. */
export function parseBasic(
  header: string | undefined,
): { user: string; password: Buffer } | undefined {
  const match = /^Basic ([A-Za-z0-9+/=]{1,4096})$/i.exec(header ?? '')
  if (!match?.[1]) return undefined
  const bytes = Buffer.from(match[1], 'base64')
  const at = bytes.indexOf(COLON)
  if (at < 0) return undefined
  return { user: bytes.subarray(0, at).toString('utf8'), password: bytes.subarray(at + 1) }
}

/** @param asBytes Send a password of hexadecimal digits as the bytes they stand for. */
export function formatBasic(user: string, password: Secret, asBytes = false): string {
  const text = password.reveal()
  const bytes = asBytes && isHexKey(text) ? Buffer.from(text, 'hex') : Buffer.from(text)
  return `Basic ${Buffer.concat([Buffer.from(`${user}:`), bytes]).toString('base64')}`
}

/**
 * Whether a password has the form of an AuthorizationKey: 16 to 20 bytes in hexadecimal digits.
 *
 * @spec OCPP 1.6 security whitepaper section 2.7 (AuthorizationKey)
 */
export function isHexKey(text: string): boolean {
  return /^(?:[0-9a-fA-F]{2}){16,20}$/.test(text)
}
