import { WebSocket } from 'ws'
import { type Subject, startProduct, startScript } from './support/processes.ts'
import { type Bench, type Measured, rateRow } from './support/rows.ts'

/**
 * Messages answered per CPU second of a real CSMS process: validated, stored with
 * `synchronous=FULL`, and answered. Each station has one call open at a time, as OCPP wants it.
 */

const STATIONS = 50
/** Sent by turns, as a station that charges does: mostly meter values. */
const ACTIONS = ['MeterValues', 'MeterValues', 'MeterValues', 'StatusNotification', 'Heartbeat']

export const csms: Bench = async function* ({ isSmoke, isFull }) {
  // biome-ignore format: one record
  const ours = await startProduct({ nodeId: 'CSMS01', role: 'csms', listen: [{ port: 0, insecure: true }], http: { port: 0, login: false }, data: './data', log: 'warn' })
  const theirs = await startScript(new URL('support/ocpp-rpc-csms.mjs', import.meta.url))
  const [url = ''] = ours.ready.listen as string[]
  const stations = await connect(url)
  const others = await connect(`ws://127.0.0.1:${theirs.ready.port}/`)
  const roundMs = isSmoke ? 300 : 1_500
  const rounds = isSmoke ? 1 : isFull ? 9 : 5
  await drive(stations, ours, roundMs)
  await drive(others, theirs, roundMs)
  const measured: [Measured[], Measured[]] = [[], []]
  for (let i = 0; i < rounds; i++) {
    measured[0].push(await drive(stations, ours, roundMs))
    measured[1].push(await drive(others, theirs, roundMs))
  }
  // biome-ignore format: one line
  const names = { bench: 'csms', case: 'validated and stored, OCPP 1.6', unit: 'messages/cpu-s', baseline: 'ocpp-rpc strict, nothing stored', target: 1 }
  yield { ...rateRow(names, ...measured), stations: STATIONS }
  for (const socket of [...stations, ...others]) socket.terminate()
  await Promise.all([ours.stop(), theirs.stop()])
}

function connect(url: string): Promise<WebSocket[]> {
  const ids = Array.from({ length: STATIONS }, (_, i) => `CS${i}`)
  return Promise.all(
    ids.map((id) => {
      const socket = new WebSocket(`${url}${id}`, ['ocpp1.6'], { perMessageDeflate: false })
      return new Promise<WebSocket>((resolve, reject) => {
        socket.on('open', () => resolve(socket))
        socket.on('error', reject)
      })
    }),
  )
}

async function drive(sockets: WebSocket[], subject: Subject, forMs: number): Promise<Measured> {
  const cpu = subject.cpuSeconds()
  const until = Date.now() + forMs
  const counts = await Promise.all(sockets.map((socket) => talkUntil(socket, until)))
  return { count: counts.reduce((a, b) => a + b, 0), cpuSeconds: subject.cpuSeconds() - cpu }
}

let messages = 0

function talkUntil(socket: WebSocket, until: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let count = 0
    const say = () => socket.send(callOf(++messages))
    const onMessage = (data: Buffer) => {
      if (data[1] !== 0x33) return reject(new Error(data.toString()))
      count++
      if (Date.now() < until) return say()
      socket.off('message', onMessage)
      resolve(count)
    }
    socket.on('message', onMessage)
    say()
  })
}

function callOf(n: number): string {
  const action = ACTIONS[n % ACTIONS.length]
  const timestamp = new Date(Date.UTC(2026, 0, 1) + n * 1_000).toISOString()
  return JSON.stringify([2, `m${n}`, action, payloadOf(action, timestamp, n)])
}

function payloadOf(action: string | undefined, timestamp: string, n: number): object {
  if (action === 'Heartbeat') return {}
  if (action === 'StatusNotification') {
    return { connectorId: 1, errorCode: 'NoError', status: n % 2 ? 'Charging' : 'SuspendedEV', timestamp } // biome-ignore format: one line
  }
  const sampled = (measurand: string, value: number, unit: string) => ({ value: `${value}`, context: 'Sample.Periodic', measurand, unit }) // biome-ignore format: one line
  const sampledValue = [
    sampled('Energy.Active.Import.Register', n, 'Wh'),
    sampled('Power.Active.Import', 11_000, 'W'),
    sampled('Voltage', 230, 'V'),
    sampled('Current.Import', 16, 'A'),
  ]
  return { connectorId: 1, transactionId: 1, meterValue: [{ timestamp, sampledValue }] }
}
