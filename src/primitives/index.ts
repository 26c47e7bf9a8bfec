/**
 * Bytes, ids, clocks and randomness: what every other folder builds on. Runs in a browser.
 *
 * @module
 */
export * from './bytes.ts'
export * from './clock.ts'
export * from './ids.ts'
export * from './randomness.ts'
