import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { ERROR_CODES, rpcKindOf, textOf as textTold } from '../../src/errors.ts'
import { EXTENSION_ACTIONS } from '../../src/messages/extensions.ts'
import { CAPABILITIES } from '../../src/transport/negotiation.ts'
import { filesBelow, ROOT, textOf } from './source-files.ts'

test('each error code stands in docs/errors.md with meaning and remedy, and nothing else does', () => {
  const rows = [...textOf('docs/errors.md').matchAll(/^\| `(ERR_\w+)` \| (.+) \| (.+) \|$/gm)]
  assert.deepEqual(rows.map(([, code]) => code).sort(), [...ERROR_CODES].sort())
})

test('what a peer is told about an error has no value in it, and no place for one', () => {
  const told = ERROR_CODES.filter((code) => rpcKindOf(code) !== undefined).map(textTold)
  assert.deepEqual(
    told.filter((text) => text === '' || /[{}]/.test(text)),
    [],
  )
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
  assert.deepEqual(named('Headers'), headers())
  assert.deepEqual(named('Capabilities'), [...CAPABILITIES].sort())
  assert.deepEqual(named('Actions'), [...EXTENSION_ACTIONS.keys()].sort())
  assert.deepEqual(named('customData'), customDataMembers())
})

test('nothing is mapped to DataTransfer of OCPP 1.6, as docs/vendor-extensions.md says', () => {
  assert.match(textOf('docs/vendor-extensions.md'), /## DataTransfer of OCPP 1\.6\nNone so far/)
  for (const path of filesBelow('src', '.ts')) {
    const isTypesOrTable = /^src\/messages\/(ocpp[\d.]+|actions)\.ts$/.test(path)
    // Who may ask for it, and how its effect is seen, is no mapping.
    const isAboutIt =
      /^src\/(roles\/csms\/effects|http\/operation-roles|security\/policies\/default-policy)\.ts$/.test(
        path,
      )
    if (!isTypesOrTable && !isAboutIt)
      assert.doesNotMatch(textOf(path), /['"`]DataTransfer['"`]/, path)
  }
})

/** Header names of our own anywhere in the sources. */
function headers(): string[] {
  const names = new Set<string>()
  for (const path of filesBelow('src', '.ts')) {
    for (const [, name = ''] of textOf(path).matchAll(/["'`](X-[\w-]+)/gi)) names.add(name)
  }
  return [...names].sort()
}

/** Members that our sources write beside `vendorId` in a customData of our vendor. */
function customDataMembers(): string[] {
  const members = new Set<string>()
  for (const path of filesBelow('src', '.ts')) {
    const text = textOf(path)
    // Each place that writes our vendor id must be one this test can read.
    const written = [...text.matchAll(/vendorId: VENDOR_ID/g)].length
    assert.doesNotMatch(text, /vendorId['"]?: ?['"`]/, `${path} spells out a vendor id`)
    const objects = [...text.matchAll(/\{ vendorId: VENDOR_ID,([^}]*)\}/g)]
    assert.equal(objects.length, written, path)
    for (const [, object = ''] of objects) {
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

test('a document that a source file cites exists', () => {
  for (const path of [...filesBelow('src', '.ts'), ...filesBelow('web', '.ts', '.tsx')]) {
    for (const [, target = ''] of textOf(path).matchAll(/\b(docs\/[\w.-]+\.md)\b/g)) {
      assert.ok(existsSync(join(ROOT, target)), `${path} cites ${target}`)
    }
  }
})

test('colours stand in the tokens and nowhere else', () => {
  for (const path of filesBelow('web', '.css', '.ts', '.tsx', '.html')) {
    if (path === 'web/tokens.css' || path.includes('public')) continue
    assert.doesNotMatch(
      textOf(path),
      /#[0-9a-f]{3,8}\b(?=[;,\s)'"])|\b(?:rgba?|hsla?|oklch)\(/i,
      path,
    )
  }
})
