import { join } from 'node:path'
import { setFingerprintKey } from '../../http/fingerprints.ts'
import { auditOf, changedToken, ID_TOKEN, TOKEN_TYPES, type TokenFields } from '../../http/tokens.ts' // biome-ignore format: one line
import { parseMoment } from '../../messages/date-time.ts'
import { isStationId } from '../../primitives/ids.ts'
import { CsmsStore } from '../../storage/csms-store.ts'
import { keyFrom } from '../../storage/secret-store.ts'
import type { TokenRow } from '../../storage/token-rows.ts'
import { openAccounts } from '../accounts.ts'
import { loadConfig } from '../config.ts'

/** Words in columns, or JSON for other programs. */
interface Output {
  readonly json?: boolean
}

/** What is said of a token; what is not said stays as it is, and `false` takes something away. */
interface TokenOptions extends Output {
  readonly type?: string
  readonly group?: string | false
  readonly expires?: string | false
  readonly note?: string
  readonly blocked?: boolean
  readonly concurrent?: boolean
}

const MAX_ROWS = 100_000
const MAX_NOTE = 200
/** In whose name the audit log says that a command has changed something. */
const WHO = 'command line'
const DAY = /^\d{4}-\d{2}-\d{2}$/
const IS_TOKEN = new RegExp(ID_TOKEN.pattern)

/** `wattweave token add FILE TOKEN`: lets a token charge, or changes what is known of it. */
export async function addToken(
  file: string,
  idToken: string,
  options: TokenOptions,
): Promise<void> {
  if (!IS_TOKEN.test(idToken)) {
    throw new Error(`"${idToken}" is no id token: 1 to 255 letters, digits and * - _ : = + | @ .`)
  }
  const fields = fieldsOf(options)
  await withStore(file, async (store, audit) => {
    const known = store.tokens.find(idToken)
    await store.write(() => store.tokens.put(changedToken(known, idToken, fields)))
    const token = store.tokens.find(idToken) as TokenRow
    const [what, outcome] = known ? ['PATCH /api/tokens/:id', 200] as const : ['POST /api/tokens', 201] as const // biome-ignore format: one line
    await audit(what, outcome, () => ({ id: token.id, ...auditOf(token.idToken, fields) }))
    print(options, token, () => `${token.idToken} ${token.status}`)
  })
}

/** The same in the words of the API, and as strictly checked. */
function fieldsOf({ type, group, expires, note, blocked, concurrent }: TokenOptions): TokenFields {
  if (type !== undefined && !TOKEN_TYPES.includes(type)) {
    throw new Error(`--type must be one of ${TOKEN_TYPES.join(', ')}, not "${type}"`)
  }
  if (group && !IS_TOKEN.test(group)) {
    throw new Error(`--group must be 1 to 255 letters, digits and * - _ : = + | @ ., not "${group}"`) // biome-ignore format: one line
  }
  const expiresAt = expires ? parseMoment(DAY.test(expires) ? `${expires}T00:00:00Z` : expires) : 0
  if (Number.isNaN(expiresAt)) {
    throw new Error(`--expires must be a date that exists, such as 2027-12-31T23:59:59Z, not "${expires}"`) // biome-ignore format: one line
  }
  if (note !== undefined && note.length > MAX_NOTE) {
    throw new Error(`--note must have at most ${MAX_NOTE} characters; this one has ${note.length}`)
  }
  return {
    ...(type !== undefined && { type }),
    ...(group !== undefined && { groupId: group || null }),
    ...(expires !== undefined && { expiresAt: expires ? new Date(expiresAt).toISOString() : null }),
    ...(note !== undefined && { note }),
    ...(blocked !== undefined && { status: blocked ? 'Blocked' : 'Accepted' }),
    ...(concurrent !== undefined && { concurrent }),
  }
}

/** `wattweave token list FILE` */
export function listTokens(file: string, options: Output): Promise<void> {
  return withStore(file, (store) => {
    const tokens = store.tokens.page({ limit: MAX_ROWS })
    print(options, tokens, () => columns(tokens.map(({ idToken, status, groupId = '-', expiresAt = '-', note }) => [idToken, status, groupId, expiresAt, note]))) // biome-ignore format: one line
  })
}

/** `wattweave station list FILE` */
export function listStations(file: string, options: Output): Promise<void> {
  return withStore(file, (store) => {
    const stations = store.stationPage({ limit: MAX_ROWS })
    print(options, stations, () => columns(stations.map(({ station, protocol, vendor = '-', model = '-', known, seenAt }) => [station, protocol || '-', vendor, model, known ? 'entered' : 'not entered', seenAt || 'never seen']))) // biome-ignore format: one line
  })
}

/** `wattweave station show FILE STATION` */
export function showStation(file: string, station: string, options: Output): Promise<void> {
  return withStore(file, (store) => {
    const row = store.stationRow(station)
    if (!row)
      throw new Error(`no station ${station} is known; wattweave station list ${file} shows all`)
    print(options, row, () =>
      [
        ...Object.entries(row).flatMap(([name, value]) => (typeof value === 'object' ? [] : [`${name}: ${value}`])), // biome-ignore format: one line
        ...row.connectors.map(({ evseId, connectorId, status, at }) => `EVSE ${evseId}, connector ${connectorId}: ${status} since ${at}`), // biome-ignore format: one line
      ].join('\n'),
    )
  })
}

/** `wattweave station add FILE STATION`: enters it, so that it is neither flagged nor refused. */
export function addStation(file: string, station: string, options: Output): Promise<void> {
  if (!isStationId(station)) {
    throw new Error(`"${station}" is no id of a station: 1 to 48 letters, digits or *-_=+|@.`)
  }
  return withStore(file, async (store, audit) => {
    const id = await store.write(() => store.putStation(station, true))
    await audit('PUT /api/stations/:station', 200, () => ({ station }))
    print(options, store.stationRow(id), () => `${id} is entered. Where it has no password yet, in the folder of ${file}: wattweave password new secrets/${station} --key secrets/key`) // biome-ignore format: one line
  })
}

/** Keeps in the audit log what was done, as the API does; where nobody logs in, there is none. */
type Audit = (what: string, outcome: number, object: () => object) => Promise<void>

async function withStore(
  file: string,
  use: (store: CsmsStore, audit: Audit) => void | Promise<void>,
): Promise<void> {
  const config = loadConfig(file)
  const { role, data } = config
  if (role !== 'csms') throw new Error(`${file} describes a ${role}; tokens and stations are kept at a csms`) // biome-ignore format: one line
  const store = new CsmsStore(join(data, 'csms.sqlite'))
  try {
    await use(store, async (what, outcome, object) => {
      if (!config.http?.login) return
      // The same token has the same fingerprint there, whoever has changed it.
      setFingerprintKey(keyFrom(join(data, 'fingerprint.key')))
      const accounts = await openAccounts(config)
      accounts.addAudit({ who: WHO, what, object: JSON.stringify(object()), outcome })
      accounts.close()
    })
  } finally {
    store.close()
  }
}

function print({ json }: Output, value: unknown, words: () => string): void {
  const text = json ? JSON.stringify(value) : words()
  if (text !== '') process.stdout.write(`${text}\n`)
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? []
  return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ').trimEnd()).join('\n') // biome-ignore format: one line
}
