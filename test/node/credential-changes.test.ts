import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PasswordListener } from '../../src/node/core.ts'
import type { UplinkRule } from '../../src/node/uplink-rules.ts'
import { compileFilters } from '../../src/routing/filters/filters.ts'
import type { FilterRule } from '../../src/routing/filters/rule.ts'
import { DEFAULT_POLICY } from '../../src/security/policies/default-policy.ts'
import { overlay, type RawPeer } from '../support/memory-overlay.ts'
import { securityOf } from '../support/secured.ts'

/** What an upstream may change of how a station proves itself and where it connects. */

const primary = (name: string, more: Partial<UplinkRule> = {}): UplinkRule => ({ name, role: 'primary', ...more }) // biome-ignore format: one line
const ids = (peer: RawPeer) => peer.take().map((frame) => String(frame[1]))
const last = (peer: RawPeer | undefined): string => peer?.received.at(-1) ?? ''

type Version = 'ocpp1.6' | 'ocpp2.0.1' | 'ocpp2.1'
interface Variable {
  readonly component: string
  readonly variable: string
  readonly instance?: string
}
const member = ({ component, variable, instance }: Variable, rest: object) => ({
  ...rest,
  component: { name: component, ...(instance !== undefined && { instance }) },
  variable: { name: variable },
})
const setVariables = (...all: (Variable & { readonly value: string })[]) =>
  JSON.stringify({ setVariableData: all.map((one) => member(one, { attributeValue: one.value })) })
const setResults = (...all: (Variable & { readonly status: string })[]) =>
  JSON.stringify({ setVariableResult: all.map((one) => member(one, { attributeStatus: one.status })) }) // biome-ignore format: one line

/** As OCPP signs messages; nobody here verifies it. */
const jws = (payload: string) => JSON.stringify({ payload: Buffer.from(payload).toString('base64url'), protected: 'e30', signature: 'AAAA' }) // biome-ignore format: one line

// ---- Passwords

interface Change {
  readonly action: 'ChangeConfiguration' | 'SetVariables'
  readonly protocol: Version
  readonly request: string
  readonly accepted: string
  readonly rejected: string
  /** The slot, of a network profile that the station may change to. */
  readonly profile?: string
}
const key = (name: string): Change => ({
  action: 'ChangeConfiguration',
  protocol: 'ocpp1.6',
  request: JSON.stringify({ key: name, value: 'new secret' }),
  accepted: '{"status":"Accepted"}',
  rejected: '{"status":"Rejected"}',
})
/** @param answered As the station spells it in its answer. */
const variable = (asked: Variable, answered = asked, protocol: Version = 'ocpp2.0.1'): Change => ({
  action: 'SetVariables',
  protocol,
  request: setVariables({ ...asked, value: 'new secret' }),
  accepted: setResults({ ...answered, status: 'Accepted' }),
  rejected: setResults({ ...answered, status: 'Rejected' }),
})
const BASIC = { component: 'SecurityCtrlr', variable: 'BasicAuthPassword' }
const OTHER_CASE = { component: 'securityctrlr', variable: 'basicauthpassword' }
const slot = (instance: string) => ({ component: 'NetworkConfiguration', variable: 'BasicAuthPassword', instance }) // biome-ignore format: one line

const CHANGES: readonly [string, Change][] = [
  ['ChangeConfiguration of AuthorizationKey', key('AuthorizationKey')],
  ['ChangeConfiguration of authorizationKey', key('authorizationKey')],
  ['ChangeConfiguration of AUTHORIZATIONKEY', key('AUTHORIZATIONKEY')],
  ['SetVariables of BasicAuthPassword', variable(BASIC)],
  ['SetVariables of basicauthpassword, answered in another spelling', variable(OTHER_CASE, BASIC)],
  ['SetVariables of the password of a network profile', { ...variable(slot('1'), undefined, 'ocpp2.1'), profile: '1' }],
] // biome-ignore format: a table

