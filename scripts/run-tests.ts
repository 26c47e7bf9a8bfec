/**
 * Runs the tests of a tier: `quick` (pure tests, two files at a time) or `all` (those, then the
 * ones with processes, the busy ones one at a time). Ends with the totals, and with the one command that installs
 * what skipped tests would need.
 */
import { globSync, readdirSync } from 'node:fs'
import { type EventData, run } from 'node:test'
import { spec } from 'node:test/reporters'

/** These start processes, and mostly wait for them. */
const WITH_PROCESSES = ['attacks', 'cli', 'end-to-end', 'foreign', 'http', 'transport']
const WITH_BROWSER = ['browser']
/** Looks whether a page stays quick, so nothing else runs beside it. */
const ALONE = 'test/browser/busy.test.ts'
/** Every other folder of tests: nothing in them starts a process or waits for a network. */
const PURE = readdirSync('test', { withFileTypes: true })
  .filter(
    (entry) => entry.isDirectory() && ![...WITH_PROCESSES, ...WITH_BROWSER].includes(entry.name),
  )
  .map((entry) => entry.name)
  .sort()
/** Of one file; the longest takes about a minute and a half on two cores. */
const TIMEOUT_MS = 300_000

const tier = process.argv[2] ?? 'all'
const totals = { passed: 0, failed: 0, skipped: 0 }
const missing = new Set<string>()

await runFolders(PURE, 2)
if (tier === 'all') {
  await runFolders(WITH_PROCESSES, 2)
  await runFolders(WITH_BROWSER, 2)
  await runFiles([ALONE], 1)
}
if (missing.size > 0) {
  const packages = [...missing].sort().join(' ')
  console.log(
    `\nLeft out for want of tools: apt-get install -y --no-install-recommends ${packages}`,
  )
}
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`)
process.exitCode = totals.failed > 0 || totals.passed === 0 ? 1 : 0

function runFolders(folders: readonly string[], concurrency: number): Promise<void> {
  const files = folders.flatMap((folder) => globSync(`test/${folder}/**/*.test.ts`)).sort()
  return runFiles(
    files.filter((file) => file !== ALONE),
    concurrency,
  )
}

function runFiles(files: string[], concurrency: number): Promise<void> {
  const stream = run({ files, concurrency, timeout: TIMEOUT_MS })
  stream.on('test:pass', (event) => count(event))
  stream.on('test:fail', (event) => {
    if (event.details.type !== 'suite') totals.failed++
  })
  const report = stream.compose(spec)
  report.pipe(process.stdout, { end: false })
  return new Promise((resolve, reject) => {
    report.on('end', resolve)
    report.on('error', reject)
  })
}

function count(event: EventData.TestPass): void {
  if (event.details.type === 'suite') return
  if (event.skip === undefined) {
    totals.passed++
    return
  }
  totals.skipped++
  const [, packages] = /--no-install-recommends (.+)$/.exec(String(event.skip)) ?? []
  if (packages) missing.add(packages)
}
