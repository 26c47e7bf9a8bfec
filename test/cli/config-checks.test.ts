import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { before, type TestContext, test } from 'node:test'
import { loadConfig } from '../../src/cli/config.ts'
import { Secret } from '../../src/transport/credentials.ts'
import { storeSecret } from '../../src/transport/passwords.ts'
import { temporaryFolder } from '../end-to-end/processes.ts'
import { createAuthority, createWeakIdentity } from '../support/certificates.ts'

/** What contradicts itself is refused with its place, before anything listens. */

const KEY = 'a key of sixteen or more'.replaceAll(' ', '-')
const files = new Map<string, string>()

before(async () => {
  const authority = await createAuthority()
  const [own, other] = await Promise.all(
    ['NN01', 'other'].map((commonName) => authority.issue({ commonName })),
  )
  assert.ok(own && other)
  files.set('stored', storeSecret(new Secret('0'.repeat(40)), new Secret(KEY)))
  files.set('broken', '$argon2id$')
  files.set('plain', 'a password of CS01')
  files.set('key', `${KEY}\n`)
  files.set('chain.pem', own.certificate)
  files.set('key.pem', own.key.reveal())
  files.set('other.pem', other.key.reveal())
  files.set('ca.pem', authority.certificate)
  const weak = await createWeakIdentity()
  files.set('weak.pem', weak.certificate)
  files.set('weak-key.pem', weak.key.reveal())
  files.set('bad.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
})

function write(t: TestContext, text: string): string {
  const folder = temporaryFolder(t)
  for (const [name, content] of files) writeFileSync(join(folder, name), content)
  mkdirSync(join(folder, 'backend'))
  writeFileSync(join(folder, 'backend/CS01'), files.get('stored') ?? '')
  writeFileSync(join(folder, 'node.yaml'), text)
  return join(folder, 'node.yaml')
}

const HEAD = 'nodeId: NN01\nrole: networking-node\n'
const LISTEN = `${HEAD}listen: [{port: 0}]\n`
const tls = (more = '') => `${HEAD}listen:\n  - port: 0\n    tls: {certificateFile: chain.pem, keyFile: key.pem${more}}\n` // biome-ignore format: one line
const UP = 'uplinks:\n  - url: wss://a.example/\n'

// biome-ignore format: a table
const MISTAKES: [string, string, RegExp][] = [
  ['a password file that is not there', `${LISTEN}peers:\n  - id: CS01\n    passwordFile: ./none`, /:6:5: peers\.0\.passwordFile \(\.\/none\) cannot be used: no such file/],
  ['a password in the place of its file, which is not repeated', `${LISTEN}peers:\n  - id: CS01\n    passwordFile: hunter2`, /:6:5: (?!.*hunter2)peers\.0\.passwordFile names a file that cannot be used: .*if it is the password itself, put that into a file$/],
  ['the same for an uplink', `${LISTEN}${UP}    passwordFile: hunter2`, /:6:5: (?!.*hunter2)uplinks\.0\.passwordFile names a file that/],
  ['aliases without end', `a: &a [x]\n${'bcdefgh'.split('').map((c, i) => `${c}: &${c} [${Array(9).fill(`*${'abcdefgh'[i]}`)}]`).join('\n')}\n${LISTEN}`, /node\.yaml:1:1: /],
  ['a stored password without its key', `${LISTEN}peers:\n  - id: CS01\n    passwordFile: stored`, /node\.yaml:6:5: peers\.0\.passwordFile \(CS01\) is hashed under a key; set passwordKeyFile$/],
  ['a broken stored password', `${LISTEN}peers:\n  - id: CS01\n    passwordFile: broken`, /:6:5: peers\.0\.passwordFile \(CS01\) is no argon2id string that can be used$/],
  ['a stored password towards an uplink', `${LISTEN}${UP}    passwordFile: stored`, /:6:5: uplinks\.0\.passwordFile \(stored\) holds the stored form/],
  ['a broken stored password towards an uplink', `${LISTEN}${UP}    passwordFile: broken`, /:6:5: uplinks\.0\.passwordFile \(broken\) holds the stored form/],
  ['a stored password towards a station', `${LISTEN}downlinks:\n  - url: ws://a.example/\n    peerId: CS01\n    passwordFile: stored`, /:7:5: downlinks\.0\.passwordFile \(stored\) holds the stored form/],
  ['a stored password in the name of a station', `${LISTEN}${UP}    mode: per-station\n    stationPasswords: backend`, /:7:5: uplinks\.0\.stationPasswords \(backend\/CS01\) holds the stored form/],
  ['a file in place of the folder of passwords', `${LISTEN}${UP}    mode: per-station\n    stationPasswords: plain`, /:7:5: uplinks\.0\.stationPasswords \(plain\) is a file/],
  ['an illegal peer', `${LISTEN}peers:\n  - id: " CS01"`, /:5:5: peers\.0\.id is not a legal node id/],
  ['a peer with a reserved name', `${LISTEN}peers:\n  - id: csms`, /:5:5: peers\.0\.id is not a legal node id/],
  ['the own id as a peer', `${LISTEN}peers:\n  - id: nn01`, /:5:5: peers\.0\.id \(nn01\) is the own id of this node$/],
  ['a kind of peer that there is not', `${LISTEN}peers:\n  - id: NN02\n    peer: csms`, /:6:5: peers\.0\.peer must be one of station, node$/],
  ['a node that is tolerated', `${LISTEN}peers:\n  - id: NN02\n    peer: node\n    validation: tolerant`, /:7:5: peers\.0\.validation is for stations, and NN02 is entered with `peer: node`: leave it out/],
  ['lengths of a node', `${LISTEN}peers:\n  - id: NN02\n    peer: node\n    maxLengths: {idTag: 36}`, /:7:5: peers\.0\.maxLengths is for stations/],
  ['message ids of a node', `${LISTEN}peers:\n  - id: NN02\n    peer: node\n    tolerantMessageIds: true`, /:7:5: peers\.0\.tolerantMessageIds is for stations/],
  ['one serial number of two stations', `${tls(', clientCaFile: ca.pem')}organization: O\npeers:\n  - id: CS01\n    serialNumber: SN-1\n  - id: CS02\n    serialNumber: SN-1`, /:11:5: peers\.1\.serialNumber \(SN-1\) is that of CS01, too: one certificate would let in both$/],
  ['a serial number where nobody asks for certificates', `${tls()}organization: O\npeers:\n  - id: CS01\n    serialNumber: SN-1`, /:9:5: peers\.0\.serialNumber needs a listener with tls\.clientCaFile: it is in the certificate$/],
  ['a serial number without an organization', `${tls(', clientCaFile: ca.pem')}peers:\n  - id: CS01\n    serialNumber: SN-1`, /:8:5: peers\.0\.serialNumber counts only where `organization` is set$/],
  ['a station with an id that no station has', `${LISTEN}peers:\n  - id: CS 01\n    validation: tolerant`, /:5:5: peers\.0\.id \(CS 01\) can be the id of a node, but of no station/],
  ['a peer twice', `${LISTEN}peers:\n  - id: CS01\n  - id: cs01`, /:6:5: peers\.1\.id names cs01 again/],
  ['certificates that no listener asks for', `${tls()}peers:\n  - id: CS01\n    securityProfile: 3`, /:8:5: peers\.0\.securityProfile 3 needs a listener with tls\.clientCaFile/],
  ['TLS that no listener has', `${LISTEN}peers:\n  - id: CS01\n    passwordFile: plain\n    securityProfile: 2`, /:7:5: peers\.0\.securityProfile 2 needs a listener with tls; all of them are ws:/],
  ['a key in place of authorities', tls(', clientCaFile: key.pem'), /:5:5: listen\.0\.tls cannot be used: key\.pem holds a private key where certificates are due/],
  ['no certificate in place of authorities', tls(', clientCaFile: plain'), /listen\.0\.tls cannot be used: plain holds no certificate in PEM/],
  ['a broken certificate', tls(', clientCaFile: bad.pem'), /listen\.0\.tls cannot be used: bad\.pem holds a broken certificate/],
  ['a key of another certificate', tls().replace('key.pem', 'other.pem'), /:5:5: listen\.0\.tls cannot be used: other\.pem is not the key of chain\.pem$/],
  ['a certificate in place of a key', tls().replace('key.pem', 'chain.pem'), /listen\.0\.tls cannot be used: chain\.pem holds no private key/],
  ['an own key of another certificate', `${LISTEN}${UP}    tls: {certificateFile: chain.pem, keyFile: other.pem}`, /:6:5: uplinks\.0\.tls cannot be used: other\.pem is not the key of chain\.pem/],
  ['a certificate that no TLS takes', tls().replace('chain.pem', 'weak.pem').replace('key.pem', 'weak-key.pem'), /:5:5: listen\.0\.tls cannot be used: TLS does not take weak\.pem: ee key too small; make it anew with a key of P-256, or of RSA with 2 048 bits or more, and with SHA-256$/],
  ['the same towards an uplink', `${LISTEN}${UP}    tls: {certificateFile: weak.pem, keyFile: weak-key.pem}`, /:6:5: uplinks\.0\.tls cannot be used: TLS does not take weak\.pem/],
  ['a missing authority', `${LISTEN}${UP}    tls: {caFile: nope.pem}`, /^nope\.pem: cannot be read: no such file; make it, or correct its name$/],
  ['a missing key of passwords', `${LISTEN}passwordKeyFile: nope`, /^nope: cannot be read: no such file; make it, or correct its name$/],
  ['a folder in place of a password', `${LISTEN}peers: [{id: CS01, passwordFile: backend}]`, /:4:\d+: peers\.0\.passwordFile names a file that cannot be used: it is a folder/],
  ['a certificate in place of the key of passwords', `${LISTEN}passwordKeyFile: chain.pem`, /:4:1: passwordKeyFile \(chain\.pem\) holds no key/],
  ['a stored password in place of the key', `${LISTEN}passwordKeyFile: stored`, /:4:1: passwordKeyFile \(stored\) holds no key/],
  ['the configuration in place of the key of secrets', `${LISTEN}secretsKeyFile: node.yaml`, /:4:1: secretsKeyFile \(node\.yaml\) holds no key/],
  ['two primaries of a station', `${LISTEN}${UP}    name: one\n    role: primary\n    stations: ["CS0*"]\n  - url: wss://b.example/\n    role: primary\n    stations: ["*7"]`, /:10:5: uplinks\.1\.role is primary for stations that one is primary for, too/],
  ['keeping stations whose upstream is lost', `${LISTEN}${UP}    mode: per-station\n    onUpstreamLoss: keep`, /:7:5: uplinks\.0\.onUpstreamLoss keep needs store and forward, which does not exist yet: use close$/],
  ['two uplinks of one name', `${LISTEN}${UP}    name: one\n  - url: wss://b.example/\n    name: one`, /:8:5: uplinks\.1\.name names one again; each uplink needs a name of its own/],
  ['two uplinks of one URL and no name', `${LISTEN}uplinks:\n  - url: wss://a.example/\n    mode: per-station\n    stations: [CS0*]\n  - url: wss://a.example/\n    mode: per-station\n    stations: [CS1*]`, /uplinks\.1\.url names wss:\/\/a\.example\/ again.*set `name`/],
  ['an overlay uplink without a role beside a primary', `${LISTEN}uplinks:\n  - url: wss://a.example/\n  - url: wss://b.example/\n    mode: per-station`, /uplinks\.0 has no `role`, and another uplink is primary/],
  ['two uplinks per station', `${LISTEN}${UP}    mode: per-station\n  - url: wss://b.example/\n    mode: per-station`, /:7:5: uplinks\.1 is primary for stations that uplinks\.0 is primary for, too/],
]

for (const [what, text, expected] of MISTAKES) {
  test(`${what} is refused with its place`, (t) => {
    assert.throws(
      () => loadConfig(write(t, text)),
      (error: Error) => {
        assert.match(error.message, expected)
        for (const content of [KEY, 'a password of']) assert.ok(!error.message.includes(content))
        return true
      },
    )
  })
}

// biome-ignore format: a table
const FINE: [string, string][] = [
  ['a stored password with its key', `${LISTEN}passwordKeyFile: key\npeers: [{id: CS01, passwordFile: stored}]`],
  ['a password as it is, on both sides', `${LISTEN}peers: [{id: CS01, passwordFile: plain}]\n${UP}    passwordFile: plain`],
  ['a secrets key that is made later', `${LISTEN}secretsKeyFile: later`],
  ['all profiles where TLS asks for certificates', `${tls(', clientCaFile: ca.pem')}peers:\n  - {id: CS01, securityProfile: 3}\n  - {id: CS02, securityProfile: 2, passwordFile: plain}`],
  ['closing stations whose upstream is lost', `${LISTEN}${UP}    mode: per-station\n    onUpstreamLoss: close`],
  ['a profile of a station that is dialled', `${LISTEN}peers: [{id: CS01, securityProfile: 2}]\ndownlinks: [{url: "wss://a.example/", peerId: cs01, passwordFile: plain}]`],
  ['an id that a node can have, and a station cannot', `${LISTEN}peers: [{id: CS 01, peer: node, passwordFile: plain}]`],
  ['a node with its password, profile and number', `${tls(', clientCaFile: ca.pem')}organization: O\npeers: [{id: NN02, peer: node, passwordFile: plain, securityProfile: 2, serialNumber: SN-1, validation: strict, tolerantMessageIds: false}]`],
  ['serial numbers that differ', `${tls(', clientCaFile: ca.pem')}organization: O\npeers: [{id: CS01, serialNumber: SN-1}, {id: CS02, serialNumber: SN-2}]`],
  ['primaries of different stations', `${LISTEN}${UP}    role: primary\n    stations: ["CS0*"]\n  - url: wss://b.example/\n    mode: per-station\n    stations: ["CS1*"]`],
  ['primaries of different actions', `${LISTEN}${UP}    role: primary\n    allow: {up: [Authorize]}\n  - url: wss://b.example/\n    role: primary\n    allow: {up: [MeterValues]}`],
  ['a primary and its mirror', `${LISTEN}${UP}    role: primary\n  - url: wss://b.example/\n    mode: per-station\n    role: mirror`],
  ['uplinks that stand in for each other', `${LISTEN}${UP}  - url: wss://b.example/`],
]

for (const [what, text] of FINE) {
  test(`${what}: fine`, (t) => assert.deepEqual(loadConfig(write(t, text)).warnings, []))
}

test('an id that only a node can have is a warning with its place', (t) => {
  const [warning, ...others] = loadConfig(
    write(t, `${LISTEN.replace('0}', '0, insecure: true}')}peers:\n  - id: CS 01`),
  ).warnings
  assert.match(warning ?? '', /node\.yaml:5:5: peers\.0\.id \(CS 01\) can be the id of a node, but of no station.*; a node needs `peer: node`$/) // biome-ignore format: one line
  assert.deepEqual(others, [])
})

test('filters of who passes on little are a warning', (t) => {
  const rules = 'filters:\n  - {name: a, effect: reject, match: {action: Reset}}\n'
  const file = write(t, `${LISTEN.replace('networking-node', 'csms')}${rules}`)
  assert.match(loadConfig(file).warnings.join(), /filters judge what a node passes on; a csms/)
})

const PER_STATION = `${UP}    name: backend\n    mode: per-station\n`
const rule = (match: string) => `filters:\n  - {name: x, effect: reject, match: {${match}}}\n`

// biome-ignore format: a table
const NO_EFFECT: [string, string, RegExp][] = [
  ['tokens of drivers at a node without a console', `${LISTEN}tokens: [TAG]`, /:4:1: tokens has no effect at a networking-node; it is for the role csms or charging-station, so leave it out$/],
  ['a simulation', `${LISTEN}simulation: {evses: 2}`, /:4:1: simulation has no effect at a networking-node/],
  ['the interval of heartbeats at a node', `${LISTEN}heartbeatIntervalS: 60`, /:4:1: heartbeatIntervalS has no effect at a networking-node; it is for the role csms, so/],
  ['retention at a node', `${LISTEN}retention: {messagesDays: 2}`, /:4:1: retention has no effect/],
  ['unknown stations at a node', `${LISTEN}unknownStations: reject`, /:4:1: unknownStations has no effect/],
  ['a route over nobody', `${LISTEN}routes: [{destination: X, via: NN09}]`, /:4:27: routes\.0\.via \(NN09\) is no peer here/],
  ['a rule about an uplink that is not there', `${LISTEN}${PER_STATION}${rule('to: "*@nope"')}`, /filters\.0\.match\.to \(\*@nope\) is a connection of the uplink nope, and no per-station uplink is called so; correct the name$/],
  ['passwords in a folder that is not there', `${LISTEN}${PER_STATION}    stationPasswords: nope`, /:8:5: uplinks\.0\.stationPasswords \(nope\) is not there, so stations are shown without a password/],
  ['the form of a password where there is none', `${LISTEN}${PER_STATION}    keyAsBytes: true`, /:8:5: uplinks\.0\.keyAsBytes has no effect without a password/],
  ['a mirror of nobody', `${LISTEN}${PER_STATION}    role: mirror`, /:4:1: uplinks have no primary: nobody answers the stations/],
]

for (const [what, text, warning] of NO_EFFECT) {
  test(`${what} is a warning with its place`, (t) => {
    const [said, ...others] = loadConfig(write(t, text)).warnings
    assert.match(said ?? '', warning)
    assert.deepEqual(others, [])
  })
}

test('what does count is no warning: connections that a rule means, ways over peers and uplinks, passwords with their form', (t) => {
  const peers = 'peers:\n  - {id: CS@01, passwordFile: plain}\n  - {id: NN02, peer: node, passwordFile: plain}\n'
  const routes = 'routes: [{destination: X, via: nn02}, {destination: Y, via: CSMS01}]\n'
  const uplinks = `uplinks:\n  - {url: "wss://b.example/", peerId: CSMS01, role: primary}\n  - {name: backend, url: "wss://c.example/", mode: per-station, role: mirror, keyAsBytes: true, stationPasswords: mine}\n`
  const file = write(t, `${LISTEN}${peers}${routes}${uplinks}${rule('from: ["CS@01", "CS01@back*"]')}tokens: [TAG]\nhttp: {port: 0}\n`)
  mkdirSync(join(dirname(file), 'mine'))
  assert.deepEqual(loadConfig(file).warnings, [])
}) // biome-ignore format: a file in lines

test('a peer that nothing can let in is a warning with its place', (t) => {
  const file = write(t, `${LISTEN}peers:\n  - {id: LC01, peer: node}\nuplinks:\n  - {url: 'ws://127.0.0.1:1/', mode: standard, protocol: ocpp1.6}`) // biome-ignore format: one line
  const [peer, ...others] = loadConfig(file).warnings
  assert.match(peer ?? '', /:5:6: peers\.0\.id \(LC01\) can never get in/)
  assert.deepEqual(others, [])
})

for (const [what, link, place] of [
  ['an uplink to another machine', 'uplinks:\n  - url: ws://csms.example/', 'uplinks'],
  [
    'a station that listens, here too',
    'downlinks:\n  - url: ws://127.0.0.1:1/\n    peerId: CS01',
    'downlinks',
  ],
] as const) {
  test(`${what} is dialled with nothing that proves anything only where the file says insecure`, (t) => {
    const pattern = new RegExp(`:5:5: ${place}\\.0\\.url is dialled without TLS and without a password.*insecure: true`)
    assert.throws(() => loadConfig(write(t, `${LISTEN}${link}`)), pattern)
    const [said] = loadConfig(write(t, `${LISTEN}${link}\n    insecure: true`))[place]
    assert.equal(said?.insecure, true)
  }) // biome-ignore format: a table
}
