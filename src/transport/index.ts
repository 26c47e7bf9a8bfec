/**
 * Links: connections between two neighbours, over WebSocket or inside one process.
 *
 * @module
 */
export { Admissions } from './admission.ts'
export { type PeerEntry, Secret, type SecurityProfile } from './credentials.ts'
export type { Link, LinkFacts, LinkReceiver, LinkSource } from './link.ts'
export { createMemoryLinks } from './memory-link.ts'
export { type DialOptions, dial } from './websocket-client.ts'
export { type AcceptOptions, accept } from './websocket-server.ts'
