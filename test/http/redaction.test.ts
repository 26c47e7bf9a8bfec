import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { redactFields, redactText } from '../../src/http/redaction.ts'
import { startNode, temporaryFolder, until } from '../end-to-end/processes.ts'
import { ROOT } from '../house/source-files.ts'
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
  assert.equal(redactText('link.down'), 'link.down')
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
