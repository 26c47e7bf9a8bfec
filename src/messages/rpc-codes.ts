/**
 * How each kind of CALLERROR is spelled, per OCPP version and between overlay nodes.
 *
 * @spec docs/overlay.md section 5; OCPP 2.1 Part 4 section 4.3; OCPP-J 1.6
 *   section 4.2.3 and its errata 5.1 and 5.2, which keep the two misspelt words on purpose
 */
import type { RpcKind } from '../errors.ts'
import type { Protocol } from './protocols.ts'

/** Whether a link carries standard frames or overlay frames. */
export type LinkForm = 'standard' | 'overlay'

type RpcCodeRow = Readonly<Record<Protocol | 'overlay', string>>

// biome-ignore format: a table
/** The spelling of each kind. `overlay` is what nodes tell each other, whatever the version. */
export const RPC_CODES: Readonly<Record<RpcKind, RpcCodeRow>> = {
  'framework':       { 'ocpp1.6': 'GenericError',                 'ocpp2.0.1': 'RpcFrameworkError',             'ocpp2.1': 'RpcFrameworkError',             overlay: 'RpcFrameworkError' },
  'message-type':    { 'ocpp1.6': 'GenericError',                 'ocpp2.0.1': 'MessageTypeNotSupported',       'ocpp2.1': 'MessageTypeNotSupported',       overlay: 'MessageTypeNotSupported' },
  'format':          { 'ocpp1.6': 'FormationViolation',           'ocpp2.0.1': 'FormatViolation',               'ocpp2.1': 'FormatViolation',               overlay: 'FormatViolation' },
  'property':        { 'ocpp1.6': 'PropertyConstraintViolation',  'ocpp2.0.1': 'PropertyConstraintViolation',   'ocpp2.1': 'PropertyConstraintViolation',   overlay: 'PropertyConstraintViolation' },
  'occurrence':      { 'ocpp1.6': 'OccurenceConstraintViolation', 'ocpp2.0.1': 'OccurrenceConstraintViolation', 'ocpp2.1': 'OccurrenceConstraintViolation', overlay: 'OccurrenceConstraintViolation' },
  'type':            { 'ocpp1.6': 'TypeConstraintViolation',      'ocpp2.0.1': 'TypeConstraintViolation',       'ocpp2.1': 'TypeConstraintViolation',       overlay: 'TypeConstraintViolation' },
  'not-implemented': { 'ocpp1.6': 'NotImplemented',               'ocpp2.0.1': 'NotImplemented',                'ocpp2.1': 'NotImplemented',                overlay: 'NotImplemented' },
  'not-supported':   { 'ocpp1.6': 'NotSupported',                 'ocpp2.0.1': 'NotSupported',                  'ocpp2.1': 'NotSupported',                  overlay: 'NotSupported' },
  'internal':        { 'ocpp1.6': 'InternalError',                'ocpp2.0.1': 'InternalError',                 'ocpp2.1': 'InternalError',                 overlay: 'InternalError' },
  'protocol':        { 'ocpp1.6': 'ProtocolError',                'ocpp2.0.1': 'ProtocolError',                 'ocpp2.1': 'ProtocolError',                 overlay: 'ProtocolError' },
  'security':        { 'ocpp1.6': 'SecurityError',                'ocpp2.0.1': 'SecurityError',                 'ocpp2.1': 'SecurityError',                 overlay: 'SecurityError' },
  'generic':         { 'ocpp1.6': 'GenericError',                 'ocpp2.0.1': 'GenericError',                  'ocpp2.1': 'GenericError',                  overlay: 'GenericError' },
  'network':         { 'ocpp1.6': 'GenericError',                 'ocpp2.0.1': 'GenericError',                  'ocpp2.1': 'GenericError',                  overlay: 'NetworkError' },
  'timeout':         { 'ocpp1.6': 'GenericError',                 'ocpp2.0.1': 'GenericError',                  'ocpp2.1': 'GenericError',                  overlay: 'Timeout' },
  'congested':       { 'ocpp1.6': 'GenericError',                 'ocpp2.0.1': 'GenericError',                  'ocpp2.1': 'GenericError',                  overlay: 'Congested' },
  'filtered':        { 'ocpp1.6': 'SecurityError',                'ocpp2.0.1': 'SecurityError',                 'ocpp2.1': 'SecurityError',                 overlay: 'Filtered' },
}

const KINDS = new Map<string, RpcKind>()
for (const [kind, row] of Object.entries(RPC_CODES) as [RpcKind, RpcCodeRow][]) {
  // Of a word that several kinds share on standard links (GenericError, SecurityError) the
  // overlay column says whose own it is.
  KINDS.set(row.overlay, kind)
}
for (const [kind, row] of Object.entries(RPC_CODES) as [RpcKind, RpcCodeRow][]) {
  for (const code of Object.values(row)) if (!KINDS.has(code)) KINDS.set(code, kind)
}

/** The spelling of a kind on a link of this version and form. */
export function rpcCode(kind: RpcKind, protocol: Protocol, form: LinkForm): string {
  return RPC_CODES[kind][form === 'overlay' ? 'overlay' : protocol]
}

/**
 * The kind a peer's error code means, in any spelling of any version.
 *
 * @returns undefined when the code is not one of OCPP or ours.
 */
export function readRpcCode(code: string): RpcKind | undefined {
  return KINDS.get(code)
}

/**
 * An error code as the receiving link spells it. A vendor's own code is no legal `errorCode` in
 * OCPP and becomes GenericError on a standard link; between nodes it passes unchanged.
 */
export function translateRpcCode(code: string, protocol: Protocol, form: LinkForm): string {
  const kind = KINDS.get(code)
  if (kind !== undefined) return rpcCode(kind, protocol, form)
  return form === 'overlay' ? code : 'GenericError'
}

/** `details.reason` for the kinds whose spelling a standard link cannot show. */
export function reasonOf(
  kind: RpcKind,
): 'network' | 'congested' | 'timeout' | 'filtered' | undefined {
  switch (kind) {
    case 'network':
    case 'congested':
    case 'timeout':
    case 'filtered':
      return kind
    default:
      return undefined
  }
}
