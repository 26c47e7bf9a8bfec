import assert from 'node:assert/strict'
import { test } from 'node:test'
import { METRICS } from '../../src/http/metrics.ts'
import { Observations } from '../../src/http/observations.ts'
import { createNode } from '../../src/node/node.ts'
import type { UplinkRule } from '../../src/node/uplink-rules.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { compileFilters } from '../../src/routing/filters/filters.ts'
import type { Link } from '../../src/transport/link.ts'
import { accept } from '../../src/transport/websocket-server.ts'
import { textOf } from '../house/source-files.ts'
import { overlay } from '../support/memory-overlay.ts'
import { basic, client, peers, upgrade } from '../support/sockets.ts'
import { until } from '../support/until.ts'
import { scrape, serve } from './node-console.ts'

test('docs/observability.md lists every metric with type and labels, and nothing else', async (t) => {
  const rows = [...textOf('docs/observability.md').matchAll(/^\| `((?:wattweave|process|nodejs)_\w+)` \| (\w+) \| (.+?) \| (.+) \|$/gm)] // biome-ignore format: one line
  const documented = rows.map(([, name, type, labels = '']) => `${name} ${type} ${[...labels.matchAll(/\w+/g)].join(',')}`) // biome-ignore format: one line
  const existing = METRICS.map(({ name, type, labels }) => `${name} ${type} ${labels.join(',')}`)
  assert.deepEqual(documented.sort(), existing.sort())

  const { url } = await serve(t, { node: await overlay(t).node('NN01') })
  const text = await (await fetch(new URL('metrics', url))).text()
  const exposed = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, ...words]) =>
    words.join(' '),
  )
  assert.deepEqual(exposed.sort(), METRICS.map(({ name, type }) => `${name} ${type}`).sort())
})

test('every label a metric is given is one of its own', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01')
  net.station('CS01', 'NN01')
  for (const sample of (await scrape((await serve(t, { node })).url)).keys()) {
    const [name = '', written = ''] = sample.split('{')
    const labels = [...written.matchAll(/(\w+)="/g)].map(([, label]) => label)
    assert.deepEqual(labels, METRICS.find((row) => row.name === name)?.labels, sample)
  }
})

test('links are counted by form and security profile, round trips where they are known', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01')
  net.upstream('CSMS01', 'NN01', { proof: { transport: 'tls', credential: 'certificate' } })
  net.station('CS01', 'NN01')
  net.peer('CS02', 'NN01', { form: 'standard', proof: { transport: 'plain', credential: 'none' } })
  await net.settle()
  const { link } = net.neighbour('NN01', 'CSMS01')
  Object.defineProperty(link, 'roundTripMs', { value: 12.5 })

  const samples = await scrape((await serve(t, { node })).url)

  const links = (form: string, profile: number) =>
    samples.get(`wattweave_links{form="${form}",security_profile="${profile}"}`)
  assert.deepEqual([links('overlay', 3), links('overlay', 0)], [1, 0])
  assert.deepEqual([links('standard', 0), links('standard', 1), links('standard', 2)], [1, 1, 0])
  assert.equal(samples.get('wattweave_link_round_trip_seconds{link="CSMS01"}'), 0.0125)
})

test('calls held for a standard peer are counted, with the age of the oldest', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  net.station('CS01', 'NN01')
  await net.settle()
  const { url } = await serve(t, { node, clock: net.clock })
  assert.equal((await scrape(url)).get('wattweave_calls_held_oldest_seconds'), 0)

  for (const n of [1, 2, 3]) above.send(`[2,"CS01",["CSMS01"],"${n}","ClearCache",{}]`)
  await net.wait(7)

  const samples = await scrape(url)
  assert.equal(samples.get('wattweave_calls_held'), 2)
  const [call] = net.neighbour('NN01', 'CS01').waiting.drain()
  assert.equal(samples.get('wattweave_calls_held_bytes'), 2 * (call?.bytes.length ?? 0))
  assert.equal(samples.get('wattweave_calls_held_oldest_seconds'), 7)
  assert.equal(samples.get('wattweave_open_requests'), 3)
})

test('what waits for a link that is behind is counted by class, and stays counted when it is gone', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01')
  const observed = new Observations(node)
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')
  await net.settle()
  const { url } = await serve(t, { node, clock: net.clock, observed })
  const neighbour = net.neighbour('NN01', 'CSMS01')
  const { link } = neighbour as unknown as { link: Link }
  const block = (value: number) =>
    Object.defineProperty(link, 'queuedBytes', { value, configurable: true })
  link.notifyDrained = () => {} // the test says when
  block(2 ** 20)
  for (const n of [1, 2]) below.send(`[2,"CSMS",["CS01","LC01"],"${n}","Heartbeat",{}]`)
  await net.wait(3)
  const waiting = await scrape(url)
  const of = (samples: Map<string, number>, name: string) =>
    samples.get(`wattweave_send_${name}{class="telemetry"}`)
  assert.equal(of(waiting, 'queue_frames'), 2)
  assert.ok(Number(of(waiting, 'queue_bytes')) > 40)
  assert.equal(of(waiting, 'queue_oldest_seconds'), 3)
  assert.equal(of(waiting, 'waited_frames_total'), 0)

  block(0)
  neighbour.drained()
  await net.settle()
  const counted = async () => {
    const samples = await scrape(url)
    return ['queue_frames', 'waited_frames_total', 'waited_seconds_total'].map((name) => of(samples, name)) // biome-ignore format: one line
  }
  assert.deepEqual(await counted(), [0, 2, 6])
  above.close()
  await net.settle()
  assert.deepEqual(await counted(), [0, 2, 6])
})

