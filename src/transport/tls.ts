import { X509Certificate } from 'node:crypto'
import {
  checkServerIdentity,
  createSecureContext,
  type PeerCertificate,
  type TLSSocket,
} from 'node:tls'
import { OverlayError } from '../errors.ts'
import type { NodeId } from '../primitives/ids.ts'
import {
  type CertificateNames,
  isCertificateFor,
  namesOf,
  type StationName,
} from './certificates.ts'
import type { Secret } from './credentials.ts'

/** Certificate and key of this side, and whom it trusts; all PEM. */
export interface TlsIdentity {
  /** The own certificate, with intermediates behind it. */
  readonly certificate: string
  readonly key: Secret
}

/** What a listener needs. */
export interface ListenTls extends TlsIdentity {
  /** Authorities whose client certificates count (security profile 3); none without it. */
  readonly clientCa?: string
}

/** What a dialled connection needs. */
export interface DialTls {
  /** Authorities whose server certificates count; default those that Node trusts. */
  readonly ca?: string
  /** Own certificate (security profile 3). */
  readonly identity?: TlsIdentity
  /** How the certificate of the peer may stand for it, beside its id. */
  readonly station?: StationName
}

/**
 * Forward secrecy and authenticated encryption only. OCPP's TLS_RSA suites are left out: whoever
 * gets the key of a server later could read what was recorded before.
 *
 * @spec OCPP 2.0.1 Part 2 A00.FR.318, A00.FR.319; RFC 9325
 */
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
].join(':')

const COMMON = {
  minVersion: 'TLSv1.2',
  ciphers: CIPHERS,
  honorCipherOrder: true,
  ecdhCurve: 'X25519:P-256:P-384:P-521',
} as const

/**
 * Settings of a TLS server. A client certificate that proves nothing does not end the handshake:
 * the answer is given by HTTP, where it can be counted and explained in the log.
 *
 * @throws {OverlayError} ERR_CREDENTIAL_TLS when certificate, key or authorities cannot be used.
 */
export function serverSettings({ certificate, key, clientCa }: ListenTls) {
  const settings = {
    ...COMMON,
    cert: certificate,
    key: key.reveal(),
    ...(clientCa !== undefined && { ca: clientCa }),
    requestCert: clientCa !== undefined,
    rejectUnauthorized: false,
  }
  assertUsable(settings)
  return settings
}

/**
 * Settings of a TLS connection that this side opens. The server must be who the URL says, or bear
 * the id of the peer that is expected, by the rule for those who dial in.
 *
 * @throws {OverlayError} ERR_CREDENTIAL_TLS
 */
export function clientSettings({ ca, identity, station }: DialTls, peerId: NodeId | undefined) {
  const settings = {
    ...COMMON,
    ...(ca !== undefined && { ca }),
    ...(identity && { cert: identity.certificate, key: identity.key.reveal() }),
    checkServerIdentity(host: string, certificate: PeerCertificate) {
      const names = namesOf(new X509Certificate(certificate.raw))
      const isPeer = peerId !== undefined && isCertificateFor(names, peerId, station)
      return isPeer ? undefined : checkServerIdentity(host, certificate)
    },
  }
  assertUsable(settings)
  return settings
}

/**
 * Names of the peer's certificate, or why it proves nothing; neither when it showed none. A session
 * that is resumed remembers what was judged when it began, so its dates are looked at each time.
 */
export function peerCertificate(
  socket: Pick<TLSSocket, 'getPeerX509Certificate' | 'authorized' | 'authorizationError'>,
  now: number,
): {
  readonly certificate?: CertificateNames
  readonly certificateProblem?: string
} {
  const certificate = socket.getPeerX509Certificate()
  if (!certificate) return {}
  if (!socket.authorized) return { certificateProblem: String(socket.authorizationError) }
  if (certificate.validToDate.getTime() < now) return { certificateProblem: 'CERT_HAS_EXPIRED' }
  return { certificate: namesOf(certificate) }
}

/** Why TLS does not take a certificate and its key, in the words of OpenSSL; undefined where it does. */
export function identityProblem({ certificate, key }: TlsIdentity): string | undefined {
  try {
    createSecureContext({ ...COMMON, cert: certificate, key: key.reveal() })
    return undefined
  } catch (cause) {
    const { reason, message } = cause as { readonly reason?: string; readonly message: string }
    return reason ?? message
  }
}

function assertUsable(settings: { cert?: string; key?: string; ca?: string }): void {
  try {
    createSecureContext(settings)
    const { cert, key } = settings
    if (cert !== undefined && key === undefined) throw new Error('the key is missing')
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause)
    throw new OverlayError('ERR_CREDENTIAL_TLS', { problem }, { cause })
  }
}
