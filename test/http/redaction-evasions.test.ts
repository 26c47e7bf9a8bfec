import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withFingerprints } from '../../src/http/fingerprints.ts'
import { redactFields } from '../../src/http/redaction.ts'

const SECRET = /S3CRET/
const logged = (fields: object) => JSON.stringify(redactFields(fields))
const framed = (payload: unknown) => withFingerprints(JSON.stringify([2, 'm1', 'X', payload]))

const SECRET_VARIABLES = [
  'Password',
  'Passphrase',
  'password',
  'AuthorizationKey',
  'BasicAuthPassword',
  'SharedSecret',
  'ApiToken',
  'ClientSecret',
  'PrivateKey',
  'SimPin',
  'SIM_PIN',
  'UserPin',
  'pin',
  'ApnPasswd',
  'wifi_pwd',
  'WifiPsk',
  'psk',
  'VpnKey',
  'FreevendIdTag',
  'WifiPassword2',
  'Wifi Password',
  'SecurityCtrlr.BasicAuthPassword',
]
/** Ways in which OCPP says a variable and its value. */
// biome-ignore format: a table
const SETTINGS: readonly ((name: string, value: string) => object)[] = [
  (name, value) => ({ key: name, value }),
  (name, value) => ({ value, key: name }),
  (name, value) => ({ configurationKey: [{ key: name, readonly: false, value }] }),
  (name, value) => ({ setVariableData: [{ component: { name: 'Any' }, variable: { name }, attributeValue: value }] }),
  (name, value) => ({ setVariableData: [{ attributeValue: value, component: { name: 'Any' }, variable: { name } }] }),
  (name, value) => ({ getVariableResult: [{ attributeValue: value, variable: { name, instance: '1' } }] }),
  (name, value) => ({ eventData: [{ actualValue: value, variable: { name } }] }),
  (name, value) => ({ reportData: [{ variable: { name }, variableAttribute: [{ type: 'Actual', value }] }] }),
]

for (const name of SECRET_VARIABLES) {
  test(`the value of the variable ${name} is read nowhere, before or after its name`, () => {
    for (const setting of SETTINGS) {
      const payload = setting(name, 'S3CRET-9')
      assert.doesNotMatch(logged(payload), SECRET)
      assert.doesNotMatch(framed(payload), SECRET)
      assert.doesNotMatch(framed({ data: JSON.stringify(payload) }), SECRET)
      assert.doesNotMatch(withFingerprints(`${JSON.stringify(payload).slice(0, -1)}, oops`), SECRET)
    }
  })
}

const READABLE_VARIABLES = [
  // OCPP 1.6
  'AuthorizeRemoteTxRequests',
  'LocalAuthListEnabled',
  'LocalAuthorizeOffline',
  'LocalPreAuthorize',
  'AuthorizationCacheEnabled',
  'StopTransactionOnInvalidId',
  'AllowOfflineTxForUnknownId',
  'HeartbeatInterval',
  'SupportedFeatureProfiles',
  'SecurityProfile',
  'CertificateSignedMaxChainSize',
  // OCPP 2.x
  'AuthorizeRemoteStart',
  'LocalPreAuthorization',
  'DisableRemoteAuthorization',
  'MasterPassGroupId',
  'AdditionalInfoItemsPerMessage',
  'TokenTypes',
  'idTokenInfo',
  'Identity',
  'NetworkConfigurationPriority',
  'OrganizationName',
  // Words that only begin or end like one.
  'PasswordLength',
  'MinSpin',
]

test('values of variables that are no secrets stay readable', () => {
  for (const name of READABLE_VARIABLES) {
    for (const setting of SETTINGS) {
      const payload = setting(name, 'Readable-9')
      assert.deepEqual(redactFields(payload), payload)
      assert.equal(framed(payload), JSON.stringify([2, 'm1', 'X', payload]))
    }
  }
})

test('a text that mentions a password beside a value is not the name of a variable', () => {
  const payload = { key: 'Motto', info: 'set BasicAuthPassword later', value: 'Readable-9' }
  assert.deepEqual(redactFields(payload), payload)
  assert.match(framed(payload), /Readable-9/)
  const named = { name: 'the wrong password', value: 'Readable-9' }
  assert.deepEqual(redactFields(named), named)
  assert.match(framed(named), /Readable-9/)
})

test('a driver without authorization does not hide what the meter says', () => {
  const payload = {
    meterValue: [{ sampledValue: [{ value: 12.5 }] }],
    idTokenOfDriver: { type: 'NoAuthorization' },
  }
  assert.deepEqual(redactFields(payload), payload)
  assert.match(framed(payload), /12\.5/)
})

// ---- What is in something secret

