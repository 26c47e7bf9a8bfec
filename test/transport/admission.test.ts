import assert from 'node:assert/strict'
import crypto, { argon2Sync } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { test } from 'node:test'
import { settle, VirtualClock } from '../../src/primitives/clock.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { type Admission, Admissions, type Claim } from '../../src/transport/admission.ts'
import { formatBasic, Secret } from '../../src/transport/credentials.ts'
import {
  createPasswordCheck,
  newSecret,
  storePassword,
  storeSecret,
} from '../../src/transport/passwords.ts'
import { AttemptThrottle } from '../../src/transport/throttle.ts'

const id = (text: string) => text as NodeId
const RIGHT = 'correct horse'

function claim(name: string, password: string | undefined, more: Partial<Claim> = {}): Claim {
  return {
    id: id(name),
    authorization: password === undefined ? undefined : formatBasic(name, new Secret(password)),
    certificate: undefined,
    isTls: false,
    isOverlay: false,
    address: '192.0.2.1',
    insecure: false,
    ...more,
  }
}

const isIn = (admission: Admission) => !('refused' in admission)
const now = (admission: Admission | Promise<Admission>): Admission => {
  assert.ok(!(admission instanceof Promise), 'answered at once')
  return admission
}

function admissionsOf(password: string, clock = new VirtualClock()) {
  return {
    clock,
    all: new Admissions([{ id: id('CS01'), password: new Secret(password) }], { clock }),
  }
}

// ---- Throttling

test('10 000 wrong passwords slow whoever sends them, and the real station still gets in', () => {
  const { all } = admissionsOf(RIGHT)
  const statuses = new Map<number, number>()
  for (let i = 0; i < 10_000; i++) {
    const answer = now(all.admit(claim('CS01', `guess ${i}`)))
    assert.ok('refused' in answer)
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
    if (i > 100) assert.ok(answer.delayMs >= 60_000)
    if (i % 1_000 === 0)
      assert.ok(isIn(now(all.admit(claim('CS01', RIGHT, { address: '192.0.2.7' })))))
  }
  assert.deepEqual([...statuses], [[401, 50], [429, 9_950]]) // biome-ignore format: one line

  assert.ok(isIn(now(all.admit(claim('CS01', RIGHT)))), 'from the address that guesses')
  assert.ok(
    isIn(now(all.admit(claim('CS01', RIGHT, { address: '192.0.2.2' })))),
    'and from its own',
  )
})

test('the first five wrong attempts of a pair cost nothing, then the wait doubles from 1 s to 60 s', () => {
  const throttle = new AttemptThrottle(new VirtualClock())
  const waits: number[] = []
  for (let i = 0; i < 13; i++) {
    waits.push(throttle.delayMs('CS01', 'a') / 1_000)
    throttle.failed('CS01', 'a')
  }
  assert.deepEqual(waits, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60])
  assert.equal(throttle.delayMs('CS01', 'b'), 0, 'the id from elsewhere')
  assert.equal(throttle.delayMs('CS02', 'a'), 0, 'another id from there')
})

test('a minute of quiet forgets it all, success forgets the pair', async () => {
  const clock = new VirtualClock()
  const throttle = new AttemptThrottle(clock)
  for (let i = 0; i < 60; i++) throttle.failed('CS01', 'a')
  assert.ok(throttle.isFlooding('a'))
  throttle.succeeded('CS01', 'a')
  assert.equal(throttle.delayMs('CS01', 'a'), 0)
  assert.ok(throttle.isFlooding('a'), 'the address has not become better by it')
  await clock.advance(60_000)
  assert.equal(throttle.isFlooding('a'), false)
})

test('fewer than fifty failures in any 60 s never mark an address, however long they go on; fifty do', async () => {
  const clock = new VirtualClock()
  const throttle = new AttemptThrottle(clock)
  for (let i = 0; i < 500; i++) {
    throttle.failed(`S${i % 7}`, 'a')
    assert.equal(throttle.isFlooding('a'), false, `after ${i + 1}`)
    await clock.advance(1_250) // 48 in 60 s
  }
  for (let i = 0; i < 200; i++) {
    throttle.failed('S1', 'a')
    await clock.advance(1_000)
  }
  assert.ok(throttle.isFlooding('a'))
  await clock.advance(11_000)
  assert.equal(throttle.isFlooding('a'), false, 'only 49 of the last 60 s are left')
})

