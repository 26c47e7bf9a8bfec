import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { OverlayError } from '../../../src/errors.ts'
import { CONFIGURATION, CONNECTION_VARIABLES } from '../../../src/messages/connection-variables.ts'
import { PRESET_ROLES } from '../../../src/security/roles/presets.ts'
import { judgeRights } from '../../../src/security/roles/rights.ts'
import {
  compileUserRole,
  type PermissionDocument,
  type UserRoleDocument,
} from '../../../src/security/roles/user-role.ts'
import type { JsonObject } from '../../../src/wire/payload.ts'
import { PROPERTY } from '../../seed.ts'

/** What the holder of some roles may ask for. */

const role = (allow: PermissionDocument[], deny: PermissionDocument[] = []) =>
  compileUserRole({ name: 'r', version: 1, allow, deny })
const preset = (name: string) => compileUserRole(PRESET_ROLES.find((one) => one.name === name))
const ask = (action: string, payload: object = {}, to = 'CS01') => ({ action, to, payload: payload as JsonObject }) // biome-ignore format: one line
const variable = (component: string, name: string, more: object = {}) => ({ component: { name: component, ...more }, variable: { name } }) // biome-ignore format: one line

const statusOf = (roles: Parameters<typeof judgeRights>[0], request: ReturnType<typeof ask>) =>
  judgeRights(roles, request).status
const itemsOf = (roles: Parameters<typeof judgeRights>[0], request: ReturnType<typeof ask>) => {
  const rights = judgeRights(roles, request)
  return rights.status === 'permitted' ? rights.items : rights.status
}

test('without a role nothing is permitted, and what no role names is not either', () => {
  assert.equal(statusOf([], ask('Reset')), 'denied')
  assert.equal(statusOf([role([{ actions: 'Heartbeat' }])], ask('Reset')), 'denied')
  assert.equal(statusOf([role([{ actions: ['Res*', 'Heartbeat'] }])], ask('Reset')), 'permitted')
  assert.equal(statusOf([role([{ actions: 'reset' }])], ask('Reset')), 'denied', 'actions have a case') // biome-ignore format: one line
})

test('what one role denies no other one allows', () => {
  const all = role([{ actions: '*' }])
  const not = role([], [{ actions: 'Reset', parameters: [{ pointer: '/type', equals: 'Immediate' }] }]) // biome-ignore format: one line
  assert.equal(statusOf([all, not], ask('Reset', { type: 'Immediate' })), 'denied')
  assert.equal(statusOf([all, not], ask('Reset', { type: 'OnIdle' })), 'permitted')
  assert.equal(statusOf([all, not], ask('Reset', {})), 'permitted')
})

test('a permission is for those it is addressed to, in any letter case', () => {
  const own = role([{ actions: '*', to: ['CS*', 'LC01'] }])
  assert.equal(statusOf([own], ask('Reset', {}, 'cs77')), 'permitted')
  assert.equal(statusOf([own], ask('Reset', {}, 'CSMS01')), 'permitted')
  assert.equal(statusOf([own], ask('Reset', {}, 'XCS01')), 'denied')
})

test('every value that a pointer leads to must pass, and none may be left out', () => {
  const limits = role([{ actions: 'SetChargingProfile', parameters: [{ pointer: '/p/*/limit', lessThan: 33 }] }]) // biome-ignore format: one line
  const set = (p: unknown) => statusOf([limits], ask('SetChargingProfile', { p }))

  assert.equal(set([{ limit: 6 }, { limit: 32 }]), 'permitted')
  assert.equal(set([{ limit: 6 }, { limit: 33 }]), 'denied')
  assert.equal(set([{ limit: 6 }, { limit: '64' }]), 'denied', 'a text is a number, too')
  assert.equal(set([{ limit: 6 }, {}]), 'denied', 'one without a limit has none')
  assert.equal(set([]), 'denied')
  assert.equal(set(undefined), 'denied')
  assert.equal(set('x'), 'denied')
})

test('what may be absent must pass where it is there', () => {
  const some = role([{ actions: 'A', parameters: [{ pointer: '/evseId', in: [1, 2], optional: true }] }]) // biome-ignore format: one line
  const is = (payload: object) => statusOf([some], ask('A', payload))
  assert.deepEqual([is({}), is({ evseId: 2 }), is({ evseId: 3 }), is({ evseId: null })], ['permitted', 'permitted', 'denied', 'denied']) // biome-ignore format: one line
})

