import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { OverlayError } from '../../src/errors.ts'
import type { NodeEvent } from '../../src/node/core.ts'
import type { HandlersByProtocol } from '../../src/node/handlers.ts'
import { type Reach, TrustPush } from '../../src/node/trust-push.ts'
import { settle, VirtualClock } from '../../src/primitives/clock.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { systemRandomness } from '../../src/primitives/randomness.ts'
import { publicKeyOf } from '../../src/security/jwk.ts'
import { signSuccessor, successorOf } from '../../src/security/keys/rotation.ts'
import { DEFAULT_POLICY } from '../../src/security/policies/default-policy.ts'
import { createMemorySigner } from '../../src/security/signer.ts'
import type { TrustStatement } from '../../src/storage/trust-store.ts'
import { PROPERTY } from '../seed.ts'
import { overlay } from '../support/memory-overlay.ts'
import { managedSecurityOf, reasonsAt, securityOf, signedRevocations, signerOf, usualRecordOf } from '../support/secured.ts' // biome-ignore format: one line

/** Whose keys count is told to every node: in order, again and again, and also to who comes late. */

const made = new Map<string, TrustStatement>()
/** The same object for the same statement, as a store has it. */
function statement(one: TrustStatement): TrustStatement {
  const known = made.get(nameOf(one)) ?? one
  made.set(nameOf(one), known)
  return known
}
const record = (kid: string) => statement({ kind: 'keyRecord', payload: { kid } })
const list = (version: number) => statement({ kind: 'revocationList', payload: { version } })
const nameOf = ({ payload }: TrustStatement) => `${payload.kid ?? `list ${payload.version}`}`

/** A push among nodes that do as the test says. */
function site() {
  const clock = new VirtualClock(0)
  const one = {
    clock,
    statements: [] as TrustStatement[],
    reach: new Map<string, Reach>(),
    told: new Map<string, string[]>(),
    /** What a node answers; default it accepts. */
    answer: async (_to: string, _what: string): Promise<{ status: string; problem?: string }> => ({ status: 'Accepted' }), // biome-ignore format: one line
    events: [] as Extract<NodeEvent, { name: 'trust.unpushed' }>[],
    open: 0,
    most: 0,
    push: undefined as unknown as TrustPush,
    /** Time passes as in a node: it sweeps every second. */
    wait: async (seconds: number, step = 1) => {
      for (let i = 0; i < seconds; i += step) {
        await clock.advance(step * 1_000)
        one.push.sweep()
        await settle()
      }
    },
  }
  one.push = new TrustPush({
    clock,
    statements: () => one.statements,
    targets: () => [...one.reach.keys()] as NodeId[],
    reachOf: (id) => one.reach.get(id) ?? 'no',
    tell: async (to, statement) => {
      one.most = Math.max(one.most, ++one.open)
      try {
        const answer = await one.answer(to, nameOf(statement))
        one.told.set(to, [...(one.told.get(to) ?? []), nameOf(statement)])
        return answer
      } finally {
        one.open--
      }
    },
    emit: (event) => event.name === 'trust.unpushed' && one.events.push(event),
  })
  return one
}

test('nothing is told before somebody pushes', async () => {
  const one = site()
  one.statements = [record('a')]
  one.reach.set('CS01', 'yes')
  await one.wait(10)
  assert.equal(one.told.size, 0)
})

test('every node is told everything once and in order, and what is new later', async () => {
  const one = site()
  one.statements = [record('a'), record('b'), list(1)]
  for (const id of ['CS01', 'CS02']) one.reach.set(id, 'yes')
  assert.deepEqual(await one.push.push(), [])
  one.statements = [record('a'), record('b'), record('c'), list(2)]
  assert.deepEqual(await one.push.push(), [])
  await one.push.push()
  await one.wait(60)
  for (const id of ['CS01', 'CS02']) assert.deepEqual(one.told.get(id), ['a', 'b', 'list 1', 'c', 'list 2']) // biome-ignore format: one line
})

