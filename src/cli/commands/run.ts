import type { AttackBox, AttackNews } from '../../http/attacks.ts'
import { loadConfig } from '../config.ts'
import { assertWritable } from '../config-files.ts'
import { createLogger } from '../logger.ts'
import { startNode } from '../start-node.ts'

/** What `run` prints on standard output once it listens: one JSON line for who started it. */
export interface ReadyLine {
  readonly ready: string
  readonly role: string
  readonly listen: readonly string[]
  readonly console: string | undefined
  /** Of a node that nobody can log in at yet: lets the first admin in, once. */
  readonly login?: string | undefined
}

const STAY_MS = 2 ** 30

interface RunOptions {
  readonly consoleMayMove?: boolean
  /** Who started this process has a controller that lies, and switches its attacks. */
  readonly attacks?: boolean
}

/** `wattweave run FILE`: until SIGINT or SIGTERM. */
export async function run(file: string, options: RunOptions): Promise<void> {
  const config = loadConfig(file)
  assertWritable(config.data)
  const log = createLogger(config.nodeId, config.log)
  const consolePortInUse = options.consoleMayMove ? 'move' : 'fail'
  const attacks = options.attacks ? attackBox() : undefined
  const running = await startNode(config, log, { consolePortInUse, ...(attacks && { attacks }) })
  // Timers of the program keep no process alive, and between two attempts to dial there may be no
  // socket either.
  const alive = setInterval(() => {}, STAY_MS)
  let isStopping = false
  const stop = async () => {
    if (isStopping) process.exit(1) // asked twice: do not wait for anybody
    isStopping = true
    await running.stop()
    clearInterval(alive)
    process.exit(0)
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  // A child whose parent is gone has nobody left to stop it.
  if (process.send) process.on('disconnect', stop)
  const { nodeId, role } = config
  // biome-ignore format: one line
  const line: ReadyLine = { ready: nodeId, role, listen: running.stationUrls, console: running.consoleUrl, login: running.loginUrl }
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

/** The one of the demo, which is the process that started this one. */
function attackBox(): AttackBox {
  return {
    switch: (attack, isOn) => void process.send?.({ attack, isOn }),
    onNews: (listener) => process.on('message', (news) => listener(news as AttackNews)),
  }
}
