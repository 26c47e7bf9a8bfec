import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { PROTOCOLS, type Protocol } from '../../src/messages/protocols.ts'
import { randomFraction, seededRandomness } from '../../src/primitives/randomness.ts'
import { journalName } from '../../src/storage/station-journal.ts'
import { SEED } from '../seed.ts'
import {
  assertSameAccount,
  BACK_OFF,
  csmsAccount,
  journalAccount,
  Reader,
  Victim,
  Wire,
} from './kills.ts'
import { temporaryFolder, UNSIGNED, until } from './processes.ts'

/** An answer that was lost with its process costs its CALL 30 s, as OCPP has it; then it is told again. */
const PATIENCE_MS = 120_000

/** One: `SEED=n SEEDS=1`. */
const SEEDS = Number(process.env.SEEDS ?? (process.env.SOAK === '1' ? 100 : 20))
/** Sites that are tried at the same time; they share nothing. */
const SITES = 3
const SESSIONS = 2
const INSECURE = [{ port: 0, insecure: true }]
/** In a row, that show what does not change any more. */
const LOOKS = 5

const TARGETS = [
  'csms',
  'csms after commit',
  'node',
  'link above',
  'link below',
  'station',
] as const
type Target = (typeof TARGETS)[number]

interface Kill {
  readonly target: Target
  /** When the journals of the seed's stations have so many messages and one is charging. */
  readonly atRow: number
  /** Which of those there are; of the stations, which of those that charge. */
  readonly pick: number
}

/** CSMS01, and one or two nodes below it; wires between all of them and above the stations. */
class Site {
  readonly folder: string
  readonly database: Reader
  readonly csms: Victim
  readonly nodes: readonly Victim[]
  /** The first one is above the first node, the last one above the stations. */
  readonly wires: readonly Wire[]

  static async start(t: TestContext, folder: string, hops: number): Promise<Site> {
    mkdirSync(folder)
    const wires = await Promise.all(Array.from({ length: hops + 1 }, () => new Wire().open(t)))
    const site = new Site(t, folder, wires)
    t.after(() => Promise.all([site.csms, ...site.nodes].map((victim) => victim.stop())))
    for (const [i, victim] of [site.csms, ...site.nodes].entries()) await site.start(victim, i)
    return site
  }

  constructor(t: TestContext, folder: string, wires: readonly Wire[]) {
    this.folder = folder
    this.database = new Reader(t, join(folder, 'csms.sqlite'))
    this.wires = wires
    // biome-ignore format: one line
    this.csms = new Victim(folder, { nodeId: 'CSMS01', role: 'csms', listen: INSECURE, data: folder, tokens: ['TAG-1', 'TAG-2'], ...UNSIGNED })
    this.nodes = wires.slice(0, -1).map(
      ({ url }, i) =>
        // biome-ignore format: one line
        new Victim(folder, { nodeId: `NN0${i + 1}`, role: 'networking-node', listen: INSECURE, uplinks: [{ url, peerId: i === 0 ? 'CSMS01' : `NN0${i}`, backOff: BACK_OFF }], ...UNSIGNED }),
    )
  }

  /** Starts what is above the wire with this index. */
  async start(victim: Victim, above: number): Promise<void> {
    await victim.start()
    const wire = this.wires[above]
    if (wire) wire.target = victim.port
  }
}

class Station {
  readonly id: string
  readonly journal: Reader
  readonly victim: Victim
  /** How many transactions there are when it has nothing more to do. */
  #expected = SESSIONS

  constructor(t: TestContext, { folder, wires }: Site, id: string, protocol: Protocol) {
    this.id = id
    this.journal = new Reader(t, join(folder, journalName(id)))
    const url = wires.at(-1)?.url
    const simulation = { pauseS: 0.2, sessionS: 2, meterIntervalS: 0.2, sessions: SESSIONS }
    // biome-ignore format: one line
    this.victim = new Victim(folder, { nodeId: id, role: 'charging-station', data: folder, tokens: ['TAG-1', 'TAG-2'], simulation, uplinks: [{ url, mode: 'standard', protocol, backOff: BACK_OFF }], ...UNSIGNED })
  }

