import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { auditFile } from '../../src/cli/audit-trail.ts'
import { nextList } from '../../src/cli/commands/keys-change.ts'
import { loadConfig } from '../../src/cli/config.ts'
import { DEFAULT_POLICY } from '../../src/security/policies/default-policy.ts'
import type { JsonObject } from '../../src/wire/payload.ts'
import {
  commission,
  startChain,
  startExecutable,
  temporaryFolder,
  until,
} from '../end-to-end/processes.ts'

/** `wattweave policy`, `wattweave roles` and `wattweave keys`, at processes that run. */

async function run(t: TestContext, ...args: string[]) {
  const process = startExecutable(t, ...args)
  return { code: await process.ended, output: process.output(), errors: process.errors() }
}

/** A CSMS and a node that run, a desk of an owner, and one of a technician. */
async function site(t: TestContext) {
  const { folder, csms, edge } = await startChain(t, 1)
  const desk = (nodeId: string) => ({ nodeId, role: 'networking-node', listen: [{ port: 0 }], uplinks: [{ url: csms.url, peerId: 'CSMS01' }], data: folder }) // biome-ignore format: one line
  commission(folder, desk('DESK'), csms.file, ['owner'])
  commission(folder, desk('GUEST'), csms.file, ['technician'])
  const as = (id: string) => ['--config', join(folder, `${id}.yaml`), '--timeout', '20']
  const write = (name: string, document: object) => {
    writeFileSync(join(folder, name), JSON.stringify(document))
    return join(folder, name)
  }
  return { folder, csms, edge, as, write }
}

const night = (version: number, actions = 'Reset') => ({ name: 'night', version, allow: [{ actions }] }) // biome-ignore format: one line

test('an owner puts, shows and deletes a role over the overlay; it is confirmed, refused to others, and remembered', async (t) => {
  const { csms, as, write } = await site(t)
  const file = write('night.json', night(1))
  const dry = await run(t, 'roles', 'put', file, '--dry-run', ...as('DESK'))
  assert.equal(dry.code, 0, dry.output + dry.errors)
  assert.match(dry.output, /there is none yet\nnothing is changed; it would be:\nrole night has version 1/) // biome-ignore format: one line
  const put = await run(t, 'roles', 'put', file, ...as('DESK'))
  assert.equal(put.code, 0, put.output + put.errors)
  assert.match(put.output, /^role night at CSMS: there is none yet\nrole night has version 1, digest [\w-]{43}\nit holds/) // biome-ignore format: one line

  const listed = await run(t, 'roles', 'list', '--json', ...as('DESK'))
  const { documents, trial } = JSON.parse(listed.output) as { documents: { name: string }[]; trial?: object } // biome-ignore format: one line
  assert.deepEqual([documents.some(({ name }) => name === 'night'), trial], [true, undefined])
  assert.deepEqual(JSON.parse((await run(t, 'roles', 'show', 'night', ...as('DESK'))).output), night(1)) // biome-ignore format: one line

  const again = await run(t, 'roles', 'put', file, ...as('DESK'))
  assert.deepEqual([again.code, /not done: version-not-rising/.test(again.output)], [1, true], again.output) // biome-ignore format: one line
  const guest = await run(t, 'roles', 'put', write('late.json', night(2)), ...as('GUEST'))
  assert.equal(guest.code, 1)
  assert.match(guest.errors, /CSMS refused: role\n {2}the key of this node has no user role/)

  const open = await run(t, 'roles', 'put', write('late.json', night(2, 'Get*')), '--no-confirm', ...as('DESK')) // biome-ignore format: one line
  assert.match(open.output, /version 1\nrole night has version 2.*\non trial until/)
  await until('an owner to have asked in a later second', async () => {
    const asked = await run(t, 'roles', 'list', '--json', ...as('DESK'))
    return !('trial' in (JSON.parse(asked.output) as object))
  })
  const deleted = await run(t, 'roles', 'delete', 'night', '--json', ...as('DESK'))
  const { answer } = JSON.parse(deleted.output) as { answer: { status: string; problem?: string } }
  assert.equal(answer.status, 'Accepted', deleted.output)
  const missing = await run(t, 'roles', 'show', 'night', ...as('DESK'))
  assert.match(missing.errors, /there is no role night at CSMS\n {2}wattweave roles list/)

  const history = await run(t, 'roles', 'history', 'night', '--config', csms.file)
  assert.equal(history.code, 0, history.errors)
  const told = history.output.trim().split('\n').slice(1).map((line) => line.split(/ {2,}/).slice(2)) // biome-ignore format: one line
  assert.deepEqual(told, [
    ['changed', 'night', '1', 'DESK'],
    ['confirmed', 'night', '1'],
    ['changed', 'night', '2', 'DESK'],
    ['confirmed', 'night', '2'],
    ['changed', 'night', 'deleted', 'DESK'],
    ['confirmed', 'night', 'deleted'],
  ])
  const kept = JSON.parse((await run(t, 'roles', 'history', '--json', '--config', csms.file)).output) as { document?: JsonObject }[] // biome-ignore format: one line
  assert.deepEqual(kept[2]?.document, night(2, 'Get*'), 'the text of a version is not lost with it')
  assert.match((await run(t, 'policy', 'history', '--config', csms.file)).output, /^no policy was changed/) // biome-ignore format: one line
})