test('a million names and addresses leave a bounded memory behind, and do not wash out the attacker', () => {
  const throttle = new AttemptThrottle(new VirtualClock())
  for (let i = 0; i < 60; i++) throttle.failed('CS01', 'busy')
  for (let i = 0; i < 15_000; i++) throttle.failed(`id ${i}`, `address ${i}`)
  assert.ok(throttle.isFlooding('busy'))
})

// ---- Stored passwords

/** As argon2id, but at once. */
function cheapHash(password: string): string {
  const salt = Buffer.from('salt of a test')
  const cost = { memory: 64, passes: 1, parallelism: 1, tagLength: 32 }
  const hash = argon2Sync('argon2id', { message: password, nonce: salt, ...cost })
  const text = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '')
  return `$argon2id$v=19$m=64,t=1,p=1$${text(salt)}$${text(hash)}`
}

test('a password that somebody chose is stored as argon2id, compared off the event loop, and remembered after one success', async () => {
  const stored = await storePassword(new Secret(RIGHT))
  assert.match(stored, /^\$argon2id\$v=19\$m=65536,t=3,p=4\$/)
  const { all } = admissionsOf(stored)
  const first = all.admit(claim('CS01', RIGHT))
  assert.ok(first instanceof Promise)
  assert.ok(isIn(await first))

  assert.ok(isIn(now(all.admit(claim('CS01', RIGHT)))), 'at once')
  assert.ok(!isIn(await all.admit(claim('CS01', 'wrong'))))
  assert.ok(
    isIn(now(all.admit(claim('CS01', RIGHT)))),
    'a wrong one does not push out the right one',
  )
})

test('a password that is changed while the former one is being computed lets in with the new one only', async () => {
  const { all } = admissionsOf(await storePassword(new Secret(RIGHT)))
  const former = all.admit(claim('CS01', RIGHT))
  assert.ok(former instanceof Promise)
  all.setPassword(id('CS01'), new Secret('changed'))
  assert.ok(!isIn(await former))
  assert.ok(!isIn(await all.admit(claim('CS01', RIGHT))), 'nor is it remembered')
  assert.ok(isIn(await all.admit(claim('CS01', 'changed'))))
})

test('an unknown id is as slow as a known one where passwords are slow', async () => {
  const { all } = admissionsOf(await storePassword(new Secret(RIGHT)))
  const unknown = all.admit(claim('CS99', RIGHT))
  assert.ok(unknown instanceof Promise)
  const answer = await unknown
  assert.ok('refused' in answer && answer.isUnknown)
})

test('whoever is asked for, an attempt costs as many HMACs', (t) => {
  const { all } = admissionsOf(RIGHT)
  const bare = new Admissions([{ id: id('CS02'), securityProfile: 3 }])
  const count = t.mock.method(crypto, 'createHmac').mock
  syncBuiltinESMExports()
  t.after(() => {
    count.restore()
    syncBuiltinESMExports()
  })
  const costOf = (admissions: Admissions, one: Claim) => {
    const before = count.callCount()
    now(admissions.admit(one))
    return count.callCount() - before
  }
  const known = costOf(all, claim('CS01', 'a guess'))
  assert.ok(known >= 2, 'what is counted is what is used')
  assert.equal(costOf(all, claim('CS99', 'a guess')), known)
  assert.equal(costOf(all, { ...claim('CS99', 'a guess'), id: undefined }), known)
  assert.equal(costOf(bare, claim('CS02', 'a guess')), known)
  assert.equal(costOf(all, claim('CS01', undefined)), costOf(all, claim('CS99', undefined)))
})

test('where an address floods, slow hashes are left out and the remembered password still gets in', async () => {
  const { all } = admissionsOf(await storePassword(new Secret(RIGHT)))
  assert.ok(isIn(await all.admit(claim('CS01', RIGHT))))
  for (let i = 0; i < 50; i++) now(all.admit(claim(`X${i}`, undefined)))
  const wrong = now(await all.admit(claim('CS01', 'wrong')))
  assert.ok('refused' in wrong && wrong.status === 429)
  assert.ok(isIn(now(all.admit(claim('CS01', RIGHT)))))
})

