import { spawnSync } from 'node:child_process'
import type { TestContext } from 'node:test'

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
