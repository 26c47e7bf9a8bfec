import type { Frame } from '../wire/frame.ts'

/** Whether a payload is bytes; the details of an error are JSON in either encoding. */
export function isBinaryMessage({ encoding, type }: Frame): boolean {
  return encoding === 'binary' && type !== 4 && type !== 5
}
