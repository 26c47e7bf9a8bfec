import { spawn } from 'node:child_process'
import { createHash, type KeyObject } from 'node:crypto'
import { OverlayError } from '../errors.ts'
import { type AlgorithmName, algorithm } from '../security/algorithms.ts'
import { publicKeyOf } from '../security/jwk.ts'
import type { Signer } from '../security/signer.ts'

export interface CommandSignerOptions {
  /** The public half of the key that the command signs with. */
  readonly publicKey: KeyObject
  /** Program and arguments; no shell is in between. */
  readonly command: readonly [string, ...string[]]
  /** What it gets on standard input: the bytes, or their digest. Default `message`. */
  readonly input?: 'message' | 'digest'
  /** Default 10 000. */
  readonly timeoutMs?: number
}

/** More than the longest signature by far; nothing else is expected on standard output. */
const MAX_OUTPUT_BYTES = 65_536
const TIMEOUT_MS = 10_000

/**
 * A signer whose key is held by a program, such as `pkcs11-tool` before a hardware module: it reads
 * what is to be signed on standard input and writes the signature (of the elliptic curves r then s)
 * to standard output.
 *
 * @throws {OverlayError} ERR_SIGNATURE_KEY for a key of another kind, or a digest of what has none.
 *   `sign` rejects when the program cannot be started, fails, says too much or takes too long.
 */
export function createCommandSigner(options: CommandSignerOptions): Signer {
  const { command, input = 'message', timeoutMs = TIMEOUT_MS } = options
  const { kid, alg } = publicKeyOf(options.publicKey)
  if (input === 'digest') hashOf(alg)
  const prepare = (bytes: Uint8Array) =>
    input === 'digest' ? createHash(hashOf(alg)).update(bytes).digest() : bytes
  return { kid, alg, sign: (bytes) => ask(command, prepare(bytes), timeoutMs) }
}

function hashOf(alg: AlgorithmName): string {
  const { hash } = algorithm(alg)
  if (hash) return hash
  throw new OverlayError('ERR_SIGNATURE_KEY', { problem: `${alg} does not sign a digest` })
}

/** Runs the program once for one signature. */
function ask(
  [program, ...args]: readonly [string, ...string[]],
  input: Uint8Array,
  timeoutMs: number,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] })
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
    const parts: Buffer[] = []
    let size = 0
    child.stdout.on('data', (part: Buffer) => {
      size += part.length
      if (size > MAX_OUTPUT_BYTES) child.kill('SIGKILL')
      else parts.push(part)
    })
    child.on('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      if (code === 0 && size <= MAX_OUTPUT_BYTES) return resolve(Buffer.concat(parts))
      // What it says about itself is not repeated: it may hold a PIN.
      reject(new Error(`${program} ended with ${signal ?? code}`))
    })
    // It may end without reading; then its exit code says why.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}
