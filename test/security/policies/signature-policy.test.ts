import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { OverlayError } from '../../../src/errors.ts'
import { DEFAULT_POLICY, INSECURE_POLICY } from '../../../src/security/policies/default-policy.ts'
import type { SignaturePolicyDocument } from '../../../src/security/policies/policy-document.ts'
import { compileSignaturePolicy } from '../../../src/security/policies/signature-policy.ts'
import { PROPERTY } from '../../seed.ts'
import { document } from './messages.ts'

/** What counts as a policy, and what is refused whole. */

function refusalOf(value: unknown): string {
  try {
    compileSignaturePolicy(value)
  } catch (error) {
    assert.ok(error instanceof OverlayError, String(error))
    assert.equal(error.code, 'ERR_POLICY_DOCUMENT')
    return error.message
  }
  return 'it was read'
}

// biome-ignore format: a document
/** Every member that there is. */
const WHOLE: SignaturePolicyDocument = {
  name: 'whole', version: 3, description: 'all there is',
  out: [
    { name: 'o', match: { kinds: ['CALL'], actions: 'Reset', to: 'CS*', toGroup: false, link: { kinds: 'node', ids: ['NN*'] } }, carrier: 'signed', sign: { key: { usage: 'sign-message', role: 'operations' }, representation: 'opaque', lifetimeS: 60, claim: 'operations' } },
    { match: {}, refuse: true },
  ],
  in: [
    {
      name: 'i', onFailure: 'allow-and-alert', until: '2026-12-31T00:00:00Z',
      match: { kinds: 'CALL', actions: ['Set*'], to: 'CS01', toGroup: false, from: 'CSMS*', origin: 'node', neighbour: { kinds: ['node'], ids: 'NN01' }, payload: [{ pointer: '/a/*/b', equals: 1, in: [1], greaterThan: 0, lessThan: 2 }, { pointer: '/c', matches: 'x*' }] },
      require: {
        assurance: 'e2e', distinct: 'owners', algorithms: ['ES256'], maxAgeS: 60, replay: 'live', replyBinding: true, permitted: true, primaryUpstream: true,
        signers: [{ roles: 'owner', kids: 'k', owners: 'CSMS*', organisations: 'acme', atLeast: 2 }],
        path: { only: 'NN*', through: 'NN01', not: 'NN66' },
        data: [{ pointer: '/tariff', ctx: 'urn:x', roles: 'mobility-provider' }],
      },
    },
    { match: {}, refuse: true, onFailure: 'drop' },
  ],
  forward: [{ name: 'f', match: { from: '*', link: { kinds: 'station' }, neighbour: { ids: 'NN*' } }, treat: 'block-unsigned', onFailure: 'allow-and-alert', until: '2026-12-31T00:00:00+01:00' }],
}

test('what is shipped, and a policy with every member there is, can be read', () => {
  for (const one of [WHOLE, DEFAULT_POLICY, INSECURE_POLICY, document()]) {
    assert.equal(refusalOf(one), 'it was read', one.name)
    assert.equal(refusalOf(JSON.parse(JSON.stringify(one))), 'it was read', 'it is data')
  }
})

