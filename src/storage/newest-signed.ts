import { readFileSync } from 'node:fs'
import type { NewestSigned } from '../security/freshness/newest-signed.ts'
import { writeWhole } from './whole-file.ts'

/** The newest time that was signed and found to be of now, in a file: `{"newest": seconds}`. */
export class NewestSignedFile implements NewestSigned {
  readonly #file: string

  constructor(file: string) {
    this.#file = file
  }

  /** What is damaged, or cannot be read, counts as none: then only the start of the process counts. */
  read(): number | undefined {
    try {
      const { newest } = JSON.parse(readFileSync(this.#file, 'utf8')) as { newest?: unknown }
      return Number.isSafeInteger(newest) && (newest as number) > 0 ? (newest as number) : undefined
    } catch {
      return undefined
    }
  }

  write(seconds: number): void {
    writeWhole(this.#file, JSON.stringify({ newest: seconds }))
  }
}
