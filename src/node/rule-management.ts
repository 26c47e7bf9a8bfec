import type { KeyDirectory } from '../security/keys/key-directory.ts'
import type { KeyRecord } from '../security/keys/key-record.ts'
import {
  type Changed,
  type ChangedDocument,
  type ChangeRefused,
  changedDocuments,
  type RuleChange,
} from '../security/policies/activation.ts'
import type { PolicyDecision, PolicyFacts, SignerFacts } from '../security/policies/facts.ts'
import {
  type CompiledRuleBook,
  compileRuleBook,
  type Difference,
  documentDigest,
  dryRun,
  OWNER,
} from '../security/policies/rule-book.ts'
import type { JsonObject } from '../wire/payload.ts'
import type { ManagementSite } from './management.ts'
import type {
  ChangeAnswer,
  ChangeOptions,
  KnownDocument,
  ManagementMessages,
  Refusal,
  ToldDecision,
  ToldDifference,
  ToldDocument,
  ToldTrial,
} from './management-messages.ts'

const CONFIRM_WITHIN_S = 60
const MAX_SENTENCE = 1_000
/** What answers hold of documents, so that they fit into a frame with all around them. */
export const MAX_TOLD_CHARACTERS = 128 * 1024

type Kind = RuleChange['kind']
type ChangeRequest = ChangeOptions & {
  readonly expectedVersion?: number
  readonly name?: string
  readonly [member: string]: unknown
}

/**
 * The handler of messages that add, replace or delete a document.
 *
 * @param member Where the document stands; undefined: the message deletes.
 */
export function changeRules(kind: Kind, member: 'signaturePolicy' | 'userRole' | undefined) {
  return (site: ManagementSite, request: ChangeRequest, by: string | undefined): ChangeAnswer => {
    const change = changeOf(kind, request, member)
    const { dryRun: isDry = false, confirmWithinS = CONFIRM_WITHIN_S } = request
    const { nodeId, trust } = site
    const context = { nodeId, confirmWithinS, owners: ownersOf(trust.directory, nowS(site)) }
    const before = trust.book
    const changed = isDry ? trust.tryChange([change], context) : trust.change([change], context)
    if (changed.status === 'refused') return refusedChange(site, { change, changed, by, isDry })
    const documents = changed.documents.map(toldDocument)
    const told = { status: 'Accepted', documents } as const
    if (isDry) return { ...told, dryRun: true, differences: differencesOf(site, before, changed) }
    const trialEndsAt = timeOf(changed.state.trial?.untilS ?? 0)
    site.emit({ name: 'rules.changed', by: by ?? nodeId, documents, trialEndsAt })
    return { ...told, trialEndsAt }
  }
}

function changeOf(
  kind: Kind,
  request: ChangeRequest,
  member: 'signaturePolicy' | 'userRole' | undefined,
): RuleChange {
  const { expectedVersion = 0 } = request
  if (!member) return { kind, name: request.name ?? '', expectedVersion, document: undefined }
  const document = request[member] as JsonObject
  // Without a name it is refused as malformed, as it has another name than this one.
  const name = typeof document.name === 'string' ? document.name : ''
  return { kind, name, expectedVersion, document }
}

interface Refused {
  readonly change: RuleChange
  readonly changed: ChangeRefused
  readonly by: string | undefined
  readonly isDry: boolean
}

function refusedChange(
  site: ManagementSite,
  { change, changed, by, isDry }: Refused,
): Refusal & { readonly dryRun?: true; readonly actualVersion?: number } {
  const { problem, sentence, actualVersion } = changed
  const { kind, name } = change
  // Whoever only asks has not been kept from anything.
  if (!isDry) site.emit({ name: 'trust.refused', by: by ?? site.nodeId, what: `${kind} ${name}`, problem }) // biome-ignore format: one line
  return {
    ...refusal(problem, sentence),
    ...(isDry && { dryRun: true }),
    ...(actualVersion !== undefined && { actualVersion }),
  }
}

