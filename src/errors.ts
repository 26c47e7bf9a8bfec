/**
 * Every failure this package reports on purpose, with the text a person reads and the kind of
 * CALLERROR a peer gets.
 *
 * @module
 */

/** What a peer is told; `messages/rpc-codes.ts` spells it for each OCPP version. */
export type RpcKind =
  | 'framework'
  | 'message-type'
  | 'format'
  | 'property'
  | 'occurrence'
  | 'type'
  | 'not-implemented'
  | 'not-supported'
  | 'internal'
  | 'protocol'
  | 'security'
  | 'generic'
  | 'network'
  | 'timeout'
  | 'congested'
  | 'filtered'

interface ErrorRow {
  readonly rpc: RpcKind | undefined
  readonly text: string
}

// biome-ignore format: a table
const ERRORS = {
  ERR_WIRE_JSON:            { rpc: 'framework', text: 'not one JSON array: {problem} at byte {at}' },
  ERR_WIRE_MESSAGE_TYPE:    { rpc: 'message-type', text: 'unknown message type {type}' },
  ERR_WIRE_FIELD_COUNT:     { rpc: 'framework', text: 'a frame of type {type} cannot have {actual} fields' },
  ERR_WIRE_FIELD_TYPE:      { rpc: 'framework', text: 'field {field} is not {expected}' },
  ERR_WIRE_NODE_ID:         { rpc: 'framework', text: '{field} holds an id that is not legal' },
  ERR_WIRE_MESSAGE_ID:      { rpc: 'framework', text: 'the message id is not 1 to {limit} printable ASCII characters' },
  ERR_WIRE_PATH_EMPTY:      { rpc: 'framework', text: 'the network path is empty' },
  ERR_WIRE_PATH_LENGTH:     { rpc: 'framework', text: 'the network path has more than {limit} entries' },
  ERR_WIRE_FRAME_SIZE:      { rpc: 'framework', text: 'the frame has {actual} bytes, {limit} are allowed' },
  ERR_WIRE_NESTING:         { rpc: 'framework', text: 'nested deeper than {limit}' },
  ERR_WIRE_BINARY_LENGTH:   { rpc: 'framework', text: 'the lengths inside the binary frame do not add up to its {actual} bytes' },
  ERR_WIRE_BINARY_TEXT:     { rpc: 'framework', text: '{field} is not UTF-8' },
  ERR_WIRE_ENCODE:          { rpc: 'internal', text: 'this frame cannot be written: {problem}' },
  ERR_WIRE_FORM:            { rpc: 'protocol', text: 'a frame of {form} form does not belong on this link' },

  ERR_SCHEMA_JSON:          { rpc: 'format', text: 'the payload is not JSON that means one thing only: {problem}' },
  ERR_SCHEMA_UNKNOWN_ACTION:{ rpc: 'not-implemented', text: 'action {action} is not part of {protocol}' },
  ERR_SCHEMA_UNSUPPORTED:   { rpc: 'not-supported', text: 'action {action} is not supported here' },
  ERR_SCHEMA_FORMAT:        { rpc: 'format', text: 'the payload of {action} is not valid: {pointer} {problem}' },
  ERR_SCHEMA_TYPE:          { rpc: 'type', text: 'the payload of {action} is not valid: {pointer} {problem}' },
  ERR_SCHEMA_PROPERTY:      { rpc: 'property', text: 'the payload of {action} is not valid: {pointer} {problem}' },
  ERR_SCHEMA_OCCURRENCE:    { rpc: 'occurrence', text: 'the payload of {action} is not valid: {pointer} {problem}' },
  ERR_SCHEMA_MISSING:       { rpc: 'internal', text: 'no schema for {action} in {protocol}' },

  ERR_ROUTE_SOURCE:         { rpc: 'security', text: '{neighbour} may not speak for {source}' },
  ERR_ROUTE_NEIGHBOUR:      { rpc: 'security', text: 'the network path ends in {last}, but the neighbour is {neighbour}' },
  ERR_ROUTE_RESERVED_ID:    { rpc: 'security', text: 'the network path names {nodeId}, which is reserved' },
  ERR_ROUTE_LOOP:           { rpc: undefined, text: 'node {nodeId} is already on the network path' },
  ERR_ROUTE_HOP_LIMIT:      { rpc: 'network', text: 'the network path is full' },
  ERR_ROUTE_UNKNOWN:        { rpc: 'network', text: 'no route to {destination}' },
  ERR_ROUTE_SOURCE_ROUTE:   { rpc: 'network', text: 'the source route does not start here' },
  ERR_ROUTE_NO_REQUEST:     { rpc: undefined, text: 'an answer to no open request' },
  ERR_ROUTE_DUPLICATE:      { rpc: undefined, text: 'a request with this id is already open' },
  ERR_ROUTE_ANNOUNCEMENT:   { rpc: undefined, text: 'announcement refused: {problem}' },
  ERR_ROUTE_CANNOT_CARRY:   { rpc: 'not-supported', text: 'the link to {destination} cannot carry this frame: {problem}' },

  ERR_STATION_REJECTED:     { rpc: 'security', text: '{station} is not entered here and its boot is rejected; enter it, or set `unknownStations: accept-and-flag`' },
  ERR_ACCESS_DENIED:        { rpc: 'security', text: 'uplink {uplink} may not ask {station} for {action}' },
  ERR_ACCESS_UPLINK:       { rpc: 'security', text: 'no uplink is for {action} of {station}' },
  ERR_ACCESS_NETWORK:       { rpc: 'security', text: '{station} is connected through a node: {change} cannot be changed over this uplink' },

  ERR_FILTER_RULE:          { rpc: undefined, text: 'filter rule {rule}: {member} {problem}' },
  ERR_FILTERED:             { rpc: 'filtered', text: 'refused by a filter: {problem}' },
  ERR_FILTER_DROPPED:       { rpc: undefined, text: 'dropped by the filter rule {rule}' },

  ERR_LINK_REFUSED:         { rpc: undefined, text: 'the peer refused the connection: {problem}' },
  ERR_LINK_NOT_OVERLAY:     { rpc: undefined, text: 'the peer did not confirm overlay networking; set mode: per-station (for the stations behind this node), mode: standard (only this node itself connects), or dialect: reference if it is known to speak overlay' },
  ERR_LINK_IDENTITY:        { rpc: undefined, text: 'the peer says it is {actual}, expected {expected}' },
  ERR_LINK_CLOSED:          { rpc: 'network', text: 'the link was lost' },
  ERR_LINK_TIMEOUT:         { rpc: 'timeout', text: 'no answer before the deadline' },
  ERR_LINK_BUSY:            { rpc: 'congested', text: 'too many requests are waiting for this peer' },
  ERR_COPY_REFUSED:         { rpc: undefined, text: 'an upstream that gets copies answered one with an error' },
  ERR_ANSWER_FORGOTTEN:     { rpc: 'generic', text: 'the same was asked before, and its answer is not kept any more; ask for the state, or ask anew' },
  ERR_LINK_FRAME:           { rpc: undefined, text: 'broken WebSocket framing: {problem}' },

  ERR_CREDENTIAL_STORED:    { rpc: undefined, text: 'a stored password cannot be used: {problem}' },
  ERR_CREDENTIAL_TLS:       { rpc: undefined, text: 'this certificate or key cannot be used: {problem}' },

  ERR_ROLE_DOCUMENT:        { rpc: undefined, text: 'user role: {place} {problem}' },
  ERR_POLICY_REFUSED:      { rpc: 'security', text: 'not obeyed: {reason}' },
  ERR_POLICY_CHALLENGE:    { rpc: 'security', text: 'whether this is of now cannot be told: sign it again with the challenge' },
  ERR_POLICY_DOCUMENT:      { rpc: undefined, text: 'signature policy: {place} {problem}' },
  ERR_COMMISSIONING:        { rpc: 'security', text: 'not commissioned: {problem}' },
  ERR_SIGNATURE_KEY:        { rpc: undefined, text: 'this key cannot be used: {problem}' },
  ERR_SIGNATURE_FAILED:     { rpc: 'security', text: 'nothing could be signed with key {keyId}: {problem}' },

  ERR_STORE_DAMAGED:        { rpc: undefined, text: '{file} is damaged or no database ({problem}); put a backup in its place, or move it away to begin anew' },
  ERR_STORE_IN_USE:         { rpc: undefined, text: '{file} is in use by another process; stop that one, or give this one another data folder' },
  ERR_STORE_NEWER:          { rpc: undefined, text: '{file} was written by a newer version of wattweave ({unknown}); install that one' },

  ERR_HANDLER:              { rpc: 'internal', text: 'the handler of {action} failed' },
  ERR_STOPPED:              { rpc: undefined, text: 'the node was stopped' },

  ERR_CONFIG_FOLDER:        { rpc: undefined, text: 'data: {folder} cannot be written: {problem}; set another folder, or let this user write there' },
  ERR_CONFIG_FILE:          { rpc: undefined, text: '{file}: cannot be read: {problem}' },
  ERR_CONFIG_YAML:          { rpc: undefined, text: '{file}:{line}:{column}: {problem}' },
  ERR_CONFIG_VALUE:         { rpc: undefined, text: '{file}:{line}:{column}: {pointer} {problem}' },
} as const satisfies Record<string, ErrorRow>