test('a policy under which no owner could ask is refused, and one that runs is not asked in its own name', async (t) => {
  const { edge, as, write, folder } = await site(t)
  const closed = write('closed.json', { ...DEFAULT_POLICY, name: 'closed', version: 1, in: [] })
  const put = await run(t, 'policy', 'put', closed, ...as('DESK'))
  assert.deepEqual([put.code, /not done: locks-out-owners/.test(put.output)], [1, true], put.output + put.errors) // biome-ignore format: one line
  const at = await run(t, 'policy', 'list', '--at', 'NN01', ...as('DESK'))
  assert.match(at.output, /^name +version +digest +state +description\ndefault +1 +[\w-]{43} +holds/, at.errors) // biome-ignore format: one line

  const running = await run(t, 'policy', 'list', '--config', edge.file)
  assert.match(running.errors, /NN01 is running and would lose its uplink\n {2}stop it, or ask as another node/) // biome-ignore format: one line
  const above = await run(t, 'policy', 'list', '--config', join(folder, 'CSMS01.yaml'))
  assert.match(above.errors, /CSMS01 has no uplink over which it could ask\n {2}let in a node/)
})

test('a key is taken back by an owner and by nobody else, and a new one takes the place of an old one', async (t) => {
  const { as, csms, folder } = await site(t)
  const nobody = await run(t, 'keys', 'revoke', 'x', ...as('GUEST'))
  assert.match(nobody.errors, /the key of GUEST says of no other whether it counts/)
  const known = JSON.parse((await run(t, 'keys', 'list', csms.file, '--json')).output) as { kid: string; owner: string }[] // biome-ignore format: one line
  const guest = known.find(({ owner }) => owner === 'GUEST')?.kid ?? ''
  const revoked = await run(t, 'keys', 'revoke', guest, '--reason', 'left', ...as('DESK'))
  assert.equal(revoked.code, 0, revoked.output + revoked.errors)
  const refused = await run(t, 'roles', 'list', ...as('GUEST'))
  assert.equal(refused.code, 1)
  assert.match(refused.errors, /CSMS refused: /)

  const file = join(folder, 'DESK.yaml')
  const rotated = await run(t, 'keys', 'rotate', file)
  assert.equal(rotated.code, 0, rotated.errors)
  const { kid } = JSON.parse(rotated.output) as { kid: string }
  const twice = await run(t, 'keys', 'rotate', file)
  assert.match(twice.errors, /next\.pem is there already/)
  writeFileSync(join(folder, 'next.json'), rotated.output)
  const added = await run(t, 'keys', 'add', join(folder, 'next.json'), '--endorse', ...as('DESK'))
  assert.deepEqual([added.code, added.output], [0, `CSMS knows the key ${kid}\n`], added.errors)
  assert.equal((await run(t, 'keys', 'rotate', file, '--switch')).code, 0)
  const asNew = await run(t, 'roles', 'list', '--json', ...as('DESK'))
  assert.equal(asNew.code, 0, asNew.errors)
})

