import { OverlayError } from '../errors.ts'
import { PROTOCOLS, type Protocol } from '../messages/protocols.ts'
import { isNodeId } from '../primitives/ids.ts'
import type { JsonObject } from '../wire/payload.ts'
import { decodeBase64url, encodeBase64url, isBase64urlOf } from './base64url.ts'
import { canonicalize, canonicalText, parseStrict } from './canonical.ts'

/** What an attesting hop says about the link a payload came over. */
export interface Attestation {
  readonly by: string
  readonly prev: string
  readonly link: 'mtls' | 'tls-basic' | 'basic' | 'none'
  readonly verified: readonly string[]
  /** Seconds since 1970. */
  readonly heldSince?: number
  readonly dropped?: readonly string[]
}

/** Which request an answer belongs to; of an unsigned request, `digest` alone. */
export interface RequestReference {
  readonly id?: string
  readonly nonce?: string
  /** base64url of SHA-256 of the request's JWS payload bytes. */
  readonly digest: string
}

interface Common {
  readonly ocpp: Protocol
  /** The name of the structure that is signed. */
  readonly ctx: string
  /** Seconds since 1970; 0 from a node without a clock. */
  readonly iat: number
  /** base64url of 16 random bytes. */
  readonly nonce: string
  readonly role?: string
  readonly name?: string
  /** Language to text. */
  readonly desc?: { readonly [language: string]: string }
  /** base64url of SHA-256 of the key's certificate. */
  readonly 'x5t#S256'?: string
  readonly att?: Attestation
}

/** What the signer of a message fills in; the rest of the header follows from the key. */
export interface MessageFields extends Common {
  /** Plain name, without `-Signed`. */
  readonly OCPPAction: string
  readonly OCPPMessageTypedId: 2 | 3 | 4 | 5 | 6
  /** UUIDv7: the message's identity, not the id of a frame. */
  readonly id: string
  /** The originator. */
  readonly from: string
  /** Node, service or group, as the originator addressed it. */
  readonly to: string
  /** Seconds since 1970, not before `iat`. */
  readonly exp: number
  /** On answers (types 3, 4, 5), and only there. */
  readonly req?: RequestReference
  /** base64url of the 16 bytes of a challenge. */
  readonly chal?: string
}

/** What the signer of a data statement fills in. */
export interface DataFields extends Common {
  /** base64url of SHA-256 of the canonical payload. */
  readonly id: string
  readonly exp?: number
}

interface Key {
  readonly alg: string
  readonly kid: string
  readonly typ: 'ww+jws'
  readonly v: 1
}

/** A protected header that follows all rules. A message has `OCPPAction`, data has not. */
export type StatementHeader = Key & (MessageFields | (DataFields & { readonly OCPPAction?: never }))

/** Longest `protected` text of an entry, in characters of base64url. */
export const MAX_HEADER_CHARACTERS = 4096

type Rule = (value: unknown) => boolean

const isText: Rule = (value) => typeof value === 'string' && value.length > 0 && value.length <= 255
const isSeconds: Rule = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const isBytes =
  (length: number): Rule =>
  (value) =>
    typeof value === 'string' && isBase64urlOf(value, length)
const matches =
  (pattern: RegExp): Rule =>
  (value) =>
    typeof value === 'string' && pattern.test(value)
const isOneOf =
  (...values: readonly unknown[]): Rule =>
  (value) =>
    values.includes(value)
const isNode: Rule = (value) => typeof value === 'string' && isNodeId(value)
const isListOfKids: Rule = (value) => Array.isArray(value) && value.every(isBytes(32))
const isTexts: Rule = (value) => isObject(value) && Object.values(value).every(isText)
const isUuidV7 = matches(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)

/** Which members there may be, and the rule of each. */
type Members = readonly (readonly [
  name: string,
  { readonly rule: Rule; readonly isOptional?: true },
])[]

// biome-ignore format: a table
const COMMON: Members = [
  ['alg',      { rule: isText }],
  ['kid',      { rule: isBytes(32) }],
  ['typ',      { rule: isOneOf('ww+jws') }],
  ['v',        { rule: isOneOf(1) }],
  ['ocpp',     { rule: isOneOf(...PROTOCOLS) }],
  ['ctx',      { rule: isText }],
  ['iat',      { rule: isSeconds }],
  ['nonce',    { rule: isBytes(16) }],
  ['role',     { rule: isText, isOptional: true }],
  ['name',     { rule: isText, isOptional: true }],
  ['desc',     { rule: isTexts, isOptional: true }],
  ['x5t#S256', { rule: isBytes(32), isOptional: true }],
  ['att',      { rule: (value) => problemOf(value, ATTESTATION) === undefined, isOptional: true }],
]

// biome-ignore format: a table
const MESSAGE: Members = [
  ...COMMON,
  ['OCPPAction',         { rule: matches(/^[A-Za-z][A-Za-z0-9]{0,99}$/) }],
  ['OCPPMessageTypedId', { rule: isOneOf(2, 3, 4, 5, 6) }],
  ['id',                 { rule: isUuidV7 }],
  ['from',               { rule: isNode }],
  ['to',                 { rule: isNode }],
  ['exp',                { rule: isSeconds }],
  ['req',                { rule: (value) => problemOf(value, REQUEST) === undefined, isOptional: true }],
  ['chal',               { rule: isBytes(16), isOptional: true }],
]

