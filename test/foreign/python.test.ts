import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { PROTOCOLS } from '../../src/messages/protocols.ts'
import { startChain, startExecutable, startNode, until } from '../end-to-end/processes.ts'
import { needsPeer, PYTHON_ENVIRONMENT } from '../needs.ts'
import { idOf, runDay, SCRIPTS } from './days.ts'
import { startProgram } from './program.ts'
import { foreignStation } from './rpc.ts'

/** PyPI `ocpp` as station and as CSMS: another language, another reading of the standard. */

/** Starts a script of `test/foreign/python`. */
function start(t: TestContext, script: string, ...args: string[]) {
  const file = fileURLToPath(new URL(`python/${script}`, import.meta.url))
  return startProgram(t, 'python3', [file, ...args], PYTHON_ENVIRONMENT)
}

for (const protocol of PROTOCOLS) {
  test(`a Python station of ${protocol} boots, charges and is commanded behind our node`, async (t) => {
    if (!needsPeer(t, 'python')) return
    const { edge, folder, csms } = await startChain(t, 1, { isSigned: false })
    const station = start(t, 'station.py', `${edge.url}PY01`, protocol)
    const told = await until('its day', () => station.lines[0])
    assert.deepEqual(told, { boot: 'Accepted', token: 'Accepted' })

    const database = new DatabaseSync(join(folder, 'csms.sqlite'), { readOnly: true })
    t.after(() => database.close())
    const [row] = database.prepare('SELECT station, meter_start_wh, meter_stop_wh FROM transactions').all() // biome-ignore format: one line
    assert.deepEqual({ ...row }, { station: 'PY01', meter_start_wh: 100, meter_stop_wh: 400 })
    const send = startExecutable(t, 'send', 'PY01', 'ClearCache', '{}', '--uplink', csms.url)
    assert.equal(await send.ended, 0, send.errors())
    assert.deepEqual(JSON.parse(send.output()), { status: 'Accepted' })
    station.stdin.write('leave\n')
    assert.deepEqual(await until('it to leave', () => station.lines[1]), {
      commands: ['ClearCache'],
    })
  })
}

test('a Python CSMS sees each of our foreign stations as if directly connected', async (t) => {
  if (!needsPeer(t, 'python')) return
  const { folder } = await startChain(t, 0, { isSigned: false })
  const foreign = start(t, 'csms.py')
  const port = await until('the Python CSMS', () => foreign.lines[0]?.port)
  const uplinks = [{ name: 'python', url: `ws://127.0.0.1:${port}/`, mode: 'per-station' }]
  const node = await startNode(t, folder, { nodeId: 'NN01', role: 'networking-node', listen: [{ port: 0, insecure: true }], uplinks, data: join(folder, 'nn01'), log: 'silent' }) // biome-ignore format: one line
  for (const protocol of PROTOCOLS) {
    const station = await foreignStation(t, node.url, { identity: idOf(protocol), protocols: [protocol] }) // biome-ignore format: one line
    await runDay(station, protocol)
    await station.close()
    const heard = foreign.lines.filter((line) => line.station === idOf(protocol))
    const asked = heard.filter(({ action }) => action !== 'gone').map(({ action, asked }) => [action, asked]) // biome-ignore format: one line
    assert.deepEqual(asked, SCRIPTS[protocol].map(([action, payload]) => [action, inPython(payload)])) // biome-ignore format: one line
    await until('its connection to close', () => foreign.lines.some((line) => line.station === idOf(protocol) && line.action === 'gone')) // biome-ignore format: one line
  }
})

/** A payload as the package hands it to Python: `seqNo` is `seq_no`, at any depth. */
function inPython(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inPython)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).map(([name, inner]) => [
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    inPython(inner),
  ])
  return Object.fromEntries(members)
}
