/**
 * The signed statement, and its only signer and verifier:
 *
 *     signing input = base64url(protected) "." base64url(JWS payload)
 *
 * The JWS payload is the canonical form of a JSON payload without its own signatures, or a binary
 * body as it is.
 */
import { OverlayError } from '../errors.ts'
import { type AlgorithmName, algorithm, isSignatureOf } from './algorithms.ts'
import { encodeBase64url } from './base64url.ts'
import {
  MAX_ENTRIES,
  type ReadEntry,
  readEntry,
  type SignatureEntry,
  type SigningMethod,
  valueBytes,
} from './entry.ts'
import {
  type DataFields,
  disagreement,
  encodeHeader,
  type MessageFields,
  type StatementHeader,
} from './header.ts'
import { sha256 } from './jwk.ts'
import type { KnownKey } from './rsa-key.ts'
import { type Signer, signWith } from './signer.ts'
import { refuse, type Unverified, unproved, type Verdict, type VerifiedSigner } from './verdict.ts'

/** What the verifier knows the statement to be. */
export type Expected =
  | {
      readonly kind: 'message'
      /** Of an answer: the action of its request. Plain, without `-Signed`. */
      readonly action: string
      readonly messageType: 2 | 3 | 4 | 5 | 6
    }
  | { readonly kind: 'data'; readonly ctx: string }

/** Finds a public key that is known here; what it may do is judged elsewhere. */
export interface KeyLookup {
  (kid: string): KnownKey | undefined
  /** Where it is also known which certificates keys have. */
  readonly certificates?: CertificateLookup
}

/** Certificates by base64url of SHA-256 of their DER. As a kid, that selects a key and supplies none. */
export interface CertificateLookup {
  readonly keyOf: (thumbprint: string) => KnownKey | undefined
  /** Of the key with this kid. */
  readonly of: (kid: string) => string | undefined
}

/** The bytes that are signed; ASCII. */
export function signingInput(protectedText: string, jwsPayload: Uint8Array): Uint8Array {
  return Buffer.from(`${protectedText}.${encodeBase64url(jwsPayload)}`, 'latin1')
}

/**
 * Signs JWS payload bytes; several entries may be made for the same bytes, with fields that agree.
 *
 * @throws {TypeError} when a field breaks a rule.
 * @throws {OverlayError} ERR_SIGNATURE_FAILED
 * @spec docs/security.md, The protected header
 */
export async function signStatement(
  jwsPayload: Uint8Array,
  fields: MessageFields | DataFields,
  signer: Signer,
  method: SigningMethod = 'json',
): Promise<SignatureEntry> {
  const text = protectedOf(fields, signer)
  const value = await signWith(signer, signingInput(text, jwsPayload))
  return entryOf(signer, text, value, method)
}

/**
 * The same at once, by a signer that can.
 *
 * @throws {OverlayError} ERR_SIGNATURE_FAILED also where the key is held by another program.
 */
export function signStatementNow(
  jwsPayload: Uint8Array,
  fields: MessageFields | DataFields,
  signer: Signer,
  method: SigningMethod = 'json',
): SignatureEntry {
  const text = protectedOf(fields, signer)
  const value = signer.signNow?.(signingInput(text, jwsPayload))
  if (!value) throw new OverlayError('ERR_SIGNATURE_FAILED', { keyId: signer.kid, problem: 'its holder cannot sign at once' }) // biome-ignore format: one line
  return entryOf(signer, text, value, method)
}

function protectedOf(fields: MessageFields | DataFields, { alg, kid }: Signer): string {
  return encodeHeader({ ...fields, alg, kid, typ: 'ww+jws', v: 1 } as StatementHeader)
}

function entryOf(
  { alg, kid }: Signer,
  text: string,
  value: Uint8Array,
  method: SigningMethod,
): SignatureEntry {
  return {
    keyId: kid,
    value: encodeBase64url(value),
    algorithm: algorithm(alg).entryNames[0],
    signingMethod: method,
    protected: text,
  }
}

