import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { loadConfig } from '../../src/cli/config.ts'
import { rememberedPasswords } from '../../src/cli/remembered-passwords.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { Secret } from '../../src/transport/credentials.ts'
import { startExecutable, startNode, temporaryFolder, until } from '../end-to-end/processes.ts'
import { basic, client } from '../support/sockets.ts'

/** Commands about a CSMS, each seen by another process. */

/** Runs a command to its end. */
async function wattweave(t: TestContext, ...args: string[]) {
  const process = startExecutable(t, ...args)
  return { code: await process.ended, output: process.output(), errors: process.errors() }
}

/** A CSMS that runs, whose console wants a login. */
async function startCsms(t: TestContext, folder = temporaryFolder(t)) {
  // biome-ignore format: one line
  const node = await startNode(t, folder, { nodeId: 'CSMS01', role: 'csms', listen: [{ port: 0, insecure: true }], http: { port: 0 }, data: join(folder, 'data'), log: 'silent' })
  const line = JSON.parse(/^\{.*\}$/m.exec(node.output())?.[0] ?? '{}')
  return { ...node, folder, login: line.login as string | undefined }
}

/** What a CSMS answers to one message of a station. */
async function ask(t: TestContext, url: string, action: string, payload: object) {
  const station = await client(t, url, { id: 'CS01', headers: { authorization: '' } })
  station.send(JSON.stringify([2, 'a', action, payload]))
  const [, , answer] = await station.take((frame) => frame[1] === 'a', 'the answer')
  return answer as object
}

async function authorize(t: TestContext, url: string, idTag: string) {
  const answer = (await ask(t, url, 'Authorize', { idTag })) as { idTagInfo: { status: string } }
  return answer.idTagInfo.status
}

/** The number of a transaction that begins on a connector. */
async function begin(t: TestContext, url: string, connectorId: number) {
  const start = {
    connectorId,
    idTag: 'VAN-9',
    meterStart: 0,
    timestamp: '2026-01-05T11:00:00.000Z',
  }
  const answer = await ask(t, url, 'StartTransaction', start)
  return (answer as { transactionId: number }).transactionId
}

test('a token that a command adds charges at once at the CSMS that runs', async (t) => {
  const { file, url } = await startCsms(t)
  assert.equal(await authorize(t, url, 'VAN-9'), 'Invalid')

  const added = await wattweave(t, 'token', 'add', file, 'VAN-9', '--note', 'van 9')

  assert.deepEqual([added.code, added.output], [0, 'VAN-9 Accepted\n'])
  assert.equal(await authorize(t, url, 'VAN-9'), 'Accepted')
  await wattweave(t, 'token', 'add', file, 'VAN-9', '--blocked')
  assert.equal(await authorize(t, url, 'VAN-9'), 'Blocked')
  const listed = await wattweave(t, 'token', 'list', file, '--json')
  assert.equal(JSON.parse(listed.output)[0].status, 'Blocked')
})

