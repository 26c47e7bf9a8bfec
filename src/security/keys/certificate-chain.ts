import { type KeyObject, X509Certificate } from 'node:crypto'
import { OverlayError } from '../../errors.ts'
import type { JsonObject } from '../../wire/payload.ts'
import { publicKeyOf } from '../jwk.ts'
import { importRsaKey, type KnownKey } from '../rsa-key.ts'

/** An authority whose certificates are believed, by the name that policies know it by. */
export interface NamedRoot {
  readonly name: string
  readonly certificate: X509Certificate
}

/** A certificate that a root stands behind. */
export interface VerifiedChain {
  readonly root: string
  /** Seconds since 1970, both included: while each certificate of the chain counts. */
  readonly notBefore: number
  readonly notAfter: number
}

const MAX_CHAIN = 8
const BLOCK = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g

/**
 * The certificates of a PEM text, in their order.
 *
 * @throws what `X509Certificate` throws.
 */
export function certificatesIn(pem: string): readonly X509Certificate[] {
  return (pem.match(BLOCK) ?? []).map((block) => new X509Certificate(block))
}

/**
 * Looks for the way from a certificate to a root over those that come with it. Each has to be issued
 * and signed by an authority, the next on the way; a root does not stand for itself. What a
 * certificate says of path lengths and names is not looked at: say so with the roots you name.
 *
 * @returns What is wrong, for people, where there is no way.
 * @spec RFC 5280 section 6.1, without name constraints and policies
 */
export function verifyChain(
  leaf: X509Certificate,
  others: readonly X509Certificate[],
  roots: readonly NamedRoot[],
): VerifiedChain | string {
  const way = [leaf]
  for (let last = leaf; way.length <= MAX_CHAIN; ) {
    const root = roots.find(({ certificate }) => isIssuedBy(last, certificate))
    if (root) return { root: root.name, ...spanOf([...way, root.certificate]) }
    const next = others.find((one) => !way.includes(one) && isIssuedBy(last, one))
    if (!next)
      return `nobody of security.roots has issued ${describe(last)}, nor a certificate in this file`
    way.push(next)
    last = next
  }
  return `its chain has more than ${MAX_CHAIN} certificates`
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  // `checkIssued` compares names and key usages, and looks at no signature.
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}

function spanOf(chain: readonly X509Certificate[]): Pick<VerifiedChain, 'notBefore' | 'notAfter'> {
  return {
    notBefore: Math.max(...chain.map(({ validFromDate }) => secondsOf(validFromDate))),
    notAfter: Math.min(...chain.map(({ validToDate }) => secondsOf(validToDate))),
  }
}

/** A certificate may have no subject at all. */
function describe({ subject }: { readonly subject: string | undefined }): string {
  return `"${(subject ?? '').replaceAll('\n', ', ').slice(0, 100)}"`
}

/**
 * The key of a certificate.
 *
 * @param rsaAlgorithm How a key of RSA signs; its certificate does not say.
 * @throws {OverlayError} ERR_SIGNATURE_KEY
 */
export function keyOfCertificate(
  certificate: X509Certificate,
  rsaAlgorithm = 'RS256',
): { readonly key: KnownKey; readonly isRsa: boolean } {
  const key = publicKeyIn(certificate)
  if (!key) throw new OverlayError('ERR_SIGNATURE_KEY', { problem: 'its kind is not known' })
  if (key.asymmetricKeyType !== 'rsa') return { key: publicKeyOf(key), isRsa: false }
  return { key: importRsaKey({ ...key.export({ format: 'jwk' }), alg: rsaAlgorithm } as JsonObject), isRsa: true } // biome-ignore format: one line
}

/** undefined for a kind of key that has no form as JWK, and for one that is not read at all. */
function publicKeyIn(certificate: X509Certificate): KeyObject | undefined {
  try {
    const key = certificate.publicKey
    key.export({ format: 'jwk' })
    return key
  } catch {
    return undefined
  }
}

/** Of a date in a certificate. */
export function secondsOf(date: Date): number {
  return Math.floor(date.getTime() / 1_000)
}
