import { X509Certificate } from 'node:crypto'
import { OverlayError } from '../../errors.ts'
import { isNodeId, isReservedId, type NodeId } from '../../primitives/ids.ts'
import { sha256 } from '../../security/jwk.ts'
import { keyOfCertificate, secondsOf } from '../../security/keys/certificate-chain.ts'
import { type KeyRecord, keyRecordPayload, readKeyRecord } from '../../security/keys/key-record.ts'
import type { KnownKey } from '../../security/rsa-key.ts'
import { readText } from '../config-files.ts'

interface CertificateOptions {
  readonly owner: string
  readonly role?: readonly string[]
  readonly alg?: string
}

const RSA_ALGORITHMS = ['RS256', 'RS384']

/**
 * `wattweave keys certificate CERT`: prints the record of the key in a certificate, for those who are
 * to believe what a station or CSMS of another make signs with it.
 */
export function certificateRecord(
  file: string,
  { owner, role = [], alg }: CertificateOptions,
): void {
  if (!isNodeId(owner) || isReservedId(owner)) throw new Error(`--owner: "${owner}" is not the id of a node`) // biome-ignore format: one line
  if (alg !== undefined && !RSA_ALGORITHMS.includes(alg)) throw new Error(`--alg must be ${RSA_ALGORITHMS.join(' or ')}, not "${alg}"`) // biome-ignore format: one line
  const certificate = certificateIn(file)
  const record: KeyRecord = {
    key: keyIn(file, certificate, alg),
    owner: owner as NodeId,
    usages: ['sign-message'],
    roles: role,
    notBefore: secondsOf(certificate.validFromDate),
    notAfter: secondsOf(certificate.validToDate),
    'x5t#S256': sha256(certificate.raw),
  }
  const payload = keyRecordPayload(record)
  const read = readKeyRecord(payload)
  if (typeof read === 'string') throw new Error(`${file} makes no key record: ${read}`)
  process.stdout.write(`${JSON.stringify(payload, undefined, 2)}\n`)
  process.stderr.write(`${endOf(record)}who is to believe it takes this record: wattweave keys trust FILE RECORD\n`) // biome-ignore format: one line
}

/** Of several the first: in a chain that is the one of its owner. */
function certificateIn(file: string): X509Certificate {
  const text = readText(file)
  try {
    return new X509Certificate(text)
  } catch {
    throw new Error(`${file} holds no certificate in PEM; name the file with the certificate of whoever signs`) // biome-ignore format: one line
  }
}

function keyIn(file: string, certificate: X509Certificate, alg: string | undefined): KnownKey {
  try {
    const { key, isRsa } = keyOfCertificate(certificate, alg)
    if (alg !== undefined && !isRsa) throw new Error(`${file} holds no key of RSA, and --alg is for these only; leave it out`) // biome-ignore format: one line
    return key
  } catch (error) {
    if (!(error instanceof OverlayError)) throw error
    throw new Error(`${file} is of a key that cannot be used: ${error.details.problem}; have one made for a key of P-256, P-384, P-521 or Ed25519, or of RSA with 2048 to 4096 bits`, { cause: error }) // biome-ignore format: one line
  }
}

/** A certificate that is over is no mistake here: somebody may have to verify what is old. */
function endOf({ notAfter }: KeyRecord): string {
  const isOver = notAfter * 1_000 < Date.now()
  return isOver ? `its time was over on ${new Date(notAfter * 1_000).toISOString()}: it counts for nothing now\n` : '' // biome-ignore format: one line
}