test('variables are judged one by one', () => {
  const some = role(
    [{ actions: ['GetVariables', 'SetVariables'], variables: [
      { component: 'SampledData*', variable: '*', access: ['read', 'write'] },
      { component: 'EVSE', evse: 1, variable: 'Power', access: 'read' },
      { component: 'Clock', variable: 'Time', attribute: 'Target', access: 'write' },
    ] }],
    [{ actions: '*', variables: [{ component: '*', variable: 'Secret', access: 'write' }] }],
  ) // biome-ignore format: a document
  const read = (...list: object[]) =>
    itemsOf([some], ask('GetVariables', { getVariableData: list }))
  const write = (...list: object[]) => itemsOf([some], ask('SetVariables', { setVariableData: list })) // biome-ignore format: one line

  assert.deepEqual(read(variable('sampleddatactrlr', 'Interval'), variable('SecurityCtrlr', 'Identity')), [true, false]) // biome-ignore format: one line
  assert.deepEqual(write(variable('SampledDataCtrlr', 'Interval'), variable('SampledDataCtrlr', 'Secret')), [true, false]) // biome-ignore format: one line
  assert.deepEqual(read(variable('EVSE', 'Power', { evse: { id: 1 } }), variable('EVSE', 'Power', { evse: { id: 2 } }), variable('EVSE', 'Power')), [true, false, false]) // biome-ignore format: one line
  assert.deepEqual(write({ ...variable('Clock', 'Time'), attributeType: 'Target' }, variable('Clock', 'Time')), [true, false]) // biome-ignore format: one line
  assert.deepEqual(write(variable('EVSE', 'Power', { evse: { id: 1 } })), [false], 'to read is not to write') // biome-ignore format: one line
  const any = role([{ actions: '*', variables: [{ component: '*', variable: '*', access: 'read' }] }]) // biome-ignore format: one line
  assert.equal(itemsOf([any], ask('Reset')), 'denied', 'no variable, no permission')
})

test('who asks for all variables must be allowed all of them', () => {
  const some = role([{ actions: '*', variables: [{ component: '*', variable: 'A*', access: ['read', 'monitor'] }] }]) // biome-ignore format: one line
  const all = role([{ actions: '*' }])
  const but = role([], [{ actions: '*', variables: [{ component: 'S', variable: 'T', access: 'read' }] }]) // biome-ignore format: one line
  for (const action of ['GetBaseReport', 'GetReport', 'GetConfiguration']) {
    assert.deepEqual(itemsOf([some], ask(action)), [false], action)
    assert.deepEqual(itemsOf([all], ask(action)), [true], action)
    assert.deepEqual(itemsOf([all, but], ask(action)), [false], action)
  }
  assert.deepEqual(itemsOf([some], ask('GetReport', { componentVariable: [variable('C', 'Ax'), { component: { name: 'C' } }] })), [true, false]) // biome-ignore format: one line
})

test('instances of components and variables are told apart, and who names none asks for all of them in a report', () => {
  const some = role([{ actions: '*', variables: [
    { component: 'Meter', instance: 'grid*', variable: '*', access: ['read', 'write'] },
    { component: 'Tariff', variable: 'Text', variableInstance: ['de', 'en'], access: 'read' },
  ] }]) // biome-ignore format: a document
  const read = (...list: object[]) => itemsOf([some], ask('GetVariables', { getVariableData: list })) // biome-ignore format: one line
  const text = (instance?: string) => ({ component: { name: 'Tariff' }, variable: { name: 'Text', ...(instance && { instance }) } }) // biome-ignore format: one line
  assert.deepEqual(read(variable('Meter', 'W', { instance: 'GRID1' }), variable('Meter', 'W', { instance: 'pv' }), variable('Meter', 'W')), [true, false, false]) // biome-ignore format: one line
  assert.deepEqual(read(text('de'), text('fr'), text()), [true, false, false])

  const all = role([{ actions: '*' }])
  const not = role([], [{ actions: '*', variables: [
    { component: 'Meter', instance: 'private', variable: '*', access: 'read' },
    { component: 'EVSE', evse: 2, variable: 'Power', access: 'read' },
  ] }]) // biome-ignore format: a document
  const report = (...list: object[]) => itemsOf([all, not], ask('GetReport', { componentVariable: list })) // biome-ignore format: one line
  assert.deepEqual(report(variable('Meter', 'W', { instance: 'grid' }), variable('Meter', 'W', { instance: 'private' }), variable('Meter', 'W'), { component: { name: 'Meter' } }), [true, false, false, false]) // biome-ignore format: one line
  assert.deepEqual(report(variable('EVSE', 'Power'), variable('EVSE', 'Power', { evse: { id: 1 } }), variable('EVSE', 'State')), [false, true, true]) // biome-ignore format: one line
  const one = itemsOf([all, not], ask('GetVariables', { getVariableData: [variable('EVSE', 'Power'), variable('Meter', 'W')] })) // biome-ignore format: one line
  assert.deepEqual(one, [true, true], 'of a single variable none named is one of its own')
})

