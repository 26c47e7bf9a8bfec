import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { after, before, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Node } from '../../src/node/node.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { type Site, startSite } from '../support/site.ts'
import { basic, client, OVERLAY, type RawClient } from '../support/sockets.ts'
import { until } from '../support/until.ts'
import { BAD_INPUTS, type BadInput, CLOSING_INPUTS } from './bad-frames.ts'

/** Each bad input over a real socket; after each one a good station on the same node still boots. */

let site: Site
before(async () => {
  site = await startSite('CS01', 'CS16', 'CS21', 'LKS66', 'LC67')
})
after(() => site.stop())

async function attacker(t: TestContext, id: string): Promise<RawClient> {
  await until(() => [...site.node.neighbours].some((n) => n.id === 'CSMS01'), 'the uplink')
  const isOverlay = id.startsWith('L')
  const protocols = [id === 'CS16' ? 'ocpp1.6' : 'ocpp2.1']
  const raw = await client(t, site.url, { id, protocols, headers: isOverlay ? OVERLAY : {} })
  assert.ok(raw.isOpen, `${id} connects`)
  return raw
}

/** A request whose answer says that everything before it was dealt with, here and at the CSMS. */
async function probe(raw: RawClient, id: string): Promise<void> {
  const isOverlay = id.startsWith('L')
  const name = `probe ${probes++}`
  raw.send(isOverlay ? `[2,"CSMS",["${id}"],"${name}","Heartbeat",{}]` : `[2,"${name}","Heartbeat",{}]`) // biome-ignore format: one line
  const answer = await raw.take((frame) => frame[isOverlay ? 3 : 1] === name, 'the probe')
  assert.equal(answer[0], 3)
}
let probes = 0

const total = (node: Node) => [...node.refusals.values()].reduce((a, b) => a + b, 0)
const countAt = (at: BadInput['counted']) =>
  new Map<string, number>((at.at === 'NN01' ? site.node : site.csms).refusals).get(at.code) ?? 0

async function goodStationBoots(t: TestContext): Promise<void> {
  const station = await client(t, site.url, { id: 'CS01' })
  const boot = { chargePointVendor: 'Good', chargePointModel: 'Station' }
  station.send(JSON.stringify([2, 'boot', 'BootNotification', boot]))
  const answer = await station.take((frame) => frame[1] === 'boot', 'the boot')
  assert.equal(answer[0], 3)
  assert.equal((answer[2] as { status: string }).status, 'Accepted')
  assert.equal(station.closed, undefined)
  station.socket.close()
  await until(() => station.closed !== undefined, 'the good station to leave')
}

for (const input of BAD_INPUTS) {
  const reaction = input.answer ? `answered ${input.answer[2]}` : 'counted in silence'
  test(`${input.what}: ${reaction}, and a good station boots`, async (t) => {
    const raw = await attacker(t, input.from)
    await probe(raw, input.from)
    const counted = countAt(input.counted)
    const all = total(site.node) + total(site.csms)

    raw.send(input.message(1))
    await probe(raw, input.from)

    const idAt = input.from === 'LKS66' ? 3 : 1
    const answers = raw.received.splice(0).map((text) => JSON.parse(text) as unknown[])
    const [type, id, code] = input.answer ?? []
    assert.deepEqual(
      answers.map((frame) => [frame[0], frame[idAt], frame[idAt + 1]]),
      input.answer ? [[type, id?.replace('*', '1'), code]] : [],
    )
    assert.deepEqual(raw.receivedBytes, [])
    assert.equal(countAt(input.counted), counted + 1, `${input.counted.code} is counted`)
    assert.equal(total(site.node) + total(site.csms), all + 1, 'and nothing else')
    assert.equal(raw.closed, undefined)
    assert.equal(({} as { polluted?: boolean }).polluted, undefined)
    await goodStationBoots(t)
  })
}

