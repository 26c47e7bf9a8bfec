import type { JsonObject } from '../wire/payload.ts'
import { canonicalize } from './canonical.ts'
import { sha256 } from './jwk.ts'

/** The structure that a node signs to vouch for its audit log up to an entry. */
export const AUDIT_HEAD = 'urn:wattweave:audit-head:1'

/**
 * What happened at a node that somebody may have to prove or account for: one line of its audit log.
 *
 * @spec docs/security.md, "Audit log"
 */
export interface AuditEntry {
  /** 1 for the first, and no number is left out. */
  readonly seq: number
  /** RFC 3339, UTC. */
  readonly time: string
  /** E.g. `rules.changed`. */
  readonly event: string
  readonly details: JsonObject
  /** `hash` of the entry before; of the first one 43 times A, which is 32 bytes of zero. */
  readonly prev: string
  /** base64url of SHA-256 of RFC 8785 of the entry without this member. */
  readonly hash: string
}

/** Where a chain ends. */
export interface AuditHead {
  readonly seq: number
  readonly hash: string
}

/** Before the first entry. */
export const EMPTY_AUDIT: AuditHead = { seq: 0, hash: 'A'.repeat(43) }

/** The entry that comes after a head. */
export function chainedEntry(
  { seq, hash }: AuditHead,
  said: Pick<AuditEntry, 'time' | 'event' | 'details'>,
): AuditEntry {
  const entry = { seq: seq + 1, ...said, prev: hash }
  return { ...entry, hash: hashOf(entry) }
}

/**
 * Why an entry does not follow a head, for people; undefined where it does. Whoever changes, leaves out
 * or puts in an entry would have to change all that come after it.
 */
export function auditProblem(head: AuditHead, entry: AuditEntry): string | undefined {
  const { hash, ...said } = entry
  if (entry.seq !== head.seq + 1)
    return `it has the number ${entry.seq}, not ${head.seq + 1}: entries are missing or doubled`
  if (entry.prev !== head.hash)
    return 'it follows another entry than the one before it: one of them was put in or changed'
  if (hashOf(said) !== hash) return 'it was changed: its hash is that of another entry'
  return undefined
}

function hashOf(entry: Omit<AuditEntry, 'hash'>): string {
  return sha256(canonicalize(entry as unknown as JsonObject))
}

/** An entry as it stands in a file. @returns Why it is none, for people. */
export function readAuditEntry(line: string): AuditEntry | string {
  let entry: Partial<AuditEntry>
  try {
    entry = JSON.parse(line) ?? {}
  } catch {
    return 'it is no JSON'
  }
  const { seq, time, event, details, prev, hash } = entry
  const isWhole =
    Number.isSafeInteger(seq) &&
    [time, event, prev, hash].every((one) => typeof one === 'string') &&
    typeof details === 'object' &&
    details !== null
  return isWhole && Object.keys(entry).length === 6
    ? (entry as AuditEntry)
    : 'it has other members than seq, time, event, details, prev and hash'
}
