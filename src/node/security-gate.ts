/**
 * What stands between a message and its effect: what this node itself says is signed, what it is to
 * obey is verified, and policies and user roles decide.
 *
 * @spec docs/security.md
 */
import { OverlayError } from '../errors.ts'
import { actionRow, type ReplayClass } from '../messages/actions.ts'
import type { Protocol } from '../messages/protocols.ts'
import type { Clock } from '../primitives/clock.ts'
import { isReservedId, isSameId, type NodeId } from '../primitives/ids.ts'
import type { Randomness } from '../primitives/randomness.ts'
import { encodeBase64url } from '../security/base64url.ts'
import { canonicalize, parseStrict } from '../security/canonical.ts'
import { stripSignatures, takeSignatures } from '../security/carriers.ts'
import type { SignatureEntry } from '../security/entry.ts'
import { Challenges } from '../security/freshness/challenges.ts'
import {
  FreshnessGate,
  LIVE_S,
  QUEUED_S,
  type StaleReason,
} from '../security/freshness/freshness.ts'
import { type SeenMessage, SeenMessages } from '../security/freshness/seen-messages.ts'
import type { Attestation, MessageFields, RequestReference } from '../security/header.ts'
import { sha256 } from '../security/jwk.ts'
import type { KeyDirectory } from '../security/keys/key-directory.ts'
import type { Peer, PeerKind, PolicyFacts, PolicyReason, SignerFacts } from '../security/policies/facts.ts' // biome-ignore format: one line
import { planOutgoing } from '../security/policies/outgoing.ts'
import { type CompiledRuleBook, judgeBy } from '../security/policies/rule-book.ts'
import type { TwoRolesDocument } from '../security/policies/two-roles.ts'
import type { Signer } from '../security/signer.ts'
import { signStatement, signStatementNow, verifyStatement } from '../security/statement.ts'
import type { Verdict } from '../security/verdict.ts'
import { KINDS, type MessageType } from '../wire/frame.ts'
import type { JsonObject } from '../wire/payload.ts'
import type { NodeEvent } from './core.ts'
import { type FrameVerdict, frameVerdict } from './frame-verdict.ts'
import { HeldCommands, VETO_COMMAND } from './held-commands.ts'
import { RecentMessages } from './recent-messages.ts'
import { signersOf, vouchedOrigin } from './signer-facts.ts'
import { WrongSignatures } from './wrong-signatures.ts'

/** What a node needs to sign, verify and decide. */
export interface SecurityOptions {
  /** Signs what this node says. It is read each time, so another key takes over while it runs. */
  signer: Signer
  readonly trust: Trust
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
  newId(): string
  /** Whether messages to this name are for this node. */
  isOwnName(id: string): boolean
  /** What somebody is by the node's own records, never by what a message says. */
  originOf(id: NodeId): PeerKind
  /** @param sequence Of its frame, where that is not the one being received. */
  judged(verdict: FrameVerdict, sequence: number | undefined): void
  emit(event: NodeEvent): void
}

/** A message as it came, with what the link and the path say about it. */
export interface Incoming {
  readonly type: MessageType
  /** Plain name; of an answer what it answers. */
  readonly action: string
  readonly protocol: Protocol
  /** Of an error: its details. */
  readonly payload: Uint8Array
  readonly error?: { readonly code: string; readonly description: string }
  readonly neighbour: Peer
  readonly path: readonly [NodeId, ...NodeId[]]
  /** As the frame addresses it: the last of its destinations. */
  readonly to: NodeId
  /** Of an answer: the request it must belong to. */
  readonly request?: RequestReference
  /** Of an answer: whom its request was addressed to. */
  readonly asked?: NodeId
  /** The standard peer that it is for, and that this node stands for. */
  readonly onBehalfOf?: NodeId
  /** That this link is the one whose commands the standard peer obeys. */
  readonly isPrimaryUpstream?: boolean
  /** Of its frame in the log, where it was received before. */
  readonly sequence?: number | undefined
}

