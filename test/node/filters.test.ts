import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { compileFilters } from '../../src/routing/filters/filters.ts'
import type { FilterRule } from '../../src/routing/filters/rule.ts'
import { overlay } from '../support/memory-overlay.ts'

/** Rules at a node between a station and its CSMS; what they decide is tested in test/routing. */

async function between(t: TestContext, ...rules: FilterRule[]) {
  const net = overlay(t)
  await net.node('NN01', { filters: compileFilters(rules, 'NN01') })
  const above = net.upstream('CSMS01', 'NN01')
  const station = net.station('CS01', 'NN01', 'ocpp2.1')
  await net.settle()
  above.take()
  return { net, above, station }
}

const RESET = '[2,"CS01",["CSMS01"],"r","Reset",{"type":"Immediate"}]'

test('a CALL that a rule rejects is answered Filtered with the reason, and goes no further', async (t) => {
  const { net, above, station } = await between(t, { name: 'no resets', effect: 'reject', match: { action: 'Reset' }, reason: 'not while cars are charging' }) // biome-ignore format: one rule
  above.send(RESET)
  above.send('[2,"CS01",["CSMS01"],"c","ClearCache",{}]')
  await net.settle()
  const [error] = above.take()
  assert.deepEqual(error?.slice(0, 5), [4, 'CSMS01', ['NN01'], 'r', 'Filtered'])
  assert.match(JSON.stringify(error), /not while cars are charging/)
  assert.deepEqual(station.take().map((frame) => frame[2]), ['ClearCache']) // biome-ignore format: one line
  assert.equal(net.open('NN01'), 1)
  assert.deepEqual(net.refusals('NN01'), { ERR_FILTERED: 1 })
})

test('a station whose CALL is rejected gets SecurityError with the reason filtered', async (t) => {
  const { net, above, station } = await between(t, { name: 'quiet', effect: 'reject', match: { action: 'DataTransfer', source: 'CS*' } }) // biome-ignore format: one rule
  station.send('[2,"1","DataTransfer",{"vendorId":"x"}]')
  await net.settle()
  const [error] = station.take()
  assert.deepEqual(error?.slice(0, 3), [4, '1', 'SecurityError'])
  assert.equal((error?.[4] as { reason?: string } | undefined)?.reason, 'filtered')
  assert.deepEqual(above.take(), [])
})

for (const [limit, heard] of [
  [43, 0],
  [44, 1],
] as const) {
  test(`a frame of 44 bytes on a standard link is ${heard ? 'not ' : ''}larger than ${limit}: all of it counts`, async (t) => {
    const { net, above, station } = await between(t, { name: 'big', effect: 'reject', match: { action: 'DataTransfer', largerThan: limit } }) // biome-ignore format: one rule
    const frame = '[2, "12", "DataTransfer", {"vendorId":"x"}]'
    assert.equal(frame.length + 1, 44)
    station.send(`${frame} `)
    await net.settle()
    assert.equal(above.take().length, heard)
  })
}

test('what is dropped is answered nothing, and leaves nothing open', async (t) => {
  const { net, above, station } = await between(t, { name: 'hush', effect: 'drop', match: { kind: ['CALL', 'SEND'], action: 'Reset' } }) // biome-ignore format: one rule
  above.send(RESET)
  await net.settle()
  assert.deepEqual([above.take(), station.take(), net.open('NN01')], [[], [], 0])
  assert.deepEqual(net.refusals('NN01'), { ERR_FILTER_DROPPED: 1 })
})

test('a replaced payload arrives marked, an untouched one byte for byte', async (t) => {
  const { net, above, station } = await between(t, { name: 'cap', effect: 'replace', match: { action: 'Reset', payload: [{ pointer: '/type', equals: 'Immediate' }] }, replace: [{ pointer: '/type', value: 'OnIdle' }] }) // biome-ignore format: one rule
  above.send(RESET)
  await net.settle()
  const [reset] = station.take()
  assert.deepEqual(reset?.[3], { type: 'OnIdle', customData: { vendorId: 'wattweave', replaced: [{ by: 'NN01', rule: 'cap' }] } }) // biome-ignore format: one line
  station.send(`[3,"${reset?.[1]}",{"status":"Accepted"}]`)
  const odd = '{ "currentTime":"2026-01-01T00:00:00Z" ,"n":1.0}'
  station.send(`[2,"1","Heartbeat",${odd}]`)
  await net.settle()
  assert.ok(above.received.at(-1)?.endsWith(`${odd}]`))
})

test('a replace is marked for a station that speaks the overlay itself, too', async (t) => {
  const net = overlay(t)
  const rule: FilterRule = { name: 'vendor', effect: 'replace', match: { action: 'BootNotification' }, replace: [{ pointer: '/reason', value: 'Unknown' }] } // biome-ignore format: one rule
  await net.node('NN01', { filters: compileFilters([rule], 'NN01') })
  const above = net.upstream('CSMS01', 'NN01')
  const station = net.peer('CS01', 'NN01')
  await net.settle()
  above.take()
  station.send('[2,"CSMS",["CS01"],"1","BootNotification",{"reason":"PowerUp"}]')
  station.send('[2,"CentralSystem",["CS01"],"2","BootNotification",{"reason":"PowerUp"}]')
  await net.settle()
  const mark = { vendorId: 'wattweave', replaced: [{ by: 'NN01', rule: 'vendor' }] }
  assert.deepEqual(above.take().map((frame) => frame[5]), [{ reason: 'Unknown', customData: mark }, { reason: 'Unknown' }]) // biome-ignore format: one line
})

