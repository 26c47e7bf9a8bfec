import type { X509Certificate } from 'node:crypto'
import { isNodeId, isSameId, type NodeId } from '../primitives/ids.ts'

/** URI names that state a node id begin with this; the id follows, percent-encoded. */
export const NODE_URN = 'urn:wattweave:node:'

/** What a certificate says about its holder. */
export interface CertificateNames {
  /** Ids stated by URI names; when there is a URI name of ours, nothing else counts. */
  readonly nodeIds: readonly NodeId[]
  readonly hasNodeUri: boolean
  readonly dnsNames: readonly string[]
  /** Undefined also when there are several: which of them counts would be a guess. */
  readonly commonName: string | undefined
  readonly organization: string | undefined
}

/** One name of a subjectAltName text; values with special characters are quoted as JSON. */
const NAME = /(?:^|, )([A-Za-z0-9 ]+):("(?:[^"\\]|\\.)*"|[^,]*)/y

/** @param certificate One whose chain has been checked; nothing here checks it. */
export function namesOf(certificate: X509Certificate): CertificateNames {
  const nodeIds: NodeId[] = []
  const dnsNames: string[] = []
  let hasNodeUri = false
  for (const [kind, value] of alternativeNames(certificate.subjectAltName ?? '')) {
    if (kind === 'DNS') dnsNames.push(value)
    if (kind !== 'URI' || !value.startsWith(NODE_URN)) continue
    hasNodeUri = true
    const id = decodeUrn(value.slice(NODE_URN.length))
    if (id !== undefined) nodeIds.push(id)
  }
  const subject: Record<string, unknown> = { ...certificate.toLegacyObject().subject }
  const commonName = single(subject.CN)
  return { nodeIds, hasNodeUri, dnsNames, commonName, organization: single(subject.O) }
}

/** Names of a certificate for a person who reads a log; cut where there are very many. */
export function describeNames(names: CertificateNames): string {
  const { nodeIds, hasNodeUri, dnsNames, commonName, organization } = names
  const ids = hasNodeUri ? `the id ${nodeIds.join(', ') || '(none that is legal)'}` : ''
  const all = [
    ids,
    ...(hasNodeUri || dnsNames.length === 0 ? [] : [`DNS ${dnsNames.join(', ')}`]),
    ...(hasNodeUri || commonName === undefined ? [] : [`common name ${commonName}`]),
    ...(hasNodeUri || organization === undefined ? [] : [`organization ${organization}`]),
  ].filter(Boolean)
  const text = all.join('; ') || 'nothing that counts'
  return text.length > MAX_DESCRIPTION ? `${text.slice(0, MAX_DESCRIPTION)}…` : text
}

const MAX_DESCRIPTION = 200

/** How an OCPP station certificate stands for an id: operator and serial number. */
export interface StationName {
  /** Undefined: this id is not reached by a serial number. */
  readonly serialNumber: string | undefined
  readonly organization: string | undefined
}

/**
 * Whether the holder of a certificate may use an id: by a URI name of ours; without one by a DNS
 * name or the common name; or as an OCPP station certificate, whose organization is the operator
 * and whose common name is the station's serial number.
 *
 * @spec OCPP 2.0.1 Part 2 A00.FR.4xx (certificate properties); docs/overlay.md section 4.2
 */
export function isCertificateFor(
  names: CertificateNames,
  id: NodeId,
  station?: StationName,
): boolean {
  if (names.hasNodeUri) return names.nodeIds.some((name) => isSameId(name, id))
  if (names.dnsNames.some((name) => isSameText(name, id))) return true
  const { commonName, organization } = names
  if (commonName === undefined) return false
  if (isSameText(commonName, id)) return true
  return (
    station?.serialNumber !== undefined &&
    station.organization !== undefined &&
    commonName === station.serialNumber &&
    organization === station.organization
  )
}

function* alternativeNames(text: string): Generator<[kind: string, value: string]> {
  NAME.lastIndex = 0
  for (let match = NAME.exec(text); match; match = NAME.exec(text)) {
    const [, kind = '', value = ''] = match
    yield [kind, value.startsWith('"') ? String(JSON.parse(value)) : value]
  }
}

function decodeUrn(text: string): NodeId | undefined {
  try {
    const id = decodeURIComponent(text)
    return isNodeId(id) ? id : undefined
  } catch {
    return undefined
  }
}

/** A name is compared as an id is; what could be no id matches none. */
function isSameText(name: string, id: NodeId): boolean {
  return isNodeId(name) && isSameId(name, id)
}

function single(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
