import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { reportOn } from '../../src/cli/statement-report.ts'
import { checkTrace } from '../../src/cli/trace-report.ts'
import { VirtualClock } from '../../src/primitives/clock.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { systemRandomness } from '../../src/primitives/randomness.ts'
import { AUDIT_HEAD, type AuditEntry, chainedEntry, checkAudit, EMPTY_AUDIT } from '../../src/security/audit-chain.ts' // biome-ignore format: one line
import { canonicalize } from '../../src/security/canonical.ts'
import { coSign, signData } from '../../src/security/data-statement.ts'
import type { MessageFields } from '../../src/security/header.ts'
import { KeyDirectory } from '../../src/security/keys/key-directory.ts'
import {
  KEY_RECORD,
  keyRecordPayload,
  REVOCATION_LIST,
} from '../../src/security/keys/key-record.ts'
import { NODE_RECORD } from '../../src/security/keys/node-record.ts'
import { signStatement } from '../../src/security/statement.ts'
import type { JsonObject } from '../../src/wire/payload.ts'
import { startExecutable, temporaryFolder } from '../end-to-end/processes.ts'
import {
  signedEntitlement,
  signedRecord,
  signedRevocations,
  signerOf,
  usualRecordOf,
} from '../support/secured.ts'

const clock = new VirtualClock()
const nowS = Math.floor(clock.now() / 1_000)
const at = { nowS, random: systemRandomness }

/** All usual keys, those of nodes also for data. */
function directory(but: readonly string[] = []): KeyDirectory {
  const ids = ['CSMS01', 'NN01', 'OWNER01', 'GUEST', 'LC01'].filter((id) => !but.includes(id))
  const extra = { CSMS01: ['sign-message', 'sign-data'], NN01: ['sign-message', 'sign-data', 'sign-policy'] } as const // biome-ignore format: one line
  return new KeyDirectory(ids.map((id) => ({ ...usualRecordOf(id), usages: extra[id as 'NN01'] ?? usualRecordOf(id).usages }))) // biome-ignore format: one line
}

// ---- Audit logs

/** A log of NN01 with two signed heads; the last entry stands after them. */
async function audit({ by = 'NN01', node = 'NN01' } = {}): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = []
  const append = (event: string, details: JsonObject) => {
    const last = entries.at(-1)
    entries.push(chainedEntry(last ?? EMPTY_AUDIT, { time: '2027-01-01T00:00:00.000Z', event, details })) // biome-ignore format: one line
  }
  const head = async () => {
    const { seq, hash } = entries.at(-1) as AuditEntry
    append('audit.head', await signData({ node, seq, hash }, AUDIT_HEAD, [signerOf(by)], at))
  }
  append('node.started', {})
  await head()
  append('rules.changed', { by: 'OWNER01' })
  await head()
  append('frame.refused', { source: 'CS01' })
  return entries
}

const linesOf = (entries: readonly AuditEntry[]) => entries.map((one) => JSON.stringify(one))

/** The same with correct hashes from an entry on, as whoever can write the file could make them. */
function rechained(entries: readonly AuditEntry[]): AuditEntry[] {
  const made: AuditEntry[] = []
  for (const { time, event, details } of entries) made.push(chainedEntry(made.at(-1) ?? EMPTY_AUDIT, { time, event, details })) // biome-ignore format: one line
  return made
}

test('an audit log is vouched for up to its last signed head', async () => {
  const report = checkAudit(linesOf(await audit()), directory())
  assert.deepEqual([report.entries, report.wrong, report.vouched?.seq, report.unvouched, report.unproved], [5, undefined, 3, 1, []]) // biome-ignore format: one line
})

