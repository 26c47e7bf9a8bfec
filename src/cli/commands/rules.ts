import { setTimeout } from 'node:timers/promises'
import { RemoteError } from '../../errors.ts'
import type { ChangeAnswer, KnownDocument, ToldTrial } from '../../node/management-messages.ts'
import type { Node } from '../../node/node.ts'
import type { RuleChange } from '../../security/policies/activation.ts'
import { OWNER } from '../../security/policies/rule-book.ts'
import { compileSignaturePolicy } from '../../security/policies/signature-policy.ts'
import { compileUserRole } from '../../security/roles/user-role.ts'
import type { JsonObject } from '../../wire/payload.ts'
import { readJsonFile } from '../known-keys.ts'
import { clientByConfig, type OverlayClient, readTimeout, withClient } from '../overlay-client.ts'
import { table } from '../tables.ts'

/** How the node is asked whose rules these are. */
export interface AskOptions {
  readonly config: string
  /** The node or service that is asked. */
  readonly at: string
  readonly timeout: string
  readonly json?: boolean
}

export interface ChangeOptions extends AskOptions {
  readonly dryRun?: boolean
  readonly confirmWithin: string
  /** False: the change is left on trial for an owner to confirm elsewhere. */
  readonly confirm: boolean
}

type Kind = RuleChange['kind']

/** What the commands for signature policies and those for user roles call things. */
// biome-ignore format: a table
const WORDS = {
  policy: { add: 'AddSignaturePolicy', update: 'UpdateSignaturePolicy', delete: 'DeleteSignaturePolicy', member: 'signaturePolicy', compile: compileSignaturePolicy },
  role:   { add: 'AddUserRole',        update: 'UpdateUserRole',        delete: 'DeleteUserRole',        member: 'userRole',        compile: compileUserRole },
} as const

const LOOK_EVERY_MS = 500

/** `wattweave policy list`, `wattweave roles list`: what holds at a node. */
export async function listRules(kind: Kind, options: AskOptions): Promise<void> {
  const { documents, trial } = await asking(options, (node, timeoutMs) => known(node, kind, options.at, { timeoutMs })) // biome-ignore format: one line
  if (options.json) return print(JSON.stringify({ documents, ...(trial && { trial }) }, undefined, 2)) // biome-ignore format: one line
  const rows = documents.map(({ name, version, digest, onTrial, document }) => [name, `${version}`, digest, onTrial ? 'on trial' : 'holds', textOf(document?.description)]) // biome-ignore format: one line
  print(table(['name', 'version', 'digest', 'state', 'description'], rows).join('\n'))
  if (trial) print(`What is on trial goes at ${trial.endsAt} unless an owner signs something by then.`) // biome-ignore format: one line
}

/** `wattweave policy show NAME`, `wattweave roles show NAME`: the document as it holds. */
export async function showRule(kind: Kind, name: string, options: AskOptions): Promise<void> {
  const { documents } = await asking(options, (node, timeoutMs) => known(node, kind, options.at, { timeoutMs, name })) // biome-ignore format: one line
  const [found] = documents
  if (!found) throw new Error(`there is no ${kind} ${name} at ${options.at}; wattweave ${commandOf(kind)} list prints those that are`) // biome-ignore format: one line
  print(JSON.stringify(options.json ? found : found.document, undefined, 2))
}

/** `wattweave policy check FILE`, `wattweave roles check FILE`: whether a document can be used. */
export function checkRule(kind: Kind, file: string, { json }: { readonly json?: boolean }): void {
  const { name, version } = documentIn(kind, file)
  print(json ? JSON.stringify({ kind, name, version, isRight: true }) : `${file}: the ${kind} ${name}, version ${version}, can be used`) // biome-ignore format: one line
}

/** `wattweave policy put FILE`, `wattweave roles put FILE`: adds a document, or replaces its older version. */
export async function putRule(kind: Kind, file: string, options: ChangeOptions): Promise<void> {
  const document = documentIn(kind, file)
  await changing(kind, document.name, options, async (node, { expectedVersion, ...more }) => {
    const { add, update, member } = WORDS[kind]
    const request = { [member]: document.document, ...more, ...(expectedVersion > 0 && { expectedVersion }) } // biome-ignore format: one line
    return ask(node, options.at, expectedVersion > 0 ? update : add, request)
  })
}