test('of a known token only what is said is changed, and the audit log says who did', async (t) => {
  const { file, console: page, folder } = await startCsms(t)
  assert.equal(statSync(join(folder, 'data')).mode & 0o777, 0o700)
  const add = async (...args: string[]) => {
    const { code, output, errors } = await wattweave(t, 'token', 'add', file, ...args, '--json')
    assert.equal(code, 0, errors)
    const { id, changedAt, ...row } = JSON.parse(output)
    return row
  }
  const all = ['--type', 'eMAID', '--group', 'FLEET', '--expires', '2027-12-31T23:59:59Z', '--note', 'van 9', '--blocked', '--concurrent'] // biome-ignore format: one line
  const row = { idToken: 'VAN-9', type: 'eMAID', status: 'Blocked', expiresAt: '2027-12-31T23:59:59.000Z', groupId: 'FLEET', note: 'van 9', concurrent: true } // biome-ignore format: one line

  assert.deepEqual(await add('VAN-9', ...all), row)
  assert.deepEqual(await add('van-9'), row)
  assert.deepEqual(await add('VAN-9', '--note', 'van 10', '--no-blocked'), { ...row, note: 'van 10', status: 'Accepted' }) // biome-ignore format: one line
  const { groupId, expiresAt, ...rest } = row
  assert.deepEqual(await add('VAN-9', '--no-group', '--no-expires', '--no-concurrent'), { ...rest, note: 'van 10', status: 'Accepted', concurrent: false }) // biome-ignore format: one line
  await wattweave(t, 'station', 'add', file, 'CS07')

  const made = await wattweave(t, 'login', file, '--api-token', 'x', '--role', 'admin')
  const headers = { authorization: `Bearer ${made.output.trim()}` }
  const read = async (path: string) => (await fetch(new URL(path, page), { headers })).json()
  const { entries } = (await read('/api/audit')) as { entries: { who: string; what: string; object: string; outcome: number }[] } // biome-ignore format: one line
  const { tokens } = (await read('/api/tokens')) as { tokens: { id: number; fingerprint: string }[] } // biome-ignore format: one line
  const [token] = tokens
  const done = entries.map(({ who, what, object, outcome }) => [who, what, JSON.parse(object), outcome]) // biome-ignore format: one line
  assert.deepEqual(done[0], ['command line', 'PUT /api/stations/:station', { station: 'CS07' }, 200]) // biome-ignore format: one line
  const of = { id: token?.id, token: token?.fingerprint }
  assert.deepEqual(done[4], ['command line', 'POST /api/tokens', { ...of, type: 'eMAID', expiresAt: row.expiresAt, status: 'Blocked', concurrent: true, groupIsSet: true, noteIsSet: true }, 201]) // biome-ignore format: one line
  assert.deepEqual(done[2], ['command line', 'PATCH /api/tokens/:id', { ...of, status: 'Accepted', noteIsSet: true }, 200]) // biome-ignore format: one line
})

test('an API token reads id tokens as its role does, unless it is said otherwise', async (t) => {
  const { file, console: page } = await startCsms(t)
  await wattweave(t, 'token', 'add', file, 'VAN-9')
  const reads = async (...args: string[]) => {
    const made = await wattweave(t, 'login', file, '--api-token', 'x', ...args)
    const headers = { authorization: `Bearer ${made.output.trim()}` }
    return (await (await fetch(new URL('/api/tokens', page), { headers })).text()).includes('VAN-9')
  }

  assert.equal(await reads('--role', 'admin', '--no-tokens-read'), false)
  assert.equal(await reads(), false)
  assert.equal(await reads('--role', 'operator'), true)
  assert.equal(await reads('--tokens-read'), true)
})

test('what is no token, no date and no CSMS is said in one line, and what to do in another', async (t) => {
  const folder = temporaryFolder(t)
  const [csms, node] = [join(folder, 'csms.yaml'), join(folder, 'node.yaml')]
  writeFileSync(csms, 'nodeId: C\nrole: csms\nlisten: [{ port: 0 }]\n')
  writeFileSync(node, 'nodeId: N\nrole: networking-node\nlisten: [{ port: 0 }]\n')
  for (const [args, said] of [
    [['token', 'add', csms, '<b>'], /"<b>" is no id token/],
    [['token', 'add', csms, 'A', '--expires', 'soon'], /--expires must be a date/],
    [
      ['token', 'add', csms, 'A', '--expires', '2027-02-30T00:00:00Z'],
      /--expires must be a date that exists/,
    ],
    [
      ['token', 'add', csms, 'A', '--expires', '2027-02-30'],
      /--expires must be a date that exists/,
    ],
    [
      ['login', csms, '--role', 'viewer'],
      /--role is that of an API token.*\n {2}add --api-token NAME/,
    ],
    [
      ['login', csms, '--no-tokens-read'],
      /--tokens-read and --no-tokens-read are of an API token.*\n {2}add --api-token NAME/,
    ],
    [['station', 'add', csms, 'a:b'], /"a:b" is no id of a station/],
    [['token', 'add', csms, 'A', '--type', 'Card'], /--type must be one of Central, .*not "Card"/],
    [['token', 'add', csms, 'A', '--group', 'my fleet'], /--group must be .*not "my fleet"/],
    [['token', 'add', csms, 'A', '--note', 'n'.repeat(201)], /--note must have at most 200/],
    [['token', 'add', node, 'A'], /describes a networking-node/],
    [['station', 'show', csms, 'CS99'], /no station CS99 is known\n {2}wattweave station list/],
    [['login', csms], /has no console\n {2}add: http/],
    [['restore', csms, folder], /holds no backup/],
  ] as const) {
    const { code, errors } = await wattweave(t, ...args)
    assert.equal(code, 1, args.join(' '))
    assert.match(errors, said)
    assert.match(errors, /^wattweave: [^\n]*\n {2}[^\n]+\n$/)
  }
})

