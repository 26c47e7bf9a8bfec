import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actionsOf } from '../../src/messages/actions.ts'
import { PROTOCOLS } from '../../src/messages/protocols.ts'
import { NAMES } from '../../src/node/attesting.ts'
import { filesBelow, textOf } from '../house/source-files.ts'

/** `ctx` of a header: what is signed as one structure is never taken for another one. */

const DATA = /'(urn:wattweave:[a-z-]+:\d+)'/g

test('no two structures that can be signed have one name', () => {
  const messages = PROTOCOLS.flatMap(
    (protocol) =>
    [...actionsOf(protocol).keys()].flatMap((action) => Object.values(NAMES).map((name) => `urn:wattweave:${protocol}:${action}:${name}`)), // biome-ignore format: one line
  )
  const data = filesBelow('src', '.ts').flatMap((path) => [...textOf(path).matchAll(DATA)].map(([, ctx]) => ctx)) // biome-ignore format: one line
  assert.ok(data.length >= 5 && messages.length > 500)
  const all = [...messages, ...data]
  assert.equal(new Set(all).size, all.length)
})