test('of revocation lists only the newest is told to who comes late, and nothing that came after an older one is left out', async () => {
  const one = site()
  one.statements = [record('a'), list(1)]
  await one.push.push()
  one.statements = [record('a'), record('b'), list(1)]
  await one.push.push()
  one.reach.set('CS01', 'yes')
  await one.wait(2)
  assert.deepEqual(one.told.get('CS01'), ['a', 'list 1', 'b'])
  one.statements = [record('a'), record('b'), list(2)]
  await one.push.push()
  one.reach.set('CS02', 'yes')
  await one.wait(2)
  assert.deepEqual(one.told.get('CS02'), ['a', 'b', 'list 2'])
})

test('who cannot be reached is not tried, and told as soon as it is there', async () => {
  const one = site()
  one.statements = [record('a')]
  one.reach.set('CS01', 'no')
  assert.deepEqual(await one.push.push(), ['CS01'])
  await one.wait(100)
  assert.deepEqual(one.events, [])
  one.reach.set('CS01', 'yes')
  await one.wait(1)
  assert.deepEqual(one.told.get('CS01'), ['a'])
  assert.deepEqual(one.push.behind(), [])
})

test('who does not answer is tried again with growing delay, and at once when it was heard of', async () => {
  const one = site()
  one.statements = [record('a'), record('b')]
  one.reach.set('CS01', 'perhaps')
  const tries: number[] = []
  let isDeaf = true
  one.answer = async () => {
    tries.push(one.clock.now() / 1_000)
    if (isDeaf) throw new OverlayError('ERR_LINK_TIMEOUT')
    return { status: 'Accepted' }
  }
  await one.push.push()
  await one.wait(40)
  assert.deepEqual(tries, [0, 1, 3, 7, 15, 31])
  assert.deepEqual(one.events.map(({ inMs }) => inMs), [1_000, 2_000, 8_000], 'the 1st, 2nd, 4th …') // biome-ignore format: one line
  assert.deepEqual(one.events[0], { name: 'trust.unpushed', to: 'CS01', what: 'key record a', why: 'ERR_LINK_TIMEOUT', inMs: 1_000 }) // biome-ignore format: one line
  await one.wait(3_600)
  const gaps = tries.slice(1).map((at, i) => at - (tries[i] ?? 0))
  assert.equal(Math.max(...gaps), 600)
  isDeaf = false
  one.reach.set('CS01', 'yes')
  await one.wait(1)
  assert.deepEqual(one.told.get('CS01'), ['a', 'b'], 'in order, also after a failure')
})

test('what a node refuses for good is told, and the rest goes on', async () => {
  const one = site()
  one.statements = [record('a'), record('b'), record('c'), list(1)]
  one.reach.set('CS01', 'yes')
  const problems = new Map([['a', 'old-version'], ['b', 'not-endorsed'], ['c', 'revoked']]) // biome-ignore format: one line
  one.answer = async (_, what) => {
    const problem = problems.get(what)
    return problem === undefined ? { status: 'Accepted' } : { status: 'Rejected', problem }
  }
  assert.deepEqual(await one.push.push(), [])
  assert.deepEqual(one.events, [{ name: 'trust.unpushed', to: 'CS01', what: 'key record b', why: 'not-endorsed' }]) // biome-ignore format: one line
})

test('only a few are told at a time, and one that hangs keeps nobody else waiting', async () => {
  const one = site()
  one.statements = [record('a')]
  for (let i = 0; i < 50; i++) one.reach.set(`CS${i}`, 'yes')
  one.answer = async (to) => (to === 'CS0' ? new Promise(() => {}) : { status: 'Accepted' })
  void one.push.push()
  await one.wait(5)
  assert.equal(one.told.size, 49)
  assert.equal(one.most, 8)
  one.push.stop()
})

test('who was heard of is told before who is only perhaps there', async () => {
  const one = site()
  one.statements = [record('a')]
  for (let i = 0; i < 8; i++) one.reach.set(`GONE${i}`, 'perhaps')
  one.reach.set('CS01', 'yes')
  one.answer = async (to) => (to === 'CS01' ? { status: 'Accepted' } : new Promise(() => {}))
  void one.push.push()
  await settle()
  assert.deepEqual([...one.told.keys()], ['CS01'])
  one.push.stop()
})