for (const [what, { action, protocol, request, accepted, rejected, profile }] of CHANGES) {
  test(`${what} is followed after the station has accepted it, and only then`, async (t) => {
    const net = overlay(t)
    const changes: [string, string, string | undefined][] = []
    const foreign = net.foreignCsms(primary('foreign'))
    await net.node('NN01', {
      perStation: [foreign.uplink],
      onPasswordChange: ({ station, password, slot: of }) =>
        changes.push([station, password.reveal(), of]),
    })
    const station = net.station('CS01', 'NN01', protocol)
    await net.settle()
    const peer = foreign.connections[0]?.peer as RawPeer
    for (const answer of [rejected, accepted]) {
      assert.deepEqual(changes, [], 'not before')
      peer.send(`[2,"${answer.length}","${action}",${request}]`)
      await net.settle()
      assert.ok(last(station).endsWith(`${request}]`), 'the station gets it as it is')
      station.send(`[3,"${ids(station)[0]}",${answer}]`)
      await net.settle()
    }
    assert.deepEqual(changes, [['CS01', 'new secret', profile]])
    assert.ok(!JSON.stringify(net.events.get('NN01')).includes('new secret'))
  })
}

test('of two passwords in one command the one that was accepted is followed', async (t) => {
  const net = overlay(t)
  const changes: string[] = []
  const foreign = net.foreignCsms(primary('foreign'))
  await net.node('NN01', {
    perStation: [foreign.uplink],
    onPasswordChange: ({ password }) => changes.push(password.reveal()),
  })
  const station = net.station('CS01', 'NN01', 'ocpp2.1')
  await net.settle()
  const both = [{ ...slot('1'), value: 'first' }, { ...slot('2'), value: 'second' }] // biome-ignore format: one line
  foreign.connections[0]?.peer.send(`[2,"a","SetVariables",${setVariables(...both)}]`)
  await net.settle()
  const results = setResults({ ...slot('2'), status: 'Rejected' }, { ...slot('1'), status: 'Accepted' }) // biome-ignore format: one line
  station.send(`[3,"${ids(station)[0]}",${results}]`)
  await net.settle()
  assert.deepEqual(changes, ['first'])
})

test('of two equal entries in one command the one that was accepted is followed', async (t) => {
  for (const [statuses, followed] of [
    [['Rejected', 'Accepted'], ['second']],
    [['Accepted', 'Rejected'], ['first']],
    [['Accepted', 'Accepted'], ['second']],
    [['Rejected', 'Rejected'], []],
  ] as const) {
    const net = overlay(t)
    const changes: string[] = []
    const foreign = net.foreignCsms(primary('foreign'))
    const onPasswordChange: PasswordListener = ({ password }) => changes.push(password.reveal())
    await net.node('NN01', { perStation: [foreign.uplink], onPasswordChange })
    const station = net.station('CS01', 'NN01', 'ocpp2.0.1')
    await net.settle()
    const both = setVariables({ ...BASIC, value: 'first' }, { ...BASIC, value: 'second' })
    foreign.connections[0]?.peer.send(`[2,"a","SetVariables",${both}]`)
    await net.settle()
    const results = setResults(...statuses.map((status) => ({ ...BASIC, status })))
    station.send(`[3,"${ids(station)[0]}",${results}]`)
    await net.settle()
    assert.deepEqual(changes, followed, `${statuses}`)
  }
})

test('a change is followed towards the upstream whose connection it came over, and no other', async (t) => {
  const net = overlay(t)
  const changes: [string, string | undefined][] = []
  const down = new Set(['ChangeConfiguration'])
  const a = net.foreignCsms(primary('a'))
  const b = net.foreignCsms({ name: 'b', role: 'restricted', down })
  const shared: UplinkRule = { name: 'shared', role: 'restricted', down }
  const perStation = [a.uplink, b.uplink]
  const onPasswordChange: PasswordListener = ({ password, by }) => changes.push([password.reveal(), by?.name]) // biome-ignore format: one line
  await net.node('NN01', { perStation, onPasswordChange }, [shared])
  const overlaid = net.upstream('shared', 'NN01')
  const station = net.station('CS01', 'NN01')
  await net.settle()
  for (const [name, send] of [
    ['a', (text: string) => a.connections[0]?.peer.send(`[2,"a",${text}`)],
    ['b', (text: string) => b.connections[0]?.peer.send(`[2,"b",${text}`)],
    ['shared', (text: string) => overlaid.send(`[2,"CS01",["shared"],"c",${text}`)],
  ] as const) {
    send(`"ChangeConfiguration",{"key":"AuthorizationKey","value":"set by ${name}"}]`)
    await net.settle()
    station.send(`[3,"${ids(station)[0]}",{"status":"Accepted"}]`)
    await net.settle()
  }
  assert.deepEqual(changes, [['set by a', 'a'], ['set by b', 'b'], ['set by shared', undefined]]) // biome-ignore format: one line
})

