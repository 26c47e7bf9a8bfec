import { foldId, isStationId } from '../primitives/ids.ts'
import { LEGACY_PROTOCOL } from '../security/legacy-message.ts'
import type { Config, Fail } from './config.ts'

/** What must be true of each link that a configuration describes, and of several together. */

type Uplink = Config['uplinks'][number]
type Downlink = Config['downlinks'][number]
type Links = Pick<Config, 'role' | 'listen' | 'uplinks' | 'downlinks'>

/** As the file has it, before defaults: what is not there is not written. */
export interface Written {
  readonly uplinks?: readonly object[]
  readonly downlinks?: readonly object[]
}

/** Checks each link alone and beside the others. */
export function checkLinks(links: Links, written: Written, fail: Fail): void {
  const { role, listen, uplinks, downlinks } = links
  for (const [i, listener] of listen.entries()) checkListener(listener, role, ['listen', `${i}`], fail) // biome-ignore format: one line
  for (const [i, uplink] of uplinks.entries()) {
    const path = ['uplinks', `${i}`]
    checkDialled(uplink, path, fail)
    checkUplink(uplink, role, path, fail)
    checkSettings(uplink, Object.keys(written.uplinks?.[i] ?? {}), path, fail)
  }
  for (const [i, downlink] of downlinks.entries()) {
    const path = ['downlinks', `${i}`]
    if (role === 'charging-station') fail(path, 'is for nodes and CSMSs: no station is behind a charging station') // biome-ignore format: one line
    checkDialled(downlink, path, fail)
    if (!isStationId(downlink.peerId)) fail([...path, 'peerId'], `(${downlink.peerId}) ${NO_STATION}`) // biome-ignore format: one line
  }
  checkNeighbours(links, fail)
  checkUplinkNames(uplinks, fail)
  checkRoles(uplinks, fail)
  checkPrimaries(uplinks, fail)
}

const BARE =
  'is dialled without TLS and without a password: whoever is on the way can be this node, or its peer. Use wss://, and a `passwordFile`; `insecure: true` beside it dials all the same (security profile 0)'

/** Security profile 0 is only where the file says so; an uplink to this very machine passes nobody. */
export function checkProofs(
  { uplinks, downlinks }: Pick<Links, 'uplinks' | 'downlinks'>,
  written: Written,
  fail: Fail,
): void {
  for (const [i, uplink] of uplinks.entries()) {
    const isOwn = isThisMachine(uplink.url)
    if (isBare(uplink, written.uplinks?.[i] ?? {}) && !isOwn) fail(['uplinks', `${i}`, 'url'], BARE)
  }
  // Whoever listens on this machine may be anybody on it, and is heard as the station.
  for (const [i, downlink] of downlinks.entries()) {
    if (isBare(downlink, written.downlinks?.[i] ?? {})) fail(['downlinks', `${i}`, 'url'], BARE)
  }
}

/** Why an id is none of a station. */
export const NO_STATION =
  'can be the id of a node, but of no station: that has A-Z a-z 0-9 *-_=+|@. and at most 48 of them'

/** Of two servers at one address and port the second would not start. */
export function checkPorts({ listen, http }: Pick<Config, 'listen' | 'http'>, fail: Fail): void {
  const places = [
    ...listen.map((listener, i) => ({ ...listener, path: ['listen', `${i}`] })),
    ...(http ? [{ ...http, path: ['http'] }] : []),
  ]
  for (const [i, one] of places.entries()) {
    const other = places.slice(0, i).find((before) => before.port === one.port && overlaps(before.host, one.host)) // biome-ignore format: one line
    if (one.port === 0 || !other) continue
    fail([...one.path, 'port'], `(${one.port}) is that of ${other.path.join('.')} already; choose another one`) // biome-ignore format: one line
  }
}

const EVERYWHERE: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

function overlaps(a: string, b: string): boolean {
  return a === b || EVERYWHERE.has(a) || EVERYWHERE.has(b)
}

