import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OverviewView } from '../../src/http/live-api.ts'
import { annunciatorWindows } from '../../web/annunciator/windows.ts'
import { evseCells, stationPower } from '../../web/diagram/evse-state.ts'
import { linkLabel, securityWord } from '../../web/diagram/link-words.ts'
import {
  formatBytes,
  formatCountdown,
  formatDate,
  formatDay,
  formatEnergy,
  formatMs,
  formatPower,
  formatRate,
  formatSeconds,
  formatSpan,
  formatTime,
  formatUtc,
  formatVersion,
  join,
  shorten,
} from '../../web/text/format.ts'
import { link, node, park } from './park.ts'

test('quantities carry their unit after a narrow space', () => {
  assert.equal(plain(join(formatBytes(740))), '740 B')
  assert.equal(plain(join(formatBytes(12_400))), '12.4 kB')
  assert.equal(plain(join(formatBytes(3_100_000))), '3.1 MB')
  assert.equal(plain(join(formatPower(22_100))), '22.1 kW')
  assert.equal(plain(join(formatPower(148_000))), '148 kW')
  assert.equal(plain(join(formatPower(0))), '0 W')
  assert.equal(plain(join(formatEnergy(8450))), '8.45 kWh')
  assert.equal(plain(join(formatMs(24.4))), '24 ms')
  assert.equal(formatRate(82.3), '82/s')
  assert.equal(formatRate(1.64), '1.6/s')
})

test('a moment that no calendar here knows stays as it was written', () => {
  for (const written of ['2016-12-31T23:59:60Z', '', 'yesterday', '+275760-09-14T00:00:00Z']) {
    for (const format of [formatTime, formatSeconds, formatDay, formatUtc]) {
      assert.equal(format(written), written)
    }
  }
})

test('spans use the two largest units', () => {
  assert.deepEqual(
    [0, 12_900, 240_000, 7_800_000, 273_600_000].map((ms) => plain(formatSpan(ms))),
    ['0 s', '12 s', '4 min', '2 h 10 min', '3 d 4 h'],
  )
  assert.equal(plain(formatSpan(-5)), '0 s')
})

test('times have milliseconds, 24 hours, and UTC in full', () => {
  assert.equal(formatTime('2026-01-05T23:04:21.137Z', 'UTC'), '23:04:21.137')
  assert.equal(formatTime('2026-01-05T23:04:21.137Z', 'Europe/Berlin'), '00:04:21.137')
  assert.equal(formatUtc('2026-01-05T23:04:21.137Z'), '2026-01-05 23:04:21.137 UTC')
})

test('a version loses its prefix and a long id its middle', () => {
  assert.equal(formatVersion('ocpp2.0.1'), '2.0.1')
  assert.equal(formatVersion(undefined), '')
  assert.equal(shorten('CS01', 11), 'CS01')
  assert.equal(shorten('CS-HAMBURG-0012', 11), 'CS-HA…-0012')
})

test('an EVSE with several connectors shows what matters most', () => {
  const evses = [
    { evseId: 2, connectorId: 1, status: 'Available' },
    { evseId: 1, connectorId: 1, status: 'Available' },
    { evseId: 1, connectorId: 2, status: 'Charging', powerW: 11_000 },
    { evseId: 0, connectorId: 0, status: 'Unavailable' },
  ] as const
  assert.deepEqual(evseCells(evses), [
    { evseId: 1, status: 'Charging' },
    { evseId: 2, status: 'Available' },
  ])
  assert.equal(stationPower({ evses }), 11_000)
  assert.equal(stationPower({ evses: [] }), undefined)
})

test('a link says how it is shared, how fast and how far, or for how long it is down', () => {
  const shared = link('NN01', 'CSMS01', 'overlay', {
    sharedBy: 5,
    framesPerSecond: 82,
    roundTripMs: 24,
  })
  const now = Date.parse(shared.since) + 12_000

  assert.equal(plain(linkLabel(shared, now)), 'shared by 5 · 82/s · 24 ms')
  assert.equal(plain(linkLabel({ ...shared, state: 'down' }, now)), 'down 12 s')
  const nextTry = new Date(now + 3_400).toISOString()
  const dialled = { ...shared, state: 'down', nextTry } as const
  assert.equal(plain(linkLabel(dialled, now)), 'down 12 s, next try 3 s')
  assert.equal(plain(linkLabel(dialled, now + 4_000)), 'down 16 s, tries now')
  assert.equal(plain(linkLabel({ ...shared, sharedBy: 1 }, now)), '82/s · 24 ms')
})

test('a link without TLS is plain, one without a credential insecure', () => {
  assert.equal(securityWord(link('A', 'B')), '')
  assert.equal(securityWord(link('A', 'B', 'standard', { transport: 'plain' })), 'plain')
  assert.equal(securityWord(link('A', 'B', 'standard', { credential: 'none' })), 'insecure')
})