// biome-ignore format: a table
const CHANGES: readonly [string, (entries: AuditEntry[]) => AuditEntry[], number, RegExp][] = [
  ['an entry was changed', (all) => all.with(2, { ...all[2], details: { by: 'GUEST' } } as AuditEntry), 3, /it was changed/],
  ['an entry was changed with its own hash', (all) => all.with(2, rechained(all.with(2, { ...all[2], details: { by: 'GUEST' } } as AuditEntry))[2] as AuditEntry), 4, /follows another entry/],
  ['an entry was left out', (all) => all.toSpliced(2, 1), 3, /number 4, not 3/],
  ['an entry was put in', (all) => all.toSpliced(2, 0, all[2] as AuditEntry), 4, /number 3, not 4/],
  ['the beginning was left out', (all) => all.slice(1), 1, /number 2, not 1/],
  ['an entry was changed with all hashes after it', (all) => rechained(all.with(2, { ...all[2], details: { by: 'GUEST' } } as AuditEntry)), 4, /signed for another entry 3/],
  ['an entry was left out with all hashes after it', (all) => rechained(all.toSpliced(2, 1)), 3, /signed for another entry 3/],
  ['what a head says was changed', (all) => rechained(all.with(3, { ...all[3], details: { ...all[3]?.details, seq: 1, hash: all[0]?.hash } } as AuditEntry)), 4, /id differs/],
  ['a head was written that nobody signed', (all) => rechained(all.with(3, { ...all[3], details: { node: 'NN01', seq: 3, hash: all[2]?.hash } } as AuditEntry)), 4, /no signature/],
]
for (const [what, change, entry, problem] of CHANGES) {
  test(`the first entry that is wrong is named where ${what}`, async () => {
    const { wrong } = checkAudit(linesOf(change(await audit())), directory())
    assert.equal(wrong?.entry, entry)
    assert.match(wrong?.problem ?? '', problem)
  })
}

test('a head by the key of somebody else is wrong, and one by a key that is not known or did not count vouches for nothing', async () => {
  const other = checkAudit(linesOf(await audit({ by: 'CSMS01' })), directory())
  assert.match(other.wrong?.problem ?? '', /signed for NN01 by a key of CSMS01/)
  const unknown = checkAudit(linesOf(await audit()), directory(['NN01']))
  assert.deepEqual([unknown.wrong, unknown.vouched, unknown.unvouched], [undefined, undefined, 5])
  assert.deepEqual(
    unknown.unproved.map(({ problem }) => problem),
    ['unknown-key', 'unknown-key'],
  )
  const notForData = checkAudit(linesOf(await audit({ by: 'GUEST', node: 'GUEST' })), directory())
  assert.deepEqual(notForData.unproved.map(({ problem }) => problem), ['usage-not-allowed', 'usage-not-allowed']) // biome-ignore format: one line
  const revoked = directory()
  revoked.addAnchor({ ...usualRecordOf('OWNER01'), usages: ['sign-policy'] })
  assert.equal(revoked.revoke(await signedRevocations(1, [signerOf('NN01').kid], clock), nowS).status, 'revoked') // biome-ignore format: one line
  const after = checkAudit(linesOf(await audit()), revoked)
  assert.deepEqual(
    after.unproved.map(({ problem }) => problem),
    ['revoked', 'revoked'],
  )
})

test('an old head that is put in again vouches for no more than it did, and heads of two nodes are wrong in one log', async () => {
  const entries = await audit()
  const again = rechained([...entries, entries[1] as AuditEntry, entries[4] as AuditEntry])
  const { vouched, unvouched } = checkAudit(linesOf(again), directory())
  assert.deepEqual([vouched?.seq, unvouched], [3, 3])
  const { seq, hash } = entries[4] as AuditEntry
  const details = await signData(
    { node: 'CSMS01', seq, hash },
    AUDIT_HEAD,
    [signerOf('CSMS01')],
    at,
  )
  const mixed = rechained([...entries, { ...(entries[0] as AuditEntry), event: 'audit.head', details }]) // biome-ignore format: one line
  assert.match(checkAudit(linesOf(mixed), directory()).wrong?.problem ?? '', /signed for CSMS01, and those before for NN01/) // biome-ignore format: one line
})

// ---- Statements

const fields = (more: Partial<MessageFields> = {}): MessageFields => ({ ocpp: 'ocpp2.1', ctx: 'urn:wattweave:ocpp2.1:Reset:request', OCPPAction: 'Reset', OCPPMessageTypedId: 2, id: '01890a5d-ac96-774b-bcce-b302099a8057', from: 'OWNER01', to: 'CS01', iat: nowS, exp: nowS + 60, nonce: 'AAAAAAAAAAAAAAAAAAAAAA', ...more }) // biome-ignore format: one line