test('a station that was seen is listed and shown; entered it is flagged no more', async (t) => {
  const { file, url } = await startCsms(t)
  await authorize(t, url, 'X')

  const { output } = await wattweave(t, 'station', 'list', file)
  assert.match(output, /^CS01 +ocpp1\.6 .*not entered/)
  await wattweave(t, 'station', 'add', file, 'CS01')
  const shown = JSON.parse((await wattweave(t, 'station', 'show', file, 'CS01', '--json')).output)
  assert.equal(shown.known, true)
})

test('the first start prints a link that lets the first admin in, once; later ones print none', async (t) => {
  const first = await startCsms(t)
  assert.match(first.login ?? '', /^http:\/\/127\.0\.0\.1:\d+\/login#[\w-]{43}$/)
  const { origin, hash } = new URL(first.login ?? '')
  const spend = () =>
    fetch(new URL('/api/session', origin), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ link: hash.slice(1) }),
    })

  assert.equal((await fetch(new URL('/api/overview', origin))).status, 401)
  const response = await spend()
  assert.deepEqual(((await response.json()) as { user: object }).user, { name: 'admin', role: 'admin', permissions: ['tokens:read'] }) // biome-ignore format: one line
  assert.equal((await spend()).status, 401)
  await first.stop()

  const second = await startCsms(t, first.folder)
  assert.equal(second.login, undefined)
  const made = await wattweave(t, 'login', first.file)
  assert.match(made.errors, /give the console a fixed port/)
  const token = await wattweave(t, 'login', first.file, '--api-token', 'x', '--role', 'viewer')
  const authorization = `Bearer ${token.output.trim()}`
  const answer = await fetch(new URL('/api/stations', second.console), { headers: { authorization } }) // biome-ignore format: one line
  assert.equal(answer.status, 200)
})

test('a backup of a CSMS that runs brings everything back after its data is lost', async (t) => {
  const { file, url, folder, stop } = await startCsms(t)
  await wattweave(t, 'token', 'add', file, 'VAN-9')
  await authorize(t, url, 'VAN-9')
  const copies = join(folder, 'copies')

  const made = await wattweave(t, 'backup', file, copies)
  assert.equal(made.code, 0, made.errors)
  assert.deepEqual(readdirSync(copies), ['accounts.sqlite', 'csms.sqlite', 'fingerprint.key', 'keys']) // biome-ignore format: one line
  const keys = await wattweave(t, 'keys', 'list', file)
  assert.match(keys.output, /CSMS01 \(own\)/)
  assert.match((await wattweave(t, 'backup', file, copies)).errors, /is there already/)
  assert.match((await wattweave(t, 'restore', file, copies)).errors, /is in use by another process/)
  await wattweave(t, 'token', 'add', file, 'VAN-9', '--blocked')
  await stop()
  rmSync(join(folder, 'data', 'keys'), { recursive: true })
  const restored = await wattweave(t, 'restore', file, copies)
  assert.equal(restored.code, 0, restored.errors)
  assert.equal((await wattweave(t, 'keys', 'list', file)).output, keys.output)

  const again = await startCsms(t, folder)
  assert.equal(await authorize(t, again.url, 'VAN-9'), 'Accepted')
  assert.ok(readdirSync(join(folder, 'data')).some((name) => name.includes('.before-')))
})

test('a number that was given after the backup is not given again, however often it is restored', async (t) => {
  const { file, url, folder, stop } = await startCsms(t)
  const copies = join(folder, 'copies')
  const given = [await begin(t, url, 1)]
  await wattweave(t, 'backup', file, copies)
  given.push(await begin(t, url, 2))
  await stop()

  for (const connectorId of [3, 4]) {
    assert.equal((await wattweave(t, 'restore', file, copies)).code, 0)
    const again = await startCsms(t, folder)
    given.push(await begin(t, again.url, connectorId))
    await again.stop()
  }

  assert.equal(new Set(given).size, 4, `${given}`)
  assert.ok(given.every((number) => number < 2 ** 31))
})

