/**
 * Payloads against their schemas: the official ones with their errata, and ours.
 */
import { OverlayError } from '../errors.ts'
import { actionRow } from './actions.ts'
import type { Check } from './compile.ts'
import { compileSchema } from './compile.ts'
import { correct, tolerate } from './corrections.ts'
import { admitSignatures, extensionSchemas } from './extensions.ts'
import type { JsonSchema } from './json-schema.ts'
import { officialSchemas } from './official-schemas.ts'
import type { Problem } from './problems.ts'
import { describeProblem } from './problems.ts'
import type { Direction, Protocol } from './protocols.ts'
import { PROTOCOLS } from './protocols.ts'
import type { TextLengths } from './text-lengths.ts'
import { applyTextLengths, assertTextLengths } from './text-lengths.ts'

export interface ValidatorOptions {
  /**
   * `strict` holds a peer to the schemas. `tolerant` lets it send unknown members, longer texts,
   * its own words for measurements and fault codes and, in 1.6, times without an offset, which
   * are to be read as UTC; never wrong types or missing members. Default `strict`.
   */
  readonly mode?: 'strict' | 'tolerant'
  /** Other limits for the length of texts, in characters. `tolerant` knows no limits at all. */
  readonly maxLengths?: TextLengths
  /** Whether `signatures` may stand beside the members of a message. Default false. */
  readonly withSignatures?: boolean
}

/** Judges payloads. Every failure to find a schema throws: "no schema" is never "valid". */
export interface Validator {
  /**
   * Judges one payload.
   *
   * @returns The first problem, or nothing when the payload is valid.
   * @throws {OverlayError} ERR_SCHEMA_UNKNOWN_ACTION, ERR_SCHEMA_MISSING
   */
  validate(
    protocol: Protocol,
    action: string,
    direction: Direction,
    payload: unknown,
  ): readonly Problem[]

  /**
   * Returns when the payload is valid.
   *
   * @throws {OverlayError} ERR_SCHEMA_FORMAT, ERR_SCHEMA_TYPE, ERR_SCHEMA_PROPERTY,
   *   ERR_SCHEMA_OCCURRENCE with `{ action, pointer, problem }`; ERR_SCHEMA_UNKNOWN_ACTION,
   *   ERR_SCHEMA_MISSING with `{ action, protocol }`
   */
  assertValid(protocol: Protocol, action: string, direction: Direction, payload: unknown): void
}

interface Settings {
  readonly isTolerant: boolean
  readonly maxLengths: TextLengths
  readonly withSignatures: boolean
}

type Checks = Partial<Record<Direction, Check>>

const VALID: readonly Problem[] = []

// Thousands of peers have one of a few sets of options, and so one of a few validators.
const VALIDATORS = new Map<string, Validator>()

/**
 * The validator with these options; the same one, with all it has compiled, for equal options.
 * Schemas are compiled on first use.
 *
 * @throws {TypeError} when `maxLengths` is not usable.
 * @spec OCPP 2.1 Part 4 section 4.2.3; OCPP-J 1.6 section 4.2.3
 */
export function createValidator(options: ValidatorOptions = {}): Validator {
  const { mode = 'strict', maxLengths = {}, withSignatures = false } = options
  const lengths = Object.entries(maxLengths).sort(([a], [b]) => (a < b ? -1 : 1))
  const key = JSON.stringify([mode, withSignatures, lengths])
  let validator = VALIDATORS.get(key)
  if (!validator) {
    assertTextLengths(maxLengths)
    validator = buildValidator({
      isTolerant: mode === 'tolerant',
      maxLengths: Object.fromEntries(lengths),
      withSignatures,
    })
    VALIDATORS.set(key, validator)
  }
  return validator
}

function buildValidator(settings: Settings): Validator {
  const compiled = new Map(PROTOCOLS.map((protocol) => [protocol, new Map<string, Checks>()]))

  function checkFor(protocol: Protocol, action: string, direction: Direction): Check {
    const checks = compiled.get(protocol)
    const existing = checks?.get(action)?.[direction]
    if (existing) return existing

    const check = compile(settings, { protocol, action, direction })
    checks?.set(action, { ...checks.get(action), [direction]: check })
    return check
  }

  const validate: Validator['validate'] = (protocol, action, direction, payload) => {
    const check = checkFor(protocol, action, direction)
    return check(payload) ? VALID : [describeProblem(check.errors?.[0])]
  }
  return {
    validate,
    assertValid(protocol, action, direction, payload) {
      const [found] = validate(protocol, action, direction, payload)
      if (!found) return
      const { code, pointer, problem } = found
      throw new OverlayError(code, { action, pointer, problem })
    },
  }
}

interface Payload {
  readonly protocol: Protocol
  readonly action: string
  readonly direction: Direction
}

function compile(settings: Settings, { protocol, action, direction }: Payload): Check {
  let schema = findSchema(protocol, action, direction)
  if (settings.isTolerant) schema = tolerate(schema)
  else schema = applyTextLengths(schema, settings.maxLengths, { action, direction })
  if (settings.withSignatures) schema = admitSignatures(schema)
  const canOmitOffset = settings.isTolerant && protocol === 'ocpp1.6'
  return compileSchema(schema, canOmitOffset ? 'offset-optional' : 'rfc3339')
}

function findSchema(protocol: Protocol, action: string, direction: Direction): JsonSchema {
  if (!PROTOCOLS.includes(protocol) || !actionRow(protocol, action)) {
    throw new OverlayError('ERR_SCHEMA_UNKNOWN_ACTION', { action, protocol })
  }
  const official = officialSchemas(protocol).get(action)?.[direction]
  const schema = official ? correct(official, protocol) : extensionSchemas(action)?.[direction]
  if (!schema) throw new OverlayError('ERR_SCHEMA_MISSING', { action, protocol })
  return schema
}
