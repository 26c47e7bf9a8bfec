/**
 * What outlives a process: the newest time that somebody known has signed and that was found to be of
 * now. Seconds since 1970.
 */
export interface NewestSigned {
  /** Undefined where nothing is kept, or nobody can read it. */
  read(): number | undefined
  /** @throws {Error} it could not be written. */
  write(seconds: number): void
}
