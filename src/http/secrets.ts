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
  'authorizationkey',
  'passwd',
  'pwd',
])
const ENDINGS = /(?:password|passphrase|secret|token|authorization|privatekey|secretkey|apikey)s?$/

/** Variables whose value is a password; a message names them in one member and sets it in another. */
const VARIABLES = /AuthorizationKey|SharedSecret|\wPass(?:word|phrase)/i
const VALUE_NAMES: ReadonlySet<string> = new Set(['value', 'attributeValue', 'actualValue'])

// biome-ignore format: a table
/** Secrets that stand in a text: what is before them is kept. */
const SECRET_TEXTS: readonly RegExp[] = [
  /(\b(?:[Bb]asic|BASIC)\s+)(?![a-z]{1,15}(?![\w+/=.~:-]))[\w+/=.~:-]{4,}/g,
  /(\b(?:Bearer|Digest)\s+)[\w+/=.~:-]{4,}/gi,
  /(\/\/)[^\s/:@]*:[^\s/?#]*(?=@)/g,
  /(:\/\/)[^\s/?#@"\\]+(?=@)/g,
  /([?&](?:sig|signature|x-amz-signature|x-amz-security-token|key)=)[^\s&#"]+/gi,
  /()-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*-----|$)/g,
  /()\$(?:argon2id|hmac-sha256)\$\S+/g,
  // JSON inside JSON: \"idTag\":\"…\", at any depth of quoting.
  /((?<!\\)\\+"[\w-]{0,50}(?:password|secret|token|idtag|authorization(?:key)?|pin)\\+"\s*:\s*)(?:\\+"(?:[^\\]|(?<!\\)(?!\\+")\\+)*|-?\d[\d.]*)/gi,
  /((?:password|passphrase|passwd|pwd|secret|token|idtag|authorizationkey)s?\s*[=:]\s*)(?!\[secret\])(?:"[^"]*"?|'[^']*'?|[^\s,;&}\]]+)/gi,
]
/** The same at the end of a text of which only the beginning is known. */
const CUT_URL = /(\/\/)[^\s/:@]*:[^\s/?#]*$/

/** Whether a member of this name holds an id token, a password or a key. */
export function isSecretName(name: string): boolean {
  const plain = name.replace(/[^A-Za-z0-9]/g, '').toLowerCase()
  return NAMES.has(plain) || ENDINGS.test(plain)
}

/** Whether a text, or the name of a variable, speaks of a password that is set or reported. */
export function namesPassword(text: string): boolean {
  return VARIABLES.test(text)
}

/** Whether a member of this name holds the value of a variable. */
export function isValueName(name: string): boolean {
  return VALUE_NAMES.has(name)
}

/** A text that is no JSON, without the secrets that can be told from its form. */
export function hideInText(text: string, isCut: boolean): string {
  const hidden = SECRET_TEXTS.reduce((rest, secret) => rest.replace(secret, `$1${HIDDEN}`), text)
  return isCut ? hidden.replace(CUT_URL, `$1${HIDDEN}`) : hidden
}
