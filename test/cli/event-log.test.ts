import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LineLimit, logEvents, logRefusedConnections } from '../../src/cli/event-log.ts'
import type { Logger, NodeEvent } from '../../src/node/core.ts'
import type { Node } from '../../src/node/node.ts'

test('failed handshakes get a line for each address and twenty a minute, and say what was left out', () => {
  const limit = new LineLimit(20)
  assert.equal(limit.take('192.0.2.1', 0), 0)
  for (let i = 0; i < 1_000; i++) assert.equal(limit.take('192.0.2.1', 59_999), undefined)
  assert.equal(limit.take('192.0.2.2', 59_999), 0)
  const lines = Array.from({ length: 500 }, (_, i) => limit.take(`198.51.100.${i}`, 59_999))
  assert.equal(lines.filter((skipped) => skipped !== undefined).length, 18)
  assert.equal(
    limit.take('192.0.2.1', 60_000),
    1_000 + 482,
    'its own, and what there was no room for',
  )
  assert.equal(limit.take('192.0.2.2', 60_000), 0)
  assert.equal(limit.take('192.0.2.1', 60_001), undefined)
})

/** Writes the log of what happens at a node. */
function logging() {
  const lines: string[] = []
  const skipped: unknown[] = []
  const write = (level: string) => (event: string, fields?: object) => {
    lines.push(`${level} ${event}`)
    skipped.push((fields as { skipped?: number } | undefined)?.skipped)
  }
  const log: Logger = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') } // biome-ignore format: one line
  const observers: ((event: NodeEvent) => void)[] = []
  const node = { onEvent: (observer: (event: NodeEvent) => void) => observers.push(observer) }
  logEvents(node as unknown as Node, log)
  const happen = (event: object) => {
    for (const observe of observers) observe(event as NodeEvent)
  }
  return { lines, skipped, happen }
}

test('refusals of one kind from one place are told once, and a station that comes is no warning', () => {
  const { lines, happen } = logging()
  const refused = (status: number) => ({ name: 'link.refused', id: '', status, why: '', address: '192.0.2.1' }) as NodeEvent // biome-ignore format: one line
  for (const event of [
    refused(0),
    refused(0),
    refused(401),
    refused(401),
    refused(403),
    { name: 'presence' },
    { name: 'link.up' },
  ]) {
    happen(event)
  }
  assert.deepEqual(lines, ['warn link.refused', 'warn link.refused', 'warn link.refused', 'info presence']) // biome-ignore format: one line
})

test('of frames that are refused on one link for one reason ten have a line, others have their own', () => {
  const { lines, happen } = logging()
  const refused = (link: string, code: string) => ({ name: 'frame.refused', link, code, details: {} }) // biome-ignore format: one line
  for (let i = 0; i < 1_000; i++) happen(refused('CS01', 'ERR_WIRE_JSON'))
  assert.equal(lines.length, 10)
  happen(refused('CS02', 'ERR_WIRE_JSON'))
  happen(refused('CS01', 'ERR_ROUTE_UNKNOWN'))
  assert.equal(lines.length, 12)
  for (let i = 0; i < 1_000; i++) happen(refused(`CS${i}`, 'ERR_ACTION_UNKNOWN'))
  assert.equal(lines.length, 109)
})

test('of what a rule lets through on one link for one reason ten messages have a line', () => {
  const { lines, happen } = logging()
  const alerted = (link: string, reason: string) => ({ name: 'message.alerted', link, rule: 'site in/0', reason }) // biome-ignore format: one line
  for (let i = 0; i < 1_000; i++) happen(alerted('CS01', 'unsigned'))
  assert.deepEqual([lines.length, lines[0]], [10, 'warn message.alerted'])
  happen(alerted('CS01', 'role'))
  happen(alerted('CS02', 'unsigned'))
  assert.equal(lines.length, 12)
})

test('a revocation list is a warning, and none where it takes nothing back', () => {
  const { lines, happen } = logging()
  for (const count of [0, 1]) happen({ name: 'keys.revoked', by: 'CSMS01', version: 1, count })
  assert.deepEqual(lines, ['info keys.revoked', 'warn keys.revoked'])
})

test('what was left out is told with a line of the same event, link and code, and with no other', (t) => {
  t.mock.timers.enable({ apis: ['Date'] })
  const { lines, skipped, happen } = logging()
  const refused = { name: 'frame.refused', link: 'CS01', code: 'ERR_WIRE_JSON', details: {} }
  for (let i = 0; i < 1_000; i++) happen(refused)
  for (let i = 0; i < 15; i++) happen({ name: 'copy.dropped', link: 'CS01', code: 'ERR_WIRE_JSON' })
  happen({ ...refused, link: 'CS02' })
  assert.equal(lines.length, 21)
  assert.deepEqual(new Set(skipped), new Set([undefined]))
  t.mock.timers.tick(60_000)
  happen({ ...refused, link: 'CS02' })
  happen(refused)
  happen({ name: 'copy.dropped', link: 'CS01', code: 'ERR_WIRE_JSON' })
  assert.deepEqual(skipped.slice(-3), [undefined, 990, 5])
})

test('connections that the HTTP port refuses get a line for each address and reason, twenty a minute', () => {
  const lines: object[] = []
  const quiet = () => {}
  const log: Logger = { debug: quiet, info: quiet, error: quiet, warn: (event, fields) => void lines.push({ event, ...fields }) } // biome-ignore format: one line
  const refused = logRefusedConnections(log)
  const why = 'it said nothing'
  for (let i = 0; i < 1_000; i++) refused({ address: '192.0.2.1', reason: 'silent', why })
  for (let i = 0; i < 1_000; i++) refused({ address: `198.51.100.${i}`, reason: 'body', why })

  assert.equal(lines.length, 20)
  assert.deepEqual(lines[0], { event: 'http.refused', address: '192.0.2.1', reason: 'silent', why })
})
