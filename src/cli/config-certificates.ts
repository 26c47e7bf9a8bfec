import type { X509Certificate } from 'node:crypto'
import { OverlayError } from '../errors.ts'
import { isNodeId, isReservedId, isSameId, type NodeId } from '../primitives/ids.ts'
import { sha256 } from '../security/jwk.ts'
import {
  certificatesIn,
  keyOfCertificate,
  type NamedRoot,
  verifyChain,
} from '../security/keys/certificate-chain.ts'
import { type KeyRecord, keyRecordPayload, readKeyRecord } from '../security/keys/key-record.ts'
import { namesOf } from '../transport/certificates.ts'
import type { Fail } from './config.ts'
import { textHere } from './config-files.ts'

/** An authority, as the file has it. */
export interface RawRoot {
  readonly name: string
  readonly file: string
}

/** A certificate of somebody's message key, as the file has it. */
export interface RawCertificate {
  readonly file: string
  readonly owner?: string
  readonly organisation?: string
  readonly roles?: readonly string[]
  readonly alg?: 'RS256' | 'RS384'
}

interface Reading {
  readonly base: string
  readonly fail: Fail
}

type FailHere = (problem: string) => never

/**
 * Key records of certificates that an authority of `security.roots` stands behind: they count while
 * each certificate of their chain does.
 */
export function readCertificates(
  { roots = [], certificates = [] }: { readonly roots?: readonly RawRoot[]; readonly certificates?: readonly RawCertificate[] }, // biome-ignore format: one line
  { base, fail }: Reading,
): readonly KeyRecord[] {
  const named = roots.map(({ name, file }, i): NamedRoot => {
    const failHere: FailHere = (problem) => fail(['security', 'roots', `${i}`], `(${file}) ${problem}`) // biome-ignore format: one line
    const [certificate, second] = read(file, base, failHere)
    if (second) failHere('holds several certificates; give each root a file and a name of its own')
    if (!certificate.ca) failHere('is no certificate of an authority')
    if (roots.findIndex((one) => one.name === name) !== i) failHere(`has the name ${name}, which another root has`) // biome-ignore format: one line
    return { name, certificate }
  })
  return certificates.map((raw, i) => {
    const failHere: FailHere = (problem) => fail(['security', 'certificates', `${i}`], `(${raw.file}) ${problem}`) // biome-ignore format: one line
    return recordOf(raw, read(raw.file, base, failHere), named, failHere)
  })
}

function recordOf(
  { owner: given, organisation, roles = [], alg }: RawCertificate,
  [leaf, ...others]: readonly [X509Certificate, ...X509Certificate[]],
  roots: readonly NamedRoot[],
  failHere: FailHere,
): KeyRecord {
  const chain = verifyChain(leaf, others, roots)
  if (typeof chain === 'string') return failHere(chain)
  const { nodeIds, hasNodeUri } = namesOf(leaf)
  const owner = given ?? (nodeIds.length === 1 ? nodeIds[0] : undefined)
  if (owner === undefined)
    return failHere('does not say whose it is; give `owner`, the id of a node')
  if (!isNodeId(owner) || isReservedId(owner)) return failHere(`is of "${owner}", which is not the id of a node`) // biome-ignore format: one line
  if (hasNodeUri && !nodeIds.some((id) => isSameId(id, owner as NodeId))) return failHere(`is of ${nodeIds.join(', ') || 'nobody'} and not of ${owner}`) // biome-ignore format: one line
  const { root, notBefore, notAfter } = chain
  if (notBefore > notAfter) return failHere('never counts: the times of its chain do not meet')
  const { key, isRsa } = keyIn(leaf, alg, failHere)
  if (alg !== undefined && !isRsa)
    return failHere('is of no key of RSA, and `alg` is for these only')
  const record: KeyRecord = { key, owner: owner as NodeId, usages: ['sign-message'], roles, notBefore, notAfter, 'x5t#S256': sha256(leaf.raw), ...(organisation !== undefined && { organisation }) } // biome-ignore format: one line
  const known = readKeyRecord(keyRecordPayload(record))
  return typeof known === 'string' ? failHere(`makes no key record: ${known}`) : { ...known, chain: root } // biome-ignore format: one line
}

function keyIn(leaf: X509Certificate, alg: string | undefined, failHere: FailHere) {
  try {
    return keyOfCertificate(leaf, alg)
  } catch (error) {
    if (!(error instanceof OverlayError)) throw error
    return failHere(`is of a key that cannot be used: ${error.details.problem}`)
  }
}

function read(
  name: string,
  base: string,
  failHere: FailHere,
): readonly [X509Certificate, ...X509Certificate[]] {
  const text = textHere(name, base, failHere)
  try {
    const [first, ...others] = certificatesIn(text)
    if (first) return [first, ...others]
  } catch {
    // told below: what the library says of a broken certificate helps nobody
  }
  return failHere('holds no certificate in PEM')
}
