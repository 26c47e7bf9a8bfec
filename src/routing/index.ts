/**
 * Paths, the routing table and announcements of presence: pure logic.
 *
 * @module
 */
export { assertRoomOnPath, checkPath } from './network-path.ts'
export { type Candidate, RoutingTable } from './table.ts'
export { announcementsOf, type Presence, readAnnouncement } from './topology.ts'
