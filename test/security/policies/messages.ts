import type {
  ForwardFacts,
  OutFacts,
  PolicyFacts,
  SignerFacts,
} from '../../../src/security/policies/facts.ts'
import type {
  InRuleDocument,
  RequirementDocument,
  SignaturePolicyDocument,
} from '../../../src/security/policies/policy-document.ts'
import { compileSignaturePolicy } from '../../../src/security/policies/signature-policy.ts'

/** Messages as policies see them, each good by itself; tests take something away. */

export const NOW = 1_795_000_000

export const signer = (owner: string, more: Partial<SignerFacts> = {}): SignerFacts => ({
  kid: `kid-${owner}`,
  owner,
  roles: ['operations'],
  algorithm: 'ES256',
  isPermitted: true,
  ...more,
})

/** An edge that saw a message come from a standard peer. */
export const edge = (peer: string, more: Partial<SignerFacts> = {}, link = 'mtls'): SignerFacts =>
  signer('NN01', {
    roles: [],
    isPermitted: false,
    isEntitled: true,
    att: { by: 'NN01', prev: peer, link: link as 'mtls', verified: [] },
    ...more,
  })

/** A command of a CSMS that is a node, signed end to end. */
export const command = (more: Partial<PolicyFacts> = {}): PolicyFacts => ({
  kind: 'CALL',
  action: 'Reset',
  from: 'CSMS01',
  to: 'CS01',
  origin: 'node',
  neighbour: { id: 'NN01', kind: 'node', proof: 'mtls' },
  path: ['CSMS01', 'NN01'],
  payload: { type: 'Immediate' },
  form: 'statement',
  signers: [signer('CSMS01')],
  unknownKeys: 0,
  problem: undefined,
  replay: 'live',
  isReplyBound: false,
  isPrimaryUpstream: false,
  iat: NOW,
  nowS: NOW + 1,
  data: [],
  ...more,
})

/** The answer of a station that is a node. */
export const answer = (more: Partial<PolicyFacts> = {}): PolicyFacts =>
  command({
    kind: 'CALLRESULT',
    from: 'CS01',
    to: 'CSMS01',
    path: ['CS01', 'NN01'],
    payload: { status: 'Accepted' },
    signers: [signer('CS01', { roles: [], isPermitted: false })],
    replay: undefined,
    isReplyBound: true,
    ...more,
  })

/** A message of a standard station behind an edge. */
export const attested = (more: Partial<PolicyFacts> = {}): PolicyFacts =>
  command({
    action: 'StatusNotification',
    from: 'CS16',
    to: 'CSMS',
    origin: 'station',
    path: ['CS16', 'NN01'],
    payload: {},
    signers: [edge('CS16')],
    ...more,
  })

/** The same at the edge itself, where nothing is signed yet. */
export const direct = (more: Partial<PolicyFacts> = {}): PolicyFacts =>
  attested({
    neighbour: { id: 'CS16', kind: 'station', proof: 'basic' },
    path: ['CS16'],
    form: 'none',
    signers: [],
    replay: undefined,
    iat: undefined,
    ...more,
  })

export const passing = (more: Partial<ForwardFacts> = {}): ForwardFacts => ({
  ...command(),
  link: { id: 'CS01', kind: 'node', proof: 'mtls' },
  ...more,
})

export const leaving = (more: Partial<OutFacts> = {}): OutFacts => ({
  kind: 'CALL',
  action: 'Reset',
  to: 'CS01',
  link: { id: 'NN01', kind: 'node', proof: 'mtls' },
  ...more,
})

export const document = (more: Partial<SignaturePolicyDocument> = {}): SignaturePolicyDocument => ({
  name: 'p',
  version: 1,
  out: [],
  in: [],
  forward: [],
  ...more,
})

export const incoming = (...rules: InRuleDocument[]) =>
  compileSignaturePolicy(document({ in: rules }))

/** A policy with one rule for everything. */
export const requiring = (require: RequirementDocument) => incoming({ match: {}, require })
