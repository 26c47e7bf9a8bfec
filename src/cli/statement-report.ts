import { isSameId, type NodeId } from '../primitives/ids.ts'
import { AUDIT_HEAD } from '../security/audit-chain.ts'
import { canonicalize, parseStrict } from '../security/canonical.ts'
import { type Taken, takeSignatures } from '../security/carriers.ts'
import { decodeHeader, type StatementHeader } from '../security/header.ts'
import { ENTITLEMENT, readEntitlement } from '../security/keys/entitlement.ts'
import type { KeyDirectory, KeyProblem } from '../security/keys/key-directory.ts'
import { KEY_RECORD, type KeyUsage, REVOCATION_LIST, readKeyRecord, readRevocationList } from '../security/keys/key-record.ts' // biome-ignore format: one line
import { NODE_RECORD, readNodeRecord } from '../security/keys/node-record.ts'
import { OWNER } from '../security/policies/rule-book.ts'
import type { KnownKey } from '../security/rsa-key.ts'
import { plainAction, unpackSigned } from '../security/signed-message.ts'
import { type Expected, type KeyLookup, verifyStatement } from '../security/statement.ts'
import { refuse, type Verdict } from '../security/verdict.ts'
import { type Frame, isErrorType, KINDS, type MessageType } from '../wire/frame.ts'
import type { JsonObject } from '../wire/payload.ts'
import { decodeText } from '../wire/text.ts'

/** One key that signed, and what is known of it. */
export interface ReportedSigner {
  readonly kid: string
  readonly owner?: string
  readonly roles: readonly string[]
  /** When it signed: `usable`, or why it did not count. */
  readonly state: 'usable' | KeyProblem
  /** It is the key that the record is about: that its owner has it is all that this proves. */
  readonly isOfRecord?: true
  /** It did not say this, it saw it. */
  readonly isHop?: true
}

/** What a signed statement is worth. */
export interface StatementReport {
  readonly what: string
  readonly isRight: boolean
  readonly status: Verdict['status']
  /** Why it does not count as signed, or is not what it should be. Stable: branch on it. */
  readonly reason?: string
  /** For people. */
  readonly sentence?: string
  /** The protected header as it was signed, without what is each signer's own. */
  readonly header?: JsonObject
  readonly signers: readonly ReportedSigner[]
  /** Keys that are not known here. */
  readonly unknownKeys: readonly string[]
}

/** A statement before it is verified: the bytes, its entries and what it has to be. */
interface Opened {
  readonly bytes: Uint8Array
  readonly payload: JsonObject
  readonly entries: readonly unknown[]
  readonly expected: Expected
  readonly frame?: Frame
}

const ADMINISTRATORS: ReadonlySet<string> = new Set([OWNER, 'admin'])
const EDGE = 'edge'

/**
 * Verifies a signed statement: data, the payload of a message, or a whole frame. Whether a message
 * came in time is not judged: it may have been kept for years.
 *
 * @param nowS Seconds since 1970, for what does not say when it was signed.
 * @throws {OverlayError} where it is no JSON, or means more than one thing.
 */
export function reportOn(text: Uint8Array, directory: KeyDirectory, nowS: number): StatementReport {
  const opened = isArray(text) ? openFrame(text) : openObject(parseStrict(text))
  if ('status' in opened) return unsigned('statement', opened)
  const { bytes, entries, expected, payload } = opened
  const what = whatIs(opened)
  const own = ownKeyOf(expected, payload)
  if (typeof own === 'string') return unsigned(what, refuse('payload-malformed', { problem: own }))
  const keyOf: KeyLookup = (kid) => (own?.kid === kid ? own : directory.keyOf(kid))
  const verdict = verifyStatement(bytes, entries, { expected, keyOf })
  if (verdict.status !== 'verified') return unsigned(what, verdict)
  const signers = verdict.signers.map(({ kid, header }): ReportedSigner => {
    const isOfRecord = own?.kid === kid
    const usage = usageOf(expected, isOfRecord)
    const found = directory.find(kid, usage, header.iat || nowS)
    const record = directory.records().find(({ key }) => key.kid === kid)
    return {
      kid,
      ...(record && { owner: record.owner }),
      roles: record?.roles ?? [],
      state: found.status === 'usable' ? 'usable' : found.problem,
      ...(isOfRecord && { isOfRecord }),
      ...(header.att && { isHop: true }),
    }
  })
  const [{ header }] = verdict.signers
  const problem = problemOf(opened, header, signers)
  return {
    what,
    isRight: problem === undefined,
    status: 'verified',
    ...problem,
    header: shared(header),
    signers,
    unknownKeys: verdict.ignored,
  }
}

