import { readFileSync } from 'node:fs'
import { text as textOf } from 'node:stream/consumers'
import { actionRow } from '../../messages/actions.ts'
import { PROTOCOLS, type Protocol } from '../../messages/protocols.ts'
import { dataIn } from '../../node/signed-data.ts'
import { signersOf, vouchedOrigin } from '../../node/signer-facts.ts'
import { isNodeId, isSameId, type NodeId } from '../../primitives/ids.ts'
import { canonicalize, parseStrict } from '../../security/canonical.ts'
import { takeSignatures } from '../../security/carriers.ts'
import type { MessageFields } from '../../security/header.ts'
import { judgeByItem } from '../../security/policies/by-item.ts'
import { explainForwarded, explainIncoming } from '../../security/policies/evaluate.ts'
import type { PolicyDecision, PolicyFacts } from '../../security/policies/facts.ts'
import { compileRuleBook, withRights } from '../../security/policies/rule-book.ts'
import { refusedItems } from '../../security/roles/item-answers.ts'
import { judgeRights } from '../../security/roles/rights.ts'
import { verifyStatement } from '../../security/statement.ts'
import { type Frame, isErrorType, KINDS } from '../../wire/frame.ts'
import { decodeText } from '../../wire/text.ts'
import { type Config, loadConfig } from '../config.ts'
import { type ReadTrust, readTrust } from '../known-keys.ts'

export interface ExplainOptions {
  readonly config: string
  /** Of a standard frame: who sent it. */
  readonly source?: string
  /** Of an answer: the action that it answers. */
  readonly answers?: string
  readonly protocol: string
  readonly json?: boolean
}

/** What becomes of a frame, and how that comes about. */
export interface Explanation {
  readonly decision: PolicyDecision
  readonly steps: readonly string[]
}

const SERVICES: Readonly<Partial<Record<Config['role'], readonly string[]>>> = {
  csms: ['CSMS', 'CentralSystem'],
}
const NOT_ACCEPTED = 3
const MAX_ALTERNATIVES = 6

/**
 * `wattweave policy explain FRAME --config FILE`: which rule of a node decides about a frame that it
 * received, and why. Exit code 0 where it is accepted, 3 where it is not.
 */
export async function explainPolicy(frame: string, options: ExplainOptions): Promise<void> {
  const config = loadConfig(options.config)
  const { decision, steps } = explainFrame(await frameBytes(frame), { ...options, config, trust: readTrust(config) }) // biome-ignore format: one line
  if (options.json) process.stdout.write(`${JSON.stringify({ decision, steps }, undefined, 2)}\n`)
  else process.stdout.write(`${[...steps.map(shortened), summaryOf(decision)].join('\n')}\n`)
  if (decision.outcome !== 'accept' && decision.outcome !== 'allow-and-alert') process.exitCode = NOT_ACCEPTED // biome-ignore format: one line
}

interface Around extends Pick<ExplainOptions, 'source' | 'answers' | 'protocol'> {
  readonly config: Pick<Config, 'nodeId' | 'role' | 'operator'>
  readonly trust: ReadTrust
}

/**
 * Judges a frame as of when it was signed: what nobody can tell from it is taken as good, namely that
 * it came in time, that an answer was asked for, and that a CSMS is the primary upstream.
 */
export function explainFrame(bytes: Uint8Array, around: Around): Explanation {
  const frame = decodeText(bytes)
  const { facts, notes, destination } = factsOf(frame, around)
  const book = compileRuleBook(around.trust.rules)
  const judged = withRights(facts, book.roles)
  // By the frame: what was signed for somebody else may be sent here all the same.
  const isForOthers = !ownNames(around.config).some((id) => isSameId(id as NodeId, destination))
  if (isForOthers) {
    const link = { id: destination, kind: 'node', proof: 'none' } as const
    const { decision, steps } = explainForwarded(book.policies, { ...judged, link })
    return { decision, steps: [...notes, `it is for ${destination}, so this node only passes it on`, ...steps] } // biome-ignore format: one line
  }
  const { decision, steps } = explainIncoming(book.policies, judged)
  if (decision.reason !== 'role') return { decision, steps: [...notes, ...steps] }
  const byItem = judgeByItem(book, facts, decision)
  if (byItem) {
    const left = `without ${refusedItems(byItem.part).join(', ')}, which no user role permits: ${byItem.decision.outcome}`
    return { decision: byItem.decision, steps: [...notes, ...steps, left] }
  }
  const { action, to, payload = {} } = facts
  const rights = facts.signers.flatMap((holder) => {
    const { owner, roles } = holder
    const { explanation } = judgeRights(roles.flatMap((name) => book.roles.get(name) ?? []), { action, to, payload, holder }) // biome-ignore format: one line
    return explanation.map((line) => `user roles of ${owner}: ${line}`)
  })
  return { decision, steps: [...notes, ...steps, ...rights] }
}

