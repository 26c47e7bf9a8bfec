/**
 * What stands between a message and its effect: what this node itself says is signed, what it is to
 * obey is verified, and policies and user roles decide.
 *
 * @spec docs/security.md
 */
import { OverlayError, refusalWithoutStack } from '../errors.ts'
import type { Protocol } from '../messages/protocols.ts'
import type { Clock } from '../primitives/clock.ts'
import { isReservedId, isSameId, type NodeId } from '../primitives/ids.ts'
import type { Randomness } from '../primitives/randomness.ts'
import { ContextHistory, type Looked } from '../security/context/context-history.ts'
import { MAX_ENTRIES, type SignatureEntry } from '../security/entry.ts'
import type { NewestSigned } from '../security/freshness/newest-signed.ts'
import type { ObeyedMessages } from '../security/freshness/obeyed-messages.ts'
import type { SeenMessage } from '../security/freshness/seen-messages.ts'
import type { MessageFields, RequestReference } from '../security/header.ts'
import type { KeyDirectory } from '../security/keys/key-directory.ts'
import { judgeByItem } from '../security/policies/by-item.ts'
import { isByOriginator } from '../security/policies/demands.ts'
import { judgeForwarded } from '../security/policies/evaluate.ts'
import type { ForwardDecision, PeerKind, PolicyDecision, PolicyFacts } from '../security/policies/facts.ts' // biome-ignore format: one line
import { type CompiledRuleBook, judgeBy } from '../security/policies/rule-book.ts'
import type { TwoRolesDocument } from '../security/policies/two-roles.ts'
import { type JudgedMessage, type ReceivedMessage, verifyMessage } from '../security/received-message.ts' // biome-ignore format: one line
import { type PartlyPermitted, permittedPart } from '../security/roles/item-answers.ts'
import { plainAction } from '../security/signed-message.ts'
import type { Signer } from '../security/signer.ts'
import type { Verdict } from '../security/verdict.ts'
import type { JsonObject } from '../wire/payload.ts'
import { alertOf } from './alerts.ts'
import { type Examined, examine, isBound, recordLoss, type Seen, witness } from './attesting.ts'
import { entriesOf, originatorIn } from './carrying.ts'
import { ClockComparisons } from './clock-comparisons.ts'
import type { NodeEvent } from './core.ts'
import { CountedRequests } from './counted-requests.ts'
import { type FrameVerdict, frameVerdict } from './frame-verdict.ts'
import { HeldBack } from './held-back.ts'
import { HeldCommands, VETO_COMMAND } from './held-commands.ts'
import {
  expectedOf,
  type Incoming,
  type PassingMessage,
  readIncoming,
  readPassing,
} from './incoming.ts'
import { JudgedTime } from './judged-time.ts'
import { type Found, factsOf, type Judged, mayServe, withClock } from './message-facts.ts'
import { MessageFreshness } from './message-freshness.ts'
import type { Neighbour } from './neighbour.ts'
import { RecentMessages } from './recent-messages.ts'
import { type Outgoing, type Signed, type SignedBytes, signBody, signMessage } from './signing.ts'
import { Vouchers } from './vouchers.ts'
import { WrongSignatures } from './wrong-signatures.ts'

/** What a node needs to sign, verify and decide. */
export interface SecurityOptions {
  /** Signs what this node says. It is read each time, so another key takes over while it runs. */
  signer: Signer
  readonly trust: Trust
  /** How far time had come for the process before; default: nobody knows. */
  readonly newestSigned?: NewestSigned
  /** Whether signatures of the legacy form are read on all links; they never come to more than `legacy`. */
  readonly readsLegacy?: boolean
  /** Commands that take two people of different roles; default none. */
  readonly twoRoles?: readonly TwoRolesDocument[]
}

/** What a node believes and obeys; it may change while the node runs. */
export interface Trust {
  /** Whose keys are known here, and what for. */
  readonly directory: KeyDirectory
  /** Signature policies and user roles. */
  readonly book: CompiledRuleBook
  /** Told of each message that was found to be obeyed: one of an owner confirms changed rules. */
  noteAccepted?(facts: PolicyFacts): void
}

