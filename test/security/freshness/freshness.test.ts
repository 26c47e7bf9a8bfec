import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ReplayClass } from '../../../src/messages/actions.ts'
import { CHALLENGE_S, Challenges } from '../../../src/security/freshness/challenges.ts'
import {
  type Freshness,
  FreshnessGate,
  LIVE_S,
  type Moment,
  QUEUED_S,
  SKEW_S,
} from '../../../src/security/freshness/freshness.ts'
import type { ObeyedMessages } from '../../../src/security/freshness/obeyed-messages.ts'
import { SeenMessages } from '../../../src/security/freshness/seen-messages.ts'
import type { MessageFields } from '../../../src/security/header.ts'
import { PROPERTY } from '../../seed.ts'
import { CALL } from '../keys.ts'

/** Whether a verified message is of now, and obeyed once. Times are seconds since 1970. */

const NOW = 1_800_000_000
const LONG_AGO = NOW - 86_400

function gateWith(limits: readonly [number?, number?] = [], obeyed?: ObeyedMessages) {
  let count = 0
  const random = (length: number) => new Uint8Array(length).fill(++count)
  return new FreshnessGate(new SeenMessages(...limits), new Challenges(random), obeyed)
}

interface Said extends Partial<MessageFields> {
  readonly digest?: string
  readonly replay?: ReplayClass
}

/** Judges a CALL that is signed now and holds for a minute, but for what is said. */
function judge(gate: FreshnessGate, said: Said = {}, moment: Partial<Moment> = {}): Freshness {
  const { digest = 'digest-1', replay = 'live', ...fields } = said
  const header = { ...CALL, iat: NOW, exp: (fields.iat ?? NOW) + LIVE_S, ...fields } as MessageFields // biome-ignore format: one line
  const at = { nowS: NOW, startedS: LONG_AGO, isClockTrusted: true, ...moment }
  return gate.judge({ header, digest, replay }, at)
}

const kindOf = (freshness: Freshness) =>
  freshness.kind === 'refused' ? freshness.reason : freshness.kind

test('a live message is taken within half a minute of its signing and not after its end', () => {
  const at = (nowS: number, said: Said = {}) => kindOf(judge(gateWith(), said, { nowS }))

  assert.equal(at(NOW), 'fresh')
  assert.equal(at(NOW + SKEW_S), 'fresh')
  assert.equal(at(NOW + SKEW_S + 1), 'expired')
  assert.equal(at(NOW - SKEW_S), 'fresh')
  assert.equal(at(NOW - SKEW_S - 1), 'from-the-future')
  assert.equal(at(NOW + 11, { exp: NOW + 10 }), 'expired')
  assert.equal(at(NOW, { exp: NOW + LIVE_S + 1 }), 'holds-too-long')
})

test('a queued message may be a week old, but not of the future, and counts once', () => {
  const gate = gateWith()
  const at = (nowS: number, exp = NOW + QUEUED_S, more: Said = {}) => kindOf(judge(gate, { replay: 'queued', exp, ...more }, { nowS })) // biome-ignore format: one line

  assert.equal(at(NOW + QUEUED_S), 'fresh')
  assert.equal(at(NOW + QUEUED_S), 'repeated')
  assert.equal(at(NOW + QUEUED_S, NOW + QUEUED_S, { digest: 'digest-2' }), 'replayed')
  assert.equal(at(NOW + QUEUED_S + 1), 'expired')
  assert.equal(at(NOW - SKEW_S - 1), 'from-the-future')
  assert.equal(at(NOW, NOW + QUEUED_S + 1), 'holds-too-long')
})