/** A message that is to be obeyed. */
export interface Admitted {
  /** Without its signatures. */
  readonly payload: JsonObject
  /** What an answer to it says it answers. */
  readonly reference: RequestReference
  /** Where its answer is kept, for who asks the same again. */
  readonly seen: SeenMessage | undefined
  /** It was obeyed before: this is what was answered, and nothing is to be done. */
  readonly repeated: boolean
}

/** A message of this node, before it is signed. */
export interface Outgoing {
  readonly type: MessageType
  readonly action: string
  readonly protocol: Protocol
  /** Of types 4 and 5 `{code, description, details}`. */
  readonly payload: JsonObject
  readonly to: NodeId
  readonly link: Peer
  /** Of an answer. */
  readonly request?: RequestReference
  /** The challenge that is answered by signing anew. */
  readonly challenge?: string
}

/** A message of a standard peer that this node passes on. */
export interface Seen {
  readonly type: MessageType
  readonly action: string
  readonly protocol: Protocol
  /** As `Outgoing.payload`. */
  readonly payload: JsonObject
  readonly from: NodeId
  readonly to: NodeId
  readonly att: Attestation
  readonly request?: RequestReference
  readonly challenge?: string
}

export interface Signed {
  /** As it is sent; of types 4 and 5 the details. */
  readonly payload: JsonObject
  /** What the answer to it must say it answers. */
  readonly reference: RequestReference
}

const NONCE_BYTES = 16
const NAMES: Readonly<Record<MessageType, string>> = {
  2: 'request',
  3: 'response',
  4: 'error',
  5: 'error',
  6: 'send',
}

export class SecurityGate {
  readonly #options: SecurityOptions
  readonly #site: GateSite
  readonly #freshness: FreshnessGate
  readonly #startedS: number
  /** What was obeyed lately. */
  readonly recent = new RecentMessages()
  readonly #held: HeldCommands
  readonly #wrong = new WrongSignatures()

  constructor(options: SecurityOptions, site: GateSite) {
    this.#options = options
    this.#site = site
    this.#freshness = new FreshnessGate(new SeenMessages(), new Challenges(site.random))
    this.#startedS = site.clock.now() / 1_000
    this.#held = new HeldCommands(options.twoRoles ?? [], site.emit)
  }

