/**
 * Loaded before the executable: its clock goes off by as many milliseconds as a file says, which it
 * reads again at SIGUSR2 and then repeats in a file of its own. Minutes of the protocol pass at once:
 * further than ever it goes by time that passes, and back as somebody sets a clock.
 */
import { readFileSync, writeFileSync } from 'node:fs'

const { MOVED_CLOCK_FILE: file = '' } = process.env
const RealDate = Date
let offsetMs = 0
let passedMs = 0
let startMs: number | undefined
const monotonic = performance.now.bind(performance)

class MovedDate extends RealDate {
  constructor(...given: [] | [number]) {
    super(...((given.length === 0 ? [RealDate.now() + offsetMs] : given) as [number]))
  }
  static override now(): number {
    return RealDate.now() + offsetMs
  }
}

function take(): void {
  offsetMs = Number(readFileSync(file, 'utf8'))
  startMs ??= offsetMs
  passedMs = Math.max(passedMs, offsetMs - startMs)
  writeFileSync(`${file}.taken`, `${offsetMs}`)
}

globalThis.Date = MovedDate as DateConstructor
performance.now = () => monotonic() + passedMs
process.on('SIGUSR2', take)
take()
