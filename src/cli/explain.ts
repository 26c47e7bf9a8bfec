import { OverlayError } from '../errors.ts'

/** A failure as a person is told it: one line each. */
export interface Explanation {
  readonly what: string
  readonly remedy: string
}

/** Result code of SQLite: database or disk is full. */
const SQLITE_FULL = 13

const FREE_SPACE = 'free some space, then it goes on'

/** What the system refuses because of how this machine is, and what to do about it. */
const REMEDIES = new Map([
  ['EADDRINUSE', 'choose another port or end who uses it'],
  ['EADDRNOTAVAIL', 'this machine does not have that address: choose another host'],
  ['EACCES', 'this user may not do that: choose another folder, or give it to this user'],
  ['EPERM', 'this user may not do that: choose another folder, or give it to this user'],
  ['ENOTFOUND', 'no such name: check the host'],
  ['ENOENT', 'it is not there: check the path'],
  ['EEXIST', 'a file stands where a folder is due, or the other way round: choose another path'],
  ['EISDIR', 'a folder stands where a file is due: choose another path'],
  ['ENOTDIR', 'a file stands where a folder is due: choose another path'],
  ['EROFS', 'nothing can be written there: choose another folder'],
  ['ENOSPC', FREE_SPACE],
])

/** Where a message names no remedy of its own: by how its code begins. */
const BY_FAMILY: readonly (readonly [string, string])[] = [
  ['ERR_CONFIG_YAML', 'mend that line; wattweave check FILE tries the file and starts nothing'],
  [
    'ERR_CONFIG',
    'docs/config.md says what each setting may be; wattweave check FILE tries the file',
  ],
  [
    'ERR_CREDENTIAL',
    'docs/connect-a-station.md shows how passwords, keys and certificates are made',
  ],
  ['ERR_POLICY_DOCUMENT', 'docs/security.md shows what a signature policy may say'],
  ['ERR_ROLE', 'docs/security.md shows what a user role may say'],
  ['ERR_FILTER', 'docs/filters.md says what a rule may be; wattweave filter list FILE prints them'],
  ['ERR_LINK', 'docs/when-things-go-wrong.md says what to look at'],
]

const OF_A_COMMAND = 'the same command with --help shows what it takes'
const OF_A_DEFECT = 'this was not foreseen: please report it with the lines above'

/** What happened and what to do about it; a stack for what nobody foresaw, because somebody must mend it. */
export function explain(error: unknown): Explanation {
  if (!(error instanceof Error)) return { what: String(error), remedy: OF_A_DEFECT }
  if (error instanceof OverlayError) {
    const family = BY_FAMILY.find(([start]) => error.code.startsWith(start))
    return parted(error.message, family?.[1] ?? OF_A_COMMAND)
  }
  const { code, syscall, errcode } = error as NodeJS.ErrnoException & { errcode?: number }
  if (errcode === SQLITE_FULL) return { what: error.message, remedy: FREE_SPACE }
  const remedy = syscall === undefined ? undefined : REMEDIES.get(code ?? '')
  if (remedy !== undefined) return { what: error.message, remedy }
  if (syscall === undefined && !(error instanceof TypeError) && error.name === 'Error') {
    return parted(error.message, OF_A_COMMAND)
  }
  return { what: error.stack ?? error.message, remedy: OF_A_DEFECT }
}

/** Messages name what is wrong first; what to do about it follows a semicolon, where it is known. */
function parted(message: string, otherwise: string): Explanation {
  const at = message.indexOf('; ')
  if (at < 0) return { what: message, remedy: otherwise }
  return { what: message.slice(0, at), remedy: message.slice(at + 2) }
}