test('what is their own is the name in their key record, and what stands under it', () => {
  const own = role([{ actions: 'A', parameters: [{ pointer: '/id', own: 'organisation' }] }])
  const is = (id: unknown, holder?: object) => judgeRights([own], { ...ask('A', { id }), ...(holder && { holder: { kid: 'K', owner: 'X', ...holder } }) }).status // biome-ignore format: one line
  const acme = { organisation: 'DE-ABC' }
  for (const id of ['DE-ABC', 'de-abc-c1', 'DE-ABC*1']) assert.equal(is(id, acme), 'permitted', id)
  for (const id of ['DE-ABCD', 'DE-AB', 'DE-ABC1', 'xDE-ABC', 7, undefined]) assert.equal(is(id, acme), 'denied', String(id)) // biome-ignore format: one line
  assert.equal(is('DE-ABC', {}), 'denied', 'whoever has no organisation owns nothing')
  assert.equal(is('DE-ABC'), 'denied')
  assert.throws(() => role([{ actions: 'A', parameters: [{ pointer: '/id', own: 'roles' as 'owner' }] }]), /own must be one of owner, organisation, kid/) // biome-ignore format: one line
})

test('a mobility provider and a driver start for themselves only, and not with a profile', () => {
  const provider = { kid: 'K', owner: 'EMP1', organisation: 'DE-ABC' }
  const asked = (name: string, action: string, payload: object, holder: object = provider) =>
    judgeRights([preset(name)], { ...ask(action, payload), holder: holder as typeof provider }).status // biome-ignore format: one line
  const token = (idToken: string, more: object = {}) => ({ idToken: { idToken, type: 'eMAID' }, ...more }) // biome-ignore format: one line
  const start = 'RequestStartTransaction'
  assert.equal(asked('mobility-provider', start, token('DE-ABC-C1')), 'permitted')
  assert.equal(asked('mobility-provider', 'ReserveNow', { idTag: 'DE-ABC-C1' }), 'permitted')
  assert.equal(asked('mobility-provider', 'RemoteStartTransaction', { idTag: 'DE-ABC-C1' }), 'permitted') // biome-ignore format: one line
  assert.equal(asked('mobility-provider', start, token('DE-XYZ-C1')), 'denied')
  assert.equal(asked('mobility-provider', start, token('DE-ABC-C1', { groupIdToken: { idToken: 'DE-XYZ' } })), 'denied') // biome-ignore format: one line
  assert.equal(asked('mobility-provider', start, token('DE-ABC-C1', { chargingProfile: { id: 1 } })), 'denied') // biome-ignore format: one line
  assert.equal(asked('mobility-provider', 'RequestStopTransaction', { transactionId: 't' }), 'denied') // biome-ignore format: one line
  assert.equal(asked('driver-session', start, token('emp1')), 'permitted')
  assert.equal(asked('driver-session', start, token('EMP2')), 'denied')
  assert.equal(asked('driver-session', start, token('EMP1', { groupIdToken: { idToken: 'EMP1' } })), 'denied') // biome-ignore format: one line
  assert.equal(asked('driver-session', 'Reset', {}), 'denied')
  assert.equal(asked('delegator', 'AddKeyRecord', { keyRecord: { delegatedBy: 'K' } }), 'permitted')
  assert.equal(asked('delegator', 'AddKeyRecord', { keyRecord: { delegatedBy: 'L' } }), 'denied')
  assert.equal(asked('delegator', 'AddKeyRecord', { keyRecord: {} }), 'denied')
})

