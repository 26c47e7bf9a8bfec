import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import type { HandlersByProtocol } from '../../src/node/handlers.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { systemRandomness } from '../../src/primitives/randomness.ts'
import { signData } from '../../src/security/data-statement.ts'
import { publicKeyOf } from '../../src/security/jwk.ts'
import { KeyDirectory } from '../../src/security/keys/key-directory.ts'
import type { KeyRecord } from '../../src/security/keys/key-record.ts'
import { DEFAULT_POLICY } from '../../src/security/policies/default-policy.ts'
import type {
  SignaturePolicyDocument,
  SignDocument,
} from '../../src/security/policies/policy-document.ts'
import { compileRuleBook } from '../../src/security/policies/rule-book.ts'
import { PRESET_ROLES } from '../../src/security/roles/presets.ts'
import { createMemorySigner } from '../../src/security/signer.ts'
import type { JsonObject } from '../../src/wire/payload.ts'
import { overlay } from '../support/memory-overlay.ts'
import { reasonsAt } from '../support/secured.ts'

/** Parts of policies that say which key signs, what it claims, and which data inside is signed. */

const TARIFF = 'urn:example:tariff:1'
const OWNERS = { CSMS01: ['operations', 'technician'], CS01: [], EMP01: ['mobility-provider'], EMP02: ['technician'] } // biome-ignore format: one line
type Owner = keyof typeof OWNERS
const KEYS = new Map(Object.keys(OWNERS).map((id) => [id, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey])) // biome-ignore format: one line
const keyOf = (id: Owner) => KEYS.get(id) as NonNullable<ReturnType<typeof KEYS.get>>
const records = (usages: KeyRecord['usages']) =>
  (Object.keys(OWNERS) as Owner[]).map((id): KeyRecord => ({ key: publicKeyOf(keyOf(id)), owner: id as string as NodeId, usages, roles: OWNERS[id], notBefore: 0, notAfter: 4e9 })) // biome-ignore format: one line

interface Rules {
  readonly data?: boolean
  readonly sign?: Partial<SignDocument>
  readonly carrier?: 'members' | 'signed'
  readonly usages?: KeyRecord['usages']
}

async function site(
  t: TestContext,
  { data = false, sign, carrier = 'members', usages = ['sign-message', 'sign-data'] }: Rules,
) {
  // biome-ignore format: one line
  const net = overlay(t)
  const applied: unknown[] = []
  const setVariables = (request: {
    setVariableData: { component: object; variable: object }[]
  }) => {
    applied.push(request)
    return { setVariableResult: request.setVariableData.map(({ component, variable }) => ({ component, variable, attributeStatus: 'Accepted' })) } // biome-ignore format: one line
  }
  const handlers = { 'ocpp2.1': { SetVariables: setVariables } } as unknown as HandlersByProtocol
  const asking = { match: { actions: 'SetVariables', kinds: 'CALL' }, require: { assurance: 'e2e', permitted: true, data: [{ pointer: '/customData/tariffs/0', ctx: TARIFF, roles: ['mobility-provider'] }] } } as const // biome-ignore format: one line
  const inRules = { ...DEFAULT_POLICY, in: [...(data ? [asking] : []), ...DEFAULT_POLICY.in] }
  const outRules = { ...DEFAULT_POLICY, out: [{ match: {}, carrier, sign: { key: { usage: 'sign-message' }, lifetimeS: 60, ...sign } }] } as SignaturePolicyDocument // biome-ignore format: one line
  const security = (id: Owner, policy: SignaturePolicyDocument) => ({ signer: createMemorySigner(keyOf(id)), trust: { directory: new KeyDirectory(records(usages)), book: compileRuleBook({ policies: [policy], roles: PRESET_ROLES }) } }) // biome-ignore format: one line
  await net.node('CS01', { handlers, security: security('CS01', inRules) })
  const csms = await net.node('CSMS01', { services: ['CSMS'], hasDefaultRoute: false, security: security('CSMS01', sign ? outRules : DEFAULT_POLICY) }) // biome-ignore format: one line
  const above = net.peer('LC01', 'CSMS01')
  const below = net.upstream('LC01', 'CS01')
  above.send('[2,"CSMS01",["CS01","LC01"],"hello","X",{}]')
  await net.wait(61)
  for (const peer of [above, below]) peer.take()
  const wire: unknown[][] = []
  const call = async (customData?: object) => {
    const payload = { setVariableData: [{ component: { name: 'C' }, variable: { name: 'V' }, attributeValue: '1' }], ...(customData && { customData }) } // biome-ignore format: one line
    const asked = csms.call('CS01', 'ocpp2.1', 'SetVariables', payload as never, { timeoutMs: 5_000 }) // biome-ignore format: one line
    const outcome = asked.then(() => 'done', (error: unknown) => `${error} ${JSON.stringify((error as { details?: object }).details)}`) // biome-ignore format: one line
    for (const [from, to] of [[above, below], [below, above]] as const) {
      await net.settle()
      for (const frame of from.take()) {
        wire.push(structuredClone(frame))
        const [type, destination, path, ...rest] = frame
        to.send(JSON.stringify([type, destination, [...(path as string[]), 'LC01'], ...rest]))
      }
    } // biome-ignore format: one level less
    await net.settle()
    await net.wait(6)
    return outcome
  }
  const tariff = (by: Owner, ctx = TARIFF, exp?: number) =>
    signData({ price: 0.39 } as unknown as JsonObject, ctx, [createMemorySigner(keyOf(by))], { nowS: net.clock.now() / 1_000, random: systemRandomness, ...(exp !== undefined && { lifetimeS: exp }) }) // biome-ignore format: one line
  const inside = (...tariffs: unknown[]) => ({ vendorId: 'org.example', tariffs })
  return { net, applied, wire, call, tariff, inside }
}

