import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { OverlayError } from '../errors.ts'
import type { Clock } from '../primitives/clock.ts'
import { isSameId, type NodeId } from '../primitives/ids.ts'
import { stripSignatures } from '../security/carriers.ts'
import {
  type Added,
  type Entitled,
  KeyDirectory,
  type Revoked,
} from '../security/keys/key-directory.ts'
import {
  type KeyRecord,
  keyRecordPayload,
  type RevocationList,
  readKeyRecord,
  readRevocationList,
} from '../security/keys/key-record.ts'
import {
  type ActivationState,
  beginActivation,
  type ChangeContext,
  type Changed,
  type ChangedDocument,
  changedDocuments,
  confirmChange,
  proposeChange,
  type RuleChange,
  settle,
} from '../security/policies/activation.ts'
import type { PolicyFacts } from '../security/policies/facts.ts'
import {
  type CompiledRuleBook,
  compileRuleBook,
  documentDigest,
  type RuleBook,
} from '../security/policies/rule-book.ts'
import type { JsonObject } from '../wire/payload.ts'
import { writeWhole } from './whole-file.ts'

/** A signed statement and when it was taken, by which it is judged again after a restart. */
interface Kept {
  readonly payload: JsonObject
  /** Seconds since 1970. */
  readonly atS: number
  /** The node that pushed it here; absent: it was taken by this node's own operator. */
  readonly from?: string
}

/** What other nodes are to know as well. */
export interface TrustStatement {
  readonly kind: 'keyRecord' | 'revocationList' | 'entitlement'
  /** The same object as long as it is the same statement. */
  readonly payload: JsonObject
}

/** How a trial of changed rules went. */
export interface TrialEnd {
  readonly outcome: 'confirmed' | 'rolled-back'
  /** As they were on trial. */
  readonly documents: readonly ChangedDocument[]
}

/** How a rule book differs from the one that was shipped or configured. */
interface StoredDocument {
  readonly kind: RuleChange['kind']
  readonly name: string
  /** Absent: it was deleted. */
  readonly document?: unknown
}
interface StoredRules {
  readonly active: readonly StoredDocument[]
  readonly highest: readonly (readonly [string, number])[]
  readonly trial?: {
    readonly previous: readonly StoredDocument[]
    readonly sinceS: number
    readonly untilS: number
  }
}

export interface TrustStoreOptions {
  /** Key records that are believed as they stand. */
  readonly anchors: readonly KeyRecord[]
  /** The rules that hold where nobody has changed them. */
  readonly rules: RuleBook
  readonly clock: Clock
  /** Where it is kept across restarts; undefined: nowhere. */
  readonly folder?: string | undefined
}

/**
 * What a node believes and obeys: keys, revocations, policies and user roles. Each change is on disk
 * before it counts, so a restart neither forgets a revocation nor confirms a change by itself.
 *
 * @throws {OverlayError} ERR_STORE_DAMAGED when what is kept cannot be read: going on without it could
 *   bring a revoked key back.
 */
export class TrustStore {
  readonly directory: KeyDirectory
  readonly #options: TrustStoreOptions
  readonly #records: Kept[]
  #revocations: Kept | undefined
  /** Of each node the newest. */
  #entitlements: readonly Kept[]
  #state: ActivationState
  #compiled: { readonly of: RuleBook; readonly book: CompiledRuleBook } | undefined
  readonly #listeners = new Set<(end: TrialEnd) => void>()
  /** What ended before anybody listened. */
  #untold: TrialEnd | undefined

