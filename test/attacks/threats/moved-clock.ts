/**
 * Loaded before the executable: its clock goes off by as many milliseconds as a file says, which it
 * reads again at SIGUSR2 and then repeats in a file of its own. Minutes of the protocol pass at once.
 */
import { readFileSync, writeFileSync } from 'node:fs'

const { MOVED_CLOCK_FILE: file = '' } = process.env
const RealDate = Date
let offsetMs = 0

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
  writeFileSync(`${file}.taken`, `${offsetMs}`)
}

globalThis.Date = MovedDate as DateConstructor
process.on('SIGUSR2', take)
take()