/** The node around the gate. */
export interface GateSite {
  readonly nodeId: NodeId
  readonly clock: Clock
  readonly random: Randomness
  readonly obeyed: ObeyedMessages | undefined
  newId(): string
  /** Whether messages to this name are for this node. */
  isOwnName(id: string): boolean
  /** What somebody is by the node's own records, never by what a message says. */
  originOf(id: NodeId): PeerKind
  /** @param sequence Of its frame, where that is not the one being received. */
  judged(verdict: FrameVerdict, sequence: number | undefined): void
  emit(event: NodeEvent): void
}

interface JudgedPassing {
  readonly decision: ForwardDecision
  readonly attest: (() => readonly SignatureEntry[] | undefined) | undefined
}

/** A message that is to be obeyed. */
export interface Admitted {
  /** What is to be obeyed, without signatures. */
  readonly payload: JsonObject
  /** The same with all that was signed of it. */
  readonly received: ReceivedMessage
  /** What an answer to it says it answers. */
  readonly reference: RequestReference
  /** Where its answer is kept, for who asks the same again. */
  readonly seen: SeenMessage | undefined
  /** It was obeyed before: this is what was answered, and nothing is to be done. */
  readonly repeated: boolean
  /** Where some of its items are not: `payload` is without them. */
  readonly part: PartlyPermitted | undefined
}

/** A CALL that is not obeyed though somebody known has signed it: he is told that signed, too. */
export interface RefusedCall {
  readonly reference: RequestReference
  readonly protocol: Protocol
  /** The standard peer that it was for. */
  readonly inNameOf?: Neighbour
}

export class SecurityGate {
  readonly #options: SecurityOptions
  readonly #site: GateSite
  readonly #time: JudgedTime
  readonly #freshness: MessageFreshness
  /** How the clocks of others stand to the one here. */
  readonly clocks = new ClockComparisons()
  /** What was obeyed lately. */
  readonly recent = new RecentMessages()
  readonly #held: HeldCommands
  /** What was said before of what is for this node, and of what passes it. */
  readonly #said = new ContextHistory()
  readonly #passed = new ContextHistory()
  readonly #wrong = new WrongSignatures()
  readonly #counted: CountedRequests
  readonly #vouchers = new Vouchers()
  /** What was refused, by the error that says so. */
  readonly refused = new WeakMap<OverlayError, RefusedCall>()

  constructor(options: SecurityOptions, site: GateSite) {
    this.#options = options
    this.#time = new JudgedTime(site.clock, options.newestSigned, site.emit)
    this.#site = { ...site, clock: this.#time.clock }
    this.#freshness = new MessageFreshness(this.#time, site)
    this.#counted = new CountedRequests(options.trust)
    this.#held = new HeldCommands(options.twoRoles ?? [], site.emit)
  }

  start(): void {
    this.#time.start()
  }

  stop(): void {
    this.#time.stop()
  }