test('an upstream that is gone when the station accepts was told of no change, and is shown the former password', async (t) => {
  const net = overlay(t)
  const changes: [string, string | undefined][] = []
  const mirrored = net.foreignCsms(primary('a'))
  const b = net.foreignCsms({
    name: 'b',
    role: 'restricted',
    down: new Set(['ChangeConfiguration']),
  })
  const onPasswordChange: PasswordListener = ({ password, by }) => changes.push([password.reveal(), by?.name]) // biome-ignore format: one line
  await net.node('NN01', { perStation: [mirrored.uplink, b.uplink], onPasswordChange })
  const station = net.station('CS01', 'NN01')
  await net.settle()
  b.connections[0]?.peer.send('[2,"b","ChangeConfiguration",{"key":"AuthorizationKey","value":"new secret"}]') // biome-ignore format: one line
  await net.settle()
  b.connections[0]?.peer.close()
  await net.settle()
  station.send(`[3,"${ids(station)[0]}",{"status":"Accepted"}]`)
  await net.settle()
  assert.deepEqual(changes, [['new secret', undefined]])
})

test('what a station accepts after its time is followed here, and no upstream was told', async (t) => {
  const net = overlay(t)
  const changes: [string, string | undefined][] = []
  const foreign = net.foreignCsms(primary('a'))
  const onPasswordChange: PasswordListener = ({ password, by }) => changes.push([password.reveal(), by?.name]) // biome-ignore format: one line
  await net.node('NN01', { perStation: [foreign.uplink], onPasswordChange })
  const station = net.station('CS01', 'NN01')
  await net.settle()
  foreign.connections[0]?.peer.send('[2,"a","ChangeConfiguration",{"key":"AuthorizationKey","value":"new secret"}]') // biome-ignore format: one line
  await net.settle()
  const [id] = ids(station)
  await net.wait(33)
  assert.deepEqual(changes, [])
  station.send(`[3,"${id}",{"status":"Accepted"}]`)
  await net.settle()
  assert.deepEqual(changes, [['new secret', undefined]])
})

const NEW = '{"key":"AuthorizationKey","value":"new secret"}'
const inAnswer = (status: string): Omit<FilterRule, 'name'> => ({ match: { kind: 'CALLRESULT', action: 'ChangeConfiguration' }, effect: 'replace', replace: [{ pointer: '/status', value: status }] }) // biome-ignore format: one rule
/** What the station shows from then on, and what the upstream expects. */
const REPLACED: readonly [string, Omit<FilterRule, 'name'>, string, string | undefined, string | undefined][] = [
  ['the password of a command', { match: { kind: 'CALL', action: 'ChangeConfiguration' }, effect: 'replace', replace: [{ pointer: '/value', value: 'replaced' }] }, 'Accepted', 'replaced', 'new secret'],
  ['an answer that says yes', inAnswer('Rejected'), 'Accepted', 'new secret', undefined],
  ['an answer that says no', inAnswer('Accepted'), 'Rejected', undefined, 'new secret'],
] // biome-ignore format: a table

for (const [what, rule, status, shown, expected] of REPLACED) {
  test(`where a rule replaces ${what} the station shows what it was told and has taken, and the upstream expects what it said and was told`, async (t) => {
    const net = overlay(t)
    const foreign = net.foreignCsms(primary('foreign'))
    let [ofStation, ofUpstream]: (string | undefined)[] = []
    const onPasswordChange: PasswordListener = ({ password, by, isTaken = true }) => {
      if (isTaken) ofStation = password.reveal()
      if (by) ofUpstream = password.reveal()
    }
    const filters = compileFilters([{ name: 'x', ...rule }], 'NN01')
    await net.node('NN01', { perStation: [foreign.uplink], filters, onPasswordChange })
    const station = net.station('CS01', 'NN01')
    await net.settle()
    foreign.connections[0]?.peer.send(`[2,"a","ChangeConfiguration",${NEW}]`)
    await net.settle()
    station.send(`[3,"${ids(station)[0]}",{"status":"${status}"}]`)
    await net.settle()
    assert.deepEqual([ofStation, ofUpstream], [shown, expected])
  })
}

