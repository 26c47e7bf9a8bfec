import { OverlayError } from '../../errors.ts'
import { assertAlertsEnd } from './alert-bound.ts'
import { isByOriginator } from './demands.ts'
import type { PolicyFacts, SignerFacts } from './facts.ts'
import {
  type CompiledRuleBook,
  compileRuleBook,
  documentDigest,
  judgeBy,
  lockedOutOf,
  OWNER,
  type RuleBook,
} from './rule-book.ts'

/** One document that is added, replaced or deleted. */
export interface RuleChange {
  readonly kind: 'policy' | 'role'
  readonly name: string
  /** The version it has here, as the asker knows it; 0 of one that is to be new. */
  readonly expectedVersion: number
  /** undefined: it is deleted. */
  readonly document: unknown
}

/** The rules that hold, and those that come back where nobody confirms them. */
export interface ActivationState {
  readonly active: RuleBook
  /** The highest version that each document ever had, by kind and name: none is used twice. */
  readonly highest: ReadonlyMap<string, number>
  readonly trial: Trial | undefined
}

interface Trial {
  /** What comes back. */
  readonly previous: RuleBook
  /** Seconds since 1970. */
  readonly sinceS: number
  /** From then on the previous rules hold again. */
  readonly untilS: number
}

export interface ChangeContext {
  readonly nodeId: string
  /** The keys of owners that count now, with their roles. */
  readonly owners: readonly SignerFacts[]
  /** Seconds since 1970. */
  readonly nowS: number
  /** How long an owner has to show that the new rules let it in. */
  readonly confirmWithinS: number
}

/** Room for dates and for seconds since 1970. */
const MAX_VERSION_STEP = 10_000_000_000

/** Stable: branch on it. */
export type ChangeProblem =
  | 'malformed'
  | 'version-conflict'
  | 'version-not-rising'
  | 'version-too-high'
  | 'nothing-changed'
  | 'locks-out-owners'
  | 'awaits-confirmation'

export interface ChangeRefused {
  readonly status: 'refused'
  readonly problem: ChangeProblem
  /** For people. */
  readonly sentence: string
  /** Of a conflict: the version there is, 0 for none. */
  readonly actualVersion?: number
}

export interface ChangedDocument {
  readonly kind: RuleChange['kind']
  readonly name: string
  /** undefined: deleted. */
  readonly version: number | undefined
  readonly digest: string | undefined
}

export type Changed =
  | {
      readonly status: 'on-trial'
      readonly state: ActivationState
      readonly documents: readonly ChangedDocument[]
    }
  | ChangeRefused

const MAX_TRIAL_S = 3_600

/** The state of rules that nobody has changed yet. */
export function beginActivation(active: RuleBook): ActivationState {
  const highest = new Map<string, number>()
  for (const { name, version } of active.policies) highest.set(keyOf('policy', name), version)
  for (const { name, version } of active.roles) highest.set(keyOf('role', name), version)
  return { active, highest, trial: undefined }
}

/** The rules as they would be. */
export interface Applied {
  readonly status: 'applied'
  readonly book: RuleBook
  readonly compiled: CompiledRuleBook
  readonly highest: ActivationState['highest']
}

/** What changes come to; nothing is activated, so it also serves a dry run. */
export function applyChanges(
  state: ActivationState,
  changes: readonly RuleChange[],
): Applied | ChangeRefused {
  if (changes.length === 0) return refused('nothing-changed', 'no document is named')
  const highest = new Map(state.highest)
  let book: { policies: readonly unknown[]; roles: readonly unknown[] } = state.active
  for (const change of changes) {
    const list = change.kind === 'policy' ? 'policies' : 'roles'
    const next = changedList(book[list], change, highest)
    if (!Array.isArray(next)) return next as ChangeRefused
    book = { ...book, [list]: next }
  }
  try {
    const compiled = compileRuleBook(book as RuleBook)
    return { status: 'applied', book: book as RuleBook, compiled, highest }
  } catch (error) {
    if (!(error instanceof OverlayError)) throw error
    return refused('malformed', error.message)
  }
}

/**
 * Puts changed rules on trial: they hold at once, and no longer than an owner has time to show that
 * they still let owners in.
 *
 * @throws {TypeError} when `confirmWithinS` is no time in which somebody could confirm.
 * @spec docs/security.md, "Signature policies"
 */
export function proposeChange(
  before: ActivationState,
  changes: readonly RuleChange[],
  context: ChangeContext,
): Changed {
  const { nowS, confirmWithinS } = context
  // Without an end, nothing would ever undo itself.
  if (!(confirmWithinS >= 1 && confirmWithinS <= MAX_TRIAL_S)) throw new TypeError(`confirmWithinS must be 1 to ${MAX_TRIAL_S}`) // biome-ignore format: one line
  const state = settle(before, nowS)
  // Of two trials one would come back under rules that nobody has confirmed.
  if (state.trial) return refused('awaits-confirmation', `the last change is not confirmed; it ends in ${state.trial.untilS - nowS} s`) // biome-ignore format: one line
  const applied = applyChanges(state, changes)
  if (applied.status === 'refused') return applied
  const { book, compiled, highest } = applied
  const late = whyTooLong(changes, compiled, nowS)
  if (late) return late
  const lost = lockedOutOf(compiled, context.owners, context)
  if (lost) return refused('locks-out-owners', `no owner could ask for ${lost} any more`)
  const trial = { previous: state.active, sinceS: nowS, untilS: nowS + confirmWithinS }
  const documents = changes.map((change) => told(change, book))
  return { status: 'on-trial', state: { active: book, highest, trial }, documents }
}

