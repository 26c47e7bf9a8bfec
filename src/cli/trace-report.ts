import { OverlayError } from '../errors.ts'
import type { KeyDirectory } from '../security/keys/key-directory.ts'
import { reportOn } from './statement-report.ts'

/** What one line of a trace is worth. */
export interface TraceLine {
  readonly line: number
  readonly messageId: string
  readonly action: string
  readonly verdict: 'verified' | 'wrong' | 'unsigned' | 'redacted' | 'unreadable'
  /** Stable: branch on it. */
  readonly reason?: string
  /** For people. */
  readonly sentence?: string
}

/** Fingerprints and marks that stand in a trace in the place of id tokens and secrets. */
const HIDDEN = /"#[0-9a-f]{8}"|\[secret\]/

/** Whether a text is a trace as the console exports it. */
export function isTrace(text: string): boolean {
  const [first = ''] = text.split('\n', 1)
  return recordIn(first)?.schemaVersion !== undefined
}

/** Checks each record of an Open OCPP Trace: what was signed, was it so. */
export function checkTrace(
  text: string,
  directory: KeyDirectory,
  nowS: number,
): readonly TraceLine[] {
  const lines = text.split('\n').map((line, i) => [line, i + 1] as const)
  return lines.filter(([line]) => line !== '').map(([line, number]) => checkLine(line, number, { directory, nowS })) // biome-ignore format: one line
}

function checkLine(
  line: string,
  number: number,
  { directory, nowS }: { readonly directory: KeyDirectory; readonly nowS: number },
): TraceLine {
  const record = recordIn(line)
  const { messageId, action, raw, meta } = record ?? {}
  const found = { line: number, messageId: textOf(messageId), action: textOf(action) }
  if (!record) return { ...found, verdict: 'unreadable', sentence: 'it is no record of a trace' }
  const { overlayFrame } = (meta ?? {}) as { readonly overlayFrame?: unknown }
  const wire = raw ?? overlayFrame
  const text = typeof wire === 'string' ? wire : signedTextOf(record)
  try {
    const { isRight, status, reason, sentence } = reportOn(Buffer.from(text), directory, nowS)
    if (status === 'unsigned') return { ...found, verdict: 'unsigned' }
    if (isRight) return { ...found, verdict: 'verified' }
    const why = { ...(reason !== undefined && { reason }), ...(sentence !== undefined && { sentence }) } // biome-ignore format: one line
    // What was hidden cannot be verified; whoever writes a mark into a forged one gets no further by that.
    return { ...found, verdict: HIDDEN.test(text) ? 'redacted' : 'wrong', ...why }
  } catch (cause) {
    if (!(cause instanceof OverlayError)) throw cause
    return { ...found, verdict: 'unreadable', sentence: cause.message }
  }
}

/** Of what has no text of the wire: an error is signed with its code, everything else by itself. */
function signedTextOf({ messageId, payload, error }: Readonly<Record<string, unknown>>): string {
  if (error === undefined) return JSON.stringify(payload ?? {})
  const { code, description, details } = error as Readonly<Record<string, unknown>>
  return JSON.stringify([4, messageId, code, description, details])
}

function recordIn(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined // biome-ignore format: one line
  } catch {
    return undefined
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