async function message(by = 'OWNER01', more: Partial<MessageFields> = {}): Promise<JsonObject> {
  const payload = { type: 'Immediate' }
  return { ...payload, signatures: [await signStatement(canonicalize(payload), fields(more), signerOf(by))] } // biome-ignore format: one line
}

const report = (value: unknown, keys = directory()) => reportOn(Buffer.from(JSON.stringify(value)), keys, nowS) // biome-ignore format: one line

test('a signed message is reported with its signer and its header, alone and as a frame', async () => {
  const signed = await message()
  for (const value of [
    signed,
    [2, 'CS01', ['OWNER01', 'NN01'], 'm1', 'Reset', signed],
    [2, 'm1', 'Reset', signed],
  ]) {
    // biome-ignore format: one line
    const { isRight, header, signers } = report(value)
    assert.ok(isRight)
    assert.deepEqual([header?.from, header?.to, header?.iat], ['OWNER01', 'CS01', nowS])
    assert.deepEqual(
      signers.map(({ owner, state }) => [owner, state]),
      [['OWNER01', 'usable']],
    )
  }
})

test('what an edge saw come from a station is right, and what somebody else says that he saw is not', async () => {
  const att = { by: 'NN01', prev: 'CS01', link: 'basic', verified: [] } as const
  const seen = await message('NN01', { from: 'CS01', to: 'CSMS', att })
  assert.deepEqual([report(seen).isRight, report(seen).signers[0]?.isHop], [true, true])
  assert.equal(report(await message('GUEST', { from: 'CS01', to: 'CSMS', att })).reason, 'not-by-originator') // biome-ignore format: one line
})

// biome-ignore format: a table
const REFUSALS: readonly [string, () => unknown, string][] = [
  ['nobody signed', () => ({ type: 'Immediate' }), 'unsigned'],
  ['was changed', async () => ({ ...(await message()), type: 'OnIdle' }), 'signature-invalid'],
  ['was signed by a key nobody knows', () => message('CS01', { from: 'CS01' }), 'unknown-keys'],
  ['was signed by another than its originator', () => message('GUEST'), 'not-by-originator'],
  ['was signed when the key did not count yet', () => message(), 'not-valid-yet'],
  ['comes from another', async () => [2, 'CS01', ['GUEST'], 'm1', 'Reset', await message()], 'not-this-message'],
  ['goes to another', async () => [2, 'CS02', ['OWNER01'], 'm1', 'Reset', await message()], 'not-this-message'],
  ['has become another action', async () => [2, 'CS01', ['OWNER01'], 'm1', 'UnlockConnector', await message()], 'not-this-message'],
  ['has become another kind', async () => [6, 'CS01', ['OWNER01'], 'm1', 'Reset', await message()], 'not-this-message'],
  ['is signed in two places', async () => ({ ...(await message()), customData: { vendorId: 'wattweave', signatures: [] } }), 'two-carriers'],
  ['has a list of signatures that is none', () => ({ signatures: {} }), 'entries-malformed'],
  ['is a record that its own key did not sign', () => signedRecord(usualRecordOf('CS01'), [signerOf('OWNER01')], clock), 'not-proved'],
  ['is a record that only its own key signed', () => signedRecord(usualRecordOf('CS01'), [signerOf('CS01')], clock), 'not-endorsed'],
  ['is a record that a node without that right has endorsed', () => signedRecord(usualRecordOf('CS01'), [signerOf('CS01'), signerOf('NN01')], clock), 'not-endorsed'],
  ['is a record that somebody endorsed who may sign no policies', () => signedRecord(usualRecordOf('CS01'), [signerOf('CS01'), signerOf('GUEST')], clock), 'usage-not-allowed'],
  ['is no record inside', async () => signData({ kid: 'x' }, KEY_RECORD, [signerOf('OWNER01')], at), 'payload-malformed'],
  ['is a list of somebody without that right', () => signedRevocations(1, [], clock, signerOf('NN01')), 'not-endorsed'],
  ['is no list inside', () => signData({ version: 1 }, REVOCATION_LIST, [signerOf('OWNER01')], at), 'malformed'],
  ['is an entitlement by no administrator', () => signedEntitlement({ node: 'NN01', ids: ['*'] }, clock, signerOf('NN01')), 'not-endorsed'],
  ['is a node record by another', () => signData({ id: 'CSMS01', protocol: 1, services: [], groups: [], keys: [], sequence: 1, notBefore: 0, notAfter: 9 }, NODE_RECORD, [signerOf('NN01')], at), 'not-by-originator'],
  ['is a head of another node', () => signData({ node: 'CSMS01', seq: 1, hash: 'x' }, AUDIT_HEAD, [signerOf('NN01')], at), 'not-by-originator'],
]
for (const [what, make, reason] of REFUSALS) {
  test(`a statement that ${what} is not right: ${reason}`, async () => {
    const keys = directory()
    if (reason === 'not-valid-yet') keys.addAnchor({ ...usualRecordOf('OWNER01'), notBefore: nowS + 1 }) // biome-ignore format: one line
    const { isRight, reason: found } = report(await make(), keys)
    assert.deepEqual([isRight, found], [false, reason])
  })
}

