import { createHmac, randomBytes } from 'node:crypto'
import { isSecretName, isValueName, namesPassword } from './secrets.ts'

const key = randomBytes(32)

// A member with a text or number; the end may be missing where the log kept only the beginning of
// a frame.
const MEMBERS = /("(?:[^"\\]|\\.)*")(\s*:\s*)(?:"((?:[^"\\]|\\.)*)(?:"|\\?$)|(-?\d[\d.eE+-]*))/g
/** The access data of a VPN calls its shared key just `key`, as others call names. */
const HAS_VPN = /"vpn"/

/** Equal texts have equal fingerprints while this process lives; nothing else can be told of them. */
export function fingerprint(text: string): string {
  return `#${createHmac('sha256', key).update(text).digest('hex').slice(0, 8)}`
}

/** A JSON text, or the beginning of one, with id tokens and secrets as fingerprints. */
export function withFingerprints(text: string): string {
  const hidesValues = namesPassword(text)
  const hidesKeys = HAS_VPN.test(text)
  const replace = (member: string, name: string, colon: string, said?: string, digits = '') => {
    const plainName = plainOf(name)
    const isSecret =
      isSecretName(plainName) ||
      (hidesValues && isValueName(plainName)) ||
      (hidesKeys && plainName === 'key')
    if (!isSecret) return member
    return `${name}${colon}"${fingerprint(said === undefined ? digits : plainOf(`"${said}"`))}"`
  }
  return text.replace(MEMBERS, replace)
}

/** What a JSON string says, however it is written; the writing itself where it is no string. */
function plainOf(written: string): string {
  try {
    return String(JSON.parse(written))
  } catch {
    return written.slice(1, -1)
  }
}
