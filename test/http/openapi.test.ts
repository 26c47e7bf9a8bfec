import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { roleForOperation } from '../../src/http/operation-roles.ts'
import { ROOT } from '../house/source-files.ts'
import { startApi } from './api.ts'
import { ShapeJudge } from './shapes.ts'

interface Operation {
  readonly summary?: string
  readonly parameters?: readonly { readonly in: string; readonly name: string }[]
  readonly responses: Readonly<Record<string, Response>>
}

interface Response {
  readonly description: string
  readonly content?: Readonly<Record<string, { readonly schema: { readonly $ref?: string } }>>
}

/** Each operation of the API as it is described. */
async function operationsOf(ask: Awaited<ReturnType<typeof startApi>>['ask']) {
  const { body } = await ask('viewer', 'GET', '/api/openapi.json')
  const found = Object.entries(body.paths as Record<string, Record<string, Operation>>)
    .filter(([path]) => path.startsWith('/api/'))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    )
  return { found, schemas: body.components.schemas as Record<string, object> }
}

test('every query parameter that a route accepts is described, and no other', async (t) => {
  const { ask } = await startApi(t)
  const { found } = await operationsOf(ask)
  let checkedByHand = 0
  for (const { path, method, operation } of found) {
    if (method !== 'get' || path === '/api/live') continue
    const address = path.replace(/\{\w+\}/g, '1')
    const declared = (operation.parameters ?? []).filter((one) => one.in === 'query').map(({ name }) => name) // biome-ignore format: one chain
    const { status, body } = await ask('admin', 'GET', `${address}?nonsense=1`)
    const [, known] = /known are (.*)/.exec(body.detail ?? '') ?? []
    if (known !== undefined) {
      assert.deepEqual(declared.toSorted(), known.split(', ').toSorted(), path)
      checkedByHand++
    } else {
      // Checked by what is declared, or no parameter is looked at.
      assert.equal(status === 400, declared.length > 0, `${path} ${status} ${declared}`)
    }
  }
  assert.ok(checkedByHand >= 5, `${checkedByHand}`)
})

test('every operation is described with what it answers, in success and otherwise', async (t) => {
  const { ask } = await startApi(t)
  const { found, schemas } = await operationsOf(ask)
  const shapes = ['live-api', 'trust-views', 'account-views', 'quarantine-views'].map((name) => readFileSync(`${ROOT}/src/http/${name}.ts`, 'utf8')).join('\n') // biome-ignore format: one line
  assert.ok(found.length > 40)
  for (const { path, method, operation } of found) {
    const which = `${method} ${path}`
    const { responses, summary } = operation
    assert.ok(summary, which)
    const codes = Object.keys(responses).map(Number)
    assert.equal(codes.filter((code) => code < 300).length, 1, which)
    assert.ok(
      codes.some((code) => code >= 400),
      which,
    )
    for (const [code, { description, content = {} }] of Object.entries(responses)) {
      assert.notEqual(description, 'Default Response', which)
      if (Number(code) >= 400) assert.deepEqual(Object.keys(content), ['application/problem+json'])
      for (const { schema } of Object.values(content)) {
        const [, name] = /^#\/components\/schemas\/(\w+)$/.exec(schema.$ref ?? '') ?? []
        if (name === undefined) continue
        assert.ok(name in schemas, `${which} ${name}`)
        assert.match(shapes, name === 'Problem' ? /./ : new RegExp(`export (interface|type) ${name}\\b`)) // biome-ignore format: one line
      }
    }
  }
})

test('what is answered is what is described, where a request goes wrong', async (t) => {
  const { ask } = await startApi(t)
  const { found } = await operationsOf(ask)
  const judge = new ShapeJudge((await ask('viewer', 'GET', '/api/openapi.json')).body)
  for (const { path, method, operation } of found) {
    // One has no end, the other one is lines.
    if (path === '/api/live' || path === '/api/trace') continue
    const address = path.replace(/\{\w+\}/g, '7')
    const body = method === 'get' || method === 'delete' ? undefined : {}
    for (const role of [undefined, 'admin'] as const) {
      const { status, headers, body: answered } = await ask(role, method.toUpperCase(), address, body) // biome-ignore format: one line
      assert.ok(`${status}` in operation.responses, `${method} ${path}: ${status}`)
      judge.answer(method.toUpperCase(), address, status, headers.get('content-type') ?? '', answered) // biome-ignore format: one line
    }
  }
  assert.ok(!judge.unseen().includes('Problem.pointer'))
})