test('a key record, a revocation list and other data are right where those have signed them who have to', async () => {
  const record = await signedRecord(usualRecordOf('CS01'), [signerOf('CS01'), signerOf('OWNER01')], clock) // biome-ignore format: one line
  assert.deepEqual([report(record).isRight, report(record).what], [true, 'key record'])
  const endorsed = await coSign(await signedRecord(usualRecordOf('CS01'), [signerOf('CS01')], clock), signerOf('OWNER01')) // biome-ignore format: one line
  assert.ok(report(endorsed).isRight)
  assert.ok(report(await signedRevocations(1, [], clock)).isRight)
  const entitled = report(await signedEntitlement({ node: 'NN01' }, clock))
  assert.deepEqual([entitled.isRight, entitled.what], [true, 'entitlement'])
  const data = report(await signData({ price: 1 }, 'urn:example:tariff', [signerOf('CSMS01')], at))
  assert.deepEqual([data.isRight, data.what], [true, 'data urn:example:tariff'])
  assert.deepEqual(report(await signData({ price: 1 }, 'urn:example:tariff', [signerOf('CSMS01'), signerOf('CS01')], at)).unknownKeys, [signerOf('CS01').kid]) // biome-ignore format: one line
})

test('an administrator makes nobody an owner', async () => {
  const keys = directory()
  keys.addAnchor({ ...usualRecordOf('GUEST'), roles: ['admin'], usages: ['sign-policy'] })
  const record = (roles: readonly string[]) => signedRecord({ ...usualRecordOf('CS01'), roles }, [signerOf('CS01'), signerOf('GUEST')], clock) // biome-ignore format: one line
  assert.ok(report(await record(['edge']), keys).isRight)
  assert.equal(report(await record(['owner']), keys).reason, 'not-endorsed')
})

// ---- Traces

test('each signed record of a trace is checked, and what was hidden in it is not taken for right', async () => {
  const signed = await message()
  const raw = (payload: object) => JSON.stringify([2, 'CS01', ['OWNER01'], 'm1', 'Reset', payload])
  const line = (more: object) => JSON.stringify({ schemaVersion: '1.1', messageId: 'm1', action: 'Reset', ...more }) // biome-ignore format: one line
  const trace = [
    line({ raw: raw(signed) }),
    line({ payload: signed }),
    line({ raw: raw({ ...signed, type: 'OnIdle' }) }),
    line({ raw: raw({ ...signed, idToken: '#0a1b2c3d' }) }),
    line({ raw: raw({ type: 'Immediate' }) }),
    line({ raw: '[2' }),
    'null',
  ]
  const verdicts = checkTrace(`${trace.join('\n')}\n`, directory(), nowS).map(({ line: at, verdict }) => [at, verdict]) // biome-ignore format: one line
  assert.deepEqual(verdicts, [[1, 'verified'], [2, 'verified'], [3, 'wrong'], [4, 'redacted'], [5, 'unsigned'], [6, 'unreadable'], [7, 'unreadable']]) // biome-ignore format: one line
})

