import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { auditFile } from '../../src/cli/audit-trail.ts'
import { loadConfig } from '../../src/cli/config.ts'
import { needs } from '../needs.ts'
import { metric, type RunningNode, startChain, startExecutable, startNode, temporaryFolder, until } from './processes.ts' // biome-ignore format: one line

/** What happens to the security of a node: its CSMS hears of it, and its own log can prove it. */

interface Event {
  readonly station: string
  readonly type: string
  readonly techInfo?: string
}

async function eventsAt(csms: RunningNode): Promise<readonly Event[]> {
  const answer = await fetch(new URL('api/security-events?limit=100', csms.console))
  return ((await answer.json()) as { events: readonly Event[] }).events
}

async function verified(t: TestContext, ...args: string[]) {
  const process = startExecutable(t, 'verify', ...args)
  return { code: await process.ended, said: process.output() + process.errors() }
}

test('a CSMS hears of what was forged at a node, the node keeps it, and its log shows a changed byte', async (t) => {
  const { folder, csms, edge } = await startChain(t, 1)
  const forged = startExecutable(t, 'send', 'NN01', 'GetUserRoles', '{}', '--uplink', edge.url, '--as', 'LAPTOP') // biome-ignore format: one line
  assert.equal(await forged.ended, 1)

  const event = await until('the CSMS to list it', async () => (await eventsAt(csms)).find(({ type }) => type === 'InvalidMessages')) // biome-ignore format: one line
  assert.deepEqual([event.station, event.techInfo], ['NN01', 'unsigned: from LAPTOP over LAPTOP'])
  const started = (await eventsAt(csms)).filter(({ type }) => type === 'StartupOfTheDevice')
  assert.match(
    started[0]?.techInfo ?? '',
    /^node NN01 has started, audit log at entry \d+, [\w-]{43}$/,
  )
  const { stations } = (await (await fetch(new URL('api/stations', csms.console))).json()) as { stations: { id: string }[] } // biome-ignore format: one line
  assert.deepEqual(stations, [], 'a node is no station')

  assert.ok((await metric(edge.console, 'wattweave_audit_entries_total', 'written')) > 0)

  const stranger = startExecutable(t, 'send', 'CSMS', 'SecurityEventNotification', '{"type":"InvalidMessages","timestamp":"2027-01-01T00:00:00Z","techInfo":"forged"}', '--uplink', csms.url, '--as', 'NN09') // biome-ignore format: one line
  assert.equal(await stranger.ended, 1, 'a node that nobody knows is not heard')
  assert.match(stranger.output(), /"reason":"unsigned"/)
  assert.ok(!(await eventsAt(csms)).some(({ station }) => station === 'NN09'))

  const traced = startExecutable(t, 'trace', csms.console)
  assert.equal(await traced.ended, 0)
  const trace = join(folder, 'trace.jsonl')
  writeFileSync(trace, traced.output())
  const records = await verified(t, trace, '--config', csms.file)
  assert.equal(records.code, 0, records.said)
  assert.match(records.said, /[1-9]\d* verified, 0 wrong, 0 redacted/)

  assert.equal(await edge.stop(), 0)
  const file = auditFile(loadConfig(edge.file))
  const text = readFileSync(file, 'utf8')
  const lines = text.trimEnd().split('\n')
  const at = lines.findIndex((line) => line.includes('"source":"LAPTOP"')) + 1
  assert.match(lines[at - 1] ?? '', /"event":"frame.refused","details":{"reason":"unsigned","code":"ERR_POLICY_REFUSED","source":"LAPTOP","link":"LAPTOP"/) // biome-ignore format: one line
  const whole = await verified(t, file, '--config', edge.file)
  assert.deepEqual([whole.code, /vouched for up to entry (\d+) by NN01/.exec(whole.said)?.[1]], [0, `${lines.length - 1}`], whole.said) // biome-ignore format: one line

  const copy = join(folder, 'changed.jsonl')
  writeFileSync(copy, text.replace('"source":"LAPTOP"', '"source":"LAPTOQ"'))
  const changed = await verified(t, copy, '--config', edge.file)
  assert.equal(changed.code, 1)
  assert.match(changed.said, new RegExp(`^entry ${at} is wrong: it was changed`))
})

const PRLIMIT = '/usr/bin/prlimit'

test('a node whose disk is full goes on, says so, and its log says later how many entries it lacks', async (t) => {
  if (!needs(t, PRLIMIT)) return
  const folder = temporaryFolder(t)
  const listen = [{ port: 0, insecure: true }]
  const node = await startNode(t, folder, { nodeId: 'NN01', role: 'networking-node', listen, data: folder, http: { port: 0, login: false }, log: 'error' }) // biome-ignore format: one line
  const file = auditFile(loadConfig(node.file))
  const events = () => readFileSync(file, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as { event: string; details: { count?: number } }) // biome-ignore format: one line
  const limit = (bytes: number | 'unlimited') => execFileSync(PRLIMIT, ['--pid', `${node.pid}`, `--fsize=${bytes}:`]) // biome-ignore format: one line
  const forge = async (as: string) => {
    const forged = startExecutable(t, 'send', 'NN01', 'GetUserRoles', '{}', '--uplink', node.url, '--as', as) // biome-ignore format: one line
    assert.equal(await forged.ended, 1)
    assert.match(forged.output(), /"reason":"unsigned"/, 'it obeys no more than before')
  }
  // Room for a part of an entry, after which nothing could be read.
  const before = statSync(file).size
  limit(before + 50)
  await forge('LAPTOP')
  await until('it to say so', () => node.errors().includes('"event":"audit.failed"'))
  assert.equal((await fetch(new URL('health', node.console))).status, 200)
  assert.equal(statSync(file).size, before, 'half an entry is none')

  limit('unlimited')
  await forge('OTHER')
  const [lost, next] = await until('the next entry', () => events().slice(-2).at(-1)?.event === 'frame.refused' && events().slice(-2)) // biome-ignore format: one line
  assert.deepEqual([lost?.event, lost?.details, next?.event], ['audit.lost', { count: 1 }, 'frame.refused']) // biome-ignore format: one line
  assert.equal(await node.stop(), 0)
  const whole = await verified(t, file, '--config', node.file)
  assert.equal(whole.code, 0, whole.said)
})
