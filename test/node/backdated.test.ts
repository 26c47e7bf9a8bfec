import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import type { HandlersByProtocol } from '../../src/node/handlers.ts'
import { createUuidV7 } from '../../src/primitives/randomness.ts'
import { canonicalize } from '../../src/security/canonical.ts'
import type { MessageFields } from '../../src/security/header.ts'
import { signStatement } from '../../src/security/statement.ts'
import { overlay } from '../support/memory-overlay.ts'
import { managedSecurityOf, reasonsAt, signedRevocations, signerOf, usualRecordOf } from '../support/secured.ts' // biome-ignore format: one line

/** Keys that have come to their end, and messages that say they were signed before. */

const MINUTE = 60

/** A station that obeys CSMS01 and a CSMS that hears an edge, and whoever has stolen their keys. */
async function site(t: TestContext) {
  const net = overlay(t)
  const newId = createUuidV7(() => net.clock.now(), (length) => randomBytes(length)) // biome-ignore format: one line
  const effects: string[] = []
  const handlersOf = (...actions: string[]) => {
    const effectOf = (action: string) => () => {
      effects.push(action)
      return { status: 'Accepted' }
    }
    const table = Object.fromEntries(actions.map((action) => [action, effectOf(action)]))
    return { 'ocpp2.1': table, 'ocpp1.6': table } as unknown as HandlersByProtocol
  }
  const security = managedSecurityOf('CS01', net.clock)
  const node = await net.node('CS01', { handlers: handlersOf('Reset', 'SecurityEventNotification'), security }) // biome-ignore format: one line
  const above = net.upstream('CSMS01', 'CS01')
  await net.wait(61)
  const nowS = () => Math.floor(net.clock.now() / 1_000)
  const send = async (
    action: string,
    payload: object,
    more: Partial<MessageFields> = {},
    by = 'CSMS01',
  ) => {
    // biome-ignore format: one line
    const iat = more.iat ?? nowS()
    const fields = { ocpp: 'ocpp2.1', ctx: `urn:wattweave:ocpp2.1:${action}:request`, OCPPAction: action, OCPPMessageTypedId: 2, id: newId(), from: 'CSMS01', to: 'CS01', iat, exp: iat + 60, nonce: randomBytes(16).toString('base64url'), ...more } as MessageFields // biome-ignore format: one line
    const signatures = [await signStatement(canonicalize(payload), fields, signerOf(by))]
    above.send(JSON.stringify([2, 'CS01', ['CSMS01'], fields.id, action, { ...payload, signatures }])) // biome-ignore format: one line
    return fields.id
  }
  const says = async (...what: Parameters<typeof send>) => {
    const id = await send(...what)
    await net.settle()
    return above.take().find((frame) => frame[3] === id)
  }
  const challengeIn = (answer: unknown[] | undefined) => (answer?.at(-1) as { challenge?: string } | undefined)?.challenge // biome-ignore format: one line
  const revoke = async () => {
    const revocationList = await signedRevocations(1, [signerOf('CSMS01').kid], net.clock)
    assert.equal(node.manage('UpdateRevocationList', { revocationList }).status, 'Accepted')
  }
  const expire = () => {
    const { trust } = security
    trust.addAnchor({ ...usualRecordOf('CSMS01'), notAfter: nowS() })
  }
  return { net, effects, send, says, challengeIn, revoke, expire, nowS }
}

for (const [what, end] of [
  ['was revoked', 'revoke'],
  ['has expired', 'expire'],
] as const) {
  test(`a key that ${what} is not obeyed by dating messages back, neither with a challenge nor as a stored one`, async (t) => {
    const one = await site(t)
    const { net, effects, says, challengeIn, nowS } = one
    const challenge = challengeIn(await says('Reset', { type: 'OnIdle' }, { iat: 0, exp: 60 })) // biome-ignore format: one line
    const another = challengeIn(await says('Reset', { type: 'OnIdle' }, { iat: 0, exp: 60 }))
    assert.ok(challenge && another)
    await one[end]()
    await net.wait(50)
    const before = nowS() - 10 * MINUTE
    await says('Reset', { type: 'OnIdle' }, { iat: before, exp: before + 60, chal: challenge })
    assert.equal(challengeIn(await says('Reset', { type: 'OnIdle' }, { iat: 0, exp: 60 })), undefined) // biome-ignore format: one line
    await says('Reset', { type: 'OnIdle' })
    const stored = { type: 'X', timestamp: '2026-01-01T00:00:00Z' }
    await says('SecurityEventNotification', stored, { iat: before, exp: before + 60, chal: another }) // biome-ignore format: one line
    await net.wait(20 * MINUTE)
    if (end === 'revoke') await says('SecurityEventNotification', stored, { iat: before, exp: before + 7 * 24 * 3_600 }) // biome-ignore format: one line
    assert.deepEqual(effects, [])
    assert.deepEqual(new Set(reasonsAt(net, 'CS01')), new Set(['challenge', 'unknown-keys']))
  })
}

test('what was signed before a key came to its end, and was held on its way, counts where nobody has taken the key back', async (t) => {
  const { net, effects, says, expire, nowS } = await site(t)
  const before = nowS()
  expire()
  await net.wait(20 * MINUTE)
  await says('SecurityEventNotification', { type: 'X', timestamp: '2026-01-01T00:00:00Z' }, { iat: before, exp: before + 3_600 }) // biome-ignore format: one line
  assert.deepEqual(effects, ['SecurityEventNotification'])
})

test('whoever holds some key takes neither room nor challenges of those it names', async (t) => {
  const { net, effects, send, says, challengeIn, nowS } = await site(t)
  const challenge = challengeIn(await says('Reset', { type: 'OnIdle' }, { iat: 0, exp: 60 }))
  for (let i = 0; i < 4_200; i++) await send('Reset', { type: 'OnIdle' }, i % 2 === 0 ? {} : { iat: 0, exp: 60 }, 'GUEST') // biome-ignore format: one line
  await net.settle()
  assert.deepEqual(effects, [])
  await says('Reset', { type: 'OnIdle' })
  await says('Reset', { type: 'OnIdle' }, { iat: nowS(), ...(challenge !== undefined && { chal: challenge }) }) // biome-ignore format: one line
  assert.deepEqual(effects, ['Reset', 'Reset'])
})
