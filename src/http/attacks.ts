import type { FastifyInstance } from 'fastify'
import type { FrameRecord } from '../node/frame-log.ts'
import type { Node } from '../node/node.ts'
import { reasonSentence } from '../security/reason-sentences.ts'
import type { Frame } from '../wire/frame.ts'
import { parsePayload } from '../wire/payload.ts'
import type { AttackKind, AttackOutcome, AttacksView, AttemptView } from './attack-views.ts'
import { decode } from './frame-views.ts'
import { BadRequest } from './query.ts'

/** What the box says of itself; `attempt` as it made it. */
export type AttackNews =
  | { readonly box: 'starting' | 'ready' }
  | { readonly box: 'failed'; readonly problem: string }
  | { readonly attempt: Attempt }

interface Attempt {
  readonly attack: AttackKind
  readonly what: string
  readonly action: string
  readonly from: string
  readonly messageIds: readonly string[]
  /** Milliseconds since 1970. */
  readonly time: number
}

/** A local controller that lies, and can be told to; there is one in the demo only. */
export interface AttackBox {
  switch(attack: AttackKind, isOn: boolean): void
  onNews(listener: (news: AttackNews) => void): void
}

const ATTACKS: readonly AttackKind[] = ['alter', 'replay', 'redirect', 'strip', 'forge', 'drop']
const REPEATED = 'it was obeyed before: it got the same answer again, and nothing was done'
const MAX_ATTEMPTS = 200
/** Frames whose outcome is remembered; an attempt is told within milliseconds of them. */
const MAX_SEEN = 4_000

interface Kept extends Attempt {
  readonly number: number
  outcome: AttackOutcome
}

/** What was tried by the box, and what this node has seen come of it. */
export class AttackDemonstration {
  readonly #node: Node
  readonly #box: AttackBox
  readonly #on = new Set<AttackKind>()
  readonly #counts = new Map(ATTACKS.map((attack) => [attack, { attempts: 0, caught: 0 }]))
  readonly #attempts: Kept[] = []
  /** Outcomes by message id. */
  readonly #seen = new Map<string, AttackOutcome>()
  /** When a CALL was last handled, by originator and action; milliseconds. */
  readonly #handledAt = new Map<string, { time: number; sequence: number }>()
  #read = 0
  #state: Pick<AttacksView, 'box' | 'problem'> = { box: 'none' }

