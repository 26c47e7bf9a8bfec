import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { judgeText, rulesInWords, UsageError } from '../../src/cli/commands/filter.ts'
import { loadConfig } from '../../src/cli/config.ts'
import { OverlayError } from '../../src/errors.ts'
import type { FilterRule } from '../../src/routing/filters/rule.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const HEAD = 'nodeId: NN02\nrole: networking-node\nlisten: [{port: 0}]\n'

function write(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'wattweave-filter-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'node.yaml'), text)
  return join(folder, 'node.yaml')
}

/** Arguments of a command as a shell would split them. */
function argumentsOf(command: string): { frame: string; options: Record<string, string> } {
  const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '')
  assert.deepEqual(words.slice(0, 4), ['wattweave', 'filter', 'test', 'node.yaml'])
  const [frame = '', ...rest] = words.slice(4)
  const options: Record<string, string> = {}
  for (let i = 0; i < rest.length; i += 2) options[rest[i]?.slice(2) ?? ''] = rest[i + 1] ?? ''
  return { frame, options }
}

const page = readFileSync(join(ROOT, 'docs/filters.md'), 'utf8')
const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```\n```console\n([\s\S]*?)```/g)]

test('docs/filters.md has examples, and all of its YAML is one', () => {
  assert.ok(examples.length >= 4)
  assert.equal(examples.length, page.split('```yaml').length - 1)
  assert.equal(examples.length, page.split('```console').length - 1)
})

for (const [, yaml = '', session = ''] of examples) {
  for (const run of session.split(/^\$ /m).slice(1)) {
    const [command = '', ...shown] = run.trimEnd().split('\n')
    test(`docs/filters.md shows what it says: ${command.slice(0, 110)}`, (t) => {
      const { frame, options } = argumentsOf(command)
      const { lines } = judgeText(loadConfig(write(t, `${HEAD}${yaml}`)), frame, options)
      const isPart = shown[0] === '…'
      const expected = isPart ? shown.slice(1) : shown
      assert.deepEqual(isPart ? lines.slice(-expected.length) : lines, expected)
    })
  }
}

// biome-ignore format: a table
const MISTAKES: [string, string, RegExp][] = [
  ['an unknown condition', '    match: {sorce: CS01}', /:7:13: filters\.0\.match\.sorce is not a setting/],
  ['an unknown effect', '    match: {action: Reset}\n  - name: b\n    effect: allow', /:9:5: filters\.1\.effect must be one of forward, replace, reject, drop/],
  ['no name', '    match: {action: Reset}\n  - effect: drop', /:8:5: filters\.1 lacks the setting "name"/],
  ['a name that another rule has', '    match: {action: Reset}\n  - name: a\n    effect: forward', /:8:5: filters\.1\.name is the name of another rule too \(rule a\)/],
  ['a bad pointer', '    match:\n      payload:\n        - {pointer: a, equals: 1}', /:9:12: filters\.0\.match\.payload\.0\.pointer must begin with \/ \(rule a\)/],
  ['a match for everything', '    match: {action: "*"}', /:7:5: filters\.0\.match is met by every frame, so reject would cut off everything: say which \(rule a\)/],
  ['no match', '', /:5:5: filters\.0\.match is met by every frame/],
  ['a rate of 0', '    match:\n      rate: {count: 0, perSeconds: 1, by: rule}', /:8:14: filters\.0\.match\.rate\.count must be a whole number from 1/],
  ['an id that nobody can have', '    match: {source: [A, " B"]}', /:7:13: filters\.0\.match\.source names " B", which cannot be an id/],
  ['a list where replace has none', '    match: {action: Reset}\n    replace: [{pointer: /a, value: 1}]', /:8:5: filters\.0\.replace counts only with the effect replace/],
]

for (const [what, text, expected] of MISTAKES) {
  test(`a rule with ${what} is refused with its place in the file`, (t) => {
    const file = write(t, `${HEAD}filters:\n  - name: a\n    effect: reject\n${text}\n`)
    assert.throws(() => loadConfig(file), expected)
  })
}

const RULES: FilterRule[] = [
  { name: 'resets', effect: 'reject', match: { action: 'Reset', to: 'CS01' }, reason: 'not today' },
  { name: 'size', effect: 'forward', match: { kind: 'SEND', largerThan: 1000 } },
  { name: 'tidy', effect: 'replace', match: { action: 'Get*' }, replace: [{ pointer: '/a', value: [1] }, { pointer: '/b', remove: true }] }, // biome-ignore format: one line
]
const config = { nodeId: 'NN02', filters: RULES }
const CALL = '[2,"CS01",["CSMS01"],"1","Reset",{}]'

