/**
 * The schemas the Open Charge Alliance publishes, as the package `ocpp-rpc` carries them.
 */
import { createRequire } from 'node:module'
import type { JsonSchema } from './json-schema.ts'
import type { Direction, Protocol } from './protocols.ts'

/** The two payloads of an action; one is missing for a SEND. */
export type SchemaPair = Readonly<Partial<Record<Direction, JsonSchema>>>

// `createRequire` loads JSON lazily and synchronously, from the sources and from dist alike.
const require = createRequire(import.meta.url)

const FILES = new Map<Protocol, string>([
  ['ocpp1.6', 'ocpp-rpc/lib/schemas/ocpp1_6.json'],
  ['ocpp2.0.1', 'ocpp-rpc/lib/schemas/ocpp2_0_1.json'],
  ['ocpp2.1', 'ocpp-rpc/lib/schemas/ocpp2_1.json'],
])

/** `urn:X.req`, `urn:X.conf` (1.6, 2.0.1), `urn:XRequest`, `urn:XResponse`, `urn:X` (2.1). */
const SCHEMA_ID = /^urn:(?<action>\w+?)(?:\.req|Request|(?<response>\.conf|Response))?$/

const LOADED = new Map<Protocol, ReadonlyMap<string, SchemaPair>>()

/**
 * The official schemas of one version by action, unchanged; read from disk on first use. They
 * are shared: copy, never change.
 *
 * @throws {TypeError} when the schema package has an `$id` of an unknown form.
 */
export function officialSchemas(protocol: Protocol): ReadonlyMap<string, SchemaPair> {
  let schemas = LOADED.get(protocol)
  if (!schemas) {
    schemas = load(protocol)
    LOADED.set(protocol, schemas)
  }
  return schemas
}

function load(protocol: Protocol): ReadonlyMap<string, SchemaPair> {
  const list: readonly JsonSchema[] = require(FILES.get(protocol) ?? protocol)
  const pairs = new Map<string, SchemaPair>()
  for (const schema of list) {
    const { action, response } = SCHEMA_ID.exec(String(schema.$id))?.groups ?? {}
    if (action === undefined) throw new TypeError(`schema id ${schema.$id} is of no known form`)
    pairs.set(action, { ...pairs.get(action), [response ? 'response' : 'request']: schema })
  }
  return pairs
}
