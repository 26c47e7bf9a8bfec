import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AuditTrail } from '../../src/cli/audit-trail.ts'
import type { Logger, NodeEvent } from '../../src/node/core.ts'
import type { Node } from '../../src/node/node.ts'
import { VirtualClock } from '../../src/primitives/clock.ts'
import { systemRandomness } from '../../src/primitives/randomness.ts'
import { type AuditEntry, chainedEntry, checkAudit, EMPTY_AUDIT } from '../../src/security/audit-chain.ts' // biome-ignore format: one line
import type { JsonObject } from '../../src/wire/payload.ts'
import { managedSecurityOf, signedRecord, signedRevocations, signerOf, usualRecordOf } from '../support/secured.ts' // biome-ignore format: one line

/** An audit log in memory, on a disk that can be full. */
class Disk {
  readonly entries: AuditEntry[] = []
  isFull = false
  head = EMPTY_AUDIT
  before(): readonly AuditEntry[] {
    return this.entries
  }
  append(event: string, details: JsonObject): AuditEntry {
    if (this.isFull) throw new Error('ENOSPC: no space left on device, write')
    const entry = chainedEntry(this.head, { time: '2027-01-01T00:00:00.000Z', event, details })
    this.entries.push(entry)
    this.head = entry
    return entry
  }
  close() {}
}

async function trail() {
  const clock = new VirtualClock()
  const disk = new Disk()
  const complaints: object[] = []
  const log = { error: (event: string, fields: object) => complaints.push({ event, ...fields }) } as unknown as Logger // biome-ignore format: one line
  const { signer, trust } = managedSecurityOf('NN01', clock)
  trust.addAnchor({ ...usualRecordOf('NN01'), usages: ['sign-message', 'sign-data'] })
  const security = { signer, trust }
  const audit = new AuditTrail({ nodeId: 'NN01', file: disk, security, log, clock, random: systemRandomness }) // biome-ignore format: one line
  const observers: ((event: NodeEvent) => void)[] = []
  const node = {
    onEvent(observer: (event: NodeEvent) => void) {
      observers.push(observer)
      return () => {}
    },
  }
  await audit.begin(node as unknown as Node, { version: '1' })
  const happen = (event: object) => {
    for (const observe of observers) observe(event as NodeEvent)
  }
  const of = (name: string) => disk.entries.filter(({ event }) => event === name).map(({ details }) => details) // biome-ignore format: one line
  return { audit, clock, disk, happen, of, complaints, trust: security.trust }
}

const refused = (source: string, reason: string, link = 'LC01') => ({ name: 'frame.refused', link, code: 'ERR_POLICY_REFUSED', source, details: { reason } }) // biome-ignore format: one line

test('start, stop and the head of each day are signed, so the key of the node vouches for all between', async () => {
  const { audit, clock, disk, happen, trust } = await trail()
  happen(refused('CS01', 'unsigned'))
  await clock.advance(24 * 3_600_000)
  await new Promise(setImmediate)
  await audit.end({ version: '1' })

  const events = disk.entries.map(({ event }) => event)
  assert.deepEqual(events, ['node.started', 'audit.head', 'frame.refused', 'audit.head', 'node.stopped', 'audit.head']) // biome-ignore format: one line
  const report = checkAudit(
    disk.entries.map((one) => JSON.stringify(one)),
    trust.directory,
  )
  assert.deepEqual([report.wrong, report.vouched?.seq, report.vouched?.node, report.unvouched], [undefined, 5, 'NN01', 0]) // biome-ignore format: one line
})

test('a change of rules is kept with the document as it was then, and a deleted one without', async () => {
  const { happen, of, trust, clock } = await trail()
  const owners = [{ kid: signerOf('OWNER01').kid, owner: 'OWNER01', roles: ['owner'], algorithm: 'ES256' as const }] // biome-ignore format: one line
  const night = { name: 'night', version: 1, allow: [{ actions: 'Reset' }] }
  const change = (name: string, expectedVersion: number, document: object | undefined) => {
    const changed = trust.change([{ kind: 'role', name, expectedVersion, document }], { nodeId: 'NN01', owners, confirmWithinS: 60 }) // biome-ignore format: one line
    assert.equal(changed.status, 'on-trial', JSON.stringify(changed))
    if (changed.status === 'on-trial') happen({ name: 'rules.changed', by: 'OWNER01', documents: changed.documents, trialEndsAt: '2027-01-01T00:01:00.000Z' }) // biome-ignore format: one line
  }
  change('night', 0, night)
  await clock.advance(61_000)
  change('technician', 1, undefined)

  const [added, deleted] = of('rules.changed') as { by: string; documents: JsonObject[] }[]
  assert.equal(added?.by, 'OWNER01')
  assert.deepEqual(added?.documents[0]?.document, night)
  assert.deepEqual(deleted?.documents, [{ kind: 'role', name: 'technician' }])
})

