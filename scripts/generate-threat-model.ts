/** Writes `docs/threat-model.md` from its table and the names of the tests; `--check` only says whether it is true. */
import { globSync, readFileSync, writeFileSync } from 'node:fs'

const ROOT = new URL('../', import.meta.url).pathname
const FILE = `${ROOT}docs/threat-model.md`
const TESTS = 'test/attacks/threats/*.test.ts'

/** Row, the threat, and what is done about it. */
type Row = readonly [row: string, threat: string, answer: string]

// biome-ignore format: a table
const ROWS: readonly Row[] = [
  ['T1',  'A good command is told again: at once, later, out of order, after a restart', 'Number, time and end of a command are signed; a receiver remembers what it has obeyed for as long as it holds, and gives the answer of before'],
  ['T2',  'A command for one station is led to another one', 'The addressee is signed and compared with who would obey'],
  ['T3',  'What was signed as one thing is told as another', 'Action, kind of message and version are signed'],
  ['T4',  'The good answer to one request is given to another request', 'An answer names number and digest of its request'],
  ['T5',  'Signatures are taken away', 'No signature is a failure; what a sender is follows from the own records of the receiver, so that stripping makes no node a plain station'],
  ['T6',  'A forger brings the key that verifies his signature', 'A key id selects among keys that are known already; nothing in a message supplies one'],
  ['T7',  'A policy says no, and the command is obeyed all the same', 'Whatever is not accepted is not obeyed, whichever way it is refused'],
  ['T8',  'Messages that nobody answers pass unchecked', 'One gate before every handler and every plain station, for every kind of message; announcements of routes count from the neighbour alone'],
  ['T9',  'An invented error ends something that went on', 'Errors are signed; one that is not is the word of a hop'],
  ['T10', 'Another algorithm is named, a weaker one or none', 'The algorithm is inside what is signed, and a key is for one algorithm only'],
  ['T11', 'What stands beside a signature is changed: a name, a time, a role', 'It is a copy of what is signed, or refused'],
  ['T12', 'Two parsers read the same bytes differently', 'Canonical form (RFC 8785); what has two meanings is refused before it is looked at'],
  ['T13', 'A second signature breaks the first, or stands in for it', 'Parallel signatures over the same bytes, which must agree about what they sign'],
  ['T14', 'Clocks are wrong, or missing', 'Half a minute is forgiven; who cannot tell the time gives, or signs, a challenge'],
  ['T15', 'A key is lost, or is to be replaced', 'Keys have a span of time, two may be valid at once, and signed lists revoke them'],
  ['T16', 'A private key gets out', 'What signs has no way to give its key away; key files are encrypted'],
  ['T17', 'Encryption that repeats its key stream, without integrity', ''],
  ['T18', 'Somebody gives himself rights', 'Whoever changes roles or policies needs a role that permits that'],
  ['T19', '`Accepted` is answered and nothing has changed', 'What is not built says so; what a station says it has done is read back'],
  ['T20', 'Floods of signatures that have to be verified', 'At most eight; number, size and key are looked at before any cryptography'],
  ['T21', 'A large file keeps commands waiting', ''],
  ['T22', 'Files are changed, or written where they do not belong', ''],
  ['T23', 'Evidence cannot be verified any more after an upgrade', 'What is signed depends on documented forms alone, never on a version of this program'],
  ['T24', 'A node on the way writes a payload anew', 'Forwarders splice the path and leave every byte of the payload'],
  ['T25', 'What was encrypted for one is passed on to another', ''],
  ['T26', 'Sizes and times tell what is said', ''],
  ['T27', 'Logs tell secrets', 'Tokens are told as fingerprints, keys and passwords not at all'],
  ['T28', 'Signing fails, and the answer leaves unsigned', 'It becomes a SecurityError; nothing leaves unsigned'],
  ['A07', 'Recorded frames: same id, new id, other station, after a restart, after a change of the clock', 'As T1, T2 and T14'],
  ['A08', 'Signatures are stripped, exchanged, mixed with bad ones, and payloads spelled otherwise', 'As T5, T10 and T12: what means the same is obeyed, everything else refused'],
  ['A09', 'A good signature by a key that may not do this', 'User roles permit actions, values and variables; none permits what is not named'],
  ['A10', 'Keys that are over, not valid yet, or known at another node only', 'A key counts within its span, where it is known'],
  ['A11', 'A node on the way changes, drops, delays, exchanges and invents', 'It has no key of anybody: what it changes or invents is refused, what it keeps too long is too old, and silence is not believed to be success'],
  ['A12', 'Paths that are forged, go round, or have no end; answers by who was not asked', 'Paths are checked against the neighbour, and they restrict but never permit'],
]

