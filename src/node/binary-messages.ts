import { type Frame, isErrorType } from '../wire/frame.ts'

/** Whether a payload is bytes; the details of an error are JSON in either encoding. */
export function isBinaryMessage({ encoding, type }: Frame): boolean {
  return encoding === 'binary' && !isErrorType(type)
}
