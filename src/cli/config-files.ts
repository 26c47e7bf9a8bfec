import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { OverlayError } from '../errors.ts'
import { Secret } from '../transport/credentials.ts'
import type { DialTls, ListenTls } from '../transport/tls.ts'

/** Files that a configuration names; kept so that they can be read again when they change. */
export interface ListenTlsFiles {
  readonly certificateFile: string
  readonly keyFile: string
  readonly clientCaFile?: string
}

export interface DialTlsFiles {
  readonly caFile?: string
  readonly certificateFile?: string
  readonly keyFile?: string
}

/**
 * @param name What the message calls it.
 * @throws {OverlayError} ERR_CONFIG_FILE
 */
export function readText(path: string, name = path): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const problem =
      (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : String(cause)
    throw new OverlayError('ERR_CONFIG_FILE', { file: name, problem }, { cause })
  }
}

/** @throws {OverlayError} ERR_CONFIG_FILE, also when it is empty. */
export function readSecret(path: string, name = path): Secret {
  const text = readText(path, name).trim()
  if (text === '') throw new OverlayError('ERR_CONFIG_FILE', { file: name, problem: 'is empty' })
  return new Secret(text)
}

/** The same names, made absolute. */
export function resolveAll<T extends object>(files: T, base: string): T {
  const entries = Object.entries(files).map(([name, file]) => [name, resolve(base, String(file))])
  return Object.fromEntries(entries) as T
}

/** @throws {OverlayError} ERR_CONFIG_FILE */
export function readListenTls(files: ListenTlsFiles): ListenTls {
  const { certificateFile, keyFile, clientCaFile } = files
  return {
    certificate: readText(certificateFile),
    key: readSecret(keyFile),
    ...(clientCaFile !== undefined && { clientCa: readText(clientCaFile) }),
  }
}

/** @throws {OverlayError} ERR_CONFIG_FILE */
export function readDialTls({ caFile, certificateFile, keyFile }: DialTlsFiles): DialTls {
  return {
    ...(caFile !== undefined && { ca: readText(caFile) }),
    ...(certificateFile !== undefined &&
      keyFile !== undefined && {
        identity: { certificate: readText(certificateFile), key: readSecret(keyFile) },
      }),
  }
}
