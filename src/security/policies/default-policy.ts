import { actionsOf } from '../../messages/actions.ts'
import { PROTOCOLS } from '../../messages/protocols.ts'
import type { SignaturePolicyDocument } from './policy-document.ts'

// biome-ignore format: a table
/** Whom this network obeys and what is laid through it; none of these is an action of OCPP. */
const MANAGEMENT = [
  '*KeyRecord*', '*Revocation*', '*Entitlement*', '*SignaturePolic*', '*UserRole*', '*Grid*',
  'SendFile', 'GetFile', 'DeleteFile', 'ListDirectory', 'StreamOpen', '*Tunnel*',
  'SetRoute', 'RemoveRoute', 'SetLinkState',
]

/** What OCPP lets a CSMS ask a station for, in any version. */
const COMMANDS = [
  ...new Set(
    PROTOCOLS.flatMap((protocol) =>
      [...actionsOf(protocol)].flatMap(([action, { from }]) => (from === 'csms' ? [action] : [])),
    ),
  ),
]

const REQUESTS = ['CALL', 'SEND'] as const
/** What stations address. To anybody else DataTransfer may be a command, whatever is in it. */
const SERVICES = ['CSMS', 'CentralSystem', '*/CSMS', '*/CentralSystem'] as const
/** How long what this node signs holds: as long as a live message may. */
const LIFETIME_S = 60

// biome-ignore format: a table
/**
 * What holds where nobody says anything else.
 *
 * @spec docs/security.md, "Signature policies"
 */
export const DEFAULT_POLICY: SignaturePolicyDocument = {
  name: 'default',
  version: 1,
  description: 'nodes sign end to end, edges vouch for standard peers, everything else is rejected',
  out: [
    { name: 'to a standard peer', match: { link: { kinds: ['station', 'csms'] } }, carrier: 'strip', sign: { key: { usage: 'sign-message' }, lifetimeS: LIFETIME_S } },
    { name: 'to a node', match: {}, carrier: 'members', sign: { key: { usage: 'sign-message' }, lifetimeS: LIFETIME_S } },
  ],
  in: [
    { name: '1 keys, policies, roles, grid, files, tunnels', match: { actions: MANAGEMENT }, require: { assurance: 'e2e', permitted: true, replay: 'live' } },
    { name: '2 what a standard CSMS asks for', match: { origin: 'csms', kinds: REQUESTS }, require: { assurance: 'attested', primaryUpstream: true } },
    { name: '2 a standard station commands nobody', match: { origin: 'station', kinds: REQUESTS, actions: COMMANDS }, refuse: true },
    // Or whoever vouches for stations could have others do what they call their own way, see 3.
    { name: '2 a standard station asks services only', match: { origin: 'station', kinds: REQUESTS, to: SERVICES }, require: { assurance: 'attested' } },
    { name: '2 a standard station asks nobody else', match: { origin: 'station', kinds: REQUESTS }, refuse: true },
    { name: '2 what a standard peer answers', match: { origin: ['station', 'csms'] }, require: { assurance: 'attested' } },
    { name: '3 commands from nodes', match: { origin: ['node', 'local'], kinds: REQUESTS, actions: COMMANDS }, require: { assurance: 'e2e', permitted: true, replay: 'live' } },
    { name: '3 DataTransfer to a service', match: { origin: ['node', 'local'], kinds: REQUESTS, actions: 'DataTransfer', to: SERVICES }, require: { assurance: 'e2e', replay: 'live' } },
    { name: '3 DataTransfer to anybody else', match: { origin: ['node', 'local'], kinds: REQUESTS, actions: 'DataTransfer' }, require: { assurance: 'e2e', permitted: true, replay: 'live' } },
    { name: '4 from a node', match: { origin: ['node', 'local'] }, require: { assurance: 'e2e', replay: 'queued' } },
    { name: '5 all else', match: {}, refuse: true },
  ],
  forward: [
    { name: 'from a standard peer', match: { neighbour: { kinds: ['station', 'csms'] } }, treat: 'attest' },
    // The end judges; a node in the middle need not know the keys of all others.
    { name: 'between nodes', match: {}, treat: 'pass' },
  ],
}

/**
 * The default policy of a node that lets in stations without a credential: it takes what these say as
 * it takes their connection. For whoever they are taken elsewhere, nothing is proved.
 */
export function withUnprovedPeers(policy: SignaturePolicyDocument): SignaturePolicyDocument {
  const rule = { name: '2 from a station that shows no credential', match: { origin: ['station'], neighbour: { kinds: ['station'] } }, require: { assurance: 'none' } } as const // biome-ignore format: one line
  const at =
    policy.in?.findIndex(({ name }) => name === '2 a standard station asks services only') ?? -1
  return { ...policy, in: policy.in?.toSpliced(at, 0, rule) ?? [] }
}

// biome-ignore format: a table
/** What `insecure` stands for: nothing is signed, everything is obeyed. `areInsecure` says so. */
export const INSECURE_POLICY: SignaturePolicyDocument = {
  name: 'insecure',
  version: 1,
  description: 'INSECURE: whatever comes is obeyed, whoever sent it, signed or not; for trials only',
  out: [{ name: 'unsigned', match: {}, carrier: 'strip' }],
  in: [{ name: 'everything', match: {}, require: { assurance: 'none', replyBinding: false } }],
  forward: [{ name: 'everything', match: {}, treat: 'pass' }],
}
