import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

/** Test data that nobody in this project wrote; a fresh checkout has none. */
const FOLDER =
  process.env.WATTWEAVE_TEST_DATA ?? fileURLToPath(new URL('../../../shared/data', import.meta.url))

/** Reads a file of the shared data; without it the test is skipped and says so. */
export function sharedData(context: TestContext, path: string): Buffer | undefined {
  const file = join(FOLDER, path)
  if (existsSync(file)) return readFileSync(file)
  context.skip('skipped: no shared data')
  return undefined
}