test('an upstream whose answer is held in quarantine is shown the former password until it is told', async (t) => {
  const net = overlay(t)
  const changes: [string, string | undefined][] = []
  const foreign = net.foreignCsms(primary('foreign'))
  const onPasswordChange: PasswordListener = ({ password, by }) => changes.push([password.reveal(), by?.name]) // biome-ignore format: one line
  const forward = [{ match: { kinds: 'CALLRESULT' as const }, treat: 'quarantine' as const }, { match: {}, treat: 'pass' as const }] // biome-ignore format: one line
  const security = securityOf('NN01', { ...DEFAULT_POLICY, name: 'middle', forward })
  const node = await net.node('NN01', { perStation: [foreign.uplink], security, onPasswordChange })
  const station = net.station('CS01', 'NN01')
  await net.settle()
  const peer = foreign.connections[0]?.peer as RawPeer
  peer.send(`[2,"a","ChangeConfiguration",${NEW}]`)
  await net.settle()
  station.send(`[3,"${ids(station)[0]}",{"status":"Accepted"}]`)
  await net.settle()
  assert.deepEqual(changes, [['new secret', undefined]])
  assert.deepEqual(peer.received, [])
  node.quarantine.release(node.quarantine.list()[0]?.id ?? 0)
  await net.settle()
  assert.deepEqual(peer.received, ['[3,"a",{"status":"Accepted"}]'])
  assert.deepEqual(changes, [['new secret', undefined], ['new secret', 'foreign']]) // biome-ignore format: one line
})

test('a password that a node sets itself, as a CSMS does, is followed as any other', async (t) => {
  const net = overlay(t)
  const changes: [string, string][] = []
  const node = await net.node('CSMS01', {
    services: ['CSMS', 'CentralSystem'],
    hasDefaultRoute: false,
    onPasswordChange: ({ station, password }) => changes.push([station, password.reveal()]),
  })
  const station = net.station('CS01', 'CSMS01')
  const change = { key: 'AuthorizationKey', value: 'new secret' }
  for (const status of ['Rejected', 'Accepted'] as const) {
    const asked = node.call('CS01', 'ocpp1.6', 'ChangeConfiguration', change)
    await net.settle()
    assert.deepEqual(changes, [], 'not before')
    station.send(`[3,"${ids(station)[0]}",{"status":"${status}"}]`)
    await net.settle()
    assert.deepEqual(await asked, { status })
  }
  assert.deepEqual(changes, [['CS01', 'new secret']])
})

test('the password of a network profile is followed where an upstream may set one', async (t) => {
  const net = overlay(t)
  const changes: [string, string | undefined][] = []
  const foreign = net.foreignCsms(primary('foreign', { allowsNetworkChanges: true }))
  await net.node('NN01', {
    perStation: [foreign.uplink],
    onPasswordChange: ({ password, slot: of }) => changes.push([password.reveal(), of]),
  })
  const station = net.station('CS01', 'NN01', 'ocpp2.1')
  await net.settle()
  const data = { configurationSlot: 2, connectionData: { basicAuthPassword: 'of slot 2' } }
  foreign.connections[0]?.peer.send(`[2,"a","SetNetworkProfile",${JSON.stringify(data)}]`)
  await net.settle()
  station.send(`[3,"${ids(station)[0]}",{"status":"Accepted"}]`)
  await net.settle()
  assert.deepEqual(changes, [['of slot 2', '2']])
})

test('a password that was set by a signed command is followed, answered plainly or signed', async (t) => {
  for (const wrap of [(answer: string) => answer, jws]) {
    const net = overlay(t)
    const changes: string[] = []
    const foreign = net.foreignCsms(primary('foreign'))
    const onPasswordChange: PasswordListener = ({ password }) => changes.push(password.reveal())
    await net.node('NN01', { perStation: [foreign.uplink], onPasswordChange })
    const station = net.station('CS01', 'NN01', 'ocpp2.0.1')
    await net.settle()
    const request = jws(setVariables({ ...BASIC, value: 'new secret' }))
    foreign.connections[0]?.peer.send(`[2,"a","SetVariables-Signed",${request}]`)
    await net.settle()
    station.send(`[3,"${ids(station)[0]}",${wrap(setResults({ ...BASIC, status: 'Accepted' }))}]`)
    await net.settle()
    assert.deepEqual(changes, ['new secret'])
  }
})

// ---- Where and how it connects

const setKey = (name: string) => JSON.stringify({ key: name, value: '1' })
const setVariable = (component: string, variable: string) => setVariables({ component, variable, value: '1' }) // biome-ignore format: one line

