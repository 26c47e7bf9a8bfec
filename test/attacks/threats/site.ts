import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, type TestContext } from 'node:test'
import type { NodeId } from '../../../src/primitives/ids.ts'
import {
  type Attempt,
  createMaliciousController,
  type MaliciousController,
  type RecordedFrame,
} from '../../../src/roles/malicious-controller/malicious-controller.ts'
import { INSECURE_POLICY } from '../../../src/security/policies/default-policy.ts'
import type { SignaturePolicyDocument } from '../../../src/security/policies/policy-document.ts'
import { Secret } from '../../../src/transport/credentials.ts'
import type { LinkSource } from '../../../src/transport/link.ts'
import { dial } from '../../../src/transport/websocket-client.ts'
import { accept } from '../../../src/transport/websocket-server.ts'
import { metric, type RunningNode, startNode, temporaryFolder, until } from '../../end-to-end/processes.ts' // biome-ignore format: one line
import { peers } from '../../support/sockets.ts'
import { KeyRing } from './keys.ts'
import { PlainStation } from './plain-station.ts'

/**
 * A CSMS, a local controller that lies, a node at the edge and two stations: CSMS and edge are
 * processes that sign. There are two such overlays, with the same ids and keys, that differ in the
 * policy file alone: what takes effect in one is tried with the same bytes on the other.
 */
export interface Side {
  readonly csms: RunningNode
  readonly node: RunningNode
  readonly middle: MaliciousController
  readonly attempts: Attempt[]
  /** Where nodes dial the middle. */
  readonly middleUrl: string
  /** CS01 and CS02. */
  readonly stations: readonly [PlainStation, PlainStation]
}

export interface Sides {
  readonly keys: KeyRing
  /** With the default policy. */
  readonly strict: Side
  /** With the policy `insecure`. */
  readonly open: Side
  readonly folder: string
  /** Moves the clocks of all processes to so many seconds from the real time. */
  moveClocks(seconds: number): Promise<void>
}

export interface SiteOptions {
  /** `security` of a process, beside its key and the default policy. */
  readonly policyFile?: string
  /** Keys that the edge is told of. Default: all that any node is told of. */
  readonly trustOfNode?: readonly string[]
  readonly stationProtocol?: 'ocpp1.6' | 'ocpp2.1'
  /** Of the edge, in place of the default one; not where all is `insecure`. */
  readonly policyOfNode?: SignaturePolicyDocument
}

export type FrameArray = readonly unknown[]

/** Processes of a file live until its last test is over. */
const ends: (() => unknown)[] = []
after(async () => {
  for (const end of ends.reverse()) await end()
})
export const FILE = { after: (end: () => unknown) => void ends.push(end) } as unknown as TestContext

const CLOCK = new URL('moved-clock.ts', import.meta.url).href
/** So that nothing that a test signs is older than the memory of a process. */
const START_OFFSET_S = -120

/** Starts a process whose clock can be moved. */
export async function startMoved(
  folder: string,
  config: { nodeId: string } & Record<string, unknown>,
  offsetS = START_OFFSET_S,
): Promise<RunningNode> {
  const file = clockOf(folder, config.nodeId)
  writeFileSync(file, `${offsetS * 1_000}`)
  return startNode(FILE, folder, config, ['env', `NODE_OPTIONS=--import=${CLOCK}`, `MOVED_CLOCK_FILE=${file}`]) // biome-ignore format: one line
}

/** Ends a process and starts it again with its file; its clock is right. */
export async function restarted(running: RunningNode): Promise<RunningNode> {
  await running.stop()
  const config = JSON.parse(readFileSync(running.file, 'utf8'))
  return startMoved(dirname(running.file), config, 0)
}