test('what a rule let through is written down, bounded, also on a link that is refused all the time', async () => {
  const { happen, of, clock } = await trail()
  const alert = { name: 'message.alerted', link: 'LC01', source: 'CS01', destination: 'CSMS01', action: 'Reset', rule: 'site in/0', reason: 'unsigned' } // biome-ignore format: one line
  const { name: _, ...details } = alert
  for (let i = 0; i < 10; i++) happen(refused(`MADE-UP-${i}`, 'unsigned'))
  for (let i = 0; i < 1_000; i++) happen(alert)
  assert.deepEqual(of('message.alerted'), [details])
  await clock.advance(60_000)
  const [counted] = of('refusals.counted') as { of: { event: string; count: number }[] }[]
  assert.deepEqual(counted?.of, [{ event: 'message.alerted', ...details, count: 999 }])
  for (let i = 0; i < 100; i++) happen({ ...alert, source: `MADE-UP-${i}` })
  assert.equal(of('message.alerted').length, 5)
})

test('a flood of forged frames writes the first of each kind at once and then one entry a minute', async () => {
  const { happen, of, clock, disk } = await trail()
  const before = disk.entries.length
  for (let i = 0; i < 10_000; i++) happen(refused('CS01', 'unsigned'))
  for (let i = 0; i < 10_000; i++) happen(refused(`MADE-UP-${i}`, 'unsigned'))
  assert.equal(of('frame.refused').length, 5, 'of one link')
  happen(refused('CS02', 'replayed', 'NN02'))
  assert.deepEqual(of('frame.refused').at(-1), { reason: 'replayed', code: 'ERR_POLICY_REFUSED', source: 'CS02', link: 'NN02' }) // biome-ignore format: one line

  await clock.advance(60_000)
  const [counted] = of('refusals.counted') as { of: { source: string; count: number }[]; others: number }[] // biome-ignore format: one line
  assert.deepEqual(
    counted?.of.map(({ source, count }) => [source, count]),
    [['CS01', 9_999]],
  )
  assert.equal(counted?.others, 10_000 - 4)
  for (let minute = 0; minute < 60; minute++) {
    for (let i = 0; i < 1_000; i++) happen(refused(`${minute}-${i}`, 'unsigned', `LINK-${i}`))
    await clock.advance(60_000)
  }
  assert.ok(disk.entries.length - before <= 10 + 60 * 22, `${disk.entries.length} entries`)
})

test('what is no forgery leaves no entry: anybody may be wrong, or ask for what there is not', async () => {
  const { happen, disk } = await trail()
  const before = disk.entries.length
  for (const code of ['ERR_ROUTE_UNKNOWN', 'ERR_SCHEMA_TYPE', 'ERR_WIRE_JSON', 'ERR_POLICY_CHALLENGE']) happen({ ...refused('CS01', ''), code, details: {} }) // biome-ignore format: one line
  happen({ name: 'link.refused', id: 'CS01', status: 503, why: 'stopping' })
  happen({ name: 'presence', id: 'CS01', state: 'up', protocol: 'ocpp2.1', link: 'CS01' })
  assert.equal(disk.entries.length, before)
})

test('a disk that takes nothing stops nothing: it is told once a minute, and the next entry says how many are lost', async () => {
  const { audit, happen, of, clock, disk, complaints } = await trail()
  disk.isFull = true
  const before = { ...audit.counts }
  for (let i = 0; i < 30; i++) happen({ name: 'node.commissioned', id: `NN${i}`, kid: 'k' })
  assert.equal(complaints.length, 1)
  await clock.advance(60_000)
  happen({ name: 'node.commissioned', id: 'NN30', kid: 'k' })
  assert.equal(complaints.length, 2)
  assert.deepEqual(of('node.commissioned'), [])

  disk.isFull = false
  happen({ name: 'node.commissioned', id: 'NN31', kid: 'k' })
  assert.deepEqual(disk.entries.slice(-2).map(({ event, details }) => [event, details]), [['audit.lost', { count: 31 }], ['node.commissioned', { id: 'NN31', kid: 'k' }]]) // biome-ignore format: one line
  assert.deepEqual([audit.counts.lost - before.lost, audit.counts.written - before.written], [31, 2]) // biome-ignore format: one line
})

test('a key that is told again leaves one entry, and a list names the keys that it newly takes back', async () => {
  const { happen, of, trust, clock } = await trail()
  const record = usualRecordOf('GUEST')
  const { kid } = record.key
  const tell = () => happen({ name: 'key.added', by: 'CSMS01', kid, owner: 'GUEST', roles: record.roles }) // biome-ignore format: one line
  for (let i = 0; i < 3; i++) tell()
  assert.deepEqual(of('key.added'), [], 'it was known so at the start')
  const payload = await signedRecord({ ...record, roles: ['operations'] }, [signerOf('GUEST'), signerOf('OWNER01')], clock) // biome-ignore format: one line
  assert.equal(trust.addRecord(payload).status, 'added')
  for (let i = 0; i < 3; i++) tell()
  assert.equal(of('key.added').length, 1)

  const revoked = trust.revoke(await signedRevocations(1, [kid], clock))
  assert.equal(revoked.status, 'revoked', JSON.stringify(revoked))
  for (let i = 0; i < 3; i++) happen({ name: 'keys.revoked', by: 'OWNER01', version: 1, count: 1 })
  assert.deepEqual(of('keys.revoked'), [{ by: 'OWNER01', version: 1, count: 1, kids: [kid] }])
})

test('texts of strangers are kept short, and such that an entry can be signed', async () => {
  const { happen, of, complaints } = await trail()
  happen(refused(`\ud800${'x'.repeat(5_000)}`, 'unsigned'))
  const [entry] = of('frame.refused')
  assert.equal(String(entry?.source).length, 255)
  assert.deepEqual(complaints, [])
})
