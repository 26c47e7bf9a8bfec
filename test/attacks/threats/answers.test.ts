import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RemoteError } from '../../../src/errors.ts'
import { createNode } from '../../../src/node/node.ts'
import type { NodeId } from '../../../src/primitives/ids.ts'
import { canonicalize } from '../../../src/security/canonical.ts'
import { sha256 } from '../../../src/security/jwk.ts'
import { KeyDirectory } from '../../../src/security/keys/key-directory.ts'
import { DEFAULT_POLICY, INSECURE_POLICY } from '../../../src/security/policies/default-policy.ts'
import type { SignaturePolicyDocument } from '../../../src/security/policies/policy-document.ts'
import { compileRuleBook } from '../../../src/security/policies/rule-book.ts'
import { PRESET_ROLES } from '../../../src/security/roles/presets.ts'
import { Secret } from '../../../src/transport/credentials.ts'
import { dial } from '../../../src/transport/websocket-client.ts'
import { metric, until } from '../../end-to-end/processes.ts'
import { without } from './both-sides.ts'
import { captured, command, deliver, FILE, type FrameArray, outcomeOf, type Side, sidesOf } from './site.ts' // biome-ignore format: one line

/** Answers and errors that the middle changes, exchanges or makes itself. */

const theSides = sidesOf()
const RESULT = 4
let value = 600

/** A command to CS01 whose answer the middle keeps; the station says `status`. */
async function keptAnswer(side: Side, status: string) {
  side.stations[0].answerWith = () => ({ status })
  let id = ''
  const request = { key: 'HeartbeatInterval', value: `${++value}` }
  const frame = await captured(side, 'CALLRESULT', 'ChangeConfiguration', async () => {
    id = await command(side, 'CS01', 'ChangeConfiguration', request)
  })
  side.stations[0].answerWith = undefined
  return { frame, operation: id }
}

const REFUSED = ['wattweave_refused_total', 'code="ERR_POLICY_REFUSED"'] as const

/** The CSMS believes it on the open side; on the strict one it counts, says why, and believes what the station answers. */
async function believedThenRefused(
  make: (genuine: FrameArray) => FrameArray | Promise<FrameArray>,
  reason: string,
) {
  const { open, strict } = await theSides()
  const first = await keptAnswer(open, 'Rejected')
  deliver(open, await make(first.frame))
  const { answer } = (await outcomeOf(open, first.operation)) as { answer?: { status?: string } }
  assert.equal(answer?.status, 'Accepted', 'believed without a policy')

  const counted = await metric(strict.csms.console, ...REFUSED)
  const second = await keptAnswer(strict, 'Rejected')
  deliver(strict, await make(second.frame))
  await until('it to be counted', async () => (await metric(strict.csms.console, ...REFUSED)) === counted + 1) // biome-ignore format: one line
  const isTold = () => strict.middle.recorded.some(({ frame }) => frame.type === 5 && frame.messageId === second.frame[3] && new TextDecoder().decode(frame.payload).includes(`"${reason}"`)) // biome-ignore format: one line
  await until('the answerer to be told', isTold)
  deliver(strict, second.frame)
  const ended = (await outcomeOf(strict, second.operation)) as { answer?: { status?: string } }
  assert.equal(ended.answer?.status, 'Rejected', 'what the station has signed is believed after it')
}

const payloadOf = (frame: FrameArray) => frame[RESULT] as Record<string, unknown>

test('T4: a station accepts one command, and the middle gives that answer to another command that it rejects', async () => {
  const { strict } = await theSides()
  const { frame: accepted } = await keptAnswer(strict, 'Accepted')
  deliver(strict, accepted)
  await believedThenRefused((frame) => frame.with(RESULT, accepted[RESULT]), 'not-this-message')
})

test('A11: the middle changes what a station answers', async () => {
  await believedThenRefused((frame) => frame.with(RESULT, { ...payloadOf(frame), status: 'Accepted' }), 'signature-invalid') // biome-ignore format: one line
})

test('A11: the middle invents a result in the name of a station', async () => {
  await believedThenRefused((frame) => frame.with(RESULT, { status: 'Accepted' }), 'unsigned')
})

test('T5: the middle takes the signatures of an answer away, and changes what is left', async () => {
  await believedThenRefused((frame) => frame.with(RESULT, { ...without(payloadOf(frame)), status: 'Accepted' }), 'unsigned') // biome-ignore format: one line
})

/** What an answer must name of the request that it is said to answer. */
async function referenceTo(payload: Record<string, unknown>) {
  const { signatures, ...said } = payload as { signatures?: { protected: string }[] }
  const digest = sha256(canonicalize(said))
  const [entry] = signatures ?? []
  if (!entry) return { digest }
  const { id, nonce } = JSON.parse(Buffer.from(entry.protected, 'base64url').toString())
  return { id, nonce, digest }
}

/** An answer with the key of the local controller, which nodes know, for something else. */
async function answeredByMiddle(asked: FrameArray, action: string, payload: object, from: string) {
  const { keys } = await theSides()
  const [, , path] = asked as [number, string, string[]]
  const req = await referenceTo(asked[5] as Record<string, unknown>)
  const ctx = `urn:wattweave:ocpp1.6:${action}:response`
  const fields = { OCPPAction: action, OCPPMessageTypedId: 3, ctx, from, to: `${path[0]}`, req } as const // biome-ignore format: one line
  return { ...payload, signatures: await keys.sign(['LC01'], payload, fields) }
}