/** Moves the clock of a process to so many seconds from the real time. */
export async function moveClock(running: RunningNode, seconds: number): Promise<void> {
  const file = running.file.replace(/\.yaml$/, '.clock')
  writeFileSync(file, `${seconds * 1_000}`)
  process.kill(running.pid, 'SIGUSR2')
  await until('its clock to be moved', () => readFileSync(`${file}.taken`, 'utf8') === `${seconds * 1_000}`) // biome-ignore format: one line
}

function clockOf(folder: string, nodeId: string): string {
  return join(folder, `${nodeId}.clock`)
}

/** Both sides, started when the first test asks. */
export function sidesOf(options: SiteOptions = {}): () => Promise<Sides> {
  let sides: Promise<Sides> | undefined
  return () => (sides ??= startSides(options))
}

async function startSides(options: SiteOptions): Promise<Sides> {
  const folder = temporaryFolder(FILE)
  const keys = new KeyRing(folder)
  const policyFile = join(folder, 'insecure.json')
  writeFileSync(policyFile, JSON.stringify(INSECURE_POLICY))
  const [strict, open] = await Promise.all([
    startSide(join(folder, 'strict'), keys, options),
    startSide(join(folder, 'open'), keys, { ...options, policyFile }),
  ])
  const all = [strict.csms, strict.node, open.csms, open.node]
  const moveClocks = async (seconds: number) => void (await Promise.all(all.map((one) => moveClock(one, seconds)))) // biome-ignore format: one line
  await moveClocks(0)
  await Promise.all([strict, open].flatMap(({ stations }) => stations.map((station) => station.boot()))) // biome-ignore format: one line
  return { keys, strict, open, folder, moveClocks }
}

export const COMMON = { log: 'debug', http: { port: 0, login: false } }

/** Starts one side of it; nobody has booted yet. */
export async function startSide(
  folder: string,
  keys: KeyRing,
  options: SiteOptions,
): Promise<Side> {
  const { policyFile, policyOfNode, trustOfNode, stationProtocol = 'ocpp1.6' } = options
  mkdirSync(join(folder, 'secrets'), { recursive: true })
  for (const id of ['LC01', 'NN01', 'CS01', 'CS02']) writeFileSync(join(folder, 'secrets', id), `password of ${id}`) // biome-ignore format: one line
  const peer = (id: string, more = {}) => ({ id, passwordFile: `secrets/${id}`, ...more })
  const policy = policyFile === undefined ? {} : { policyFile }
  const ownPolicy = join(folder, 'node-policy.json')
  if (policyOfNode) writeFileSync(ownPolicy, JSON.stringify(policyOfNode))
  const nodePolicy = policyOfNode && policyFile === undefined ? { policyFile: ownPolicy } : policy
  // biome-ignore format: one line
  const csmsStarted = startMoved(folder, { nodeId: 'CSMS01', role: 'csms', listen: [{ port: 0 }], data: join(folder, 'csms'), tokens: ['TAG-1'], peers: [peer('LC01', { peer: 'node' })], security: keys.settingsOf('CSMS01', policy), ...COMMON })
  const { middle, acceptor } = await startMiddle(csmsStarted)
  const uplinks = [{ url: acceptor.url, peerId: 'LC01', passwordFile: 'secrets/NN01' }]
  // biome-ignore format: one line
  const nodeStarted = startMoved(folder, { nodeId: 'NN01', role: 'networking-node', listen: [{ port: 0 }], data: join(folder, 'node'), uplinks, peers: [peer('CS01'), peer('CS02')], security: keys.settingsOf('NN01', nodePolicy, trustOfNode && [...trustOfNode]), ...COMMON })
  const [csms, node] = await Promise.all([csmsStarted, nodeStarted])
  for (const one of [csms, node]) await until('the links', async () => (await metric(one.console, 'wattweave_links', 'form="overlay"')) >= 1) // biome-ignore format: one line
  const [first, second] = await Promise.all(['CS01', 'CS02'].map((id) => PlainStation.connect(FILE, node.url, id, stationProtocol))) // biome-ignore format: one line
  assert.ok(first && second)
  const attempts: Attempt[] = []
  middle.onAttempt((attempt) => attempts.push(attempt))
  return { csms, node, middle, middleUrl: acceptor.url, attempts, stations: [first, second] }
}