/** `wattweave policy delete NAME`, `wattweave roles delete NAME`. */
export async function deleteRule(kind: Kind, name: string, options: ChangeOptions): Promise<void> {
  await changing(kind, name, options, async (node, { expectedVersion, ...more }) => {
    if (expectedVersion === 0) throw new Error(`there is no ${kind} ${name} at ${options.at}; wattweave ${commandOf(kind)} list prints those that are`) // biome-ignore format: one line
    return ask(node, options.at, WORDS[kind].delete, { name, expectedVersion, ...more })
  })
}

type ChangeAction = (typeof WORDS)[Kind]['add' | 'update' | 'delete']

interface Expectation {
  readonly expectedVersion: number
  readonly dryRun?: true
  readonly confirmWithinS?: number
  readonly timeoutMs: number
}

/** Reads the version there is, changes it, says what came of it, and confirms it. */
async function changing(
  kind: Kind,
  name: string,
  options: ChangeOptions,
  change: (node: Node, expected: Omit<Expectation, 'timeoutMs'>) => Promise<ChangeAnswer>,
): Promise<void> {
  const { at, dryRun, json, confirm } = options
  const confirmWithinS = readSeconds(options.confirmWithin)
  const outcome = await asking(options, async (node, timeoutMs, client) => {
    const { documents } = await known(node, kind, at, { timeoutMs, name })
    const expectedVersion = documents[0]?.version ?? 0
    if (!json) print(`${kind} ${name} at ${at}: ${expectedVersion === 0 ? 'there is none yet' : `version ${expectedVersion}`}`) // biome-ignore format: one line
    const answer = await change(node, { expectedVersion, ...(dryRun ? { dryRun } : { confirmWithinS }) }) // biome-ignore format: one line
    if (answer.status !== 'Accepted' || dryRun) return { expectedVersion, answer }
    const mayConfirm = confirm && client.record()?.roles.includes(OWNER) === true
    const state = mayConfirm ? await endOfTrial(node, kind, { at, name, answer, timeoutMs }) : 'on-trial' // biome-ignore format: one line
    return { expectedVersion, answer, state }
  })
  if (json) print(JSON.stringify(outcome, undefined, 2))
  else for (const line of changeLines(outcome)) print(line)
  if (outcome.answer.status !== 'Accepted' || outcome.state === 'undone') process.exitCode = 1
}

/** What became of a change. */
type State = 'holds' | 'undone' | 'on-trial'

function changeLines({
  answer,
  state,
}: {
  readonly answer: ChangeAnswer
  readonly state?: State
}): string[] {
  // biome-ignore format: one line
  if (answer.status === 'Rejected') return [`not done: ${answer.problem}: ${answer.sentence}`]
  const { documents, trialEndsAt, differences = [], dryRun } = answer
  const what = documents.map(({ kind, name, version, digest }) => `${kind} ${name} ${version === undefined ? 'is deleted' : `has version ${version}, digest ${digest}`}`) // biome-ignore format: one line
  if (dryRun) {
    const rows = differences.map(({ kind, action, from, to, count, before, after }) => [`${count}`, `${kind} ${action}`, from, to, decided(before), decided(after)]) // biome-ignore format: one line
    const told = rows.length > 0 ? table(['times', 'message', 'from', 'to', 'now', 'then'], rows) : ['of the messages of lately none would be decided otherwise'] // biome-ignore format: one line
    return ['nothing is changed; it would be:', ...what, ...told]
  }
  if (state === 'holds') return [...what, 'it holds: an owner has asked under the new rules, and was obeyed'] // biome-ignore format: one line
  if (state === 'undone') return [...what, 'it was undone again: nobody confirmed it in time'] // biome-ignore format: one line
  return [...what, `on trial until ${trialEndsAt}: an owner has to sign something by then, or the former rules hold again`] // biome-ignore format: one line
}

