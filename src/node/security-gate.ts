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
import { encodeBinaryPayload } from '../security/binary-payload.ts'
import { canonicalize, parseStrict } from '../security/canonical.ts'
import { stripSignatures } from '../security/carriers.ts'
import type { SignatureEntry } from '../security/entry.ts'
import { Challenges } from '../security/freshness/challenges.ts'
import { FreshnessGate, type StaleReason } from '../security/freshness/freshness.ts'
import { type SeenMessage, SeenMessages } from '../security/freshness/seen-messages.ts'
import type { MessageFields, RequestReference } from '../security/header.ts'
import { sha256 } from '../security/jwk.ts'
import type { KeyDirectory } from '../security/keys/key-directory.ts'
import type { Peer, PeerKind, PolicyFacts, PolicyReason, SignerFacts } from '../security/policies/facts.ts' // biome-ignore format: one line
import { type OutDecision, planOutgoing } from '../security/policies/outgoing.ts'
import { type CompiledRuleBook, judgeBy } from '../security/policies/rule-book.ts'
import type { TwoRolesDocument } from '../security/policies/two-roles.ts'
import { type JudgedMessage, type ReceivedMessage, readBinaryMessage, readMessage, verifyMessage } from '../security/received-message.ts' // biome-ignore format: one line
import { isFlattened, plainAction } from '../security/signed-message.ts'
import type { Signer } from '../security/signer.ts'
import { signStatement } from '../security/statement.ts'
import type { Unverified, Verdict } from '../security/verdict.ts'
import { KINDS, type MessageType } from '../wire/frame.ts'
import type { JsonObject } from '../wire/payload.ts'
import {
  type Examined,
  examine,
  freshFields,
  isBound,
  recordLoss,
  type Seen,
  witness,
} from './attesting.ts'
import { type Form, inForm, originatorIn, wrappedAction } from './carrying.ts'
import type { NodeEvent } from './core.ts'
import { type FrameVerdict, frameVerdict } from './frame-verdict.ts'
import { HeldCommands, VETO_COMMAND } from './held-commands.ts'
import { RecentMessages } from './recent-messages.ts'
import { foreignSignersOf, signersOf, vouchedOrigin } from './signer-facts.ts'

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
  /** As it stands in the frame; of an answer the plain name of what it answers. */
  readonly action: string
  readonly protocol: Protocol
  /** Of an error: its details. */
  readonly payload: Uint8Array
  /** Its payload is bytes and no JSON. Of an error it never is. */
  readonly isBinary?: boolean
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
  /** The same with all that was signed of it. */
  readonly received: ReceivedMessage
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
  /** Towards a standard peer: how it may bear signatures. Default: not at all. */
  readonly form?: Form
}

export interface Signed {
  /** As it is sent: with `-Signed` where that is how it leaves. */
  readonly action: string
  /** As it is sent; of types 4 and 5 the details. */
  readonly payload: JsonObject
  /** What the answer to it must say it answers. */
  readonly reference: RequestReference
}

/** As `Signed`, of a binary message. */
export interface SignedBytes {
  readonly action: string
  readonly bytes: Uint8Array
  readonly reference: RequestReference
}

