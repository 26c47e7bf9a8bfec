/**
 * What must survive a restart: databases and key files.
 *
 * @module
 */
export { CsmsStore } from './csms-store.ts'
