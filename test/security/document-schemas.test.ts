import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { Ajv } from 'ajv'
import { OverlayError } from '../../src/errors.ts'
import { DEFAULT_POLICY, INSECURE_POLICY } from '../../src/security/policies/default-policy.ts'
import type { SignaturePolicyDocument } from '../../src/security/policies/policy-document.ts'
import { compileSignaturePolicy } from '../../src/security/policies/signature-policy.ts'
import { PRESET_ROLES } from '../../src/security/roles/presets.ts'
import { compileUserRole, type UserRoleDocument } from '../../src/security/roles/user-role.ts'

/** The JSON schemas of policies and user roles, for editors and for others: they say what the reader says. */

const require = createRequire(import.meta.url)
const ajv = new Ajv({ validateFormats: false, strictRequired: false })
const schemaOf = (name: string) => ajv.compile(require(`../../schemas/documents/${name}.json`))
const [isPolicy, isRole] = ['SignaturePolicy', 'UserRole'].map(schemaOf) as [ReturnType<typeof schemaOf>, ReturnType<typeof schemaOf>] // biome-ignore format: one line

// biome-ignore format: a document
const POLICY: SignaturePolicyDocument = {
  name: 'whole', version: 3, description: 'all there is',
  out: [
    { name: 'o', match: { kinds: ['CALL'], actions: 'Reset', to: 'CS*', toGroup: false, link: { kinds: 'node', ids: ['NN*'] } }, carrier: 'signed', sign: { key: { usage: 'sign-message', role: 'operations' }, representation: 'json', lifetimeS: 60, claim: 'operations' } },
    { match: {}, refuse: true },
  ],
  in: [
    {
      name: 'i', onFailure: 'allow-and-alert', until: '2026-12-31T00:00:00Z',
      match: { kinds: 'CALL', actions: ['Set*'], to: 'CS01', from: 'CSMS*', origin: 'node', neighbour: { kinds: ['node'], ids: 'NN01' }, payload: [{ pointer: '/a/*/b', equals: 1, in: [1], greaterThan: 0, lessThan: 2 }, { pointer: '/c', matches: 'x*' }] },
      require: {
        assurance: 'e2e', distinct: 'owners', algorithms: ['ES256'], maxAgeS: 60, replay: 'live', replyBinding: true, permitted: true, primaryUpstream: true,
        signers: [{ roles: 'owner', kids: 'k', owners: 'CSMS*', organisations: 'acme', chains: ['acme-root'], atLeast: 2 }],
        path: { only: 'NN*', through: 'NN01', not: 'NN66' },
        data: [{ pointer: '/tariff', ctx: 'urn:example:tariff:1', roles: ['mobility-provider'] }],
        context: { not: '*', maxPowerW: 22_000, rate: { atMost: 3, perS: 60 }, limit: { leastW: 1_000, step: { atMostW: 5_000, perS: 60 } }, maxClockOffS: 5 },
      },
    },
    { match: {}, refuse: true },
  ],
  forward: [{ match: { link: { ids: 'NN01' }, neighbour: { kinds: 'station' } }, treat: 'attest', context: { not: '*' } }, { match: {}, treat: 'pass' }],
}
// biome-ignore format: a document
const ROLE: UserRoleDocument = {
  name: 'whole', version: 1, description: 'all there is',
  allow: [
    { actions: ['Set*'], to: 'CS*', parameters: [{ pointer: '/a/*', optional: true, equals: 1, in: [1, 'x', null, true], greaterThan: 0, lessThan: 9 }, { pointer: '/b', matches: 'x*' }, { pointer: '/c', own: 'organisation' }] },
    { actions: 'GetVariables', variables: [{ component: 'C', variable: '*', evse: [1, 2], instance: 'a', variableInstance: ['b'], attribute: 'Actual', access: ['read', 'write', 'monitor'] }], rate: { atMost: 3, perS: 60 } },
  ],
  deny: [{ actions: 'Reset' }],
}

const KINDS = [
  ['policy', isPolicy, compileSignaturePolicy, [POLICY, DEFAULT_POLICY, INSECURE_POLICY]],
  ['user role', isRole, compileUserRole, [ROLE, ...PRESET_ROLES]],
] as const

function isRead(read: (document: unknown) => unknown, document: unknown): boolean {
  try {
    read(document)
    return true
  } catch (error) {
    if (error instanceof OverlayError) return false
    throw error
  }
}

/** The same with one thing changed, at each place in turn. */
function* changed(value: unknown, change: (value: unknown) => unknown[]): Generator<unknown> {
  yield* change(value)
  if (typeof value !== 'object' || value === null) return
  for (const [name, member] of Object.entries(value))
    for (const other of changed(member, change)) {
      yield Array.isArray(value) ? value.with(Number(name), other) : { ...value, [name]: other }
    }
}

for (const [what, isValid, read, documents] of KINDS) {
  test(`a ${what} that the reader takes is one by its schema`, () => {
    for (const document of documents) {
      assert.ok(isRead(read, document))
      assert.ok(isValid(document), JSON.stringify(isValid.errors))
    }
  })

  test(`a ${what} with a member that nobody knows is none, wherever it stands`, () => {
    const withMore = (value: unknown) => (typeof value === 'object' && value !== null && !Array.isArray(value) ? [{ ...value, unknown: 1 }] : []) // biome-ignore format: one line
    let count = 0
    for (const document of changed(documents[0], withMore)) {
      count++
      assert.deepEqual([isRead(read, document), isValid(document)], [false, false], JSON.stringify(document)) // biome-ignore format: one line
    }
    assert.ok(count >= 8, `${count}`)
  })

  test(`whatever else is wrong in a ${what}, the schema refuses nothing that the reader takes`, () => {
    const others = (value: unknown) => [undefined, null, 0, 1.5, -1, '', 'x', true, [], {}].filter((one) => one !== value) // biome-ignore format: one line
    let refused = 0
    for (const broken of changed(documents[0], others)) {
      // As it comes over the wire: what is undefined is not there.
      const document = broken === undefined ? null : JSON.parse(JSON.stringify(broken))
      if (!isRead(read, document)) refused++
      else assert.ok(isValid(document), `${JSON.stringify(document)}: ${JSON.stringify(isValid.errors)}`) // biome-ignore format: one line
    }
    assert.ok(refused > 100)
  })
}
