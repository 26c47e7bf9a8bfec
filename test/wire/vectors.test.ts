import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { NodeId } from '../../src/primitives/ids.ts'
import { decodeBinary, encodeBinary } from '../../src/wire/binary.ts'
import { type Frame, KINDS } from '../../src/wire/frame.ts'
import { decodeText, encodeText, forwardText } from '../../src/wire/text.ts'

interface BinaryVector {
  name: string
  hex: string
  headerOnly?: boolean
  frame: {
    type: number
    destination?: string[]
    networkPath?: string[]
    messageId: string
    action?: string
    payloadHex?: string
    payloadLength?: number
  }
}

interface TextVector {
  text: string
  kind?: string
  form?: string
  error?: string
}

const vectors: { binary: BinaryVector[]; text: TextVector[]; opaque: { payloads: string[] } } =
  JSON.parse(readFileSync(new URL('../vectors/frames.json', import.meta.url), 'utf8'))

for (const vector of vectors.binary) {
  test(`binary vector "${vector.name}" decodes to its frame and encodes to its bytes`, () => {
    const { frame: expected } = vector
    const payload = vector.headerOnly
      ? Buffer.alloc(expected.payloadLength ?? 0, 7)
      : Buffer.from(expected.payloadHex ?? '', 'hex')
    const bytes = vector.headerOnly
      ? Buffer.concat([Buffer.from(vector.hex, 'hex'), payload])
      : Buffer.from(vector.hex, 'hex')

    const frame = decodeBinary(bytes)

    assert.equal(frame.type, expected.type)
    assert.deepEqual(frame.route?.destination, expected.destination)
    assert.deepEqual(frame.route?.networkPath, expected.networkPath)
    assert.equal(frame.messageId, expected.messageId)
    assert.equal(frame.action, expected.action ?? '')
    assert.deepEqual(Buffer.from(frame.payload), payload)
    assert.deepEqual(Buffer.from(encodeBinary(frame)), bytes)
  })
}

const REFUSALS: Record<string, string> = {
  'empty network path': 'ERR_WIRE_PATH_EMPTY',
  'payload is not an object': 'ERR_WIRE_FIELD_TYPE',
  'field count': 'ERR_WIRE_FIELD_COUNT',
  'unknown message type: ignored towards standard 2.x peers, never answered':
    'ERR_WIRE_MESSAGE_TYPE',
}

for (const vector of vectors.text) {
  test(`text vector ${vector.text}`, () => {
    const bytes = Buffer.from(vector.text)
    if (vector.error) {
      const code = REFUSALS[vector.error]
      assert.ok(code, `no code stands for "${vector.error}"`)
      assert.throws(() => decodeText(bytes), { code })
      return
    }
    const frame = decodeText(bytes)
    assert.equal(KINDS[frame.type], vector.kind)
    assert.equal(frame.route ? 'overlay' : 'standard', vector.form)
    const written = Buffer.from(encodeText(frame)).toString()
    const [type, dest, path, ...rest] = JSON.parse(vector.text)
    const strict = [type, dest, typeof path === 'string' ? [path] : path, ...rest]
    assert.equal(written, JSON.stringify(strict))
  })
}

for (const payload of vectors.opaque.payloads) {
  test(`a forwarder leaves the payload ${payload} exactly as it is`, () => {
    let text: Uint8Array = Buffer.from(`[2,"CSMS",["CS01"],"1","X",${payload}]`)
    for (const hop of ['NN01', 'NN02', 'NN"3"']) text = forwardText(decodeText(text), hop as NodeId)
    const frame: Frame = decodeText(text)
    assert.deepEqual(frame.route?.networkPath, ['CS01', 'NN01', 'NN02', 'NN"3"'])
    assert.equal(Buffer.from(frame.payload).toString(), payload)
    assert.equal(Buffer.from(decodeText(encodeText(frame)).payload).toString(), payload)
  })
}
