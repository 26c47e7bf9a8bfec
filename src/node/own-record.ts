import { type Clock, systemClock } from '../primitives/clock.ts'
import { isSameId, type NodeId } from '../primitives/ids.ts'
import { type Randomness, systemRandomness } from '../primitives/randomness.ts'
import { signData } from '../security/data-statement.ts'
import { NODE_RECORD, nodeRecordPayload } from '../security/keys/node-record.ts'
import type { Signer } from '../security/signer.ts'
import { OVERLAY_VERSION } from '../transport/negotiation.ts'
import type { JsonObject } from '../wire/payload.ts'
import type { AnyHandler } from './handlers.ts'
import { isManaged } from './management.ts'
import type { NodeOptions } from './node-options.ts'

const LIFETIME_S = 24 * 3_600
/** Whoever gets one has it for an hour at the least. */
const RENEWAL_S = 23 * 3_600

/** The node around its record. */
interface OwnRecordSite {
  readonly id: NodeId
  services(): readonly string[]
  readonly clock: Clock
  readonly random: Randomness
  signer(): Signer
  signedEntitlements(): readonly JsonObject[]
}

interface Made {
  readonly kid: string
  readonly authority: JsonObject | undefined
  readonly sequence: number
  readonly at: number
  readonly record: Promise<JsonObject>
}

/**
 * The record of this node: who it is, what it offers, until when and by whose authority. It is made
 * when somebody asks, and anew when what it says has changed.
 *
 * @spec docs/security.md, "Node records and entitlements"
 */
class OwnRecord {
  readonly #site: OwnRecordSite
  #made: Made | undefined

  constructor(site: OwnRecordSite) {
    this.#site = site
  }

  /** @throws {OverlayError} ERR_SIGNATURE_FAILED */
  signed(): Promise<JsonObject> {
    const { id, services, clock, random, signer, signedEntitlements } = this.#site
    const at = Math.floor(clock.now() / 1_000)
    const own = signer()
    const authority = signedEntitlements().find(({ node }) => isSameId(node as NodeId, id))
    const made = this.#made
    const isCurrent = made?.kid === own.kid && made.authority === authority && at < made.at + RENEWAL_S // biome-ignore format: one line
    if (isCurrent) return made.record
    // The time of its making rises across restarts, too, and nothing has to be kept for it.
    const sequence = Math.max(at, (made?.sequence ?? 0) + 1)
    const payload = nodeRecordPayload({ id, protocol: OVERLAY_VERSION, services: services(), groups: [], keys: [own.kid], sequence, notBefore: at, notAfter: at + LIFETIME_S, ...(authority && { authority }) }) // biome-ignore format: one line
    const record = signData(payload, NODE_RECORD, [own], { nowS: at, random })
    this.#made = { kid: own.kid, authority, sequence, at, record }
    // One that could not be signed is tried again by whoever asks next.
    record.catch(() => (this.#made = undefined))
    return record
  }
}

/** Answers who this node is; only where it could say by whose authority. */
export function recordHandlers(
  { security, nodeId, clock = systemClock, random = systemRandomness }: NodeOptions,
  services: () => readonly string[],
): ReadonlyMap<string, AnyHandler> {
  const trust = security?.trust
  if (!security || !isManaged(trust)) return new Map()
  const own = new OwnRecord({
    id: nodeId as NodeId,
    services,
    clock,
    random,
    signer: () => security.signer,
    signedEntitlements: () => trust.signedEntitlements(),
  })
  return new Map([['GetNodeRecord', async () => ({ nodeRecord: await own.signed() })]])
}
