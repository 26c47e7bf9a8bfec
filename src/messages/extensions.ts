/**
 * Our own actions, and what is done to the official schemas so that ours can travel with them.
 *
 * An action of ours is `schemas/<Action>Request.json`, for a CALL also
 * `schemas/<Action>Response.json`, and one row here; nothing else.
 */
import { createRequire } from 'node:module'
import type { ActionRow } from './actions.ts'
import type { JsonSchema } from './json-schema.ts'
import type { SchemaPair } from './official-schemas.ts'

// The folder is at the package's root: two levels up from src/messages and from dist/messages.
const require = createRequire(import.meta.url)

// biome-ignore format: a table
/** Our own actions; they belong to no version of OCPP and mean the same beside each of them. */
export const EXTENSION_ACTIONS: ReadonlyMap<string, ActionRow> = new Map<string, ActionRow>([
  ['CommissionNode', { block: 'OverlayNetworking', from: 'both', priority: 'control', replay: 'live' }],
  ['NotifyNetworkTopology', { block: 'OverlayNetworking', from: 'both', priority: 'control', replay: 'live', send: true }],
  ['AddEntitlement', { block: 'Security', from: 'both', priority: 'control', replay: 'live' }],
  ['AddKeyRecord', { block: 'Security', from: 'both', priority: 'control', replay: 'live' }],
  ['AddSignaturePolicy', { block: 'Security', from: 'both', priority: 'control', replay: 'live' }],
  ['AddUserRole', { block: 'Security', from: 'both', priority: 'control', replay: 'live' }],
  ['DeleteSignaturePolicy', { block: 'Security', from: 'both', priority: 'control', replay: 'live' }],
  ['DeleteUserRole', { block: 'Security', from: 'both', priority: 'control', replay: 'live' }],
  ['GetEntitlements', { block: 'Security', from: 'both', priority: 'control', replay: 'live' }],
  ['GetKeyRecords', { block: 'Security', from: 'both', priority: 'control', replay: 'live' }],
  ['GetNodeRecord', { block: 'Security', from: 'both', priority: 'control', replay: 'live' }],
  ['GetRevocationList', { block: 'Security', from: 'both', priority: 'control', replay: 'live' }],
  ['GetSignaturePolicies', { block: 'Security', from: 'both', priority: 'control', replay: 'live' }],
  ['GetUserRoles', { block: 'Security', from: 'both', priority: 'control', replay: 'live' }],
  ['UpdateRevocationList', { block: 'Security', from: 'both', priority: 'control', replay: 'live' }],
  ['UpdateSignaturePolicy', { block: 'Security', from: 'both', priority: 'control', replay: 'live' }],
  ['UpdateUserRole', { block: 'Security', from: 'both', priority: 'control', replay: 'live' }],
  ['VetoCommand', { block: 'Security', from: 'both', priority: 'control', replay: 'live' }],
])

const LOADED = new Map<string, SchemaPair>()

/** The schemas of an action of ours; undefined when it is none. Read from disk on first use. */
export function extensionSchemas(action: string): SchemaPair | undefined {
  const row = EXTENSION_ACTIONS.get(action)
  if (!row) return undefined
  let pair = LOADED.get(action)
  if (!pair) {
    const request: JsonSchema = require(`../../schemas/${action}Request.json`)
    pair = row.send
      ? { request }
      : { request, response: require(`../../schemas/${action}Response.json`) as JsonSchema }
    LOADED.set(action, pair)
  }
  return pair
}

/**
 * Admits `signatures` beside the members of a message. Every official schema forbids unknown
 * members at its top level, and that is where our signatures stand. What is in them is judged
 * by `security/`, not here.
 *
 * @spec docs/vendor-extensions.md
 */
export function admitSignatures(schema: JsonSchema): JsonSchema {
  const signatures = { type: 'array', minItems: 1, items: { type: 'object' } }
  // A member a schema already has keeps its own, stricter, meaning.
  return { ...schema, properties: { signatures, ...(schema.properties ?? {}) } }
}