test('property: whatever fails, each node has taken in order what was there to take', async () => {
  const step = fc.oneof(
    fc.record({ does: fc.constant('record' as const) }),
    fc.record({ does: fc.constant('reach' as const), to: fc.nat(3), reach: fc.constantFrom<Reach>('no', 'perhaps', 'yes') }), // biome-ignore format: one line
    fc.record({ does: fc.constant('deaf' as const), to: fc.nat(3), isDeaf: fc.boolean() }),
    fc.record({ does: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 20 }) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const one = site()
      const deaf = new Set<string>()
      one.answer = async (to) => {
        if (deaf.has(to)) throw new OverlayError('ERR_LINK_TIMEOUT')
        return { status: 'Accepted' }
      }
      for (const now of steps) {
        if (now.does === 'record') {
          one.statements = [...one.statements, record(`${one.statements.length}`)]
          void one.push.push()
        } else if (now.does === 'reach') one.reach.set(`CS${now.to}`, now.reach)
        else if (now.does === 'wait') await one.wait(now.seconds)
        else if (now.isDeaf) deaf.add(`CS${now.to}`)
        else deaf.delete(`CS${now.to}`)
      }
      deaf.clear()
      for (const id of one.reach.keys()) one.reach.set(id, 'yes')
      await one.wait(620, 20)
      const all = one.statements.map(nameOf)
      for (const id of one.reach.keys()) assert.deepEqual(one.told.get(id) ?? [], all)
    }),
    PROPERTY,
  )
})

/** A CSMS, a node and two stations below it, all of whom can be told; a technician above. */
async function park(t: TestContext) {
  const net = overlay(t)
  const { clock } = net
  const accept = () => ({ status: 'Accepted' })
  const beat = () => ({ currentTime: new Date(clock.now()).toISOString() })
  const handlers = { 'ocpp2.1': { Reset: accept, Heartbeat: beat } } as unknown as HandlersByProtocol // biome-ignore format: one line
  const security = new Map(['CSMS01', 'LC01', 'CS01', 'CS02', 'OWNER01'].map((id) => [id, managedSecurityOf(id, clock)])) // biome-ignore format: one line
  const nodeOf = (id: string, hasDefaultRoute = true) => {
    const own = security.get(id) ?? securityOf(id)
    return net.node(id, { handlers, hasDefaultRoute, security: own })
  }
  const csms = await nodeOf('CSMS01', false)
  const [lc, first, second] = [await nodeOf('LC01'), await nodeOf('CS01'), await nodeOf('CS02')]
  const [guest, owner] = [await nodeOf('GUEST'), await nodeOf('OWNER01')]
  for (const [below, above] of [['LC01', 'CSMS01'], ['CS01', 'LC01'], ['GUEST', 'CSMS01'], ['OWNER01', 'CSMS01']]) net.connect(`${below}`, `${above}`) // biome-ignore format: one line
  await net.wait(61)
  const told = <T>(asked: Promise<T>): Promise<T> => net.over(asked)
  const hello = (node: typeof csms) => told(node.call('CSMS01', 'ocpp2.1', 'Heartbeat', {}))
  const reset = (by: typeof csms, to: string) => told(by.call(to, 'ocpp2.1', 'Reset', { type: 'Immediate' })) // biome-ignore format: one line
  await hello(first)
  const trustOf = (id: string) => security.get(id)?.trust ?? assert.fail(id)
  return {
    net,
    clock,
    csms,
    lc,
    first,
    second,
    guest,
    owner,
    security,
    trustOf,
    told,
    hello,
    reset,
  }
}

test('a revoked key orders nothing at any node, not at one either that came later, and is pushed by who began only', async (t) => {
  const { net, clock, csms, second, guest, trustOf, told, hello, reset } = await park(t)
  assert.equal((await reset(guest, 'CS01')).status, 'Accepted')
  const revoked = await signedRevocations(1, [signerOf('GUEST').kid], clock)
  assert.equal(csms.manage('UpdateRevocationList', { revocationList: revoked }).status, 'Accepted')
  // Those that are not connected are tried when they are.
  const behind = await told(csms.pushTrust())
  assert.deepEqual([...behind].sort(), ['CS02', 'NN01'])
  for (const to of ['CS01', 'LC01']) {
    await assert.rejects(reset(guest, to))
    assert.deepEqual(reasonsAt(net, to), ['unknown-keys'])
  }
  await assert.rejects(reset(guest, 'CSMS01'))

  net.connect('CS02', 'LC01')
  await net.settle()
  assert.equal(trustOf('CS02').signedRevocations(), undefined)
  await hello(second)
  await net.wait(2)
  await assert.rejects(reset(guest, 'CS02'))
  assert.deepEqual(reasonsAt(net, 'CS02'), ['unknown-keys'])
  const told02 = net.events.get('CS02')?.filter(({ name }) => name === 'keys.revoked')
  assert.deepEqual(told02, [{ name: 'keys.revoked', by: 'CSMS01', version: 1, count: 1 }])
})