test('a role is handed on to somebody under the own name, works there, and ends with the key that handed it on', async (t) => {
  const { folder, csms, as } = await site(t)
  const desk = (nodeId: string) => ({ nodeId, role: 'networking-node', listen: [{ port: 0 }], uplinks: [{ url: csms.url, peerId: 'CSMS01' }], data: folder }) // biome-ignore format: one line
  commission(folder, desk('LEAD'), csms.file, ['operations', 'delegator'], ['operations'])
  const joined = await run(t, 'roles', 'list', ...as('LEAD'))
  assert.match(joined.errors, /CSMS refused: role/, 'it is let in, and is no administrator')
  const keys = JSON.parse((await run(t, 'keys', 'list', join(folder, 'LEAD.yaml'), '--json')).output) as { kid: string; isOwn: boolean }[] // biome-ignore format: one line
  const leadKid = keys.find(({ isOwn }) => isOwn)?.kid
  const anna = join(folder, 'LEAD.anna.yaml')
  writeFileSync(anna, JSON.stringify(desk('LEAD.anna')))
  assert.equal((await run(t, 'keys', 'new', anna, '--role', 'operations')).code, 0)
  assert.equal((await run(t, 'keys', 'trust', anna, loadConfig(csms.file).ownKey.recordFile)).code, 0) // biome-ignore format: one line
  const ask = () => run(t, 'send', 'CSMS01', 'GetKeyRecords', '{}', ...as('LEAD.anna'))
  const before = await ask()
  assert.match(
    before.output + before.errors,
    /unknown-keys/,
    'what nobody has signed counts for nothing',
  )

  const request = async (role: string) => {
    const asked = await run(t, 'keys', 'request', anna, '--by', String(leadKid), '--role', role)
    assert.equal(asked.code, 0, asked.errors)
    const file = join(folder, `${role}.json`)
    writeFileSync(file, asked.output)
    return file
  }
  const foreign = await run(t, 'keys', 'add', await request('operations'), '--delegate', ...as('GUEST')) // biome-ignore format: one line
  assert.match(foreign.errors, /asks the key .* for its roles, and the key of GUEST is/)
  const tooMuch = await run(t, 'keys', 'add', await request('technician'), '--delegate', ...as('LEAD')) // biome-ignore format: one line
  assert.match(tooMuch.output, /not done: not-endorsed/, tooMuch.errors)
  const added = await run(
    t,
    'keys',
    'add',
    await request('operations'),
    '--delegate',
    ...as('LEAD'),
  )
  assert.equal(added.code, 0, added.output + added.errors)
  const after = await ask()
  assert.equal(after.code, 0, after.output + after.errors)
  assert.match(after.output, /LEAD\.anna/, 'she reads whose keys are known')

  assert.equal((await run(t, 'keys', 'revoke', String(leadKid), ...as('DESK'))).code, 0)
  const ended = await ask()
  assert.equal(ended.code, 1)
  assert.match(ended.output + ended.errors, /not-by-originator|unknown-keys/)
})

test('a running node whose audit log was changed shows no more of its history than is right', async (t) => {
  const folder = temporaryFolder(t)
  const config = join(folder, 'node.yaml')
  writeFileSync(
    config,
    `nodeId: NN01\nrole: networking-node\nlisten: [{port: 0}]\ndata: ${folder}\n`,
  )
  const none = await run(t, 'policy', 'history', '--config', config)
  assert.match(none.errors, /audit\.jsonl is not there/)
  const made = startExecutable(t, 'run', config)
  await until('it to be ready', () => made.output().includes('ready'))
  await made.stop()
  const file = auditFile(loadConfig(config))
  writeFileSync(file, readFileSync(file, 'utf8').replace('0.1.0', '0.1.1'))
  const changed = await run(t, 'policy', 'history', '--config', config)
  assert.equal(changed.code, 1)
  assert.match(changed.errors, /entry 1: it was changed/)
})