/** What was taken before is left as it is: it has been asked about then. */
function whyTooLong(
  changes: readonly RuleChange[],
  { policies }: CompiledRuleBook,
  nowS: number,
): ChangeRefused | undefined {
  const names = new Set(changes.filter(({ kind }) => kind === 'policy').map(({ name }) => name))
  try {
    for (const policy of policies) if (names.has(policy.name)) assertAlertsEnd(policy, nowS)
    return undefined
  } catch (error) {
    if (!(error instanceof OverlayError)) throw error
    return refused('malformed', error.message)
  }
}

/** The documents in which one rule book differs from another, as the later one has them. */
export function changedDocuments(before: RuleBook, after: RuleBook): readonly ChangedDocument[] {
  const ofKind = (kind: RuleChange['kind'], list: 'policies' | 'roles') => {
    const [old, now] = [before, after].map((book) => digestsOf(book[list])) as [Digests, Digests]
    const names = [...new Set([...old.keys(), ...now.keys()])]
    return names.flatMap((name): readonly ChangedDocument[] => {
      const { version, digest } = now.get(name) ?? {}
      return old.get(name)?.digest === digest ? [] : [{ kind, name, version, digest }]
    })
  }
  return [...ofKind('policy', 'policies'), ...ofKind('role', 'roles')]
}

type Digests = ReadonlyMap<string, { readonly version: number; readonly digest: string }>

function digestsOf(documents: RuleBook['policies'] | RuleBook['roles']): Digests {
  return new Map(documents.map((one) => [one.name, { version: one.version, digest: documentDigest(one) }])) // biome-ignore format: one line
}

/** The state as it is at a time: rules that nobody confirmed in time have gone. */
export function settle(state: ActivationState, nowS: number): ActivationState {
  const { trial } = state
  if (!trial || nowS < trial.untilS) return state
  return { ...state, active: trial.previous, trial: undefined }
}

/** Stable: branch on it. */
export type ConfirmProblem = 'no-trial' | 'not-accepted' | 'not-after' | 'not-by-owner'

export type Confirmed =
  | { readonly status: 'confirmed'; readonly state: ActivationState }
  | {
      readonly status: 'refused'
      readonly problem: ConfirmProblem
      readonly state: ActivationState
    }

/**
 * Ends a trial well: a message that an owner signed after the change has come in, and the new rules
 * accept it. What came too late finds no trial any more.
 *
 * @spec docs/security.md, "Signature policies"
 */
export function confirmChange(
  before: ActivationState,
  contact: PolicyFacts,
  nowS: number,
): Confirmed {
  const state = settle(before, nowS)
  const not = (problem: ConfirmProblem): Confirmed => ({ status: 'refused', problem, state })
  if (!state.trial) return not('no-trial')
  // Seconds are whole: what was signed in the same one may be the change itself.
  if (contact.iat === undefined || contact.iat <= state.trial.sinceS) return not('not-after')
  const isOwner = contact.signers.some((one) => one.roles.includes(OWNER) && isByOriginator(one, contact.from)) // biome-ignore format: one line
  // Rules that let anything in prove nothing about owners.
  if (!isOwner || contact.form !== 'statement' || contact.problem) return not('not-by-owner')
  const { outcome } = judgeBy(compileRuleBook(state.active), contact)
  if (outcome !== 'accept') return not('not-accepted')
  return { status: 'confirmed', state: { ...state, trial: undefined } }
}

/** A list with one of its documents changed; raises what is known to be the highest version. */
function changedList(
  list: readonly unknown[],
  { kind, name, expectedVersion, document }: RuleChange,
  highest: Map<string, number>,
): readonly unknown[] | ChangeRefused {
  const at = list.findIndex((one) => read(one, 'name') === name)
  const actualVersion = at < 0 ? 0 : Number(read(list[at], 'version'))
  if (expectedVersion !== actualVersion) {
    const sentence = `the ${kind} ${name} has version ${actualVersion || 'none'}, not ${expectedVersion || 'none'}`
    return { ...refused('version-conflict', sentence), actualVersion }
  }
  if (document === undefined) {
    return at < 0 ? refused('nothing-changed', `there is no ${kind} ${name}`) : list.toSpliced(at, 1) // biome-ignore format: one line
  }
  if (read(document, 'name') !== name) return refused('malformed', `the ${kind} has another name than ${name}`) // biome-ignore format: one line
  const version = read(document, 'version')
  const last = highest.get(keyOf(kind, name)) ?? 0
  // Also above what was deleted or rolled back: a version means one text, forever.
  if (typeof version !== 'number' || !(version > last)) return refused('version-not-rising', `the version of the ${kind} ${name} has to be above ${last}`) // biome-ignore format: one line
  // Or who may change rules once could use up all versions there are, and nobody could change them back.
  if (version > last + MAX_VERSION_STEP) return refused('version-too-high', `the version of the ${kind} ${name} may be ${last + MAX_VERSION_STEP} at most`) // biome-ignore format: one line
  highest.set(keyOf(kind, name), version)
  return at < 0 ? [...list, document] : list.with(at, document)
}

function told({ kind, name }: RuleChange, { policies, roles }: RuleBook): ChangedDocument {
  const document = (kind === 'policy' ? policies : roles).find((one) => one.name === name)
  const digest = document && documentDigest(document)
  return { kind, name, version: document?.version, digest }
}

function keyOf(kind: RuleChange['kind'], name: string): string {
  return `${kind} ${name}`
}

function read(document: unknown, member: 'name' | 'version'): unknown {
  if (typeof document !== 'object' || document === null) return undefined
  return (document as Readonly<Record<string, unknown>>)[member]
}

function refused(problem: ChangeProblem, sentence: string): ChangeRefused {
  return { status: 'refused', problem, sentence }
}
