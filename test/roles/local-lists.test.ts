import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { PROTOCOLS, type Protocol } from '../../src/messages/protocols.ts'
import { replaceLocalList } from '../../src/roles/csms/local-lists.ts'
import { OperationError } from '../../src/roles/csms/operations.ts'
import type { ListEntryWish } from '../../src/roles/csms/requests.ts'
import { until } from '../support/until.ts'
import { startPair } from './pair.ts'

/** Lists that take more messages than one: what a station has is what is told of it, or nothing. */

type Members = Record<string, unknown>

/** A station that keeps lists, and says of each message what `judge` says, by their versions. */
async function startLists(
  t: TestContext,
  protocol: Protocol,
  judge: (version: number) => object | 'silence' | [string, string] = () => ({
    status: 'Accepted',
  }),
) {
  const pair = await startPair(t, protocol)
  const { answers, store, csms } = pair
  const is16 = protocol === 'ocpp1.6'
  const held = { version: 0, tokens: new Set<string>() }
  answers.set('SendLocalList', (said) => {
    const version = Number(said.versionNumber ?? said.listVersion)
    const answer = judge(version)
    if (Array.isArray(answer) || (answer as Members).status === 'Failed') return answer
    // Whether or not it can say so, it has taken it.
    if (said.updateType === 'Full') held.tokens.clear()
    const list = (said.localAuthorizationList ?? []) as { idTag?: string; idToken?: { idToken: string } }[] // biome-ignore format: one line
    for (const { idTag, idToken } of list) held.tokens.add(idTag ?? idToken?.idToken ?? '')
    held.version = version
    return answer
  })
  answers.set('GetLocalListVersion', () => ({ [is16 ? 'listVersion' : 'versionNumber']: held.version })) // biome-ignore format: one line
  const replace = (name: string, count: number) =>
    replaceLocalList(csms.operations, store, 'CS01', wishes(name, count), 'anna')
  const job = () => store.listJobs.of('CS01')
  const list = () => store.localLists.of('CS01')
  const ended = () => until(() => job() === undefined || job()?.problem !== undefined, 'the list to end') // biome-ignore format: one line
  return { ...pair, held, replace, job, list, ended }
}

function wishes(name: string, count: number): ListEntryWish[] {
  return Array.from({ length: count }, (_, at) => ({ idToken: `${name}-${at}`, type: 'Central', status: 'Accepted' })) // biome-ignore format: one line
}

const isBusy = (error: unknown) =>
  error instanceof OperationError && error.reason === 'busy' && /CS01.*; try again/.test(error.message) // biome-ignore format: one line

for (const protocol of PROTOCOLS) {
  test(`${protocol}: messages of two lists never mix, for the second is refused until the first has arrived`, async (t) => {
    const { replace, held, list, job, ended } = await startLists(t, protocol)

    const [one, two] = await Promise.allSettled([replace('A', 150), replace('B', 150)])

    assert.deepEqual([one.status, two.status], ['fulfilled', 'rejected'])
    assert.ok(isBusy((two as PromiseRejectedResult).reason))
    await ended()
    assert.deepEqual([job(), held.tokens.size, held.version], [undefined, 150, 2])
    assert.ok([...held.tokens].every((token) => token.startsWith('A-')))
    await replace('B', 150)
    await ended()
    assert.ok([...held.tokens].every((token) => token.startsWith('B-')))
    assert.equal(list()?.entries?.length, 150)
  })

  test(`${protocol}: a list that ended before its last message says which and why, until another one is taken`, async (t) => {
    let isFull = true
    const { replace, job, list, ended } = await startLists(t, protocol, (version) => ({ status: version === 2 && isFull ? 'Failed' : 'Accepted' })) // biome-ignore format: one line

    await replace('A', 250)
    await ended()

    assert.deepEqual(job(), { messages: 3, taken: 1, problem: 'message 2 of 3: Failed' })
    assert.deepEqual([list()?.version, list()?.entries?.length], [1, 100])
    isFull = false
    await replace('A', 250)
    await ended()
    assert.deepEqual([job(), list()?.entries?.length], [undefined, 250])
  })
}