test('data inside a command has to be signed by whom the policy names, as what it is', async (t) => {
  const { net, applied, call, tariff, inside } = await site(t, { data: true })
  const good = await tariff('EMP01')
  assert.equal(await call(inside(good)), 'done')
  assert.equal(applied.length, 1)
  const { signatures: _, ...bare } = good
  for (const wrong of [
    undefined,
    inside(),
    inside(bare),
    inside({ ...good, price: 0.01 }),
    inside(await tariff('EMP02')),
    inside(await tariff('EMP01', 'urn:example:receipt:1')),
    inside(bare, good),
  ]) {
    assert.notEqual(await call(wrong), 'done', JSON.stringify(wrong))
  }
  assert.deepEqual(new Set(reasonsAt(net, 'CS01')), new Set(['data-unsigned']))
  assert.equal(applied.length, 1)
})

test('a key that may sign messages only signs no data', async (t) => {
  const { net, applied, call, tariff, inside } = await site(t, { data: true, usages: ['sign-message'] }) // biome-ignore format: one line
  await call(inside(await tariff('EMP01')))
  assert.deepEqual([applied, reasonsAt(net, 'CS01')], [[], ['data-unsigned']])
})

test('a rule has its role claimed in the header, and counts as that alone', async (t) => {
  const { net, applied, wire, call } = await site(t, { sign: { claim: 'technician' } })
  await call()
  const [[, , , , , payload] = []] = wire
  const [{ protected: text = '' } = {}] = (payload as { signatures: { protected?: string }[] }).signatures // biome-ignore format: one line
  assert.equal(JSON.parse(Buffer.from(text, 'base64url').toString()).role, 'technician')
  assert.deepEqual([applied, reasonsAt(net, 'CS01')], [[], ['role']], 'a technician sets nothing')
})

for (const [what, sign, problem] of [
  ['with a user role that the own key has not', { key: { usage: 'sign-message', role: 'owner' } }, /user role owner, and the own one has not/], // biome-ignore format: one line
  [
    'with a usage that the own key has not',
    { key: { usage: 'sign-policy' } },
    /for sign-policy, and the own one is not/,
  ],
  [
    'in a role that the own key has not',
    { claim: 'owner' },
    /user role owner, and the own one has not/,
  ],
] as const) {
  test(`nothing leaves where a rule wants a key ${what}`, async (t) => {
    const { wire, applied, call } = await site(t, { sign })
    assert.match(await call(), problem)
    assert.deepEqual([wire, applied], [[], []])
  })
}

test('nothing leaves in a representation that is not built', async (t) => {
  const { wire, call } = await site(t, { sign: { representation: 'opaque' }, carrier: 'signed' })
  assert.notEqual(await call(), 'done')
  assert.deepEqual(wire, [])
})