function checkListener(
  { peer }: Config['listen'][number],
  role: Config['role'],
  path: readonly string[],
  fail: Fail,
): void {
  const isStation = role === 'charging-station'
  if (isStation && peer !== 'csms') fail([...path, 'peer'], 'must be csms: a charging station that listens is dialled by its controller') // biome-ignore format: one line
  if (!isStation && peer === 'csms') fail([...path, 'peer'], 'csms is for charging stations that listen: a node dials its CSMS under `uplinks`') // biome-ignore format: one line
}

// ---- Links that are dialled

/** Nothing is proved, neither here nor there. */
function isBare({ url, insecure }: Uplink | Downlink, written: object): boolean {
  const isProved = 'passwordFile' in written || 'stationPasswords' in written
  return url.startsWith('ws:') && !isProved && !insecure
}

function isThisMachine(url: string): boolean {
  return /^(?:localhost|127\.[\d.]+|\[::1\])$/.test(new URL(url).hostname)
}

function checkDialled({ url, tls }: Uplink | Downlink, path: readonly string[], fail: Fail): void {
  const problem = urlProblem(url)
  if (problem !== undefined) fail([...path, 'url'], problem)
  if (tls && !url.startsWith('wss:')) fail([...path, 'tls'], 'needs a wss: URL')
  if (tls && (tls.certificateFile === undefined) !== (tls.keyFile === undefined)) {
    fail([...path, 'tls'], 'needs certificateFile and keyFile together')
  }
}