const TYPES_OF_2_1 = ['DirectPayment', 'EVCCID', 'VIN']
const TYPES = ['Central', 'eMAID', 'ISO14443', 'ISO15693', 'KeyCode', 'Local', 'MacAddress', 'NoAuthorization', ...TYPES_OF_2_1] // biome-ignore format: one line
for (const protocol of PROTOCOLS) {
  test(`${protocol}: tokens of types that the version has no word for are left out of a list, and all others are in it`, async (t) => {
    const { csms, store, held, ended, job } = await startLists(t, protocol)
    const entries = TYPES.map((type) => ({ idToken: `A-${type}`, type, status: 'Accepted' as const })) // biome-ignore format: one line
    const isKnown = (type: string) => protocol !== 'ocpp2.0.1' || !TYPES_OF_2_1.includes(type)

    const list = await replaceLocalList(csms.operations, store, 'CS01', entries, 'anna')
    await ended()

    const known = TYPES.filter(isKnown)
    assert.deepEqual([list.leftOut, list.groupsLeftOut], [TYPES.length - known.length, 0])
    assert.deepEqual([job(), ...held.tokens], [undefined, ...known.map((type) => `A-${type}`)])
  })
}

test('a token that is too long and of an unknown type is left out once', async (t) => {
  const { csms, store, held, ended } = await startLists(t, 'ocpp2.0.1')
  const long = { idToken: 'V'.repeat(37), type: 'VIN', status: 'Accepted' } as const

  const list = await replaceLocalList(csms.operations, store, 'CS01', [long, ...wishes('A', 1)], 'anna') // biome-ignore format: one line
  await ended()

  assert.deepEqual([list.leftOut, ...held.tokens], [1, 'A-0'])
})

test('a list on its way when the CSMS ended is told as incomplete, and its entries as not known', async (t) => {
  const { csms, store, clock, replace, job, list, held, submit, reaches } = await startLists(t, 'ocpp2.0.1', (version) => (version === 2 ? 'silence' : { status: 'Accepted' })) // biome-ignore format: one line
  await replace('A', 250)
  await until(() => held.version === 2, 'the station to have taken the second message')

  await csms.operations.start()

  assert.deepEqual(job(), { messages: 3, taken: 1, problem: 'message 2 of 3: the CSMS was restarted before there was an answer' }) // biome-ignore format: one line
  assert.deepEqual([list()?.version, list()?.entries], [1, undefined])
  await clock.advance(60_000) // nobody waits for that answer any more
  await reaches(await submit('GetLocalListVersion', {}), 'effect-seen')
  assert.deepEqual([list()?.version, list()?.entries], [2, undefined])
  await replace('B', 3)
  await until(() => list()?.entries?.length === 3, 'the new list')
  await until(() => job() === undefined, 'nothing to be on its way')
  await store.write(() => store.listJobs.begin('CS01', 2))
  await csms.operations.start()
  assert.deepEqual(job(), { messages: 2, taken: 0, problem: 'the CSMS was restarted before it was sent as a whole' }) // biome-ignore format: one line
})

test('a message of a list whose answer is lost leaves its entries unknown, unless the station says it has done nothing', async (t) => {
  const { csms, replace, list, job, ended, answers } = await startLists(t, 'ocpp1.6')
  await replace('A', 3)
  await ended()
  answers.set('SendLocalList', ['NotImplemented', 'what is that'])
  await replace('B', 3)
  await ended()
  assert.deepEqual([job()?.taken, list()?.entries?.length], [0, 3])

  answers.set('SendLocalList', ['InternalError', 'half of it'])
  await replace('B', 3)
  await ended()

  assert.match(job()?.problem ?? '', /^message 1 of 1: InternalError/)
  assert.deepEqual([list()?.version, list()?.entries], [1, undefined])
  await csms.operations.start()
  assert.equal(job()?.taken, 0)
})

test('a list that a station was not given here is one of which nobody knows the entries; version 0 has none', async (t) => {
  const { submit, reaches, list, held } = await startLists(t, 'ocpp2.1')
  const ask = async (version: number) => {
    held.version = version
    await reaches(await submit('GetLocalListVersion', {}), 'effect-seen')
    return list()
  }

  assert.deepEqual((await ask(7))?.entries, undefined)
  assert.deepEqual((await ask(0))?.entries, [])
})

test('a list for a station that is not there leaves that one its entries', async (t) => {
  const { store, csms, list, replace, ended } = await startLists(t, 'ocpp2.0.1')
  await replace('A', 3)
  await ended()
  const { version = 0, entries = [] } = list() ?? {}
  const at = '2026-01-05T11:00:00.000Z'
  await store.write(() => {
    store.addMessage({ station: 'CS02', protocol: 'ocpp2.0.1', action: 'Heartbeat', receivedAt: at, payload: Buffer.from('{}') }) // biome-ignore format: one line
    store.localLists.change('CS02', { version, isFull: true, entries }, at)
  })

  await replaceLocalList(csms.operations, store, 'CS02', wishes('B', 3), 'anna')
  await until(() => store.listJobs.of('CS02')?.problem !== undefined, 'it to fail')

  assert.match(store.listJobs.of('CS02')?.problem ?? '', /no route to CS02/)
  assert.equal(store.localLists.of('CS02')?.entries?.length, 3)
})
