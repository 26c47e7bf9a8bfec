import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { OverlayError, RemoteError } from '../../src/errors.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { seededRandomness, systemRandomness } from '../../src/primitives/randomness.ts'
import { signData } from '../../src/security/data-statement.ts'
import { publicKeyOf } from '../../src/security/jwk.ts'
import {
  type CommissioningCode,
  commissioningMac,
  newCommissioningCode,
  readCommissioningCode,
  usagesOf,
} from '../../src/security/keys/commissioning.ts'
import { KEY_RECORD, type KeyRecord, keyRecordPayload } from '../../src/security/keys/key-record.ts'
import { DEFAULT_POLICY } from '../../src/security/policies/default-policy.ts'
import { PRESET_ROLES } from '../../src/security/roles/presets.ts'
import { createMemorySigner } from '../../src/security/signer.ts'
import { InvitationFiles } from '../../src/storage/invitations.ts'
import { TrustStore } from '../../src/storage/trust-store.ts'
import { SEED } from '../seed.ts'
import { overlay } from '../support/memory-overlay.ts'

/** How a new node is let in over nodes that nobody trusts, by a code that somebody carries. */

const DAY_S = 24 * 3_600
const heartbeat = () => ({ currentTime: '2026-01-01T00:00:00Z' })
const HANDLERS = { 'ocpp2.1': { Heartbeat: heartbeat } }