test('where no database says what was obeyed, a queued message of before a restart is to be signed anew', () => {
  const startedS = NOW - SKEW_S
  const at = (said: Said = {}, obeyed?: ObeyedMessages, gate = gateWith([], obeyed)) =>
    kindOf(
      judge(gate, { replay: 'queued', exp: (said.iat ?? NOW) + QUEUED_S, ...said }, { startedS }),
    )
  assert.equal(at({ iat: NOW - 1 }), 'challenge')
  assert.equal(at({ iat: NOW - 3 * 86_400 }), 'challenge')
  assert.equal(at({ iat: NOW }), 'fresh', 'this process would know it')
  assert.equal(at({ iat: NOW - 1, OCPPMessageTypedId: 6 }), 'not-provable')
  assert.equal(at({ iat: NOW - 1 }, { find: () => undefined }), 'fresh', 'the database knows it')
})

test('a queued message of before a restart is not challenged where its signer has answered a challenge since, or where it is remembered', () => {
  const gate = gateWith()
  const at = { startedS: NOW - 1, nowS: NOW + 5 }
  const say = (nonce: string, more: Said = {}) => judge(gate, { replay: 'queued', exp: NOW + QUEUED_S, nonce, ...more }, at) // biome-ignore format: one line
  const asked = say('n1')
  assert.ok(asked.kind === 'challenge')
  assert.equal(kindOf(say('n2', { chal: asked.challenge })), 'fresh')
  assert.equal(kindOf(say('n3', { iat: NOW + 1 })), 'fresh')
  assert.equal(kindOf(say('n3', { iat: NOW + 1 })), 'repeated')
  assert.equal(kindOf(say('n4', { iat: NOW - 1, exp: NOW + 60 })), 'challenge')
})

test('a queued message that was forgotten because the clock went far ahead is not taken again when it is set back', () => {
  const gate = gateWith()
  const at = (nowS: number, said: Said = {}) => kindOf(judge(gate, { replay: 'queued', iat: NOW, exp: NOW + QUEUED_S, ...said }, { nowS })) // biome-ignore format: one line
  assert.equal(at(NOW), 'fresh')
  const late = NOW + QUEUED_S + 60
  assert.equal(at(late, { iat: late, exp: late + QUEUED_S, nonce: 'n2' }), 'fresh')
  assert.equal(at(NOW + 60), 'challenge')
})

test('what a database keeps of queued messages is known after the process has forgotten it, or was not there', () => {
  const kept = { from: CALL.from, id: CALL.id, nonce: CALL.nonce, digest: 'digest-1', until: NOW + QUEUED_S, reply: new Uint8Array([1]) as Uint8Array | undefined } // biome-ignore format: one line
  const gate = () => gateWith([], { find: (from, id) => (from === kept.from && id === kept.id ? kept : undefined) }) // biome-ignore format: one line
  const at = (more: Said = {}) => judge(gate(), { replay: 'queued', exp: NOW + QUEUED_S, ...more })
  const again = at()
  assert.deepEqual(again.kind === 'repeated' && again.message.reply, kept.reply)
  assert.equal(kindOf(at({ digest: 'digest-2' })), 'replayed')
  assert.equal(kindOf(at({ nonce: 'BAECAwQFBgcICQoLDA0ODw' })), 'replayed')
  assert.equal(kindOf(at({ id: '01890a5d-ac96-774b-bcce-b302099a8058' })), 'fresh')
  kept.reply = undefined
  assert.equal(kindOf(at()), 'fresh', 'its handler has to say what it answered')
})

test('the same CALL again gets what was answered; anything else with its nonce is refused', () => {
  const gate = gateWith()
  const first = judge(gate)
  assert.ok(first.kind === 'fresh' && first.message)
  first.message.reply = new Uint8Array([1, 2, 3])

  const again = judge(gate)
  assert.ok(again.kind === 'repeated')
  assert.deepEqual(again.message.reply, new Uint8Array([1, 2, 3]))
  assert.equal(kindOf(judge(gate, { digest: 'digest-2' })), 'replayed')
  assert.equal(kindOf(judge(gate, { id: '01890a5d-ac96-774b-bcce-b302099a8058' })), 'replayed')
  assert.equal(kindOf(judge(gate, { from: 'CS77' })), 'fresh', "another originator's nonce is another one") // biome-ignore format: one line
})