/** Another node than the station answers what the CSMS has asked it. */
function answeredInstead(from: string, path: readonly string[], reason: string) {
  return believedThenRefused(async (frame) => {
    const { strict, open } = await theSides()
    const asked = [strict, open].flatMap(({ middle }) => middle.recorded).find((one) => one.frame.messageId === frame[3]) // biome-ignore format: one line
    assert.ok(asked)
    const call = JSON.parse(new TextDecoder().decode(asked.bytes)) as FrameArray
    const answer = await answeredByMiddle(call, 'ChangeConfiguration', { status: 'Accepted' }, from)
    return frame.with(RESULT, answer).with(2, path)
  }, reason)
}

test('A12: a node answers in the name of the station that was asked, with a good signature of its own', () =>
  answeredInstead('CS01', ['CS01', 'NN01'], 'not-attested'))

test('A12: a node answers in its own name what a station was asked, with a good signature of its own', () =>
  answeredInstead('LC01', ['LC01'], 'not-this-message'))

test('A12: a node that provides no such service answers what a station asks its CSMS, with a good signature of its own', async () => {
  const { strict, open } = await theSides()
  for (const side of [open, strict]) {
    const [station] = side.stations
    const counted = await metric(side.node.console, ...REFUSED)
    let id = ''
    const asked = await captured(side, 'CALL', 'Authorize', () => {
      id = station.say('Authorize', { idTag: 'STOLEN' })
    })
    const answer = await answeredByMiddle(asked, 'Authorize', { idTagInfo: { status: 'Accepted' } }, 'LC01') // biome-ignore format: one line
    side.middle.inject('NN01', new TextEncoder().encode(JSON.stringify([3, 'CS01', ['LC01'], asked[3], answer]))) // biome-ignore format: one line
    if (side === open)
      await until('it to be believed without a policy', () => station.answers.get(id)?.[0] === 3) // biome-ignore format: one line
    else {
      await until('it to be counted', async () => (await metric(side.node.console, ...REFUSED)) === counted + 1) // biome-ignore format: one line
      assert.equal(station.answers.get(id), undefined)
    }
  }
})

/** A technician's node, which dials the middle. */
async function startGuest(policy: SignaturePolicyDocument) {
  const { strict, keys } = await theSides()
  const records = ['GUEST', 'NN01', 'CSMS01'].map((name) => keys.record(name))
  const book = compileRuleBook({ policies: [policy], roles: PRESET_ROLES })
  const security = { signer: keys.signer('GUEST'), trust: { directory: new KeyDirectory(records), book } } // biome-ignore format: one line
  const password = new Secret('password of GUEST')
  const links = [dial({ url: strict.middleUrl, nodeId: 'GUEST' as NodeId, password, mode: 'overlay', peerId: 'LC01' as NodeId })] // biome-ignore format: one line
  const guest = createNode({ nodeId: 'GUEST', links, security })
  FILE.after(() => guest.stop())
  await guest.start()
  await until('its link', () => guest.neighbours.size > 0)
  return guest
}

test('T9: an error that the middle makes up is the word of a hop, and never that of the station', async () => {
  const { strict } = await theSides()
  for (const policy of [INSECURE_POLICY, DEFAULT_POLICY]) {
    const guest = await startGuest(policy)
    let asked: Promise<unknown> = Promise.resolve()
    const call = await captured(strict, 'CALL', 'Reset', () => {
      asked = guest.call('CS01', 'ocpp1.6', 'Reset', { type: 'Soft' }).catch((error: unknown) => error) // biome-ignore format: one line
    })
    let heard = 0
    guest.onEvent(({ name }) => {
      if (name === 'error.unsigned') heard++
    })
    deliver(strict, [4, 'GUEST', ['CS01', 'NN01'], call[3], 'InternalError', 'it burns', {}])
    if (policy === DEFAULT_POLICY) {
      await until('the error to be seen', () => heard === 1)
      // Whoever was asked may still answer for some seconds; here nothing comes any more.
      await guest.stop()
    }
    const error = await asked
    assert.ok(error instanceof RemoteError, String(error))
    const isBelieved = policy === INSECURE_POLICY
    assert.deepEqual([error.errorDescription, error.isSigned], ['it burns', isBelieved])
    await guest.stop()
  }
})

test('T9: an error that the middle makes up does not end an operation that the station has obeyed', async () => {
  const { strict } = await theSides()
  const UNSIGNED = ['wattweave_unsigned_errors_total', 'kind="CALLERROR"'] as const
  const { frame, operation } = await keptAnswer(strict, 'Accepted')
  const counted = await metric(strict.csms.console, ...UNSIGNED)
  deliver(strict, [4, 'CSMS01', ['CS01', 'NN01'], frame[3], 'InternalError', 'it burns', {}])
  await until('the error to be counted', async () => (await metric(strict.csms.console, ...UNSIGNED)) === counted + 1) // biome-ignore format: one line
  deliver(strict, frame)
  const { state, answer } = (await outcomeOf(strict, operation)) as { state: string; answer?: { status?: string } } // biome-ignore format: one line
  assert.equal(answer?.status, 'Accepted', state)
})
