import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { foldId, type NodeId } from '../primitives/ids.ts'
import { keyFrom, SecretStore } from '../storage/secret-store.ts'
import { Secret } from '../transport/credentials.ts'
import type { Config } from './config.ts'

/** Where a password from a file would be used: by this node for a station, or towards an uplink. */
export type Place = 'peer' | { readonly uplink: string }

/** The places where a password is used, with what the file of each says. */
export type FilePasswords = readonly (readonly [Place, Secret | undefined])[]

/**
 * Passwords that stations were given over OCPP while this node watched. They count instead of the
 * operator's files, which this program never writes, until the operator puts another password into
 * a file: whoever does that wants it to count. Each place has its own: what one upstream has set is
 * never shown to another.
 */
export interface RememberedPasswords {
  /** Whose password was changed over OCPP once, as folded ids. */
  stations(): readonly string[]
  /** The remembered password, where it counts instead of what the file says now. */
  insteadOf(place: Place, station: string, inFile: Secret | undefined): Secret | undefined
  /** On disk when it returns, for these places and no others, with what their files said then. */
  remember(station: NodeId, password: Secret, files: FilePasswords): void
  /** Passwords that stations may show one day, and which uplink has set each. */
  expected(): readonly ExpectedPassword[]
  /** On disk when it returns. */
  expect(one: ExpectedPassword): void
  /** It was shown, and is remembered otherwise. */
  met(one: ExpectedPassword): void
}

export interface ExpectedPassword {
  readonly station: NodeId
  readonly password: Secret
  readonly uplink: string | undefined
}

/** Opens no file, and makes none, before there is a password to remember. */
export function rememberedPasswords({
  data,
  secretsKeyFile,
}: Pick<Config, 'data' | 'secretsKeyFile'>): RememberedPasswords {
  const file = join(data, 'station-secrets.json')
  const keyFile = secretsKeyFile ?? join(data, 'secrets.key')
  let store = existsSync(file) ? new SecretStore(file, keyFrom(keyFile)) : undefined
  const readExpected = () =>
    (JSON.parse(store?.get(EXPECTED) ?? '[]') as StoredExpected[]).map((one) => ({
      station: one.station as NodeId,
      password: new Secret(one.password),
      uplink: one.uplink,
    }))
  const writeExpected = (all: readonly ExpectedPassword[]) => {
    store ??= new SecretStore(file, keyFrom(keyFile))
    const plain = all.map((one) => ({ ...one, password: one.password.reveal() }))
    store.set(EXPECTED, JSON.stringify(plain.slice(-MAX_EXPECTED)))
  }
  return {
    expected: readExpected,
    expect: (one) => writeExpected([...readExpected(), one]),
    met({ station, password }) {
      const others = readExpected().filter(
        (one) =>
          foldId(one.station) !== foldId(station) || one.password.reveal() !== password.reveal(),
      )
      writeExpected(others)
    },
    stations: () => (store?.names() ?? []).filter((name) => !name.includes(SEPARATOR)),
    insteadOf(place, station, inFile) {
      const text = store?.get(passwordAt(place, station))
      if (text === undefined) return undefined
      const before = store?.get(nameOf(place, station))
      // Stores of earlier versions do not say what the file was: there the remembered one counts.
      const isFileNewer = before !== undefined && inFile !== undefined && before !== printOf(inFile)
      return isFileNewer ? undefined : new Secret(text)
    },
    remember(station, password, files) {
      store ??= new SecretStore(file, keyFrom(keyFile))
      for (const [place, inFile] of files) {
        // The password first: after a crash in between it counts, or what counted before, and never
        // an older one.
        store.set(passwordAt(place, station), password.reveal())
        store.set(nameOf(place, station), printOf(inFile))
      }
    },
  }
}

/** No id holds a control character, so no station is named like this. */
const SEPARATOR = '\n'
const EXPECTED = `${SEPARATOR}expected`
/** Of all stations; the oldest are forgotten first. */
const MAX_EXPECTED = 1_000

interface StoredExpected {
  readonly station: string
  readonly password: string
  readonly uplink?: string
}

/** The first version kept one password for all places, which was right for the stations only. */
function passwordAt(place: Place, station: string): string {
  return place === 'peer' ? foldId(station) : `${nameOf(place, station)}${SEPARATOR}password`
}

function nameOf(place: Place, station: string): string {
  const where = place === 'peer' ? place : `uplink ${place.uplink}`
  return `${foldId(station)}${SEPARATOR}${where}`
}

/** Tells contents of a file apart; kept encrypted, because the file may hold the password itself. */
function printOf(inFile: Secret | undefined): string {
  return inFile ? createHash('sha256').update(inFile.reveal()).digest('base64') : 'no file'
}
