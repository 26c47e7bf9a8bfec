import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withFingerprints } from '../../src/http/fingerprints.ts'
import { until } from '../end-to-end/processes.ts'
import { client } from '../support/sockets.ts'
import { startApi } from './api.ts'

/** Of a frame with many variables, of which one is secret, the others are read. */

const framed = (payload: unknown) => withFingerprints(JSON.stringify([3, 'm1', payload]))

// biome-ignore format: a table
const ANSWERS: readonly object[] = [
  { configurationKey: [
    { key: 'HeartbeatInterval', readonly: false, value: 'Readable-1' },
    { key: 'AuthorizationKey', readonly: false, value: 'S3CRET-9' },
    { value: 'Readable-2', key: 'MeterValueSampleInterval', readonly: true },
  ] },
  { getVariableResult: [
    { attributeStatus: 'Accepted', attributeValue: 'Readable-1', component: { name: 'OCPPCommCtrlr' }, variable: { name: 'HeartbeatInterval', instance: 'Default' } },
    { attributeStatus: 'Accepted', attributeValue: 'S3CRET-9', component: { name: 'SecurityCtrlr' }, variable: { name: 'BasicAuthPassword' } },
    { attributeStatus: 'Accepted', component: { name: 'SecurityCtrlr' }, variable: { name: 'Identity' }, attributeValue: 'Readable-2' },
  ] },
  { requestId: 1, reportData: [
    { component: { name: 'SecurityCtrlr' }, variable: { name: 'BasicAuthPassword' }, variableAttribute: [{ type: 'Actual', value: 'S3CRET-9' }] },
    { variableAttribute: [{ type: 'Actual', value: 'Readable-1' }, { type: 'Target', value: 'Readable-2' }], component: { name: 'SecurityCtrlr' }, variable: { name: 'OrganizationName' } },
  ] },
]

for (const answer of ANSWERS) {
  const [list = ''] = Object.keys(answer).slice(-1)
  test(`of ${list} only the value of the secret variable is hidden`, () => {
    for (const shown of [
      framed(answer),
      withFingerprints(JSON.stringify([3, 'm1', answer], undefined, 1)),
    ]) {
      assert.doesNotMatch(shown, /S3CRET/)
      assert.match(shown, /Readable-1/)
      assert.match(shown, /Readable-2/)
    }
    const quoted = framed({ vendorId: 'V', data: JSON.stringify(answer) })
    assert.doesNotMatch(quoted, /S3CRET/)
    assert.match(quoted, /Readable-1.*Readable-2/s)
  })

  test(`of ${list} that is cut off or broken all values are hidden`, () => {
    const text = JSON.stringify([3, 'm1', answer])
    const from = Math.max(text.indexOf('S3CRET'), text.indexOf('Password'))
    for (let end = 0; end < text.length; end++) {
      assert.doesNotMatch(withFingerprints(text.slice(0, end)), /S3CRET/)
      if (end > from) assert.doesNotMatch(withFingerprints(`${text.slice(0, end)}!`), /S3CRET/)
    }
    assert.doesNotMatch(withFingerprints(`${text} `.replace('}}', '}},')), /S3CRET/)
  })
}

// biome-ignore format: a table
const UNCLEAR: readonly (readonly [what: string, payload: unknown])[] = [
  ['another name beside that of the secret',   { key: 'Any', name: 'Password', value: 'S3CRET-9' }],
  ['a name that is given twice',               '{"key":"Password","key":"Any","value":"S3CRET-9"}'],
  ['a name in one object, the value in another', [{ key: 'Password' }, { value: 'S3CRET-9' }]],
  ['the same within something with a name',    { name: 'Any', list: [{ key: 'Password' }, { value: 'S3CRET-9' }] }],
  ['the name deeper than the value',           { name: 'Any', list: [{ value: 'S3CRET-9', x: { y: { name: 'Password' } } }] }],
  ['a secret with something harmless in it',   { key: 'Password', list: [{ key: 'Any', value: 'S3CRET-9' }] }],
  ['a secret with harmless JSON in it',        { key: 'Password', note: '{"key":"Any","value":"S3CRET-9"}' }],
  ['harmless JSON that ends in the middle',    { a: { key: 'Password' }, note: '{"key":"Any","value":"S3CRET-9"' }],
  ['a name that is no name',                   [{ key: 'what it is', value: 'S3CRET-9' }, { key: 'Password' }]],
  ['a name in escapes',                        String.raw`{"k\u0065y":"P\u0061ssword","value":"S3CRET-9"}`],
]
for (const [what, payload] of UNCLEAR) {
  test(`a value is hidden where it is not clear whose it is: ${what}`, () => {
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload)
    assert.doesNotMatch(withFingerprints(text), /S3CRET/)
    assert.doesNotMatch(withFingerprints(`[2,"m1","X",${text}]`), /S3CRET/)
    assert.doesNotMatch(framed({ data: text }), /S3CRET/)
  })
}

test('the configuration of a station is read over the API but for its password', async (t) => {
  const api = await startApi(t)
  const station = await client(t, api.stationUrl, { id: 'CS01', headers: { authorization: '' } })
  station.send('[2,"b","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]')
  await station.take((frame) => frame[1] === 'b', 'the answer')
  const asked = await api.ask('technician', 'POST', '/api/stations/CS01/operations/GetConfiguration', {}) // biome-ignore format: one line
  assert.equal(asked.status, 202)
  const [, id] = await station.take((frame) => frame[2] === 'GetConfiguration', 'the request')
  const [answer] = ANSWERS
  station.send(JSON.stringify([3, id, answer]))
  const read = () => api.ask('operator', 'GET', `/api/operations/${asked.body.id}`)
  const operation = await untilAnswered(read)
  const values = (operation.answer.configurationKey as { value: string }[]).map(
    ({ value }) => value,
  )

  assert.match(values.join(), /^Readable-1,#[\da-f]{8},Readable-2$/)
  const { body } = await api.ask('operator', 'GET', '/api/frames')
  const { sequence } = (body.frames as { sequence: number; kind: string; action: string }[]).findLast(({ kind, action }) => kind === 'CALLRESULT' && action === 'GetConfiguration') ?? {} // biome-ignore format: one line
  const frame = (await api.ask('operator', 'GET', `/api/frames/${sequence}`)).body
  for (const shown of [frame.raw, JSON.stringify(frame.payload)]) {
    assert.match(shown, /Readable-1.*Readable-2/)
    assert.doesNotMatch(shown, /S3CRET/)
  }
})

async function untilAnswered(read: () => Promise<{ body: { answer?: unknown } }>) {
  let body: { answer?: unknown } = {}
  await until('the answer', async () => {
    body = (await read()).body
    return body.answer !== undefined
  })
  return body as { answer: { configurationKey: unknown } }
}