  /** Messages in the journal, those not delivered, transactions begun and still running. */
  state() {
    const [row] =
      this.journal.rows(
        `SELECT COUNT(*) AS total, SUM(state = 'waiting') AS waiting, SUM(kind = 'start') AS begun,
         SUM(kind = 'start') - SUM(kind = 'stop') AS running FROM messages`,
      ) ?? []
    return {
      total: Number(row?.total ?? 0),
      waiting: Number(row?.waiting ?? 0),
      begun: Number(row?.begun ?? 0),
      running: Number(row?.running ?? 0),
    }
  }

  async crash(): Promise<void> {
    await this.victim.kill()
    this.#expected = this.state().begun + SESSIONS
    await this.victim.start()
  }

  isDone(): boolean {
    const { begun, running, waiting } = this.state()
    return begun >= this.#expected && running === 0 && waiting === 0
  }
}

function drawKills(seed: number): Kill[] {
  const random = seededRandomness(seed)
  const below = (limit: number) => Math.floor(randomFraction(random) * limit)
  const count = 2 + below(2)
  // The first goes round, so that few seeds strike them all.
  return Array.from({ length: count }, (_, i) => ({
    target: TARGETS[i === 0 ? seed % TARGETS.length : below(TARGETS.length)] ?? 'csms',
    atRow: 2 + below(34),
    pick: below(1000),
  })).sort((a, b) => a.atRow - b.atRow)
}

/**
 * @returns What was struck: after a commit only where there was one to wait for, and of the stations
 *   one that charges; undefined when none does any more.
 */
async function strike(
  site: Site,
  stations: readonly Station[],
  kill: Kill,
): Promise<Target | undefined> {
  const { nodes, wires } = site
  const nodeAt = kill.pick % nodes.length
  const node = nodes[nodeAt]
  if (kill.target === 'link above') wires[nodeAt]?.cut()
  if (kill.target === 'link below') wires.at(-1)?.cut()
  if (kill.target === 'station') {
    const charging = stations.filter((station) => station.state().running > 0)
    const station = charging[kill.pick % charging.length]
    if (!station) return undefined
    await station.crash()
  }
  if (kill.target === 'node' && node) {
    await node.kill()
    await site.start(node, nodeAt + 1)
  }
  let { target } = kill
  if (target === 'csms after commit' && !(await holdACommit(site, stations))) target = 'csms'
  if (target.startsWith('csms')) {
    await site.csms.kill()
    wires[0]?.cut()
    await site.start(site.csms, 0)
  }
  return target
}

/**
 * Returns when the CSMS has stored something and whoever said it does not know.
 *
 * @returns False when there was nothing more to say.
 */
async function holdACommit(site: Site, stations: readonly Station[]): Promise<boolean> {
  const ids = stations.map(({ id }) => `'${id}'`).join()
  const stored = () =>
    site.database.number(
      `SELECT COUNT(*) FROM messages WHERE station IN (${ids}) AND repeated = 0
       AND action IN ('StartTransaction', 'MeterValues', 'StopTransaction', 'TransactionEvent')`,
    )
  const delivered = () =>
    stations.reduce((sum, station) => {
      const { total, waiting } = station.state()
      return sum + total - waiting
    }, 0)
  const isDone = () => stations.every((station) => station.isDone())
  const [wire] = site.wires
  let before = delivered()
  let looks = 0
  return until('a message to be committed whose answer is held', () => {
    if (!wire?.isHolding) {
      // Holding what only just opens would keep it from opening: something has to be delivered first.
      if (delivered() > before) wire?.holdAnswers()
      looks = 0
    } else {
      // An answer that was past the wire when it was held needs some looks to arrive.
      looks = stored() > delivered() ? looks + 1 : 0
      before = delivered()
    }
    return looks >= LOOKS ? 'held' : isDone() && 'done'
  }).then((found) => found === 'held')
}