async function site(t: TestContext) {
  const net = overlay(t)
  const folder = mkdtempSync(join(tmpdir(), 'wattweave-invitations-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const party = (owner: string, roles: readonly string[]) => {
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    const record: KeyRecord = { key: publicKeyOf(key), owner: owner as NodeId, usages: usagesOf(roles), roles, notBefore: 0, notAfter: 4e9 } // biome-ignore format: one line
    const rules = { policies: [DEFAULT_POLICY], roles: PRESET_ROLES }
    const trust = new TrustStore({ anchors: [record], rules, clock: net.clock })
    return { record, signer: createMemorySigner(key), trust }
  }
  const operator = party('CSMS01', ['owner'])
  let later = 0
  const invitations = new InvitationFiles(folder, { now: () => net.clock.now() + later, monotonic: () => assert.fail(), setTimer: () => assert.fail() }) // biome-ignore format: one line
  const { signer, trust, record } = operator
  const csms = await net.node('CSMS01', {
    services: ['CSMS'],
    hasDefaultRoute: false,
    handlers: HANDLERS,
    security: { signer, trust },
    commissioner: { signer, record, keys: trust, invitations },
  })
  await net.node('LC01')
  net.connect('LC01', 'CSMS01')
  const newcomer = async (id: string, roles: readonly string[] = ['edge']) => {
    const own = party(id, roles)
    const node = await net.node(id, { security: { signer: own.signer, trust: own.trust } })
    net.connect(id, 'LC01')
    await net.settle()
    const join = (code: CommissioningCode) =>
      node.join({ ...own, keys: own.trust, code, at: 'CSMS' as NodeId })
    return { ...own, node, join }
  }
  const invite = (
    owner: string,
    roles: readonly string[] = ['edge'],
    delegable?: readonly string[],
  ) => {
    // biome-ignore format: one line
    const { code } = newCommissioningCode(record.key.kid, systemRandomness)
    invitations.add({
      owner: owner as NodeId,
      roles,
      ...(delegable && { delegable }),
      secret: code.secret,
    })
    return code
  }
  const aDayLater = () => {
    later += DAY_S * 1_000
  }
  return { net, csms, operator: { ...operator, record }, newcomer, invite, invitations, aDayLater }
}

function invited(
  invitations: InvitationFiles,
  operator: { readonly record: KeyRecord },
  more = {},
) {
  const { code } = newCommissioningCode(operator.record.key.kid, systemRandomness)
  invitations.add({ owner: 'NN02' as NodeId, roles: [], ...more, secret: code.secret })
  return code
}

const whyNot = async (joined: Promise<unknown>): Promise<string> => {
  const error = await joined.then(() => undefined, (cause: unknown) => cause) // biome-ignore format: one line
  if (error instanceof RemoteError) return String((error.errorDetails as { problem?: string }).problem) // biome-ignore format: one line
  if (error instanceof OverlayError) return error.message
  return 'it was let in'
}

test('a code makes a new node and its operator believe each other, over a node that neither knows', async (t) => {
  const { net, newcomer, invite, operator } = await site(t)
  const { node, join, record, trust } = await newcomer('NN01')
  await assert.rejects(net.over(node.call('CSMS', 'ocpp2.1', 'Heartbeat', {})), /not obeyed/)
  const { operator: operatorKey } = await join(invite('NN01'))
  assert.ok(await node.call('CSMS', 'ocpp2.1', 'Heartbeat', {}))
  assert.equal(operatorKey.key.kid, operator.record.key.kid)
  assert.equal(operator.trust.directory.find(record.key.kid, 'sign-message', 1).status, 'usable')
  assert.equal(trust.directory.find(operatorKey.key.kid, 'sign-policy', 1).status, 'usable')
})

test('nobody is let in with a code that is wrong, of another name, too old, or without one', async (t) => {
  const { aDayLater, newcomer, invite, operator } = await site(t)
  const { join } = await newcomer('NN01')
  const wrong = newCommissioningCode(operator.record.key.kid, systemRandomness).code
  const expected = /this code is not good for this node here/
  assert.match(await whyNot(join(wrong)), expected)
  assert.match(await whyNot(join(invite('NN02'))), expected)
  const old = invite('NN01')
  aDayLater()
  assert.match(await whyNot(join(old)), expected)
  const replaced = invite('NN01')
  invite('NN01')
  assert.match(await whyNot(join(replaced)), expected)
})

test('a code is good for one key; the same key may come again for an answer that was lost', async (t) => {
  const { newcomer, invite } = await site(t)
  const code = invite('NN01')
  const first = await newcomer('NN01')
  await first.join(code)
  assert.equal(await whyNot(first.join(code)), 'it was let in')
  await first.node.stop()
  const thief = await newcomer('NN01')
  assert.match(await whyNot(thief.join(code)), /used by another key/)
})

test('a node is let in with the user roles it was invited for, whatever it says, and signs that', async (t) => {
  for (const [own, invited] of [
    [['owner'], ['edge']],
    [['edge'], ['operations']],
    [['edge'], []],
    [[], ['edge', 'technician']],
  ] as const) {
    const { newcomer, invite, operator } = await site(t)
    const { join, record, trust } = await newcomer('NN01', own)
    const joined = await join(invite('NN01', invited))
    assert.deepEqual(joined.own.roles, invited)
    for (const one of [operator.trust, trust]) {
      const found = one.directory.find(record.key.kid, 'sign-message', 1)
      assert.deepEqual(found.status === 'usable' && found.record.roles, invited)
      assert.equal(one.directory.find(record.key.kid, 'sign-policy', 1).status, 'unusable')
    }
  }
})

test('a record that says more than the invitation is not endorsed', async (t) => {
  const { net, operator, invite } = await site(t)
  const code = invite('NN01', ['edge'])
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const roles = ['owner']
  const record: KeyRecord = { key: publicKeyOf(key), owner: 'NN01' as NodeId, usages: usagesOf(roles), roles, notBefore: 0, notAfter: 4e9 } // biome-ignore format: one line
  const nonce = 'A'.repeat(22)
  const at = { nowS: net.clock.now() / 1_000, random: systemRandomness }
  const keyRecord = await signData(keyRecordPayload(record), KEY_RECORD, [createMemorySigner(key)], at) // biome-ignore format: one line
  const mac = commissioningMac(code.secret, { by: 'node', owner: record.owner, kid: record.key.kid, operator: code.operator, nonce }) // biome-ignore format: one line
  const below = net.peer('NN01', 'CSMS01')
  await net.settle()
  below.send(JSON.stringify([2, 'CSMS', ['NN01'], '1', 'CommissionNode', { keyRecord, nonce, mac }])) // biome-ignore format: one line
  await net.settle()
  const [type, , , , code4, , details] = below.take()[0] ?? []
  assert.deepEqual([type, code4, details], [4, 'SecurityError', { problem: 'it was invited with edge and says owner', roles: ['edge'] }]) // biome-ignore format: one line
  assert.equal(operator.trust.directory.find(record.key.kid, 'sign-message', 1).status, 'unusable')
})

test('who is invited to hand roles on has that in its record, and who is not has not', async (t) => {
  const { newcomer, invite, operator } = await site(t)
  const roles = ['technician', 'delegator']
  const first = await newcomer('LEAD', [])
  const { own } = await first.join(invite('LEAD', roles, ['technician']))
  const { kid } = own.key
  assert.deepEqual([own.roles, own.delegable], [roles, ['technician']])
  const known = operator.trust.directory.records().find(({ key }) => key.kid === kid)
  assert.deepEqual(known?.delegable, ['technician'])

  const second = await newcomer('NN01', ['technician'])
  const wants = { ...second.record, delegable: ['technician'] }
  const joined = await second.node.join({ ...second, record: wants, keys: second.trust, code: invite('NN01', ['technician']), at: 'CSMS' as NodeId }) // biome-ignore format: one line
  assert.equal(joined.own.delegable, undefined)
})

test('who is invited for some stations, an organisation and a time gets these, whatever it would rather have', async (t) => {
  const { net, newcomer, operator, invitations } = await site(t)
  const { code } = newCommissioningCode(operator.record.key.kid, systemRandomness)
  const notAfter = Math.floor(net.clock.now() / 1_000) + 3_600
  invitations.add({ owner: 'NN01' as NodeId, roles: ['edge'], ids: ['CS*'], organisation: 'DE-ABC', notAfter, secret: code.secret }) // biome-ignore format: one line
  const node = await newcomer('NN01')
  const { own } = await node.join(code)
  assert.deepEqual([own.organisation, own.notAfter], ['DE-ABC', notAfter])
  const { entitlements } = operator.trust.directory
  const nowS = notAfter - 1_800
  assert.deepEqual(['CS01', 'XX01'].map((id) => entitlements.mayVouch('NN01' as NodeId, id as NodeId, nowS)), [true, false]) // biome-ignore format: one line

  const liar = await newcomer('NN02', [])
  const record = { ...liar.record, organisation: 'DE-ABC' }
  const { own: plain } = await liar.node.join({ ...liar, record, keys: liar.trust, code: invited(invitations, operator), at: 'CSMS' as NodeId }) // biome-ignore format: one line
  assert.equal(plain.organisation, undefined)

  const hasty = await newcomer('NN03', [])
  const short = invited(invitations, operator, { owner: 'NN03', notAfter })
  const { own: brief } = await hasty.node.join({ ...hasty, keys: hasty.trust, code: short, at: 'CSMS' as NodeId }) // biome-ignore format: one line
  assert.equal(brief.notAfter, notAfter)
})

test('whoever answers without knowing the code is not believed, whatever key it shows', async (t) => {
  const { newcomer, invite } = await site(t)
  const { join, trust } = await newcomer('NN01')
  const code = invite('NN01')
  // As a node on the way would: it has seen the question, and has a key of its own.
  const other = { ...code, operator: '0000000000' }
  assert.match(await whyNot(join(other)), /not good for this node|does not know the code/)
  assert.match(await whyNot(join({ ...code, secret: new Uint8Array(10) })), /not good/)
  assert.equal(trust.directory.records().length, 1)
})

test('an answer that was changed on the way is not believed', async (t) => {
  const net = overlay(t)
  const { code } = newCommissioningCode('A'.repeat(43), systemRandomness)
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const record: KeyRecord = { key: publicKeyOf(key), owner: 'NN01' as NodeId, usages: ['sign-message'], roles: [], notBefore: 0, notAfter: 4e9 } // biome-ignore format: one line
  const liar: KeyRecord = { ...record, owner: 'CSMS01' as NodeId, roles: ['owner'] }
  const node = await net.node('NN01')
  const middle = net.upstream('LC01', 'NN01')
  await net.settle()
  const believed: KeyRecord[] = []
  const keys = { addRecord: () => assert.fail(), entitle: () => assert.fail(), addAnchor: (one: KeyRecord) => believed.push(one), revoke: () => assert.fail(), signedRecords: () => [], signedRevocations: () => undefined } // biome-ignore format: one line
  const joined = whyNot(node.join({ code, signer: createMemorySigner(key), record, keys, at: 'CSMS' as NodeId })) // biome-ignore format: one line
  await net.settle()
  await new Promise((resolve) => setImmediate(resolve))
  await net.settle()
  const [asked] = middle.take()
  const { kid, jwk } = { kid: liar.key.kid, jwk: liar.key.jwk }
  const operator = { kid, jwk, owner: 'CSMS01', usages: ['sign-message', 'sign-policy'], roles: ['owner'], notBefore: 0, notAfter: 4e9 } // biome-ignore format: one line
  const answer = { operator, keyRecord: {}, others: [], mac: 'A'.repeat(43) }
  middle.send(JSON.stringify([3, 'NN01', ['LC01'], asked?.[3], answer]))
  assert.match(await joined, /does not know the code/)
  assert.deepEqual(believed, [])
})

test('a node that commissions nobody says so', async (t) => {
  const net = overlay(t)
  await net.node('CSMS01', { services: ['CSMS'], hasDefaultRoute: false })
  const below = net.peer('NN01', 'CSMS01')
  await net.settle()
  below.send('[2,"CSMS",["NN01"],"1","CommissionNode",{"keyRecord":{},"nonce":"AAAAAAAAAAAAAAAAAAAAAA","mac":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]') // biome-ignore format: one line
  await net.settle()
  assert.equal(below.take()[0]?.[4], 'NotSupported')
})

test('a code is read as it was written, in small letters, with spaces, without groups', () => {
  const random = seededRandomness(SEED)
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
      const kid = Buffer.from(bytes).toString('base64url')
      const { text, code } = newCommissioningCode(kid, random)
      assert.match(text, /^[A-Z2-7]{4}(-[A-Z2-7]{4}){5}$/)
      for (const spelled of [
        text,
        text.toLowerCase(),
        text.replaceAll('-', ' '),
        text.replaceAll('-', ''),
      ]) {
        // biome-ignore format: one line
        const read = readCommissioningCode(spelled)
        assert.ok(typeof read !== 'string')
        assert.deepEqual([Buffer.from(read.secret), read.operator], [Buffer.from(code.secret), code.operator]) // biome-ignore format: one line
      }
    }),
    { seed: SEED },
  )
})

for (const [text, problem] of [
  ['ABCD', /a code has 24 letters and digits, and this has 4/],
  ['ABCD-EFGH-IJKL-MNOP-QRST-UVW1', /"1" is in no code/],
  ['', /and this has 0/],
] as const) {
  test(`"${text}" is no code, and what is wrong with it is said`, () => {
    const read = readCommissioningCode(text)
    assert.match(typeof read === 'string' ? read : 'it was read', problem)
  })
}