test('keys of OCPP 1.6 are variables of Configuration', () => {
  const some = role([{ actions: '*', variables: [{ component: 'Configuration', variable: 'Heartbeat*', access: ['read', 'write'] }] }]) // biome-ignore format: one line
  assert.deepEqual(itemsOf([some], ask('ChangeConfiguration', { key: 'HeartbeatInterval', value: '9' })), [true]) // biome-ignore format: one line
  assert.deepEqual(itemsOf([some], ask('ChangeConfiguration', { key: 'AuthorizationKey', value: 'x' })), [false]) // biome-ignore format: one line
  assert.deepEqual(itemsOf([some], ask('GetConfiguration', { key: ['heartbeatInterval', 'X'] })), [true, false]) // biome-ignore format: one line
})

test('an explanation names each permission and why it does not help', () => {
  const rights = judgeRights([preset('grid-operator')], ask('SetChargingProfile', { chargingProfile: { chargingProfilePurpose: 'TxProfile' } })) // biome-ignore format: one line
  assert.equal(rights.status, 'denied')
  assert.match(rights.explanation.join('\n'), /grid-operator allow\/0 does not allow it: \/chargingProfile\/chargingProfilePurpose is "ChargingStationExternalConstraints", which is not so/) // biome-ignore format: one line
  assert.match(rights.explanation.join('\n'), /allow\/1 does not allow it: it is not for SetChargingProfile/) // biome-ignore format: one line
})

// biome-ignore format: a table
test('the presets permit what they are for and nothing else', () => {
  const purpose = (chargingProfilePurpose: string) => ({ chargingProfile: { chargingProfilePurpose } })
  const password = { setVariableData: [variable('SecurityCtrlr', 'BasicAuthPassword')] }
  const cases: [string, string, object, unknown][] = [
    ['owner', 'AddUserRole', {}, 'permitted'],
    ['admin', 'AddUserRole', {}, 'denied'],
    ['admin', 'SetVariables', password, [true]],
    ['operations', 'Reset', {}, 'permitted'],
    ['operations', 'SetVariables', password, [false]],
    ['operations', 'ChangeConfiguration', { key: 'authorizationkey' }, [false]],
    ['operations', 'ChangeConfiguration', { key: 'HeartbeatInterval' }, [true]],
    ['operations', 'SetNetworkProfile', {}, 'denied'],
    ['operations', 'UpdateSignaturePolicy', {}, 'denied'],
    ['technician', 'Reset', {}, 'permitted'],
    ['technician', 'GetVariables', { getVariableData: [variable('C', 'V')] }, [true]],
    ['technician', 'SetVariables', { setVariableData: [variable('C', 'V')] }, 'denied'],
    ['technician', 'RequestStartTransaction', {}, 'denied'],
    ['load-management', 'SetChargingProfile', purpose('TxProfile'), 'permitted'],
    ['load-management', 'Reset', {}, 'denied'],
    ['grid-operator', 'SetChargingProfile', purpose('ChargingStationExternalConstraints'), 'permitted'],
    ['grid-operator', 'SetChargingProfile', purpose('TxProfile'), 'denied'],
    ['grid-operator', 'ClearChargingProfile', {}, 'denied'],
    ['metrology', 'GetVariables', { getVariableData: [variable('FiscalMetering', 'PublicKey'), variable('SecurityCtrlr', 'Identity')] }, [true, false]],
    ['metrology', 'GetReport', {}, [false]],
    ['metrology', 'SetVariables', { setVariableData: [variable('SampledDataCtrlr', 'TxUpdatedInterval')] }, 'denied'],
    ['transparency', 'GetVariables', { getVariableData: [variable('FiscalMetering', 'PublicKey'), variable('SampledDataCtrlr', 'TxUpdatedInterval')] }, [true, false]],
    ['contact-point', 'GetVariables', { getVariableData: [variable('Connector', 'AvailabilityState'), variable('TokenReader', 'Token')] }, [true, false]],
    ['contact-point', 'RequestStopTransaction', {}, 'denied'],
  ]
  for (const [name, action, payload, expected] of cases) {
    const rights = judgeRights([preset(name)], ask(action, payload))
    const found = rights.status === 'permitted' ? (rights.items ?? rights.status) : rights.status
    assert.deepEqual(found, expected, `${name} ${action}`)
  }
})

/** A request that sets one variable, or one key. */
const setting = (component: string, name: string) => component === CONFIGURATION ? ask('ChangeConfiguration', { key: name, value: 'x' }) : ask('SetVariables', { setVariableData: [{ ...variable(component, name), attributeValue: 'x' }] }) // biome-ignore format: one line

/** Whether a preset may; said of the one item, or of all. */
const maySet = (name: string, request: ReturnType<typeof ask>) => {
  const rights = judgeRights([preset(name)], request)
  return rights.status === 'permitted' && rights.items?.every(Boolean) !== false
}