for (const [action, protocol, payload] of [
  ['SetNetworkProfile', 'ocpp2.0.1', '{"configurationSlot":1,"connectionData":{}}'],
  ['ChangeConfiguration', 'ocpp1.6', setKey('SecurityProfile')],
  ['ChangeConfiguration', 'ocpp1.6', setKey('securityProfile')],
  ['ChangeConfiguration', 'ocpp1.6', setKey('SECURITYPROFILE')],
  ['ChangeConfiguration', 'ocpp1.6', setKey('centralSystemUrl')],
  ['ChangeConfiguration', 'ocpp1.6', '{"key":"SecurityProfile","key":"x","value":"1"}'],
  ['SetVariables', 'ocpp2.0.1', setVariable('OCPPCommCtrlr', 'NetworkConfigurationPriority')],
  ['SetVariables', 'ocpp2.0.1', setVariable('ocppcommctrlr', 'ACTIVENETWORKPROFILE')],
  ['SetVariables', 'ocpp2.0.1', setVariable('securityctrlr', 'securityprofile')],
  ['SetVariables', 'ocpp2.0.1', setVariable('SecurityCtrlr', 'identity')],
  ['SetVariables', 'ocpp2.1', setVariable('NetworkConfiguration', 'OcppCsmsUrl')],
  ['SetVariables', 'ocpp2.1', setVariable('NetworkConfiguration', 'SecurityProfile')],
  ['SetVariables', 'ocpp2.1', setVariable('networkconfiguration', 'ocppCsmsUrl')],
  [
    'SetVariables',
    'ocpp2.1',
    setVariables(
      { ...slot('1'), value: 'x' },
      { component: 'NetworkConfiguration', variable: 'OcppInterface', value: 'Wireless0' },
    ),
  ],
  ['SetNetworkProfile-Signed', 'ocpp2.0.1', jws('{"configurationSlot":1,"connectionData":{}}')],
  ['ChangeConfiguration-Signed', 'ocpp1.6', '{"payload":"AA"}'],
  [
    'CertificateSigned',
    'ocpp2.0.1',
    '{"certificateChain":"x","certificateType":"ChargingStationCertificate"}',
  ],
  ['CertificateSigned', 'ocpp1.6', '{"certificateChain":"x"}'],
  [
    'InstallCertificate',
    'ocpp2.0.1',
    '{"certificateType":"CSMSRootCertificate","certificate":"x"}',
  ],
  ['DeleteCertificate', 'ocpp2.0.1', '{"certificateHashData":{}}'],
] as const) {
  // biome-ignore format: a table
  test(`an upstream cannot move a station away from the node: ${action} ${payload}`, async (t) => {
    const net = overlay(t)
    const foreign = net.foreignCsms(primary('foreign'))
    await net.node('NN01', { perStation: [foreign.uplink] })
    const station = net.station('CS01', 'NN01', protocol)
    await net.settle()
    const peer = foreign.connections[0]?.peer as RawPeer
    peer.send(`[2,"a","${action}",${payload}]`)
    await net.settle()
    assert.equal(peer.take()[0]?.[0], 4)
    assert.deepEqual(station.received, [])
  })
}

test('an upstream that is trusted with it may', async (t) => {
  const net = overlay(t)
  const foreign = net.foreignCsms(primary('foreign', { allowsNetworkChanges: true }))
  await net.node('NN01', { perStation: [foreign.uplink] })
  const station = net.station('CS01', 'NN01')
  await net.settle()
  foreign.connections[0]?.peer.send(`[2,"a","ChangeConfiguration",${setKey('SecurityProfile')}]`)
  await net.settle()
  assert.match(last(station), /SecurityProfile/)
})

for (const [protocol, action, payload] of [
  ['ocpp1.6', 'ChangeConfiguration', setKey('SecurityProfiles')],
  ['ocpp2.0.1', 'InstallCertificate', '{"certificateType":"V2GRootCertificate","certificate":"x"}'],
  ['ocpp2.1', 'SetVariables', setVariable('SecurityCtrlr', 'OrganizationName')],
  ['ocpp2.1', 'SetVariables', setVariable('LocalNetworkConfiguration', 'OcppCsmsUrl')],
] as const) {
  test(`what only looks like it passes: ${payload}`, async (t) => {
    const net = overlay(t)
    const foreign = net.foreignCsms(primary('foreign'))
    await net.node('NN01', { perStation: [foreign.uplink] })
    const station = net.station('CS01', 'NN01', protocol)
    await net.settle()
    foreign.connections[0]?.peer.send(`[2,"a","${action}",${payload}]`)
    await net.settle()
    assert.ok(last(station).endsWith(`${payload}]`))
  })
}
