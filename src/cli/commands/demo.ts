import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { stringify } from 'yaml'
import type { AttackNews } from '../../http/attacks.ts'
import { EDGE } from '../../node/signer-facts.ts'
import { delay, systemClock } from '../../primitives/clock.ts'
import type { NodeId } from '../../primitives/ids.ts'
import { loadConfig } from '../config.ts'
import { ROLES_OF } from '../config-security.ts'
import { keepCode, keptCode } from '../joining-code.ts'
import { workAsOperator } from './demo-operator.ts'
import { invite } from './keys.ts'
import type { ReadyLine } from './run.ts'

/** Stations of the demo: three versions, five behind the node, one direct. */
const STATIONS = [
  { id: 'CS01', protocol: 'ocpp1.6', behind: 'NN01', evses: 1 },
  { id: 'CS02', protocol: 'ocpp1.6', behind: 'NN01', evses: 2 },
  { id: 'CS03', protocol: 'ocpp2.0.1', behind: 'NN01', evses: 1 },
  { id: 'CS04', protocol: 'ocpp2.0.1', behind: 'NN01', evses: 2 },
  { id: 'CS05', protocol: 'ocpp2.1', behind: 'NN01', evses: 1 },
  { id: 'CS06', protocol: 'ocpp2.1', behind: 'CSMS01', evses: 1 },
] as const

/** Who lies, as soon as somebody wants to see that, and the node and station that have to live with it. */
const LIAR = 'LC01'
const BEHIND_LIAR = { node: 'NN02', station: { id: 'CS07', protocol: 'ocpp2.1', behind: 'NN02', evses: 1 } } as const // biome-ignore format: one line

/** Who `wattweave send` may be in the demo. */
const VISITOR = 'VISITOR'
const TOKENS = ['DEMO-ANNA', 'DEMO-BEN', 'DEMO-CARLA']
const FAULT = { kind: 'ground-fault', evseId: 1, firstS: 20, everyS: 28, lastsS: 8 }
const LOOK_EVERY_MS = 50
const RESTART_AFTER_MS = 8_000
const MAX_PORT = 65_535

interface DemoOptions {
  readonly port: string
  readonly restart: boolean
}

/**
 * `wattweave demo`: a CSMS, a networking node and six stations, each a process of its own, in a
 * temporary folder. A process that ends is started again, so that one can be killed to see what
 * happens.
 */
export async function demo(options: DemoOptions): Promise<void> {
  const port = Number(options.port)
  if (!Number.isInteger(port) || port < 0 || port > MAX_PORT) {
    throw new Error(`--port must be a number from 0 to ${MAX_PORT}, not "${options.port}"`)
  }
  const folder = mkdtempSync(join(tmpdir(), 'wattweave-demo-'))
  const supervisor = new Supervisor(folder, options.restart)
  process.on('SIGINT', () => supervisor.stop())
  process.on('SIGTERM', () => supervisor.stop())
  say(`Demo data, configuration and passwords are in ${folder}; it is removed at the end.`)
  try {
    await supervisor.startAll(port)
  } catch (error) {
    await supervisor.stop(1)
    throw error
  }
}

class Supervisor {
  readonly #folder: string
  readonly #restarts: boolean
  readonly #children = new Map<string, ChildProcess>()
  readonly #ending = new AbortController()
  #operator: Promise<void> = Promise.resolve()
  #isStopping = false
  #csmsUrl = ''
  /** Under way or done. */
  #liar: Promise<void> | undefined

  constructor(folder: string, restarts: boolean) {
    this.#folder = folder
    this.#restarts = restarts
    mkdirSync(join(folder, 'secrets'), { mode: 0o700 })
  }