/**
 * Verifies all parallel entries over the same JWS payload bytes. An entry by an unknown key counts
 * for nothing; one by a known key that fails refuses the whole.
 *
 * Time, replay, addressee and rights are not judged here: the verdict hands on what was signed.
 *
 * @param entries As received; nothing about them has been checked.
 * @spec docs/security.md, How to verify
 */
export function verifyStatement(
  jwsPayload: Uint8Array,
  entries: readonly unknown[],
  options: {
    readonly expected: Expected
    readonly keyOf: KeyLookup
    readonly method?: SigningMethod
  },
): Verdict {
  const { expected, keyOf, method = 'json' } = options
  const read = readEntries(entries, method)
  if ('status' in read) return read
  const [first] = read
  if (!first) return unproved('unsigned')
  // All headers agree in what this looks at.
  const mismatch = mismatchWith(expected, first.header, jwsPayload)
  if (mismatch) return mismatch

  const known = read.map((entry) => ({ entry, key: keyOf(entry.header.kid) }))
  const signers: VerifiedSigner[] = []
  for (const { entry, key } of known) {
    if (!key) continue
    const problem = problemOf(entry, key, jwsPayload)
    if (problem) return problem
    signers.push({ kid: key.kid, header: entry.header })
  }
  const ignored = known.filter(({ key }) => !key).map(({ entry }) => entry.header.kid)
  const [one, ...others] = signers
  return one
    ? { status: 'verified', signers: [one, ...others], ignored }
    : unproved('unknown-keys', ignored)
}

/** All that is cheap, for all entries, before the first signature is looked at. */
function readEntries(
  entries: readonly unknown[],
  method: SigningMethod,
): readonly ReadEntry[] | Unverified {
  if (entries.length > MAX_ENTRIES) {
    return refuse('too-many-entries', { actual: entries.length, limit: MAX_ENTRIES })
  }
  const read: ReadEntry[] = []
  for (const [index, raw] of entries.entries()) {
    const entry = readEntry(raw, index, method)
    if ('status' in entry) return entry
    // One key is one signer, however often it signs: k of n must not be met by one.
    if (read.some(({ header }) => header.kid === entry.header.kid)) return refuse('signer-twice')
    const member = read[0] && disagreement(read[0].header, entry.header)
    if (member) return refuse('headers-differ', { member })
    read.push(entry)
  }
  return read
}

function mismatchWith(
  expected: Expected,
  header: StatementHeader,
  jwsPayload: Uint8Array,
): Unverified | undefined {
  if (expected.kind === 'message') {
    const differs = (member: string) => refuse('not-this-message', { member })
    if (header.OCPPAction !== expected.action) return differs('OCPPAction')
    if (header.OCPPMessageTypedId !== expected.messageType) return differs('OCPPMessageTypedId')
    return undefined
  }
  const differs = (member: string) => refuse('not-this-data', { member })
  if (header.OCPPAction !== undefined) return differs('OCPPAction')
  if (header.ctx !== expected.ctx) return differs('ctx')
  return header.id === sha256(jwsPayload) ? undefined : differs('id')
}

function problemOf(
  entry: ReadEntry,
  key: KnownKey,
  jwsPayload: Uint8Array,
): Unverified | undefined {
  const { index, encoding } = entry
  // A lookup that answers with another key would make its owner the signer.
  if (key.kid !== entry.header.kid) return refuse('signature-invalid', { index })
  const alg: AlgorithmName | undefined = entry.algorithm?.name
  if (alg !== key.alg) return refuse('algorithm-of-key', { index })
  const value = valueBytes(entry, algorithm(key.alg).valueBytes)
  if (!value) return refuse('value-malformed', { index, encoding })
  if (isSignatureOf(key, signingInput(entry.protected, jwsPayload), value)) return undefined
  return refuse('signature-invalid', { index })
}
