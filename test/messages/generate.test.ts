import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Ocpp16, Ocpp21, Wattweave } from '../../src/messages/index.ts'
import { actionsOf, PROTOCOLS } from '../../src/messages/index.ts'

const SCRIPT = fileURLToPath(new URL('../../scripts/generate-messages.ts', import.meta.url))

test('generating the types again changes nothing', () => {
  const { status, stderr } = spawnSync(process.execPath, [SCRIPT, '--check'], { encoding: 'utf8' })

  assert.equal(stderr, '')
  assert.equal(status, 0)
})

test('the generator stays below 200 lines', () => {
  assert.ok(readFileSync(SCRIPT, 'utf8').split('\n').length < 200)
})

test('each version has one row of types per action', () => {
  for (const protocol of PROTOCOLS) {
    const url = new URL(`../../src/messages/${protocol}.ts`, import.meta.url)
    const messages = readFileSync(url, 'utf8').split('export interface Messages {')[1] ?? ''
    const actions = [...messages.matchAll(/^ {2}(\w+): \{ request/gm)].map(([, action]) => action)

    assert.deepEqual(actions.sort(), [...actionsOf(protocol).keys()].sort())
  }
})

test('the types say what is required, what is optional and which words are legal', () => {
  const boot: Ocpp16.Messages['BootNotification']['response'] = {
    status: 'Accepted',
    currentTime: '2026-01-31T12:00:00Z',
    interval: 300,
  }
  // @ts-expect-error no such status
  const wrong: Ocpp16.BootNotificationResponse = { ...boot, status: 'Perhaps' }
  // @ts-expect-error idTag is required
  const missing: Ocpp16.AuthorizeRequest = {}
  // @ts-expect-error a heartbeat of 1.6 has no members
  const unknown: Ocpp16.HeartbeatRequest = { connectorId: 1 }
  const send: Ocpp21.Messages['NotifyPeriodicEventStream']['response'] = undefined
  const ours: Wattweave.NetworkRouteType = { destinationId: 'CS1', uplink: { latency: [40, 5] } }

  assert.equal([wrong, missing, unknown, send, ours].length, 5)
})