  async startAll(port: number): Promise<void> {
    const ids = ['NN01', VISITOR, LIAR, BEHIND_LIAR.node, BEHIND_LIAR.station.id, ...STATIONS.map(({ id }) => id)] // biome-ignore format: one line
    for (const id of ids) {
      const password = randomBytes(20).toString('hex')
      writeFileSync(join(this.#folder, 'secrets', id), password, { mode: 0o600 })
    }
    const csms = await this.#start('CSMS01', csmsConfig(port, 0))
    const [csmsUrl = ''] = csms.listen
    this.#csmsUrl = csmsUrl
    // From now on at a fixed place, so that it is found again after a restart.
    this.#write('CSMS01', csmsConfig(portOf(csms.console), portOf(csmsUrl)))
    say(`Console: ${csms.console}`)
    say(`CSMS01 listens on ${csmsUrl}`)
    this.#letIn('NN01', nodeConfig('NN01', csmsUrl, 0), ROLES_OF['networking-node'])
    const node = await this.#spawn('NN01')
    // What stations say before is not believed, and would only be refused.
    await this.#isIn('NN01')
    const [nodeUrl = ''] = node.listen
    this.#write('NN01', nodeConfig('NN01', csmsUrl, portOf(nodeUrl)))
    say(`NN01 listens on ${nodeUrl} and shares one connection to CSMS01`)
    const uplinks = { NN01: nodeUrl, CSMS01: csmsUrl }
    await Promise.all(
      STATIONS.map((station) =>
        this.#start(station.id, stationConfig(station, uplinks[station.behind])),
      ),
    )
    const processes = [...this.#children].map(([id, child]) => `${id} ${child.pid}`).join(' · ')
    say(`Running (process ids): ${processes}`)
    this.#letIn(VISITOR, visitorConfig(csmsUrl), ['operations'])
    const as = `--config ${join(this.#folder, `${VISITOR}.yaml`)}`
    // In a checkout there is no `wattweave` on the path, and the system's Node may be too old.
    const isCheckout = process.argv[1]?.endsWith('.ts')
    const command = isCheckout ? 'npx -- node src/cli/main.ts' : 'wattweave'
    say(`Ask something: ${command} send CSMS Heartbeat '{}' ${as}`)
    say('All of them sign what they say, and obey only what is signed: NN01 was let in by a code.')
    this.#operator = workAsOperator(
      csms.console ?? '',
      STATIONS.map(({ id }) => id),
      this.#ending.signal,
    )
    say('The console has a room Attacks, where a local controller that lies can be switched on.')
    say('CS03 is limited to 8 A now and then; CS06 has a ground fault now and then.')
    say('Kill one to see what happens, e.g. the node; Ctrl-C ends the demo.')
  }

  async stop(code = 0): Promise<void> {
    if (this.#isStopping) return
    this.#isStopping = true
    this.#ending.abort()
    await this.#operator
    await Promise.all([...this.#children.values()].map(ended))
    rmSync(this.#folder, { recursive: true, force: true })
    process.exit(code)
  }

  // ---- The controller that lies

  /** What the console wants of it; the first time it is put between the CSMS and a node of its own. */
  #switch({ attack, isOn }: { attack?: unknown; isOn?: unknown }): void {
    if (attack === undefined) return
    this.#liar ??= this.#startLiar()
    this.#liar.then(
      () => this.#children.get(LIAR)?.send({ attack, isOn }),
      (error) => this.#tellConsole({ box: 'failed', problem: String(error) }),
    )
  }

  async #startLiar(): Promise<void> {
    this.#tellConsole({ box: 'starting' })
    const { node, station } = BEHIND_LIAR
    this.#write(LIAR, liarConfig(this.#csmsUrl))
    const { listen } = await this.#spawn(LIAR, ['malicious', '--station', station.id, '--elsewhere', STATIONS[0].id]) // biome-ignore format: one line
    const [url = ''] = listen
    this.#letIn(node, nodeConfig(node, url, 0), ROLES_OF['networking-node'])
    const { listen: below } = await this.#spawn(node)
    await this.#isIn(node)
    const [nodeUrl = ''] = below
    await this.#start(station.id, stationConfig(station, nodeUrl))
    this.#tellConsole({ box: 'ready' })
    say(`${LIAR} lies between CSMS01 and ${node}, as far as it is told to; ${station.id} is behind it.`) // biome-ignore format: one line
  }

  #tellConsole(news: AttackNews): void {
    this.#children.get('CSMS01')?.send(news)
  }

  /** Starts a process and waits until it says that it is ready. */
  async #start(id: string, config: object): Promise<ReadyLine> {
    this.#write(id, config)
    return this.#spawn(id)
  }

  /** As `wattweave keys invite` and `wattweave keys join` do; it shows the code once it runs. */
  #letIn(id: string, config: object, roles: readonly string[]): void {
    this.#write(id, config)
    const code = invite(loadConfig(join(this.#folder, 'CSMS01.yaml')), {
      owner: id as NodeId,
      roles,
      ...(roles.includes(EDGE) && { ids: ['CS*'] }),
    })
    keepCode(loadConfig(join(this.#folder, `${id}.yaml`)), { code, at: 'CSMS' })
  }

  async #isIn(id: string): Promise<void> {
    const config = loadConfig(join(this.#folder, `${id}.yaml`))
    while (!this.#isStopping && keptCode(config)) await delay(systemClock, LOOK_EVERY_MS)
  }

  #write(id: string, config: object): void {
    writeFileSync(join(this.#folder, `${id}.yaml`), stringify(config))
  }

  #spawn(id: string, [command = 'run', ...options]: readonly string[] = []): Promise<ReadyLine> {
    const entry = process.argv[1] ?? ''
    const file = join(this.#folder, `${id}.yaml`)
    const stdio = ['ignore', 'pipe', 'inherit', 'ipc'] as const
    // Whoever tries the demo twice is to see it twice.
    const more = command === 'run' ? ['--console-may-move', ...(id === 'CSMS01' ? ['--attacks'] : [])] : options // biome-ignore format: one line
    const args = [entry, command, file, ...more]
    const child = spawn(process.execPath, args, { stdio: [...stdio] })
    this.#children.set(id, child)
    child.on('exit', (code, signal) => this.#onExit(id, [command, ...options], code ?? signal))
    if (id === 'CSMS01') child.on('message', (wish) => this.#switch(wish as object))
    if (id === LIAR) child.on('message', (news) => this.#tellConsole(news as AttackNews))
    return new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('exit', () => reject(new Error(`${id} ended before it was ready`)))
      if (child.stdout) {
        createInterface(child.stdout).on('line', (line) => resolve(JSON.parse(line) as ReadyLine))
      }
    })
  }

  #onExit(id: string, how: readonly string[], why: number | string | null): void {
    this.#children.delete(id)
    if (this.#isStopping) return
    say(
      `${id} ended (${why})${this.#restarts ? `; it starts again in ${RESTART_AFTER_MS / 1000} s` : ''}`,
    )
    if (!this.#restarts) return
    setTimeout(() => {
      if (this.#isStopping) return
      this.#spawn(id, how).then(
        () => say(`${id} is back, process id ${this.#children.get(id)?.pid}`),
        (error) => say(String(error)),
      )
    }, RESTART_AFTER_MS)
  }
}

function csmsConfig(consolePort: number, port: number) {
  const direct = STATIONS.filter(({ behind }) => behind === 'CSMS01').map(({ id }) => id)
  return {
    nodeId: 'CSMS01',
    role: 'csms',
    listen: [{ port }],
    peers: [
      ...['NN01', VISITOR, LIAR].map((id) => peer(id, 'node')),
      ...direct.map((id) => peer(id)),
    ],
    http: { port: consolePort, login: false },
    data: './data',
    tokens: TOKENS,
    heartbeatIntervalS: 10,
    log: 'warn',
  }
}

function nodeConfig(nodeId: string, url: string, port: number) {
  const behind = [...STATIONS, BEHIND_LIAR.station].filter((station) => station.behind === nodeId)
  const peerId = nodeId === BEHIND_LIAR.node ? LIAR : 'CSMS01'
  return {
    nodeId,
    role: 'networking-node',
    listen: [{ port }],
    peers: behind.map(({ id }) => peer(id)),
    uplinks: [{ url, passwordFile: `secrets/${nodeId}`, peerId }],
    log: 'error',
  }
}

/** It knows no key and needs none. */
function liarConfig(csmsUrl: string) {
  return {
    nodeId: LIAR,
    role: 'networking-node',
    listen: [{ port: 0 }],
    peers: [peer(BEHIND_LIAR.node, 'node')],
    uplinks: [{ url: csmsUrl, passwordFile: `secrets/${LIAR}`, peerId: 'CSMS01' }],
    security: { insecure: true },
  }
}

/** Of nobody who runs: `wattweave send` takes its name, its password and its key from it. */
function visitorConfig(csmsUrl: string) {
  return {
    nodeId: VISITOR,
    role: 'networking-node',
    listen: [{ port: 0 }],
    uplinks: [{ url: csmsUrl, passwordFile: `secrets/${VISITOR}`, peerId: 'CSMS01' }],
  }
}

function stationConfig(
  station: (typeof STATIONS)[number] | typeof BEHIND_LIAR.station,
  url: string,
) {
  const { id, protocol, evses } = station
  const fault = id === 'CS06' ? { fault: FAULT } : {}
  return {
    nodeId: id,
    role: 'charging-station',
    uplinks: [{ url, mode: 'standard', passwordFile: `secrets/${id}`, protocol }],
    tokens: TOKENS,
    simulation: { evses, pauseS: 12, sessionS: 40, meterIntervalS: 4, ...fault },
    log: 'error',
  }
}

function peer(id: string, kind: 'station' | 'node' = 'station') {
  return { id, peer: kind, passwordFile: `secrets/${id}` }
}

function portOf(url: string | undefined): number {
  return Number(new URL(url ?? '').port)
}

function ended(child: ChildProcess): Promise<unknown> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  const exit = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const impatience = setTimeout(() => child.kill('SIGKILL'), 5_000)
  return exit.finally(() => clearTimeout(impatience))
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
