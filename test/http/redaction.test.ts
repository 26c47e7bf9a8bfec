import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { withFingerprints } from '../../src/http/fingerprints.ts'
import { redactFields } from '../../src/http/redaction.ts'
import { startNode, temporaryFolder, until } from '../end-to-end/processes.ts'
import { ROOT } from '../house/source-files.ts'
import { PROPERTY } from '../seed.ts'
import { basic, client, upgrade } from '../support/sockets.ts'

const run = promisify(execFile)

const error = new Error('refused: password=S3CRET-9 and {"idTag":"S3CRET-9"}', {
  cause: { headers: { Authorization: 'Basic UzNDUkVULTk6eA==' } },
})

/** Where secrets could be in what is logged; each holds one. */
// biome-ignore format: a table
const FIELDS: readonly [what: string, fields: object][] = [
  ['an id tag',                     { idTag: 'S3CRET-9' }],
  ['a parent id tag',               { details: { idTagInfo: { parentIdTag: 'S3CRET-9' } } }],
  ['an id token deep inside',       { a: [{ b: { c: [{ idToken: { idToken: 'S3CRET-9', type: 'Central' } }] } }] }],
  ['more id tokens',                { idToken: { additionalInfo: [{ additionalIdToken: 'S3CRET-9' }] } }],
  ['a token that is a number',      { idTag: 9393939 }],
  ['other spellings',               { ID_TAG: 'S3CRET-9', 'id-token': 'S3CRET-9', accessToken: 'S3CRET-9' }],
  ['a list of tokens',              { tokens: ['S3CRET-9'] }],
  ['passwords',                     { password: 'S3CRET-9', apnPassword: 'S3CRET-9', basicAuthPassword: 'S3CRET-9' }],
  ['a password that is bytes',      { password: Buffer.from('S3CRET-9'), bytes: Buffer.from('S3CRET-9') }],
  ['headers',                       { headers: { authorization: 'S3CRET-9', cookie: 'S3CRET-9' } }],
  ['headers as a list',             { rawHeaders: ['Authorization', 'Basic UzNDUkVULTk6eA=='] }],
  ['a bearer token in a text',      { why: 'sent Bearer S3CRET-9.abc' }],
  ['a URL with a password',         { url: 'wss://CS01:S3CRET-9@csms.example/ocpp' }],
  ['a URL object',                  { url: new URL('wss://CS01:S3CRET-9@csms.example/ocpp') }],
  ['a configuration key',           { key: 'AuthorizationKey', value: 'S3CRET-9' }],
  ['a list of configuration keys',  { configurationKey: [{ key: 'AuthorizationKey', readonly: false, value: 'S3CRET-9' }] }],
  ['a variable',                    { setVariableData: [{ attributeValue: 'S3CRET-9', component: { name: 'SecurityCtrlr' }, variable: { name: 'BasicAuthPassword' } }] }],
  ['a variable in a report',        { reportData: [{ variable: { name: 'BasicAuthPassword' }, variableAttribute: [{ value: 'S3CRET-9' }] }] }],
  ['a variable in an event',        { eventData: [{ actualValue: 'S3CRET-9', variable: { name: 'BasicAuthPassword' } }] }],
  ['a setting of a vendor',         { key: 'WifiPassword', value: 'S3CRET-9' }],
  ['a key',                         { key: 'S3CRET-9', vpn: { key: 'S3CRET-9' }, privateKey: 'S3CRET-9' }],
  ['a PEM key',                     { problem: ['in', 'BEGIN', '\nS3CRET-9\n', 'END', ''].join('-----').replaceAll(/BEGIN|END/g, '$& EC PRIVATE KEY') }],
  ['a stored password',             { problem: 'not $hmac-sha256$S3CRET-9' }],
  ['an error with its cause',       { error }],
  ['JSON in a text',                { raw: '[2,"1","Authorize",{"idTag":"S3CRET-9"}]' }],
  ['JSON with an escaped name',     { raw: String.raw`{"\u0069dTag":"S3CRET-9"}` }],
  ['JSON that is cut off',          { raw: '[2,"1","Authorize",{"idTag":"S3CRET-9' }],
  ['JSON in JSON',                  { data: JSON.stringify({ data: JSON.stringify({ idTag: 'S3CRET-9' }) }) }],
  ['a Map and a Set',               { map: new Map([['idTag', 'S3CRET-9']]), set: new Set([{ idTag: 'S3CRET-9' }]) }],
  ['something very deep',           { a: { b: { c: { d: { e: { f: { g: { h: { i: { j: { k: { l: { m: { n: { idTag: 'S3CRET-9' } } } } } } } } } } } } } } }],
]
const SECRET = /S3CRET|UzNDUkVULTk6eA|9393939/