test('who may not change what others believe is refused, and told so', async (t) => {
  const { net, clock, lc, trustOf, told } = await park(t)
  const list = await signedRevocations(1, [signerOf('GUEST').kid], clock)
  assert.equal(trustOf('LC01').revoke(list).status, 'revoked')
  const behind = await told(lc.pushTrust())
  assert.ok(behind.includes('CS01' as NodeId))
  assert.equal(trustOf('CS01').signedRevocations(), undefined)
  const [failed] = net.events.get('LC01')?.filter((event) => event.name === 'trust.unpushed' && event.to === 'CS01') ?? [] // biome-ignore format: one line
  assert.deepEqual(failed, { name: 'trust.unpushed', to: 'CS01', what: 'revocation list 1', why: 'SecurityError: role', inMs: 1_000 }) // biome-ignore format: one line
})

test('200 calls while the key of the CSMS is rotated and the policy updated: all answered, none refused', async (t) => {
  const { net, clock, csms, first, owner, security, told } = await park(t)
  const own = security.get('CSMS01') ?? assert.fail()
  const old = own.signer
  const answers: string[] = []
  const calls: Promise<unknown>[] = []
  const kids = new Set<string>()
  const one = () => {
    kids.add(own.signer.kid)
    const down = csms.call('CS01', 'ocpp2.1', 'Reset', { type: 'Immediate' })
    const up = first.call('CSMS01', 'ocpp2.1', 'Heartbeat', {})
    calls.push(
      down.then(({ status }) => answers.push(status)),
      up.then(() => answers.push('beat')),
    )
  }
  // Some are under way while each of these happens: nothing waits for them.
  const traffic = async (count: number) => {
    for (let i = 0; i < count; i++) {
      one()
      if (i % 5 === 4) await net.wait(0.2)
    }
  }
  await traffic(20)
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const fresh = createMemorySigner(key)
  const at = { nowS: Math.floor(clock.now() / 1_000), random: systemRandomness }
  const successor = successorOf(usualRecordOf('CSMS01'), publicKeyOf(key), { ...at, lifetimeS: 86_400 }) // biome-ignore format: one line
  const keyRecord = await signSuccessor(successor, { fresh, old, administrator: signerOf('OWNER01') }, at) // biome-ignore format: one line
  assert.equal(csms.manage('AddKeyRecord', { keyRecord }).status, 'Accepted')
  one()
  await told(csms.pushTrust())
  one()
  own.signer = fresh
  await traffic(20)
  const update = { ...DEFAULT_POLICY, version: 2, in: [{ match: { actions: 'DeleteCertificate' }, refuse: true }, ...DEFAULT_POLICY.in] } as never // biome-ignore format: one line
  for (const to of ['CS01', 'CSMS01']) {
    one()
    const changed = await told(owner.call(to, 'ocpp2.1', 'UpdateSignaturePolicy', { signaturePolicy: update, expectedVersion: 1 })) // biome-ignore format: one line
    assert.equal(changed.status, 'Accepted')
  }
  await traffic(20)
  await net.wait(2)
  for (const to of ['CS01', 'CSMS01']) assert.equal((await told(owner.call(to, 'ocpp2.1', 'GetSignaturePolicies', {}))).trial, undefined) // biome-ignore format: one line
  // Now that nobody signs with it any more, the old key goes.
  await net.wait(1)
  const list = await signedRevocations(1, [old.kid], clock)
  assert.equal(csms.manage('UpdateRevocationList', { revocationList: list }).status, 'Accepted')
  one()
  await told(csms.pushTrust())
  await traffic(100 - calls.length / 2)
  await net.wait(5)
  await Promise.all(calls)
  assert.equal(answers.length, 200)
  assert.deepEqual([...new Set(answers)].sort(), ['Accepted', 'beat'])
  assert.equal(kids.size, 2)
  for (const id of ['CSMS01', 'LC01', 'CS01']) assert.deepEqual(reasonsAt(net, id), [], id)
})
