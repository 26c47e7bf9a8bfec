import { execFileSync, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Bench, median, type Row, round } from './support/rows.ts'

/** Seconds from the command to the first accepted BootNotification; time to load one version. */

const EXECUTABLE = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const MAX_START_S = 10
const MAX_LOAD_MS = 100

export const start: Bench = async function* ({ isSmoke }) {
  // What is loaded is the package as it is published, so that is built first.
  execFileSync('npm', ['run', '-s', 'build'], { stdio: ['ignore', 'ignore', 'inherit'] })
  const seconds: number[] = []
  for (let i = 0; i < (isSmoke ? 1 : 5); i++) seconds.push(await firstBoot())
  yield row('first accepted boot of the demo', 's', round(median(seconds)), MAX_START_S)
  for (const protocol of ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1']) {
    const times: number[] = []
    for (let i = 0; i < (isSmoke ? 1 : 7); i++) times.push(await loadTime(protocol))
    yield row(`load ${protocol}`, 'ms', round(median(times)), MAX_LOAD_MS)
  }
}

function row(name: string, unit: string, value: number, limit: number): Row {
  const ratio = round(limit / value)
  return {
    bench: 'start',
    case: name,
    unit,
    value,
    cpuSeconds: 0,
    baseline: { name: `the limit of ${limit} ${unit}`, value: limit, cpuSeconds: 0 },
    ratio,
    target: 1,
    met: value <= limit,
  }
}

async function firstBoot(): Promise<number> {
  const began = performance.now()
  // biome-ignore format: one line
  const demo = spawn(process.execPath, [EXECUTABLE, 'demo', '--port', '0'], { stdio: ['ignore', 'pipe', 'ignore'] })
  let output = ''
  demo.stdout.on('data', (chunk) => {
    output += chunk
  })
  try {
    for (;;) {
      if (demo.exitCode !== null) throw new Error(`the demo ended with ${demo.exitCode}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
      const [, url] = /Console: (\S+)/.exec(output) ?? []
      if (!url) continue
      // biome-ignore format: one line
      const overview = (await (await fetch(`${url}api/overview`)).json()) as { nodes: { vendor?: string }[] }
      // The CSMS knows a vendor once it has accepted a BootNotification.
      if (overview.nodes.some(({ vendor }) => vendor)) return (performance.now() - began) / 1000
    }
  } finally {
    const ended = new Promise((resolve) => demo.once('exit', resolve))
    demo.kill('SIGTERM')
    await ended
  }
}

/** A fresh process of the built package, from importing the messages to the first payload judged. */
function loadTime(protocol: string): Promise<number> {
  const code = `
    const began = performance.now()
    const { createValidator } = await import(${JSON.stringify(new URL('../dist/messages/validation.js', import.meta.url).href)})
    createValidator().validate('${protocol}', 'Heartbeat', 'request', {})
    console.log(performance.now() - began)`
  // biome-ignore format: one line
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  return new Promise((resolve, reject) => {
    child.on('close', (code) => {
      if (code === 0) resolve(Number(output))
      else reject(new Error('the built package could not be loaded; run: npm run build'))
    })
  })
}