  constructor(node: Node, box: AttackBox) {
    this.#node = node
    this.#box = box
    box.onNews((news) => this.#onNews(news))
  }

  switch(attack: AttackKind, isOn: boolean): void {
    if (isOn) this.#on.add(attack)
    else this.#on.delete(attack)
    this.#box.switch(attack, isOn)
  }

  view(): AttacksView {
    this.#look()
    const attacks = ATTACKS.map((attack) => ({ attack, isOn: this.#on.has(attack), ...(this.#counts.get(attack) ?? { attempts: 0, caught: 0 }) })) // biome-ignore format: one line
    const attempts = this.#attempts.toReversed().map(attemptView)
    return { ...this.#state, attacks, attempts }
  }

  #onNews(news: AttackNews): void {
    if ('box' in news) {
      this.#state = news
      return
    }
    const { attempt } = news
    const count = this.#counts.get(attempt.attack)
    if (!count) return
    count.attempts++
    const number = (this.#attempts.at(-1)?.number ?? 0) + 1
    this.#attempts.push({ ...attempt, number, outcome: { state: 'open' } })
    if (this.#attempts.length > MAX_ATTEMPTS) this.#attempts.shift()
  }

  /** Reads what has come into the frame log since the last time. */
  #look(): void {
    const { frameLog } = this.#node
    for (const record of frameLog.after(this.#read, MAX_SEEN)) {
      const frame = decode(record)
      if (frame && record.direction === 'received') this.#note(record, frame)
    }
    this.#read = frameLog.newest
    for (const attempt of this.#attempts) {
      if (attempt.outcome.state !== 'open') continue
      attempt.outcome = this.#outcomeOf(attempt)
      const count = this.#counts.get(attempt.attack)
      if (count && ['caught', 'noticed'].includes(attempt.outcome.state)) count.caught++
    }
  }

  #note(record: FrameRecord, frame: Frame): void {
    const outcome = outcomeIn(this.#node.id, record, frame)
    if (outcome) this.#seen.set(frame.messageId, outcome)
    if (this.#seen.size > MAX_SEEN) this.#seen.delete(this.#seen.keys().next().value ?? '')
    if (frame.type !== 2 || record.reaction !== 'handled') return
    const from = frame.route?.networkPath[0] ?? record.link
    this.#handledAt.set(`${from} ${frame.action}`, { time: record.time, sequence: record.sequence })
  }

  #outcomeOf({ attack, action, from, messageIds, time }: Kept): AttackOutcome {
    const [found] = messageIds.flatMap((id) => this.#seen.get(id) ?? [])
    if (found || attack !== 'drop') return found ?? { state: 'open' }
    const again = this.#handledAt.get(`${from} ${action}`)
    if (!again || again.time <= time) return { state: 'open' }
    return { state: 'noticed', at: this.#node.id, frame: again.sequence }
  }
}

/** What a frame that was received here says of its message; undefined where it says nothing. */
function outcomeIn(id: string, record: FrameRecord, frame: Frame): AttackOutcome | undefined {
  const { sequence, reaction, verdict } = record
  if (frame.type === 2) {
    if (reaction === 'handled' && verdict?.repeated) return { state: 'caught', at: id, frame: sequence, reason: 'repeated', sentence: REPEATED } // biome-ignore format: one line
    if (reaction === 'handled') return { state: 'obeyed', at: id, frame: sequence }
    if (reaction !== 'refused' && reaction !== 'dropped') return undefined
    return caught(id, sequence, verdict?.reason ?? record.errorCode ?? '')
  }
  if (frame.type !== 4) return undefined
  const { reason } = detailsOf(frame)
  const by = frame.route?.networkPath[0] ?? record.link
  return caught(by, sequence, typeof reason === 'string' ? reason : frame.errorCode)
}

function caught(at: string, frame: number, reason: string): AttackOutcome {
  const sentence = reasonSentence(reason)
  return { state: 'caught', at, frame, reason, ...(sentence !== undefined && { sentence }) }
}

function detailsOf({ payload }: Frame): { readonly reason?: unknown } {
  try {
    return parsePayload(payload)
  } catch {
    return {}
  }
}

function attemptView({ number, time, attack, what, action, outcome }: Kept): AttemptView {
  return { number, time: new Date(time).toISOString(), attack, what, action, outcome }
}

/** `GET /api/attacks`, and `PUT /api/attacks/{attack}` with `{"isOn": true}`; in the demo only. */
export function serveAttacks(app: FastifyInstance, demonstration: AttackDemonstration): void {
  const tags = ['overlay']
  app.get('/api/attacks', { schema: { summary: 'What the lying controller of the demo has tried, and what came of it', tags } }, async () => demonstration.view()) // biome-ignore format: one route
  const schema = { summary: 'Switch an attack of the demo on or off', tags }
  app.put('/api/attacks/:attack', { config: { role: 'technician' }, schema }, async (request) => {
    const { attack } = request.params as { attack: string }
    const known = ATTACKS.find((one) => one === attack)
    if (!known) throw new BadRequest(`attack must be one of ${ATTACKS.join(', ')}, not "${attack}"`)
    const { isOn } = (request.body ?? {}) as { isOn?: unknown }
    if (typeof isOn !== 'boolean') throw new BadRequest('the body must be {"isOn": true} or {"isOn": false}') // biome-ignore format: one line
    demonstration.switch(known, isOn)
    request.audited = { isOn }
    return demonstration.view()
  })
}
