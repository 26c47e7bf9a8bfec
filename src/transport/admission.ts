import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { type Clock, delay, systemClock } from '../primitives/clock.ts'
import { foldId, isSameId, type NodeId } from '../primitives/ids.ts'
import { type CertificateNames, describeNames, isCertificateFor, type StationName } from './certificates.ts' // biome-ignore format: one line
import { type PeerEntry, parseBasic, type Secret, type SecurityProfile } from './credentials.ts'
import { networkOf } from './network-of.ts'
import {
  createDecoyCheck,
  createPasswordCheck,
  createPlainCheck,
  type FastCheck,
  type PasswordCheck,
} from './passwords.ts'
import { SlowLine } from './slow-line.ts'
import { AttemptThrottle } from './throttle.ts'

/** What somebody who wants a link brings along. */
export interface Claim {
  /** From the URL; undefined when there is no legal one. */
  readonly id: NodeId | undefined
  /** The Authorization header. */
  readonly authorization: string | undefined
  /** Names of a client certificate whose chain was found good. */
  readonly certificate: CertificateNames | undefined
  /** Why the client certificate that came along proves nothing. */
  readonly certificateProblem?: string | undefined
  readonly isTls: boolean
  /** It wants to be a node of the overlay. */
  readonly isOverlay: boolean
  /** Where it comes from; attempts are counted by it. */
  readonly address: string
  /** The listener lets in ids without credential (security profile 0). */
  readonly insecure: boolean
}

export type Admission =
  | { readonly id: NodeId; readonly profile: SecurityProfile }
  | {
      readonly refused: string
      readonly status: 401 | 403 | 429 | 503
      readonly isUnknown: boolean
      /** The answer is held back for so long. */
      readonly delayMs: number
    }

export interface AdmissionOptions {
  /** Of stored passwords in the form `$hmac-sha256$`. */
  readonly passwordKey?: Secret
  /** The operator that station certificates must name; without it serial numbers count nothing. */
  readonly organization?: string
  readonly clock?: Clock
}

interface Peer {
  readonly entry: PeerEntry
  /** False of one that only has a password, set over OCPP. */
  readonly isEntered: boolean
  readonly check: PasswordCheck | undefined
  /** Passwords of its network profiles, which count beside the one in force. Newest last. */
  readonly profiles: readonly ProfilePassword[]
  /** HMAC of the password that was right last, under a key of this process. */
  remembered: Buffer | undefined
  /** The best it has proved since this process began. */
  best: SecurityProfile
}

/** What a station may show when it uses a network profile; which one it uses is not known. */
interface ProfilePassword {
  readonly slot: string
  readonly check: FastCheck
  /** It has shown it: then what was before it in the same profile counts no more. */
  readonly isUsed: boolean
  readonly onUsed: () => void
}

/** Of one station, each with a new password and one that is still used. */
const MAX_PROFILE_PASSWORDS = 16
/** Slow hashes use much memory each, so only two are computed at a time. */
const NO_PASSWORD = new Uint8Array()
const NO_NODE = 'it is entered as a station and wants to be a node: that needs `peer: node`'
const NO_CREDENTIAL = 'no credential: no password is set for it, and it showed no certificate'
const NO_CERTIFICATE = 'it showed no certificate, security profile 3 needs one'

/**
 * Decides who is let in: security profiles 0 to 3. An unknown id, a wrong credential and a mismatch
 * cost the same work and look the same from outside. One admission serves all listeners of a node,
 * so that who has proved much on one cannot be impersonated with less on another.
 *
 * @spec OCPP 2.0.1 Part 2 A00, A05; docs/overlay.md sections 4.2 and 4.3
 */
export class Admissions {
  readonly #peers = new Map<string, Peer>()
  readonly #options: AdmissionOptions
  readonly #clock: Clock
  readonly #throttle: AttemptThrottle
  readonly #processKey = randomBytes(32)
  readonly #nobody = randomBytes(32)
  /** What is computed for wrong attempts at others, so that they take as long as those. */
  readonly #decoy: PasswordCheck | undefined
  readonly #fastDecoy = createDecoyCheck()
  readonly #slow = new SlowLine()