test('whatever is in a member with a secret name is hidden, in objects and arrays', () => {
  for (const inside of [
    { value: 'S3CRET-9' },
    [{ x: 'S3CRET-9' }],
    { a: [{ b: ['S3CRET-9'] }] },
    [['S3CRET-9', { x: 1 }], 'S3CRET-9'],
    { type: { x: 'S3CRET-9' } },
    { type: ['S3CRET-9'] },
    { first: { x: 1 }, second: 'S3CRET-9' },
    { n: 1, 'a"b': 'S3CRET-9' },
  ]) {
    for (const name of ['token', 'password', 'idTag', 'clientSecret']) {
      const payload = { [name]: inside, after: 'Readable-9' }
      assert.doesNotMatch(framed(payload), SECRET)
      assert.doesNotMatch(framed({ data: JSON.stringify(payload) }), SECRET)
      assert.doesNotMatch(logged(payload), SECRET)
      assert.match(framed(payload), /"after":"Readable-9"/)
      const text = JSON.stringify(payload)
      for (let end = 0; end < text.length; end++) {
        assert.doesNotMatch(withFingerprints(text.slice(0, end)), SECRET)
      }
    }
  }
})

test('each number and text in something secret has its own fingerprint', () => {
  const [, , , { token }] = JSON.parse(framed({ token: { a: 1, b: ['x', true], c: { d: 'x' } } }))
  assert.match(token.a, /^#[\da-f]{8}$/)
  assert.equal(token.b[0], token.c.d)
  assert.notEqual(token.a, token.c.d)
  assert.equal(token.b[1], true)
})

test('what kind of token it is can be read, and what is said about it', () => {
  const payload = {
    idToken: { idToken: 'S3CRET-9', type: 'ISO14443', additionalInfo: [{ additionalIdToken: 'S3CRET-9', type: 'OEM' }] }, // biome-ignore format: one line
    idTokenInfo: { status: 'Accepted', language1: 'de', groupIdToken: { idToken: 'S3CRET-9', type: 'Central' } }, // biome-ignore format: one line
  }
  const shown = framed(payload)

  assert.doesNotMatch(shown, SECRET)
  for (const kept of ['ISO14443', 'OEM', 'Accepted', 'de', 'Central']) {
    assert.ok(shown.includes(`"${kept}"`), shown)
  }
})

// ---- Texts that are no JSON

// biome-ignore format: a table
const TEXTS: readonly string[] = [
  '<password>S3CRET-9</password>',
  '<ns:Password type="x"> S3CRET-9 </ns:Password>',
  '<apiKey><![CDATA[S3CRET-9]]></apiKey>',
  '<setting name="Password" value="S3CRET-9"/>',
  "{'idTag': 'S3CRET-9'}",
  "{'id_tag': ['a', 'S3CRET-9']}",
  "{'key': 'Password', 'value': 'S3CRET-9'}",
  '{"idTag": S3CRET-9}',
  '{"password": [S3CRET-9}',
  '{"password": {"x": {"y": 1}, "z": "S3CRET-9"',
  '{"password": [{"y": 1}, "S3CRET-9", oops',
  '{"p\\u0061ssword": [{"y": 1}, "S3CRET-9", oops',
  'token: {"value":"S3CRET-9"}',
  'password: \'a ["x"] S3CRET-9\'',
  '"idTag"="S3CRET-9"',
  '"idTag" => "S3CRET-9"',
  'password: "a\\"S3CRET-9"',
  "idTag 'S3CRET-9' is unknown",
  'idTag \\"S3CRET-9\\" is unknown',
  'idToken "S3CRET-9" not valid',
  'the idTag is "S3CRET-9"',
  'the idTag is S3CRET-9',
  'Invalid AuthorizationKey S3CRET-9',
  'unknown id_tag S3CRET-9.',
  'psk=S3CRET-9',
  'client_secret=S3CRET-9',
  'Authorization: S3CRET-9',
  'Set-Cookie: a=1; session=S3CRET-9',
  '\\"pass\\":1,\\"password\\":[\\"x]\\",\\"S3CRET-9\\"]',
  '\\"idTag\\":\\"a\\\\\\"S3CRET-9\\"',
  'https://files.example/logs?X-Goog-Signature=S3CRET-9&part=1',
  'https://files.example/logs?part=1&api_key=S3CRET-9',
  'https://files.example/logs?apikey=S3CRET-9',
  'https://files.example/logs?auth=S3CRET-9',
  'https://files.example/logs?access_token=S3CRET-9',
  'https://files.example/logs?part=1&amp;sig=S3CRET-9',
  'ftp://user:pa/ss?w#S3CRET-9@host/file',
  'ftp://user:?S3CRET-9@host/file',
  'ftp://user:a/b@S3CRET-9/c@host/file',
]

for (const text of TEXTS) {
  test(`nobody can read the secret of ${text}`, () => {
    assert.doesNotMatch(withFingerprints(text), SECRET)
    assert.doesNotMatch(withFingerprints(`Refused: ${text}, see [CS01] {`), SECRET)
    assert.doesNotMatch(framed({ errorDescription: text }), SECRET)
    assert.doesNotMatch(logged({ problem: text }), SECRET)
  })
}

test('a URL that ends within its password does not show the beginning of it', () => {
  assert.doesNotMatch(withFingerprints('{"location":"ftp://user:pa/S3CRET'), SECRET)
})

test('a secret in the description of a CALLERROR is hidden, and the rest is read', () => {
  const shown = withFingerprints(`[4,"m1","PropertyConstraintViolation","idTag 'X' is unknown",{}]`)
  assert.equal(shown, '[4,"m1","PropertyConstraintViolation","idTag [secret] is unknown",{}]')
  assert.equal(withFingerprints('Invalid AuthorizationKey X'), 'Invalid AuthorizationKey [secret]')
  assert.equal(withFingerprints('idToken "X" not valid'), 'idToken [secret] not valid')
})

// biome-ignore format: a table
test('sentences and addresses without a secret stay as they are', () => {
  for (const text of [
    'the idTag is unknown',
    'idTag unknown.',
    'Token Expired',
    'the password of CS01 is wrong',
    'invalid idToken format: must be a string',
    'password must have at least 16 characters',
    'password 16 characters long',
    'no id token, no authorization',
    "the station's token isn't accepted",
    'http://host/path@x',
    'http://host:8080/path@x',
    'ws://host:9000/CS01?a=b@c',
    'https://[::1]:443/a@b',
    'mailto:a@b.example',
    'https://files.example/logs?keyboard=x&author=y&part=1',
    '<status>Accepted</status>',
    '{"idTokenInfo": Accepted}',
    'spinning: fast, mapping=3',
  ]) {
    assert.equal(withFingerprints(text), text)
    assert.deepEqual(redactFields({ problem: text }), { problem: text })
  }
})

// ---- Where work is limited

test('brackets that begin nothing do not keep what comes after them from being hidden', () => {
  for (const misses of [1, 8, 9, 20]) {
    for (const member of [
      '{"password":["S3CRET-9"]}',
      '{"password":[["a"],"S3CRET-9"]}',
      '{"password":{"x":"]}","y":"S3CRET-9"}}',
      '{"password":"S3CRET-9"}',
      '{"token":[1,{"x":"S3CRET-9"}]}',
      '{"p\\u0061ssword":["S3CRET-9"]}',
      '{"key":"Password","value":["S3CRET-9"]}',
      '{"value":"S3CRET-9","key":"Password"}',
      '["{\\"password\\":[\\"S3CRET-9\\"]}"]',
      '["{\\"p\\u0061ssword\\":\\"S3CRET-9\\"}"]',
      '{"data":"{\\"password\\":[\\"S3CRET-9\\"]}"}',
    ]) {
      const text = `${'[x'.repeat(misses)} ${member}`
      assert.doesNotMatch(withFingerprints(text), SECRET, text)
      assert.doesNotMatch(framed({ data: text }), SECRET, text)
    }
  }
})

test('what is read after a hidden array in something that is not JSON is shown', () => {
  const text = `${'[x'.repeat(9)} {"password":["a"],"status":"Accepted"}`
  assert.match(withFingerprints(text), /"status":"Accepted"\}$/)
})

