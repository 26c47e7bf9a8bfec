/**
 * Where the official schemas and the text of the standard differ, and what a peer set `tolerant`
 * may do beyond both. Each line has its own test.
 */
import type { JsonSchema } from './json-schema.ts'
import { mapSchema } from './json-schema.ts'
import type { Protocol } from './protocols.ts'

/** Words the errata of OCPP 1.6 add to an enumeration, by the member that holds it. */
const CORRECTIONS_1_6 = new Map<string, readonly string[]>([
  [
    'unit',
    [
      // OCPP-J 1.6 errata 2025-04 section 2.1: receivers accept both spellings, in
      // MeterValues.req and in StopTransaction.req.
      'Celcius',
      'Celsius',
      // OCPP 1.6 errata section 3.86: the unit of measurand Frequency is Hertz.
      'Hertz',
    ],
  ],
])

/** Enumerations of which a tolerant reader accepts any word, by member (1.6) or definition. */
const TOLERATED_ENUMERATIONS = new Set([
  'context', // "Sample.periodic" and vendors' own; lbbrhzn/ocpp issue 361
  'measurand',
  'phase',
  'location',
  'unit', // "Hz"; lbbrhzn/ocpp issue 1576
  'errorCode', // StatusNotification.req with "Error"; lbbrhzn/ocpp issue 1248
  'ReadingContextEnumType',
  'MeasurandEnumType',
  'PhaseEnumType',
  'LocationEnumType',
])

/** A schema of a version with the errata that concern it. */
export function correct(schema: JsonSchema, protocol: Protocol): JsonSchema {
  if (protocol !== 'ocpp1.6') return schema
  return mapSchema(schema, (part, name) => {
    const words = CORRECTIONS_1_6.get(name)
    if (!words || !Array.isArray(part.enum)) return part
    return { ...part, enum: [...new Set([...part.enum, ...words])] }
  })
}

/**
 * A schema for a peer set `tolerant`: it may send members the schema does not know, texts longer
 * than allowed, and its own words in the enumerations that only describe a measurement or a
 * fault. Wrong types, missing members and all other enumerations stay errors, since no handler
 * could make sense of them.
 */
export function tolerate(schema: JsonSchema): JsonSchema {
  return mapSchema(schema, (part, name) => {
    const { additionalProperties: _closed, maxLength: _length, ...rest } = part
    const { enum: words, ...open } = rest
    return words !== undefined && TOLERATED_ENUMERATIONS.has(name) ? open : rest
  })
}
