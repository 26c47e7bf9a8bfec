import assert from 'node:assert/strict'
import { test } from 'node:test'
import { foreignSignersOf, signersOf } from '../../src/node/signer-facts.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { nextRevocationList, signRevocationList } from '../../src/security/keys/revocation-lists.ts'
import type { Verdict } from '../../src/security/verdict.ts'
import { securityOf, signerOf } from '../support/secured.ts'

const DAY_S = 86_400
const START_S = 1_795_000_000

test('while nobody has said for a week what was revoked, owners and administrators count as such for one thing: to say it', async () => {
  const { trust } = securityOf('CSMS01')
  const { directory } = trust
  const owner = signerOf('OWNER01')
  const revocation = { kid: signerOf('GUEST').kid, since: START_S, reason: 'lost' }
  const list = await signRevocationList(nextRevocationList(undefined, revocation, START_S), owner, START_S) // biome-ignore format: one line
  assert.equal(directory.revoke(list, START_S).status, 'revoked')
  const rolesOf = (id: string, action: string, nowS: number) => {
    const verdict = { status: 'verified', signers: [{ kid: signerOf(id).kid, header: { iat: nowS } }], ignored: [] } as unknown as Verdict // biome-ignore format: one line
    return signersOf(verdict, { action, path: [id as NodeId], isStored: false, nowS }, directory)[0]
      ?.roles
  }
  for (const [afterS, roles] of [
    [0, ['owner']],
    [DAY_S + 1, ['owner']],
    [8 * DAY_S + 1, []],
  ] as const) {
    assert.deepEqual(rolesOf('OWNER01', 'SetVariables', START_S + afterS), roles, `${afterS}`)
    assert.deepEqual(rolesOf('OWNER01', 'UpdateRevocationList', START_S + afterS), ['owner'])
    assert.deepEqual(rolesOf('NN01', 'StatusNotification', START_S + afterS), ['edge'], 'a node that vouches') // biome-ignore format: one line
  }
})

test('a message that claims one of the roles of its key has that one alone, and none where it is not one of them', () => {
  const { trust } = securityOf('CSMS01', undefined, { GUEST: ['technician', 'operations'] })
  const rolesOf = (role?: string) => {
    const header = { iat: START_S, ...(role !== undefined && { role }) }
    const verdict = { status: 'verified', signers: [{ kid: signerOf('GUEST').kid, header }], ignored: [] } as unknown as Verdict // biome-ignore format: one line
    return signersOf(verdict, { action: 'Reset', path: ['GUEST' as NodeId], isStored: false, nowS: START_S }, trust.directory)[0]?.roles // biome-ignore format: one line
  }
  assert.deepEqual(rolesOf(), ['technician', 'operations'])
  assert.deepEqual(rolesOf('technician'), ['technician'])
  assert.deepEqual(rolesOf('owner'), [])
})

test('a key that was taken back, or has come to its end, signs nothing in messages of other makes either', async () => {
  const { trust } = securityOf('CSMS01')
  const { directory } = trust
  const { kid } = signerOf('GUEST')
  const count = (nowS: number) => foreignSignersOf(kid, directory, nowS).length
  assert.equal(count(START_S), 1)
  assert.equal(count(4e9 + 1), 0)
  const list = await signRevocationList(nextRevocationList(undefined, { kid, since: START_S + 5, reason: 'lost' }, START_S), signerOf('OWNER01'), START_S) // biome-ignore format: one line
  assert.equal(directory.revoke(list, START_S).status, 'revoked')
  assert.deepEqual([count(START_S), count(START_S + 5)], [1, 0])
})
