import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OperationView } from '../../src/http/live-api.ts'
import { actionsOf as known } from '../../src/messages/actions.ts'
import { createValidator } from '../../src/messages/validation.ts'
import { mergeOperations } from '../../web/live/state.ts'
import { actionsOf } from '../../web/operations/actions.ts'
import { anyAction, commandsOf, fieldAt, type Values } from '../../web/operations/commands.ts'
import { lifeOf } from '../../web/operations/life.ts'
import { merged } from '../../web/operations/merge.ts'

const FILLED: Values = {
  token: 'TAG-1',
  tokenType: 'ISO14443',
  evse: '1',
  connector: '1',
  transaction: '17',
  reset: '',
  availability: 'Inoperative',
  until: '2026-01-05T11:00',
  reservation: '5',
  key: 'HeartbeatInterval',
  value: '60',
  component: 'EVSE/1',
  variable: 'Enabled',
  report: 'FullInventory',
  message: 'Heartbeat',
}
const PROTOCOLS = ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'] as const

test('what the fields of each operation make is valid by the schema of its version', () => {
  const validator = createValidator()
  for (const protocol of PROTOCOLS) {
    for (const command of commandsOf(protocol)) {
      const reset = protocol === 'ocpp1.6' ? 'Soft' : 'OnIdle'
      for (const values of [{ ...FILLED, reset }, withoutOptional(command, { ...FILLED, reset })]) {
        const request = JSON.parse(JSON.stringify(command.request(values)))
        const problems = validator.validate(protocol, command.action, 'request', request)
        assert.deepEqual(problems, [], `${protocol} ${command.action} ${JSON.stringify(request)}`)
      }
    }
  }
})

test('the actions to choose from are those a CSMS may ask for', () => {
  for (const protocol of PROTOCOLS) {
    const theirs = [...known(protocol)].filter(([, row]) => row.from !== 'station' && !row.send)
    assert.deepEqual(actionsOf(protocol), theirs.map(([action]) => action).sort())
  }
})

test('a problem stands at the field whose value it is about, and at none where there is none', () => {
  const start = commandsOf('ocpp2.1').find(({ name }) => name === 'start')
  assert.ok(start)
  assert.equal(fieldAt(start, '/idToken/idToken')?.name, 'token')
  assert.equal(fieldAt(start, '/evseId')?.name, 'evse')
  assert.equal(fieldAt(start, '/remoteStartId'), undefined)
  assert.equal(fieldAt(start, undefined), undefined)
  assert.equal(fieldAt(anyAction('Reset'), '/type')?.name, 'request')
})

test('what may harm drivers asks with the number of those it harms', () => {
  const running = [1, 2, 3].map((evseId) => ({ transactionId: `${evseId}0`, number: evseId, evseId })) // biome-ignore format: one line
  const ask = (name: string, values: Values, protocol = 'ocpp2.0.1') =>
    commandsOf(protocol)
      .find((one) => one.name === name)
      ?.question?.(values, { station: 'CS04', running })
  assert.match(ask('reset', { reset: 'Immediate' }) ?? '', /^Stop 3 running transactions on CS04\?/)
  assert.match(ask('reset', { reset: 'Hard' }, 'ocpp1.6') ?? '', /^Stop 3 running/)
  assert.match(ask('reset', { reset: 'Immediate', evse: '2' }) ?? '', /one running.*EVSE 2 of CS04/)
  assert.match(ask('reset', { reset: 'OnIdle' }) ?? '', /as soon as/)
  assert.match(ask('stop', { transaction: '10' }) ?? '', /Stop transaction 10 on CS04\?/)
  assert.match(ask('availability', { availability: 'Inoperative' }) ?? '', /3 running/)
  assert.equal(ask('availability', { availability: 'Operative' }), undefined)
  assert.match(ask('clearCache', {}) ?? '', /cache of CS04/)
  assert.match(ask('unlock', { evse: '1', connector: '1' }) ?? '', /Transaction 10 is running/)
  assert.equal(ask('unlock', { evse: '4', connector: '1' }), undefined)
  assert.equal(anyAction('GetReport').question?.({}, { station: 'CS04', running }), undefined)
  assert.match(anyAction('SetNetworkProfile').question?.({}, { station: 'CS04', running }) ?? '', /3 transactions/) // biome-ignore format: one line
})

const AT = '2026-01-05T11:00:00.000Z'
const operation = (change: Partial<OperationView> = {}): OperationView => ({
  id: '01',
  station: 'CS01',
  protocol: 'ocpp1.6',
  action: 'Reset',
  request: {},
  state: 'sent',
  askedBy: 'anna',
  showsEffect: true,
  askedAt: AT,
  ...change,
})

test('the life of an operation is told step by step', () => {
  const words = (change: Partial<OperationView>) =>
    lifeOf(operation(change), Date.parse(AT)).map(({ word }) => word)
  assert.deepEqual(words({}), ['sent', 'waits for an answer'])
  assert.deepEqual(words({ state: 'accepted', answeredAt: AT }), ['sent', 'accepted', 'waits for its effect']) // biome-ignore format: one line
  assert.deepEqual(words({ state: 'effect-seen', answeredAt: AT, effectAt: AT, effect: 'it has booted' }), ['sent', 'accepted', 'effect seen: it has booted']) // biome-ignore format: one line
  assert.deepEqual(words({ state: 'no-effect', answeredAt: AT, problem: 'accepted, no effect after 30 s' }), ['sent', 'accepted', 'no effect after 30 s']) // biome-ignore format: one line
  assert.deepEqual(words({ state: 'refused', answeredAt: AT, problem: 'Rejected' }), ['sent', 'refused: Rejected']) // biome-ignore format: one line
  assert.deepEqual(words({ state: 'failed', problem: 'no answer' }), ['sent', 'failed: no answer'])
})

test('an operation only goes forward, whatever overtakes what', () => {
  const seen = operation({ state: 'effect-seen' })
  assert.deepEqual(mergeOperations([seen], [operation({ state: 'accepted' })]), [seen])
  assert.deepEqual(mergeOperations([operation()], [seen]), [seen])
  const newer = operation({ id: '02' })
  assert.deepEqual(mergeOperations([seen], [newer]), [newer, seen])
})

test('a page takes in what is told only where it belongs there', () => {
  const filter = { station: 'CS01', state: '', before: '' } as const
  const newer = operation({ id: '02' })
  assert.deepEqual(merged([operation()], [newer], filter), [newer, operation()])
  assert.deepEqual(merged([operation()], [operation({ id: '03', station: 'CS02' })], filter), [operation()]) // biome-ignore format: one line
  assert.deepEqual(merged([operation()], [newer], { ...filter, before: '02' }), [operation()])
  assert.deepEqual(merged([operation()], [operation({ state: 'failed' })], { ...filter, state: 'sent' }), []) // biome-ignore format: one line
})

function withoutOptional(command: ReturnType<typeof anyAction>, values: Values): Values {
  const names = command.fields.filter(({ isOptional }) => isOptional).map(({ name }) => name)
  return Object.fromEntries(
    Object.entries(values).filter(([name]) => !names.some((one) => one === name)),
  )
}
