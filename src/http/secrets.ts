/** Which members of messages, settings and log lines nobody may read, and which parts of texts. */

/** Stands where something was that nobody may read. */
export const HIDDEN = '[secret]'

/** By name without case and punctuation: `id_token`, `idToken` and `IdToken` are one. */
const NAMES: ReadonlySet<string> = new Set([
  'idtag',
  'parentidtag',
  'pin',
  'simpin',
  'cookie',
  'setcookie',
])
/** Parts of names at whose end they stand; in texts they may be written in parts too. */
const WORDS =
  'pass(?:word|phrase|code|key|wd)|pwd|psk|secret|token|(?:authorization|private|secret|api|shared|vpn|wifi|wpa)[_-]?key'
const ENDINGS = new RegExp(String.raw`(?:${WORDS}|authorization|\widtag)s?\d*$`)
/** `userPin`, but not `spin`. */
const PINS = /(?:[^A-Za-z]p|[a-z\d]P)(?:in|IN)s?\d*$/
/** Standard variables and values that end like a secret and only say what is allowed. */
const READABLE: ReadonlySet<string> = new Set([
  'localpreauthorization',
  'disableremoteauthorization',
  'noauthorization',
])

/** Members that name a variable; it is set or reported in another member. */
const NAMING = 'key|name|variable|variableName|instance|setting|parameter|option'
const NAMING_NAME = new RegExp(`^(?:${NAMING})$`, 'i')
const NAMED_VARIABLES = new RegExp(
  String.raw`\b(?:${NAMING})(?:\\*["'])?\s*[:=]\s*(?:\\*["']([^"'\\]{1,100})\\*["']|([\w.-]{1,100})(?![\w.-]))`,
  'gi',
)
/** The whole name of something, not a text about it. */
const IS_NAME = /^\w[\w.:/[\]-]*(?: [A-Z][\w.:/[\]-]*)*$/
const VALUE_NAMES: ReadonlySet<string> = new Set(
  ['value', 'attributeValue', 'actualValue', 'valuesList'].map((name) => name.toLowerCase()),
)
/** What OCPP 2.x calls a variable that nobody is to read, whatever its name. */
const WRITE_ONLY = /\bmutability\b(?:\\*["'])?\s*[:=]\s*(?:\\*["'])?WriteOnly\b/i

// biome-ignore format: a table
/** Secrets that stand in a text: what is before them is kept. */
const SECRET_TEXTS: readonly RegExp[] = [
  /(\b(?:[Bb]asic|BASIC)\s+)(?![a-z]{1,15}(?![\w+/=.~:-]))[\w+/=.~:-]{4,}/g,
  /(\b(?:Bearer|Digest)\s+)[\w+/=.~:-]{4,}/gi,
  /(\b(?:set-)?cookie\s*:[^\S\r\n]*)[^\s"'\\][^\r\n"\\]*/gi,
  /(\/\/)[^\s/:@]*:[^\s/?#]*(?=@)/g,
  /(:\/\/)[^\s/?#@"\\]+(?=@)/g,
  // A password with `/`, `?` or `#` in it; digits before these are a port.
  /(:\/\/)(?![^\s/:@?#]*:\d{1,5}[/?#])[^\s/:@?#"\\[]{0,200}:[^\s"\\<>]{0,200}(?=@)/g,
  new RegExp(String.raw`([?&;](?:[\w.%-]{0,50}(?:signature|${WORDS})|sig|key|auth|pass)=)[^\s&#"]+`, 'gi'),
  new RegExp(String.raw`(<(?:[\w-]{1,30}:)?[\w-]{0,50}?(?:${WORDS}|id[_-]?tag|(?<![a-z])pin)s?\d*(?:\s[^<>]{0,200})?>\s*(?:<!\[CDATA\[)?)[^<\s][^<]*`, 'gi'),
  /()-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*-----|$)/g,
  /()\$(?:argon2id|hmac-sha256)\$\S+/g,
]
/** The same at the end of a text of which only the beginning is known. */
const CUT_URL = /(\/\/)[^\s/:@]*:[^\s/?#]*$/
const CUT_URL_WITH_MARKS =
  /(:\/\/)(?![^\s/:@?#]*:\d{1,5}(?:[/?#]|$))[^\s/:@?#"\\[]{0,200}:[^\s"\\<>]{0,200}$/

/** Of the sentence around a secret: `is unknown`, `expired.`, `20 characters` */
const ORDINARY = String.raw`(?:[A-Z]?[a-z]{1,15}(?:['-][a-z]{1,15}){0,3}|\d{1,3}(?:\.\d{1,2})?)[.:!?]*(?![\w+/=.~:-])`
/** Without `=` a value is told by its quotes, or by being no word of the sentence. */
const QUOTED = String.raw`(?=\\*["'])`
const NAMED_IN_TEXT = String.raw`(?i:${WORDS}|id[_-]?tag|(?<![A-Za-z])(?:sim[_-]?)?pin|authorization(?!["'\\\s]*[=:]["'\\\s]*(?:basic|bearer|digest)\b))[sS]?\d{0,3}`
const VALUE_IN_TEXT = '(?i:attribute|actual)?(?i:value)'
/** How a value begins after its name, with `=` or without. */
const AFTER_NAME = String.raw`(?:\\*["'])?\s*(?:[=:]>?|->)\s*`
const IN_SENTENCE = String.raw`(?:\\*["'])?\s+(?:${QUOTED}|(?:is|was|value)\s+(?:${QUOTED}|(?=[A-Za-z+/=.~:-]{0,40}\d)(?!${ORDINARY}))|(?=[\w+/])(?!${ORDINARY}))`
const SECRETS = new RegExp(`${NAMED_IN_TEXT}(?:${AFTER_NAME}|${IN_SENTENCE})`, 'g')
const SECRETS_OR_VALUES = new RegExp(
  `(?:${NAMED_IN_TEXT}(?:${AFTER_NAME}|${IN_SENTENCE})|${VALUE_IN_TEXT}${AFTER_NAME})`,
  'g',
)

/** Whether a member of this name holds an id token, a password or a key. */
export function isSecretName(name: string): boolean {
  if (PINS.test(name)) return true
  const plain = name.replace(/[^A-Za-z0-9]/g, '').toLowerCase()
  if (READABLE.has(plain)) return false
  return NAMES.has(plain) || ENDINGS.test(plain)
}

/** Whether one member says that another one holds a secret: `"key":"AuthorizationKey"`. */
export function isNameOfSecret(member: string, value: unknown): boolean {
  return typeof value === 'string' && namingOf(member, value) === 'secret'
}

/** What a member names that names a variable; undefined where it is none that does. */
export function namingOf(
  member: string,
  value: string,
): 'secret' | 'harmless' | 'unclear' | undefined {
  if (isWriteOnly(member, value)) return 'secret'
  if (!NAMING_NAME.test(member)) return undefined
  if (isSecretVariable(value)) return 'secret'
  return IS_NAME.test(value) ? 'harmless' : 'unclear'
}

/** Whether a secret variable is named anywhere in a text, be it JSON or not quite. */
export function namesSecret(text: string): boolean {
  for (const [, quoted, bare] of text.matchAll(NAMED_VARIABLES)) {
    if (isSecretVariable(quoted ?? bare ?? '')) return true
  }
  return WRITE_ONLY.test(text)
}

function isWriteOnly(member: string, value: string): boolean {
  return /^mutability$/i.test(member) && /^WriteOnly$/i.test(value)
}

function isSecretVariable(name: string): boolean {
  return IS_NAME.test(name) && isSecretName(name)
}

/** Whether a member of this name holds the value of a variable. */
export function isValueName(name: string): boolean {
  return VALUE_NAMES.has(name.toLowerCase())
}

/** What is known of a text. */
interface TextKnowledge {
  /** Only its beginning is there. */
  readonly isCut: boolean
  /** What it calls a value is a secret. */
  readonly hidesValues: boolean
}

/** A text that is no JSON, without the secrets that can be told from its form. */
export function hideInText(text: string, { isCut, hidesValues }: TextKnowledge): string {
  const formed = SECRET_TEXTS.reduce((rest, secret) => rest.replace(secret, `$1${HIDDEN}`), text)
  const hidden = hideNamed(formed, hidesValues ? SECRETS_OR_VALUES : SECRETS)
  return isCut ? hidden.replace(CUT_URL, `$1${HIDDEN}`).replace(CUT_URL_WITH_MARKS, `$1${HIDDEN}`) : hidden // biome-ignore format: one line
}

const IS_HIDDEN = /\\*["']?(?:#[\da-f]{8}|\[secret\])(?=\\*["']|[\s,;&}\]]|$)/y

/** Values after their names, in whatever quotes and brackets both are. */
function hideNamed(text: string, names: RegExp): string {
  const secrets = new RegExp(names)
  let hidden = ''
  let at = 0
  for (let found = secrets.exec(text); found; found = secrets.exec(text)) {
    const from = found.index + found[0].length
    IS_HIDDEN.lastIndex = from
    const end = IS_HIDDEN.test(text) ? from : endOfValue(text, from)
    if (end > from) {
      hidden += text.slice(at, from) + HIDDEN
      at = end
    }
    secrets.lastIndex = Math.max(end, from)
  }
  return hidden + text.slice(at)
}

/** A secret value that begins in a part of a text, at its end at the latest, and ends after it. */
export function openValue(
  text: string,
  part: { readonly from: number; readonly to: number },
  hidesValues: boolean,
): { readonly from: number; readonly end: number } | undefined {
  const secrets = new RegExp(hidesValues ? SECRETS_OR_VALUES : SECRETS)
  const inside = text.slice(part.from, part.to)
  for (let found = secrets.exec(inside); found; found = secrets.exec(inside)) {
    const from = part.from + found.index + found[0].length
    const end = endOfValue(text, from)
    if (end > part.to) return { from, end }
    secrets.lastIndex = end - part.from
  }
  return undefined
}

/** A quote at any depth of quoting: `\"` is one inside a string of JSON. */
const QUOTE = /\\*["']/y
const BARE = /[^\s,;&}\]]*/y

/** Where a value ends that begins here; all the rest is of one without an end. */
export function endOfValue(text: string, from: number): number {
  QUOTE.lastIndex = from
  const [quote] = QUOTE.exec(text) ?? []
  if (quote !== undefined) return endOfString(text, from + quote.length, quote)
  if (text[from] === '[' || text[from] === '{') return endOfBrackets(text, from)
  BARE.lastIndex = from
  return from + (BARE.exec(text)?.[0].length ?? 0)
}

function endOfString(text: string, from: number, quote: string): number {
  const depth = quote.length
  const quotes = quote.endsWith('"') ? /(?<!\\)\\*"/g : /(?<!\\)\\*'/g
  quotes.lastIndex = from
  for (let found = quotes.exec(text); found; found = quotes.exec(text)) {
    const { length } = found[0]
    // Fewer backslashes end a string that this one is in.
    if (length < depth) return found.index
    // Backslashes that are escaped themselves come in pairs, one depth further in.
    if ((length - depth) % (2 * depth) === 0) return quotes.lastIndex
  }
  return text.length
}

function endOfBrackets(text: string, from: number): number {
  const marks = /(?<!\\)\\*["']|[[\]{}]/g
  marks.lastIndex = from
  let depth = 0
  for (let found = marks.exec(text); found; found = marks.exec(text)) {
    const [mark] = found
    if (mark === '[' || mark === '{') depth++
    else if (mark === ']' || mark === '}') depth--
    else marks.lastIndex = endOfString(text, marks.lastIndex, mark)
    if (depth === 0) return marks.lastIndex
  }
  return text.length
}
