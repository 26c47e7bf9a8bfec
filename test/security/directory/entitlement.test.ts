import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeId } from '../../../src/primitives/ids.ts'
import { systemRandomness } from '../../../src/primitives/randomness.ts'
import { signData } from '../../../src/security/data-statement.ts'
import { entitlementPayload, readEntitlement } from '../../../src/security/keys/entitlement.ts'
import { REVOCATION_LIST } from '../../../src/security/keys/key-record.ts'
import { judgeNodeRecord, NODE_RECORD, type NodeRecord, nodeRecordPayload, readNodeRecord } from '../../../src/security/keys/node-record.ts' // biome-ignore format: one line
import type { JsonObject } from '../../../src/wire/payload.ts'
import { securityOf, signedEntitlement, signerOf } from '../../support/secured.ts'

/** What nodes may do in the name of others, and what they say of themselves. */

const NOW_S = 1_800_000_000
const at = (seconds: number) => ({ now: () => (NOW_S + seconds) * 1_000 })
const id = (name: string) => name as NodeId
const directory = () => securityOf('CSMS01').trust.directory

test('an edge with an entitlement vouches for those in it, one without goes by its role', async () => {
  const known = directory()
  const { entitlements } = known
  assert.equal(entitlements.mayVouch(id('NN01'), id('CS01'), NOW_S), undefined)
  const statement = await signedEntitlement({ node: 'nn01', ids: ['site7-*', 'CS01'] }, at(0))
  assert.equal(known.entitle(statement, NOW_S).status, 'entitled')
  const may = (station: string, atS = NOW_S) => entitlements.mayVouch(id('NN01'), id(station), atS)
  assert.deepEqual([may('cs01'), may('SITE7-3'), may('CS02')], [true, true, false])
  assert.deepEqual([may('CS01', NOW_S - 1), may('CS01', NOW_S + 3_600), may('CS01', NOW_S + 3_601)], [false, true, false]) // biome-ignore format: one line
  assert.equal(entitlements.mayVouch(id('NN02'), id('CS02'), NOW_S), undefined)
})

test('who answers for a service is whoever is entitled to it by name, if anybody is', async () => {
  const known = directory()
  const may = (node: string, service: string, action?: string) => known.entitlements.mayServe(id(node), service, action, NOW_S) // biome-ignore format: one line
  assert.equal(may('CSMS01', 'CSMS'), undefined)
  known.entitle(await signedEntitlement({ node: 'CSMS01', services: ['CSMS'], actions: ['Transaction*'] }, at(0)), NOW_S) // biome-ignore format: one line
  assert.deepEqual([may('CSMS01', 'csms', 'TransactionEvent'), may('CSMS01', 'CSMS', 'Heartbeat'), may('LC01', 'CSMS', 'Heartbeat')], [true, false, false]) // biome-ignore format: one line
  assert.equal(may('LC01', 'Time'), undefined)
})

test('of two entitlements for a node the later one counts, in whatever order they come', async () => {
  const [old, now] = [await signedEntitlement({ node: 'NN01', ids: ['*'] }, at(0)), await signedEntitlement({ node: 'NN01', ids: ['CS01'] }, at(9))] // biome-ignore format: one line
  for (const order of [
    [old, now],
    [now, old],
  ]) {
    // biome-ignore format: one line
    const known = directory()
    const [, second] = order.map((one) => known.entitle(one, NOW_S + 9))
    assert.equal(known.entitlements.mayVouch(id('NN01'), id('CS02'), NOW_S + 9), false)
    assert.equal(second?.status, order[1] === now ? 'entitled' : 'refused')
  }
})

test('an entitlement counts only by an administrator, unchanged and in the form it has', async () => {
  const known = directory()
  const problemOf = (payload: JsonObject) => {
    const entitled = known.entitle(payload, NOW_S)
    return entitled.status === 'refused' ? entitled.problem : undefined
  }
  const good = await signedEntitlement({ node: 'NN01', ids: ['CS01'] }, at(0))
  assert.equal(problemOf(await signedEntitlement({ node: 'NN01', ids: ['*'] }, at(0), signerOf('CSMS01'))), 'not-endorsed') // biome-ignore format: one line
  assert.equal(problemOf({ ...good, ids: ['*'] }), 'not-signed')
  assert.equal(problemOf({ ...good, signatures: [] }), 'not-signed')
  assert.equal(problemOf(await signData({ node: 'NN01', notBefore: 0, notAfter: 9, may: 'all' }, 'urn:wattweave:entitlement:1', [signerOf('OWNER01')], { nowS: NOW_S, random: systemRandomness })), 'malformed') // biome-ignore format: one line
  assert.deepEqual(known.entitlements.all(), [])
})

// biome-ignore format: a table
for (const [what, payload, problem] of [
  ['no node', { notBefore: 0, notAfter: 1 }, /node/],
  ['a member nobody knows', { node: 'NN01', notBefore: 0, notAfter: 1, routes: [] }, /routes is no member of an entitlement/],
  ['a name in place of a list', { node: 'NN01', ids: 'CS01', notBefore: 0, notAfter: 1 }, /ids is no list/],
  ['a time that ends before it begins', { node: 'NN01', notBefore: 2, notAfter: 1 }, /span/],
] as const) {
  test(`an entitlement with ${what} is none`, () => {
    assert.match(String(readEntitlement(payload)), problem)
  })
}