// biome-ignore format: a table
const BAD_INPUT: [string, string, object, RegExp][] = [
  ['no frame', 'Reset', { to: 'CS01' }, /not one JSON array/],
  ['a frame of an unknown type', '[9,"1","Reset",{}]', { to: 'CS01' }, /unknown message type 9/],
  ['a standard frame of nobody', '[2,"1","Reset",{}]', { to: 'CS01' }, /does not say who sent it: give --source/],
  ['a rule that asks where it would leave', CALL, {}, /rule resets asks for the link it would leave on: give --to/],
  ['a rule that asks what is answered', '[3,"CSMS01",["CS01"],"1",{}]', { to: 'CS01' }, /rule resets asks for the action: give --answers/],
  ['an unknown version', CALL, { to: 'CS01', protocol: 'ocpp2.2' }, /--protocol must be one of ocpp1\.6/],
  ['half a frame of a rate', CALL, { to: 'CS01', times: '0.5' }, /--times must be a whole number/],
]

for (const [what, frame, options, expected] of BAD_INPUT) {
  test(`a dry run with ${what} is no verdict`, () => {
    const isExpected = (error: unknown) =>
      (error instanceof UsageError || error instanceof OverlayError) && expected.test(error.message)
    assert.throws(() => judgeText(config, frame, options), isExpected)
  })
}

test('what no rule of its kind asks for need not be given', () => {
  const filters: FilterRule[] = [{ name: 'r', effect: 'drop', match: { kind: 'CALL', action: 'Reset', to: 'CS01' } }] // biome-ignore format: one line
  assert.equal(judgeText({ nodeId: 'NN02', filters }, '[3,"CSMS01",["CS01"],"1",{}]', {}).code, 0)
})

test('an answer is judged by the action it answers', () => {
  const answer = '[3,"CS01",["CSMS01"],"1",{}]'
  assert.equal(judgeText(config, answer, { to: 'CS01', answers: 'Reset' }).code, 3)
  assert.equal(judgeText(config, answer, { to: 'CS01', answers: 'Heartbeat' }).code, 0)
})

test('a signed message is judged by what is inside it, as the node does', () => {
  const filters: FilterRule[] = [{ name: 'no-hard', effect: 'reject', match: { action: 'Reset', payload: [{ pointer: '/type', equals: 'Hard' }] } }] // biome-ignore format: one line
  const signed = (type: string) => JSON.stringify([2, 'CS01', ['CSMS01'], '1', 'Reset-Signed', { payload: Buffer.from(JSON.stringify({ type })).toString('base64url'), protected: 'e30', signature: 'AAAA' }]) // biome-ignore format: one line
  const codeOf = (type: string) => judgeText({ nodeId: 'NN02', filters }, signed(type), { to: 'CS01', protocol: 'ocpp1.6' }).code // biome-ignore format: one line
  assert.deepEqual([codeOf('Hard'), codeOf('Soft')], [3, 0])
})

test('a standard frame of a station is for the CSMS of its version and operator', () => {
  const title = (operator: string | undefined, options: object) =>
    judgeText({ nodeId: 'NN02', ...(operator && { operator }) }, '[2,"1","Heartbeat",{}]', options).lines[0] // biome-ignore format: one line
  assert.equal(title(undefined, { source: 'CS01' }), 'CALL Heartbeat from CS01 to CSMS')
  assert.equal(title('acme', { from: 'CS01', protocol: 'ocpp1.6' }), 'CALL Heartbeat from CS01 to acme/CentralSystem') // biome-ignore format: one line
  assert.equal(title(undefined, { source: 'CS01', destination: 'X' }), 'CALL Heartbeat from CS01 to X') // biome-ignore format: one line
})

test('rules are listed in words', () => {
  assert.deepEqual(rulesInWords(config), [
    '1. resets: reject when',
    '     action is Reset',
    '     and to is CS01',
    '   the sender is told: not today',
    '2. size: forward when',
    '     kind is SEND',
    '     and the frame is larger than 1000 bytes',
    '3. tidy: replace when',
    '     action is Get*',
    '   /a becomes [1]',
    '   /b is removed',
  ])
  assert.deepEqual(rulesInWords({ nodeId: 'NN02' }), ['no rules: everything goes on'])
})

test('the command ends with 0 when a frame goes on, 3 when it does not, 2 when it is none', (t) => {
  const file = write(t, `${HEAD}filters:\n  - {name: a, effect: drop, match: {action: Reset}}\n`)
  const frames = join(file, '..', 'frame.json')
  writeFileSync(frames, `${CALL}\n`)
  const run = (frame: string, input = '') =>
    spawnSync(process.execPath, ['src/cli/main.ts', 'filter', 'test', file, frame], { cwd: ROOT, encoding: 'utf8', input }) // biome-ignore format: one line
  const forwarded = run('-', CALL.replace('Reset', 'ClearCache'))
  assert.equal(forwarded.status, 0, forwarded.stderr)
  assert.match(forwarded.stdout, /\nforward\n$/)
  const dropped = run(`@${frames}`)
  assert.equal(dropped.status, 3, dropped.stderr)
  assert.match(dropped.stdout, /\ndrop, by a\n$/)
  for (const frame of ['[2,', '@nowhere.json']) {
    const { status, stdout, stderr } = run(frame)
    assert.deepEqual([status, stdout], [2, ''])
    assert.match(stderr, /^wattweave: (not one JSON array|the frame cannot be read: ENOENT)/)
  }
})