test('failures now and then do not keep others at the address out, whatever their passwords', async () => {
  const { all, clock } = admissionsOf(cheapHash(RIGHT))
  for (let i = 0; i < 120; i++) {
    assert.ok(!isIn(now(all.admit(claim(`X${i}`, undefined)))))
    await clock.advance(10_000)
  }
  assert.ok(isIn(await all.admit(claim('CS01', RIGHT))), 'never seen before')
})

test('from an address that floods a slow password gets in only where it was right before', async () => {
  const peers = ['CS01', 'CS02'].map((name) => ({ id: id(name), password: new Secret(cheapHash(RIGHT)) })) // biome-ignore format: one line
  const all = new Admissions(peers, { clock: new VirtualClock() })
  assert.ok(isIn(await all.admit(claim('CS01', RIGHT))))
  for (let i = 0; i < 50; i++) now(all.admit(claim(`X${i}`, undefined)))
  assert.ok(isIn(await all.admit(claim('CS01', RIGHT))))
  const first = await all.admit(claim('CS02', RIGHT))
  assert.ok('refused' in first && first.status === 429)
  assert.ok(isIn(await all.admit(claim('CS02', RIGHT, { address: '192.0.2.9' }))), 'from elsewhere')
})

/** Peers of each kind, of which one has a password that people choose. */
const mixed = (stored: string) =>
  new Admissions([
    { id: id('CHOSEN'), password: new Secret(stored) },
    { id: id('MACHINE'), password: new Secret('5'.repeat(40)) },
    { id: id('CERT'), securityProfile: 3 },
    { id: id('BARE') },
  ])
const KINDS = ['CHOSEN', 'MACHINE', 'CERT', 'BARE', 'NOBODY', 'ILLEGAL']
/** A wrong password for one of these, each time from another address. */
const wrong = (name: string) => claim(name, 'wrong', { address: `${guesses++}`, ...(name === 'ILLEGAL' && { id: undefined }) }) // biome-ignore format: one line
let guesses = 0

test('where one password is slow a wrong one is slow for everybody, known or not, whatever they have', async () => {
  const all = mixed(await storePassword(new Secret(RIGHT)))
  const tookMs = new Map<string, number>()
  for (const name of KINDS) {
    const began = performance.now()
    const answer = await all.admit(wrong(name))
    tookMs.set(name, performance.now() - began)
    assert.ok('refused' in answer && answer.status === 401)
  }
  for (const [name, ms] of tookMs) assert.ok(ms > 10, `${name}: ${ms} ms`) // a fast one takes 0.2
})

test('the slow password of one peer lets in nobody else', async () => {
  for (const name of KINDS.slice(1)) {
    const all = mixed(cheapHash(RIGHT))
    assert.ok(!isIn(await all.admit({ ...wrong(name), authorization: formatBasic(name, new Secret(RIGHT)) }))) // biome-ignore format: one line
    assert.ok(!isIn(await all.admit(claim(name, RIGHT))), 'nor is it remembered for it')
  }
})

test('wrong passwords for fast and certificate peers wait in the one line of slow ones, right ones in none', async () => {
  for (const name of KINDS) {
    const all = mixed(cheapHash(RIGHT))
    const line = Array.from({ length: 102 }, () => all.admit(wrong('NOBODY')))
    const late = all.admit(wrong(name))
    assert.ok(isIn(now(all.admit(claim('MACHINE', '5'.repeat(40))))))
    const shown = { nodeIds: [], hasNodeUri: false, dnsNames: ['CERT'], commonName: undefined, organization: undefined } // biome-ignore format: one line
    const more = { isTls: true, certificate: shown }
    assert.ok(isIn(now(all.admit(claim('CERT', 'whatever it says', more)))))
    const answer = await late
    assert.ok('refused' in answer && answer.status === 503, name)
    await Promise.all(line)
  }
})

