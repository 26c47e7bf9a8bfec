import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { VirtualClock } from '../../src/primitives/clock.ts'
import { AuditLog } from '../../src/storage/audit-log.ts'
import { temporaryFolder } from '../end-to-end/processes.ts'

const EVENTS = ['key.added', 'rules.changed', 'key.revoked']

function written(t: Parameters<typeof temporaryFolder>[0]) {
  const file = join(temporaryFolder(t), 'audit.jsonl')
  const clock = new VirtualClock()
  const log = new AuditLog(file, clock)
  for (const event of EVENTS) log.append(event, { by: 'CSMS01' })
  log.close()
  const open = () => {
    const again = new AuditLog(file, clock)
    t.after(() => again.close())
    return again
  }
  return { file, lines: readFileSync(file, 'utf8').trimEnd().split('\n'), open }
}

test('entries stand after a restart in their order, and the chain goes on', (t) => {
  const { open } = written(t)
  const log = open()
  const next = log.append('rules.changed', {})

  assert.deepEqual(log.before(Infinity, 10).map(({ seq, event }) => [seq, event]), [[4, 'rules.changed'], [3, 'key.revoked'], [2, 'rules.changed'], [1, 'key.added']]) // biome-ignore format: one line
  assert.deepEqual(
    log.before(4, 10, new Set(['rules.changed'])).map(({ seq }) => seq),
    [2],
  )
  assert.deepEqual(
    log.before(Infinity, 2).map(({ seq }) => seq),
    [4, 3],
  )
  assert.deepEqual(log.head, { seq: 4, hash: next.hash })
})

for (const [what, change] of [
  ['changed', (lines) => lines.with(1, lines[1]?.replace('CSMS01', 'CSMS02') ?? '')],
  ['left out', (lines) => lines.toSpliced(1, 1)],
  ['put in twice', (lines) => lines.toSpliced(1, 0, lines[1] ?? '')],
  ['swapped with the next', (lines) => [lines[0] ?? '', lines[2] ?? '', lines[1] ?? '']],
  ['given another member', (lines) => lines.with(1, lines[1]?.replace('{', '{"x":1,') ?? '')],
  ['no JSON', (lines) => lines.with(1, '{')],
] satisfies [string, (lines: string[]) => string[]][]) {
  test(`an entry that was ${what} is noticed, with its number`, (t) => {
    const { file, lines, open } = written(t)
    writeFileSync(file, `${change(lines).join('\n')}\n`)
    assert.throws(open, { code: 'ERR_STORE_DAMAGED', message: /entry [23]:/ })
  })
}

test('what was being written when the power went is cut off, and that is said', (t) => {
  const { file, lines, open } = written(t)
  appendFileSync(file, '{"seq":4,"ti')
  const log = open()
  assert.deepEqual(log.before(Infinity, 1).map(({ seq, event, details }) => ({ seq, event, details })), [{ seq: 4, event: 'audit.cut', details: { bytes: 12 } }]) // biome-ignore format: one line
  assert.deepEqual(readFileSync(file, 'utf8').split('\n').slice(0, 3), lines)
})

test('each byte that is changed is noticed, whatever it is changed to', (t) => {
  const { file, open } = written(t)
  const bytes = readFileSync(file)
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes)
    changed[at] = (bytes[at] ?? 0) ^ 1
    writeFileSync(file, changed)
    // The last line without its end counts as one that was being written when the power went.
    if (at === bytes.length - 1) continue
    assert.throws(open, { code: 'ERR_STORE_DAMAGED' }, `byte ${at}, ${JSON.stringify(changed.subarray(at - 10, at + 10).toString())}`) // biome-ignore format: one line
  }
})

test('an entry in which a member stands twice is noticed: readers would differ in what it says', (t) => {
  const { file, lines, open } = written(t)
  const twice = lines[1]?.replace('"event":', '"event":"key.revoked","event":') ?? ''
  writeFileSync(file, `${lines.with(1, twice).join('\n')}\n`)
  assert.throws(open, { code: 'ERR_STORE_DAMAGED', message: /entry 2: it is written in another way/ }) // biome-ignore format: one line
})