// biome-ignore format: tables
test('a policy that is not understood whole is refused with the pointer to the place', () => {
  const i = (rule: object) => ({ in: [{ match: {}, require: {}, ...rule }] })
  const m = (match: unknown) => ({ in: [{ match, require: {} }] })
  const r = (require: unknown) => ({ in: [{ match: {}, require }] })
  const s = (group: unknown) => r({ signers: [group] })
  const o = (rule: object) => ({ out: [{ match: {}, carrier: 'members', sign: { key: { usage: 'sign-message' }, lifetimeS: 60 }, ...rule }] })
  const g = (sign: object) => o({ sign: { key: { usage: 'sign-message' }, lifetimeS: 60, ...sign } })
  const f = (rule: object) => ({ forward: [{ match: {}, treat: 'verify', ...rule }] })
  const cases: [object, RegExp][] = [
    [{ name: '' }, /^signature policy: \/name must be/],
    [{ name: 'x'.repeat(51) }, /: \/name must be/],
    [{ version: 0 }, /: \/version must be/],
    [{ version: 1.5 }, /: \/version must be/],
    [{ version: '1' }, /: \/version must be/],
    [{ description: 1 }, /: \/description must be/],
    [{ in: undefined }, /: \/in must be a list/],
    [{ out: {} }, /: \/out must be a list/],
    [{ forward: Array(2_001).fill({}) }, /: \/forward must be a list of at most 2000/],
    [{ deny: [] }, /: \/deny is not known here/],
    [{ in: [null] }, /: \/in\/0 must be an object/],
    [i({ match: undefined }), /: \/in\/0\/match must be an object/],
    [i({ name: 7 }), /: \/in\/0\/name must be a text/],
    [i({ 'a/b~': 1 }), /: \/in\/0\/a~1b~0 is not known/],
    [i({ require: undefined }), /: \/in\/0 needs one of require and refuse/],
    [i({ refuse: true }), /: \/in\/0 needs one of/],
    [i({ require: undefined, refuse: false }), /: \/in\/0\/refuse must be true/],
    [i({ onFailure: 'allow' }), /: \/in\/0\/onFailure must be one of/],
    [i({ onFailure: 'accept' }), /: \/in\/0\/onFailure must be one of/],
    [i({ onFailure: 'allow-and-alert' }), /: \/in\/0\/until must be the date/],
    [i({ onFailure: 'allow-and-alert', until: 1_795_000_000 }), /: \/in\/0\/until must be the date/],
    [i({ onFailure: 'allow-and-alert', until: '2026-12-31' }), /: \/in\/0\/until must be the date/],
    [i({ onFailure: 'allow-and-alert', until: '2026-02-30T00:00:00Z' }), /: \/in\/0\/until must be the date/],
    [i({ until: '2026-12-31T00:00:00Z' }), /: \/in\/0\/until is the end of allow-and-alert only/],
    [m({ kinds: 'call' }), /: \/in\/0\/match\/kinds must be of CALL/],
    [m({ kinds: [] }), /: \/in\/0\/match\/kinds must be of/],
    [m({ actions: [] }), /: \/in\/0\/match\/actions must be a text/],
    [m({ actions: Array(257).fill('A') }), /: \/in\/0\/match\/actions has more than 256 names/],
    [m({ actions: [''] }), /: \/in\/0\/match\/actions must be a text/],
    [m({ from: 'a\u202eb' }), /: \/in\/0\/match\/from names an id that nobody can have/],
    [m({ to: 7 }), /: \/in\/0\/match\/to must be a text/],
    [m({ toGroup: 'yes' }), /: \/in\/0\/match\/toGroup must be true or false/],
    [m({ origin: 'peer' }), /: \/in\/0\/match\/origin must be of node/],
    [m({ neighbour: {} }), /: \/in\/0\/match\/neighbour says nothing/],
    [m({ neighbour: { proof: 'mtls' } }), /: \/in\/0\/match\/neighbour\/proof is not known/],
    [m({ neighbour: { kinds: 'peer' } }), /: \/in\/0\/match\/neighbour\/kinds must be of/],
    [m({ link: { ids: 'NN01' } }), /: \/in\/0\/match\/link is not known here/],
    [m({ path: { through: 'NN01' } }), /: \/in\/0\/match\/path is not known here/],
    [m({ payload: [] }), /: \/in\/0\/match\/payload must be a list/],
    [m({ payload: { pointer: '/a', equals: 1 } }), /: \/in\/0\/match\/payload must be a list/],
    [m({ payload: [{ pointer: '/a' }] }), /: \/in\/0\/match\/payload\/0 compares with nothing/],
    [m({ payload: [{ pointer: 'a', equals: 1 }] }), /: \/in\/0\/match\/payload\/0\/pointer must begin with/],
    [m({ payload: [{ pointer: '/a', lessThan: '5' }] }), /: \/in\/0\/match\/payload\/0\/lessThan must be a number/],
    [m({ payload: [{ pointer: '/a', equals: 1, optional: true }] }), /: \/in\/0\/match\/payload\/0\/optional is not known/],
    [r(true), /: \/in\/0\/require must be an object/],
    [r({ sealed: true }), /: \/in\/0\/require\/sealed is not known/],
    [r({ assurance: 'high' }), /: \/in\/0\/require\/assurance must be one of/],
    [r({ distinct: 'people' }), /: \/in\/0\/require\/distinct must be owners or keys/],
    [r({ algorithms: 'HS256' }), /: \/in\/0\/require\/algorithms must be of ES256/],
    [r({ algorithms: [] }), /: \/in\/0\/require\/algorithms must be of/],
    [r({ maxAgeS: 0 }), /: \/in\/0\/require\/maxAgeS must be a whole number/],
    [r({ maxAgeS: 60.5 }), /: \/in\/0\/require\/maxAgeS must be a whole number/],
    [r({ replay: 'sequenced' }), /: \/in\/0\/require\/replay must be live or queued/],
    [r({ replyBinding: 'yes' }), /: \/in\/0\/require\/replyBinding must be/],
    [r({ permitted: false }), /: \/in\/0\/require\/permitted must be true; left out/],
    [r({ primaryUpstream: 1 }), /: \/in\/0\/require\/primaryUpstream must be true/],
    [r({ signers: [] }), /: \/in\/0\/require\/signers must be a list; left out/],
    [r({ signers: { roles: 'owner' } }), /: \/in\/0\/require\/signers must be a list/],
    [s({}), /: \/in\/0\/require\/signers\/0 names nobody/],
    [s({ atLeast: 2 }), /: \/in\/0\/require\/signers\/0 names nobody/],
    [s({ roles: 'owner', atLeast: 0 }), /: \/in\/0\/require\/signers\/0\/atLeast must be 1 to 8/],
    [s({ roles: 'owner', atLeast: 9 }), /: \/in\/0\/require\/signers\/0\/atLeast must be 1 to 8/],
    [s({ roles: [] }), /: \/in\/0\/require\/signers\/0\/roles must be a text/],
    [s({ owners: ' ' }), /: \/in\/0\/require\/signers\/0\/owners names an id/],
    [s({ kids: [7] }), /: \/in\/0\/require\/signers\/0\/kids must be a text/],
    [s({ chain: 'root' }), /: \/in\/0\/require\/signers\/0\/chain is not known/],
    [r({ path: {} }), /: \/in\/0\/require\/path says nothing/],
    [r({ path: { only: [] } }), /: \/in\/0\/require\/path\/only must be a text/],
    [r({ path: { longerThan: 3 } }), /: \/in\/0\/require\/path\/longerThan is not known/],
    [r({ data: [{ pointer: '/a/*', ctx: 'c' }] }), /: \/in\/0\/require\/data\/0\/pointer must lead to one place/],
    [r({ data: [{ pointer: '', ctx: 'c' }] }), /: \/in\/0\/require\/data\/0\/pointer names the whole/],
    [r({ data: [{ pointer: '/a' }] }), /: \/in\/0\/require\/data\/0\/ctx must be/],
    [o({ seal: 'recipient' }), /: \/out\/0\/seal is not built: nothing can be encrypted yet/],
    [o({ carrier: undefined }), /: \/out\/0\/carrier must be one of/],
    [o({ carrier: 'jws' }), /: \/out\/0\/carrier must be one of members, signed, strip, wwcp/],
    [o({ sign: undefined }), /: \/out\/0 carries signatures, so it needs sign/],
    [o({ refuse: true }), /: \/out\/0 refuses, so it needs neither/],
    [o({ match: { from: 'CS01' } }), /: \/out\/0\/match\/from is not known here/],
    [o({ match: { payload: [] } }), /: \/out\/0\/match\/payload is not known here/],
    [o({ onFailure: 'drop' }), /: \/out\/0\/onFailure is not known/],
    [g({ key: undefined }), /: \/out\/0\/sign\/key must be an object/],
    [g({ key: { usage: 'encrypt' } }), /: \/out\/0\/sign\/key\/usage must be one of/],
    [g({ key: { usage: 'sign-message', role: '' } }), /: \/out\/0\/sign\/key\/role must be/],
    [g({ key: { usage: 'sign-message', kid: 'k' } }), /: \/out\/0\/sign\/key\/kid is not known/],
    [g({ claim: 7 }), /: \/out\/0\/sign\/claim must be/],
    [g({ lifetimeS: undefined }), /: \/out\/0\/sign\/lifetimeS must be a whole number/],
    [g({ lifetimeS: 604_801 }), /: \/out\/0\/sign\/lifetimeS must be a whole number/],
    [g({ representation: 'xml' }), /: \/out\/0\/sign\/representation must be one of/],
    [g({ representation: 'binary' }), /: \/out\/0\/carrier must be signed: binary has no members/],
    [f({ treat: undefined }), /: \/forward\/0\/treat must be one of/],
    [f({ treat: 'replace' }), /: \/forward\/0\/treat must be one of/],
    [f({ treat: 'quarantine', onFailure: 'allow-and-alert', until: '2026-12-31T00:00:00Z' }), /: \/forward\/0\/onFailure has no meaning/],
    [f({ treat: 'pass', onFailure: 'drop' }), /: \/forward\/0\/onFailure has no meaning/],
    [f({ onFailure: 'allow-and-alert' }), /: \/forward\/0\/until must be/],
    [f({ require: {} }), /: \/forward\/0\/require is not known/],
  ]
  for (const [change, problem] of cases) {
    assert.match(refusalOf({ ...document(), ...change }), problem, JSON.stringify(change))
  }
  for (const no of [undefined, null, 7, 'default', []]) assert.match(refusalOf(no), /the policy must be an object/)
})

