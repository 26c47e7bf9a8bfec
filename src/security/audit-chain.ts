import { isSameId, type NodeId } from '../primitives/ids.ts'
import type { JsonObject } from '../wire/payload.ts'
import { canonicalize } from './canonical.ts'
import { verifyPayload } from './carriers.ts'
import { sha256 } from './jwk.ts'
import type { KeyDirectory, KeyProblem } from './keys/key-directory.ts'

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
  if (!isWhole || Object.keys(entry).length !== 6) return 'it has other members than seq, time, event, details, prev and hash' // biome-ignore format: one line
  // One text for one entry: a member that is there twice would mean this to one reader and that to another.
  return JSON.stringify(entry) === line ? (entry as AuditEntry) : 'it is written in another way than it was' // biome-ignore format: one line
}

/** A signed head, and what it is worth. */
export interface CheckedHead {
  /** Of the entry that holds it. */
  readonly entry: number
  /** The last entry that it vouches for. */
  readonly seq: number
  readonly node: string
  readonly kid: string
  /** Seconds since 1970. */
  readonly signedS: number
  /** Why it vouches for nothing here, though nothing is wrong with it. */
  readonly problem?: KeyProblem
}

/** What a whole audit log comes to. */
export interface AuditReport {
  /** Up to the first that is wrong. */
  readonly entries: number
  /** The first entry that is wrong, counted as it stands in the file. */
  readonly wrong?: { readonly entry: number; readonly problem: string }
  /** The last head that a key of its node has signed. */
  readonly vouched?: CheckedHead
  /** Signed by keys that are not known, or did not count. */
  readonly unproved: readonly CheckedHead[]
  /** Entries that nobody vouches for: the end can be cut off there, and nobody would notice. */
  readonly unvouched: number
}

/**
 * Checks the lines of an audit log: that none was changed, left out or put in, and up to where a key
 * of its node vouches for them.
 *
 * @param lines Without their ends.
 */
export function checkAudit(
  lines: Iterable<string>,
  directory: Pick<KeyDirectory, 'keyOf' | 'find'>,
): AuditReport {
  let head = EMPTY_AUDIT
  let vouched: CheckedHead | undefined
  const unproved: CheckedHead[] = []
  const hashes: string[] = []
  const report = (problem?: string): AuditReport => ({
    entries: hashes.length,
    ...(problem !== undefined && { wrong: { entry: hashes.length + 1, problem } }),
    ...(vouched && { vouched }),
    unproved,
    // The head itself says nothing that somebody would have to vouch for.
    unvouched: hashes.length - (vouched ? (vouched.entry === vouched.seq + 1 ? vouched.entry : vouched.seq) : 0), // biome-ignore format: one line
  })
  for (const line of lines) {
    const entry = readAuditEntry(line)
    const problem = typeof entry === 'string' ? entry : auditProblem(head, entry)
    if (typeof entry === 'string' || problem !== undefined) return report(problem)
    if (entry.event === 'audit.head') {
      const checked = checkHead(entry, hashes, directory)
      if (typeof checked === 'string') return report(checked)
      // Of two nodes one would have taken the log of the other for its own.
      if (vouched && !isSameId(vouched.node as NodeId, checked.node as NodeId)) return report(`it is signed for ${checked.node}, and those before for ${vouched.node}`) // biome-ignore format: one line
      if (checked.problem !== undefined) unproved.push(checked)
      // An older one that is put in again vouches for no more than it did.
      else if (!vouched || checked.seq > vouched.seq) vouched = checked
    }
    hashes.push(entry.hash)
    head = { seq: entry.seq, hash: entry.hash }
  }
  return report()
}

/** @returns What is wrong with it, for people. */
function checkHead(
  { seq: entry, details }: AuditEntry,
  hashes: readonly string[],
  directory: Pick<KeyDirectory, 'keyOf' | 'find'>,
): CheckedHead | string {
  const { keyOf } = directory
  const verdict = verifyPayload(details, { expected: { kind: 'data', ctx: AUDIT_HEAD }, keyOf })
  if (verdict.status === 'unsigned' || verdict.status === 'refused') return verdict.sentence
  const { node, seq, hash } = details
  if (typeof node !== 'string' || typeof seq !== 'number') return 'it is no signed head'
  if (seq < 1 || hashes[seq - 1] !== hash) return `it is signed for another entry ${seq} than the one that stands here` // biome-ignore format: one line
  if (verdict.status !== 'verified') return { entry, seq, node, kid: verdict.ignored[0] ?? '', signedS: 0, problem: 'unknown-key' } // biome-ignore format: one line
  const [{ kid, header }] = verdict.signers
  const head = { entry, seq, node, kid, signedS: header.iat }
  const forLogs = directory.find(kid, 'log', header.iat)
  const found = forLogs.status === 'usable' ? forLogs : directory.find(kid, 'sign-data', header.iat)
  if (found.status === 'unusable') return { ...head, problem: found.problem }
  if (!isSameId(found.record.owner, node as NodeId)) return `it is signed for ${node} by a key of ${found.record.owner}` // biome-ignore format: one line
  return head
}