test('what is no backup of a CSMS, or is another database, takes the place of nothing', async (t) => {
  const { file, folder, stop } = await startCsms(t)
  const [data, copies] = [join(folder, 'data'), join(folder, 'copies')]
  await wattweave(t, 'backup', file, copies)
  await stop()
  const csms = join(copies, 'csms.sqlite')
  const wrong = async (said: RegExp) => {
    const { code, errors } = await wattweave(t, 'restore', file, copies)
    assert.deepEqual([code, said.test(errors)], [1, true], errors)
    assert.ok(!readdirSync(data).some((name) => /\.before-|\.new/.test(name)))
  }

  writeFileSync(csms, readFileSync(join(copies, 'accounts.sqlite')))
  await wrong(
    /csms\.sqlite is another database, without the table transactions\n {2}put the one there/,
  )
  rmSync(csms)
  await wrong(/is no backup of a CSMS, for it holds no csms\.sqlite\n {2}name the folder/)
})

test('a backup can be read by its owner only, and so can what is restored, whatever mode it has by then', async (t) => {
  const { file, folder, stop } = await startCsms(t)
  const [data, copies] = [join(folder, 'data'), join(folder, 'copies')]
  mkdirSync(copies)
  const modes = (of: string) =>
    ['csms.sqlite', 'accounts.sqlite'].map((name) => statSync(join(of, name)).mode & 0o777)

  await wattweave(t, 'backup', file, copies)
  assert.deepEqual(modes(copies), [0o600, 0o600])
  await stop()
  for (const name of ['csms.sqlite', 'accounts.sqlite']) chmodSync(join(copies, name), 0o644)
  assert.equal((await wattweave(t, 'restore', file, copies)).code, 0)

  assert.deepEqual(modes(data), [0o600, 0o600])
})

test('what a CSMS that was killed has written is kept beside the backup that takes its place', async (t) => {
  const { file, url, folder, kill } = await startCsms(t)
  const copies = join(folder, 'copies')
  await wattweave(t, 'backup', file, copies)
  await authorize(t, url, 'NEVER-SEEN')
  await kill()

  const restored = await wattweave(t, 'restore', file, copies)
  assert.equal(restored.code, 0, restored.errors)
  const data = join(folder, 'data')
  const [before = ''] = readdirSync(data).filter((name) =>
    /^csms\.sqlite\.before-[^.]+$/.test(name),
  )
  const countIn = (name: string) => {
    const database = new DatabaseSync(join(data, name))
    const row = database.prepare('SELECT count(*) AS n FROM messages').get()
    database.close()
    return Number(row?.n)
  }
  assert.ok(countIn(before) > countIn('csms.sqlite'))
})

test('a restored backup makes the same fingerprints, by a key that only its owner can read', async (t) => {
  const { file, folder, stop } = await startCsms(t)
  const [key, copies] = [join(folder, 'data', 'fingerprint.key'), join(folder, 'copies')]
  const text = readFileSync(key, 'utf8')
  chmodSync(key, 0o644) // as somebody may have copied it
  await wattweave(t, 'backup', file, copies)
  await stop()
  const isOwners = (path: string) => (statSync(path).mode & 0o777) === 0o600
  assert.ok(isOwners(join(copies, 'fingerprint.key')))
  writeFileSync(key, 'another key, made anew after the loss')

  const restored = await wattweave(t, 'restore', file, copies)

  assert.equal(restored.code, 0, restored.errors)
  assert.match(restored.output, /fingerprint\.key -> /)
  assert.deepEqual([readFileSync(key, 'utf8'), isOwners(key)], [text, true])
  const [before = ''] = readdirSync(join(folder, 'data')).filter((name) => name.startsWith('fingerprint.key.before-')) // biome-ignore format: one line
  assert.match(readFileSync(join(folder, 'data', before), 'utf8'), /made anew/)
})