  /**
   * Judges a message that would be obeyed here.
   *
   * @throws {OverlayError} ERR_POLICY_REFUSED with the reason, ERR_POLICY_CHALLENGE when nobody can
   *   tell whether it is of now, ERR_SCHEMA_JSON when its payload cannot be read in one way only.
   */
  admit(message: Incoming): Admitted {
    const { neighbour, path } = message
    const nowMs = this.#site.clock.now()
    if (!this.#wrong.allows(neighbour.id, path[0], nowMs)) throw refused('too-many-wrong')
    const taken = takeSignatures(parseStrict(message.payload))
    if ('status' in taken) throw refused(taken.reason)
    const { error } = message
    const bytes = canonicalize(error ? { ...error, details: taken.payload } : taken.payload)
    const digest = sha256(bytes)
    const { directory } = this.#options.trust
    const { action, type } = message
    const expected = { kind: 'message', action, messageType: type as 2 } as const
    const verdict = verifyStatement(bytes, taken.entries, { expected, keyOf: directory.keyOf })
    if (verdict.status === 'refused' && verdict.reason === 'signature-invalid') this.#wrong.note(neighbour.id, path[0], nowMs) // biome-ignore format: one line
    const header = headerOf(verdict)
    const problem = problemOf(verdict) ?? this.#addressProblem(message, header)
    const freshness = problem ? undefined : this.#judgeFreshness(message, header, digest)
    const said = this.#factsOf(message, taken.payload, verdict, {
      problem: problem ?? freshness?.problem,
      replay: freshness?.replay,
    })
    const facts = mayServe(said, message.asked)
      ? said
      : { ...said, problem: said.problem ?? ('not-this-message' as const) }
    const decision = judgeBy(this.#options.trust.book, facts)
    this.#site.judged(frameVerdict(facts, decision, freshness?.repeated === true), message.sequence) // biome-ignore format: one line
    if (decision.outcome !== 'accept' && decision.outcome !== 'allow-and-alert') {
      const { outcome, reason = 'no-rule' } = decision
      throw new OverlayError('ERR_POLICY_REFUSED', {
        reason,
        ...(outcome !== 'reject' && { outcome }),
        // Whoever asks from afar may not know in which version a station is asked.
        ...(header && header.ocpp !== message.protocol && { protocol: message.protocol }),
      })
    }
    this.#assertNotHeld(facts, digest, freshness?.repeated !== true)
    this.recent.add(facts, message.payload.length)
    this.#options.trust.noteAccepted?.(facts)
    const { id, nonce } = header ?? {}
    const reference = header ? { id, nonce, digest } : { digest }
    const { seen, repeated = false } = freshness ?? {}
    return { payload: taken.payload, reference: reference as RequestReference, seen, repeated }
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
  async sign(message: Outgoing): Promise<Signed> {
    const { type, action, payload, to, link } = message
    const { trust, signer } = this.#options
    const plan = planOutgoing(trust.book.policies, { kind: KINDS[type], action, to, link })
    if (plan.outcome === 'reject') throw refused(plan.reason)
    const bytes = canonicalize(payload)
    const digest = sha256(bytes)
    const isError = type === 4 || type === 5
    const bare = isError ? (payload.details as JsonObject) : payload
    if (plan.carrier === 'strip') return { payload: bare, reference: { digest } }
    const fields = this.#fieldsOf(message, plan.lifetimeS ?? 0)
    const entry = await signStatement(bytes, fields, signer)
    const reference = { id: fields.id, nonce: fields.nonce, digest }
    // Of an error the whole is signed, and its details have the room.
    return { payload: { ...(isError ? bare : stripSignatures(bare)), signatures: [entry] }, reference } // biome-ignore format: one line
  }

  /**
   * Signs what this node saw of a message that nobody signed: at once, because frames of a station
   * must not overtake each other.
   *
   * @throws {OverlayError} ERR_SIGNATURE_FAILED
   */
  attest(message: Seen): { readonly entry: SignatureEntry; readonly reference: RequestReference } {
    const { protocol, action, payload, from, att } = message
    const bytes = canonicalize(payload)
    const lifetimeS = actionRow(protocol, action)?.replay === 'queued' ? QUEUED_S : LIVE_S
    const fields = this.#fieldsOf(message, lifetimeS)
    const entry = signStatementNow(bytes, { ...fields, from, att }, this.#options.signer)
    const { id, nonce } = fields
    return { entry, reference: { id, nonce, digest: sha256(bytes) } }
  }

  #fieldsOf(
    { type, action, protocol, to, request, challenge }: Omit<Outgoing, 'payload' | 'link'>,
    lifetimeS: number,
  ): MessageFields {
    const { nodeId, clock, random } = this.#site
    const iat = Math.floor(clock.now() / 1_000)
    return {
      ocpp: protocol,
      ctx: contextOf(protocol, action, type),
      OCPPAction: action,
      OCPPMessageTypedId: type as 2,
      id: this.#site.newId(),
      from: nodeId,
      to,
      iat,
      exp: iat + lifetimeS,
      nonce: encodeBase64url(random(NONCE_BYTES)),
      ...(request && { req: request }),
      ...(challenge !== undefined && { chal: challenge }),
    }
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

  /** @throws {OverlayError} ERR_POLICY_CHALLENGE */
  #judgeFreshness(
    { type, action, protocol }: Incoming,
    header: MessageFields | undefined,
    digest: string,
  ): Fresh | undefined {
    if (!header || (type !== 2 && type !== 6)) return undefined
    const replay = actionRow(protocol, action)?.replay ?? 'live'
    const nowS = this.#site.clock.now() / 1_000
    const moment = { nowS, startedS: this.#startedS, isClockTrusted: true }
    const verdict = this.#freshness.judge({ header, digest, replay }, moment)
    switch (verdict.kind) {
      case 'fresh':
        return { replay, seen: verdict.message, repeated: false }
      case 'repeated':
        return { replay, seen: verdict.message, repeated: true }
      case 'challenge':
        throw new OverlayError('ERR_POLICY_CHALLENGE', { challenge: verdict.challenge })
      case 'refused':
        return { replay, seen: undefined, repeated: false, problem: verdict.reason }
    }
  }

  #factsOf(
    message: Incoming,
    payload: JsonObject,
    verdict: Verdict,
    judged: Pick<PolicyFacts, 'problem' | 'replay'>,
  ): PolicyFacts {
    const { type, action, neighbour, path, to, request, isPrimaryUpstream = false } = message
    const header = headerOf(verdict)
    const signers = signersOf(
      verdict,
      action,
      path,
      this.#options.trust.directory,
      this.#site.clock.now() / 1_000,
    )
    const all = verdict.status === 'verified' ? verdict.signers.length : 0
    return {
      kind: KINDS[type],
      action,
      from: path[0],
      to: header?.to ?? to,
      origin: vouchedOrigin(this.#site.originOf(path[0]), path[0], signers, this.#options.trust.directory), // biome-ignore format: one line
      neighbour,
      path,
      payload,
      form: verdict.status === 'unsigned' ? 'none' : 'statement',
      signers,
      unknownKeys: verdict.ignored.length + all - signers.length,
      ...judged,
      // A standard peer binds nothing: that it answers what it was asked, its own link says.
      isReplyBound: request !== undefined && (header ? isBound(header.req, request) : neighbour.kind !== 'node'), // biome-ignore format: one line
      isPrimaryUpstream,
      iat: header?.iat,
      nowS: this.#site.clock.now() / 1_000,
      data: [],
    }
  }
}

/** User roles of keys that may answer for a service, as long as no entitlements say who does. */
const SERVING = ['owner', 'admin', 'operations']

/** Whoever signs may answer in its own name; for a service only who runs one. */
function mayServe({ form, signers, from }: PolicyFacts, asked: NodeId | undefined): boolean {
  if (asked === undefined || !isReservedId(asked) || form !== 'statement') return true
  const isOwn = ({ owner, att }: SignerFacts) => !att && isSameId(owner as NodeId, from as NodeId)
  return signers.some((one) => isOwn(one) && one.roles.some((role) => SERVING.includes(role)))
}

interface Fresh {
  readonly replay: ReplayClass
  readonly seen: SeenMessage | undefined
  readonly repeated: boolean
  readonly problem?: StaleReason
}

/** The name of the structure that is signed. */
function contextOf(protocol: Protocol, action: string, type: MessageType): string {
  return `urn:wattweave:${protocol}:${action}:${NAMES[type]}`
}

/** All headers agree in what messages have; what differs is the signer's own. */
function headerOf(verdict: Verdict): MessageFields | undefined {
  if (verdict.status !== 'verified') return undefined
  const [{ header }] = verdict.signers
  return header.OCPPAction === undefined ? undefined : header
}

function problemOf(verdict: Verdict): PolicyFacts['problem'] {
  if (verdict.status !== 'refused') return undefined
  return verdict.reason as PolicyFacts['problem']
}

function isBound(said: RequestReference | undefined, request: RequestReference): boolean {
  return (
    said !== undefined &&
    said.digest === request.digest &&
    said.id === request.id &&
    said.nonce === request.nonce
  )
}

function refused(reason: PolicyReason): OverlayError {
  return new OverlayError('ERR_POLICY_REFUSED', { reason })
}
