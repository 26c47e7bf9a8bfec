import { isNodeId, isSameId, type NodeId } from '../../primitives/ids.ts'
import type { JsonObject } from '../../wire/payload.ts'
import { stripSignatures, verifyPayload } from '../carriers.ts'
import { ENTITLEMENT, readEntitlement } from './entitlement.ts'
import type { KeyDirectory } from './key-directory.ts'
import { isListOf, isRecord, isSeconds, isText, spanProblem, unknownMember } from './record-checks.ts' // biome-ignore format: one line

/** The structure that is signed. */
export const NODE_RECORD = 'urn:wattweave:node-record:1'

/** Who a node is and what it offers, in its own words. */
export interface NodeRecord {
  readonly id: NodeId
  /** The version of the overlay protocol that it speaks. */
  readonly protocol: number
  readonly services: readonly string[]
  readonly groups: readonly string[]
  /** kids of the keys that it signs with. */
  readonly keys: readonly string[]
  /** Rises with each record. */
  readonly sequence: number
  /** Seconds since 1970, both included. */
  readonly notBefore: number
  readonly notAfter: number
  /** The signed entitlement by whose authority it offers that; undefined: none was given. */
  readonly authority?: JsonObject
}

const MAX_NAMES = 256

/** Reads the payload without its signatures, as `readKeyRecord`. */
export function readNodeRecord(payload: JsonObject): NodeRecord | string {
  const { id, protocol, services, groups, keys, sequence, notBefore, notAfter, authority, ...others } = payload // biome-ignore format: one line
  const unknown = unknownMember(others, 'a node record')
  if (unknown) return unknown
  if (typeof id !== 'string' || !isNodeId(id)) return 'id is no id'
  if (!isSeconds(protocol)) return 'protocol is no number'
  const lists = { services, groups, keys }
  const wrong = Object.entries(lists).find(([, list]) => !isListOf(list, isText, MAX_NAMES))
  if (wrong) return `${wrong[0]} is no list of at most ${MAX_NAMES} names`
  if (!isSeconds(sequence)) return 'sequence is no number'
  const wrongSpan = spanProblem(notBefore, notAfter)
  if (wrongSpan) return wrongSpan
  if (authority !== undefined && !isRecord(authority)) return 'authority is no signed entitlement'
  const rest = { sequence, notBefore: notBefore as number, notAfter: notAfter as number }
  return { id, protocol, ...(lists as Pick<NodeRecord, 'services' | 'groups' | 'keys'>), ...rest, ...(authority && { authority }) } // biome-ignore format: one line
}

/** The payload, to be signed. */
export function nodeRecordPayload(record: NodeRecord): JsonObject {
  return { ...record } as unknown as JsonObject
}

/** What a node record is worth here. */
export type JudgedNodeRecord =
  | {
      readonly status: 'believed'
      readonly record: NodeRecord
      /** Of its services, those that an administrator has entitled it to. */
      readonly entitled: readonly string[]
      /** Who has signed the entitlement; undefined: there is none that counts. */
      readonly issuer: NodeId | undefined
    }
  | { readonly status: 'refused'; readonly sentence: string }

/**
 * Whether a signed node record is by the node that it is about, and of now.
 *
 * @param nowS Seconds since 1970.
 */
export function judgeNodeRecord(
  payload: JsonObject,
  directory: KeyDirectory,
  nowS: number,
): JudgedNodeRecord {
  const verdict = verifyPayload(payload, { expected: { kind: 'data', ctx: NODE_RECORD }, keyOf: directory.keyOf }) // biome-ignore format: one line
  if (verdict.status !== 'verified') return refused(verdict.sentence)
  const record = readNodeRecord(verdict.payload ?? {})
  if (typeof record === 'string') return refused(record)
  const { id, notBefore, notAfter, authority, services } = record
  const isOwn = verdict.signers.some(({ kid }) => {
    const found = directory.find(kid, 'sign-message', nowS)
    return found.status === 'usable' && isSameId(found.record.owner, id)
  })
  if (!isOwn) return refused(`no key of ${id} that counts has signed it`)
  if (nowS < notBefore || nowS > notAfter) return refused('its time is over, or has not come yet')
  const issuer = authority && issuerOf(authority, id, directory, nowS)
  const entitled = services.filter((one) => issuer !== undefined && directory.entitlements.mayServe(id, one, undefined, nowS) === true) // biome-ignore format: one line
  return { status: 'believed', record, entitled, issuer }
}

/** Who has entitled a node by a statement that counts. */
function issuerOf(
  authority: JsonObject,
  node: NodeId,
  directory: KeyDirectory,
  nowS: number,
): NodeId | undefined {
  const verdict = verifyPayload(authority, { expected: { kind: 'data', ctx: ENTITLEMENT }, keyOf: directory.keyOf }) // biome-ignore format: one line
  const entitlement = readEntitlement(stripSignatures(authority))
  if (verdict.status !== 'verified' || typeof entitlement === 'string') return undefined
  if (!isSameId(entitlement.node, node) || !directory.isByAdministrator(verdict.signers, nowS)) return undefined // biome-ignore format: one line
  const [{ kid }] = verdict.signers
  const found = directory.find(kid, 'sign-policy', nowS)
  return found.status === 'usable' ? found.record.owner : undefined
}

function refused(sentence: string): JudgedNodeRecord {
  return { status: 'refused', sentence }
}
