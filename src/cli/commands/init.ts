import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { dirname, join } from 'node:path'
import { cancel, intro, isCancel, outro, select, text } from '@clack/prompts'
import { withFingerprints } from '../../http/fingerprints.ts'
import { isNodeId, isReservedId, isSameId, isStationId } from '../../primitives/ids.ts'
import { loadConfig } from '../config.ts'
import { urlProblem } from '../config-links.ts'
import { makePassword } from './password.ts'

interface InitOptions {
  readonly role?: string
  readonly id?: string
  readonly host?: string
  readonly port?: string
  readonly uplink?: string
  readonly station?: string
}

interface Answers {
  readonly role: 'csms' | 'networking-node'
  readonly nodeId: string
  /** `0.0.0.0`: stations may come from elsewhere. */
  readonly host: string
  readonly port: number
  /** Of a networking node: where its CSMS is. */
  readonly uplink: string
  /** The first station, or none. */
  readonly station: string
}

/**
 * `wattweave init FILE`: asks five questions and writes a configuration with a comment at each
 * setting. What is given as option is not asked.
 */
export async function init(file: string, options: InitOptions): Promise<void> {
  if (existsSync(file))
    throw new Error(`${file} is there already; choose another name or remove it`)
  const answers = await ask(options)
  const password = writeAll(file, answers)
  process.stdout.write(`${nextSteps(file, answers, password).join('\n')}\n`)
}

/**
 * Writes the file and what it refers to, or nothing.
 *
 * @returns The password of the first station, if there is one.
 */
function writeAll(file: string, answers: Answers): string | undefined {
  const { role, station } = answers
  const secrets = join(dirname(file), 'secrets')
  const key = join(secrets, 'key')
  const made: string[] = []
  const folder = (path: string, mode?: number) => {
    const first = mkdirSync(path, { recursive: true, ...(mode !== undefined && { mode }) })
    if (first !== undefined) made.push(first)
  }
  try {
    folder(dirname(file))
    if (station !== '' || role === 'networking-node') folder(secrets, 0o700)
    const isNewKey = !existsSync(key)
    const password = station === '' ? undefined : makePassword(join(secrets, station), key).reveal()
    if (password !== undefined) made.push(join(secrets, station), ...(isNewKey ? [key] : []))
    writeFileSync(file, configOf(answers), { flag: 'wx' })
    made.push(file)
    // Whoever reads it next has to be able to; the password at the CSMS is not there yet.
    loadConfig(file, { isBeforePasswords: true })
    return password
  } catch (error) {
    for (const path of made.reverse()) rmSync(path, { recursive: true, force: true })
    throw error
  }
}

/** What there is to do before the node does its work, in this order. */
function nextSteps(file: string, answers: Answers, password: string | undefined): string[] {
  const { role, nodeId, station } = answers
  const start = `Start it with: wattweave run ${file}`
  return [
    `${file} is written.${role === 'csms' ? ` ${start}` : ''}`,
    ...(password === undefined ? [] : [`Give ${station} the address ${stationUrls(answers).join(' or ')} and this password, it is shown only now: ${password}`]), // biome-ignore format: one line
    ...(process.stdin.isTTY ? [] : ['Nobody was asked, for this is no terminal: what was not given as option is as usual.']), // biome-ignore format: one line
    ...(role === 'csms'
      ? []
      : [
          `Put the password that the CSMS has given to ${nodeId} (there: wattweave password new secrets/${nodeId} --key secrets/key, and its entry under peers) into ${join(dirname(file), uplinkSecret(answers))}`, // biome-ignore format: one line
          `Let it in: at the CSMS run wattweave keys invite FILE ${nodeId}, here wattweave keys join ${file} CODE`,
          start,
        ]),
  ]
}

/** Where stations find it, as far as this machine knows its addresses. */
function stationUrls({ host, port }: Answers): string[] {
  const own = Object.values(networkInterfaces()).flatMap((addresses = []) =>
    addresses.filter(({ family, internal }) => family === 'IPv4' && !internal),
  )
  const hosts = host === '0.0.0.0' ? own.map(({ address }) => address) : [host]
  return (hosts.length > 0 ? hosts : ['HOST']).map((name) => `ws://${name.includes(':') ? `[${name}]` : name}:${port}/`) // biome-ignore format: one line
}

interface Question {
  readonly option: keyof InitOptions
  readonly message: string
  readonly fallback: string
  /** What is wrong with an answer. */
  readonly problem: (answer: string) => string | undefined
}

async function ask(options: InitOptions): Promise<Answers> {
  const isAsking = process.stdin.isTTY && process.stdout.isTTY
  if (isAsking) intro('A new node of the overlay')
  const answer = (question: Question) => answerTo(question, options[question.option], isAsking)
  const role = (await answer(ROLE)) as Answers['role']
  const isNode = role === 'networking-node'
  const nodeId = await answer({ ...ID, fallback: isNode ? 'NN01' : 'CSMS01' })
  const host = await answer(HOST)
  const port = await answer({ ...PORT, fallback: isNode ? '9100' : '9000' })
  const uplink = isNode ? await answer(UPLINK) : ''
  // Of a node its uplink is the fifth question; a station can be given as option.
  const isOwn = (id: string) => isNodeId(id) && isNodeId(nodeId) && isSameId(id, nodeId)
  const problem = (id: string) => isOwn(id) ? `it must be another id than that of the node` : STATION.problem(id) // biome-ignore format: one line
  const station = isNode && options.station === undefined ? '' : await answer({ ...STATION, problem }) // biome-ignore format: one line
  if (isAsking) outro('That is all.')
  return { role, nodeId, host, port: Number(port), uplink, station }
}

