import { spawnSync } from 'node:child_process'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

/** Tools that not every machine has, and the Debian package each comes in. */
const PACKAGES = { '/usr/bin/chromium': 'chromium', '/usr/bin/sslscan': 'sslscan' } as const

export type Tool = keyof typeof PACKAGES

/**
 * Whether a tool is there. Without it the test is skipped and says how to get it; where `CI` is set
 * it fails instead, so that nothing is left out unseen.
 */
export function needs(context: TestContext, tool: Tool): boolean {
  if (spawnSync(tool, ['--version'], { stdio: 'ignore' }).status === 0) return true
  const reason = `needs ${PACKAGES[tool]}: apt-get install -y --no-install-recommends ${PACKAGES[tool]}`
  if (process.env.CI) throw new Error(reason)
  context.skip(reason)
  return false
}

/** Where PyPI packages are installed for tests, beside what else CI installs. */
const PYTHON_PACKAGES = fileURLToPath(new URL('../.ci/python', import.meta.url))
export const PYTHON_ENVIRONMENT = { ...process.env, PYTHONPATH: PYTHON_PACKAGES }

/** As `needs`, for PyPI `ocpp` and `websockets`. */
export function needsPython(context: TestContext): boolean {
  const options = { stdio: 'ignore', env: PYTHON_ENVIRONMENT } as const
  if (spawnSync('python3', ['-c', 'import ocpp, websockets'], options).status === 0) return true
  const reason = 'needs PyPI ocpp: python3 -m pip install --target .ci/python ocpp websockets'
  if (process.env.CI) throw new Error(reason)
  context.skip(reason)
  return false
}
