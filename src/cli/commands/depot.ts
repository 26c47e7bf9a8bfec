import { join } from 'node:path'
import { assertNodeId } from '../../primitives/ids.ts'
import { CsmsStore } from '../../storage/csms-store.ts'
import { loadConfig } from '../config.ts'

/** Words in columns, or JSON for other programs. */
interface Output {
  readonly json?: boolean
}

interface TokenOptions extends Output {
  readonly group?: string
  readonly expires?: string
  readonly note?: string
  readonly blocked?: boolean
  readonly concurrent?: boolean
}

const MAX_ROWS = 100_000

/** `wattweave token add FILE TOKEN`: lets a token charge, or changes what is known of it. */
export async function addToken(
  file: string,
  idToken: string,
  options: TokenOptions,
): Promise<void> {
  if (!/^[\w*\-:=+|@.]{1,255}$/.test(idToken)) {
    throw new Error(`"${idToken}" is no id token: 1 to 255 letters, digits and * - _ : = + | @ .`)
  }
  const { group, expires, note = '', blocked = false, concurrent = false } = options
  if (expires !== undefined && Number.isNaN(Date.parse(expires))) {
    throw new Error(`--expires must be a date such as 2027-12-31T23:59:59Z, not "${expires}"`)
  }
  await withStore(file, async (store) => {
    await store.write(() =>
      store.tokens.put({
        idToken,
        type: 'ISO14443',
        status: blocked ? 'Blocked' : 'Accepted',
        expiresAt: expires === undefined ? undefined : new Date(expires).toISOString(),
        groupId: group,
        note,
        concurrent,
        changedAt: new Date().toISOString(),
      }),
    )
    const token = store.tokens.find(idToken)
    print(options, token, () => `${token?.idToken} ${token?.status}`)
  })
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
  assertNodeId(station)
  return withStore(file, async (store) => {
    await store.write(() => store.putStation(station, true))
    print(options, store.stationRow(station), () => `${station} is entered. Where it has no password yet, in the folder of ${file}: wattweave password new secrets/${station} --key secrets/key`) // biome-ignore format: one line
  })
}

async function withStore(
  file: string,
  use: (store: CsmsStore) => void | Promise<void>,
): Promise<void> {
  // biome-ignore format: one line
  const { role, data } = loadConfig(file)
  if (role !== 'csms') throw new Error(`${file} describes a ${role}; tokens and stations are kept at a csms`) // biome-ignore format: one line
  const store = new CsmsStore(join(data, 'csms.sqlite'))
  try {
    await use(store)
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
