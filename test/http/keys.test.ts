import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { NodeId } from '../../src/primitives/ids.ts'
import { publicKeyOf } from '../../src/security/jwk.ts'
import { operatorPart, readCommissioningCode } from '../../src/security/keys/commissioning.ts'
import type { KeyRecord } from '../../src/security/keys/key-record.ts'
import { createMemorySigner, type Signer } from '../../src/security/signer.ts'
import { InvitationFiles } from '../../src/storage/invitations.ts'
import { signedEntitlement, signedRecord, signerOf, usualRecordOf } from '../support/secured.ts'
import { startSecured } from './secured-console.ts'

/** Keys over the API: who is known, who is let in, who is taken back, and who may not do that. */

const kidOf = (id: string) => usualRecordOf(id).key.kid
const revocation = (kid: string) => `/api/keys/${kid}/revocation`

/** The record of a new key, signed by it and by others. */
async function newRecord(
  owner: string,
  others: readonly Signer[],
  { clock, ...more }: Partial<KeyRecord> & { clock: { now(): number } },
) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const record: KeyRecord = { key: publicKeyOf(privateKey), owner: owner as NodeId, usages: ['sign-message'], roles: [], notBefore: 0, notAfter: 4e9, ...more } // biome-ignore format: one line
  return signedRecord(record, [createMemorySigner(privateKey), ...others], clock)
}

test('keys are told with whose they are, what for, who endorsed them and whether they count', async (t) => {
  const { net, trust, signer, ask, read } = await startSecured(t)
  const { clock } = net
  const nowS = Math.floor(clock.now() / 1_000)
  const times = [{ owner: 'CS07' }, { owner: 'CS08', notBefore: nowS + 3_600, organisation: 'ACME' }, { owner: 'CS09', notAfter: nowS + 5 }] as const // biome-ignore format: one line
  for (const { owner, ...more } of times) trust.addRecord(await newRecord(owner, [signer, signerOf('OWNER01')], { clock, ...more })) // biome-ignore format: one line
  await net.wait(10)

  const page = await read('/api/keys')

  assert.deepEqual([page.own.owner, page.own.kid, page.own.own, page.keys[0].kid], ['CSMS01', signer.kid, true, signer.kid]) // biome-ignore format: one line
  const of = (owner: string) => page.keys.find((one: { owner: string }) => one.owner === owner)
  assert.deepEqual(['CS07', 'CS08', 'CS09'].map((owner) => of(owner).status), ['usable', 'not-yet', 'expired']) // biome-ignore format: one line
  assert.deepEqual(of('CS07').endorsers.map(({ owner }: { owner: string }) => owner).sort(), ['CSMS01', 'OWNER01']) // biome-ignore format: one line
  assert.deepEqual(
    [of('CS07').anchor, of('GUEST').anchor, of('GUEST').endorsers],
    [false, true, []],
  )
  assert.deepEqual(of('GUEST').roles, ['technician'])
  assert.deepEqual(page.revocations, { state: 'none', count: 0 })
  assert.deepEqual([page.mayInvite, page.mayRevoke, page.count], [true, true, 10])
  const owners = page.keys.slice(1).map(({ owner }: { owner: string }) => owner)
  assert.deepEqual(owners, owners.toSorted())
  assert.doesNotMatch(JSON.stringify(page), /"(d|k|jwk|value|signatures|secret|mac)":/)
  assert.deepEqual(await read(`/api/keys/${of('CS07').kid}`), of('CS07'))
  assert.equal((await ask('viewer', 'GET', '/api/keys/nobody')).status, 404)
  const first = await read('/api/keys?limit=4')
  const second = await read(`/api/keys?limit=500&after=${first.next}`)
  assert.deepEqual([...first.keys, ...second.keys], page.keys)
  const { status, body } = await ask('viewer', 'GET', '/api/keys?after=nobody')
  assert.deepEqual([status, body.detail], [400, '"after" must be what the page before gave as "next"']) // biome-ignore format: one line
  assert.deepEqual((await read('/api/overview')).keys, { ownKeyEndsAt: page.own.notAfter, revocations: 'none', lacksRevocations: true, held: 0, clocks: [] }) // biome-ignore format: one line
})