async function trySeed(t: TestContext, site: Site, seed: number, counts: Counts): Promise<void> {
  const kills = drawKills(seed)
  const drawn = kills.map(({ target, atRow }) => `${target} at ${atRow}`).join(', ')
  const stations = PROTOCOLS.map((p) => new Station(t, site, `S${seed}-${p.slice(4)}`, p))
  t.after(() => Promise.all(stations.map(({ victim }) => victim.stop())))
  try {
    await Promise.all(stations.map(({ victim }) => victim.start()))
    for (const kill of kills) {
      const moment = await until(
        `${kill.atRow} messages in the journals while one charges`,
        () => {
          const states = stations.map((station) => station.state())
          const total = states.reduce((sum, state) => sum + state.total, 0)
          const isCharging = states.some(({ running }) => running > 0)
          if (total >= kill.atRow && isCharging) return 'now'
          return stations.every((station) => station.isDone()) && 'too late'
        },
        PATIENCE_MS,
      )
      const struck = moment === 'now' ? await strike(site, stations, kill) : undefined
      if (struck) counts.kills[struck] = (counts.kills[struck] ?? 0) + 1
      else counts.tooLate++
    }
    for (const station of stations) {
      await until(`${station.id} to have delivered everything`, () => station.isDone(), PATIENCE_MS)
    }
    for (const { victim, id } of stations) assert.equal(await victim.stop(), 0, `${id} ends`)
    for (const { id, journal } of stations) {
      const account = journalAccount(journal)
      assertSameAccount(id, account, csmsAccount(site.database, id))
      counts.transactions += account.transactions.length
      counts.messages += account.messages.length
    }
  } catch (cause) {
    const states = JSON.stringify(stations.map((station) => station.state()))
    throw new Error(`SEED=${seed} SEEDS=1 (${drawn}), journals: ${states}`, { cause })
  }
}

interface Counts {
  transactions: number
  messages: number
  repeated: number
  /** Kills for which no transaction was running any more. */
  tooLate: number
  kills: { [target in Target]?: number }
}

test(`journals and CSMS agree value by value after kills inside transactions, ${SEEDS} seeds`, async (t) => {
  const folder = temporaryFolder(t)
  const seeds = Array.from({ length: SEEDS }, (_, i) => SEED + i)
  const counts: Counts = { transactions: 0, messages: 0, repeated: 0, tooLate: 0, kills: {} }
  const runSite = async (index: number) => {
    const site = await Site.start(t, join(folder, `site-${index}`), 1 + (index % 2))
    for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
      await trySeed(t, site, seed, counts)
    }
    counts.repeated += site.database.number('SELECT SUM(repeated) FROM messages')
    assert.equal(site.database.number('SELECT SUM(conflict) FROM messages'), 0)
  }
  await Promise.all(Array.from({ length: Math.min(SITES, SEEDS) }, (_, i) => runSite(i)))
  console.log(JSON.stringify(counts))
  assert.ok(counts.transactions > 0 && counts.messages > counts.transactions)
  // What a few seeds draw may spare somebody; twenty do not.
  if (SEEDS >= 20) {
    for (const target of TARGETS) assert.ok(counts.kills[target], `${target} was never struck`)
    assert.ok(counts.transactions >= SEEDS * PROTOCOLS.length * SESSIONS)
    const struck = Object.values(counts.kills).reduce((sum, count) => sum + count, 0)
    assert.ok(counts.tooLate * 3 <= counts.tooLate + struck, 'most kills are inside transactions')
  }
  // What was committed and not answered came again, and was told from new.
  if (counts.kills['csms after commit']) assert.ok(counts.repeated > 0)
})
