import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { overlay } from '../support/memory-overlay.ts'
import { securityOf, signedErrorTo } from '../support/secured.ts'

/** What others make a node keep is bounded in bytes, not only in number. */

const BIG = 'x'.repeat(240_000)
/** As long, and what a station may answer. */
const LONG = JSON.stringify(Array.from({ length: 400 }, (_, n) => ({ key: `K${n}`, readonly: true, value: 'x'.repeat(500) }))) // biome-ignore format: one line
const details = (frame: unknown[] | undefined) => frame?.at(-1) as Record<string, unknown>

/** A node with stations that answer nothing, and a node above that commands. */
async function silent(t: TestContext, stations: number) {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const ids = Array.from({ length: stations }, (_, i) => `CS${10 + i}`)
  const peers = ids.map((id) => net.station(id, 'NN01'))
  await net.settle()
  above.take()
  let n = 0
  const call = (id: string, action = 'DataTransfer', payload = `{"data":"${BIG}"}`) => {
    above.send(`[2,"${id}",["CSMS01"],"${++n}","${action}",${payload}]`)
  }
  const refused = async () => {
    await net.settle()
    return above.take().map((frame) => [frame[3], frame[4]])
  }
  const waiting = () => ids.map((id) => net.neighbour('NN01', id).waiting.bytes)
  return { net, ids, peers, call, refused, waiting }
}

test('CALLs wait for one station up to 1 MiB, and what may lower a limit has room beyond', async (t) => {
  const { net, peers, call, refused, waiting } = await silent(t, 1)
  for (let i = 0; i < 6; i++) call('CS10')
  assert.deepEqual(await refused(), [['6', 'Congested']])
  call('CS10', 'RemoteStopTransaction', '{"transactionId":7}')
  call('CS10', 'SetChargingProfile', `{"connectorId":0,"csChargingProfiles":{"x":"${BIG}"}}`)
  assert.deepEqual(await refused(), [])
  const [before = 0] = waiting()
  const [station] = peers
  station?.send(`[3,"${station.take()[0]?.[1]}",{"status":"Accepted"}]`)
  await net.settle()
  assert.ok((waiting()[0] ?? 0) < before, 'what has gone to the station waits no more')
  await net.wait(31)
  assert.deepEqual(waiting(), [0], 'nor does what is over')
})

test('all stations together let 8 MiB of CALLs wait; one that has left makes room', async (t) => {
  const { ids, peers, call, refused, waiting } = await silent(t, 12)
  for (const id of ids) for (let i = 0; i < 5; i++) call(id)
  const told = await refused()
  const held = waiting().reduce((sum, bytes) => sum + bytes, 0)
  assert.ok(held > 7 * 2 ** 20 && held <= 8 * 2 ** 20, `${held}`)
  assert.equal(told.length, 60 - 12 - Math.round(held / BIG.length))
  call('CS21')
  assert.equal((await refused()).length, 1)
  peers[0]?.close()
  await refused()
  call('CS21')
  assert.deepEqual(await refused(), [])
})

test('a copy waits only while little waits: a mirror that answers nothing costs little', async (t) => {
  const net = overlay(t)
  const mirror = net.foreignCsms({ name: 'mirror', role: 'mirror' })
  await net.node('NN01', { perStation: [mirror.uplink] }, [{ name: 'CSMS01', role: 'primary' }])
  const above = net.upstream('CSMS01', 'NN01')
  const stations = Array.from({ length: 12 }, (_, i) => net.station(`CS${10 + i}`, 'NN01'))
  await net.settle()
  above.take()
  for (const station of stations) {
    for (let n = 0; n < 5; n++) station.send(`[2,"${n}","DataTransfer",{"data":"${BIG}"}]`)
  }
  await net.settle()
  assert.equal(above.take().length, 60, 'the primary gets them all')
  const events = net.events.get('NN01') ?? []
  const dropped = events.filter((event) => event.name === 'copy.dropped')
  assert.ok(dropped.every((event) => event.code === 'ERR_LINK_BUSY'))
  const heard = mirror.connections.reduce((sum, { peer }) => sum + peer.take().length, 0)
  assert.equal(heard, 12)
  const held = 60 - heard - dropped.length
  assert.ok(held > 6 && held * BIG.length <= 2 * 2 ** 20, `${held}`)
})

