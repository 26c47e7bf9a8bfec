import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'

const EXECUTABLE = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
// Lets this process ask for a garbage collection; the product itself knows nothing of it.
const COLLECT = new URL('collect.mjs', import.meta.url).href
const CLOCK_TICKS_PER_SECOND = 100

/** A process under test. */
export interface Subject {
  readonly pid: number
  /** First line it printed, as JSON. */
  readonly ready: Record<string, unknown>
  /** CPU seconds, user and system, used so far. */
  cpuSeconds(): number
  residentBytes(): number
  /** The most it ever was. */
  peakResidentBytes(): number
  collectGarbage(): Promise<void>
  stop(): Promise<void>
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>
}

// Whatever ends this process, nothing that it started goes on.
const running = new Set<ChildProcess>()
const folders = new Set<string>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
  for (const folder of folders) removeFolder(folder)
})

/** Runs a script of this folder in a process of its own. */
export function startScript(url: URL, ...args: string[]): Promise<Subject> {
  return start([fileURLToPath(url), ...args])
}

/** Runs the product as a user would: `wattweave run FILE`. */
export async function startProduct(
  config: object,
  files: Record<string, string> = {},
): Promise<Subject> {
  const folder = temporaryFolder({ ...files, 'node.yaml': stringify({ ...UNSIGNED, ...config }) })
  const subject = await start([EXECUTABLE, 'run', join(folder, 'node.yaml')])
  return {
    ...subject,
    async stop() {
      await subject.stop()
      removeFolder(folder)
    },
    async kill() {
      await subject.kill()
      removeFolder(folder)
    },
  }
}

/** What signing costs is measured apart; the baselines sign nothing either. */
const UNSIGNED = { security: { insecure: true } }

/** A folder with these files; it goes with this process at the latest. */
export function temporaryFolder(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'wattweave-bench-'))
  folders.add(folder)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

export function removeFolder(folder: string): void {
  folders.delete(folder)
  rmSync(folder, { recursive: true, force: true })
}

async function start(args: string[]): Promise<Subject> {
  const flags = ['--expose-gc', '--import', COLLECT]
  const stdio = ['ignore', 'pipe', 'inherit', 'ipc'] as const
  const child = spawn(process.execPath, [...flags, ...args], { stdio: [...stdio] })
  running.add(child)
  child.once('exit', () => running.delete(child))
  const ready = await firstLine(child)
  const pid = child.pid ?? 0
  const field = (file: string, pattern: RegExp) =>
    Number(pattern.exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'))?.[1])
  return {
    pid,
    ready,
    cpuSeconds() {
      // Fields 14 and 15; the name in field 2 may hold spaces, so count behind its bracket.
      const [, rest = ''] = /\) (.*)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
      const fields = rest.split(' ')
      return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND
    },
    residentBytes: () => field('status', /VmRSS:\s+(\d+) kB/) * 1024,
    peakResidentBytes: () => field('status', /VmHWM:\s+(\d+) kB/) * 1024,
    collectGarbage: () =>
      new Promise((resolve) => {
        child.once('message', () => resolve())
        child.send('collect')
      }),
    stop: () => end(child, 'SIGTERM'),
    kill: () => end(child, 'SIGKILL'),
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (!running.has(child)) return
  const exit = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  await exit
}

function firstLine(child: ChildProcess): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    child.on('exit', (code) => reject(new Error(`the process under test ended with ${code}`)))
    if (child.stdout) {
      createInterface(child.stdout).once('line', (line) => resolve(JSON.parse(line)))
    }
  })
}