  /**
   * Judges a message that would be obeyed here.
   *
   * @throws {OverlayError} ERR_POLICY_REFUSED with the reason, ERR_POLICY_CHALLENGE when nobody can
   *   tell whether it is of now, ERR_SCHEMA_JSON when its payload cannot be read in one way only.
   */
  admit(incoming: Incoming): Admitted {
    let reference: RequestReference | undefined
    try {
      return this.#admit(incoming, (call) => {
        reference = call
      })
    } catch (error) {
      const { type, protocol } = incoming
      if (error instanceof OverlayError && type === 2 && reference) this.refused.set(error, { reference, protocol }) // biome-ignore format: one line
      throw error
    }
  }

  /**
   * What an answer to a CALL answers that is refused without having been judged; undefined where
   * nobody known has signed it.
   */
  referenceOf(incoming: Incoming): RequestReference | undefined {
    try {
      const { judged, isAuthentic } = this.#identify(incoming, this.#site.clock.now())
      const { header, digest } = judged
      return isAuthentic && header ? { id: header.id, nonce: header.nonce, digest } : undefined
    } catch (error) {
      if (error instanceof OverlayError) return undefined
      throw error
    }
  }

  /** Who says it, as far as that can be known, and whether it is for here and of now. */
  #identify(incoming: Incoming, nowMs: number) {
    if (!this.#wrong.allows(incoming.path, nowMs))
      throw refusalWithoutStack('ERR_POLICY_REFUSED', { reason: 'too-many-wrong' })
    const received = readIncoming(this.#asReadHere(incoming))
    const message = { ...incoming, action: plainAction(incoming.action) ?? incoming.action }
    const judged = verifyMessage(received, { expected: expectedOf(message), keyOf: this.#options.trust.directory.keyOf }) // biome-ignore format: one line
    const { verdict, header } = judged
    if (verdict.status === 'refused' && verdict.reason === 'signature-invalid') this.#wrong.note(incoming.path, nowMs) // biome-ignore format: one line
    const problem = problemOf(verdict) ?? this.#addressProblem(message, header) ?? this.#freshness.timeProblem(message, header) // biome-ignore format: one line
    const known = this.#factsOf({ message, received, judged }, { problem, replay: undefined })
    // What anybody has signed takes no room, no nonce and no challenge of whom it names; nor does what
    // somebody vouches for in the name of a node, which signs itself.
    const isAuthentic = known.signers.some((one) => isByOriginator(one, known.from) || (one.isEntitled === true && known.origin !== 'node')) // biome-ignore format: one line
    return { message, received, judged, problem, known, isAuthentic }
  }

  /** @param noteAuthentic Told what an answer answers, as soon as it is clear who asks. */
  #admit(incoming: Incoming, noteAuthentic: (call: RequestReference) => void): Admitted {
    const nowMs = this.#site.clock.now()
    const { message, received, judged, problem, known, isAuthentic } = this.#identify(incoming, nowMs) // biome-ignore format: one line
    const { header, digest } = judged
    if (isAuthentic && header) noteAuthentic({ id: header.id, nonce: header.nonce, digest })
    const freshness = problem || !isAuthentic ? undefined : (incoming.released?.fresh ?? this.#freshness.judge(message, header, digest)) // biome-ignore format: one line
    const clockOffS = this.#compareClocks(judged, nowMs)
    const looked = this.#look(this.#said, message, received)
    const said = {
      ...this.#counted.withEarlier(known, nowMs),
      problem: problem ?? freshness?.problem,
      replay: freshness?.replay,
      context: withClock(looked?.context, clockOffS),
    }
    const facts = mayServe(said, message.asked, this.#options.trust.directory)
      ? said
      : { ...said, problem: said.problem ?? ('not-this-message' as const) }
    const whole = judgeBy(this.#options.trust.book, facts)
    const byItem = judgeByItem(this.#options.trust.book, facts, whole)
    const { decision: found, part } = byItem ?? { decision: whole, part: undefined }
    // Somebody has looked at what was held, and lets it have its effect.
    const isReleased = incoming.released !== undefined && found.outcome === 'quarantine'
    const decision = isReleased ? { ...found, outcome: 'allow-and-alert' as const } : found
    this.#site.judged(frameVerdict(facts, decision, freshness?.repeated === true), message.released?.sequence ?? message.sequence) // biome-ignore format: one line
    if (decision.outcome !== 'accept' && decision.outcome !== 'allow-and-alert') {
      const { outcome, reason = 'no-rule' } = decision
      if (outcome === 'quarantine' && freshness?.repeated !== true) throw new HeldBack(reason, freshness) // biome-ignore format: one line
      throw refusalWithoutStack('ERR_POLICY_REFUSED', {
        reason,
        ...(outcome !== 'reject' && { outcome }),
        // Whoever asks from afar may not know in which version a station is asked.
        ...(header && header.ocpp !== message.protocol && { protocol: message.protocol }),
      })
    }
    const obeyed = part ? permittedPart(part) : received.payload
    // Two people would agree to the whole of what one of them may only ask for in part.
    if (part && this.#held.isAbout(facts)) throw new OverlayError('ERR_POLICY_REFUSED', { reason: 'role' }) // biome-ignore format: one line
    this.#assertNotHeld({ ...facts, payload: facts.payload && obeyed }, digest, freshness?.repeated !== true) // biome-ignore format: one line
    if (freshness?.repeated !== true) {
      looked?.commit()
      this.#counted.note(facts, nowMs)
    }
    // What a person has let through needs no alert: he has looked at it.
    if (freshness?.repeated !== true && !isReleased) this.#alert(message, decision)
    this.#learnTime(message, header)
    const changed = this.#vouchers.note(facts)
    if (changed) this.#site.emit({ name: 'station.edge-changed', ...changed })
    this.recent.add(facts, message.payload.length)
    this.#options.trust.noteAccepted?.(facts)
    const { id, nonce } = header ?? {}
    const reference = header ? { id, nonce, digest } : { digest }
    const { seen, repeated = false } = freshness ?? {}
    return { payload: obeyed, received, reference: reference as RequestReference, seen, repeated, part } // biome-ignore format: one line
  }

  #alert({ neighbour, path, to, action }: Incoming, decision: PolicyDecision): void {
    const event = alertOf(decision, { link: neighbour.id, source: path[0], destination: to, action }) // biome-ignore format: one line
    if (event) this.#site.emit(event)
  }

  /** Whether what passes between nodes has to be judged. */
  get judgesForwarded(): boolean {
    return this.#options.trust.book.judgesForwarded
  }

  /**
   * Judges a message that only passes. For whom it is and whether it is of now its receiver says; who
   * says it and to whom has to be what the frame says.
   *
   * @param att What this node saw of it.
   * @returns With `attest` where a rule wants the word of this node: all entries, its own behind
   *   them; undefined where there is no room, or it is there already.
   */
  judgeForwarded(incoming: PassingMessage, att: Seen['att']): JudgedPassing {
    const message = { ...incoming, action: plainAction(incoming.action) ?? incoming.action }
    const received = readPassing(this.#asReadHere(incoming))
    const judged = verifyMessage(received, { expected: expectedOf(message), keyOf: this.#options.trust.directory.keyOf }) // biome-ignore format: one line
    const { verdict, claimed } = judged
    const isOther = claimed && !(isSameId(claimed.from as NodeId, message.path[0]) && isSameId(claimed.to as NodeId, message.to)) // biome-ignore format: one line
    const problem =
      received.problem ?? problemOf(verdict) ?? (isOther ? 'not-this-message' : undefined)
    const looked = problem ? undefined : this.#look(this.#passed, message, received)
    const facts = this.#factsOf({ message, received, judged }, { problem, replay: undefined, context: looked?.context }) // biome-ignore format: one line
    const decision = judgeForwarded(this.#options.trust.book.policies, { ...facts, link: message.link }) // biome-ignore format: one line
    this.#site.judged(frameVerdict(facts, decision, false), undefined)
    if (decision.outcome === 'accept' || decision.outcome === 'allow-and-alert') looked?.commit()
    if (!decision.attest) return { decision, attest: undefined }
    const { type, action, path, to } = message
    const seen = { type, action, protocol: claimed?.ocpp ?? message.protocol, received, from: path[0], to, att } // biome-ignore format: one line
    return { decision, attest: () => this.#withOwnWord(seen) }
  }

  /** What answers this node, or a challenge of it, was signed just now. */
  #learnTime({ type, path }: Incoming, header: MessageFields | undefined): void {
    const isOfNow = type === 3 || type === 4 || header?.chal !== undefined
    if (!header || !isOfNow || !this.#time.clock.learn(header.iat)) return
    this.#site.emit({ name: 'clock.learned', from: path[0], at: new Date(header.iat * 1_000).toISOString() }) // biome-ignore format: one line
  }

  /**
   * Whoever signed first has chosen the time; who has no clock says 0.
   *
   * @returns How many seconds its clock is off, as far as that is known.
   */
  #compareClocks({ verdict, header }: JudgedMessage, nowMs: number): number | undefined {
    if (verdict.status !== 'verified' || !header || header.iat === 0) return undefined
    const [{ kid }] = verdict.signers
    const found = this.#options.trust.directory.find(kid, 'sign-message', header.iat)
    if (found.status !== 'usable') return undefined
    this.clocks.note(found.record.owner, header.iat, nowMs)
    return Math.abs(this.clocks.of(found.record.owner, nowMs)?.offsetS ?? 0)
  }

  /** @returns undefined for what is no request, or whose payload is bytes. */
  #look(
    history: ContextHistory,
    { type, action, path, to }: Incoming,
    { payload, method }: ReceivedMessage,
  ): Looked | undefined {
    if ((type !== 2 && type !== 6) || method === 'binary') return undefined
    const said = { action, from: path[0], to, payload, nowMs: this.#site.clock.now() }
    return history.look(said, this.#options.trust.book.countsMessages)
  }

  #withOwnWord(seen: Seen): readonly SignatureEntry[] | undefined {
    const entries = entriesOf(seen.received)
    const isThere = entries.some(({ keyId }) => keyId === this.kid)
    const { method, carrier } = seen.received
    // Bytes have their signatures before them, and between nodes nobody asks for a hop's there; those
    // of the legacy form bear no others beside them.
    if (isThere || entries.length >= MAX_ENTRIES || method === 'binary' || carrier === 'wwcp') return undefined // biome-ignore format: one line
    return [...entries, this.witness(seen, this.examine(seen))]
  }

  /** @throws {OverlayError} ERR_POLICY_REFUSED: it takes somebody else, too, or time. */
  #assertNotHeld(facts: PolicyFacts, digest: string, isNew: boolean): void {
    const nowS = this.#site.clock.now() / 1_000
    const isVeto = facts.action === VETO_COMMAND && facts.kind === 'CALL' && isNew
    const hold = isVeto ? this.#held.veto(facts, nowS) : this.#held.judge(facts, { digest, nowS, isNew }) // biome-ignore format: one line
    if (hold) throw new OverlayError('ERR_POLICY_REFUSED', { ...hold })
  }

  /**
   * Signs a message of this node as its policies want it.
   *
   * @throws {OverlayError} ERR_POLICY_REFUSED, ERR_SIGNATURE_FAILED: it does not leave unsigned.
   */
  sign(message: Outgoing): Promise<Signed> {
    return signMessage(this.#options, this.#site, message)
  }

  /**
   * The same for one whose payload is bytes.
   *
   * @throws {OverlayError} as `sign`
   */
  signBinary(message: Omit<Outgoing, 'payload'>, body: Uint8Array): Promise<SignedBytes> {
    return signBody(this.#options, this.#site, message, body)
  }

  /** A signed message of others with what this node says of the signatures that it lost here. */
  recordLoss(message: JsonObject, att: Seen['att'], dropped: readonly string[]): JsonObject {
    return recordLoss(this.#options, message, { att, dropped })
  }

  /** Of the key that this node signs with. */
  get kid(): string {
    return this.#options.signer.kid
  }

  /** Of parallel entries that were verified, the kid of whoever says it. */
  originatorOf(entries: readonly unknown[]): string | undefined {
    return originatorIn(entries, this.#options.trust.directory)
  }

  /**
   * What a message of a standard peer is known by, and what it brings along.
   *
   * @throws {OverlayError} ERR_POLICY_REFUSED: it was changed, or is another one.
   */
  examine(message: Seen): Examined {
    return examine(this.#options, this.#site, message)
  }

  /**
   * Signs what this node saw of a message.
   *
   * @throws {OverlayError} ERR_SIGNATURE_FAILED
   */
  witness(
    { received: { opaque, bytes, method }, att }: Pick<Seen, 'received' | 'att'>,
    examined: Pick<Examined, 'fields' | 'verified' | 'dropped'>,
  ): SignatureEntry {
    return witness(this.#options, { bytes: opaque?.bytes ?? bytes, att, method }, examined, examined.dropped) // biome-ignore format: one line
  }

  /** A message says for whom it is and whose it is; a hop that sends it elsewhere is noticed. */
  #addressProblem(
    { path, to, request, onBehalfOf, protocol, asked }: Incoming,
    header: MessageFields | undefined,
  ): 'not-this-message' | undefined {
    if (!header) return undefined
    const isMine = (id: string) =>
      onBehalfOf ? isSameId(id as NodeId, onBehalfOf) : this.#site.isOwnName(id)
    const isForThis = isMine(header.to) && isMine(to)
    const isByAnother = asked !== undefined && !isReservedId(asked) && !isSameId(asked, path[0])
    const isOfOrigin = header.ocpp === protocol && isSameId(header.from as NodeId, path[0])
    if (isByAnother || !isForThis || !isOfOrigin) return 'not-this-message'
    return request && !isBound(header.req, request) ? 'not-this-message' : undefined
  }

  /** The setting of the link, or of the node for all of its links. */
  #asReadHere<M extends Incoming>(incoming: M): M {
    return this.#options.readsLegacy ? { ...incoming, carrier: 'wwcp' } : incoming
  }

  #factsOf(message: Judged, found: Found): PolicyFacts {
    const { clock, originOf } = this.#site
    return factsOf(message, found, { clock, originOf, directory: this.#options.trust.directory, dataAsked: this.#options.trust.book.dataAsked }) // biome-ignore format: one line
  }
}

function problemOf(verdict: Verdict): PolicyFacts['problem'] {
  if (verdict.status !== 'refused') return undefined
  return verdict.reason as PolicyFacts['problem']
}
