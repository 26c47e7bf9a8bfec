import { createPrivateKey, X509Certificate } from 'node:crypto'
import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { OverlayError } from '../errors.ts'
import { certificatesIn } from '../security/keys/certificate-chain.ts'
import { Secret } from '../transport/credentials.ts'
import { type DialTls, identityProblem, type ListenTls } from '../transport/tls.ts'

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

/** What can be wrong with a file, for a person; other codes of the system are shown as they are. */
const PROBLEMS = new Map([
  ['ENOENT', 'no such file; make it, or correct its name'],
  ['EISDIR', 'it is a folder; name a file'],
  ['EACCES', 'this user may not read it; give it to this user'],
  ['ENOTDIR', 'what should be its folder is a file; correct its name'],
])

/**
 * @param name What the message calls it.
 * @throws {OverlayError} ERR_CONFIG_FILE
 */
export function readText(path: string, name = path): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException
    const problem = PROBLEMS.get(code) ?? String(cause)
    throw new OverlayError('ERR_CONFIG_FILE', { file: name, problem }, { cause })
  }
}

/** @throws {OverlayError} ERR_CONFIG_FILE, also when it is empty. */
export function readSecret(path: string, name = path): Secret {
  const text = readText(path, name).trim()
  if (text === '') throw new OverlayError('ERR_CONFIG_FILE', { file: name, problem: 'is empty' })
  return new Secret(text)
}

/**
 * That a folder can be made and written, without making it.
 *
 * @throws {OverlayError} ERR_CONFIG_FOLDER
 */
export function assertWritable(folder: string): void {
  for (let place = resolve(folder); ; place = dirname(place)) {
    try {
      if (!statSync(place).isDirectory()) throw fault(folder, `${place} is a file, not a folder`)
      accessSync(place, constants.W_OK | constants.X_OK)
      return
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException
      if (code === 'ENOENT' && dirname(place) !== place) continue
      if (code === 'EACCES' || code === 'EROFS') throw fault(folder, `this user may not write in ${place}`) // biome-ignore format: one line
      throw code === 'ENOTDIR' ? fault(folder, `what should be a folder above it is a file`) : error
    }
  }
}

function fault(folder: string, problem: string): OverlayError {
  return new OverlayError('ERR_CONFIG_FOLDER', { folder, problem })
}

/** The same names, made absolute. */
export function resolveAll<T extends object>(files: T, base: string): T {
  const entries = Object.entries(files).map(([name, file]) => [name, resolve(base, String(file))])
  return Object.fromEntries(entries) as T
}

/**
 * @param names What messages call the files.
 * @throws {OverlayError} ERR_CONFIG_FILE, ERR_CREDENTIAL_TLS with the file that is meant.
 */
export function readListenTls(files: ListenTlsFiles, names = files): ListenTls {
  const { clientCaFile } = files
  return {
    ...readIdentity(files, names),
    ...(clientCaFile !== undefined && {
      clientCa: readCertificates(clientCaFile, names.clientCaFile),
    }),
  }
}

/**
 * @param names What messages call the files.
 * @throws {OverlayError} ERR_CONFIG_FILE, ERR_CREDENTIAL_TLS with the file that is meant.
 */
export function readDialTls(files: DialTlsFiles, names = files): DialTls {
  const { caFile, certificateFile, keyFile } = files
  const own = certificateFile !== undefined && keyFile !== undefined && { certificateFile, keyFile }
  return {
    ...(caFile !== undefined && { ca: readCertificates(caFile, names.caFile) }),
    ...(own && { identity: readIdentity(own, { ...own, ...names }) }),
  }
}

/** A certificate and its key, which belong together. */
function readIdentity(files: ListenTlsFiles, names: ListenTlsFiles) {
  const certificate = readCertificates(files.certificateFile, names.certificateFile)
  const key = readSecret(files.keyFile, names.keyFile)
  if (!isKeyOf(key, names.keyFile, certificate)) {
    throw unusable(`${names.keyFile} is not the key of ${names.certificateFile}`)
  }
  const problem = identityProblem({ certificate, key })
  if (problem !== undefined) throw unusable(`TLS does not take ${names.certificateFile}: ${problem}; make it anew with a key of P-256, or of RSA with 2 048 bits or more, and with SHA-256`) // biome-ignore format: one line
  return { certificate, key }
}

/**
 * The text of a file that a configuration names.
 *
 * @param failHere Throws with the place in the configuration.
 */
export function textHere(name: string, base: string, failHere: (problem: string) => never): string {
  try {
    return readText(resolve(base, name), name)
  } catch (error) {
    if (error instanceof OverlayError) return failHere(error.message)
    throw error
  }
}

/** Reads a file of PEM certificates; one that holds a key beside them is in the wrong place. */
function readCertificates(path: string, name = path): string {
  const text = readText(path, name)
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    throw unusable(`${name} holds a private key where certificates are due`)
  }
  let count: number
  try {
    count = certificatesIn(text).length
  } catch (cause) {
    throw unusable(`${name} holds a broken certificate`, cause)
  }
  if (count === 0) throw unusable(`${name} holds no certificate in PEM`)
  return text
}

function isKeyOf(key: Secret, name: string, certificate: string): boolean {
  const own = new X509Certificate(certificate)
  try {
    return own.checkPrivateKey(createPrivateKey(key.reveal()))
  } catch (cause) {
    throw unusable(`${name} holds no private key in PEM without a passphrase`, cause)
  }
}

function unusable(problem: string, cause?: unknown): OverlayError {
  return new OverlayError('ERR_CREDENTIAL_TLS', { problem }, { cause })
}
