import { existsSync } from 'node:fs'
import { type AuditEntry, auditProblem, EMPTY_AUDIT, readAuditEntry } from '../../security/audit-chain.ts' // biome-ignore format: one line
import type { RuleChange } from '../../security/policies/activation.ts'
import { auditFile } from '../audit-trail.ts'
import { loadConfig } from '../config.ts'
import { readText } from '../config-files.ts'
import { table } from '../tables.ts'

interface HistoryOptions {
  readonly config: string
  readonly json?: boolean
}

const EVENTS: ReadonlySet<string> = new Set(['rules.changed', 'rules.confirmed', 'rules.rolled-back']) // biome-ignore format: one line

/** One document in one entry. */
interface Change {
  readonly seq: number
  readonly time: string
  readonly event: string
  readonly by?: string
  readonly kind: RuleChange['kind']
  readonly name: string
  readonly version?: number
  readonly digest?: string
  readonly document?: unknown
}

/**
 * `wattweave policy history [NAME]`, `wattweave roles history [NAME]`: who changed what, by the audit
 * log of a node. Exit code 1 where the log was changed: what stands after that is not shown.
 */
export function showHistory(
  kind: RuleChange['kind'],
  name: string | undefined,
  options: HistoryOptions,
): void {
  // biome-ignore format: one line
  const file = auditFile(loadConfig(options.config))
  if (!existsSync(file)) throw new Error(`${file} is not there; the node begins it when it starts for the first time`) // biome-ignore format: one line
  const { entries, problem } = readEntries(readText(file))
  const changes = entries.filter(({ event }) => EVENTS.has(event)).flatMap(changesIn)
  const wanted = changes.filter((one) => one.kind === kind && (name === undefined || one.name === name)) // biome-ignore format: one line
  if (options.json) process.stdout.write(`${JSON.stringify(wanted, undefined, 2)}\n`)
  else process.stdout.write(`${linesOf(kind, wanted).join('\n')}\n`)
  if (problem === undefined) return
  process.stderr.write(`wattweave: ${file}: entry ${entries.length + 1}: ${problem}\n  wattweave verify ${file} --config ${options.config} says more\n`) // biome-ignore format: one line
  process.exitCode = 1
}

function readEntries(text: string): {
  readonly entries: readonly AuditEntry[]
  readonly problem?: string
} {
  // biome-ignore format: one line
  const entries: AuditEntry[] = []
  let head = EMPTY_AUDIT
  // Without what is being written just now.
  for (const line of text.split('\n').slice(0, -1)) {
    const entry = readAuditEntry(line)
    const problem = typeof entry === 'string' ? entry : auditProblem(head, entry)
    if (typeof entry === 'string' || problem !== undefined) return { entries, ...(problem !== undefined && { problem }) } // biome-ignore format: one line
    entries.push(entry)
    head = entry
  }
  return { entries }
}

function changesIn({ seq, time, event, details }: AuditEntry): readonly Change[] {
  const { by, documents } = details as { readonly by?: string; readonly documents?: readonly Change[] } // biome-ignore format: one line
  return (documents ?? []).map((one) => ({ ...one, seq, time, event, ...(by !== undefined && { by }) })) // biome-ignore format: one line
}

function linesOf(kind: RuleChange['kind'], changes: readonly Change[]): readonly string[] {
  if (changes.length === 0) return [`no ${kind} was changed since the audit log begins`]
  return table(
    ['entry', 'time', 'what', kind, 'version', 'by'],
    changes.map(({ seq, time, event, name, version, by = '' }) => [`${seq}`, time, event.replace('rules.', ''), name, version === undefined ? 'deleted' : `${version}`, by]), // biome-ignore format: one line
  )
}