for (const input of CLOSING_INPUTS) {
  test(`${input.what} closes its own link with ${input.closes}, and a good station boots`, async (t) => {
    const bystander = await attacker(t, 'CS21')
    const raw = await attacker(t, input.from)
    await probe(bystander, 'CS21') // who came and went before has been announced by now
    const before = site.csms.linkCounters.get('NN01')?.received.join()
    const message = input.message(1)

    if (input.asText) raw.sendAsText(message as Uint8Array)
    else raw.send(message)
    await until(() => raw.closed !== undefined, 'the close')

    assert.equal(raw.closed?.code, input.closes)
    assert.equal(site.csms.linkCounters.get('NN01')?.received.join(), before, 'nothing went on')
    await probe(bystander, 'CS21')
    await goodStationBoots(t)
  })
}

test('broken WebSocket framing costs its own link only', async (t) => {
  const bystander = await attacker(t, 'CS21')
  const frames = {
    'an unmasked frame': Buffer.from([0x81, 0x02, 0x5b, 0x5d]),
    'an unknown opcode': Buffer.from([0x83, 0x80, 1, 2, 3, 4]),
    'reserved bits': Buffer.from([0xf1, 0x80, 1, 2, 3, 4]),
    'a length of 2^63': Buffer.from([0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]),
    'a fragmented ping': Buffer.from([0x09, 0x80, 1, 2, 3, 4]),
    'no WebSocket at all': Buffer.from('GET / HTTP/1.1\r\n\r\n'),
  }
  for (const [what, bytes] of Object.entries(frames)) {
    const { hostname, port } = new URL(site.url)
    const socket = connect(Number(port), hostname)
    t.after(() => socket.destroy())
    let isClosed = false
    let got = ''
    socket.on('data', (chunk) => {
      got += chunk.toString('latin1')
    })
    socket.on('close', () => {
      isClosed = true
    })
    socket.on('error', () => {})
    socket.write(
      `GET /CS16 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ocpp1.6\r\nAuthorization: ${basic('CS16')}\r\n\r\n`,
    )
    await until(() => got.includes('\r\n\r\n'), 'the upgrade')
    assert.match(got, /^HTTP\/1\.1 101 /)
    socket.write(bytes)
    await until(() => isClosed, `${what} to be closed`)
    await probe(bystander, 'CS21')
  }
  await goodStationBoots(t)
})

test('duplicate keys, 1e400 and the like are passed on byte for byte where they are only forwarded', async (t) => {
  const from = await attacker(t, 'LKS66')
  const to = await attacker(t, 'LC67')
  const payload = '{ "a":1,"a":2, "b":1e400,"c":"\\ud800","__proto__":{},"n":1.0 }'

  from.send(`[2,"LC67",["LKS66"],"1","X",${payload}]`)
  await until(() => to.received.length === 1, 'the CALL')
  to.send(`[3,"LKS66",["LC67"],"1",${payload}]`)
  await until(() => from.received.length === 1, 'the CALLRESULT')

  assert.deepEqual(to.received, [`[2,"LC67",["LKS66","NN01"],"1","X",${payload}]`])
  assert.deepEqual(from.received, [`[3,"LKS66",["LC67","NN01"],"1",${payload}]`])
  await goodStationBoots(t)
})

test('of two answers the first counts', async (t) => {
  const raw = await attacker(t, 'CS16')
  await probe(raw, 'CS16')
  const counted = countAt({ at: 'NN01', code: 'ERR_ROUTE_NO_REQUEST' })

  const answer = site.csms.call('CS16', 'ocpp1.6', 'ClearCache', {})
  const [, id] = await raw.take((frame) => frame[0] === 2, 'the CALL')
  raw.send(`[3,"${id}",{"status":"Accepted"}]`)
  raw.send(`[3,"${id}",{"status":"Rejected"}]`)
  raw.send(`[4,"${id}","GenericError","",{}]`)
  await probe(raw, 'CS16')

  assert.deepEqual(await answer, { status: 'Accepted' })
  assert.equal(countAt({ at: 'NN01', code: 'ERR_ROUTE_NO_REQUEST' }), counted + 2)
  await goodStationBoots(t)
})

