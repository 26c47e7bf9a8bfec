/** Which members of messages, settings and log lines nobody may read. */

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
const VARIABLES = /AuthorizationKey|BasicAuthPassword|SharedSecret/i
const VALUE_NAMES: ReadonlySet<string> = new Set(['value', 'attributeValue'])

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