interface Problem {
  readonly reason: string
  readonly sentence: string
}

/** What is not right about a statement whose signatures are. */
function problemOf(
  { expected, payload, frame }: Opened,
  header: StatementHeader,
  signers: readonly ReportedSigner[],
): Problem | undefined {
  const unusable = signers.find(({ state, isOfRecord }) => state !== 'usable' && !isOfRecord)
  if (unusable) return { reason: unusable.state, sentence: `the key ${unusable.kid} did not count when it signed` } // biome-ignore format: one line
  if (expected.kind === 'message') return messageProblem(header, signers, frame)
  if (expected.ctx === KEY_RECORD) return recordProblem(payload, signers)
  if (expected.ctx === REVOCATION_LIST) return listProblem(payload, signers)
  if (expected.ctx === ENTITLEMENT) return administratorsProblem(readEntitlement(payload), signers)
  if (expected.ctx === NODE_RECORD) return nodeRecordProblem(payload, signers)
  if (expected.ctx === AUDIT_HEAD && !signers.some(({ owner }) => isSameId((owner ?? '') as NodeId, payload.node as NodeId))) return { reason: 'not-by-originator', sentence: 'no key of the node has signed it' } // biome-ignore format: one line
  return undefined
}

function messageProblem(
  header: StatementHeader,
  signers: readonly ReportedSigner[],
  frame: Frame | undefined,
): Problem | undefined {
  if (header.OCPPAction === undefined) return { reason: 'not-this-message', sentence: 'it was signed as data' } // biome-ignore format: one line
  const { from, to } = header
  const isByOrigin = signers.some(({ owner, isHop }) => !isHop && isSameId((owner ?? '') as NodeId, from as NodeId)) // biome-ignore format: one line
  const isVouched = signers.some(({ roles, isHop }) => isHop && roles.includes(EDGE))
  if (!isByOrigin && !isVouched) return { reason: 'not-by-originator', sentence: `no key of ${from} has signed it, and no edge has seen it come from there` } // biome-ignore format: one line
  const { networkPath: [source], destination } = frame?.route ?? { networkPath: [undefined], destination: undefined } // biome-ignore format: one line
  if (source !== undefined && !isSameId(source, from as NodeId)) return { reason: 'not-this-message', sentence: `it was signed as one from ${from}, and comes from ${source}` } // biome-ignore format: one line
  const last = destination?.at(-1)
  // What answers is addressed to whoever asked, by its own id.
  if (last !== undefined && !isSameId(last, to as NodeId)) return { reason: 'not-this-message', sentence: `it was signed as one for ${to}, and goes to ${last}` } // biome-ignore format: one line
  return undefined
}

function recordProblem(
  payload: JsonObject,
  signers: readonly ReportedSigner[],
): Problem | undefined {
  if (!signers.some(({ isOfRecord }) => isOfRecord)) return { reason: 'not-proved', sentence: 'its own key has not signed it' } // biome-ignore format: one line
  const isOwners = Array.isArray(payload.roles) && payload.roles.includes(OWNER)
  const mayEndorse = (role: string) => (isOwners ? role === OWNER : ADMINISTRATORS.has(role))
  const isEndorsed = signers.some(({ isOfRecord, roles }) => !isOfRecord && roles.some(mayEndorse))
  return isEndorsed ? undefined : { reason: 'not-endorsed', sentence: 'no administrator that is known here has signed it; a record that only the key it replaces has endorsed counts where that key does' } // biome-ignore format: one line
}

function listProblem(payload: JsonObject, signers: readonly ReportedSigner[]): Problem | undefined {
  return administratorsProblem(readRevocationList(payload), signers)
}

/** @param read What it says, or what is wrong with it. */
function administratorsProblem(
  read: object | string,
  signers: readonly ReportedSigner[],
): Problem | undefined {
  if (typeof read === 'string') return { reason: 'malformed', sentence: read }
  const isByAdministrator = signers.some(({ roles }) => roles.some((role) => ADMINISTRATORS.has(role))) // biome-ignore format: one line
  return isByAdministrator ? undefined : { reason: 'not-endorsed', sentence: 'no administrator has signed it' } // biome-ignore format: one line
}

function nodeRecordProblem(
  payload: JsonObject,
  signers: readonly ReportedSigner[],
): Problem | undefined {
  const record = readNodeRecord(payload)
  if (typeof record === 'string') return { reason: 'malformed', sentence: record }
  const isOwn = signers.some(({ owner }) => isSameId((owner ?? '') as NodeId, record.id))
  return isOwn ? undefined : { reason: 'not-by-originator', sentence: `no key of ${record.id} has signed it` } // biome-ignore format: one line
}

