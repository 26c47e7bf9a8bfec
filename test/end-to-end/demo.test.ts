import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type {
  OperationPage,
  OverviewView,
  StationDetail,
  TransactionPage,
} from '../../src/http/live-api.ts'
import { judge, openCalls } from '../foreign/debugkit.ts'
import { metric, startExecutable, until } from './processes.ts'

/** With SOAK=1: how long the demo is looked at. */
const MINUTES = 10
const MINUTE_MS = 60_000

test('the demo shows frames of three versions over one shared uplink, without it none, then again', async (t) => {
  const demo = startExecutable(t, 'demo', '--port', '0', '--no-restart')
  const running = await until(
    'the demo to run',
    () => /^Running .*$/m.exec(demo.output())?.[0],
    120_000,
  )
  const [console = ''] = /http:\/\/\S+/.exec(demo.output()) ?? []
  const frames = (label: string) => metric(console, 'wattweave_frames_total', label)
  assert.ok(
    (await (await fetch(console)).text()).includes('<html'),
    'the first link is the console',
  )

  const before = await frames('')
  await until('10 more frames', async () => (await frames('')) >= before + 10)
  const overview = (await (await fetch(`${console}api/overview`)).json()) as OverviewView
  const protocols = new Set(overview.nodes.map((node) => node.protocol))
  for (const protocol of ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1']) assert.ok(protocols.has(protocol))
  const shared = overview.links.find((link) => link.id === 'NN01>CSMS01')
  assert.equal(shared?.form, 'overlay')

  process.kill(Number(/NN01 (\d+)/.exec(running)?.[1]), 'SIGKILL')
  // biome-ignore format: one line
  await until('the shared link to be gone', async () => (await metric(console, 'wattweave_links', 'form="overlay"')) === 0)
  const sharedAtLoss = await frames('link="NN01"')
  const directAtLoss = await frames('link="CS06"')
  // biome-ignore format: one line
  await until('the direct station to go on', async () => (await frames('link="CS06"')) >= directAtLoss + 2)
  assert.equal(await frames('link="NN01"'), sharedAtLoss)

  const [folder = ''] = /(?<=passwords are in )[^;]+/.exec(demo.output()) ?? []
  startExecutable(t, 'run', join(folder, 'NN01.yaml'))
  // biome-ignore format: one line
  await until('the shared uplink to carry frames again', async () => (await frames('link="NN01"')) >= sharedAtLoss + 10)
  assert.equal(await demo.stop(), 0)
})

test('within its first minute the demo shows a car that comes, charges and goes, a limit that changes, and a fault that is mended; its traces are in order', async (t) => {
  const demo = startExecutable(t, 'demo', '--port', '0')
  await until('the demo to run', () => /^Running .*$/m.exec(demo.output())?.[0])
  const [console = ''] = /http:\/\/\S+/.exec(demo.output()) ?? []
  const read = async <T>(path: string) => (await (await fetch(new URL(`api/${path}`, console))).json()) as T // biome-ignore format: one line
  const transactions = async (query: string) =>
    (await read<TransactionPage>(`transactions?${query}`)).transactions
  const statusOf = async (id: string) =>
    // A station that has not booted yet is not known.
    (await read<Partial<StationDetail>>(`stations/${id}`)).connectors?.find(({ evseId }) => evseId > 0)?.status // biome-ignore format: one line

  const seen = new Set<string>()
  const note = (sign: string, isSo: boolean) => void (isSo && seen.add(sign))
  let first: number | undefined
  const look = async () => {
    const running = await transactions('state=running')
    first ??= running[0]?.number
    note('a car charges', first !== undefined)
    note(
      'it has gone',
      (await transactions('state=ended')).some(({ number }) => number === first),
    )
    const { operations } = await read<OperationPage>('operations?station=CS03&state=effect-seen')
    note(
      'a limit',
      operations.some(({ action }) => action === 'SetChargingProfile'),
    )
    const status = await statusOf('CS06')
    note('it is mended', seen.has('a fault') && status !== 'Faulted')
    note('a fault', status === 'Faulted')
    return seen.size
  }
  // Each of them comes again within half a minute, should one be missed.
  for (let signs = 0; signs < 5; ) {
    signs = await until(`more than ${[...seen].join(', ')}`, async () => (await look()) > signs && seen.size) // biome-ignore format: one line
  }
  const old = (await read<OverviewView>('overview')).nodes.filter(({ protocol }) => protocol === 'ocpp1.6') // biome-ignore format: one line
  assert.equal(old.length, 2)
  const exported = async (id: string) => (await fetch(new URL(`api/trace?station=${id}`, console))).text() // biome-ignore format: one line
  // The frame log is a ring: of ten minutes it would have lost the boots by the end.
  const traces = new Map(old.map(({ id }) => [id, new Set<string>()]))
  const collect = async (id: string) => {
    const lines = traces.get(id) as Set<string>
    for (const line of (await exported(id)).split('\n').filter(Boolean)) lines.add(line)
    return [...lines].join('\n')
  }
  for (let minute = 0; process.env.SOAK === '1' && minute < MINUTES; minute++) {
    for (const { id } of old) await collect(id)
    await new Promise((resolve) => setTimeout(resolve, MINUTE_MS))
  }
  for (const { id } of old) {
    // Before and after: what has begun or ended meanwhile is in one of them.
    const before = await transactions('state=running')
    // Not in the middle of a call: its answer would be missing.
    const trace = await until(`an answer to every call of ${id}`, async () => {
      const whole = await collect(id)
      return openCalls(whole).length === 0 && whole
    })
    const running = [...before, ...(await transactions('state=running'))]
    const ids = new Set(running.map(({ transactionId }) => transactionId))
    const { sessions, unexplained } = judge(trace, ids)
    assert.ok(sessions.length > 0, `${id} has sessions in its trace`)
    assert.deepEqual(unexplained, [], id)
  }
  assert.equal(await demo.stop(), 0)
})