/** What was given as option; else what is typed, or the usual where nobody can be asked. */
async function answerTo(
  { option, message, fallback, problem }: Question,
  given: string | undefined,
  isAsking: boolean,
): Promise<string> {
  if (given !== undefined) {
    const wrong = problem(given)
    if (wrong !== undefined)
      throw new Error(`--${option}: ${wrong}, not "${withFingerprints(given)}"`)
    return given
  }
  if (!isAsking) return fallback
  const validate = (value = '') => problem(value)
  const choices = option === 'role' ? ROLES : option === 'host' ? HOSTS : undefined
  const typed = choices
    ? await select<string>({ message, options: choices })
    : await text({ message, initialValue: fallback, validate })
  if (!isCancel(typed)) return typed
  cancel('Nothing was written.')
  process.exit(1)
}

const HOSTS: { value: string; label: string; hint: string }[] = [
  { value: '127.0.0.1', label: 'From this machine only', hint: 'to try it out' },
  { value: '0.0.0.0', label: 'From the network, too', hint: 'for real stations' },
]

const ROLES: { value: string; label: string; hint: string }[] = [
  { value: 'csms', label: 'A CSMS', hint: 'stations report to it, and people work with it' },
  {
    value: 'networking-node',
    label: 'A networking node',
    hint: 'shares one connection for many stations',
  },
]

/** A rule by a test; the sentence says what an answer must be. */
function must(be: string, test: (answer: string) => boolean): Question['problem'] {
  return (answer) => (test(answer) ? undefined : `it must be ${be}`)
}

const ROLE: Question = {
  option: 'role',
  message: 'What is this?',
  fallback: 'csms',
  problem: must('csms or networking-node', (answer) => ROLES.some(({ value }) => value === answer)),
}
const ID: Question = {
  option: 'id',
  message: 'What is it called in the overlay?',
  fallback: '',
  problem: must(
    'a node id of 1 to 255 bytes that is no name of a service',
    (id) => isNodeId(id) && !isReservedId(id),
  ),
}
const HOST: Question = {
  option: 'host',
  message: 'Where do stations connect from?',
  fallback: '127.0.0.1',
  problem: must('127.0.0.1 for this machine only, 0.0.0.0 for all networks, or one of its addresses', (host) => isIP(host) !== 0), // biome-ignore format: one line
}
const PORT: Question = {
  option: 'port',
  message: 'On which port do stations connect?',
  fallback: '',
  problem: must(
    'a number from 0 to 65535',
    (port) => /^\d{1,5}$/.test(port) && Number(port) < 65_536,
  ),
}
const UPLINK: Question = {
  option: 'uplink',
  message: 'Where is its CSMS?',
  fallback: 'wss://csms.example.com/ocpp/',
  problem: (url) => {
    const problem = urlProblem(url)
    return problem === undefined ? undefined : `it ${problem}`
  },
}
const STATION: Question = {
  option: 'station',
  message: 'Which station comes first? (empty: none yet)',
  fallback: '',
  problem: must('1 to 48 letters, digits or *-_=+|@.', (id) => id === '' || isStationId(id)),
}

const uplinkSecret = ({ nodeId }: Answers) => `secrets/${nodeId}-at-csms`

/** The file, with what each setting is for. */
function configOf(answers: Answers): string {
  const { role, nodeId, host, port, uplink, station } = answers
  // A node below is no station: it speaks for those behind it.
  const below = `#   - id: ${role === 'csms' ? 'NN01' : 'NN02'}
#     peer: node # a networking node, or whoever asks stations with wattweave send
#     passwordFile: secrets/${role === 'csms' ? 'NN01' : 'NN02'}
`
  const peers =
    station === ''
      ? `# passwordKeyFile: secrets/key
# peers: # who may connect; make a password with: wattweave password new secrets/ID --key secrets/key
#   - id: CS01
#     passwordFile: secrets/CS01
${below}`
      : `passwordKeyFile: secrets/key
peers: # who may connect; another one: wattweave password new secrets/ID --key secrets/key
  - id: ${JSON.stringify(station)}
    passwordFile: secrets/${station}
${below}`
  const up = `uplinks: # towards the CSMS
  - url: ${JSON.stringify(uplink)}
    passwordFile: ${uplinkSecret(answers)} # the password of ${nodeId} there, as plain text
`
  return `# ${role === 'csms' ? 'A CSMS' : 'A networking node'} of Wattweave. Every setting: docs/config.md. Check this file with: wattweave check FILE
nodeId: ${JSON.stringify(nodeId)} # its name in the overlay
role: ${role}

listen: # where stations connect
  - host: ${host} # 127.0.0.1: this machine only; 0.0.0.0: stations elsewhere, too; give it a certificate then:
    port: ${port}
    # tls:
    #   certificateFile: tls/chain.pem
    #   keyFile: tls/key.pem

${peers}
${role === 'csms' ? '' : `${up}\n`}http: # console, API, metrics and health
  port: ${role === 'csms' ? 8350 : 8351}

data: ./wattweave-data # databases; wattweave backup FILE FOLDER copies them
${role === 'csms' ? '\n# tokens: [CARD-1] # id tokens that may always charge; others: wattweave token add FILE TOKEN\n' : ''}`
}
