import { OverlayError } from '../../errors.ts'
import { loadConfig } from '../config.ts'
import { assertWritable } from '../config-files.ts'
import { explain } from '../explain.ts'

/** `wattweave check FILE`: says whether a configuration can be used; exit code 2 when it cannot. */
export function check(file: string, { json }: { json?: boolean }): void {
  try {
    const { nodeId, role, warnings, data } = loadConfig(file)
    assertWritable(data)
    if (json) return print({ valid: true, file, nodeId, role, data, warnings })
    for (const warning of warnings) process.stderr.write(`wattweave: ${warning}\n`)
    process.stdout.write(
      `${file}: ${nodeId}, a ${role}, can be started with: wattweave run ${file}\n`,
    )
  } catch (error) {
    if (!json || !(error instanceof OverlayError)) throw error
    const { what, remedy } = explain(error)
    // Where it is, for an editor that wants to show it; codes and members as in docs/errors.md.
    print({ valid: false, file, code: error.code, ...error.details, problem: what, remedy })
    process.exitCode = 2
  }
}

function print(value: object): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`)
}
