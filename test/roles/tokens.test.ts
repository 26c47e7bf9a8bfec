import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { PROTOCOLS, type Protocol } from '../../src/messages/protocols.ts'
import { replaceLocalList } from '../../src/roles/csms/local-lists.ts'
import type { TokenRow } from '../../src/storage/token-rows.ts'
import { until } from '../support/until.ts'
import { startPair } from './pair.ts'
import { type Say, startCsms } from './raw-station.ts'

/** Who may charge: where a token is already, by which type it is known, in which group it is. */

const at = (minute: number) => new Date(Date.UTC(2026, 0, 5, 11, minute)).toISOString()
const PLAIN = { type: 'ISO14443', status: 'Accepted', note: '', concurrent: false, changedAt: '' } as const // biome-ignore format: one row
const TAG = { idToken: 'TAG-9', type: 'ISO14443' }
type Info = { status: string; groupIdToken?: object; parentIdTag?: string }

async function withTokens(t: TestContext, ...tokens: Partial<TokenRow>[]) {
  const csms = await startCsms(t)
  const entered = tokens.map((token) => ({ idToken: 'TAG-9', ...PLAIN, ...token }))
  await csms.store.write(() => {
    for (const token of entered) csms.store.tokens.put(token)
  })
  return csms
}

/** Tells of an event of a transaction; resolves with what is said of the token in it. */
let seqNo = 0
async function tell(say: Say, transactionId: string, more: object = {}) {
  seqNo += 1
  const answer = await say('TransactionEvent', {
    eventType: 'Updated',
    triggerReason: 'Authorized',
    timestamp: at(seqNo),
    seqNo,
    transactionInfo: { transactionId },
    ...more,
  })
  return (answer.idTokenInfo as Info | undefined)?.status
}
const plugIn = (say: Say, transactionId: string, id = 1) =>
  tell(say, transactionId, { eventType: 'Started', triggerReason: 'CablePluggedIn', evse: { id } })

for (const protocol of ['ocpp2.0.1', 'ocpp2.1'] as const) {
  test(`${protocol}: a token that charges elsewhere is refused wherever it is told after the start`, async (t) => {
    const { station } = await withTokens(t, {})
    const [one, two] = [station('CS01', protocol), station('CS02', protocol)]
    // With TxStartPoint EVConnected the transaction that comes second may have begun first.
    await plugIn(two, 'B')
    await plugIn(one, 'A')
    await plugIn(one, 'C', 2)

    assert.equal(await tell(one, 'A', { idToken: TAG }), 'Accepted')
    assert.equal(await tell(two, 'B', { idToken: TAG }), 'ConcurrentTx')
    assert.equal(await tell(one, 'C', { idToken: TAG, evse: { id: 2 } }), 'ConcurrentTx')
    assert.equal(await tell(two, 'D', { idToken: TAG, eventType: 'Started' }), 'ConcurrentTx', 'without an EVSE') // biome-ignore format: one line
  })

  test(`${protocol}: the transaction that had the token first keeps it, and stops by it`, async (t) => {
    const { station } = await withTokens(t, {})
    const [one, two] = [station('CS01', protocol), station('CS02', protocol)]
    for (const [say, id] of [[one, 'A'], [two, 'B']] as const) await plugIn(say, id) // biome-ignore format: one line
    await tell(one, 'A', { idToken: TAG })
    await tell(two, 'B', { idToken: TAG })

    assert.equal(await tell(one, 'A', { idToken: { ...TAG, idToken: 'tag-9' } }), 'Accepted')
    assert.equal(await tell(two, 'B', { idToken: TAG, triggerReason: 'StopAuthorized' }), 'Accepted') // biome-ignore format: one line
    assert.equal(await tell(one, 'A', { idToken: TAG, eventType: 'Ended' }), 'Accepted')
    assert.equal(await tell(two, 'B', { idToken: TAG }), 'Accepted', 'nowhere else any more')
  })

  test(`${protocol}: whoever needs no authorization is accepted, whatever the token says`, async (t) => {
    const { station } = await withTokens(t, { status: 'Blocked' })
    const say = station('CS01', protocol)
    for (const idToken of ['', 'NOBODY', 'TAG-9']) {
      const shown = { idToken, type: 'NoAuthorization' }

      assert.equal(await tell(say, 'A', { idToken: shown }), 'Accepted', idToken)
      assert.deepEqual((await say('Authorize', { idToken: shown })).idTokenInfo, { status: 'Accepted' }) // biome-ignore format: one line
    }
    assert.equal(await tell(say, 'A', { idToken: { idToken: '', type: 'Central' } }), 'Unknown')
  })

  test(`${protocol}: a token is known by the type it is entered with, one of the configuration by any`, async (t) => {
    const { station } = await withTokens(t, { type: 'eMAID' }, { idToken: 'TAG-7', status: 'Blocked' }) // biome-ignore format: one line
    const say = station('CS01', protocol)
    const status = async (idToken: string, type: string) =>
      ((await say('Authorize', { idToken: { idToken, type } })).idTokenInfo as Info).status

    assert.equal(await status('TAG-9', 'ISO14443'), 'Unknown')
    assert.equal(await status('TAG-7', 'Central'), 'Unknown')
    assert.equal(await status('TAG-9', 'eMAID'), 'Accepted')
    assert.equal(await status('TAG-7', 'ISO14443'), 'Blocked')
    for (const type of ['eMAID', 'Central']) assert.equal(await status('TAG-1', type), 'Accepted')
  })
}