test('an answer from the wrong link is refused, also under the right id', async (t) => {
  const asked = await attacker(t, 'CS16')
  const other = await attacker(t, 'CS21')
  const node = await attacker(t, 'LKS66')
  for (const [raw, id] of [[asked, 'CS16'], [other, 'CS21'], [node, 'LKS66']] as const) await probe(raw, id) // biome-ignore format: one line
  const counted = countAt({ at: 'NN01', code: 'ERR_ROUTE_NO_REQUEST' })

  const answer = site.csms.call('CS16', 'ocpp1.6', 'ClearCache', {})
  const [, id] = await asked.take((frame) => frame[0] === 2, 'the CALL')
  const inside = site.csms.frameLog
    .after(0, 50)
    .findLast(({ bytes }) => Buffer.from(bytes).includes('"ClearCache"'))
  const outer = /"([0-9a-f-]{36})"/.exec(Buffer.from(inside?.bytes ?? []).toString())?.[1]
  other.send(`[3,"${id}",{"status":"Rejected"}]`)
  node.send(`[3,"CSMS01",["LKS66"],"${id}",{"status":"Rejected"}]`)
  node.send(`[3,"CSMS01",["CS16","LKS66"],"${outer}",{"status":"Rejected"}]`)
  await probe(other, 'CS21')
  await probe(node, 'LKS66')
  asked.send(`[3,"${id}",{"status":"Accepted"}]`)

  assert.deepEqual(await answer, { status: 'Accepted' })
  assert.equal(countAt({ at: 'NN01', code: 'ERR_ROUTE_NO_REQUEST' }), counted + 3)
  await goodStationBoots(t)
})

test('the largest binary frame that is let in does not cost others the shared uplink', async (t) => {
  const bystander = await attacker(t, 'CS21')
  const raw = await attacker(t, 'LKS66')
  await probe(raw, 'LKS66')
  const uplink = [...site.node.neighbours].find((n) => n.id === 'CSMS01')
  const head = Buffer.from(`02000443534d53010005${Buffer.from('LKS66').toString('hex')}0001620001580000000000`, 'hex') // biome-ignore format: one line
  const frame = Buffer.alloc(1024 * 1024)
  head.copy(frame)
  frame.writeUInt32BE(frame.length - head.length - 3, head.length - 1)

  raw.send(frame)
  await until(() => raw.received.length + raw.receivedBytes.length > 0 || raw.closed !== undefined || !uplink?.isOpen, 'a reaction') // biome-ignore format: one line

  assert.equal(uplink?.isOpen, true, 'the uplink that all stations share is alive')
  await probe(bystander, 'CS21')
  await goodStationBoots(t)
})

test('a station cannot make the CSMS believe that another station is gone', async (t) => {
  const victim = await attacker(t, 'CS16')
  const liar = await attacker(t, 'CS21')
  await probe(victim, 'CS16')
  await probe(liar, 'CS21')
  const custom = { vendorId: 'wattweave', protocol: 'ocpp1.6', form: 'standard', state: 'down' }
  const routes = [{ destinationId: 'CS16', uplink: { distance: 1 }, customData: custom }]
  const information = { routingNode: 'NN01', routes, notBefore: '2026-01-01T00:00:00Z' }

  liar.send(JSON.stringify([6, '1', 'NotifyNetworkTopology', { networkTopologyInformation: information }])) // biome-ignore format: one line
  await probe(liar, 'CS21')

  assert.equal(site.csms.table.get('CS16' as NodeId)?.link.id, 'NN01')
  await goodStationBoots(t)
})

for (const [what, mode] of [
  ['bad inputs of all kinds', 'mix'],
  ['bad inputs of all kinds at nodes that sign', 'secured'],
  ['answers to nobody and SENDs to nowhere that name unheard-of nodes', 'names'],
] as const) {
  test(`100 000 ${what} grow memory by 20 MiB at most`, async () => {
    const script = fileURLToPath(new URL('memory.ts', import.meta.url))
    const child = spawn(process.execPath, ['--expose-gc', script, mode], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let out = ''
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
    })
    const code = await new Promise((resolve) => child.on('close', resolve))
    console.log(out.trim())
    assert.equal(code, 0)
    const { grownMiB, repetitions, booted } = JSON.parse(out) as Record<string, number | string>

    assert.ok(Number(repetitions) >= 100_000)
    assert.equal(booted, 'Accepted')
    assert.ok(Number(grownMiB) <= 20, `${grownMiB} MiB`)
  })
}