test('however many secrets a text has, none is shown when the work for it runs out', () => {
  const members = Array.from({ length: 4_000 }, (_, i) => `"pin":"S3CRET-${i}"`)
  const text = JSON.stringify({ a: `"\\"pin\\":\\"${members.join()}` })
  const shown = withFingerprints(text)
  assert.doesNotMatch(shown, SECRET)
  assert.match(shown, /\[secret\]/)

  const list = JSON.stringify({ tokens: Array.from({ length: 9_000 }, (_, i) => i % 10) })
  const { tokens } = JSON.parse(withFingerprints(list)) as { tokens: string[] }
  assert.equal(tokens.length, 9_000)
  for (const token of tokens) assert.match(String(token), /^(?:#[\da-f]{8}|\[secret\])$/)
  assert.deepEqual([tokens[0] === '[secret]', tokens.at(-1)], [false, '[secret]'])
})

test('JSON that is quoted too often to be looked at is hidden', () => {
  let text = JSON.stringify({ idTag: 'S3CRET-9' })
  for (let depth = 0; depth < 7; depth++) text = JSON.stringify({ data: text })
  assert.doesNotMatch(withFingerprints(text), SECRET)
  assert.match(withFingerprints(text), /\[secret\]/)
})

test('a fingerprint is that of the key, however long the key is', async () => {
  const { fingerprint, setFingerprintKey } = await import('../../src/http/fingerprints.ts')
  setFingerprintKey('a kept key')
  assert.equal(fingerprint('CARD'), fingerprint('CARD'))
  const before = fingerprint('CARD')
  setFingerprintKey('k'.repeat(200))
  assert.notEqual(fingerprint('CARD'), before)
  setFingerprintKey('a kept key')
  assert.equal(fingerprint('CARD'), before)
})