/** It listens at once, and dials the CSMS as soon as that has started. */
async function startMiddle(csms: Promise<RunningNode>) {
  const nodeId = 'LC01' as NodeId
  const acceptor = accept({ nodeId, port: 0, peers: peers('NN01', 'GUEST') })
  const listening = Promise.withResolvers<void>()
  let uplink: LinkSource | undefined
  const below: LinkSource = {
    start: (onLink, report) => acceptor.start(onLink, report).then(listening.resolve),
    stop: () => acceptor.stop(),
  }
  const above: LinkSource = {
    async start(onLink, report) {
      const { url } = await csms
      uplink = dial({ url, nodeId, password: new Secret('password of LC01'), mode: 'overlay', peerId: 'CSMS01' as NodeId }) // biome-ignore format: one line
      await uplink.start(onLink, report)
    },
    stop: async () => uplink?.stop(),
  }
  const middle = createMaliciousController({ nodeId, links: [below, above] })
  ends.push(() => middle.stop())
  void middle.start()
  await listening.promise
  return { middle, acceptor }
}

/** Keeps back the next frame of a kind, and returns it as its array. */
export async function captured(
  side: Side,
  kind: 'CALL' | 'CALLRESULT' | 'CALLERROR' | 'SEND',
  action: string,
  act: () => unknown,
): Promise<FrameArray> {
  const { middle } = side
  const before = middle.recorded.at(-1)?.sequence ?? 0
  const off = middle.switchOn({
    attack: 'drop',
    on: { kinds: [kind], actions: [action], times: 1 },
  })
  await act()
  const isIt = ({ sequence, action: name, frame }: RecordedFrame) => sequence > before && name === action && TYPES[kind] === frame.type // biome-ignore format: one line
  const frame = await until(`a ${kind} of ${action}`, () => middle.recorded.find(isIt))
  off()
  return JSON.parse(new TextDecoder().decode(frame.bytes)) as FrameArray
}

const TYPES = { CALL: 2, CALLRESULT: 3, CALLERROR: 4, SEND: 6 }

/** A frame as the middle would carry it on, written by hand. */
export function onward(frame: FrameArray): Uint8Array {
  const [type, destination, path, ...rest] = frame
  return new TextEncoder().encode(JSON.stringify([type, destination, [...(path as string[]), 'LC01'], ...rest])) // biome-ignore format: one line
}

/** Sends a frame through the middle of a side, towards whom it is for. */
export function deliver(side: Side, frame: FrameArray, over = `${frame[1]}`): void {
  side.middle.inject(over, onward(frame))
}

/** Asks the CSMS of a side to let a station do something. @returns The id of the operation. */
export async function command(
  side: Side,
  station: string,
  action: string,
  request: object,
): Promise<string> {
  const answer = await fetch(
    new URL(`api/stations/${station}/operations/${action}`, side.csms.console),
    {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: new URL(side.csms.console).origin },
      body: JSON.stringify(request),
    },
  )
  const { id } = (await answer.json()) as { id?: string }
  assert.ok(id, `${answer.status} ${station} ${action}`)
  return id
}

/** Something that the HTTP API of a process says. */
export async function api<T>(running: RunningNode, path: string): Promise<T> {
  return (await (await fetch(new URL(`api/${path}`, running.console))).json()) as T
}

export interface Operation {
  readonly id: string
  readonly state: string
  readonly error?: unknown
}

/** What has become of an operation, once something has. */
export function outcomeOf(side: Side, id: string): Promise<Operation> {
  return until('the operation to end', async () => {
    const operation = await api<Operation>(side.csms, `operations/${id}`)
    return operation.state !== 'sent' && operation
  })
}