test('filters are counted by rule and effect', async (t) => {
  const net = overlay(t)
  const rules = [
    { name: 'no-reset', effect: 'reject', match: { action: 'Reset' } },
    { name: 'quiet', effect: 'drop', match: { action: 'ClearCache' } },
  ] as const
  const node = await net.node('NN01', { filters: compileFilters(rules, 'NN01') })
  const above = net.upstream('CSMS01', 'NN01')
  net.station('CS01', 'NN01')
  await net.settle()
  for (const [n, action] of ['Reset', 'ClearCache', 'Reset', 'GetLocalListVersion'].entries()) {
    above.send(`[2,"CS01",["CSMS01"],"${n}","${action}",{}]`)
  }
  await net.settle()

  const samples = await scrape((await serve(t, { node })).url)

  const reset = '{rule="no-reset",effect="reject"}'
  const quiet = '{rule="quiet",effect="drop"}'
  assert.equal(samples.get(`wattweave_filter_matched_total${reset}`), 2)
  assert.equal(samples.get(`wattweave_filter_rejected_total${reset}`), 2)
  assert.equal(samples.get(`wattweave_filter_dropped_total${quiet}`), 1)
  assert.equal(samples.get(`wattweave_filter_replaced_total${quiet}`), 0)
})

test('upgrades that are refused are counted by status', async (t) => {
  const acceptor = accept({ nodeId: 'NN01' as NodeId, port: 0, peers: peers('CS01', 'CS02') })
  const node = createNode({ nodeId: 'NN01', links: [acceptor] })
  const observed = new Observations(node)
  await node.start()
  t.after(() => node.stop())
  const { url } = await serve(t, { node, observed })
  for (const authorization of [basic('CS01', 'wrong'), basic('CS02', 'wrong')]) {
    await upgrade(`${acceptor.url}CS01`, { authorization, 'Sec-WebSocket-Protocol': 'ocpp1.6' })
  }
  await client(t, acceptor.url)
  await until(() => node.neighbours.size === 1, 'the station')

  assert.equal((await scrape(url)).get('wattweave_upgrades_refused_total{status="401"}'), 2)
})

test('lost upstreams are counted by name, dials that failed by URL without its credentials', async (t) => {
  const net = overlay(t)
  const foreign = net.foreignCsms({ name: 'foreign', role: 'primary' })
  foreign.isDown = true
  const failing = {
    start: async (_: unknown, report: (event: object) => void) =>
      report({ name: 'retry', url: 'wss://user:pass@h.example/x?y=z', inMs: 1, why: 'refused' }),
    stop: async () => {},
  }
  const node = createNode({ nodeId: 'NN02', links: [failing as never], clock: net.clock })
  const dialling = new Observations(node)
  await node.start()
  t.after(() => node.stop())
  assert.deepEqual([...dialling.dialRetries], [['wss://h.example/x', 1]])

  const edge = await net.node('NN01', { perStation: [foreign.uplink] })
  const observed = new Observations(edge)
  net.station('CS01', 'NN01')
  await net.settle()
  const samples = await scrape((await serve(t, { node: edge, observed })).url)
  assert.equal(samples.get('wattweave_upstreams_lost_total{upstream="foreign"}'), 1)
})

test('copies that a mirror could not be sent are counted by error code', async (t) => {
  const net = overlay(t)
  const foreign = net.foreignCsms({ name: 'foreign', role: 'mirror' })
  const primary: UplinkRule = { name: 'CSMS01', role: 'primary' }
  const node = await net.node('NN01', { perStation: [foreign.uplink] }, [primary])
  const observed = new Observations(node)
  const above = net.upstream('CSMS01', 'NN01')
  const station = net.station('CS01', 'NN01')
  await net.settle()
  // The mirror does not answer: one is open there, a hundred wait.
  for (let n = 0; n < 103; n++) {
    station.send(`[2,"${n}","Heartbeat",{}]`)
    await net.settle()
    for (const frame of above.take()) above.send(`[3,"CS01",["CSMS01"],"${frame[3]}",{}]`)
  }
  await net.settle()

  const { url } = await serve(t, { node, observed })
  assert.equal((await scrape(url)).get('wattweave_copies_dropped_total{code="ERR_LINK_BUSY"}'), 2)
})

test('the frame log is measured, and never counts what was overwritten', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01', { hasDefaultRoute: false })
  const station = net.station('CS01', 'NN01')
  await net.settle()
  station.send('[2,"1","Heartbeat",{}]')
  await net.settle()
  const records = node.frameLog.after(0, 100)
  const bytes = records.reduce((sum, record) => sum + record.bytes.length, 0)
  assert.deepEqual(node.frameLog.kept, { records: records.length, bytes })

  const payload = 'x'.repeat(60_000)
  for (let n = 0; n < 100; n++) station.send(`[2,"${n}","Heartbeat",{"x":"${payload}"}]`)
  await net.settle()
  const { kept, newest } = node.frameLog
  const present = node.frameLog.after(0, newest)
  assert.ok(kept.bytes <= 4 * 1024 * 1024)
  assert.equal(kept.records, present.length)
  assert.ok(kept.records < newest)
})
