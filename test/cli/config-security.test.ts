import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { loadConfig } from '../../src/cli/config.ts'
import { openSecurity } from '../../src/cli/config-security.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { keyRecordPayload } from '../../src/security/keys/key-record.ts'
import { DEFAULT_POLICY } from '../../src/security/policies/default-policy.ts'
import { createKeyFile } from '../../src/storage/private-keys.ts'
import { keyFrom } from '../../src/storage/secret-store.ts'
import { temporaryFolder } from '../end-to-end/processes.ts'

/** A node NN01 with a key of its own; what the record of that key says can be something else. */
function site(t: TestContext, { owner = 'NN01', security = 'trust: [own.json]' } = {}) {
  const folder = temporaryFolder(t)
  const file = join(folder, 'node.yaml')
  writeFileSync(
    file,
    `nodeId: NN01\nrole: networking-node\nlisten: [{port: 0}]\nsecurity:\n  ${security}\n`,
  )
  const { ownKey } = loadConfig(file, { isBeforeKeys: true })
  const key = createKeyFile(ownKey.keyFile, 'ES256', keyFrom(ownKey.passphraseFile))
  const record = { key, owner: owner as NodeId, usages: ['sign-message'], roles: [], notBefore: 0, notAfter: 4e9 } as const // biome-ignore format: one line
  writeFileSync(join(folder, 'own.json'), JSON.stringify(keyRecordPayload(record)))
  const other = createKeyFile(join(folder, 'other.pem'), 'ES256', 'another passphrase')
  writeFileSync(
    join(folder, 'other.json'),
    JSON.stringify(keyRecordPayload({ ...record, key: other })),
  )
  writeFileSync(join(folder, 'broken.json'), '{"kid":1}')
  writeFileSync(
    join(folder, 'policy.json'),
    '{"name":"p","version":1,"in":[{"match":{"colour":"red"},"require":{}}]}',
  )
  const until = new Date(Date.now() + 91 * 86_400_000).toISOString()
  const late = { match: {}, refuse: true, onFailure: 'allow-and-alert', until }
  writeFileSync(join(folder, 'late.json'), JSON.stringify({ ...DEFAULT_POLICY, in: [late] }))
  return { file, folder, open: () => openSecurity(loadConfig(file))?.security } // biome-ignore format: one line
}

test('commands that take two people of different roles are read from their file', (t) => {
  const { open, folder } = site(t, { security: 'trust: [own.json]\n  twoRolesFile: two.json' })
  const rule = { name: 'resets', match: { actions: ['Reset'] }, roles: ['owner', 'operations'], vetoDelayS: 60, expiresAfterS: 600 } // biome-ignore format: one line
  writeFileSync(join(folder, 'two.json'), JSON.stringify({ rules: [rule] }))
  assert.deepEqual(open()?.twoRoles, [rule])
  for (const [text, expected] of [
    ['{}', /security\.twoRolesFile \(two\.json\) has no list `rules`/],
    [JSON.stringify({ rules: [{ ...rule, roles: ['owner'] }] }), /two\.json\) rules\/0: .*roles/],
  ] as const) {
    writeFileSync(join(folder, 'two.json'), text)
    assert.throws(open, expected)
  }
})

for (const [alg, expected] of [
  ['ES256', undefined],
  ['ES384', /a link has the carrier wwcp: .*sha512 for P-384, .* is of ES384/],
  ['Ed25519', /a link has the carrier wwcp: .*P-256 or P-521, and .* is of Ed25519/],
] as const) {
  test(`a link that bears the legacy form ${expected ? 'does not start with' : 'starts with'} a key of ${alg}`, (t) => {
    const { file, folder, open } = site(t)
    const settings = readFileSync(file, 'utf8').replace('own.json', 'legacy.json')
    writeFileSync(file, `${settings}  keyFile: legacy.pem\nuplinks: [{url: "ws://127.0.0.1:9/", insecure: true, carrier: wwcp}]\n`) // biome-ignore format: one line
    const { ownKey } = loadConfig(file, { isBeforeKeys: true })
    const key = createKeyFile(ownKey.keyFile, alg, keyFrom(ownKey.passphraseFile))
    const record = { key, owner: 'NN01' as NodeId, usages: ['sign-message'], roles: [], notBefore: 0, notAfter: 4e9 } as const // biome-ignore format: one line
    writeFileSync(join(folder, 'legacy.json'), JSON.stringify(keyRecordPayload(record)))
    if (expected) assert.throws(open, expected)
    else assert.equal(open()?.signer.kid, key.kid)
  })
}

test('a node signs with the key whose record it trusts', (t) => {
  const opened = site(t).open()
  assert.equal(opened?.trust.directory.records()[0]?.key.kid, opened?.signer.kid)
})

for (const [what, options, expected] of [
  [
    'a record that is not there',
    { security: 'trust: [no.json]' },
    /:5:\d+: security\.trust\.0 \(no\.json\) .*no such file/,
  ],
  [
    'a file that holds no record',
    { security: 'trust: [broken.json]' },
    /security\.trust\.0 \(broken\.json\) is no key record/,
  ],
  [
    'a file that holds no JSON',
    { security: 'trust: [node.yaml]' },
    /security\.trust\.0 \(node\.yaml\) holds no JSON object/,
  ],
  [
    'settings for what it says it does not do',
    { security: 'insecure: true\n  trust: []' },
    /:6:\d+: security\.trust says how to sign, and `insecure` that nothing is/,
  ],
  [
    'a policy with a member nobody knows',
    { security: 'trust: [own.json]\n  policyFile: policy.json' },
    /security\.policyFile \(policy\.json\) signature policy: /,
  ],
  [
    'a policy that lets through for more than 90 days',
    { security: 'trust: [own.json]\n  policyFile: late.json' },
    /security\.policyFile \(late\.json\) signature policy: \/in\/0\/until is more than 90 days ahead/,
  ],
  [
    'a key that nobody believes',
    { security: 'trust: [other.json]' },
    /is not under security\.trust; add its record/,
  ],
  [
    'a key of somebody else',
    { owner: 'CSMS01' },
    /is a key of CSMS01, and this node is NN01; make one for it/,
  ],
  [
    'another passphrase',
    { security: 'trust: [own.json]\n  keyFile: other.pem' },
    /cannot be read, or its passphrase is another/,
  ],
  [
    'no key',
    { security: 'trust: [own.json]\n  keyFile: none.pem' },
    /none\.pem is not there; make it with/,
  ],
] as const) {
  // biome-ignore format: a table
  test(`a node with ${what} does not start, and says what to do`, (t) => {
    if (what === 'no key' || what === 'another passphrase') {
      const { file } = site(t)
      const text = `nodeId: NN01\nrole: networking-node\nlisten: [{port: 0}]\nsecurity:\n  ${options.security}\n` // biome-ignore format: one line
      writeFileSync(file, text)
      const config = loadConfig(file)
      assert.throws(() => openSecurity(config), expected)
    } else assert.throws(() => site(t, options).open(), expected)
  })
}
