/** Checks that a file holds valid lines of benchmark output; their figures are not judged. */
import { readFileSync } from 'node:fs'

const TYPES = {
  bench: 'string',
  case: 'string',
  unit: 'string',
  value: 'number',
  cpuSeconds: 'number',
  baseline: 'object',
  ratio: 'number',
  target: 'number',
  met: 'boolean',
} as const

const lines = readFileSync(process.argv[2] ?? 0, 'utf8')
  .trim()
  .split('\n')
for (const line of lines) {
  const row = JSON.parse(line) as Record<string, unknown>
  for (const [name, type] of Object.entries(TYPES)) {
    const value = row[name]
    const isValid = typeof value === type && (type !== 'number' || Number.isFinite(value))
    if (!isValid) throw new Error(`${name} is not a ${type} in ${line}`)
  }
}
console.log(`${lines.length} valid lines`)
