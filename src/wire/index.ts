/**
 * Frames to text and bytes and back. Pure, and runs in a browser.
 *
 * @module
 */
export * from './binary.ts'
export * from './frame.ts'
export * from './payload.ts'
export * from './text.ts'
