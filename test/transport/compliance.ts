import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Link, type LinkReceiver, MAX_MESSAGE_BYTES } from '../../src/transport/link.ts'
import { until } from '../support/until.ts'

/** Two ends of one link that nobody has attached to yet. */
export type OpenLink = (context: TestContext) => Promise<readonly [Link, Link]>

export interface Received {
  readonly messages: { readonly text: string; readonly isBinary: boolean }[]
  readonly closed: { readonly code: number; readonly reason: string }[]
}

/** Attaches a receiver that keeps what it gets. */
export function attach(link: Link): Received {
  const kept: Uint8Array[] = []
  const flags: boolean[] = []
  const closed: Received['closed'] = []
  const receiver: LinkReceiver = {
    message(bytes, isBinary) {
      kept.push(bytes)
      flags.push(isBinary)
    },
    closed: (code, reason) => closed.push({ code, reason }),
  }
  link.attach(receiver)
  return {
    // Decoded when looked at: the bytes are the receiver's to keep.
    get messages() {
      return kept.map((bytes, i) => ({ text: hex(bytes), isBinary: flags[i] ?? false }))
    },
    closed,
  }
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')
const bytes = (text: string) => Uint8Array.from(Buffer.from(text))

/** One turn of the event loop. */
const turn = () => new Promise((resolve) => setImmediate(resolve))

/** What every kind of link does, whatever carries it. */
export function linkCompliance(kind: string, open: OpenLink): void {
  test(`${kind}: messages arrive whole, unchanged and in order, text as text, both ways`, async (t) => {
    const [a, b] = await open(t)
    const atA = attach(a)
    const atB = attach(b)
    const expected = Array.from({ length: 500 }, (_, i) => ({
      text: i % 3 === 0 ? '' : `${i} ${'\u0000ü["]'.repeat(i % 40)}`,
      isBinary: i % 2 === 1,
    }))

    for (const { text, isBinary } of expected) {
      a.send(bytes(text), isBinary)
      b.send(bytes(text), isBinary)
    }
    await until(() => atA.messages.length + atB.messages.length === 1_000, 'all messages')

    const asBytes = expected.map((m) => ({ ...m, text: hex(bytes(m.text)) }))
    assert.deepEqual(atA.messages, asBytes)
    assert.deepEqual(atB.messages, asBytes)
  })

  test(`${kind}: binary messages may hold any bytes`, async (t) => {
    const [a, b] = await open(t)
    attach(a)
    const atB = attach(b)
    const all = Uint8Array.from({ length: 70_000 }, (_, i) => i % 256)

    a.send(all, true)
    await until(() => atB.messages.length === 1, 'the message')

    assert.equal(atB.messages[0]?.text, hex(all))
  })

  test(`${kind}: nothing arrives before send has returned`, async (t) => {
    const [a, b] = await open(t)
    attach(a)
    const atB = attach(b)

    a.send(bytes('x'), false)
    const atOnce = atB.messages.length
    await until(() => atB.messages.length === 1, 'the message')

    assert.equal(atOnce, 0)
  })

  test(`${kind}: messages sent before somebody attaches are kept`, async (t) => {
    const [a, b] = await open(t)
    const atA = attach(a)
    for (let i = 0; i < 50; i++) a.send(bytes(`${i}`), i % 2 === 0)
    b.send(bytes('there'), false)
    await until(() => atA.messages.length === 1, 'the other direction')

    const atB = attach(b)
    await until(() => atB.messages.length === 50, 'the early messages')

    assert.deepEqual(
      atB.messages.map((m) => m.text),
      Array.from({ length: 50 }, (_, i) => `${i}`),
    )
  })

  test(`${kind}: code and reason of a close reach the other side, each end is told once`, async (t) => {
    const [a, b] = await open(t)
    const atA = attach(a)
    const atB = attach(b)

    a.send(bytes('last words'), false)
    a.close(4001, 'enough größe')
    a.close(4002, 'again')
    await until(() => atA.closed.length > 0 && atB.closed.length > 0, 'both ends')
    b.close(4003, 'late')
    a.close(4004, 'later')
    await turn()

    assert.deepEqual(atB.messages.map((m) => m.text), ['last words']) // biome-ignore format: one line
    assert.deepEqual(atB.closed, [{ code: 4001, reason: 'enough größe' }])
    assert.equal(atA.closed.length, 1)
    assert.equal(atA.closed[0]?.code, 4001)
  })

  test(`${kind}: a link that closed before somebody attached says so then`, async (t) => {
    const [a, b] = await open(t)
    const atA = attach(a)
    a.send(bytes('early'), false)
    a.close(4001, 'gone')
    await turn()

    const atB = attach(b)
    await until(() => atB.closed.length > 0 && atA.closed.length > 0, 'the end')

    assert.deepEqual(atB.messages.map((m) => m.text), ['early']) // biome-ignore format: one line
    assert.deepEqual(atB.closed, [{ code: 4001, reason: 'gone' }])
  })

  test(`${kind}: send after close does nothing, at either end`, async (t) => {
    const [a, b] = await open(t)
    const atA = attach(a)
    const atB = attach(b)

    a.close(1000, '')
    a.send(bytes('x'), false)
    await until(() => atA.closed.length > 0 && atB.closed.length > 0, 'both ends')
    a.send(bytes('y'), true)
    b.send(bytes('z'), false)
    await turn()

    assert.deepEqual([...atA.messages, ...atB.messages], [])
    assert.equal(a.queuedBytes + b.queuedBytes, 0)
  })

  test(`${kind}: 1 MiB passes, one byte more closes the link with 1009 and is not seen`, async (t) => {
    for (const isBinary of [false, true]) {
      const [a, b] = await open(t)
      const atA = attach(a)
      const atB = attach(b)
      const limit = new Uint8Array(MAX_MESSAGE_BYTES).fill(0x20)
      a.send(limit, isBinary)
      await until(() => atB.messages.length === 1, 'the largest message')
      assert.equal(atB.messages[0]?.text.length, MAX_MESSAGE_BYTES)

      a.send(new Uint8Array(MAX_MESSAGE_BYTES + 1).fill(0x20), isBinary)
      await until(() => atA.closed.length > 0 && atB.closed.length > 0, 'both ends')

      assert.equal(atB.messages.length, 1)
      assert.equal(atA.closed[0]?.code, 1009)
      assert.equal(atB.closed.length, 1)
    }
  })

  test(`${kind}: text that is not UTF-8 closes the link with 1007 and is not seen`, async (t) => {
    const broken = [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xf8, 0x88, 0x80, 0x80], [0xc0, 0xaf]]
    for (const text of broken) {
      const [a, b] = await open(t)
      const atA = attach(a)
      const atB = attach(b)

      a.send(Uint8Array.of(0x5b, ...text, 0x5d), false)
      await until(() => atA.closed.length > 0 && atB.closed.length > 0, 'both ends')

      assert.deepEqual(atB.messages, [])
      assert.equal(atA.closed[0]?.code, 1007)
    }
  })

  test(`${kind}: what was sent just before a broken message still arrives`, async (t) => {
    const [a, b] = await open(t)
    attach(a)
    const atB = attach(b)

    a.send(bytes('good'), false)
    a.send(Uint8Array.of(0xff), false)
    await until(() => atB.closed.length > 0, 'the end')

    assert.deepEqual(atB.messages.map((m) => m.text), ['good']) // biome-ignore format: one line
  })

  test(`${kind}: both ends know what was agreed`, async (t) => {
    const [a, b] = await open(t)
    attach(a)
    attach(b)

    assert.deepEqual([a.form, a.protocol, a.transport], [b.form, b.protocol, b.transport])
    assert.deepEqual([...a.capabilities].sort(), [...b.capabilities].sort())
    assert.deepEqual([a.way, b.way], ['up', 'down'])
    assert.notEqual(a.peerIds[0], b.peerIds[0])
  })
}