test('a SEND is never repeated', () => {
  const gate = gateWith()
  assert.equal(kindOf(judge(gate, { OCPPMessageTypedId: 6 })), 'fresh')
  assert.equal(kindOf(judge(gate, { OCPPMessageTypedId: 6 })), 'replayed')
})

test('what may have been obeyed before a restart is to be signed anew, with a challenge that counts once', () => {
  const startedS = NOW - SKEW_S + 0.5
  const gate = gateWith()
  const asked = judge(gate, {}, { startedS })
  assert.ok(asked.kind === 'challenge')
  const chal = asked.challenge

  const anew = { nonce: 'AAAAAAAAAAAAAAAAAAAAAQ', chal }
  assert.equal(kindOf(judge(gate, { ...anew, from: 'CS77' }, { startedS })), 'not-challenged', 'it was issued to somebody else') // biome-ignore format: one line
  assert.equal(kindOf(judge(gate, anew, { startedS })), 'fresh')
  assert.equal(kindOf(judge(gate, anew, { startedS })), 'repeated')
  const other = { nonce: 'AAAAAAAAAAAAAAAAAAAAAg', chal }
  assert.equal(kindOf(judge(gate, other, { startedS })), 'not-challenged')
  assert.equal(kindOf(judge(gate, { iat: NOW + 1, nonce: 'AAAAAAAAAAAAAAAAAAAAAw' }, { startedS })), 'fresh') // biome-ignore format: one line
})

test('a SEND of the time before a restart is dropped: nobody would answer a challenge', () => {
  assert.equal(kindOf(judge(gateWith(), { OCPPMessageTypedId: 6 }, { startedS: NOW })), 'not-provable') // biome-ignore format: one line
})

test('who has no clock, and whoever has none to compare with, is challenged; the times do not matter then', () => {
  for (const [said, moment] of [[{ iat: 0 }, {}], [{}, { isClockTrusted: false }], [{ iat: NOW - 900 }, { isClockTrusted: false }]] as const) {
    const gate = gateWith()
    const asked = judge(gate, said, moment)
    assert.ok(asked.kind === 'challenge')
    const answered = { ...said, chal: asked.challenge, nonce: 'AAAAAAAAAAAAAAAAAAAAAQ' }
    assert.equal(kindOf(judge(gate, answered, { ...moment, nowS: NOW + CHALLENGE_S })), 'fresh')
  } // biome-ignore format: a table
})

test('a challenge is good for a minute', () => {
  const gate = gateWith()
  const asked = judge(gate, { iat: 0 })
  assert.ok(asked.kind === 'challenge')
  const late = { nowS: NOW + CHALLENGE_S + 1 }
  assert.equal(kindOf(judge(gate, { iat: 0, chal: asked.challenge }, late)), 'not-challenged')
})

test('who asks for challenges without end loses its own and nobody else', () => {
  const challenges = new Challenges((length) => Uint8Array.from({ length }, () => Math.random() * 256)) // biome-ignore format: one line
  const mine = challenges.issue('CS01', NOW)
  const [first, ...others] = Array.from({ length: 1_000 }, () => challenges.issue('CS02', NOW))
  assert.equal(challenges.redeem('CS02', first ?? '', NOW), false)
  assert.equal(challenges.redeem('CS02', others.at(-1) ?? '', NOW), true)
  assert.equal(challenges.redeem('CS01', mine, NOW), true)
})

test('where there is no room to remember a message it is refused, until others are too old', () => {
  const gate = gateWith([2, 2])
  const say = (from: string, nonce: string, nowS = NOW) =>
    kindOf(judge(gate, { from, nonce, iat: nowS }, { nowS }))

  assert.equal(say('CS01', 'a'), 'fresh')
  assert.equal(say('CS01', 'b'), 'fresh')
  assert.equal(say('CS01', 'c'), 'too-many')
  assert.equal(say('CS02', 'a'), 'fresh', 'others are not touched by it')
  assert.equal(say('CS03', 'a'), 'too-many')
  assert.equal(say('CS01', 'a'), 'repeated')
  assert.equal(say('CS03', 'a', NOW + LIVE_S + 6), 'fresh')
})

