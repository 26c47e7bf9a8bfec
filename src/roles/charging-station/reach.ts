import { OverlayError, RemoteError, type RpcKind, rpcKindOf } from '../../errors.ts'
import { readRpcCode } from '../../messages/rpc-codes.ts'
import type { Node } from '../../node/node.ts'

/** Errors by which nobody answered: others come from the CSMS, or from who throttles on its behalf. */
const UNANSWERED: ReadonlySet<unknown> = new Set<RpcKind | 'link-lost'>([
  'network',
  'timeout',
  'link-lost',
])

/**
 * Whether the CSMS can be reached, as far as the station knows: a link may stay up while the nodes
 * behind it have lost theirs. It cannot from the first request that nobody answered until one is
 * answered, be it with an error, or until there is a new link, of which nothing bad is known yet.
 */
export class Reach {
  readonly #node: Node
  #isSilent = false
  /** Told of each answered request, and whether none was answered for some time before. */
  answered: (wasSilent: boolean) => void = () => {}

  constructor(node: Node) {
    this.#node = node
  }

  /** Whether there is a link at all. */
  get isLinked(): boolean {
    return this.#node.neighbours.size > 0
  }

  get isThere(): boolean {
    return this.isLinked && !this.#isSilent
  }

  /** A link came up. */
  linked(): void {
    this.#isSilent = false
  }

  /** As the node does; what becomes of the request is noted. */
  readonly call: Node['call'] = async (destination, protocol, action, request, options) => {
    try {
      const answer = await this.#node.call(destination, protocol, action, request, options)
      this.#heard(false)
      return answer
    } catch (error) {
      if (isUnanswered(error)) this.#isSilent = true
      else if (error instanceof RemoteError) this.#heard(true)
      throw error
    }
  }

  /** @param isError What cannot be processed now is not told again because of that. */
  #heard(isError: boolean): void {
    const wasSilent = this.#isSilent
    this.#isSilent = false
    if (wasSilent || !isError) this.answered(wasSilent)
  }
}

function isUnanswered(error: unknown): boolean {
  if (error instanceof OverlayError) return UNANSWERED.has(rpcKindOf(error.code))
  if (!(error instanceof RemoteError)) return false
  const { reason, retryAfterMs } = (error.errorDetails ?? {}) as Record<string, unknown>
  if (typeof retryAfterMs === 'number') return false
  return UNANSWERED.has(readRpcCode(error.errorCode)) || UNANSWERED.has(reason)
}