test('passwords that stations were given over OCPP are in a backup, with their key', async (t) => {
  const { file, folder, stop } = await startCsms(t)
  const [data, copies] = [join(folder, 'data'), join(folder, 'copies')]
  const given = { station: 'CS01' as NodeId, slot: '2', password: new Secret('given over OCPP'), uplink: undefined, isUsed: false } // biome-ignore format: one line
  rememberedPasswords({ data }).rememberProfile(given, undefined)
  await wattweave(t, 'backup', file, copies)
  await stop()
  for (const name of ['station-secrets.json', 'secrets.key']) rmSync(join(data, name))

  assert.equal((await wattweave(t, 'restore', file, copies)).code, 0)
  const [found] = rememberedPasswords({ data }).profiles(() => undefined)
  assert.equal(found?.password.reveal(), 'given over OCPP')
  assert.equal(statSync(join(data, 'secrets.key')).mode & 0o777, 0o600)
})

test('a backup without a key, as earlier versions made, leaves the key as it is', async (t) => {
  const { file, folder, stop } = await startCsms(t)
  const [key, copies] = [join(folder, 'data', 'fingerprint.key'), join(folder, 'copies')]
  const text = readFileSync(key, 'utf8')
  await wattweave(t, 'backup', file, copies)
  await stop()
  rmSync(join(copies, 'fingerprint.key'))

  const restored = await wattweave(t, 'restore', file, copies)

  assert.equal(restored.code, 0, restored.errors)
  assert.equal(readFileSync(key, 'utf8'), text)
})

test('a damaged backup takes the place of nothing', async (t) => {
  const { file, folder, stop } = await startCsms(t)
  const copies = join(folder, 'copies')
  await wattweave(t, 'backup', file, copies)
  await stop()
  writeFileSync(join(copies, 'csms.sqlite'), 'These are my notes.\n'.repeat(100))

  const { code, errors } = await wattweave(t, 'restore', file, copies)

  assert.equal(code, 1)
  assert.match(errors, /^wattweave: .*csms\.sqlite is damaged or no database/)
  assert.ok(existsSync(join(folder, 'data', 'csms.sqlite')))
  assert.ok(!readdirSync(join(folder, 'data')).some((name) => name.includes('.before-')))
})

test('a second CSMS on the same data is refused in one line; killed, the first leaves it free', async (t) => {
  const { file, folder, kill } = await startCsms(t)

  const second = await wattweave(t, 'run', file)
  assert.equal(second.code, 1)
  assert.match(second.errors, /^wattweave: [^\n]*csms\.sqlite is in use by another process\n {2}stop that one[^\n]*\n$/) // biome-ignore format: one line
  await kill()
  await startCsms(t, folder)
})