const RECORD: NodeRecord = { id: id('CSMS01'), protocol: 1, services: ['CSMS', 'Time'], groups: [], keys: [signerOf('CSMS01').kid], sequence: 1, notBefore: NOW_S, notAfter: NOW_S + 60 } // biome-ignore format: one line
const signed = (record: Partial<NodeRecord> = {}, by = signerOf('CSMS01')) => signData(nodeRecordPayload({ ...RECORD, ...record }), NODE_RECORD, [by], { nowS: NOW_S, random: systemRandomness }) // biome-ignore format: one line

test('a node record is believed of the node itself, and says which services an administrator has given it', async () => {
  const known = directory()
  const judge = async (payload: JsonObject, seconds = 0) => judgeNodeRecord(payload, known, NOW_S + seconds) // biome-ignore format: one line
  const alone = await judge(await signed())
  assert.deepEqual(alone, { status: 'believed', record: RECORD, entitled: [], issuer: undefined })
  const authority = await signedEntitlement({ node: 'CSMS01', services: ['CSMS'] }, at(0))
  known.entitle(authority, NOW_S)
  const entitled = await judge(await signed({ authority }))
  assert.ok(entitled.status === 'believed')
  assert.deepEqual([entitled.entitled, entitled.issuer], [['CSMS'], 'OWNER01'])

  const sentenceOf = async (payload: JsonObject, seconds?: number) => {
    const judged = await judge(payload, seconds)
    return judged.status === 'refused' ? judged.sentence : judged.status
  }
  assert.match(await sentenceOf(await signed({}, signerOf('LC01'))), /no key of CSMS01/)
  assert.match(await sentenceOf(await signed(), 61), /time/)
  assert.notEqual(await sentenceOf({ ...(await signed()), services: ['GridOperator'] }), 'believed')
  // The entitlement of another, or one that nobody gave, lends nothing.
  const others = await judge(await signed({ authority: await signedEntitlement({ node: 'LC01', services: ['Time'] }, at(0)) })) // biome-ignore format: one line
  const own = await judge(await signed({ authority: await signedEntitlement({ node: 'CSMS01', services: ['Time'] }, at(0), signerOf('CSMS01')) })) // biome-ignore format: one line
  for (const one of [others, own]) assert.deepEqual(one.status === 'believed' && [one.entitled, one.issuer], [[], undefined]) // biome-ignore format: one line
})

test('what is written is what is read', () => {
  assert.deepEqual(readNodeRecord(nodeRecordPayload(RECORD)), RECORD)
  const entitlement = { node: id('NN01'), ids: ['A*'], services: [], groups: ['*g'], actions: [], notBefore: 1, notAfter: 2 } // biome-ignore format: one line
  assert.deepEqual(readEntitlement(entitlementPayload(entitlement)), entitlement)
})

test('of two entitlements of one second the first stays, and one that is dated ahead is none', async () => {
  const wide = await signedEntitlement({ node: 'NN01', ids: ['*'] }, at(0))
  const narrow = await signedEntitlement({ node: 'NN01', ids: ['CS01'] }, at(0))
  const known = directory()
  assert.deepEqual([wide, narrow, wide].map((one) => known.entitle(one, NOW_S).status), ['entitled', 'refused', 'entitled']) // biome-ignore format: one line
  const later = await signedEntitlement({ node: 'NN01', ids: ['CS01'] }, at(1))
  assert.deepEqual([later, wide].map((one) => known.entitle(one, NOW_S + 1).status), ['entitled', 'refused']) // biome-ignore format: one line
  assert.equal(known.entitlements.mayVouch(id('NN01'), id('CS02'), NOW_S + 1), false)
  const ahead = known.entitle(await signedEntitlement({ node: 'NN01', ids: [] }, at(31)), NOW_S)
  assert.equal(ahead.status === 'refused' && ahead.problem, 'not-valid-yet')
})

test('what was entitled by a key that had been lost by then is as if nobody had said it, and can be said anew', async () => {
  const known = directory()
  known.entitle(await signedEntitlement({ node: 'NN01', ids: [] }, at(600)), NOW_S + 600)
  assert.equal(known.entitlements.mayVouch(id('NN01'), id('CS01'), NOW_S + 600), false)
  const list = { version: 1, revoked: [{ kid: signerOf('OWNER01').kid, since: NOW_S, reason: 'lost' }], nextUpdate: NOW_S + 4_000 } // biome-ignore format: one line
  const other = securityOf('CSMS01', undefined, { CSMS01: ['owner'] }).trust.directory
  other.entitle(await signedEntitlement({ node: 'NN01', ids: [] }, at(600)), NOW_S + 600)
  assert.equal(other.revoke(await signData(list as unknown as JsonObject, REVOCATION_LIST, [signerOf('CSMS01')], { nowS: NOW_S + 601, random: systemRandomness }), NOW_S + 601).status, 'revoked') // biome-ignore format: one line
  assert.equal(other.entitlements.mayVouch(id('NN01'), id('CS01'), NOW_S + 601), undefined)
  const anew = await signedEntitlement({ node: 'NN01', ids: ['CS*'] }, at(300), signerOf('CSMS01'))
  assert.equal(other.entitle(anew, NOW_S + 602).status, 'entitled')
})
