import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NodeId } from '../../../src/primitives/ids.ts'
import { createUuidV7 } from '../../../src/primitives/randomness.ts'
import type { AlgorithmName } from '../../../src/security/algorithms.ts'
import { encodeBase64url } from '../../../src/security/base64url.ts'
import { canonicalize } from '../../../src/security/canonical.ts'
import type { SignatureEntry } from '../../../src/security/entry.ts'
import type { MessageFields } from '../../../src/security/header.ts'
import { type KeyRecord, keyRecordPayload } from '../../../src/security/keys/key-record.ts'
import type { Signer } from '../../../src/security/signer.ts'
import { signStatement } from '../../../src/security/statement.ts'
import { createKeyFile, openKeyFile } from '../../../src/storage/private-keys.ts'
import { keyFrom } from '../../../src/storage/secret-store.ts'

/** Of a key: whose it is and what it may do. */
export interface KeyFacts {
  readonly owner: string
  readonly roles?: readonly string[]
  readonly alg?: AlgorithmName
  /** Seconds from now. Default: an hour ago, in a day. */
  readonly from?: number
  readonly until?: number
  /** Default: messages only. */
  readonly usages?: KeyRecord['usages']
  /** No node is told of it. */
  readonly isUnknown?: boolean
}

// biome-ignore format: a table
/** Everybody's keys, by name; what a test signs with them is the deed of an insider, or of a thief. */
export const KEYS: Readonly<Record<string, KeyFacts>> = {
  CSMS01:   { owner: 'CSMS01', roles: ['operations'] },
  NN01:     { owner: 'NN01', roles: ['edge'] },
  OWNER:    { owner: 'OWNER01', roles: ['owner'], usages: ['sign-message', 'sign-policy'] },
  LC01:     { owner: 'LC01', roles: ['load-management'] },
  GUEST:    { owner: 'GUEST', roles: ['technician'] },
  DRIVER:   { owner: 'DRIVER', roles: ['driver-session'] },
  SECOND:   { owner: 'ADMIN', roles: ['operations'], alg: 'Ed25519' },
  OVER:     { owner: 'CSMS01', roles: ['operations'], from: -7_200, until: -3_600 },
  NOT_YET:  { owner: 'CSMS01', roles: ['operations'], from: 3_600 },
  STRANGER: { owner: 'CSMS01', roles: ['operations'], isUnknown: true },
}

const HOUR_S = 3_600

/** The keys of an overlay in files, and what may be done with them. */
export class KeyRing {
  readonly #folder: string
  readonly #signers = new Map<string, Signer>()
  readonly #records = new Map<string, KeyRecord>()
  readonly #newId = createUuidV7(() => Date.now())

  constructor(folder: string) {
    this.#folder = join(folder, 'keys')
    mkdirSync(this.#folder, { recursive: true })
    for (const [name, facts] of Object.entries(KEYS)) this.#make(name, facts)
  }

  /** `security` of a node, for its configuration. */
  settingsOf(name: string, more: object = {}, trust = Object.keys(KEYS)) {
    const known = trust.filter((one) => KEYS[one]?.isUnknown !== true)
    return {
      keyFile: this.#file(`${name}.pem`),
      passphraseFile: this.#file('passphrase'),
      trust: known.map((one) => this.#file(`${one}.json`)),
      ...more,
    }
  }

  signer(name: string): Signer {
    const signer = this.#signers.get(name)
    if (!signer) throw new Error(`there is no key ${name}`)
    return signer
  }

  record(name: string): KeyRecord {
    const record = this.#records.get(name)
    if (!record) throw new Error(`there is no key ${name}`)
    return record
  }

  /**
   * Signs a payload as a message, with every field as the test wants it.
   *
   * @param names Keys that sign, in parallel.
   */
  async sign(
    names: readonly string[],
    payload: object,
    fields: Partial<MessageFields>,
  ): Promise<SignatureEntry[]> {
    const iat = Math.floor(Date.now() / 1_000)
    const { OCPPAction = '', from = 'CSMS01' } = fields
    const nonce = encodeBase64url(crypto.getRandomValues(new Uint8Array(16)))
    const all = { ocpp: 'ocpp1.6', ctx: `urn:wattweave:ocpp1.6:${OCPPAction}:request`, OCPPMessageTypedId: 2, id: this.#newId(), iat, exp: iat + 60, nonce, ...fields, from } as MessageFields // biome-ignore format: one line
    return Promise.all(names.map((name) => signStatement(canonicalize(payload), all, this.signer(name)))) // biome-ignore format: one line
  }

  #make(
    name: string,
    {
      owner,
      roles = [],
      alg = 'ES256',
      usages = ['sign-message'],
      from = -HOUR_S,
      until = 24 * HOUR_S,
    }: KeyFacts,
  ): void {
    const passphrase = keyFrom(this.#file('passphrase'))
    const key = createKeyFile(this.#file(`${name}.pem`), alg, passphrase)
    const now = Math.floor(Date.now() / 1_000)
    const record: KeyRecord = { key, owner: owner as NodeId, usages, roles, notBefore: now + from, notAfter: now + until } // biome-ignore format: one line
    writeFileSync(this.#file(`${name}.json`), JSON.stringify(keyRecordPayload(record)))
    this.#records.set(name, record)
    this.#signers.set(name, openKeyFile(this.#file(`${name}.pem`), passphrase))
  }

  #file(name: string): string {
    return join(this.#folder, name)
  }
}