for (const [what, fields] of FIELDS) {
  test(`a log line does not show ${what}`, () => {
    assert.doesNotMatch(JSON.stringify(redactFields(fields)), SECRET)
  })
}

test('what is no secret is logged as it is', () => {
  const fields = {
    link: 'CS01',
    code: 'ERR_SCHEMA_PROPERTY',
    details: { pointer: '/idTag', problem: 'must have at most 20 characters', limit: 20 },
    why: 'a basic password was expected; wrong password',
    url: 'ws://127.0.0.1:9000/',
    key: 'HeartbeatInterval',
    value: '300',
    at: [true, null, 1.5],
  }
  assert.deepEqual(redactFields(fields), fields)
  assert.equal(withFingerprints('link.down'), 'link.down')
})

test('of bytes only their number is logged', () => {
  const fields = { bytes: Buffer.from('S3CRET-9'), more: [new Uint8Array(3)] }
  assert.deepEqual(redactFields(fields), { bytes: '[8 bytes]', more: ['[3 bytes]'] })
})

test('an object that contains itself is logged', () => {
  const circle: { self?: unknown; n: number } = { n: 1 }
  circle.self = circle
  assert.deepEqual(redactFields({ circle }), { circle: { n: 1, self: '[…]' } })
})

// ---- Frames as the console and a trace show them

const basicOf = (secret: string) => Buffer.from(`CS01:${secret}`).toString('base64')
/** Ways in which a message can hold a secret. */
// biome-ignore format: a table
const PLANTED: readonly ((secret: string) => unknown)[] = [
  (secret) => ({ idTag: secret }),
  (secret) => ({ idToken: { idToken: secret, type: 'Central' } }),
  (secret) => ({ tokens: [secret, [secret]] }),
  (secret) => ({ basicAuthPassword: secret, apn: { apnPassword: secret }, vpn: { key: secret } }),
  (secret) => ({ location: `ftp://user:${secret}@files.example/logs` }),
  (secret) => ({ location: `https://files.example/logs?sig=${secret}&part=1` }),
  (secret) => ({ ocppCsmsUrl: `wss://CS01:${secret}@csms.example:443/ocpp` }),
  (secret) => ({ techInfo: `sent Basic ${basicOf(secret)}` }),
  (secret) => ({ techInfo: `Authorization: Bearer ${secret}` }),
  (secret) => ({ techInfo: `password: "${secret}" was tried` }),
  (secret) => ({ techInfo: `GET /?token=${secret}` }),
  (secret) => ({ info: ['', 'BEGIN', `\n${secret}\n`, 'END', ''].join('-----').replaceAll(/BEGIN|END/g, '$& EC PRIVATE KEY') }),
  (secret) => ({ info: `stored as $argon2id$v=19$${secret}` }),
  (secret) => ({ key: 'AuthorizationKey', readonly: false, value: secret }),
  (secret) => ({ attributeValue: secret, component: { name: 'SecurityCtrlr' }, variable: { name: 'BasicAuthPassword' } }),
  (secret) => ({ eventData: [{ actualValue: secret, variable: { name: 'BasicAuthPassword' } }] }),
  (secret) => ({ reportData: [{ variableAttribute: [{ value: secret }], variable: { name: 'SharedSecret' } }] }),
]
const KEPT = {
  n: [1.5, -2e-7, true, null],
  s: 'é "quoted" \\ \n 12:30',
  connectorStatus: 'Available',
}
/** What can be around it. */
const AROUND: readonly ((inside: unknown) => unknown)[] = [
  (inside) => [KEPT, inside],
  (inside) => ({ a: inside, kept: KEPT }),
  (inside) => ({ vendorId: 'V', data: JSON.stringify(inside), kept: KEPT }),
  (inside) => ({ data: `got ${JSON.stringify(inside, undefined, 1)} of [CS01]` }),
  (inside) => ({ data: `5" pipe, ${JSON.stringify({ inside })}` }),
  (inside) => ({ data: `${JSON.stringify([inside]).slice(0, -1)} oops` }),
]
const secretText = fc.stringMatching(/^S3[A-Za-z0-9_.~-]{10,24}Z$/)
const frame = fc
  .record({
    secret: secretText,
    plant: fc.constantFrom(...PLANTED),
    around: fc.array(fc.constantFrom(...AROUND), { maxLength: 5 }),
    space: fc.constantFrom(undefined, 1),
    escapes: fc.boolean(),
  })
  .map(({ secret, plant, around, space, escapes }) => {
    const payload = around.reduce((inside, wrap) => wrap(inside), plant(secret))
    const text = JSON.stringify([2, 'm1', 'DataTransfer', { payload, kept: KEPT }], undefined, space) // biome-ignore format: one line
    const written = escapes ? text.replace(/"(?:[^"\\]|\\.)*"/g, inEscapes) : text
    return { text: written, secrets: [secret, basicOf(secret), inEscapes(secret), inEscapes(basicOf(secret))] } // biome-ignore format: one line
  })

