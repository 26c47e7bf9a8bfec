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
  /** Passwords of network profiles, unless the station's file was changed since. */
  profiles(fileOf: (station: string) => Secret | undefined): readonly ProfilePassword[]
  /** On disk when it returns, in place of what there was of that profile. */
  rememberProfile(one: ProfilePassword, inFile: Secret | undefined): void
}

/** A password that a station shows when it uses a network profile. */
export interface ProfilePassword {
  readonly station: NodeId
  readonly slot: string
  readonly password: Secret
  /** Which uplink has set it. */
  readonly uplink: string | undefined
  /** The station has shown it. */
  readonly isUsed: boolean
}

/** Opens no file, and makes none, before there is a password to remember. */
export function rememberedPasswords({
  data,
  secretsKeyFile,
}: Pick<Config, 'data' | 'secretsKeyFile'>): RememberedPasswords {
  const file = join(data, 'station-secrets.json')
  const keyFile = secretsKeyFile ?? join(data, 'secrets.key')
  let store = existsSync(file) ? new SecretStore(file, keyFrom(keyFile)) : undefined
  const profilesOf = (name: string) => JSON.parse(store?.get(name) ?? '[]') as StoredProfile[]
  return {
    profiles: (fileOf) =>
      (store?.names() ?? [])
        .filter((name) => name.endsWith(PROFILES))
        .flatMap(profilesOf)
        .filter(({ station, file: before }) => before === printOf(fileOf(station)))
        .map(({ station, password, ...one }) => ({ ...one, station: station as NodeId, password: new Secret(password), uplink: one.uplink })), // biome-ignore format: one line
    rememberProfile({ password, ...one }, inFile) {
      store ??= new SecretStore(file, keyFrom(keyFile))
      const name = `${foldId(one.station)}${PROFILES}`
      // Until a new one was shown the station may go on with the one before.
      const others = profilesOf(name).filter(({ slot, isUsed }) => slot !== one.slot || (isUsed && !one.isUsed)) // biome-ignore format: one line
      const added = { ...one, password: password.reveal(), file: printOf(inFile) }
      store.set(name, JSON.stringify([...others, added].slice(-MAX_PROFILES)))
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
      let failure: unknown
      for (const [place, inFile] of files) {
        // The password first: after a crash in between it counts, or what counted before, and never
        // an older one. Where one cannot be written all count as long as the process lives.
        try {
          store.set(passwordAt(place, station), password.reveal())
        } catch (error) {
          failure = error
        }
        try {
          store.set(nameOf(place, station), printOf(inFile))
        } catch (error) {
          failure = error
        }
      }
      if (failure !== undefined) throw failure
    },
  }
}

/** No id holds a control character, so no station is named like this. */
const SEPARATOR = '\n'
const PROFILES = `${SEPARATOR}profiles`
const MAX_PROFILES = 16

interface StoredProfile {
  readonly station: string
  readonly slot: string
  readonly password: string
  readonly uplink?: string
  readonly isUsed: boolean
  /** Print of the station's file at that time. */
  readonly file: string
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
