import { readFileSync } from 'node:fs'
import { PROTOCOLS, type Protocol } from '../../messages/protocols.ts'
import { isStationId } from '../../primitives/ids.ts'
import { createChargingStation } from '../../roles/charging-station/charging-station.ts'
import { Secret } from '../../transport/credentials.ts'
import { dial } from '../../transport/websocket-client.ts'

interface SimulateOptions {
  readonly stations: string
  readonly prefix: string
  readonly protocol?: string
  readonly evses: string
  readonly speed: string
  readonly token: readonly string[]
  readonly passwordFile?: string
}

const MAX_STATIONS = 5_000
const REPORT_MS = 5_000
const STAY_MS = 2 ** 30

/**
 * `wattweave simulate URL`: stations that boot, whose drivers come and go, until Ctrl-C. All have one
 * password, if any; how many are accepted is told on standard error.
 */
export async function simulate(url: string, options: SimulateOptions): Promise<void> {
  if (!/^wss?:\/\/./.test(url) || !URL.canParse(url)) {
    throw new Error(`"${url}" is no URL of a node, such as ws://127.0.0.1:9000/`)
  }
  const count = wholeNumber('stations', options.stations, MAX_STATIONS)
  const evses = wholeNumber('evses', options.evses, 64)
  const speed = wholeNumber('speed', options.speed, 1_000)
  const protocols = protocolsOf(options.protocol)
  const { passwordFile, prefix, token: tokens } = options
  const password = passwordFile && new Secret(readFileSync(passwordFile, 'utf8').trim())
  let accepted = 0
  const ids = Array.from({ length: count }, (_, i) => `${prefix}${`${i + 1}`.padStart(3, '0')}`)
  const stationIds = ids.filter(isStationId)
  if (stationIds.length < count) throw new Error(`--prefix "${prefix}" makes no ids of stations: those are 1 to 48 letters, digits or *-_=+|@.; choose another one, which leaves room for a number`) // biome-ignore format: one line
  const stations = stationIds.map((nodeId, i) => {
    const protocol = protocols[i % protocols.length] ?? 'ocpp2.1'
    const link = dial({ url, nodeId, mode: 'standard', protocols: [protocol], ...(password && { password }) }) // biome-ignore format: one line
    return createChargingStation({ nodeId, protocol, links: [link], tokens, evses, speed })
  })
  for (const station of stations) {
    await station.start()
    station.accepted.then(
      () => accepted++,
      () => {}, // it was stopped before
    )
  }
  const report = () => process.stderr.write(`${accepted} of ${count} stations are accepted\n`)
  const reporting = setInterval(report, REPORT_MS)
  // Between two attempts to dial there may be nothing else that keeps the process.
  const alive = setInterval(() => {}, STAY_MS)
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
    const told = setInterval(() => {
      if (accepted < count) return
      clearInterval(told)
      clearInterval(reporting)
      report()
    }, 100)
  })
  clearInterval(reporting)
  clearInterval(alive)
  await Promise.all(stations.map((station) => station.stop()))
  process.exit(0)
}

function wholeNumber(option: string, text: string, max: number): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN
  if (value >= 1 && value <= max) return value
  throw new Error(`--${option} must be a whole number from 1 to ${max}, not "${text}"`)
}

/** By turns all versions, or the one that was chosen. */
function protocolsOf(chosen: string | undefined): readonly Protocol[] {
  if (chosen === undefined) return PROTOCOLS
  const known = PROTOCOLS.find((protocol) => protocol === chosen)
  if (known) return [known]
  throw new Error(`--protocol must be ${PROTOCOLS.join(', ')}, not "${chosen}"`)
}