test('a code is shown once, works for whom it was made, and stands in no later answer, log or file of the console', async (t) => {
  const { net, signer, folder, accounts, ask, read } = await startSecured(t)

  const { status, body, headers } = await ask('admin', 'POST', '/api/keys/invitations', {
    id: 'NN09',
  })

  assert.deepEqual([status, headers.get('cache-control'), body.id, body.roles], [201, 'no-store', 'NN09', ['edge']]) // biome-ignore format: one line
  assert.equal(Date.parse(body.goodUntil), Math.floor(net.clock.now() / 1_000) * 1_000 + 86_400_000)
  const code = readCommissioningCode(body.code)
  assert.ok(typeof code === 'object' && code.operator === operatorPart(signer.kid))
  const [kept] = new InvitationFiles(folder, net.clock).of('NN09' as NodeId)
  assert.deepEqual([Buffer.from(kept?.secret ?? []), kept?.roles], [Buffer.from(code.secret), ['edge']]) // biome-ignore format: one line
  const { code: _, ...told } = body
  assert.deepEqual(await read('/api/keys/invitations'), { invitations: [told] })
  const later = JSON.stringify([await read('/api/keys'), accounts.audit(10), await read('/api/overview')]) // biome-ignore format: one line
  for (const part of [body.code, Buffer.from(code.secret).toString('base64url')]) assert.ok(!later.includes(part)) // biome-ignore format: one line
  assert.match(later, /"POST \/api\/keys\/invitations".*NN09/)
})

test('of invitations only those that still let somebody in are told', async (t) => {
  const { clock, passDays, folder, ask, read } = await startSecured(t)
  const pending = async () => (await read('/api/keys/invitations')).invitations.map(({ id }: { id: string }) => id) // biome-ignore format: one line
  for (const id of ['NN07', 'NN08', 'NN08']) await ask('admin', 'POST', '/api/keys/invitations', { id, roles: [] }) // biome-ignore format: one line
  assert.deepEqual((await pending()).sort(), ['NN07', 'NN08'])

  // Whoever invites by the command line invites as well, and a later code takes the place of an earlier one.
  new InvitationFiles(folder, clock).add({ owner: 'NN07' as NodeId, roles: [], secret: new Uint8Array(10) }) // biome-ignore format: one line
  assert.deepEqual((await pending()).sort(), ['NN07', 'NN08'])
  passDays(1)
  assert.deepEqual(await pending(), [])
})

test('nobody is invited who cannot be let in, and no right is given that is not there', async (t) => {
  const { ask, folder } = await startSecured(t)
  const invite = (body: object) => ask('admin', 'POST', '/api/keys/invitations', body)
  for (const id of ['*', 'CSMS', '0', '.', 'csms01', ' x', '../x/\u0000']) {
    const { status, body } = await invite({ id })
    assert.deepEqual([status, body.pointer], [400, '/id'], id)
  }
  for (const body of [{ id: 'NN09', as: 'king' }, { id: 'NN09', roles: 'edge' }, {}, { id: 'NN09', code: 'x' }]) assert.equal((await invite(body)).status, 400) // biome-ignore format: one line
  const unknown = await invite({ id: 'NN09', roles: ['edge', 'opertions'] })
  assert.deepEqual([unknown.status, unknown.body.pointer], [400, '/roles'])
  assert.match(unknown.body.detail, /^there is no user role opertions; there are owner, /)
  assert.equal((await invite({ id: 'NN09', as: 'csms', roles: [] })).status, 400)
  assert.throws(() => readdirSync(join(folder, 'invitations')), /ENOENT/)
})

test('a key that may endorse nobody invites nobody and revokes nothing', async (t) => {
  const { ask, read } = await startSecured(t, { roles: ['operations'], mayInvite: false })
  const page = await read('/api/keys')
  assert.deepEqual([page.mayInvite, page.mayRevoke], [false, false])
  const invited = await ask('admin', 'POST', '/api/keys/invitations', { id: 'NN09' })
  assert.deepEqual([invited.status, invited.body.detail.slice(0, 40)], [409, 'the key of CSMS01 may let nobody in: inv']) // biome-ignore format: one line
  for (const path of [revocation(kidOf('GUEST')), '/api/keys/revocation-list']) {
    const { status, body } = await ask('admin', 'POST', path, path.endsWith('list') ? {} : { reason: 'lost' }) // biome-ignore format: one line
    assert.deepEqual([status, body.detail.slice(0, 39)], [409, 'the key of CSMS01 may revoke nothing: t']) // biome-ignore format: one line
  }
  assert.equal((await read('/api/keys')).revocations.state, 'none')
})