// ---- The command

/** The record of OWNER01 in a file, and what the command says of another file. */
async function command(t: TestContext, file: unknown, ...args: string[]) {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'OWNER01.json'), JSON.stringify(keyRecordPayload(usualRecordOf('OWNER01' as NodeId)))) // biome-ignore format: one line
  const name = join(folder, 'file.json')
  writeFileSync(name, typeof file === 'string' ? file : JSON.stringify(file))
  const made = args.map((one) => one.replace('FOLDER', folder))
  const process = startExecutable(t, 'verify', name, ...made)
  return { code: await process.ended, output: process.output(), errors: process.errors() }
}

test('wattweave verify ends with 0 only where all is right, and says in JSON what is not', async (t) => {
  const right = await command(t, await message(), '--key', 'FOLDER/OWNER01.json')
  assert.deepEqual([right.code, right.output.split('\n')[0]], [0, 'right: payload of a CALL Reset, verified']) // biome-ignore format: one line
  const wrong = await command(t, { ...(await message()), type: 'OnIdle' }, '--key', 'FOLDER/OWNER01.json', '--json') // biome-ignore format: one line
  assert.deepEqual([wrong.code, JSON.parse(wrong.output).reason], [1, 'signature-invalid'])
  const unvouched = await command(t, `${linesOf(await audit()).join('\n')}\n`, '--key', 'FOLDER/OWNER01.json') // biome-ignore format: one line
  assert.deepEqual([unvouched.code, unvouched.output.split('\n')[1]], [1, 'nobody who is believed here vouches for it']) // biome-ignore format: one line
})

test('wattweave verify does not end with 0 for a trace in which something was hidden, or nothing was signed', async (t) => {
  const signed = await message()
  const line = (payload: object) => `${JSON.stringify({ schemaVersion: '1.1', messageId: 'm1', action: 'Reset', payload })}\n` // biome-ignore format: one line
  const all = await command(t, line(signed) + line({ type: 'Immediate' }), '--key', 'FOLDER/OWNER01.json') // biome-ignore format: one line
  assert.deepEqual([all.code, all.output.split('\n')[0]], [0, '2 records: 1 verified, 0 wrong, 0 redacted, 0 unreadable, 1 unsigned']) // biome-ignore format: one line
  const hidden = await command(t, line(signed) + line({ ...signed, idToken: '#0a1b2c3d' }), '--key', 'FOLDER/OWNER01.json') // biome-ignore format: one line
  assert.deepEqual([hidden.code, /1 redacted/.test(hidden.output)], [1, true])
  assert.equal((await command(t, line({ type: 'Immediate' }), '--key', 'FOLDER/OWNER01.json')).code, 1) // biome-ignore format: one line
})

test('wattweave verify says what is missing, and makes no keys in the folder of a node', async (t) => {
  const nobody = await command(t, '{}')
  assert.equal(nobody.code, 1)
  assert.match(nobody.errors, /whose keys are believed is not said\n {2}name the configuration/)
  const neither = await command(t, 'hello', '--key', 'FOLDER/OWNER01.json')
  assert.match(neither.errors, /is neither an audit log nor a trace nor a signed statement/)
  const noRecord = await command(t, '{}', '--key', 'FOLDER/file.json')
  assert.match(noRecord.errors, /file\.json is no key record/)

  const folder = temporaryFolder(t)
  const config = join(folder, 'node.yaml')
  writeFileSync(
    config,
    `nodeId: NN01\nrole: networking-node\nlisten: [{port: 0}]\ndata: ${folder}/data\n`,
  )
  const fresh = await command(t, await message(), '--config', config)
  assert.deepEqual([fresh.code, fresh.output.includes('unknown-keys')], [1, true], fresh.errors)
  assert.throws(() => readFileSync(join(folder, 'data', 'keys', 'nn01', 'message.pem')), { code: 'ENOENT' }) // biome-ignore format: one line
})