  constructor(options: TrustStoreOptions) {
    this.#options = options
    const { folder, anchors } = options
    this.directory = new KeyDirectory([
      ...anchors,
      ...(folder === undefined ? [] : keptAnchors(folder)),
    ])
    this.#records = (this.#read('records') as Kept[] | undefined) ?? []
    this.#revocations = this.#read('revocations') as Kept | undefined
    for (const { payload, atS } of this.#records) this.#keptWell(this.directory.add(payload, atS))
    if (this.#revocations) {
      const { payload, atS } = this.#revocations
      this.#keptWell(this.directory.revoke(payload, atS, true))
    }
    this.#entitlements = (this.#read('entitlements') as Kept[] | undefined) ?? []
    for (const { payload, atS } of this.#entitlements) this.#keptWell(this.directory.entitle(payload, atS, true)) // biome-ignore format: one line
    this.#state = this.#readRules()
  }

  /** The rules that hold now. */
  get book(): CompiledRuleBook {
    const { active } = this.rules
    if (this.#compiled?.of !== active)
      this.#compiled = { of: active, book: compileRuleBook(active) }
    return this.#compiled.book
  }

  /** The same with versions, and what would come back: changes nobody confirmed in time have gone. */
  get rules(): ActivationState {
    const settled = settle(this.#state, this.#nowS())
    if (settled !== this.#state) this.#endTrial('rolled-back', settled)
    return this.#state
  }

  /**
   * Observes how trials end.
   *
   * @returns What ends observing.
   */
  onTrialEnd(listener: (end: TrialEnd) => void): () => void {
    this.#listeners.add(listener)
    const untold = this.#untold
    this.#untold = undefined
    if (untold) listener(untold)
    return () => this.#listeners.delete(listener)
  }

  /**
   * The signed key records that were taken, for those who are to know them as well: in the order in
   * which they were taken, older ones of the same key among them, because one may stand on another.
   */
  signedRecords(): readonly JsonObject[] {
    return this.#records.map(({ payload }) => payload)
  }

  /** What this node did not hear from another one, in the order in which others can take it. */
  ownStatements(): readonly TrustStatement[] {
    const own = this.#records.filter(({ from }) => from === undefined)
    const records = own.map(({ payload }): TrustStatement => ({ kind: 'keyRecord', payload }))
    const entitlements = this.#entitlements.filter(({ from }) => from === undefined).map(({ payload }): TrustStatement => ({ kind: 'entitlement', payload })) // biome-ignore format: one line
    const list = this.#revocations
    const lists: TrustStatement[] = list && list.from === undefined ? [{ kind: 'revocationList', payload: list.payload }] : [] // biome-ignore format: one line
    // Lists last: what a key has endorsed before it was revoked counts on.
    return [...records, ...entitlements, ...lists]
  }

  /** The signed entitlements that count, or did. */
  signedEntitlements(): readonly JsonObject[] {
    return this.#entitlements.map(({ payload }) => payload)
  }

  /** The newest signed revocation list. */
  signedRevocations(): JsonObject | undefined {
    return this.#revocations?.payload
  }

  /** Believes a record as it stands, from now on. */
  addAnchor(record: KeyRecord): void {
    const { folder } = this.#options
    if (folder !== undefined) keepAnchor(folder, record)
    this.directory.addAnchor(record)
  }

  /**
   * Takes a signed key record.
   *
   * @param from The node that pushed it here.
   */
  addRecord(payload: JsonObject, from?: string): Added {
    const atS = this.#nowS()
    const added = this.directory.add(payload, atS)
    if (added.status !== 'added' || this.#records.some((one) => isDeepStrictEqual(one.payload, payload))) return added // biome-ignore format: one line
    // Older records of the key are kept: what it has endorsed with them is judged again at the start.
    this.#records.push({ payload, atS, ...(from !== undefined && { from }) })
    this.#write('records', this.#records)
    return added
  }

  /** Takes a signed entitlement, as `addRecord`. */
  entitle(payload: JsonObject, from?: string): Entitled {
    const atS = this.#nowS()
    const entitled = this.directory.entitle(payload, atS)
    if (entitled.status !== 'entitled') return entitled
    if (this.#entitlements.some((one) => isDeepStrictEqual(one.payload, payload))) return entitled
    const { node } = entitled.entitlement
    const others = this.#entitlements.filter((one) => !isSameId(one.payload.node as NodeId, node))
    this.#entitlements = [...others, { payload, atS, ...(from !== undefined && { from }) }]
    this.#write('entitlements', this.#entitlements)
    return entitled
  }

  /** Takes a signed revocation list, as `addRecord`; the one that is known is taken again. */
  revoke(payload: JsonObject, from?: string): Revoked {
    const atS = this.#nowS()
    const known = this.#revocations
    if (known && isDeepStrictEqual(known.payload, payload)) {
      return { status: 'revoked', list: readRevocationList(stripSignatures(payload)) as RevocationList } // biome-ignore format: one line
    }
    const revoked = this.directory.revoke(payload, atS)
    if (revoked.status !== 'revoked') return revoked
    this.#revocations = { payload, atS, ...(from !== undefined && { from }) }
    this.#write('revocations', this.#revocations)
    return revoked
  }

  /** Puts changed rules on trial. */
  change(changes: readonly RuleChange[], context: Omit<ChangeContext, 'nowS'>): Changed {
    const changed = proposeChange(this.rules, changes, { ...context, nowS: this.#nowS() })
    if (changed.status === 'on-trial') this.#keepRules(changed.state)
    return changed
  }

  /** What `change` would come to; nothing is changed. */
  tryChange(changes: readonly RuleChange[], context: Omit<ChangeContext, 'nowS'>): Changed {
    return proposeChange(this.rules, changes, { ...context, nowS: this.#nowS() })
  }

  /** A message was accepted; one of an owner ends a trial well. */
  noteAccepted(facts: PolicyFacts): void {
    if (!this.#state.trial) return
    const confirmed = confirmChange(this.rules, facts, this.#nowS())
    if (confirmed.status === 'confirmed') this.#endTrial('confirmed', confirmed.state)
  }

  /**
   * Lets changed rules stay by the word of the operator of this very node, whom no rules keep away from
   * it. Where somebody else could be locked out, an owner elsewhere has to say something.
   *
   * @returns Whether anything was on trial.
   */
  confirmTrial(): boolean {
    const { trial, ...state } = this.rules
    if (!trial) return false
    this.#endTrial('confirmed', { ...state, trial: undefined })
    return true
  }

  #endTrial(outcome: TrialEnd['outcome'], state: ActivationState): void {
    const { active, trial } = this.#state
    this.#keepRules(state)
    if (!trial) return
    const end = { outcome, documents: changedDocuments(trial.previous, active) }
    if (this.#listeners.size === 0) this.#untold = end
    for (const listener of this.#listeners) listener(end)
  }

  #nowS(): number {
    return Math.floor(this.#options.clock.now() / 1_000)
  }

  #keepRules(state: ActivationState): void {
    const { rules } = this.#options
    const { active, highest, trial } = state
    const shipped = beginActivation(rules).highest
    const stored: StoredRules = {
      active: differences(rules, active),
      highest: [...highest].filter(([key, version]) => shipped.get(key) !== version),
      ...(trial && { trial: { ...trial, previous: differences(rules, trial.previous) } }),
    }
    this.#write('rules', stored)
    this.#state = state
  }

  #readRules(): ActivationState {
    const { rules } = this.#options
    const began = beginActivation(rules)
    const stored = this.#read('rules') as StoredRules | undefined
    if (!stored) return began
    const highest = new Map(began.highest)
    for (const [key, version] of stored.highest) {
      highest.set(key, Math.max(version, highest.get(key) ?? 0))
    }
    const { trial } = stored
    return {
      active: changed(rules, stored.active),
      highest,
      trial: trial && { ...trial, previous: changed(rules, trial.previous) },
    }
  }

  /** What was taken once counts as of then; where it does not, the file is not what was written. */
  #keptWell(result: Added | Revoked | Entitled): void {
    if (result.status !== 'refused') return
    throw unreadable(this.#options.folder ?? '', `${result.problem}: ${result.sentence}`)
  }

  #read(name: string): unknown {
    const { folder } = this.#options
    const file = folder === undefined ? '' : join(folder, `${name}.json`)
    if (folder === undefined || !existsSync(file)) return undefined
    return readJson(file)
  }

  #write(name: string, value: unknown): void {
    const { folder } = this.#options
    if (folder !== undefined) writeWhole(join(folder, `${name}.json`), JSON.stringify(value))
  }
}

/** Records that somebody has entered by hand, or that a code has proved, each a file of its own. */
const ANCHORS = 'trusted'

/** Keeps a record that is believed as it stands; a node that runs reads it when it starts again. */
export function keepAnchor(folder: string, record: KeyRecord): void {
  const text = JSON.stringify(keyRecordPayload(record), undefined, 2)
  writeWhole(join(folder, ANCHORS, `${record.key.kid}.json`), text)
}

/** @throws {OverlayError} ERR_STORE_DAMAGED */
function keptAnchors(folder: string): KeyRecord[] {
  const anchors = join(folder, ANCHORS)
  if (!existsSync(anchors)) return []
  const names = readdirSync(anchors).filter((name) => name.endsWith('.json'))
  return names.map((name) => {
    const file = join(anchors, name)
    const record = readKeyRecord(readJson(file) as JsonObject)
    if (typeof record === 'string') throw unreadable(file, record)
    return record
  })
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    throw unreadable(file, 'it is no JSON')
  }
}

const KINDS = ['policy', 'role'] as const

/** Documents of a kind, by name. */
function byName(book: RuleBook, kind: RuleChange['kind']) {
  const list = kind === 'policy' ? book.policies : book.roles
  return new Map(list.map((document) => [document.name, document]))
}

function differences(base: RuleBook, book: RuleBook): StoredDocument[] {
  return KINDS.flatMap((kind) => {
    const [before, after] = [byName(base, kind), byName(book, kind)]
    const deleted = [...before.keys()].filter((name) => !after.has(name))
    const others = [...after].filter(([name, document]) => {
      const old = before.get(name)
      return !old || documentDigest(old) !== documentDigest(document)
    })
    return [
      ...deleted.map((name) => ({ kind, name })),
      ...others.map(([name, document]) => ({ kind, name, document })),
    ]
  })
}

function changed(base: RuleBook, stored: readonly StoredDocument[]): RuleBook {
  const [policies, roles] = KINDS.map((kind) => {
    const documents: Map<string, unknown> = byName(base, kind)
    for (const { name, document } of stored.filter((one) => one.kind === kind)) {
      if (document === undefined) documents.delete(name)
      else documents.set(name, document)
    }
    return [...documents.values()]
  })
  return { policies, roles } as unknown as RuleBook
}

function unreadable(file: string, problem: string): OverlayError {
  return new OverlayError('ERR_STORE_DAMAGED', { file, problem })
}