test('where a station connects, how it proves itself and whom it obeys is set by owners and admins only', () => {
  // biome-ignore format: a table
  const known: [string, string][] = [
    ['NetworkConfiguration', 'OcppCsmsUrl'], ['NetworkConfiguration', 'BasicAuthPassword'], ['NetworkConfiguration', 'SecurityProfile'],
    ['OCPPCommCtrlr', 'ActiveNetworkProfile'], ['OCPPCommCtrlr', 'NetworkConfigurationPriority'],
    ['SecurityCtrlr', 'BasicAuthPassword'], ['SecurityCtrlr', 'Anything'],
    [CONFIGURATION, 'CentralSystemURL'], [CONFIGURATION, 'AuthorizationKey'], [CONFIGURATION, 'SecurityProfile'],
  ]
  const rows = CONNECTION_VARIABLES.map((one): [string, string] => [one.component, one.variable.replace('*', 'Anything')]) // biome-ignore format: one line
  for (const [component, name] of [...known, ...rows]) {
    for (const spelt of [name, name.toUpperCase()]) {
      const request = setting(component, spelt)
      for (const role of ['operations', 'technician', 'load-management', 'grid-operator']) {
        assert.equal(maySet(role, request), false, `${role} ${component}/${spelt}`)
      }
      for (const role of ['owner', 'admin']) {
        assert.equal(maySet(role, request), true, `${role} ${component}/${spelt}`)
      }
    }
  }
  for (const instance of ['1', '2']) {
    const ofSlot = ask('SetVariables', { setVariableData: [variable('NetworkConfiguration', 'OcppCsmsUrl', { instance })] }) // biome-ignore format: one line
    assert.equal(maySet('operations', ofSlot), false)
  }
  assert.equal(maySet('operations', setting('OCPPCommCtrlr', 'HeartbeatInterval')), true)
  for (const component of ['SecurityCtrlr', 'NetworkConfiguration']) {
    const watching = ask('SetVariableMonitoring', { setMonitoringData: [variable(component, 'BasicAuthPassword')] }) // biome-ignore format: one line
    assert.equal(maySet('operations', watching), false, `watching ${component}`)
  }
})

