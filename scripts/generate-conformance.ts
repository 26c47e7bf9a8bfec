/** Writes `docs/conformance.md` from tables, handlers and tests; `--check` only says whether it is true. */
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { type ActionRow, actionsOf } from '../src/messages/actions.ts'
import { PROTOCOLS, type Protocol } from '../src/messages/protocols.ts'
import { handlersOf } from '../src/roles/charging-station/handlers.ts'
import { handlers16 } from '../src/roles/csms/handlers-1.6.ts'
import { handlers21 } from '../src/roles/csms/handlers-2.1.ts'
import { handlers2 } from '../src/roles/csms/handlers-2.ts'

const ROOT = new URL('../', import.meta.url).pathname
const FILE = `${ROOT}docs/conformance.md`

const NO_STATION = () => {
  throw new Error('only the names of the handlers are wanted')
}
const NO_STATE = {} as Parameters<typeof handlers16>[0]

const CSMS: Readonly<Record<Protocol, object>> = {
  'ocpp1.6': handlers16(NO_STATE),
  'ocpp2.0.1': handlers2<'ocpp2.0.1'>(NO_STATE),
  'ocpp2.1': { ...handlers2<'ocpp2.1'>(NO_STATE), ...handlers21(NO_STATE) },
}

const textsBelow = (pattern: string) =>
  globSync(pattern, { cwd: ROOT })
    .sort()
    .map((name) => [name, readFileSync(ROOT + name, 'utf8')] as const)

/** Where a flow is tested rather than only a frame passed on: the first that has a word of it counts. */
const TESTS = ['test/roles/station/*.test.ts', 'test/roles/*.test.ts', 'test/foreign/*.test.ts', 'test/http/*.test.ts', 'test/end-to-end/*.test.ts', 'test/node/*.test.ts'].map(textsBelow) // biome-ignore format: one line
const STATION = textsBelow('src/roles/charging-station/*.ts')

function testOf(action: string): string {
  const word = new RegExp(`\\b${action}\\b`, 'g')
  for (const group of TESTS) {
    const counted = group.map(([name, text]) => [name, text.match(word)?.length ?? 0] as const)
    const [name, count] = counted.reduce((a, b) => (b[1] > a[1] ? b : a), ['', 0])
    if (count > 0) return `\`${name}\``
  }
  return ''
}

function row(protocol: Protocol, action: string, { block, from }: ActionRow): string {
  const ofStation = Object.keys(handlersOf(protocol, NO_STATION)[protocol] ?? {})
  const answers = (has: boolean) => (has ? 'obeys' : 'NotSupported')
  const says = STATION.some(([, text]) => text.includes(`'${action}'`))
  const station = from === 'station' ? (says ? 'says it' : 'does not say it') : answers(ofStation.includes(action)) // biome-ignore format: one line
  const csms = from === 'csms' ? 'can ask for it' : answers(Object.hasOwn(CSMS[protocol], action))
  const isBuilt = [station, csms].some((one) => one === 'obeys' || one === 'says it')
  return `| ${block} | ${action} | ${station} | ${csms} | ${isBuilt ? testOf(action) : ''} |`
}

function section(protocol: Protocol): string {
  const rows = [...actionsOf(protocol)].map(([action, about]) => row(protocol, action, about))
  return `## OCPP ${protocol.slice(4)}: ${rows.length} actions\n| block | action | charging station | CSMS | test |\n|---|---|---|---|---|\n${rows.sort().join('\n')}\n` // biome-ignore format: one text
}

const text = `# Conformance

Made by \`npm run generate\` from the table of actions, the handlers and the tests. What nobody has built is answered \`NotSupported\`, an
action that no version knows \`NotImplemented\`: \`test/node/handling.test.ts\`. The test is the one that says most about the action. Deviations
from rules of the standard stand in [ocpp-rules](ocpp-rules.md).

${PROTOCOLS.map(section).join('\n')}`

/** Which test says most changes with every test; that it is there and has the word is enough. */
const withoutTests = (page: string) => page.replace(/ \| [^|]*\|$/gm, ' |')

if (process.argv.includes('--check')) {
  const page = readFileSync(FILE, 'utf8')
  const named = [...page.matchAll(/^\| \w+ \| (\w+) \|.* `(test\/[^`]+)` \|$/gm)]
  const wrong = named.filter(([, action = '', name = '']) => !readFileSync(ROOT + name, 'utf8').includes(action)) // biome-ignore format: one line
  for (const [line] of wrong) console.error(`this test has no word of it: ${line}`)
  const isNew = withoutTests(page) === withoutTests(text)
  if (!isNew) console.error('docs/conformance.md is not up to date: run npm run generate')
  process.exit(isNew && wrong.length === 0 ? 0 : 1)
}
writeFileSync(FILE, text)
