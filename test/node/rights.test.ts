import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { UplinkRule } from '../../src/node/uplink-rules.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { compileFilters } from '../../src/routing/filters/filters.ts'
import { overlay, type RawPeer } from '../support/memory-overlay.ts'

/** What an uplink may, and what a standard link carries. */

const actions = (peer: RawPeer) => peer.take().map((frame) => frame.find((part) => /^[A-Z][a-z]+[A-Z]|^Reset$/.test(`${part}`))) // biome-ignore format: one line

/** Two uplinks by their rules, and CS01 and CS02 below. */
async function withUplinks(t: TestContext, ...rules: UplinkRule[]) {
  const net = overlay(t)
  await net.node('NN01', {}, rules)
  const [one, two] = rules.map(({ name }) => net.upstream(name, 'NN01')) as [RawPeer, RawPeer]
  const [first, second] = ['CS01', 'CS02'].map((id) => net.station(id, 'NN01')) as [RawPeer, RawPeer] // biome-ignore format: one line
  await net.settle()
  return { net, one, two, first, second }
}

const only = (id: string) => (station: NodeId) => station === id
const reset = (by: string, station: string) => `[2,"${station}",["${by}"],"r-${station}","Reset",{"type":"Soft"}]` // biome-ignore format: one line

test('a restricted uplink commands the stations it is for and no others, whatever its list says', async (t) => {
  const { net, two, first, second } = await withUplinks(
    t,
    { name: 'CSMS01', role: 'primary' },
    { name: 'GRID01', role: 'restricted', includes: only('CS01'), down: new Set(['Reset']) },
  )

  two.send(reset('GRID01', 'CS01'))
  two.send(reset('GRID01', 'CS02'))
  await net.settle()

  assert.deepEqual([actions(first), actions(second)], [['Reset'], []])
  assert.equal(net.refusals('NN01').ERR_ACCESS_DENIED, 1)
})

test('of two primaries that share a station the first commands, and the second does not', async (t) => {
  const { net, one, two, first } = await withUplinks(
    t,
    { name: 'CSMS01', role: 'primary', up: new Set(['BootNotification']) },
    { name: 'CSMS02', role: 'primary', up: new Set(['StatusNotification']) },
  )

  two.send(reset('CSMS02', 'CS01'))
  await net.settle()
  assert.deepEqual(actions(first), [])
  one.send(reset('CSMS01', 'CS01'))
  await net.settle()
  assert.deepEqual(actions(first), ['Reset'])
})

test('what a filter keeps from everybody it keeps from mirrors, too', async (t) => {
  const net = overlay(t)
  const filters = compileFilters([{ name: 'hidden', effect: 'replace', match: { action: 'Authorize' }, replace: [{ pointer: '/idTag', value: 'HIDDEN' }] }], 'NN01') // biome-ignore format: one rule
  await net.node('NN01', { filters }, [{ name: 'CSMS01', role: 'primary' }, { name: 'MIRROR', role: 'mirror' }]) // biome-ignore format: one line
  net.upstream('CSMS01', 'NN01')
  const mirror = net.upstream('MIRROR', 'NN01')
  const station = net.station('CS01', 'NN01')
  await net.settle()

  station.send('[2,"1","Authorize",{"idTag":"TAG-1"}]')
  await net.settle()

  const heard = mirror.received.join()
  assert.match(heard, /"Authorize",\{"idTag":"HIDDEN"\}/)
  assert.ok(!heard.includes('TAG-1'), heard)
})

test('what goes to a mirror, too, is one frame and counts once in a rate, for both', async (t) => {
  const net = overlay(t)
  const filters = compileFilters([{ name: 'six', effect: 'reject', match: { action: 'Heartbeat', rate: { count: 6, perSeconds: 3_600, by: 'source' } } }], 'NN01') // biome-ignore format: one rule
  await net.node('NN01', { filters }, [{ name: 'CSMS01', role: 'primary' }, { name: 'MIRROR', role: 'mirror' }]) // biome-ignore format: one line
  const above = net.upstream('CSMS01', 'NN01')
  const mirror = net.upstream('MIRROR', 'NN01')
  const station = net.station('CS01', 'NN01', 'ocpp2.0.1')
  await net.settle()

  for (let n = 0; n < 8; n++) station.send(`[2,"${n}","Heartbeat",{}]`)
  await net.settle()

  const beats = (peer: RawPeer) => peer.received.filter((text) => text.includes('Heartbeat')).length
  assert.deepEqual([beats(above), beats(mirror)], [6, 6])
  assert.deepEqual(station.take().map((frame) => frame[1]), ['6', '7']) // biome-ignore format: one line
})

test('a standard uplink carries what the node itself says, and passes nothing on', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01', { form: 'standard' })
  const below = net.peer('LC01', 'NN01')

  below.send('[2,"CSMS01",["LC01"],"1","Heartbeat",{}]')
  await net.settle()

  assert.deepEqual(above.received, [])
  assert.match(below.received.at(-1) ?? '', /"1","NotSupported"|"1","NetworkError"|"1","ProtocolError"/) // biome-ignore format: one line
  assert.equal(net.refusals('NN01').ERR_ROUTE_CANNOT_CARRY, 1)
})

test('rules see a CALLRESULTERROR: one that they drop does not reach the answerer', async (t) => {
  const net = overlay(t)
  const filters = compileFilters([{ name: 'silent', effect: 'drop', match: { kind: 'CALLRESULTERROR' } }], 'NN01') // biome-ignore format: one rule
  await net.node('NN01', { filters })
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')
  await net.settle()
  above.send('[2,"LC01",["CSMS01"],"7","Reset",{}]')
  await net.settle()
  below.send('[3,"CSMS01",["LC01"],"7",{"status":"x"}]')
  await net.settle()
  below.take()

  above.send('[5,"LC01",["CSMS01"],"7","FormatViolation","",{}]')
  await net.settle()

  assert.deepEqual(below.take(), [])
})