const escapedOf = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}` // biome-ignore format: one line
const inEscapes = (text: string) => text.replace(/[aA]/g, escapedOf)

test('of a frame that holds a secret, in whatever way and however deep, the rest is shown and it stays JSON', () => {
  const property = fc.property(frame, ({ text, secrets }) => {
    const shown = withFingerprints(text)
    for (const secret of secrets) assert.ok(!shown.includes(secret), shown)
    const [type, messageId, action, { kept }] = JSON.parse(shown)
    assert.deepEqual([type, messageId, action, kept], [2, 'm1', 'DataTransfer', KEPT])
  })
  fc.assert(property, PROPERTY)
})

test('of a frame whose end is not kept nobody can read a secret either, wherever it ends', () => {
  const property = fc.property(
    frame,
    fc.double({ min: 0, max: 1, noNaN: true }),
    ({ text, secrets }, part) => {
      // biome-ignore format: one line
      const shown = withFingerprints(text.slice(0, Math.floor(text.length * part)))
      for (const secret of secrets) assert.ok(!shown.includes(secret), shown)
    },
  )
  fc.assert(property, PROPERTY)
  for (const plant of PLANTED) {
    const text = JSON.stringify([2, 'm1', 'X', { data: JSON.stringify(plant('S3CRET-OF-CS01')) }])
    for (let end = 0; end < text.length; end++) {
      const shown = withFingerprints(text.slice(0, end))
      assert.ok(!/S3CRET-OF-CS01/.test(shown) && !shown.includes(basicOf('S3CRET-OF-CS01')), shown)
    }
  }
})

test('a frame without a secret is shown as it is written', () => {
  const name = fc.constantFrom('status', 'key', 'value', 'timestamp', 'url', 'data', '\u0000"\\')
  const text = fc.oneof(fc.constantFrom('ws://127.0.0.1:9000/CS01', 'a basic password', '2026-01-05T11:00:00.000Z', '{"a":[1.0,"x"]}', '5" pipe', 'mailto:a@b.example', '[secret]'), fc.stringMatching(/^[\w {}[\]".,-]*$/)) // biome-ignore format: one line
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(text, fc.double(), fc.boolean(), fc.constant(null), fc.array(tie('value')), fc.dictionary(name, tie('value'))), // biome-ignore format: one line
  }))
  const property = fc.property(value, fc.constantFrom(undefined, 1), (one, space) => {
    const written = JSON.stringify([2, 'm1', 'DataTransfer', one], undefined, space)
    assert.equal(withFingerprints(written), written)
  })
  fc.assert(property, PROPERTY)
})

test('a frame that is made to be slow is shown', () => {
  // Twice what is kept of a frame: whoever looks through it again at each place never comes to an end.
  const length = 131_072
  for (const part of [
    '[',
    '{"a":',
    '\\',
    '\\"',
    '"',
    '//a:',
    ':',
    'a-',
    'token ',
    '"a":"',
    '$argon2id$',
    '[1,"',
    ['', 'BEGIN', ''].join('-----').replace('BEGIN', '$& PRIVATE KEY'),
    '\\\\u0041',
  ]) {
    // biome-ignore format: one line
    for (const end of ['', '!', ']}"']) {
      const text = part.repeat(length / part.length) + end
      assert.notEqual(withFingerprints(text), '')
      assert.notEqual(withFingerprints(JSON.stringify([text])), '')
    }
  }
})

test('through the real logger into a pipe: one JSON line per event, with no secret in any', async (t) => {
  const script = join(temporaryFolder(t), 'log.ts')
  const table = `const error = new Error('password=S3CRET-9')
    const FIELDS = ${JSON.stringify(FIELDS.map(([, fields]) => fields))}`
  writeFileSync(
    script,
    `import { createLogger } from ${JSON.stringify(`${ROOT}/src/cli/logger.ts`)}
    ${table}
    const log = createLogger('NN01', 'debug')
    for (const fields of FIELDS) for (const level of ['debug', 'info', 'warn', 'error']) log[level]('x', fields)
    log.warn('y', { error, event: 'other', nodeId: 'CS01', time: 'never' })`,
  )
  const { stderr } = await run(process.execPath, [script])
  const lines = stderr.trim().split('\n')

  assert.equal(lines.length, FIELDS.length * 4 + 1)
  assert.doesNotMatch(stderr, SECRET)
  for (const line of lines) {
    const { nodeId, event, time } = JSON.parse(line) as Record<string, string>
    assert.deepEqual([nodeId, event?.length], ['NN01', 1])
    assert.match(time ?? '', /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  }
})

test('a process at level debug logs frames with their trace, and nobody finds a token or a password', async (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'password'), 'the right S3CRET-9')
  const listening = { listen: [{ port: 0 }], peers: [{ id: 'CS01', passwordFile: 'password' }] }
  const node = await startNode(t, folder, { nodeId: 'CSMS01', role: 'csms', ...listening, data: folder, log: 'debug' }) // biome-ignore format: one line
  const wrong = basic('CS01', 'S3CRET-9 wrong')
  await upgrade(`${node.url}CS01`, { authorization: wrong, 'Sec-WebSocket-Protocol': 'ocpp1.6' })
  const authorization = basic('CS01', 'the right S3CRET-9')
  const raw = await client(t, node.url, { headers: { authorization } })
  const calls = [
    ['Authorize', '{"idTag":"S3CRET-9"}'],
    ['Authorize', '{"idTag":"S3CRET-9","x":1}'],
    ['Authorize', '{"idTag":"S3CRET-9",}'],
    ['Authorize', String.raw`{"\u0069dTag":"S3CRET-9"}`],
    ['DataTransfer', String.raw`{"vendorId":"V","data":"{\"idTag\":\"S3CRET-9\"}"}`],
    ['Authorize', '{"idTag":"S3CRET-9"'],
  ]
  for (const [n, [action, payload]] of calls.entries())
    raw.send(`[2,"m${n}","${action}",${payload}]`)
  await until('the last frame to be logged', () => /"trace":"m4"/.test(node.errors()))
  await until('what is broken to be logged', () => /ERR_WIRE_/.test(node.errors()))
  await node.stop()

  const text = node.errors()
  assert.doesNotMatch(text, /S3CRET/)
  for (const secret of [wrong, authorization]) assert.ok(!text.includes(secret.slice(6)))
  const lines = text.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>) // biome-ignore format: one line
  const of = (event: string) => lines.filter((line) => line.event === event)
  assert.equal(of('link.refused')[0]?.status, 401)
  const traces = of('frame').map(({ kind, trace }) => `${kind} ${trace}`)
  assert.ok(traces.includes('CALL m0') && traces.includes('CALLRESULT m0'), traces.join(', '))
  assert.ok(of('frame.refused').some(({ trace }) => trace === 'm1'))
  for (const line of lines) assert.equal(line.nodeId, 'CSMS01')
})

test('a text that begins JSON in JSON without end is not looked at without end', () => {
  // Eight beginnings in each of many strings: to try them all would take longer than anybody has.
  let bomb = '{"idTag":"SECRET-CARD"}'
  for (let depth = 0; depth < 14; depth++) bomb = `[[[[[[[[${JSON.stringify(bomb)}!`
  const frame = JSON.stringify([2, '1', 'DataTransfer', { vendorId: 'x', data: bomb }])

  const hidden = withFingerprints(frame)

  assert.doesNotMatch(hidden, /SECRET-CARD/)
  assert.equal(JSON.parse(hidden)[2], 'DataTransfer')
  // A run of backslashes, looked through again at each of them, would take hours.
  const run = `\\"pin\\":\\"${'\\'.repeat(3_000_000)}a`
  assert.ok(withFingerprints(run).length > 0)
  assert.doesNotMatch(JSON.stringify(redactFields({ id: bomb })), /SECRET-CARD/)
})

test('a station whose words are such a text does not keep the others from being heard', async (t) => {
  const folder = temporaryFolder(t)
  const node = await startNode(t, folder, { nodeId: 'CSMS01', role: 'csms', data: folder, listen: [{ port: 0, insecure: true }], http: { port: 0, login: false } }) // biome-ignore format: one line
  const headers = { authorization: '' }
  const liar = await client(t, node.url, { id: 'CS02', headers })
  let bomb = 'a"b!'
  while (bomb.length < 3_000) bomb = `[[[[[[[[${JSON.stringify(bomb)}!`
  liar.send(JSON.stringify([2, '1', bomb, {}]))
  await liar.take((frame) => frame[0] === 4, 'its refusal')

  const other = await client(t, node.url, { id: 'CS01', headers })
  other.send('[2,"1","Heartbeat",{}]')

  assert.equal((await other.take((frame) => frame[1] === '1', 'the answer'))[0], 3)
  assert.equal((await fetch(`${node.console}api/trace`)).status, 200)
})