/** Why nothing can be dialled at a URL, in words that do not repeat it: a password may be in it. */
export function urlProblem(url: string): string | undefined {
  if (!/^wss?:\/\//.test(url)) return 'must begin with ws:// or wss://'
  if (/\s/.test(url) || !URL.canParse(url)) {
    return 'is no URL: it must be like wss://csms.example.com/ocpp, with a port of 1 to 65535 if any'
  }
  const { username, password, port } = new URL(url)
  if (username !== '' || password !== '') return 'has a user or a password in it: put the password into a file and name it in `passwordFile`' // biome-ignore format: one line
  if (/[?#]/.test(url)) return 'has a query or fragment (? or #), but the id is appended to its path: leave it out' // biome-ignore format: one line
  if (port === '0') return 'has the port 0, which nobody listens on'
  return undefined
}

function checkUplink(
  { mode, onUpstreamLoss, role, allow }: Uplink,
  ownRole: Config['role'],
  path: readonly string[],
  fail: Fail,
): void {
  if (onUpstreamLoss === 'keep') {
    fail([...path, 'onUpstreamLoss'], 'keep needs store and forward, which does not exist yet: use close') // biome-ignore format: one line
  }
  if (role === 'restricted' && !allow) fail([...path, 'role'], 'restricted needs `allow`')
  if (ownRole === 'charging-station' && mode === 'per-station') {
    fail([...path, 'mode'], 'per-station is for nodes: no station is behind a charging station, use standard') // biome-ignore format: one line
  }
}

// ---- Settings where they count

type Kind = 'overlay' | 'overlay with a role' | 'standard' | 'per-station' | 'per-station copy'

const ROLES: readonly Kind[] = ['overlay with a role', 'per-station', 'per-station copy']
const PER_STATION: readonly Kind[] = ['per-station', 'per-station copy']

// biome-ignore format: a table
/** Settings that do not count on every uplink: on which they do, and what to say about the others. */
const COUNTING: ReadonlyMap<string, readonly [where: readonly Kind[], advice: string]> = new Map([
  ['role',                [['overlay', ...ROLES],         'is for overlay and per-station: a standard uplink carries only frames of this node']],
  ['stations',            [ROLES,                         'counts only with a `role` or with mode per-station: say which role this uplink has']],
  ['allow',               [ROLES,                         'counts only with a `role` or with mode per-station: say which role this uplink has']],
  ['allowNetworkChanges', [PER_STATION,                   'counts only with mode per-station: elsewhere `filters` say what may pass']],
  ['onUpstreamLoss',      [['per-station'],               'counts only with mode per-station and role primary: other uplinks close no station']],
  ['stationPasswords',    [PER_STATION,                   'counts only with mode per-station: what is shown here is `passwordFile`']],
  ['keyAsBytes',          [['standard', ...PER_STATION],  'counts only with modes standard and per-station: it is for CSMSs of OCPP 1.6']],
  ['carrier',             [['standard', ...PER_STATION],  'counts only with modes standard and per-station: overlay links bear all signatures, unless it is wwcp']],
  ['dialect',             [['overlay', 'overlay with a role'], 'counts only with mode overlay: the others speak no overlay']],
  ['protocol',            [['overlay', 'overlay with a role', 'standard'], "is the station's own with mode per-station; leave it out"]],
])

function checkSettings(
  uplink: Uplink,
  written: readonly string[],
  path: readonly string[],
  fail: Fail,
): void {
  const kind = kindOf(uplink)
  for (const setting of written) {
    // Between nodes only that there are no statements of ours can be said.
    if (setting === 'carrier' && uplink.carrier === 'wwcp') continue
    const [where = [kind], advice = ''] = COUNTING.get(setting) ?? []
    if (!where.includes(kind)) fail([...path, setting], advice)
  }
}

function kindOf({ mode, role }: Uplink): Kind {
  if (mode === 'standard') return 'standard'
  if (mode === 'overlay') return role === undefined ? 'overlay' : 'overlay with a role'
  return role === undefined || role === 'primary' ? 'per-station' : 'per-station copy'
}

/**
 * OCPP 1.6 has no room in its messages, the legacy form is of OCPP 2.1, and a node among the peers bears
 * signatures as it is, unless it knows only that form.
 */
export function checkCarriers(
  { peers, uplinks, downlinks }: Pick<Config, 'peers' | 'uplinks' | 'downlinks'>,
  fail: Fail,
): void {
  for (const [list, links] of Object.entries({ uplinks, downlinks })) {
    for (const [i, { carrier, protocol }] of links.entries()) {
      const isRoomless = carrier === 'customData' && protocol === 'ocpp1.6'
      if (isRoomless) fail([list, `${i}`, 'carrier'], 'customData does not exist in OCPP 1.6: use strip, or signed where the peer knows signed messages') // biome-ignore format: one line
      const isOld = carrier === 'wwcp' && protocol !== undefined && protocol !== LEGACY_PROTOCOL
      if (isOld) fail([list, `${i}`, 'carrier'], `wwcp is of OCPP 2.1, and this link is of ${protocol}`) // biome-ignore format: one line
    }
  }
  for (const [i, { carrier, peer }] of peers.entries()) {
    const isOfStations = carrier === 'customData' || carrier === 'signed'
    if (peer === 'node' && isOfStations) fail(['peers', `${i}`, 'carrier'], 'is for stations: nodes bear all signatures, unless it is wwcp') // biome-ignore format: one line
  }
}

// ---- Several links

/** Of two links to one neighbour the second would push out the first, again and again. */
function checkNeighbours({ uplinks, downlinks }: Links, fail: Fail): void {
  const nameless = uplinks.flatMap(({ mode, peerId, dialect }, i) => (peerId === undefined && (mode === 'standard' || dialect === 'reference') ? [i] : [])) // biome-ignore format: one line
  if (nameless.length > 1) fail(['uplinks', `${nameless[1]}`, 'url'], 'leads to somebody without a name, as one above does: only one is called `CSMS`, so say with `peerId` who is there') // biome-ignore format: one line
  const seen = new Set<string>()
  for (const [list, links] of Object.entries({ uplinks, downlinks })) {
    for (const [i, link] of links.entries()) {
      // In modes per-station it is a name for commands, and its connections are in other names.
      if (link.peerId === undefined || ('mode' in link && link.mode === 'per-station')) continue
      const key = foldId(link.peerId)
      if (seen.has(key)) fail([list, `${i}`, 'peerId'], `(${link.peerId}) is the peer of a link above, too; several links to one neighbour are not there yet`) // biome-ignore format: one line
      seen.add(key)
    }
  }
}

/** What is remembered of an uplink is remembered by its name, which is its URL where it has none. */
function checkUplinkNames(uplinks: Config['uplinks'], fail: Fail): void {
  const seen = new Set<string>()
  for (const [i, { name, url }] of uplinks.entries()) {
    const known = name ?? url
    if (seen.has(known)) {
      const member = name === undefined ? 'url' : 'name'
      fail(['uplinks', `${i}`, member], `names ${known} again; each uplink needs a name of its own: set \`name\``) // biome-ignore format: one line
    }
    seen.add(known)
  }
}

/** Exactly one uplink answers and commands a station: beside it none may do so for want of a role. */
function checkRoles(uplinks: Config['uplinks'], fail: Fail): void {
  if (!uplinks.some(isPrimary)) return
  for (const [i, { mode, role }] of uplinks.entries()) {
    if (mode !== 'overlay' || role !== undefined) continue
    fail(['uplinks', `${i}`], 'has no `role`, and another uplink is primary: say primary, mirror or restricted here, too') // biome-ignore format: one line
  }
}

/** Exactly one uplink answers a station, so two primaries may have no station and action in common. */
function checkPrimaries(uplinks: Config['uplinks'], fail: Fail): void {
  const primaries = [...uplinks.entries()].filter(([, uplink]) => isPrimary(uplink))
  for (const [n, [i, uplink]] of primaries.entries()) {
    const other = primaries.slice(0, n).find(([, before]) => isOverlap(before, uplink))
    if (!other) continue
    const [at, { name = `uplinks.${at}` }] = other
    const place = ['uplinks', `${i}`, ...(uplink.role === undefined ? [] : ['role'])]
    const problem = `is primary for stations that ${name} is primary for, too: make one a mirror, or name others in \`stations\``
    fail(place, problem)
  }
}

function isPrimary({ mode, role }: Uplink): boolean {
  return role === undefined ? mode === 'per-station' : role === 'primary'
}

function isOverlap(a: Uplink, b: Uplink): boolean {
  const { stations: ofA = ['*'], allow: allowA } = a
  const { stations: ofB = ['*'], allow: allowB } = b
  const isShared = (one: string, other: string) => one === '*' || other === '*' || one === other
  const { up: actionsOfA = ['*'] } = allowA ?? {}
  const { up: actionsOfB = ['*'] } = allowB ?? {}
  if (!actionsOfA.some((one) => actionsOfB.some((other) => isShared(one, other)))) return false
  return ofA.some((one) => ofB.some((other) => canBothMatch(foldId(one), foldId(other))))
}

/** Whether some text fits two patterns in which `*` stands for any characters. */
export function canBothMatch(a: string, b: string): boolean {
  const known = new Map<string, boolean>()
  const from = (i: number, j: number): boolean => {
    const place = `${i} ${j}`
    const before = known.get(place)
    if (before !== undefined) return before
    const found = step(i, j)
    known.set(place, found)
    return found
  }
  const step = (i: number, j: number): boolean => {
    if (i === a.length && j === b.length) return true
    if (a[i] === '*') return from(i + 1, j) || (j < b.length && from(i, j + 1))
    if (b[j] === '*') return from(i, j + 1) || (i < a.length && from(i + 1, j))
    return a[i] === b[j] && from(i + 1, j + 1)
  }
  return from(0, 0)
}

/** The lowest profile of a station that is dialled must be what its link can give. */
export function checkDownlinkProfiles(
  peers: Config['peers'],
  downlinks: readonly (Downlink & { readonly passwordFile?: string })[],
  fail: Fail,
): void {
  for (const [i, downlink] of downlinks.entries()) {
    const peer = peers.find(({ id }) => foldId(id) === foldId(downlink.peerId))
    const lowest = peer?.securityProfile ?? 0
    const failAt = (member: string, what: string) => fail(['downlinks', `${i}`, member], `${what}, and the entry of ${downlink.peerId} under peers wants security profile ${lowest}`) // biome-ignore format: one line
    const isTls = downlink.url.startsWith('wss:')
    if (lowest >= 2 && !isTls)
      failAt('url', 'must be wss://: this gives at most security profile 1')
    const hasCertificate = downlink.tls?.certificateFile !== undefined
    if (lowest === 3 && !hasCertificate) failAt('tls', 'must have a certificateFile and keyFile of this node') // biome-ignore format: one line
    if (lowest > 0 && !hasCertificate && downlink.passwordFile === undefined) failAt('passwordFile', 'is missing: without it this node shows nothing') // biome-ignore format: one line
  }
}
