import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, type TestContext, test } from 'node:test'
import { stringify } from 'yaml'
import { loadConfig } from '../../src/cli/config.ts'
import { canBothMatch } from '../../src/cli/config-links.ts'
import { CONFIG_SCHEMA } from '../../src/cli/config-schema.ts'
import { temporaryFolder } from '../end-to-end/processes.ts'
import { createAuthority } from '../support/certificates.ts'

/** What a configuration says about links can be done, and all of it counts. */

const files = new Map([['password', 'S3CRET-OF-CS01']])
before(async () => {
  const authority = await createAuthority()
  const { certificate, key } = await authority.issue({ commonName: 'NN01' })
  files.set('ca.pem', authority.certificate)
  files.set('own.pem', certificate)
  files.set('own-key.pem', key.reveal())
})

function load(t: TestContext, text: string) {
  const folder = temporaryFolder(t)
  for (const [name, content] of files) writeFileSync(join(folder, name), content)
  mkdirSync(join(folder, 'passwords'))
  writeFileSync(join(folder, 'node.yaml'), text)
  return loadConfig(join(folder, 'node.yaml'))
}

const HEAD = 'nodeId: NN01\nrole: networking-node\nlisten: [{port: 0}]\n'
const STATION = 'nodeId: CS01\nrole: charging-station\ntokens: [TAG]\n'
const uplink = (url: string, more = '') =>
  `${HEAD}uplinks:\n  - url: ${JSON.stringify(url)}\n${more}`
const up = (more: string) => uplink('wss://a.example/', more)
const down = (more: string, url = 'ws://b.example/') =>
  `${HEAD}downlinks:\n  - url: ${url}\n${more}`
const lowest = (profile: number, url: string, more = '') =>
  `${down(`    peerId: CS01\n${more}`, url)}peers: [{id: cs01, securityProfile: ${profile}}]\n`
const OWN = '    tls: {certificateFile: own.pem, keyFile: own-key.pem}\n'
const TRUST = '    tls: {caFile: ca.pem}\n'
const PASSWORD = '    passwordFile: password\n'
const filter = (match: string) =>
  `${HEAD}filters:\n  - name: a\n    effect: reject\n    match: {${match}}\n`

