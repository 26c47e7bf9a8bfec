import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { WebSocket } from 'ws'
import { cutMember } from '../../src/wire/member.ts'
import { basic } from '../support/sockets.ts'
import { passwordOf, startChain, until } from './processes.ts'

/** A station that says exactly what the test wants it to. */
async function station(t: TestContext, url: string, id: string, protocol: string) {
  const headers = { authorization: basic(id, passwordOf('', id).password) }
  const socket = new WebSocket(`${url}${id}`, protocol, { perMessageDeflate: false, headers })
  t.after(() => socket.terminate())
  const answers: string[] = []
  socket.on('message', (data) => answers.push(String(data)))
  await until('the station to be connected', () => socket.readyState === WebSocket.OPEN)
  return {
    async call(text: string): Promise<string> {
      const count = answers.length
      socket.send(text)
      return until(`an answer to ${text}`, () => answers[count])
    },
  }
}

// Spaces, escapes, an exponent and a trailing zero: everything a parser would write differently.
const ODD_BOOT =
  '{ "reason":"PowerUp" ,"chargingStation" : {"model":"M\\u00e9\\/1", "vendorName":"V" },"customData":{"vendorId":"x","v":1.0,"w":1e2}}'
const ODD_BOOT_16 = '{"chargePointVendor":"V\\u0041", "chargePointModel" :"M" }'

for (const hops of [1, 3]) {
  test(`over ${hops} hop(s) of real processes the CSMS stores the bytes the station sent, beside what the edge has attested`, async (t) => {
    const { folder, edge } = await startChain(t, hops)
    const modern = await station(t, edge.url, 'CS01', 'ocpp2.0.1')
    const old = await station(t, edge.url, 'CS02', 'ocpp1.6')

    // Both count their messages from 1.
    const [a, b] = await Promise.all([
      modern.call(`[2,"1","BootNotification",${ODD_BOOT}]`),
      old.call(`[2,"1","BootNotification",${ODD_BOOT_16}]`),
    ])

    assert.match(a, /^\[3,"1",\{"status":"Accepted"/)
    assert.match(b, /^\[3,"1",\{"status":"Accepted"/)
    const database = new DatabaseSync(join(folder, 'csms.sqlite'), { readOnly: true })
    t.after(() => database.close())
    const rows = database
      .prepare('SELECT station, protocol, payload FROM messages ORDER BY station')
      .all()
    assert.ok(rows.every((row) => Buffer.from(row.payload as Uint8Array).includes('"signatures"')))
    assert.deepEqual(
      rows.map((row) => [
        row.station,
        row.protocol,
        Buffer.from(cutMember(row.payload as Uint8Array, 'signatures')).toString(),
      ]),
      [
        ['CS01', 'ocpp2.0.1', ODD_BOOT],
        ['CS02', 'ocpp1.6', ODD_BOOT_16],
      ],
    )
  })
}
