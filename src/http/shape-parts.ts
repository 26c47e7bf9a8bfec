/** A JSON Schema as OpenAPI 3.1 has it (draft 2020-12). */
export type Schema = Readonly<Record<string, unknown>>

/** The members of an object; one whose name ends in `?` may be missing. */
export type Members = Readonly<Record<string, Schema>>

/** An object with these members and no others. */
export function object(members: Members): Schema {
  const names = Object.keys(members)
  return {
    type: 'object',
    additionalProperties: false,
    required: names.filter((name) => !name.endsWith('?')),
    properties: Object.fromEntries(
      Object.entries(members).map(([name, schema]) => [name.replace(/\?$/, ''), schema]),
    ),
  }
}

export function list(items: Schema, description?: string): Schema {
  return { type: 'array', items, ...said(description) }
}

/** A shape that stands among the components under its own name. */
export function shape(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` }
}

export function text(description?: string): Schema {
  return { type: 'string', ...said(description) }
}

/** One of some words. */
export function word(words: readonly string[], description?: string): Schema {
  return { type: 'string', enum: words, ...said(description) }
}

/** A time by our own clock, or one that was checked. */
export function moment(description: string): Schema {
  return { type: 'string', format: 'date-time', description }
}

/** A time as a station wrote it, which with tolerance may lack an offset. */
export function stationTime(description: string): Schema {
  const how = 'by the clock of the station, as it wrote it; without an offset it is UTC'
  return { type: 'string', description: `${description}: RFC 3339, ${how}` }
}

/** A whole number as a station said it, of whatever sign. */
export function integer(description?: string): Schema {
  return { type: 'integer', ...said(description) }
}

/** A whole number, 0 or more. */
export function count(description?: string): Schema {
  return { type: 'integer', minimum: 0, ...said(description) }
}

export function decimal(description?: string): Schema {
  return { type: 'number', ...said(description) }
}

export function flag(description?: string): Schema {
  return { type: 'boolean', ...said(description) }
}

/** Any JSON: what others have written in forms of their own. */
export function anything(description: string): Schema {
  return { description }
}

function said(description: string | undefined) {
  return description !== undefined && { description }
}