// biome-ignore format: a table
const MISTAKES: [string, string, RegExp][] = [
  // ---- Ports
  ['a console where stations connect', 'nodeId: A\nrole: csms\nlisten: [{port: 9000}]\nhttp: {port: 9000}\n', /:4:8: http\.port \(9000\) is that of listen\.0 already; choose another one$/],
  ['a console on one address of all', 'nodeId: A\nrole: csms\nlisten: [{port: 9000, host: 0.0.0.0}]\nhttp: {port: 9000}\n', /http\.port \(9000\) is that of listen\.0 already/],
  ['two listeners at one place', 'nodeId: A\nrole: csms\nlisten: [{port: 9000}, {port: 9000}]\n', /listen\.1\.port \(9000\) is that of listen\.0 already/],
  // ---- URLs
  ['a port that there is not', uplink('ws://127.0.0.1:99999/'), /:5:5: uplinks\.0\.url is no URL: it must be like wss:/],
  ['a space in a host', uplink('ws://exa mple/'), /:5:5: uplinks\.0\.url is no URL/],
  ['a space behind a URL', uplink('ws://a.example/ '), /:5:5: uplinks\.0\.url is no URL/],
  ['no host', uplink('ws://'), /:5:5: uplinks\.0\.url is no URL/],
  ['no host of a station', down('    peerId: CS01\n', 'ws://'), /:5:5: downlinks\.0\.url is no URL/],
  ['the port 0', uplink('ws://a.example:0/'), /:5:5: uplinks\.0\.url has the port 0/],
  ['a query', uplink('ws://a.example/ocpp?x=1'), /:5:5: uplinks\.0\.url has a query or fragment .* leave it out$/],
  ['an empty query', uplink('ws://a.example/ocpp?'), /uplinks\.0\.url has a query or fragment/],
  ['a fragment', uplink('ws://a.example/ocpp#x'), /uplinks\.0\.url has a query or fragment/],
  ['a password in a URL', uplink('ws://CS01:S3CRET-OF-CS01@a.example/'), /:5:5: uplinks\.0\.url has a user or a password in it: put the password into a file and name it in `passwordFile`$/],
  ['a user in a URL', uplink('ws://S3CRET-OF-CS01@a.example/'), /uplinks\.0\.url has a user or a password in it/],
  ['a password in the URL of a station', down('    peerId: CS01\n', 'ws://x:S3CRET-OF-CS01@a.example/'), /:5:5: downlinks\.0\.url has a user or a password in it/],
  ['another scheme', uplink('https://a.example/'), /:5:5: uplinks\.0\.url must begin with ws:\/\/ or wss:\/\/$/],
  ['certificates without TLS at a station', down(`    peerId: CS01\n${TRUST}`), /:7:5: downlinks\.0\.tls needs a wss: URL/],
  ['a certificate without its key at a station', down('    peerId: CS01\n    tls: {certificateFile: own.pem}', 'wss://a.example/'), /:7:5: downlinks\.0\.tls needs certificateFile and keyFile together/],
  // ---- Ids
  ['an illegal destination', `${HEAD}routes:\n  - destination: " x"\n    via: NN02`, /:5:5: routes\.0\.destination is not a legal node id/],
  ['an illegal neighbour', `${HEAD}routes:\n  - destination: x\n    via: "NN02 "`, /:6:5: routes\.0\.via is not a legal node id/],
  ['a route to a group', `${HEAD}routes:\n  - destination: "*all"\n    via: NN02`, /:5:5: routes\.0\.destination \(\*all\) is the name of a group/],
  ['a route over nobody', `${HEAD}routes:\n  - destination: x\n    via: "0"`, /:6:5: routes\.0\.via \(0\) is the name of a group/],
  ['a route over itself', `${HEAD}routes:\n  - destination: x\n    via: nn01`, /:6:5: routes\.0\.via \(nn01\) is the own id of this node/],
  ['a route to itself', `${HEAD}routes:\n  - destination: NN01\n    via: NN02`, /:5:5: routes\.0\.destination \(NN01\) is the own id of this node/],
  ['an illegal operator', `${HEAD}operator: " x"`, /:4:1: operator is not a legal node id/],
  ['an operator that is too long for its services', `${HEAD}operator: ${'x'.repeat(250)}`, /:4:1: operator is not a legal node id/],
  ['an operator with a slash', `${HEAD}operator: a b/c`, /:4:1: operator has a slash in it, which parts it from its services \(operator\/CSMS\); leave it out$/],
  ['an operator that is a group', `${HEAD}operator: "*x"`, /:4:1: operator is the name of a service or group/],
  ['an operator that is a service', `${HEAD}operator: csms`, /:4:1: operator is the name of a service or group/],
  ['an illegal CSMS', up('    peerId: " x"'), /:6:5: uplinks\.0\.peerId is not a legal node id/],
  ['itself as CSMS', up('    peerId: nn01'), /:6:5: uplinks\.0\.peerId \(nn01\) is the own id of this node/],
  ['a group as CSMS', up('    peerId: "*all"'), /:6:5: uplinks\.0\.peerId \(\*all\) is the name of a group/],
  ['an illegal station', down('    peerId: " x"'), /:6:5: downlinks\.0\.peerId is not a legal node id/],
  ['itself as station', down('    peerId: NN01'), /:6:5: downlinks\.0\.peerId \(NN01\) is the own id/],
  ['a service as station', down('    peerId: CSMS'), /:6:5: downlinks\.0\.peerId is the name of a service: it must be the id of the station/],
  ['an id that no station has', down('    peerId: CS 01'), /:6:5: downlinks\.0\.peerId \(CS 01\) can be the id of a node, but of no station/],
  ['two uplinks to one neighbour', up('    peerId: CSMS01\n  - url: ws://b.example/\n    peerId: csms01'), /:8:5: uplinks\.1\.peerId \(csms01\) is the peer of a link above, too; several links to one neighbour are not there yet/],
  ['two CSMSs without a name', `${HEAD}uplinks:\n  - {url: "wss://a.example/", mode: standard, protocol: ocpp1.6}\n  - {url: "wss://b.example/", dialect: reference}\n`, /:6:6: uplinks\.1\.url leads to somebody without a name/],
  ['two downlinks to one station', down('    peerId: CS01\n  - url: ws://c.example/\n    peerId: cs01'), /:8:5: downlinks\.1\.peerId \(cs01\) is the peer of a link above/],
  ['one neighbour above and below', `${down('    peerId: CS01\n')}uplinks:\n  - url: ws://c.example/\n    peerId: CS01`, /:6:5: downlinks\.0\.peerId \(CS01\) is the peer of a link above/],
  // ---- Actions
  ['an action in another case upwards', up('    role: restricted\n    allow: {up: [MeterValues, metervalues]}'), /:7:31: uplinks\.0\.allow\.up\.1 \(metervalues\) must be spelt as on the wire, as in MeterValues$/],
  ['an action in another case downwards', up('    role: restricted\n    allow: {down: [setChargingProfile]}'), /uplinks\.0\.allow\.down\.0 \(setChargingProfile\) must be spelt .* SetChargingProfile$/],
  ['a pattern of actions', up('    role: restricted\n    allow: {down: ["Set*"]}'), /uplinks\.0\.allow\.down\.0 \(Set\*\) stands for no action: only `\*` alone stands for all/],
  ['an action in another case in a filter', filter('action: reset'), /:7:13: filters\.0\.match\.action \(reset\) must be spelt as on the wire, as in Reset$/],
  ['a pattern in another case in a filter', filter('action: [Reset, "set*profile"]'), /filters\.0\.match\.action \(set\*profile\) must be spelt .*, as in SetChargingProfile$/],
  // ---- Stations that are dialled
  ['profile 2 over ws://', lowest(2, 'ws://a.example/', PASSWORD), /:5:5: downlinks\.0\.url must be wss:\/\/: this gives at most security profile 1, and the entry of CS01 under peers wants security profile 2$/],
  ['profile 3 over ws://', lowest(3, 'ws://a.example/'), /:5:5: downlinks\.0\.url must be wss:/],
  ['profile 3 without a certificate', lowest(3, 'wss://a.example/', PASSWORD), /:5:5: downlinks\.0\.tls must have a certificateFile and keyFile of this node, and the entry of CS01/],
  ['profile 3 with nothing but an authority', lowest(3, 'wss://a.example/', TRUST), /:7:5: downlinks\.0\.tls must have a certificateFile/],
  ['profile 2 without a password', lowest(2, 'wss://a.example/', TRUST), /downlinks\.0\.passwordFile is missing: without it this node shows nothing, and the entry of CS01 under peers wants security profile 2$/],
  ['profile 1 without a password', lowest(1, 'ws://a.example/'), /downlinks\.0\.passwordFile is missing/],
  // ---- Who listens, and who is dialled
  ['a node that listens as a station', 'nodeId: NN01\nrole: networking-node\nlisten:\n  - port: 0\n    peer: csms', /:5:5: listen\.0\.peer csms is for charging stations that listen: a node dials its CSMS under `uplinks`$/],
  ['a station that listens to stations', `${STATION}listen:\n  - port: 0\n    protocol: ocpp1.6`, /:5:5: listen\.0\.peer must be csms: a charging station that listens is dialled/],
  ['a station with one connection per station', `${STATION}uplinks:\n  - url: ws://a.example/\n    mode: per-station\n    protocol: ocpp1.6`, /:6:5: uplinks\.0\.mode per-station is for nodes/],
  ['a station with stations below', `${STATION}uplinks: [{url: "ws://a.example/", mode: standard, protocol: ocpp1.6}]\ndownlinks:\n  - url: ws://b.example/\n    peerId: CS02`, /:6:5: downlinks\.0 is for nodes and CSMSs/],
  // ---- Signatures on links
  ['customData towards a CSMS of 1.6', up('    mode: standard\n    protocol: ocpp1.6\n    carrier: customData'), /:8:5: uplinks\.0\.carrier customData does not exist in OCPP 1\.6/],
  ['customData towards a station of 1.6', down('    peerId: CS01\n    protocol: ocpp1.6\n    carrier: customData', 'wss://a.example/'), /:8:5: downlinks\.0\.carrier customData does not exist in OCPP 1\.6/],
  ['a carrier for a node', `${HEAD}peers: [{id: NN02, peer: node, carrier: signed}]`, /peers\.0\.carrier is for stations: nodes bear all signatures/],
  ['a carrier that there is not', up('    mode: per-station\n    carrier: jws'), /uplinks\.0\.carrier must be one of strip, customData, signed, wwcp/],
  ['the legacy form towards a CSMS of 2.0.1', up('    mode: standard\n    protocol: ocpp2.0.1\n    carrier: wwcp'), /:8:5: uplinks\.0\.carrier wwcp is of OCPP 2\.1, and this link is of ocpp2\.0\.1/],
  // ---- Waits
  ['a wait of years', up('    backOff: {waitMinimumS: 1.0e+9, randomRangeS: 0, repeatTimes: 0}'), /:6:15: uplinks\.0\.backOff\.waitMinimumS must be <= 86400/],
  ['a range of years', up('    backOff: {waitMinimumS: 1, randomRangeS: 86401, repeatTimes: 0}'), /uplinks\.0\.backOff\.randomRangeS must be <= 86400/],
  ['a wait that doubles without end', up('    backOff: {waitMinimumS: 1, randomRangeS: 1, repeatTimes: 17}'), /uplinks\.0\.backOff\.repeatTimes must be <= 16/],
  ['a heartbeat that never comes', `${HEAD}heartbeatIntervalS: .inf`, /:4:1: heartbeatIntervalS must be <= 86400/],
  ['a session of years', `${HEAD}simulation: {sessionS: 3000000}`, /simulation\.sessionS must be <= 86400/],
  ['an uplink for no station', up('    mode: per-station\n    stations: []'), /:7:5: uplinks\.0\.stations must NOT have fewer than 1 items/],
]

