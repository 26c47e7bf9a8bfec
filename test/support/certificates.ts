import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { Secret } from '../../src/transport/credentials.ts'
import type { TlsIdentity } from '../../src/transport/tls.ts'

/** Certificates for one test run; keys exist only in memory. */

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const DAY_MS = 86_400_000

export interface CertificateOptions {
  readonly commonName?: string
  readonly organization?: string
  readonly dnsNames?: readonly string[]
  readonly addresses?: readonly string[]
  readonly uris?: readonly string[]
  /** Days from now; negative ones are over. */
  readonly days?: number
  readonly isSelfSigned?: boolean
}

export interface Authority {
  /** PEM. */
  readonly certificate: string
  issue(options: CertificateOptions): Promise<TlsIdentity>
  /** One that this one stands behind; or not, where it only does as if it were one. */
  issueAuthority(options: CertificateOptions & { readonly isTrue?: boolean }): Promise<Authority>
}

/** A certificate that is well-formed, and that no TLS of today takes: its key is too short. */
export function createWeakIdentity(): Promise<TlsIdentity> {
  return createRsaIdentity(1024)
}

/** A certificate of a key of RSA, by that key itself. */
export async function createRsaIdentity(modulusLength: number): Promise<TlsIdentity> {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength, publicExponent: new Uint8Array([1, 0, 1]) } // biome-ignore format: one line
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: nextSerial(),
    name: 'CN=rsa',
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + DAY_MS),
    signingAlgorithm: algorithm,
    keys,
  })
  return { certificate: certificate.toString('pem'), key: await privateKeyOf(keys) }
}

/** PEM of a certificate whose key agrees on secrets and signs nothing. */
export async function createAgreementCertificate(): Promise<string> {
  const keys = (await webcrypto.subtle.generateKey({ name: 'X25519' }, true, ['deriveBits'])) as unknown as webcrypto.CryptoKeyPair // biome-ignore format: one line
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: nextSerial(),
    subject: 'CN=agreement',
    issuer: 'CN=agreement',
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + DAY_MS),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: (await generate()).privateKey,
  })
  return certificate.toString('pem')
}

let serial = 1

export async function createAuthority(name = 'Test CA', days = 10): Promise<Authority> {
  const keys = await generate()
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: nextSerial(),
    name: `CN=${name}`,
    notBefore: new Date(Date.now() - 10 * DAY_MS),
    notAfter: new Date(Date.now() + days * DAY_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  })
  return authorityOf(root, keys)
}

function authorityOf(own: x509.X509Certificate, keys: webcrypto.CryptoKeyPair): Authority {
  const issueTo = async (options: CertificateOptions, extensions: x509.Extension[]) => {
    const holder = await generate()
    const { commonName = '', organization, days = 5, isSelfSigned = false } = options
    const subject = [
      ...(commonName === '' ? [] : [{ CN: [commonName] }]),
      ...(organization === undefined ? [] : [{ O: [organization] }]),
    ]
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: nextSerial(),
      subject,
      issuer: isSelfSigned ? subject : own.subject,
      notBefore: new Date(Date.now() - 9 * DAY_MS),
      notAfter: new Date(Date.now() + days * DAY_MS),
      signingAlgorithm: ALGORITHM,
      publicKey: holder.publicKey,
      signingKey: isSelfSigned ? holder.privateKey : keys.privateKey,
      extensions,
    })
    return { certificate, holder }
  }
  return {
    certificate: own.toString('pem'),
    async issue(options) {
      const { certificate, holder } = await issueTo(options, extensionsOf(options))
      return { certificate: certificate.toString('pem'), key: await privateKeyOf(holder) }
    },
    async issueAuthority({ isTrue = true, ...options }) {
      const constraints = new x509.BasicConstraintsExtension(isTrue, undefined, true)
      const { certificate, holder } = await issueTo(options, [constraints])
      return authorityOf(certificate, holder)
    },
  }
}

async function privateKeyOf({ privateKey }: { readonly privateKey: webcrypto.CryptoKey }) {
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', privateKey))
  const lines = key.toString('base64').match(/.{1,64}/g) ?? []
  return new Secret([pemLine('BEGIN'), ...lines, pemLine('END'), ''].join('\n'))
}

function extensionsOf({ dnsNames = [], addresses = [], uris = [] }: CertificateOptions) {
  const names = [
    ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...addresses.map((value) => ({ type: 'ip' as const, value })),
    ...uris.map((value) => ({ type: 'url' as const, value })),
  ]
  return names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]
}

function generate() {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
}

const pemLine = (word: string) => `-----${word} PRIVATE KEY-----`

function nextSerial(): string {
  return (serial++).toString(16).padStart(4, '0')
}
