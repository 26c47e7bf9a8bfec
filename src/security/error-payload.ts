import type { JsonObject } from '../wire/payload.ts'
import { canonicalize } from './canonical.ts'
import type { SignatureEntry } from './entry.ts'
import { type Expected, type KeyLookup, verifyStatement } from './statement.ts'
import { refuse, type Verdict } from './verdict.ts'

/** What frames of types 4 and 5 say; the entries stand in `details.signatures`. */
export interface ErrorFields {
  readonly code: string
  readonly description: string
  readonly details: JsonObject
}

/** The bytes that are signed for an error: JCS({code, description, details without signatures}). */
export function signedErrorBytes({ code, description, details }: ErrorFields): Uint8Array {
  const { signatures: _, ...rest } = details
  return canonicalize({ code, description, details: rest })
}

/** Puts signatures into the details of an error, in place of those they have. */
export function putErrorSignatures(
  error: ErrorFields,
  entries: readonly SignatureEntry[],
): ErrorFields {
  const { signatures: _, ...rest } = error.details
  return { ...error, details: entries.length > 0 ? { ...rest, signatures: entries } : rest }
}

/** Verifies an error frame; throws what `canonicalize` throws. */
export function verifyError(
  error: ErrorFields,
  options: { readonly expected: Expected; readonly keyOf: KeyLookup },
): Verdict {
  const { signatures: entries = [] } = error.details
  if (!Array.isArray(entries)) return refuse('entries-malformed', { problem: 'it is no array' })
  return verifyStatement(signedErrorBytes(error), entries, options)
}