export class SecurityGate {
  readonly #options: SecurityOptions
  readonly #site: GateSite
  readonly #freshness: FreshnessGate
  readonly #startedS: number
  /** What was obeyed lately. */
  readonly recent = new RecentMessages()
  readonly #held: HeldCommands

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
  admit(incoming: Incoming): Admitted {
    const received = readIncoming(incoming)
    const message = { ...incoming, action: plainAction(incoming.action) ?? incoming.action }
    const judged = verifyMessage(received, { expected: expectedOf(message), keyOf: this.#options.trust.directory.keyOf }) // biome-ignore format: one line
    const { verdict, header, digest } = judged
    const problem = problemOf(verdict) ?? this.#addressProblem(message, header)
    const freshness = problem ? undefined : this.#judgeFreshness(message, header, digest)
    const said = this.#factsOf(message, received, judged, {
      problem: problem ?? freshness?.problem,
      replay: freshness?.replay,
    })
    const facts = mayServe(said, message.asked)
      ? said
      : { ...said, problem: said.problem ?? ('not-this-message' as const) }
    const decision = judgeBy(this.#options.trust.book, facts)
    this.#site.judged(frameVerdict(facts, decision), message.sequence)
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
    return { payload: received.payload, received, reference: reference as RequestReference, seen, repeated } // biome-ignore format: one line
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
    const isError = type === 4 || type === 5
    const bare = isError ? (payload.details as JsonObject) : stripSignatures(payload)
    const bytes = canonicalize(isError ? payload : bare)
    const digest = sha256(bytes)
    const form = formOf(plan, message)
    if (form === 'plain') return { action, payload: bare, reference: { digest } }
    const fields = freshFields(this.#site, message, plan.lifetimeS ?? 0)
    const entry = await signStatement(bytes, fields, signer)
    const reference = { id: fields.id, nonce: fields.nonce, digest }
    // Of an error the whole is signed, and its details have the room.
    if (form === 'top') return { action, payload: { ...bare, signatures: [entry] }, reference } // biome-ignore format: one line
    const done = inForm({ action, type, payload: bare, entries: [entry] }, form, signer.kid)
    if (plan.carrier === 'signed' && done.form !== 'signed') throw new OverlayError('ERR_SIGNATURE_FAILED', { keyId: signer.kid, problem: 'only ES256 makes a signed message' }) // biome-ignore format: one line
    return done.form === 'plain' ? { ...done, reference: { digest } } : { ...done, reference }
  }

  /**
   * Signs a binary message of this node as its policies want it.
   *
   * @throws {OverlayError} as `sign`
   */
  async signBinary(
    message: Omit<Outgoing, 'payload' | 'form'>,
    body: Uint8Array,
  ): Promise<SignedBytes> {
    // biome-ignore format: one line
    const { type, action, to, link } = message
    const { trust, signer } = this.#options
    const plan = planOutgoing(trust.book.policies, { kind: KINDS[type], action, to, link })
    if (plan.outcome === 'reject') throw refused(plan.reason)
    const digest = sha256(body)
    if (plan.carrier === 'strip') return { action, bytes: body, reference: { digest } }
    const fields = freshFields(this.#site, message, plan.lifetimeS ?? 0)
    const entry = await signStatement(body, fields, signer, 'binary')
    const bytes = encodeBinaryPayload({ entries: [entry], body })
    return { action: wrappedAction(type, action), bytes, reference: { id: fields.id, nonce: fields.nonce, digest } } // biome-ignore format: one line
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
    examined: Pick<Examined, 'fields' | 'verified'>,
  ): SignatureEntry {
    return witness(this.#options, { bytes: opaque?.bytes ?? bytes, att, method }, examined)
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
    { payload, opaque, method }: ReceivedMessage,
    { verdict, header, foreignKid }: JudgedMessage,
    judged: Pick<PolicyFacts, 'problem' | 'replay'>,
  ): PolicyFacts {
    const { type, action, neighbour, path, to, request, isPrimaryUpstream = false } = message
    const { directory } = this.#options.trust
    const nowS = this.#site.clock.now() / 1_000
    const signers = [
      ...signersOf(verdict, path, directory, nowS),
      ...foreignSignersOf(foreignKid, directory, nowS),
    ]
    const all = verdict.status === 'verified' ? verdict.signers.length : 0
    return {
      kind: KINDS[type],
      action,
      from: path[0],
      to: header?.to ?? to,
      origin: vouchedOrigin(this.#site.originOf(path[0]), path[0], signers, directory), // biome-ignore format: one line
      neighbour,
      path,
      payload: method === 'binary' ? undefined : payload,
      form: opaque?.foreign ? 'oca' : verdict.status === 'unsigned' ? 'none' : 'statement',
      signers,
      unknownKeys: Math.max(0, verdict.ignored.length + all - signers.length),
      ...judged,
      // A standard peer binds nothing: that it answers what it was asked, its own link says.
      isReplyBound: request !== undefined && (header ? isBound(header.req, request) : neighbour.kind !== 'node'), // biome-ignore format: one line
      isPrimaryUpstream,
      iat: header?.iat,
      nowS,
      data: [],
    }
  }
}

/** A rule for standard peers signs nothing by itself; how their link bears signatures is its setting. */
function formOf(
  { carrier, signatures }: Extract<OutDecision, { readonly outcome: 'send' }>,
  { type, form = 'plain' }: Outgoing,
): Form {
  if (carrier === 'members') return 'top'
  // Towards a standard peer errors are in its own words, which nobody here has signed.
  if (type === 4 || type === 5) return 'plain'
  if (carrier === 'signed') return 'signed'
  return signatures.length > 0 ? form : 'plain'
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

function readIncoming(incoming: Incoming): ReceivedMessage {
  const received = incoming.isBinary ? binaryOf(incoming) : messageOf(incoming)
  if ('status' in received) throw refused(received.reason)
  return received
}

/** A binary result takes the form of its request: what that one was, its reference says. */
function binaryOf({ action, payload, request }: Incoming): ReceivedMessage | Unverified {
  return readBinaryMessage(payload, plainAction(action) !== undefined || request?.id !== undefined)
}

function messageOf({ action, type, payload, error }: Incoming): ReceivedMessage | Unverified {
  const parsed = parseStrict(payload)
  // An answer bears no action, so its members say it.
  const isWrapped = plainAction(action) !== undefined || (type === 3 && isFlattened(parsed))
  return readMessage(parsed, { isWrapped, ...(error && { error }) })
}

function expectedOf({ action, type }: Incoming) {
  return { kind: 'message', action, messageType: type as 2 } as const
}

function problemOf(verdict: Verdict): PolicyFacts['problem'] {
  if (verdict.status !== 'refused') return undefined
  return verdict.reason as PolicyFacts['problem']
}

function refused(reason: PolicyReason): OverlayError {
  return new OverlayError('ERR_POLICY_REFUSED', { reason })
}
