import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../primitives/clock.ts'
import { isSameId, type NodeId } from '../primitives/ids.ts'
import type { InvitedFor } from '../security/keys/commissioning.ts'
import { writeWhole } from './whole-file.ts'

const FOLDER = 'invitations'
const LIFETIME_S = 24 * 3_600

interface Stored extends InvitedFor {
  readonly ids?: readonly string[]
  /** base64url. */
  readonly secret: string
  /** Seconds since 1970. */
  readonly untilS: number
  /** kid of the key that has used it. */
  readonly usedBy?: string
}

export interface KeptInvitation extends InvitedFor {
  /** Stations that it may vouch for, with *. */
  readonly ids?: readonly string[]
  readonly secret: Uint8Array
}

/**
 * Who was invited into the overlay and has not come yet: a file for each, so that the command line
 * invites while the node runs. Each is good for a day and for one key.
 */
export class InvitationFiles {
  readonly #folder: string
  readonly #clock: Clock

  /** @param keys The folder of the keys of the node that invites. */
  constructor(keys: string, clock: Clock) {
    this.#folder = join(keys, FOLDER)
    this.#clock = clock
  }

  /**
   * Keeps an invitation; earlier ones of the same name are good no longer.
   *
   * @returns Until when it is good, in seconds since 1970.
   */
  add({ secret, ...invited }: KeptInvitation): number {
    for (const [file, one] of this.#all()) if (isSameId(one.owner, invited.owner)) rmSync(file)
    const text = Buffer.from(secret).toString('base64url')
    const stored: Stored = { ...invited, secret: text, untilS: this.#nowS() + LIFETIME_S }
    writeWhole(this.#fileOf(text), JSON.stringify(stored))
    return stored.untilS
  }

  /** Those that are still good for a name. */
  of(owner: NodeId): KeptInvitation[] {
    const nowS = this.#nowS()
    return this.#all().flatMap(([file, one]) => {
      if (one.untilS <= nowS) rmSync(file, { force: true })
      const isGood = one.untilS > nowS && isSameId(one.owner, owner)
      if (!isGood) return []
      const { secret, untilS: _, usedBy: __, ...invited } = one
      return [{ ...invited, secret: Buffer.from(secret, 'base64url') }]
    })
  }

  /** Who was invited and has not come, by whomever; the codes themselves are not told. */
  pending(): {
    readonly owner: NodeId
    readonly roles: readonly string[]
    readonly untilS: number
  }[] {
    const nowS = this.#nowS()
    return this.#all().flatMap(([, { owner, roles, untilS, usedBy }]) => (untilS > nowS && usedBy === undefined ? [{ owner, roles, untilS }] : [])) // biome-ignore format: one line
  }

  /** Uses one up. The same key may come back: the answer may have been lost. */
  use({ secret }: Pick<KeptInvitation, 'secret'>, kid: string): 'used' | 'used-by-another' {
    const file = this.#fileOf(Buffer.from(secret).toString('base64url'))
    if (!existsSync(file)) return 'used-by-another'
    const stored = JSON.parse(readFileSync(file, 'utf8')) as Stored
    if (stored.usedBy === undefined) writeWhole(file, JSON.stringify({ ...stored, usedBy: kid }))
    return stored.usedBy === undefined || stored.usedBy === kid ? 'used' : 'used-by-another'
  }

  #all(): [file: string, Stored][] {
    if (!existsSync(this.#folder)) return []
    const names = readdirSync(this.#folder).filter((name) => name.endsWith('.json'))
    return names.map((name) => {
      const file = join(this.#folder, name)
      return [file, JSON.parse(readFileSync(file, 'utf8')) as Stored]
    })
  }

  #fileOf(secret: string): string {
    const name = createHash('sha256').update(secret).digest('hex').slice(0, 16)
    return join(this.#folder, `${name}.json`)
  }

  #nowS(): number {
    return Math.floor(this.#clock.now() / 1_000)
  }
}