test('the annunciator is quiet when all is well', () => {
  assert.deepEqual(
    windows(park(5)).map(({ label, value, tone }) => `${label} ${plain(value)} ${tone}`),
    [
      'Links 7 normal',
      'Refused 0 normal',
      'Alerts 0 normal',
      'Queues 0 B normal',
      'Stations 6 normal',
      'Keys  normal',
      'Clock  normal',
      'Insecure  normal',
      'Simulated  normal',
    ],
  )
})

test('the annunciator tells the number that is wrong', () => {
  const { nodes, links } = park(5)
  const states = windows(
    {
      nodes: [...nodes.slice(0, -1), node('CS06', 'charging-station', { state: 'down' })],
      links: [
        ...links.slice(0, -1),
        link('CS06', 'CSMS01', 'standard', { state: 'down', transport: 'plain' }),
      ],
    },
    { refused: 3, queuedBytes: 1200 },
  )
  assert.deepEqual(
    states.map(({ value, tone }) => `${plain(value)} ${tone}`),
    [
      '6 of 7 alarm',
      '3 alarm',
      '0 normal',
      '1.2 kB warn',
      '5 of 6 alarm',
      ' normal',
      ' normal',
      '1 warn',
      ' normal',
    ],
  )
})

test('the window of clocks names the one that is furthest off, from ten seconds on', () => {
  const clock = (offsetS: number) => {
    const keys = { ownKeyEndsAt: '2036-01-01T00:00:00Z', revocations: 'none', held: 0, clocks: [{ id: 'NN01', offsetS, at: '2026-01-05T11:04:21Z' }] } as const // biome-ignore format: one line
    const found = windows({ ...park(5), keys }).find(({ name }) => name === 'clock')
    return `${found?.value} ${found?.tone}`
  }
  assert.deepEqual([9, -9, 10, -42].map(clock), [' normal', ' normal', 'NN01 +10 s warn', 'NN01 −42 s warn']) // biome-ignore format: one line
})

test('the lamp Keys is lit for a revocation list that is out of date, overdue, or was never heard of', () => {
  const lamp = (keys: Partial<NonNullable<OverviewView['keys']>>) => {
    const all = { ownKeyEndsAt: '2036-01-01T00:00:00Z', revocations: 'none', held: 0, clocks: [], ...keys } as const // biome-ignore format: one line
    const { value, tone } = windows({ ...park(5), keys: all }).find(({ name }) => name === 'keys') ?? {} // biome-ignore format: one line
    return `${value} ${tone}`
  }
  assert.deepEqual([lamp({}), lamp({ revocations: 'current' })], [' normal', ' normal'])
  assert.equal(lamp({ revocations: 'stale' }), 'list out of date warn')
  assert.equal(lamp({ revocations: 'overdue' }), 'list overdue alarm')
  assert.equal(lamp({ lacksRevocations: true }), 'no revocation list warn')
})

test('the lamp Alerts says how many messages a rule let through and why the newest, Insecure counts the rules', () => {
  const lamp = (name: string, more: Partial<OverviewView> = {}) => {
    const { value, tone } = windows({ ...park(5), ...more }).find((one) => one.name === name) ?? {}
    return `${value} ${tone}`
  }
  const newest = { time: '2026-01-05T11:04:21Z', link: 'NN01', source: 'CS01', destination: 'CSMS01', action: 'Reset', rule: 'site in/0', reason: 'unsigned', sentence: 'nobody has signed it' } // biome-ignore format: one line
  const alerts = { count: 3, byReason: { unsigned: 3 }, newest }
  const rule = { policy: 'site', version: 1, list: 'in', index: 0, why: 'lets-through', sentence: '' } as const // biome-ignore format: one line
  assert.deepEqual([lamp('alerts'), lamp('alerts', { alerts })], ['0 normal', '3, unsigned alarm'])
  const before = Number.parseInt(lamp('insecure'), 10) || 0
  assert.equal(lamp('insecure', { insecureRules: [rule, rule] }), `${before + 2} warn`)
})

function windows(
  park: Partial<OverviewView> & Pick<OverviewView, 'nodes' | 'links'>,
  counters: Partial<OverviewView['counters']> = {},
) {
  return annunciatorWindows({
    asOf: '2026-01-05T11:04:21.137Z',
    nodeId: 'CSMS01',
    version: '0.1.0',
    stationUrls: [],
    insecure: false,
    ...park,
    counters: { frames: 0, refused: 0, refusedByCode: {}, queuedBytes: 0, ...counters },
  })
}

function plain(words: string): string {
  return words.replaceAll('\u202f', ' ')
}

test('what may be years away is told with its year, and what runs out to the second', () => {
  assert.equal(formatDate('2036-11-30T13:34:40.000Z', 'UTC'), '30 Nov 2036, 13:34:40')
  assert.equal(formatDate('whenever'), 'whenever')
  const told = [0, 400, 59_000, 60_000, 252_000, 3_599_001].map((ms) => plain(formatCountdown(ms)))
  assert.deepEqual(told, ['0 s', '1 s', '59 s', '1 min 0 s', '4 min 12 s', '1 h 0 min'])
})
