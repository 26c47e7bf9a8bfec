import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'

/** Starts a foreign program that prints JSON lines and ends with its standard input. */
export function startProgram(
  t: TestContext,
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env })
  const exit = new Promise((resolve) => child.once('exit', resolve))
  t.after(async () => {
    child.stdin.end()
    await exit
  })
  const lines: Record<string, unknown>[] = []
  createInterface({ input: child.stdout }).on('line', (line) =>
    lines.push(JSON.parse(line) as Record<string, unknown>),
  )
  return { lines, stdin: child.stdin }
}