function factsOf(
  frame: Frame,
  { config, trust, source, answers, protocol }: Around,
): {
  readonly facts: PolicyFacts
  readonly notes: readonly string[]
  readonly destination: NodeId
} {
  const { type, route, errorCode: code, errorDescription: description } = frame
  const path = route?.networkPath ?? [sourceOf(source)]
  // What a station asks has no destination: its node gives it to the CSMS.
  const service = readProtocol(protocol) === 'ocpp1.6' ? 'CentralSystem' : 'CSMS'
  const isAsked = type === 2 || type === 6
  const to = route?.destination.at(-1) ?? ((isAsked ? service : config.nodeId) as NodeId)
  const taken = takeSignatures(parseStrict(frame.payload))
  if ('status' in taken) throw new Error(`this frame is refused before any policy: ${taken.sentence}`) // biome-ignore format: one line
  const action = frame.action || (answers ?? '')
  if (action === '') throw new Error('an answer does not say what it answers; give --answers ACTION') // biome-ignore format: one line
  const isError = isErrorType(type)
  const signed = canonicalize(isError ? { code, description, details: taken.payload } : taken.payload) // biome-ignore format: one line
  const expected = { kind: 'message', action, messageType: type } as const
  const verdict = verifyStatement(signed, taken.entries, { expected, keyOf: trust.directory.keyOf })
  const header = verdict.status === 'verified' ? (verdict.signers[0].header as MessageFields) : undefined // biome-ignore format: one line
  const nowS = header?.iat || Math.floor(Date.now() / 1_000)
  const signers = signersOf(verdict, { action, path, isStored: true, nowS }, trust.directory)
  const isElsewhere = header && (!isSameId(header.from as NodeId, path[0]) || !isSameId(header.to as NodeId, to)) // biome-ignore format: one line
  const replay = actionRow(header?.ocpp ?? readProtocol(protocol), action)?.replay ?? 'live'
  const facts: PolicyFacts = {
    kind: KINDS[type],
    action,
    from: path[0],
    to: header?.to ?? to,
    origin: vouchedOrigin(route ? 'node' : 'station', path[0], signers, trust.directory),
    neighbour: { id: path.at(-1) ?? path[0], kind: route ? 'node' : 'station', proof: 'basic' },
    path,
    payload: taken.payload,
    form: verdict.status === 'unsigned' ? 'none' : 'statement',
    signers,
    unknownKeys: verdict.ignored.length,
    problem: isElsewhere ? 'not-this-message' : verdict.status === 'refused' ? (verdict.reason as PolicyFacts['problem']) : undefined, // biome-ignore format: one line
    replay: header && isAsked ? replay : undefined,
    isReplyBound: !isAsked,
    isPrimaryUpstream: true,
    iat: header?.iat,
    nowS,
    data: dataIn(taken.payload, compileRuleBook(trust.rules).dataAsked, {
      directory: trust.directory,
      nowS: header?.iat ?? 0,
    }),
  }
  const notes = verdict.status === 'verified' ? [] : [`signatures: ${verdict.reason}: ${verdict.sentence}`] // biome-ignore format: one line
  return { facts, notes, destination: to }
}

function ownNames({ nodeId, role, operator }: Around['config']): readonly string[] {
  const services = SERVICES[role] ?? []
  return [nodeId, ...services, ...(operator === undefined ? [] : services.map((name) => `${operator}/${name}`))] // biome-ignore format: one line
}

function sourceOf(source: string | undefined): NodeId {
  if (source === undefined) throw new Error('a frame of standard form does not say who sent it; give --source ID') // biome-ignore format: one line
  if (!isNodeId(source)) throw new Error(`--source "${source}" is not a legal id`)
  return source
}

function readProtocol(text: string): Protocol {
  const found = PROTOCOLS.find((one) => one === text)
  if (!found) throw new Error(`--protocol must be one of ${PROTOCOLS.join(', ')}, not "${text}"`)
  return found
}

function summaryOf({ outcome, reason, rule }: PolicyDecision): string {
  const by = rule ? `, by ${rule.policy} version ${rule.version} ${rule.list}/${rule.index ?? 'none'}` : '' // biome-ignore format: one line
  return `=> ${outcome}${reason === undefined ? '' : ` (${reason})`}${by}`
}

/** Rules name a hundred actions, which nobody reads; `--json` prints them all. */
function shortened(step: string): string {
  const parts = step.split(' or ')
  return parts.length <= MAX_ALTERNATIVES ? step : `${parts.slice(0, MAX_ALTERNATIVES).join(' or ')} or ${parts.length - MAX_ALTERNATIVES} others` // biome-ignore format: one line
}

async function frameBytes(argument: string): Promise<Uint8Array> {
  if (argument === '-') return Buffer.from((await textOf(process.stdin)).trim())
  const isText = argument.trimStart().startsWith('[')
  return Buffer.from(isText ? argument : readFileSync(argument, 'utf8').trim())
}
