import type { StatementHeader } from './header.ts'
import type { KeyId } from './jwk.ts'

// biome-ignore format: a table
const REASONS = {
  'unsigned':            'the payload carries no signature',
  'unknown-keys':        'no key that signed it is known here',
  'two-carriers':        'signatures stand in two places: {problem}',
  'legacy-off':          'the legacy form of signatures is off: an entry has no protected header',
  'payload-malformed':   'the signed payload cannot be read: {problem}',
  'entries-malformed':   'the list of signatures cannot be read: {problem}',
  'too-many-entries':    '{actual} signatures, {limit} are allowed',
  'entry-malformed':     'signature {index} cannot be read: {problem}',
  'header-too-long':     'the protected header of signature {index} is longer than {limit} characters',
  'value-too-long':      'the value of signature {index} is longer than {limit} characters',
  'header-malformed':    'the protected header of signature {index} cannot be used: {problem}',
  'mirror-differs':      '{member} beside signature {index} says something else than its protected header',
  'headers-differ':      'the signatures do not agree about {member}',
  'signer-twice':        'two signatures are by the same key',
  'not-this-message':    'it was signed as another message: {member} differs',
  'not-this-data':       'it was signed as other data: {member} differs',
  'algorithm-of-key':    'signature {index} names an algorithm that its key is not for',
  'value-malformed':     'the value of signature {index} is not canonical {encoding} of a signature',
  'signature-invalid':   'signature {index} does not verify',
} as const satisfies Record<string, string>

/** Why a payload does not count as signed. Stable: branch on it. */
export type Reason = keyof typeof REASONS

/** One key that verifiably signed the payload. */
export interface VerifiedSigner {
  readonly kid: KeyId
  /** Its own header: `role`, `name`, `desc`, `x5t#S256` and `att` are this signer's. */
  readonly header: StatementHeader
}

/** Everything that was signed is what it was, by the keys named; what they may do is not said. */
export interface Verified {
  readonly status: 'verified'
  /** At least one, in the order of the entries. */
  readonly signers: readonly [VerifiedSigner, ...VerifiedSigner[]]
  /** Keys that are not known here; their entries prove nothing. */
  readonly ignored: readonly string[]
}

/** It does not count as signed: `unsigned` and `unknown-keys` prove nothing, the rest is wrong. */
export interface Unverified {
  readonly status: 'unsigned' | 'unknown-keys' | 'refused'
  readonly reason: Reason
  /** For people. */
  readonly sentence: string
  readonly ignored: readonly string[]
}

export type Verdict = Verified | Unverified

/** The verdict that a payload is to be refused, and why. */
export function refuse(
  reason: Reason,
  details: Readonly<Record<string, unknown>> = {},
): Unverified {
  return { ...unverified('refused', reason, details), ignored: [] }
}

/** The verdict that nothing is proved, either way. */
export function unproved(
  reason: 'unsigned' | 'unknown-keys',
  ignored: readonly string[] = [],
): Unverified {
  return { ...unverified(reason, reason, {}), ignored }
}

function unverified(
  status: Unverified['status'],
  reason: Reason,
  details: Readonly<Record<string, unknown>>,
) {
  const sentence = REASONS[reason].replace(/\{(\w+)\}/g, (_, name) => String(details[name] ?? '?'))
  return { status, reason, sentence } as const
}

/** Why something does not count as signed, for people, without the details of the one case. */
export function generalSentence(reason: string): string | undefined {
  if (!Object.hasOwn(REASONS, reason)) return undefined
  const general = { actual: 'too many', index: '', member: 'one of them' }
  return REASONS[reason as Reason]
    .replace(/: \{problem\}$|: \{member\} differs$|, \{limit\} are allowed$/, '')
    .replace(/\{limit\} characters$/, 'it may be')
    .replaceAll(/\{(\w+)\}/g, (_, name: string) => general[name as keyof typeof general] ?? '')
    .replaceAll('  ', ' ')
}