/** The same for peers where the text has values inside: they are told no values in sentences. */
const TOLD: Partial<Record<keyof typeof ERRORS, string>> = {
  ERR_WIRE_MESSAGE_TYPE: 'unknown message type',
  ERR_WIRE_FIELD_COUNT: 'too many or too few fields for this message type',
  ERR_WIRE_FIELD_TYPE: 'a field is of the wrong type',
  ERR_WIRE_NODE_ID: 'an id of a node is not legal',
  ERR_WIRE_MESSAGE_ID: 'the message id is too long, empty or not printable ASCII',
  ERR_WIRE_PATH_LENGTH: 'the network path has too many entries',
  ERR_WIRE_FRAME_SIZE: 'the frame is too large',
  ERR_WIRE_NESTING: 'nested too deep',
  ERR_WIRE_BINARY_LENGTH: 'the lengths inside the binary frame do not add up to its own',
  ERR_WIRE_BINARY_TEXT: 'a text of the binary frame is not UTF-8',
  ERR_WIRE_FORM: 'a frame of this form does not belong on this link',
  ERR_SCHEMA_UNKNOWN_ACTION: 'this action is not part of the OCPP version',
  ERR_SCHEMA_UNSUPPORTED: 'this action is not supported here',
  ERR_SCHEMA_FORMAT: 'the payload is not valid',
  ERR_SCHEMA_TYPE: 'the payload is not valid',
  ERR_SCHEMA_PROPERTY: 'the payload is not valid',
  ERR_SCHEMA_OCCURRENCE: 'the payload is not valid',
  ERR_SCHEMA_MISSING: 'there is no schema for this action',
  ERR_ROUTE_SOURCE: 'its sender may not speak for its source',
  ERR_ROUTE_NEIGHBOUR: 'the network path does not end in the neighbour that sent it',
  ERR_ROUTE_RESERVED_ID: 'the network path names a reserved id',
  ERR_ROUTE_UNKNOWN: 'no route to the destination',
  ERR_ROUTE_CANNOT_CARRY: 'the link to the destination cannot carry this frame',
  ERR_STATION_REJECTED: 'the CSMS has not accepted this station',
  ERR_ACCESS_DENIED: 'this uplink may not ask the station for that',
  ERR_ACCESS_UPLINK: 'no uplink of this node is for that',
  ERR_ACCESS_NETWORK:
    'the station is connected through a node, which keeps its connection as it is',
  ERR_COMMISSIONING: 'not commissioned',
  ERR_SIGNATURE_FAILED: 'nothing could be signed',
  ERR_HANDLER: 'the handler of this action failed',
}