for (const [what, text, expected] of MISTAKES) {
  test(`${what} is refused with its place`, (t) => {
    assert.throws(
      () => load(t, text),
      (error: Error) => {
        assert.match(error.message, expected)
        assert.doesNotMatch(error.message, /S3CRET/)
        return true
      },
    )
  })
}

// biome-ignore format: a table
const FINE: [string, string][] = [
  ['a path, a port and an address', uplink('wss://[::1]:9443/ocpp/a@b')],
  ['routes to nodes and services', up('routes: [{destination: CSMS, via: NN02}, {destination: op/CSMS, via: CSMS}]')],
  ['an operator', `${HEAD}operator: Example Charging`],
  ['two CSMSs that speak for themselves', up('  - url: wss://b.example/')],
  ['two CSMSs with one name for commands', up('    mode: per-station\n    stations: ["A*"]\n    peerId: BACKEND\n  - url: wss://b.example/\n    mode: per-station\n    stations: ["B*"]\n    peerId: BACKEND')],
  ['actions of all versions', up('    role: restricted\n    allow: {up: ["*"], down: [Reset, RemoteStartTransaction, SetDERControl, NotifyNetworkTopology]}\n  - {url: "wss://b.example/", role: primary}')],
  ['patterns of actions in a filter', filter('action: ["Set*", "*Profile", Reset]')],
  ['profile 1 of a station that is dialled', lowest(1, 'ws://a.example/', PASSWORD)],
  ['profile 2 of a station that is dialled', lowest(2, 'wss://a.example/', PASSWORD)],
  ['profile 2 with a certificate, which is more', lowest(2, 'wss://a.example/', OWN)],
  ['profile 3 of a station that is dialled', lowest(3, 'wss://a.example/', OWN)],
  ['no profile of a station that is dialled', lowest(0, 'ws://a.example/', '    insecure: true\n')],
  ['signed messages of 1.6', up('    mode: standard\n    protocol: ocpp1.6\n    carrier: signed')],
  ['the legacy form between nodes', up('    carrier: wwcp')],
  ['the legacy form of a node and of a station', `${HEAD}peers: [{id: NN02, peer: node, passwordFile: password, carrier: wwcp}, {id: CS01, passwordFile: password, carrier: wwcp}]`],
  ['customData of a station', `${HEAD}peers: [{id: CS01, passwordFile: password, carrier: customData}]`],
  ['the longest waits', up('    backOff: {waitMinimumS: 86400, randomRangeS: 86400, repeatTimes: 16}')],
]