test('an administrator who is no owner makes nobody an owner', async (t) => {
  const { ask } = await startSecured(t, { roles: ['admin'] })
  const { status, body } = await ask('admin', 'POST', '/api/keys/invitations', { id: 'DESK', roles: ['owner'] }) // biome-ignore format: one line
  assert.deepEqual(
    [status, body.detail],
    [409, 'only an owner makes another one, and the key of CSMS01 is none'],
  )
  assert.equal((await ask('admin', 'POST', '/api/keys/invitations', { id: 'DESK', roles: ['operations'] })).status, 201) // biome-ignore format: one line
})

test('what a revoked key signs is not obeyed any more, and the others are told', async (t) => {
  const { net, clock, passDays, heartbeat, ownersTrust, guest, ask, read, trust, judge } =
    await startSecured(t)
  await heartbeat(guest)
  await net.wait(2)

  const { status, body } = await ask('admin', 'POST', revocation(kidOf('GUEST')), {
    reason: 'lost',
  })

  assert.deepEqual([status, body.status, body.revocation.reason], [200, 'revoked', 'lost'])
  await net.wait(2)
  await assert.rejects(heartbeat(guest), /SecurityError/)
  await heartbeat()
  const { revocations, keys } = await read('/api/keys')
  assert.deepEqual([revocations.state, revocations.version, revocations.count], ['current', 1, 1])
  assert.equal(keys.find(({ owner }: { owner: string }) => owner === 'GUEST').status, 'revoked')
  assert.deepEqual(
    trust.ownStatements().map(({ kind }) => kind),
    ['revocationList'],
  )

  assert.deepEqual(ownersTrust.signedRevocations(), trust.signedRevocations())

  passDays(2)
  assert.equal((await read('/api/overview')).keys.revocations, 'stale')
  const renewed = await ask('admin', 'POST', '/api/keys/revocation-list', {})
  assert.deepEqual(
    [renewed.body.state, renewed.body.version, renewed.body.count],
    ['current', 2, 1],
  )
  passDays(9)
  assert.equal((await read('/api/keys')).revocations.state, 'overdue')
  await ask('admin', 'POST', '/api/keys/invitations', { id: 'NN09' })
  await read('/api/keys/invitations')
  await read('/api/keys?limit=1')
  const nowS = Math.floor(clock.now() / 1_000)
  trust.addRecord(await newRecord('CS09', [signerOf('CSMS01')], { clock, organisation: 'ACME', replaces: kidOf('CS02'), notBefore: nowS })) // biome-ignore format: one line
  trust.addRecord(await newRecord('LEAD', [signerOf('CSMS01')], { clock, roles: ['technician'], delegable: ['technician'], notBefore: nowS })) // biome-ignore format: one line
  trust.addRecord(await newRecord('LEAD.anna', [signerOf('CSMS01')], { clock, delegatedBy: kidOf('CS02'), notBefore: nowS })) // biome-ignore format: one line
  trust.entitle(await signedEntitlement({ node: 'CS09', ids: ['CS*'] }, clock))
  await read('/api/keys')
  const unseen = judge.unseen().filter((member) => /^(Key|Revocation|Invitation|NewInvitation)/.test(member)) // biome-ignore format: one line
  assert.deepEqual(unseen, [])
})

test('the last owner, an unknown key and one that was revoked are not revoked, and why is said', async (t) => {
  const { net, ask, read, signer } = await startSecured(t)
  const revoke = (kid: string, body: object = { reason: 'lost' }) => ask('admin', 'POST', revocation(kid), body) // biome-ignore format: one line
  for (const body of [{}, { reason: '' }, { reason: 'x'.repeat(256) }, { reason: 7 }]) assert.equal((await revoke(kidOf('GUEST'), body)).status, 400) // biome-ignore format: one line
  assert.equal((await revoke('nobody')).status, 404)
  assert.equal((await revoke(kidOf('GUEST'))).status, 200)
  const again = await revoke(kidOf('GUEST'))
  assert.deepEqual([again.status, again.body.detail], [409, `the key ${kidOf('GUEST')} was revoked already`]) // biome-ignore format: one line
  assert.equal((await revoke(kidOf('OWNER01'))).status, 200)
  await net.wait(1)

  const last = await revoke(signer.kid)

  assert.deepEqual([last.status, last.body.detail], [409, 'with this list no owner could change the rules any more']) // biome-ignore format: one line
  assert.equal((await read('/api/keys')).own.status, 'usable')
  for (const role of ['viewer', 'operator', 'technician'] as const) {
    assert.equal((await ask(role, 'POST', revocation(signer.kid), { reason: 'lost' })).status, 403)
    assert.equal((await ask(role, 'POST', '/api/keys/invitations', { id: 'NN09' })).status, 403)
  }
})