export type ErrorCode = keyof typeof ERRORS
export type ErrorDetails = Readonly<Record<string, unknown>>

export const ERROR_CODES = Object.keys(ERRORS) as readonly ErrorCode[]

/** Every failure this package reports on purpose. Branch on `code`, never on the message text. */
export class OverlayError extends Error {
  override readonly name = 'OverlayError'
  readonly code: ErrorCode
  readonly details: ErrorDetails

  constructor(code: ErrorCode, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(fill(ERRORS[code].text, details), options)
    this.code = code
    this.details = details
  }
}

/**
 * A message that is not obeyed. Where in the code it was refused says nothing, and finding that out
 * takes longer than all the rest of it: of those that flood a node each would cost that.
 */
export function refusalWithoutStack(code: ErrorCode, details: ErrorDetails): OverlayError {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    return new OverlayError(code, details)
  } finally {
    Error.stackTraceLimit = limit
  }
}

/** A peer answered with CALLERROR; `errorCode` is as it wrote it. */
export class RemoteError extends Error {
  override readonly name = 'RemoteError'
  readonly errorCode: string
  readonly errorDescription: string
  readonly errorDetails: unknown
  /** False: somebody on the way may have said it. Undefined where nothing is verified. */
  readonly isSigned: boolean | undefined

  constructor(
    errorCode: string,
    errorDescription: string,
    errorDetails: unknown,
    isSigned?: boolean,
  ) {
    super(errorDescription === '' ? errorCode : `${errorCode}: ${errorDescription}`)
    this.errorCode = errorCode
    this.errorDescription = errorDescription
    this.errorDetails = errorDetails
    this.isSigned = isSigned
  }
}

/** The kind of CALLERROR for a code; undefined when the peer must not be answered. */
export function rpcKindOf(code: ErrorCode): RpcKind | undefined {
  return ERRORS[code].rpc
}

/** The fixed text of a code, without the values of this one occurrence. */
export function textOf(code: ErrorCode): string {
  // What only values would explain goes as a whole.
  return TOLD[code] ?? ERRORS[code].text.replace(/: [^:]*\{.*$/, '')
}

function fill(text: string, details: ErrorDetails): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(details[name] ?? '?'))
}
