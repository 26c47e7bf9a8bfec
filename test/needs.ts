import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

/** Tools that not every machine has, and the Debian package each comes in. */
const PACKAGES = {
  '/usr/bin/chromium': 'chromium',
  '/usr/bin/pkcs11-tool': 'opensc',
  '/usr/bin/softhsm2-util': 'softhsm2',
  '/usr/bin/sslscan': 'sslscan',
  '/usr/bin/sqlite3': 'sqlite3',
  '/usr/bin/prlimit': 'util-linux',
  '/usr/bin/strace': 'strace',
} as const

export type Tool = keyof typeof PACKAGES

/**
 * Whether a tool is there. Without it the test is skipped and says how to get it; where `CI` is set
 * it fails instead, so that nothing is left out unseen.
 */
export function needs(context: TestContext, tool: Tool): boolean {
  // Not every one of them knows --version; that it can be run is enough.
  if (!spawnSync(tool, ['--version'], { stdio: 'ignore' }).error) return true
  const reason = `needs ${PACKAGES[tool]}: apt-get install -y --no-install-recommends ${PACKAGES[tool]}`
  if (process.env.CI) throw new Error(reason)
  context.skip(reason)
  return false
}

const PYTHON_PACKAGES = fileURLToPath(new URL('../.ci/python', import.meta.url))
export const PYTHON_ENVIRONMENT = { ...process.env, PYTHONPATH: PYTHON_PACKAGES }
/** Program of `test/foreign/go`. */
export const FOREIGN_GO = fileURLToPath(new URL('../.ci/foreign-go', import.meta.url))

/** Peers in other languages, and how to get them where CI has not. */
const PEERS = {
  python: {
    isThere: () => {
      const options = { stdio: 'ignore', env: PYTHON_ENVIRONMENT } as const
      return spawnSync('python3', ['-c', 'import ocpp, websockets'], options).status === 0
    },
    how: 'python3 -m pip install --target .ci/python ocpp==2.1.0 websockets',
  },
  go: {
    isThere: () => existsSync(FOREIGN_GO),
    how: '(cd test/foreign/go && go build -o ../../../.ci/foreign-go .)',
  },
}

/** As `needs`. CI says itself when a registry could not be reached; then the test is skipped, too. */
export function needsPeer(context: TestContext, peer: keyof typeof PEERS): boolean {
  const { isThere, how } = PEERS[peer]
  if (isThere()) return true
  const reason = `needs the ${peer} peers: ${how}`
  const missing = process.env.WATTWEAVE_MISSING_PEERS?.split(' ') ?? []
  if (process.env.CI && !missing.includes(peer)) throw new Error(reason)
  context.skip(reason)
  return false
}