test('who has a token has the same fingerprint after a restart, and another one elsewhere', async (t) => {
  const seen = async (folder: string) => {
    const { file, console, stop } = await startCsms(t, folder)
    await wattweave(t, 'token', 'add', file, 'VAN-9')
    const { output } = await wattweave(t, 'login', file, '--api-token', 'x', '--role', 'viewer')
    const headers = { authorization: `Bearer ${output.trim()}` }
    const answer = await fetch(new URL('/api/tokens', console), { headers })
    const { tokens } = (await answer.json()) as { tokens: { fingerprint: string }[] }
    await stop()
    return tokens[0]?.fingerprint ?? ''
  }
  const folder = temporaryFolder(t)
  const before = await seen(folder)

  assert.match(before, /^#[0-9a-f]{8}$/)
  assert.equal(await seen(folder), before)
  assert.notEqual(await seen(temporaryFolder(t)), before)
})

test('check says what a file describes, or where it is wrong', async (t) => {
  const file = join(temporaryFolder(t), 'node.yaml')
  writeFileSync(file, 'nodeId: N\nrole: networking-node\nlisten: [{ port: 0 }]\n')
  assert.match((await wattweave(t, 'check', file)).output, /N, a networking-node, can be started with: wattweave run/) // biome-ignore format: one line
  writeFileSync(file, 'nodeId: N\nrole: networking-node\nlisten: [{ port: 0 }]\nlsten: []\n')
  const { code, errors } = await wattweave(t, 'check', file)
  assert.equal(code, 2)
  assert.match(errors, /:4:1: lsten is not a setting/)
  writeFileSync(file, `nodeId: N\nrole: csms\nlisten: [{ port: 0 }]\ndata: node.yaml/data\n`)
  for (const command of ['check', 'run']) {
    const { code, errors } = await wattweave(t, command, file)
    assert.equal(code, 2)
    assert.match(errors, /^wattweave: data: \S+node\.yaml\/data cannot be written: [^\n]+ is a file[^\n]*\n {2}set another folder[^\n]*\n$/) // biome-ignore format: one line
  }
})

test('check --json says the same to a program, what is wrong and where included', async (t) => {
  const folder = temporaryFolder(t)
  const file = join(folder, 'node.yaml')
  const checked = async (text: string) => {
    writeFileSync(file, text)
    const { code, output, errors } = await wattweave(t, 'check', file, '--json')
    assert.equal(errors, '')
    return { code, said: JSON.parse(output) }
  }
  const good = 'nodeId: N\nrole: networking-node\nlisten: [{ port: 0 }]\n'
  const { code, said } = await checked(good)
  assert.deepEqual([code, said.valid, said.nodeId, said.role], [0, true, 'N', 'networking-node'])

  const bad = await checked(`${good}lsten: []\n`)
  const { remedy, problem, ...place } = bad.said
  assert.equal(bad.code, 2)
  assert.deepEqual(place, { valid: false, file, code: 'ERR_CONFIG_VALUE', line: 4, column: 1, pointer: 'lsten' }) // biome-ignore format: one line
  assert.match(problem, /is not a setting/)
  assert.match(remedy, /./)
})

test('init writes a file that can be run, and a password that lets the station in', async (t) => {
  const folder = temporaryFolder(t)
  const file = join(folder, 'depot', 'csms.yaml')

  const made = await wattweave(t, 'init', file, '--port', '0', '--station', 'CS01')
  assert.match(made.output, /Give CS01 the address ws:\/\/127\.0\.0\.1:0\/ and this password/)
  assert.match(made.output, /Nobody was asked/)

  assert.equal(made.code, 0, made.errors)
  const [, password = ''] = /shown only now: (\S+)/.exec(made.output) ?? []
  assert.equal((await wattweave(t, 'check', file)).code, 0)
  const text = readFileSync(file, 'utf8')
  assert.ok(!text.includes(password))
  writeFileSync(file, text.replace('port: 8350', 'port: 0'))
  const running = startExecutable(t, 'run', file)
  const line = await until('it to be ready', () => /^\{.*\}$/m.exec(running.output())?.[0])
  const [url = ''] = JSON.parse(line).listen
  for (const [secret, isIn] of [[password, true], ['wrong', false]] as const) {
    const station = await client(t, url, { id: 'CS01', headers: { authorization: basic('CS01', secret) } })
    assert.equal(station.isOpen, isIn)
  } // biome-ignore format: two passwords
  assert.match((await wattweave(t, 'init', file)).errors, /is there already/)
})

for (const [role, below] of [['csms', 'NN01'], ['networking-node', 'NN02']] as const) {
  test(`init shows a ${role} how a node below is entered: as a node`, async (t) => {
    const folder = temporaryFolder(t)
    const file = join(folder, `${role}.yaml`)
    await wattweave(t, 'init', file, '--role', role, '--station', 'CS01')
    mkdirSync(join(folder, 'secrets'), { recursive: true })
    for (const name of [below, 'NN01-at-csms']) writeFileSync(join(folder, 'secrets', name), 'a password')
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.replace(/^# {3}- id: .*\n(?:# {5}.*\n)+/m, (lines) => lines.replace(/^# /gm, '')))
    const { peers, warnings } = loadConfig(file)
    assert.deepEqual(peers.map(({ id, peer }) => [id, peer]), [['CS01', 'station'], [below, 'node']])
    assert.deepEqual(warnings, [])
  })
} // biome-ignore format: two roles

test('init of a networking node says what is yet to be done, and once that is done the node runs', async (t) => {
  const file = join(temporaryFolder(t), 'q', 'n.yaml')

  const made = await wattweave(t, 'init', file, '--role', 'networking-node', '--id', 'NN01', '--port', '0', '--uplink', 'ws://127.0.0.1:9/', '--station', 'CS01') // biome-ignore format: one line

  assert.equal(made.code, 0, made.errors)
  assert.match(made.output, /Give CS01 the address ws:\/\/127\.0\.0\.1:0\/ and this password, it is shown only now: \S+\n/) // biome-ignore format: one line
  const steps = ['Put the password', 'Let it in: at the CSMS run wattweave keys invite FILE NN01', `here wattweave keys join ${file} CODE`, `Start it with: wattweave run ${file}`] // biome-ignore format: one list
  const places = steps.map((step) => made.output.indexOf(step))
  assert.ok(
    places.every((place, i) => place > (places[i - 1] ?? 0)),
    made.output,
  )
  const [, secret = ''] = /^Put the password .* into (\S+)$/m.exec(made.output) ?? []
  assert.match((await wattweave(t, 'check', file)).errors, /uplinks\.0\.passwordFile/)
  writeFileSync(secret, 'what the CSMS has given')
  assert.equal((await wattweave(t, 'check', file)).code, 0)
  writeFileSync(file, readFileSync(file, 'utf8').replace('port: 8351', 'port: 0'))
  const running = startExecutable(t, 'run', file)
  await until('it to be ready', () => /^\{.*\}$/m.exec(running.output())?.[0])
})

test('init that fails leaves nothing of what it wrote, and all that was there', async (t) => {
  const folder = temporaryFolder(t)
  const init = (file: string, ...more: string[]) =>
    wattweave(t, 'init', file, '--role', 'networking-node', '--id', 'NN01', ...more)
  const same = await init(join(folder, 'n.yaml'), '--station', 'nn01')
  assert.deepEqual([same.code, /--station: it must be another id than that of the node/.test(same.errors)], [1, true]) // biome-ignore format: one line

  // A port that the console of the node has already: only the whole file says so.
  const clash = await init(join(folder, 'made', 'n.yaml'), '--station', 'CS01', '--port', '8351')
  assert.deepEqual([clash.code, /http\.port/.test(clash.errors)], [2, true], clash.errors)
  assert.deepEqual(readdirSync(folder), [])

  mkdirSync(join(folder, 'secrets'))
  writeFileSync(join(folder, 'secrets', 'key'), 'K'.repeat(43))
  await init(join(folder, 'n.yaml'), '--station', 'CS01', '--port', '8351')
  assert.deepEqual(readdirSync(folder, { recursive: true }), ['secrets', join('secrets', 'key')])
})

test('init says which answer cannot be, and writes nothing', async (t) => {
  const file = join(temporaryFolder(t), 'x.yaml')
  for (const [option, value, said] of [
    ['--role', 'king', /--role: it must be csms or networking-node, not "king"/],
    ['--port', '70000', /--port: it must be a number from 0 to 65535/],
    ['--uplink', 'csms', /--uplink: it must begin with ws:/],
    [
      '--uplink',
      'wss://NN01:S3CRET@a.example/',
      /--uplink: it has a user or a password in it.*, not "wss:\/\/\[secret\]@a\.example\/"$/m,
    ],
    ['--uplink', 'wss://a.example:99999/', /--uplink: it is no URL/],
    ['--id', 'CSMS', /--id: it must be a node id/],
    ['--host', 'everywhere', /--host: it must be 127\.0\.0\.1 for this machine only, 0\.0\.0\.0/],
    ['--station', 'CS 01', /--station: it must be 1 to 48/],
  ] as const) {
    const role = option === '--role' ? [] : ['--role', 'networking-node']
    const { code, errors } = await wattweave(t, 'init', file, ...role, option, value)
    assert.equal(code, 1)
    assert.match(errors, said)
  }
  assert.ok(!existsSync(file))
})

test('every command says by an example how it is used', async (t) => {
  const commands = ['', 'token', 'station', 'password', 'filter', 'init', 'run', 'demo', 'simulate', 'send', 'trace', 'check', 'login', 'backup', 'restore', 'token add', 'token list', 'station add', 'station list', 'station show', 'password new', 'password hash', 'filter test', 'filter list', 'keys', 'keys new'] // biome-ignore format: one list
  const told = await Promise.all(commands.map((command) => wattweave(t, ...command.split(' ').filter(Boolean), '--help'))) // biome-ignore format: one line
  for (const [i, { code, output }] of told.entries()) {
    assert.equal(code, 0)
    assert.match(output, new RegExp(`Example:\n  \\$ wattweave ${commands[i]}`))
  }
})

test('the data folder that is named on the command line counts, whatever the file says', async (t) => {
  const folder = temporaryFolder(t)
  const file = join(folder, 'csms.yaml')
  writeFileSync(file, 'nodeId: CSMS01\nrole: csms\nlisten: [{ port: 0, insecure: true }]\ndata: unused\n') // biome-ignore format: one line
  const data = join(folder, 'elsewhere')
  const made = await wattweave(t, 'token', 'add', file, 'VAN-9', '--data', data)
  assert.equal(made.code, 0, made.errors)
  assert.deepEqual([existsSync(join(data, 'csms.sqlite')), existsSync(join(folder, 'unused'))], [true, false]) // biome-ignore format: one line
  assert.match((await wattweave(t, 'token', 'list', file, '--data', data)).output, /VAN-9/)
  writeFileSync(join(folder, 'a-file'), '')
  const wrong = await wattweave(t, 'run', file, '--data', join(folder, 'a-file', 'data'))
  assert.deepEqual([wrong.code, /cannot be written/.test(wrong.errors)], [2, true])
})

test('simulated stations outlive their CSMS and find it again', async (t) => {
  const csms = await startCsms(t)
  const port = new URL(csms.url).port
  const simulation = startExecutable(t, 'simulate', csms.url)
  await until('the station to be accepted', () => simulation.errors().includes('1 of 1'))
  await csms.kill()
  let isOver = false
  void simulation.ended.then(() => {
    isOver = true
  })
  const again = await startNode(t, csms.folder, { nodeId: 'CSMS01', role: 'csms', listen: [{ port: Number(port), insecure: true }], http: { port: 0, login: false }, data: join(csms.folder, 'data'), log: 'silent' }) // biome-ignore format: one line
  await until('the station to be there again', async () => {
    const answer = await fetch(new URL('/api/stations', again.console))
    const { stations } = (await answer.json()) as { stations: { connected: boolean }[] }
    return stations.some(({ connected }) => connected)
  })
  assert.equal(isOver, false)
})

test('simulated stations of all versions boot and charge, at a speed of their own', async (t) => {
  const { url, file } = await startCsms(t)
  await wattweave(t, 'token', 'add', file, 'TAG-1', '--concurrent')
  const simulation = startExecutable(t, 'simulate', url, '--stations', '3', '--speed', '60', '--token', 'TAG-1') // biome-ignore format: one line

  await until('all to be accepted', () => /3 of 3 stations are accepted/.test(simulation.errors()))
  const stations = JSON.parse((await wattweave(t, 'station', 'list', file, '--json')).output)
  assert.deepEqual(
    stations.map(({ station, protocol }: Record<string, unknown>) => [station, protocol]),
    [['SIM001', 'ocpp1.6'], ['SIM002', 'ocpp2.0.1'], ['SIM003', 'ocpp2.1']],
  ) // biome-ignore format: three stations
  const database = new DatabaseSync(join(file, '..', 'data', 'csms.sqlite'), { readOnly: true })
  t.after(() => database.close())
  const ended = database.prepare('SELECT COUNT(DISTINCT station) AS count FROM transactions WHERE ended_at IS NOT NULL') // biome-ignore format: one line
  await until('each to have ended a session of a minute', () => ended.get()?.count === 3)
  assert.equal(await simulation.stop(), 0)
})

test('what cannot be simulated is said in one line, and what to do in another', async (t) => {
  for (const [args, said] of [
    [['http://127.0.0.1:9000/'], /is no URL of a node/],
    [['ws://127.0.0.1:9/', '--stations', '0'], /--stations must be a whole number from 1 to 5000/],
    [['ws://127.0.0.1:9/', '--protocol', 'ocpp1.5'], /--protocol must be ocpp1\.6/],
    [
      ['ws://127.0.0.1:9/', '--prefix', 'X Y'],
      /--prefix "X Y" makes no ids of stations.*\n {2}choose another/,
    ],
    [['ws://127.0.0.1:9/', '--prefix', 'P'.repeat(46)], /--prefix "P+" makes no ids of stations/],
  ] as const) {
    const { code, errors } = await wattweave(t, 'simulate', ...args)
    assert.equal(code, 1)
    assert.match(errors, said)
    assert.match(errors, /^wattweave: [^\n]*\n {2}[^\n]+\n$/)
  }
})
