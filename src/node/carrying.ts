/**
 * How a message bears its signatures on a link: each link to a standard peer says it in its settings,
 * and what it cannot bear is left out.
 *
 * @spec docs/security.md, Carriers
 */
import { isSameId, type NodeId } from '../primitives/ids.ts'
import { putSignatures } from '../security/carriers.ts'
import type { SignatureEntry } from '../security/entry.ts'
import { decodeHeader, isObject, type MessageFields } from '../security/header.ts'
import type { KeyDirectory } from '../security/keys/key-directory.ts'
import type { OpaqueMessage, ReceivedMessage } from '../security/received-message.ts'
import { packSigned, signedAction } from '../security/signed-message.ts'
import type { MessageType } from '../wire/frame.ts'
import { cutMember } from '../wire/member.ts'
import { encodePayload, type JsonObject, jsonText } from '../wire/payload.ts'

/**
 * What a link to a standard peer bears. Links between nodes bear statements as they are, or, as those
 * to standard peers may, nothing but the legacy form: `wwcp`.
 */
export type LinkCarrier = 'strip' | 'customData' | 'signed' | 'wwcp'

/**
 * Where signatures stand: `top` beside the members, `signed` around them, `plain` nowhere. `wwcp` is
 * the legacy form, in which only this node itself can say something.
 */
export type Form = 'plain' | 'top' | 'customData' | 'signed' | 'wwcp'

/** A message with its signatures, verified. */
export interface Bearing {
  readonly type: MessageType
  /** Plain name. */
  readonly action: string
  readonly payload: JsonObject
  readonly entries: readonly SignatureEntry[]
  readonly opaque?: Pick<OpaqueMessage, 'message'> | undefined
}

/** As it goes over a link. */
export interface Borne {
  /** What it became; less than was asked for where the payload has no room. */
  readonly form: Form
  readonly action: string
  readonly payload: JsonObject
  /** kids of signatures that it lost. */
  readonly dropped: readonly string[]
}

/**
 * Writes a message in a form.
 *
 * @param originator kid of whoever says it; of others none can stand alone.
 */
export function inForm(
  message: Bearing,
  form: Exclude<Form, 'wwcp'>,
  originator: string | undefined,
): Borne {
  const { type, action, payload, entries, opaque } = message
  const plain = { form: 'plain', action, payload, dropped: entries.map(({ keyId }) => keyId) } as const // biome-ignore format: one line
  if (form === 'plain') return plain
  if (opaque) return wrapped({ ...message, opaque }, form)
  if (form !== 'signed') {
    const put = putSignatures(payload, entries, form)
    if (put) return { form: entries.length > 0 ? form : 'plain', action, payload: put, dropped: [] }
  }
  const packed = originator === undefined ? undefined : packSigned(payload, entries, originator)
  if (!packed) return plain
  const jws = packed.message as unknown as JsonObject
  return { form: 'signed', action: wrappedAction(type, action), payload: jws, dropped: packed.dropped } // biome-ignore format: one line
}

/** The wrapping stays as it is, with what hops have signed of it beside it. */
function wrapped(
  { type, action, entries, opaque }: Bearing & { readonly opaque: Pick<OpaqueMessage, 'message'> },
  form: Exclude<Form, 'wwcp'>,
): Borne {
  // A flattened JWS must not have a member `signatures` (RFC 7515 section 7.2.2), but it has room for others.
  const place = form === 'top' ? 'top' : 'customData'
  const payload = putSignatures(opaque.message, entries, place) ?? opaque.message
  return { form: 'signed', action: wrappedAction(type, action), payload, dropped: [] }
}

/** An answer bears no action. */
export function wrappedAction(type: MessageType, action: string): string {
  return type === 2 || type === 6 ? signedAction(action) : action
}

/**
 * Entries as they travel: those of hops where the message is wrapped, else those of the payload. The
 * legacy form has none that could stand with others.
 */
export function entriesOf({
  entries,
  opaque,
  carrier,
}: ReceivedMessage): readonly SignatureEntry[] {
  if (carrier === 'wwcp') return []
  return (opaque ? opaque.entries : entries) as readonly SignatureEntry[]
}

/** In which form this node says something over a link. */
export function formOfLink(carrier: LinkCarrier): Form {
  return carrier === 'strip' ? 'plain' : carrier
}

/** In which form an answer goes back: that of its request, where the link bears more than one. */
export function formOfAnswer(link: LinkCarrier, { carrier }: ReceivedMessage): Form {
  if (link === 'strip' || link === 'wwcp') return formOfLink(link)
  // Beside the members it stands where no standard peer may put it.
  return carrier === 'customData' || carrier === 'signed' ? carrier : 'plain'
}

/** The payload without its signatures; every other byte stays where they stand beside the members. */
export function bareBytes(
  written: Uint8Array,
  { carrier, payload, bytes }: ReceivedMessage,
): Uint8Array {
  if (carrier === 'signed') return bytes
  if (carrier === 'customData') return encodePayload(payload)
  return carrier === undefined ? written : cutMember(written, 'signatures')
}

/** Of entries that were verified, the kid of whoever says it; undefined where its key is not known. */
export function originatorIn(
  entries: readonly unknown[],
  directory: KeyDirectory,
): string | undefined {
  const records = directory.records()
  for (const entry of entries) {
    const header = isObject(entry) ? decodeHeader(jsonText(entry.protected)) : undefined
    if (header === undefined || typeof header === 'string' || header.att) continue
    const { from, kid } = header as MessageFields & { readonly kid: string }
    const owner = records.find(({ key }) => key.kid === kid)?.owner
    if (owner !== undefined && isSameId(owner, from as NodeId)) return kid
  }
  return undefined
}
