import { loadConfig } from '../config.ts'
import { assertWritable } from '../config-files.ts'

/** `wattweave check FILE`: says whether a configuration can be used; exit code 2 when it cannot. */
export function check(file: string): void {
  const { nodeId, role, warnings, data } = loadConfig(file)
  assertWritable(data)
  for (const warning of warnings) process.stderr.write(`wattweave: ${warning}\n`)
  process.stdout.write(
    `${file}: ${nodeId}, a ${role}, can be started with: wattweave run ${file}\n`,
  )
}