test('of many slow attempts two are computed at a time and a hundred wait; the rest is told to come back', async () => {
  const { all } = admissionsOf(cheapHash(RIGHT))
  const asked = Array.from({ length: 110 }, (_, i) => all.admit(claim('CS01', RIGHT, { address: `a${i}` }))) // biome-ignore format: one line
  await settle()
  const answers = await Promise.all(asked)
  const busy = answers.filter((answer) => 'refused' in answer && answer.status === 503)
  assert.equal(busy.length, 8)
  assert.equal(answers.filter(isIn).length, 102)
})

test('a secret that a machine made is stored under a key, and is nothing without it', () => {
  const secret = newSecret()
  const key = new Secret('key of this node')
  assert.match(secret.reveal(), /^[0-9a-f]{40}$/)
  const stored = new Secret(storeSecret(secret, key))
  const check = createPasswordCheck(stored, key)
  assert.equal(check.matches(Buffer.from(secret.reveal())), true)
  assert.equal(check.matches(Buffer.from(stored.reveal())), false, 'what was stolen from the disk')
  assert.equal(
    createPasswordCheck(stored, new Secret('other')).matches(Buffer.from(secret.reveal())),
    false,
  )
  assert.throws(() => createPasswordCheck(stored), /passwordKeyFile/)
})

test('an AuthorizationKey of 1.6 is the same key as digits and as the bytes they stand for', () => {
  const key = '0001020304050607ffFFffFFffFFffFFffFFffFF'
  const { all } = admissionsOf(key)
  // The header of the example in the OCPP 1.6 security whitepaper, for another id.
  const asBytes = `Basic ${Buffer.concat([Buffer.from('CS01:'), Buffer.from(key, 'hex')]).toString('base64')}`
  assert.ok(isIn(now(all.admit(claim('CS01', undefined, { authorization: asBytes })))))
  assert.ok(isIn(now(all.admit(claim('CS01', key.toLowerCase())))))
  assert.equal(formatBasic('CS01', new Secret(key), true), asBytes)
  assert.ok(!isIn(now(all.admit(claim('CS01', key.slice(2))))))
})

test('a password that was changed counts from then on, the former one no longer', () => {
  const { all } = admissionsOf(RIGHT)
  all.setPassword(id('cs01'), new Secret('changed'))
  assert.ok(!isIn(now(all.admit(claim('CS01', RIGHT)))))
  assert.ok(isIn(now(all.admit(claim('CS01', 'changed')))))
})

for (const broken of [
  '$argon2id$',
  '$argon2id$v=19$m=9999999,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA',
  '$argon2id$v=19$m=65536,t=3,p=4$$',
  '$argon2id$v=18$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA',
  '$hmac-sha256$c2hvcnQ=',
]) {
  test(`the stored form ${broken} is refused at the start`, () => {
    assert.throws(() => createPasswordCheck(new Secret(broken), new Secret('key')), {
      code: 'ERR_CREDENTIAL_STORED',
    })
  })
}

// ---- Who may be a node

test('a station that proves who it is and wants to be a node is refused, whatever it has proved', () => {
  const password = new Secret(RIGHT)
  const clock = new VirtualClock()
  const all = new Admissions([{ id: id('CS01'), password }, { id: id('LC01'), password, peer: 'node' }], { clock }) // biome-ignore format: one line
  const asNode = (name: string, more: Partial<Claim> = {}) =>
    now(all.admit(claim(name, RIGHT, { isOverlay: true, ...more })))

  const refused = asNode('CS01')
  assert.ok('refused' in refused)
  assert.deepEqual([refused.status, refused.delayMs], [403, 0])
  assert.match(refused.refused, /peer: node/)
  assert.ok('refused' in asNode('CS01', { insecure: true }))
  assert.ok(isIn(asNode('LC01')))
  assert.ok(isIn(now(all.admit(claim('CS01', RIGHT)))), 'as a station it gets in')
})

test('a wrong password of a would-be node is a wrong password: nothing is told of its entry', () => {
  const { all } = admissionsOf(RIGHT)
  const refused = now(all.admit(claim('CS01', 'guess', { isOverlay: true })))
  assert.ok('refused' in refused)
  assert.equal(refused.status, 401)
})
