import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { RemoteError } from '../../../src/errors.ts'
import type { HandlersByProtocol } from '../../../src/node/handlers.ts'
import { createMemorySigner, type Signer } from '../../../src/security/signer.ts'
import { overlay } from '../../support/memory-overlay.ts'
import { securityOf } from '../../support/secured.ts'

/** A key that cannot be used any more: its module is gone, or its program fails. */

test('T28: who cannot sign its answer gives a SecurityError and never an unsigned answer; who cannot sign its request says nothing', async (t) => {
  const net = overlay(t)
  const { signer, trust } = securityOf('CS01')
  let isBroken = false
  const broken = async () => {
    throw new Error('the module is gone')
  }
  const failing: Signer = { ...signer, kid: signer.kid, alg: signer.alg, sign: (bytes) => (isBroken ? broken() : signer.sign(bytes)) } // biome-ignore format: one line
  const reset = () => ({ status: 'Accepted' })
  const handlers = { 'ocpp2.1': { Reset: reset } } as unknown as HandlersByProtocol
  const station = await net.node('CS01', { handlers, security: { signer: failing, trust } })
  const csms = await net.node('CSMS01', { hasDefaultRoute: false, services: ['CSMS'], security: securityOf('CSMS01') }) // biome-ignore format: one line
  net.connect('CS01', 'CSMS01')
  await net.wait(61)
  const ask = async () => {
    const asked = csms.call('CS01', 'ocpp2.1', 'Reset', { type: 'Immediate' }).catch((error: unknown) => error) // biome-ignore format: one line
    // What is not signed ends nothing before an answer had its time.
    await net.wait(7)
    return asked
  }
  assert.deepEqual(await ask(), { status: 'Accepted' })
  isBroken = true
  const error = await ask()
  assert.ok(error instanceof RemoteError, JSON.stringify(error))
  assert.deepEqual([error.errorCode, error.isSigned], ['SecurityError', false])
  assert.equal(net.refusals('CS01').ERR_SIGNATURE_FAILED, 1)
  const received = net.neighbour('CSMS01', 'CS01').counters.received.join()
  const own = station.call('CSMS', 'ocpp2.1', 'Heartbeat', {}).catch((cause: unknown) => cause)
  await net.wait(1)
  assert.equal(((await own) as { code?: string }).code, 'ERR_SIGNATURE_FAILED')
  assert.equal(
    net.neighbour('CSMS01', 'CS01').counters.received.join(),
    received,
    'nothing was sent',
  )
})

test('T28: an edge whose key fails passes nothing of a station on, rather than passing it on unsigned', async (t) => {
  const net = overlay(t)
  const { signer, trust } = securityOf('NN01')
  const failing = { ...signer, kid: signer.kid, alg: signer.alg, sign: () => Promise.reject(new Error('gone')), signNow: undefined } as unknown as Signer // biome-ignore format: one line
  await net.node('NN01', { security: { signer: failing, trust } })
  const above = net.upstream('CSMS01', 'NN01')
  const station = net.station('CS01', 'NN01')
  await net.wait(1)
  above.take()
  station.send('[2,"1","Heartbeat",{}]')
  await net.settle()
  assert.deepEqual(above.take(), [])
  const [answer] = station.take()
  assert.deepEqual([answer?.[0], answer?.[2]], [4, 'SecurityError'])
  assert.equal(net.refusals('NN01').ERR_SIGNATURE_FAILED, 1)
})

test('T16: a signer made of a key has no member that holds it', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { d } = privateKey.export({ format: 'jwk' })
  const signer = createMemorySigner(privateKey)
  assert.ok(typeof d === 'string' && !JSON.stringify(signer).includes(d))
  for (const value of Object.values(signer)) assert.notEqual(value, privateKey)
})