function decided({
  outcome,
  reason,
}: {
  readonly outcome: string
  readonly reason?: string
}): string {
  // biome-ignore format: one line
  return reason === undefined ? outcome : `${outcome} (${reason})`
}

interface Trial {
  readonly at: string
  readonly name: string
  readonly answer: Extract<ChangeAnswer, { status: 'Accepted' }>
  readonly timeoutMs: number
}

/** Asks again, signed later than the change, until its trial is over. */
async function endOfTrial(
  node: Node,
  kind: Kind,
  { at, name, answer, timeoutMs }: Trial,
): Promise<State> {
  // biome-ignore format: one line
  const wanted = answer.documents.find((one) => one.kind === kind && one.name === name)?.digest
  const isStill = (trial: ToldTrial | undefined) => trial?.documents.some((one) => one.kind === kind && one.name === name) === true // biome-ignore format: one line
  const end = Date.now() + timeoutMs
  while (Date.now() < end) {
    await setTimeout(LOOK_EVERY_MS)
    const { documents, trial } = await known(node, kind, at, { timeoutMs, name })
    if (!isStill(trial)) return documents[0]?.digest === wanted ? 'holds' : 'undone'
  }
  return 'on-trial'
}

interface Asked {
  readonly documents: readonly KnownDocument[]
  readonly trial?: ToldTrial
}

async function known(
  node: Node,
  kind: Kind,
  at: string,
  { timeoutMs, name }: { readonly timeoutMs: number; readonly name?: string },
): Promise<Asked> {
  const wanted = name === undefined ? {} : { name }
  if (kind === 'policy') {
    const { signaturePolicies, trial } = await node.call(at, 'ocpp2.1', 'GetSignaturePolicies', wanted, { timeoutMs }) // biome-ignore format: one line
    return { documents: signaturePolicies, ...(trial && { trial }) }
  }
  const { userRoles, trial } = await node.call(at, 'ocpp2.1', 'GetUserRoles', wanted, { timeoutMs })
  return { documents: userRoles, ...(trial && { trial }) }
}

function ask(node: Node, at: string, action: ChangeAction, request: JsonObject) {
  // What each action takes is checked against its schema by whoever is asked.
  return node.call(at, 'ocpp2.1', action, request as never)
}

/** @throws {Error} of a refusal, with what can be done about it. */
export async function asking<T>(
  { config, timeout, at }: Pick<AskOptions, 'config' | 'timeout' | 'at'>,
  act: (node: Node, timeoutMs: number, client: OverlayClient) => Promise<T>,
): Promise<T> {
  const timeoutMs = readTimeout(timeout)
  try {
    return await withClient(clientByConfig(config), timeoutMs, (client) => act(client.node, timeoutMs, client)) // biome-ignore format: one line
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error
    const { reason } = (error.errorDetails ?? {}) as { readonly reason?: unknown }
    const why = typeof reason === 'string' ? reason : `${error.errorCode} ${error.errorDescription}` // biome-ignore format: one line
    throw new Error(`${at} refused: ${why}; ${remedyFor(why)}`, { cause: error })
  }
}

function remedyFor(reason: string): string {
  if (reason === 'role') return 'the key of this node has no user role that permits it: invite it with --role owner or admin' // biome-ignore format: one line
  if (reason === 'unknown-keys' || reason === 'unsigned') return 'the key of this node is not believed there: wattweave keys invite and wattweave keys join make it known' // biome-ignore format: one line
  return 'docs/security.md says what the reason means'
}

function documentIn(kind: Kind, file: string) {
  const document = readJsonFile(file)
  const { name, version } = WORDS[kind].compile(document)
  return { document, name, version }
}

function readSeconds(text: string): number {
  const seconds = Number(text)
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= 3_600) return seconds
  throw new Error(`--confirm-within must be a whole number of seconds from 1 to 3600, not "${text}"`) // biome-ignore format: one line
}

export function commandOf(kind: Kind): string {
  return kind === 'policy' ? 'policy' : 'roles'
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
