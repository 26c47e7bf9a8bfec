import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { VirtualClock } from '../../src/primitives/clock.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { createUuidV7, seededRandomness } from '../../src/primitives/randomness.ts'
import { createCsms } from '../../src/roles/csms/csms.ts'
import { canonicalize } from '../../src/security/canonical.ts'
import type { MessageFields } from '../../src/security/header.ts'
import { signStatement } from '../../src/security/statement.ts'
import { CsmsStore } from '../../src/storage/csms-store.ts'
import type { LinkFacts } from '../../src/transport/link.ts'
import { createMemoryLinks } from '../../src/transport/memory-link.ts'
import { SEED } from '../seed.ts'
import { securityOf, signerOf } from '../support/secured.ts'
import { until } from '../support/until.ts'
import { Socket } from './raw-station.ts'

/** Signed messages that may be stored on their way, told to a CSMS again, also after a restart. */

const EVENT = { type: 'InvalidMessages', timestamp: '2026-01-01T00:00:00Z', techInfo: 'x' }
const ACTION = 'SecurityEventNotification'

async function site(t: TestContext) {
  const clock = new VirtualClock()
  const random = seededRandomness(SEED)
  const store = new CsmsStore(':memory:')
  t.after(() => store.close())
  const newId = createUuidV7(() => clock.now(), random)
  const common = { form: 'overlay', protocol: 'ocpp2.1', capabilities: new Set<string>(), transport: 'plain', credential: 'basic', peer: 'node' } as const // biome-ignore format: one line

  /** A process with the files of the one before, and what it answers. */
  async function start() {
    const socket = new Socket()
    const csms = createCsms({ nodeId: 'CSMS01', links: [socket], store, tokens: [], clock, security: securityOf('CSMS01') }) // biome-ignore format: one line
    await csms.start()
    const facts = (peer: string, way: 'up' | 'down'): LinkFacts => ({ ...common, peerIds: [peer as NodeId], way }) // biome-ignore format: one line
    const [up, down] = createMemoryLinks(facts('CSMS01', 'up'), facts('NN01', 'down'), { clock, random }) // biome-ignore format: one line
    socket.plug(down)
    const heard: unknown[][] = []
    up.attach({ message: (bytes) => heard.push(JSON.parse(Buffer.from(bytes).toString())), closed() {} }) // biome-ignore format: one line
    const tell = async (payload: object) => {
      const id = newId()
      up.send(new TextEncoder().encode(JSON.stringify([2, 'CSMS', ['NN01'], id, ACTION, payload])), false) // biome-ignore format: one line
      const answer = () => heard.find((frame) => frame[3] === id)
      await until(() => answer() !== undefined, 'the answer')
      return answer() ?? []
    }
    return { tell, stop: () => csms.stop() }
  }

  /** By NN01, good for an hour. */
  async function signed(more: Partial<MessageFields> = {}, payload: object = EVENT) {
    const iat = Math.floor(clock.now() / 1_000)
    const fields = { ocpp: 'ocpp2.1', ctx: `urn:wattweave:ocpp2.1:${ACTION}:request`, OCPPAction: ACTION, OCPPMessageTypedId: 2, id: newId(), from: 'NN01', to: 'CSMS', iat, exp: iat + 3_600, nonce: Buffer.from(random(16)).toString('base64url'), ...more } as MessageFields // biome-ignore format: one line
    const entry = await signStatement(canonicalize(payload), fields, signerOf('NN01'))
    return { message: { ...payload, signatures: [entry] }, fields }
  }
  const events = () => store.securityEvents.page({ limit: 10 }).length
  return { clock, start, signed, events }
}

test('a stored message that comes again has no second effect and is answered as it was, across a restart too', async (t) => {
  const { clock, start, signed, events } = await site(t)
  const first = await start()
  const { message } = await signed()
  const told = await first.tell(message)
  assert.deepEqual([told[0], events()], [3, 1])
  assert.deepEqual([(await first.tell(message))[4], events()], [told[4], 1])
  // Longer than the process itself remembers it.
  await clock.advance(600_000)
  assert.deepEqual([(await first.tell(message))[4], events()], [told[4], 1])
  await first.stop()
  const second = await start()
  assert.deepEqual([(await second.tell(message))[4], events()], [told[4], 1])
  await second.stop()
})

test('what bears the id of a message that was obeyed, and is another one, is refused, across a restart too', async (t) => {
  const { start, signed, events } = await site(t)
  const first = await start()
  const { message, fields } = await signed()
  await first.tell(message)
  await first.stop()
  const second = await start()
  const { message: other } = await signed({ id: fields.id }, { ...EVENT, techInfo: 'y' })
  const answer = await second.tell(other)
  assert.deepEqual([answer[0], answer[4], (answer.at(-1) as { reason?: string } | undefined)?.reason], [4, 'SecurityError', 'replayed']) // biome-ignore format: one line
  assert.equal(events(), 1)
  await second.stop()
})