test('a role that is not understood whole is refused with the place', () => {
  const good: UserRoleDocument = { name: 'r', version: 1, allow: [{ actions: 'A' }] }
  const wrong: [object, RegExp][] = [
    [{ name: '' }, /^user role: name/],
    [{ version: 0 }, /^user role: version/],
    [{ validFrom: 1 }, /^user role: validFrom is not known here/],
    [{ allow: { actions: '*' } }, /^user role: allow must be a list/],
    [{ allow: [{ actions: [] }] }, /^user role: allow\/0\/actions/],
    [{ allow: [{ actions: 'A', unless: 1 }] }, /^user role: allow\/0\/unless is not known/],
    [{ allow: [{ actions: 'A', to: 7 }] }, /^user role: allow\/0\/to/],
    [{ allow: [{ actions: 'A', parameters: [{ pointer: '/a' }] }] }, /^user role: allow\/0\/parameters\/0 compares with nothing/],
    [{ allow: [{ actions: 'A', parameters: [{ pointer: 'a', equals: 1 }] }] }, /parameters\/0\/pointer must begin with \//],
    [{ allow: [{ actions: 'A', parameters: [{ pointer: '/a', lessThan: '5' }] }] }, /parameters\/0\/lessThan must be a number/],
    [{ allow: [{ actions: 'A', variables: [] }] }, /variables must be a list; left out it means all/],
    [{ deny: [{ actions: 'A', variables: [{ component: 'C', variable: 'V', access: 'execute' }] }] }, /^user role: deny\/0\/variables\/0\/access must be of read, write, monitor/],
    [{ deny: [{ actions: 'A', variables: [{ component: 'C', variable: 'V', access: 'read', evse: 'x' }] }] }, /evse must be numbers/],
  ] // biome-ignore format: a table
  assert.equal(compileUserRole(good).name, 'r')
  for (const [change, problem] of wrong) {
    assert.throws(() => compileUserRole({ ...good, ...change }), (error) => error instanceof OverlayError && problem.test(error.message), String(problem)) // biome-ignore format: one line
  }
})

test('in any order of roles the same is permitted; one more permission never takes, one more denial never gives', () => {
  const name = fc.constantFrom('A', 'B', 'GetVariables', '*')
  const rule = fc.record({ component: fc.constantFrom('C', 'D', '*'), variable: fc.constantFrom('V', 'W', '*'), access: fc.constant('read' as const) }) // biome-ignore format: one line
  const permission: fc.Arbitrary<PermissionDocument> = fc.record({ actions: name, variables: fc.array(rule, { minLength: 1, maxLength: 2 }), parameters: fc.array(fc.record({ pointer: fc.constant('/x'), equals: fc.constantFrom(1, 2) }), { maxLength: 1 }) }, { requiredKeys: ['actions'] }) // biome-ignore format: one line
  const document = fc.record({ name: fc.constant('r'), version: fc.constant(1), allow: fc.array(permission, { maxLength: 3 }), deny: fc.array(permission, { maxLength: 2 }) }) // biome-ignore format: one line
  const item = fc.tuple(fc.constantFrom('C', 'D'), fc.constantFrom('V', 'W')).map(([c, v]) => variable(c, v)) // biome-ignore format: one line
  const request = fc.tuple(fc.constantFrom('A', 'B', 'GetVariables'), fc.constantFrom(1, 2, undefined), fc.array(item, { maxLength: 3 })).map(([action, x, getVariableData]) => ask(action, { x, getVariableData })) // biome-ignore format: one line
  /** Whether it is permitted, and which items are: more is larger. */
  const score = (documents: UserRoleDocument[], of: ReturnType<typeof ask>) => {
    const rights = judgeRights(documents.map(compileUserRole), of)
    return [rights.status === 'permitted', ...(rights.status === 'permitted' ? (rights.items ?? []) : [])] // biome-ignore format: one line
  }
  const isAtLeast = (a: boolean[], b: boolean[]) => b.every((one, i) => !one || a[i] === true)
  const property = fc.property(fc.array(document, { maxLength: 3 }), permission, request, (documents, more, of) => {
    const before = score(documents, of)
    assert.deepEqual(score(documents.toReversed(), of), before)
    const allowed = score([...documents, { name: 'm', version: 1, allow: [more] }], of)
    assert.ok(isAtLeast(allowed, before))
    const denied = score([...documents, { name: 'm', version: 1, allow: [], deny: [more] }], of)
    assert.ok(isAtLeast(before, denied))
  }) // biome-ignore format: the head is one line
  fc.assert(property, { ...PROPERTY, numRuns: PROPERTY.numRuns * 10 })
})

test('a rate counts what was obeyed of the same permission within its time', () => {
  const own = role([{ actions: 'Reset', to: 'CS*', rate: { atMost: 2, perS: 60 } }])
  const after = (...earlier: { action: string; to: string; agoS: number }[]) =>
    judgeRights([own], { ...ask('Reset'), earlier }).status
  const reset = (agoS: number, to = 'CS01') => ({ action: 'Reset', to, agoS })
  assert.equal(after(), 'permitted')
  assert.equal(after(reset(1)), 'permitted')
  assert.equal(after(reset(1), reset(59, 'CS02')), 'denied')
  assert.equal(after(reset(1), reset(60)), 'permitted', 'the second one is over')
  assert.equal(after(reset(1), { action: 'ClearCache', to: 'CS01', agoS: 1 }), 'permitted')
  assert.equal(after(reset(1), reset(1, 'LC01')), 'permitted', 'that one was by another permission')
})

for (const [what, rate, place] of [
  ['no number', { atMost: '2', perS: 60 }, 'allow/0/rate/atMost'],
  ['more than can be counted', { atMost: 101, perS: 60 }, 'allow/0/rate/atMost'],
  ['more than a day', { atMost: 1, perS: 86_401 }, 'allow/0/rate/perS'],
  ['something unknown', { atMost: 1, perS: 60, burst: 3 }, 'allow/0/rate/burst'],
] as const) {
  test(`a rate of ${what} is refused with its place`, () => {
    assert.throws(() => role([{ actions: 'Reset', rate: rate as never }]), (error) => error instanceof OverlayError && error.code === 'ERR_ROLE_DOCUMENT' && error.details.place === place) // biome-ignore format: one line
  })
} // biome-ignore format: a table

test('what is denied has no rate', () => {
  assert.throws(() => role([], [{ actions: 'Reset', rate: { atMost: 1, perS: 60 } }]), { code: 'ERR_ROLE_DOCUMENT' }) // biome-ignore format: one line
})
