/**
 * `npm run -s bench -- NAME [--smoke|--full]`: one JSON object per line on standard output,
 * progress on standard error. Nothing here judges; the rows say what was aimed at and whether it
 * was reached.
 */
import { api } from './api.ts'
import { csms } from './csms.ts'
import { forward } from './forward.ts'
import { idle } from './idle.ts'
import { policy } from './policy.ts'
import { priority } from './priority.ts'
import { flood, securedForward } from './secured.ts'
import { sign, verify } from './signatures.ts'
import { start } from './start.ts'
import { storage } from './storage.ts'
import { storm } from './storm.ts'
import type { Bench } from './support/rows.ts'
import { uplink } from './uplink.ts'
import { validate } from './validate.ts'

const BENCHES = new Map<string, Bench>([
  ['forward', forward],
  ['validate', validate],
  ['idle', idle],
  ['start', start],
  ['uplink', uplink],
  ['storm', storm],
  ['priority', priority],
  ['csms', csms],
  ['storage', storage],
  ['api', api],
  ['sign', sign],
  ['verify', verify],
  ['policy', policy],
  ['secured-forward', securedForward],
  ['flood', flood],
])

const args = process.argv.slice(2)
const isAll = args.includes('--all')
const names = isAll ? [...BENCHES.keys()] : args.filter((arg) => !arg.startsWith('--'))
const options = { isSmoke: args.includes('--smoke'), isFull: args.includes('--full') }

if (names.length === 0) {
  console.error(
    `usage: npm run -s bench -- NAME|--all [--smoke|--full]\nNAME: ${[...BENCHES.keys()].join(', ')}`,
  )
  process.exit(2)
}
// What was started ends with this process, see `processes.ts`.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))
for (const name of names) {
  const bench = BENCHES.get(name)
  if (!bench) {
    console.error(`no benchmark is called "${name}"; there are ${[...BENCHES.keys()].join(', ')}`)
    process.exit(2)
  }
  console.error(`${name} …`)
  for await (const row of bench(options)) console.log(JSON.stringify(row))
}
process.exit(0)