test('a 1.6 start that comes again is accepted while a later one elsewhere was refused', async (t) => {
  const { station } = await withTokens(t, { type: 'eMAID' })
  const [one, two] = [station('CS01', 'ocpp1.6'), station('CS02', 'ocpp1.6')]
  const start = async (say: Say) =>
    (await say('StartTransaction', { connectorId: 1, idTag: 'TAG-9', meterStart: 0, timestamp: at(0) })).idTagInfo // biome-ignore format: one line

  assert.deepEqual(await start(one), { status: 'Accepted' })
  assert.deepEqual(await start(two), { status: 'ConcurrentTx' })
  assert.deepEqual(await start(one), { status: 'Accepted' })
})

const ROOM: Readonly<Record<Protocol, number>> = { 'ocpp1.6': 20, 'ocpp2.0.1': 36, 'ocpp2.1': 255 }
const groupIn = ({ groupIdToken, parentIdTag }: Info) => parentIdTag ?? groupIdToken
for (const protocol of PROTOCOLS) {
  const is16 = protocol === 'ocpp1.6'
  test(`${protocol}: a group that no message has room for is left out, and its token charges`, async (t) => {
    const [short, long] = ['G'.repeat(ROOM[protocol]), 'G'.repeat(ROOM[protocol] + 1)]
    const { station } = await withTokens(t, { idToken: 'LONG', groupId: long }, { groupId: short })
    const say = station('CS01', protocol)
    const info = async (idToken: string) => {
      const shown = is16 ? { idTag: idToken } : { idToken: { idToken, type: 'ISO14443' } }
      const answer = await say('Authorize', shown)
      return (answer.idTagInfo ?? answer.idTokenInfo) as Info
    }

    assert.deepEqual(await info('LONG'), { status: 'Accepted' })
    assert.deepEqual(groupIn(await info('TAG-9')), is16 ? short : { idToken: short, type: 'Central' }) // biome-ignore format: one line
  })

  test(`${protocol}: such a group is left out of the local list, which says of how many tokens`, async (t) => {
    const { csms, store, asked } = await startPair(t, protocol)
    const entry = { ...PLAIN, idToken: 'LONG', groupId: 'G'.repeat(ROOM[protocol] + 1) }
    const entries = [entry, { ...PLAIN, idToken: 'TAG-9', groupId: 'FLEET' }]

    const job = await replaceLocalList(csms.operations, store, 'CS01', entries, 'anna')

    await until(() => asked.length > 0, 'the list')
    assert.deepEqual([job.leftOut, job.groupsLeftOut], [0, 1])
    const [, sent] = asked[0] ?? []
    const list = (sent as { localAuthorizationList: { idTagInfo?: Info; idTokenInfo?: Info }[] }).localAuthorizationList // biome-ignore format: one line
    const groups = list.map(({ idTagInfo, idTokenInfo = idTagInfo }) => idTokenInfo && groupIn(idTokenInfo)) // biome-ignore format: one line
    assert.deepEqual(groups, [undefined, is16 ? 'FLEET' : { idToken: 'FLEET', type: 'Central' }])
  })
}
