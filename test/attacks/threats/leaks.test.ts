import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'
import * as security from '../../../src/security/index.ts'
import { keyFrom } from '../../../src/storage/secret-store.ts'
import { startExecutable, until } from '../../end-to-end/processes.ts'
import { callTo } from './both-sides.ts'
import { refusalAt } from './refusals.ts'
import { api, command, deliver, FILE, outcomeOf, type Side, sidesOf } from './site.ts'

/** What must not be told: keys, passphrases, passwords and id tokens, in whatever is told. */

const theSides = sidesOf()
const TAG = 'TAG-1'
const NEW_PASSWORD = '00112233445566778899AABBCCDDEEFF'

/** Everything that a process says of itself to whoever asks, and what it has written. */
async function toldBy(side: Side): Promise<readonly (readonly [string, string])[]> {
  const told: [string, string][] = []
  for (const running of [side.csms, side.node]) {
    told.push(['its log', running.errors()], ['its output', running.output()])
    const get = async (path: string) => told.push([path, await (await fetch(new URL(path, running.console))).text()]) // biome-ignore format: one line
    for (const path of ['metrics', 'health', 'ready', 'api/overview', 'api/stations', 'api/transactions', 'api/operations', 'api/frames']) await get(path) // biome-ignore format: one line
    const { frames } = await api<{ frames: { sequence: number }[] }>(running, 'frames')
    for (const { sequence } of frames) await get(`api/frames/${sequence}`)
  }
  return told
}

/** A day of it: boots, tokens, commands, a password, and things that go wrong. */
async function live(side: Side): Promise<void> {
  const [station] = side.stations
  await station.ask('Authorize', { idTag: TAG })
  await station.ask('StartTransaction', { connectorId: 1, idTag: TAG, meterStart: 1, timestamp: new Date().toISOString() }) // biome-ignore format: one line
  await outcomeOf(side, await command(side, 'CS01', 'RemoteStartTransaction', { idTag: TAG }))
  await outcomeOf(side, await command(side, 'CS01', 'ChangeConfiguration', { key: 'AuthorizationKey', value: NEW_PASSWORD })) // biome-ignore format: one line
  await refusalAt(side.node, () => deliver(side, callTo('CS01', 'RemoteStartTransaction', { idTag: TAG }))) // biome-ignore format: one line
}

/** The secret parts of a private key, as they may be written. */
function secretsOf(file: string, passphrase: string): string[] {
  const pem = readFileSync(file, 'utf8')
  const body = pem.split('\n').filter((line) => line !== '' && !line.startsWith('-----'))
  return [passphrase, ...body.map((line) => line.slice(0, 40))]
}

function allSecrets(folder: string): string[] {
  const keys = join(folder, 'keys')
  const passphrase = keyFrom(join(keys, 'passphrase'))
  const files = readdirSync(keys).filter((name) => name.endsWith('.pem'))
  const written = files.flatMap((name) => secretsOf(join(keys, name), `${passphrase}`))
  return [...written, 'BEGIN PRIVATE', 'BEGIN ENCRYPTED PRIVATE', '"d":"', 'password of ']
}

test('T16: no private key, passphrase or password stands in any log, answer, metric or frame of the processes', async () => {
  const { strict, folder } = await theSides()
  await live(strict)
  const told = await toldBy(strict)
  assert.ok(told.length > 40, 'there is something to look through')
  for (const secret of [...allSecrets(folder), NEW_PASSWORD]) {
    for (const [where, text] of told) assert.ok(!text.includes(secret), `${secret.slice(0, 8)}… in ${where}`) // biome-ignore format: one line
  }
})

test('T27: id tokens are told as fingerprints, in logs, frames and answers alike', async () => {
  const { strict } = await theSides()
  // Logged at debug are all frames, so that there is something to hide.
  assert.match(strict.csms.errors(), /"event":"frame"/)
  for (const [where, text] of await toldBy(strict)) assert.ok(!text.includes(TAG), `${TAG} in ${where}`) // biome-ignore format: one line
})

test('T27: a refusal is logged with its reason, and with nothing of what was refused', async () => {
  const { strict, keys } = await theSides()
  const payload = { idTag: 'SECRET-TAG-9' }
  const signatures = await keys.sign(['STRANGER'], payload, { OCPPAction: 'RemoteStartTransaction', to: 'CS01' }) // biome-ignore format: one line
  await refusalAt(strict.node, () => deliver(strict, callTo('CS01', 'RemoteStartTransaction', { ...payload, signatures }))) // biome-ignore format: one line
  const refusals = strict.node.errors().split('\n').filter((line) => line.includes('"frame.refused"')) // biome-ignore format: one line
  assert.ok(refusals.length > 0)
  for (const line of refusals) assert.doesNotMatch(line, /SECRET-TAG-9|signatures|"payload"/)
})

test('T16: what signs does not give its key away, however it is written', async () => {
  const { keys, folder } = await theSides()
  const secrets = allSecrets(folder)
  const signer = keys.signer('CSMS01')
  const written = [JSON.stringify(signer), `${signer}`, inspect(signer, { depth: 9, showHidden: true }), JSON.stringify(Object.entries(signer)), JSON.stringify(keys.record('CSMS01'))] // biome-ignore format: one line
  for (const text of written) {
    for (const secret of secrets) assert.ok(!`${text}`.includes(secret), `${secret.slice(0, 8)}…`)
  }
  assert.throws(() => structuredClone(signer), /DataCloneError|could not be cloned/)
  const exporting = Object.keys(security).filter((name) => /private|export|secret/i.test(name))
  assert.deepEqual(exporting, [], 'nothing that is offered writes a private key')
})

test('T16: the command that makes a key prints its public half alone, and keeps the file from others', async () => {
  const { folder } = await theSides()
  const made = startExecutable(FILE, 'keys', 'new', join(folder, 'fresh.yaml'))
  assert.notEqual(await made.ended, 0, 'a file that is not there')
  const { writeFileSync, statSync } = await import('node:fs')
  const keyFile = join(folder, 'fresh.pem')
  writeFileSync(join(folder, 'fresh.yaml'), JSON.stringify({ nodeId: 'FRESH', role: 'csms', listen: [{ port: 0 }], data: join(folder, 'fresh'), security: { keyFile, passphraseFile: join(folder, 'fresh-passphrase'), trust: ['keys/CSMS01.json'] } })) // biome-ignore format: one line
  const done = startExecutable(FILE, 'keys', 'new', join(folder, 'fresh.yaml'))
  assert.equal(await done.ended, 0, done.errors())
  await until('its record', () => done.output().includes('"kid"'))
  const secrets = secretsOf(keyFile, readFileSync(join(folder, 'fresh-passphrase'), 'utf8').trim())
  for (const secret of secrets) assert.ok(!`${done.output()}${done.errors()}`.includes(secret))
  assert.doesNotMatch(done.output(), /"d"\s*:|PRIVATE/)
  assert.equal(statSync(keyFile).mode & 0o077, 0)
})