test('whatever goes wrong before a route is reached is a problem, too', async (t) => {
  const { ask, server } = await startApi(t)
  const judge = new ShapeJudge((await ask('viewer', 'GET', '/api/openapi.json')).body)
  const json = { 'content-type': 'application/json' }
  const asked = [
    ['GET', '/api/no-such-thing', undefined, {}],
    ['GET', '/no-such-page.html', undefined, {}],
    ['POST', '/api/tokens', '{"idToken":', json],
    ['POST', '/api/tokens', 'idToken=7', { 'content-type': 'text/plain' }],
    ['POST', '/api/tokens', '{}', { ...json, origin: 'http://evil.example' }],
    ['DELETE', '/api/tokens/seven', undefined, {}],
  ] as const
  const statuses = []
  for (const [method, path, body, headers] of asked) {
    const answer = await ask('admin', method, new URL(path, server.url).href, body, headers)
    statuses.push(answer.status)
    assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/)
    judge.value({ $ref: '#/components/schemas/Problem' }, answer.body, path)
  }
  assert.deepEqual(statuses, [404, 404, 400, 415, 403, 400])
})

test('a body that has nothing to say may be left out, whatever its type is said to be, and is described so', async (t) => {
  const { ask, store } = await startApi(t)
  const { found } = await operationsOf(ask)
  const optional = found
    .filter(({ operation }) => (operation as { requestBody?: { required: boolean } }).requestBody?.required === false) // biome-ignore format: one line
    .map(({ path }) => path)
  assert.deepEqual(optional.toSorted(), [
    '/api/simulated-stations',
    '/api/stations/{station}/operations/{action}',
    '/api/transactions/{number}/close',
  ])
  const at = '2026-01-05T11:00:00.000Z'
  const boot = { station: 'CS01', protocol: 'ocpp2.1', action: 'BootNotification', receivedAt: at, payload: Buffer.from('{}') } // biome-ignore format: one line
  await store.write(() => store.addMessage(boot))
  const start = { station: 'CS01', transactionId: undefined, evseId: 1, connectorId: 1, idToken: 'T', startedAt: at, meterStartWh: 0 } // biome-ignore format: one line
  const number = await store.write(() => store.charging.start(start))
  const json = { 'content-type': 'application/json' }

  const statuses = [
    await ask('technician', 'POST', '/api/simulated-stations'),
    await ask('technician', 'POST', '/api/simulated-stations', undefined, json),
    await ask('technician', 'POST', '/api/stations/CS01/operations/ClearCache'),
    // What is missing is told as missing.
    await ask('operator', 'POST', '/api/stations/CS01/operations/RequestStopTransaction'),
    await ask('operator', 'POST', `/api/transactions/${number}/close`),
    // A form of a foreign page is still none.
    await ask('operator', 'POST', `/api/transactions/${number}/close`, undefined, { 'content-type': 'text/plain' }), // biome-ignore format: one line
    await ask('operator', 'POST', '/api/stations/CS01/reservations'),
  ].map(({ status }) => status)
  assert.deepEqual(statuses, [201, 201, 202, 422, 200, 415, 415])
})

test('whoever asks for a station in other letters is told of the one that is there', async (t) => {
  const { ask, store } = await startApi(t)
  const at = '2026-01-05T11:00:00.000Z'
  const message = { station: 'Depot-1', protocol: 'ocpp2.1', action: 'Heartbeat', receivedAt: at, payload: Buffer.from('{}') } // biome-ignore format: one line
  await store.write(() => store.addMessage(message))
  const start = { station: 'Depot-1', transactionId: 'T1', evseId: 1, connectorId: 1, idToken: 'T', startedAt: at, meterStartWh: 0 } // biome-ignore format: one line
  await store.write(() => store.charging.start(start))

  assert.equal((await ask('viewer', 'GET', '/api/stations/dEPOT-1')).body.station, 'Depot-1')
  assert.equal((await ask('viewer', 'GET', '/api/stations/DEPOT-1/messages')).body.messages.length, 1) // biome-ignore format: one line
  assert.equal((await ask('viewer', 'GET', '/api/transactions?station=depot-1')).body.transactions.length, 1) // biome-ignore format: one line
  const asked = await ask('technician', 'POST', '/api/stations/depot-1/operations/ClearCache')
  assert.equal(asked.body.station, 'Depot-1')
  assert.equal((await ask('viewer', 'GET', '/api/operations?station=DEPOT-1')).body.operations.length, 1) // biome-ignore format: one line
  assert.equal((await ask('admin', 'DELETE', '/api/stations/DEPOT-1')).status, 204)
})

test('of each action it is described which role may ask for it, as the API has it', async (t) => {
  const { ask } = await startApi(t)
  const { found } = await operationsOf(ask)
  const operate = found.find(({ method, path }) => method === 'post' && path.endsWith('/operations/{action}')) // biome-ignore format: one line
  const { description = '' } = operate?.operation.responses[403] ?? {}
  const told = (action: string) =>
    ['operator', 'admin'].find((role) => new RegExp(`${role} for [^;]*\\b${action}\\b`).test(description)) ?? // biome-ignore format: one line
    (/technician for every other/.test(description) ? 'technician' : undefined)

  for (const action of [
    'UnlockConnector',
    'UpdateFirmware',
    'Reset',
    'SendLocalList',
    'DataTransfer',
  ]) {
    // biome-ignore format: one line
    assert.equal(told(action), roleForOperation(action), action)
  }
})