for (const [what, text] of FINE) {
  test(`${what}: fine`, (t) => assert.deepEqual(load(t, text).warnings, []))
}

test('an action that no version has is a warning with its place: it may be one of a vendor', (t) => {
  const lists = '    role: restricted\n    allow: {up: [MeterValue], down: [VendorReset]}\n'
  const rules = 'filters:\n  - {name: a, effect: reject, match: {action: ["Vendor*"]}}\n'
  const primary = '  - {url: "wss://b.example/", role: primary}\n'
  const { warnings } = load(t, up(`${lists}${primary}${rules}`))
  assert.deepEqual(warnings.map((warning) => warning.replace(/^.*node\.yaml:/, '')), [
    '7:18: uplinks.0.allow.up.0 (MeterValue) is an action of no OCPP version; is it one of a vendor, or misspelt?',
    '7:38: uplinks.0.allow.down.0 (VendorReset) is an action of no OCPP version; is it one of a vendor, or misspelt?',
    '10:39: filters.0.match.action (Vendor*) is an action of no OCPP version; is it one of a vendor, or misspelt?',
  ]) // biome-ignore format: one each
})

// ---- Where settings count

const KINDS = {
  overlay: { mode: 'overlay' },
  roles: { mode: 'overlay', role: 'mirror' },
  standard: { mode: 'standard' },
  perStation: { mode: 'per-station' },
  copies: { mode: 'per-station', role: 'mirror' },
} as const
const ALL = ['overlay', 'roles', 'standard', 'perStation', 'copies']