test('however often and whenever a message is delivered, and the receiver restarted, it is obeyed once', () => {
  const event = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('deliver' as const), which: fc.nat(5), wait: fc.integer({ min: 0, max: 20 }) }) }, // biome-ignore format: one line
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('sign' as const), which: fc.integer({ min: -SKEW_S, max: SKEW_S }), wait: fc.double({ min: 0, max: 20, noNaN: true }) }) }, // biome-ignore format: one line
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), which: fc.constant(0), wait: fc.double({ min: 0, max: 20, noNaN: true }) }) }, // biome-ignore format: one line
  )
  const property = fc.property(fc.array(event, { maxLength: 60 }), (events) => {
    let nowS = NOW
    let startedS = LONG_AGO
    let gate = gateWith()
    const signed: { iat: number; nonce: string }[] = []
    const obeyed = new Map<string, number>()
    for (const { kind, which, wait } of events) {
      nowS += wait
      if (kind === 'sign')
        signed.push({ iat: Math.floor(nowS + which), nonce: `n${signed.length}` })
      if (kind === 'restart') {
        startedS = nowS
        gate = gateWith()
      }
      const message = kind === 'deliver' ? signed[signed.length - 1 - which] : undefined
      if (!message) continue
      const verdict = judge(gate, message, { nowS, startedS })
      if (verdict.kind === 'fresh') obeyed.set(message.nonce, (obeyed.get(message.nonce) ?? 0) + 1)
    }
    for (const [nonce, times] of obeyed) assert.equal(times, 1, nonce)
  })
  fc.assert(property, { ...PROPERTY, numRuns: PROPERTY.numRuns * 10 })
})

test('who has answered a challenge since the start is not asked again for what it signs later, by that clock and key', () => {
  const gate = gateWith()
  const at = { startedS: NOW - 1 }
  const first = judge(gate, { nonce: 'n1' }, at)
  assert.ok(first.kind === 'challenge')
  const chal = first.challenge
  assert.equal(kindOf(judge(gate, { nonce: 'n2', chal }, at)), 'fresh')
  const said = (nonce: string, iat: number, more: object = {}) => kindOf(judge(gate, { nonce, iat, exp: iat + LIVE_S, ...more }, { ...at, nowS: NOW + 1 })) // biome-ignore format: one line
  assert.equal(said('n3', NOW + 1), 'fresh')
  assert.equal(said('n4', NOW), 'challenge', 'in the same second it may have been before')
  assert.equal(said('n5', NOW - 5), 'challenge')
  assert.equal(said('n6', NOW + 1, { from: 'CS99' }), 'challenge', 'of somebody else')
  assert.equal(said('n7', NOW + 1, { kid: 'another' }), 'challenge', 'by a key with another clock')
})

test('a challenge that is answered without a clock, or by one that was set back, proves nothing of what was signed before', () => {
  for (const iat of [0, NOW - 7_200]) {
    const gate = gateWith()
    const at = { startedS: NOW - 1 }
    const answer = (nonce: string, when: number) => {
      const first = judge(gate, { nonce: `${nonce}?`, iat: 0 }, at)
      assert.ok(first.kind === 'challenge')
      assert.equal(kindOf(judge(gate, { nonce, iat: when, chal: first.challenge }, at)), 'fresh')
    }
    if (iat > 0) answer('n0', NOW)
    answer('n1', iat)
    assert.equal(kindOf(judge(gate, { nonce: 'old', replay: 'queued', iat: NOW - 3_600, exp: NOW + 3_600 }, at)), 'challenge', `${iat}`) // biome-ignore format: one line
  }
})