test('an answer that a rule rejects: the asker gets Filtered, the answerer CALLRESULTERROR, once each', async (t) => {
  const { net, above, station } = await between(t, { name: 'secret', effect: 'reject', match: { kind: 'CALLRESULT', action: 'GetVariables' } }) // biome-ignore format: one rule
  above.send('[2,"CS01",["CSMS01"],"g","GetVariables",{"getVariableData":[]}]')
  await net.settle()
  const [call] = station.take()
  station.send(`[3,"${call?.[1]}",{"getVariableResult":[]}]`)
  await net.settle()
  assert.deepEqual(above.take().map((frame) => [frame[0], frame[3], frame[4]]), [[4, 'g', 'Filtered']]) // biome-ignore format: one line
  assert.deepEqual(station.take().map((frame) => [frame[0], frame[1]]), [[5, call?.[1]]]) // biome-ignore format: one line
  assert.deepEqual(net.refusals('NN01'), { ERR_FILTERED: 1 })
  assert.equal(net.open('NN01'), 0)
})

test('an error that a rule rejects reaches the asker as Filtered, without what it said', async (t) => {
  const { net, above, station } = await between(t, { name: 'no gossip', effect: 'reject', match: { kind: 'CALLERROR' } }) // biome-ignore format: one rule
  above.send('[2,"CS01",["CSMS01"],"g","ClearCache",{}]')
  await net.settle()
  station.send(`[4,"${station.take()[0]?.[1]}","InternalError","the secret is 42",{}]`)
  await net.settle()
  const [error] = above.take()
  assert.equal(error?.[4], 'Filtered')
  assert.doesNotMatch(JSON.stringify(error), /42/)
})

test('a password that a station has accepted is followed, also where a rule keeps that from whoever has set it; that one expects the former', async (t) => {
  const net = overlay(t)
  const changes: string[] = []
  const filters = compileFilters([{ name: 'x', effect: 'reject', match: { kind: 'CALLRESULT', action: 'ChangeConfiguration' } }], 'NN01') // biome-ignore format: one rule
  await net.node('NN01', {
    filters,
    onPasswordChange: ({ station, by }) => changes.push(`${station} ${by?.name}`),
  })
  const above = net.upstream('CSMS01', 'NN01')
  const station = net.station('CS01', 'NN01')
  await net.settle()
  above.send(
    '[2,"CS01",["CSMS01"],"p","ChangeConfiguration",{"key":"AuthorizationKey","value":"new"}]',
  )
  await net.settle()
  station.send(`[3,"${station.take()[0]?.[1]}",{"status":"Accepted"}]`)
  await net.settle()
  assert.deepEqual(changes, ['CS01 undefined'])
  assert.equal(above.take().at(-1)?.[0], 4)
})

const jws = (payload: string) => JSON.stringify({ payload: Buffer.from(payload).toString('base64url'), protected: 'e30', signature: 'AAAA' }) // biome-ignore format: one line

test('a rule about an action is one about its signed form as well, and looks into what was signed', async (t) => {
  const net = overlay(t)
  const filters = compileFilters([
    { name: 'no high limits', effect: 'reject', match: { action: 'SetChargingProfile', payload: [{ pointer: '/limit', greaterThan: 10 }] } },
    { name: 'never now', effect: 'replace', match: { action: 'Reset' }, replace: [{ pointer: '/type', value: 'OnIdle' }] },
  ], 'NN01') // biome-ignore format: one rule a line
  await net.node('NN01', { filters })
  const above = net.upstream('CSMS01', 'NN01')
  const station = net.station('CS01', 'NN01', 'ocpp2.1')
  await net.settle()
  const ask = async (action: string, payload: string) => {
    above.send(`[2,"CS01",["CSMS01"],"${action}${payload.length}","${action}",${payload}]`)
    await net.settle()
    const [arrived] = station.take()
    if (arrived) station.send(`[3,"${arrived[1]}",{}]`)
    await net.settle()
    return arrived?.[2] ?? above.take().at(-1)?.[0]
  }
  assert.equal(await ask('SetChargingProfile-Signed', jws('{"limit":32}')), 4)
  assert.equal(await ask('SetChargingProfile-Signed', jws('{"limit":9}')), 'SetChargingProfile-Signed')
  assert.equal(await ask('SetChargingProfile-Signed', '{"payload":"{}"}'), 4, 'nobody can tell what is in it')
  assert.equal(await ask('Reset-Signed', jws('{"type":"Immediate"}')), 4, 'it cannot be changed')
  assert.equal(await ask('Heartbeat-Signed', jws('{}')), 'Heartbeat-Signed')
}) // biome-ignore format: the messages are read better so