/** A node that signs for its stations, below one that wants a challenge signed. */
async function challenged(t: TestContext) {
  const net = overlay(t)
  await net.node('NN01', { security: securityOf('NN01') })
  const above = net.upstream('CSMS01', 'NN01')
  const station = net.station('CS01', 'NN01')
  await net.settle()
  above.take()
  const challenge = { reason: 'challenge', challenge: Buffer.alloc(16).toString('base64url') }
  const refuse = (frames: readonly unknown[][]) => {
    for (const frame of frames) above.send(JSON.stringify(signedErrorTo(frame, 'CSMS01', challenge))) // biome-ignore format: one line
    return net.settle()
  }
  return { net, above, station, refuse }
}

test('what a station asks is kept up to 1 MiB to be signed again; beyond, the challenge is told to the station', async (t) => {
  const { net, above, station, refuse } = await challenged(t)
  for (let n = 1; n <= 6; n++) {
    station.send(`[2,"${n}","DataTransfer",{"vendorId":"V","data":"${BIG}"}]`)
  }
  await net.settle()
  const asked = above.take()
  assert.equal(asked.length, 6)
  await refuse(asked)
  const again = above.take()
  assert.equal(again.length, 4)
  const [[, , , , , payload] = []] = again
  assert.equal(JSON.parse(JSON.stringify(payload)).data, BIG, 'as it was asked')
  const told = station.take()
  assert.deepEqual(told.map((frame) => [frame[0], frame[1], details(frame).reason]), [[4, '5', 'challenge'], [4, '6', 'challenge']]) // biome-ignore format: one line

  station.send(`[2,"7","DataTransfer",{"vendorId":"V","data":"${BIG}"}]`)
  await net.settle()
  await refuse(above.take())
  assert.equal(above.take().length, 1, 'what was asked again is not kept any more')
})

test('a command whose answer there is no room to keep is not obeyed again, and whoever asks is told', async (t) => {
  const net = overlay(t)
  const csms = await net.node('CSMS01', { services: ['CSMS', 'CentralSystem'], hasDefaultRoute: false, security: securityOf('CSMS01') }) // biome-ignore format: one line
  const edge = await net.node('NN01', { security: securityOf('NN01') })
  net.connect('NN01', 'CSMS01')
  const middle = net.peer('LC01', 'NN01')
  const station = net.station('CS01', 'NN01')
  await net.wait(61)
  for (let n = 0; n < 20; n++) {
    const asked = csms.call('CS01', 'ocpp1.6', 'GetConfiguration', { key: [`K${n}`] })
    await net.settle()
    const [[, id] = []] = station.take()
    station.send(`[3,"${id}",{"configurationKey":${LONG}}]`)
    await net.settle()
    await asked
  }
  const commands = edge.frameLog.after(0, 100).filter(({ link, direction }) => link === 'CSMS01' && direction === 'received') // biome-ignore format: one line
  const repeat = async (at: number) => {
    const frame = JSON.parse(new TextDecoder().decode(commands.at(at)?.bytes)) as unknown[]
    middle.send(JSON.stringify(frame.with(2, ['CSMS01', 'LC01']).with(3, `again${at}`)))
    await net.settle()
    return middle.take().map((one) => [one[0], one[3], one[4]])
  }
  const [[type] = []] = await repeat(-1)
  assert.equal(type, 3, 'the newest answer is told again')
  assert.deepEqual(await repeat(0), [[4, 'again0', 'GenericError']])
  assert.deepEqual(station.take(), [], 'the station hears neither')
  assert.equal(net.refusals('NN01').ERR_ANSWER_FORGOTTEN, 1)
})
