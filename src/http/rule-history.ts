import type { AuditEntry } from '../security/audit-chain.ts'
import type { AccountStore } from '../storage/account-store.ts'
import type { ViewSources } from './overview.ts'
import { RequestProblem } from './problems.ts'
import type { RuleKind } from './rules.ts'
import type { RuleEvent, RuleHistory } from './trust-views.ts'

/** Events of the audit log by what they are called in the history of a document. */
const EVENTS: ReadonlyMap<string, RuleEvent['event']> = new Map([
  ['rules.changed', 'changed'],
  ['rules.confirmed', 'confirmed'],
  ['rules.rolled-back', 'rolled-back'],
])
const NAMES = new Set(EVENTS.keys())
/** Changes of the API among which the one that an entry tells of is looked for. */
const MAX_ASKED = 2_000
/** What is asked for and what is told of it happen in one go. */
const SAME_TIME_MS = 5_000

interface Asked {
  readonly name: string
  readonly before?: number
  readonly limit: number
}

/** What became of a document, by the audit log. */
export function ruleHistory(
  { audit, accounts, node }: ViewSources,
  of: RuleKind,
  { name, before = Number.MAX_SAFE_INTEGER, limit }: Asked,
): RuleHistory {
  if (!audit) throw new RequestProblem(404, 'this node keeps no audit log')
  const about = audit
    .before(before, Number.MAX_SAFE_INTEGER, NAMES)
    .flatMap((entry) => eventOf(entry, of.kind, name) ?? [])
  const shown = about.slice(0, limit)
  const asked = accounts ? changesAsked(accounts, of, name) : []
  const entries = shown.map((entry) =>
    entry.by === node.id ? { ...entry, ...userOf(entry, asked) } : entry,
  )
  const last = about.length > limit ? shown.at(-1) : undefined
  return { entries, ...(last && { older: last.seq }) }
}

/** What an entry says of one document; details are read as what they are: written by others. */
function eventOf(
  { seq, time, event: name, details }: AuditEntry,
  kind: RuleKind['kind'],
  document: string,
): RuleEvent | undefined {
  const event = EVENTS.get(name)
  const { by, documents } = details as { readonly by?: unknown; readonly documents?: unknown }
  const found = listed(documents).find((one) => one.kind === kind && one.name === document)
  if (!event || !found) return undefined
  const { version, digest, document: text } = found
  return {
    seq,
    time,
    event,
    ...(typeof by === 'string' && { by }),
    ...(typeof version === 'number' && { version }),
    ...(typeof digest === 'string' && { digest }),
    ...(isRecord(text) && { document: text }),
  }
}

interface AskedChange {
  readonly who: string
  readonly atMs: number
  readonly digest: unknown
}

/** Who has changed a document over the API. */
function changesAsked(
  accounts: AccountStore,
  { path }: RuleKind,
  name: string,
): readonly AskedChange[] {
  const routes = new Set([`PUT ${path}/:name`, `DELETE ${path}/:name`])
  return accounts.audit(MAX_ASKED).flatMap(({ who, what, object, outcome, at }) => {
    if (!routes.has(what) || outcome !== 200) return []
    const said = JSON.parse(object) as Record<string, unknown>
    if (said.name !== name || said.dryRun === true) return []
    return [{ who, atMs: Date.parse(at), digest: said.digest }]
  })
}

/** A digest is that of one text with one version, which is never used twice. */
function userOf({ digest, time }: RuleEvent, asked: readonly AskedChange[]): { user?: string } {
  const at = Date.parse(time)
  const isIt = (one: AskedChange) => one.digest === digest && (digest !== undefined || Math.abs(one.atMs - at) < SAME_TIME_MS) // biome-ignore format: one line
  const user = asked.find(isIt)?.who
  return user === undefined ? {} : { user }
}

function listed(value: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : []
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
