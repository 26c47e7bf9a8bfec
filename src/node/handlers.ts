import type { Messages as Messages16 } from '../messages/ocpp1.6.ts'
import type { Messages as Messages201 } from '../messages/ocpp2.0.1.ts'
import type { Messages as Messages21 } from '../messages/ocpp2.1.ts'
import { PROTOCOLS, type Protocol } from '../messages/protocols.ts'
import type { NodeId } from '../primitives/ids.ts'
import type { SeenMessage } from '../security/freshness/seen-messages.ts'
import type { ManagementMessages, RecordMessages, VetoMessages } from './management-messages.ts'

/** What a handler knows besides the request. */
export interface Context {
  /** Who asked: the first node on the path. */
  readonly source: NodeId
  readonly networkPath: readonly NodeId[]
  /** The version whose schemas the request was checked against. */
  readonly protocol: Protocol
  readonly action: string
  readonly messageId: string
  /** The request exactly as its sender wrote it. */
  readonly payloadBytes: Uint8Array
  /** Milliseconds since 1970. */
  readonly receivedAt: number
  /** Of a signed request that may be stored on its way: to be kept with what follows from it. */
  readonly seen?: SeenMessage | undefined
}

type Ours = ManagementMessages & RecordMessages & VetoMessages

/** The messages of each version, by action, and those of ours that stand beside each. */
export interface MessagesOf {
  'ocpp1.6': Messages16 & Ours
  'ocpp2.0.1': Messages201 & Ours
  'ocpp2.1': Messages21 & Ours
}

type RequestOf<T> = T extends { request: infer R } ? R : never
type ResponseOf<T> = T extends { response: infer R } ? R : never

/** The request and response of an action in a version. */
export type ActionRequest<P extends Protocol, A extends keyof MessagesOf[P]> = RequestOf<
  MessagesOf[P][A]
>
export type ActionResponse<P extends Protocol, A extends keyof MessagesOf[P]> = ResponseOf<
  MessagesOf[P][A]
>

/** Handlers of one version: each returns the response and does nothing else to answer. */
export type Handlers<P extends Protocol> = {
  readonly [A in keyof MessagesOf[P]]?: (
    request: ActionRequest<P, A>,
    context: Context,
  ) => Promise<ActionResponse<P, A>> | ActionResponse<P, A>
}

export type HandlersByProtocol = { readonly [P in Protocol]?: Handlers<P> }

/** A handler whose types were checked where it was written. */
export type AnyHandler = (request: unknown, context: Context) => unknown

/** Handles a binary CALL or SEND; what it returns is the body of the binary result. */
export type BinaryHandler = (body: Uint8Array, context: Context) => Promise<Uint8Array> | Uint8Array

/**
 * Handlers by version and action, safe to look up with a peer's string.
 *
 * @param ours What every version has in addition; it counts before what a role brings.
 */
export function tableOf(
  handlers: HandlersByProtocol,
  ours: ReadonlyMap<string, AnyHandler> = new Map(),
): Map<string, Map<string, AnyHandler>> {
  return new Map(
    PROTOCOLS.map((protocol) => [
      protocol,
      new Map([...(Object.entries(handlers[protocol] ?? {}) as [string, AnyHandler][]), ...ours]),
    ]),
  )
}
