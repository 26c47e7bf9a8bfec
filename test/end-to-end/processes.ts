import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { invite } from '../../src/cli/commands/keys.ts'
import { loadConfig } from '../../src/cli/config.ts'
import { ROLES_OF } from '../../src/cli/config-security.ts'
import { codeFile, keepCode } from '../../src/cli/joining-code.ts'
import type { NodeId } from '../../src/primitives/ids.ts'

const EXECUTABLE = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const PATIENCE_MS = 30_000
const LOOK_EVERY_MS = 25

/** Waits until something is so; fails with what it waited for. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const end = Date.now() + patienceMs
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (Date.now() > end) throw new Error(`waited ${patienceMs / 1000} s for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}

/** A process of the executable, with what it has printed so far. */
export interface Process {
  readonly pid: number
  readonly output: () => string
  readonly errors: () => string
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>
  /** Resolves with its exit code once it has ended by itself. */
  readonly ended: Promise<number | null>
  /** Asks it to end, as a service manager would; resolves with its exit code. */
  stop(): Promise<number | null>
}

/** Starts `wattweave ARGS`; it is ended with the test at the latest. */
export function startExecutable(context: TestContext, ...args: string[]): Process {
  return startCommand(context, [process.execPath, EXECUTABLE, ...args])
}

function startCommand(context: TestContext, [command = '', ...args]: string[]): Process {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  const stop = (signal: NodeJS.Signals) => end(child, signal)
  context.after(() => stop('SIGTERM'))
  return {
    pid: child.pid ?? 0,
    output: () => output,
    errors: () => errors,
    ended: new Promise((resolve) => child.once('exit', resolve)),
    kill: async () => void (await stop('SIGKILL')),
    stop: () => stop('SIGTERM'),
  }
}

function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode)
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve))
  child.kill(signal)
  return exit
}

/** A folder that goes with the test. */
export function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'wattweave-test-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export interface RunningNode extends Process {
  readonly url: string
  readonly console: string
  readonly file: string
}

/**
 * Starts `wattweave run` with a configuration and waits until it listens.
 *
 * @param under A command that runs the one behind it, and becomes it.
 */
export async function startNode(
  context: TestContext,
  folder: string,
  config: { nodeId: string; [setting: string]: unknown },
  under: readonly string[] = [],
): Promise<RunningNode> {
  const file = join(folder, `${config.nodeId}.yaml`)
  writeFileSync(file, JSON.stringify(config)) // JSON is YAML
  const running = startCommand(context, [...under, process.execPath, EXECUTABLE, 'run', file])
  const line = await until(`${config.nodeId} to be ready`, () => {
    const [first] = /^\{.*\}$/m.exec(running.output()) ?? []
    if (!first && running.errors().includes('wattweave:')) throw new Error(running.errors())
    return first
  })
  const { listen, console } = JSON.parse(line)
  return { ...running, url: listen[0], console, file }
}

/** Of processes that sign nothing, in tests about something else. */
export const UNSIGNED = { security: { insecure: true } }

/** The password of a station of a chain, and the file it is in. */
export function passwordOf(folder: string, id: string): { password: string; file: string } {
  return { password: `the password of ${id}`, file: join(folder, 'secrets', id) }
}

/**
 * CSMS01 and some nodes between it and the stations. All of them sign, and the nodes were let in by
 * codes. Who shows no password may connect, but no CSMS believes what it says behind a node.
 *
 * @param stations Who has a password, see `passwordOf`.
 * @param atCsms More for the configuration of CSMS01.
 */
export async function startChain(
  context: TestContext,
  hops: number,
  { stations = ['CS01', 'CS02'], isSigned = true, atCsms = {} as object } = {},
) {
  const folder = temporaryFolder(context)
  const listen = [{ port: 0, insecure: true }]
  const common = { listen, data: folder, http: { port: 0, login: false }, log: 'silent', ...(isSigned ? {} : UNSIGNED) } // biome-ignore format: one line
  mkdirSync(join(folder, 'secrets'))
  for (const id of stations) {
    const { password, file } = passwordOf(folder, id)
    writeFileSync(file, password, { mode: 0o600 })
  }
  const csms = await startNode(context, folder, { ...common, nodeId: 'CSMS01', role: 'csms', tokens: ['TAG-1'], ...atCsms }) // biome-ignore format: one line
  const peers = stations.map((id) => ({ id, passwordFile: `secrets/${id}` }))
  let [above, aboveId] = [csms, 'CSMS01']
  for (let hop = 1; hop <= hops; hop++) {
    const nodeId = `NN${`${hop}`.padStart(2, '0')}`
    const config = { ...common, nodeId, role: 'networking-node', uplinks: [{ url: above.url, peerId: aboveId }], ...(hop === hops && { peers }) } // biome-ignore format: one line
    if (isSigned) commission(folder, config, csms.file)
    above = await startNode(context, folder, config)
    aboveId = nodeId
    await until(`${nodeId} to be let in`, async () => (await metric(above.console, 'wattweave_links', 'form="overlay"')) >= 1 && !existsSync(codeFile(loadConfig(above.file)))) // biome-ignore format: one line
  }
  return { folder, csms, edge: above }
}

/** Lets a node in, as `wattweave keys invite` and `wattweave keys join` do. */
export function commission(
  folder: string,
  config: { nodeId: string; [setting: string]: unknown },
  inviter: string,
  roles?: readonly string[],
  delegable?: readonly string[],
): void {
  const file = join(folder, `${config.nodeId}.yaml`)
  writeFileSync(file, JSON.stringify(config))
  const joining = loadConfig(file)
  const given = { owner: config.nodeId as NodeId, roles: roles ?? ROLES_OF[joining.role], ...(delegable && { delegable }) } // biome-ignore format: one line
  const code = invite(loadConfig(inviter), given)
  keepCode(joining, { code, at: 'CSMS' })
}

/** Sum of the samples of a metric whose labels contain a text. */
export async function metric(console: string, name: string, label = ''): Promise<number> {
  const text = await (await fetch(`${console}metrics`)).text()
  const lines = text.split('\n').filter((line) => line.startsWith(name) && line.includes(label))
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}