// biome-ignore format: a table
const BROKEN: readonly [string, object | string, RegExp][] = [
  ['is no JSON', '{', /holds no JSON object/],
  ['is a list', '[]', /holds no JSON object/],
  ['has a member nobody knows', { ...DEFAULT_POLICY, colour: 1 }, /\/?colour is not known here\n {2}there are name, version/],
  ['matches by something nobody knows', { ...DEFAULT_POLICY, in: [{ match: { colour: 1 }, refuse: true }] }, /in\/0\/match\/colour is not known here/],
  ['has no version', { ...DEFAULT_POLICY, version: 0 }, /version must be a whole number from 1/],
]
for (const [what, document, problem] of BROKEN) {
  test(`a policy that ${what} is refused by policy check, with the place`, async (t) => {
    const file = join(temporaryFolder(t), 'policy.json')
    writeFileSync(file, typeof document === 'string' ? document : JSON.stringify(document))
    const { code, errors } = await run(t, 'policy', 'check', file)
    assert.equal(code, 1)
    assert.match(errors, problem)
  })
}

test('a policy and a role that can be used are said so', async (t) => {
  const file = join(temporaryFolder(t), 'document.json')
  writeFileSync(file, JSON.stringify(DEFAULT_POLICY))
  assert.match((await run(t, 'policy', 'check', file)).output, /the policy default, version 1, can be used/) // biome-ignore format: one line
  writeFileSync(file, JSON.stringify(night(3)))
  assert.deepEqual(JSON.parse((await run(t, 'roles', 'check', file, '--json')).output), { kind: 'role', name: 'night', version: 3, isRight: true }) // biome-ignore format: one line
})

test('a list of revocations holds all that was on the one before, and nothing is revoked later than it was', () => {
  const before = { version: 4, revoked: [{ kid: 'A', since: 100, reason: 'lost' }], nextUpdate: 200 } as unknown as JsonObject // biome-ignore format: one line
  assert.deepEqual(nextList(before, { kid: 'B', since: 150, reason: 'left' }, 160), { version: 5, revoked: [{ kid: 'A', since: 100, reason: 'lost' }, { kid: 'B', since: 150, reason: 'left' }], nextUpdate: 160 + 86_400 }) // biome-ignore format: one line
  assert.deepEqual(nextList(before, { kid: 'A', since: 150, reason: 'x' }, 160).revoked, [{ kid: 'A', since: 100, reason: 'lost' }]) // biome-ignore format: one line
  assert.deepEqual(nextList(before, { kid: 'A', since: 50, reason: 'x' }, 160).revoked, [{ kid: 'A', since: 50, reason: 'x' }]) // biome-ignore format: one line
  assert.deepEqual(nextList(undefined, undefined, 160), { version: 1, revoked: [], nextUpdate: 160 + 86_400 }) // biome-ignore format: one line
  assert.throws(() => nextList({ version: 'x' }, undefined, 160), /is no revocation list/)
})

test('an owner entitles an edge over the overlay; who is no owner does not; a node says who it is and by whose authority', async (t) => {
  const { as } = await site(t)
  const guest = await run(t, 'keys', 'entitle', 'NN01', '--ids', '*', ...as('GUEST'))
  assert.equal(guest.code, 1)
  assert.match(guest.errors, /the key of GUEST says of no other whether it counts/)
  const wrong = await run(t, 'keys', 'entitle', 'NN01', '--days', 'all', ...as('DESK'))
  assert.match(wrong.errors, /--days must be a whole number/)
  const done = await run(t, 'keys', 'entitle', 'CSMS01', '--ids', 'CS*', 'XX*', '--services', 'CSMS', 'CentralSystem', ...as('DESK')) // biome-ignore format: one line
  assert.equal(done.code, 0, done.output + done.errors)
  assert.match(done.output, /CSMS knows what CSMS01 is entitled to/)
  const listed = await run(t, 'keys', 'entitlements', ...as('DESK'))
  assert.match(listed.output, /CSMS01 +current +\S+ +CS\*, XX\* +CSMS, CentralSystem/)
  const told = await run(t, 'keys', 'node', ...as('DESK'))
  assert.equal(told.code, 0, told.output + told.errors)
  assert.match(told.output, /^CSMS01, record \d+, until /)
})
