import assert from 'node:assert/strict'
import { dirname, join, relative } from 'node:path'
import { test } from 'node:test'
import { filesBelow, importsOf, ROOT, textOf } from './source-files.ts'

/** Rows of the house (docs/architecture.md): a file imports only from rows with a smaller number. */
const ROWS = [
  ['errors.ts', 'primitives'],
  ['messages'],
  ['wire'],
  ['security'],
  ['routing', 'metering', 'tariffs', 'energy'],
  ['transport', 'storage'],
  ['node'],
  ['streams'],
  ['roles'],
  ['http'],
  ['cli'],
]
// Verified records reach routing as arguments, so it needs no cryptography.
const NOT_EVEN_BELOW = [['routing', 'security']]
/** What the console may share: pure code, and of the HTTP API its types. */
const FOR_WEB = ['errors.ts', 'primitives', 'wire', 'security', 'metering', 'tariffs']

const rowOf = (room: string) => ROWS.findIndex((rooms) => rooms.includes(room))
const roomOf = (path: string) => path.replace(/^src\//, '').split('/')[0] ?? ''

test('every source file lives in a room of the house', () => {
  for (const path of filesBelow('src', '.ts')) assert.notEqual(rowOf(roomOf(path)), -1, path)
})

test('a file imports only from rooms with a smaller row', () => {
  for (const path of filesBelow('src', '.ts')) {
    const room = roomOf(path)
    for (const { from } of importsOf(path).filter((one) => one.from.startsWith('.'))) {
      const target = relative(ROOT, join(ROOT, dirname(path), from))
      if (!target.startsWith('src/')) continue
      const other = roomOf(target)
      const isAllowed = other === room || rowOf(other) < rowOf(room)
      assert.ok(isAllowed, `${path} imports ${target}`)
      assert.ok(
        !NOT_EVEN_BELOW.some(([a, b]) => a === room && b === other),
        `${path} imports ${other}`,
      )
    }
  }
})

test('only cli and storage touch files; only cli reads arguments and environment', () => {
  for (const path of filesBelow('src', '.ts')) {
    const room = roomOf(path)
    const text = textOf(path)
    const modules = importsOf(path).map(({ from }) => from)
    if (!['cli', 'storage'].includes(room)) {
      assert.ok(!modules.includes('node:fs'), `${path} imports node:fs`)
    }
    if (room === 'cli') continue
    assert.doesNotMatch(text, /process\.(env|argv|exit)\b/, path)
    assert.doesNotMatch(text, /\bconsole\.\w/, path)
  }
})

test('the console shares pure code only, and types of the HTTP API', () => {
  for (const path of filesBelow('web', '.ts', '.tsx')) {
    for (const { from, isType } of importsOf(path).filter((one) => one.from.includes('/src/'))) {
      const room = roomOf(from.slice(from.indexOf('/src/') + 1))
      const isAllowed = FOR_WEB.includes(room) || (isType && from.endsWith('http/live-api.ts'))
      assert.ok(isAllowed, `${path} imports ${from}`)
    }
  }
})

test('the browser can run wire and what it imports', () => {
  for (const room of ['primitives', 'wire']) {
    for (const path of filesBelow(`src/${room}`, '.ts')) {
      for (const { from } of importsOf(path)) assert.doesNotMatch(from, /^node:/, path)
    }
  }
})

test('each room says in one module comment what it is for', () => {
  for (const [room = ''] of ROWS.flatMap((rooms) => rooms.map((room) => [room]))) {
    const files = filesBelow('src', '.ts').filter((path) => roomOf(path) === room)
    if (files.length === 0) continue
    const comments = files.filter((path) => textOf(path).includes(' * @module'))
    assert.equal(comments.length, 1, `${room}: ${comments.join(', ')}`)
  }
})