// biome-ignore format: a table
const DATA: Members = [
  ...COMMON,
  ['id',  { rule: isBytes(32) }],
  ['exp', { rule: isSeconds, isOptional: true }],
]

// biome-ignore format: a table
const REQUEST: Members = [
  ['id',     { rule: isUuidV7, isOptional: true }],
  ['nonce',  { rule: isBytes(16), isOptional: true }],
  ['digest', { rule: isBytes(32) }],
]

// biome-ignore format: a table
const ATTESTATION: Members = [
  ['by',        { rule: isNode }],
  ['prev',      { rule: isNode }],
  ['link',      { rule: isOneOf('mtls', 'tls-basic', 'basic', 'none') }],
  ['verified',  { rule: isListOfKids }],
  ['heldSince', { rule: isSeconds, isOptional: true }],
  ['dropped',   { rule: isListOfKids, isOptional: true }],
]

/**
 * Writes a protected header as base64url of its canonical form.
 *
 * @throws {TypeError} when it breaks a rule: then the caller is wrong, nobody else.
 */
export function encodeHeader(header: StatementHeader): string {
  const problem = problemOfHeader(header)
  if (problem) throw new TypeError(`this header cannot be signed: ${problem}`)
  const text = Buffer.from(headerText(header)).toString('base64url')
  if (text.length > MAX_HEADER_CHARACTERS) throw new TypeError('this header is too long')
  return text
}

/** All members in the order of their names, as they stand in JSON: a header need not be sorted each time. */
const WRITTEN = MESSAGE.map(([name]) => name)
  .sort()
  .map((name) => [name, `"${name}":`] as const)

/** The canonical form of a header that follows the rules. */
export function headerText(header: StatementHeader): string {
  let text = ''
  for (const [name, written] of WRITTEN) {
    const value = (header as unknown as JsonObject)[name]
    if (value !== undefined)
      text += `${text === '' ? '{' : ','}${written}${canonicalText(value, 1)}`
  }
  return `${text}}`
}

/**
 * Reads a protected header. A member without a rule is refused, among them `crit`, `b64`, `jwk`,
 * `jku`, `x5c` and `x5u`: what is not understood cannot be obeyed, and no header supplies a key.
 *
 * @param text base64url, at most 4096 characters: the caller has checked that.
 * @returns The header, or what is wrong with it.
 */
export function decodeHeader(text: string): StatementHeader | string {
  const bytes = decodeBase64url(text)
  if (!bytes) return 'it is not canonical base64url'
  let header: JsonObject
  try {
    header = parseStrict(bytes)
  } catch (error) {
    if (!(error instanceof OverlayError)) throw error
    return 'it is not JSON that means one thing only'
  }
  return problemOfHeader(header) ?? (header as unknown as StatementHeader)
}

/** Members in which parallel entries may differ: they are the signer's, not the statement's. */
const OWN: ReadonlySet<string> = new Set(['alg', 'kid', 'x5t#S256', 'role', 'name', 'desc', 'att'])

/** The first member about which two headers do not agree and should; undefined when they agree. */
export function disagreement(a: StatementHeader, b: StatementHeader): string | undefined {
  const [one, other] = [a, b] as unknown as [JsonObject, JsonObject]
  const members = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...members].find((name) => !OWN.has(name) && !isSameJson(one[name], other[name]))
}

/** Whether two parsed JSON values, or their absence, are the same. */
export function isSameJson(a: unknown, b: unknown): boolean {
  if (a === undefined || b === undefined) return a === b
  return encodeBase64url(canonicalize(a)) === encodeBase64url(canonicalize(b))
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function problemOfHeader(header: object): string | undefined {
  const { OCPPMessageTypedId: type, req, iat, exp } = header as Partial<MessageFields>
  const isMessage = Object.hasOwn(header, 'OCPPAction') || type !== undefined
  const problem = problemOf(header, isMessage ? MESSAGE : DATA)
  if (problem) return problem
  if (exp !== undefined && exp < (iat ?? 0)) return 'exp is before iat'
  if (!isMessage) return undefined
  const isAnswer = type === 3 || type === 4 || type === 5
  if (isAnswer !== (req !== undefined)) return 'req stands in answers, and only there'
  if ((req?.id === undefined) !== (req?.nonce === undefined)) return 'req has one of id and nonce'
  return undefined
}

function problemOf(value: unknown, rules: Members): string | undefined {
  if (!isObject(value)) return 'it is not an object'
  let known = 0
  for (const [name, { rule, isOptional }] of rules) {
    const member = value[name]
    if (member === undefined && isOptional && !Object.hasOwn(value, name)) continue
    if (member === undefined || !rule(member)) return `${name} is missing or wrong`
    known++
  }
  // The name is a peer's: it is not repeated in a sentence.
  return Object.keys(value).length === known
    ? undefined
    : 'it has a member that has no meaning here'
}
