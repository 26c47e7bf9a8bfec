import type { FastifyRequest } from 'fastify'
import type { SecurityEventRow } from '../storage/csms-rows.ts'
import type { CsmsStore } from '../storage/csms-store.ts'
import type { VariableRow } from '../storage/variable-rows.ts'
import { fingerprint, withFingerprints } from './fingerprints.ts'
import { HIDDEN, isSecretName } from './secrets.ts'
import { maySee } from './tokens.ts'

/** Whoever reads what stations have written in words of their own. */
export interface Reader {
  /** Whether id tokens may be read. Passwords may not, by anybody. */
  readonly seesTokens: boolean
  /** The id token that somebody has entered, where a word is one. */
  readonly tokenOf: (word: string) => string | undefined
}

export function readerOf(request: FastifyRequest, store: CsmsStore): Reader {
  return { ...strangerTo(store), seesTokens: maySee(request) }
}

/** Somebody who may not read tokens: what is told to all alike is told so. */
export function strangerTo({ tokens }: CsmsStore): Reader {
  const found = new Map<string, string | undefined>()
  const tokenOf = (word: string) => {
    if (!found.has(word)) found.set(word, tokens.find(word)?.idToken)
    return found.get(word)
  }
  return { seesTokens: false, tokenOf }
}

/** A text of a station, without passwords, and without id tokens for those who may not read them. */
export function reportedText(text: string, { seesTokens, tokenOf }: Reader): string {
  const hidden = withFingerprints(text)
  if (seesTokens) return hidden
  return hidden.replace(PARTS, (part) => tokenIn(part, tokenOf) ?? part)
}

/** What stands for a word that is an id token, or a value behind its names that is one. */
function tokenIn(part: string, tokenOf: Reader['tokenOf']): string | undefined {
  let from = 0
  for (let names = 0; names <= MAX_NAMES; names++) {
    const word = part.slice(from)
    const known = tokenOf(word) ?? (LIKE_TOKEN.test(word) ? word : undefined)
    if (known !== undefined) return part.slice(0, from) + fingerprint(known)
    const next = word.search(/[:.=|]/)
    if (next < 0) return undefined
    from += next + 1
  }
  return HIDDEN
}

/** Before a value, as in `reader.uid=…`; whoever writes more has something to hide. */
const MAX_NAMES = 8

/** JSON of a station, likewise; entered tokens only, as more in it looks like one than is. */
export function reportedJson(text: string, { seesTokens, tokenOf }: Reader): string {
  const hidden = withFingerprints(text)
  if (seesTokens) return hidden
  return hidden.replace(STRINGS, (string, colon?: string) => {
    if (colon !== undefined) return string // the name of a member
    return string.replace(PARTS, (part) => {
      const known = IS_NO_TOKEN.test(part) ? undefined : tokenOf(part)
      return known === undefined ? part : fingerprint(known)
    })
  })
}

const STRINGS = /"(?:[^"\\]|\\.)*"(\s*:)?/g
/** Times and readings: there are very many, and each word is looked up. */
const IS_NO_TOKEN = /^(?:\d{4}-\d\d-\d\dT|-?\d+\.\d+$)/
/** What can be an id token and is no ordinary word; what is hidden already begins with a `#`. */
const PARTS = /(?<![\w#])(?![a-z]+(?![\w*+@-]))[\w*+@-](?:[\w*\-+@]|[:.=|](?=[\w*\-+@]))*/g
/** UIDs of cards (4, 7 or 10 bytes), MAC addresses, contract ids (eMAID). */
const LIKE_TOKEN =
  /^(?:[\dA-F]{8}|[\dA-F]{14}|[\dA-F]{20}|(?:[\dA-F]{2}[:-]){3,9}[\dA-F]{2}|[A-Z]{2}-?[\dA-Z]{3}-?C-?[\dA-Z]{8}(?:-?[\dA-Z])?)$/i

/** Variables whose value can be an id token, or groups such, though their name does not say so. */
const TOKEN_VARIABLES: ReadonlySet<string> = new Set(['masterpassgroupid', 'vehicleid', 'evccid'])

/**
 * A variable without a value that nobody may read: OCPP lets no station report a password
 * (WriteOnly), but not each station knows.
 */
export function variableView(row: VariableRow, reader: Reader): VariableRow {
  const { value, characteristics, ...rest } = row
  const said = (characteristics ?? {}) as { valuesList?: unknown }
  const { valuesList } = said
  const shown = {
    ...rest,
    characteristics: characteristics && { ...said, ...(typeof valuesList === 'string' && { valuesList: reportedText(valuesList, reader) }) }, // biome-ignore format: one line
  }
  if (value === undefined) return { ...shown, value }
  if (isSecretVariable(row)) {
    const { valuesList: _, ...others } = said
    return { ...shown, value: fingerprint(value), characteristics: characteristics && others }
  }
  const [name = ''] = row.variable.split('#')
  const isToken = TOKEN_VARIABLES.has(name.toLowerCase()) && value !== ''
  if (isToken && !reader.seesTokens) return { ...shown, value: fingerprint(value) }
  return { ...shown, value: reportedText(value, reader) }
}

/** By the name of the variable or any instance, or because nobody is to read it. */
function isSecretVariable({ component, variable, mutability }: VariableRow): boolean {
  if (mutability === 'WriteOnly') return true
  const [, ...instances] = component.split('#')
  return [...variable.split('#'), ...instances].some(isSecretName)
}

export function securityEventView(row: SecurityEventRow, reader: Reader): SecurityEventRow {
  const { techInfo } = row
  return techInfo === undefined ? row : { ...row, techInfo: reportedText(techInfo, reader) }
}