  /** @throws {OverlayError} ERR_CREDENTIAL_STORED */
  constructor(entries: readonly PeerEntry[], options: AdmissionOptions = {}) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#throttle = new AttemptThrottle(this.#clock)
    for (const entry of entries) {
      const check = entry.password && createPasswordCheck(entry.password, options.passwordKey)
      if (check?.isSlow) this.#decoy ??= check
      this.#peers.set(foldId(entry.id), {
        entry,
        check,
        profiles: [],
        remembered: undefined,
        best: 0,
        isEntered: true,
      })
    }
  }

  /** Whether nobody is let in as this peer without a proof. */
  mustProve(id: NodeId): boolean {
    const peer = this.#peers.get(foldId(id))
    if (!peer) return false
    const { securityProfile = 0, serialNumber } = peer.entry
    return hasPassword(peer) || peer.best > 0 || securityProfile > 0 || serialNumber !== undefined // biome-ignore format: one line
  }

  /** From now on this password counts, and the former one no longer. It is taken as it is. */
  setPassword(id: NodeId, password: Secret): void {
    const key = foldId(id)
    const check = createPlainCheck(password)
    const peer = this.#peers.get(key) ?? newcomer(id)
    const entry = { ...peer.entry, password }
    this.#peers.set(key, { ...peer, entry, check, remembered: undefined })
  }

  /**
   * This password of a network profile counts, too. The one before it in the same profile counts until
   * the peer has shown this one.
   *
   * @param isUsed It was shown before.
   * @param onUsed Called when it is shown for the first time.
   */
  setProfilePassword(
    id: NodeId,
    { slot, password, isUsed }: { slot: string; password: Secret; isUsed: boolean },
    onUsed: () => void,
  ): void {
    const key = foldId(id)
    const peer = this.#peers.get(key) ?? newcomer(id)
    const others = peer.profiles.filter((one) => one.slot !== slot || (one.isUsed && !isUsed))
    const added = { slot, check: createPlainCheck(password), isUsed, onUsed }
    this.#peers.set(key, { ...peer, profiles: [...others, added].slice(-MAX_PROFILE_PASSWORDS) })
  }

  /** Answers at once, except where a slow hash has to be computed. */
  admit(claim: Claim): Admission | Promise<Admission> {
    const peer = claim.id && this.#peers.get(foldId(claim.id))
    const basic = parseBasic(claim.authorization)
    const password = basic?.password ?? NO_PASSWORD
    const digest = this.#digest(password)
    const isRemembered = timingSafeEqual(digest, peer?.remembered ?? this.#nobody)
    const fast = peer?.check && !peer.check.isSlow ? peer.check : undefined
    // Always one, also where nothing depends on it.
    const matches = (fast ?? this.#fastDecoy).matches(password)
    const shown = peer?.profiles.find(({ check }) => check.matches(password))
    const isRight = (fast ? matches : isRemembered) || shown !== undefined
    const isProved = typeof this.#profileOf(claim, peer, isRight) !== 'string'
    // Where one peer is slow a wrong password is, whoever it is tried for: the time says nothing.
    if (!isProved && basic && this.#decoy) return this.#admitSlowly(claim, peer, password, digest)
    const admission = this.#judge(claim, peer, isRight)
    if (shown && peer && 'id' in admission) this.#use(peer, shown)
    return admission
  }

  /** What it has taken the place of counts no more. */
  #use({ entry: { id } }: Peer, shown: ProfilePassword): void {
    if (shown.isUsed) return
    const key = foldId(id)
    const peer = this.#peers.get(key)
    if (!peer) return
    const others = peer.profiles.filter(({ slot }) => slot !== shown.slot)
    this.#peers.set(key, { ...peer, profiles: [...others, { ...shown, isUsed: true }] })
    shown.onUsed()
  }

  async #admitSlowly(
    claim: Claim,
    peer: Peer | undefined,
    password: Uint8Array,
    digest: Buffer,
  ): Promise<Admission> {
    const id = claim.id ?? ''
    const network = networkOf(claim.address)
    // Guessing would cost this node more than the guesser.
    const isTooMuch = () => this.#throttle.isFlooding(claim.address)
    if (isTooMuch() || this.#slow.isCrowded(network)) return this.#judge(claim, peer, false)
    return this.#slow.of(network, async () => {
      const delayMs = this.#throttle.delayMs(id, claim.address)
      if (delayMs > 0) await delay(this.#clock, delayMs)
      if (isTooMuch()) return this.#judge(claim, peer, false)
      const own = peer?.check?.isSlow ? peer.check : undefined
      const check = own ?? this.#decoy
      const matches = await this.#slow.compute(network, async () => check?.matches(password) ?? false) // biome-ignore format: one line
      if (matches === undefined) {
        const refused = 'too many passwords are being checked'
        return { refused, status: 503, isUnknown: false, delayMs: 0 }
      }
      // Meanwhile it may have got another password: the former one counts no longer.
      if (peer !== this.#peers.get(foldId(id))) return this.admit(claim)
      const isRight = matches && own !== undefined
      if (isRight && peer) peer.remembered = digest
      return this.#judge(claim, peer, isRight)
    })
  }

  /** @param isRight The password is the peer's. */
  #judge(claim: Claim, peer: Peer | undefined, isRight: boolean): Admission {
    const { id } = claim
    const verdict = this.#profileOf(claim, peer, isRight)
    if (id === undefined || typeof verdict === 'string') return this.#refuse(claim, `${verdict}`)
    const lowest = Math.max(peer?.entry.securityProfile ?? 0, peer?.best ?? 0)
    if (verdict < lowest) {
      const isBare = lowest === 3 && claim.isTls && !claim.certificate
      if (isBare) return this.#refuse(claim, NO_CERTIFICATE)
      return this.#refuse(claim, `security profile ${verdict} where ${lowest} is due`)
    }
    if (claim.isOverlay && peer && peer.entry.peer !== 'node') {
      return { refused: NO_NODE, status: 403, isUnknown: false, delayMs: 0 }
    }
    if (peer) peer.best = verdict
    this.#throttle.succeeded(id, claim.address)
    return { id: peer?.isEntered ? peer.entry.id : id, profile: verdict }
  }

  /** What was proved, or why nothing was. */
  #profileOf(claim: Claim, peer: Peer | undefined, isRight: boolean): SecurityProfile | string {
    const { id, certificate, certificateProblem, isTls, insecure } = claim
    if (id === undefined) return 'the URL does not end in a legal id'
    if (certificateProblem !== undefined)
      return `its certificate proves nothing: ${certificateProblem}`
    const basic = parseBasic(claim.authorization)
    const isKnown = peer !== undefined && hasPassword(peer)
    const hasUser = basic !== undefined && (isKnown || certificate !== undefined)
    if (hasUser && !isSameId(basic.user, id)) return 'the user is not the id in the URL'
    if (certificate) {
      if (!peer) return 'unknown id'
      const { serialNumber } = peer.entry
      const station = { serialNumber, organization: this.#options.organization }
      const verdict = isCertificateFor(certificate, id, station) ? 3 : 'the certificate is of somebody else' // biome-ignore format: one line
      return verdict === 3 ? verdict : `${verdict}: ${mismatch(certificate, id, station)}`
    }
    const needsCertificate = peer?.entry.securityProfile === 3 || !!peer?.entry.serialNumber
    if (isKnown) {
      if (!basic) return needsCertificate ? NO_CERTIFICATE : 'no credential'
      if (!isRight) return 'wrong credential'
      return isTls ? 2 : 1
    }
    if (insecure) return 0
    if (!peer) return 'unknown id'
    return needsCertificate ? NO_CERTIFICATE : NO_CREDENTIAL
  }

  #refuse(claim: Claim, refused: string): Admission {
    const { id = '', address } = claim
    const delayMs = this.#throttle.delayMs(id, address)
    const status = this.#throttle.isFlooding(address) ? 429 : 401
    this.#throttle.failed(id, address)
    return { refused, status, isUnknown: !this.#peers.has(foldId(id)), delayMs }
  }

  #digest(password: Uint8Array): Buffer {
    return createHmac('sha256', this.#processKey).update(password).digest()
  }
}

function hasPassword({ check, profiles }: Peer): boolean {
  return check !== undefined || profiles.length > 0
}

function newcomer(id: NodeId): Peer {
  return { entry: { id }, isEntered: false, check: undefined, profiles: [], remembered: undefined, best: 0 } // biome-ignore format: one line
}

/** For the log: what was shown and what would have been let in. */
function mismatch(names: CertificateNames, id: NodeId, station: StationName): string {
  const { serialNumber, organization } = station
  const isByNumber = serialNumber !== undefined && organization !== undefined
  const other = isByNumber ? `, or common name ${serialNumber} of organization ${organization}` : ''
  return `it names ${describeNames(names)}; expected ${id}${other}`
}
