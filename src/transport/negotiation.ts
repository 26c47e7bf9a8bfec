import { PROTOCOLS, type Protocol } from '../messages/protocols.ts'
import { isNodeId, type NodeId } from '../primitives/ids.ts'

/**
 * What is said in HTTP headers when a link opens.
 *
 * @spec docs/overlay.md section 4
 */

/** The reference implementation's header; ours goes along with it. */
export const MODE_HEADER = 'X-OCPP-NetworkingMode'
export const MODE_OVERLAY = 'OverlayNetwork'
export const OVERLAY_HEADER = 'X-Wattweave'
export const OVERLAY_VERSION = 1

/** What this build does beyond the base protocol. */
export const CAPABILITIES = ['confirm', 'binary-send', 'binary-error', 'source-route'] as const

export interface OverlayOffer {
  readonly version: number
  readonly capabilities: ReadonlySet<string>
  /** The answering node's own id. */
  readonly id: NodeId | undefined
}

/** Formats an `X-Wattweave` value: `v=1; caps=confirm,binary-send; id=NN01`. */
export function formatOffer(id?: NodeId): string {
  const base = `v=${OVERLAY_VERSION}; caps=${CAPABILITIES.join(',')}`
  return id === undefined ? base : `${base}; id=${encodeURIComponent(id)}`
}

/** Parses an `X-Wattweave` value; undefined when it is absent, broken or of another version. */
export function parseOffer(value: string | undefined): OverlayOffer | undefined {
  if (value === undefined || value.length > 1024) return undefined
  const members = new Map(
    value.split(';').map((part) => {
      const [name = '', ...rest] = part.trim().split('=')
      return [name, rest.join('=')] as const
    }),
  )
  if (members.get('v') !== String(OVERLAY_VERSION)) return undefined
  const named = (members.get('caps') ?? '').split(',')
  const id = decodeId(members.get('id'))
  return {
    version: OVERLAY_VERSION,
    capabilities: new Set(CAPABILITIES.filter((capability) => named.includes(capability))),
    id,
  }
}

/** The last segment of a URL path as an id; undefined when it is none. */
export function idOfPath(path: string): NodeId | undefined {
  const [plain = ''] = path.split('?')
  return decodeId(plain.slice(plain.lastIndexOf('/') + 1))
}

function decodeId(text: string | undefined): NodeId | undefined {
  if (text === undefined) return undefined
  try {
    const id = decodeURIComponent(text)
    return isNodeId(id) ? id : undefined
  } catch {
    return undefined
  }
}

/** The first of the client's subprotocols that is enabled here: the client's order wins. */
export function chooseProtocol(
  offered: Iterable<string>,
  enabled: readonly Protocol[],
): Protocol | undefined {
  for (const name of offered) {
    const known = PROTOCOLS.find((protocol) => protocol === name)
    if (known && enabled.includes(known)) return known
  }
  return undefined
}