function usageOf(expected: Expected, isOfRecord: boolean): KeyUsage {
  if (expected.kind === 'message') return 'sign-message'
  if (expected.ctx === NODE_RECORD) return 'sign-message'
  const isTrust = [KEY_RECORD, REVOCATION_LIST, ENTITLEMENT].includes(expected.ctx)
  return isTrust && !isOfRecord ? 'sign-policy' : 'sign-data'
}

/** The key of a key record, which has to sign it. @returns What is wrong with the record. */
function ownKeyOf(expected: Expected, payload: JsonObject): KnownKey | string | undefined {
  if (expected.kind !== 'data' || expected.ctx !== KEY_RECORD) return undefined
  const record = readKeyRecord(payload)
  return typeof record === 'string' ? record : record.key
}

function whatIs({ expected, frame }: Opened): string {
  if (expected.kind === 'message') return `${frame ? 'frame' : 'payload'} of a ${KINDS[expected.messageType]} ${expected.action}` // biome-ignore format: one line
  const names = new Map([[KEY_RECORD, 'key record'], [REVOCATION_LIST, 'revocation list'], [AUDIT_HEAD, 'head of an audit log'], [ENTITLEMENT, 'entitlement'], [NODE_RECORD, 'node record']]) // biome-ignore format: one line
  return names.get(expected.ctx) ?? `data ${expected.ctx}`
}

function openObject(object: JsonObject): Opened | Exclude<Verdict, { status: 'verified' }> {
  const isFlattened = typeof object.payload === 'string' && typeof object.protected === 'string'
  if (isFlattened) return openSigned(object)
  const taken = takeSignatures(object)
  if ('status' in taken) return taken
  return openTaken(taken, canonicalize(taken.payload))
}

function openSigned(
  message: JsonObject,
  frame?: Frame,
): Opened | Exclude<Verdict, { status: 'verified' }> {
  const unpacked = unpackSigned(message)
  if ('status' in unpacked) return unpacked
  const { bytes, payload, entry } = unpacked
  const expected = expectedBy([entry], frame && plainAction(frame.action), frame?.type)
  return { bytes, payload, entries: [entry], expected, ...(frame && { frame }) }
}

function openFrame(text: Uint8Array): Opened | Exclude<Verdict, { status: 'verified' }> {
  const frame = decodeText(text)
  const { type, action, errorCode: code, errorDescription: description } = frame
  const object = parseStrict(frame.payload)
  if (plainAction(action) !== undefined) return openSigned(object, frame)
  const taken = takeSignatures(object)
  if ('status' in taken) return taken
  const isError = isErrorType(type)
  const signed = isError ? { code, description, details: taken.payload } : taken.payload
  return { ...openTaken(taken, canonicalize(signed), action, type), frame }
}

function openTaken(
  { payload, entries }: Taken,
  bytes: Uint8Array,
  action?: string,
  type?: MessageType,
): Opened {
  return { bytes, payload, entries, expected: expectedBy(entries, action, type) }
}

/** What the frame says that it is; where there is none, what was signed says it. */
function expectedBy(entries: readonly unknown[], action?: string, type?: MessageType): Expected {
  const [first] = entries as readonly ({ readonly protected?: unknown } | null)[]
  const header = typeof first?.protected === 'string' ? decodeHeader(first.protected) : undefined
  const isMessage = typeof header === 'object' && header.OCPPAction !== undefined
  const said = isMessage ? { action: header.OCPPAction, messageType: header.OCPPMessageTypedId } : undefined // biome-ignore format: one line
  if (type !== undefined) return { kind: 'message', action: action || (said?.action ?? ''), messageType: type } // biome-ignore format: one line
  if (said) return { kind: 'message', ...said }
  return { kind: 'data', ctx: typeof header === 'object' ? header.ctx : '' }
}

function unsigned(
  what: string,
  verdict: Exclude<Verdict, { status: 'verified' }>,
): StatementReport {
  const { status, reason, sentence, ignored } = verdict
  return { what, isRight: false, status, reason, sentence, signers: [], unknownKeys: ignored }
}

/** Without what differs between parallel signers. */
function shared(header: StatementHeader): JsonObject {
  const { alg: _, kid: __, typ: ___, v: ____, att: _____, ...rest } = header as StatementHeader & JsonObject // biome-ignore format: one line
  return rest
}

function isArray(text: Uint8Array): boolean {
  const first = text.find((byte) => !BLANKS.has(byte))
  return first === OPENING_BRACKET
}

const BLANKS: ReadonlySet<number> = new Set([9, 10, 13, 32])
const OPENING_BRACKET = 0x5b