/** Of messages that were obeyed lately, which ones would be decided differently. */
function differencesOf(
  site: ManagementSite,
  before: CompiledRuleBook,
  { state }: Extract<Changed, { status: 'on-trial' }>,
): readonly ToldDifference[] {
  const messages = site.recent()
  const counted = new Map<string, ToldDifference>()
  for (const difference of dryRun(before, compileRuleBook(state.active), messages)) {
    const facts = messages[difference.index]
    if (!facts) continue
    const told = toldDifference(facts, difference)
    const key = JSON.stringify(told)
    counted.set(key, { ...told, count: (counted.get(key)?.count ?? 0) + 1 })
  }
  return [...counted.values()]
}

function toldDifference(
  { kind, action, from, to }: PolicyFacts,
  { before, after }: Difference,
): ToldDifference {
  return { kind, action, from, to, count: 0, before: toldDecision(before), after: toldDecision(after) } // biome-ignore format: one line
}

function toldDecision({ outcome, reason }: PolicyDecision): ToldDecision {
  return { outcome, ...(reason !== undefined && { reason }) }
}

type RulesAnswer = ManagementMessages['GetSignaturePolicies' | 'GetUserRoles']['response']

/** The handler of messages that ask for the documents of a kind. */
export function rulesOf(kind: Kind, member: 'signaturePolicies' | 'userRoles') {
  return ({ trust }: ManagementSite, { name }: { readonly name?: string }): RulesAnswer => {
    const { active, trial } = trust.rules
    const changed = trial ? changedDocuments(trial.previous, active) : []
    const onTrial = new Set(changed.filter((one) => one.kind === kind).map((one) => one.name))
    const all = kind === 'policy' ? active.policies : active.roles
    let room = MAX_TOLD_CHARACTERS
    const documents = all
      .filter((one) => name === undefined || one.name === name)
      .map((document): KnownDocument => {
        const { name: own, version } = document
        room -= JSON.stringify(document).length
        const isTold = room >= 0 || name !== undefined
        // biome-ignore format: one record
        return { name: own, version, digest: documentDigest(document), ...(onTrial.has(own) && { onTrial: true }),
          ...(isTold && { document: document as unknown as JsonObject }) }
      })
    const told: ToldTrial | undefined = trial && {
      since: timeOf(trial.sinceS),
      endsAt: timeOf(trial.untilS),
      documents: changed.map(toldDocument),
    }
    return { [member]: documents, ...(told && { trial: told }) } as RulesAnswer
  }
}

export function toldDocument({ kind, name, version, digest }: ChangedDocument): ToldDocument {
  return { kind, name, ...(version !== undefined && { version }), ...(digest !== undefined && { digest }) } // biome-ignore format: one line
}

export function refusal(problem: string, sentence: string): Refusal {
  return { status: 'Rejected', problem, sentence: sentence.slice(0, MAX_SENTENCE) }
}

/** The keys of owners that count for messages at a time. */
export function ownersOf(
  directory: Pick<KeyDirectory, 'records' | 'find'>,
  atS: number,
): readonly SignerFacts[] {
  const isOwner = ({ key, roles }: KeyRecord) =>
    roles.includes(OWNER) && directory.find(key.kid, 'sign-message', atS).status === 'usable'
  return directory.records().filter(isOwner).map(signerOf)
}

/** A key as the signer that it would be. */
export function signerOf({ key, owner, organisation, roles }: KeyRecord): SignerFacts {
  return { kid: key.kid, owner, roles, algorithm: key.alg, ...(organisation !== undefined && { organisation }) } // biome-ignore format: one line
}

/** Seconds since 1970. */
export function nowS({ clock }: Pick<ManagementSite, 'clock'>): number {
  return Math.floor(clock.now() / 1_000)
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1_000).toISOString()
}