/** Of each setting an example, and the kinds of uplink on which it counts. */
// biome-ignore format: a table
const SETTINGS: Record<string, [example: unknown, counts: readonly string[]]> = {
  url:                 ['wss://a.example/', ALL],
  name:                ['one', ALL],
  compression:         [false, ALL],
  tls:                 [{ caFile: 'ca.pem' }, ALL],
  insecure:            [true, ALL],
  backOff:             [{ waitMinimumS: 1, randomRangeS: 1, repeatTimes: 1 }, ALL],
  passwordFile:        ['password', ALL],
  peerId:              ['CSMS01', ALL],
  role:                ['primary', ['overlay', 'roles', 'perStation', 'copies']],
  stations:            [['CS*'], ['roles', 'perStation', 'copies']],
  allow:               [{ up: ['*'] }, ['roles', 'perStation', 'copies']],
  allowNetworkChanges: [false, ['perStation', 'copies']],
  onUpstreamLoss:      ['close', ['perStation']],
  stationPasswords:    ['passwords', ['perStation', 'copies']],
  carrier:             ['signed', ['standard', 'perStation', 'copies']],
  keyAsBytes:          [true, ['standard', 'perStation', 'copies']],
  dialect:             ['reference', ['overlay', 'roles']],
  protocol:            ['ocpp2.1', ['overlay', 'roles', 'standard']],
  mode:                [undefined, ALL],
}

test('of each setting of uplinks it is said here where it counts', () => {
  const { properties } = CONFIG_SCHEMA.properties.uplinks.items
  assert.deepEqual(Object.keys(SETTINGS).sort(), Object.keys(properties).sort())
})

for (const [setting, [example, counts]] of Object.entries(SETTINGS)) {
  for (const [kind, basis] of Object.entries(KINDS)) {
    const does = counts.includes(kind)
    test(`${setting} ${does ? 'counts' : 'is refused, with where it counts,'} on an uplink of kind ${kind}`, (t) => {
      const one: object = {
        url: 'wss://a.example/',
        passwordFile: 'password',
        ...(example === undefined ? {} : { [setting]: example }),
        ...basis,
        ...(setting === 'role' && { role: example }),
      }
      const isMirror = 'role' in one && one.role === 'mirror'
      const primary = { url: 'wss://z.example/', role: 'primary' }
      const text = `${HEAD}${stringify({ uplinks: isMirror ? [one, primary] : [one] })}`
      if (does) return assert.deepEqual(load(t, text).warnings, [])
      const line =
        text
          .split('\n')
          .findIndex((written, at) => at > 2 && written.trim().startsWith(`${setting}:`)) + 1
      const said = new RegExp(
        `node\\.yaml:${line}:\\d+: uplinks\\.0\\.${setting} (counts only with|is for|is the station's own with)`,
      )
      assert.throws(() => load(t, text), said)
    })
  }
}

test('patterns of stations overlap where some id fits both', () => {
  for (const [a, b] of [
    ['*', 'x'],
    ['cs0*', '*7'],
    ['a*b*c', 'a*c'],
    ['**', '*'],
    ['cs*1', 'cs1'],
  ]) {
    assert.ok(canBothMatch(a ?? '', b ?? '') && canBothMatch(b ?? '', a ?? ''), `${a} ${b}`)
  }
  for (const [a, b] of [
    ['cs0*', 'cs1*'],
    ['a', 'b'],
    ['a*', 'b'],
    ['*a', '*b'],
    ['cs*1', 'cs'],
    ['', 'a'],
  ]) {
    // biome-ignore format: one line
    assert.ok(!canBothMatch(a ?? '', b ?? '') && !canBothMatch(b ?? '', a ?? ''), `${a} ${b}`)
  }
  const stars = '*a'.repeat(60)
  assert.ok(!canBothMatch(stars, `${'*b'.repeat(60)}`), 'at once, however many stars')
})

test('one port may serve at two addresses, and 0 any number of times', (t) => {
  const two = 'nodeId: A\nrole: csms\nlisten: [{port: 9000, host: 127.0.0.2}]\nhttp: {port: 9000}\n'
  assert.equal(load(t, two).http?.port, 9000)
  const any = 'nodeId: A\nrole: csms\nlisten: [{port: 0}, {port: 0}]\nhttp: {port: 0}\n'
  assert.equal(load(t, any).listen.length, 2)
})