/** Paths to all objects inside a document, the document itself among them. */
function objectsIn(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return []
  const inside = Object.entries(value).flatMap(([name, one]) => objectsIn(one, [...path, name]))
  return Array.isArray(value) ? inside : [path, ...inside]
}

test('an unknown member at any depth refuses the whole policy and is named', () => {
  const places = objectsIn(WHOLE)
  assert.ok(places.length > 20)
  const name = fc.stringMatching(/^[a-z]{1,8}X$/)
  const property = fc.property(fc.constantFrom(...places), name, fc.jsonValue(), (path, member, value) => {
    const changed = structuredClone(WHOLE) as unknown as Record<string, unknown>
    const holder = path.reduce((at, one) => at[one] as Record<string, unknown>, changed)
    holder[member] = value
    const pointer = [...path, member].map((one) => `/${one}`).join('')
    assert.match(refusalOf(changed), new RegExp(`: ${pointer} is not known here`))
  }) // biome-ignore format: the head is one line
  fc.assert(property, { ...PROPERTY, numRuns: PROPERTY.numRuns * 3 })
})

test('whatever is given in place of any value, the policy is read or refused, and nothing else happens', () => {
  const places = objectsIn(WHOLE).filter((path) => path.length > 0)
  const property = fc.property(fc.constantFrom(...places), fc.jsonValue(), (path, value) => {
    const changed = structuredClone(WHOLE) as unknown as Record<string, unknown>
    const holder = path.slice(0, -1).reduce((at, one) => at[one] as Record<string, unknown>, changed)
    holder[path.at(-1) ?? ''] = value
    refusalOf(changed)
  }) // biome-ignore format: the head is one line
  fc.assert(property, { ...PROPERTY, numRuns: PROPERTY.numRuns * 3 })
})