/** Rows that wait for streams and for encryption. */
const LATER: ReadonlyMap<string, string> = new Map([
  ['T17', 'encryption'],
  ['T21', 'streams'],
  ['T22', 'streams'],
  ['T25', 'encryption'],
  ['T26', 'encryption'],
])

interface Shown {
  readonly row: string
  readonly name: string
  readonly file: string
  /** Does not count: it is to be done, or is left out. */
  readonly isOpen: boolean
}

/** Names of tests begin with the row; what is filled in when they run is shown as `…`. */
function testsIn(file: string): Shown[] {
  const text = readFileSync(ROOT + file, 'utf8')
  const named = text.matchAll(/(test(?:\.\w+)?\(\s*|[[(,]\s*)(['"`])([TA]\d{1,2}): ((?:\\.|(?!\2)[^\\])*)\2(\s*,\s*\{[^}]*\b(?:todo|skip)\b)?/g) // biome-ignore format: one line
  return [...named].map(([, before = '', , row = '', rest = '', option]) => {
    const name = rest.replaceAll(/\$\{[^}]*\}/g, '…').replaceAll('|', '\\|')
    return { row, name, file, isOpen: option !== undefined || /\.(?:todo|skip)\(/.test(before) }
  })
}

const SHOWN = globSync(TESTS, { cwd: ROOT }).sort().flatMap(testsIn)

function line([row, threat, answer]: Row): string {
  const later = LATER.get(row)
  if (later !== undefined) return `| ${row} | ${threat} | later, with ${later} | later |`
  const tests = SHOWN.filter((one) => one.row === row).map(({ name, file, isOpen }) => `${isOpen ? '**open:** ' : ''}[${name}](../${file})`) // biome-ignore format: one line
  return `| ${row} | ${threat} | ${answer} | ${tests.join('<br>')} |`
}

const text = `# Threat model

Made by \`scripts/generate-threat-model.ts\` from its table and the names of the tests in \`test/attacks/threats\`. Who is feared: whoever sits
between a station and its operator and may read, change, drop, delay, repeat, lead astray and invent frames, and whoever holds a key and
wants more than its role permits. [security.md](security.md) says how it works. An attack by message is tried twice with the same bytes: it
takes effect where the policy is \`insecure\`, and is refused with a reason, counted and told by the default one. What is marked **open** is
not kept out yet. Rows that are \`later\` wait for what they are about.

| row | threat | what Wattweave does | tests |
|---|---|---|---|
${ROWS.map(line).join('\n')}
`

/** What is wrong with the rows, one line each. */
function problems(): string[] {
  const known = new Set(ROWS.map(([row]) => row))
  const without = ROWS.filter(([row]) => !LATER.has(row) && !SHOWN.some((one) => one.row === row && !one.isOpen)) // biome-ignore format: one line
  return [
    ...without.map(([row]) => `${row} has no test and is not left to later work`),
    ...SHOWN.filter(({ row }) => LATER.has(row)).map(({ row, file }) => `${row} is left to later work, and ${file} has a test`), // biome-ignore format: one line
    ...SHOWN.filter(({ row }) => !known.has(row)).map(
      ({ row, file }) => `${file}: ${row} is no row`,
    ),
    ...SHOWN.filter(({ isOpen }) => isOpen).map(({ row, name, file }) => `${file} is todo or skipped: ${row}: ${name}`), // biome-ignore format: one line
  ]
}

/** `--check`: whether the page is true; `--check=rows`: whether each row has tests, and none is open. */
const asked = process.argv.find((argument) => argument.startsWith('--check'))
if (asked === undefined) {
  writeFileSync(FILE, text)
} else {
  const isNew = readFileSync(FILE, 'utf8') === text
  const wrong = asked === '--check=rows' ? problems() : isNew ? [] : ['docs/threat-model.md is not up to date: run node scripts/generate-threat-model.ts'] // biome-ignore format: one line
  for (const problem of wrong) console.error(problem)
  process.exit(wrong.length === 0 ? 0 : 1)
}
