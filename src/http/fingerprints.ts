import { createHmac, randomBytes } from 'node:crypto'

const key = randomBytes(32)

/** Members whose text nobody may read here. */
const SECRET_NAMES: ReadonlySet<string> = new Set([
  'idTag',
  'parentIdTag',
  'idToken',
  'additionalIdToken',
  'AuthorizationKey',
  'password',
  'pin',
])
/** Of a message that sets or reports a password by the name of a variable, every value is hidden. */
const NAMES_A_PASSWORD = /AuthorizationKey|BasicAuthPassword/i
const VALUE_NAMES: ReadonlySet<string> = new Set(['value', 'attributeValue'])
// A member with a text; the end may be missing where the log kept only the beginning of a frame.
const MEMBERS = /("(?:[^"\\]|\\.)*")(\s*:\s*)"((?:[^"\\]|\\.)*)(?:"|\\?$)/g

/** Equal texts have equal fingerprints while this process lives; nothing else can be told of them. */
export function fingerprint(text: string): string {
  return `#${createHmac('sha256', key).update(text).digest('hex').slice(0, 8)}`
}

/** A JSON text, or the beginning of one, with id tokens and secrets as fingerprints. */
export function withFingerprints(text: string): string {
  const hidesValues = NAMES_A_PASSWORD.test(text)
  return text.replace(MEMBERS, (member, name: string, colon: string, value: string) => {
    const plainName = plainOf(name)
    const isSecret = SECRET_NAMES.has(plainName) || (hidesValues && VALUE_NAMES.has(plainName))
    return isSecret ? `${name}${colon}"${fingerprint(plainOf(`"${value}"`))}"` : member
  })
}

/** What a JSON string says, however it is written; the writing itself where it is no string. */
function plainOf(written: string): string {
  try {
    return String(JSON.parse(written))
  } catch {
    return written.slice(1, -1)
  }
}
