import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { ERROR_CODES } from '../../src/errors.ts'
import { EXTENSION_ACTIONS } from '../../src/messages/extensions.ts'
import { CAPABILITIES, MODE_HEADER, OVERLAY_HEADER } from '../../src/transport/negotiation.ts'
import { filesBelow, ROOT, textOf } from './source-files.ts'

test('each error code stands in docs/errors.md with meaning and remedy, and nothing else does', () => {
  const rows = [...textOf('docs/errors.md').matchAll(/^\| `(ERR_\w+)` \| (.+) \| (.+) \|$/gm)]
  assert.deepEqual(rows.map(([, code]) => code).sort(), [...ERROR_CODES].sort())
})

test('each dependency has its line in docs/dependencies.md, and nothing else does', () => {
  const { dependencies, devDependencies } = JSON.parse(textOf('package.json'))
  const named = [...textOf('docs/dependencies.md').matchAll(/^\| `([^`]+)` \|/gm)].map(
    ([, name]) => name,
  )
  assert.deepEqual(named.sort(), Object.keys({ ...dependencies, ...devDependencies }).sort())
})

test('docs/vendor-extensions.md names every header, capability, action and customData member', () => {
  const text = textOf('docs/vendor-extensions.md')
  const named = (heading: string) => {
    const section = text.split(/^## /m).find((part) => part.startsWith(heading)) ?? ''
    return [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name ?? '').sort()
  }
  assert.deepEqual(named('Headers'), [MODE_HEADER, OVERLAY_HEADER].sort())
  assert.deepEqual(named('Capabilities'), [...CAPABILITIES].sort())
  assert.deepEqual(named('Actions'), [...EXTENSION_ACTIONS.keys()].sort())
  assert.deepEqual(named('customData'), customDataMembers())
})

/** Members that our sources write beside `vendorId` in a customData of our vendor. */
function customDataMembers(): string[] {
  const members = new Set<string>()
  for (const path of filesBelow('src', '.ts')) {
    for (const [, object = ''] of textOf(path).matchAll(/\{ vendorId: VENDOR_ID,([^}]*)\}/g)) {
      for (const [, name = ''] of object.matchAll(/(\w+)(?::[^,]+)?(?:,|\s|$)/g)) members.add(name)
    }
  }
  return [...members].sort()
}

test('a document links only to what exists', () => {
  for (const path of [
    ...filesBelow('docs', '.md'),
    'README.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
  ]) {
    for (const [, target = ''] of textOf(path).matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
      assert.ok(existsSync(join(ROOT, dirname(path), target)), `${path} links to ${target}`)
    }
  }
})
